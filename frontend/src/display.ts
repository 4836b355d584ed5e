import type { Snapshot } from './types'

/** Glass lower than this, in millimetres, gets the small room's sizes. */
const smallBelow = 180

/** Pixels per millimetre on the true glass: the diagonal in pixels over the diagonal in millimetres. */
export function pixelsPerMillimetre(d: Snapshot['display']): number {
  if (!(d.widthPx > 0 && d.heightPx > 0 && d.diagonalIn > 0)) return 4
  return Math.hypot(d.widthPx, d.heightPx) / d.diagonalIn / 25.4
}

/** What the page's measures follow: put on <html> as data attributes and --mm for tokens.css. */
export function fit(s: Snapshot, root: HTMLElement = document.documentElement): void {
  const mm = pixelsPerMillimetre(s.display)
  root.style.setProperty('--mm', mm.toFixed(4))
  root.lang = s.lang
  root.dataset.seq = String(s.seq)
  root.dataset.room = s.display.heightPx / mm < smallBelow ? 'small' : 'large'
  root.dataset.shape = s.display.heightPx > s.display.widthPx ? 'portrait' : 'landscape'
  root.dataset.text = String(s.prefs.text)
  root.dataset.contrast = s.prefs.contrast
  root.dataset.motion = s.prefs.motion ? 'on' : 'off'
}

/** Whether this glass is the small one. */
export function isSmall(s: Snapshot): boolean {
  return s.display.heightPx / pixelsPerMillimetre(s.display) < smallBelow
}
