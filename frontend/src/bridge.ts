import type { Lang, Snapshot, Words } from './types'

/** The one way from the page to the program: Wails' binding, or what the gallery puts in its place. */
interface Bound {
  Do(action: string, args: string): Promise<string>
  State(): Promise<string>
  Words(lang: string): Promise<string>
  Alive(): Promise<void>
  Painted?(): Promise<void>
}

declare global {
  interface Window {
    go?: { window: { Bridge: Bound } }
    runtime?: { EventsOn(name: string, heard: (json: string) => void): () => void }
  }
}

/** The binding appears with Wails' own scripts, normally before ours; waits for it otherwise. */
export async function bound(): Promise<Bound> {
  for (;;) {
    const b = window.go?.window?.Bridge
    if (b) return b
    await pause(20)
  }
}

/** What the program has put into the page it served: the snapshot of that moment and its words, on the attract screen no more than that. Null in the gallery.
    It is taken out of the page: a page replaced in the middle of a session would keep that person's data beside what is shown. */
export function told(): { state: Snapshot; words: Partial<Record<Lang, Words>>; whole: boolean } | null {
  const data = document.getElementById('first')
  data?.remove()
  return data?.textContent ? (JSON.parse(data.textContent) as ReturnType<typeof told>) : null
}

/** Hears every snapshot the program pushes. */
export async function hear(heard: (json: string) => void): Promise<void> {
  while (!window.runtime?.EventsOn) await pause(20)
  window.runtime.EventsOn('state', heard)
}

export const pause = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms))
