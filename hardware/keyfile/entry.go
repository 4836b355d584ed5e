package keyfile

import (
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of what is read. A file of the authority is about 4 kB.
const (
	MaxSize       = 256 << 10 // bytes in a key file
	MaxIterations = 4_000_000 // key derivation steps one reading may spend, over all parts of the file
	maxBags       = 32        // keys, certificates and other things in one file
)

// What can be wrong with a key file.
var (
	ErrPassword    = errors.New("the password does not open the key file")
	ErrDamaged     = errors.New("the key file is damaged")
	ErrUnsupported = errors.New("the key file is of a kind that is not read here")
	ErrTooLarge    = errors.New("the file is too large to be a key file")
)

// Entry is what one key file holds: a private key, its certificate, and the certificates above it, issuer first.
type Entry struct {
	Key         crypto.Signer // *rsa.PrivateKey or *gost.PrivateKey
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
}

// Cipher is the pair of encryption and MAC a file is written with.
type Cipher int

const (
	// TripleDES is pbeWithSHAAnd3-KeyTripleDES-CBC with an HMAC-SHA-1 (RFC 7292 appendix C): opened by every reader in use.
	TripleDES Cipher = iota
	// AES is PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC (RFC 8018), MAC HMAC-SHA-256: what OpenSSL 3 writes by itself.
	AES
)

// defaultIterations is what Java writes. The authority writes 1024; every reader takes the number from the file.
const defaultIterations = 10_000

// Options say how a file is written. The zero value is what decision 6 of the design asks for.
type Options struct {
	Cipher     Cipher
	Iterations int       // of each key derivation; 0 means 10,000
	Rand       io.Reader // salts and initial vectors; nil means crypto/rand
}

// KeyID is the certificate's subject key identifier; where the certificate carries none, SHA-1 over the content of its
// subjectPublicKey (RFC 5280 §4.2.1.2, method 1), which is how the authority makes it.
func KeyID(cert *x509.Certificate) ([]byte, error) {
	if len(cert.SubjectKeyId) > 0 {
		return cert.SubjectKeyId, nil
	}
	var spki struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if rest, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &spki); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("read the certificate's public key: %w", ErrDamaged)
	}
	sum := sha1.Sum(spki.Key.Bytes)
	return sum[:], nil
}

// Name is the file name the authority gives to a key file: RSA256_<key identifier in hex>.p12, with AUTH_ before it for the key of
// authentication, GOST512_<key identifier in hex>.p12 for a GOST key. template is the template of the application ("rsa-auth", "rsa-sign", "gost2015");
// an unknown one gets the name of a signing key of the certificate's algorithm.
func Name(template string, cert *x509.Certificate) string {
	id, err := KeyID(cert)
	if err != nil { // a parsed certificate always has a public key
		id = nil
	}
	prefix := "RSA256_"
	algorithm, _ := kindOfCertificate(cert)
	switch {
	case template == TemplateGOST, algorithm == AlgorithmGOST2015:
		prefix = "GOST512_"
	case algorithm == AlgorithmGOST2004:
		prefix = "GOSTKNCA_"
	case strings.HasSuffix(template, "-auth"):
		prefix = "AUTH_RSA256_"
	}
	return prefix + hex.EncodeToString(id) + ".p12"
}

// check refuses an entry that would make a file nobody can use.
func (e Entry) check() error {
	if e.Key == nil || e.Certificate == nil {
		return errors.New("a key file needs a key and its certificate")
	}
	if !Belongs(e.Certificate, e.Key) {
		return errors.New("the certificate is of another key")
	}
	return nil
}
