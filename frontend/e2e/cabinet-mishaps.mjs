// What goes wrong where a citizen's key is asked for: the wrong key, none, too many, locked, pulled, a line that goes down. The
// keys come from the sandbox authority itself, and from openssl where no authority would issue such a thing.
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { centre, dock, house, httpUrl, people, sh } from './house.mjs'
import { arrived, clean, flat, forgotten, onStick, presentable, says, story, told, toKeyStorage, triesLeft } from './journeys.mjs'
import { enrolled, open } from './kiosk.mjs'
import * as made from './oddkeys.mjs'
import { Token, keyFiles, opened, serialOf, stick, within } from './proof.mjs'

const PASSWORD = 'Tumar2026', SPARE = 'spare-akey', SPARE_PIN = '1234567890'
const CANNOT = '[data-testid="sign-key-cannot"]', GO = '[data-testid="action-sign.go"]', MEDIUM = '[data-testid="action-sign.medium"]', IDLE = '[data-testid="dialog-idle"]'
const LANGS = ['kk', 'ru', 'en']

export default async function cabinetMishaps(check) {
  const sticky = people().find(p => p.role === 'citizen' && !p.token), holder = people().find(p => p.token === 'moldir-jacarta')
  const dir = join(house, 'cabinet-mishaps')
  rmSync(dir, { recursive: true, force: true }); mkdirSync(dir)
  const w = await open(enrolled('cabinet-mishaps'))
  try {
    await w.on('attract')
    await keys(story(check, w), w, { sticky, dir })
    await clean(w)
    await files(story(check, w), w, { sticky, dir })
    await clean(w)
    await token(story(check, w), w, { sticky, holder, dir })
    await clean(w)
    await revoked(story(check, w), w, { dir })
    await clean(w)
  } finally {
    await w.close().catch(() => {})
    dock('fault', SPARE)
  }
}

const toMedium = async w => { if (await w.screen() !== 'sign.medium') { await w.on('attract', { notices: true }); await w.start('kk'); await w.on('menu'); await w.act('cabinet'); await w.on('sign.medium') } }
const toFiles = async w => { if (await w.screen() === 'sign.file') return; await toMedium(w); dock('stick', 'in'); await w.act('sign.medium', '[data-kind="stick"]'); await w.on('sign.file', { notices: true }) }
const pick = async (w, name) => { await w.touch(`[data-testid="action-sign.file"][data-name^="${name}"]`); await w.on('sign.secret') }
const openFile = async (w, name, password = PASSWORD) => { await toFiles(w); await pick(w, name); await w.type('password', password); await w.act('sign.secret'); await w.on('sign.keys', { limit: 60000 }) }
const toPIN = async w => { await toMedium(w); await w.untilGone(MEDIUM + '[data-insertion]'); dock('plug', SPARE); await w.act('sign.medium', '[data-insertion]'); await w.on('sign.secret', { notices: true }) }
const enter = async (w, pin = SPARE_PIN) => { await w.pad(pin); await w.act('sign.secret') }

/** refused holds when no key serves and the reason stands there in each language. */
async function refused(w, code) {
  for (const lang of LANGS) { await w.touch('lang-' + lang); await says(w, lang, `error.${code}.title`, `error.${code}.hint`) }
  if (!(await w.shows(CANNOT)) || await w.shows(GO)) throw new Error('it can be signed with')
  await w.touch('lang-kk')
}

/** keys: an RSA pair on the stick by an application, and beside it keys that no citizen should have. */
async function keys(step, w, { sticky, dir }) {
  await step('a citizen gets a pair of keys on a stick', async () => {
    await toKeyStorage(w, 'kk', sticky)
    const number = await onStick(w)
    await arrived(number); centre('application', 'approve', number)
    await w.start('kk'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.pad(number); await w.act('status.find'); await w.on('status.word')
    await w.statusUntil(number, '[data-testid="action-status.install"]'); await w.act('status.install'); dock('stick', 'in')
    await w.until('the password asked', async () => {
      if (await w.screen() === 'install.medium' && await w.shows('[data-testid="action-install.go"]:not([disabled])')) await w.act('install.go')
      return await w.screen() === 'install.password'
    })
    await w.type('password', PASSWORD); await w.type('again', PASSWORD); await w.act('install.password'); await w.on('install.done', { limit: 60000 })
    await w.act('finish'); await w.on('attract')
    made.onto(stick, dir, { iin: sticky.iin, surname: sticky.surname, given: sticky.given, url: httpUrl, password: PASSWORD })
  })
  await step('a signing key does not sign in, and what to choose instead is said', async () => { await openFile(w, 'RSA256'); await refused(w, 'E-1702') })
  await step('back from it leads to the files, and nothing is held open', async () => { await w.act('back'); await w.on('sign.file'); await forgotten(w, PASSWORD) })
  for (const [name, code, what] of [['expired', 'E-1704', 'an expired key'], ['not-yet', 'E-1705', 'a key that is not valid yet'], ['foreign', 'E-1707', 'a key of another authority']]) {
    await step(`${what} does not sign in`, async () => { await openFile(w, name); await refused(w, code); await w.act('back'); await w.on('sign.file') })
  }
  await step('a wrong password of a key file is told, and the right one opens', async () => {
    await toFiles(w); await pick(w, 'AUTH_RSA256'); await w.type('password', 'Tumar2025'); await w.act('sign.secret'); await told(w, 'E-1311', 'kk', 'sign.secret')
    await w.type('password', PASSWORD); await w.act('sign.secret'); await w.on('sign.keys', { limit: 60000, notices: true })
    if (!(await w.shows(GO))) throw new Error('it does not serve')
  })
  await step('a stick pulled where a key is chosen is told, and nothing is signed', async () => { dock('stick', 'out'); await told(w, 'E-1301', 'kk', 'sign.medium'); await forgotten(w, PASSWORD, sticky.surname) })
  await step('a stick pulled where a file is chosen is told', async () => { await toFiles(w); dock('stick', 'out'); await told(w, 'E-1301', 'kk', 'sign.medium') })
  await step('a stick pulled where the password is typed is told', async () => { await toFiles(w); await pick(w, 'AUTH_RSA256'); await w.type('password', PASSWORD); dock('stick', 'out'); await told(w, 'E-1301', 'kk', 'sign.medium'); await forgotten(w, PASSWORD) })
}

/** files: none, a hundred. */
async function files(step, w, { dir }) {
  const aside = join(dir, 'aside')
  await step('a stick without key files says so, and one that has some again is looked at', async () => {
    dock('stick', 'in'); mkdirSync(aside)
    for (const f of readdirSync(stick)) sh('mv', [join(stick, f), aside])
    await toFiles(w); await w.untilPart('[data-testid="files-none"]')
    for (const lang of LANGS) { await w.touch('lang-' + lang); await says(w, lang, 'page.files.list.empty') }
    for (const f of readdirSync(aside)) sh('mv', [join(aside, f), stick])
    await w.act('sign.look'); await w.untilPart('[data-testid="action-sign.file"]')
  })
  await step('of a hundred and more key files the last one that is shown opens', async () => {
    const auth = keyFiles().find(f => f.startsWith('AUTH_RSA256'))
    for (let n = 1; n <= 120; n++) copyFileSync(join(stick, auth), join(stick, `${'a'.repeat(n % 40)}key-${String(n).padStart(3, '0')}.p12`))
    await w.act('back'); await w.on('sign.medium'); await toFiles(w)
    const names = await w.run(`return [...document.querySelectorAll('[data-testid="action-sign.file"]')].map(e => e.dataset.name)`)
    if (names.length < 100) throw new Error(`${names.length} are shown`)
    await presentable(w, await w.run('return document.documentElement.lang'))
    await w.run(`document.querySelector('[data-testid="action-sign.file"][data-name="' + arguments[0] + '"]').scrollIntoView()`, names.at(-1))
    await openFile(w, names.at(-1))
    if (!(await w.shows('[data-testid="sign-key"], ' + CANNOT))) throw new Error('it shows no key')
    for (const f of readdirSync(stick).filter(f => f.includes('key-'))) rmSync(join(stick, f))
  })
}

async function token(step, w, { sticky, holder, dir }) {
  await step('a locked token says so in each language, and where to go', async () => {
    await toMedium(w); dock('plug', 'locked-jacarta'); await w.untilPart('.cannot[data-insertion]')
    for (const lang of LANGS) { await w.touch('lang-' + lang); await says(w, lang, 'error.E-1204.title') }
    if (await w.shows(MEDIUM)) throw new Error('it can be chosen')
    dock('pull', 'locked-jacarta'); await w.touch('lang-kk')
  })
  await step('a token without keys says so', async () => { await toPIN(w); await enter(w); await told(w, 'E-1724', 'kk', 'sign.secret') })
  await step('a key without a certificate is named, with what to do', async () => {
    new Token(SPARE, SPARE_PIN).login('--keypairgen', '--key-type', 'rsa:2048', '--id', 'aa', '--label', 'bare')
    dock('pull', SPARE); await w.on('sign.medium', { notices: true })
    await toPIN(w); await enter(w); await w.on('sign.keys', { limit: 60000 }); await refused(w, 'E-1725')
  })
  await step('a token pulled where a key is chosen is told', async () => { dock('pull', SPARE); await told(w, 'E-1208', 'kk', 'sign.medium') })
  await step('a token pulled where the PIN is typed is told, and costs no try', async () => {
    const before = triesLeft(SPARE)
    await toPIN(w); await w.pad(SPARE_PIN); dock('pull', SPARE); await told(w, 'E-1208', 'kk', 'sign.medium'); await forgotten(w, SPARE_PIN)
    if (triesLeft(SPARE) !== before) throw new Error('a try is gone')
  })
  await step('with a good key beside it the bare one is named and the good one is chosen', async () => {
    dock('stick', 'in'); dock('plug', SPARE); await w.untilPart(MEDIUM + '[data-insertion]')
    const auth = keyFiles().find(f => f.startsWith('AUTH_RSA256'))
    made.onToken(new Token(SPARE, SPARE_PIN), dir, join(stick, auth), PASSWORD)
    dock('stick', 'out'); dock('pull', SPARE)
    await toPIN(w); await enter(w); await w.on('sign.keys', { limit: 60000, notices: true })
    if (!(await w.shows(CANNOT)) || !(await w.shows('[data-testid="sign-key"][aria-checked="true"]'))) throw new Error('not both, or the good one is not chosen')
    await says(w, 'kk', 'error.E-1725.title')
  })
  await step('a double tap signs in once', async () => {
    const entered = () => Number(sh('sqlite3', [join(house, 'centre', 'centre.db'), "SELECT count(*) FROM audit WHERE event = 'citizen-entered'"]))
    const before = entered()
    await w.twice('action-sign.go'); await w.on('cabinet.home', { limit: 60000 })
    if (entered() !== before + 1) throw new Error(`entered ${entered() - before} times`)
  })
  await step('a token pulled in the cabinet asks whether anybody is there; an answer keeps it, leaving forgets', async () => {
    dock('pull', SPARE); await w.untilPart(IDLE); await says(w, 'kk', 'page.dialog.idle.title')
    await w.act('stay'); await w.untilGone(IDLE)
    if (await w.screen() !== 'cabinet.home') throw new Error('the cabinet is gone')
    await w.act('cabinet.leave'); await w.on('attract', { notices: true }); await forgotten(w, sticky.iin, sticky.surname, sticky.given)
  })
  await step('a line that is cut between the challenge and the signature opens the cabinet without the centre', async () => {
    await toPIN(w); await enter(w); await w.on('sign.keys', { limit: 60000, notices: true })
    dock('fault', SPARE, '--slow', '100ms') // a signature is some thirty calls, so the challenge is there before it is signed
    const asked = () => sh('sqlite3', [join(house, 'centre', 'centre.db'), 'SELECT count(*) FROM challenges'])
    const before = asked()
    await w.act('sign.go')
    await w.until('the challenge given out', () => asked() !== before, 20000)
    dock('line', 'cut')
    await w.on('cabinet.home', { limit: 60000 })
    for (const lang of LANGS) { await w.touch('lang-' + lang); await says(w, lang, 'error.E-1723.title') }
    if (!(await w.shows('[data-testid^="cannot-"]'))) throw new Error('everything can be chosen')
    if (!flat(await w.text()).includes(sticky.surname)) throw new Error('its owner is not named')
    dock('line', 'restore'); dock('fault', SPARE)
    await w.act('cabinet.leave'); await w.on('attract', { notices: true }); dock('pull', SPARE); await forgotten(w, sticky.iin, sticky.surname)
  })
  await step('of two tokens at once the chosen one is asked for its PIN', async () => {
    await toMedium(w); await w.untilGone(MEDIUM + '[data-insertion]'); dock('plug', SPARE); dock('plug', holder.token)
    await w.until('two to choose from', async () => (await w.run('return document.querySelectorAll(arguments[0]).length', MEDIUM + '[data-insertion]')) === 2)
    const serial = JSON.parse(dock('list', '--json')).tokens.find(t => t.name === SPARE).serial
    const insertion = await w.run(`return [...document.querySelectorAll(arguments[0])].find(e => e.innerText.replace(/\\s/g, '').includes(arguments[1]))?.dataset.insertion`, MEDIUM, serial)
    if (!insertion) throw new Error('the serial number does not stand beside the token')
    const others = triesLeft(holder.token)
    await w.act('sign.medium', `[data-insertion="${insertion}"]`); await w.on('sign.secret'); await enter(w); await w.on('sign.keys', { limit: 60000 })
    if (triesLeft(holder.token) !== others) throw new Error('the other token was tried')
    dock('pull', holder.token); dock('pull', SPARE); await told(w, 'E-1208', 'kk', 'sign.medium')
  })
  await step('a double tap with a wrong PIN costs one try', async () => {
    await toPIN(w); const before = triesLeft(SPARE)
    await w.pad('1234567899'); await w.twice('action-sign.secret')
    await w.until('a notice about the PIN', () => w.shows('[data-testid="notice"][data-code="E-1201"], [data-testid="notice"][data-code="E-1202"]'))
    if (triesLeft(SPARE) !== before - 1) throw new Error(`${before} before, ${triesLeft(SPARE)} after`)
  })
  await step('the last try is warned of before, and asked for a second time', async () => {
    dock('fault', SPARE, '--tries-left', '1'); dock('pull', SPARE); await w.on('sign.medium', { notices: true }); await toPIN(w)
    for (const lang of LANGS) { await w.touch('lang-' + lang); await says(w, lang, 'page.pin.final') }
    await w.touch('lang-kk'); await enter(w); await told(w, 'E-1207', 'kk', 'sign.secret')
    if (triesLeft(SPARE) !== 1) throw new Error('it was tried already')
  })
  await step('a wrong PIN on the last try locks the token, which is said in each language', async () => {
    await enter(w, '1234567899'); await told(w, 'E-1204', 'kk')
    for (const lang of LANGS) { await w.touch('lang-' + lang); await says(w, lang, 'error.E-1204.title', 'error.E-1204.hint') }
    if (triesLeft(SPARE) !== 0) throw new Error('it has tries left')
    await w.touch('lang-kk')
  })
}

async function revoked(step, w, { dir }) {
  await step('a revoked key does not sign in', async () => {
    dock('stick', 'in')
    const auth = keyFiles().find(f => f.startsWith('AUTH_RSA256'))
    const serial = within(folder => serialOf(opened(folder, auth, PASSWORD)))
    centre('certificate', 'revoke', serial)
    await openFile(w, 'AUTH_RSA256'); await refused(w, 'E-1706')
    rmSync(dir, { recursive: true })
  })
}
