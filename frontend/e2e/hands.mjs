// What a person's hands do on the kiosk's screens, told by the test ids of src/testids.ts.
import { writeFileSync } from 'node:fs'
import { Window } from './webdriver.mjs'

const action = (name, attribute = '') => `[data-testid="action-${name}"]${attribute}`

/** Hands is a window with the gestures of its screens. */
export class Hands extends Window {
  

  act(name, attribute) { return this.touch(action(name, attribute)) }
  start(lang) { return this.act('start', `[data-lang="${lang}"]`) }

  /** choose takes the first of a list of choices, or the one with the code. */
  choose(name, code) { return this.act(name, code ? `[data-code="${code}"]` : '[data-code]') }

  /** retype empties a field and fills it by the digit pad. */
  async retype(digits) { await this.touch('pad-clear'); await this.pad(digits) }

  /** keys types on the on-screen keyboard. */
  async keys(text) { for (const c of text) await this.touch('key-' + c) }

  /** newPin enters a new PIN twice, one after the other, and sends it. */
  async newPin(actionName, pin) {
    await this.untilPart('[data-testid="field-new"]')
    await this.pad(pin)
    await this.act(actionName)
    await this.untilPart('[data-testid="field-again"]')
    await this.pad(pin)
    await this.act(actionName)
  }

  /** twice taps a control's place two times as fast as a finger can and gives how many taps reached the page. The second
      may already fall on the next screen, or be held down over both. */
  async twice(testid) {
    const css = `[data-testid="${testid}"]`
    await this.untilPart(css + ':not([aria-busy="true"])')
    const [x, y] = await this.run(`const r = document.querySelector(arguments[0]).getBoundingClientRect()
      window.taps = 0
      document.addEventListener('pointerdown', () => { window.taps++ }, true)
      return [r.left + r.width / 2, r.top + r.height / 2].map(Math.round)`, css)
    const tap = [{ type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 }]
    await this.call('POST', '/actions', { actions: [{ type: 'pointer', id: 'finger', parameters: { pointerType: 'mouse' },
      actions: [{ type: 'pointerMove', duration: 0, origin: 'viewport', x, y }, ...tap, ...tap] }] })
    return this.until('the second tap', () => this.run('return window.taps >= 2 && window.taps'), 3000)
  }

  /** empty takes out of a field what stands in it, character by character. */
  async empty(name) {
    const css = `[data-testid="field-${name}"]`, length = await this.run('return [...document.querySelector(arguments[0]).value].length', css)
    if (length) await this.call('POST', `/element/${await this.find(css)}/value`, { text: '\uE003'.repeat(length) })
  }

  number() { return this.run(`return document.querySelector('[data-testid="number"]')?.innerText.replace(/\\D/g, '') ?? ''`) }
  shows(css) { return this.run(`return !!document.querySelector(arguments[0])`, css) }
  online() { return this.run(`return document.querySelector('[data-testid="line"]')?.dataset.online === 'true'`) }

  /** untilPart waits for a part of the screen. */
  untilPart(css, limit) { return this.until(css, () => this.shows(css), limit) }
  /** untilGone waits until the screen has no such part, as before a token is put in again: sooner, the touch would go to its last insertion. */
  untilGone(css, limit) { return this.until(css + ' to be gone', async () => !(await this.shows(css)), limit) }

  /** picture of the screen once it has come to rest. */
  async settled(file) {
    await this.until('the screen to settle', () => this.shows('[data-testid^="screen-"][data-settled="true"], [data-testid="screen-apply.keys"], [data-testid="screen-install.progress"]'), 5000).catch(() => {})
    const png = await this.picture(file)
    const missing = await this.run(`return [...document.querySelectorAll('.missing-word')].map(e => e.textContent)`).catch(() => [])
    if (missing.length) throw new Error('words are missing on the screen: ' + missing.join(', '))
    return png
  }

  /** contents is what stands on the screen in words, fields included. */
  contents() {
    return this.run(`return [document.querySelector('[data-testid^="screen-"]')?.dataset.testid, document.body.innerText,
      ...[...document.querySelectorAll('input, textarea')].map(e => e.value)].join('\\n')`)
  }

  /** statusUntil looks an application up again until the screen offers what is wanted. */
  async statusUntil(number, css, limit = 60000) {
    await this.until(`the application ${number} to offer ${css}`, async () => {
      if (await this.screen() === 'status.word') {
        if (await this.shows(css)) return true
        await this.act('back')
      }
      await this.on('status.number'); await this.retype(number); await this.act('status.find'); await this.on('status.word')
      return this.shows(css)
    }, limit)
  }

  /** save keeps the page's text beside a picture, for reading without a screen. */
  async save(file) { writeFileSync(file, await this.text()) }
}
