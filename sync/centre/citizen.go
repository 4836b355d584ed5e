package centre

import (
	"context"
	"errors"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

// certificatesOf lists the certificates of the IIN whose key signed a challenge: one this ledger issued to a citizen.
func (c *Centre) certificatesOf(ctx context.Context, d ledger.Device, challenge, signature []byte) ([]ledger.Certificate, error) {
	if err := c.takeChallenge(ctx, d, challenge); err != nil {
		return nil, err
	}
	cert, err := c.signer(ctx, challenge, signature, c.now())
	if err != nil {
		return nil, err
	}
	iin, named := pki.SubjectIIN(cert)
	var rows []ledger.Certificate
	err = c.db.View(ctx, func(t *ledger.Tx) error {
		own, err := t.Certificate(serialOf(cert))
		if errors.Is(err, ledger.ErrNotFound) || err == nil && (own.Kind != "citizen" || !named) {
			return refuse(api.ErrorCodeUnauthenticated, "the signer's certificate is not a citizen's of this centre")
		}
		if err != nil {
			return err
		}
		rows, err = t.CertificatesOfIIN(iin, maxListed)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, c.note(ctx, "certificates-listed", "device:"+d.Prefix, "certificate:"+serialOf(cert), "")
}
