// How the program lives and dies: one at a time, a dead page is replaced, signals end it, nobody leads the page away.
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { people } from './house.mjs'
import { enrolled, open, plain, until } from './kiosk.mjs'
import { freePort } from './webdriver.mjs'

/** rendererOf finds the page's process below a process. */
function rendererOf(pid) {
  const parent = new Map()
  const names = new Map()
  for (const p of readdirSync('/proc').filter(p => /^\d+$/.test(p))) {
    try {
      const stat = readFileSync(`/proc/${p}/stat`, 'utf8')
      const end = stat.lastIndexOf(')')
      names.set(Number(p), stat.slice(stat.indexOf('(') + 1, end))
      parent.set(Number(p), Number(stat.slice(end + 2).split(' ')[1]))
    } catch { /* ended meanwhile */ }
  }
  const below = p => { for (let q = p; q > 1; q = parent.get(q) ?? 0) if (q === pid) return true; return false }
  return [...names].find(([p, n]) => n.startsWith('WebKitWebProces') && below(p))?.[0]
}

/** muteDisplay is an X display that takes connections and says nothing: TCP, 6000 and its number. */
async function muteDisplay() {
  const port = await freePort()
  const server = createServer(() => {})
  await new Promise(ok => server.listen(port, '127.0.0.1', ok))
  return { name: `127.0.0.1:${port - 6000}`, server }
}

export default async function life(check) {
  const state = enrolled('life')
  const mute = await muteDisplay(), still = plain(enrolled('mute'), { env: { DISPLAY: mute.name } }) // waited for at the end
  let w = await open(state)
  try {
    await w.on('attract')
    await check('a session survives the death of the page', async () => {
      await w.start('ru'); await w.on('menu'); await w.act('apply'); await w.on('apply.iin')
      const first = rendererOf(w.kiosk.pid)
      process.kill(first, 'SIGKILL')
      await w.until('another page process', () => { const now = rendererOf(w.kiosk.pid); return now && now !== first })
      await w.on('apply.iin')
      if (!/ИИН/.test(await w.text())) throw new Error('the language was lost')
    })
    await check("the page's process is another one after a citizen's session", async () => {
      const first = rendererOf(w.kiosk.pid)
      await w.pad(people().find(p => p.role === 'citizen').iin); await w.act('apply.iin'); await w.on('apply.name')
      await w.act('exit')
      await w.until('the question', () => w.shows('[data-testid="dialog-exit-confirm"]'))
      if (await w.shows('[data-testid="dialog-exit-confirm"]')) await w.act('exit.confirm')
      await w.on('attract')
      await w.until('another page process', () => { const now = rendererOf(w.kiosk.pid); return now && now !== first })
      await w.on('attract')
    })
    await check('the page cannot be led away', async () => {
      await w.run(`setTimeout(() => { location.href = 'https://example.org/' }, 0)`)
      await w.run(`setTimeout(() => { window.open('https://example.org/') }, 0)`)
      await w.until('the page to answer', async () => (await w.run('return location.protocol')) === 'wails:')
      await w.on('attract')
    })
    await check('a second kiosk on the same state is refused', async () => {
      const p = plain(state)
      const end = await p.ended
      if (end.code !== 1 || !/already|running|уже|lock/i.test(p.said)) throw new Error(`${JSON.stringify(end)}: ${p.said.slice(0, 300)}`)
    })
    await check('SIGTERM ends the program', async () => {
      const end = await w.close()
      if (end.code !== 0) throw new Error(JSON.stringify(end))
      if (end.after > 5000) throw new Error(`it took ${end.after} ms`) // promised: about one second; five times that is a hang
    })
    await check('what was left running ends with it', async () => {
      await until('no process of the kiosk', () => {
        for (const p of readdirSync('/proc').filter(p => /^\d+$/.test(p))) {
          try { if (readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('tirkeu-token') && readFileSync(`/proc/${p}/environ`, 'utf8').includes(state)) return false } catch { /* ended, or not ours to read */ }
        }
        return true
      }, 5000)
    })
    w = null
    await check('a program whose window does not come ends itself', async () => {
      const end = await Promise.race([still.ended, new Promise(r => setTimeout(r, 150000, null))]) // promised: half a minute; five times that is a hang
      if (end?.code !== 1 || !still.said.includes('the window has not opened')) throw new Error(`${JSON.stringify(end)}: ${still.said.slice(0, 300)}`)
    })
  } finally {
    still.kill('SIGKILL')
    mute.server.close()
    await w?.close().catch(() => {})
  }
}
