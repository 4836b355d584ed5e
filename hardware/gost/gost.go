// Package gost signs and verifies as Kazakhstan's certification centre НУЦ does: ГОСТ 34.10-2015 with 512-bit keys (the numbers
// of GOST R 34.10-2012, RFC 7091, parameter set tc26 512-A, RFC 7836 appendix A.1) over ГОСТ 34.11-2015 (Streebog, RFC 6986).
//
// Two dialects share the numbers and differ in how they are written down: [Kazakh], НУЦ's, under 1.2.398, and [Russian], RFC 9215's,
// under 1.2.643.7. A key is neither: it signs in either.
//
// It promises: what signs, makes a key or works out the public half takes the same steps and touches the same addresses whatever the
// secret numbers are; numbers that are no key or no signature are refused before they are used; a signature's nonce comes from
// the key, the digest and fresh randomness together, so that a random source that stands still does not give the key away.
// The curve has a prime number of points (cofactor 1), so that every point on it but infinity is a sound public key.
//
// It does not promise: that a verification hides what it verifies (all of that is public), that Streebog hides its message (it looks tables up,
// so no secret is ever put through it here), or that a wiped key has left no copy in memory that Go moved.
package gost

import (
	"crypto"
	"encoding/asn1"
	"errors"
)

// Sizes in octets.
const (
	PrivateKeySize = 64  // the number d, lowest octet first
	PublicKeySize  = 128 // x‖y, each lowest octet first
	SignatureSize  = 128 // two numbers of 64 octets, in the order and direction of the dialect
	Size           = 64  // a Streebog-512 digest
	Size256        = 32  // a Streebog-256 digest
	BlockSize      = 64  // of Streebog, both lengths
)

// What is wrong with a key, for errors.Is.
var (
	// ErrEncoding: not the encoding of a key at all, or with something before, after or between.
	ErrEncoding = errors.New("not the encoding of a key")
	// ErrKey: a key of another algorithm (RSA, ГОСТ 34.310-2004, 256 bits, …).
	ErrKey = errors.New("a key of another algorithm")
	// ErrParameters: a key of this algorithm with another parameter set than 512-A.
	ErrParameters = errors.New("a key with another parameter set")
	// ErrRange: the numbers are nobody's key: off the curve, zero, or not below their modulus.
	ErrRange = errors.New("numbers that are no key")
	// ErrDigest: what is to be signed is not a digest of 64 octets of Streebog-512.
	ErrDigest = errors.New("not a digest of Streebog-512")
	// ErrWiped: the key was wiped and signs no more.
	ErrWiped = errors.New("the key was wiped")
)

// Dialect is how numbers are written down: their order, their direction, and the identifiers beside them.
// As crypto.SignerOpts it tells [PrivateKey.Sign] how to write the signature.
type Dialect int

const (
	// Kazakh is НУЦ's: a signature is r‖s, lowest octet first; in PKCS#8 the key lies in two octet strings, one in the other.
	Kazakh Dialect = iota
	// Russian is RFC 9215's: a signature is s‖r, highest octet first (§2); in PKCS#8 the key lies in one octet string.
	Russian
)

// HashFunc is 0: Streebog has no number in package crypto. The digest is worked out by the caller, with [Sum512].
func (d Dialect) HashFunc() crypto.Hash { return 0 }

// String names the dialect in English, for logs.
func (d Dialect) String() string {
	switch d {
	case Kazakh:
		return "kazakh"
	case Russian:
		return "russian"
	}
	return "unknown"
}

// identifiers are those of one dialect.
type identifiers struct {
	key, parameters, signature, digest, digest256 asn1.ObjectIdentifier
}

var identifiersOf = [...]identifiers{
	// As they stand in НУЦ's certificates; registered at root.gov.kz/oid.
	Kazakh: {
		key:        asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 2, 2},
		parameters: asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 2, 2, 1},
		signature:  asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 2, 3, 2},
		digest:     asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 3, 3},
		digest256:  asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 3, 2},
	},
	// RFC 9215 §2, §3, §4.1; RFC 7836 §5.1.1.
	Russian: {
		key:        asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 2},
		parameters: asn1.ObjectIdentifier{1, 2, 643, 7, 1, 2, 1, 2, 1},
		signature:  asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 3, 3},
		digest:     asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 2, 3},
		digest256:  asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 2, 2},
	},
}

func (d Dialect) identifiers() identifiers {
	if d != Russian {
		d = Kazakh
	}
	return identifiersOf[d]
}

// clone keeps callers from writing into the table.
func clone(id asn1.ObjectIdentifier) asn1.ObjectIdentifier {
	return append(asn1.ObjectIdentifier(nil), id...)
}

// KeyOID identifies a 512-bit key.
func (d Dialect) KeyOID() asn1.ObjectIdentifier { return clone(d.identifiers().key) }

// ParametersOID identifies the parameter set 512-A.
func (d Dialect) ParametersOID() asn1.ObjectIdentifier { return clone(d.identifiers().parameters) }

// SignatureOID identifies a signature with a 512-bit key over Streebog-512.
func (d Dialect) SignatureOID() asn1.ObjectIdentifier { return clone(d.identifiers().signature) }

// DigestOID identifies Streebog-512.
func (d Dialect) DigestOID() asn1.ObjectIdentifier { return clone(d.identifiers().digest) }

// Digest256OID identifies Streebog-256.
func (d Dialect) Digest256OID() asn1.ObjectIdentifier { return clone(d.identifiers().digest256) }
