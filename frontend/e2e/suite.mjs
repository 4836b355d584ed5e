// Every end-to-end check in the real window, one after the other. Prints "ok" or "FAILED" for each and ends with the counts.
//   node suite.mjs            all
//   node suite.mjs gallery    one part: life, receipt, paper, mishaps, cards, outside, keyfiles, disk, matrix, cabinet-apply, cabinet-keys, cabinet-staff, cabinet-mishaps, leaks, gallery, training, release
//   node suite.mjs -gallery   all but one part
import { dock } from './house.mjs'
import { tokens } from './journeys.mjs'
import { newStick } from './proof.mjs'

const parts = ['life', 'receipt', 'paper', 'mishaps', 'cards', 'outside', 'keyfiles', 'disk', 'matrix', 'cabinet-apply', 'cabinet-keys', 'cabinet-staff', 'cabinet-mishaps', 'leaks', 'gallery', 'training', 'release']
const named = process.argv.slice(2), without = named.filter(n => n.startsWith('-')).map(n => n.slice(1)), wanted = named.filter(n => !n.startsWith('-'))
let passed = 0, failed = 0

/** check runs one promise and counts it. */
async function check(name, act) {
  try { await act(); passed++; console.log('ok ' + name) } catch (e) { failed++; console.log(`FAILED ${name}: ${e.message}`) }
}

/** clear takes away what an earlier part has left: what is plugged in, the files on the stick, a line that is cut. */
function clear() {
  for (const t of tokens()) if (t.plugged) dock('pull', t.name)
  newStick()
  dock('line', 'restore')
}

for (const p of parts) {
  if (wanted.length && !wanted.includes(p) || without.includes(p)) continue
  const began = Date.now()
  console.log(`-- ${p}`)
  if (p !== 'gallery') clear() // which runs beside the others
  try { await (await import(`./${p}.mjs`)).default(check) } catch (e) { failed++; console.log(`FAILED ${p}: ${e.stack}`) }
  console.log(`-- ${p} took ${Math.round((Date.now() - began) / 1000)} s`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed || !passed ? 1 : 0)
