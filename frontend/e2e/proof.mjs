// What outside programs see of a citizen's keys: pkcs11-tool and openssl on a token, openssl on a stick, openssl asking the
// centre's OCSP and its revocation list. Nothing here asks the kiosk.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { centre, dock, house, moduleOf, placeOf, sh } from './house.mjs'
import { token } from './journeys.mjs'

export const stick = join(house, 'dock', 'stick', 'in')

/** newStick pulls the stick out and empties it: the next person brings another. */
export function newStick() {
  dock('stick', 'in')
  for (const f of readdirSync(stick)) rmSync(join(stick, f), { recursive: true })
  dock('stick', 'out')
}

/** isMounted says whether a file system of its own stands where the stick is. */
export function isMounted() {
  try { sh('mountpoint', ['-q', stick]); return true } catch { return false }
}

/** within gives a folder that is gone afterwards. */
export function within(act) {
  const dir = mkdtempSync(join(tmpdir(), 'tirkeu-proof-'))
  try { return act(dir) } finally { rmSync(dir, { recursive: true, force: true }) }
}

/** Token is a plugged virtual token as pkcs11-tool sees it: through OpenSC's module where it sits on the virtual USB bus, through
    its maker's otherwise. The PIN goes by the environment, not on the command line. */
export class Token {
  constructor(name, pin) {
    const { kind, bus } = token(name)
    this.module = moduleOf(bus ? 'opensc' : kind)
    this.env = { ...this.module.env, TOKEN_PIN: pin }
    const { number, reader } = placeOf((...args) => this.run(...args), name)
    // OpenSC's numbers are those of the readers in turn: they move up when pcscd forgets a reader that was pulled a moment ago.
    this.where = bus ? ['--slot-description', reader] : ['--slot', number]
    this.reader = reader
  }
  /** servedBy says what the token is reached through: the module's file, and what stands behind that by the environment it is given. */
  servedBy() {
    const { path, env } = this.module, file = basename(path)
    if (env.SOFTHSM2_CONF) return `${file}, a vendor’s module in shape, on SoftHSM`
    if (!env.PCSCLITE_CSOCK_NAME) throw new Error(`nobody knows what ${path} runs on`)
    const library = this.run('-I').toString().match(/^Library\s+(.*)$/m)[1].trim()
    return `${file} (${library}), pcscd, libccid, reader “${this.reader}”, a virtual chip`
  }
  run(...args) { return sh('pkcs11-tool', ['--module', this.module.path, ...args], { env: this.env, encoding: 'buffer' }) }
  in(...args) { return this.run(...this.where, ...args) }
  login(...args) { return this.in('--login', '--pin', 'env:TOKEN_PIN', ...args) }
  /** pairs gives the CKA_IDs under which both a private key and a certificate lie. */
  pairs() {
    const list = this.login('-O').toString()
    const ids = kind => [...list.matchAll(new RegExp(kind + '[\\s\\S]*?ID:\\s+([0-9a-f]+)', 'g'))].map(m => m[1])
    const certs = ids('Certificate Object')
    return ids('Private Key Object').filter(id => certs.includes(id))
  }
  /** certificates writes them into the folder as PEM and gives their paths by CKA_ID. */
  certificates(dir) {
    return new Map(this.pairs().map(id => {
      const pem = join(dir, id + '.pem')
      sh('openssl', ['x509', '-inform', 'DER', '-out', pem], { input: this.in('--read-object', '--type', 'cert', '--id', id) })
      return [id, pem]
    }))
  }
  /** signs has the key sign and openssl verify it with the certificate. */
  signs(dir, id, pem) {
    const data = join(dir, 'data'), sig = join(dir, 'sig'), pub = join(dir, 'pub')
    writeFileSync(data, 'тіркеу')
    this.login('--sign', '-m', 'SHA256-RSA-PKCS', '--id', id, '-i', data, '-o', sig)
    writeFileSync(pub, sh('openssl', ['x509', '-in', pem, '-pubkey', '-noout']))
    sh('openssl', ['dgst', '-sha256', '-verify', pub, '-signature', sig, data])
  }
}

/** keyFiles are the names of the key files on the stick. */
export const keyFiles = () => readdirSync(stick).filter(f => f.endsWith('.p12'))

/** opened has openssl open a key file and gives its certificate's path; it throws when the password is wrong. */
export function opened(dir, file, password) {
  const pem = join(dir, file + '.pem')
  writeFileSync(pem, sh('openssl', ['pkcs12', '-in', join(stick, file), '-passin', 'stdin', '-nokeys', '-clcerts'], { input: password + '\n' }))
  return pem
}

/** authority exports the centre's certificates into the folder. */
export function authority(dir) {
  centre('ca', 'export', join(dir, 'ca'))
  return { root: join(dir, 'ca', 'root.pem'), rsa: join(dir, 'ca', 'issuing.pem'), gost: join(dir, 'ca', 'issuing-gost.pem') }
}

/** standing is what OCSP says of a certificate at the address that stands in it, asked by openssl: "good", "revoked" or "unknown". */
export function standing(dir, pem) {
  const url = sh('openssl', ['x509', '-in', pem, '-noout', '-ocsp_uri']).trim()
  const ca = authority(dir), gost = /1\.2\.398\.3\.10/.test(sh('openssl', ['x509', '-in', pem, '-noout', '-text']))
  // openssl knows no Kazakh identifiers: it reads a GOST answer, the signature on it is proven elsewhere.
  const said = gost ? sh('openssl', ['ocsp', '-issuer', ca.gost, '-cert', pem, '-url', url, '-noverify'])
    : sh('openssl', ['ocsp', '-issuer', ca.rsa, '-cert', pem, '-url', url, '-CAfile', ca.root, '-verify_other', ca.rsa, '-no_nonce'])
  return said.match(/: (good|revoked|unknown)/)?.[1] ?? said
}

/** listed says whether the certificate stands in the centre's revocation list. */
export async function listed(dir, pem) {
  const url = sh('openssl', ['x509', '-in', pem, '-noout', '-ext', 'crlDistributionPoints']).match(/URI:(\S+)/)[1]
  const file = join(dir, 'list.crl')
  writeFileSync(file, Buffer.from(await (await fetch(url)).arrayBuffer()))
  const serial = serialOf(pem)
  return sh('openssl', ['crl', '-inform', 'DER', '-in', file, '-noout', '-text']).includes('Serial Number: ' + serial)
}

export const serialOf = pem => sh('openssl', ['x509', '-in', pem, '-noout', '-serial']).trim().replace('serial=', '')

/** names holds when the certificate is that person's. */
export function names(pem, iin) {
  const said = sh('openssl', ['x509', '-in', pem, '-noout', '-subject', '-nameopt', 'utf8'])
  if (!said.includes('IIN' + iin)) throw new Error('the certificate names ' + said)
}

/** plugged runs an outside look at a token that is put in for it. */
export function plugged(name, act) {
  dock('plug', name)
  try { return act() } finally { dock('pull', name) }
}
