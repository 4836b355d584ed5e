// The receipt of an application at a terminal without a printer: sent by e-mail, also with the line down, and laid where the centre's mail system takes it from.
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dock, house, people, sh } from './house.mjs'
import { clean, flat, story, toKeyStorage, toSummary, word } from './journeys.mjs'
import { enrolled, open } from './kiosk.mjs'

const spool = join(house, 'centre', 'centre-keys', 'mail', 'new')
/** letters about an application that wait for the mail system. */
export const letters = number => (existsSync(spool) ? readdirSync(spool) : []).filter(n => n.startsWith(number + '.')).map(n => readFileSync(join(spool, n), 'latin1'))

/** paper is what stands on the PDF in a letter, read by a program of others. */
function paper(letter) {
  const file = join(mkdtempSync(join(tmpdir(), 'receipt-')), 'receipt.pdf')
  writeFileSync(file, Buffer.from(letter.split(/Content-Transfer-Encoding: base64\r\n(?:.+\r\n)*\r\n/)[1].split('\r\n--')[0], 'base64'))
  return flat(sh('pdftotext', ['-raw', file, '-']))
}

export default async function receipt(check) {
  const citizen = people().find(p => p.role === 'citizen')
  // No print server answers there: this terminal has no printer, whatever the machine has.
  const w = await open(enrolled('receipt'), { env: { CUPS_SERVER: join(house, 'no-cups') } })
  const step = story(check, w)
  let number
  try {
    await step('without a printer the receipt is offered by e-mail, beside the number', async () => {
      await clean(w)
      await toKeyStorage(w, 'ru', citizen)
      await toSummary(w)
      dock('line', 'cut')
      await w.act('apply.submit'); await w.on('apply.done')
      number = await w.number()
      await w.untilPart('[data-testid="action-receipt.email"]')
    })
    await step('it is kept for the centre while the line is down, and the number stays', async () => {
      await w.act('receipt.email'); await w.on('receipt.email')
      await w.type('email', 'somebody@example.kz')
      await w.act('receipt.send'); await w.on('receipt.take')
      await w.untilPart('[data-testid="receipt"][data-phase="mailed"]')
      if (await w.number() !== number) throw new Error('the number left the screen')
      if (!flat(await w.text()).includes(word('ru', 'page.receipt.take.mailed'))) throw new Error('it does not say so')
      if (letters(number).length) throw new Error('a letter went without a line')
      dock('stick', 'out')
      await w.act('finish'); await w.on('attract')
    })
    await step('it goes by itself when the line is back, to that address, and says not who applied', async () => {
      dock('line', 'restore')
      const [letter] = await w.until('the letter', async () => { const found = letters(number); return found.length && found }, 90000)
      if (!letter.includes('To: <somebody@example.kz>\r\n')) throw new Error('it goes elsewhere: ' + letter.slice(0, 400))
      const said = paper(letter)
      if (!said.replace(/\D/g, '').includes(number)) throw new Error('the number is not on it: ' + said)
      for (const personal of [citizen.iin, citizen.surname, citizen.given]) if (said.toLowerCase().includes(personal.toLowerCase())) throw new Error('it says ' + personal)
    })
  } finally { dock('line', 'restore'); dock('stick', 'out'); await w.close().catch(() => {}) }
}
