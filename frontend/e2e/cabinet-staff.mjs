// What staff do beside the queue, the change of a PIN, and an installation taken up at another terminal; each in the real window,
// each seen afterwards by a program from outside.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, centre, dock, house, people, sh } from './house.mjs'
import { applications, arrived, clean, forgotten, pin, presentable, story, supervise, token, told, toKeyStorage, toPIN } from './journeys.mjs'
import { enrolled, open, until } from './kiosk.mjs'
import { standing, stick, Token } from './proof.mjs'

const OWN = '31415926', THOUGHT = '2718281828', WRONG = '00112233'

export default async function cabinetStaff(check) {
  const all = people()
  const citizen = all.find(p => p.token === 'aigerim-kaztoken'), operator = all.find(p => p.role === 'operator' && p.token)
  const number = await filed(check, citizen)
  const w = await open(enrolled('cabinet-staff-2'))
  try {
    await w.on('attract')
    const step = story(check, w)
    await takenUp(step, w, citizen, number)
    await changed(step, w, citizen)
    await unblocked(step, w, citizen, operator)
    await revoked(step, w, citizen, operator)
    await clean(w)
  } finally { await w.close().catch(() => {}) }
  for (const name of ['cabinet-staff-1', 'cabinet-staff-2']) {
    await check(`the audit chain of ${name} is whole after all of it`, () => {
      const said = sh(join(bin, 'tirkeu'), ['audit', 'verify', '--state', join(house, 'states', name)])
      if (!/is whole: [1-9]/.test(said)) throw new Error(said)
    })
  }
}

/** outside lists what pkcs11-tool sees on the citizen's token with that PIN. */
const outside = (person, secret) => new Token(person.token, secret).login('-O').toString()

/** threefold enters the present PIN, where it is asked for, and the new one twice. */
async function threefold(w, does, old, fresh) {
  const steps = [...(old ? [['old', old]] : []), ['new', fresh], ['again', fresh]]
  for (const [n, [field, digits]] of steps.entries()) {
    await w.untilPart(`[data-testid="field-${field}"]`)
    await w.pad(digits)
    if (n < steps.length - 1) await w.touch('step-next'); else await w.act(does)
  }
}

/** filed applies at the first terminal, which has the certificates issued and is then switched off. */
async function filed(check, citizen) {
  let number
  const w = await open(enrolled('cabinet-staff-1'))
  try {
    await check('an application is made at the first terminal', async () => {
      await w.on('attract'); await clean(w)
      dock('plug', citizen.token)
      await toKeyStorage(w, 'kk', citizen)
      await toPIN(w); await pin(w, citizen.pin); await w.on('apply.summary', { limit: 90000 })
      await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done')
      number = await w.number()
      dock('pull', citizen.token); await w.act('finish'); await w.on('attract')
      await arrived(number)
      centre('application', 'approve', number)
      await until('the certificates', () => applications().find(a => a.number === number)?.status === 'issued', 60000)
    })
  } finally { await w.close().catch(() => {}) }
  return number
}

async function takenUp(step, w, citizen, number) {
  await step('another terminal tells the status by the number alone, and no name', async () => {
    await w.start('kk'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.pad(number); await w.act('status.find'); await w.on('status.word')
    if (!(await w.shows('[data-testid="status"][data-status="issued"]'))) throw new Error(await w.text())
    await presentable(w, 'kk'); await forgotten(w, citizen.surname, citizen.iin)
  })
  await step('the keys on the token prove whose it is, and the certificates are installed here', async () => {
    await w.act('status.install'); await w.on('install.take')
    dock('plug', citizen.token)
    await w.act('install.take', '[data-insertion]'); await w.on('install.pin')
    await presentable(w, 'kk')
    await pin(w, citizen.pin, 'install.pin'); await w.on('install.factory', { limit: 60000 })
    await w.act('install.keep-pin'); await w.on('install.done')
    const list = outside(citizen, citizen.pin)
    const count = kind => list.split(kind).length - 1
    if (count('Certificate Object') !== 2 || count('Private Key Object') !== 2) throw new Error(list)
    await w.act('finish'); await w.on('attract')
  })
}

async function changed(step, w, citizen) {
  await step('a wrong PIN is told and spends one try; the factory PIN is not taken as the new one', async () => {
    await w.start('ru'); await w.on('menu'); await w.act('password'); await w.on('password.medium')
    await w.act('password.medium', '[data-insertion]'); await w.on('password.pin')
    await threefold(w, 'password.pin', WRONG, citizen.pin); await told(w, 'E-1221', 'ru', 'password.pin')
    const before = token(citizen.token).tries_left
    await threefold(w, 'password.pin', WRONG, OWN); await told(w, 'E-1202', 'ru', 'password.pin')
    const spent = before - token(citizen.token).tries_left
    if (spent !== 1) throw new Error(`${spent} tries were spent`)
  })
  await step('the PIN is changed, and a program from outside logs in with it', async () => {
    await threefold(w, 'password.pin', citizen.pin, OWN); await w.on('password.done', { notices: true })
    await presentable(w, 'ru')
    outside(citizen, OWN)
    await w.act('finish'); await w.on('attract'); await forgotten(w, OWN, citizen.pin)
  })
}

async function unblocked(step, w, citizen, operator) {
  await step('a PIN forgotten too often locks the token, and it says where to go', async () => {
    await w.start('en'); await w.on('menu'); await w.act('password'); await w.on('password.medium')
    await w.act('password.medium', '[data-insertion]'); await w.on('password.pin')
    for (let n = 0; n < 20 && token(citizen.token).state !== 'locked'; n++) {
      const before = await w.notice()
      await threefold(w, 'password.pin', WRONG, THOUGHT)
      await w.until('an answer', async () => (await w.notice()) !== null && await w.shows('[data-testid="field-old"]'))
      if (before) await w.untilPart('[data-testid="notice"]')
    }
    await w.until('the word of the lock', () => w.shows('[data-testid="notice"][data-code="E-1204"]'))
    await presentable(w, 'en')
    await w.act('exit'); await w.on('attract', { notices: true })
  })
  await step("staff unblock it by the administrator's PIN, and the citizen types a PIN of his own", async () => {
    await supervise(w, operator); await w.touch('lang-kk')
    await w.act('staff.unblock'); await w.on('staff.unblock')
    await w.act('staff.unblock-token', '[data-insertion]'); await w.on('staff.unblock-admin')
    await pin(w, token(citizen.token).so_pin, 'staff.unblock-admin'); await w.on('staff.unblock-turn')
    await w.act('staff.turned'); await w.on('staff.unblock-pin'); await presentable(w, 'kk')
    await threefold(w, 'staff.unblock-pin', '', THOUGHT); await w.on('staff.unblocked')
    await forgotten(w, THOUGHT, token(citizen.token).so_pin)
    if (token(citizen.token).state !== 'ready') throw new Error('the token is ' + token(citizen.token).state)
  })
  await step('a program from outside logs in with that PIN and finds the keys as they were', async () => {
    const list = outside(citizen, THOUGHT)
    if (list.split('Private Key Object').length - 1 !== 2) throw new Error(list)
  })
}

async function revoked(step, w, citizen, operator) {
  const dir = mkdtempSync(join(tmpdir(), 'tirkeu-desk-'))
  const certs = []
  await step('the certificates are on the token and good, as OCSP says to anybody', async () => {
    certs.push(...new Token(citizen.token, THOUGHT).certificates(dir).values())
    if (certs.length !== 2) throw new Error(`${certs.length} certificates`)
    for (const pem of certs) if (standing(dir, pem) !== 'good') throw new Error(standing(dir, pem))
  })
  await step('who has lost the token is found by name', async () => {
    dock('pull', citizen.token)
    await w.act('staff.queue'); await w.on('staff.queue'); await w.touch('lang-ru')
    await w.act('staff.people'); await w.on('staff.people')
    await w.type('query', 'ҮЛ'); await w.act('staff.find'); await told(w, 'E-1614', 'ru', 'staff.people')
    await w.type('query', citizen.surname); await w.act('staff.find')
    await w.untilPart('[data-testid="action-staff.person"]')
    await w.touch('[data-testid="action-staff.person"]'); await w.on('staff.person')
    await presentable(w, 'ru')
  })
  await step('the revocation is ordered, and OCSP says so at once to a program from outside', async () => {
    await w.act('staff.revoke'); await w.on('staff.revoke')
    await w.touch('step-why'); await w.touch('field-reason-medium-lost'); await w.touch('step-document')
    await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '012345678')
    await w.act('staff.order'); await w.on('staff.revoked', { limit: 60000 })
    const seen = await w.run(`return [...document.querySelectorAll('[data-testid="revoked"]')].map(e => e.dataset.seen)`)
    if (seen.join() !== 'true,true') throw new Error('the screen says seen: ' + seen)
    for (const pem of certs) if (standing(dir, pem) !== 'revoked') throw new Error(standing(dir, pem))
  })
  await step("the day's report counts it, and goes to the stick as PDF and as a table", async () => {
    await w.act('staff.queue'); await w.on('staff.queue'); await w.act('staff.report'); await w.on('staff.report')
    dock('stick', 'in')
    for (const code of ['pdf', 'csv']) {
      await w.act('staff.report-save', `[data-code="${code}"]`)
      await w.until('the report saved', async () => (await w.text('[data-testid="report-saved"]')).includes(code))
    }
    const name = (await w.text('[data-testid="report-saved"]')).match(/report-[\d-]+/)[0]
    if (!readFileSync(join(stick, name + '.pdf')).subarray(0, 5).equals(Buffer.from('%PDF-'))) throw new Error('it is no PDF')
    const table = readFileSync(join(stick, name + '.csv'), 'utf8')
    if (!/Отозвано сертификатов;2/.test(table) || table.includes(citizen.iin)) throw new Error(table.slice(0, 600))
  })
  await step('the staff token pulled locks the terminal at once', async () => {
    dock('pull', operator.token); await w.on('attract', { notices: true })
    dock('stick', 'out')
    rmSync(dir, { recursive: true })
  })
}
