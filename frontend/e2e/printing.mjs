// A print server of the run's own (CUPS, without systemd) with one driverless queue, whose printer is CUPS's own virtual one (ippeveprinter) with a
// paper tray that can be emptied. What CUPS is told and what the printer says of itself are those of hardware/printer's tests.
import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { house, sh } from './house.mjs'
import { until } from './kiosk.mjs'
import { freePort } from './webdriver.mjs'

const described = name => readFileSync(new URL(`../../hardware/printer/testdata/${name}`, import.meta.url), 'utf8')

// What the printer does with a document: it waits while there is no paper, or while it is held, and then puts out one sheet. Like a real one it drops a
// job that it was told to cancel; ippeveprinter would let the program go on. (The printer is asked for the word by IPP, for it tells its program nothing.)
const head = `#!/bin/sh
drop=
dropped() { ipptool -t -d id="$IPP_JOB_ID" ipp://localhost:PORT/ipp/print DIR/job.ipp | grep -q processing-to-stop-point; }
while [ ! -e DIR/paper ] || [ -e DIR/held ]; do
  [ -e DIR/paper ] || echo 'STATE: +media-empty-error' >&2
  dropped && drop=yes && break
  sleep 0.2
done
echo 'STATE: -media-empty-error' >&2 # also of a dropped job: ippeveprinter asks its program for nothing more until paper is there
[ "$drop" ] || cp "$1" "DIR/printed/$(date +%s%N).pdf"
`
const asked = (operation, attributes, shown) => `{ OPERATION ${operation} GROUP operation-attributes-tag ATTR charset attributes-charset utf-8
ATTR language attributes-natural-language en ATTR uri printer-uri $uri ${attributes} ${shown.map(s => 'DISPLAY ' + s).join(' ')} }\n`

export class PrintServer {
  /** open starts everything; the queue prints when it is there. */
  static async open() {
    const s = new this()
    // Not in the house: CUPS's filters run as another user and must reach it, and a socket's path must be short.
    s.dir = mkdtempSync(join(tmpdir(), 'tkpaper'))
    s.socket = join(s.dir, 'socket')
    s.running = []
    try { await s.#start() } catch (e) { await s.close(); throw e }
    return s
  }

  async #start() {
    this.port = await freePort()
    chmodSync(this.dir, 0o711)
    for (const d of ['etc', 'spool', 'tmp', 'cache', 'state', 'log', 'jobs', 'printed']) mkdirSync(join(this.dir, d))
    const write = (name, text, mode = 0o644) => writeFileSync(join(this.dir, name), text.replaceAll('DIR', this.dir).replaceAll('PORT', this.port), { mode })
    write('etc/cupsd.conf', described('cupsd.conf')); write('roll.conf', described('roll.conf'))
    write('etc/cups-files.conf', described('cups-files.conf').replaceAll('GROUP', sh('id', ['-gn']).trim())) // who may change this server: the run need not be root
    write('head', head, 0o755)
    write('job.ipp', asked('Get-Job-Attributes', 'ATTR integer job-id $id', ['job-state-reasons']))
    write('jobs.ipp', asked('Get-Jobs', 'ATTR keyword which-jobs all ATTR keyword requested-attributes job-id,job-state', ['job-id', 'job-state']))
    this.paper(true)
    // The virtual printer wants Avahi, whose library wants a system bus; an empty one will do.
    this.#run('dbus-daemon', ['--session', '--nofork', '--nopidfile', '--address=unix:path=' + join(this.dir, 'bus')])
    await this.#answers({ path: join(this.dir, 'bus') })
    await this.comes()
    this.#run('cupsd', ['-f', '-c', join(this.dir, 'etc/cupsd.conf'), '-s', join(this.dir, 'etc/cups-files.conf')])
    await this.#answers({ path: this.socket })
    this.#asked('lpadmin', ['-p', 'Receipt', '-E', '-v', `ipp://localhost:${this.port}/ipp/print`, '-m', 'everywhere', '-o', 'printer-error-policy=abort-job'])
    await until('the driverless queue', () => this.#asked('lpoptions', ['-p', 'Receipt']).includes('IPP Everywhere'))
    this.before = readdirSync(join(this.dir, 'tmp'))
  }

  /** run starts a program in a group of its own that ends with the server. */
  #run(program, args, env = {}) {
    const log = openSync(join(this.dir, 'log', program), 'a')
    const p = spawn(program, args, { env: { ...process.env, PATH: process.env.PATH + ':/usr/sbin:/sbin', ...env }, stdio: ['ignore', log, log], detached: true })
    p.over = new Promise(r => p.once('exit', r).once('error', r))
    this.running.push(p)
    return p
  }
  #asked(program, args) { return sh(program, args, { env: { CUPS_SERVER: this.socket, PATH: process.env.PATH + ':/usr/sbin:/sbin' } }) }
  #answers(at) {
    return until('an answer at ' + JSON.stringify(at), () => new Promise(r => { const s = connect(at).once('connect', () => { s.destroy(); r(true) }).once('error', () => r(false)) }))
  }
  async #end(p, signal) {
    this.running = this.running.filter(q => q !== p)
    try { process.kill(-p.pid, signal) } catch { /* it has ended */ }
    await p.over
  }

  /** comes switches the printer on, vanishes takes it away in the middle of whatever it does, with what it had in its memory. */
  async comes() {
    this.printer = this.#run('ippeveprinter', ['-r', 'off', '-p', String(this.port), '-n', 'localhost', '-a', join(this.dir, 'roll.conf'), '-c', join(this.dir, 'head'),
      '-d', join(this.dir, 'jobs'), 'Virtual'], { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=' + join(this.dir, 'bus') })
    await this.#answers({ port: this.port, host: 'localhost' })
  }
  vanishes() { return this.#end(this.printer, 'SIGKILL') }

  /** paper fills the tray or empties it; hold keeps the printer busy with the job it has. */
  paper(there) { this.#mark('paper', there) }
  hold(on) { this.#mark('held', on) }
  #mark(name, there) { if (there) writeFileSync(join(this.dir, name), ''); else rmSync(join(this.dir, name), { force: true }) }

  /** printed are the documents that came out on paper, in order. */
  printed() { return readdirSync(join(this.dir, 'printed')).sort().map(n => join(this.dir, 'printed', n)) }
  /** jobs of the printer as it tells them itself: number and state. */
  jobs() {
    return this.#asked('ipptool', ['-c', `ipp://localhost:${this.port}/ipp/print`, join(this.dir, 'jobs.ipp')]).trim().split('\n').slice(1).filter(l => l)
      .map(l => { const [id, state] = l.split(','); return { id: Number(id), state } })
  }
  /** kept is what CUPS still has: jobs in its lists, ended ones too, and their documents and descriptions on disk. */
  kept() {
    return [...this.#asked('lpstat', ['-W', 'all', '-o']).split('\n'), ...readdirSync(join(this.dir, 'spool')).filter(n => /^[cd]\d/.test(n)),
      ...readdirSync(join(this.dir, 'tmp')).filter(n => !this.before.includes(n))].filter(l => l)
  }
  /** asked is how often CUPS has asked the printer what became of a document that it has handed over, and how many it has handed over. */
  asked() {
    const handed = this.log('error').split('STATE: +cups-waiting-for-job-completed')
    return { documents: handed.length - 1, times: handed.at(-1).split('Get-Job-Attributes: successful-ok').length - 1 }
  }
  log(name) { const file = join(this.dir, 'log', name); return existsSync(file) ? readFileSync(file, 'utf8') : '' }

  async close() {
    for (const p of [...this.running].reverse()) {
      const hard = setTimeout(() => { try { process.kill(-p.pid, 'SIGKILL') } catch { /* it has ended */ } }, 10000)
      await this.#end(p, 'SIGTERM')
      clearTimeout(hard)
    }
    for (const name of readdirSync(join(this.dir, 'log'))) copyFileSync(join(this.dir, 'log', name), join(house, 'logs', 'paper-' + name))
    rmSync(this.dir, { recursive: true, force: true })
  }
}
