// Looks at every screen in headless Chromium: node gallery/look.js --out DIR [--ids a,b] [--langs kk,ru,en]
//   [--displays p21,l21,l10] [--texts 0,1,2] [--contrasts normal,high] [--no-pictures]
// Prints what is wrong, ends 1 if anything is. Needs `npm run gallery:build` and a chromium.
import { createServer } from 'node:http'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const { values: v } = parseArgs({ options: {
  out: { type: 'string', default: join(tmpdir(), 'tirkeu-gallery') }, ids: { type: 'string' }, langs: { type: 'string', default: 'kk,ru,en' },
  displays: { type: 'string', default: 'p21,l21,l10' }, texts: { type: 'string', default: '0,1,2' }, contrasts: { type: 'string', default: 'normal' },
  'no-pictures': { type: 'boolean', default: false }, axe: { type: 'boolean', default: false } } })
const sizes = { p21: [1080, 1920], l21: [1920, 1080], l10: [1280, 800] }
const dist = new URL('../node_modules/.gallery/', import.meta.url).pathname
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' }
const server = createServer((q, a) => {
  const asked = new URL(q.url, 'http://x').pathname
  const path = join(dist, asked === '/' ? 'index.html' : asked)
  if (!path.startsWith(dist) || !existsSync(path)) return a.writeHead(404).end()
  a.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path))
})
await new Promise((r) => server.listen(0, '127.0.0.1', r))
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--font-render-hinting=none'] })
const axe = v.axe ? readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8') : ''
let wrong = 0, seen = 0
mkdirSync(v.out, { recursive: true })
for (const display of v.displays.split(',')) {
  const [width, height] = sizes[display]
  const page = await browser.newPage({ viewport: { width, height } })
  page.on('pageerror', (e) => { wrong++; console.log(`${display} page error: ${e.message}`) })
  await page.goto(`http://127.0.0.1:${server.address().port}/?display=${display}`)
  await page.waitForSelector('main[data-settled=true]')
  if (axe) await page.evaluate(axe)
  const ids = v.ids ? v.ids.split(',') : await page.evaluate(() => gallery.ids)
  for (const contrast of v.contrasts.split(',')) for (const text of v.texts.split(',').map(Number)) for (const lang of v.langs.split(',')) for (const id of ids) {
    const found = await page.evaluate(async (how) => {
      const seq = await gallery.show(how.id, { ...how, motion: false })
      for (let i = 0; i < 300 && document.documentElement.dataset.seq !== String(seq); i++) await new Promise((r) => setTimeout(r, 5))
      await document.fonts.ready
      for (let i = 0; i < 3; i++) await new Promise((r) => requestAnimationFrame(r))
      return [...[...document.querySelectorAll('.missing-word')].map((e) => 'missing: ' + e.textContent), ...gallery.check()]
    }, { id, lang, text, contrast, display })
    if (axe && text === 0) {
      found.push(...await page.evaluate(async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
        .filter((x) => x.impact === 'serious' || x.impact === 'critical').map((x) => `axe ${x.id}: ${x.nodes.map((n) => n.target).join(' ')}`)))
    }
    seen++
    wrong += found.length
    for (const f of found) console.log(`${display} ${lang} ${text} ${contrast} ${id}: ${f}`)
    if (!v['no-pictures']) await page.screenshot({ path: join(v.out, `${display}-${id}-${lang}-${text}${contrast === 'high' ? '-high' : ''}.png`) })
  }
  await page.close()
}
await browser.close()
server.close()
console.log(`${seen} looked at, ${wrong} wrong`)
process.exitCode = wrong ? 1 : 0
