// Presses what a person presses, in headless Chromium against the gallery: node gallery/try.js
// Needs `npm run gallery:build` and a chromium. Prints a line a promise, ends 1 if one is broken.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'

const dist = new URL('../node_modules/.gallery/', import.meta.url).pathname
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' }
const server = createServer((q, a) => {
  const asked = new URL(q.url, 'http://x').pathname
  const path = join(dist, asked === '/' ? 'index.html' : asked)
  if (!path.startsWith(dist) || !existsSync(path) || statSync(path).isDirectory()) return a.writeHead(404).end()
  a.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(readFileSync(path))
})
await new Promise((r) => server.listen(0, '127.0.0.1', r))
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
await page.goto(`http://127.0.0.1:${server.address().port}/?display=l10`)
const id = (t) => page.getByTestId(t)
const settled = () => page.waitForSelector('main[data-settled=true]')
const show = async (name, how = {}) => { await page.evaluate(() => gallery.show('fault')); await page.evaluate(([n, h]) => { gallery.calls.length = 0; return gallery.show(n, h) }, [name, { lang: 'ru', text: 0, ...how }]); await settled() }
const calls = () => page.evaluate(() => gallery.calls.filter(([a]) => a !== 'notice.dismiss'))
let failed = 0, passed = 0
async function promise(name, body) {
  try { await body(); passed++; console.log(`ok ${name}`) } catch (e) { failed++; console.log(`FAIL ${name}: ${e.message}`) }
}

await promise('a PIN leaves in one call and is gone from the field at once', async () => {
  await show('apply-pin')
  for (const d of '12345678') await id(`pad-${d}`).click()
  await id('pad-back').click()
  assert.equal(await id('field-pin').inputValue(), '1234567')
  assert.equal(await id('field-pin').getAttribute('type'), 'password')
  await id('action-apply.pin').click()
  assert.equal(await id('field-pin').inputValue(), '')
  await page.waitForFunction(() => gallery.calls.length === 1)
  const [[action, args]] = await calls()
  assert.equal(action, 'apply.pin')
  assert.equal(args.pin, '1234567')
  assert.equal(await page.locator('[data-testid^="show-"]').count(), 0)
})

await promise('a double tap on submit is one action', async () => {
  await show('apply-summary')
  await id('field-consent').click()
  await id('action-apply.submit').dblclick()
  await page.waitForTimeout(200)
  assert.deepEqual((await calls()).map(([a, x]) => [a, x.consent]), [['apply.submit', true]])
})

await promise('without the consent nothing is sent and the page says why', async () => {
  await show('apply-summary')
  await id('action-apply.submit').click()
  assert.deepEqual(await calls(), [])
  assert.ok(await page.getByRole('alert').textContent())
})

await promise('taps right after a screen has changed do nothing', async () => {
  await show('apply-name')
  await page.evaluate(() => { gallery.calls.length = 0 })
  await page.evaluate(async () => {
    await gallery.show('apply-email')
    while (!document.querySelector('[data-testid="screen-apply.email"]')) await new Promise((r) => requestAnimationFrame(r))
    document.querySelector('[data-testid="action-apply.email"]').click()
  })
  assert.deepEqual(await calls(), [])
})

await promise('a title gets the focus when the screen changes', async () => {
  await show('menu')
  await show('apply-region')
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1')
})

await promise('a physical keyboard types without touching the field first', async () => {
  await show('menu')
  await show('apply-iin')
  await page.keyboard.type('8704')
  await page.keyboard.press('Backspace')
  assert.equal(await id('field-iin').inputValue(), '870')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => gallery.calls.length === 1)
  assert.equal((await calls())[0][1].iin, '870')
})

await promise('Tab and Enter alone reach the pad and the main button', async () => {
  await show('menu')
  await show('apply-iin')
  await page.keyboard.press('Tab')
  let seen = []
  for (let i = 0; i < 40; i++) {
    const t = await page.evaluate(() => document.activeElement?.dataset.testid)
    seen.push(t)
    if (t === 'pad-5') await page.keyboard.press('Enter')
    if (t === 'action-apply.iin') break
    await page.keyboard.press('Tab')
  }
  assert.ok(seen.includes('pad-back') && seen.includes('action-apply.iin'), seen.join())
  assert.equal(await id('field-iin').inputValue(), '5')
})

await promise('names begin with a capital; shift, layouts and the caret work', async () => {
  await show('menu')
  await show('apply-name-typed', { lang: 'kk' })
  await id('field-patronymic').click()
  await id('field-patronymic').fill('')
  for (const k of ['ә', 'ң', 'қ']) await id(`key-${k}`).click()
  assert.equal(await id('field-patronymic').inputValue(), 'Әңқ')
  await id('key-layout-ru').click()
  await id('key-ы').click()
  await id('key-shift').click()
  await id('key-й').click()
  await id('key-ц').click()
  assert.equal(await id('field-patronymic').inputValue(), 'ӘңқыЙц')
  await page.keyboard.press('ArrowLeft')
  await id('key-backspace').click()
  assert.equal(await id('field-patronymic').inputValue(), 'Әңқыц')
  await id('key-layout-en').click()
  await id('key-space').click()
  await id('key-w').click()
  assert.equal(await id('field-patronymic').inputValue(), 'Әңқы wц')
})

await promise('an e-mail has its keys', async () => {
  await show('apply-email')
  for (const k of ['a', '7', '_', '@gmail.com']) await id(`key-${k}`).click()
  await id('key-symbols').click()
  await id('key-+').click()
  await id('action-apply.email').click()
  await page.waitForFunction(() => gallery.calls.length === 1)
  assert.equal((await calls())[0][1].email, 'a7_@gmail.com+')
})

await promise('a password shows which rules it meets, can be shown, and leaves in one call', async () => {
  await show('install-password')
  const met = () => page.$$eval('[data-rule]', (l) => l.filter((e) => e.dataset.met === 'true').map((e) => e.dataset.rule))
  await id('field-password').click()
  for (const k of 'abc12') await id(`key-${k}`).click()
  assert.deepEqual(await met(), ['lower', 'digit', 'allowed'])
  await id('key-shift').click()
  await id('key-q').click()
  assert.deepEqual(await met(), ['length', 'lower', 'upper', 'digit', 'allowed'])
  await id('show-password').click()
  assert.equal(await id('field-password').getAttribute('type'), 'text')
  await id('field-again').click()
  await page.keyboard.type('abc12Q')
  assert.deepEqual(await met(), ['length', 'lower', 'upper', 'digit', 'allowed', 'same'])
  await id('action-install.password').click()
  await page.waitForFunction(() => gallery.calls.length === 1)
  const [[, args]] = await calls()
  assert.deepEqual([args.password, args.again], ['abc12Q', 'abc12Q'])
  assert.equal(await id('field-password').inputValue(), '')
})

await promise('the factory PIN is typed twice and changed in one call', async () => {
  await show('install-factory')
  for (const d of '24680') await id(`pad-${d}`).click()
  await id('action-install.change-pin').click()
  for (const d of '24680') await id(`pad-${d}`).click()
  assert.deepEqual(await calls(), [])
  await id('action-install.change-pin').click()
  await page.waitForFunction(() => gallery.calls.length === 1)
  const [[, args]] = await calls()
  assert.deepEqual([args.new, args.again], ['24680', '24680'])
})

await promise('a key file is picked by touch; one that cannot be opened is no button', async () => {
  await show('files-list')
  assert.equal(await id('file-cannot').count(), 3)
  assert.equal(await id('action-files.open').count(), 4)
  await id('action-files.open').nth(1).click()
  await page.waitForFunction(() => gallery.calls.length === 1)
  const [[action, args]] = await calls()
  assert.deepEqual([action, args.file], ['files.open', 1])
})

await promise('a file’s password leaves in one call and is gone from the field at once', async () => {
  await show('files-password')
  for (const k of 'qwe12') await id(`key-${k}`).click()
  assert.equal(await id('field-password').getAttribute('type'), 'password')
  await id('action-files.password').click()
  assert.equal(await id('field-password').inputValue(), '')
  await page.waitForFunction(() => gallery.calls.length === 1)
  assert.equal((await calls())[0][1].password, 'qwe12')
})

await promise('capitals that nobody meant and letters that only look Latin are said while they are typed', async () => {
  const said = () => id('typed-note').getAttribute('data-odd')
  await show('files-password')
  assert.equal(await said(), '')
  await id('key-shift').click()
  assert.equal(await said(), '', 'one capital is meant')
  await id('key-shift').click()
  assert.equal(await said(), 'caps')
  assert.equal(await id('key-shift').getAttribute('data-locked'), 'true')
  await id('key-q').click()
  await id('key-w').click()
  assert.equal(await id('field-password').inputValue(), 'QW')
  await id('key-shift').click()
  assert.equal(await said(), '')
  await id('key-e').click()
  assert.equal(await id('field-password').inputValue(), 'QWe')
  await id('field-password').fill('Qwеrty12') // the third letter is Cyrillic
  assert.equal(await said(), 'cyrillic')
  await id('field-password').fill('Qwerty 12')
  assert.equal(await said(), 'outside')
  await id('field-password').fill('Qwerty12')
  assert.equal(await said(), '')
  const press = (key, caps) => page.evaluate(([key, caps]) => window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, modifierCapsLock: caps })), [key, caps])
  await press('CapsLock', false)
  assert.equal(await said(), 'caps', 'Caps Lock goes on')
  await press('Shift', true)
  assert.equal(await said(), 'caps')
  await press('CapsLock', true)
  assert.equal(await said(), '', 'Caps Lock goes off')
  await show('menu')
  await show('files-password')
  assert.equal(await said(), '', 'a lock does not outlive its screen')
})

await promise('a file’s password is changed in two steps and one call', async () => {
  await show('files-change')
  await id('step-new').click()
  assert.equal(await id('field-old').count(), 1, 'nothing was typed yet')
  await id('field-old').fill('Qwerty12')
  await id('step-new').click()
  assert.deepEqual(await calls(), [])
  await id('field-password').fill('Sunflower7')
  await id('field-again').fill('Sunflower7')
  assert.equal(await page.locator('[data-rule][data-met=false]').count(), 0)
  await id('step-back').click()
  assert.equal(await id('field-old').inputValue(), '', 'going back forgets')
  await id('field-old').fill('Qwerty12')
  await id('step-new').click()
  await id('field-password').fill('Sunflower7')
  await id('field-again').fill('Sunflower7')
  await id('action-files.new-password').click()
  await page.waitForFunction(() => gallery.calls.length === 1)
  const [[, args]] = await calls()
  assert.deepEqual([args.old, args.password, args.again], ['Qwerty12', 'Sunflower7', 'Sunflower7'])
})

await promise('help is a modal that keeps the focus and closes', async () => {
  await show('menu')
  await id('tool-help').click()
  for (let i = 0; i < 9; i++) {
    await page.keyboard.press('Tab')
    assert.ok(await page.evaluate(() => !document.querySelector('.kiosk').contains(document.activeElement)))
  }
  await page.keyboard.press('Escape')
  assert.equal(await id('help').count(), 1)
  await id('help-close').click()
  assert.equal(await id('help').count(), 0)
})

await promise('an older snapshot is ignored', async () => {
  await show('menu')
  await page.evaluate(() => gallery.old())
  await page.waitForTimeout(60)
  assert.equal(await id('screen-menu').count(), 1)
})

await promise('staff confirm with the document and reject with a reason', async () => {
  await show('staff-application')
  await id('step-confirm').click()
  await id('field-document-type-passport').click()
  await id('field-document').click()
  for (const k of 'n1234') await id(`key-${k}`).click()
  await id('action-staff.confirm').click()
  await page.waitForFunction(() => gallery.calls.length === 1)
  assert.deepEqual((await calls())[0][1].document, { type: 'passport', number: 'N1234' })
  await show('menu')
  await show('staff-application')
  await id('step-reject').click()
  await id('action-staff.reject').click()
  assert.deepEqual(await calls(), [])
  await id('field-reason-refused').click()
  await id('action-staff.reject').click()
  await page.waitForFunction(() => gallery.calls.length === 1)
  assert.equal((await calls())[0][1].reason, 'refused')
})

await promise('on the small glass a notice gives way to the keyboard when the field is tapped', async () => {
  await show('notice-typing')
  assert.equal(await id('key-a').count(), 0)
  await id('field-email').click()
  await page.waitForFunction(() => gallery.calls.some(([a]) => a === 'notice.dismiss'))
})

await promise('a missing word is shown and marked', async () => {
  await page.goto(page.url() + '&lose=page.apply.iin.lead&id=apply-iin')
  await settled()
  assert.match(await page.locator('.missing-word').textContent(), /⟦page\.apply\.iin\.lead⟧/)
})

await browser.close()
server.close()
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed ? 1 : 0
