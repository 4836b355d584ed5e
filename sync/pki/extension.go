package pki

import (
	"crypto/sha1" // key identifiers only
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/mail"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extensions and qualifiers, RFC 5280 §4.2.1 unless said otherwise.
var (
	oidExtPolicies        = asn1.ObjectIdentifier{2, 5, 29, 32}
	oidExtExtKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidExtKeyUsage        = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidQualifierCPS       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 1}
	oidQualifierNotice    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 2}
)

// storageExtension is НУЦ's key-storage extension: SEQUENCE { storage OBJECT IDENTIFIER }. In a
// request a path may follow the OID; in a certificate it never does.
func storageExtension(id OID, storage OID) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier(storage))
	})
	return extension(asn1.ObjectIdentifier(id), &b)
}

// policyExtension is certificatePolicies with the CPS pointer and, if notice is not empty, a user
// notice with explicit text (RFC 5280 §4.2.1.4).
func policyExtension(policy Policy, notice string) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier(policy.OID))
			if policy.CPS == "" && notice == "" {
				return
			}
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addQualifiers(b, policy.CPS, notice) })
		})
	})
	return extension(oidExtPolicies, &b)
}

func addQualifiers(b *cryptobyte.Builder, cps, notice string) {
	if cps != "" {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidQualifierCPS)
			b.AddASN1(cbasn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(cps)) })
		})
	}
	if notice != "" {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidQualifierNotice)
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(notice)) })
			})
		})
	}
}

// extKeyUsageExtension keeps the profile's order, which crypto/x509 would not.
func extKeyUsageExtension(usages []OID) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, usage := range usages {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier(usage))
		}
	})
	return extension(oidExtExtKeyUsage, &b)
}

func extension(id asn1.ObjectIdentifier, b *cryptobyte.Builder) (pkix.Extension, error) {
	value, err := b.Bytes()
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("encode extension %v: %w", id, err)
	}
	return pkix.Extension{Id: id, Value: value}, nil
}

// readStorage gives the storage OID of a key-storage extension's value.
func readStorage(value []byte, pathAllowed bool) (asn1.ObjectIdentifier, error) {
	input := cryptobyte.String(value)
	var sequence cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !input.ReadASN1(&sequence, cbasn1.SEQUENCE) || !input.Empty() || !sequence.ReadASN1ObjectIdentifier(&oid) {
		return nil, errors.New("key-storage extension is damaged")
	}
	if !pathAllowed && !sequence.Empty() {
		return nil, errors.New("key-storage extension has more than the storage")
	}
	return oid, nil
}

func findExtension(extensions []pkix.Extension, id asn1.ObjectIdentifier) (pkix.Extension, bool) {
	for _, one := range extensions {
		if one.Id.Equal(id) {
			return one, true
		}
	}
	return pkix.Extension{}, false
}

// CheckEmail takes an empty address or a plain one in ASCII, which is all that rfc822Name can
// carry (RFC 5280 §4.2.1.6).
func CheckEmail(address string) error {
	if address == "" {
		return nil
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > 254 {
		return errors.New("e-mail address is not a plain address")
	}
	for _, c := range []byte(address) {
		if c <= ' ' || c > '~' {
			return errors.New("e-mail address has characters outside ASCII")
		}
	}
	return nil
}

// oidRSAKey is rsaEncryption, RFC 3279 §2.3.1.
var oidRSAKey = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}

// KeySerial is the serial number that follows from a key by НУЦ's rule: its KeyID with the top bit off,
// which makes it positive, and at least 0x10 in the leading octet, which keeps it at 20 octets (RFC 5280
// §4.1.2.2; seen in all its GOST samples of 2022).
func KeySerial(spki []byte) (*big.Int, error) {
	id, err := KeyID(spki)
	if err != nil {
		return nil, err
	}
	id[0] &= 0x7f
	if id[0] < 0x10 {
		id[0] |= 0x10
	}
	return new(big.Int).SetBytes(id), nil
}

// KeyID is the subject key identifier as НУЦ makes it, also for the names of key files: SHA-1, 20
// octets, over the whole SubjectPublicKeyInfo for RSA keys (seen in its samples of 2020), over the
// BIT STRING's content for all others (RFC 5280 §4.2.1.2, method 1; seen in its GOST samples).
func KeyID(spki []byte) ([]byte, error) {
	key, err := keyBits(spki)
	if err != nil {
		return nil, err
	}
	if oid, _, err := readAlgorithm(keyAlgorithm(spki)); err == nil && oid.Equal(oidRSAKey) {
		key = spki
	}
	id := sha1.Sum(key)
	return id[:], nil
}

// keyBits gives the content of a SubjectPublicKeyInfo's BIT STRING.
func keyBits(spki []byte) ([]byte, error) {
	input := cryptobyte.String(spki)
	var info, algorithm cryptobyte.String
	var oid asn1.ObjectIdentifier
	var key []byte
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !input.Empty() || !info.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) || !info.ReadASN1BitStringAsBytes(&key) || !info.Empty() {
		return nil, errors.New("public key is no SubjectPublicKeyInfo")
	}
	return key, nil
}

// keyAlgorithm gives the AlgorithmIdentifier of a SubjectPublicKeyInfo that keyBits has read.
func keyAlgorithm(spki []byte) []byte {
	input := cryptobyte.String(spki)
	var info, algorithm cryptobyte.String
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) {
		return nil
	}
	return algorithm
}
