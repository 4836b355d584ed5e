// Every screen in the real window: a picture of each in every language, upright and across, and no missing word, no text cut or sticking out, no
// control too small, no pale text; in Kazakh on the first display no serious finding of axe. The largest text, whose long words are Kazakh and
// Russian, stands upright and on the display with the least room. With TIRKEU_SCREENS=all (build/soak screens): everything on every display, and axe in each language.
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, house } from './house.mjs'
import { enrolled, open, until } from './kiosk.mjs'

const here = p => new URL(p, import.meta.url)
export const displays = { p21: [1080, 1920, 21.5], l21: [1920, 1080, 21.5], l10: [1280, 800, 10.1] }
const largest = 2
export const whole = process.env.TIRKEU_SCREENS === 'all'
/** few are the languages in which each screen is looked at on a display; + is the largest text, which training.mjs has in Kazakh on the smallest. */
const few = { p21: ['kk', 'en', 'kk+', 'ru+'], l21: ['kk'], l10: ['en', 'ru+'] }
/** looks gives the languages and text sizes of a display, which of them are kept as a picture, and which axe reads. */
const looks = display => (whole ? ['kk', 'kk+', 'ru', 'ru+', 'en', 'en+'] : few[display]).map(look => {
  const lang = look.slice(0, 2), text = look.endsWith('+') ? largest : 0
  return { lang, text, picture: whole || !text || lang === 'ru', axe: !text && (whole || display === 'p21' && lang === 'kk') }
})

/** bare is the house's configuration without token modules: what is plugged in beside this would end the page that shows the pictures. */
function bare() {
  const file = join(house, 'gallery.toml')
  writeFileSync(file, readFileSync(join(house, 'kiosk.toml'), 'utf8').split(/^\[\[module\]\]/m)[0])
  return file
}

/** screenOf starts an X server of the display's size and gives its name and how to end it. */
export async function screenOf([width, height]) {
  const x = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp', '-noreset'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let number = ''
  x.stdout.on('data', d => { number += d })
  await until('Xvfb', () => number.includes('\n'))
  return { name: `:${number.trim()}`, end: () => x.kill('SIGTERM') }
}

export default async function gallery(check) {
  const { fixtures } = await import(here('../gallery/fixtures.mjs'))
  const overflow = readFileSync(here('../gallery/overflow.js'), 'utf8').replace(/^export /gm, '')
  const axe = readFileSync(here('../node_modules/axe-core/axe.min.js'), 'utf8')
  const shots = join(bin, 'e2e', 'pictures')
  rmSync(shots, { recursive: true, force: true })
  mkdirSync(shots, { recursive: true })
  const config = bare()
  let seq = 1e9
  const named = name => fixtures.find(f => f.snapshot.screen.name === name).snapshot
  const between = named('menu'), other = named('apply.iin')
  for (const [display, [widthPx, heightPx, diagonalIn]] of Object.entries(displays)) {
    const x = await screenOf(displays[display])
    const w = await open(enrolled('gallery-' + display, display, config), { config, env: { DISPLAY: x.name } })
    try {
      await w.on('attract')
      const show = async (snapshot, lang, text) => {
        const s = { ...snapshot, seq: ++seq, lang, prefs: { ...snapshot.prefs, contrast: 'normal', motion: false, text }, display: { widthPx, heightPx, diagonalIn } }
        await w.run(`window.wails.EventsNotify(JSON.stringify({ name: 'state', data: [arguments[0]] }))`, JSON.stringify(s))
        await w.until(`fixture ${snapshot.screen.name}`, () => w.run(`
          const e = document.querySelector('[data-testid="screen-' + arguments[0] + '"]')
          return !!e && document.documentElement.lang === arguments[1] && document.documentElement.dataset.seq === arguments[2] && !document.getAnimations().some(a => a.playState === 'running' && a.effect?.getTiming().iterations !== Infinity)`, snapshot.screen.name, lang, String(seq)), 6000)
      }
      await w.run(axe)
      let before
      for (const look of looks(display)) for (const f of fixtures) {
        const { lang, text } = look, { name } = f.snapshot.screen, id = f.id + (text ? '-largest' : '')
        await check(`${display}/${lang}/${id}`, async () => {
          if (name === before) await show(name === between.screen.name ? other : between, lang, text) // each is drawn anew
          before = name
          await show(f.snapshots[lang], lang, text)
          const wrong = await w.run(`${overflow}; return [
            ...[...document.querySelectorAll('.missing-word')].map(e => 'a missing word: ' + e.textContent),
            ...check(document).map(String)]`)
          if (look.picture) await w.picture(join(shots, `${display}-${id}-${lang}.png`))
          if (look.axe) {
            const found = await w.runAsync(`const done = arguments[arguments.length - 1]
              ;(window.axe ? Promise.resolve() : Promise.reject(new Error('axe is gone'))).then(() => axe.run(document, { resultTypes: ['violations'] })).then(
                r => done(r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical').map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' '))),
                e => done(['axe: ' + e.message]))`)
            wrong.push(...found)
          }
          wrong.push(...await w.run(`${overflow}; return rings(document)`))
          if (wrong.length) throw new Error(wrong.slice(0, 6).join(' · '))
        })
      }
    } finally { await w.close().catch(() => {}); x.end() }
  }
}
