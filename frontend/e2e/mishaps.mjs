// What goes wrong: mistyped, pulled, locked, cut, damaged. Each check drives the real window with a person's hands and the
// dock's, and asks the same four things: the right number, its sentence in the chosen language, nothing lost or half-shown,
// and the next right entry works.
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { bin, centre, dock, house, people, sh } from './house.mjs'
import {
  tokens, token, triesLeft, applications, flat, word, says, presentable, told, holds, forgotten, clean, story, touchable, enterIIN, toStorage, onStick,
  toPIN, pin, arrived, supervise, openApplication, fromRegion
} from './journeys.mjs'
import { configuration, enrolled, open } from './kiosk.mjs'
import { Token } from './proof.mjs'

const INSTALL = '[data-testid="action-status.install"]', STORAGE = '[data-testid="action-apply.storage"]'
const WRONG_PIN = '11223344'

export default async function mishaps(check) {
  const all = people()
  const aigerim = all.find(p => p.token === 'aigerim-kaztoken'), other = all.find(p => p.role === 'citizen' && p.token && p !== aigerim)
  const sticky = all.find(p => p.role === 'citizen' && !p.token), stranger = all.find(p => p.role === 'stranger')
  const operator = all.find(p => p.role === 'operator')
  const state = enrolled('mishaps')
  let accepted // Aigerim's application
  let w = await open(state)
  try {
    await w.on('attract')
    await typed(story(check, w), w, { aigerim, stranger })
    accepted = await onToken(story(check, w), w, aigerim)
    await clean(w)
    await atInstallation(story(check, w), w, { aigerim, other, number: accepted })
    await clean(w)
    const theirs = await badLine(story(check, w), w, sticky)
    await clean(w)
    await staff(story(check, w), w, { operator, sticky, number: theirs })
    await clean(w)
    await check('SIGTERM ends the program after all of it', async () => {
      const end = await w.close()
      w = null
      if (end.code !== 0) throw new Error(JSON.stringify(end))
    })
  } finally { await w?.close().catch(() => {}) }
  await deadLine(check, sticky)
  await idle(check, aigerim)
  await damaged(check)
  for (const name of ['mishaps', 'mishaps-dead-line', 'mishaps-idle']) {
    await check(`the audit chain of ${name} is whole after all of it`, () => {
      const said = sh(join(bin, 'tirkeu'), ['audit', 'verify', '--state', join(house, 'states', name)])
      if (!/is whole: [1-9]/.test(said)) throw new Error(said)
    })
  }
}

async function typed(step, w, { aigerim, stranger }) {
  const wrong = aigerim.iin.slice(0, 11) + (Number(aigerim.iin[11]) + 1) % 10
  await step('an IIN with a wrong digit is told and stays to be put right', async () => {
    await w.start('kk'); await w.on('menu'); await w.act('apply')
    await enterIIN(w, wrong)
    await told(w, 'E-1103', 'kk', 'apply.iin'); await holds(w, 'iin', wrong)
  })
  await step('a notice follows the language', async () => {
    await w.touch('lang-ru'); await says(w, 'ru', 'error.E-1103.title'); await told(w, 'E-1103', 'ru', 'apply.iin'); await holds(w, 'iin', wrong)
  })
  await step('an IIN too short is refused', async () => {
    await enterIIN(w, aigerim.iin.slice(0, 11))
    await told(w, 'E-1101', 'ru', 'apply.iin'); await holds(w, 'iin', aigerim.iin.slice(0, 11))
  })
  await step('letters have no key where an IIN is asked, and are refused from any other keyboard', async () => {
    if (await w.shows('[data-testid^="key-"]')) throw new Error('there is a keyboard with letters')
    await w.type('iin', aigerim.iin.slice(0, 11) + 'Ә'); await w.act('apply.iin')
    await told(w, 'E-1102', 'ru', 'apply.iin')
  })
  await step('an IIN that the register does not know is told', async () => {
    await w.touch('lang-en')
    await enterIIN(w, stranger.iin)
    await told(w, 'E-1104', 'en', 'apply.iin'); await holds(w, 'iin', stranger.iin)
  })
  await step('after all wrong IINs the right one works', async () => {
    await enterIIN(w, aigerim.iin); await w.on('apply.name')
    if (!(await w.text()).includes(aigerim.surname)) throw new Error("the register's name is not shown")
  })
  for (const bad of ['aigerim@', 'aigerim@mail', 'ai gerim@mail.kz']) {
    await step(`an e-mail like "${bad}" is refused and stays to be put right`, async () => {
      if (await w.screen() === 'apply.name') await w.act('apply.name')
      await w.on('apply.email', { notices: true }); await w.type('email', bad); await w.act('apply.email')
      await told(w, 'E-1108', 'en', 'apply.email'); await holds(w, 'email', bad)
    })
  }
  await step('the right e-mail works', async () => {
    await w.type('email', 'aigerim@mail.kz'); await w.act('apply.email'); await fromRegion(w)
  })
}

/** onToken goes on from the question of the storage and gives the number of the application. */
async function onToken(step, w, person) {
  const name = person.token
  let number
  const cannot = async (unusable, code, lang) => {
    dock('plug', unusable)
    await w.untilPart('.cannot[data-insertion]'); await says(w, lang, `error.${code}.title`)
    if (await w.shows(STORAGE)) throw new Error('it can be chosen')
    dock('pull', unusable)
    await w.untilGone('[data-insertion]')
  }
  await step('a locked token cannot be chosen and says why', () => cannot('locked-jacarta', 'E-1204', 'en'))
  await step('a token that was never prepared cannot be chosen and says why', async () => { await w.touch('lang-kk'); await cannot('blank-etoken', 'E-1211', 'kk') })
  await step('a token pulled before the PIN is told, and going on from there works', async () => {
    dock('plug', name); await toPIN(w)
    dock('pull', name); await told(w, 'E-1208', 'kk', 'apply.storage')
    dock('plug', name); await toPIN(w)
  })
  await step('a PIN too short never reaches the token', async () => {
    const before = triesLeft(name)
    await pin(w, '123'); await told(w, 'E-1205', 'kk', 'apply.pin'); await holds(w, 'pin', '')
    if (triesLeft(name) !== before) throw new Error(`${before} tries before, ${triesLeft(name)} after`)
  })
  await step('a wrong PIN costs one try and no more', async () => {
    const before = triesLeft(name)
    await w.touch('lang-ru'); await pin(w, WRONG_PIN)
    await w.until('a notice about the PIN', () => w.shows('[data-testid="notice"][data-code="E-1201"], [data-testid="notice"][data-code="E-1202"]'))
    await told(w, await w.run(`return document.querySelector('[data-testid="notice"]').dataset.code`), 'ru', 'apply.pin'); await holds(w, 'pin', '')
    if (triesLeft(name) !== before - 1) throw new Error(`${before} tries before, ${triesLeft(name)} after`)
  })
  await step('a token that is full is told when keys are made, and the PIN before it was right', async () => {
    dock('fault', name, '--full'); await pin(w, person.pin)
    await told(w, 'E-1212', 'ru', 'apply.storage')
    dock('fault', name)
  })
  await step('the last try is announced before it is spent, and the right PIN ends the worry', async () => {
    dock('fault', name, '--tries-left', '2'); await toPIN(w)
    await pin(w, WRONG_PIN); await told(w, 'E-1203', 'ru', 'apply.pin'); await says(w, 'ru', 'page.pin.final')
    await pin(w, person.pin); await told(w, 'E-1207', 'ru', 'apply.pin')
    if (triesLeft(name) !== 1) throw new Error(`${triesLeft(name)} tries are left`)
  })
  await step('a token pulled while keys are made is told', async () => {
    dock('fault', name, '--keygen-delay', '4s'); await pin(w, person.pin); await w.on('apply.keys')
    dock('pull', name); await told(w, 'E-1209', 'ru', 'apply.storage')
    dock('fault', name)
  })
  await step('a token pulled before the application is sent is told', async () => {
    dock('plug', name); await toPIN(w); await pin(w, person.pin); await w.on('apply.summary', { limit: 60000 })
    dock('pull', name); await told(w, 'E-1210', 'ru', 'apply.storage')
  })
  await step('after every pull the same person goes on where he was', async () => {
    dock('plug', name); await toPIN(w); await pin(w, person.pin); await w.on('apply.summary', { limit: 60000 })
    for (const kept of [person.surname, 'aigerim@mail.kz']) if (!(await w.text()).includes(kept)) throw new Error(`${kept} was lost`)
  })
  await step('without consent nothing is sent', async () => { await w.act('apply.submit'); await says(w, 'ru', 'page.apply.summary.tick', 'page.apply.summary.title') })
  await step('a double tap on submit makes one application', async () => {
    const before = applications().length
    await w.touch('field-consent')
    if (await w.twice('action-apply.submit') !== 2) throw new Error('the two taps did not both reach the page')
    await w.on('apply.done'); number = await w.number()
    await arrived(number)
    await w.until('nothing left to send', async () => JSON.parse(await w.runAsync(`window.go.window.Bridge.State().then(arguments[arguments.length - 1])`)).pending === 0, 60000)
    const after = applications().length
    if (after !== before + 1) throw new Error(`${before} applications before, ${after} after`)
  })
  await step('other programs find on the token the keys of the one accepted application and no others', async () => {
    dock('pull', name); await w.act('finish'); await w.on('attract'); dock('plug', name)
    const list = new Token(name, person.pin).login('-O').toString()
    for (const kind of ['Private', 'Public']) {
      const labels = [...list.matchAll(new RegExp(`^${kind} Key Object[^\\n]*\\n(?:[ \\t]+[^\\n]*\\n)*?[ \\t]+label: +([^\\n]*)`, 'gm'))].map(m => m[1])
      if (labels.length !== 2 || labels.some(l => !l.endsWith(' ' + number))) throw new Error(`${kind} keys: ${labels.join(', ') || 'none'}; the application is ${number}`)
    }
  })
  return number
}

async function atInstallation(step, w, { aigerim, other, number }) {
  await step('an application number with a wrong check digit is told', async () => {
    const wrong = number.slice(0, 10) + (Number(number[10]) + 1) % 10
    await w.start('en'); await w.on('menu'); await w.act('status'); await w.on('status.number')
    await w.pad(wrong); await w.act('status.find'); await told(w, 'E-1113', 'en', 'status.number'); await holds(w, 'number', wrong)
  })
  await step('an application number too short is told', async () => {
    await w.retype(number.slice(0, 9)); await w.act('status.find'); await told(w, 'E-1112', 'en', 'status.number')
  })
  await step('an application number that nobody has is told', async () => {
    await w.touch('lang-kk')
    await w.retype('00000000000'); await w.act('status.find'); await told(w, 'E-1114', 'kk', 'status.number') // its check digit is right
  })
  await step('the right application number works after them', async () => {
    centre('application', 'approve', number)
    await w.statusUntil(number, INSTALL); await w.act('status.install'); await w.on('install.medium')
  })
  await step("another person's token is told at installation and not opened", async () => {
    const before = triesLeft(other.token)
    dock('plug', other.token); await says(w, 'kk', 'page.install.medium.wrong')
    if (await w.screen() !== 'install.medium' || await w.shows('[data-testid="action-install.go"]')) throw new Error('it goes on with it')
    if (triesLeft(other.token) !== before) throw new Error('the token was tried')
    await w.touch('lang-ru'); await says(w, 'ru', 'page.install.medium.wrong')
    dock('pull', other.token)
    await w.until('the sentence gone', async () => !flat(await w.text()).includes(word('ru', 'page.install.medium.wrong')))
  })
  await step('a token pulled before the PIN of the installation is told, and the right one goes on', async () => {
    dock('plug', aigerim.token); await w.on('install.pin')
    dock('pull', aigerim.token); await told(w, 'E-1208', 'ru', 'install.medium')
    dock('plug', aigerim.token); await w.on('install.pin', { notices: true })
  })
  await step('a token pulled while certificates are written is told, and they are written after all', async () => {
    dock('fault', aigerim.token, '--slow', '400ms')
    await pin(w, aigerim.pin, 'install.pin'); await w.on('install.progress', { notices: true })
    dock('pull', aigerim.token); await told(w, 'E-1224', 'ru', 'install.medium')
    dock('fault', aigerim.token)
    dock('plug', aigerim.token); await w.on('install.pin', { notices: true })
    await pin(w, aigerim.pin, 'install.pin'); await w.on('install.factory', { limit: 60000 })
    await w.act('install.keep-pin'); await w.on('install.done')
    const list = new Token(aigerim.token, aigerim.pin).login('-O').toString()
    const ids = kind => [...list.matchAll(new RegExp(kind + '[\\s\\S]*?ID:\\s+([0-9a-f]+)', 'g'))].map(m => m[1]).sort()
    const keys = ids('Private Key Object'), certs = ids('Certificate Object')
    if (keys.length !== 2 || keys.join() !== certs.join()) throw new Error(`keys ${keys}, certificates ${certs}`)
  })
  await step("a citizen's token never opens supervisor mode", async () => {
    // The screen of the status shows tokens that have been read: so the terminal knows this one before it stands idle with it.
    const CARD = '[data-testid="action-status.by-token"]', look = async () => { await w.start('kk'); await w.on('menu'); await w.act('status'); await w.untilPart(CARD) }
    await w.act('finish'); await w.on('attract')
    await look()
    dock('pull', aigerim.token); await w.untilGone(CARD)
    await w.act('exit'); await w.on('attract')
    dock('plug', aigerim.token)
    await look(); await w.act('exit'); await w.on('attract')
  })
}

/** badLine asks for the name over a line in every bad state and gives the number of the application made after. */
async function badLine(step, w, person) {
  let number
  const bad = { cut: ['kk'], 'slow 30s': ['ru'], silent: ['en'], garbled: ['kk'] }
  for (const [line, [lang]] of Object.entries(bad)) {
    await step(`with the line ${line} the name is typed and the journey goes on`, async () => {
      if (await w.screen() === 'attract') { await w.start('en'); await w.on('menu'); await w.act('apply') }
      await w.on('apply.iin'); await w.touch('lang-' + lang)
      dock('line', ...line.split(' '))
      await enterIIN(w, person.iin); await w.on('apply.name', { limit: 20000 })
      await says(w, lang, 'page.apply.name.type-title')
      await w.empty('surname'); await w.act('apply.name'); await told(w, 'E-1106', lang, 'apply.name')
      await w.type('surname', person.surname); await w.type('given', 'Ө2'); await w.act('apply.name')
      await told(w, 'E-1107', lang, 'apply.name'); await holds(w, 'surname', person.surname)
      await w.type('given', person.given); await w.act('apply.name'); await w.on('apply.email')
      await w.act('back'); await w.on('apply.name'); await holds(w, 'surname', person.surname)
      dock('line', 'restore')
      await w.act('back'); await w.on('apply.iin'); await holds(w, 'iin', person.iin)
    })
  }
  await step('a line that is only late still brings the name', async () => {
    dock('line', 'slow', '500ms')
    await w.touch('lang-ru'); await enterIIN(w, person.iin); await w.on('apply.name'); await says(w, 'ru', 'page.apply.name.title')
    dock('line', 'restore')
  })
  await step('when the line is back the application reaches the centre', async () => {
    if (!(await w.text()).includes(person.surname)) throw new Error("the register's name is not shown")
    await toStorage(w, person); number = await onStick(w); await arrived(number)
  })
  await step('a status asked over a cut line is told from what is here', async () => {
    dock('line', 'cut')
    await w.start('en'); await w.on('menu'); await w.act('status'); await w.on('status.number')
    await w.pad(number); await w.act('status.find'); await w.on('status.word'); await presentable(w, 'en')
    dock('line', 'restore')
  })
  await step('a number that is not known here is told when the line is cut', async () => {
    await w.act('back'); await w.on('status.number'); dock('line', 'cut')
    await w.retype('00000000000'); await w.act('status.find'); await told(w, 'E-1401', 'en', 'status.number')
    dock('line', 'restore')
    await w.act('status.find'); await told(w, 'E-1114', 'en', 'status.number')
  })
  return number
}

async function staff(step, w, { operator, sticky, number }) {
  const { aside } = step, DIALOG = '[data-testid="dialog-staff-ends-session"]'
  const gone = () => w.untilGone(DIALOG)
  const begin = async () => { await w.start('ru'); await w.on('menu'); await w.act('apply'); await w.on('apply.iin') }
  await step("a staff token asks before it ends a citizen's session, and takes the question with it", async () => {
    await begin(); await enterIIN(w, sticky.iin); await w.on('apply.name')
    dock('plug', operator.token)
    await w.untilPart(DIALOG); await says(w, 'ru', 'page.dialog.staff.title', 'page.dialog.staff.text')
    dock('pull', operator.token); await gone()
    if (!(await w.text()).includes(sticky.surname)) throw new Error('the session is not as it was')
  })
  await step("a staff token that may end a citizen's session leaves nothing of it", async () => {
    dock('plug', operator.token)
    await w.untilPart(DIALOG); await w.act('staff.end'); await w.on('staff.pin')
    await forgotten(w, sticky.iin, sticky.surname)
    dock('pull', operator.token); await w.until('the attract screen', async () => await w.screen() === 'attract', 5000)
  })
  await step("a staff token that may not end a citizen's session leaves all as it was", async () => {
    await begin(); await w.pad(sticky.iin)
    dock('plug', operator.token); await w.untilPart(DIALOG)
    await w.act('staff.leave'); await gone()
    await holds(w, 'iin', sticky.iin)
    await w.act('apply.iin'); await w.on('apply.name')
    if (!(await w.text()).includes(sticky.surname)) throw new Error('the journey does not go on')
  })
  let own
  await step('nobody confirms his own application', async () => {
    await clean(w)
    await w.start('kk'); await w.on('menu'); await w.act('apply'); await enterIIN(w, operator.iin)
    await toStorage(w, operator); own = await onStick(w); await arrived(own)
    await supervise(w, operator); await w.touch('lang-en')
    await openApplication(w, own); await says(w, 'en', 'page.staff.application.own')
    if (await w.shows('[data-testid="step-confirm"], [data-testid="step-reject"], [data-testid="action-staff.confirm"], [data-testid="action-staff.reject"]')) throw new Error('he can decide')
    await w.act('staff.close'); await w.on('staff.queue')
  })
  await step('a wrong PIN of a staff token costs one try, and the right one opens', async () => {
    dock('pull', operator.token); await w.on('attract', { notices: true })
    dock('plug', operator.token); await w.on('staff.pin', { notices: true }); await w.touch('lang-en')
    const before = triesLeft(operator.token)
    await pin(w, WRONG_PIN, 'staff.pin')
    await w.until('a notice about the PIN', () => w.shows('[data-testid="notice"][data-code="E-1201"], [data-testid="notice"][data-code="E-1202"]'))
    await presentable(w, 'en')
    if (triesLeft(operator.token) !== before - 1) throw new Error(`${before} tries before, ${triesLeft(operator.token)} after`)
    await pin(w, operator.pin, 'staff.pin'); await w.on('staff.queue')
  })
  await step('without the number of a document nothing is confirmed', async () => {
    await openApplication(w, number)
    await w.touch('step-confirm'); await w.act('staff.confirm'); await told(w, 'E-1609', 'en', 'staff.application')
  })
  await aside('what the notice about the document asks for can be touched while it stands', async () => {
    for (const css of ['[data-testid^="field-document-type-"]', '[data-testid="field-document"]']) if (!(await touchable(w, css))) throw new Error(`${css} is out of sight`)
  })
  await step('a decision on what was decided meanwhile is told', async () => {
    centre('application', 'approve', number)
    await w.act('notice.dismiss')
    await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '012345678'); await w.act('staff.confirm')
    await told(w, 'E-1603', 'en', 'staff.application')
  })
  await step('the queue goes on after it', async () => {
    await w.touch('step-back'); await w.act('staff.close'); await w.on('staff.queue', { notices: true }); await openApplication(w, own)
  })
  await step('a staff token that is pulled locks at once and leaves nothing on the screen', async () => {
    dock('pull', operator.token)
    await w.until('the attract screen', async () => await w.screen() === 'attract', 3000)
    await forgotten(w, operator.iin, operator.surname, own)
  })
  await aside('a staff token that is pulled is told', () => told(w, 'E-1612', 'kk', 'attract')) // nobody has chosen a language here
  await step('supervisor mode does not open over a cut line, and costs no try of the PIN', async () => {
    const before = triesLeft(operator.token)
    dock('line', 'cut'); dock('plug', operator.token); await w.on('staff.pin', { notices: true })
    await pin(w, operator.pin, 'staff.pin'); await told(w, 'E-1602', 'kk', 'staff.pin')
    if (triesLeft(operator.token) !== before) throw new Error('the PIN was tried')
    dock('line', 'restore'); await pin(w, operator.pin, 'staff.pin'); await w.on('staff.queue', { notices: true })
  })
}

async function deadLine(check, person) {
  const state = enrolled('mishaps-dead-line')
  dock('line', 'cut')
  const w = await open(state)
  const step = story(check, w)
  try {
    let number
    await step('a terminal that starts with a dead line says so and serves', async () => {
      await w.on('attract'); await w.start('en'); await w.on('menu')
      await w.until('the line shown as down', async () => !(await w.online())); await says(w, 'en', 'page.header.offline')
      await w.act('apply'); await enterIIN(w, person.iin); await toStorage(w, person); number = await onStick(w)
    })
    await step('what it accepted reaches the centre when the line is back', async () => { dock('line', 'restore'); await arrived(number) })
  } finally { dock('line', 'restore'); await w.close().catch(() => {}) }
}

async function idle(check, person) {
  const w = await open(enrolled('mishaps-idle'), { config: configuration('mishaps-idle', 'idle_seconds = 12') })
  const step = story(check, w)
  try {
    await step('a silent citizen is asked, and an answer keeps all', async () => {
      await w.on('attract'); await w.start('ru'); await w.on('menu'); await w.act('apply'); await enterIIN(w, person.iin); await w.on('apply.name')
      await w.act('back'); await w.on('apply.iin')
      await w.untilPart('[data-testid="dialog-idle"]', 40000); await says(w, 'ru', 'page.dialog.idle.title')
      await w.act('stay'); await w.untilGone('[data-testid="dialog-idle"]')
      await holds(w, 'iin', person.iin)
      await w.act('apply.iin'); await w.on('apply.name')
    })
    await step('silence after the question forgets everything', async () => {
      await w.untilPart('[data-testid="dialog-idle"]', 40000)
      await w.until('the attract screen', async () => await w.screen() === 'attract', 45000)
      await forgotten(w, person.iin, person.surname, person.given)
    })
    await step('the next person begins with nothing', async () => {
      await w.start('en'); await w.on('menu'); await w.act('apply'); await w.on('apply.iin'); await holds(w, 'iin', '')
    })
  } finally { await w.close().catch(() => {}) }
}

async function damaged(check) {
  const hash = file => createHash('sha256').update(readFileSync(file)).digest('hex')
  const ways = { 'in its head': () => 0, 'in its middle': size => Math.floor(size / 2 / 4096) * 4096 }
  for (const [how, at] of Object.entries(ways)) {
    await check(`a database damaged ${how} puts the terminal out of service and stays as it is`, async () => {
      const state = enrolled('mishaps-damaged-' + how.replaceAll(' ', '-')), file = join(state, 'kiosk.db')
      const f = openSync(file, 'r+')
      writeSync(f, Buffer.alloc(4096, 0xa5), 0, 4096, at(statSync(file).size)); closeSync(f)
      const before = hash(file)
      const w = await open(state)
      try {
        await w.on('fault')
        await says(w, 'kk', 'error.E-1502.title', 'error.E-1502.text', 'error.E-1502.hint')
        if (!(await w.text()).includes('E-1502')) throw new Error('its number is not shown')
        await w.touch('lang-ru'); await says(w, 'ru', 'error.E-1502.title')
      } finally { await w.close().catch(() => {}) }
      if (hash(file) !== before) throw new Error('the file was changed')
      for (const beside of ['-wal', '-journal']) if (existsSync(file + beside) && statSync(file + beside).size) throw new Error(`something was written to ${file}${beside}`)
      rmSync(state, { recursive: true })
    })
  }
}
