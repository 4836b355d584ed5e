// A citizen's way through the cabinet on one key storage. Each method walks one function in the window, has an outside program
// look at what came of it, and gives the cell of the matrix: "works (…)" or the sentence that stood on the screen.
import { dock } from './house.mjs'
import { arrived, clean, enterIIN, flat, openApplication, presentable, supervise, toStorage } from './journeys.mjs'
import * as proof from './proof.mjs'
import { sh, db } from './house.mjs'

const INSTALL = '[data-testid="action-status.install"]'
const works = by => `*works* (${by})`

export class Walk {
  constructor(w, { citizen, operator, storage, lang }) {
    Object.assign(this, { w, citizen, operator, storage, lang })
    this.onStick = storage === 'stick'
    this.secret = this.onStick ? 'Tumar2026' : citizen.pin
  }

  put() { this.onStick ? dock('stick', 'in') : dock('plug', this.citizen.token) }
  take() { this.onStick ? dock('stick', 'out') : dock('pull', this.citizen.token) }

  /** type enters the PIN or password of the storage and presses the button. */
  async enter(action, secret = this.secret) {
    const w = this.w
    if (await w.shows('[data-testid="field-password"]')) await w.type('password', secret)
    else if (/^\d+$/.test(secret)) await w.pad(secret)
    else { await w.touch('pin-letters'); await w.type('pin', secret) }
    await w.act(action)
  }

  async toMenu() { const w = this.w; await w.on('attract', { notices: true }); await w.start(this.lang); await w.on('menu') }
  async leave() { const w = this.w; await w.act('finish'); await w.on('attract', { notices: true }) }

  /** apply files the first application of a person without keys. */
  async apply() {
    const w = this.w
    await this.toMenu()
    await w.act('apply'); await enterIIN(w, this.citizen.iin); await toStorage(w, this.citizen)
    this.put()
    if (this.onStick) {
      await w.act('apply.storage', '[data-kind="stick"]'); await w.on('apply.stick-warning'); await w.act('apply.stick-accept')
      await w.on('apply.set'); await w.act('apply.set', '[data-code="rsa"]')
    } else {
      await w.act('apply.storage', '[data-insertion]')
      if (await w.on(['apply.agreement', 'apply.card-warning']) === 'apply.card-warning') await w.act('apply.card-accept')
    }
    await w.on('apply.agreement'); await presentable(w, this.lang); await w.act('apply.agree')
    if (!this.onStick) { await w.on('apply.pin'); await this.enter('apply.pin') }
    await w.on('apply.summary', { limit: 60000 })
    await w.touch('field-consent'); await w.act('apply.submit'); await w.on('apply.done')
    this.number = await w.number()
    this.take()
    await this.leave()
    await arrived(this.number)
    // An outside look at what lies on the storage: two private keys of the application, or the sealed file.
    if (this.onStick) return works('two keys wait sealed; the file is seen by ls: ' + sh('ls', [proof.stick]).split('\n').filter(f => f.includes(this.number)).length)
    const keys = proof.plugged(this.citizen.token, () => new proof.Token(this.storage, this.secret).login('-O').toString().match(/Private Key Object/g)?.length ?? 0)
    if (keys !== 2) throw new Error(`pkcs11-tool sees ${keys} private keys`)
    return works('pkcs11-tool sees two private keys')
  }

  /** install has staff confirm and the citizen load the certificates. */
  async install() {
    const w = this.w
    await supervise(w, this.operator); await openApplication(w, this.number)
    await w.touch('step-confirm'); await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '012345678'); await w.act('staff.confirm'); await w.on('staff.decided')
    dock('pull', this.operator.token); await w.on('attract', { notices: true })
    await this.toMenu()
    await w.act('status'); await w.on('status.number'); await w.pad(this.number); await w.act('status.find'); await w.on('status.word')
    await w.statusUntil(this.number, INSTALL)
    await presentable(w, this.lang)
    await w.act('status.install')
    await this.load()
    return this.installed(2)
  }

  /** load goes from the wish to install to the end of the installation, the storage put in; it stays in. */
  async load() {
    const w = this.w, wanted = this.onStick ? 'install.password' : 'install.pin'
    this.put()
    await w.until('screen ' + wanted, async () => {
      const s = await w.screen()
      if (s === 'install.medium' && await w.shows('[data-testid="action-install.go"]:not([disabled])')) await w.act('install.go')
      return s === wanted
    })
    if (this.onStick) { await w.type('password', this.secret); await w.type('again', this.secret); await w.act('install.password') }
    else await this.enter('install.pin')
    if (await w.on(['install.done', 'install.factory'], { limit: 60000 }) === 'install.factory') { await w.act('install.keep-pin'); await w.on('install.done') }
    await presentable(w, this.lang)
    this.take()
    await this.leave()
  }

  /** installed has outside programs read the newest certificates on the storage and ask OCSP of each. */
  installed(count) {
    return proof.within(dir => {
      const look = pems => {
        if (pems.length !== count) throw new Error(`${pems.length} certificates are on the storage, not ${count}`)
        for (const pem of pems) {
          proof.names(pem, this.citizen.iin)
          const said = proof.standing(dir, pem)
          if (said !== 'good') throw new Error('OCSP says ' + said)
        }
      }
      if (this.onStick) {
        dock('stick', 'in')
        try { look(proof.keyFiles().map(f => proof.opened(dir, f, this.secret))) } finally { dock('stick', 'out') }
        return works('openssl pkcs12, openssl ocsp')
      }
      return proof.plugged(this.citizen.token, () => {
        const token = new proof.Token(this.storage, this.secret), certs = token.certificates(dir)
        look([...certs.values()])
        for (const [id, pem] of certs) token.signs(dir, id, pem)
        return works('pkcs11-tool, openssl dgst, openssl ocsp')
      })
    })
  }

  /** cabinet signs in; the storage stays in. */
  async cabinet() {
    const w = this.w
    await this.toMenu()
    await w.act('cabinet'); await w.on('sign.medium')
    this.put()
    await this.choose('cabinet.home')
  }

  /** choose goes from the question where the key lies to the screen after the signature. */
  async choose(then, prefix = 'AUTH_RSA256') {
    const w = this.w
    if (this.onStick) {
      await w.act('sign.medium', '[data-kind="stick"]'); await w.on('sign.file')
      await w.touch(`[data-testid="action-sign.file"][data-name^="${then === 'cabinet.home' ? prefix : 'RSA256'}"]`)
    } else await w.act('sign.medium', '[data-insertion]')
    await w.on('sign.secret'); await presentable(w, this.lang)
    await this.enter('sign.secret')
    await w.on('sign.keys', { limit: 30000 }); await presentable(w, this.lang)
    await w.act('sign.go')
    await w.on(then, { limit: 30000 })
  }

  async signOut() {
    const w = this.w
    await w.act('cabinet.leave'); await w.on('attract', { notices: true })
    this.take()
  }

  async signIn() {
    const w = this.w
    await this.cabinet()
    if (!flat(await w.text()).includes(this.citizen.surname)) throw new Error('the cabinet does not name its owner')
    await presentable(w, this.lang)
    await this.signOut()
    // The centre's own log of who entered, read by sqlite3, names a certificate that openssl reads off the storage.
    const entered = sh('sqlite3', [db.replace('sqlite:', ''), "SELECT actor FROM audit WHERE event = 'citizen-entered' ORDER BY seq DESC LIMIT 1"]).trim().replace('citizen:', '').toLowerCase()
    const serials = this.serials()
    if (!serials.includes(entered)) throw new Error(`entered ${entered}, on the storage ${serials}`)
    return works('sqlite3 reads the entry of this certificate in the centre’s audit log')
  }

  /** serials are those of the certificates on the storage, as openssl reads them. */
  serials() {
    return proof.within(dir => {
      const of = pem => proof.serialOf(pem).toLowerCase()
      if (!this.onStick) return proof.plugged(this.citizen.token, () => [...new proof.Token(this.storage, this.secret).certificates(dir).values()].map(of))
      dock('stick', 'in')
      try { return proof.keyFiles().map(f => of(proof.opened(dir, f, this.secret))) } finally { dock('stick', 'out') }
    })
  }

  async end() { await clean(this.w) }
}
