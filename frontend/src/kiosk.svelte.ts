import { bound, hear, pause, told } from './bridge'
import { fit } from './display'
import { phrase, type Params } from './words'
import type { ActionName, Actions, Lang, Snapshot, Words } from './types'

/** Time in ms after a screen or dialog changed, or a notice came, in which taps do nothing: the second half of a double
    tap would otherwise press the button that has just come under the finger, or send an emptied field and so replace
    what the notice says. */
const settleAfter = 300
const heartbeatEvery = 4000
const all = ['kk', 'ru', 'en'] as const

/** Global actions do not name the snapshot they were pressed on. */
const global = new Set<ActionName>(['language', 'prefs', 'exit', 'exit.confirm', 'exit.cancel', 'stay', 'notice.dismiss', 'staff.end', 'staff.leave'])

/** What the page shows and whether it may be pressed. The program owns the state; this only holds the newest snapshot. */
class Kiosk {
  snapshot = $state.raw<Snapshot | null>(null)
  words = $state.raw<Partial<Record<Lang, Words>>>({})
  /** The action under way, or null. */
  busy = $state<ActionName | null>(null)
  settled = $state(false)
  help = $state(false)
  /** All screens but attract, and what stands over a screen; null for a moment after the page began. */
  rest = $state.raw<typeof import('./rest') | null>(null)
  /** Whether the attract screen stands without the rest of the page and its words. */
  scant = $state(false)
  /** Whether a tap counts now; buttons that act say aria-busy while it does not. */
  ready = $derived(this.settled && this.busy === null && !this.scant)
  /** The chosen language, apart from the snapshot: a new snapshot has no word said anew. */
  #lang = $derived(this.snapshot?.lang ?? 'kk')
  /** Keys that had no words since the screen changed; the end-to-end run fails on any. */
  missing = $state.raw<string[]>([])

  #lost = new Set<string>()
  #learning = new Map<Lang, Promise<void>>()
  #filling: Promise<void> | undefined
  #place = ''
  #settling = 0

  /** Loads words and state, then follows the program for ever. */
  async run(): Promise<void> {
    const first = told()
    if (first) {
      this.scant = !first.whole
      if (this.scant) this.words = first.words
      else for (const [lang, words] of Object.entries(first.words)) this.#learned(lang as Lang, words)
      await this.take(first.state)
    }
    await hear((json) => void this.take(json))
    const b = await bound()
    if (first) void b.State().then((json) => this.take(json)).catch(() => {}) // what changed since the page was served
    while (!this.snapshot) {
      try {
        await this.take(await b.State())
      } catch {
        await pause(200)
      }
    }
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))
    void b.Painted?.().catch(() => {})
    for (;;) {
      try {
        await Promise.all([this.fill(), ...all.map((lang) => this.learn(lang))])
        break
      } catch {
        await pause(200)
      }
    }
    this.scant = false
    // Only now: a page that never gets all of itself is silent, and is replaced.
    const alive = () => void b.Alive().catch(() => {})
    alive()
    setInterval(alive, heartbeatEvery)
  }

  /** Takes a snapshot if it is newer than the one shown and its words are there. */
  async take(news: string | Snapshot): Promise<void> {
    const s = typeof news === 'string' ? (JSON.parse(news) as Snapshot) : news
    if (this.#stale(s)) return
    if (s.screen.name !== 'attract') await Promise.all([this.fill(), this.learn(s.lang)])
    else if (!this.scant) await Promise.all(s.languages.map((lang) => this.learn(lang)))
    if (this.#stale(s)) return
    fit(s)
    const place = `${s.screen.name} ${s.dialog?.name ?? ''}`
    const moved = place !== this.#place
    this.#place = place
    if (moved) {
      this.#settle()
      this.#lost.clear()
      this.missing = []
    } else if (s.notice && s.notice.code !== this.snapshot?.notice?.code) this.#settle()
    if (s.screen.name !== this.snapshot?.screen.name) this.help = false
    this.snapshot = s
  }

  /** One touch is one Do. Ignored while another is under way or the screen has not settled. */
  async do<A extends ActionName>(action: A, args?: Actions[A] | object): Promise<void> {
    const s = this.snapshot
    if (!s || !this.ready) return
    this.busy = action
    try {
      const b = await bound()
      await this.take(await b.Do(action, JSON.stringify(global.has(action) ? (args ?? {}) : { ...args, seq: s.seq })))
    } catch {
      await bound().then((b) => b.State()).then((json) => this.take(json)).catch(() => {})
    } finally {
      this.busy = null
    }
  }

  /** Words in the chosen language. A missing key shows as ⟦key⟧ and is remembered. */
  t = (key: string, params?: Params): string => this.say(this.#lang, key, params)

  /** Words in a given language, for the attract screen. */
  say(lang: Lang, key: string, params?: Params): string {
    const p = phrase(this.words[lang], lang, key, params)
    if (p !== undefined) return p
    if (this.words[lang] && !this.#lost.has(key)) {
      this.#lost.add(key)
      queueMicrotask(() => (this.missing = [...this.#lost]))
    }
    return `⟦${key}⟧`
  }

  /** Whether the key has words, for those that come from data. */
  has(key: string): boolean {
    return this.words[this.#lang]?.[key] !== undefined
  }

  /** Fetches the rest of the page. */
  fill(): Promise<void> {
    return (this.#filling ??= import('./rest').then((rest) => void (this.rest = rest)))
  }

  /** Words of a language; asked for once, also when several want them at the same time. */
  learn(lang: Lang): Promise<void> {
    const under = this.#learning.get(lang)
    if (under) return under
    const learning = (async () => {
      const b = await bound()
      this.#learned(lang, JSON.parse(await b.Words(lang)) as Words)
    })()
    this.#learning.set(lang, learning)
    learning.catch(() => this.#learning.delete(lang))
    return learning
  }

  #learned(lang: Lang, words: Words): void {
    this.words = { ...this.words, [lang]: words }
    this.#learning.set(lang, Promise.resolve())
  }

  #stale(s: Snapshot): boolean {
    return this.snapshot !== null && s.seq <= this.snapshot.seq
  }

  #settle(): void {
    this.settled = false
    clearTimeout(this.#settling)
    this.#settling = window.setTimeout(() => (this.settled = true), settleAfter)
  }
}

export const kiosk = new Kiosk()
export const t = kiosk.t
