// Package keyfile keeps a citizen's keys in files: the PKCS#12 file that is handed over (RFC 7292), and the sealed file that holds
// the same keys between application and installation.
//
// It reads ([Open], [Read]) what the authority writes (DER outside, BER with indefinite lengths inside, the key under 3DES, the certificates under RC2-40,
// a SHA-1 MAC; RSA keys, and GOST keys in two octet strings), what OpenSSL, Java and Bouncy Castle write, and says of each key and certificate
// what it is for ([Describe]). Keys of the authority's older GOST are named, not used.
//
// A new PKCS#12 file ([Write]) is written so that the authority's own client, Java and plain OpenSSL 3 open it: 3DES for both the certificate
// and the key (RC2 lives in OpenSSL's legacy provider only), a SHA-1 MAC, friendlyName and localKeyID both naming the subject key
// identifier. AES-256 with PBKDF2 and a SHA-256 MAC is there by [Options] for readers that are known to be newer.
//
// [ChangePassword] never leaves a citizen without a file that opens: the new one must have proven itself on the medium before the old one goes.
//
// Reading is bounded in memory and in steps of key derivation whatever the file says ([MaxSize], [MaxIterations]), and tells three things apart:
// a wrong password ([ErrPassword]), a damaged file ([ErrDamaged]) and a dialect this package does not read ([ErrUnsupported]).
//
// What it stops: a stolen key file without its password is worth a dictionary attack and no less, for 3DES and SHA-1 with a password
// of six letters are the field's common ground and not a strong one; a sealed file without its random key is worth nothing.
// What it does not: a file without MAC can be changed by anybody where it lies open. Whether a certificate is genuine, or revoked, is not asked here.
// Go's memory is not wiped by the collector, so a password or a key may outlive its use in memory until the process ends. Passwords never appear in errors,
// and hide themselves when printed ([Password]).
package keyfile
