// The way to each screen, for leaks.mjs: a row a screen, made of steps; a row may go on from the steps of another. `fill` types
// what the screen asks for and does not send it; `medium` says that a token stays plugged in, and `pull` takes it out.
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
const byStick = [...applyStorage('sticky'), stickIn, act('apply.storage', '[data-kind="stick"]'), on('apply.stick-warning')]
const stickSet = [...byStick, act('apply.stick-accept'), on('apply.set')]
const stickSummary = [...stickSet, act('apply.set', '[data-code="rsa"]'), on('apply.agreement'), act('apply.agree'), t => t.w.on('apply.summary', { limit: 90000 })]

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

const staffPIN = [plug('operator'), on('staff.pin')]
const queue = [...staffPIN, secret('operator'), act('staff.pin'), long('staff.queue')]
const opened = [...queue, t => openApplication(t.w, t.numbers.fresh)]
const document = async t => { await t.w.touch('step-confirm'); await t.w.touch('[data-testid^="field-document-type-"]'); await t.w.type('document', t.fresh.document) }
const HOLDER = { medium: true, pull: pull('holder') }, FRESH = { medium: true, pull: pull('fresh') }, STAFF = { medium: true, pull: pull('operator') }

/** In the order in which one comes from another: installed keys are needed to sign in. `prepares`: later rows stand on this one. */
export const ways = [
  { screen: 'apply.iin', steps: applyIIN, fill: typeIIN('holder') },
  { screen: 'apply.name', steps: applyName('holder') },
  { screen: 'apply.email', steps: applyEmail('holder'), fill: typeEmail('holder') },
  { screen: 'apply.region', steps: applyRegion('holder') },
  { screen: 'apply.locality', steps: applyLocality('holder') },
  { screen: 'apply.storage', steps: applyStorage('holder') },
  { screen: 'apply.stick-warning', steps: byStick },
  { screen: 'apply.set', steps: stickSet },
  { screen: 'apply.agreement', steps: byToken('holder'), ...HOLDER },
  { screen: 'apply.pin', steps: applyPIN('holder'), fill: secret('holder'), ...HOLDER },
  { screen: 'apply.summary', steps: tokenSummary('holder'), ...HOLDER },
  { screen: 'apply.summary', name: 'apply.summary of a stick', steps: stickSummary },
  { screen: 'apply.done', steps: [...tokenSummary('holder'), ...submit('holder')], prepares: true, ...HOLDER },
  { screen: 'apply.done', name: 'apply.done of a stick', steps: [...stickSummary, ...submit('sticky')], prepares: true },
  { screen: 'status.number', steps: status('holder') },
  { screen: 'status.word', steps: found('holder') },
  { screen: 'install.medium', steps: installable('holder') },
  { screen: 'install.pin', steps: installPIN('holder'), fill: secret('holder'), ...HOLDER },
  { screen: 'install.done', steps: [...installPIN('holder'), written('holder'), secret('holder'), act('install.pin'), long('install.done')], prepares: true, ...HOLDER },
  { screen: 'install.password', steps: installPassword, fill: twice('sticky') },
  { screen: 'install.done', name: 'install.done of a stick', steps: [...installPassword, twice('sticky'), act('install.password'), long('install.done')], prepares: true },
  { screen: 'keys.medium', steps: [...menu, act('keys'), on('keys.medium'), plug('holder'), t => t.w.untilPart('[data-testid="action-keys.token"]')], ...HOLDER },
  { screen: 'keys.pin', steps: keysPIN, fill: secret('holder'), ...HOLDER },
  { screen: 'keys.list', steps: [...keysPIN, secret('holder'), act('keys.pin'), long('keys.list')], ...HOLDER },
  { screen: 'files.medium', steps: [...menu, act('files'), on('files.medium')] },
  { screen: 'files.list', steps: files },
  { screen: 'files.password', steps: filesPassword, fill: password('sticky') },
  { screen: 'files.detail', steps: filesDetail },
  { screen: 'files.change', steps: filesChange, fill: password('sticky', 'old') },
  { screen: 'files.changed', steps: changed },
  { screen: 'sign.medium', steps: signMedium },
  { screen: 'sign.lost', steps: [...signMedium, act('sign.lost')] },
  { screen: 'sign.file', steps: signFile },
  { screen: 'sign.secret', name: 'sign.secret of a file', steps: signPassword, fill: password('sticky') },
  { screen: 'sign.keys', name: 'sign.keys of a file', steps: signFileKeys },
  { screen: 'sign.secret', steps: signPIN, fill: secret('holder'), ...HOLDER },
  { screen: 'sign.keys', steps: signKeys, ...HOLDER },
  { screen: 'cabinet.home', steps: [...signKeys, act('sign.go'), long('cabinet.home')], ...HOLDER },
  { screen: 'apply.done', name: 'apply.done of a token with its maker’s PIN', steps: [...tokenSummary('fresh'), ...submit('fresh')], prepares: true, ...FRESH },
  { screen: 'staff.pin', steps: staffPIN, fill: secret('operator'), ...STAFF },
  { screen: 'staff.queue', steps: queue, ...STAFF },
  { screen: 'staff.application', steps: opened, fill: document, ...STAFF },
  { screen: 'staff.decided', steps: [...opened, document, act('staff.confirm'), long('staff.decided')], prepares: true, ...STAFF },
  { screen: 'install.factory', steps: [t => { t.approved = { ...t.approved, fresh: true } }, ...installPIN('fresh'), written('fresh'), secret('fresh'), act('install.pin'), long('install.factory')],
    fill: async t => { await t.w.touch('field-new'); await t.w.pad(t.fresh.newPin) }, ...FRESH },
]
