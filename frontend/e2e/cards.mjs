// An identity card and a token on the virtual USB bus, as they are in life: through real libusb, libccid, pcscd and OpenSC's module in the kiosk's own
// worker, up to the screen. Staff sign with a token of the vendor-module kind. What lands on the card is looked at by pkcs11-tool and OpenSSL.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, centre, dock, house, moduleOf, onBus, people, sh, usb } from './house.mjs'
import { arrived, clean, flat, forgotten, openApplication, pin, presentable, says, story, supervise, token, tokens, told, toKeyStorage, toPIN, triesLeft, word } from './journeys.mjs'
import { enrolled, open } from './kiosk.mjs'

const INSTALL = '[data-testid="action-status.install"]', STORAGE = '[data-testid="action-apply.storage"]'
const of = kind => `${STORAGE}[data-insertion][data-kind="${kind}"]`
const WRONG_PIN = '111222'

export default async function cards(check) {
  const card = tokens().find(t => t.bus && t.kind === 'idcard'), ccid = tokens().find(t => t.bus && t.kind !== 'idcard')
  if (!card || !ccid) throw new Error('the dock has nothing on the virtual USB bus')
  const citizen = people().find(p => `${p.surname} ${p.given}` === card.owner), operator = people().find(p => p.role === 'operator')
  const w = await open(enrolled('cards'), { env: onBus() })
  try {
    await clean(w)
    const number = await applied(story(check, w), w, { citizen, card, ccid })
    await clean(w)
    await unknown(story(check, w), w, { operator, ccid })
    await clean(w)
    await installed(story(check, w), w, { operator, card, number })
    await check('SIGTERM ends the program after the cards', async () => {
      const end = await w.close()
      if (end.code !== 0) throw new Error(JSON.stringify(end))
    })
  } finally { await w.close().catch(() => {}); dock('cards', '--daemon', 'restart') }
  await lacking(check, { operator })
  await check('the audit chain of cards is whole', () => {
    const said = sh(join(bin, 'tirkeu'), ['audit', 'verify', '--state', join(house, 'states', 'cards')])
    if (!/is whole: [1-9]/.test(said)) throw new Error(said)
  })
}

/** gone waits until no token of a kind is on the screen. */
const gone = (w, kind) => w.untilGone(of(kind))

async function applied(step, w, { citizen, card, ccid }) {
  let number
  await step('an identity card in the reader can be chosen', async () => {
    await toKeyStorage(w, 'ru', citizen)
    dock('plug', card.name); await w.untilPart(of('idcard')); await presentable(w, 'ru')
  })
  await step('a token plugged in beside it is told of at once, and known by its chip', async () => {
    dock('plug', ccid.name)
    await w.untilPart(`[data-testid="plug"][data-event="found"][data-device="${ccid.kind}"]`); await w.picture(join(house, 'cards-plugged.png'))
    await w.untilPart(of(ccid.kind))
    if (!(await w.shows(of('idcard')))) throw new Error('the card is gone')
  })
  await step('when pcscd crashes both are gone, and the terminal lives', async () => {
    dock('cards', '--daemon', 'kill'); await gone(w, 'idcard'); await gone(w, ccid.kind)
    await presentable(w, 'ru')
  })
  await step('when pcscd runs again both are back', async () => {
    dock('cards', '--daemon', 'restart'); await w.untilPart(of('idcard')); await w.untilPart(of(ccid.kind))
    dock('pull', ccid.name); await w.untilPart(`[data-testid="plug"][data-event="removed"][data-device="${ccid.kind}"]`); await gone(w, ccid.kind)
  })
  await step('each wrong PIN of a card costs one try, the last one is announced, and the third locks it', async () => {
    await toPIN(w)
    await pin(w, WRONG_PIN); await told(w, 'E-1201', 'ru', 'apply.pin')
    if (triesLeft(card.name) !== 2) throw new Error(`${triesLeft(card.name)} tries are left`)
    await pin(w, WRONG_PIN); await told(w, 'E-1203', 'ru', 'apply.pin'); await says(w, 'ru', 'page.pin.final')
    if (triesLeft(card.name) !== 1) throw new Error(`${triesLeft(card.name)} tries are left`)
    await pin(w, WRONG_PIN); await told(w, 'E-1207', 'ru', 'apply.pin')
    if (triesLeft(card.name) !== 1) throw new Error('it was tried without having been asked again')
    await pin(w, WRONG_PIN); await told(w, 'E-1204', 'ru')
    if (triesLeft(card.name) !== 0) throw new Error(`${triesLeft(card.name)} tries are left`)
  })
  await step('a card that was unlocked elsewhere works again', async () => {
    dock('pull', card.name); dock('fault', card.name)
    await w.on('apply.storage', { notices: true }) // the terminal goes back there by itself
    await gone(w, 'idcard')
    dock('plug', card.name); await w.untilPart(of('idcard'))
  })
  await step('a card pulled while it makes a key is told', async () => {
    dock('fault', card.name, '--keygen-delay', '20s')
    await toPIN(w); await pin(w, card.pin); await w.on('apply.keys', { notices: true })
    await w.until('the key in the making', () => token(card.name).making)
    dock('pull', card.name); await told(w, 'E-1209', 'ru', 'apply.storage')
    dock('fault', card.name)
  })
  await step('keys are made on the card and the application goes to the centre', async () => {
    dock('plug', card.name); await toPIN(w); await pin(w, card.pin); await w.on('apply.summary', { limit: 60000 })
    await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done'); number = await w.number()
    await arrived(number)
  })
  return number
}

async function installed(step, w, { operator, card, number }) {
  await step('staff confirm it', async () => {
    await supervise(w, operator); await openApplication(w, number)
    await w.touch('step-confirm'); await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '012345678'); await w.act('staff.confirm'); await w.on('staff.decided')
    dock('pull', operator.token); await w.on('attract', { notices: true })
  })
  await step('the certificates land on the card', async () => {
    await w.start('kk'); await w.on('menu'); await w.act('status'); await w.statusUntil(number, INSTALL); await w.act('status.install')
    dock('plug', card.name); await w.on('install.pin')
    await pin(w, card.pin, 'install.pin'); await w.on('install.done', { limit: 60000 }); await presentable(w, 'kk')
    dock('pull', card.name); await w.act('finish'); await w.on('attract')
  })
  await step('pkcs11-tool finds each key with its certificate and signs, and OpenSSL verifies both', () => outside(card, number))
}

// A device that no table knows, and one that the table knows and libccid does not drive: it needs its maker's program.
const LAMP = { port: '1-9', numbers: '1a2b:3c4d', name: 'Tabletop Lamp', serial: 'LAMP-0042' }
const OLD = { port: '1-10', numbers: '0529:0600', name: 'eToken PRO 64k', serial: 'ETK-0043', install: 'SafeNet Authentication Client' }
const NEEDS = ['/usr/lib/libeToken.so', '/usr/lib64/libeToken.so', '/usr/lib/libeTPkcs11.so', '/usr/lib/libIDPrimePKCS11.so']

const put = d => usb('other', d.port, d.numbers, d.name, d.serial)
const out = d => { try { usb('pull', d.port) } catch { /* it was not in */ } }
const row = d => `[data-testid="device"][data-numbers="${d.numbers}"]`
const plug = (event, kind) => `[data-testid="plug"][data-event="${event}"][data-device="${kind}"]`
const toDevices = async (w, operator) => { await supervise(w, operator); await w.act('staff.devices'); await w.on('staff.devices') }
/** listed waits for a device on the list of staff and holds where all stands there that they need to find out what it is. */
const listed = async (w, d, lang, sentence) => {
  await w.untilPart(row(d))
  const said = flat(await w.text(row(d)))
  for (const wanted of [d.name, d.numbers, d.serial, d.port, sentence]) if (!said.includes(wanted)) throw new Error(`"${wanted}" is not in: ${said}`)
  await presentable(w, lang)
}
const unlisted = (w, d) => w.untilGone(row(d))

async function unknown(step, w, { operator, ccid }) {
  try {
    await step('of a device that nobody knows a citizen is told nothing', async () => {
      await w.start('ru'); await w.on('menu')
      await w.run(`window.plugNews = []
        new MutationObserver(() => { const e = document.querySelector('[data-testid="plug"]'); if (e) window.plugNews.push(e.dataset.event + ' ' + e.dataset.device) })
          .observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true })`)
      put(LAMP)
      // The kiosk hears of one device after the other: when it tells of the second it has seen the first.
      dock('plug', ccid.name); await w.untilPart(plug('found', ccid.kind))
      const told = await w.run('return window.plugNews')
      if (!told.length || told.some(n => n !== 'found ' + ccid.kind)) throw new Error('told was: ' + told)
      await forgotten(w, LAMP.numbers, LAMP.serial, LAMP.name)
      dock('pull', ccid.name); await w.untilPart(plug('removed', ccid.kind))
      await w.act('exit'); await w.on('attract')
    })
    await step('staff see it with its numbers, its serial number and its port', async () => {
      await toDevices(w, operator); await w.touch('lang-en'); await listed(w, LAMP, 'en', word('en', 'usb.unknown.text'))
      await w.picture(join(house, 'cards-unknown.png'))
    })
    await step('it goes from the list when it is pulled, and comes back when it is plugged in again', async () => {
      out(LAMP); await unlisted(w, LAMP)
      await w.touch('lang-kk'); put(LAMP); await listed(w, LAMP, 'kk', word('kk', 'usb.unknown.text'))
      out(LAMP); await unlisted(w, LAMP)
    })
  } finally { out(LAMP) }
}

/** lacking is a terminal that has no module for one kind of token: neither its maker's nor one that serves all. */
async function lacking(check, { operator }) {
  if (NEEDS.some(f => existsSync(f))) {
    console.log("not checked: a token without its maker's program (that of eToken is installed here)")
    return
  }
  const config = join(house, 'cards-lacking.toml')
  writeFileSync(config, readFileSync(join(house, 'kiosk.toml'), 'utf8').split(/^(?=\[\[module\]\])/m).filter(m => !/^name = "(etoken|opensc)"$/m.test(m)).join(''))
  const w = await open(enrolled('cards-lacking', 'l21', config), { config, env: onBus() })
  const step = story(check, w)
  try {
    await clean(w)
    await step("a citizen who plugs in a token whose maker's program is missing is told so, and whom to tell", async () => {
      await w.start('ru'); await w.on('menu')
      put(OLD); await w.untilPart(plug('missing', 'etoken'))
      const said = flat(await w.text('[data-testid="plug"]'))
      for (const wanted of [word('ru', 'usb.found.title').replace('{{.Name}}', 'eToken'), word('ru', 'usb.missing.text').replace('{{.Install}}', OLD.install)]) {
        if (!said.includes(wanted)) throw new Error(`"${wanted}" is not in: ${said}`)
      }
      await presentable(w, 'ru'); await w.picture(join(house, 'cards-missing.png'))
      await forgotten(w, OLD.numbers, OLD.serial)
      await w.act('exit'); await w.on('attract')
    })
    await step('staff read what must be installed for it, until it is pulled', async () => {
      await toDevices(w, operator); await w.touch('lang-kk')
      await listed(w, OLD, 'kk', word('kk', 'usb.install.text').replace('{{.Install}}', OLD.install))
      out(OLD); await unlisted(w, OLD)
      dock('pull', operator.token); await w.on('attract', { notices: true })
    })
  } finally { out(OLD); await w.close().catch(() => {}) }
}

/** outside looks at the card as any other program would. */
function outside(card, number) {
  dock('plug', card.name)
  const m = moduleOf('opensc'), env = { ...m.env, TOKEN_PIN: card.pin }
  const p11 = (...args) => sh('pkcs11-tool', ['--module', m.path, ...args], { env, encoding: 'buffer' })
  // pcscd needs a moment to power the card.
  for (let i = 0; !/token label/.test(p11('-L').toString()); i++) if (i > 100) throw new Error('the card is not seen')
  const list = p11('--login', '--pin', 'env:TOKEN_PIN', '-O').toString()
  const ids = kind => [...list.matchAll(new RegExp(`^${kind} Object[^\\n]*\\n(?:[ \\t]+[^\\n]*\\n)*?[ \\t]+ID: +([0-9a-f]+)`, 'gm'))].map(m => m[1]).sort()
  const keys = ids('Private Key'), certificates = ids('Certificate')
  if (keys.length !== 2 || keys.join() !== certificates.join()) throw new Error(`keys ${keys}, certificates ${certificates}`)
  const dir = join(house, 'cards-outside')
  mkdirSync(dir, { recursive: true })
  centre('ca', 'export', dir)
  const at = name => join(dir, name)
  for (const id of keys) {
    sh('openssl', ['x509', '-inform', 'DER', '-out', at('certificate.pem')], { input: p11('--read-object', '--type', 'cert', '--id', id) })
    sh('openssl', ['verify', '-CAfile', at('root.pem'), '-untrusted', at('issuing.pem'), at('certificate.pem')])
    writeFileSync(at('signed.txt'), 'тіркеу ' + number)
    p11('--login', '--pin', 'env:TOKEN_PIN', '--sign', '-m', 'SHA256-RSA-PKCS', '--id', id, '-i', at('signed.txt'), '-o', at('signed.sig'))
    writeFileSync(at('signed.pub'), sh('openssl', ['x509', '-in', at('certificate.pem'), '-pubkey', '-noout']))
    sh('openssl', ['dgst', '-sha256', '-verify', at('signed.pub'), '-signature', at('signed.sig'), at('signed.txt')])
  }
  dock('pull', card.name)
}
