// The page's words out of the program's own language files, as Bridge.Words gives them.
import { readFileSync } from 'node:fs'
import { parse } from 'smol-toml'

export function words(lang) {
  const text = readFileSync(new URL(`../../app/locales/${lang}.toml`, import.meta.url), 'utf8')
  const out = {}
  const walk = (v, key) => {
    if (typeof v === 'string') out[key] = { other: v }
    else if (typeof v.other === 'string') out[key] = v
    else for (const [k, x] of Object.entries(v)) walk(x, key ? `${key}.${k}` : k)
  }
  walk(parse(text), '')
  return Object.fromEntries(Object.entries(out).filter(([k]) => k.startsWith('page.')))
}
