import type { Lang, Words } from './types'

export type Params = Record<string, string | number>

const rules = new Map<Lang, Intl.PluralRules>()

function plural(lang: Lang, count: number): Intl.LDMLPluralRule {
  let r = rules.get(lang)
  if (!r) rules.set(lang, (r = new Intl.PluralRules(lang)))
  return r.select(count)
}

/** The words for a key with {{.Name}} replaced, plural by params.Count; undefined when the key is not known. */
export function phrase(words: Words | undefined, lang: Lang, key: string, params: Params = {}): string | undefined {
  const m = words?.[key]
  if (!m) return undefined
  const form = typeof params.Count === 'number' ? (m[plural(lang, params.Count)] ?? m.other) : m.other
  return form?.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (whole, name: string) => (name in params ? String(params[name]) : whole))
}
