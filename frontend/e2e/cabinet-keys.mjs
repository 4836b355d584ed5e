// What a citizen does with the keys he has: lists them and takes the report along (in Kazakh), changes his data, revokes a pair at
// once (in Russian) and another key while the line is down (in English). openssl and the centre's OCSP and CRL see the effect.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { centre, dock, people, sh } from './house.mjs'
import { arrived, clean, forgotten, pin, presentable, says, story, token, told, toKeyStorage, toPIN } from './journeys.mjs'
import { enrolled, open } from './kiosk.mjs'
import { authority, listed as inList, serialOf, standing, stick, Token } from './proof.mjs'

export default async function cabinetKeys(check) {
  const holders = people().filter(p => p.role === 'citizen' && p.token && /^\d+$/.test(p.pin))
  const who = holders.find(p => token(p.token).kind !== 'kaztoken') ?? holders[0]
  const state = enrolled('cabinet-keys'), w = await open(state), dir = mkdtempSync(join(tmpdir(), 'tirkeu-keys-'))
  try {
    await w.on('attract'); await clean(w)
    const step = story(check, w)
    await issued(step, w, who)
    await listed(step, w, who, state)
    await profile(step, w, who)
    await atOnce(step, w, who, dir)
    await withoutLine(step, w, who, dir)
  } finally {
    dock('line', 'restore'); dock('stick', 'out')
    rmSync(dir, { recursive: true })
    await w.close().catch(() => {})
  }
}

/** certificates on the token, as pkcs11-tool reads them, each a file. */
const certificates = (who, dir) => [...new Token(who.token, who.pin).certificates(dir).values()]

/** agreed is what OCSP says of a certificate, "good" or "revoked"; the published list and openssl's own check by it must agree. */
async function agreed(dir, pem) {
  const { root, rsa } = authority(dir), list = join(dir, 'now.pem')
  const said = standing(dir, pem), revoked = await inList(dir, pem)
  sh('openssl', ['crl', '-inform', 'DER', '-in', join(dir, 'list.crl'), '-out', list])
  let verified = true
  try { sh('openssl', ['verify', '-crl_check', '-CRLfile', list, '-CAfile', root, '-untrusted', rsa, pem]) } catch (e) {
    if (!/revoked/.test(e.message)) throw e
    verified = false
  }
  if ((said === 'revoked') !== revoked || revoked === verified) throw new Error(`OCSP says ${said}, the list ${revoked ? 'has' : 'has not'} ${serialOf(pem)}, openssl verify ${verified ? 'passes' : 'fails'}`)
  return said
}

async function unlock(w, who) {
  await w.untilPart('[data-testid="action-sign.medium"][data-insertion]')
  await w.act('sign.medium', '[data-insertion]'); await w.on('sign.secret'); await w.pad(who.pin); await w.act('sign.secret'); await w.on('sign.keys', { limit: 30000 })
}
async function enter(w, who, lang) {
  await w.on('attract', { notices: true }); await w.start(lang); await w.on('menu'); await w.act('cabinet'); await w.on('sign.medium')
  await unlock(w, who); await w.act('sign.go'); await w.on('cabinet.home', { limit: 30000 })
}
/** signed signs by the key that is chosen, or by the last that serves: without a line nobody knows that others are revoked. */
async function signed(w, who, last = false) {
  await w.touch('field-consent'); await w.act('revoke.go'); await w.on('sign.medium')
  await unlock(w, who)
  if (last) await w.touch(`[data-testid="sign-key"][data-key="${await w.run(`return [...document.querySelectorAll('[data-testid="sign-key"]')].at(-1).dataset.key`)}"]`)
  await w.act('sign.go'); await w.on('revoke.done', { limit: 30000 })
}
const revocation = (w, state) => w.untilPart(`[data-testid="revocation"][data-state="${state}"]`, 60000)

/** issued: two RSA pairs of one person on his token. */
async function issued(step, w, who) {
  for (const which of ['first', 'second']) {
    await step(`a citizen has a ${which} pair of keys on a token`, async () => {
      if (!token(who.token).plugged) dock('plug', who.token)
      await toKeyStorage(w, 'ru', who)
      await w.untilPart('[data-testid="action-apply.storage"][data-insertion]')
      await toPIN(w); await pin(w, who.pin); await w.on('apply.summary', { limit: 90000 })
      await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done')
      const number = await w.number()
      await w.act('finish'); await w.on('attract', { notices: true }); await arrived(number)
      centre('application', 'approve', number)
      await w.start('ru'); await w.on('menu'); await w.act('status'); await w.on('status.number'); await w.statusUntil(number, '[data-testid="action-status.install"]')
      await w.act('status.install'); await w.on('install.pin', { notices: true }); await pin(w, who.pin, 'install.pin')
      await w.until('the certificates installed', async () => {
        const s = await w.screen()
        if (s === 'install.factory') await w.act('install.keep-pin')
        return s === 'install.done'
      }, 60000)
      await w.act('finish'); await w.on('attract', { notices: true })
    })
  }
}

async function listed(step, w, who, state) {
  await step('all keys are listed and sifted', async () => {
    await enter(w, who, 'kk'); await w.act('certificates'); await w.on('certificates.list')
    const count = () => w.run(`return document.querySelectorAll('[data-testid="own-key"]').length`)
    if (await count() < 4) throw new Error(`${await count()} keys are listed`)
    await presentable(w, 'kk')
    await w.act('certificates.sift', '[data-code="expired"]'); await w.untilPart('[data-testid="keys-none"]')
    await w.act('certificates.sift', '[data-code=""]'); await w.untilPart('[data-testid="own-key"][data-state="valid"]')
  })
  await step('the report is saved to the stick as a PDF with the name in it, and nowhere else', async () => {
    await w.act('certificates.report'); await w.on('certificates.report')
    dock('stick', 'in'); await w.untilPart('[data-testid="action-report.save"]')
    await w.act('report.save'); await w.untilPart('[data-testid="taken"][data-phase="saved"]', 30000)
    const file = readdirSync(stick).find(f => /^keys-\d{4}-\d\d-\d\d(-\d+)?\.pdf$/.test(f))
    if (!file) throw new Error('on the stick: ' + readdirSync(stick))
    const text = sh('pdftotext', ['-layout', join(stick, file), '-'])
    for (const wanted of [who.surname, who.iin.slice(0, 6)]) if (!text.toUpperCase().includes(wanted.toUpperCase())) throw new Error(`"${wanted}" is not in the report: ${text.slice(0, 400)}`)
    for (const f of readdirSync(state, { recursive: true })) {
      const path = join(state, f)
      if (existsSync(path) && /\.pdf$/.test(f)) throw new Error(f + ' lies in the state folder')
    }
    await presentable(w, 'kk')
    rmSync(join(stick, file)); dock('stick', 'out')
    await w.act('cabinet'); await w.on('cabinet.home')
  })
}

async function profile(step, w, who) {
  await step('the e-mail is changed on the keyboard, and saved at the centre', async () => {
    await w.act('profile'); await w.on('profile.view')
    await w.act('profile.show'); await w.until('the whole IIN', async () => (await w.text()).includes(who.iin.slice(6, 9) + ' ' + who.iin.slice(9)))
    await w.act('profile.email'); await w.on('profile.email'); await w.empty('email'); await w.type('email', 'keys@example.kz'); await w.act('profile.save-email')
    await w.on('profile.view'); await w.untilPart('[data-testid="saved"]')
    const sent = await w.run(`return document.querySelector('[data-testid="notices"]').dataset.on`) === 'true'
    await w.act('profile.notices'); await w.untilPart(`[data-testid="notices"][data-on="${!sent}"]`)
    await w.act('back'); await w.on('cabinet.home'); await w.act('profile'); await w.on('profile.view')
    if (!(await w.text()).includes('keys@example.kz') || !(await w.shows(`[data-testid="notices"][data-on="${!sent}"]`))) throw new Error('it is not kept')
    await w.act('language', '[data-lang="ru"]'); await presentable(w, 'ru')
    await w.act('back'); await w.on('cabinet.home')
  })
  await step('his applications are listed, and one is opened', async () => {
    await w.act('applications'); await w.on('applications.list')
    await w.act('applications.open', '[data-status="installed"]'); await w.on('applications.detail')
    if (!(await w.shows('[data-testid="own-key"]'))) throw new Error('it shows no certificates')
    await presentable(w, 'ru')
    await w.act('back'); await w.on('applications.list'); await w.act('back'); await w.on('cabinet.home')
  })
}

async function atOnce(step, w, who, dir) {
  let before
  await step('both keys of a pair are chosen by one button', async () => {
    before = certificates(who, dir)
    if (before.length !== 4) throw new Error(`${before.length} certificates on the token`)
    for (const pem of before) if (await agreed(dir, pem) !== 'good') throw new Error(serialOf(pem) + ' is not good before')
    await w.act('revoke'); await w.on('revoke.list')
    await w.act('revoke.choose'); await told(w, 'E-1750', 'ru', 'revoke.list')
    await w.touch('[data-testid="own-key"][data-key="2"]'); await w.touch('step-pair')
    await w.until('two keys ticked', async () => (await w.run(`return document.querySelectorAll('[data-testid="own-key"][aria-checked="true"]').length`)) === 2)
    await w.act('revoke.choose'); await w.on('revoke.reason')
    await w.act('revoke.reason', '[data-code="replaced"]'); await w.on('revoke.confirm')
    await presentable(w, 'ru')
    await w.act('revoke.agreement'); await w.on('apply.agreement'); await w.act('apply.agree'); await w.on('revoke.confirm')
  })
  await step('signed, they are told to be revoked once list, OCSP and CRL say so', async () => {
    await signed(w, who); await revocation(w, 'revoked')
    for (const p of ['list', 'ocsp', 'crl']) if (!(await w.shows(`[data-testid="proof-${p}"][data-seen="true"]`))) throw new Error(p + ' is not told')
    await says(w, 'ru', 'revoke.revoked.title')
    await forgotten(w, who.pin)
  })
  await step('openssl sees two of the four revoked, by OCSP, in the CRL and by verify -crl_check', async () => {
    const now = await Promise.all(before.map(pem => agreed(dir, pem)))
    if (now.filter(s => s === 'revoked').length !== 2 || now.filter(s => s === 'good').length !== 2) throw new Error('they are ' + now)
  })
  await step('the list does not offer them again', async () => {
    await w.act('finish'); await w.on('attract', { notices: true })
    await enter(w, who, 'en'); await w.act('revoke'); await w.on('revoke.list')
    if (await w.run(`return document.querySelectorAll('[data-testid="own-key-cannot"][data-state="revoked"]').length`) < 2) throw new Error('revoked keys are not shown as such')
    await w.act('back'); await w.on('cabinet.home'); await w.act('cabinet.leave'); await w.on('attract', { notices: true })
  })
}

async function withoutLine(step, w, who, dir) {
  let before, number
  await step('without a line the keys on the token can still be revoked: the application is queued', async () => {
    before = certificates(who, dir)
    dock('line', 'cut'); await w.until('the line shown as down', async () => !(await w.online()), 60000)
    await enter(w, who, 'en'); await w.act('revoke'); await w.on('revoke.list')
    await w.touch('[data-testid="own-key"][data-key="0"]'); await w.act('revoke.choose'); await w.on('revoke.reason')
    await w.act('revoke.reason', '[data-code="medium-lost"]'); await w.on('revoke.confirm'); await presentable(w, 'en')
    await signed(w, who, true); await revocation(w, 'queued'); await says(w, 'en', 'revoke.queued.title')
    number = await w.number()
    if (centre('application', 'list', '--json').includes(number)) throw new Error('the centre has it already')
  })
  await step('when the line is back it is revoked, and openssl sees it', async () => {
    const was = await Promise.all(before.map(pem => agreed(dir, pem)))
    dock('line', 'restore'); await revocation(w, 'revoked')
    const now = await Promise.all(before.map(pem => agreed(dir, pem)))
    if (now.filter((s, i) => s !== was[i]).length !== 1) throw new Error(`they were ${was} and are ${now}`)
    await w.act('finish'); await w.on('attract', { notices: true }); dock('pull', who.token)
  })
}
