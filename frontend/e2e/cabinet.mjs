// A citizen's way through the cabinet on one key storage. Each method walks one function in the window, has an outside program
// look at what came of it, and gives the cell of the matrix: "works (…)" or the sentence that stood on the screen.
import { centre, db, dock, sh } from './house.mjs'
import { arrived, clean, enterIIN, flat, fromRegion, openApplication, presentable, supervise, toStorage } from './journeys.mjs'
import { until } from './kiosk.mjs'
import * as proof from './proof.mjs'

const INSTALL = '[data-testid="action-status.install"]'
const works = by => `*works* (${by})`

export class Walk {
  constructor(w, { citizen, operator, storage, lang }) {
    Object.assign(this, { w, citizen, operator, storage, lang })
    this.onStick = storage === 'stick'
    this.secret = this.onStick ? 'Tumar2026' : citizen.pin
  }

  put() { this.onStick ? dock('stick', 'in') : dock('plug', this.citizen.token) }
  /** insert puts the storage in once the kiosk shows that it is out: outside programs may have had it in a moment ago. */
  async insert() {
    await this.w.untilGone('[data-insertion], [data-testid="action-install.go"]:not([disabled])')
    this.put()
  }
  take() { this.onStick ? dock('stick', 'out') : dock('pull', this.citizen.token) }
  /** outside is the plugged token as another program sees it. */
  outside(pin = this.secret) { return new proof.Token(this.citizen.token, pin) }

  /** ran says what the storage ran on in this run, by what the outside programs reach it through. */
  ran() {
    if (!this.onStick) return proof.plugged(this.citizen.token, () => this.outside().servedBy())
    dock('stick', 'in')
    try { return proof.isMounted() ? 'a mounted file system' : 'a folder' } finally { dock('stick', 'out') }
  }

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
    await this.insert()
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
    // An outside look at what lies on the storage: the sealed file, or the two private keys of the application.
    const sealed = this.onStick ? sh('ls', [proof.stick]).split('\n').filter(f => f === this.number + '.sealed').length : 0
    this.take()
    await this.leave()
    await arrived(this.number)
    if (this.onStick) {
      if (sealed !== 1) throw new Error('the sealed keys are not on the stick')
      return works('ls sees the sealed keys')
    }
    const keys = proof.plugged(this.citizen.token, () => this.outside().login('-O').toString().match(/Private Key Object/g)?.length ?? 0)
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

  /** load installs, the storage put in for it, and ends the session. */
  async load() {
    await this.insert()
    await this.landed()
    this.take()
    await this.leave()
  }

  /** landed goes from the wish to install to the end of the installation, the storage being in. */
  async landed() {
    const w = this.w, wanted = this.onStick ? 'install.password' : 'install.pin'
    await w.until('screen ' + wanted, async () => {
      const s = await w.screen()
      if (s === 'install.medium' && await w.shows('[data-testid="action-install.go"]:not([disabled])')) await w.act('install.go')
      return s === wanted
    })
    if (this.onStick) { await w.type('password', this.secret); await w.type('again', this.secret); await w.act('install.password') }
    else await this.enter('install.pin')
    if (await w.on(['install.done', 'install.factory'], { limit: 60000 }) === 'install.factory') { await w.act('install.keep-pin'); await w.on('install.done') }
    await presentable(w, this.lang)
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
        const token = this.outside(), certs = token.certificates(dir)
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
    await this.insert()
    await this.choose('cabinet.home')
  }

  /** choose goes from the question where the key lies to the screen after the signature. */
  async choose(then) {
    const w = this.w
    if (this.onStick) {
      await w.act('sign.medium', '[data-kind="stick"]'); await w.on('sign.file')
      // The first keys serve throughout: those that come later are revoked on the way.
      this.file ??= proof.keyFiles().find(f => f.startsWith('AUTH_RSA256'))
      this.signFile ??= proof.keyFiles().find(f => f.startsWith('RSA256'))
      await w.touch(`[data-testid="action-sign.file"][data-name="${then === 'cabinet.home' ? this.file : this.signFile}"]`)
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
    this.put()
    try { return this.serialsPlugged() } finally { this.take() }
  }

  /** sql asks the centre's own database, by a program that is not ours. */
  sql(query) { return sh('sqlite3', [db.replace('sqlite:', ''), query]).trim() }

  /** sentence is what a part of the screen says, for a cell that cannot work. */
  async sentence(css) {
    const said = flat(await this.w.run(`return document.querySelector(arguments[0])?.innerText ?? ''`, css))
    if (!said) throw new Error('nothing is said why')
    return `«${said}»`
  }

  /** fromHome opens a function of the cabinet, signing in first where nobody is. */
  async fromHome(action, screen) {
    const w = this.w
    if (await w.screen() === 'attract') await this.cabinet()
    await w.on('cabinet.home', { notices: true }); await w.act(action); await w.on(screen, { limit: 30000, notices: true }); await presentable(w, this.lang)
  }
  async home() {
    const w = this.w
    for (let at; (at = await w.screen()) !== 'cabinet.home';) {
      await w.act('back')
      await w.until('the screen before', async () => await w.screen() !== at)
    }
  }

  /** profile changes the e-mail address and turns the notices off. */
  async profile() {
    const w = this.w, email = `${this.storage}@example.kz`
    await this.cabinet()
    await this.fromHome('profile', 'profile.view')
    await w.act('profile.email'); await w.on('profile.email'); await w.empty('email'); await w.type('email', email); await w.act('profile.save-email'); await w.on('profile.view')
    await w.act('profile.notices'); await w.untilPart('[data-testid="saved"]')
    const row = this.sql(`SELECT email || '|' || notices FROM profiles WHERE iin = '${this.citizen.iin}'`)
    if (!row.startsWith(email + '|')) throw new Error('the centre keeps ' + row)
    await this.home()
    return works('sqlite3 reads the address at the centre')
  }

  /** keysList shows all certificates, and saves the report onto the stick. */
  async keysList() {
    const w = this.w
    await this.fromHome('certificates', 'certificates.list')
    const shown = await w.run(`return document.querySelectorAll('[data-testid="own-key"]').length`)
    if (shown < 2) throw new Error(`${shown} keys are listed`)
    for (const code of ['revoked', 'expired', 'good', 'valid']) if (await w.shows(`[data-testid="action-certificates.sift"][data-code="${code}"]`)) await w.act('certificates.sift', `[data-code="${code}"]`)
    await w.act('certificates.report'); await w.on('certificates.report')
    dock('stick', 'in')
    await w.untilPart('[data-testid="action-report.save"]'); await w.act('report.save')
    await w.untilPart('[data-testid="report-file"]', 30000)
    const file = flat(await w.run(`return document.querySelector('[data-testid="report-file"]').innerText`))
    const text = sh('pdftotext', ['-raw', `${proof.stick}/${file}`, '-']).replace(/\s+/g, '').toLowerCase()
    sh('rm', [`${proof.stick}/${file}`])
    if (!this.onStick) dock('stick', 'out')
    const here = this.serialsPlugged()
    for (const serial of here) if (!text.includes(serial)) throw new Error(`the report lacks the certificate ${serial}: ${text.slice(0, 400)}`)
    await w.act('cabinet'); await w.on('cabinet.home')
    return works('pdftotext reads every serial number that ' + (this.onStick ? 'openssl' : 'pkcs11-tool') + ' sees')
  }

  /** serialsPlugged is serials while the storage is in. */
  serialsPlugged() { return proof.within(dir => this.pems(dir).map(pem => proof.serialOf(pem).toLowerCase())) }

  /** pems has outside programs write the certificates of the storage, which is in, into the folder. */
  pems(dir) {
    if (this.onStick) return proof.keyFiles().map(f => proof.opened(dir, f, this.secret))
    return [...this.outside().certificates(dir).values()]
  }

  /** toKeys goes from the e-mail address of a signed application to the key storage; where the storage does not serve it gives the sentence. */
  async toKeys(set) {
    const w = this.w
    if (await w.on(['apply.email', 'apply.region']) === 'apply.email') await w.act('apply.email')
    await fromRegion(w)
    return this.onto(set)
  }
  async onto(set) {
    const w = this.w, card = this.onStick ? '[data-testid="action-apply.storage"][data-kind="stick"]' : '[data-testid="action-apply.storage"][data-insertion]'
    if (!(await w.shows(card))) return this.sentence('.tokens .cannot .why')
    await w.touch(card)
    const next = await w.on(['apply.stick-warning', 'apply.card-warning', 'apply.set', 'apply.agreement'])
    if (next === 'apply.stick-warning') await w.act('apply.stick-accept')
    if (next === 'apply.card-warning') await w.act('apply.card-accept')
    if (await w.on(['apply.set', 'apply.agreement']) === 'apply.set') { await w.act('apply.set', `[data-code="${set}"]`); await w.on('apply.agreement') }
    await w.act('apply.agree')
    if (!this.onStick) { await w.on('apply.pin'); await this.enter('apply.pin') }
    // A card without room says so before anything is made.
    if (await w.on(['apply.summary', 'apply.storage'], { limit: 60000, notices: true }) === 'apply.storage') {
      if (!(await w.shows('[data-testid="notice"][data-code="E-1731"]'))) throw new Error('the kiosk says: ' + flat(await w.notice() ?? 'nothing'))
      return this.sentence('[data-testid="notice"]')
    }
    await presentable(w, this.lang)
    await w.touch('field-consent'); await w.act('apply.submit')
    return ''
  }

  /** signed goes through the one-time code, where one is asked for, and the signature to the certificates, and loads them. */
  async signed() {
    const w = this.w
    const next = await w.on(['code.method', 'code.entry', 'sign.medium'], { limit: 30000, notices: true })
    if (next === 'code.method') { await w.act('code.ask', '[data-method="sms"]'); await w.on('code.entry') }
    if (next !== 'sign.medium') {
      const codes = JSON.parse(centre('code', 'list', '--json')), mine = codes.find(c => c.iin === this.citizen.iin)
      if (flat(await w.text()).includes(mine.code)) throw new Error('the one-time code is shown on the kiosk')
      await w.pad(mine.code); await w.act('code.tell'); await w.on('sign.medium', { limit: 30000 })
    }
    await this.choose('apply.done')
    await w.untilPart('[data-testid="done-state"][data-state="issued"]', 60000)
    const number = await w.number()
    await w.act('status.install')
    await this.landed()
    return number
  }

  /** back signs in again after a walk that ended the session: the storage is taken out and put in. */
  async again() { this.take(); await this.leave(); await this.cabinet() }

  async reissue() {
    const w = this.w
    await this.fromHome('reissue', 'apply.name'); await w.act('apply.name')
    const before = this.serialsPlugged()
    const no = await this.toKeys('rsa')
    if (no) { await this.home(); return no }
    await this.signed()
    const fresh = this.serialsPlugged().filter(s => !before.includes(s))
    if (fresh.length !== 2) throw new Error(`${fresh.length} new certificates are on the storage`)
    this.goodNow(fresh)
    this.old = before
    await this.again()
    return works((this.onStick ? 'openssl pkcs12' : 'pkcs11-tool') + ' sees two new certificates, openssl ocsp says good')
  }

  /** goodNow has OCSP say good of the certificates with these serial numbers on the storage. */
  goodNow(serials) {
    proof.within(dir => {
      for (const pem of this.pems(dir).filter(pem => serials.includes(proof.serialOf(pem).toLowerCase()))) {
        proof.names(pem, this.citizen.iin)
        const said = proof.standing(dir, pem)
        if (said !== 'good') throw new Error('OCSP says ' + said)
      }
    })
  }

  async gost() {
    const w = this.w
    await this.fromHome('gost', 'gost.info'); await w.act('gost.confirm')
    const before = this.serialsPlugged()
    const no = await this.toKeys('gost')
    if (no) { await this.home(); return no }
    await this.signed()
    const fresh = this.serialsPlugged().filter(s => !before.includes(s))
    if (fresh.length !== 1 || !proof.keyFiles().some(f => /^GOST512_[0-9a-f]{40}\.p12$/.test(f))) throw new Error('on the stick: ' + proof.keyFiles())
    this.goodNow(fresh)
    await this.again()
    return works('openssl pkcs12 opens GOST512_*.p12, openssl ocsp says good')
  }

  async system() {
    const w = this.w, oid = `1.2.398.9.${100 + ['stick', 'idcard', 'etoken', 'jacarta', 'kaztoken', 'akey'].indexOf(this.storage)}`
    await this.fromHome('system', 'system.list')
    if (!(await w.shows('[data-testid="systems-none"]'))) throw new Error('a system is listed before one was registered')
    centre('system', 'add', oid, '--iin', this.citizen.iin, '--name-kk', 'Сынақ жүйесі', '--name-ru', 'Пробная система', '--name-en', 'Trial system')
    await w.act('system.look'); await w.untilPart('[data-testid="action-system.choose"]'); await w.act('system.choose', `[data-code="${oid}"]`)
    const before = this.serialsPlugged()
    const no = await this.toKeys('information-system')
    if (no) { await this.home(); return no }
    await this.signed()
    const fresh = this.serialsPlugged().filter(s => !before.includes(s))
    if (fresh.length !== 1) throw new Error(`${fresh.length} new certificates`)
    this.goodNow(fresh)
    await this.again()
    return works('openssl pkcs12 opens the file, openssl ocsp says good')
  }

  /** applications lists, and confirms one that was filed on the web. */
  async applications() {
    const w = this.w
    const web = JSON.parse(sh('bash', ['-c', `"$0" application file - --json --db "$1"`, `${process.env.TIRKEU_BIN}/tirkeu-centre`, db], { input: JSON.stringify({ iin: this.citizen.iin, email: '', region: 'almaty', locality: 'medeu', storage: this.storage, set: 'rsa' }) })).number
    await this.fromHome('applications', 'applications.list')
    const before = this.serialsPlugged()
    await w.untilPart(`[data-testid="action-applications.open"][data-number="${this.number}"]`)
    await w.act('applications.open', `[data-number="${web}"]`); await w.on('applications.detail'); await presentable(w, this.lang)
    await w.touch('step-confirm'); await w.touch('field-web-status-confirmed'); await w.touch('field-consent'); await w.act('applications.confirm')
    await w.until('the way to the keys', async () => {
      const s = await w.screen()
      if (s === 'apply.name') await w.act('apply.name')
      if (s === 'apply.email') await w.act('apply.email')
      if (s === 'apply.region') await w.choose('apply.region')
      if (s === 'apply.locality') await w.choose('apply.locality')
      return s === 'apply.storage' || s === 'apply.agreement' || s === 'apply.stick-warning' || s === 'apply.card-warning'
    })
    const no = await this.onto('rsa')
    if (no) {
      const listed = Number(this.sql(`SELECT count(*) FROM applications WHERE iin = '${this.citizen.iin}'`))
      if (!listed) throw new Error('the centre has none of the applications that were listed')
      await this.home()
      return works('list and detail; sqlite3 reads them at the centre') + '; confirming one: ' + no
    }
    await this.signed()
    const fresh = this.serialsPlugged().filter(s => !before.includes(s))
    if (fresh.length !== 2) throw new Error(`${fresh.length} new certificates`)
    this.goodNow(fresh)
    if (this.sql(`SELECT state FROM applications WHERE number = '${web}'`) === '') throw new Error('the centre lost the application')
    await this.again()
    return works((this.onStick ? 'openssl pkcs12' : 'pkcs11-tool') + ' sees the certificates of the application from the web, openssl ocsp says good')
  }

  /** revoke revokes the newest key; OCSP and the list say so at once. */
  async revoke() {
    const w = this.w
    await this.fromHome('revoke', 'revoke.list')
    const serials = await w.run(`return [...document.querySelectorAll('[data-testid="own-key"]')].length`)
    if (serials < 2) throw new Error('nothing to revoke is listed')
    await w.touch('[data-testid="own-key"]') // the newest
    await w.act('revoke.choose'); await w.on('revoke.reason'); await w.choose('revoke.reason', 'replaced'); await w.on('revoke.confirm'); await presentable(w, this.lang)
    await w.touch('field-consent'); await w.act('revoke.go'); await w.on('sign.medium')
    await this.choose('revoke.done')
    await w.untilPart('[data-testid="revocation"][data-state="revoked"]', 60000)
    await presentable(w, this.lang)
    const gone = await this.revokedNow()
    if (!gone) throw new Error('neither OCSP nor the list knows of a revoked certificate')
    if (await w.shows('[data-testid="action-cabinet"]')) { await w.act('cabinet'); await w.on('cabinet.home'); await this.signOut() }
    else { await w.act('finish'); await w.on('attract', { notices: true }); this.take() } // it was the key that had signed in
    return works(`openssl ocsp and openssl crl say revoked`)
  }

  /** revokedNow counts the person's certificates that OCSP and the list call revoked; both must say the same of each. */
  async revokedNow() {
    const ders = this.sql(`SELECT hex(der) FROM certificates WHERE iin = '${this.citizen.iin}'`).split('\n').filter(Boolean)
    let gone = 0
    for (const hex of ders) {
      const dir = sh('mktemp', ['-d']).trim()
      try {
        const pem = `${dir}/one.pem`
        sh('openssl', ['x509', '-inform', 'DER', '-out', pem], { input: Buffer.from(hex, 'hex') })
        const said = proof.standing(dir, pem), listed = await proof.listed(dir, pem)
        if ((said === 'revoked') !== listed) throw new Error(`OCSP says ${said}, the list ${listed}`)
        if (listed) gone++
      } finally { sh('rm', ['-r', dir]) }
    }
    return gone
  }

  /** password changes the device's PIN, or the password of one key file. */
  async password() {
    const w = this.w, fresh = this.onStick ? 'Samal2027' : '4815162342'.slice(0, this.storage === 'idcard' ? 6 : 10), old = this.secret
    await this.fromHome('password', 'password.medium')
    if (this.onStick) {
      await w.act('password.medium', '[data-kind="stick"]'); await w.on('files.list', { notices: true })
      const file = proof.keyFiles().find(f => f.startsWith('AUTH_RSA256') && f !== this.file)
      await w.touch(`[data-testid="action-files.open"][data-name="${file}"]`); await w.on('files.password'); await w.type('password', old); await w.act('files.password')
      await w.on('files.detail', { limit: 30000 }); await w.act('files.change'); await w.on('files.change')
      await w.type('old', old); await w.touch('step-new'); await w.type('password', fresh); await w.type('again', fresh); await w.act('files.new-password')
      await w.on('files.changed', { limit: 30000 }); await presentable(w, this.lang)
      proof.within(dir => {
        proof.opened(dir, file, fresh)
        let still = true
        try { proof.opened(dir, file, old) } catch { still = false }
        if (still) throw new Error('the old password still opens the file')
      })
      // It gets its old password back, so that one password serves all files of the walk.
      this.take(); await w.act('finish'); await w.on('attract', { notices: true })
      return works('openssl pkcs12 opens the file with the new password and not with the old')
    }
    await w.act('password.medium', '[data-insertion]'); await w.on('password.pin')
    await this.newPin('password.pin', old, fresh)
    await w.on('password.done', { limit: 30000 }); await presentable(w, this.lang)
    this.secret = fresh
    const token = this.outside(fresh)
    token.login('-O')
    this.take(); await w.act('finish'); await w.on('attract', { notices: true })
    return works('pkcs11-tool logs in with the new PIN')
  }

  /** newPin types the old PIN where it is asked for, and the new one twice. */
  async newPin(action, old, fresh) {
    const w = this.w
    for (const [field, text] of [['old', old], ['new', fresh], ['again', fresh]]) {
      if (field === 'old' && !old) continue
      await w.untilPart(`[data-testid="field-${field}"]`)
      if (!/^\d+$/.test(text) && await w.shows('[data-testid="pin-letters"][aria-pressed="false"]')) await w.touch('pin-letters')
      if (await w.shows('[data-testid="pad-0"]')) await w.pad(text); else await w.type(field, text)
      if (field === 'again') await w.act(action); else await w.touch('step-next')
    }
  }

  /** staff unblocks the citizen's PIN, finds the person and revokes what is left by order, and saves the day's report. */
  async staff() {
    const w = this.w, seen = []
    await w.on('attract', { notices: true })
    await supervise(w, this.operator); await w.touch('lang-' + this.lang)
    if (!this.onStick) {
      const fresh = this.storage === 'idcard' ? '654321' : '1029384756'
      this.put(); dock('fault', this.citizen.token, '--tries-left', '0')
      await w.act('staff.unblock'); await w.on('staff.unblock'); await presentable(w, this.lang)
      await w.act('staff.unblock-token', '[data-insertion]'); await w.on('staff.unblock-admin')
      await w.pad(JSON.parse(dock('list', '--json')).tokens.find(t => t.name === this.citizen.token).so_pin); await w.act('staff.unblock-admin'); await w.on('staff.unblock-turn')
      await w.act('staff.turned'); await w.on('staff.unblock-pin'); await this.newPin('staff.unblock-pin', '', fresh); await w.on('staff.unblocked', { limit: 30000 })
      this.outside(fresh).login('-O')
      this.secret = fresh
      seen.push('pkcs11-tool logs in with the citizen’s PIN after unblocking')
      this.take()
      await w.act('staff.queue'); await w.on('staff.queue')
    }
    await w.act('staff.people'); await w.on('staff.people')
    await w.type('query', this.citizen.iin); await w.act('staff.find')
    // The only one found is opened at once.
    await w.until('the person', async () => {
      if (await w.shows('[data-testid="action-staff.person"]')) await w.touch('[data-testid="action-staff.person"]')
      return await w.screen() === 'staff.person'
    })
    await presentable(w, this.lang)
    const before = await this.revokedNow()
    await w.act('staff.revoke'); await w.on('staff.revoke')
    await w.touch('step-why'); await w.touch('field-reason-medium-lost'); await w.touch('step-document')
    await w.touch('[data-testid^="field-document-type-"]'); await w.type('document', '012345678'); await w.act('staff.order')
    await w.on('staff.revoked', { limit: 60000 })
    const after = await this.revokedNow()
    if (after <= before) throw new Error(`OCSP and the list know of ${after} revoked certificates, before the order of ${before}`)
    seen.push('openssl ocsp and openssl crl say revoked by order')
    await w.act('staff.queue'); await w.on('staff.queue'); await w.act('staff.report'); await w.on('staff.report'); await presentable(w, this.lang)
    dock('stick', 'in')
    await w.act('staff.report-save', '[data-code="pdf"]')
    await w.until('the report saved', async () => (await w.text('[data-testid="report-saved"]')).includes('pdf'))
    const name = (await w.text('[data-testid="report-saved"]')).match(/report-[\w.-]+\.pdf/)[0]
    const text = sh('pdftotext', ['-raw', `${proof.stick}/${name}`, '-'])
    sh('rm', [`${proof.stick}/${name}`])
    if (text.includes(this.citizen.iin) || !text.replace(/\s/g, '').includes(this.number.slice(0, 4))) throw new Error('the report reads: ' + text.slice(0, 300))
    seen.push('pdftotext reads the day’s report')
    dock('pull', this.operator.token); await w.on('attract', { notices: true }); dock('stick', 'out')
    return works(seen.join('; '))
  }

  async end() { await clean(this.w) }
}
