// What goes wrong outside the hands of those who stand at the glass: the disk, the clock, the centre's certificate, time
// that runs out, two operators who want the same. Driven in the real window like all else.
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { createServer as createTLSServer } from 'node:tls'
import { bin, centre, centreUrl, db, dock, house, people, sh } from './house.mjs'
import { arrived, enterIIN, onStick, openApplication, presentable, says, story, supervise, told, toKeyStorage, toStorage, toSummary } from './journeys.mjs'
import { configuration, enrolled, open, provisioning, until } from './kiosk.mjs'

export default async function outside(check) {
  const all = people()
  const sticky = all.find(p => p.role === 'citizen' && !p.token)
  const [first, second] = all.filter(p => p.role === 'operator')
  await disk(check, sticky)
  await clock(check)
  await certificate(check, sticky)
  await operators(check, { sticky, first, second })
}

/** disk: the terminal's own disk is a small one, filled while the citizen reads the summary. */
async function disk(check, person) {
  const state = join(house, 'states', 'outside-disk')
  mkdirSync(state, { recursive: true })
  try { sh('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'none', state]) } catch (e) {
    console.log(`not checked: a full disk (this machine lets nobody mount one: ${e.message.split('\n')[0]})`)
    return
  }
  const filler = join(state, 'filler')
  let w
  try {
    await provision(state, centreUrl)
    w = await open(state)
    const step = story(check, w)
    await step('a full disk is told before anything is accepted, and the entries stay', async () => {
      await w.on('attract'); await toKeyStorage(w, 'ru', person); await toSummary(w)
      sh('sqlite3', [join(state, 'kiosk.db'), '.timeout 20000', 'PRAGMA wal_checkpoint(TRUNCATE)']) // or what is written next finds room in the log
      brim(filler)
      await w.act('apply.submit'); await told(w, 'E-1501', 'ru', 'apply.summary')
      if (!(await w.text()).includes(person.surname)) throw new Error('the summary is gone')
    })
    await step('with room again the same application is accepted and arrives', async () => {
      rmSync(filler)
      await w.act('apply.submit'); await w.on('apply.done', { notices: true })
      const number = await w.number()
      dock('stick', 'out'); await w.act('finish'); await arrived(number)
    })
    await step('a terminal that starts on a full disk still stands, or says why not', async () => {
      await w.close(); w = null
      brim(filler)
      w = await open(state)
      await w.until('attract or the sentence', async () => ['attract', 'fault'].includes(await w.screen()))
      await presentable(w, 'kk')
    })
  } finally {
    await w?.close().catch(() => {})
    dock('stick', 'out')
    sh('umount', ['-l', state])
  }
}

/** brim writes a file until nothing more fits. */
function brim(file) {
  try { sh('dd', ['if=/dev/zero', 'of=' + file, 'bs=4096']) } catch { /* it ends by finding no room */ }
}

/** clock: the same program, built from a commit of the year 2099, so that today is before its time. */
async function clock(check) {
  const root = dirname(bin), tree = join(house, 'future')
  let program
  try {
    rmSync(tree, { recursive: true, force: true })
    sh('git', ['clone', '-q', '--shared', root, tree])
    sh('git', ['-C', tree, '-c', 'user.name=clock', '-c', 'user.email=clock@localhost', 'commit', '-q', '--allow-empty', '-m', 'later'],
      { env: { GIT_COMMITTER_DATE: '2099-01-01T00:00:00Z', GIT_AUTHOR_DATE: '2099-01-01T00:00:00Z' } })
  } catch (e) {
    console.log(`not checked: a clock before the build (no commit to build from: ${e.message.split('\n')[0]})`)
    return
  }
  try {
    sh('cp', ['-r', join(root, 'frontend/dist'), join(tree, 'frontend')])
    program = join(bin, 'tirkeu-e2e-future')
    sh('go', ['-C', tree, 'build', '-trimpath', '-ldflags', '-s -w', '-tags', 'desktop,production,webkit2_41,demonstration,e2e', '-o', program, '.'])
    await check('a clock before the build puts the terminal out of service, in words, and nothing is written', async () => {
      const state = enrolled('outside-clock'), before = statSync(join(state, 'kiosk.db')).mtimeMs
      const w = await open(state, { binary: 'tirkeu-e2e-future' })
      try {
        await w.on('fault')
        for (const lang of ['kk', 'ru', 'en']) { await w.touch('lang-' + lang); await says(w, lang, 'error.E-1504.title', 'error.E-1504.text', 'error.E-1504.hint') }
        if (!(await w.text()).includes('E-1504')) throw new Error('its number is not shown')
      } finally { await w.close() }
      if (statSync(join(state, 'kiosk.db')).mtimeMs !== before) throw new Error('the database was written')
      const again = await open(state)
      try { await again.on('attract') } finally { await again.close() }
    })
  } finally {
    rmSync(tree, { recursive: true, force: true })
    if (program) rmSync(program, { force: true })
  }
}

/** Bend is a way to the centre that can show another certificate than the centre's. */
class Bend {
  async open() {
    this.to = new URL(centreUrl)
    this.sockets = new Set()
    this.outer = createServer(s => {
      this.sockets.add(s); s.on('error', () => {}).on('close', () => this.sockets.delete(s))
      const t = this.face ? connect(this.face.address().port, '127.0.0.1') : connect(Number(this.to.port), this.to.hostname)
      t.on('error', () => s.destroy()).on('close', () => s.destroy())
      s.on('close', () => t.destroy())
      s.pipe(t).pipe(s)
    })
    await new Promise(r => this.outer.listen(0, '127.0.0.1', r))
    this.url = `https://127.0.0.1:${this.outer.address().port}`
    return this
  }
  /** show lets everybody who comes see this certificate from now on; none means the centre's own. */
  async show(pair) {
    const face = pair && createTLSServer({ key: pair.key, cert: pair.cert, minVersion: 'TLSv1.3' }, s => s.on('error', () => {}).end())
    face?.on('tlsClientError', () => {})
    if (face) await new Promise(r => face.listen(0, '127.0.0.1', r))
    this.face?.close()
    this.face = face
    for (const s of this.sockets) s.destroy()
  }
  close() { this.face?.close(); this.outer.close(); for (const s of this.sockets) s.destroy() }
}

/** certificates: one of another authority, and one of the centre's own authority that has expired, both made by openssl. */
function certificates() {
  const dir = join(house, 'outside-certificates'), keys = join(house, 'centre', 'centre-keys')
  rmSync(dir, { recursive: true, force: true }); mkdirSync(dir)
  const file = name => join(dir, name), pair = name => ({ key: readFileSync(file(name + '.key')), cert: readFileSync(file(name + '.pem')) })
  const request = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1']
  sh('openssl', ['req', '-x509', '-days', '30', ...request, '-keyout', file('foreign.key'), '-out', file('foreign.pem')])
  sh('openssl', ['req', ...request, '-keyout', file('expired.key'), '-out', file('expired.csr')])
  writeFileSync(file('ca.cnf'), `[ca]\ndefault_ca=a\n[a]\ndatabase=${file('index')}\nnew_certs_dir=${dir}\nserial=${file('serial')}\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n`)
  writeFileSync(file('index'), ''); writeFileSync(file('serial'), '1000\n')
  sh('openssl', ['ca', '-batch', '-config', file('ca.cnf'), '-cert', join(keys, 'issuing.pem'), '-keyfile', join(keys, 'issuing.key'), '-in', file('expired.csr'),
    '-out', file('leaf.pem'), '-startdate', '20240101000000Z', '-enddate', '20250101000000Z', '-notext'])
  writeFileSync(file('expired.pem'), readFileSync(file('leaf.pem'), 'utf8') + readFileSync(join(keys, 'issuing.pem'), 'utf8'))
  return { foreign: pair('foreign'), expired: pair('expired') }
}

/** certificate: what stands at the centre's address shows a certificate that must not be believed. */
async function certificate(check, person) {
  const bend = await new Bend().open()
  const state = join(house, 'states', 'outside-certificate')
  rmSync(state, { recursive: true, force: true }); mkdirSync(state, { recursive: true })
  let w
  try {
    await provision(state, bend.url)
    const pairs = certificates()
    w = await open(state)
    const step = story(check, w)
    for (const [kind, code, lang] of [['foreign', 'E-1405', 'ru'], ['expired', 'E-1404', 'en']]) {
      await step(`a centre with ${kind === 'foreign' ? "another authority's" : 'an expired'} certificate is told nothing, and the citizen is told why`, async () => {
        await w.on('attract'); await bend.show(pairs[kind])
        await w.start(lang); await w.on('menu'); await w.act('status'); await w.on('status.number')
        await w.pad('00000000000'); await w.act('status.find'); await told(w, code, lang, 'status.number')
        await w.until('the line shown as down', async () => !(await w.online()))
      })
      await step(`over it an application is accepted all the same, and goes out when the ${kind} certificate is gone`, async () => {
        await w.act('back'); await w.on('menu'); await w.act('apply'); await enterIIN(w, person.iin); await toStorage(w, person)
        const number = await onStick(w)
        if (centre('application', 'list', '--json').includes(number)) throw new Error('the centre has it already')
        await bend.show(null)
        await arrived(number)
      })
    }
  } finally {
    await w?.close().catch(() => {})
    bend.close()
  }
}

/** provision enrols a device into a folder that stays where it is. The way to the centre may lead through this process: so it is not waited for with a blocking call. */
async function provision(state, url) {
  const k = JSON.parse(centre('kiosk', 'add', basename(state), '--json'))
  await new Promise((done, failed) => {
    const p = execFile(join(bin, 'tirkeu-demo'), provisioning(state, url, k.reference), (e, out, err) => (e ? failed(new Error(out + err)) : done()))
    p.stdin.end(k.secret)
  })
}

/** only gives a configuration with one maker's module: a terminal into which only that maker's tokens are plugged. */
function only(name, kind) {
  const file = configuration(name)
  const [head, ...modules] = readFileSync(file, 'utf8').split(/^(?=\[\[module\]\])/m)
  const kept = modules.filter(m => m.includes(`name = "${kind}"`))
  if (kept.length !== 1) throw new Error(`${kept.length} modules of ${kind}`)
  writeFileSync(file, head + kept.join(''))
  return file
}

/** operators: two of them, each at a terminal of his own, and an application whose time runs out under one's hands. */
async function operators(check, { sticky, first, second }) {
  const kindOf = p => JSON.parse(dock('list', '--json')).tokens.find(t => t.name === p.token).kind
  const a = await open(enrolled('outside-first'), { config: only('outside-first', kindOf(first)) })
  let b
  const step = story(check, a)
  try {
    b = await open(enrolled('outside-second'), { config: only('outside-second', kindOf(second)) })
    const one = [], CONFIRM = '[data-testid="step-confirm"]', REJECT = '[data-testid="step-reject"]'
    await step('two operators sit at two terminals', async () => {
      for (let i = 0; i < 2; i++) {
        await a.on('attract'); await toKeyStorage(a, 'kk', sticky)
        one.push(await onStick(a)); await arrived(one[i])
      }
      await supervise(a, first); await a.touch('lang-ru')
      await supervise(b, second); await b.touch('lang-kk')
    })
    await step('what one has open the other cannot take, and is told so', async () => {
      await openApplication(a, one[0])
      const css = `[data-testid="action-staff.open"][data-number="${one[0]}"]`
      await b.until(`application ${one[0]} in the queue`, async () => { if (await b.shows(css)) return true; await b.act('staff.search'); return false }, 60000)
      await b.touch(css); await told(b, 'E-1605', 'kk', 'staff.queue')
    })
    await step('once it is closed the other has it, and the first is told', async () => {
      await a.act('staff.close'); await a.on('staff.queue')
      await openApplication(b, one[0])
      const css = `[data-testid="action-staff.open"][data-number="${one[0]}"]`
      await a.until('it in the queue', () => a.shows(css)); await a.touch(css); await told(a, 'E-1605', 'ru', 'staff.queue')
      if (!(await b.shows(CONFIRM)) || !(await b.shows(REJECT))) throw new Error('the second operator cannot decide')
      await b.act('staff.close'); await b.on('staff.queue')
    })
    await step('a decision on what expired meanwhile is told, and nothing is issued', async () => {
      await openApplication(a, one[1])
      sh('sqlite3', [db.replace(/^sqlite:/, ''), '.timeout 20000', `UPDATE applications SET expires_at = created_at WHERE number = '${one[1]}'`])
      await a.touch('step-confirm')
      await a.touch('[data-testid^="field-document-type-"]'); await a.type('document', '012345678'); await a.act('staff.confirm')
      await told(a, 'E-1606', 'ru', 'staff.application')
      const now = JSON.parse(centre('application', 'list', '--json')).find(x => x.number === one[1])
      if (now.status !== 'expired') throw new Error('it stands as ' + now.status)
    })
    await step('its citizen reads that it has expired', async () => {
      dock('pull', first.token); await a.on('attract', { notices: true })
      await a.start('en'); await a.on('menu'); await a.act('status'); await a.on('status.number')
      await a.pad(one[1]); await a.act('status.find'); await a.on('status.word'); await says(a, 'en', 'status.expired')
    })
    await step('the other application is confirmed by the second operator all the same', async () => {
      await openApplication(b, one[0])
      await b.touch('step-confirm'); await b.touch('[data-testid^="field-document-type-"]'); await b.type('document', '012345678'); await b.act('staff.confirm')
      await b.on('staff.decided')
      await until('it confirmed', () => ['confirmed', 'issued'].includes(JSON.parse(centre('application', 'list', '--json')).find(x => x.number === one[0]).status))
    })
  } finally {
    for (const p of [first, second]) if (JSON.parse(dock('list', '--json')).tokens.find(t => t.name === p.token).plugged) dock('pull', p.token)
    await a.close().catch(() => {})
    await b?.close().catch(() => {})
  }
}
