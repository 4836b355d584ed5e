// An application that staff reject, and one they confirm; then applications that a citizen signs with a key he has: new keys onto
// his token with a one-time code (in Kazakh), a GOST key on a stick (in Russian), a key of an information system on a stick (in
// English), and one that the centre refuses after it was queued. What came of each is read by openssl, pkcs11-tool and the centre's OCSP.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { centre, dock, people, sh } from './house.mjs'
import { applications, arrived, clean, forgotten, pin, presentable, says, story, token, told, toKeyStorage, toPIN } from './journeys.mjs'
import { enrolled, open, until } from './kiosk.mjs'
import { authority, keyFiles, names, opened, standing, stick, Token } from './proof.mjs'

const LOAD = '[data-testid="action-status.install"]', PASSWORD = 'Tumar2026', OID = '1.2.398.3.9.77.1'
const state = name => `[data-testid="done-state"][data-state="${name}"]`

export default async function cabinetApply(check) {
  const who = people().find(p => p.role === 'citizen' && p.token && token(p.token).kind === 'kaztoken')
  const w = await open(enrolled('cabinet-apply'))
  const dir = mkdtempSync(join(tmpdir(), 'tirkeu-apply-'))
  try {
    await w.on('attract'); await clean(w)
    const step = story(check, w)
    await over(step, w, who)
    await first(step, w, who)
    await reissue(step, w, who, dir)
    await gost(step, w, who, dir)
    await system(step, w, who, dir)
    await refused(step, w, who)
  } finally {
    dock('line', 'restore')
    rmSync(dir, { recursive: true })
    await w.close().catch(() => {})
  }
}

/** good holds when the chain of a certificate leads to the sandbox's root and its OCSP says good; openssl verifies no GOST. */
function good(dir, pem, { gost = false } = {}) {
  const { root, rsa } = authority(dir)
  if (!gost) sh('openssl', ['verify', '-CAfile', root, '-untrusted', rsa, pem])
  const said = standing(dir, pem)
  if (said !== 'good') throw new Error('OCSP says: ' + said)
}

/** byToken goes from a question for a token to what follows its PIN. */
async function byToken(w, who, action, css = '[data-insertion]') {
  await w.act(action, css); await w.on('sign.secret'); await w.pad(who.pin); await w.act('sign.secret'); await w.on('sign.keys', { limit: 30000 })
}
async function enter(w, who, lang) {
  await w.on('attract'); await w.start(lang); await w.on('menu'); await w.act('cabinet'); await w.on('sign.medium')
  await w.untilPart('[data-testid="action-sign.medium"][data-insertion]')
  await byToken(w, who, 'sign.medium'); await w.act('sign.go'); await w.on('cabinet.home', { limit: 30000 })
}
async function place(w) {
  await w.on('apply.region'); await w.choose('apply.region')
  await w.on('apply.locality'); await w.choose('apply.locality')
  await w.on('apply.storage')
}
/** summary goes from the storage of a stick to the summary, and ticks. */
async function summary(w) {
  dock('stick', 'in'); await w.untilPart('[data-testid="action-apply.storage"][data-kind="stick"]')
  await w.act('apply.storage', '[data-kind="stick"]'); await w.on('apply.stick-warning')
  await w.act('apply.stick-accept'); await w.on('apply.agreement')
  await w.act('apply.agree'); await w.on('apply.summary', { limit: 60000 })
  await w.touch('field-consent')
}
async function signed(w, who) {
  await w.on('sign.medium', { notices: true }); await byToken(w, who, 'sign.medium'); await w.act('sign.go'); await w.on('apply.done', { limit: 30000 })
}
/** loaded waits for the certificates on the last screen and loads them into files. */
async function loaded(w) {
  await w.until('the certificates', async () => {
    if (await w.shows(state('rejected'))) throw new Error(await w.text())
    return w.shows(state('issued'))
  }, 60000)
  await w.touch(LOAD); await w.on('install.password')
  await w.type('password', PASSWORD); await w.type('again', PASSWORD); await w.act('install.password'); await w.on('install.done', { limit: 60000 })
}
async function leave(w) { await w.act('cabinet.leave'); await w.on('attract', { notices: true }) }

/** applied makes keys on the token that is plugged in, in Russian, and gives the number under which they have arrived at the centre. */
async function applied(w, who) {
  await toKeyStorage(w, 'ru', who)
  await toPIN(w); await pin(w, who.pin); await w.on('apply.summary', { limit: 60000 })
  await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done')
  const number = await w.number()
  if (!(await w.shows(state('staff')))) throw new Error('it does not send him to the staff')
  await w.act('finish'); await w.on('attract', { notices: true }); await arrived(number)
  return number
}

/** over: staff reject the first application, and its keys are taken off the token with the citizen's word. */
async function over(step, w, who) {
  const privateKeys = () => (new Token(who.token, who.pin).login('-O').toString().match(/Private Key Object/g) ?? []).length
  await step('keys whose application was rejected are named as such, with its number', async () => {
    dock('plug', who.token)
    const before = privateKeys(), number = await applied(w, who)
    if (privateKeys() !== before + 2) throw new Error(`${privateKeys()} private keys on the token`)
    centre('application', 'reject', number, '--reason', 'the photograph is of somebody else')
    await w.start('ru'); await w.on('menu'); await w.act('status'); await w.on('status.number')
    await w.statusUntil(number, '[data-testid="status"][data-status="rejected"]'); await w.act('finish'); await w.on('attract', { notices: true })
    await w.start('ru'); await w.on('menu'); await w.act('keys')
    if (await w.on(['keys.medium', 'keys.pin']) === 'keys.medium') { await w.act('keys.token', '[data-insertion]'); await w.on('keys.pin') }
    await w.pad(who.pin); await w.act('keys.pin'); await w.on('keys.unfinished', { limit: 30000 })
    await says(w, 'ru', 'page.keys.unfinished.over'); await presentable(w, 'ru')
    if (!(await w.text()).replace(/\s/g, '').includes(number)) throw new Error('the number is not named')
  })
  await step('they go with his word, and pkcs11-tool sees them no more', async () => {
    const before = privateKeys()
    await w.act('keys.remove'); await w.on('keys.list', { limit: 30000 })
    if (privateKeys() !== before - 2) throw new Error(`${privateKeys()} private keys are left of ${before}`)
    await w.act('finish'); await w.on('attract', { notices: true })
  })
}

async function first(step, w, who) {
  await step('a citizen gets his first keys on a token', async () => {
    const number = await applied(w, who)
    centre('application', 'approve', number)
    await w.start('ru'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.statusUntil(number, LOAD)
    await w.touch(LOAD); await w.on('install.pin', { notices: true }); await pin(w, who.pin, 'install.pin'); await w.on('install.factory', { limit: 60000 })
    await w.act('install.keep-pin'); await w.on('install.done'); await w.act('finish'); await w.on('attract', { notices: true })
  })
}

async function reissue(step, w, who, dir) {
  let before, code
  await step('reissue: the fields come from the certificate, in Kazakh', async () => {
    before = new Token(who.token, who.pin).pairs()
    await enter(w, who, 'kk'); await w.act('reissue'); await w.on('apply.name')
    if (!(await w.text()).includes(who.surname) || await w.shows('[data-testid="field-surname"]')) throw new Error('the name is not that of the certificate: ' + await w.text())
    await w.act('apply.name'); await w.on('apply.email'); await w.act('apply.email'); await place(w); await presentable(w, 'kk')
  })
  await step('reissue: keys are made, and the summary asks for a tick', async () => {
    await w.untilPart('[data-testid="action-apply.storage"][data-insertion]'); await toPIN(w); await pin(w, who.pin); await w.on('apply.summary', { limit: 60000 })
    await w.act('apply.submit')
    if (await w.screen() !== 'apply.summary') throw new Error('it went on without the tick')
    await w.touch('field-consent'); await w.act('apply.submit'); await w.on('code.method'); await presentable(w, 'kk')
  })
  await step('reissue: the code comes to the console of the centre only; a wrong one is told with what is left', async () => {
    await w.act('code.ask', '[data-method="sms"]'); await w.on('code.entry')
    code = JSON.parse(centre('code', 'list', '--json'))[0].code
    await forgotten(w, code)
    await w.untilPart('[data-testid="code-time"]'); await w.untilPart('[data-testid="code-wait"]'); await presentable(w, 'kk')
    await w.pad(code === '000000' ? '000001' : '000000'); await w.act('code.tell'); await told(w, 'E-1715', 'kk', 'code.entry')
    await w.untilPart('[data-testid="code-left"][data-left="2"]')
  })
  await step('reissue: signed with the present key, issued without staff, loaded', async () => {
    await w.pad(code); await w.act('code.tell'); await signed(w, who); await forgotten(w, code, who.pin)
    await w.until('the certificates', () => w.shows(state('issued')), 60000)
    await says(w, 'kk', 'page.apply.done.old', 'page.apply.done.load')
    await w.touch(LOAD); await w.on('install.pin'); await pin(w, who.pin, 'install.pin'); await w.on('install.factory', { limit: 60000 })
    await w.act('install.keep-pin'); await w.on('install.done'); await says(w, 'kk', 'page.apply.done.revoke')
    await w.act('cabinet'); await w.on('cabinet.home'); await leave(w)
  })
  await step('pkcs11-tool sees two more pairs with certificates, openssl verifies them and OCSP says good', async () => {
    const t = new Token(who.token, who.pin), keys = t.login('-O').toString().match(/Private Key Object/g).length
    const fresh = [...t.certificates(dir)].filter(([id]) => !before.includes(id))
    if (keys !== 4 || fresh.length !== 2) throw new Error(`${keys} private keys, with new certificates ${fresh.map(([id]) => id)}`)
    for (const [, pem] of fresh) { good(dir, pem); names(pem, who.iin) }
  })
}

async function gost(step, w, who, dir) {
  await step('GOST: told what it is good for, and why not on a token, in Russian', async () => {
    await enter(w, who, 'ru'); await w.act('gost'); await w.on('gost.info'); await says(w, 'ru', 'page.gost.info.both', 'page.gost.info.file')
    await w.act('gost.confirm'); await place(w); await says(w, 'ru', 'error.E-1732.title')
    if (await w.shows('[data-testid="action-apply.storage"][data-insertion]')) throw new Error('a token is offered')
  })
  await step('GOST: made, signed with the RSA key, issued, loaded under a new password', async () => {
    await summary(w); await w.act('apply.submit'); await signed(w, who); await loaded(w)
    await w.act('cabinet'); await w.on('cabinet.home'); await presentable(w, 'ru')
  })
  await step('GOST: openssl opens one GOST512 file with a Kazakh key, and OCSP says good', async () => {
    const [file, ...more] = keyFiles()
    if (more.length || !/^GOST512_[0-9a-f]{40}\.p12$/.test(file)) throw new Error('on the stick: ' + keyFiles())
    const pem = opened(dir, file, PASSWORD), said = sh('openssl', ['x509', '-in', pem, '-noout', '-text'])
    if (!said.includes('1.2.398.3.10.1.1.2.2')) throw new Error('its key is another: ' + said)
    good(dir, pem, { gost: true })
    rmSync(join(stick, file)); dock('stick', 'out'); await leave(w)
  })
}

async function system(step, w, who, dir) {
  await step('information system: the empty list says how to register one, in English', async () => {
    await enter(w, who, 'en'); await w.act('system'); await w.on('system.list'); await w.untilPart('[data-testid="systems-none"]')
    await says(w, 'en', 'page.system.list.rules'); if (!(await w.text()).includes('281')) throw new Error('the rules are not named')
    centre('system', 'add', OID, '--iin', who.iin, '--name-kk', 'Кезек жүйесі', '--name-ru', 'Система очереди', '--name-en', 'Queue system')
    await w.act('system.look'); await w.untilPart(`[data-testid="action-system.choose"][data-code="${OID}"]`)
    if (!(await w.text()).includes('Queue system')) throw new Error('its name is not shown')
  })
  await step('information system: on a stick only, signed, issued, loaded', async () => {
    await w.act('system.choose', `[data-code="${OID}"]`); await place(w); await says(w, 'en', 'error.E-1733.title')
    await summary(w); if (!(await w.text()).includes(OID)) throw new Error('the summary does not name the system')
    await w.act('apply.submit'); await signed(w, who); await loaded(w); await w.act('cabinet'); await w.on('cabinet.home')
  })
  await step('information system: openssl opens one RSA256 file, verifies it, and OCSP says good', async () => {
    const [file, ...more] = keyFiles()
    if (more.length || !/^RSA256_[0-9a-f]{40}\.p12$/.test(file)) throw new Error('on the stick: ' + keyFiles())
    const pem = opened(dir, file, PASSWORD)
    if (!/RSA Public-Key|rsaEncryption/.test(sh('openssl', ['x509', '-in', pem, '-noout', '-text']))) throw new Error('its key is no RSA key')
    good(dir, pem)
    rmSync(join(stick, file)); dock('stick', 'out'); await leave(w)
  })
}

/** refused: the citizen was told "queued"; when the line is back the centre says no, and the terminal says why. */
async function refused(step, w, who) {
  let number
  await step('without the line a GOST key is accepted and queued', async () => {
    await enter(w, who, 'ru')
    dock('line', 'cut'); await w.until('the line down', async () => !(await w.online()))
    await w.act('gost'); await w.on('gost.info'); await w.act('gost.confirm'); await place(w)
    await summary(w); await w.act('apply.submit'); await signed(w, who)
    await w.untilPart(state('queued')); await says(w, 'ru', 'page.apply.done.queued')
    number = await w.number()
    await w.act('finish'); await w.on('attract', { notices: true })
    if (applications().some(a => a.number === number)) throw new Error('the centre has it already')
  })
  await step('the key is revoked meanwhile: the status says so in words', async () => {
    for (const c of JSON.parse(centre('certificate', 'list', '--json'))) if (c.template === 'rsa-sign' && c.iin === who.iin) centre('certificate', 'revoke', c.serial)
    dock('line', 'restore')
    await w.start('ru'); await w.on('menu'); await w.act('status'); await w.on('status.number')
    await w.statusUntil(number, '[data-testid="status"][data-status="rejected"]')
    await says(w, 'ru', 'reason.key_revoked.text', 'reason.key_revoked.hint')
  })
  await step('its sealed keys, still on the stick, go with his word', async () => {
    const sealed = join(stick, number + '.sealed')
    if (!existsSync(sealed)) throw new Error('they are gone already')
    await says(w, 'ru', 'page.status.word.left')
    dock('stick', 'out'); await w.untilGone('[data-testid="action-status.remove"]')
    dock('stick', 'in'); await w.untilPart('[data-testid="action-status.remove"]'); await presentable(w, 'ru')
    await w.act('status.remove'); await w.untilGone('[data-testid="action-status.remove"]'); await says(w, 'ru', 'page.status.word.removed')
    if (existsSync(sealed)) throw new Error('they are on it still')
    await w.act('finish'); await w.on('attract', { notices: true })
    await until('nothing of it at the centre', () => !applications().some(a => a.number === number), 5000)
    await clean(w)
  })
}
