// What the screens of applications that a citizen signs show: fictional people, systems and numbers.
const L = (kk, ru, en) => ({ kk, ru, en })

export const systems = [
  { oid: '1.2.398.3.9.1.20260417.1', name: L('«Ауылшаруашылық жануарларын бірдейлендіру және есепке алу» ақпараттық жүйесі', 'Информационная система «Идентификация и учёт сельскохозяйственных животных»', 'Information system “Identification and registration of farm animals”') },
  { oid: '1.2.398.3.9.1.7', name: L('Электрондық кезек', 'Электронная очередь', 'Electronic queue') },
]
const way = ['name', 'email', 'region', 'storage', 'agreement', 'pin', 'keys', 'summary', 'code', 'sign', 'done']
const file = ['info', 'region', 'storage', 'agreement', 'keys', 'summary', 'sign', 'done']
const own = ['system', 'region', 'storage', 'agreement', 'keys', 'summary', 'sign', 'done']
const line = (now, all = way) => ({ steps: all.map((key, i) => ({ key, state: i < all.indexOf(now) ? 'done' : key === now ? 'now' : 'todo' })) })

const wrongCode = { code: 'E-1715', severity: 'error', title: L('Код қате', 'Код неверный', 'The code is wrong'), text: L('Қалған мүмкіндіктер саны: 1.', 'Осталось попыток: 1.', 'Attempts left: 1.'), hint: L('Соңғы келген кодты теріңіз. Оны ешкімге айтпаңыз.', 'Введите код, который пришёл последним. Никому его не сообщайте.', 'Enter the code that came last. Tell it to nobody.') }
const locked = { code: 'E-1717', severity: 'error', title: L('Кодтар уақытша бұғатталды', 'Коды временно заблокированы', 'Codes are locked for a while'), text: L('Қате код тым көп енгізілді. Жаңасын 15 минуттан кейін сұрауға болады.', 'Неверный код вводили слишком много раз. Новый можно запросить через 15 мин.', 'Too many wrong codes were entered. A new one can be asked for in 15 min.'), hint: L('Кейінірек келіңіз немесе операторға жүгініңіз.', 'Приходите позже или обратитесь к оператору.', 'Come back later or ask an operator.') }
const why = L('Қол қойған кілт кері қайтарылған, сондықтан өтінім қабылданбады.', 'Ключ, которым подписана заявка, отозван, поэтому она не принята.', 'The key that signed the application is revoked, so it was not taken.')
const hint = L('Жарамды кілтпен қайта беріңіз. Мұны өзіңіз сұрамасаңыз, операторға айтыңыз.', 'Подайте заявку действующим ключом. Если вы об отзыве не просили, скажите оператору.', 'Apply again with a valid key. If you did not ask for the revocation, tell an operator.')
const noGOST = L('Бұл токен ГОСТ кілтін жасай алмайды', 'Этот токен не создаёт ключи ГОСТ', 'This token cannot make GOST keys')

/** screens of signed applications, from what the other fixtures are made of. */
export function signed({ number, qr, medium, stickMedium, facts, certificates, tokens }) {
  const soon = (s) => Date.now() + s * 1000
  const entry = { method: 'sms', sentTo: '…4567', expiresAt: soon(170), resendAt: soon(28), resends: 2, left: -1, locked: false }
  const done = { number, qr, online: true, medium, takeOut: true, days: 30, kind: 'reissue', state: 'sent', why: '', hint: '', revoke: false, receipt: 'print' }
  const card = { insertion: 9, kind: 'idcard', name: L('Жеке куәлік', 'Удостоверение личности', 'ID card'), serial: 'KZ0123456789', usable: true, why: '' }
  const consentText = L('Осында көрсетілгеннің бәрі дұрыс екенін растаймын. Өтінімге өз кілтіммен қол қоямын және деректерімнің өңделуіне келісемін.', 'Подтверждаю, что всё указанное верно. Подпишу заявку своим ключом и согласен на обработку моих данных.', 'I confirm that everything shown here is correct. I will sign the application with my key and agree to the processing of my data.')
  return [
    ['apply-card-warning', 'apply.card-warning', { card, pairs: 2 }, { progress: line('storage') }],
    ['apply-storage-gost', 'apply.storage', { tokens: tokens.map((t) => ({ ...t, usable: false, why: noGOST })), stick: { present: true, usable: true, why: '' }, allowed: ['kaztoken', 'etoken', 'jacarta', 'akey', 'stick'], kind: 'gost' }, { progress: line('storage', file) }],
    ['apply-summary-signed', 'apply.summary', { rows: [{ label: L('Өтінім', 'Заявка', 'Application'), value: L('ЭЦҚ кілттерін қайта шығару', 'Перевыпуск ключей ЭЦП', 'Reissue of keys'), differs: false }, ...facts], consentText, kind: 'reissue', signed: true }, { progress: line('summary'), canBack: false }],
    ['system-list', 'system.list', { systems, chosen: '1.2.398.3.9.1.7' }, { progress: line('system', own) }],
    ['system-list-none', 'system.list', { systems: [], chosen: '' }, { progress: line('system', own) }],
    ['gost-info', 'gost.info', { title: L('МЕМСТ 34.10-2015 кілтін алу', 'Выпуск ключей ЭЦП на ГОСТ 34.10-2015', 'Keys by GOST 34.10-2015'), text: L('Бір кілт порталдарға кіруге де, құжаттарға қол қоюға да қызмет етеді.', 'Один ключ служит и для входа на порталы, и для подписи документов.', 'One key serves both for signing in to portals and for signing documents.') }, { progress: line('info', file) }],
    ['code-method', 'code.method', { methods: ['sms', 'digital-document'] }, { progress: line('code') }],
    ['code-entry', 'code.entry', entry, { progress: line('code') }],
    ['code-entry-document', 'code.entry', { ...entry, method: 'digital-document', sentTo: '', resends: 0, left: 2, expiresAt: soon(-1), resendAt: soon(-1) }, { progress: line('code') }],
    ['code-entry-wrong', 'code.entry', { ...entry, left: 1, resendAt: soon(-5) }, { progress: line('code'), notice: wrongCode }],
    ['code-entry-locked', 'code.entry', { ...entry, left: 0, locked: true }, { progress: line('code'), notice: locked }],
    ['apply-done-sent', 'apply.done', done, { progress: line('done') }],
    ['apply-done-issued', 'apply.done', { ...done, state: 'issued', revoke: true }, { progress: line('done') }],
    ['apply-done-queued', 'apply.done', { ...done, state: 'queued', online: false, kind: 'gost', medium: stickMedium }, { progress: line('done', file), online: false, pending: 1 }],
    ['apply-done-rejected', 'apply.done', { ...done, state: 'rejected', why, hint, receipt: '', kind: 'gost', medium: stickMedium }, { progress: line('done', file) }],
    ['install-done-account', 'install.done', { number, certificates, medium, files: [], takeOut: true, account: true, revoke: true }, { canBack: false }],
  ]
}
