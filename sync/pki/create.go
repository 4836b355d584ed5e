package pki

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// crypto/x509 encodes certificates, requests and lists well, but for no GOST key. So it builds them for a
// scaffold key, whose parts are then exchanged and the whole signed anew; what it wrote of the rest
// stays as it is.

// scaffold is a key everybody may know: nothing that leaves this package is signed with it.
var scaffold = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// CreateCertificate signs a certificate in DER for the key of spki (DER of the SubjectPublicKeyInfo) with
// the key of parent; GOST, RSA and ECDSA may mix. parent is template for a self-signed one. The template
// is x509.CreateCertificate's. The signature is verified before the certificate is handed out.
func CreateCertificate(template, parent *x509.Certificate, spki []byte, signer crypto.Signer) ([]byte, error) {
	public, err := ParseKey(spki)
	if err != nil {
		return nil, fmt.Errorf("create certificate: %w", err)
	}
	if !isGOSTKey(public) && !isGOSTKey(signer.Public()) {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
		if err != nil {
			return nil, fmt.Errorf("create certificate: %w", err)
		}
		return der, nil
	}
	self := parent == template
	if err := signs(signer, parent, spki, self); err != nil {
		return nil, fmt.Errorf("create certificate: %w", err)
	}
	child := *template
	child.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	if child.IsCA && len(child.SubjectKeyId) == 0 { // or crypto/x509 would take the scaffold's
		if child.SubjectKeyId, err = KeyID(spki); err != nil {
			return nil, fmt.Errorf("create certificate: %w", err)
		}
	}
	above := &child
	if !self {
		copied := *parent
		copied.PublicKey = nil // the scaffold is not its key
		above = &copied
	}
	der, err := x509.CreateCertificate(rand.Reader, &child, above, scaffold.Public(), scaffold)
	if err != nil {
		return nil, fmt.Errorf("create certificate: %w", err)
	}
	if der, err = resign(der, signer, certificateParts(spki)); err != nil {
		return nil, fmt.Errorf("create certificate: %w", err)
	}
	return der, nil
}

// signs says whether signer has the key that parent is a certificate of.
func signs(signer crypto.Signer, parent *x509.Certificate, spki []byte, self bool) error {
	if !self {
		spki = parent.RawSubjectPublicKeyInfo
	}
	key, err := ParseKey(spki)
	if err != nil {
		return err
	}
	public, comparable := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(key) {
		return errors.New("the key is not the issuer's")
	}
	return nil
}

// CreateRevocationList signs a revocation list in DER, complete or, with DeltaIndicator among the
// template's ExtraExtensions, a delta. The template is x509.CreateRevocationList's.
func CreateRevocationList(template *x509.RevocationList, issuer *x509.Certificate, signer crypto.Signer) ([]byte, error) {
	if err := signs(signer, issuer, nil, false); err != nil {
		return nil, fmt.Errorf("create revocation list: %w", err)
	}
	if !isGOSTKey(signer.Public()) {
		der, err := x509.CreateRevocationList(rand.Reader, template, issuer, signer)
		if err != nil {
			return nil, fmt.Errorf("create revocation list: %w", err)
		}
		return der, nil
	}
	list, above := *template, *issuer
	list.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	above.PublicKey = nil
	der, err := x509.CreateRevocationList(rand.Reader, &list, &above, scaffold)
	if err != nil {
		return nil, fmt.Errorf("create revocation list: %w", err)
	}
	if der, err = resign(der, signer, listParts); err != nil {
		return nil, fmt.Errorf("create revocation list: %w", err)
	}
	return der, nil
}

// createRequest is x509.CreateCertificateRequest for every key ParseKey knows.
func createRequest(template *x509.CertificateRequest, spki []byte, signer crypto.Signer) ([]byte, error) {
	if !isGOSTKey(signer.Public()) {
		return x509.CreateCertificateRequest(rand.Reader, template, signer)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, scaffold)
	if err != nil {
		return nil, err
	}
	return resign(der, signer, requestParts(spki))
}

// exchange writes the content of a to-be-signed part anew: b takes what input has, with the algorithm and
// the key exchanged.
type exchange func(b *cryptobyte.Builder, input *cryptobyte.String, algorithm []byte) bool

// certificateParts is TBSCertificate, RFC 5280 §4.1: version, serial number, algorithm, issuer, validity,
// subject, key, the rest.
func certificateParts(spki []byte) exchange {
	return func(b *cryptobyte.Builder, input *cryptobyte.String, algorithm []byte) bool {
		return keep(b, input, 2) && skip(input) && add(b, algorithm) && keep(b, input, 3) && skip(input) && add(b, spki) && add(b, *input)
	}
}

// listParts is TBSCertList, RFC 5280 §5.1: version, algorithm, the rest.
func listParts(b *cryptobyte.Builder, input *cryptobyte.String, algorithm []byte) bool {
	return keep(b, input, 1) && skip(input) && add(b, algorithm) && add(b, *input)
}

// requestParts is CertificationRequestInfo, RFC 2986 §4.1: version, subject, key, attributes. It names
// no algorithm.
func requestParts(spki []byte) exchange {
	return func(b *cryptobyte.Builder, input *cryptobyte.String, _ []byte) bool {
		return keep(b, input, 2) && skip(input) && add(b, spki) && add(b, *input)
	}
}

func keep(b *cryptobyte.Builder, input *cryptobyte.String, elements int) bool {
	for range elements {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !input.ReadAnyASN1Element(&element, &tag) {
			return false
		}
		b.AddBytes(element)
	}
	return true
}

func skip(input *cryptobyte.String) bool {
	var element cryptobyte.String
	var tag cbasn1.Tag
	return input.ReadAnyASN1Element(&element, &tag)
}

func add(b *cryptobyte.Builder, der []byte) bool {
	b.AddBytes(der)
	return true
}

// resign takes SEQUENCE { to be signed, algorithm, signature } apart and puts it together again, signed by
// signer, with parts exchanged.
func resign(der []byte, signer crypto.Signer, parts exchange) ([]byte, error) {
	how, err := schemeOf(signer.Public())
	if err != nil {
		return nil, err
	}
	input := cryptobyte.String(der)
	var outer, inner cryptobyte.String
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.ReadASN1(&inner, cbasn1.SEQUENCE) {
		return nil, errors.New("the draft cannot be read")
	}
	whole := true
	var draft cryptobyte.Builder
	draft.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { whole = parts(b, &inner, how.identifier()) })
	tbs, err := draft.Bytes()
	if err != nil || !whole {
		return nil, errors.Join(errors.New("the draft cannot be read"), err)
	}
	algorithm, signature, err := SignBytes(signer, tbs)
	if err != nil {
		return nil, err
	}
	if err := VerifyBytes(signer.Public(), algorithm, tbs, signature); err != nil {
		return nil, fmt.Errorf("the key signed wrong: %w", err)
	}
	return sealed(tbs, algorithm, signature)
}

// sealed is SEQUENCE { to be signed, algorithm, signature }, as all of X.509 has it.
func sealed(tbs, algorithm, signature []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

// unsealed takes apart what sealed put together.
func unsealed(der []byte) (tbs, algorithm, signature []byte, err error) {
	input := cryptobyte.String(der)
	var outer, signed, identifier cryptobyte.String
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&signed, cbasn1.SEQUENCE) ||
		!outer.ReadASN1Element(&identifier, cbasn1.SEQUENCE) || !outer.ReadASN1BitStringAsBytes(&signature) || !outer.Empty() {
		return nil, nil, nil, errors.New("it is not made of content, algorithm and signature")
	}
	return bytes.Clone(signed), identifier, signature, nil
}

// marshalKey encodes a public key as ParseKey reads it.
func marshalKey(public crypto.PublicKey) ([]byte, error) {
	if key, isGOST := public.(*gost.PublicKey); isGOST {
		return gost.MarshalPublicKey(key, gost.Kazakh)
	}
	return x509.MarshalPKIXPublicKey(public)
}

func isGOSTKey(public crypto.PublicKey) bool {
	_, is := public.(*gost.PublicKey)
	return is
}
