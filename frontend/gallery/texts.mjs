// The longer texts of the fixtures. Fictional people and numbers.
const L = (kk, ru, en) => ({ kk, ru, en })
const choice = (code, kk, ru, en) => ({ code, name: L(kk, ru, en) })

export const regions = [
  choice('10', 'Абай облысы', 'область Абай', 'Abai region'),
  choice('11', 'Ақмола облысы', 'Акмолинская область', 'Akmola region'),
  choice('15', 'Ақтөбе облысы', 'Актюбинская область', 'Aktobe region'),
  choice('19', 'Алматы облысы', 'Алматинская область', 'Almaty region'),
  choice('23', 'Атырау облысы', 'Атырауская область', 'Atyrau region'),
  choice('27', 'Батыс Қазақстан облысы', 'Западно-Казахстанская область', 'West Kazakhstan region'),
  choice('31', 'Жамбыл облысы', 'Жамбылская область', 'Zhambyl region'),
  choice('33', 'Жетісу облысы', 'область Жетісу', 'Jetisu region'),
  choice('35', 'Қарағанды облысы', 'Карагандинская область', 'Karaganda region'),
  choice('39', 'Қостанай облысы', 'Костанайская область', 'Kostanay region'),
  choice('43', 'Қызылорда облысы', 'Кызылординская область', 'Kyzylorda region'),
  choice('47', 'Маңғыстау облысы', 'Мангистауская область', 'Mangystau region'),
  choice('55', 'Павлодар облысы', 'Павлодарская область', 'Pavlodar region'),
  choice('59', 'Солтүстік Қазақстан облысы', 'Северо-Казахстанская область', 'North Kazakhstan region'),
  choice('61', 'Түркістан облысы', 'Туркестанская область', 'Turkistan region'),
  choice('62', 'Ұлытау облысы', 'область Ұлытау', 'Ulytau region'),
  choice('63', 'Шығыс Қазақстан облысы', 'Восточно-Казахстанская область', 'East Kazakhstan region'),
  choice('71', 'Астана қаласы', 'город Астана', 'Astana city'),
  choice('75', 'Алматы қаласы', 'город Алматы', 'Almaty city'),
  choice('79', 'Шымкент қаласы', 'город Шымкент', 'Shymkent city'),
]

export const localities = [
  choice('1', 'Қонаев қаласы', 'город Қонаев', 'Qonaev city'),
  choice('2', 'Еңбекшіқазақ ауданы, Есік қаласы', 'Енбекшиказахский район, город Есик', 'Enbekshikazakh district, Esik'),
  choice('3', 'Талғар ауданы, Талғар қаласы', 'Талгарский район, город Талгар', 'Talgar district, Talgar'),
  choice('4', 'Қарасай ауданы, Қаскелең қаласы', 'Карасайский район, город Каскелен', 'Karasai district, Kaskelen'),
  choice('5', 'Басқа елді мекен', 'Другой населённый пункт', 'Another locality'),
]

const long = {
  kk: 'Осы келісім электрондық цифрлық қолтаңба кілттерін алу, сақтау және пайдалану тәртібін белгілейді. Пайдаланушы тіркеу куәлігіндегі деректердің дұрыстығына жауап береді, жабық кілтті құпия сақтайды және оны басқа адамдарға бермейді.',
  ru: 'Настоящее соглашение определяет порядок получения, хранения и использования ключей электронной цифровой подписи. Пользователь отвечает за достоверность сведений в регистрационном свидетельстве, хранит закрытый ключ в тайне и не передаёт его другим лицам.',
  en: 'This agreement sets out how keys of the electronic digital signature are obtained, kept and used. The user answers for the truth of the data in the registration certificate, keeps the private key secret and does not hand it to others.',
}
const nine = (lang) => Array.from({ length: 9 }, (_, i) => `${i + 1}. ${long[lang]}`).join('\n')
export const agreement = L(nine('kk'), nine('ru'), nine('en'))

const row = (k, v, differs = false) => ({ label: k, value: v, differs })
export const facts = [
  row(L('ЖСН', 'ИИН', 'IIN'), '870412••••25'),
  row(L('Аты-жөні', 'Имя', 'Name'), L('Нұрмұхамбетова Гүлжаухар Әбдімәжитқызы', 'Нурмухамбетова Гульжаухар Абдимажиткызы', 'Nurmukhambetova Gulzhaukhar Abdimazhitkyzy')),
  row(L('Электрондық пошта', 'Электронная почта', 'E-mail'), 'gulzhaukhar.nurmukhambetova@example.kz'),
  row(L('Елді мекен', 'Населённый пункт', 'Locality'), L('Алматы облысы, Қонаев қаласы', 'Алматинская область, город Қонаев', 'Almaty region, Qonaev city')),
  row(L('Кілттер сақтау орны', 'Хранилище ключей', 'Key storage'), 'Kaztoken, 00A1B2C3D4E5'),
  row(L('Кілттер', 'Ключи', 'Keys'), L('Түпнұсқаландыру, қол қою (RSA-2048)', 'Аутентификация, подпись (RSA-2048)', 'Authentication, signature (RSA-2048)')),
]

export const certificates = [
  { template: 'rsa-auth', title: L('Түпнұсқаландыру кілті', 'Ключ аутентификации', 'Authentication key'), serial: '2f3a9c41d07be5861c94aa03f1d2b7e86d5c4b3a', notBefore: '22.11.2026', notAfter: '22.11.2029', keyId: '3b1f0e9c8d7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c' },
  { template: 'rsa-sign', title: L('Қол қою кілті', 'Ключ подписи', 'Signature key'), serial: '6b1d8e02f94c73a5b0d6e8f1a2c3b4d5e6f70819', notBefore: '22.11.2026', notAfter: '22.11.2029', keyId: '9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c' },
]

const part = (name, state, title, text, advice = '') => ({ name, state, title, text, advice })
export const parts = [
  part('window', 'well', L('Экран', 'Экран', 'Screen'), '1080 × 1920, 21,5″'),
  part('database', 'well', L('Дерекқор', 'База данных', 'Database'), L('Тексерілді, бүтін', 'Проверена, цела', 'Checked, whole')),
  part('centre', 'attention', L('Орталық', 'Центр', 'Centre'), L('Жауап жоқ', 'Нет ответа', 'No answer'), L('Желі кабелін және мекенжайды тексеріңіз.', 'Проверьте кабель сети и адрес центра.', 'Check the network cable and the address.')),
  part('clock', 'well', L('Сағат', 'Часы', 'Clock'), L('Айырма 0,2 секунд', 'Разница 0,2 секунды', 'Off by 0.2 seconds')),
  part('tokens', 'running', L('Токен модульдері', 'Модули токенов', 'Token modules'), 'Kaztoken, eToken, JaCarta, AKey'),
  part('usb', 'well', 'USB', L('4 құрылғы', '4 устройства', '4 devices')),
  part('printer', 'absent', L('Принтер', 'Принтер', 'Printer'), L('Қосылмаған', 'Не подключён', 'Not connected'), L('Түбіртек басылмайды, қалғаны жұмыс істейді.', 'Талон не печатается, остальное работает.', 'No receipts are printed; all else works.')),
  part('stick', 'absent', L('USB-флешка', 'USB-флешка', 'USB stick'), L('Салынбаған', 'Не вставлена', 'Not inserted')),
]

export const reasons = [
  { code: 'document-expired', text: L('Құжаттың жарамдылық мерзімі аяқталған', 'Срок действия документа истёк', 'The document has expired') },
  { code: 'not-the-person', text: L('Құжат басқа адамдікі', 'Документ принадлежит другому человеку', 'The document belongs to another person') },
  { code: 'wrong-data', text: L('Өтінімдегі деректер қате', 'В заявке неверные данные', 'The data are wrong') },
  { code: 'refused', text: L('Өтінім беруші бас тартты', 'Заявитель отказался', 'The applicant withdrew') },
]

const item = (number, numberText, name, iin, createdAt, status, statusText, lockedBy = '', nameDiffers = false) => ({ number, numberText, name, iin, createdAt, status, statusText, lockedBy, nameDiffers })
const waiting = L('Растауды күтуде', 'Ждёт подтверждения', 'Waiting')
export const application = {
  queue: [
    item('10010000015', '1001 000001 5', L('Нұрмұхамбетова Гүлжаухар Әбдімәжитқызы', 'Нурмухамбетова Гульжаухар Абдимажиткызы', 'Nurmukhambetova Gulzhaukhar'), '870412••••25', '22.11.2026 09:41', 'waiting', waiting, '', true),
    item('10010000023', '1001 000002 3', L('Ахметов Ерлан Серікұлы', 'Ахметов Ерлан Серикович', 'Akhmetov Yerlan'), '910203••••11', '22.11.2026 10:07', 'waiting', waiting, L('Оспанов Д.', 'Оспанов Д.', 'Ospanov D.')),
    item('10010000031', '1001 000003 1', L('Ким Виктория Андреевна', 'Ким Виктория Андреевна', 'Kim Viktoria'), '030915••••40', '22.11.2026 10:15', 'confirmed', L('Расталған', 'Подтверждена', 'Confirmed')),
    item('10010000049', '1001 000004 9', L('Смағұлова Айсұлу', 'Смагулова Айсулу', 'Smagulova Aisulu'), '660130••••08', '22.11.2026 10:31', 'rejected', L('Қабылданбаған', 'Отклонена', 'Rejected')),
    item('10010000057', '1001 000005 7', L('Жұмабаев Нұрсұлтан', 'Жумабаев Нурсултан', 'Zhumabayev Nursultan'), '000704••••77', '22.11.2026 10:58', 'waiting', waiting),
    item('10010000065', '1001 000006 5', L('Петров Сергей Иванович', 'Петров Сергей Иванович', 'Petrov Sergei'), '780921••••32', '22.11.2026 11:20', 'waiting', waiting),
  ],
  rows: [
    facts[0],
    row(L('Өтінімдегі аты-жөні', 'Имя в заявке', 'Name as typed'), L('Нурмухамбетова Гүлжаухар', 'Нурмухамбетова Гулжаухар', 'Nurmuhambetova Gulzhauhar'), true),
    ...facts.slice(2),
    row(L('Келісім', 'Соглашение', 'Agreement'), '2026-03'),
    row(L('Берілген уақыты', 'Подана', 'Submitted'), '22.11.2026 09:41'),
  ],
  documents: [choice('id-card', 'Жеке куәлік', 'Удостоверение личности', 'ID card'), choice('passport', 'Төлқұжат', 'Паспорт', 'Passport'), choice('residence-permit', 'Тұруға ықтиярхат', 'Вид на жительство', 'Residence permit')],
  displays: [
    { id: 'p21', name: L('Тік, 21,5″, 1080 × 1920', 'Вертикальный, 21,5″, 1080 × 1920', 'Portrait, 21.5″, 1080 × 1920'), widthPx: 1080, heightPx: 1920, diagonalIn: 21.5 },
    { id: 'l21', name: L('Көлденең, 21,5″, 1920 × 1080', 'Горизонтальный, 21,5″, 1920 × 1080', 'Landscape, 21.5″, 1920 × 1080'), widthPx: 1920, heightPx: 1080, diagonalIn: 21.5 },
    { id: 'l10', name: L('Көлденең, 10,1″, 1280 × 800', 'Горизонтальный, 10,1″, 1280 × 800', 'Landscape, 10.1″, 1280 × 800'), widthPx: 1280, heightPx: 800, diagonalIn: 10.1 },
  ],
}
