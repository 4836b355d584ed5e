// Real disks for the kiosk's window: loop devices of this machine, which the kernel mounts as it does any stick. The kiosk and its mount helper are as
// they are released. They look for removable USB disks in /sys; they are started in a mount namespace of their own, where the list of block devices and
// one branch of the device tree are folders of the test, which say of a loop device that it hangs on USB. No setting of a program can do that, only root.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { bin, sh } from './house.mjs'
import { until } from './kiosk.mjs'

// Any folder of the device tree will do: package block asks only that it is below /sys/devices, and below a device of the subsystem usb.
const LIST = '/sys/block', BRANCH = '/sys/devices/virtual/block'

/** missing says why this machine can make and mount no disks, or gives nothing. */
export function missing() {
  if (process.getuid() !== 0) return 'only root can make block devices and mount them'
  const image = join(tmpdir(), `tirkeu-disk-probe-${process.pid}`)
  try {
    if (!existsSync(BRANCH)) return `there is no ${BRANCH}`
    sh('unshare', ['--mount', 'mount', '--bind', BRANCH, LIST])
    writeFileSync(image, ''); truncateSync(image, 4 << 20)
    sh('losetup', ['-d', sh('losetup', ['-f', '--show', image]).trim()])
  } catch (e) { return e.message.split('\n')[0] } finally { rmSync(image, { force: true }) }
}

/** Ports is what stands in for the machine's USB ports. */
export class Ports {
  disks = []
  insertions = 0
  constructor() {
    this.dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tirkeu-ports-'))
    for (const f of ['list', 'branch', 'images']) mkdirSync(join(this.dir, f))
  }

  /** before is the beginning of a command line in which a program sees these ports. Its process is the program's own. */
  get before() {
    return ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0/branch" "$1" && mount --bind "$0/list" "$2" && shift 2 && exec "$@"', this.dir, BRANCH, LIST]
  }

  /** disk makes one of an image that make writes, or of ext4. */
  disk(name, make = image => sh('mkfs.ext4', ['-q', '-F', '-b', '1024', image]), { size = 16 << 20, readOnly = false } = {}) {
    const image = join(this.dir, 'images', name)
    writeFileSync(image, ''); truncateSync(image, size)
    make(image)
    const d = new Disk(this, image, readOnly)
    this.disks.push(d)
    return d
  }

  /** pull takes every disk out. */
  pull() { for (const d of this.disks) d.pull() }

  /** close pulls all and gives the devices back. */
  close() {
    this.pull()
    for (const d of this.disks) { try { sh('losetup', ['-d', d.node]) } catch { /* the kernel gives it back with its last user */ } }
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** Disk is one of them. */
export class Disk {
  constructor(ports, image, readOnly) {
    this.ports = ports
    this.image = image
    this.readOnly = readOnly
    this.node = sh('losetup', [...(readOnly ? ['-r'] : []), '-f', '--show', image]).trim()
    this.name = basename(this.node)
    this.port = `usb1/1-${ports.disks.length + 1}`
    this.link = join(ports.dir, 'list', this.name)
  }

  /** plug puts it in: all is there before the link that leads to it. */
  plug() {
    const at = `${this.port}/1-1:1.0/host0/target0:0:0/0:0:0:0/block/${this.name}`, folder = join(this.ports.dir, 'branch', at)
    mkdirSync(join(folder, 'holders'), { recursive: true })
    symlinkSync('/sys/bus/usb', join(this.ports.dir, 'branch', this.port, 'subsystem'))
    const real = f => readFileSync(join(LIST, this.name, f), 'utf8')
    for (const [f, text] of Object.entries({ dev: real('dev'), size: real('size'), ro: real('ro'), removable: '1\n', diskseq: `${++this.ports.insertions}\n`, uevent: `DEVTYPE=disk\nDEVNAME=${this.name}\n` })) {
      writeFileSync(join(folder, f), text)
    }
    symlinkSync(join(BRANCH, at), this.link)
  }

  /** pull takes it out: the link goes first, as in the kernel. */
  pull() {
    rmSync(this.link, { force: true })
    rmSync(join(this.ports.dir, 'branch', this.port), { recursive: true, force: true })
  }

  /** mounted asks the kernel whether any file system of the device lives, wherever it is mounted: the kiosk's mount has no place in the tree. */
  get mounted() { return existsSync('/sys/fs/ext4/' + this.name) }

  /** writable asks the kernel how the file system stands now. */
  get writable() { return /^rw$/m.test(readFileSync(`/proc/fs/ext4/${this.name}/options`, 'utf8')) }

  /** free waits until nobody has the device. */
  free() { return until(`${this.name} to be free`, () => !this.mounted) }

  /** files are those at its top, asked of the image by debugfs. */
  files() {
    return sh('debugfs', ['-R', 'ls -p /', this.image]).split('\n').map(l => l.split('/')).filter(f => f[2]?.startsWith('100')).map(f => f[5])
  }

  /** take copies a file off it. */
  take(file, to) {
    sh('debugfs', ['-R', `dump ${file} ${to}`, this.image])
    return readFileSync(to)
  }

  /** clean holds when its file system was left in order: nothing to be played back, and nothing that fsck finds. */
  clean() {
    const head = sh('dumpe2fs', ['-h', this.image])
    if (!/Filesystem state: +clean\n/.test(head) || head.includes('needs_recovery')) throw new Error('it was left unclean: ' + head.match(/Filesystem (features|state):.*/g))
    sh('e2fsck', ['-f', '-n', this.image])
  }
}

/** helpers are the mount helpers that a kiosk has started. */
export const helpers = kiosk => readdirSync('/proc').filter(p => {
  try { return /^\d+$/.test(p) && readlinkSync(`/proc/${p}/exe`) === join(bin, 'tirkeu-mount') && new RegExp(`^PPid:\\s+${kiosk}$`, 'm').test(readFileSync(`/proc/${p}/status`, 'utf8')) } catch { return false }
}).map(Number)

/** Hold stops the kiosk in the middle of writing a file: see disk.py. */
export class Hold {
  static async on(kiosk, disk, name, times) {
    const h = new Hold()
    h.process = spawn('/usr/bin/python3', [new URL('disk.py', import.meta.url).pathname, String(kiosk), disk.node, name, String(times)], { stdio: ['pipe', 'pipe', 'pipe'] })
    h.said = []
    createInterface({ input: h.process.stdout }).on('line', l => h.said.push(l))
    createInterface({ input: h.process.stderr }).on('line', l => h.said.push(l))
    h.ended = new Promise(r => h.process.once('exit', r))
    await h.until('watching')
    return h
  }
  until(word) {
    return until(`disk.py: ${word}`, () => {
      if (this.process.exitCode) throw new Error(this.said.join('; '))
      return this.said.includes(word)
    })
  }
  /** go lets it go on, after a pull or without. */
  async go(how) { this.process.stdin.end(how + '\n'); await this.ended }
  close() { if (this.process.exitCode === null) this.process.kill('SIGKILL') }
}
