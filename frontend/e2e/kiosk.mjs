// Kiosks for the end-to-end suite: each with a state folder of its own, enrolled by command or not at all.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hands } from './hands.mjs'
import { bin, centre, centreUrl, house, sh } from './house.mjs'

/** configuration writes a kiosk.toml with lines of the test's own before the house's, and gives its path. */
export function configuration(name, extra = '') {
  const file = join(house, `${name}.toml`)
  const whole = readFileSync(join(house, 'kiosk.toml'), 'utf8')
  writeFileSync(file, extra + '\n' + whole)
  return file
}

/** provisioning is the command that enrols a device into the folder; the secret goes to its standard input. */
export const provisioning = (state, url, reference, { display = 'l21', config = join(house, 'kiosk.toml') } = {}) =>
  ['provision', '--config', config, '--state', state, '--centre', url, '--reference', reference, '--display', display, '--languages', 'kk,ru,en']

/** enrolled gives a state folder with a device that the centre knows; display is one of p21, l21, l10. */
export function enrolled(name, display = 'l21', config = join(house, 'kiosk.toml'), binary = 'tirkeu-demo') {
  const state = join(house, 'states', name)
  if (existsSync(join(state, 'device.json'))) return state
  rmSync(state, { recursive: true, force: true })
  mkdirSync(state, { recursive: true })
  const k = JSON.parse(centre('kiosk', 'add', name, '--json'))
  sh(join(bin, binary), provisioning(state, centreUrl, k.reference, { display, config }), { input: k.secret })
  return state
}

/** open shows a kiosk on the state folder; before is the beginning of its command line, of programs that become it. */
export function open(state, { config = join(house, 'kiosk.toml'), binary = 'tirkeu-e2e', args = [], before = [], env } = {}) {
  const [program, ...rest] = [...before, join(bin, binary), '--config', config, '--state', state, ...args]
  return Hands.open({ binary: program, args: rest, log: join(house, 'logs', 'e2e-kiosk.log'), env })
}

/** plain starts the kiosk without a driver and gives the process with its output. */
export function plain(state, { config = join(house, 'kiosk.toml'), binary = 'tirkeu-demo', env = {} } = {}) {
  const p = spawn(join(bin, binary), ['--config', config, '--state', state], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  p.said = ''
  p.stdout.on('data', d => { p.said += d })
  p.stderr.on('data', d => { p.said += d })
  p.ended = new Promise(r => p.once('exit', (code, signal) => r({ code, signal })))
  return p
}

/** until waits for something to become true. */
export async function until(what, probe, limit = 20000) {
  const end = Date.now() + limit
  for (;;) {
    const v = await probe()
    if (v) return v
    if (Date.now() > end) throw new Error(`waited ${limit / 1000} s for ${what}`)
    await new Promise(r => setTimeout(r, 50))
  }
}
