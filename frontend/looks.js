// The second step of the page's build. Draws the attract screen as it stands after a start, in the states it may have then, into dist/looks.json: the
// program puts the one that fits into index.html (app/window/first.go), and it is painted before the page's script is there.
//   [{state, html}]   state: a snapshot without seq, display and the centre's name, which stands in html as ⟦centre⟧
// Languages in another order than the law's have no look; the page then draws itself first.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { build } from 'vite'
import { words } from './gallery/words.mjs'

const here = new URL('./', import.meta.url)
const own = { configFile: new URL('vite.config.ts', here).pathname, logLevel: 'warn' }
const first = (out) => [out].flat()[0].output.find((o) => o.type === 'chunk').code

// The screens as a program for this step.
const drawn = await build({ ...own, ssr: { noExternal: true }, build: { ssr: 'src/look.ts', write: false } })
mkdirSync(new URL('node_modules/.look/', here), { recursive: true })
const program = new URL('node_modules/.look/look.mjs', here)
writeFileSync(program, first(drawn))
const { look } = await import(program)

const all = Object.fromEntries(['kk', 'ru', 'en'].map((lang) => [lang, words(lang)]))
const looks = []
for (const online of [false, true]) {
  for (const training of [false, true]) {
    const state = {
      lang: 'kk', languages: ['kk', 'ru', 'en'], prefs: { contrast: 'normal', text: 0, motion: true }, centre: { name: '⟦centre⟧' }, online, pending: 0, training, role: 'none',
      session: null, progress: null, screen: { name: 'attract', data: {} }, canBack: false, canExit: false, notice: null, plug: null, devices: [], dialog: null,
    }
    looks.push({ state: { ...state, centre: {} }, html: look({ ...state, seq: 0, display: { widthPx: 0, heightPx: 0, diagonalIn: 0 } }, all) })
  }
}
writeFileSync(new URL('dist/looks.json', here), JSON.stringify(looks))

// What begins the page stands in it, named by its hash to the content policy: one file less to wait for.
const boot = first(await build({ ...own, build: { lib: { entry: 'src/boot.ts', formats: ['iife'], name: 'boot' }, write: false } })).trim()
const index = new URL('dist/index.html', here)
const page = readFileSync(index, 'utf8')
const script = page.match(/\s*<script type="module"[^>]* src="([^"]+)"><\/script>/)
const hash = createHash('sha256').update(boot).digest('base64')
writeFileSync(index, page
  .replace(script[0], '')
  .replace("script-src 'self'", `script-src 'self' 'sha256-${hash}'`)
  .replace('<!--boot-->', () => `<script data-main="${script[1]}">${boot}</script>`))
