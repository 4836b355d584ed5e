package cmp

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Possession is proved with the key that is to be certified, a kiosk's or a citizen's, and citizens have GOST keys too.
// Messages are protected with a device's key: protection knows RSA and ECDSA alone.

var errRequest = errors.New("the request is damaged")

// verifyPossession checks a signature by the key of a SubjectPublicKeyInfo.
func verifyPossession(spki []byte, a algorithm, data, signature []byte) error {
	key, err := pki.ParseKey(spki)
	if err != nil {
		return err
	}
	if _, isGOST := key.(*gost.PublicKey); !isGOST {
		return verifySignature(key, a, data, signature)
	}
	b := cryptobyte.NewBuilder(nil)
	a.add(b)
	der, err := b.Bytes()
	if err != nil {
		return err
	}
	return pki.VerifyBytes(key, der, data, signature)
}

// verifyP10 checks the signature of a PKCS#10, which is its proof of possession (RFC 2986 §3).
func verifyP10(csr *x509.CertificateRequest) error {
	if csr.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
		return csr.CheckSignature()
	}
	in := cryptobyte.String(csr.Raw)
	var whole cryptobyte.String
	var signature []byte
	if !in.ReadASN1(&whole, asn1.SEQUENCE) || !whole.SkipASN1(asn1.SEQUENCE) {
		return errRequest
	}
	a, ok := readAlgorithm(&whole, asn1.SEQUENCE)
	if !ok || !whole.ReadASN1BitStringAsBytes(&signature) || !whole.Empty() {
		return errRequest
	}
	return verifyPossession(csr.RawSubjectPublicKeyInfo, a, csr.RawTBSCertificateRequest, signature)
}

// signPossession signs with a key that is to be certified.
func signPossession(rand io.Reader, key crypto.Signer, data []byte) (algorithm, []byte, error) {
	if _, isGOST := key.Public().(*gost.PublicKey); isGOST {
		der, signature, err := pki.SignBytes(key, data)
		in := cryptobyte.String(der)
		a, ok := readAlgorithm(&in, asn1.SEQUENCE)
		if err == nil && !ok {
			err = errRequest
		}
		return a, signature, err
	}
	a, err := signingAlgorithm(key.Public())
	if err != nil {
		return algorithm{}, nil, err
	}
	signature, err := sign(rand, key, data)
	return a, signature, err
}

// publicKeyInfo is the SubjectPublicKeyInfo of a key of ours.
func publicKeyInfo(key crypto.PublicKey) ([]byte, error) {
	if own, isGOST := key.(*gost.PublicKey); isGOST {
		return gost.MarshalPublicKey(own, gost.Kazakh)
	}
	return x509.MarshalPKIXPublicKey(key)
}
