// The whole journey once, unattended, through the window only. Prints "ok <step>" for each step and
// "demo: N steps ok" at the end; stops at the first step that fails, with the reason and exit 1.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hands } from './hands.mjs'
import { bin, centre, centreUrl, db, dock, house, httpUrl, moduleOf, out, people, read, sh } from './house.mjs'
import { standing, Token, within } from './proof.mjs'

const config = join(house, 'kiosk.toml'), state = join(house, 'kiosk'), log = join(house, 'logs', 'kiosk.log')
let steps = 0
const pictures = new Map()
let w

async function step(name, act, { picture = true } = {}) {
  try { await act() } catch (e) {
    await w?.picture(join(out, 'failed.png')).catch(() => {})
    throw new Error(`${name}: ${e.message}`, { cause: e })
  }
  steps++
  const n = String(steps).padStart(2, '0')
  if (picture) {
    const png = await w.settled(join(out, `${n}-${name}.png`))
    // Neither the same pixels nor the same words: what a person sees must be something new at each step.
    for (const sum of [createHash('sha256').update(png).digest('hex'), await w.contents()]) {
      if (pictures.has(sum)) throw new Error(`${name}: its picture is the same as that of ${pictures.get(sum)}`)
      pictures.set(sum, name)
    }
  }
  console.log(`ok ${name}`)
}

const who = (role, test = () => true) => {
  const p = people().find(p => p.role === role && test(p))
  if (!p) throw new Error(`the dock has no ${role} for this`)
  return p
}
const kind = token => JSON.parse(dock('list', '--json')).tokens.find(t => t.name === token).kind
const kaztoken = who('citizen', p => p.token && kind(p.token) === 'kaztoken')
const sticky = who('citizen', p => !p.token)
const [first, second] = people().filter(p => p.role === 'operator')
const NEW_PIN = '2468013579', PASSWORD = 'Tumar2026'

const INSTALL = '[data-testid="action-status.install"]'
const inQueue = number => w.until(`application ${number} in the queue`, async () => {
  if (await w.shows(`[data-testid="action-staff.open"][data-number="${number}"]`)) return true
  await w.act('staff.search'); return false
}, 60000)
/** onward waits for the next screen, pressing the button where the kiosk does not go on by itself. */
async function onward(name) {
  await w.until('screen ' + name, async () => {
    const s = await w.screen()
    if (s === 'install.medium' && await w.shows('[data-testid="action-install.go"]:not([disabled])')) await w.act('install.go')
    return s === name
  })
}

async function main() {
  mkdirSync(join(out, 'certs'), { recursive: true })
  const secret = JSON.parse(centre('kiosk', 'add', 'demo-kiosk', '--json'))
  w = await Hands.open({ binary: join(bin, 'tirkeu-e2e'), args: ['--config', config, '--state', state], log })

  await step('first-start', () => w.on('setup'))
  await step('enrolment-typed', async () => {
    await w.type('centre', centreUrl); await w.type('reference', secret.reference); await w.type('secret', secret.secret)
    await w.touch('field-display-l21')
  })
  await step('self-test', async () => { await w.act('setup.enrol'); await w.on('selftest', { limit: 60000 }); await w.until('the self-test to end', () => w.run(`return !document.querySelector('[data-state="running"]')`), 30000) })
  await step('attract', async () => { await w.act('selftest.finish'); await w.on('attract') })

  // A citizen with a token, in Kazakh, with the line up.
  await step('menu', async () => { await w.start('kk'); await w.on('menu') })
  await step('iin', async () => { await w.act('apply'); await w.on('apply.iin') })
  await step('iin-wrong-digit', async () => {
    await w.pad(kaztoken.iin.slice(0, 11) + (Number(kaztoken.iin[11]) + 1) % 10); await w.act('apply.iin')
    await w.until('a notice', () => w.notice())
  })
  await step('name-from-register', async () => {
    await w.retype(kaztoken.iin); await w.act('apply.iin'); await w.on('apply.name')
    if (!(await w.text()).includes(kaztoken.surname)) throw new Error("the register's name is not shown")
  })
  await step('email', async () => { await w.act('apply.name'); await w.on('apply.email') })
  await step('region', async () => { await w.keys('aigerim@mail.kz'); await w.act('apply.email'); await w.on('apply.region') })
  await step('locality', async () => { await w.choose('apply.region'); await w.on('apply.locality') })
  await step('storage-nothing-plugged', async () => { await w.choose('apply.locality'); await w.on('apply.storage') })
  await step('storage-token-plugged', async () => { dock('plug', kaztoken.token); await w.untilPart('[data-testid="action-apply.storage"][data-insertion]') })
  await step('agreement', async () => { await w.act('apply.storage', '[data-insertion]'); await w.on('apply.agreement') })
  await step('pin', async () => { await w.act('apply.agree'); await w.on('apply.pin') })
  dock('fault', kaztoken.token, '--keygen-delay', '4s') // a real token takes its time; the virtual one would be done before the picture
  await step('keys-generated', async () => { await w.pad(kaztoken.pin); await w.act('apply.pin'); await w.on('apply.keys') })
  await step('summary', () => w.on('apply.summary', { limit: 60000 }))
  dock('fault', kaztoken.token)
  let numberA
  await step('submitted', async () => { await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done'); numberA = await w.number(); if (numberA.length !== 11) throw new Error(`the number reads ${numberA}`) })

  // Staff confirm.
  await step('token-taken-staff-pin', async () => {
    dock('pull', kaztoken.token); await w.act('finish'); await w.on('attract')
    dock('plug', first.token); await w.on('staff.pin')
  })
  await step('staff-queue', async () => { await w.pad(first.pin); await w.act('staff.pin'); await w.on('staff.queue'); await inQueue(numberA) })
  await step('staff-application', async () => { await w.act('staff.open', `[data-number="${numberA}"]`); await w.on('staff.application') })
  await step('staff-document', async () => { await w.touch('step-confirm'); await w.touch('[data-testid^="field-document-type-"]') })
  await step('staff-confirmed', async () => { await w.type('document', '012345678'); await w.act('staff.confirm'); await w.on('staff.decided') })

  // The citizen returns.
  await step('staff-token-pulled-status-asked', async () => {
    dock('pull', first.token); await w.on('attract')
    await w.start('kk'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.pad(numberA)
  })
  await step('status-issued', async () => { await w.act('status.find'); await w.on('status.word'); await w.statusUntil(numberA, INSTALL) })
  await step('install-insert', async () => { await w.act('status.install'); await w.on('install.medium') })
  await step('install-pin', async () => { dock('plug', kaztoken.token); await onward('install.pin') })
  await step('install-factory-pin', async () => { await w.pad(kaztoken.pin); await w.act('install.pin'); await w.on('install.factory', { limit: 60000 }) })
  await step('installed', async () => { await w.newPin('install.change-pin', NEW_PIN); await w.on('install.done') })
  await step('my-keys', async () => {
    await w.act('finish'); await w.on('attract'); await w.start('ru'); await w.on('menu'); await w.act('keys')
    if (await w.on(['keys.medium', 'keys.pin']) === 'keys.medium') { await w.act('keys.token', '[data-insertion]'); await w.on('keys.pin') }
    await w.pad(NEW_PIN); await w.act('keys.pin'); await w.on('keys.list', { limit: 30000 })
  })

  // A citizen with a stick, in English, with the line down: the name is typed, nothing is lost.
  await step('line-down', async () => {
    await w.act('finish'); dock('pull', kaztoken.token); await w.on('attract')
    dock('line', 'cut'); await w.until('the line shown as down', async () => !(await w.online()), 60000)
  })
  await step('name-typed', async () => {
    await w.start('en'); await w.on('menu'); await w.act('apply'); await w.on('apply.iin'); await w.pad(sticky.iin); await w.act('apply.iin'); await w.on('apply.name', { limit: 60000 })
    await w.type('surname', sticky.surname); await w.type('given', sticky.given + 'Й')
  })
  await step('stick-in', async () => {
    await w.act('apply.name'); await w.on('apply.email'); await w.act('apply.email'); await w.on('apply.region'); await w.choose('apply.region'); await w.on('apply.locality'); await w.choose('apply.locality'); await w.on('apply.storage')
    dock('stick', 'in'); await w.untilPart('[data-testid="action-apply.storage"][data-kind="stick"]:not([disabled]):not([aria-disabled="true"])')
  })
  await step('stick-warning', async () => { await w.act('apply.storage', '[data-kind="stick"]'); await w.on('apply.stick-warning') })
  await step('stick-which-keys', async () => { await w.act('apply.stick-accept'); await w.on('apply.set') })
  await step('stick-agreement', async () => { await w.act('apply.set', '[data-code="rsa"]'); await w.on('apply.agreement') })
  await step('stick-summary', async () => { await w.act('apply.agree'); await w.on('apply.summary', { limit: 60000 }) })
  let numberB
  await step('stick-submitted', async () => { await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done'); numberB = await w.number() })
  await step('line-up-names-differ', async () => {
    dock('stick', 'out'); await w.act('finish'); await w.on('attract'); dock('line', 'restore'); await w.until('the line shown as up', () => w.online(), 90000)
    dock('plug', second.token); await w.on('staff.pin'); await w.pad(second.pin); await w.act('staff.pin'); await w.on('staff.queue')
    await inQueue(numberB)
    await w.act('staff.open', `[data-number="${numberB}"]`); await w.on('staff.application')
  })
  await step('second-confirmed', async () => { await w.touch('step-confirm'); await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '087654321'); await w.act('staff.confirm'); await w.on('staff.decided') })
  await step('stick-status', async () => {
    dock('pull', second.token); await w.on('attract')
    await w.start('en'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.pad(numberB); await w.act('status.find'); await w.on('status.word'); await w.statusUntil(numberB, INSTALL)
  })
  await step('stick-password', async () => { dock('stick', 'in'); await w.act('status.install'); await onward('install.password') })
  await step('stick-installed', async () => { await w.type('password', PASSWORD); await w.type('again', PASSWORD); await w.act('install.password'); await w.on('install.done', { limit: 60000 }) })
  await w.act('finish'); await w.on('attract')

  await outside(numberA, numberB)
  const end = await w.close()
  if (end.code !== 0) throw new Error(`the kiosk ended with ${JSON.stringify(end)}`)
  leave()
  console.log(`demo: ${steps} steps ok`)
}

/** outside lets programs of others look at what came of it. */
async function outside() {
  centre('ca', 'export', join(out, 'ca'))
  const root = join(out, 'ca', 'root.pem'), issuing = join(out, 'ca', 'issuing.pem')
  const crl = join(out, 'ca', 'issuing.crl')
  await step('crl-fetched', async () => {
    const text = sh('openssl', ['x509', '-in', issuing, '-noout', '-subject'])
    const url = sh('openssl', ['x509', '-in', firstCertificate(), '-noout', '-ext', 'crlDistributionPoints']).match(/URI:(\S+)/)[1]
    const der = Buffer.from(await (await fetch(url)).arrayBuffer())
    writeFileSync(crl + '.der', der)
    sh('openssl', ['crl', '-inform', 'DER', '-in', crl + '.der', '-out', crl])
    if (!text) throw new Error('the issuing certificate has no subject')
  }, { picture: false })
  dock('plug', kaztoken.token)
  const token = new Token(kaztoken.token, NEW_PIN)
  await step('pkcs11-tool-sees-key-and-certificate', async () => {
    const list = token.login('-O').toString(), [keys, certs] = ['Private Key Object', 'Certificate Object'].map(kind => list.split(kind).length - 1), pairs = token.pairs()
    if (keys !== 2 || certs !== 2 || pairs.length !== 2) throw new Error(`${keys} private keys, ${certs} certificates, under the same CKA_ID: ${pairs}`)
  }, { picture: false })
  for (const [id, pem] of token.certificates(join(out, 'certs'))) {
    await step('certificate-' + id.slice(0, 8) + '-verified-by-openssl', async () => {
      sh('openssl', ['verify', '-CAfile', root, '-untrusted', issuing, '-crl_check', '-CRLfile', crl, pem])
      within(dir => {
        token.signs(dir, id, pem)
        const said = standing(dir, pem)
        if (said !== 'good') throw new Error('OCSP says: ' + said)
      })
    }, { picture: false })
  }
  dock('pull', kaztoken.token)
  await step('stick-files-opened-by-openssl', async () => {
    const files = readdirSync(join(house, 'dock', 'stick', 'in')).filter(f => f.endsWith('.p12'))
    if (files.length !== 2) throw new Error('on the stick: ' + files)
    mkdirSync(join(out, 'keys'), { recursive: true })
    for (const f of files) {
      copyFileSync(join(house, 'dock', 'stick', 'in', f), join(out, 'keys', f))
      const pem = sh('openssl', ['pkcs12', '-in', join(out, 'keys', f), '-passin', 'stdin', '-nokeys', '-clcerts'], { input: PASSWORD + '\n' })
      const file = join(out, 'certs', f.replace('.p12', '.pem'))
      writeFileSync(file, pem)
      sh('openssl', ['verify', '-CAfile', root, '-untrusted', issuing, '-crl_check', '-CRLfile', crl, file])
    }
  }, { picture: false })
  await step('audit-chain-whole', async () => {
    sh(join(bin, 'tirkeu'), ['audit', 'verify', '--state', state])
    writeFileSync(join(out, 'audit.jsonl'), sh(join(bin, 'tirkeu'), ['audit', 'export', '--state', state]))
  }, { picture: false })
}

const firstCertificate = () => { const d = join(house, 'dock'); return join(d, readdirSync(d).find(f => f.endsWith('.crt.pem'))) }
/** leave writes what a newcomer needs to go on from here. */
function leave() {
  const m = moduleOf('kaztoken')
  const quote = s => `'${s.replaceAll("'", `'\\''`)}'`
  const lines = { TIRKEU_KIOSK: join(bin, 'tirkeu-demo'), TIRKEU_CENTRE: centreUrl, TIRKEU_CENTRE_HTTP: httpUrl, TIRKEU_DB: db, TIRKEU_STATE: state, TIRKEU_CONFIG: config, TIRKEU_DOCK: join(house, 'dock'), PKCS11_MODULE: m.path, ...m.env }
  writeFileSync(join(out, 'env'), Object.entries(lines).map(([k, v]) => `export ${k}=${quote(v)}\n`).join(''))
  if (!existsSync(join(out, 'audit.jsonl')) || read(join(out, 'audit.jsonl')).length === 0) throw new Error('the audit log is empty')
}

try { await main() } catch (e) {
  console.error('demo: stopped: ' + e.message)
  await w?.close().catch(() => {})
  process.exit(1)
}
