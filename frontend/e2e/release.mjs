// One pass over the program as it ships: nothing in it can be driven by WebDriver, so it is pressed by the accessibility bus; and nothing in it can make
// the demonstration or the training program of it.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { says as band } from './band.mjs'
import { bin, centreUrl, house } from './house.mjs'
import { enrolled, plain, until } from './kiosk.mjs'

const script = fileURLToPath(new URL('release.py', import.meta.url)), root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(bin, 'tirkeu')

// By what the code that only the training program has could be found in a program: its functions and files, and the words of its band.
const traces = ['sandboxOnly', 'band_training', 'training-band', band]

/** configuration is one that names no module: the release program takes no virtual one. */
function configuration() {
  const file = join(house, 'release.toml')
  writeFileSync(file, `centre = ${JSON.stringify(centreUrl)}\nworker = ${JSON.stringify(join(bin, 'tirkeu-token'))}\nstick = ${JSON.stringify(join(house, 'dock', 'stick', 'in'))}\n`)
  return file
}

/** pressed has a program's button pressed as a screen reader does it; the words of the band are read out so many times. */
export async function pressed(check, what, binary, state, times, { config, env: own = {} } = {}) {
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let address = ''
  bus.stdout.on('data', d => { address += d })
  await until('the session bus', () => address.includes('\n'))
  const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS: address.trim(), GTK_A11Y: 'atspi', NO_AT_BRIDGE: '0' }
  const a11y = spawn('/usr/libexec/at-spi-bus-launcher', ['--launch-immediately'], { env, stdio: 'ignore' })
  const kiosk = plain(state, { binary, config, env: { ...env, ...own } })
  try {
    await until('the kiosk to open', () => kiosk.said.includes('painted'), 30000)
    await check(`${what} is pressed through the accessibility bus, and its band is read ${times ? 'once' : 'never, for it has none'}`, () => {
      const r = spawnSync('/usr/bin/python3', [script, String(kiosk.pid), 'Русский', 'Получить ключи', band, String(times)], { env, encoding: 'utf8', timeout: 90000 })
      if (r.status !== 0) throw new Error((r.stderr || r.stdout || String(r.error)).trim())
    })
  } finally {
    kiosk.kill('SIGTERM'); await Promise.race([kiosk.ended, new Promise(r => setTimeout(r, 5000))])
    a11y.kill('SIGKILL'); bus.kill('SIGTERM')
  }
}

export default async function release(check) {
  const config = configuration(), state = enrolled('release', 'l21', config, 'tirkeu')
  // Under another name, in an environment that asks for training in every way one may think of.
  const folder = join(house, 'renamed')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  symlinkSync(program, join(folder, 'tirkeu-training'))
  const asked = Object.fromEntries(['TRAINING', 'TIRKEU_TRAINING', 'TIRKEU_EDITION', 'TIRKEU_MODE', 'TIRKEU_DEMO', 'DEMONSTRATION'].map(n => [n, 'training']))
  await pressed(check, 'the release program', relative(bin, join(folder, 'tirkeu-training')), state, 0, { config, env: asked })
  await check('the release program cannot be driven by WebDriver', () => { holds(program, ['automation-started'], false) })
  await check('the release program has nothing of the demonstration in it', () => {
    const list = spawnSync('go', ['version', '-m', program], { encoding: 'utf8' }).stdout
    if (/hardware\/virtual/.test(list)) throw new Error('hardware/virtual is linked in')
    holds(program, ['hardware/virtual'], false)
  })
  await switched(check, state, config)
}

/** holds fails where a program has not all of the words in it, or has one that it must not have. */
function holds(file, words, wanted) {
  for (const word of words) {
    const found = spawnSync('grep', ['-c', '-a', '-F', '-e', word, file], { encoding: 'utf8' }).stdout.trim() !== '0'
    if (found !== wanted) throw new Error(`${file.split('/').pop()} has ${wanted ? 'no ' : ''}"${word}" in it`)
  }
}

/** switched: no flag, file or variable makes the release program another one, and it has none of the other's code. */
async function switched(check, state, config) {
  const run = (args, { env = {}, file = config } = {}) => {
    const r = spawnSync(program, [...args, '--config', file, '--state', state], { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 20000 })
    return { status: r.status, said: r.stdout + r.stderr }
  }
  const refused = (what, r, status, words) => { if (r.status !== status || !words.test(r.said)) throw new Error(`${what}: exit ${r.status}: ${r.said.slice(0, 300)}`) }
  await check('the release program knows no flag and no command that would make it the training program', () => {
    for (const flag of ['--training', '--demonstration', '--edition=training', '--virtual']) refused(flag, run([flag]), 2, /flag provided but not defined/)
    for (const command of ['training', 'demonstration']) refused(command, run([command]), 2, /there is no command/)
  })
  await check('the release program knows no setting that would make it the training program', () => {
    for (const setting of ['training = true', 'demonstration = true', 'edition = "training"', 'virtual = true']) {
      const file = join(house, 'switched.toml')
      writeFileSync(file, setting + '\n')
      refused(setting, run([], { file }), 1, /has no setting/)
    }
  })
  await check('the release program takes no virtual bench from its environment or its configuration', () => {
    for (const name of ['LD_LIBRARY_PATH', 'UMOCKDEV_DIR', 'PCSCLITE_CSOCK_NAME', 'SOFTHSM2_CONF', 'TIRKEU_SHIM_CTL']) refused(name, run([], { env: { [name]: '/nowhere' } }), 1, new RegExp(name + ' is for a virtual bench'))
    refused("the demonstration's configuration", run([], { file: join(house, 'kiosk.toml') }), 1, /is for a virtual bench/)
  })
  await check('the release program was built without the tags of the others, and has none of their code', () => {
    const tags = spawnSync('go', ['version', '-m', program], { encoding: 'utf8' }).stdout.match(/-tags=(\S+)/)?.[1]
    if (tags !== 'desktop,production,webkit2_41') throw new Error('its tags are ' + tags)
    holds(join(bin, 'tirkeu-training'), traces, true) // they are to be found where they are
    holds(program, traces, false)
    const whole = join(house, 'tirkeu-symbols') // as it ships but with its symbols, which shipping takes off
    const built = spawnSync('go', ['build', '-trimpath', '-tags', tags, '-o', whole, '.'], { cwd: root, encoding: 'utf8' })
    if (built.status !== 0) throw new Error('building it with its symbols: ' + built.stderr)
    const symbols = spawnSync('go', ['tool', 'nm', whole], { encoding: 'utf8', maxBuffer: 256 << 20 }).stdout
    if (!/app\/terminal\.\(\*Terminal\)\.Start/.test(symbols) || !/tirkeu_replace_page/.test(symbols)) throw new Error('nm shows no symbols')
    const found = symbols.match(/.*(sandboxOnly|tirkeu_band|IsSandbox|hardware\/virtual|on_automation).*/)
    if (found) throw new Error('it has ' + found[0].trim())
  })
}
