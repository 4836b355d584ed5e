package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
)

// marshalPrivate writes a key as PKCS#8 (RFC 5958).
func marshalPrivate(key crypto.Signer) ([]byte, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key != nil {
			return x509.MarshalPKCS8PrivateKey(key)
		}
	}
	return nil, errors.New("it is no key of a kind that is kept in files here")
}

// parsePrivate reads a key from PKCS#8. A kind that is not used here is [ErrUnsupported].
func parsePrivate(pkcs8 []byte) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, fmt.Errorf("%w: its key is not RSA in PKCS#8", ErrUnsupported)
	}
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("%w: its key is not RSA", ErrUnsupported)
}

// Belongs says whether cert certifies the public half of key: the one proof there is that the two go together.
func Belongs(cert *x509.Certificate, key crypto.Signer) bool {
	if cert == nil || key == nil {
		return false
	}
	return samePublic(publicOf(cert), key.Public())
}

// publicOf is the public key in a certificate; nil where it is of a kind that is not used here.
func publicOf(cert *x509.Certificate) crypto.PublicKey { return cert.PublicKey }

// samePublic compares two public keys; nil is like nothing.
func samePublic(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && b != nil && key.Equal(b)
}
