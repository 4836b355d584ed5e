// Stretches of the journeys that several parts of the suite walk, and what they ask of a screen on the way.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { centre, dock, house } from './house.mjs'
import { until } from './kiosk.mjs'

export const tokens = () => JSON.parse(dock('list', '--json')).tokens
export const token = name => tokens().find(t => t.name === name)
export const triesLeft = name => token(name).tries_left
export const applications = () => JSON.parse(centre('application', 'list', '--json'))
export const flat = text => text.replace(/\s+/g, ' ').trim()

// The words are read from the files they are kept in, not from the program that shows them.
const catalogues = Object.fromEntries(['kk', 'ru', 'en'].map(lang => {
  const words = new Map()
  let section = ''
  for (const line of readFileSync(new URL(`../../app/locales/${lang}.toml`, import.meta.url), 'utf8').split('\n')) {
    const head = line.match(/^\[(.+)\]$/), word = line.match(/^([\w-]+)\s*=\s*(".*")\s*$/)
    if (head) section = head[1] + '.'
    else if (word) words.set(section + word[1], JSON.parse(word[2]))
  }
  return [lang, words]
}))
export function word(lang, key) {
  const found = catalogues[lang].get(key)
  if (!found) throw new Error(`no words for ${key} in ${lang}`)
  return flat(found)
}

/** says holds when the screen has those words, and nothing that no reader should see. */
export async function says(w, lang, ...keys) {
  await w.until(`${keys} in ${lang}`, async () => { const text = flat(await w.text()); return keys.every(k => text.includes(word(lang, k))) }, 10000)
  await presentable(w, lang)
}

/** presentable fails on what is half-shown: a key instead of its words, an unfilled blank, another language. */
export async function presentable(w, lang) {
  const raw = (await w.text()).match(/⟦[^⟧]*⟧|\{\{|<no value>|undefined|\[object|NaN/)
  if (raw) throw new Error('half-shown: ' + raw[0])
  const speaks = await w.run('return document.documentElement.lang')
  if (speaks !== lang) throw new Error(`the screen speaks ${speaks}, not ${lang}`)
}

/** told waits for the notice with that number on that screen and reads it in the chosen language. */
export async function told(w, code, lang, screen) {
  await w.until('notice ' + code, async () => {
    if (await w.shows(`[data-testid="notice"][data-code="${code}"]`)) return true
    throw new Error('the notice: ' + flat(await w.notice() ?? 'none'))
  }, 20000)
  const said = flat(await w.notice())
  for (const wanted of [word(lang, `error.${code}.title`), code]) if (!said.includes(wanted)) throw new Error(`"${wanted}" is not in: ${said}`)
  await presentable(w, lang)
  if (screen && await w.screen() !== screen) throw new Error(`the screen is ${await w.screen()}, not ${screen}`)
}

export const value = (w, field) => w.run(`return document.querySelector('[data-testid="field-' + arguments[0] + '"]')?.value ?? null`, field)
export async function holds(w, field, wanted) {
  const is = await value(w, field)
  if (is !== wanted) throw new Error(`the field ${field} holds "${is}", not "${wanted}"`)
}
/** traces gives which of the texts stand anywhere in the page or in what the program tells it. */
const traces = (w, texts) => w.runAsync(`const done = arguments[arguments.length - 1], texts = arguments[0]
  const page = document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map(e => e.value).join('\\n')
  window.go.window.Bridge.State().then(state => done(texts.filter(t => (page + state).includes(t))), e => done(['the program does not answer: ' + e]))`, texts)
export async function forgotten(w, ...texts) {
  const left = await w.until('the page to answer', async () => ({ found: await traces(w, texts) }))
  if (left.found.length) throw new Error('still to be found: ' + left.found.join(', '))
}

/** clean makes the terminal as it is for the next person: nobody there, nothing plugged in, nothing broken. */
export async function clean(w) {
  dock('line', 'restore'); dock('stick', 'out')
  for (const t of tokens()) { dock('fault', t.name); if (t.plugged) dock('pull', t.name) }
  await toAttract(w)
}
/** toAttract leaves from wherever a failed check has left off. */
export const toAttract = w => w.until('the attract screen', async () => {
  if (await w.screen() === 'attract') return true
  for (const a of ['exit.confirm', 'finish', 'exit']) if (await w.shows(`[data-testid="action-${a}"]`)) { await w.touch('action-' + a, 3000); break }
  return false
}, 60000)

/** story runs checks that stand on one another: after one has failed the rest say that they were not reached. */
export function story(check, w) {
  let broken
  const step = (name, act) => check(name, async () => {
    if (broken) throw new Error(`not reached, because of "${broken}"`)
    try { await act() } catch (e) {
      broken = name
      await w.picture(join(house, 'logs', `mishap-${name.replace(/\W+/g, '-')}.png`)).catch(() => {})
      throw e
    }
  })
  /** aside is a check on which nothing later stands. */
  step.aside = (name, act) => check(name, async () => { if (broken) throw new Error(`not reached, because of "${broken}"`); await act() })
  return step
}

/** touchable tells whether the part of the glass in which a control can be scrolled is at least as high as the control. */
export const touchable = (w, css) => w.run(`const e = document.querySelector(arguments[0])
  let top = 0, bottom = innerHeight
  for (let p = e.parentElement; p; p = p.parentElement) {
    if (getComputedStyle(p).overflowY === 'visible') continue
    const r = p.getBoundingClientRect()
    top = Math.max(top, r.top); bottom = Math.min(bottom, r.bottom)
  }
  return bottom - top >= e.getBoundingClientRect().height`, css)

export async function enterIIN(w, iin) { await w.on('apply.iin', { notices: true }); await w.retype(iin); await w.act('apply.iin') }

/** toKeyStorage goes from the attract screen to the question where the keys of a new application shall be kept. */
export async function toKeyStorage(w, lang, person) {
  await w.start(lang); await w.on('menu'); await w.act('apply'); await enterIIN(w, person.iin); await toStorage(w, person)
}
/** toStorage goes from the name to the question where the keys shall be kept. */
export async function toStorage(w, person) {
  await w.on('apply.name')
  if (await w.shows('[data-testid="field-surname"]')) { await w.type('surname', person.surname); await w.type('given', person.given) }
  await w.act('apply.name'); await w.on('apply.email')
  await w.act('apply.email'); await fromRegion(w)
}
export async function fromRegion(w) {
  await w.on('apply.region'); await w.choose('apply.region')
  await w.on('apply.locality'); await w.choose('apply.locality')
  await w.on('apply.storage')
}
/** toSummary goes from the question where the keys shall be kept to the summary of an RSA pair on the stick, and agrees; the stick stays in. */
export async function toSummary(w) {
  dock('stick', 'in')
  await w.act('apply.storage', '[data-kind="stick"]'); await w.on('apply.stick-warning')
  await w.act('apply.stick-accept'); await w.on('apply.set')
  await w.act('apply.set', '[data-code="rsa"]'); await w.on('apply.agreement')
  await w.act('apply.agree'); await w.on('apply.summary', { limit: 60000 })
  await w.touch('field-consent')
}
/** onStick makes the rest of an application for an RSA pair on the stick and gives its number; the stick is out again after. */
export async function onStick(w) {
  await toSummary(w)
  await w.act('apply.submit'); await w.on('apply.done')
  const number = await w.number()
  dock('stick', 'out')
  await w.act('finish'); await w.on('attract')
  return number
}
/** toPIN chooses the token that is plugged in and stands before its PIN. */
export async function toPIN(w) {
  await w.act('apply.storage', '[data-insertion]')
  if (await w.on(['apply.agreement', 'apply.card-warning']) === 'apply.card-warning') { await w.act('apply.card-accept'); await w.on('apply.agreement') }
  await w.act('apply.agree'); await w.on('apply.pin')
}
export async function pin(w, digits, action = 'apply.pin') { await w.pad(digits); await w.act(action) }

/** arrived waits until the centre has an application. */
export const arrived = number => until(`application ${number} at the centre`, () => JSON.stringify(applications()).includes(number), 60000)

export async function supervise(w, operator) {
  dock('plug', operator.token); await w.on('staff.pin')
  await pin(w, operator.pin, 'staff.pin'); await w.on('staff.queue')
}
export async function openApplication(w, number) {
  const css = `[data-testid="action-staff.open"][data-number="${number}"]`
  await w.until(`application ${number} in the queue`, async () => { if (await w.shows(css)) return true; await w.act('staff.search'); return false }, 60000)
  await w.touch(css); await w.on('staff.application')
}
