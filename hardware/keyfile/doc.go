// Package keyfile keeps a citizen's keys in files: the PKCS#12 file that is handed over (RFC 7292), and the sealed file that holds
// the same keys between application and installation.
//
// A new PKCS#12 file is written so that the authority's own client, Java and plain OpenSSL 3 open it: 3DES for both the certificate
// and the key (RC2 lives in OpenSSL's legacy provider only), a SHA-1 MAC, friendlyName and localKeyID both naming the subject key
// identifier. AES-256 with PBKDF2 and a SHA-256 MAC is there by [Options] for readers that are known to be newer.
//
// Reading is bounded in memory and in time whatever the file says ([MaxSize], [MaxIterations]), and tells three things apart:
// a wrong password ([ErrPassword]), a damaged file ([ErrDamaged]) and a dialect this package does not read ([ErrUnsupported]).
//
// What it stops: a stolen key file without its password is worth a dictionary attack and no less, for 3DES and SHA-1 with a password
// of six letters are the field's common ground and not a strong one; a sealed file without its random key is worth nothing.
// What it does not: Go's memory is not wiped by the collector, so a password or a key may outlive its use in memory
// until the process ends. Passwords never appear in errors, and hide themselves when printed ([Password]).
package keyfile
