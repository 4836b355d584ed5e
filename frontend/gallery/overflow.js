// What is wrong with the rendered page, as sentences: text cut or sticking out of the glass, targets too small or too
// close, text too pale. Runs in the page; the end-to-end run in the real window uses it too.
//   check(document): string[]
//   rings(document): string[]   moves the focus: what is to be kept of the page, keep before

/** The first measures are those of the design: 12.7 mm targets, 2.54 mm between them, 10:1 for text. */
export const limits = { target: 12.7, gap: 2.54, contrast: 10 }

/** Everything wrong on the page as it stands. */
export function check(doc) {
  const root = doc.documentElement
  const mm = parseFloat(root.style.getPropertyValue('--mm')) || 4
  const all = [...front(doc).querySelectorAll('*')].filter((e) => shown(e) && !e.closest('svg') && !e.closest('.unseen'))
  return [...page(doc), ...all.flatMap((e) => [...cut(e), ...outside(e), ...(e.matches('button, input') ? target(e, mm) : []), ...pale(e)]), ...close(all, mm)]
}

/** Controls whose focus ring lies, on some side, wholly outside what clips it: the rest of such a ring is lines across the page. */
export function rings(doc) {
  return [...front(doc).querySelectorAll('button, input, textarea, [tabindex="0"]')].filter(shown).flatMap((e) => {
    e.focus()
    const s = getComputedStyle(e)
    if (doc.activeElement !== e || s.outlineStyle === 'none') return []
    const r = e.getBoundingClientRect(), away = parseFloat(s.outlineOffset)
    for (let up = e.parentElement; up && up !== doc.body; up = up.parentElement) {
      const clip = getComputedStyle(up), c = up.getBoundingClientRect()
      const left = c.left + up.clientLeft, top = c.top + up.clientTop
      if (clip.overflowX !== 'visible' && (r.left - away <= left || r.right + away >= left + up.clientWidth)) return [`focus ring cut at the side: ${named(e)}`]
      if (/auto|scroll/.test(clip.overflowY)) break
      if (clip.overflowY !== 'visible' && (r.top - away <= top || r.bottom + away >= top + up.clientHeight)) return [`focus ring cut above or below: ${named(e)}`]
    }
    return []
  })
}

/** What can be touched: the dialog, where one is open. */
const front = (doc) => doc.querySelector('dialog[open]') ?? doc.body

function shown(e) {
  const r = e.getBoundingClientRect()
  return r.width > 1 && r.height > 1 && getComputedStyle(e).visibility !== 'hidden'
}

const named = (e) => `${e.tagName.toLowerCase()}${e.dataset.testid ? '[' + e.dataset.testid + ']' : ''} «${(e.textContent || e.value || e.getAttribute('aria-label') || '').trim().replace(/\s+/g, ' ').slice(0, 44)}»`
const ownText = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
const scroller = (e) => e.closest('[data-scrolls]')

function page(doc) {
  const d = doc.documentElement
  return d.scrollWidth > innerWidth + 1 || d.scrollHeight > innerHeight + 1 ? [`the page scrolls: ${d.scrollWidth} × ${d.scrollHeight} on ${innerWidth} × ${innerHeight}`] : []
}

/** Text that its own box, or a box above it that clips, does not show whole. */
function cut(e) {
  if (!ownText(e)) return []
  const s = getComputedStyle(e)
  if (s.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1 && !e.matches('input')) return [`text cut: ${named(e)}`]
  const range = e.ownerDocument.createRange()
  range.selectNodeContents(e)
  const t = range.getBoundingClientRect()
  for (let up = e; up && up !== e.ownerDocument.body; up = up.parentElement) {
    const clip = getComputedStyle(up)
    const r = up.getBoundingClientRect()
    const x = clip.overflowX !== 'visible'
    const y = clip.overflowY !== 'visible' && !up.matches('[data-scrolls]')
    if (x && (t.left < r.left - 2 || t.right > r.right + 2)) return [`text cut at the side: ${named(e)}`]
    if (y && !scroller(e) && (t.top < r.top - 2 || t.bottom > r.bottom + 2)) return [`text cut above or below: ${named(e)}`]
    if (up.matches('[data-scrolls]')) break
  }
  const box = (e.closest('button, dd, li, p, h1, h2') ?? e).getBoundingClientRect()
  if (t.right > box.right + 2 || t.left < box.left - 2) return [`text wider than its box: ${named(e)}`]
  if (e.closest('button') && !scroller(e)) {
    const b = e.closest('button').getBoundingClientRect()
    if (t.bottom > b.bottom + 2 || t.top < b.top - 2) return [`text higher than its button: ${named(e)}`]
  }
  return []
}

function outside(e) {
  if (scroller(e) || e.closest('[aria-hidden=true]')) return []
  const r = e.getBoundingClientRect()
  const p = e.parentElement.getBoundingClientRect()
  if (e.parentElement.clientWidth > 0 && (r.right > p.right + 2 || r.left < p.left - 2) && !/absolute|fixed/.test(getComputedStyle(e).position) && !e.matches('dialog, .view')) return [`wider than what holds it: ${named(e)}`]
  const out = r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1
  if (out) return [`sticks out of the glass: ${named(e)}`]
  // A block pressed over its neighbour: content taller than the row the grid gave it.
  const s = getComputedStyle(e)
  if (s.overflowY === 'visible' && e.clientHeight > 0 && e.scrollHeight > e.clientHeight + 8 && e.matches('.work, .words, .body, .keys, footer, header, form, main')) return [`content does not fit: ${e.className || e.tagName} by ${e.scrollHeight - e.clientHeight}px`]
  return []
}

function target(e, mm) {
  if (e.matches('input') && e.closest('.line')) e = e.closest('.line')
  const r = e.getBoundingClientRect()
  const w = r.width / mm, h = r.height / mm
  return w < limits.target - 0.01 || h < limits.target - 0.01 ? [`target too small: ${named(e)} ${w.toFixed(1)} × ${h.toFixed(1)} mm`] : []
}

function close(all, mm) {
  const buttons = all.filter((e) => e.matches('button') && !e.closest('.line') && !scroller(e)).map((e) => [e, e.getBoundingClientRect()])
  const found = []
  for (let i = 0; i < buttons.length; i++) {
    for (let j = i + 1; j < buttons.length; j++) {
      const [a, r] = buttons[i], [b, s] = buttons[j]
      if (a.contains(b) || b.contains(a)) continue
      const x = Math.max(r.left, s.left) - Math.min(r.right, s.right)
      const y = Math.max(r.top, s.top) - Math.min(r.bottom, s.bottom)
      if (Math.max(x, y) / mm < limits.gap - 0.02) found.push(`too close: ${named(a)} and ${named(b)} ${(Math.max(x, y) / mm).toFixed(1)} mm`)
    }
  }
  return found
}

function colour(text) {
  const m = text.match(/[\d.]+/g)
  return m ? [+m[0], +m[1], +m[2], m[3] === undefined ? 1 : +m[3]] : [0, 0, 0, 0]
}

function light([r, g, b]) {
  const f = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b)
}

/** The ground behind an element: the nearest opaque one; a gradient counts by its lightest and darkest colour. */
function grounds(e) {
  for (let up = e; up; up = up.parentElement) {
    const s = getComputedStyle(up)
    const steps = s.backgroundImage.includes('gradient') ? s.backgroundImage.match(/rgba?\([^)]*\)/g) : null
    if (steps) return steps.map(colour)
    const c = colour(s.backgroundColor)
    if (c[3] > 0.95) return [c]
  }
  return [[255, 255, 255, 1]]
}

function pale(e) {
  if (!ownText(e) || e.closest('[aria-hidden=true]')) return []
  const ink = light(colour(getComputedStyle(e).color))
  const worst = Math.min(...grounds(e).map((g) => {
    const l = light(g)
    return (Math.max(l, ink) + 0.05) / (Math.min(l, ink) + 0.05)
  }))
  return worst < limits.contrast ? [`pale text ${worst.toFixed(1)}:1: ${named(e)}`] : []
}
