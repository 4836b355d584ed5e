// Generated from the Go types of app by `go test ./app -run TestContract -update`. Do not edit.

export type Lang = 'kk' | 'ru' | 'en'
export type Role = 'none' | 'citizen' | 'staff' | 'technician'
/** An error's number, such as E-1203. */
export type Code = string

export interface Snapshot {
  seq: number
  lang: Lang
  languages: Lang[]
  prefs: Prefs
  display: Display
  centre: Centre
  online: boolean
  pending: number
  training: boolean
  role: Role
  session: Session | null
  progress: Progress | null
  screen: Screen
  canBack: boolean
  canExit: boolean
  notice: Notice | null
  plug: PlugNews | null
  devices: DeviceCard[]
  dialog: Dialog | null
}

export interface Prefs {
  contrast: 'normal' | 'high'
  text: 0 | 1 | 2
  motion: boolean
}

export interface Display {
  widthPx: number
  heightPx: number
  diagonalIn: number
}

export interface Centre {
  name: string
}

export interface Session {
  idleSeconds: number | null
}

export interface Progress {
  steps: Step[]
}

export interface Step {
  key: string
  state: 'done' | 'now' | 'todo'
}

export interface Notice {
  code: Code
  severity: 'error' | 'warn' | 'info'
  title: string
  text: string
  hint: string
}

export interface PlugNews {
  event: 'found' | 'removed' | 'missing'
  device: string
  title: string
  text: string
}

export interface DeviceCard {
  kind: string
  name: string
  numbers: string
  serial: string
  port: string
  text: string
}

export interface Dialog {
  name: 'idle' | 'staff-ends-session' | 'exit-confirm' | 'remove-token'
  data: DialogData
}

export interface DialogData {
  seconds?: number
  token?: TokenCard
}

export interface TokenCard {
  insertion: number
  kind: 'kaztoken' | 'etoken' | 'jacarta' | 'akey' | 'idcard' | 'unknown'
  name: string
  serial: string
  usable: boolean
  why: string
}

export interface SetupScreen {
  centre: string
  reference: string
  displays: DisplayChoice[]
  display: string
  languages: Lang[]
  busy: Busy | null
}

export interface DisplayChoice {
  id: string
  name: string
  widthPx: number
  heightPx: number
  diagonalIn: number
}

export interface Busy {
  text: string
}

export interface SelftestScreen {
  running: boolean
  parts: SelftestPart[]
}

export interface SelftestPart {
  name: 'window' | 'database' | 'centre' | 'clock' | 'tokens' | 'usb' | 'printer' | 'stick'
  state: 'well' | 'attention' | 'absent' | 'running'
  title: string
  text: string
  advice: string
}

export interface FaultScreen {
  code: Code
  title: string
  text: string
  advice: string
}

export interface ApplyIINScreen {
  iin: string
}

export interface ApplyNameScreen {
  known: boolean
  surname: string
  given: string
  patronymic: string
}

export interface ApplyEmailScreen {
  email: string
}

export interface ApplyRegionScreen {
  regions: Choice[]
  chosen: string
  kind: 'new' | 'reissue' | 'information-system' | 'gost'
}

export interface Choice {
  code: string
  name: string
}

export interface ApplyLocalityScreen {
  region: string
  localities: Choice[]
  chosen: string
}

export interface ApplyStorageScreen {
  tokens: TokenCard[]
  stick: StickCard
  allowed: string[]
  kind: 'new' | 'reissue' | 'information-system' | 'gost'
}

export interface StickCard {
  present: boolean
  usable: boolean
  why: string
}

export interface ApplySetScreen {
  sets: SetCard[]
  chosen: string
}

export interface SetCard {
  code: string
  name: string
  text: string
}

export interface ApplyAgreementScreen {
  title: string
  text: string
  version: string
}

export interface PINScreen {
  token: TokenCard
  min: number
  max: number
  low: boolean
  final: boolean
  cut: boolean
}

export interface ApplyKeysScreen {
  medium: Medium
  key: number
  keys: number
  phase: 'generate' | 'check' | 'write'
  text: string
}

export interface Medium {
  kind: 'kaztoken' | 'etoken' | 'jacarta' | 'akey' | 'idcard' | 'unknown' | 'stick'
  name: string
  serial: string
  keep: boolean
}

export interface ApplySummaryScreen {
  rows: Row[]
  consentText: string
  kind: 'new' | 'reissue' | 'information-system' | 'gost'
  signed: boolean
}

export interface Row {
  label: string
  value: string
  differs: boolean
}

export interface ApplyDoneScreen {
  kind: 'new' | 'reissue' | 'information-system' | 'gost'
  state: 'staff' | 'queued' | 'sent' | 'issued' | 'rejected'
  why: string
  hint: string
  revoke: boolean
  number: string
  qr: QR
  online: boolean
  medium: Medium
  takeOut: boolean
  days: number
  receipt: '' | 'print' | 'email'
}

export interface QR {
  size: number
  modules: string
}

export interface StatusNumberScreen {
  tokens: TokenCard[]
}

export interface StatusWordScreen {
  number: string
  status: 'queued' | 'waiting' | 'confirmed' | 'rejected' | 'expired' | 'issued' | 'installed'
  title: string
  text: string
  next: string
  canInstall: boolean
  left: boolean
  removed: boolean
}

export interface InstallMediumScreen {
  number: string
  medium: Medium
  present: boolean
  wrong: boolean
  why: string
}

export interface InstallPasswordScreen {
  rules: PasswordRule[]
}

export interface PasswordRule {
  key: string
}

export interface InstallProgressScreen {
  medium: Medium
  step: 'write' | 'read' | 'compare'
  index: number
  count: number
  text: string
}

export interface InstallFactoryScreen {
  token: TokenCard
  min: number
  max: number
}

export interface InstallDoneScreen {
  number: string
  certificates: CertificateCard[]
  medium: Medium
  files: string[]
  takeOut: boolean
  account: boolean
  revoke: boolean
}

export interface CertificateCard {
  template: string
  title: string
  serial: string
  notBefore: string
  notAfter: string
  keyId: string
}

export interface KeysMediumScreen {
  tokens: TokenCard[]
}

export interface KeysListScreen {
  token: TokenCard
  items: KeyCard[]
  centreAsked: boolean
}

export interface KeyCard {
  title: string
  keyId: string
  notBefore: string
  notAfter: string
  state: 'valid' | 'expired' | 'revoked' | 'unknown' | 'no-certificate' | 'waiting'
  stateText: string
  onToken: boolean
  atCentre: boolean
  number: string
}

export interface UnfinishedScreen {
  token: TokenCard
  keys: UnfinishedCard[]
  must: boolean
}

export interface UnfinishedCard {
  title: string
  number: string
  why: 'stopped' | 'elsewhere' | 'over'
}

export interface FilesMediumScreen {
  present: boolean
  why: string
}

export interface FilesListScreen {
  files: FileCard[]
  more: boolean
}

export interface FileCard {
  file: number
  title: string
  name: string
  folder: string
  usable: boolean
  why: string
  advice: string
}

export interface FilesPasswordScreen {
  file: FileCard
}

export interface FilesDetailScreen {
  file: FileCard
  keys: FileKey[]
  canChange: boolean
}

export interface FileKey {
  state: 'valid' | 'unchecked' | 'foreign' | 'not-yet' | 'expired' | 'revoked' | 'no-certificate' | 'no-key'
  stateText: string
  title: string
  rows: Row[]
  notes: string[]
}

export interface FilesChangeScreen {
  file: FileCard
  rules: PasswordRule[]
}

export interface FilesProgressScreen {
  medium: Medium
  text: string
}

export interface FilesChangedScreen {
  file: FileCard
  medium: Medium
  takeOut: boolean
}

export interface SignMediumScreen {
  purpose: 'sign-in' | 'sign' | 'read'
  tokens: TokenCard[]
  stick: StickCard
  kinds: Medium[]
  canLost: boolean
}

export interface SignFileScreen {
  purpose: 'sign-in' | 'sign' | 'read'
  files: FileCard[]
  more: boolean
}

export interface SignSecretScreen {
  purpose: 'sign-in' | 'sign' | 'read'
  medium: Medium
  file: FileCard | null
  token: PINScreen | null
  factory: string
}

export interface SignKeysScreen {
  purpose: 'sign-in' | 'sign' | 'read'
  what: string
  medium: Medium
  keys: SignKey[]
  chosen: number
  factory: boolean
}

export interface SignKey {
  card: FileKey
  usable: boolean
  why: string
  advice: string
}

export interface CabinetHomeScreen {
  name: string
  iin: string
  offline: boolean
  factory: boolean
  key: string
  until: string
  items: CabinetItem[]
}

export interface CabinetItem {
  does: ActionName
  usable: boolean
  why: string
}

export interface RevokeListScreen {
  keys: OwnKeyCard[]
  chosen: number[]
  max: number
  whole: boolean
}

export interface OwnKeyCard {
  key: number
  title: string
  state: 'valid' | 'unchecked' | 'not-yet' | 'expired' | 'revoked' | 'asked'
  stateText: string
  rows: Row[]
  usable: boolean
  why: string
  pair: number
}

export interface RevokeReasonScreen {
  reasons: Choice[]
  chosen: string
  count: number
}

export interface RevokeConfirmScreen {
  count: number
  rows: Row[]
  last: boolean
  offline: boolean
  consentText: string
}

export interface RevokeDoneScreen {
  number: string
  qr: QR
  state: 'queued' | 'sent' | 'revoked' | 'refused'
  title: string
  text: string
  hint: string
  proofs: Proved[]
  medium: Medium
  takeOut: boolean
  home: boolean
  receipt: '' | 'print' | 'email'
}

export interface Proved {
  name: 'list' | 'ocsp' | 'crl'
  text: string
  seen: boolean
}

export interface CertificatesListScreen {
  keys: OwnKeyCard[]
  sieves: Choice[]
  sieve: string
  total: number
  whole: boolean
}

export interface CertificatesReportScreen {
  phase: 'choose' | 'print' | 'save' | 'printed' | 'saved'
  printer: boolean
  stick: StickCard
  text: string
  medium: Medium
  takeOut: boolean
}

export interface ProfileScreen {
  rows: Row[]
  open: boolean
  email: string
  notices: boolean
  saved: boolean
}

export interface ProfileEmailScreen {
  email: string
}

export interface ApplicationsListScreen {
  items: ApplicationCard[]
  total: number
  statuses: Choice[]
  kinds: Choice[]
  status: string
  kind: string
}

export interface ApplicationCard {
  number: string
  numberText: string
  kind: string
  status: 'queued' | 'waiting' | 'confirmed' | 'rejected' | 'expired' | 'issued' | 'installed' | 'revoked'
  statusText: string
  storage: string
  createdAt: string
  todo: boolean
}

export interface ApplicationsDetailScreen {
  number: string
  status: 'queued' | 'waiting' | 'confirmed' | 'rejected' | 'expired' | 'issued' | 'installed' | 'revoked'
  title: string
  text: string
  next: string
  rows: Row[]
  certificates: OwnKeyCard[]
  canConfirm: boolean
  canInstall: boolean
  consentText: string
}

export interface ApplyCardWarningScreen {
  card: TokenCard
  pairs: number
}

export interface SystemListScreen {
  systems: SystemCard[]
  chosen: string
}

export interface SystemCard {
  oid: string
  name: string
}

export interface GOSTInfoScreen {
  title: string
  text: string
}

export interface CodeMethodScreen {
  methods: ('sms' | 'digital-document')[]
}

export interface CodeEntryScreen {
  method: 'sms' | 'digital-document'
  sentTo: string
  expiresAt: number
  resendAt: number
  resends: number
  left: number
  locked: boolean
}

export interface PasswordMediumScreen {
  tokens: TokenCard[]
  stick: StickCard
}

export interface PasswordPINScreen {
  token: PINScreen
  factory: string
}

export interface PasswordDoneScreen {
  medium: Medium
  takeOut: boolean
  cabinet: boolean
}

export interface InstallTakeScreen {
  number: string
  tokens: TokenCard[]
  stick: StickCard
}

export interface ReceiptTakeScreen {
  phase: 'printing' | 'printed' | 'failed' | 'doubtful' | 'mailed'
  number: string
  qr: QR
  text: string
  printer: boolean
  finish: boolean
}

export interface ReceiptEmailScreen {
  number: string
  email: string
}

export interface StaffPeopleScreen {
  operator: string
  query: string
  asked: boolean
  items: PersonItem[]
}

export interface PersonItem {
  name: string
  iin: string
}

export interface StaffPersonScreen {
  name: string
  own: boolean
  canRevoke: boolean
  rows: Row[]
  certificates: PersonCertificate[]
  applications: PersonApplication[]
}

export interface PersonCertificate {
  title: string
  serial: string
  state: 'good' | 'revoked' | 'expired' | 'not_yet_valid'
  stateText: string
  notBefore: string
  notAfter: string
  number: string
}

export interface PersonApplication {
  number: string
  kind: string
  status: string
  at: string
}

export interface StaffRevokeScreen {
  name: string
  iin: string
  certificates: PersonCertificate[]
  reasons: Choice[]
  documents: Choice[]
  most: number
}

export interface StaffRevokedScreen {
  name: string
  items: RevokedItem[]
}

export interface RevokedItem {
  title: string
  serial: string
  seen: boolean
  text: string
}

export interface StaffUnblockScreen {
  operator: string
  tokens: TokenCard[]
}

export interface StaffUnblockTurnScreen {
  token: TokenCard
}

export interface StaffUnblockPINScreen {
  token: TokenCard
  min: number
  max: number
}

export interface StaffUnblockedScreen {
  medium: Medium
  takeOut: boolean
}

export interface StaffReportScreen {
  operator: string
  day: string
  today: boolean
  totals: Row[]
  operators: ReportOperator[]
  rows: ReportItem[]
  stick: boolean
  printer: boolean
  saved: string
}

export interface ReportOperator {
  name: string
  confirmed: number
  rejected: number
}

export interface ReportItem {
  number: string
  kind: string
  storage: string
  status: string
  filedAt: string
  operator: string
}

export interface StaffDevicesScreen {
  operator: string
  devices: DeviceCard[]
}

export interface StaffQueueScreen {
  operator: string
  items: QueueItem[]
  query: string
  link: Link
  busy: boolean
}

export interface QueueItem {
  number: string
  numberText: string
  name: string
  iin: string
  createdAt: string
  status: string
  statusText: string
  lockedBy: string
  nameDiffers: boolean
}

export interface Link {
  online: boolean
  pending: number
  problem: string
  lastContact: string
}

export interface StaffApplicationScreen {
  number: string
  rows: Row[]
  registerName: string
  nameDiffers: boolean
  documents: Choice[]
  reasons: Reason[]
  own: boolean
  hash: string
}

export interface Reason {
  code: string
  text: string
  note: boolean
}

export interface StaffDecidedScreen {
  number: string
  verdict: 'confirm' | 'reject'
  title: string
  text: string
}

export interface LanguageArgs {
  lang: Lang
}

export interface PrefsArgs {
  contrast?: 'normal' | 'high'
  text?: 0 | 1 | 2
  motion?: boolean
}

export interface EnrolArgs {
  centre: string
  reference: string
  secret: string
  display: string
  languages: Lang[]
}

export interface IINArgs {
  iin: string
}

export interface NameArgs {
  surname?: string
  given?: string
  patronymic?: string
}

export interface EmailArgs {
  email: string
}

export interface CodeArgs {
  code: string
}

export interface StorageArgs {
  kind: 'token' | 'stick'
  insertion?: number
}

export interface PINArgs {
  pin: string
}

export interface SubmitArgs {
  consent: boolean
}

export interface NumberArgs {
  number: string
}

export interface InsertionArgs {
  insertion?: number
}

export interface PasswordArgs {
  password: string
  again: string
}

export interface ChangePINArgs {
  new: string
  again: string
}

export interface FileArgs {
  file: number
}

export interface FilePasswordArgs {
  password: string
}

export interface NewPasswordArgs {
  old: string
  password: string
  again: string
}

export interface KeyArgs {
  key: number
}

export interface KeysArgs {
  keys: number[]
}

export interface NoticesArgs {
  on: boolean
}

export interface SiftArgs {
  status: string
  kind: string
}

export interface MethodArgs {
  method: 'sms' | 'digital-document'
}

export interface OneTimeCodeArgs {
  code: string
}

export interface OwnPINArgs {
  old: string
  new: string
  again: string
}

export interface SearchArgs {
  query: string
}

export interface PersonArgs {
  person: number
}

export interface OrderArgs {
  certificates: number[]
  reason: string
  note: string
  document: DocumentArgs
}

export interface DocumentArgs {
  type: string
  number: string
}

export interface DayArgs {
  step: number
}

export interface ConfirmArgs {
  document: DocumentArgs
}

export interface RejectArgs {
  reason: string
  note: string
}

/** The data of each screen, by its name. */
export interface Screens {
  'setup': SetupScreen
  'selftest': SelftestScreen
  'fault': FaultScreen
  'attract': Record<string, never>
  'menu': Record<string, never>
  'apply.iin': ApplyIINScreen
  'apply.name': ApplyNameScreen
  'apply.email': ApplyEmailScreen
  'apply.region': ApplyRegionScreen
  'apply.locality': ApplyLocalityScreen
  'apply.storage': ApplyStorageScreen
  'apply.stick-warning': Record<string, never>
  'apply.set': ApplySetScreen
  'apply.agreement': ApplyAgreementScreen
  'apply.pin': PINScreen
  'apply.keys': ApplyKeysScreen
  'apply.summary': ApplySummaryScreen
  'apply.done': ApplyDoneScreen
  'status.number': StatusNumberScreen
  'status.word': StatusWordScreen
  'install.medium': InstallMediumScreen
  'install.pin': PINScreen
  'install.password': InstallPasswordScreen
  'install.progress': InstallProgressScreen
  'install.factory': InstallFactoryScreen
  'install.done': InstallDoneScreen
  'keys.medium': KeysMediumScreen
  'keys.pin': PINScreen
  'keys.list': KeysListScreen
  'keys.unfinished': UnfinishedScreen
  'files.medium': FilesMediumScreen
  'files.list': FilesListScreen
  'files.password': FilesPasswordScreen
  'files.detail': FilesDetailScreen
  'files.change': FilesChangeScreen
  'files.progress': FilesProgressScreen
  'files.changed': FilesChangedScreen
  'sign.medium': SignMediumScreen
  'sign.lost': Record<string, never>
  'sign.file': SignFileScreen
  'sign.secret': SignSecretScreen
  'sign.keys': SignKeysScreen
  'cabinet.home': CabinetHomeScreen
  'revoke.list': RevokeListScreen
  'revoke.reason': RevokeReasonScreen
  'revoke.confirm': RevokeConfirmScreen
  'revoke.done': RevokeDoneScreen
  'certificates.list': CertificatesListScreen
  'certificates.report': CertificatesReportScreen
  'profile.view': ProfileScreen
  'profile.email': ProfileEmailScreen
  'applications.list': ApplicationsListScreen
  'applications.detail': ApplicationsDetailScreen
  'apply.card-warning': ApplyCardWarningScreen
  'system.list': SystemListScreen
  'gost.info': GOSTInfoScreen
  'code.method': CodeMethodScreen
  'code.entry': CodeEntryScreen
  'password.medium': PasswordMediumScreen
  'password.pin': PasswordPINScreen
  'password.done': PasswordDoneScreen
  'install.take': InstallTakeScreen
  'receipt.take': ReceiptTakeScreen
  'receipt.email': ReceiptEmailScreen
  'staff.people': StaffPeopleScreen
  'staff.person': StaffPersonScreen
  'staff.revoke': StaffRevokeScreen
  'staff.revoked': StaffRevokedScreen
  'staff.unblock': StaffUnblockScreen
  'staff.unblock-admin': PINScreen
  'staff.unblock-turn': StaffUnblockTurnScreen
  'staff.unblock-pin': StaffUnblockPINScreen
  'staff.unblocked': StaffUnblockedScreen
  'staff.report': StaffReportScreen
  'staff.devices': StaffDevicesScreen
  'staff.pin': PINScreen
  'staff.queue': StaffQueueScreen
  'staff.application': StaffApplicationScreen
  'staff.decided': StaffDecidedScreen
}

export type ScreenName = keyof Screens
export type Screen = { [N in ScreenName]: { name: N; data: Screens[N] } }[ScreenName]

/** The arguments of each action, by its name. Any may carry seq: a stale one does nothing. */
export interface Actions {
  'language': LanguageArgs
  'prefs': PrefsArgs
  'back': Record<string, never>
  'stay': Record<string, never>
  'exit': Record<string, never>
  'exit.confirm': Record<string, never>
  'exit.cancel': Record<string, never>
  'notice.dismiss': Record<string, never>
  'staff.end': Record<string, never>
  'staff.leave': Record<string, never>
  'setup.enrol': EnrolArgs
  'selftest.again': Record<string, never>
  'selftest.finish': Record<string, never>
  'start': LanguageArgs
  'apply': Record<string, never>
  'status': Record<string, never>
  'keys': Record<string, never>
  'files': Record<string, never>
  'apply.iin': IINArgs
  'apply.name': NameArgs
  'apply.email': EmailArgs
  'apply.region': CodeArgs
  'apply.locality': CodeArgs
  'apply.storage': StorageArgs
  'apply.stick-accept': Record<string, never>
  'apply.set': CodeArgs
  'apply.agree': Record<string, never>
  'apply.pin': PINArgs
  'apply.submit': SubmitArgs
  'finish': Record<string, never>
  'status.find': NumberArgs
  'status.by-token': InsertionArgs
  'status.install': Record<string, never>
  'status.remove': Record<string, never>
  'install.go': Record<string, never>
  'install.pin': PINArgs
  'install.password': PasswordArgs
  'install.change-pin': ChangePINArgs
  'install.keep-pin': Record<string, never>
  'keys.token': InsertionArgs
  'keys.pin': PINArgs
  'keys.remove': Record<string, never>
  'keys.keep': Record<string, never>
  'files.look': Record<string, never>
  'files.open': FileArgs
  'files.password': FilePasswordArgs
  'files.change': Record<string, never>
  'files.new-password': NewPasswordArgs
  'files.again': Record<string, never>
  'cabinet': Record<string, never>
  'cabinet.leave': Record<string, never>
  'reissue': Record<string, never>
  'revoke': Record<string, never>
  'applications': Record<string, never>
  'certificates': Record<string, never>
  'password': Record<string, never>
  'system': Record<string, never>
  'gost': Record<string, never>
  'profile': Record<string, never>
  'sign.medium': StorageArgs
  'sign.lost': Record<string, never>
  'sign.file': FileArgs
  'sign.look': Record<string, never>
  'sign.secret': PINArgs
  'sign.go': KeyArgs
  'keys.read': Record<string, never>
  'revoke.choose': KeysArgs
  'revoke.reason': CodeArgs
  'revoke.agreement': Record<string, never>
  'revoke.go': SubmitArgs
  'certificates.sift': CodeArgs
  'certificates.report': Record<string, never>
  'report.print': Record<string, never>
  'report.save': Record<string, never>
  'profile.show': Record<string, never>
  'profile.email': Record<string, never>
  'profile.save-email': EmailArgs
  'profile.notices': NoticesArgs
  'applications.sift': SiftArgs
  'applications.open': NumberArgs
  'applications.confirm': SubmitArgs
  'applications.install': Record<string, never>
  'apply.card-accept': Record<string, never>
  'system.look': Record<string, never>
  'system.choose': CodeArgs
  'gost.confirm': Record<string, never>
  'code.ask': MethodArgs
  'code.tell': OneTimeCodeArgs
  'code.resend': Record<string, never>
  'password.medium': StorageArgs
  'password.pin': OwnPINArgs
  'password.again': Record<string, never>
  'install.take': StorageArgs
  'receipt.print': Record<string, never>
  'receipt.email': Record<string, never>
  'receipt.send': EmailArgs
  'staff.queue': Record<string, never>
  'staff.people': Record<string, never>
  'staff.unblock': Record<string, never>
  'staff.devices': Record<string, never>
  'staff.report': Record<string, never>
  'staff.find': SearchArgs
  'staff.person': PersonArgs
  'staff.revoke': Record<string, never>
  'staff.order': OrderArgs
  'staff.unblock-token': InsertionArgs
  'staff.unblock-admin': PINArgs
  'staff.turned': Record<string, never>
  'staff.unblock-pin': ChangePINArgs
  'staff.report-day': DayArgs
  'staff.report-save': CodeArgs
  'staff.report-print': Record<string, never>
  'staff.pin': PINArgs
  'staff.search': SearchArgs
  'staff.open': NumberArgs
  'staff.leave-mode': Record<string, never>
  'staff.confirm': ConfirmArgs
  'staff.reject': RejectArgs
  'staff.close': Record<string, never>
  'staff.back': Record<string, never>
}

export type ActionName = keyof Actions
