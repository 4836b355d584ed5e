import type { Component } from 'svelte'
import Attract from './screens/Attract.svelte'

export type Screen = Component<{ data: never }>

/** The first screen comes with the page. The others are fetched once it stands, or when one is wanted earlier. */
const here: Record<string, Screen> = { attract: Attract }
let fetching: Promise<void> | undefined

export function fetchOthers(): Promise<void> {
  return (fetching ??= import('./screens').then((m) => void Object.assign(here, m.screens)))
}

/** The component of a screen; undefined for a name the page does not know. */
export async function shown(name: string): Promise<Screen | undefined> {
  if (!here[name]) await fetchOthers()
  return here[name]
}
