// The training program's band as it stands on the glass: read from pictures of the whole X screen, for it is no part of the page.
import { createHash } from 'node:crypto'
import { sh } from './house.mjs'
import { until } from './kiosk.mjs'

export const says = 'Оқу режимі · Учебный режим · Training'

const gold = '241,207,122'

/** luminance of a colour, WCAG 2.2. */
const luminance = rgb => rgb.map(v => v / 255).map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05) }

/** Band looks at the top of a display. */
export class Band {
  /** display: its X name; width and height in pixels. */
  constructor(display, width, height) { Object.assign(this, { display, width, height, first: null }) }

  /** stands fails where the band is not what it was on the first screen, letter for letter, or where the page reaches under it. */
  async stands(w) {
    const inner = await w.run('return [innerWidth, innerHeight]'), rows = this.height - inner[1]
    if (inner[0] !== this.width || rows < this.height / 45 || rows > this.height / 12) throw new Error(`the page has ${inner} of ${this.width}×${this.height}: no place for a band`)
    if (!this.first) {
      const pixels = await until('the window to be painted', () => { const p = this.#strip(rows); return p.some(v => v) && p })
      this.first = { sum: sumOf(pixels), ratio: legible(pixels) }
    }
    if (sumOf(this.#strip(rows)) !== this.first.sum) throw new Error('the band is not the one that stood on the first screen')
    return this.first
  }

  /** strip gives the colours of the glass above the page. */
  #strip(rows) {
    const pixels = sh('import', ['-silent', '-window', 'root', '-crop', `${this.width}x${rows}+0+0`, '-depth', '8', 'rgb:-'], { encoding: 'buffer', env: { DISPLAY: this.display } })
    if (pixels.length !== this.width * rows * 3) throw new Error(`the picture of the band has ${pixels.length} octets`)
    return pixels
  }
}

const sumOf = pixels => createHash('sha256').update(pixels).digest('hex')

/** legible gives the contrast, and fails on a strip that is not words in one colour on another, in a contrast of 7:1 or more (AA wants 4.5). */
function legible(pixels) {
  const counts = new Map()
  for (let i = 0; i < pixels.length; i += 3) { const c = pixels.readUIntBE(i, 3); counts.set(c, (counts.get(c) ?? 0) + 1) }
  const [ground, ink] = [...counts].sort((a, b) => b[1] - a[1]).map(([c, n]) => ({ colour: [c >> 16, c >> 8 & 255, c & 255], share: n * 3 / pixels.length }))
  if (ground.colour.join() !== gold) throw new Error(`the top of the glass is ${ground.colour}: no band stands there`)
  if (!ink || ground.share < 0.6 || ink.share < 0.03) throw new Error(`the band is ${JSON.stringify({ ground, ink })}`)
  const ratio = contrast(ground.colour, ink.colour)
  if (ratio < 7) throw new Error(`the band's contrast is ${ratio.toFixed(1)}`)
  return ratio
}
