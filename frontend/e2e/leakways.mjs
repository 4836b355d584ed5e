// The way to each screen, for leaks.mjs: a row a screen, made of steps; a row may go on from the steps of another. `fill` types
// what the screen asks for and does not send it; `medium` says that a token stays plugged in, and `pull` takes it out. `gives` names
// what later rows stand on, and these say by `needs` that they do.
import { centre, dock } from './house.mjs'
import { arrived, openApplication } from './journeys.mjs'

/** Screens that are not walked, each with the reason. */
export const impersonal = {
  setup: 'before the terminal serves anybody; a technician types the secret of the device, and no time runs out there',
  selftest: 'parts of the terminal',
  fault: 'the number of a fault; no session is open',
  attract: 'no session is open',
  menu: 'asks nothing and shows nothing of a person',
  'apply.keys': 'no time runs out while keys are made; apply.summary follows',
  'keys.unfinished': 'only where a terminal was cut off; of what lies on the token it shows less than keys.list, which follows',
  'install.progress': 'no time runs out while certificates are written; install.done follows',
  'files.progress': 'no time runs out while a file is written; files.changed follows',
}

const act = (action, attribute) => t => t.w.act(action, attribute)
const on = (...names) => t => t.w.on(names)
const menu = [t => t.w.start('kk'), on('menu')]
const plug = who => t => dock('plug', t[who].token)
const pull = who => t => dock('pull', t[who].token)
const stickIn = () => dock('stick', 'in'), stickOut = () => dock('stick', 'out')
/** secret types a PIN where it is asked, by pad or by keyboard. */
const secret = who => t => t.w.pad(t[who].pin)
const password = (who, field = 'password') => t => t.w.type(field, t[who].password)
const choose = name => t => t.w.choose(name)

const applyIIN = [...menu, act('apply'), on('apply.iin')]
const typeIIN = who => t => t.w.retype(t[who].iin)
const applyName = who => [...applyIIN, typeIIN(who), act('apply.iin'), on('apply.name')]
const applyEmail = who => [...applyName(who), act('apply.name'), on('apply.email')]
const typeEmail = who => t => t.w.type('email', t[who].email)
const applyRegion = who => [...applyEmail(who), typeEmail(who), act('apply.email'), on('apply.region')]
const applyLocality = who => [...applyRegion(who), choose('apply.region'), on('apply.locality')]
const applyStorage = who => [...applyLocality(who), choose('apply.locality'), on('apply.storage')]
const byToken = who => [...applyStorage(who), plug(who), act('apply.storage', '[data-insertion]'), on('apply.agreement')]
const applyPIN = who => [...byToken(who), act('apply.agree'), on('apply.pin')]
const tokenSummary = who => [...applyPIN(who), secret(who), act('apply.pin'), t => t.w.on('apply.summary', { limit: 90000 })]
const submit = who => [t => t.w.touch('field-consent'), act('apply.submit'), on('apply.done'), async t => { t.numbers[who] = await t.w.number(); await arrived(t.numbers[who]) }]
const byStick = who => [...applyStorage(who), stickIn, act('apply.storage', '[data-kind="stick"]'), on('apply.stick-warning')]
const stickSet = who => [...byStick(who), act('apply.stick-accept'), on('apply.set')]
const stickSummary = who => [...stickSet(who), act('apply.set', '[data-code="rsa"]'), on('apply.agreement'), act('apply.agree'), t => t.w.on('apply.summary', { limit: 90000 })]

/** elsewhere is the way of an application that is made at another terminal. */
export const elsewhere = [...stickSummary('distant'), ...submit('distant'), act('finish'), on('attract')]
/** A card of the state, which no other row uses. */
const card = 'ulzhan-idcard'

const approve = who => t => { t.approved ??= {}; if (!t.approved[who]) { centre('application', 'approve', t.numbers[who]); t.approved[who] = true } }
const status = who => [...menu, act('status'), on('status.number'), t => t.w.pad(t.numbers[who])]
const found = who => [...status(who), act('status.find'), on('status.word')]
const installable = who => [approve(who), ...found(who), t => t.w.statusUntil(t.numbers[who], '[data-testid="action-status.install"]'), act('status.install'), on('install.medium')]
/** installing puts the medium in and goes on to where its PIN or a new password is asked. */
const installing = (who, put, wanted) => [...installable(who), put, t => t.w.until('screen ' + wanted, async () => {
  if (await t.w.screen() === 'install.medium' && await t.w.shows('[data-testid="action-install.go"]:not([disabled])')) await t.w.act('install.go')
  return await t.w.screen() === wanted
})]
/** written notes that a person's certificates are about to lie on a token. */
const written = who => t => { t.installed[who] = true }
const installPIN = who => installing(who, plug(who), 'install.pin')
const installPassword = installing('sticky', stickIn, 'install.password')
const twice = who => async t => { await t.w.type('password', t[who].password); await t.w.type('again', t[who].password) }
const long = name => t => t.w.on(name, { limit: 90000 })

/** The terminal of these walks has no printer: the receipt goes by e-mail. */
const receiptEmail = [...stickSummary('sticky'), ...submit('sticky'), act('receipt.email'), on('receipt.email')]
const otherEmail = async t => { await t.w.empty('email'); await typeEmail('sticky')(t) }
const keysPIN = [...menu, act('keys'), on('keys.medium'), plug('holder'), act('keys.token', '[data-insertion]'), on('keys.pin')]
const files = [...menu, act('files'), on('files.medium'), stickIn, on('files.list')]
const file = t => t.w.touch('[data-testid="action-files.open"][data-name^="AUTH_RSA256"]')
const filesPassword = [...files, file, on('files.password')]
const filesDetail = [...filesPassword, password('sticky'), act('files.password'), long('files.detail')]
const filesChange = [...filesDetail, act('files.change'), on('files.change')]
const changed = [...filesChange, password('sticky', 'old'), t => t.w.touch('step-new'), async t => {
  t.sticky.before = t.sticky.password; t.sticky.password = 'W' + t.sticky.password
  await t.w.type('password', t.sticky.password); await t.w.type('again', t.sticky.password)
}, act('files.new-password'), long('files.changed')]

const signMedium = [...menu, act('cabinet'), on('sign.medium')]
const signFile = [...signMedium, stickIn, act('sign.medium', '[data-kind="stick"]'), on('sign.file')]
const signPassword = [...signFile, t => t.w.touch('[data-testid="action-sign.file"][data-name^="AUTH_RSA256"]'), on('sign.secret')]
const signFileKeys = [...signPassword, password('sticky'), act('sign.secret'), long('sign.keys')]
const signPIN = [...signMedium, plug('holder'), act('sign.medium', '[data-insertion]'), on('sign.secret')]
const signKeys = [...signPIN, secret('holder'), act('sign.secret'), long('sign.keys')]

const home = [...signKeys, act('sign.go'), long('cabinet.home')]
const own = (action, screen) => [...home, act(action), long(screen)]
const revokeList = own('revoke', 'revoke.list')
const revokeReason = [...revokeList, t => t.w.touch('[data-testid="own-key"][data-key="0"]'), act('revoke.choose'), on('revoke.reason')]
const revokeConfirm = [...revokeReason, act('revoke.reason', '[data-code="replaced"]'), on('revoke.confirm')]
const signAgain = [on('sign.medium'), act('sign.medium', '[data-insertion]'), on('sign.secret'), secret('holder'), act('sign.secret'), long('sign.keys'), act('sign.go')]
const revoked = [...revokeConfirm, t => t.w.touch('field-consent'), act('revoke.go'), ...signAgain, long('revoke.done'), t => t.w.untilPart('[data-testid="revocation"][data-state="revoked"]', 90000)]
const report = [...own('certificates', 'certificates.list'), act('certificates.report'), on('certificates.report'), stickIn,
  t => t.w.untilPart('[data-testid="action-report.save"]'), act('report.save'), t => t.w.untilPart('[data-testid="taken"][data-phase="saved"]', 60000)]
const profile = [...own('profile', 'profile.view'), act('profile.show'), t => t.w.until('the whole IIN', async () => (await t.w.text()).includes(t.holder.iin.slice(9)))]
const applications = own('applications', 'applications.list')
const codeMethod = [...own('reissue', 'apply.name'), act('apply.name'), on('apply.email'), act('apply.email'), on('apply.region'), choose('apply.region'), on('apply.locality'),
  choose('apply.locality'), on('apply.storage'), act('apply.storage', '[data-insertion]'), on('apply.agreement'), act('apply.agree'), on('apply.pin'), secret('holder'), act('apply.pin'),
  long('apply.summary'), t => t.w.touch('field-consent'), act('apply.submit'), long('code.method')]
const codeEntry = [...codeMethod, act('code.ask', '[data-method="sms"]'), long('code.entry'), t => {
  t.holder.code = JSON.parse(centre('code', 'list', '--json')).find(c => c.iin === t.holder.iin).code
}]

/** newPIN types the present PIN where it is asked for, and the new one twice; it sends nothing. */
const newPIN = (who, fresh, { old } = {}) => async t => {
  for (const [field, digits] of [['old', t[who].pin], ['new', t[who][fresh]], ['again', t[who][fresh]]].slice(old ? 0 : 1)) {
    await t.w.untilPart(`[data-testid="field-${field}"]`)
    await t.w.pad(digits)
    if (field !== 'again') await t.w.touch('step-next')
  }
}
/** hasPIN notes that a token took the new PIN. */
const hasPIN = (who, fresh) => t => { (t[who].formerPINs ??= []).push(t[who].pin); t[who].pin = t[who][fresh] }
const passwordMedium = [...menu, act('password'), on('password.medium'), plug('holder'), t => t.w.untilPart('[data-testid="action-password.medium"][data-insertion]')]
const passwordPIN = [...passwordMedium, act('password.medium', '[data-insertion]'), on('password.pin')]

const staffPIN = [plug('operator'), on('staff.pin')]
const queue = [...staffPIN, secret('operator'), act('staff.pin'), long('staff.queue')]
const opened = [...queue, t => openApplication(t.w, t.numbers.fresh)]
const document = async t => { await t.w.touch('step-confirm'); await t.w.touch('[data-testid^="field-document-type-"]'); await t.w.type('document', t.fresh.document) }
const staffPeople = [...queue, act('staff.people'), on('staff.people')]
const query = t => t.w.type('query', t.sticky.surname)
const staffPerson = [...staffPeople, query, act('staff.find'), t => t.w.untilPart('[data-testid="action-staff.person"]'), t => t.w.touch('[data-testid="action-staff.person"]'), long('staff.person')]
const staffRevoke = [...staffPerson, act('staff.revoke'), on('staff.revoke')]
const order = async t => {
  await t.w.touch('step-why'); await t.w.touch('field-reason-medium-lost'); await t.w.touch('step-document')
  await t.w.touch('[data-testid^="field-document-type-"]'); await t.w.type('document', t.sticky.document)
}
const unblock = [...queue, act('staff.unblock'), on('staff.unblock'), plug('holder'), t => t.w.untilPart('[data-testid="action-staff.unblock-token"][data-insertion]')]
const unblockAdmin = [...unblock, act('staff.unblock-token', '[data-insertion]'), on('staff.unblock-admin')]
const adminPIN = t => t.w.pad(t.holder.adminPIN)
const unblockTurn = [...unblockAdmin, adminPIN, act('staff.unblock-admin'), on('staff.unblock-turn')]
const unblockPIN = [...unblockTurn, act('staff.turned'), on('staff.unblock-pin')]

const HOLDER = { medium: true, pull: pull('holder') }, FRESH = { medium: true, pull: pull('fresh') }, STAFF = { medium: true, pull: pull('operator') }
const BOTH = { medium: true, pull: t => { pull('holder')(t); pull('operator')(t) } }
const KEYS = { needs: ["holder's keys"], ...HOLDER }, FILES = { needs: ["sticky's keys"] }, PERSON = { needs: ["sticky's keys"], ...STAFF }

/** ELSEWHERE is what no row gives: an application that was made at another terminal. */
export const ELSEWHERE = 'an application from elsewhere'

/** In the order in which one comes from another: installed keys are needed to sign in, and what is revoked comes last. */
export const ways = [
  { screen: 'apply.iin', steps: applyIIN, fill: typeIIN('holder') },
  { screen: 'apply.name', steps: applyName('holder') },
  { screen: 'apply.email', steps: applyEmail('holder'), fill: typeEmail('holder') },
  { screen: 'apply.region', steps: applyRegion('holder') },
  { screen: 'apply.locality', steps: applyLocality('holder') },
  { screen: 'apply.storage', steps: applyStorage('holder') },
  { screen: 'apply.stick-warning', steps: byStick('sticky') },
  { screen: 'apply.set', steps: stickSet('sticky') },
  { screen: 'apply.agreement', steps: byToken('holder'), ...HOLDER },
  { screen: 'apply.pin', steps: applyPIN('holder'), fill: secret('holder'), ...HOLDER },
  { screen: 'apply.summary', steps: tokenSummary('holder'), ...HOLDER },
  { screen: 'apply.summary', name: 'apply.summary of a stick', steps: stickSummary('sticky') },
  { screen: 'apply.done', steps: [...tokenSummary('holder'), ...submit('holder')], gives: "holder's application", ...HOLDER },
  { screen: 'receipt.email', steps: receiptEmail, fill: otherEmail },
  { screen: 'receipt.take', steps: [...receiptEmail, otherEmail, act('receipt.send'), long('receipt.take')] },
  { screen: 'apply.done', name: 'apply.done of a stick', steps: [...stickSummary('sticky'), ...submit('sticky')], gives: "sticky's application" },
  { screen: 'status.number', steps: status('holder'), needs: ["holder's application"] },
  { screen: 'status.word', steps: found('holder'), needs: ["holder's application"] },
  { screen: 'install.medium', steps: installable('holder'), needs: ["holder's application"] },
  { screen: 'install.pin', steps: installPIN('holder'), fill: secret('holder'), needs: ["holder's application"], ...HOLDER },
  { screen: 'install.done', steps: [...installPIN('holder'), written('holder'), secret('holder'), act('install.pin'), long('install.done')], needs: ["holder's application"], gives: "holder's keys", ...HOLDER },
  { screen: 'install.password', steps: installPassword, fill: twice('sticky'), needs: ["sticky's application"] },
  { screen: 'install.done', name: 'install.done of a stick', steps: [...installPassword, twice('sticky'), act('install.password'), long('install.done')], needs: ["sticky's application"], gives: "sticky's keys" },
  { screen: 'keys.medium', steps: [...menu, act('keys'), on('keys.medium'), plug('holder'), t => t.w.untilPart('[data-testid="action-keys.token"]')], ...HOLDER },
  { screen: 'keys.pin', steps: keysPIN, fill: secret('holder'), ...KEYS },
  { screen: 'keys.list', steps: [...keysPIN, secret('holder'), act('keys.pin'), long('keys.list')], ...KEYS },
  { screen: 'files.medium', steps: [...menu, act('files'), on('files.medium')] },
  { screen: 'files.list', steps: files, ...FILES },
  { screen: 'files.password', steps: filesPassword, fill: password('sticky'), ...FILES },
  { screen: 'files.detail', steps: filesDetail, ...FILES },
  { screen: 'files.change', steps: filesChange, fill: password('sticky', 'old'), ...FILES },
  { screen: 'files.changed', steps: changed, ...FILES },
  { screen: 'sign.medium', steps: signMedium },
  { screen: 'sign.lost', steps: [...signMedium, act('sign.lost')] },
  { screen: 'sign.file', steps: signFile, ...FILES },
  { screen: 'sign.secret', name: 'sign.secret of a file', steps: signPassword, fill: password('sticky'), ...FILES },
  { screen: 'sign.keys', name: 'sign.keys of a file', steps: signFileKeys, ...FILES },
  { screen: 'sign.secret', steps: signPIN, fill: secret('holder'), ...KEYS },
  { screen: 'sign.keys', steps: signKeys, ...KEYS },
  { screen: 'cabinet.home', steps: home, ...KEYS },
  { screen: 'certificates.list', steps: own('certificates', 'certificates.list'), ...KEYS },
  { screen: 'certificates.report', steps: report, ...KEYS },
  { screen: 'profile.view', steps: profile, ...KEYS },
  { screen: 'profile.email', steps: [...profile, act('profile.email'), on('profile.email')], fill: async t => { await t.w.empty('email'); await typeEmail('holder')(t) }, ...KEYS },
  { screen: 'applications.list', steps: applications, ...KEYS },
  { screen: 'applications.detail', steps: [...applications, act('applications.open', '[data-status="installed"]'), long('applications.detail')], ...KEYS },
  { screen: 'system.list', steps: own('system', 'system.list'), ...KEYS },
  { screen: 'gost.info', steps: own('gost', 'gost.info'), ...KEYS },
  { screen: 'revoke.list', steps: revokeList, ...KEYS },
  { screen: 'revoke.reason', steps: revokeReason, ...KEYS },
  { screen: 'revoke.confirm', steps: revokeConfirm, ...KEYS },
  { screen: 'code.method', steps: codeMethod, ...KEYS },
  { screen: 'code.entry', steps: codeEntry, fill: t => t.w.pad(t.holder.code), ...KEYS },
  { screen: 'apply.card-warning', steps: [...applyStorage('holder'), () => dock('plug', card), act('apply.storage', '[data-insertion]'), on('apply.card-warning')], medium: true, pull: () => dock('pull', card) },
  { screen: 'password.medium', steps: passwordMedium, ...HOLDER },
  { screen: 'password.pin', steps: passwordPIN, fill: newPIN('holder', 'newPin', { old: true }), ...HOLDER },
  { screen: 'password.done', steps: [...passwordPIN, newPIN('holder', 'newPin', { old: true }), act('password.pin'), long('password.done'), hasPIN('holder', 'newPin')], ...HOLDER },
  { screen: 'install.take', steps: [...found('distant'), act('status.install'), on('install.take')], needs: [ELSEWHERE] },
  { screen: 'apply.done', name: 'apply.done of a token with its maker’s PIN', steps: [...tokenSummary('fresh'), ...submit('fresh')], gives: "fresh's application", ...FRESH },
  { screen: 'staff.pin', steps: staffPIN, fill: secret('operator'), ...STAFF },
  { screen: 'staff.queue', steps: queue, ...STAFF },
  { screen: 'staff.application', steps: opened, fill: document, needs: ["fresh's application"], ...STAFF },
  { screen: 'staff.decided', steps: [...opened, document, act('staff.confirm'), long('staff.decided')], needs: ["fresh's application"], gives: "fresh's decision", ...STAFF },
  { screen: 'install.factory', steps: [t => { t.approved = { ...t.approved, fresh: true } }, ...installPIN('fresh'), written('fresh'), secret('fresh'), act('install.pin'), long('install.factory')],
    fill: async t => { await t.w.touch('field-new'); await t.w.pad(t.fresh.newPin) }, needs: ["fresh's decision"], ...FRESH },
  { screen: 'staff.people', steps: staffPeople, fill: query, ...PERSON },
  { screen: 'staff.person', steps: staffPerson, ...PERSON },
  { screen: 'staff.revoke', steps: staffRevoke, fill: order, ...PERSON },
  { screen: 'staff.devices', steps: [...queue, act('staff.devices'), on('staff.devices')], ...STAFF },
  { screen: 'staff.report', steps: [...queue, act('staff.report'), long('staff.report')], ...STAFF },
  { screen: 'staff.unblock', steps: unblock, ...BOTH },
  { screen: 'staff.unblock-admin', steps: unblockAdmin, fill: adminPIN, ...BOTH },
  { screen: 'staff.unblock-turn', steps: unblockTurn, ...BOTH },
  { screen: 'staff.unblock-pin', steps: unblockPIN, fill: newPIN('holder', 'ownPin'), ...BOTH },
  { screen: 'staff.unblocked', steps: [...unblockPIN, newPIN('holder', 'ownPin'), act('staff.unblock-pin'), long('staff.unblocked'), hasPIN('holder', 'ownPin')], ...BOTH },
  { screen: 'revoke.done', steps: revoked, ...KEYS },
  { screen: 'staff.revoked', steps: [...staffRevoke, order, act('staff.order'), long('staff.revoked')], ...PERSON },
]

/**
 * The rows of a short run: they have every kind of secret typed (IIN, e-mail address, PIN, password, identity document, one-time
 * code, administrator's PIN, new PIN), a queue and a PDF written, and the processes of a citizen's token, a staff token and both.
 */
export const chosen = ['apply.done', 'install.done of a stick', 'code.entry', 'certificates.report', 'staff.revoke', 'staff.unblock-pin']

/** namely is what a row is called. */
export const namely = way => way.name ?? way.screen

/** needed gives the rows that must be walked before some others. */
export function needed(wanted) {
  const all = new Set(wanted.flatMap(way => way.needs ?? []))
  for (const way of [...ways].reverse()) if (all.has(way.gives)) for (const need of way.needs ?? []) all.add(need)
  return ways.filter(way => all.has(way.gives) && !wanted.includes(way))
}
