package centre

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

// signed is a citizen's signature that holds.
type signed struct {
	cert   *x509.Certificate
	serial string
	iin    string
	at     time.Time // as the signer says
	// What is known of revocation, three answers: revokedAt is set for a revoked key; checked is false where the ledger does not
	// know the certificate, though this authority signed it.
	checked   bool
	revokedAt time.Time
}

// use is what a key is used for.
type use int

const (
	toSignIn use = iota
	toSign
)

// citizenSignature verifies a citizen's signature and says by its own code why it does not hold: bad_signature, key_foreign,
// not_sign_in_key or not_signing_key, key_not_yet_valid, key_expired, signature_time. The key must be valid at the moment that when
// names, given the signing time that the signer claims. What revocation means is the caller's to say.
func (c *Centre) citizenSignature(ctx context.Context, content, signature []byte, what use, when func(claimed time.Time) (time.Time, error)) (signed, error) {
	cert, claimed, err := pki.Claim(signature)
	if err != nil {
		return signed{}, refuse(api.ErrorCodeBadSignature, "the signature cannot be read: %v", err)
	}
	at, err := when(claimed)
	if err != nil {
		return signed{}, err
	}
	if err := c.mayUse(cert, what, at); err != nil {
		return signed{}, err
	}
	_, _, err = pki.VerifyDetached(content, signature, c.anchors, at)
	if errors.Is(err, pki.ErrSigningTime) {
		return signed{}, refuse(api.ErrorCodeSignatureTime, "the signing time cannot be: %v", err)
	}
	if err != nil {
		return signed{}, refuse(api.ErrorCodeBadSignature, "the signature does not hold: %v", err)
	}
	iin, named := pki.SubjectIIN(cert)
	if !named {
		return signed{}, refuse(api.ErrorCodeOtherPerson, "the signer's certificate names nobody")
	}
	s := signed{cert: cert, serial: serialOf(cert), iin: iin, at: claimed}
	err = c.db.View(ctx, func(t *ledger.Tx) error { return s.check(t) })
	return s, err
}

// mayUse judges a certificate before its signature is looked at. Whether it is of this authority is asked for a moment within
// its own validity, so that an expired one of ours is called expired and not foreign.
func (c *Centre) mayUse(cert *x509.Certificate, what use, at time.Time) error {
	inside := at
	if inside.Before(cert.NotBefore) {
		inside = cert.NotBefore
	}
	if inside.After(cert.NotAfter) {
		inside = cert.NotAfter
	}
	if _, err := pki.VerifyChain(cert, c.anchors, nil, inside); err != nil {
		return refuse(api.ErrorCodeKeyForeign, "the signer's certificate is not of this authority: %v", err)
	}
	roles := c.profiles.RolesOf(cert)
	switch {
	case what == toSignIn && !roles.SignIn:
		return refuse(api.ErrorCodeNotSignInKey, "the key is not for signing in")
	case what == toSign && !roles.Sign:
		return refuse(api.ErrorCodeNotSigningKey, "the key is not for signing")
	case at.Before(cert.NotBefore):
		return refuse(api.ErrorCodeKeyNotYetValid, "the key is not valid before %s", cert.NotBefore.UTC().Format(time.RFC3339))
	case at.After(cert.NotAfter):
		return refuse(api.ErrorCodeKeyExpired, "the key expired at %s", cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// check asks the ledger what became of the certificate.
func (s *signed) check(t *ledger.Tx) error {
	row, err := t.Certificate(s.serial)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && !bytes.Equal(row.DER, s.cert.Raw) {
		s.checked = false
		return nil
	}
	s.checked, s.revokedAt = true, row.RevokedAt
	return err
}

// stands refuses a revoked key, and one of which nobody can say whether it is where that is not allowed.
func (s signed) stands(unchecked bool) error {
	switch {
	case !s.revokedAt.IsZero():
		return refuse(api.ErrorCodeKeyRevoked, "the signing key is revoked")
	case !s.checked && !unchecked:
		return refuse(api.ErrorCodeKeyUnchecked, "whether the signing key is revoked cannot be said: the ledger does not know it")
	}
	return nil
}
