package centre

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// revocation is an rr for one certificate of this authority.
type revocation struct {
	transaction string
	profile     string
	message     []byte
	issuer      string // as the ledger names the CA
	serial      string
	reason      int  // CRLReason, RFC 5280 §5.3.1
	ra          bool // asked for by a registration authority
}

// revoke takes a revocation request: for a device's own certificate, or on a citizen's behalf where an application that was
// accepted names his certificate. The same message again changes nothing.
func (c *Centre) revoke(ctx context.Context, d ledger.Device, r revocation) error {
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		x, err := t.Transaction(r.transaction)
		if err == nil {
			if x.Device != d.Prefix || !bytes.Equal(x.Request, r.message) {
				return rejectAs(cmp.TransactionIDInUse, "the transaction has begun for something else")
			}
			return nil
		}
		if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		citizens, err := mayRevoke(t, d, r)
		if err != nil {
			return err
		}
		if citizens && !r.ra { // RFC 9483 §5.3.2: only a registration authority speaks for another
			return rejectAs(cmp.NotAuthorized, "the certificate that protects the request is not a registration authority's")
		}
		if citizens {
			return c.revokeForCitizen(t, d, r)
		}
		now := c.now()
		if err := t.RevokeCertificate(r.serial, r.reason, now); err != nil {
			return err
		}
		c.metrics.add("tirkeu_certificates_revoked_total", 1)
		if err := t.AddTransaction(ledger.Transaction{ID: r.transaction, Device: d.Prefix, Kind: "rr", Profile: r.profile,
			State: ledger.TransactionConfirmed, Request: r.message, Serial: r.serial, CreatedAt: now, UpdatedAt: now}); err != nil {
			return err
		}
		if err := t.Audit(now, "certificate-revoked", "device:"+d.Prefix, "certificate:"+r.serial, fmt.Sprint(r.reason)); err != nil {
			return err
		}
		left, err := t.CertificatesOfDevice(d.Prefix)
		if err != nil {
			return err
		}
		for _, one := range left {
			if one.RevokedAt.IsZero() && c.now().Before(one.NotAfter) {
				return nil
			}
		}
		return c.revokeDevice(t, d, "device:"+d.Prefix, r.reason)
	})
}

// mayRevoke says whether the certificate is a citizen's, and refuses what is neither that nor the device's own.
func mayRevoke(t *ledger.Tx, d ledger.Device, r revocation) (citizens bool, err error) {
	cert, err := t.Certificate(r.serial)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && cert.Issuer != r.issuer {
		return false, rejectAs(cmp.BadCertID, "the certificate is not of this authority")
	}
	if err != nil {
		return false, err
	}
	switch {
	case cert.Kind == "citizen":
		return true, nil
	case cert.Kind != "device" || cert.Device != d.Prefix:
		return false, rejectAs(cmp.NotAuthorized, "a device may revoke only certificates of its own")
	case !cert.RevokedAt.IsZero():
		return false, rejectAs(cmp.CertRevoked, "the certificate is revoked already")
	}
	return false, nil
}
