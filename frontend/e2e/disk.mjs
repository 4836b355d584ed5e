// The citizen's stick as a disk: the kiosk with sticks = "devices", its own mount helper, and loop devices that the kernel mounts, in the real window.
// What lies on a disk, and whether anybody still has it, is asked of the kernel and of the tools of ext4, never of the kiosk.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, centre, house, people, sh } from './house.mjs'
import { arrived, flat, presentable, says, story, toAttract, told, toKeyStorage, word } from './journeys.mjs'
import { Hold, helpers, missing, Ports } from './disks.mjs'
import { enrolled, open, until } from './kiosk.mjs'
import { names, within } from './proof.mjs'

const INSTALL = '[data-testid="action-status.install"]', CARD = '[data-testid="action-apply.storage"][data-kind="stick"]', WHY = '[data-testid="stick-why"]'
const PASSWORD = 'Tumar2026'
const UNFINISHED = '.tirkeu-'

export default async function disk(check) {
  const why = missing()
  if (why) {
    console.log(`not checked: sticks that are disks (${why})`)
    return
  }
  const all = people()
  const sticky = all.find(p => p.role === 'citizen' && !p.token)
  const config = join(house, 'disk.toml')
  writeFileSync(config, readFileSync(join(house, 'kiosk.toml'), 'utf8').replace(/^stick = .*$/m, `sticks = "devices"`))
  const state = enrolled('disk', 'l21', config), ports = new Ports()
  let w
  try {
    w = await open(state, { config, before: ports.before })
    await w.on('attract')
    const own = ports.disk('own')
    const number = await applied(story(check, w), w, sticky, own)
    await leave(w, ports)
    await installed(story(check, w), w, sticky, own, number)
    await leave(w, ports)
    await unusable(story(check, w), w, sticky, ports)
    await leave(w, ports)
    await pulled(story(check, w), w, sticky, ports)
    await leave(w, ports)
    const last = ports.disk('last')
    await check('SIGTERM ends the program with a disk in, and lets go of it', async () => {
      last.plug(); await until('the disk mounted', () => last.mounted)
      const end = await w.close()
      w = null
      if (end.code !== 0) throw new Error(JSON.stringify(end))
      await last.free(); last.clean()
    })
  } finally { await w?.close().catch(() => {}); ports.close() }
  await check('the audit chain of disk is whole', () => {
    const said = sh(join(bin, 'tirkeu'), ['audit', 'verify', '--state', state])
    if (!/is whole: [1-9]/.test(said)) throw new Error(said)
  })
}

/** leave pulls every disk and goes to the attract screen, from wherever a failed check has left off. */
async function leave(w, ports) {
  ports.pull()
  await toAttract(w)
}

/** toAgreement goes from the question of the storage to the last touch before keys are made. */
const toAgreement = async w => {
  await w.touch(CARD); await w.on('apply.stick-warning'); await w.act('apply.stick-accept')
  await w.on('apply.set'); await w.act('apply.set', '[data-code="rsa"]'); await w.on('apply.agreement')
}
/** medium is what is said of the stick when it is done with: keep or take. */
const medium = (lang, what) => word(lang, 'page.medium.' + what).replace('{{.Name}}', word(lang, 'page.medium.stick'))
const shown = async w => flat(await w.text())

/** released waits for the word that the disk may be taken out, and holds if nobody had it any more when it came. */
async function released(w, lang, disk) {
  await w.until('the word to take the stick out', async () => {
    const mounted = disk.mounted, said = (await shown(w)).includes(medium(lang, 'take'))
    if (said && mounted && disk.mounted) throw new Error('told to take out a disk that is mounted')
    return said
  })
  if (disk.mounted) throw new Error('told to take out a disk that is mounted')
  sh('/usr/bin/python3', ['-c', 'import os, sys; os.open(sys.argv[1], os.O_RDONLY | os.O_EXCL)', disk.node]) // refused while anybody has it
  disk.clean()
  await presentable(w, lang)
}

async function applied(step, w, person, disk) {
  let number
  await step('a disk that is plugged in can be chosen, and is mounted for reading only', async () => {
    await toKeyStorage(w, 'kk', person)
    disk.plug(); await w.untilPart(CARD); await presentable(w, 'kk')
    if (!disk.mounted || disk.writable) throw new Error(disk.mounted ? 'it can be written to' : 'nothing is mounted')
    if (readFileSync(`/proc/${w.kiosk.pid}/mountinfo`, 'utf8').includes(disk.name)) throw new Error('it has a place in the tree of files')
  })
  await step('keys are made for it, sealed and written, and it is for reading only again', async () => {
    await toAgreement(w); await w.act('apply.agree'); await w.on('apply.summary', { limit: 60000 })
    if (disk.writable) throw new Error('it can still be written to')
  })
  await step('while it is let go of nothing says that it may be taken out', async () => {
    const [helper, ...more] = helpers(w.kiosk.pid)
    if (!helper || more.length) throw new Error('mount helpers: ' + [helper, ...more])
    process.kill(helper, 'SIGSTOP') // the unmounting takes as long as this lasts
    try {
      await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done'); number = await w.number()
      await w.until('the word to leave it in', async () => (await shown(w)).includes(medium('kk', 'keep'))); await presentable(w, 'kk')
      await w.picture(join(house, 'disk-releasing.png'))
      if (!disk.mounted) throw new Error('it is not mounted any more')
      if ((await shown(w)).includes(medium('kk', 'take'))) throw new Error('told to take it out')
    } finally { process.kill(helper, 'SIGCONT') }
  })
  await step('it may be taken out once the kernel has unmounted it', async () => {
    await released(w, 'kk', disk)
    await w.picture(join(house, 'disk-released.png'))
    await until('the helper to end', () => helpers(w.kiosk.pid).length === 0)
  })
  await step('the sealed keys are on the disk, whole, and nothing half-written', async () => {
    const files = disk.files()
    if (files.join() !== number + '.sealed') throw new Error('on the disk: ' + files)
    const sealed = within(dir => disk.take(files[0], join(dir, 'sealed')))
    if (sealed.length < 1000 || sealed.includes('PRIVATE KEY')) throw new Error(`${sealed.length} octets, or not sealed`)
    disk.pull()
    await w.act('finish'); await w.on('attract'); await arrived(number)
  })
  return number
}

async function installed(step, w, person, disk, number) {
  let files
  await step('the certificates land on the disk', async () => {
    centre('application', 'approve', number)
    await w.start('ru'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.pad(number); await w.act('status.find'); await w.on('status.word')
    await w.statusUntil(number, INSTALL); await w.act('status.install'); await w.on('install.medium')
    disk.plug(); await w.on('install.password')
    await w.type('password', PASSWORD); await w.type('again', PASSWORD); await w.act('install.password'); await w.on('install.done', { limit: 60000 })
    await released(w, 'ru', disk)
    files = disk.files()
    if (files.length !== 2 || !files.every(f => /^(AUTH_)?RSA256_[0-9a-f]{40}\.p12$/.test(f))) throw new Error('on the disk: ' + files)
  })
  await step('openssl opens each with the new password, reads whose it is, and finds the key of the certificate', () => within(dir => {
    for (const f of files) {
      disk.take(f, join(dir, f))
      const read = (...what) => sh('openssl', ['pkcs12', '-in', join(dir, f), '-passin', 'stdin', ...what], { input: PASSWORD + '\n' })
      const pem = join(dir, 'leaf.pem')
      writeFileSync(pem, read('-nokeys', '-clcerts')); names(pem, person.iin)
      const key = sh('openssl', ['pkey', '-pubout'], { input: read('-nocerts', '-noenc') })
      if (key !== sh('openssl', ['x509', '-in', pem, '-noout', '-pubkey'])) throw new Error(`the key in ${f} is another one than the certificate's`)
    }
  }))
  await step.aside('a released disk that stays in serves the next task again', async () => {
    await w.act('finish'); await w.on('attract')
    await w.start('en'); await w.on('menu'); await w.act('files'); await w.on('files.list', { notices: true })
    for (const f of files) if (!(await w.shows(`[data-testid="action-files.open"][data-name="${f}"]`))) throw new Error(f + ' is not listed')
    if (!disk.mounted) throw new Error('it is not mounted')
    disk.pull(); await told(w, 'E-1301', 'en', 'files.medium'); await disk.free()
  })
}

/** unusable goes through disks that cannot be used, on the screen that asks where the keys shall be kept. */
async function unusable(step, w, person, ports) {
  const gone = () => w.untilGone(`${CARD}, ${WHY}`)
  const cannot = async (lang, sentence, d) => {
    await w.touch('lang-' + lang)
    d?.plug()
    await w.until(`"${sentence}"`, async () => (await shown(w)).includes(sentence), 15000)
    await presentable(w, lang)
    if (!(await w.shows(WHY)) || await w.shows(CARD)) throw new Error('it can be chosen')
  }
  const unreadable = (lang, format) => word(lang, 'stick.unreadable').replace('{{.Format}}', format)
  await step('nobody has plugged in anything, and the screen says so', async () => { await toKeyStorage(w, 'ru', person); await gone() })
  await step('a disk of Windows is named by its format', async () => {
    const d = ports.disk('ntfs', image => sh('mkfs.ntfs', ['-F', '-q', image]))
    await cannot('ru', unreadable('ru', 'NTFS'), d); await w.picture(join(house, 'disk-ntfs.png'))
    d.pull(); await gone()
  })
  await step('an encrypted disk of Windows is named by what it is', async () => {
    const d = ports.disk('bitlocker', image => writeFileSync(image, Buffer.from('\xeb\x58\x90-FVE-FS-', 'latin1'), { flag: 'r+' }))
    await cannot('kk', unreadable('kk', 'BitLocker'), d)
    d.pull(); await gone()
  })
  await step('a disk with half its file system is told to be damaged, and not mounted', async () => {
    const d = ports.disk('damaged', image => { sh('mkfs.ext4', ['-q', '-F', '-b', '1024', image]); truncateSync(image, 8 << 20) })
    await cannot('en', word('en', 'stick.damaged'), d)
    if (d.mounted) throw new Error('it is mounted')
    d.pull(); await gone()
  })
  await step('a file system that the kernel itself finds broken is told to be damaged', async () => {
    const d = ports.disk('broken', image => { sh('mkfs.ext4', ['-q', '-F', '-b', '1024', image]); sh('debugfs', ['-w', '-R', 'clri <2>', image]) }) // no top folder
    await cannot('ru', word('ru', 'stick.damaged'), d)
    if (d.mounted) throw new Error('it is mounted')
    d.pull(); await gone()
  })
  await step('of two disks none is used, and with one pulled the other is', async () => {
    const one = ports.disk('one'), two = ports.disk('two')
    one.plug(); two.plug()
    await cannot('kk', word('kk', 'stick.several')); await w.picture(join(house, 'disk-several.png'))
    two.pull(); await w.untilPart(CARD)
    if (!one.mounted || two.mounted) throw new Error(`mounted: one ${one.mounted}, two ${two.mounted}`)
    two.plug(); await says(w, 'kk', 'stick.others')
    if (two.mounted) throw new Error('the other one is mounted too')
    two.pull(); one.pull(); await gone(); await one.free()
  })
  await step('a disk whose helper dies is there again by itself', async () => {
    const d = ports.disk('orphan')
    d.plug(); await w.untilPart(CARD)
    const [helper] = helpers(w.kiosk.pid)
    process.kill(helper, 'SIGKILL'); await until('that helper gone', () => !helpers(w.kiosk.pid).includes(helper))
    await toAgreement(w); await w.act('apply.agree')
    await told(w, 'E-1308', 'kk', 'apply.storage')
    await w.untilPart(CARD); await toAgreement(w); await w.act('apply.agree'); await w.on('apply.summary', { limit: 60000, notices: true })
    d.pull(); await d.free()
    const files = d.files()
    if (files.some(f => f.startsWith(UNFINISHED)) || files.filter(f => f.endsWith('.sealed')).length !== 1) throw new Error('on the disk: ' + files)
  })
  await step('a write-protected disk is told before keys are made for it, and stays as it was', async () => {
    await leave(w, ports); await toKeyStorage(w, 'ru', person)
    const d = ports.disk('protected', undefined, { readOnly: true }), before = readFileSync(d.image)
    await cannot('ru', word('ru', 'stick.protected'), d); await w.picture(join(house, 'disk-protected.png'))
    if (!d.mounted) throw new Error('nothing is mounted')
    d.pull(); await gone(); await d.free()
    if (!before.equals(readFileSync(d.image))) throw new Error('it was written to')
  })
}

/** pulled has the disk pulled while a file is written to it. */
async function pulled(step, w, person, ports) {
  for (const [times, what, lang] of [[1, 'an empty file stands', 'en'], [2, 'the file is written and read back', 'kk']]) {
    let hold
    const d = ports.disk('pulled-' + times)
    await step(`a disk pulled when ${what} is told, and nothing half-written has a name`, async () => {
      await toKeyStorage(w, lang, person)
      d.plug(); await w.untilPart(CARD); await toAgreement(w)
      try {
        hold = await Hold.on(w.kiosk.pid, d, UNFINISHED, times)
        await w.act('apply.agree'); await hold.until('held')
        if (await w.screen() !== 'apply.keys') throw new Error('the screen is ' + await w.screen())
        await says(w, lang, 'progress.keys.write')
        if (!d.writable) throw new Error('the kernel does not have it written to')
        d.pull(); await hold.go('pull')
        await told(w, 'E-1308', lang, 'apply.storage')
      } finally { hold?.close() }
      await d.free()
      sh('e2fsck', ['-p', d.image]) // plays back what the medium had, as the citizen's own computer would
      const named = d.files().filter(f => !f.startsWith(UNFINISHED))
      if (named.length) throw new Error('on the disk: ' + named)
    })
    await step('the same person goes on with the same disk, and what the pull has left is cleared away', async () => {
      d.plug(); await w.untilPart(CARD); await toAgreement(w); await w.act('apply.agree'); await w.on('apply.summary', { limit: 60000, notices: true })
      await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done')
      const number = await w.number()
      await released(w, lang, d)
      if (d.files().join() !== number + '.sealed') throw new Error('on the disk: ' + d.files())
      d.pull(); await w.act('finish'); await w.on('attract'); await arrived(number)
    })
  }
}
