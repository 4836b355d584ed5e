package authority

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"sync"

	"github.com/tirkeu/kiosk/sync/pki"
)

// Authority signs. It is safe for use by several goroutines.
type Authority struct {
	options    Options
	profiles   *pki.Profiles
	root       *x509.Certificate
	issuing    *x509.Certificate
	rootKey    crypto.Signer // nil where the root's key is kept elsewhere
	issuingKey crypto.Signer

	responder struct {
		mutex sync.Mutex // guards the fields below; held while a new key is made, some 0.2 s a week
		key   *rsa.PrivateKey
		cert  *x509.Certificate
	}
}

// Open reads stored material and checks that it belongs together: keys and certificates match, the
// issuing CA chains to the root and neither has expired, both names say SANDBOX.
func Open(stored Material, options Options) (*Authority, error) {
	a := &Authority{options: options.filled(), profiles: pki.DefaultProfiles()}
	var err error
	if a.root, err = readCertificate(stored.RootCertificate); err != nil {
		return nil, fmt.Errorf("open authority: root: %w", err)
	}
	if a.issuing, err = readCertificate(stored.IssuingCertificate); err != nil {
		return nil, fmt.Errorf("open authority: issuing CA: %w", err)
	}
	if len(stored.RootKey) > 0 {
		if a.rootKey, err = readKey(stored.RootKey, a.root); err != nil {
			return nil, fmt.Errorf("open authority: root: %w", err)
		}
	}
	if a.issuingKey, err = readKey(stored.IssuingKey, a.issuing); err != nil {
		return nil, fmt.Errorf("open authority: issuing CA: %w", err)
	}
	if _, isRSA := a.issuing.PublicKey.(*rsa.PublicKey); !isRSA {
		return nil, errors.New("open authority: issuing CA: its key is not RSA")
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	return a, nil
}

func (a *Authority) check() error {
	for _, ca := range []*x509.Certificate{a.root, a.issuing} {
		if !ca.IsCA || !strings.Contains(ca.Subject.CommonName, sandboxMark) {
			return fmt.Errorf("certificate %q is no sandbox CA", ca.Subject.CommonName)
		}
	}
	if _, err := pki.VerifyChain(a.issuing, a.Roots(), nil, a.options.Now()); err != nil {
		return fmt.Errorf("issuing CA does not chain to the root: %w", err)
	}
	return nil
}

func readCertificate(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

func readKey(data []byte, cert *x509.Certificate) (crypto.Signer, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("no PKCS#8 key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("key cannot be read") // the cause could quote the key
	}
	signer, signs := parsed.(crypto.Signer)
	if !signs {
		return nil, fmt.Errorf("key of type %T cannot sign", parsed)
	}
	public, comparable := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(cert.PublicKey) {
		return nil, errors.New("key is not the certificate's")
	}
	return signer, nil
}

// Root gives the root's certificate, the anchor everybody trusts.
func (a *Authority) Root() *x509.Certificate { return a.root }

// Issuing gives the issuing CA's certificate.
func (a *Authority) Issuing() *x509.Certificate { return a.issuing }

// Roots gives a pool with the root.
func (a *Authority) Roots() *pki.Pool { return pki.NewPool(a.root) }

// Intermediates gives a pool with the issuing CA.
func (a *Authority) Intermediates() *pki.Pool { return pki.NewPool(a.issuing) }

// NewSerial gives a serial number of 20 random octets, positive and never shorter (RFC 5280
// §4.1.2.2). The leading octet follows НУЦ's rule: top bit off, at least 0x10. A caller that must
// not lose a certificate records the number before it has it signed.
func (a *Authority) NewSerial() (*big.Int, error) { return newSerial(a.options.Rand) }

func newSerial(random io.Reader) (*big.Int, error) {
	octets := make([]byte, 20)
	if _, err := io.ReadFull(random, octets); err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	octets[0] &= 0x7f
	if octets[0] < 0x10 {
		octets[0] |= 0x10
	}
	return new(big.Int).SetBytes(octets), nil
}
