// The personal cabinet for the fixtures: keys that serve and keys that do not. Fictional people and numbers.
import { files, opened } from './files.mjs'

const L = (kk, ru, en) => ({ kk, ru, en })

export const kinds = [
  { kind: 'kaztoken', name: 'Kaztoken', serial: '' }, { kind: 'etoken', name: 'eToken PRO (Java, 72K)', serial: '' }, { kind: 'jacarta', name: 'JaCarta', serial: '' },
  { kind: 'akey', name: 'AKey', serial: '' }, { kind: 'idcard', name: L('Жеке куәлік', 'Удостоверение личности', 'ID card'), serial: '' }, { kind: 'stick', name: L('USB-флешка', 'USB-флешка', 'USB stick'), serial: '' },
]
const noSignIn = [L('Бұл кіру кілті емес', 'Это не ключ для входа', 'This key is not for signing in'), L('Аутентификация кілтін (AUTH_RSA) немесе ГОСТ кілтін таңдаңыз.', 'Выберите ключ аутентификации (AUTH_RSA) или ключ ГОСТ.', 'Choose the authentication key (AUTH_RSA) or a GOST key.')]
const late = [L('Кілттің мерзімі аяқталған', 'Срок действия ключа истёк', 'The key has expired'), L('Басқа кілтті таңдаңыз немесе жаңа кілт алыңыз.', 'Выберите другой ключ или получите новый.', 'Choose another key or get a new one.')]
const gone = [L('Кілт кері қайтарылған', 'Ключ отозван', 'The key is revoked'), L('Басқа кілтті таңдаңыз. Мұны өзіңіз сұрамасаңыз, операторға айтыңыз.', 'Выберите другой ключ. Если вы об отзыве не просили, скажите оператору.', 'Choose another key. If you did not ask for this, tell an operator.')]
const bare = [L('Кілттің сертификаты жоқ', 'У ключа нет сертификата', 'The key has no certificate'), L('Өтінім берген болсаңыз, «Өтінім мәртебесі» арқылы сертификатты орнатыңыз.', 'Если вы подавали заявку, установите сертификат через «Статус заявки».', 'If you applied for it, install the certificate under “Application status”.')]
const serves = (card) => ({ card, usable: true, why: '', advice: '' })
const not = (card, [why, advice]) => ({ card, usable: false, why, advice })

export const keys = {
  some: [serves(opened.valid), not(opened.expired, late), not(opened.revoked, gone), not(opened.keyOnly, bare)],
  none: [not({ ...opened.valid, title: L('Құжаттарға қол қоятын кілт', 'Ключ для подписи документов', 'Key for signing documents') }, noSignIn), not(opened.keyOnly, bare)],
}
const item = (does) => ({ does, usable: true, why: '' })
const line = L('Бұл үшін орталықпен байланыс керек', 'Для этого нужна связь с центром', 'This needs the line to the centre')
export const items = ['reissue', 'revoke', 'applications', 'certificates', 'status', 'password', 'system', 'gost', 'profile'].map(item)
export const itemsOffline = items.map((i) => (['revoke', 'certificates', 'status', 'password'].includes(i.does) ? i : { ...i, usable: false, why: line }))
export const person = L('НҰРМҰХАМБЕТОВА ГҮЛЖАУХАР ӘБДІМӘЖИТҚЫЗЫ', 'НУРМУХАМБЕТОВА ГУЛЬЖАУХАР АБДИМАЖИТКЫЗЫ', 'NURMUKHAMBETOVA GULZHAUKHAR ABDIMAZHITKYZY')
export const signIn = L('Жеке кабинетке кіру', 'Вход в личный кабинет', 'Signing in to the personal account')
export const factory = L('Kaztoken әдепкі PIN-коды: 12345678. Оны өзгертпеген болсаңыз ғана теріңіз.', 'PIN-код по умолчанию для Kaztoken: 12345678. Вводите его, только если не меняли.', 'Default PIN of Kaztoken: 12345678. Enter it only if you never changed it.')
export const file = files.few[1]
