// Puts fixtures in the program's place and shows them in the real App. In the page: gallery.show(id, {lang, text, …});
// by address: ?id=menu&lang=kk&text=2&contrast=high&display=l10
import words from 'virtual:words'
import { fixtures } from './fixtures.mjs'
import { check } from './overflow.js'

const displays = { p21: [1080, 1920, 21.5], l21: [1920, 1080, 21.5], l10: [1280, 800, 10.1] }
const asked = new URLSearchParams(location.search)
if (asked.has('lose')) for (const lang of Object.keys(words)) delete words[lang][asked.get('lose')]
let seq = 0
let now = ''
let heard = () => {}

function snapshot(id, { lang = 'ru', text = 0, contrast = 'normal', display = 'l21', motion = true } = {}) {
  const f = fixtures.find((x) => x.id === id)
  const [widthPx, heightPx, diagonalIn] = displays[display]
  return JSON.stringify({ ...f.snapshots[lang], seq: ++seq, prefs: { contrast, text: Number(text), motion }, display: { widthPx, heightPx, diagonalIn } })
}

let at = { id: asked.get('id') ?? 'attract', lang: asked.get('lang') ?? 'ru', text: asked.get('text') ?? 0, contrast: asked.get('contrast') ?? 'normal', display: asked.get('display') ?? 'l21' }
now = snapshot(at.id, at)

window.go = { window: { Bridge: {
  Do: async (action, args) => {
    const a = JSON.parse(args)
    calls.push([action, a])
    if (action === 'language') at = { ...at, lang: a.lang }
    if (action === 'prefs') at = { ...at, ...a }
    now = snapshot(at.id, at)
    await new Promise((r) => setTimeout(r, 120))
    return now
  },
  State: async () => now,
  Words: async (lang) => JSON.stringify(words[lang]),
  Alive: async () => {},
} } }
window.runtime = { EventsOn: (_, f) => ((heard = f), () => {}) }
const calls = []
window.gallery = {
  ids: fixtures.map((f) => f.id),
  show: async (id, how) => {
    const name = (x) => fixtures.find((f) => f.id === x).snapshot.screen.name
    if (id !== at.id && name(id) === name(at.id)) heard(snapshot(name(id) === 'fault' ? 'menu' : 'fault', { ...at, ...how })), await new Promise((r) => setTimeout(r, 30))
    at = { ...at, ...how, id }; now = snapshot(id, at); heard(now); return seq },
  check: () => check(document),
  old: () => heard(snapshot('fault', at).replace(/"seq":\d+/, '"seq":1')),
  calls,
}
await import('../src/main.ts')
