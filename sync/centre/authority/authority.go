package authority

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Authority signs. It is safe for use by several goroutines.
type Authority struct {
	options  Options
	profiles *pki.Profiles
	root     *x509.Certificate
	rootKey  crypto.Signer // nil where the root's key is kept elsewhere
	rsa      *issuer
	gost     *issuer // nil where the authority was made before there was one, and CreateGOST was not called
}

// Open reads stored material and checks that it belongs together: keys and certificates match, the
// issuing CAs chain to the root and none has expired, every name says SANDBOX.
func Open(stored Material, options Options) (*Authority, error) {
	a := &Authority{options: options.filled(), profiles: pki.DefaultProfiles()}
	var err error
	if a.root, err = readCertificate(stored.RootCertificate); err != nil {
		return nil, fmt.Errorf("open authority: root: %w", err)
	}
	if len(stored.RootKey) > 0 {
		if a.rootKey, err = readKey(stored.RootKey, a.root); err != nil {
			return nil, fmt.Errorf("open authority: root: %w", err)
		}
	}
	if a.rsa, err = readIssuer(RSA, stored.IssuingCertificate, stored.IssuingKey); err != nil {
		return nil, fmt.Errorf("open authority: issuing CA: %w", err)
	}
	if stored.hasGOST() {
		if a.gost, err = readIssuer(GOST, stored.GOSTCertificate, stored.GOSTKey); err != nil {
			return nil, fmt.Errorf("open authority: GOST issuing CA: %w", err)
		}
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	return a, nil
}

func (a *Authority) check() error {
	if err := checkCA(a.root); err != nil {
		return err
	}
	for _, ca := range a.issuers() {
		if err := checkCA(ca.cert); err != nil {
			return err
		}
		if _, err := pki.VerifyChain(ca.cert, a.Roots(), nil, a.options.Now()); err != nil {
			return fmt.Errorf("issuing CA (%s) does not chain to the root: %w", ca.family, err)
		}
	}
	return nil
}

func checkCA(cert *x509.Certificate) error {
	if !pki.IsSandbox(cert) {
		return fmt.Errorf("certificate %q is no sandbox CA", cert.Subject.CommonName)
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
	signer, err := parseKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	of, err := pki.ParseKey(cert.RawSubjectPublicKeyInfo)
	if err != nil {
		return nil, fmt.Errorf("certificate's key: %w", err)
	}
	public, comparable := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(of) {
		return nil, errors.New("key is not the certificate's")
	}
	return signer, nil
}

// parseKey reads a PKCS#8 key of either family. Its errors tell nothing of the key.
func parseKey(pkcs8 []byte) (crypto.Signer, error) {
	if key, _, err := gost.ParsePrivateKey(pkcs8); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, errors.New("key cannot be read") // the cause could quote the key
	}
	signer, signs := parsed.(crypto.Signer)
	if !signs {
		return nil, fmt.Errorf("key of type %T cannot sign", parsed)
	}
	return signer, nil
}

// Root gives the root's certificate, the anchor everybody trusts.
func (a *Authority) Root() *x509.Certificate { return a.root }

// Issuing gives the certificate of the RSA issuing CA, which signs everything that is not GOST: citizens' RSA pairs,
// operators, kiosks and servers.
func (a *Authority) Issuing() *x509.Certificate { return a.rsa.cert }

// Roots gives a pool with the root.
func (a *Authority) Roots() *pki.Pool { return pki.NewPool(a.root) }

// Intermediates gives a pool with the issuing CAs.
func (a *Authority) Intermediates() *pki.Pool {
	pool := pki.NewPool()
	for _, ca := range a.issuers() {
		pool.Add(ca.cert)
	}
	return pool
}
