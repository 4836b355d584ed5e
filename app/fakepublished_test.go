package app

import (
	"context"
	"crypto/x509"

	"github.com/tirkeu/kiosk/sync/pki"
)

// Published is what Standing says, in both ways; the list may lag behind.
func (l *fakeLine) Published(ctx context.Context, cert *x509.Certificate) Published {
	now := l.Standing(ctx, cert, nil).Revocation
	out := Published{OCSP: now, CRL: now}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cabinet.refuse["CRL"] != nil {
		out.CRL = pki.Good
	}
	return out
}
