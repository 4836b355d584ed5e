package authority

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Family is a kind of keys and signatures. The authority has an issuing CA for each: what a GOST CA signs is GOST
// throughout, and a program that knows RSA only never meets it.
type Family string

// The families.
const (
	RSA  Family = "rsa"
	GOST Family = "gost"
)

// ErrNoCA says that the authority has no issuing CA of a family.
var ErrNoCA = errors.New("the authority has no issuing CA of this kind")

// issuer is one issuing CA.
type issuer struct {
	family    Family
	cert      *x509.Certificate
	key       crypto.Signer
	certPath  string // of its certificate, below Options.BaseURL
	listPath  string // of its revocation list
	responder delegate
}

func readIssuer(family Family, cert, key []byte) (*issuer, error) {
	ca := &issuer{family: family, certPath: IssuingCertificatePath, listPath: IssuingCRLPath}
	if family == GOST {
		ca.certPath, ca.listPath = GOSTCertificatePath, GOSTCRLPath
	}
	var err error
	if ca.cert, err = readCertificate(cert); err != nil {
		return nil, err
	}
	if ca.key, err = readKey(key, ca.cert); err != nil {
		return nil, err
	}
	fits := false
	switch ca.key.Public().(type) {
	case *rsa.PublicKey:
		fits = family == RSA
	case *gost.PublicKey:
		fits = family == GOST
	}
	if !fits {
		return nil, fmt.Errorf("its key is not of the family %s", family)
	}
	return ca, nil
}

// issuers gives the issuing CAs there are, RSA first.
func (a *Authority) issuers() []*issuer {
	if a.gost == nil {
		return []*issuer{a.rsa}
	}
	return []*issuer{a.rsa, a.gost}
}

func (a *Authority) issuer(f Family) (*issuer, error) {
	for _, ca := range a.issuers() {
		if ca.family == f {
			return ca, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNoCA, f)
}

// Families gives the families there is an issuing CA for, RSA first.
func (a *Authority) Families() []Family {
	var all []Family
	for _, ca := range a.issuers() {
		all = append(all, ca.family)
	}
	return all
}

// CA gives the certificate of a family's issuing CA; ErrNoCA where there is none.
func (a *Authority) CA(f Family) (*x509.Certificate, error) {
	ca, err := a.issuer(f)
	if err != nil {
		return nil, err
	}
	return ca.cert, nil
}

// Named says which issuing CA has this name (DER).
func (a *Authority) Named(subject []byte) (Family, bool) {
	for _, ca := range a.issuers() {
		if bytes.Equal(ca.cert.RawSubject, subject) {
			return ca.family, true
		}
	}
	return "", false
}

// FamilyOf says which issuing CA signs certificates of a template.
func (a *Authority) FamilyOf(template string) (Family, error) {
	profile, err := a.profiles.Template(template)
	if err != nil {
		return "", err
	}
	if profile.Key.Algorithm == pki.KeyGOST {
		return GOST, nil
	}
	return RSA, nil
}
