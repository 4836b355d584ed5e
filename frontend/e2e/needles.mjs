// Looking for a person's data where nothing of it may be left: in the memory of a process, in files, in text. Each needle is
// looked for in every form in which programs keep text.
import { closeSync, fstatSync, openSync, readFileSync, readSync, readdirSync, readlinkSync, lstatSync } from 'node:fs'
import { join } from 'node:path'

const utf16be = text => Buffer.from(text, 'utf16le').swap16()
const escaped = (text, which) => [...text.matchAll(/[\s\S]/g)].map(([c]) => which(c) ? '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0') : c).join('')

/** within64 is what the bytes look like inside longer base64 text when they begin at that offset of a group of three. */
function within64(bytes, offset) {
  const text = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(3)]).toString('base64')
  return text.slice(Math.ceil(offset * 8 / 6), Math.floor((offset + bytes.length) * 8 / 6))
}

/** forms gives the name and the bytes of every form of a text. */
export function forms(text) {
  const utf8 = Buffer.from(text), wide = Buffer.from(text, 'utf16le'), hex = utf8.toString('hex'), percent = [...utf8].map(b => '%' + b.toString(16).padStart(2, '0')).join('')
  const escapes = { 'JSON escapes': escaped(text, c => c > '~'), 'JSON escapes of all': escaped(text, () => true) }
  const ascii = {
    ...escapes, ...Object.fromEntries(Object.entries(escapes).map(([name, e]) => [name + ', capital', e.replace(/\\u..../g, u => '\\u' + u.slice(2).toUpperCase())])),
    hex, 'hex, capital': hex.toUpperCase(),
    percent, 'percent, capital': percent.toUpperCase(), 'percent, as in addresses': encodeURIComponent(text),
  }
  for (const offset of [0, 1, 2]) {
    ascii['base64 ' + offset] = within64(utf8, offset)
    ascii[`base64url ${offset}`] = within64(utf8, offset).replaceAll('+', '-').replaceAll('/', '_')
    ascii[`base64 of UTF-16 ${offset}`] = within64(wide, offset)
  }
  const all = new Map([['UTF-8', utf8], ['UTF-16LE', wide], ['UTF-16BE', utf16be(text)]])
  for (const [name, form] of Object.entries(ascii)) { // a page's engine keeps text in one byte or in two a letter
    all.set(name, Buffer.from(form))
    all.set(name + ', wide', Buffer.from(form, 'utf16le'))
  }
  const seen = new Set()
  for (const [name, bytes] of all) {
    const key = bytes.toString('latin1')
    if (bytes.length < SHORTEST || seen.has(key)) all.delete(name)
    seen.add(key)
  }
  return all
}

/** SHORTEST is the least length of a form in bytes. */
const SHORTEST = 7
const hash = word => Math.imul(word, 0x9e3779b1) >>> 14 // 18 bits

/**
 * Search looks for needles ({name: text}) in all their forms at once. It reads memory word by word: a form of seven bytes or more
 * holds, wherever it begins, one whole word of four bytes, and these are looked up. Shorter ones would be found by chance anyway.
 */
export class Search {
  constructor(needles) {
    this.first = new Uint8Array(1 << 18)
    this.words = new Map() // word → [{ name, bytes, shift }]
    this.longest = 0
    for (const [needle, text] of Object.entries(needles)) {
      if (Buffer.byteLength(text) < SHORTEST) throw new Error(`the needle ${needle} is too short`)
      for (const [form, bytes] of forms(text)) {
        this.longest = Math.max(this.longest, bytes.length)
        for (let shift = 0; shift < 4; shift++) {
          const word = bytes.readInt32LE(shift)
          this.first[hash(word)] = 1
          if (!this.words.has(word)) this.words.set(word, [])
          this.words.get(word).push({ name: `${needle} as ${form}`, bytes, shift })
        }
      }
    }
  }

  /** look adds to the set what stands in the bytes. */
  look(bytes, found = new Set()) {
    if (bytes.byteOffset % 4) { const copy = Buffer.allocUnsafeSlow(bytes.length); bytes.copy(copy); bytes = copy } // one that begins at a whole word
    const { first, words } = this, view = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2), end = view.length
    for (let i = 0; i < end; i++) {
      if (!first[hash(view[i])]) continue
      for (const form of words.get(view[i]) ?? []) {
        const at = i * 4 - form.shift
        if (at >= 0 && at + form.bytes.length <= bytes.length && bytes.compare(form.bytes, 0, form.bytes.length, at, at + form.bytes.length) === 0) found.add(form.name)
      }
    }
    return found
  }

  text(text) { const copy = Buffer.allocUnsafeSlow(Buffer.byteLength(text)); copy.write(text); return this.look(copy) }

  /** stream looks through what read(buffer, at) gives, in pieces that overlap; from and to are byte offsets. */
  stream(read, from, to, found) {
    const piece = Buffer.allocUnsafeSlow(Math.min(to - from, 8 << 20) + this.longest)
    for (let at = from, kept = 0; at < to;) {
      const got = read(piece.subarray(kept, Math.min(piece.length, kept + to - at)), at)
      if (got <= 0) return
      this.look(piece.subarray(0, kept + got), found)
      const tail = Math.min(this.longest - 1, kept + got)
      piece.copyWithin(0, kept + got - tail, kept + got)
      kept = tail; at += got
    }
  }

  file(path, found = new Set()) {
    const f = openSync(path, 'r')
    try { this.stream((buffer, at) => readSync(f, buffer, 0, buffer.length, at), 0, fstatSync(f).size, found) } finally { closeSync(f) }
    return found
  }

  /** folder looks through every file below it that was changed since (milliseconds); names of files count as well. */
  folder(dir, { since = 0, but = () => false } = {}) {
    const found = new Set(), looked = []
    const walk = path => {
      let info
      try { info = lstatSync(path) } catch { return } // gone meanwhile
      if (but(path)) return
      if (info.isDirectory()) { for (const name of readdirSync(path)) walk(join(path, name)) } else if (info.isFile() && Math.max(info.mtimeMs, info.ctimeMs) >= since) {
        looked.push(path)
        let here
        try { here = this.file(path) } catch (e) { if (e.code === 'ENOENT') return; throw e }
        for (const name of this.text(path)) here.add(name)
        for (const name of here) found.add(`${name} in ${path}`)
      }
    }
    walk(dir)
    return { found, looked }
  }

  /** process looks through all memory of a process that can be read; null when it has ended. */
  process(pid) {
    const found = new Set()
    let maps, mem, pages, looked = 0
    try {
      maps = readFileSync(`/proc/${pid}/maps`, 'utf8').trim().split('\n')
      mem = openSync(`/proc/${pid}/mem`, 'r'); pages = openSync(`/proc/${pid}/pagemap`, 'r')
    } catch (e) { if (['ENOENT', 'ESRCH'].includes(e.code)) return null; throw e }
    const read = (buffer, at) => { try { return readSync(mem, buffer, 0, buffer.length, at) } catch { return 0 } } // a page of a file that ends before it
    try {
      for (const line of maps) {
        const [, from, to, rights, name] = line.match(/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)$/)
        if (rights[0] !== 'r' || /^\[v(var|syscall|dso)/.test(name)) continue
        const begin = parseInt(from, 16), end = parseInt(to, 16)
        for (const [a, b] of rights[3] === 's' && end - begin < 1 << 28 ? [[begin, end]] : present(pages, begin, end)) { looked += b - a; this.stream(read, a, b, found) }
      }
    } finally { closeSync(mem); closeSync(pages) }
    return { found, looked }
  }
}

/** present gives the stretches of an address range that a process has touched: engines reserve far more than they use. */
function* present(pages, begin, end) {
  const PAGE = 4096, LOT = 1 << 16, entries = Buffer.allocUnsafe(LOT * 8)
  let open = -1
  for (let at = begin; at < end; at += LOT * PAGE) {
    const count = Math.min(LOT, (end - at) / PAGE)
    const got = readSync(pages, entries, 0, count * 8, at / PAGE * 8)
    for (let i = 0; i < count; i++) {
      const there = i * 8 < got && (entries[i * 8 + 7] & 0xc0) !== 0 // present, or swapped out
      if (there && open < 0) open = at + i * PAGE
      if (!there && open >= 0) { yield [open, at + i * PAGE]; open = -1 }
    }
  }
  if (open >= 0) yield [open, end]
}

/** family gives the processes below one, as [{pid, name}]. */
export function family(root) {
  const all = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8'), after = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (after[0] === 'Z') continue
      all.set(Number(entry), { pid: Number(entry), parent: Number(after[1]), began: after[19], name: readlinkSync(`/proc/${entry}/exe`).split('/').pop() })
    } catch { /* ended meanwhile */ }
  }
  const below = pid => [...all.values()].filter(p => p.parent === pid).flatMap(p => [p, ...below(p.pid)])
  return below(root)
}
