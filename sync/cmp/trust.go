package cmp

import (
	"crypto/x509"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// Trust says whose signature under an answer counts. Answers under a MAC need none of it.
type Trust struct {
	Roots         *pki.Pool
	Intermediates []*x509.Certificate // beside those the answer brings along
	// Accept says whether a certificate, its chain verified, may speak for the centre. Nil means [IsCA]: other certificates of the same
	// root, those of kiosks and citizens, may not.
	Accept func(*x509.Certificate) bool
}

// verify checks the signature of an answer and the way from its certificate to a root.
func (t Trust) verify(m *message, now time.Time) error {
	cert, err := m.signer()
	if err != nil {
		return err
	}
	accept := t.Accept
	if accept == nil {
		accept = IsCA
	}
	if t.Roots == nil || !mayProtect(cert) || !accept(cert) {
		return fmt.Errorf("%w: its certificate may not speak for the centre", ErrProtection)
	}
	between := pki.NewPool(t.Intermediates...)
	between.Add(m.extra...)
	// Extended key usage was looked at above; for path building it has no meaning here (RFC 9810 §4.5).
	if _, err := pki.VerifyChain(cert, t.Roots, between, now); err != nil {
		return fmt.Errorf("%w: %w", ErrProtection, err)
	}
	return nil
}
