// The training program in its real window: its band over every screen, a citizen's and the staff's way with virtual tokens, and data that neither it
// nor a working terminal takes from the other.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Band } from './band.mjs'
import { displays, screenOf, whole as every } from './gallery.mjs'
import { bin, centre, dock, house, people, sh } from './house.mjs'
import { arrived, fromRegion, openApplication, says, story, supervise, toPIN } from './journeys.mjs'
import { enrolled, open } from './kiosk.mjs'
import { pressed } from './release.mjs'

const shots = join(bin, 'e2e', 'training')

export default async function training(check) {
  rmSync(shots, { recursive: true, force: true })
  mkdirSync(shots, { recursive: true })
  const state = enrolled('training', 'l10', undefined, 'tirkeu-training')
  await lesson(check, state)
  await everyScreen(check, 'l10') // the glass with the least room
  await unknown(check)
  await apart(check, state)
  await pressed(check, 'the training program', 'tirkeu-training', enrolled('training-read', 'l21', undefined, 'tirkeu-training'), 1)
}

/** within runs act on a window of its own on a display of its own. */
async function within(display, state, binary, act) {
  const x = await screenOf(displays[display])
  let w
  try {
    w = await open(state, { binary, env: { DISPLAY: x.name } })
    await act(w, new Band(x.name, ...displays[display]), x)
  } finally { await w?.close().catch(() => {}); x.end() }
}

const whole = (x, name) => sh('import', ['-silent', '-window', 'root', join(shots, name + '.png')], { env: { DISPLAY: x.name } })

/** lesson: a citizen applies with a virtual token at the largest text, staff confirm, and the band is looked at on every screen on the way. */
async function lesson(check, state) {
  const citizen = people().find(p => p.role === 'citizen' && p.token), operator = people().find(p => p.role === 'operator')
  await within('l10', state, 'tirkeu-training-e2e', async (w, band, x) => {
    const step = story(check, w), seen = new Set()
    let number
    const on = async (name, options) => {
      await w.on(name, options); await band.stands(w)
      if (!seen.has(name)) { seen.add(name); await w.settled(join(shots, '.page.png')); whole(x, `walk-${String(seen.size).padStart(2, '0')}-${name}`) }
    }
    await step('training: the first screen has the band', () => on('attract'))
    await step('training: a citizen applies with a virtual token', async () => {
      await w.start('kk'); await on('menu'); await w.touch('tool-text'); await w.touch('tool-text')
      await w.until('the largest text', () => w.run(`return document.documentElement.dataset.text === '2'`))
      await w.act('apply'); await on('apply.iin'); await w.pad(citizen.iin); await w.act('apply.iin'); await on('apply.name'); await w.act('apply.name')
      await on('apply.email'); await w.act('apply.email'); await fromRegion(w); await on('apply.storage')
      dock('plug', citizen.token); await w.untilPart('[data-testid="action-apply.storage"][data-insertion]')
      await toPIN(w); await on('apply.pin'); await w.pad(citizen.pin); await w.act('apply.pin'); await on('apply.summary', { limit: 120000 })
      await w.touch('field-consent'); await w.act('apply.submit'); await on('apply.done')
      number = await w.number()
      dock('pull', citizen.token); await w.act('finish'); await on('attract'); await arrived(number)
    })
    await step('training: staff confirm it', async () => {
      await supervise(w, operator); await on('staff.queue'); await openApplication(w, number); await on('staff.application')
      await w.touch('step-confirm'); await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '012345678'); await w.act('staff.confirm'); await on('staff.decided')
      dock('pull', operator.token); await on('attract')
    })
    await step("training: the band stands while the page's process is replaced, and a question covers it no less", async () => {
      await w.start('ru'); await on('menu'); await w.act('apply'); await on('apply.iin'); await w.pad(citizen.iin); await w.act('apply.iin'); await on('apply.name')
      await w.act('exit'); await w.untilPart('[data-testid="dialog-exit-confirm"]'); await band.stands(w)
      await w.act('exit.confirm'); await on('attract')
    })
  })
}

/** everyScreen shows each screen there is at the largest text, in Kazakh, or in Kazakh and Russian (build/soak screens), on the glass that the band has left. */
async function everyScreen(check, display) {
  const { fixtures } = await import(new URL('../gallery/fixtures.mjs', import.meta.url))
  const overflow = readFileSync(new URL('../gallery/overflow.js', import.meta.url), 'utf8').replace(/^export /gm, '')
  const [widthPx, heightPx, diagonalIn] = displays[display], kept = new Set(['menu', 'apply.storage', 'staff.queue', 'cabinet.menu'])
  await within(display, enrolled('training-' + display, display, undefined, 'tirkeu-training'), 'tirkeu-training-e2e', async (w, band, x) => {
    await w.on('attract')
    const glass = JSON.parse(await w.runAsync(`const done = arguments[arguments.length - 1]; window.go.window.Bridge.State().then(done)`)).display.diagonalIn
    if (!(glass > diagonalIn)) throw new Error('the page does not know that the band takes some of the glass')
    let seq = 1e9
    const show = async snapshot => {
      await w.run(`window.wails.EventsNotify(JSON.stringify({ name: 'state', data: [arguments[0]] }))`, JSON.stringify({ ...snapshot, seq: ++seq }))
      await w.until('fixture ' + snapshot.screen.name, () => w.run(`
        return !!document.querySelector('[data-testid="screen-' + arguments[0] + '"]') && document.documentElement.dataset.seq === arguments[1] && !document.getAnimations().some(a => a.playState === 'running' && a.effect?.getTiming().iterations !== Infinity)`, snapshot.screen.name, String(seq)), 6000)
    }
    const set = (s, lang) => ({ ...s, lang, training: false, prefs: { ...s.prefs, contrast: 'normal', motion: false, text: 2 }, display: { widthPx, heightPx, diagonalIn: glass } })
    const menu = fixtures.find(f => f.snapshot.screen.name === 'menu').snapshot, iin = fixtures.find(f => f.snapshot.screen.name === 'apply.iin').snapshot
    for (const lang of every ? ['kk', 'ru'] : ['kk']) {
      await check(`training: ${display}/${lang}: every screen at the largest text has the band and fits below it`, async () => {
        const wrong = []
        for (const f of fixtures) {
          try {
            await show(set(f.snapshot.screen.name === 'menu' ? iin : menu, lang)) // what was typed must not stay
            await show(set(f.snapshots[lang], lang))
            const found = await w.run(`${overflow}; return [...document.querySelectorAll('.missing-word')].map(e => 'a missing word: ' + e.textContent).concat(check(document).map(String))`)
            if (found.length) wrong.push(`${f.id}: ${found.slice(0, 2).join(' · ')}`)
            await band.stands(w)
            if (kept.has(f.id) || f.snapshot.dialog) whole(x, `${display}-${lang}-${f.id}`)
          } catch (e) { wrong.push(`${f.id}: ${e.message}`) }
        }
        if (wrong.length) throw new Error(`${wrong.length} of ${fixtures.length}: ${wrong.slice(0, 8).join(' | ')}`)
      })
    }
  })
}

/** unknown: a terminal that is not enrolled yet does not know its display, and fills the glass all the same, with the band where there is one. */
async function unknown(check) {
  for (const display of Object.keys(displays)) for (const binary of ['tirkeu-training-e2e', 'tirkeu-e2e']) {
    const state = join(house, 'states', `new-${binary}-${display}`)
    rmSync(state, { recursive: true, force: true }); mkdirSync(state, { recursive: true })
    await check(`training: the first start of ${binary} on ${display} fills the glass and no more`, () => within(display, state, binary, async (w, band, x) => {
      await w.on('setup'); await w.settled(join(shots, '.page.png')); whole(x, `new-${binary}-${display}`)
      const [left, top, width, height] = await w.run('return [screenX, screenY, outerWidth, outerHeight]')
      if (`${left},${top},${width}×${height}` !== `0,0,${displays[display][0]}×${displays[display][1]}`) throw new Error(`the window is ${width}×${height} at ${left},${top}`)
      if (binary === 'tirkeu-training-e2e') await band.stands(w)
    }))
  }
}

/** apart: neither program takes the other's data, neither by command nor in its window, and neither changes a byte of them. */
async function apart(check, state) {
  const work = enrolled('training-work')
  const sum = folder => createHash('sha256').update(readFileSync(join(folder, 'kiosk.db'))).update(readFileSync(join(folder, 'device.json'))).digest('hex')
  for (const [what, folder, programs] of [
    ["a lesson's data", state, ['tirkeu', 'tirkeu-demo', 'tirkeu-e2e']], ["a working terminal's data", work, ['tirkeu-training', 'tirkeu-training', 'tirkeu-training-e2e']],
  ]) {
    const before = sum(folder)
    await check(`${what} are refused by every command of the other program`, () => {
      for (const args of [['doctor'], ['audit', 'verify'], ['audit', 'export']]) {
        const r = spawnSync(join(bin, programs[0]), [...args, '--state', folder], { encoding: 'utf8' })
        if (r.status !== 1 || !/share no data/.test(r.stdout + r.stderr)) throw new Error(`${args}: exit ${r.status}: ${r.stdout}${r.stderr}`)
      }
      const k = JSON.parse(centre('kiosk', 'add', 'apart-' + programs[1], '--json'))
      const r = spawnSync(join(bin, programs[1]), ['provision', '--config', join(house, 'kiosk.toml'), '--state', folder, '--centre', 'https://127.0.0.1:1', '--reference', k.reference], { encoding: 'utf8', input: k.secret })
      if (r.status !== 1 || !/share no data/.test(r.stderr)) throw new Error(`provision: exit ${r.status}: ${r.stderr}`)
    })
    await check(`${what} put the other program out of service, in three languages`, () => within('l21', folder, programs[2], async (w, band, x) => {
      await w.on('fault')
      for (const lang of ['kk', 'ru', 'en']) { await w.touch('lang-' + lang); await says(w, lang, 'error.E-1508.title', 'error.E-1508.text', 'error.E-1508.hint') }
      if (programs[2] === 'tirkeu-training-e2e') await band.stands(w)
      whole(x, 'apart-' + programs[2])
    }))
    await check(`${what} are as they were`, () => { if (sum(folder) !== before) throw new Error('a byte was changed') })
  }
  await check('a lesson goes on in its own program', () => {
    const r = spawnSync(join(bin, 'tirkeu-training'), ['audit', 'verify', '--state', state], { encoding: 'utf8' })
    if (r.status !== 0 || !/whole/.test(r.stdout)) throw new Error(r.stdout + r.stderr)
  })
}
