// A citizen's GOST key on a stick, from the application to the file, and the key files of a stick as a citizen meets them:
// whole, damaged, foreign, not files at all. What came of it is read by openssl.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, centre, dock, house, httpUrl, people, sh } from './house.mjs'
import { arrived, clean, forgotten, openApplication, presentable, story, supervise, told, toKeyStorage } from './journeys.mjs'
import { enrolled, open } from './kiosk.mjs'

const INSTALL = '[data-testid="action-status.install"]'
const PASSWORD = 'Tumar2026', FRESH = 'Samal2027', FOREIGN = 'Bulbul2026'
const stick = join(house, 'dock', 'stick', 'in')

export default async function keyfiles(check) {
  const all = people()
  const sticky = all.find(p => p.role === 'citizen' && !p.token), operator = all.find(p => p.role === 'operator')
  const w = await open(enrolled('keyfiles'))
  try {
    await w.on('attract')
    const file = await journey(story(check, w), w, { sticky, operator })
    await clean(w)
    if (file) await picker(story(check, w), w, { sticky, file })
    await clean(w)
  } finally { await w.close().catch(() => {}) }
}

/** journey walks from the wish for a GOST key to the file, and gives the file's name. */
async function journey(step, w, { sticky, operator }) {
  let number, file
  await step('a GOST key is one of the sets offered for a stick', async () => {
    await toKeyStorage(w, 'kk', sticky)
    dock('stick', 'in')
    await w.act('apply.storage', '[data-kind="stick"]'); await w.on('apply.stick-warning')
    await w.act('apply.stick-accept'); await w.on('apply.set')
    const sets = await w.run(`return [...document.querySelectorAll('[data-testid="action-apply.set"]')].map(e => e.dataset.code)`)
    if (sets.join() !== 'rsa,gost,rsa+gost') throw new Error('offered are ' + sets)
    await presentable(w, 'kk')
  })
  await step('one GOST key is made, and the application says so', async () => {
    await w.act('apply.set', '[data-code="gost"]'); await w.on('apply.agreement')
    await w.act('apply.agree'); await w.on('apply.summary', { limit: 60000 })
    if (!/ГОСТ|МЕМСТ/.test(await w.text())) throw new Error('the summary does not name the GOST key: ' + (await w.text()).replace(/\s+/g, ' '))
    await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done')
    number = await w.number()
    dock('stick', 'out'); await w.act('finish'); await w.on('attract'); await arrived(number)
  })
  await step('the operator reads which key it is and confirms', async () => {
    await supervise(w, operator); await w.touch('lang-ru'); await openApplication(w, number)
    if (!/ГОСТ/.test(await w.text())) throw new Error('the operator is not told of the GOST key')
    await w.touch('step-confirm'); await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '012345678'); await w.act('staff.confirm'); await w.on('staff.decided')
    dock('pull', operator.token); await w.on('attract', { notices: true })
  })
  await step('the certificate comes, and the key file is written under a new password', async () => {
    await w.start('en'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.pad(number); await w.act('status.find'); await w.on('status.word')
    await w.statusUntil(number, INSTALL)
    dock('stick', 'in'); await w.act('status.install')
    await w.until('the password asked', async () => {
      const s = await w.screen()
      if (s === 'install.medium' && await w.shows('[data-testid="action-install.go"]:not([disabled])')) await w.act('install.go')
      return s === 'install.password'
    })
    await w.type('password', PASSWORD); await w.type('again', PASSWORD); await w.act('install.password'); await w.on('install.done', { limit: 60000 })
    const files = readdirSync(stick).filter(f => f.endsWith('.p12'))
    file = files.find(f => /^GOST512_[0-9a-f]{40}\.p12$/.test(f))
    if (!file || files.length !== 1) throw new Error('on the stick: ' + files)
    if (!(await w.text()).includes(file)) throw new Error('its name is not shown')
    await w.act('finish'); await w.on('attract')
  })
  await step('openssl opens it and reads a certificate with a Kazakh GOST key, whose identifier is the name of the file', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tirkeu-gost-')), pem = join(dir, 'leaf.pem')
    try {
      writeFileSync(pem, sh('openssl', ['pkcs12', '-in', join(stick, file), '-passin', 'stdin', '-nokeys', '-clcerts'], { input: PASSWORD + '\n' }))
      const said = sh('openssl', ['x509', '-in', pem, '-noout', '-text'])
      for (const oid of ['Public Key Algorithm: 1.2.398.3.10.1.1.2.2', 'Signature Algorithm: 1.2.398.3.10.1.1.2.3.2', 'E-mail Protection, 1.2.398.3.3.4.1.1', 'Policy: 1.2.398.3.3.2', '1.2.398.3.3.5:']) {
        if (!said.includes(oid)) throw new Error(`"${oid}" is not in the certificate: ${said}`)
      }
      const id = sh('openssl', ['x509', '-in', pem, '-noout', '-ext', 'subjectKeyIdentifier']).split('\n')[1].trim().replaceAll(':', '').toLowerCase()
      if (file !== `GOST512_${id}.p12`) throw new Error(`${file} holds the key ${id}`)
      centre('ca', 'export', join(dir, 'ca'))
      const url = sh('openssl', ['x509', '-in', pem, '-noout', '-ocsp_uri']).trim()
      if (!url.startsWith(httpUrl)) throw new Error('its OCSP address is ' + url)
      // openssl knows no Kazakh identifiers: it reads the answer, the signature on it is proven elsewhere.
      const ocsp = sh('openssl', ['ocsp', '-issuer', join(dir, 'ca', 'issuing-gost.pem'), '-cert', pem, '-url', url, '-noverify'])
      if (!/: good/.test(ocsp)) throw new Error('OCSP says: ' + ocsp)
    } finally { rmSync(dir, { recursive: true }) }
  })
  return file
}

/** spoil puts onto the stick what other sticks have: damaged files, links, things that are no files, a stranger's key. */
function spoil(file) {
  dock('stick', 'in')
  const whole = readFileSync(join(stick, file)), at = name => join(stick, name)
  writeFileSync(at('RSA256_damaged.p12'), whole.subarray(0, whole.length - 200))
  writeFileSync(at('letter.p12'), 'Сәлем! Бұл кілт емес.\n'.repeat(40))
  symlinkSync('/etc/shadow', at('link.p12'))
  mkdirSync(at('folder.p12'))
  sh('mkfifo', [at('pipe.p12')])
  writeFileSync(at('huge.p12'), ''); truncateSync(at('huge.p12'), 4 * 2 ** 30)
  writeFileSync(at('photo.jpg'), 'not shown')
  mkdirSync(at('keys')); copyFileSync(at(file), join(at('keys'), 'GOST512_copy.p12'))
  const key = join(house, 'foreign.key'), cert = join(house, 'foreign.pem')
  sh('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=Бейтаныс', '-utf8', '-keyout', key, '-out', cert])
  sh('openssl', ['pkcs12', '-export', '-inkey', key, '-in', cert, '-out', at('foreign.p12'), '-passout', 'stdin'], { input: FOREIGN + '\n' })
  dock('stick', 'out')
}

async function picker(step, w, { sticky, file }) {
  const row = name => `[data-testid="action-files.open"][data-name="${name}"]`
  const opens = (name, code, password, lang) => async () => {
    await w.touch(row(name)); await w.on('files.password'); await w.type('password', password); await w.act('files.password')
    if (code) await told(w, code, lang, 'files.password'); else await w.on('files.detail', { limit: 30000, notices: true })
  }
  await step('a stick without key files says so', async () => {
    dock('stick', 'in')
    const aside = mkdtempSync(join(house, 'aside-'))
    for (const f of readdirSync(stick)) sh('mv', [join(stick, f), aside])
    await w.start('kk'); await w.on('menu'); await w.act('files'); await w.on('files.list')
    if (!(await w.shows('[data-testid="files-none"]'))) throw new Error('no word that there are none')
    await presentable(w, 'kk')
    dock('stick', 'out'); await told(w, 'E-1301', 'kk', 'files.medium')
    dock('stick', 'in')
    for (const f of readdirSync(aside)) sh('mv', [join(aside, f), stick])
    dock('stick', 'out'); rmSync(aside, { recursive: true })
    await w.act('exit'); await w.on('attract', { notices: true })
  })
  await step('the picker shows key files, names what cannot be opened, and shows nothing else', async () => {
    spoil(file)
    await w.start('ru'); await w.on('menu'); await w.act('files'); await w.on('files.medium')
    dock('stick', 'in'); await w.on('files.list', { notices: true })
    for (const name of [file, 'foreign.p12', 'RSA256_damaged.p12']) if (!(await w.shows(row(name)))) throw new Error(name + ' cannot be picked')
    const cannot = await w.run(`return [...document.querySelectorAll('[data-testid="file-cannot"]')].map(e => e.dataset.name)`)
    for (const name of ['letter.p12', 'link.p12', 'folder.p12', 'pipe.p12', 'huge.p12']) if (!cannot.includes(name)) throw new Error(`${name} is not named; named are ${cannot}`)
    if ((await w.text()).includes('photo')) throw new Error('a photo is shown')
    await presentable(w, 'ru')
  })
  await step('a wrong password is told as such', opens(file, 'E-1311', 'Tumar2025', 'ru'))
  await step('Cyrillic letters in a password are told before it is tried', async () => {
    await w.type('password', 'Тumar2026'); await w.act('files.password'); await told(w, 'E-1313', 'ru', 'files.password')
  })
  await step('the right one tells whose key it is and until when', async () => {
    await w.type('password', PASSWORD); await w.act('files.password'); await w.on('files.detail', { limit: 30000 })
    const text = await w.text()
    for (const wanted of [sticky.surname, sticky.given, String(new Date().getFullYear() + 1), 'ГОСТ']) if (!text.includes(wanted)) throw new Error(`"${wanted}" is not in: ${text.replace(/\s+/g, ' ')}`)
    if (!(await w.shows('[data-testid="file-key"][data-state="valid"]'))) throw new Error('it is not told to be valid')
    await forgotten(w, PASSWORD)
  })
  await step('its password is changed, and only the new one opens it', async () => {
    await w.act('files.change'); await w.on('files.change')
    await w.type('old', PASSWORD); await w.touch('step-new')
    await w.type('password', FRESH); await w.type('again', FRESH); await w.act('files.new-password'); await w.on('files.changed', { limit: 60000 })
    const openssl = password => sh('openssl', ['pkcs12', '-in', join(stick, file), '-passin', 'stdin', '-nokeys', '-clcerts'], { input: password + '\n' })
    if (!openssl(FRESH).includes('BEGIN CERTIFICATE')) throw new Error('openssl finds no certificate')
    try { openssl(PASSWORD) } catch { return }
    throw new Error('the old password still opens it')
  })
  await step("a stranger's key is told to be foreign, a damaged file to be damaged", async () => {
    await w.act('files.again'); await w.on('files.list')
    await opens('foreign.p12', '', FOREIGN)()
    if (!(await w.shows('[data-testid="file-key"][data-state="foreign"]'))) throw new Error('it is not told to be foreign')
    await w.act('back'); await w.on('files.list')
    await opens('RSA256_damaged.p12', 'E-1315', PASSWORD, 'ru')()
  })
  await step('a stick pulled at any of these screens is told', async () => {
    dock('stick', 'out'); await told(w, 'E-1301', 'ru', 'files.medium')
    await w.act('exit'); await w.on('attract', { notices: true })
  })
  await step('staff read the same from the command line', async () => {
    dock('stick', 'in')
    const said = JSON.parse(sh(join(bin, 'tirkeu'), ['keyfile', 'show', '--json', join(stick, file)], { input: FRESH + '\n' }))
    if (!JSON.stringify(said).includes(sticky.iin)) throw new Error(JSON.stringify(said))
    dock('stick', 'out')
  })
}
