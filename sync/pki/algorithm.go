package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// ErrAlgorithm says that a key or signature is of an algorithm that does not count here.
var ErrAlgorithm = errors.New("algorithm is not accepted")

// errWrongSignature says that a signature is not one of these octets by this key.
var errWrongSignature = errors.New("signature is wrong")

// Signature algorithms: RFC 8017 appendix C, RFC 5758 §3.2. SHA-1 and what is older counts nowhere.
var (
	oidRSASHA256   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidRSASHA384   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}
	oidRSASHA512   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}
	oidECDSASHA384 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}
	oidECDSASHA512 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}
)

// scheme is one signature algorithm as it stands in an AlgorithmIdentifier.
type scheme struct {
	oid    asn1.ObjectIdentifier
	digest func() hash.Hash
	verify func(public crypto.PublicKey, digest, signature []byte) bool
	null   bool // its parameters are NULL; RFC 4055 §5 has readers accept none instead
}

// Kazakh GOST: НУЦ's certificates carry NULL, its revocation lists once NULL and once nothing.
var schemes = []scheme{
	{oid: oidRSASHA256, digest: crypto.SHA256.New, verify: rsaWith(crypto.SHA256), null: true},
	{oid: oidRSASHA384, digest: crypto.SHA384.New, verify: rsaWith(crypto.SHA384), null: true},
	{oid: oidRSASHA512, digest: crypto.SHA512.New, verify: rsaWith(crypto.SHA512), null: true},
	{oid: oidECDSASHA256, digest: crypto.SHA256.New, verify: verifyECDSA},
	{oid: oidECDSASHA384, digest: crypto.SHA384.New, verify: verifyECDSA},
	{oid: oidECDSASHA512, digest: crypto.SHA512.New, verify: verifyECDSA},
	{oid: gost.Kazakh.SignatureOID(), digest: gost.New512, verify: verifyGOST, null: true},
}

func rsaWith(digest crypto.Hash) func(crypto.PublicKey, []byte, []byte) bool {
	return func(public crypto.PublicKey, sum, signature []byte) bool {
		key, isRSA := public.(*rsa.PublicKey)
		return isRSA && rsa.VerifyPKCS1v15(key, digest, sum, signature) == nil
	}
}

func verifyECDSA(public crypto.PublicKey, sum, signature []byte) bool {
	key, isECDSA := public.(*ecdsa.PublicKey)
	return isECDSA && ecdsa.VerifyASN1(key, sum, signature)
}

func verifyGOST(public crypto.PublicKey, sum, signature []byte) bool {
	key, isGOST := public.(*gost.PublicKey)
	return isGOST && key.Verify(gost.Kazakh, sum, signature)
}

// readScheme finds the algorithm of an AlgorithmIdentifier in DER; ErrAlgorithm if it does not count.
func readScheme(algorithm []byte) (scheme, error) {
	oid, parameters, err := readAlgorithm(algorithm)
	if err != nil {
		return scheme{}, err
	}
	for _, known := range schemes {
		if !known.oid.Equal(oid) {
			continue
		}
		if len(parameters) > 0 && !(known.null && bytes.Equal(parameters, derNULL)) {
			return scheme{}, fmt.Errorf("%w: %v with parameters", ErrAlgorithm, oid)
		}
		return known, nil
	}
	return scheme{}, fmt.Errorf("%w: signature algorithm %v", ErrAlgorithm, oid)
}

var derNULL = []byte{5, 0}

// readAlgorithm takes an AlgorithmIdentifier apart, RFC 5280 §4.1.1.2.
func readAlgorithm(der []byte) (oid asn1.ObjectIdentifier, parameters []byte, err error) {
	input := cryptobyte.String(der)
	var sequence cryptobyte.String
	if !input.ReadASN1(&sequence, cbasn1.SEQUENCE) || !input.Empty() || !sequence.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, fmt.Errorf("%w: its identifier is damaged", ErrAlgorithm)
	}
	return oid, sequence, nil
}

// ParseKey reads a SubjectPublicKeyInfo in DER: *rsa.PublicKey, *ecdsa.PublicKey or *gost.PublicKey, GOST
// keys under Kazakh identifiers only. All others are ErrAlgorithm, damaged ones errors of their readers.
func ParseKey(spki []byte) (crypto.PublicKey, error) {
	input := cryptobyte.String(spki)
	var info, algorithm cryptobyte.String
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !input.Empty() || !info.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) {
		return nil, errors.New("read public key: it is no SubjectPublicKeyInfo")
	}
	oid, _, err := readAlgorithm(algorithm)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	if oid.Equal(gost.Kazakh.KeyOID()) {
		key, dialect, err := gost.ParsePublicKey(spki)
		if err != nil {
			return nil, fmt.Errorf("read public key: %w", err)
		}
		if dialect != gost.Kazakh {
			return nil, fmt.Errorf("read public key: %w: GOST under other identifiers", ErrAlgorithm)
		}
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	switch parsed.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return parsed, checkKeySize(parsed)
	default:
		return nil, fmt.Errorf("read public key: %w: %T", ErrAlgorithm, parsed)
	}
}

// VerifyBytes verifies a signature over signed, by the algorithm that an AlgorithmIdentifier in DER names.
// The algorithm must be one for the key.
func VerifyBytes(public crypto.PublicKey, algorithm, signed, signature []byte) error {
	known, err := readScheme(algorithm)
	if err != nil {
		return fmt.Errorf("verify signature: %w", err)
	}
	if err := checkKeySize(public); err != nil {
		return fmt.Errorf("verify signature: %w", err)
	}
	digest := known.digest()
	digest.Write(signed)
	if !known.verify(public, digest.Sum(nil), signature) {
		return fmt.Errorf("verify signature: %w", errWrongSignature)
	}
	return nil
}

// SignBytes signs tbs and gives the AlgorithmIdentifier in DER beside the signature: RSA with SHA-256,
// ECDSA with SHA-256 or, from P-384 on, SHA-384, GOST with Streebog-512 under Kazakh identifiers.
func SignBytes(signer crypto.Signer, tbs []byte) (algorithm, signature []byte, err error) {
	how, err := schemeOf(signer.Public())
	if err != nil {
		return nil, nil, fmt.Errorf("sign: %w", err)
	}
	digest := how.digest()
	digest.Write(tbs)
	signature, err = signer.Sign(rand.Reader, digest.Sum(nil), how.options())
	if err != nil {
		return nil, nil, fmt.Errorf("sign: ask the key: %w", err)
	}
	return how.identifier(), signature, nil
}

// schemeOf chooses what a key signs with.
func schemeOf(public crypto.PublicKey) (scheme, error) {
	oid := asn1.ObjectIdentifier(nil)
	switch key := public.(type) {
	case *rsa.PublicKey:
		oid = oidRSASHA256
	case *ecdsa.PublicKey:
		if oid = oidECDSASHA256; key.Curve.Params().BitSize > 256 {
			oid = oidECDSASHA384
		}
	case *gost.PublicKey:
		oid = gost.Kazakh.SignatureOID()
	default:
		return scheme{}, fmt.Errorf("%w: key of type %T", ErrAlgorithm, public)
	}
	return findScheme(oid), nil
}

func findScheme(oid asn1.ObjectIdentifier) scheme {
	for _, known := range schemes {
		if known.oid.Equal(oid) {
			return known
		}
	}
	return scheme{}
}

// options are for crypto.Signer.
func (s scheme) options() crypto.SignerOpts {
	switch {
	case s.oid.Equal(gost.Kazakh.SignatureOID()):
		return gost.Kazakh
	case s.oid.Equal(oidECDSASHA384), s.oid.Equal(oidRSASHA384):
		return crypto.SHA384
	case s.oid.Equal(oidECDSASHA512), s.oid.Equal(oidRSASHA512):
		return crypto.SHA512
	default:
		return crypto.SHA256
	}
}

// identifier is the AlgorithmIdentifier in DER.
func (s scheme) identifier() []byte { return algorithmIdentifier(s.oid, s.null) }

func algorithmIdentifier(oid asn1.ObjectIdentifier, null bool) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if null {
			b.AddASN1NULL()
		}
	})
	return b.BytesOrPanic() // an identifier from a table of ours always encodes
}
