package keyfile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
	"hash"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// digest is a hash with its names: as itself in a MAC, and as HMAC in PBKDF2.
type digest struct {
	name string
	new  func() hash.Hash
	size int
	oid  asn1.ObjectIdentifier // of the hash
	hmac asn1.ObjectIdentifier // of HMAC with it (RFC 8018 appendix B.1)
}

// digests are all that are read; the first is PBKDF2's default.
var digests = []digest{
	{"SHA-1", sha1.New, sha1.Size, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}},
	{"SHA-224", sha256.New224, sha256.Size224, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 4}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 8}},
	{"SHA-256", sha256.New, sha256.Size, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}},
	{"SHA-384", sha512.New384, sha512.Size384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}},
	{"SHA-512", sha512.New, sha512.Size, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}},
}

// What is written.
var (
	digestSHA1   = digests[0]
	digestSHA256 = digests[2]
)

// symmetric is a block cipher in CBC with a fixed length of key.
type symmetric struct {
	name  string
	oid   asn1.ObjectIdentifier
	key   int // octets
	block int // octets
	new   func(key []byte) (cipher.Block, error)
}

// withSHA1 are the ciphers whose key comes from RFC 7292 appendix B with SHA-1 (appendix C). RC4, of which no file is known, is left out.
var withSHA1 = []symmetric{
	{"3DES", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}, 24, des.BlockSize, des.NewTripleDESCipher},
	{"3DES-2", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 4}, 16, des.BlockSize, func(key []byte) (cipher.Block, error) {
		return des.NewTripleDESCipher(slices.Concat(key, key[:8]))
	}},
	{"RC2-128", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 5}, 16, rc2BlockSize, func(key []byte) (cipher.Block, error) { return newRC2(key, 128), nil }},
	{"RC2-40", asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 6}, 5, rc2BlockSize, func(key []byte) (cipher.Block, error) { return newRC2(key, 40), nil }},
}

// withPBKDF2 are the ciphers of PBES2 (RFC 8018 appendix B.2).
var withPBKDF2 = []symmetric{
	{"AES-128", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, 16, aes.BlockSize, aes.NewCipher},
	{"AES-192", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24, aes.BlockSize, aes.NewCipher},
	{"AES-256", asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, 32, aes.BlockSize, aes.NewCipher},
	{"3DES", asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, 24, des.BlockSize, des.NewTripleDESCipher},
}

// What is written.
var (
	cipher3DES   = withSHA1[0]
	cipherAES256 = withPBKDF2[2]
)

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// find gives the one of some that fits.
func find[T any](some []T, fits func(T) bool) (T, bool) {
	if i := slices.IndexFunc(some, fits); i >= 0 {
		return some[i], true
	}
	var none T
	return none, false
}

// readDigest reads the AlgorithmIdentifier of a hash.
func readDigest(in *cryptobyte.String) (digest, error) {
	var id cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) || !nullOrNothing(id) {
		return digest{}, fmt.Errorf("%w: its MAC's digest", ErrDamaged)
	}
	d, ok := find(digests, func(d digest) bool { return d.oid.Equal(oid) })
	if !ok {
		return d, fmt.Errorf("%w: MAC with digest %v", ErrUnsupported, oid)
	}
	return d, nil
}

// readScheme reads an AlgorithmIdentifier of password-based encryption.
func readScheme(in *cryptobyte.String) (scheme, error) {
	var s scheme
	var id, params cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) {
		return s, fmt.Errorf("%w: no cipher is named", ErrDamaged)
	}
	var ok bool
	if s.cipher, ok = find(withSHA1, func(c symmetric) bool { return c.oid.Equal(oid) }); !ok && !oid.Equal(oidPBES2) {
		return s, fmt.Errorf("%w: cipher %v", ErrUnsupported, oid)
	}
	if !id.ReadASN1(&params, cbasn1.SEQUENCE) || !id.Empty() {
		return s, fmt.Errorf("%w: its cipher has no parameters", ErrDamaged)
	}
	if !ok {
		return s, s.readPBES2(params)
	}
	if !params.ReadASN1Bytes(&s.salt, cbasn1.OCTET_STRING) || !params.ReadASN1Integer(&s.iterations) || !params.Empty() {
		return s, fmt.Errorf("%w: its cipher's parameters", ErrDamaged)
	}
	return s, bounded(s.salt, s.iterations)
}

// readPBES2 reads PBES2-params (RFC 8018 appendix A.4) with PBKDF2.
func (s *scheme) readPBES2(params cryptobyte.String) error {
	var kdf, kdfParams, enc cryptobyte.String
	var kdfOID, encOID asn1.ObjectIdentifier
	if !params.ReadASN1(&kdf, cbasn1.SEQUENCE) || !params.ReadASN1(&enc, cbasn1.SEQUENCE) || !params.Empty() ||
		!kdf.ReadASN1ObjectIdentifier(&kdfOID) || !enc.ReadASN1ObjectIdentifier(&encOID) {
		return fmt.Errorf("%w: its cipher's parameters", ErrDamaged)
	}
	var ok bool
	if s.cipher, ok = find(withPBKDF2, func(c symmetric) bool { return c.oid.Equal(encOID) }); !ok || !kdfOID.Equal(oidPBKDF2) {
		return fmt.Errorf("%w: cipher %v with key derivation %v", ErrUnsupported, encOID, kdfOID)
	}
	if !kdf.ReadASN1(&kdfParams, cbasn1.SEQUENCE) || !enc.ReadASN1Bytes(&s.iv, cbasn1.OCTET_STRING) || len(s.iv) != s.cipher.block ||
		!kdfParams.ReadASN1Bytes(&s.salt, cbasn1.OCTET_STRING) || !kdfParams.ReadASN1Integer(&s.iterations) {
		return fmt.Errorf("%w: its cipher's parameters", ErrDamaged)
	}
	if kdfParams.PeekASN1Tag(cbasn1.INTEGER) { // keyLength, optional
		var n int
		if !kdfParams.ReadASN1Integer(&n) || n != s.cipher.key {
			return fmt.Errorf("%w: its key length", ErrDamaged)
		}
	}
	s.prf = &digests[0] // prf DEFAULT algid-hmacWithSHA1
	if !kdfParams.Empty() {
		var prf cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !kdfParams.ReadASN1(&prf, cbasn1.SEQUENCE) || !prf.ReadASN1ObjectIdentifier(&oid) || !nullOrNothing(prf) || !kdfParams.Empty() {
			return fmt.Errorf("%w: its key derivation", ErrDamaged)
		}
		d, ok := find(digests, func(d digest) bool { return d.hmac.Equal(oid) })
		if !ok {
			return fmt.Errorf("%w: key derivation with %v", ErrUnsupported, oid)
		}
		s.prf = &d
	}
	return bounded(s.salt, s.iterations)
}

// bounded refuses parameters nobody writes and that would cost time.
func bounded(salt []byte, iterations int) error {
	if iterations < 1 || len(salt) > 1024 {
		return fmt.Errorf("%w: its key derivation is out of bounds", ErrDamaged)
	}
	if iterations > MaxIterations {
		return tooSlow(iterations)
	}
	return nil
}

// nullOrNothing says whether a digest's or PRF's parameters are NULL or absent (RFC 5754 §2 has both read alike).
func nullOrNothing(params cryptobyte.String) bool {
	var null cryptobyte.String
	return params.Empty() || params.ReadASN1(&null, cbasn1.NULL) && null.Empty() && params.Empty()
}
