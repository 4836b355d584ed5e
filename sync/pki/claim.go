package pki

import (
	"crypto/x509"
	"fmt"
	"time"
)

// TemplateSystem is the template of a key that a citizen's information system uses.
const TemplateSystem = "information-system"

// Claim tells who a detached CMS signature says signed it, and when. Nothing of it is verified: it serves to find out
// which rule a signature fails by, and at which time Verify is to look. ErrSignatureTooLarge and ErrSignatureMalformed.
func Claim(cms []byte) (*x509.Certificate, time.Time, error) {
	if len(cms) > MaxSignature {
		return nil, time.Time{}, fmt.Errorf("read signature: %w", ErrSignatureTooLarge)
	}
	p7, err := parseCMS(cms)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read signature: %w: %w", ErrSignatureMalformed, err)
	}
	signer := p7.GetOnlySigner()
	if signer == nil {
		return nil, time.Time{}, fmt.Errorf("read signature: %w: the signer's certificate is not in it", ErrSignatureMalformed)
	}
	at, err := checkAttributes(p7, signer)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read signature: %w: %w", ErrSignatureMalformed, err)
	}
	return signer, at, nil
}

// Roles are what the owner of a certificate may do with its key. The zero value: nothing of ours.
type Roles struct {
	SignIn bool // prove who stands at a kiosk
	Sign   bool // sign documents
}

// RolesOf says what the key of a citizen's certificate serves for: one of the RSA pair for signing in (clientAuth), the
// other for signing (emailProtection with nonRepudiation), a GOST key for both. It goes by the certificate, never by a file's
// name, and says nothing about who issued it: verify the chain first.
func (t *Profiles) RolesOf(cert *x509.Certificate) Roles {
	switch template, _ := t.TemplateOf(cert); template {
	case TemplateAuth:
		return Roles{SignIn: true}
	case TemplateSign:
		return Roles{Sign: true}
	case TemplateGOST:
		return Roles{SignIn: true, Sign: true}
	}
	return Roles{}
}
