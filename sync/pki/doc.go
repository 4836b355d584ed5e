// Package pki holds the rules of the certificates a kiosk asks for and a centre issues: how a
// citizen's certificate must look, whether an issued one looks so, who signed a document, and
// whether a certificate still stands.
//
// It promises: a certificate that differs from its profile in one part is refused with that
// part's name (ProfileError); a signature is accepted only over exactly the given bytes, by one
// signer whose chain reaches the given roots; revocation has three answers, and Good is never
// made out of an error, a stale list or an answer for another certificate.
//
// Keys are RSA, ECDSA (devices) and ГОСТ 34.10-2015 with 512 bits; chains, lists and responses may mix
// them. crypto/x509 parses and encodes everywhere and verifies what it knows; the rest is verified here.
// GOST counts under Kazakh identifiers only, hardware/gost knows the Russian ones too.
//
// Revocation lists may be as large as НУЦ's, 20 MB: they are read once through a window of 64 KiB, from
// whatever io.Reader, and digested meanwhile. What a CRLSource keeps is a file, which may be lost or
// replaced at any time: it is verified anew at every look.
//
// It must never see a private key or a PIN: whatever signs does so behind crypto.Signer, for
// the key lives on a token. Errors name parts and OIDs, never an IIN or a name.
//
// It stops: certificates for another key or person, swapped templates, forged or replayed
// revocation answers, signatures whose signed attributes were stripped. It does not stop a
// signer who backdates: the signing time is the signer's own claim.
//
// Formats: X.509, CRL and delta CRL by RFC 5280, PKCS#10 by RFC 2986, CMS by RFC 5652 (detached, one
// signer), OCSP by RFC 6960; the profiles are those of НУЦ РК, kept as data in profiles.json.
package pki
