package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// maxPrivate is the longest PKCS#8 that is looked into, in bytes: RSA with 8192 bits. What is longer would cost seconds to check.
const maxPrivate = 5 << 10

// marshalPrivate writes a key as PKCS#8 (RFC 5958); a GOST key with the identifiers and in the octet strings of the authority.
func marshalPrivate(key crypto.Signer) ([]byte, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if key != nil {
			return x509.MarshalPKCS8PrivateKey(key)
		}
	case *gost.PrivateKey:
		if key != nil {
			return gost.MarshalPrivateKey(key, gost.Kazakh)
		}
	}
	return nil, errors.New("it is no key of a kind that is kept in files here")
}

// marshalPublic writes the SubjectPublicKeyInfo of a key that is kept in files here.
func marshalPublic(key crypto.PublicKey) ([]byte, error) {
	if public, is := key.(*gost.PublicKey); is {
		return gost.MarshalPublicKey(public, gost.Kazakh)
	}
	return x509.MarshalPKIXPublicKey(key)
}

// parsePrivate reads a key from PKCS#8. A kind that is not used here, or that is not sound, is [ErrUnsupported].
func parsePrivate(pkcs8 []byte) (crypto.Signer, error) {
	if len(pkcs8) > maxPrivate {
		return nil, fmt.Errorf("%w: its key is longer than any in use", ErrUnsupported)
	}
	algorithm, bits := kindOfPrivate(pkcs8)
	switch algorithm {
	case AlgorithmRSA, AlgorithmEC:
		key, err := x509.ParsePKCS8PrivateKey(pkcs8)
		if err != nil { // the cause could show something of the key
			return nil, fmt.Errorf("%w: its %s key is not sound", ErrUnsupported, algorithm)
		}
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	case AlgorithmGOST2015:
		key, _, err := gost.ParsePrivateKey(pkcs8)
		if err == nil {
			return key, nil
		}
		if bits == 512 && !errors.Is(err, gost.ErrParameters) {
			return nil, fmt.Errorf("%w: its %s key is not sound", ErrUnsupported, algorithm)
		}
	}
	return nil, fmt.Errorf("%w: its key is of a kind that is not used here (%s)", ErrUnsupported, algorithm)
}

// Belongs says whether cert certifies the public half of key: the one proof there is that the two go together.
func Belongs(cert *x509.Certificate, key crypto.Signer) bool {
	if cert == nil || key == nil {
		return false
	}
	return samePublic(publicOf(cert), key.Public())
}

// publicOf is the public key in a certificate; nil where it is of a kind that is not used here.
func publicOf(cert *x509.Certificate) crypto.PublicKey {
	if cert.PublicKey != nil {
		return cert.PublicKey
	}
	if key, _, err := gost.ParsePublicKey(cert.RawSubjectPublicKeyInfo); err == nil {
		return key
	}
	return nil
}

// samePublic compares two public keys; nil is like nothing.
func samePublic(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && b != nil && key.Equal(b)
}

// use proves a key by using it once: it signs something new, and the signature verifies with public.
func use(key crypto.Signer, public crypto.PublicKey) error {
	failed := errors.New("the key does not sign")
	var text [32]byte
	rand.Read(text[:]) // never fails
	switch public := public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(text[:])
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil || rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) != nil {
			return failed
		}
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(text[:])
		signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		if err != nil || !ecdsa.VerifyASN1(public, digest[:], signature) {
			return failed
		}
	case *gost.PublicKey:
		digest := gost.Sum512(text[:])
		signature, err := key.Sign(rand.Reader, digest[:], gost.Kazakh)
		if err != nil || !public.Verify(gost.Kazakh, digest[:], signature) {
			return failed
		}
	default:
		return fmt.Errorf("%w: a key of this kind cannot be tried", ErrUnsupported)
	}
	return nil
}
