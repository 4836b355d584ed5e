// A small WebDriver client: starts WebKitWebDriver, opens the kiosk's real window through it, and acts as a finger would.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { openSync, writeFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
const pause = ms => new Promise(r => setTimeout(r, ms))

// WebKitGTK 2.50 answers a screenshot only after the next painted frame; a page at rest paints none. So an invisible
// pixel is made to change for two seconds.
const NUDGE = `
  const e = document.createElement('i')
  e.style.cssText = 'position:fixed;right:0;bottom:0;width:1px;height:1px;pointer-events:none;z-index:9999'
  document.body.append(e)
  let n = 0
  const t = setInterval(() => { e.style.background = n++ % 2 ? 'rgba(0,0,0,.004)' : 'rgba(255,255,255,.004)'; if (n > 60) { clearInterval(t); e.remove() } }, 33)`

/** freePort draws a TCP port of this machine that nobody listens on, below those that the kernel gives out by itself: one of those could be given to
 *  another before it is used. */
export const freePort = () => new Promise(ok => {
  const draw = () => {
    const port = 10000 + Math.floor(Math.random() * 22000), s = createServer()
    s.once('error', draw).listen(port, '127.0.0.1', () => s.close(() => ok(port)))
  }
  draw()
})

/** Window is one running kiosk, driven through its page. */
export class Window {
  /**
   * open starts kiosk and driver. binary: absolute path; args: the kiosk's; log: file that takes what both print.
   * The kiosk replaces its page's process between people, which ends a WebDriver session: so the kiosk is started
   * here and the driver is attached to it, as often as needed.
   */
  static async open({ binary, args = [], log, env = {} }) {
    const w = new this()
    mkdirSync(dirname(log), { recursive: true })
    const out = openSync(log, 'a')
    const inspector = `127.0.0.1:${await freePort()}`
    w.kiosk = spawn(binary, args, { stdio: ['ignore', out, out], env: { ...process.env, ...env, WEBKIT_INSPECTOR_SERVER: inspector } })
    w.ended = new Promise(r => w.kiosk.once('exit', (code, signal) => { w.exit = { code, signal }; r(w.exit) }))
    const port = await freePort()
    w.driver = spawn('WebKitWebDriver', [`--port=${port}`, `--target=${inspector}`, '--replace-on-new-session'], { stdio: ['ignore', out, out] })
    w.base = `http://127.0.0.1:${port}`
    await w.attach()
    return w
  }

  /** attach opens a WebDriver session on the running kiosk. */
  async attach(limit = 30000) {
    this.session = null
    const end = Date.now() + limit
    for (;;) {
      if (this.exit) throw new Error(`the kiosk ended: ${JSON.stringify(this.exit)}`)
      try {
        const s = await this.raw('POST', '/session', { capabilities: { alwaysMatch: {} } }, 8000)
        this.session = '/session/' + s.sessionId
        await this.raw('POST', this.session + '/timeouts', { implicit: 0, script: 20000, pageLoad: 20000 })
        return
      } catch (e) {
        if (Date.now() > end) throw new Error('the window does not answer: ' + e.message)
        await pause(80)
      }
    }
  }

  /** call is one WebDriver command; path is below the session. A page that was replaced meanwhile is attached to anew. */
  async call(method, path, body, limit = 30000) {
    if (!this.session) await this.attach() // the last one gave up
    try {
      return await this.raw(method, this.session + path, body, limit)
    } catch (e) {
      if (['invalid session id', 'no such window', 'unknown error'].includes(e.code) || e.name === 'TimeoutError') await this.attach()
      throw e
    }
  }

  async raw(method, path, body, limit = 30000) {
    const r = await fetch(this.base + path, { method, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(limit) })
    const j = await r.json()
    if (!r.ok) throw Object.assign(new Error(`${j.value?.error}: ${j.value?.message}`), { code: j.value?.error })
    return j.value
  }

  /** close ends the kiosk and the driver. */
  async close() {
    this.driver.kill('SIGKILL')
    const began = Date.now()
    if (!this.exit) this.kiosk.kill('SIGTERM')
    await Promise.race([this.ended, pause(10000)])
    if (!this.exit) { this.kiosk.kill('SIGKILL'); throw new Error('the kiosk did not end within ten seconds of SIGTERM') }
    return { ...this.exit, after: Date.now() - began }
  }

  /** run carries out JavaScript in the page; for reading only, what a person does goes through find, click and type. */
  run(script, ...args) { return this.call('POST', '/execute/sync', { script, args }) }
  runAsync(script, ...args) { return this.call('POST', '/execute/async', { script, args }) }

  async find(css) {
    return (await this.call('POST', '/element', { using: 'css selector', value: css }))[ELEMENT]
  }
  async findAll(css) {
    return (await this.call('POST', '/elements', { using: 'css selector', value: css })).map(e => e[ELEMENT])
  }

  /** until calls probe again and again until it gives something true; the page's process may be replaced meanwhile. */
  async until(what, probe, limit = 45000) {
    const end = Date.now() + limit
    let last
    for (;;) {
      try { const v = await probe(); if (v) return v } catch (e) { last = e }
      if (Date.now() > end) throw new Error(`waited ${limit / 1000} s for ${what}; the screen is ${await this.screen().catch(() => '?')}` + (last ? ` (${last.message})` : ''))
      await pause(60)
    }
  }

  /** screen is the name of the screen that stands. */
  screen() { return this.run(`return document.querySelector('[data-testid^="screen-"]')?.dataset.testid.slice(7) ?? null`) }
  notice() { return this.run(`return document.querySelector('[data-testid="notice"]')?.innerText ?? null`) }
  text(css = 'body') { return this.run(`return document.querySelector(arguments[0])?.innerText ?? ''`, css) }

  /** on waits until one of the named screens stands and gives its name; a notice meanwhile is an error unless allowed. */
  async on(name, { limit = 45000, notices = false } = {}) {
    const names = [name].flat()
    return this.until('screen ' + names.join(' or '), async () => {
      const s = await this.screen()
      if (names.includes(s)) return s
      const n = notices ? null : await this.notice()
      if (n) throw new Error('the kiosk says: ' + n.replace(/\s+/g, ' '))
    }, limit)
  }

  /** touch presses what carries the test id, once it can be pressed. */
  async touch(testid, limit = 45000) {
    const css = testid.startsWith('[') ? testid : `[data-testid="${testid}"]`
    await this.until('a control ' + testid, async () => {
      const usable = await this.run(`const e = document.querySelector(arguments[0]); return !!e && !e.disabled && e.getAttribute('aria-disabled') !== 'true' && e.getAttribute('aria-busy') !== 'true' && e.getClientRects().length > 0 && !document.querySelector('[data-settled="false"]')`, css)
      if (!usable) return false
      const element = await this.find(css)
      try { await this.call('POST', `/element/${element}/click`, {}) } catch (e) {
        // This very touch may have ended the session, and the page was replaced under the driver: then the control is gone.
        const gone = await this.until('the page to answer', async () => ({ is: !(await this.run('return !!document.querySelector(arguments[0])', css)) }))
        if (!gone.is) throw e
      }
      return true
    }, limit)
  }

  /** type fills a field by keyboard. */
  async type(testid, text) {
    const css = `[data-testid="field-${testid}"]`
    await this.until('a field ' + testid, async () => {
      const el = await this.find(css)
      await this.call('POST', `/element/${el}/clear`, {})
      await this.call('POST', `/element/${el}/value`, { text })
      return (await this.run(`return document.querySelector(arguments[0]).value`, css)) === text
    })
  }

  /** pad presses the digits of the on-screen digit pad. */
  async pad(digits) { for (const d of digits) await this.touch('pad-' + d) }

  async picture(file) {
    mkdirSync(dirname(file), { recursive: true })
    const png = await this.until('a picture', async () => {
      await this.run(NUDGE)
      return this.call('GET', '/screenshot', undefined, 15000)
    }, 90000)
    const data = Buffer.from(png, 'base64')
    writeFileSync(file, data)
    return data
  }
}
