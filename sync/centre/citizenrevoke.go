package centre

import (
	"context"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/registry"
)

// mayRevokeBy: the certificates are the person's, the reason is one that a citizen may give, and something is left to do. Of
// several some may be revoked already: the others are not made to wait for another signature.
func (c *Centre) mayRevokeBy(t *ledger.Tx, d directoryNow, f filing) error {
	reason, known := d.RevocationReason(f.a.Revocation.Reason)
	if !known || !reason.Self {
		return refuse(api.ErrorCodeNotOffered, "the directory has no reason %q that a citizen may give", f.a.Revocation.Reason)
	}
	open, pending := 0, 0
	for _, ref := range f.a.Revocation.Certificates {
		cert, err := c.ownCertificate(t, f.a.IIN, ref)
		if err != nil {
			return err
		}
		if !cert.RevokedAt.IsZero() {
			continue
		}
		waits, err := c.revocationWaits(t, cert.Serial)
		switch {
		case err != nil:
			return err
		case waits:
			pending++
		default:
			open++
		}
	}
	switch {
	case open == 0 && pending > 0:
		return refuse(api.ErrorCodeAlreadyFiled, "another application for the revocation of the same is not finished")
	case open == 0:
		return refuse(api.ErrorCodeAlreadyRevoked, "the certificates are revoked already")
	}
	return nil
}

// revocationWaits says whether another application that names a certificate is not finished.
func (c *Centre) revocationWaits(t *ledger.Tx, serial string) (bool, error) {
	named, err := t.RevocationsNaming(serial)
	if err != nil {
		return false, err
	}
	for _, n := range named {
		a, err := t.Application(n.Number)
		if err != nil {
			return false, err
		}
		state := c.stateOf(a)
		if (state == ledger.Filed || state == ledger.Confirmed) && c.now().Sub(a.FiledAt) < c.rules.PendingLife {
			return true, nil
		}
	}
	return false, nil
}

// accepted finds an accepted application of this device that names a certificate: the only thing by which a kiosk, as a
// registration authority, has a citizen's certificate revoked on his behalf (RFC 9483 §5.3.2).
func accepted(t *ledger.Tx, d ledger.Device, serial string) (ledger.Application, ledger.NamedRevocation, error) {
	named, err := t.RevocationsNaming(serial)
	if err != nil {
		return ledger.Application{}, ledger.NamedRevocation{}, err
	}
	for _, n := range named {
		a, err := t.Application(n.Number)
		if err != nil {
			return a, n, err
		}
		if a.State != ledger.Confirmed && a.State != ledger.Installed {
			continue
		}
		if same, err := sameDevice(t, a.Device, d); same || err != nil {
			return a, n, err
		}
	}
	return ledger.Application{}, ledger.NamedRevocation{}, rejectAs(cmp.NotAuthorized, "no signed revocation application of this device names this certificate")
}

// revokeForCitizen takes a kiosk's rr for a citizen's certificate. The reason is the application's, whatever the rr says. One
// that is revoked already, by whomever, is not an error here: what the citizen signed is so.
func (c *Centre) revokeForCitizen(t *ledger.Tx, d ledger.Device, r revocation) error {
	a, n, err := accepted(t, d, r.serial)
	if err != nil {
		return err
	}
	if err := c.carryOut(t, a, n, "device:"+d.Prefix); err != nil {
		return err
	}
	now := c.now()
	return t.AddTransaction(ledger.Transaction{ID: r.transaction, Device: d.Prefix, Kind: "rr", Profile: r.profile, Number: a.Number, Ordinal: n.Ordinal,
		State: ledger.TransactionConfirmed, Request: r.message, Serial: r.serial, CreatedAt: now, UpdatedAt: now})
}

// carryOut revokes one certificate that an accepted application names, and ends the application with the last one.
func (c *Centre) carryOut(t *ledger.Tx, a ledger.Application, n ledger.NamedRevocation, who string) error {
	document, err := registry.ParseApplication(a.Document)
	if err != nil {
		return fmt.Errorf("reading application %s: %w", a.Number, err)
	}
	d, err := c.directoryOf(t)
	if err != nil {
		return err
	}
	reason, _ := d.RevocationReason(document.Revocation.Reason) // one that the directory lost meanwhile is unspecified (0)
	if err := c.revokeCitizens(t, n.Serial, reason.CRLReason, who, a.Device, "application:"+a.Number); err != nil {
		return err
	}
	now := c.now()
	if err := t.RevocationDone(a.Number, n.Ordinal, now); err != nil {
		return err
	}
	all, err := t.RevocationsOf(a.Number)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.DoneAt.IsZero() {
			return nil
		}
	}
	if a.State != ledger.Confirmed {
		return nil
	}
	if err := t.MarkRevoked(a.Number, now); err != nil {
		return err
	}
	return t.Audit(now, "application-revoked", who, "application:"+a.Number, "")
}

// revokeCitizens revokes a citizen's certificate, unless it is, and ends the sessions it opened elsewhere: who revokes a
// key that a thief has signed in with is rid of him. On the device where it was asked for the citizen goes on.
func (c *Centre) revokeCitizens(t *ledger.Tx, serial string, reason int, who, device, why string) error {
	now := c.now()
	err := t.RevokeCertificate(serial, reason, now)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	c.metrics.add("tirkeu_certificates_revoked_total", 1)
	if err := t.EndSessionsOfKey(serial, device); err != nil {
		return err
	}
	return t.Audit(now, "certificate-revoked", who, "certificate:"+serial, why)
}

// revokeOverdue carries out what was accepted and no kiosk asked for in time: it may have died in between, and the citizen
// was told.
func (c *Centre) revokeOverdue(ctx context.Context) error {
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		overdue, err := t.OverdueRevocations(c.now().Add(-c.rules.RevokeWithin), 100)
		if err != nil {
			return err
		}
		for _, number := range overdue {
			named, err := t.RevocationsOf(number)
			if err != nil {
				return err
			}
			for _, n := range named {
				a, err := t.Application(number)
				if err != nil {
					return err
				}
				if err := c.carryOut(t, a, n, "centre"); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
