// The receipt of an application on paper, through a real print server and a virtual receipt printer: once, with nothing of who applied and nothing left
// behind; told while there is no paper, and when the printer goes away; never printed after the citizen was told that it was not.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, dock, people, sh } from './house.mjs'
import { arrived, clean, flat, presentable, says, story, toKeyStorage, toSummary, word } from './journeys.mjs'
import { enrolled, open, until } from './kiosk.mjs'
import { forms } from './needles.mjs'
import { PrintServer } from './printing.mjs'
import { letters } from './receipt.mjs'

const PRINT = '[data-testid="action-receipt.print"]', EMAIL = '[data-testid="action-receipt.email"]'
const phase = name => `[data-testid="receipt"][data-phase="${name}"]`
const day = new Intl.DateTimeFormat('ru', { day: 'numeric', month: 'long' })

export default async function paper(check) {
  const citizen = people().find(p => p.role === 'citizen'), server = await PrintServer.open()
  let w
  try {
    const state = enrolled('paper')
    w = await open(state, { env: { CUPS_SERVER: server.socket } })
    await walk(check, w, server, citizen, JSON.parse(readFileSync(join(state, 'device.json'), 'utf8')).centre_names.ru)
  } finally {
    dock('stick', 'out')
    await w?.close().catch(() => {})
    await server.close()
  }
}

async function walk(check, w, server, citizen, centre) {
  const step = story(check, w), seen = name => w.settled(join(bin, 'e2e', 'paper', name + '.png'))
  let number, date, out = 0
  /** nothingKept waits until the print server has neither job nor document: one that is cancelled stands in its list until its way to the printer has ended. */
  const nothingKept = async () => {
    let kept
    await until('the print server to forget', () => !(kept = server.kept()).length, 30000).catch(() => { throw new Error('the print server still has ' + kept.join(', ')) })
  }
  /** came waits for one more sheet than there was, and fails on two; the printer has nothing more to do then. */
  const came = async () => {
    await until('the sheet', () => server.printed().length > out)
    await rested()
    if (server.printed().length !== ++out) throw new Error(`${server.printed().length} sheets instead of ${out}`)
    return server.printed().at(-1)
  }
  /** rested waits until the printer has no job in hand. */
  const rested = () => until('the printer to have nothing to do', () => server.jobs().every(j => !['pending', 'pending-held', 'processing', 'processing-stopped'].includes(j.state)))
  const nothingCame = async () => { await rested(); if (server.printed().length !== out) throw new Error('a sheet came out that the citizen was told would not') }
  const same = async () => { if (await w.number() !== number) throw new Error('the number left the screen') }

  await step('where there is a printer the receipt is offered on paper', async () => {
    await clean(w)
    await toKeyStorage(w, 'ru', citizen)
    await toSummary(w)
    date = `${day.format(new Date())} ${new Date().getFullYear()}`
    await w.act('apply.submit'); await w.on('apply.done')
    number = await w.number()
    await w.untilPart(PRINT)
    dock('stick', 'out'); await arrived(number)
  })
  await step('it is printed once, however often it was pressed, and the print server keeps nothing of it', async () => {
    await w.twice('action-receipt.print'); await w.on('receipt.take')
    await w.untilPart(phase('printed')); await says(w, 'ru', 'receipt.printed'); await same()
    await came(); await nothingKept(); await seen('printed')
    if (server.jobs().length !== 1) throw new Error('the printer got ' + JSON.stringify(server.jobs()))
  })
  await step('number, date, centre and what is next stand on it, and not who applied', async () => {
    const file = server.printed()[0], said = flat(sh('pdftotext', ['-raw', file, '-'])), whole = Buffer.concat([Buffer.from(said), readFileSync(file), Buffer.from(server.log('error') + server.log('ippeveprinter'))])
    const digits = said.replace(/\D/g, '')
    if (!digits.includes(number)) throw new Error('the number is not on it: ' + said)
    for (const wanted of [date, centre, word('ru', 'receipt.title.staff'), word('ru', 'receipt.next'), word('ru', 'receipt.step.desk'), word('ru', 'receipt.step.install')])
      if (!wanted || !said.includes(wanted)) throw new Error(`"${wanted}" is not on it: ${said}`)
    if (sh('zbarimg', ['-q', '--raw', picture(file, server.dir)]).trim() !== number) throw new Error('the code on it is not the number')
    for (const personal of [citizen.iin, citizen.surname, citizen.given, citizen.email].filter(p => p)) {
      for (const text of [personal, personal.toLowerCase()]) for (const [form, bytes] of forms(text)) if (whole.includes(bytes)) throw new Error(`${personal} stands on it or in the print server's log, as ${form}`)
      if (said.toLowerCase().includes(personal.toLowerCase()) || digits.includes(personal)) throw new Error(`it says ${personal}: ${said}`)
    }
  })
  await step('without paper the screen says so in the language that is chosen, and one sheet comes when there is paper', async () => {
    await w.act('back'); await w.on('apply.done'); await w.touch('lang-kk')
    server.paper(false); await w.act('receipt.print'); await w.on('receipt.take')
    await says(w, 'kk', 'printer.out-of-paper')
    server.paper(true)
    await w.untilPart(phase('printed')); await presentable(w, 'kk'); await same()
    const said = flat(sh('pdftotext', ['-raw', await came(), '-']))
    if (!said.includes(word('kk', 'receipt.step.desk'))) throw new Error('it is in another language: ' + said)
    await nothingKept()
  })
  await step('a printer that stays without paper is given up: the e-mail is offered, and paper brings out nothing by itself', async () => {
    await w.act('back'); await w.on('apply.done'); await w.touch('lang-ru')
    server.paper(false); await w.act('receipt.print'); await w.on('receipt.take')
    await w.untilPart(phase('failed')); await says(w, 'ru', 'receipt.why.out-of-paper', 'page.receipt.take.kept', 'page.receipt.take.email'); await same()
    await w.untilPart(EMAIL); await seen('out-of-paper')
    await nothingKept()
    server.paper(true); await nothingCame()
  })
  await step('pressed again it is printed once', async () => {
    await w.act('receipt.print'); await w.untilPart(phase('printed'))
    await came(); await nothingKept()
  })
  await step('the e-mail goes instead, and the job is gone: nothing is printed beside it', async () => {
    await w.act('back'); await w.on('apply.done')
    server.paper(false); await w.act('receipt.print'); await w.on('receipt.take'); await w.untilPart(phase('failed'))
    await w.act('receipt.email'); await w.on('receipt.email'); await w.type('email', 'somebody@example.kz'); await w.act('receipt.send')
    await w.on('receipt.take'); await w.untilPart(phase('mailed'))
    await until('the letter', () => letters(number).length)
    server.paper(true); await nothingCame(); await nothingKept()
    if (letters(number).length !== 1) throw new Error(`${letters(number).length} letters`)
  })
  await step('a printer that goes away while it prints is told within a minute; nobody says that it was not printed, the number stays and the e-mail is offered', async () => {
    await w.act('back'); await w.on('apply.done'); await w.untilPart(PRINT)
    const { documents } = server.asked()
    server.hold(true); await w.act('receipt.print'); await w.on('receipt.take')
    // Between two questions, which come two seconds after one another then: a printer that goes in the middle of one is, for CUPS 2.4, done.
    await until('the document at the printer', () => { const now = server.asked(); return now.documents > documents && now.times >= 3 })
    await server.vanishes()
    await says(w, 'ru', 'receipt.printing'); await same()
    await w.untilPart(phase('doubtful'), 120000) // CUPS 2.4 tells nothing of it, so the terminal's own minute ends it
    await says(w, 'ru', 'receipt.doubtful', 'page.receipt.take.kept'); await same(); await seen('gone')
    await w.untilPart(EMAIL); await nothingKept()
  })
  await step('when it is back it prints nothing by itself, and one sheet when asked', async () => {
    server.hold(false); await server.comes(); await nothingCame()
    await w.act('receipt.print'); await w.untilPart(phase('printed'))
    await came(); await nothingKept()
  })
  await step('a citizen who leaves while it waits for paper leaves nothing that is printed for the next one', async () => {
    await w.act('back'); await w.on('apply.done')
    server.paper(false); await w.act('receipt.print'); await w.on('receipt.take')
    await until('the document at the printer', () => server.jobs().some(j => j.state === 'processing'))
    await w.act('exit'); if (await w.on(['attract', 'receipt.take']) !== 'attract') { await w.touch('action-exit.confirm'); await w.on('attract') }
    await nothingKept()
    server.paper(true); await nothingCame()
  })
}

/** picture of the first page of a PDF, made in that folder. */
function picture(file, folder) {
  sh('pdftoppm', ['-png', '-r', '200', '-singlefile', file, join(folder, 'page')])
  return join(folder, 'page.png')
}
