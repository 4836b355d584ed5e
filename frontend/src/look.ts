import { render } from 'svelte/server'
import App from './App.svelte'
import { kiosk } from './kiosk.svelte'
import type { Lang, Snapshot, Words } from './types'

/** The page's markup of one state, without what only the living page needs: marks for tests, for the living page's own bookkeeping. */
export function look(state: Snapshot, words: Record<Lang, Words>): string {
  kiosk.words = words
  kiosk.snapshot = state
  kiosk.scant = true
  const { body } = render(App)
  const lost = body.match(/⟦page\.[^⟧]*⟧/)
  if (lost) throw new Error(`no words for ${lost[0]}`)
  return body.replace(/<!--.*?-->/g, '').replace(/ data-(testid|settled)="[^"]*"/g, '')
}
