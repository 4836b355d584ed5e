// Measures the window: from exec to the first painted screen, and the memory of the whole process tree, beside a bare page.
//   node window.mjs RUNS BARE -- KIOSK ARGS...
// Prints one JSON line: medians of both and the ratios kiosk/bare, taken in turn in one run.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const [runs, bare, , kiosk, ...args] = process.argv.slice(2)
const pause = ms => new Promise(r => setTimeout(r, ms))
const median = a => a.slice().sort((x, y) => x - y)[a.length >> 1]

/** tree gives the process ids of a process and all below it. */
function tree(pid) {
  const children = new Map()
  for (const p of readdirSync('/proc').filter(p => /^\d+$/.test(p))) {
    try {
      const stat = readFileSync(`/proc/${p}/stat`, 'utf8')
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      children.set(parent, [...(children.get(parent) ?? []), Number(p)])
    } catch { /* ended */ }
  }
  const all = [pid]
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i]) ?? []))
  return all
}

/** pss is the proportional set size of a process tree in MB (proc(5), smaps_rollup). */
function pss(pid) {
  let kb = 0
  for (const p of tree(pid)) {
    try { kb += Number(readFileSync(`/proc/${p}/smaps_rollup`, 'utf8').match(/^Pss:\s+(\d+)/m)[1]) } catch { /* ended */ }
  }
  return kb / 1024
}

async function once(program, args) {
  const began = performance.now()
  const p = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise(r => p.once('exit', r))
  const painted = await new Promise((ok, no) => {
    let said = ''
    p.stderr.on('data', d => { said += d; if (said.includes('painted')) ok(performance.now() - began) })
    ended.then(() => no(new Error(`${program} ended before it painted: ${said.slice(-400)}`)))
    setTimeout(() => no(new Error(`${program} did not paint within a minute`)), 60000).unref()
  })
  await pause(2500) // memory settles
  const memory = pss(p.pid)
  p.kill('SIGTERM')
  await Promise.race([ended, pause(3000)])
  p.kill('SIGKILL')
  await pause(300)
  return { painted, memory }
}

const a = [], b = []
for (let i = 0; i <= Number(runs); i++) {
  const x = await once(bare, []), y = await once(kiosk, args)
  if (i > 0) { a.push(x); b.push(y) } // the first of each warms the caches
}
const m = (l, k) => median(l.map(v => v[k]))
console.log(JSON.stringify({
  bareMs: Math.round(m(a, 'painted')), kioskMs: Math.round(m(b, 'painted')), ratioMs: +(median(b.map((v, i) => v.painted / a[i].painted))).toFixed(2),
  bareMB: Math.round(m(a, 'memory')), kioskMB: Math.round(m(b, 'memory')), ratioMB: +(median(b.map((v, i) => v.memory / a[i].memory))).toFixed(2),
}))
