// Measures what the kiosk takes of a core while nobody uses it, with four tokens plugged: two behind pcscd and OpenSC, two behind their makers' modules.
//   node idle.mjs SECONDS     (the house as for the end-to-end runs: TIRKEU_BIN, TIRKEU_HOUSE, …)
// Prints one JSON line: the shares in per cent, of the kiosk's own process, of its token workers, of the page's processes and of pcscd.
import { readdirSync, readFileSync } from 'node:fs'
import { dock, house, onBus, sh } from '../frontend/e2e/house.mjs'
import { tokens } from '../frontend/e2e/journeys.mjs'
import { enrolled, plain, until } from '../frontend/e2e/kiosk.mjs'

const SECONDS = Number(process.argv[2])
const SETTLES = 15000 // after the first screen: workers start, and look often for ten seconds
const TICK = Number(sh('getconf', ['CLK_TCK'])) // proc(5), /proc/pid/stat
const pause = ms => new Promise(r => setTimeout(r, ms))

/** processes gives name, parent and the seconds of processor time of every process. */
function processes() {
  const all = new Map()
  for (const pid of readdirSync('/proc').filter(p => /^\d+$/.test(p))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8'), end = stat.lastIndexOf(')'), f = stat.slice(end + 2).split(' ')
      all.set(Number(pid), { name: stat.slice(stat.indexOf('(') + 1, end), parent: Number(f[1]), spent: (Number(f[11]) + Number(f[12])) / TICK })
    } catch { /* ended */ }
  }
  return all
}

/** part says whose a process is: nobody's that is asked for, or one of the names of the result. */
function part(pid, all, kiosk) {
  const p = all.get(pid)
  if (p.name === 'pcscd' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(house)) return 'pcscd'
  if (pid === kiosk) return 'kiosk'
  for (let above = p; above; above = all.get(above.parent)) if (above.parent === kiosk) return p.name.startsWith('tirkeu-token') ? 'workers' : 'page'
  return null
}

const bus = [tokens().find(t => t.bus && t.kind === 'idcard'), tokens().find(t => t.bus && t.kind !== 'idcard')], others = ['kaztoken', 'akey'].map(kind => tokens().find(t => !t.bus && t.kind === kind && t.state === 'ready'))
for (const t of [...bus, ...others]) dock('plug', t.name)
const k = plain(enrolled('idle'), { env: onBus() })
const result = { kiosk: 0, workers: 0, page: 0, pcscd: 0 }
try {
  await until('the first screen', () => k.said.includes('painted'), 60000)
  await pause(SETTLES)
  const before = processes(), began = performance.now()
  await pause(SECONDS * 1000)
  const after = processes(), took = (performance.now() - began) / 1000
  for (const [pid, p] of after) {
    const whose = before.has(pid) && part(pid, after, k.pid)
    if (whose) result[whose] += 100 * (p.spent - before.get(pid).spent) / took
  }
  const workers = [...after.values()].filter(p => p.parent === k.pid && p.name.startsWith('tirkeu-token')).length
  if (workers < 6) throw new Error(`${workers} token workers`)
} finally {
  k.kill('SIGTERM')
  await k.ended
  for (const t of [...bus, ...others]) dock('pull', t.name)
}
for (const name in result) result[name] = +result[name].toFixed(2)
result.own = +(result.kiosk + result.workers).toFixed(2)
console.log(JSON.stringify(result))
