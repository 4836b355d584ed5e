// What is left of a person when the session times out: on screens that may hold something personal the terminal is left alone,
// and then page, memory of the page's and the token processes, and all files are searched. The people are invented for
// this run, so what is found can come from nowhere else.
// The suite walks those that leakways.mjs has chosen; TIRKEU_LEAKS=all (build/soak leaks) walks every one, and screens or rows
// named there, with commas between them, are walked alone.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Hands } from './hands.mjs'
import { bin, centre, house } from './house.mjs'
import { applications, clean } from './journeys.mjs'
import { configuration, enrolled, until } from './kiosk.mjs'
import { cast, personal, returned } from './leakcast.mjs'
import { ELSEWHERE, chosen, elsewhere, impersonal, namely, needed, ways } from './leakways.mjs'
import { Search, family, forms } from './needles.mjs'

const IDLE = 6, WARNING = 2 // seconds

/** Patient shows that somebody is there, as a touch does, until it is told to be silent: a slow machine is no silent citizen. */
class Patient extends Hands {
  silent = false
  until(what, probe, limit) {
    return super.until(what, async () => {
      if (!this.silent) await this.run(`if (document.querySelector('[data-testid^="screen-"]:not([data-testid="screen-attract"])')) window.go.window.Bridge.Do('stay', '{}')`)
      return probe()
    }, limit)
  }
}

export default async function leaks(check) {
  const screens = [...readFileSync(new URL('../../app/actions.go', import.meta.url), 'utf8').match(/var screenData = [\s\S]*?\n}\n/)[0].matchAll(/\{"([a-z.-]+)", \w+\{\}\}/g)].map(m => m[1])
  await check('every screen of the program is walked here, or it is said why it holds nothing personal', () => {
    const walked = new Set(ways.map(way => way.screen)), all = new Set(screens)
    if (screens.length < 40) throw new Error('only these screens were read: ' + screens)
    const missing = screens.filter(s => !walked.has(s) && !impersonal[s]), twice = screens.filter(s => walked.has(s) && impersonal[s])
    const strange = [...walked, ...Object.keys(impersonal)].filter(s => !all.has(s))
    if (missing.length || twice.length || strange.length) throw new Error(`missing: ${missing}; both: ${twice}; no such screens: ${strange}`)
  })

  // Home and temporary files are the program's own, so that all that is written there is its own.
  const home = join(house, 'leaks-home')
  rmSync(home, { recursive: true, force: true })
  for (const dir of ['tmp', 'cache', 'data', 'config']) mkdirSync(join(home, dir), { recursive: true })
  const env = { HOME: home, TMPDIR: join(home, 'tmp'), XDG_CACHE_HOME: join(home, 'cache'), XDG_DATA_HOME: join(home, 'data'), XDG_CONFIG_HOME: join(home, 'config') }
  const config = configuration('leaks', `idle_seconds = ${IDLE}\nstaff_idle_seconds = ${IDLE}\nidle_warning_seconds = ${WARNING}`)
  const state = enrolled('leaks'), log = join(house, 'logs', 'leaks-kiosk.log'), began = Date.now()
  const people = cast()
  const named = process.env.TIRKEU_LEAKS === 'all' ? ways.map(namely) : process.env.TIRKEU_LEAKS?.split(',') ?? chosen
  const wanted = ways.filter(way => named.includes(namely(way)) || named.includes(way.screen) && process.env.TIRKEU_LEAKS), before = needed(wanted)
  await check('every row that is asked for is known', () => {
    const unknown = named.filter(name => !ways.some(way => name === namely(way) || name === way.screen))
    if (unknown.length) throw new Error(unknown.join(', '))
  })
  const numbers = {}
  if (wanted.some(way => way.needs?.includes(ELSEWHERE))) await check('an application is made at another terminal', () => madeElsewhere({ ...people, numbers }))
  const w = await Patient.open({ binary: join(bin, 'tirkeu-e2e'), args: ['--config', config, '--state', state], log, env })
  const tally = { pages: 0, seenInPages: 0 }
  try {
    await w.on('attract')
    await finder(check, w, people.operator)
    const t = { w, ...people, numbers, installed: {} }
    for (const way of ways) {
      const alone = wanted.includes(way)
      if (!alone && !before.includes(way)) continue
      await check(alone ? `nothing is left of a session that times out on ${namely(way)}` : `what later rows stand on is made: ${way.gives}`, async () => {
        try { alone ? await leave(t, way, { state, log, home, began, tally }) : await arrive(t, way) } catch (e) {
          await w.picture(join(house, 'logs', `leaks-${namely(way)}.png`.replaceAll(' ', '-'))).catch(() => {})
          throw e
        } finally { w.silent = false; await clean(w) }
      })
    }
    if (wanted.some(way => way.fill)) await check('the same search found them in the page’s process on every screen on which something was typed, so it can find', () => {
      if (!tally.pages || tally.seenInPages !== tally.pages) throw new Error(JSON.stringify(tally))
    })
  } finally {
    await w.close().catch(() => {})
    returned(people.holder)
  }
}

const pageNames = ['WebKitWebProcess', 'WebKitNetworkProcess']
const processes = w => family(w.kiosk.pid)
const of = (all, ...names) => all.filter(p => names.includes(p.name))

/** finder plants a text in every form in the page's process, in a file and in a name, and wants each found. */
async function finder(check, w, operator) {
  const plant = 'Жасырын құпия №7', search = new Search({ plant }), all = forms(plant)
  await check(`the search finds a text in each of ${all.size} forms: in a live process, in a file, in the name of a file`, async () => {
    // The bytes are carried inverted, or the message that carries them would be found, and not what the page holds.
    const turned = [...all].map(([, bytes]) => [...bytes].map(b => b ^ 0xff))
    await w.run('window.planted = arguments[0].map(bytes => Uint8Array.from(bytes, b => b ^ 0xff))', turned)
    const found = new Set(of(processes(w), 'WebKitWebProcess').flatMap(p => [...search.process(p.pid).found]))
    const missed = [...all.keys()].filter(form => !found.has('plant as ' + form))
    if (missed.length) throw new Error('not found in the process: ' + missed)
    const dir = join(house, 'leaks-plant')
    for (const [form, bytes] of all) {
      rmSync(dir, { recursive: true, force: true }); mkdirSync(dir)
      writeFileSync(join(dir, 'file'), Buffer.concat([Buffer.alloc(8191), bytes, Buffer.alloc(5)]))
      if (![...search.folder(dir).found].some(f => f.startsWith(`plant as ${form} `))) throw new Error('not found in a file: ' + form)
    }
    rmSync(dir, { recursive: true }); mkdirSync(join(dir, plant), { recursive: true })
    writeFileSync(join(dir, plant, 'file'), '')
    if (!search.folder(dir).found.size) throw new Error('not found in a name')
    rmSync(dir, { recursive: true })
    await w.run('location.reload()').catch(() => {})
    await w.on('attract')
  })
  await check('the search finds in a token process the name in a certificate that its module has read', () => {
    const name = new Search({ name: operator.surname })
    if (!of(processes(w), 'tirkeu-token').some(p => name.process(p.pid)?.found.has('name as UTF-8'))) throw new Error('not found')
  })
}

/** madeElsewhere has the terminal "leaks-first" make an application, and the centre issue its certificates. */
async function madeElsewhere(t) {
  const w = await Patient.open({ binary: join(bin, 'tirkeu-e2e'), args: ['--config', configuration('leaks-first'), '--state', enrolled('leaks-first')], log: join(house, 'logs', 'leaks-first.log') })
  try {
    await w.on('attract'); await w.until('the line', () => w.online())
    for (const step of elsewhere) await step({ ...t, w })
    centre('application', 'approve', t.numbers.distant)
    await until('the certificates', () => applications().find(a => a.number === t.numbers.distant)?.status === 'issued', 60000)
  } finally { await clean(w).catch(() => {}); await w.close().catch(() => {}) }
}

/** arrive goes to a screen. */
async function arrive(t, way) {
  const { w } = t
  await w.on('attract', { notices: true }); await w.until('the line', () => w.online())
  for (const step of way.steps) await step(t)
  await w.on(way.screen, { notices: way.notices })
}

/** leave goes to a screen, fills in what is asked there, and leaves the terminal alone until it has forgotten. */
async function leave(t, way, { state, log, home, began, tally }) {
  const { w } = t
  const start = async () => { await arrive(t, way); await way.fill?.(t) }
  try { await start() } catch (e) { if (await w.screen() !== 'attract') throw e; await clean(w); await start() } // too slow a machine: asked and timed out
  const search = new Search(personal(t, 'page')), onToken = new Search(personal(t, 'token')), before = processes(w)
  const pagesNow = of(before, 'WebKitWebProcess'), tokensNow = of(before, 'tirkeu-token')
  if (way.fill) { tally.pages++; tally.seenInPages += pagesNow.some(p => search.process(p.pid)?.found.size) ? 1 : 0 }

  w.silent = true
  await w.until('the end of the session', async () => await w.screen() === 'attract', (IDLE + WARNING) * 5000 + 30000)
  await until('the processes of the session gone', () => {
    const lives = new Set(processes(w).map(p => `${p.pid} ${p.began}`))
    return [...pagesNow, ...tokensNow].every(p => !lives.has(`${p.pid} ${p.began}`))
  }, 60000)
  await until('the token processes back', () => of(processes(w), 'tirkeu-token').length === tokensNow.length, 60000)
  const left = []
  const lookAt = (search, names) => {
    for (const p of of(processes(w), ...names)) for (const name of search.process(p.pid)?.found ?? []) left.push(`${name} in ${p.name}`)
  }
  lookAt(onToken, ['tirkeu-token'])
  lookAt(search, pageNames)
  if (way.medium) { // its certificates were read anew meanwhile; pulled at rest, the processes that read them go as well
    const workers = of(processes(w), 'tirkeu-token')
    way.pull(t)
    await until('the token processes replaced', () => {
      const lives = new Set(processes(w).map(p => `${p.pid} ${p.began}`))
      return workers.every(p => !lives.has(`${p.pid} ${p.began}`)) && of(processes(w), 'tirkeu-token').length === workers.length
    }, 60000)
    lookAt(onToken, ['tirkeu-token'])
  }
  const page = await w.runAsync(`const done = arguments[arguments.length - 1]
    const page = document.documentElement.outerHTML + [...document.querySelectorAll('input, textarea')].map(e => e.value).join('\\n') + JSON.stringify([{ ...localStorage }, { ...sessionStorage }]) + document.cookie + location.href
    window.go.window.Bridge.State().then(state => done(page + state), e => done('⛔' + e))`)
  if (page.startsWith('⛔') || !page.includes('"attract"')) throw new Error('the page does not answer')
  for (const name of search.text(page)) left.push(name + ' in the page')
  const checkout = dirname(bin) // it may lie in /tmp, with what centre and tokens keep; what the terminal keeps in it is looked at by name
  const disk = new Search(personal(t, 'disk')), shared = new Search(personal(t, 'shared'))
  for (const dir of [state, home]) for (const name of disk.folder(dir).found) left.push(name)
  for (const name of disk.file(log)) left.push(name + ' in the log')
  for (const dir of ['/tmp', '/var/tmp', '/dev/shm']) for (const name of shared.folder(dir, { since: began, but: path => path === checkout }).found) left.push(name)
  if (left.length) throw new Error('still to be found: ' + [...new Set(left)].join('; '))
}
