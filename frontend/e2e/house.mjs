// The demonstration's house as the end-to-end runs see it: its people, the dock's hands, and outside programs.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const env = name => { const v = process.env[name]; if (!v) throw new Error(`${name} is not set: start this by build/run --demo or build/test`); return v }

export const bin = env('TIRKEU_BIN')
export const house = env('TIRKEU_HOUSE')
export const centreUrl = env('TIRKEU_CENTRE_URL')
export const httpUrl = env('TIRKEU_HTTP_URL')
export const db = env('TIRKEU_DB')
export const out = join(bin, 'demo')

/** sh runs a program to its end and gives what it printed; a failure carries what it said. */
export function sh(program, args, options = {}) {
  const r = spawnSync(program, args, { encoding: options.encoding ?? 'utf8', input: options.input, maxBuffer: 64 << 20, env: { ...process.env, ...options.env } })
  if (r.error) throw r.error
  if (r.status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${r.status}: ${(r.stderr || r.stdout).toString().trim().slice(0, 600)}`)
  return r.stdout
}

/** dock does what a person's hands do: plug, pull, cut the line. */
export const dock = (...args) => sh(join(bin, 'tirkeu-dock'), ['--dir', join(house, 'dock'), ...args])
/** usb plugs and pulls what has no name in the dock: devices on the virtual USB bus that are neither token nor reader. */
export const usb = (...args) => sh(join(bin, 'tirkeu-bus'), ['--dir', join(house, 'dock', 'bus'), ...args])
export const centre = (...args) => sh(join(bin, 'tirkeu-centre'), [...args, '--db', db])

export const people = () => JSON.parse(dock('people', '--json')).people

/** moduleOf gives the module path and environment of the virtual token's maker, for outside PKCS#11 programs. */
export function moduleOf(kind) {
  for (const m of dock('modules').split('[[module]]').slice(1)) {
    const path = m.match(/path\s*=\s*"([^"]+)"/)[1]
    const list = (m.match(/env\s*=\s*\[([\s\S]*?)\]/)?.[1] ?? '').match(/"([^"]+)"/g) ?? []
    const name = m.match(/name\s*=\s*"([^"]+)"/)[1]
    if (name === kind) return { path, env: Object.fromEntries(list.map(s => { const t = JSON.parse(s); const i = t.indexOf('='); return [t.slice(0, i), t.slice(i + 1)] })) }
  }
  throw new Error('the dock has no module ' + kind)
}

/** placeOf gives the number of the slot that token is in, by a pkcs11-tool for its module, and what the module calls it: others of its kind may be in
    the house. A card just put in is waited for: pcscd must power it first. */
export function placeOf(p11, name) {
  const serial = JSON.parse(dock('list', '--json')).tokens.find(t => t.name === name).serial
  for (const end = Date.now() + 10000; ;) {
    const said = p11('-L').toString()
    const slot = said.split(/^(?=Slot )/m).find(s => new RegExp('serial num\\s*:\\s*' + serial + '\\s').test(s))
    if (slot) {
      const [, number, reader] = slot.match(/\((0x[0-9a-f]+)\): (.*)/)
      return { number: String(parseInt(number, 16)), reader: reader.trim() }
    }
    if (Date.now() > end) throw new Error(`no slot has ${name}: ${said}`)
  }
}

/** onBus is the environment in which the kiosk's own libusb sees the virtual bus. */
export const onBus = () => Object.fromEntries([...readFileSync(join(house, 'dock', 'bus', 'env.usb'), 'utf8').matchAll(/^(\w+)='(.*)'; export/gm)].map(m => [m[1], m[2]]))

export const read = file => readFileSync(file)
