// One pass over the program as it ships: nothing in it can be driven by WebDriver, so it is pressed by the accessibility bus.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bin } from './house.mjs'
import { enrolled, plain, until } from './kiosk.mjs'

const script = fileURLToPath(new URL('release.py', import.meta.url))

export default async function release(check) {
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let address = ''
  bus.stdout.on('data', d => { address += d })
  await until('the session bus', () => address.includes('\n'))
  const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS: address.trim(), GTK_A11Y: 'atspi', NO_AT_BRIDGE: '0' }
  const a11y = spawn('/usr/libexec/at-spi-bus-launcher', ['--launch-immediately'], { env, stdio: 'ignore' })
  const state = enrolled('release')
  const kiosk = plain(state, { env })
  try {
    await until('the kiosk to open', () => kiosk.said.includes('painted'), 30000)
    await check('the release program is pressed through the accessibility bus', async () => {
      const r = spawnSync('/usr/bin/python3', [script, String(kiosk.pid), 'Русский', 'Получить ключи'], { env, encoding: 'utf8', timeout: 90000 })
      if (r.status !== 0) throw new Error((r.stderr || r.stdout || String(r.error)).trim())
    })
    await check('the release program cannot be driven by WebDriver', async () => {
      const has = spawnSync('grep', ['-c', 'automation-started', join(bin, 'tirkeu')], { encoding: 'utf8' })
      if (has.stdout.trim() !== '0') throw new Error('the release program has the automation handlers in it')
    })
    await check('the release program has nothing of the demonstration in it', async () => {
      const list = spawnSync('go', ['version', '-m', join(bin, 'tirkeu')], { encoding: 'utf8' }).stdout
      if (/hardware\/virtual/.test(list)) throw new Error('hardware/virtual is linked in')
      const symbols = spawnSync('grep', ['-c', 'hardware/virtual', join(bin, 'tirkeu')], { encoding: 'utf8' }).stdout.trim()
      if (symbols !== '0') throw new Error('hardware/virtual is named in the program')
    })
  } finally {
    kiosk.kill('SIGTERM'); await Promise.race([kiosk.ended, new Promise(r => setTimeout(r, 5000))])
    a11y.kill('SIGKILL'); bus.kill('SIGTERM')
  }
}
