package cmp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	oid "encoding/asn1"
	"errors"
	"fmt"
	"io"
)

// signatureAlgorithms of RFC 9481 §3 that are taken, for protection and for proof of possession.
var signatureAlgorithms = []struct {
	id  oid.ObjectIdentifier
	alg x509.SignatureAlgorithm
}{
	{oidSHA256WithRSA, x509.SHA256WithRSA}, {oidSHA384WithRSA, x509.SHA384WithRSA}, {oidSHA512WithRSA, x509.SHA512WithRSA},
	{oidECDSAWithSHA256, x509.ECDSAWithSHA256}, {oidECDSAWithSHA384, x509.ECDSAWithSHA384}, {oidECDSAWithSHA512, x509.ECDSAWithSHA512},
}

var errSignatureAlgorithm = errors.New("the signature algorithm is not supported")

// minRSABits is the smallest RSA key whose signature counts (НУЦ issues RSA-2048 and longer).
const minRSABits = 2048

func verifySignature(key crypto.PublicKey, a algorithm, data, signature []byte) error {
	if k, isRSA := key.(*rsa.PublicKey); isRSA && k.N.BitLen() < minRSABits {
		return errSignatureAlgorithm
	}
	for _, known := range signatureAlgorithms {
		if known.id.Equal(a.id) {
			return (&x509.Certificate{PublicKey: key}).CheckSignature(known.alg, data, signature)
		}
	}
	return fmt.Errorf("%w: %v", errSignatureAlgorithm, a.id)
}

// signingAlgorithm is what a key of ours signs with: always SHA-256.
func signingAlgorithm(key crypto.PublicKey) (algorithm, error) {
	switch key.(type) {
	case *rsa.PublicKey:
		return algorithm{id: oidSHA256WithRSA, params: null}, nil // RFC 4055 §5: parameters are NULL
	case *ecdsa.PublicKey:
		return algorithm{id: oidECDSAWithSHA256}, nil // RFC 5758 §3.2: parameters are absent
	}
	return algorithm{}, fmt.Errorf("%w: key of type %T", errSignatureAlgorithm, key)
}

func sign(rand io.Reader, key crypto.Signer, data []byte) ([]byte, error) {
	h := crypto.SHA256.New()
	h.Write(data)
	return key.Sign(rand, h.Sum(nil), crypto.SHA256)
}
