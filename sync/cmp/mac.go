package cmp

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	oid "encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// mac holds the parameters of a password-based MAC: PBM (RFC 4211 §4.4, RFC 9481 §6.1.1) or PBMAC1 (RFC 8018 §7.1, RFC 9481 §6.1.2).
// For both, hash makes the key from the secret and mac makes the tag.
type mac struct {
	kind       oid.ObjectIdentifier
	salt       []byte
	hash       oid.ObjectIdentifier // PBM: one-way function; PBMAC1: the HMAC of PBKDF2
	iterations int
	keyLength  int // PBMAC1 only
	mac        oid.ObjectIdentifier
}

const (
	saltLength    = 16
	iterations    = 10_000
	minIterations = 1
	maxSalt       = 1024
)

var errMACParameters = errors.New("the parameters of the MAC are unknown or out of bounds")

// newMAC gives our own parameters: PBM with SHA-256 and HMAC-SHA-256. The secret has 128 bits, so iterations add little.
func newMAC(salt []byte) mac {
	return mac{kind: oidPBM, salt: salt, hash: oidSHA256, iterations: iterations, mac: oidHMACSHA256}
}

// again gives the same kind of MAC with another salt, for the answer: the other side can do what it did itself.
func (p mac) again(salt []byte) mac {
	p.salt = salt
	return p
}

var hashes = map[string]func() hash.Hash{
	oidSHA1.String(): sha1.New, oidSHA256.String(): sha256.New, oidSHA384.String(): sha512.New384, oidSHA512.String(): sha512.New,
}

var macs = map[string]func() hash.Hash{
	oidHMACSHA1Old.String(): sha1.New, oidHMACSHA1.String(): sha1.New, oidHMACSHA256.String(): sha256.New,
	oidHMACSHA384.String(): sha512.New384, oidHMACSHA512.String(): sha512.New,
}

// parseMAC reads the parameters from a protectionAlg; known says whether the algorithm is a MAC at all.
func parseMAC(a algorithm) (p mac, known bool, err error) {
	switch {
	case a.id.Equal(oidPBM):
		p, err = parsePBM(a.params)
	case a.id.Equal(oidPBMAC1):
		p, err = parsePBMAC1(a.params)
	default:
		return p, false, nil
	}
	if err == nil && (p.iterations < minIterations || p.iterations > MaxIterations || len(p.salt) > maxSalt || macs[p.mac.String()] == nil) {
		err = errMACParameters
	}
	return p, true, err
}

func parsePBM(params []byte) (mac, error) {
	p := mac{kind: oidPBM}
	in := cryptobyte.String(params)
	var s cryptobyte.String
	if !in.ReadASN1(&s, asn1.SEQUENCE) || !in.Empty() || !s.ReadASN1Bytes(&p.salt, asn1.OCTET_STRING) {
		return p, malformed("PBMParameter")
	}
	owf, ok := readAlgorithm(&s, asn1.SEQUENCE)
	if !ok || !s.ReadASN1Integer(&p.iterations) {
		return p, malformed("PBMParameter")
	}
	tag, ok := readAlgorithm(&s, asn1.SEQUENCE)
	if !ok || !s.Empty() {
		return p, malformed("PBMParameter")
	}
	p.hash, p.mac = owf.id, tag.id
	if hashes[p.hash.String()] == nil {
		return p, errMACParameters
	}
	return p, nil
}

func parsePBMAC1(params []byte) (mac, error) {
	p := mac{kind: oidPBMAC1, hash: oidHMACSHA1} // the default prf of RFC 8018 §A.2
	in := cryptobyte.String(params)
	var s, kdf, inner cryptobyte.String
	var id oid.ObjectIdentifier
	if !in.ReadASN1(&s, asn1.SEQUENCE) || !in.Empty() || !s.ReadASN1(&kdf, asn1.SEQUENCE) || !kdf.ReadASN1ObjectIdentifier(&id) || !id.Equal(oidPBKDF2) ||
		!kdf.ReadASN1(&inner, asn1.SEQUENCE) || !kdf.Empty() || !inner.ReadASN1Bytes(&p.salt, asn1.OCTET_STRING) || !inner.ReadASN1Integer(&p.iterations) {
		return p, malformed("PBMAC1-params")
	}
	scheme, ok := readAlgorithm(&s, asn1.SEQUENCE)
	if !ok || !s.Empty() {
		return p, malformed("PBMAC1-params")
	}
	p.mac = scheme.id
	if newHash := macs[p.mac.String()]; newHash != nil {
		p.keyLength = newHash().Size()
	}
	if inner.PeekASN1Tag(asn1.INTEGER) && (!inner.ReadASN1Integer(&p.keyLength) || p.keyLength < 16 || p.keyLength > 64) {
		return p, errMACParameters
	}
	if !inner.Empty() {
		prf, ok := readAlgorithm(&inner, asn1.SEQUENCE)
		if !ok || !inner.Empty() {
			return p, malformed("PBKDF2-params")
		}
		p.hash = prf.id
	}
	if macs[p.hash.String()] == nil {
		return p, errMACParameters
	}
	return p, nil
}

// algorithm gives the protectionAlg for these parameters.
func (p mac) algorithm() algorithm {
	b := cryptobyte.NewBuilder(nil)
	if p.kind.Equal(oidPBMAC1) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidPBKDF2)
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1OctetString(p.salt)
					b.AddASN1Int64(int64(p.iterations))
					b.AddASN1Int64(int64(p.keyLength))
					algorithm{id: p.hash, params: null}.add(b)
				})
			})
			algorithm{id: p.mac, params: null}.add(b)
		})
	} else {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(p.salt)
			algorithm{id: p.hash}.add(b)
			b.AddASN1Int64(int64(p.iterations))
			algorithm{id: p.mac}.add(b)
		})
	}
	return algorithm{id: p.kind, params: b.BytesOrPanic()}
}

var null = []byte{0x05, 0x00}

// sum computes the tag over data.
func (p mac) sum(secret, data []byte) ([]byte, error) {
	var key []byte
	if p.kind.Equal(oidPBMAC1) {
		var err error
		if key, err = pbkdf2.Key(macs[p.hash.String()], string(secret), p.salt, p.iterations, p.keyLength); err != nil {
			return nil, fmt.Errorf("derive the MAC key: %w", err)
		}
	} else {
		// RFC 4211 §4.4: the hash of secret and salt, hashed again until it was done that many times.
		h := hashes[p.hash.String()]()
		h.Write(secret)
		h.Write(p.salt)
		key = h.Sum(nil)
		for range p.iterations - 1 {
			h.Reset()
			h.Write(key)
			key = h.Sum(key[:0])
		}
	}
	m := hmac.New(macs[p.mac.String()], key)
	m.Write(data)
	return m.Sum(nil), nil
}

// verify says whether tag is the MAC of data, in time that does not depend on where they differ.
func (p mac) verify(secret, data, tag []byte) bool {
	want, err := p.sum(secret, data)
	return err == nil && hmac.Equal(want, tag)
}
