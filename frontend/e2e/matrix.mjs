// The cabinet on every key storage, in the real window: function × storage, each language on some of them. A cell says
// "works" only after an outside program saw the effect in this very run, and names it; or it holds the sentence that a citizen
// was told on the screen. It writes bin/cabinet-matrix.md and fails on a blank cell.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bin, onBus, people } from './house.mjs'
import { clean, tokens } from './journeys.mjs'
import { enrolled, open } from './kiosk.mjs'
import { Walk } from './cabinet.mjs'

/** The columns: which storage, and in which language its owner walks. */
const columns = [
  { storage: 'stick', title: 'Personal computer', lang: 'kk' },
  { storage: 'idcard', title: 'ID card', lang: 'ru' },
  { storage: 'etoken', title: 'eToken PRO (Java, 72K)', lang: 'en' },
  { storage: 'jacarta', title: 'JaCarta', lang: 'kk' },
  { storage: 'kaztoken', title: 'Kaztoken', lang: 'ru' },
  { storage: 'akey', title: 'AKey', lang: 'en' },
]

/** The rows, in the order in which one citizen walks them: `does` is the method of Walk. */
const rows = [
  { n: 11, title: 'New application', does: 'apply' },
  { n: 4, title: 'Status and installation', does: 'install' },
  { n: 1, title: 'Sign in', does: 'signIn' },
  { n: 2, title: 'Profile', does: 'profile' },
  { n: 7, title: 'List of keys and report', does: 'keysList' },
  { n: 5, title: 'Reissue', does: 'reissue' },
  { n: 10, title: 'GOST 34.10-2015', does: 'gost' },
  { n: 9, title: 'Information system', does: 'system' },
  { n: 3, title: 'Applications; one from the web confirmed', does: 'applications' },
  { n: 8, title: 'Change of password', does: 'password' },
  { n: 6, title: 'Revocation', does: 'revoke' },
  { n: 12, title: "Staff's share", does: 'staff' },
]

/** owner is a citizen with that storage. Where one has a token of that kind on the virtual USB bus, it is that one he walks with. */
function owner(storage, all) {
  const kindOf = name => all.find(t => t.name === name)?.kind
  const citizen = people().find(p => p.role === 'citizen' && (storage === 'stick' ? !p.token : kindOf(p.token) === storage))
  if (!citizen) throw new Error('nobody has a ' + storage)
  const chip = all.find(t => t.bus && t.kind === storage && t.owner === `${citizen.surname} ${citizen.given}`)
  return chip ? { citizen: { ...citizen, token: chip.name, pin: chip.pin }, bus: true } : { citizen }
}

export default async function matrix(check) {
  const cells = new Map()
  const operators = people().filter(p => p.role === 'operator')
  const all = tokens(), ran = new Map()
  const only = process.env.TIRKEU_COLUMNS?.split(',') // for looking at some columns alone; the table then has blank cells
  for (const column of columns.filter(c => !only || only.includes(c.storage))) {
    const { citizen, bus } = owner(column.storage, all)
    const w = await open(enrolled('matrix'), bus ? { env: onBus() } : {})
    const walk = new Walk(w, { citizen, operator: operators[0], ...column })
    try {
      await w.on('attract')
      for (const row of rows) {
        await check(`${row.title} on ${column.title}`, async () => {
          try { cells.set(`${row.n} ${column.storage}`, await walk[row.does]()) } catch (e) {
            await w.picture(join(bin, 'e2e', `matrix-${column.storage}-${row.does}.png`)).catch(() => {})
            await clean(w) // what does not stand on this row is still tried
            throw e
          }
        })
      }
      await clean(w)
      ran.set(column.storage, walk.ran())
    } finally { await w.close().catch(() => {}) }
  }
  const cell = (row, column) => cells.get(`${row.n} ${column.storage}`) ?? ''
  const table = [
    '# The cabinet: function by storage', '',
    'Written by the end-to-end run in the real window. *works* stands only where the outside program named after it saw the effect in this run; otherwise a cell holds the sentence that the citizen was told.', '',
    `| | function | ${columns.map(c => c.title).join(' | ')} |`, `|---|---|${columns.map(() => '---').join('|')}|`,
    `| | *ran on* | ${columns.map(c => ran.get(c.storage) ?? '').join(' | ')} |`, `| | *language* | ${columns.map(c => c.lang).join(' | ')} |`,
    ...[...rows].sort((a, b) => a.n - b.n).map(r => `| ${r.n} | ${r.title} | ${columns.map(c => cell(r, c) || '**blank**').join(' | ')} |`), '',
  ]
  writeFileSync(join(bin, 'cabinet-matrix.md'), table.join('\n'))
  await check('no cell of the cabinet is blank', () => {
    const blank = rows.flatMap(r => columns.filter(c => !cell(r, c)).map(c => `${r.title} on ${c.title}`))
    if (blank.length) throw new Error(blank.join(', '))
  })
}
