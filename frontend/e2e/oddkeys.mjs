// Keys that no citizen should have, made by openssl: expired, not valid yet, of an authority of the same name. Where the real
// authority signs them it is the sandbox's own key, read from its folder.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { house, sh } from './house.mjs'

const DAY = 864e5
const moment = days => new Date(Date.now() + days * DAY).toISOString().replace(/[-:T]|\.\d+/g, '')

/** onto writes expired.p12, not-yet.p12 and foreign.p12 for a person onto the stick; all are keys to sign in with. */
export function onto(stick, dir, { iin, surname, given, url, password }) {
  const real = { key: join(house, 'centre', 'centre-keys', 'issuing.key'), cert: join(house, 'centre', 'centre-keys', 'issuing.pem') }
  const name = sh('openssl', ['x509', '-in', real.cert, '-noout', '-subject', '-nameopt', 'RFC2253,utf8,-esc_msb']).replace('subject=', '').trim()
  const foreign = { key: join(dir, 'ca.key'), cert: join(dir, 'ca.pem') }
  sh('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-utf8', '-subj', '/' + name.split(',').reverse().join('/'), '-keyout', foreign.key, '-out', foreign.cert])
  const kinds = [['expired', real, -40, -10], ['not-yet', real, 10, 40], ['foreign', foreign, -1, 29]]
  for (const [kind, authority, from, to] of kinds) {
    const at = join(dir, kind), key = join(at, 'key'), csr = join(at, 'csr'), cert = join(at, 'cert'), config = join(at, 'ca.cnf')
    mkdirSync(join(at, 'new'), { recursive: true })
    writeFileSync(join(at, 'index'), ''); writeFileSync(join(at, 'serial'), '01\n'); writeFileSync(join(at, 'index.attr'), '')
    writeFileSync(config, `[ca]
default_ca = one
[one]
database = ${join(at, 'index')}
rand_serial = yes
new_certs_dir = ${join(at, 'new')}
default_md = sha256
policy = any
x509_extensions = leaf
preserve = yes
[any]
commonName = supplied
surname = optional
givenName = optional
serialNumber = optional
countryName = optional
[leaf]
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = clientAuth, 1.2.398.3.3.4.1.1
certificatePolicies = 1.2.398.3.3.2.4
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = OCSP;URI:${url}/ocsp
`)
    sh('openssl', ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-utf8', '-subj', `/CN=${surname} ${given}/SN=${surname}/serialNumber=IIN${iin}/C=KZ/GN=${given}`, '-keyout', key, '-out', csr])
    sh('openssl', ['ca', '-batch', '-config', config, '-utf8', '-in', csr, '-out', cert, '-keyfile', authority.key, '-cert', authority.cert, '-startdate', moment(from), '-enddate', moment(to), '-notext'])
    sh('openssl', ['pkcs12', '-export', '-inkey', key, '-in', cert, '-out', join(stick, kind + '.p12'), '-passout', 'stdin'], { input: password + '\n' })
  }
}

/** onToken writes the key and the certificate of a key file onto a token. */
export function onToken(token, dir, file, password) {
  const key = join(dir, 'held.key'), der = join(dir, 'held.der'), cert = join(dir, 'held.pem'), certDER = join(dir, 'held.cer')
  writeFileSync(key, sh('openssl', ['pkcs12', '-in', file, '-passin', 'stdin', '-nocerts', '-nodes'], { input: password + '\n' }), { mode: 0o600 })
  writeFileSync(cert, sh('openssl', ['pkcs12', '-in', file, '-passin', 'stdin', '-nokeys', '-clcerts'], { input: password + '\n' }))
  sh('openssl', ['pkey', '-in', key, '-outform', 'DER', '-out', der]); sh('openssl', ['x509', '-in', cert, '-outform', 'DER', '-out', certDER])
  token.login('--write-object', der, '--type', 'privkey', '--id', 'bb', '--label', 'held')
  token.login('--write-object', certDER, '--type', 'cert', '--id', 'bb', '--label', 'held')
}
