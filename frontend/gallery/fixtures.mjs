// A snapshot of every screen, in its states and with the longest words it is likely to meet. Texts that the program
// makes ready are {kk, ru, en} here and chosen by `localise`.
//   fixtures: {id, snapshot, snapshots: {kk, ru, en}}[]     snapshot is the Russian one
import { signed } from './apply.mjs'
import { files, notices, opened } from './files.mjs'
import { factory, file, items, itemsOffline, keys, kinds, person, signIn } from './cabinet.mjs'
import * as own from './own.mjs'
import { receipts } from './receipt.mjs'
import { devices, sticks } from './plugged.mjs'
import { staffScreens } from './staff.mjs'
import { application, certificates, facts, reasons, regions, localities, parts, agreement } from './texts.mjs'

const L = (kk, ru, en) => ({ kk, ru, en })
const isWords = (v) => v && typeof v === 'object' && !Array.isArray(v) && Object.keys(v).sort().join() === 'en,kk,ru'

/** The snapshot in one language. */
export function localise(v, lang) {
  if (isWords(v)) return v[lang]
  if (Array.isArray(v)) return v.map((x) => localise(x, lang))
  if (v && typeof v === 'object') return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, localise(x, lang)]))
  return v
}

/** A square of cells that looks like a QR code. */
function qr(size = 25) {
  let seed = 7
  const cell = () => ((seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16) & 1
  let modules = ''
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const corner = [[0, 0], [size - 7, 0], [0, size - 7]].find(([a, b]) => x >= a && x < a + 7 && y >= b && y < b + 7)
      if (corner) {
        const d = Math.max(Math.abs(x - corner[0] - 3), Math.abs(y - corner[1] - 3))
        modules += d === 2 ? '0' : '1'
      } else modules += String(cell())
    }
  }
  return { size, modules }
}

const way = ['iin', 'name', 'email', 'region', 'storage', 'agreement', 'pin', 'keys', 'summary', 'done']
const line = (now, all = way) => ({ steps: all.map((key, i) => ({ key, state: i < all.indexOf(now) ? 'done' : key === now ? 'now' : 'todo' })) })
const toToken = (now) => line(now, ['medium', 'pin', 'install', 'done'])
const inCabinet = (now) => line(now, ['medium', 'secret', 'key'])
const toStick = (now) => line(now, ['medium', 'password', 'install', 'done'])

const toRevoke = (now) => line(now, ['list', 'reason', 'summary', 'medium', 'secret', 'key', 'done'])

const kaztoken = { insertion: 3, kind: 'kaztoken', name: 'Kaztoken', serial: '00A1B2C3D4E5', usable: true, why: '' }
const etoken = { insertion: 4, kind: 'etoken', name: 'eToken PRO (Java, 72K)', serial: '0292FC61', usable: true, why: '' }
const jacarta = { insertion: 5, kind: 'jacarta', name: 'JaCarta', serial: '4E4A000912345678', usable: false, why: L('Токен бұғатталған. Оны шығарған ұйымға хабарласыңыз.', 'Токен заблокирован. Обратитесь туда, где его выдали.', 'The token is locked. Turn to those who issued it.') }
const akey = { insertion: 6, kind: 'akey', name: 'AKey', serial: 'AK20443311', usable: false, why: L('Токен дайындалмаған.', 'Токен не подготовлен.', 'The token is not initialised.') }
const medium = { kind: 'kaztoken', name: 'Kaztoken', serial: '00A1B2C3D4E5' }
const stickMedium = { kind: 'stick', name: L('USB-флешка', 'USB-флешка', 'USB stick'), serial: '' }
const pin = { token: kaztoken, min: 6, max: 32, low: false, final: false, cut: false }
const number = '1001 000001 5'

const base = {
  seq: 1, lang: 'ru', languages: ['kk', 'ru', 'en'], prefs: { contrast: 'normal', text: 0, motion: true },
  display: { widthPx: 1920, heightPx: 1080, diagonalIn: 21.5 },
  centre: { name: L('Алматы қаласы, Алмалы ауданының тіркеу орталығы', 'Центр регистрации Алмалинского района, город Алматы', 'Registration centre of Almaly district, Almaty') },
  online: true, pending: 0, training: true, role: 'citizen', session: { idleSeconds: null }, progress: null,
  canBack: true, canExit: true, notice: null, dialog: null,
}
const wrongPin = { code: 'E-1203', severity: 'error', title: L('PIN-код қате', 'Неверный PIN-код', 'Wrong PIN'),
  text: L('Токен бұл PIN-кодты қабылдамады. Бір мүмкіндік пайдаланылды.', 'Токен не принял этот PIN-код. Одна попытка израсходована.', 'The token did not accept this PIN. One attempt is spent.'),
  hint: L('PIN-код есіңізде болмаса, әрі қарай тырыспаңыз.', 'Если не помните PIN-код, не пробуйте дальше.', 'If you do not remember it, do not go on trying.') }
const wrongIin = { code: 'E-1103', severity: 'error', title: L('ЖСН-де қате бар', 'В ИИН есть ошибка', 'There is a mistake in the IIN'),
  text: L('Бақылау цифры сәйкес келмейді. Жеке куәліктегі 12 цифрды тексеріңіз.', 'Контрольная цифра не сходится. Проверьте 12 цифр по удостоверению личности.', 'The check digit does not fit. Compare the 12 digits with your ID card.'), hint: '' }
const slow = { code: 'E-1401', severity: 'warn', title: L('Орталық жауап бермей тұр', 'Центр не отвечает', 'The centre does not answer'),
  text: L('Өтінім терминалда сақталды және өзі жіберіледі.', 'Заявка сохранена в терминале и уйдёт сама.', 'The application is kept in the terminal and will go by itself.'), hint: L('Күтудің қажеті жоқ.', 'Ждать не нужно.', 'You need not wait.') }

const screens = [
  ['attract', 'attract', {}, { role: 'none', session: null, canBack: false, canExit: false }],
  ['menu', 'menu', {}, { canBack: false }],
  ['apply-iin', 'apply.iin', { iin: '' }, { progress: line('iin') }],
  ['apply-iin-wrong', 'apply.iin', { iin: '870412300125' }, { progress: line('iin'), notice: wrongIin }],
  ['apply-name', 'apply.name', { known: true, surname: L('Нұрмұхамбетова', 'Нурмухамбетова', 'Nurmukhambetova'), given: L('Гүлжаухар', 'Гульжаухар', 'Gulzhaukhar'), patronymic: L('Әбдімәжитқызы', 'Абдимажиткызы', 'Abdimazhitkyzy') }, { progress: line('name') }],
  ['apply-name-typed', 'apply.name', { known: false, surname: 'Нұрмұхамбетова', given: 'Гүлжаухар', patronymic: '' }, { progress: line('name'), online: false, pending: 3 }],
  ['apply-email', 'apply.email', { email: '' }, { progress: line('email') }],
  ['apply-region', 'apply.region', { regions, chosen: '75', kind: 'new' }, { progress: line('region') }],
  ['apply-locality', 'apply.locality', { region: L('Алматы облысы', 'Алматинская область', 'Almaty region'), localities, chosen: '' }, { progress: line('region') }],
  ['apply-storage-empty', 'apply.storage', { tokens: [], stick: { present: false, usable: false, why: '' }, allowed: ['kaztoken', 'etoken', 'jacarta', 'akey', 'stick'], kind: 'new' }, { progress: line('storage') }],
  ['apply-storage-several', 'apply.storage', { tokens: [], stick: { present: true, usable: false, why: sticks.several }, allowed: ['kaztoken', 'stick'], kind: 'new' }, { progress: line('storage') }],
  ['apply-storage-unreadable', 'apply.storage', { tokens: [kaztoken], stick: { present: true, usable: false, why: sticks.unreadable }, allowed: ['kaztoken', 'stick'], kind: 'new' }, { progress: line('storage') }],
  ['apply-storage-protected', 'apply.storage', { tokens: [kaztoken], stick: { present: true, usable: true, why: sticks.protected }, allowed: ['kaztoken', 'stick'], kind: 'new' }, { progress: line('storage') }],
  ['apply-storage', 'apply.storage', { tokens: [kaztoken, etoken, jacarta], stick: { present: true, usable: true, why: '' }, allowed: ['kaztoken', 'etoken', 'jacarta', 'akey', 'stick'], kind: 'new' }, { progress: line('storage') }],
  ['apply-stick-warning', 'apply.stick-warning', {}, { progress: line('storage') }],
  ['apply-set', 'apply.set', { sets: [
    { code: 'rsa', name: L('RSA: кіру және қол қою', 'RSA: вход и подпись', 'RSA: sign-in and signing'), text: L('Екі кілт: біреуі порталдарға кіруге, екіншісі құжаттарға қол қоюға арналған.', 'Два ключа: один для входа на порталы, другой для подписи документов.', 'Two keys: one for signing in to portals, the other for signing documents.') },
    { code: 'gost', name: L('ГОСТ: бір кілт', 'ГОСТ: один ключ', 'GOST: one key'), text: L('Бір кілт порталдарға кіруге де, құжаттарға қол қоюға да жарайды.', 'Один ключ и для входа на порталы, и для подписи документов.', 'One key both for signing in to portals and for signing documents.') },
    { code: 'rsa+gost', name: L('RSA және ГОСТ', 'RSA и ГОСТ', 'RSA and GOST'), text: L('Үш кілт: RSA кілттерінің жұбы және бір ГОСТ кілті. Портал қайсысын сұраса да, жарайды.', 'Три ключа: пара RSA и один ключ ГОСТ. Подойдут, какой бы ключ ни спросил портал.', 'Three keys: an RSA pair and one GOST key. They fit whichever key a portal asks for.') },
  ], chosen: 'gost' }, { progress: line('storage') }],
  ['apply-agreement', 'apply.agreement', { title: L('Пайдаланушылық келісім', 'Пользовательское соглашение', 'User agreement'), text: agreement, version: '2026-03' }, { progress: line('agreement') }],
  ['apply-pin', 'apply.pin', pin, { progress: line('pin') }],
  ['apply-pin-wrong', 'apply.pin', { ...pin, low: true }, { progress: line('pin'), notice: wrongPin }],
  ['apply-pin-cut', 'apply.pin', { ...pin, low: true, cut: true }, { progress: line('pin') }],
  ['apply-pin-final', 'apply.pin', { ...pin, token: etoken, low: true, final: true }, { progress: line('pin') }],
  ['apply-keys', 'apply.keys', { medium, key: 1, keys: 2, phase: 'generate', text: L('Қол қою кілті токеннің ішінде жасалып жатыр', 'Ключ создаётся внутри токена', 'The key is being made inside the token') }, { progress: line('keys'), canBack: false, canExit: false }],
  ['apply-summary', 'apply.summary', { rows: facts, consentText: L('Деректерімнің дұрыстығын растаймын, оларды өңдеуге және ЭЦҚ кілттерін шығаруға келісемін.', 'Подтверждаю, что данные верны, и согласен на их обработку и выпуск ключей ЭЦП.', 'I confirm that the data are right, and agree to their processing and to the issue of digital signature keys.'), kind: 'new', signed: false }, { progress: line('summary') }],
  ['apply-done', 'apply.done', { number, qr: qr(), online: true, medium, takeOut: true, days: 30, kind: 'new', state: 'staff', why: '', hint: '', revoke: false, receipt: 'print' }, { canBack: false }],
  ['apply-done-keep', 'apply.done', { number, qr: qr(), online: true, medium: { ...stickMedium, keep: true }, takeOut: false, days: 30, kind: 'new', state: 'staff', why: '', hint: '', revoke: false, receipt: 'print' }, { canBack: false }],
  ['apply-done-offline', 'apply.done', { number, qr: qr(), online: false, medium: stickMedium, takeOut: true, days: 30, kind: 'new', state: 'staff', why: '', hint: '', revoke: false, receipt: 'email' }, { canBack: false, online: false, pending: 1 }],
  ['status-number', 'status.number', { tokens: [] }],
  ['status-number-token', 'status.number', { tokens: [kaztoken] }],
  ['status-word-waiting', 'status.word', { number, status: 'waiting', title: L('Өтінім растауды күтіп тұр', 'Заявка ждёт подтверждения', 'The application waits to be confirmed'), text: L('Өтінім орталыққа жетті. Оны оператор жеке куәлігіңіз бойынша растауы керек.', 'Заявка в центре. Оператор должен подтвердить её по вашему удостоверению личности.', 'The application is at the centre. An operator must confirm it against your ID card.'), next: L('Жеке куәлігіңізбен операторға барыңыз.', 'Подойдите к оператору с удостоверением личности.', 'Go to an operator with your ID card.'), canInstall: false, left: false, removed: false }],
  ['status-word-issued', 'status.word', { number, status: 'issued', title: L('Сертификаттар дайын', 'Сертификаты готовы', 'The certificates are ready'), text: L('Өтінім расталды, сертификаттар шығарылды.', 'Заявка подтверждена, сертификаты выпущены.', 'The application is confirmed and the certificates are issued.'), next: L('Оларды қазір сақтау орныңызға орнатыңыз.', 'Установите их сейчас на своё хранилище.', 'Install them on your storage now.'), canInstall: true, left: false, removed: false }],
  ['status-word-rejected', 'status.word', { number, status: 'rejected', title: L('Өтінім қабылданбады', 'Заявка отклонена', 'The application is rejected'), text: L('Себебі: құжаттың жарамдылық мерзімі аяқталған.', 'Причина: срок действия документа истёк.', 'Reason: the document has expired.'), next: L('Құжатты ауыстырып, жаңа өтінім беріңіз.', 'Замените документ и подайте новую заявку.', 'Renew the document and make a new application.'), canInstall: false, left: false, removed: false }],
  ['status-word-rejected-left', 'status.word', { number, status: 'rejected', title: L('Өтінім қабылданбады', 'Заявка отклонена', 'The application is rejected'), text: L('Себебі: құжаттың жарамдылық мерзімі аяқталған.', 'Причина: срок действия документа истёк.', 'Reason: the document has expired.'), next: L('Құжатты ауыстырып, жаңа өтінім беріңіз.', 'Замените документ и подайте новую заявку.', 'Renew the document and make a new application.'), canInstall: false, left: true, removed: false }],
  ['install-medium', 'install.medium', { number, medium, present: false, wrong: false, why: '' }, { progress: toToken('medium') }],
  ['install-medium-wrong', 'install.medium', { number, medium: { kind: 'etoken', name: 'eToken PRO (Java, 72K)', serial: '0292FC61' }, present: true, wrong: true, why: '' }],
  ['install-medium-stick', 'install.medium', { number, medium: stickMedium, present: false, wrong: false, why: '' }],
  ['install-medium-unreadable', 'install.medium', { number, medium: stickMedium, present: false, wrong: false, why: sticks.unreadable }],
  ['install-pin', 'install.pin', pin, { progress: toToken('pin') }],
  ['install-password', 'install.password', { rules: ['length', 'lower', 'upper', 'digit', 'allowed'].map((key) => ({ key })) }, { progress: toStick('password') }],
  ['install-progress', 'install.progress', { medium, step: 'write', index: 1, count: 2, text: L('Сертификат токенге жазылып жатыр', 'Записываем сертификат на токен', 'The certificate is being written to the token') }, { progress: toToken('install'), canBack: false, canExit: false }],
  ['install-factory', 'install.factory', { token: kaztoken, min: 6, max: 32 }, { canBack: false }],
  ['install-done', 'install.done', { number, certificates, medium, files: [], takeOut: true, account: false, revoke: false }, { canBack: false }],
  ['install-done-stick', 'install.done', { number, certificates, medium: { ...stickMedium, keep: true }, files: ['AUTH_RSA256_3b1f0e9c8d7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c.p12', 'RSA256_9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c.p12'], takeOut: false, account: false, revoke: false }, { canBack: false }],
  ['keys-medium', 'keys.medium', { tokens: [] }],
  ['keys-medium-two', 'keys.medium', { tokens: [kaztoken, akey] }],
  ['keys-pin', 'keys.pin', pin],
  ['keys-list', 'keys.list', { token: kaztoken, centreAsked: true, items: certificates.flatMap((c, i) => [
    { title: c.title, keyId: c.keyId, notBefore: c.notBefore, notAfter: c.notAfter, state: 'valid', stateText: L('Қолданыстағы', 'Действующий', 'Valid'), onToken: true, atCentre: true, number },
    i ? { title: c.title, keyId: c.keyId + '0', notBefore: c.notBefore, notAfter: c.notAfter, state: 'revoked', stateText: L('Кері қайтарылған', 'Отозван', 'Revoked'), onToken: false, atCentre: true, number }
      : { title: c.title, keyId: c.keyId + '1', notBefore: '', notAfter: '', state: 'waiting', stateText: L('Растауды күтіп тұр', 'Ждёт подтверждения', 'Waits to be confirmed'), onToken: true, atCentre: false, number: '1001 000007 2' },
  ]) }],
  ['keys-list-empty', 'keys.list', { token: kaztoken, centreAsked: false, items: [] }, { online: false }],
  ['keys-unfinished', 'keys.unfinished', { token: kaztoken, keys: certificates.map((c) => ({ title: c.title, number, why: 'stopped' })), must: false }, { progress: line('pin') }],
  ['keys-unfinished-over', 'keys.unfinished', { token: kaztoken, keys: certificates.map((c) => ({ title: c.title, number, why: 'over' })), must: false }],
  ['keys-unfinished-elsewhere', 'keys.unfinished', { token: etoken, keys: [...certificates, ...certificates].map((c, i) => ({ title: c.title, number: i > 1 ? '1001 000007 2' : number, why: 'elsewhere' })), must: false }],
  ['keys-unfinished-must', 'keys.unfinished', { token: kaztoken, keys: certificates.map((c) => ({ title: c.title, number, why: 'elsewhere' })), must: true }, { progress: line('pin') }],
  ['files-medium', 'files.medium', { present: false, why: '' }],
  ['files-medium-unreadable', 'files.medium', { present: false, why: sticks.unreadable }],
  ['files-medium-writing', 'files.medium', { present: false, why: sticks.releasing }],
  ['files-medium-in', 'files.medium', { present: true, why: '' }, { notice: notices.absent }],
  ['files-list', 'files.list', { files: files.few, more: false }],
  ['files-list-many', 'files.list', { files: files.many, more: true }],
  ['files-list-none', 'files.list', { files: [], more: false }],
  ['files-password', 'files.password', { file: files.few[0] }],
  ['files-password-long', 'files.password', { file: files.few[3] }],
  ['files-password-wrong', 'files.password', { file: files.few[0] }, { notice: notices.password }],
  ['files-password-cyrillic', 'files.password', { file: files.few[1] }, { notice: notices.cyrillic }],
  ['files-detail', 'files.detail', { file: files.few[0], keys: [opened.valid], canChange: true }],
  ['files-detail-bad', 'files.detail', { file: files.few[3], keys: [opened.expired, opened.revoked, opened.unchecked], canChange: true }],
  ['files-detail-halves', 'files.detail', { file: files.few[2], keys: [opened.keyOnly, opened.certificateOnly], canChange: false }],
  ['files-change', 'files.change', { file: files.few[0], rules: ['length', 'lower', 'upper', 'digit', 'allowed'].map((key) => ({ key })) }],
  ['files-change-full', 'files.change', { file: files.few[0], rules: ['length', 'lower', 'upper', 'digit', 'allowed'].map((key) => ({ key })) }, { notice: notices.full }],
  ['files-progress', 'files.progress', { medium: stickMedium, text: L('Құпиясөз ауысып жатыр: жаңа файл жазылып, тексеріледі. USB-флешканы шығармаңыз.', 'Пароль меняется: новый файл записывается и проверяется. Пожалуйста, не вынимайте флешку.', 'The password is being changed: the new file is written and checked. Please leave the stick in.') }, { canBack: false, canExit: false }],
  ['files-changed', 'files.changed', { file: files.few[1], medium: stickMedium, takeOut: true }, { canBack: false }],
  ['sign-medium-empty', 'sign.medium', { purpose: 'sign-in', tokens: [], stick: { present: false, usable: false, why: '' }, kinds, canLost: true }, { progress: inCabinet('medium') }],
  ['sign-medium', 'sign.medium', { purpose: 'sign', tokens: [kaztoken, jacarta], stick: { present: true, usable: true, why: '' }, kinds, canLost: false }],
  ['sign-lost', 'sign.lost', {}],
  ['sign-file', 'sign.file', { purpose: 'sign-in', files: files.few, more: false }, { progress: inCabinet('medium') }],
  ['sign-file-none', 'sign.file', { purpose: 'sign-in', files: [], more: false }, { progress: inCabinet('medium') }],
  ['sign-secret-pin', 'sign.secret', { purpose: 'sign-in', medium, file: null, token: { ...pin, low: true }, factory }, { progress: inCabinet('secret') }],
  ['sign-secret-file', 'sign.secret', { purpose: 'sign-in', medium: stickMedium, file, token: null, factory: '' }, { progress: inCabinet('secret') }],
  ['sign-keys', 'sign.keys', { purpose: 'sign-in', what: signIn, medium, keys: keys.some, chosen: 0, factory: true }, { progress: inCabinet('key') }],
  ['sign-keys-none', 'sign.keys', { purpose: 'sign-in', what: signIn, medium, keys: keys.none, chosen: -1, factory: false }, { progress: inCabinet('key') }],
  ['cabinet-home', 'cabinet.home', { name: person, iin: '8704 •••• 0125', offline: false, factory: true, key: opened.valid.title, until: L('2027 ж. 22 қараша', '22 ноября 2027 г.', '22 November 2027'), items }, { canBack: false }],
  ['cabinet-home-offline', 'cabinet.home', { name: person, iin: '8704 •••• 0125', offline: true, factory: false, key: opened.valid.title, until: L('2027 ж. 22 қараша', '22 ноября 2027 г.', '22 November 2027'), items: itemsOffline }, { canBack: false, online: false, pending: 2 }],
  ['revoke-list', 'revoke.list', { keys: own.certificates.choose, chosen: [0], max: 8, whole: true }, { progress: toRevoke('list') }],
  ['revoke-list-medium', 'revoke.list', { keys: own.certificates.medium, chosen: [0], max: 8, whole: false }, { progress: toRevoke('list'), online: false }],
  ['revoke-list-none', 'revoke.list', { keys: own.certificates.none, chosen: [], max: 8, whole: true }, { progress: toRevoke('list') }],
  ['revoke-reason', 'revoke.reason', { reasons: own.reasons, chosen: '', count: 2 }, { progress: toRevoke('reason') }],
  ['revoke-confirm', 'revoke.confirm', own.confirm, { progress: toRevoke('summary') }],
  ['revoke-confirm-offline', 'revoke.confirm', { ...own.confirm, last: false, offline: true }, { progress: toRevoke('summary'), online: false }],
  ...['queued', 'sent', 'revoked', 'refused'].map((state) => ['revoke-done-' + state, 'revoke.done', { number, qr: qr(), medium, takeOut: true, receipt: state === 'refused' ? '' : 'print', ...own.done[state] }, { progress: toRevoke('done'), canBack: false, online: state !== 'queued' }]),
  ['certificates-list', 'certificates.list', { keys: own.certificates.all, sieves: own.sieves, sieve: '', total: 4, whole: true }],
  ['certificates-list-empty', 'certificates.list', { keys: [], sieves: own.sieves, sieve: 'not-yet', total: 4, whole: false }, { online: false }],
  ['certificates-report', 'certificates.report', { phase: 'choose', printer: true, stick: { present: true, usable: true, why: '' }, text: '', medium: stickMedium, takeOut: false }],
  ['certificates-report-none', 'certificates.report', { phase: 'choose', printer: false, stick: { present: false, usable: false, why: '' }, text: '', medium: stickMedium, takeOut: false }],
  ['certificates-report-print', 'certificates.report', { phase: 'print', printer: true, stick: { present: false, usable: false, why: '' }, text: L('Принтерде қағаз біткен. Қызметкерді шақырыңыз.', 'В принтере кончилась бумага. Позовите сотрудника.', 'The printer is out of paper. Please call staff.'), medium: stickMedium, takeOut: false }, { canBack: false }],
  ['certificates-report-save', 'certificates.report', { phase: 'save', printer: true, stick: { present: true, usable: true, why: '' }, text: '', medium: stickMedium, takeOut: false }, { canBack: false }],
  ['certificates-report-saved', 'certificates.report', { phase: 'saved', printer: true, stick: { present: true, usable: true, why: '' }, text: 'keys-2026-11-22.pdf', medium: stickMedium, takeOut: true }],
  ['profile-view', 'profile.view', own.profile],
  ['profile-view-bare', 'profile.view', { ...own.profile, email: '', notices: false, saved: false, open: true }],
  ['profile-email', 'profile.email', { email: own.profile.email }],
  ['applications-list', 'applications.list', { ...own.applications, total: 6, status: '', kind: '' }],
  ['applications-list-none', 'applications.list', { ...own.applications, items: [], total: 6, status: 'waiting', kind: 'reissue' }],
  ['applications-detail', 'applications.detail', own.application],
  ['applications-detail-keys', 'applications.detail', { ...own.application, status: 'installed', next: '', canInstall: false, certificates: own.certificates.choose.slice(0, 2) }],
  ...receipts({ number, qr: qr() }),
  ...signed({ number, qr: qr(), medium, stickMedium, facts, certificates, tokens: [kaztoken, etoken] }),
  ['staff-pin', 'staff.pin', { ...pin, token: { ...kaztoken, serial: '00F0E1D2C3B4' } }, { role: 'staff' }],
  ['staff-queue', 'staff.queue', { operator: L('Сейітқали Айгүл Маратқызы', 'Сейткали Айгуль Маратовна', 'Seitkali Aigul'), query: '', busy: false, link: { online: true, pending: 2, problem: '', lastContact: '14:32' }, items: application.queue }, { role: 'staff', canBack: false }],
  ['staff-queue-empty', 'staff.queue', { operator: L('Сейітқали Айгүл Маратқызы', 'Сейткали Айгуль Маратовна', 'Seitkali Aigul'), query: '1001', busy: false, link: { online: false, pending: 12, problem: L('Орталықтың сертификаты жарамсыз.', 'Сертификат центра недействителен.', 'The centre’s certificate is not valid.'), lastContact: '09:05' }, items: [] }, { role: 'staff', canBack: false, online: false }],
  ['staff-application', 'staff.application', { number, rows: application.rows, registerName: L('Нұрмұхамбетова Гүлжаухар Әбдімәжитқызы', 'Нурмухамбетова Гульжаухар Абдимажиткызы', 'Nurmukhambetova Gulzhaukhar'), nameDiffers: true, documents: application.documents, reasons, own: false, hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }, { role: 'staff' }],
  ['staff-application-own', 'staff.application', { number, rows: application.rows.slice(0, 4).map((r) => ({ ...r, differs: false })), registerName: '', nameDiffers: false, documents: application.documents, reasons, own: true, hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }, { role: 'staff' }],
  ['staff-decided', 'staff.decided', { number, verdict: 'confirm', title: L('Өтінім расталды', 'Заявка подтверждена', 'The application is confirmed'), text: L('Шешім орталыққа жіберілді. Азамат сертификаттарды орната алады.', 'Решение отправлено в центр. Гражданин может установить сертификаты.', 'The decision was sent to the centre. The citizen can install the certificates.') }, { role: 'staff', canBack: false }],
  ['staff-devices', 'staff.devices', { operator: 'Сейткали Айгуль Маратовна', devices }, { role: 'staff', canBack: false, devices }],
  ['staff-devices-none', 'staff.devices', { operator: 'Сейткали Айгуль Маратовна', devices: [] }, { role: 'staff', canBack: false }],
  ...staffScreens,
  ['setup', 'setup', { centre: 'https://centre.almaty.example:8443', reference: 'kiosk-0007', displays: application.displays, display: 'p21', languages: ['kk', 'ru', 'en'], busy: null }, { role: 'technician', canBack: false, canExit: false, session: null }],
  ['setup-busy', 'setup', { centre: 'https://centre.almaty.example:8443', reference: 'kiosk-0007', displays: application.displays, display: 'p21', languages: ['kk', 'ru', 'en'], busy: { text: L('Орталық жауабын күтудеміз…', 'Ждём ответа центра…', 'Waiting for the centre…') } }, { role: 'technician', canBack: false, canExit: false, session: null }],
  ['selftest-devices', 'selftest', { running: false, parts }, { role: 'technician', canBack: false, canExit: false, session: null, devices }],
  ['selftest', 'selftest', { running: false, parts }, { role: 'technician', canBack: false, canExit: false, session: null }],
  ['fault', 'fault', { code: 'E-1501', title: L('Терминал жұмыс істемейді', 'Терминал не работает', 'This terminal is out of service'), text: L('Терминалдың дерекқоры зақымдалған. Файл сақталды, ештеңе жоғалмады.', 'База данных терминала повреждена. Файл сохранён, ничего не потеряно.', 'The terminal’s database is damaged. The file is kept, nothing is lost.'), advice: L('Операторға немесе техникке хабарлаңыз.', 'Сообщите оператору или технику.', 'Tell an operator or a technician.') }, { role: 'none', session: null, canBack: false, canExit: false }],
  ['dialog-idle', 'apply.email', { email: 'aigul@example.kz' }, { progress: line('email'), session: { idleSeconds: 18 } }],
  ['dialog-exit', 'apply.name', { known: true, surname: 'Ахметова', given: 'Айгерим', patronymic: 'Сериковна' }, { progress: line('name'), dialog: { name: 'exit-confirm', data: {} } }],
  ['dialog-staff', 'apply.iin', { iin: '8704' }, { progress: line('iin'), dialog: { name: 'staff-ends-session', data: { token: kaztoken } } }],
  ['dialog-remove', 'menu', {}, { canBack: false, dialog: { name: 'remove-token', data: { token: jacarta } } }],
  ['notice-warn', 'status.number', { tokens: [kaztoken] }, { notice: slow, online: false, pending: 1 }],
  ['notice-typing', 'apply.email', { email: 'aigul@' }, { progress: line('email'), notice: { ...wrongIin, code: 'E-1110', title: L('Пошта мекенжайы толық емес', 'Адрес почты неполный', 'The address is not complete'), text: L('Мекенжайды тексеріңіз немесе бос қалдырыңыз.', 'Проверьте адрес или оставьте поле пустым.', 'Check the address or leave the field empty.') } }],
]

export const fixtures = screens.map(([id, name, data, rest = {}]) => {
  const whole = { ...base, ...rest, screen: { name, data } }
  const snapshots = Object.fromEntries(['kk', 'ru', 'en'].map((lang) => [lang, { ...localise(whole, lang), lang }]))
  return { id, snapshot: snapshots.ru, snapshots }
})
