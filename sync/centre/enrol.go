package centre

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// templateDevice is what the ledger calls a device's certificate.
const templateDevice = "device"

// deviceByReference finds the device an enrolment reference belongs to.
func (c *Centre) deviceByReference(ctx context.Context, reference string) (d ledger.Device, err error) {
	err = c.db.View(ctx, func(t *ledger.Tx) error {
		d, err = t.DeviceByReference(reference)
		return err
	})
	return d, err
}

// badMAC counts a wrong try at an enrolment secret; after Rules.BadMACs of them it is void.
func (c *Centre) badMAC(ctx context.Context, reference string) error {
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		d, err := t.DeviceByReference(reference)
		if errors.Is(err, ledger.ErrNotFound) {
			return nil
		}
		if err != nil || c.secretVoid(d) {
			return err
		}
		n, err := t.CountBadMAC(d.Prefix)
		if err != nil {
			return err
		}
		event := "enrolment-wrong-secret"
		if n >= c.rules.BadMACs {
			event = "enrolment-secret-void"
		}
		return t.Audit(c.now(), event, "device:"+d.Prefix, "device:"+d.Prefix, fmt.Sprint(n))
	})
}

// enrol issues a device its certificate: the first (ir, protected with the secret) or the next (kur, protected with the
// one it has). A second ir before certConf takes the place of the first: the kiosk lost what it had.
func (c *Centre) enrol(ctx context.Context, d ledger.Device, r request, viaSecret bool) (outcome, error) {
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		if found, err := again(t, d, r); found || err != nil {
			return err
		}
		if viaSecret {
			if err := c.dropUnconfirmed(t, d); err != nil {
				return err
			}
		}
		serial, err := c.authority.NewSerial()
		if err != nil {
			return err
		}
		promised := ledger.Certificate{Serial: hex.EncodeToString(serial.Bytes()), Kind: "device", Template: templateDevice, Device: d.Prefix, SPKISHA256: hashOf(r.spki)}
		if err := t.Promise(promised); err != nil {
			return err
		}
		now := c.now()
		return t.AddTransaction(ledger.Transaction{ID: r.transaction, Device: d.Prefix, Kind: r.kind, Profile: r.profile, State: ledger.TransactionWaiting,
			Request: r.message, SPKI: r.spki, Serial: promised.Serial, CreatedAt: now, UpdatedAt: now})
	})
	if err != nil {
		return outcome{}, err
	}
	return c.poll(ctx, d, r.transaction)
}

// dropUnconfirmed revokes what an earlier enrolment of the same secret was given and never confirmed.
func (c *Centre) dropUnconfirmed(t *ledger.Tx, d ledger.Device) error {
	old, err := t.TransactionsOfDevice(d.Prefix, ledger.TransactionIssued)
	if err != nil {
		return err
	}
	for _, x := range old {
		if x.Number == "" {
			if err := c.dropCertificate(t, x, "device:"+d.Prefix, "enrolled anew before confirming"); err != nil {
				return err
			}
		}
	}
	return nil
}

// issueDevice signs what enrol promised. A key the authority does not take ends the transaction.
func (c *Centre) issueDevice(ctx context.Context, id string) error {
	var x ledger.Transaction
	var d ledger.Device
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		if x, err = t.Transaction(id); err != nil {
			return err
		}
		d, err = t.Device(x.Device)
		return err
	})
	if err != nil {
		return err
	}
	serial, err := bigSerial(x.Serial)
	if err != nil {
		return err
	}
	cert, err := c.authority.IssueDevice(d.Name, x.SPKI, serial)
	if err != nil {
		return c.rejectTransaction(ctx, x, err)
	}
	c.metrics.add(`tirkeu_certificates_issued_total{template="device"}`, 1)
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := t.Fulfil(x.Serial, cert.Raw, cert.NotBefore, cert.NotAfter, c.now()); errors.Is(err, ledger.ErrNotFound) {
			return nil // another process was first
		} else if err != nil {
			return err
		}
		if err := t.MoveTransaction(x.ID, ledger.TransactionWaiting, ledger.TransactionIssued, x.Serial, "", c.now()); err != nil {
			return err
		}
		return t.Audit(c.now(), "certificate-issued", "centre", "certificate:"+x.Serial, "device:"+d.Prefix)
	})
}

func (c *Centre) rejectTransaction(ctx context.Context, x ledger.Transaction, why error) error {
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		return t.MoveTransaction(x.ID, ledger.TransactionWaiting, ledger.TransactionRejected, "", why.Error(), c.now())
	})
}
