package gost

import (
	"crypto/subtle"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	tags "golang.org/x/crypto/cryptobyte/asn1"
)

// ParsePublicKey reads a SubjectPublicKeyInfo in DER and says in which dialect it is written. RFC 5280 §4.1.2.7, RFC 9215 §4.
// Errors: [ErrEncoding], [ErrKey], [ErrParameters], [ErrRange].
func ParsePublicKey(spki []byte) (*PublicKey, Dialect, error) {
	in := cryptobyte.String(spki)
	var info, algorithm, point cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&info, tags.SEQUENCE) || !in.Empty() || !info.ReadASN1(&algorithm, tags.SEQUENCE) ||
		!info.ReadASN1BitStringAsBytes(&bits) || !info.Empty() {
		return nil, 0, fmt.Errorf("parse public key: %w", ErrEncoding)
	}
	dialect, err := parseAlgorithm(algorithm)
	if err != nil {
		return nil, 0, fmt.Errorf("parse public key: %w", err)
	}
	inner := cryptobyte.String(bits) // the key is an OCTET STRING inside: RFC 9215 §4.3
	if !inner.ReadASN1(&point, tags.OCTET_STRING) || !inner.Empty() {
		return nil, 0, fmt.Errorf("parse public key: %w", ErrEncoding)
	}
	key, err := NewPublicKey(point)
	if err != nil {
		return nil, 0, fmt.Errorf("parse public key: %w", err)
	}
	return key, dialect, nil
}

// MarshalPublicKey writes a SubjectPublicKeyInfo in DER.
func MarshalPublicKey(key *PublicKey, dialect Dialect) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
		addAlgorithm(b, dialect)
		b.AddASN1(tags.BIT_STRING, func(b *cryptobyte.Builder) {
			b.AddUint8(0) // unused bits
			b.AddASN1OctetString(key.raw[:])
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("marshal public key: %w", err)
	}
	return der, nil
}

// ParsePrivateKey reads a PrivateKeyInfo (PKCS#8, RFC 5208 §5, and OneAsymmetricKey, RFC 5958 §2) in DER and says in which dialect it is written.
// The number may lie in one octet string or in two, one in the other, in either dialect: НУЦ and Bouncy Castle write two, OpenSSL's engine one.
// A public key in it must be this key's. Errors: as of [ParsePublicKey].
func ParsePrivateKey(pkcs8 []byte) (*PrivateKey, Dialect, error) {
	in := cryptobyte.String(pkcs8)
	var info, algorithm, octets, public cryptobyte.String
	var version int
	var hasPublic bool
	if !in.ReadASN1(&info, tags.SEQUENCE) || !in.Empty() || !info.ReadASN1Integer(&version) || version < 0 || version > 1 ||
		!info.ReadASN1(&algorithm, tags.SEQUENCE) || !info.ReadASN1(&octets, tags.OCTET_STRING) ||
		!info.SkipOptionalASN1(tags.Tag(0).ContextSpecific().Constructed()) || // attributes
		!info.ReadOptionalASN1(&public, &hasPublic, tags.Tag(1).ContextSpecific()) || !info.Empty() {
		return nil, 0, fmt.Errorf("parse private key: %w", ErrEncoding)
	}
	dialect, err := parseAlgorithm(algorithm)
	if err != nil {
		return nil, 0, fmt.Errorf("parse private key: %w", err)
	}
	// A DER octet string of 64 octets has 66, so the two forms cannot be taken for each other.
	if len(octets) != PrivateKeySize {
		outer := octets
		if !outer.ReadASN1(&octets, tags.OCTET_STRING) || !outer.Empty() {
			return nil, 0, fmt.Errorf("parse private key: %w", ErrEncoding)
		}
	}
	key, err := NewPrivateKey(octets)
	if err != nil {
		return nil, 0, fmt.Errorf("parse private key: %w", err)
	}
	if hasPublic && !holds(public, key.public) {
		return nil, 0, fmt.Errorf("parse private key with another one's public key: %w", ErrRange)
	}
	return key, dialect, nil
}

// holds says whether the contents of an implicit BIT STRING are the key, bare or as an octet string.
func holds(bits cryptobyte.String, key *PublicKey) bool {
	var unused uint8
	if !bits.ReadUint8(&unused) || unused != 0 {
		return false
	}
	if len(bits) != PublicKeySize {
		outer := bits
		if !outer.ReadASN1(&bits, tags.OCTET_STRING) || !outer.Empty() {
			return false
		}
	}
	return subtle.ConstantTimeCompare(bits, key.raw[:]) == 1
}

// MarshalPrivateKey writes a PrivateKeyInfo, version 0, in DER: as НУЦ writes it, or as OpenSSL's engine does. The caller wipes it.
func MarshalPrivateKey(key *PrivateKey, dialect Dialect) ([]byte, error) {
	if key.wiped {
		return nil, fmt.Errorf("marshal private key: %w", ErrWiped)
	}
	d := key.d.bytes()
	defer clear(d[:])
	var b cryptobyte.Builder
	b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(0)
		addAlgorithm(b, dialect)
		b.AddASN1(tags.OCTET_STRING, func(b *cryptobyte.Builder) {
			if dialect == Russian {
				b.AddBytes(d[:])
			} else {
				b.AddASN1OctetString(d[:])
			}
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("marshal private key: %w", err)
	}
	return der, nil
}

// addAlgorithm writes the AlgorithmIdentifier of a key: parameter set and digest. RFC 9215 §4.2 would rather leave the digest out; НУЦ and
// OpenSSL's engine write it, and so do we.
func addAlgorithm(b *cryptobyte.Builder, dialect Dialect) {
	ids := dialect.identifiers()
	b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(ids.key)
		b.AddASN1(tags.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(ids.parameters)
			b.AddASN1ObjectIdentifier(ids.digest)
		})
	})
}

// parseAlgorithm reads the contents of the AlgorithmIdentifier of a key. The digest may be left out, RFC 9215 §4.2; another one may not stand there.
func parseAlgorithm(in cryptobyte.String) (Dialect, error) {
	var key, set, digest asn1.ObjectIdentifier
	if !in.ReadASN1ObjectIdentifier(&key) {
		return 0, ErrEncoding
	}
	var dialect Dialect
	switch {
	case key.Equal(identifiersOf[Kazakh].key):
		dialect = Kazakh
	case key.Equal(identifiersOf[Russian].key):
		dialect = Russian
	default:
		return 0, fmt.Errorf("%v: %w", key, ErrKey)
	}
	var parameters cryptobyte.String
	if !in.ReadASN1(&parameters, tags.SEQUENCE) || !in.Empty() || !parameters.ReadASN1ObjectIdentifier(&set) ||
		!parameters.Empty() && !parameters.ReadASN1ObjectIdentifier(&digest) || !parameters.Empty() {
		return 0, ErrEncoding
	}
	ids := dialect.identifiers()
	if !set.Equal(ids.parameters) || digest != nil && !digest.Equal(ids.digest) {
		return 0, fmt.Errorf("%v with %v: %w", set, digest, ErrParameters)
	}
	return dialect, nil
}
