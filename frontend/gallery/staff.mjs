// The screens of supervisor mode beside the queue, of the change of a PIN and of an installation taken up, with long words. Fictional people and numbers.
const L = (kk, ru, en) => ({ kk, ru, en })
const day = L('2026 ж. 22 қараша', '22 ноября 2026 г.', '22 November 2026')
const later = L('2029 ж. 22 қараша', '22 ноября 2029 г.', '22 November 2029')
const name = L('Нұрмұхамбетова Гүлжаухар Әбдімәжитқызы', 'Нурмухамбетова Гульжаухар Абдимажиткызы', 'Nurmukhambetova Gulzhaukhar Abdimazhitkyzy')
const operator = L('Сейітқали Айгүл Маратқызы', 'Сейткали Айгуль Маратовна', 'Seitkali Aigul')
const iin = '870412 300 125'

const certificates = [
  { title: L('Порталдарға кіру кілті', 'Ключ для входа на порталы', 'Key for signing in to portals'), serial: '4f1c6a09b3d27e58a1c0f94d6b8237e5d41a0001', state: 'good', stateText: L('Қолданыста', 'Действует', 'Valid'), notBefore: day, notAfter: later, number: '1001 000001 5' },
  { title: L('Құжаттарға қол қоятын кілт', 'Ключ для подписи документов', 'Key for signing documents'), serial: '4f1c6a09b3d27e58a1c0f94d6b8237e5d41a0002', state: 'good', stateText: L('Қолданыста', 'Действует', 'Valid'), notBefore: day, notAfter: later, number: '1001 000001 5' },
  { title: L('ГОСТ кілті: кіруге және қол қоюға', 'Ключ ГОСТ: для входа и подписи', 'GOST key: for signing in and signing'), serial: '4f1c6a09b3d27e58a1c0f94d6b8237e5d41a0003', state: 'revoked', stateText: L('Кері қайтарылған', 'Отозван', 'Revoked'), notBefore: day, notAfter: later, number: '1001 000007 2' },
]
const applications = [
  { number: '1001 000001 5', kind: L('Жаңа кілттер', 'Новые ключи', 'New keys'), status: L('Сертификаттар орнатылды', 'Сертификаты установлены', 'Certificates installed'), at: day },
  { number: '1001 000007 2', kind: L('Ақпараттық жүйе', 'Информационная система', 'Information system'), status: L('Растауды күтіп тұр', 'Ждёт подтверждения', 'Waits to be confirmed'), at: day },
]
const people = [name, L('Нұрмағамбетов Әбілқайыр Ғұсманұлы', 'Нурмагамбетов Абилкаир Гусманович', 'Nurmagambetov Abilkair'), L('Нұрпейіс Ғазиз Қуанышұлы', 'Нурпеис Газиз Куанышулы', 'Nurpeis Gaziz')].map((n, i) => ({ name: n, iin: `870${i} •••• 0125` }))
const reasons = [
  { code: 'medium-lost', name: L('Кілттер сақталған тасымалдағыш жоғалды немесе ұрланды', 'Носитель с ключами утерян или украден', 'The medium with the keys is lost or stolen') },
  { code: 'compromise', name: L('Кілтке бөгде адам қол жеткізді немесе жеткізуі мүмкін', 'Ключ стал или мог стать доступен другому лицу', 'Somebody else has, or may have, had access to the key') },
  { code: 'owner-died', name: L('Иесі қайтыс болды', 'Владелец умер', 'The owner has died') },
  { code: 'other', name: L('Басқа себеп', 'Другая причина', 'Another reason') },
]
const rows = Array.from({ length: 12 }, (_, n) => ({
  number: `1001 0000${String(n + 10)} 5`, kind: L('Ақпараттық жүйе', 'Информационная система', 'Information system'), storage: L('USB-флешка', 'USB-флешка', 'USB stick'),
  status: L('Сертификаттар орнатылды', 'Сертификаты установлены', 'Certificates installed'), filedAt: day, operator,
}))
const totals = [['Берілген өтінімдер', 'Подано заявок', 'Applications filed', '57'], ['Шешілген өтінімдер', 'Решено заявок', 'Applications decided', '55'], ['Шығарылған сертификаттар', 'Выпущено сертификатов', 'Certificates issued', '104'],
  ['Орнатылған өтінімдер', 'Установлено заявок', 'Applications installed', '50'], ['Кері қайтарылған сертификаттар', 'Отозвано сертификатов', 'Certificates revoked', '3']].map(([kk, ru, en, value]) => ({ label: L(kk, ru, en), value, differs: false }))

const locked = { insertion: 7, kind: 'kaztoken', name: 'Kaztoken', serial: '00A1B2C3D4E5', usable: true, why: L('PIN-коды бұғатталған', 'PIN-код заблокирован', 'Its PIN is blocked') }
const dead = { insertion: 8, kind: 'etoken', name: 'eToken PRO (Java, 72K)', serial: '0292FC61', usable: false, why: L('Әкімші PIN-коды біржола бұғатталған', 'PIN-код администратора заблокирован навсегда', 'The administrator’s PIN is blocked for good') }
const token = { ...locked, why: '' }
const pin = { token, min: 6, max: 32, low: false, final: false }
const stick = { present: true, usable: true, why: '' }
const none = { present: false, usable: false, why: '' }
const factory = L('Kaztoken әдепкі PIN-коды: 12345678. Оны өзгертпеген болсаңыз ғана теріңіз.', 'PIN-код по умолчанию для Kaztoken: 12345678. Вводите его, только если не меняли.', 'Default PIN of Kaztoken: 12345678. Enter it only if you never changed it.')
const medium = { kind: 'kaztoken', name: 'Kaztoken', serial: '00A1B2C3D4E5' }
const staff = { role: 'staff', canBack: false }
const steps = (now) => ({ steps: ['medium', 'pin', 'done'].map((key, i, all) => ({ key, state: i < all.indexOf(now) ? 'done' : key === now ? 'now' : 'todo' })) })
const unsettled = { code: 'E-1771', severity: 'error', title: L('Қай PIN-код қалғаны белгісіз', 'Неизвестно, какой PIN-код действует', 'Nobody knows which PIN holds'),
  text: L('PIN-код ауысып жатқанда токенмен байланыс үзілді. Ол ауысқан да, ауыспаған да болуы мүмкін.', 'Связь с токеном прервалась, пока PIN-код менялся. Он мог смениться, а мог и нет.', 'The token was cut off while its PIN was being changed. It may have changed or not.'),
  hint: L('Токенді қайта салып, алдымен жаңа PIN-кодты теріңіз. Ол қате болса, ескісі қалған.', 'Вставьте токен снова и введите сначала новый PIN-код. Если он неверен, действует прежний.', 'Put the token in again and try the new PIN first. If it is wrong, the old one holds.') }

export const staffScreens = [
  ['password-medium', 'password.medium', { tokens: [], stick: none }, { progress: steps('medium') }],
  ['password-medium-two', 'password.medium', { tokens: [token], stick }, { progress: steps('medium'), notice: unsettled }],
  ['password-pin', 'password.pin', { token: pin, factory }, { progress: steps('pin') }],
  ['password-pin-final', 'password.pin', { token: { ...pin, low: true, final: true }, factory }, { progress: steps('pin') }],
  ['password-done', 'password.done', { medium, takeOut: true, cabinet: true }, { progress: steps('done'), canBack: false }],
  ['install-take', 'install.take', { number: '1001 000001 5', tokens: [], stick: none }],
  ['install-take-both', 'install.take', { number: '1001 000001 5', tokens: [token], stick }],
  ['staff-people', 'staff.people', { operator, query: '', asked: false, items: [] }, staff],
  ['staff-people-found', 'staff.people', { operator, query: 'Нур', asked: true, items: people }, staff],
  ['staff-people-none', 'staff.people', { operator, query: 'Ъъъ', asked: true, items: [] }, staff],
  ['staff-person', 'staff.person', { name, own: false, canRevoke: true, rows: [{ label: L('ЖСН', 'ИИН', 'IIN'), value: iin, differs: false }, { label: L('Аты-жөні', 'ФИО', 'Name'), value: name, differs: true }], certificates, applications }, { role: 'staff' }],
  ['staff-person-own', 'staff.person', { name, own: true, canRevoke: false, rows: [{ label: L('ЖСН', 'ИИН', 'IIN'), value: iin, differs: false }], certificates: [], applications: [] }, { role: 'staff' }],
  ['staff-revoke', 'staff.revoke', { name, iin, certificates: certificates.slice(0, 2), reasons, documents: [{ code: 'id-card', name: L('Жеке куәлік', 'Удостоверение личности', 'Identity card') }], most: 8 }, { role: 'staff' }],
  ['staff-revoked', 'staff.revoked', { name, items: certificates.slice(0, 2).map((c, i) => ({ title: c.title, serial: c.serial, seen: i === 0, text: i === 0 ? L('Кері қайтарылды, мұны енді бәрі көреді (OCSP)', 'Отозван, это уже видят все (OCSP)', 'Revoked, and everybody can see it now (OCSP)') : L('Орталық қабылдады; тексеру қызметінде жақын арада көрінеді', 'Центр принял; в службе проверки появится в ближайшее время', 'The centre has taken it; the checking service will show it shortly') })) }, staff],
  ['staff-unblock', 'staff.unblock', { operator, tokens: [] }, staff],
  ['staff-unblock-two', 'staff.unblock', { operator, tokens: [locked, dead] }, staff],
  ['staff-unblock-admin', 'staff.unblock-admin', { ...pin, min: 1, max: 0, low: true }, { role: 'staff' }],
  ['staff-unblock-turn', 'staff.unblock-turn', { token }, { role: 'staff' }],
  ['staff-unblock-pin', 'staff.unblock-pin', { token, min: 6, max: 0 }, { role: 'staff' }],
  ['staff-unblocked', 'staff.unblocked', { medium, takeOut: true }, staff],
  ['staff-report', 'staff.report', { operator, day, today: false, totals, operators: [{ name: operator, confirmed: 31, rejected: 2 }, { name, confirmed: 20, rejected: 2 }], rows, stick: true, printer: true, saved: '' }, staff],
  ['staff-report-saved', 'staff.report', { operator, day, today: true, totals, operators: [], rows: [], stick: true, printer: false, saved: L('Флешкаға жазылды: report-2026-11-22.pdf', 'Записано на флешку: report-2026-11-22.pdf', 'Saved on the stick: report-2026-11-22.pdf') }, staff],
]
