// The people of leaks.mjs: invented anew in each run and put into the centre's register, so that their names stand nowhere else.
import { randomInt } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { centre, house, people } from './house.mjs'
import { token } from './journeys.mjs'
import { plugged, Token } from './proof.mjs'

const LETTERS = 'АӘБГҒДЖЗКҚЛМНҢОӨПРСТҰҮ'
const word = (length, end) => Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('') + end
const digits = length => Array.from({ length }, () => randomInt(10)).join('')

/** iin invents a number with a right check digit; its century digit is that of people born in the nineteenth century. */
function iin() {
  for (;;) {
    const first = '700101' + 2 + digits(4), sum = start => [...first].reduce((n, d, i) => n + d * ((start + i - 1) % 11 + 1), 0) % 11
    const check = [1, 3].map(sum).find(k => k < 10)
    if (check !== undefined) return first + check
  }
}

const invent = () => ({
  iin: iin(), surname: word(9, 'ЕВА'), given: word(8, 'ГҮЛ'), patronymic: word(8, 'ҚЫЗЫ'), email: `t${digits(8)}@t.kz`,
  password: 'Q' + digits(9) + 'z!', document: digits(9), newPin: '9' + digits(7), ownPin: '8' + digits(7),
})

/** cast invents who walks: one with a token whose PIN is his own, two with a stick, one whose token has its maker's PIN. */
export function cast() {
  const all = people(), owner = name => all.find(p => p.token === name)
  const holder = { ...invent(), ...keys(owner('moldir-jacarta')) }, sticky = invent(), distant = invent(), fresh = { ...invent(), ...keys(owner('aigerim-kaztoken')) }
  const file = join(house, 'leaks-register.json')
  writeFileSync(file, JSON.stringify([holder, sticky, distant, fresh].map(({ iin, surname, given, patronymic }) => ({ iin, surname, given, patronymic }))))
  centre('person', 'import', file)
  rmSync(file)
  for (const p of [holder, fresh]) emptied(p)
  const adminPIN = '7' + digits(7)
  delivered(holder, adminPIN) // the one all virtual tokens have stands in OpenSC's library too, which token processes load
  return { holder: { ...holder, adminPIN }, sticky, distant, fresh, operator: owner('gani-kaztoken') }
}

/** outside gives a person's token, which is in meanwhile, as pkcs11-tool sees it; PINs go by the environment. */
const outside = ({ token: name, pin = '' }, act, env = {}) => plugged(name, () => {
  const { so_pin } = token(name), t = new Token(name, pin)
  Object.assign(t.env, { TOKEN_SO_PIN: so_pin, ...env })
  return act(t)
})
const asAdmin = ['--login', '--login-type', 'so', '--so-pin', 'env:TOKEN_SO_PIN']

/** emptied makes a token as it was made: the owner's PIN of then, no keys. Other parts of the suite have used it. */
const emptied = person => outside(person, t => {
  t.in(...asAdmin, '--init-pin', '--new-pin', 'env:TOKEN_PIN')
  const list = t.login('-O').toString()
  for (const [what, type] of [['Private Key Object', 'privkey'], ['Public Key Object', 'pubkey'], ['Certificate Object', 'cert']]) {
    for (const [, id] of list.matchAll(new RegExp(what + '[\\s\\S]*?ID:\\s+([0-9a-f]+)', 'g'))) t.login('--delete-object', '--type', type, '--id', id)
  }
})
/** delivered gives a token another administrator's PIN. */
const delivered = (person, fresh) => outside(person, t => t.in(...asAdmin, '--change-pin', '--new-pin', 'env:FRESH'), { FRESH: fresh })
/** returned gives a token the administrator's PIN back that it had. */
export const returned = ({ token: name, adminPIN }) => outside({ token: name }, t => t.in(...asAdmin, '--change-pin', '--new-pin', 'env:FORMER'), { TOKEN_SO_PIN: adminPIN, FORMER: token(name).so_pin })
const keys = p => ({ token: p.token, pin: p.pin })

/**
 * personal gives what must not be found: in the page, in a token process ("token") or in files ("disk").
 *
 * In a token process those are left out whose certificates lie on a token: SoftHSM, which stands behind the virtual tokens,
 * keeps the public objects of all its tokens in memory, plugged in or not. What was typed may not be there in any case. On disk
 * the operator's name is left out, for he is not of this run; in folders shared with other programs ("shared") so are the PINs
 * that all virtual tokens of that name have.
 */
export function personal({ holder, sticky, distant, fresh, operator, installed }, where) {
  const out = {}
  for (const [who, p] of Object.entries({ holder, sticky, distant, fresh })) {
    const { iin } = p
    Object.assign(out, { [`${who}'s password`]: p.password, [`${who}'s document`]: p.document, [`${who}'s new PIN`]: p.newPin, [`${who}'s other PIN`]: p.ownPin })
    // Six digits alone would be found by chance: they are looked for as they stand in JSON and in the log.
    if (p.code) Object.assign(out, { [`${who}'s one-time code in quotes`]: `"${p.code}"`, [`${who}'s one-time code in the log`]: `=${p.code}` })
    if (where === 'token' && installed[who]) continue
    Object.assign(out, { [`${who}'s IIN`]: iin, [`${who}'s IIN in groups`]: `${iin.slice(0, 6)} ${iin.slice(6, 9)} ${iin.slice(9)}`, [`${who}'s surname`]: p.surname,
      [`${who}'s given name`]: p.given, [`${who}'s patronymic`]: p.patronymic, [`${who}'s e-mail`]: p.email })
    if (p.before) out[`${who}'s former password`] = p.before
  }
  if (where === 'shared') return out
  for (const [n, pin] of [holder.pin, ...holder.formerPINs ?? []].entries()) out[`holder's PIN${n ? ' of before' : ''}${n > 1 ? ' ' + n : ''}`] = pin // the maker's PIN of the other token stands in the device table
  out["the administrator's PIN"] = holder.adminPIN
  out["operator's PIN"] = operator.pin
  if (where === 'page') Object.assign(out, { "operator's surname": operator.surname, "operator's IIN": operator.iin })
  return out
}
