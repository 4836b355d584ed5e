// Measures how long after a plug and a pull the screen says so, beside what those need who know of it first: libusb, and the PKCS#11 module.
//   node plug.mjs ROUNDS PEER     (the house as for the end-to-end runs: TIRKEU_BIN, TIRKEU_HOUSE, …)
// Prints one JSON line: for each path and way the medians in milliseconds, of the screen and of the peer, and how much more the screen needs. The peers
// are alone with the devices, half of their rounds before the kiosk and half after it: two programs that read one card at once wait for each other, and the
// machine is not as quick at one time as at another.
import { spawn } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { bin, dock, house, moduleOf, onBus, people } from '../frontend/e2e/house.mjs'
import { enterIIN, tokens, toStorage } from '../frontend/e2e/journeys.mjs'
import { configuration, enrolled, open, until } from '../frontend/e2e/kiosk.mjs'

const [rounds, peer] = process.argv.slice(2)
const ROUNDS = Number(rounds)
const pause = ms => new Promise(r => setTimeout(r, ms))
const median = a => a.slice().sort((x, y) => x - y)[a.length >> 1]
const now = () => performance.timeOrigin + performance.now()

/** bus gives the bus a command, and gives the time at which it was given: a program started for it would take longer than what is measured. */
const bus = words => new Promise((ok, no) => {
  const line = connect(join(house, 'dock', 'bus', 'control'))
  let at, said = ''
  line.on('connect', () => { at = now(); line.write(JSON.stringify({ words }) + '\n') })
  line.on('data', d => { said += d })
  line.on('end', () => { const a = JSON.parse(said); if (a.error) no(new Error(a.error)); else ok(at) })
  line.on('error', no)
})

const ccid = tokens().find(t => t.bus && t.kind !== 'idcard'), other = tokens().find(t => !t.bus && t.role === 'citizen' && t.kind === 'kaztoken')
const PORT = '1-2' // of the token with a reader of its own
const control = join(house, 'dock', 'tokens', 'modules', `${other.kind}.ctl`)

/** devices are what is plugged: how, and when that was. */
const devices = {
  bus: { in: () => bus(['plug', PORT, ccid.kind, ccid.name]), out: () => bus(['pull', PORT]) },
  module: { in: () => moved('plug'), out: () => moved('pull') },
}
/** moved lets the dock plug or pull: the token is in or out when the file that its module reads is written. */
async function moved(how) { dock(how, other.name); return statSync(control).mtimeMs }

/** Peer is a program that says what it knows, and when. */
class Peer {
  constructor(args, env) {
    this.lines = []
    this.p = spawn(peer, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
    let text = ''
    this.p.stdout.on('data', d => {
      text += d
      for (let i; (i = text.indexOf('\n')) >= 0; text = text.slice(i + 1)) this.lines.push(JSON.parse(text.slice(0, i)))
    })
  }
  async starts() { await until('the peer', () => this.lines.length > 0); await pause(500); this.here = this.lines.at(-1).there }
  /** changed is when there was one more than at the start, or no more again, after a time. */
  changed(after, more) { return until('the peer to see it', () => this.lines.find(l => l.at >= after && l.there === this.here + more)?.at) }
  end() { this.p.stdin.end() }
}

/** alone measures the peers of one device. */
async function alone(device, peers) {
  const took = {}
  for (const name in peers) { await peers[name].starts(); took[name] = { plug: [], pull: [] } }
  for (let i = 0; i < Math.ceil(ROUNDS / 2); i++) {
    for (const [how, more] of [['plug', 1], ['pull', 0]]) {
      const at = await (more ? device.in() : device.out())
      for (const name in peers) took[name][how].push(await peers[name].changed(at, more) - at)
      await pause(400)
    }
  }
  for (const name in peers) peers[name].end()
  return took
}

// WATCH notes in the page when a part has come or gone: after the frame in which it did was painted.
const WATCH = `window.seen = []
  const parts = arguments[0], last = {}
  const look = () => {
    for (const name in parts) {
      const there = !!document.querySelector(parts[name])
      if (last[name] === there) continue
      last[name] = there
      requestAnimationFrame(() => setTimeout(() => window.seen.push({ name, there, at: Date.now() })))
    }
  }
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true })
  look()`

const button = kind => `[data-testid="action-apply.storage"][data-insertion][data-kind="${kind}"]`
const parts = {
  found: `[data-testid="plug"][data-event="found"][data-device="${ccid.kind}"]`, removed: `[data-testid="plug"][data-event="removed"][data-device="${ccid.kind}"]`,
  bus: button(ccid.kind), module: button(other.kind),
}

/** onScreen measures one device in the kiosk's window: what[how] are the parts that a plug or a pull brings, or takes away. */
async function onScreen(w, device, what) {
  const took = {}
  for (const name in what) took[name] = { plug: [], pull: [] }
  const when = (part, there, after) => until(`${part} on the screen`, () => w.run(
    'return window.seen.find(s => s.name === arguments[0] && s.there === arguments[1] && s.at >= arguments[2])?.at ?? null', part, there, Math.floor(after)))
  for (let i = 0; i < ROUNDS; i++) {
    for (const how of ['plug', 'pull']) {
      const at = await (how === 'plug' ? device.in() : device.out())
      await pause(300) // the driver's questions are no part of it
      for (const name in what) { const [part, there] = what[name][how]; took[name][how].push(await when(part, there, at) - at) }
      await pause(400)
    }
  }
  return took
}

/** examined is the kiosk's configuration with the module as an examination on site left it: it tells of its slots. */
function examined() {
  const profile = join(house, 'plug-profile.toml')
  writeFileSync(profile, 'slot_events = "yes"\n')
  const file = configuration('plug', 'idle_seconds = 3600')
  writeFileSync(file, readFileSync(file, 'utf8').replace(new RegExp(`(name = "${other.kind}"\\n.*\\nenv = \\[)(.*)`), `$1"TIRKEU_SHIM_EVENTS=yes", $2\nprofile = "${profile}"`))
  return file
}

const opensc = moduleOf('opensc'), maker = moduleOf(other.kind)
const both = async () => ({
  bus: await alone(devices.bus, { usb: new Peer(['usb'], onBus()), bus: new Peer(['module', opensc.path], opensc.env) }),
  module: await alone(devices.module, { module: new Peer(['module', maker.path], { ...maker.env, TIRKEU_SHIM_EVENTS: 'yes' }) }),
})
const before = await both()
const config = examined(), w = await open(enrolled('plug', 'l21', config), { config, env: onBus() })
const screen = {}
try {
  const citizen = people().find(p => `${p.surname} ${p.given}` === other.owner)
  await w.start('ru'); await w.on('menu'); await w.act('apply'); await enterIIN(w, citizen.iin); await toStorage(w, citizen)
  await w.run(WATCH, parts)
  await pause(3000)
  screen.bus = await onScreen(w, devices.bus, { usb: { plug: ['found', true], pull: ['removed', true] }, bus: { plug: ['bus', true], pull: ['bus', false] } })
  screen.module = await onScreen(w, devices.module, { module: { plug: ['module', true], pull: ['module', false] } })
} finally { await w.close().catch(() => {}) }
const after = await both()

const round = n => +n.toFixed(1)
const result = {}
for (const device of ['bus', 'module']) {
  for (const name in screen[device]) {
    for (const how of ['plug', 'pull']) {
      const kiosk = median(screen[device][name][how]), alone = median([...before[device][name][how], ...after[device][name][how]])
      result[`${name}_${how}`] = { screen: round(kiosk), peer: round(alone), more: round(kiosk - alone) }
    }
  }
}
console.log(JSON.stringify(result))
process.exit(0)
