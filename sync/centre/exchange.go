package centre

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// request is a certificate request out of a CMP message, its protection and proof of possession verified.
type request struct {
	transaction string // lower-case hex
	kind        string // ir, cr, p10cr, kur
	profile     string
	message     []byte // DER of the PKIMessage, kept as evidence
	spki        []byte
	subject     []byte // DER of the Name asked for
	email       string
	storage     string // storage kind, "" where it names none
}

// outcome is what a transaction has come to.
type outcome struct {
	kind  string
	state ledger.TransactionState
	cert  ledger.Certificate // where issued
	text  string             // where rejected
}

// sameDevice says whether two prefixes are one kiosk: what was begun before it was enrolled anew goes on after.
func sameDevice(t *ledger.Tx, prefix string, d ledger.Device) (bool, error) {
	if prefix == d.Prefix {
		return true, nil
	}
	other, err := t.Device(prefix)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil
	}
	return err == nil && other.Name == d.Name && other.Centre == d.Centre, err
}

// transactionOf finds a transaction of a device.
func transactionOf(t *ledger.Tx, d ledger.Device, id string) (ledger.Transaction, error) {
	x, err := t.Transaction(id)
	if errors.Is(err, ledger.ErrNotFound) {
		return x, rejectAs(cmp.BadRequest, "there is no such transaction")
	}
	if err != nil {
		return x, err
	}
	same, err := sameDevice(t, x.Device, d)
	if err == nil && !same {
		err = rejectAs(cmp.BadRequest, "there is no such transaction")
	}
	return x, err
}

// outcomeOf reads what a transaction has come to.
func outcomeOf(t *ledger.Tx, id string) (outcome, error) {
	x, err := t.Transaction(id)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{kind: x.Kind, state: x.State, text: x.Text}
	if x.State == ledger.TransactionIssued || x.State == ledger.TransactionConfirmed {
		if out.cert, err = t.Certificate(x.Serial); err != nil {
			return outcome{}, err
		}
	}
	return out, nil
}

// again finds the transaction of a request that was taken before, and refuses another message under its id.
func again(t *ledger.Tx, d ledger.Device, r request) (found bool, err error) {
	x, err := t.Transaction(r.transaction)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if x.Device != d.Prefix || !bytes.Equal(x.Request, r.message) {
		return false, rejectAs(cmp.TransactionIDInUse, "the transaction has begun for something else")
	}
	return true, nil
}

// poll says what a transaction has come to, and issues what staff let out meanwhile.
func (c *Centre) poll(ctx context.Context, d ledger.Device, id string) (outcome, error) {
	var x ledger.Transaction
	var out outcome
	var state ledger.State
	read := func(t *ledger.Tx) error {
		var err error
		if x, err = transactionOf(t, d, id); err != nil {
			return err
		}
		if out, err = outcomeOf(t, id); err != nil || x.Number == "" {
			return err
		}
		a, err := t.Application(x.Number)
		state = c.stateOf(a)
		return err
	}
	if err := c.db.View(ctx, read); err != nil {
		return outcome{}, err
	}
	if out.state != ledger.TransactionWaiting {
		return out, nil
	}
	switch {
	case x.Number == "":
		if err := c.issueDevice(ctx, id); err != nil {
			return outcome{}, err
		}
	case state == ledger.Expired:
		if _, err := c.expire(ctx); err != nil {
			return outcome{}, err
		}
	case state == ledger.Confirmed || state == ledger.Issued || state == ledger.Installed:
		if err := c.issue(ctx, x.Number); err != nil {
			return outcome{}, err
		}
	default:
		return out, nil
	}
	if err := c.db.View(ctx, read); err != nil {
		return outcome{}, err
	}
	return out, nil
}

// confirmation is a certConf whose hash fits the transaction's certificate.
type confirmation struct {
	transaction string
	accepted    bool
	viaSecret   bool   // the message was protected with the enrolment secret, which is spent by this
	why         string // why not accepted, as the device says
	message     string // SHA-256 of the message, hex, under which reply is stored
	reply       []byte
}

// confirm takes a certConf (RFC 9810 §5.3.18): the device has its certificate, or will not have it. Saying it again
// changes nothing.
func (c *Centre) confirm(ctx context.Context, d ledger.Device, in confirmation) error {
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := c.settleConfirmation(t, d, in); err != nil {
			return err
		}
		return t.PutReply(in.message, in.transaction, in.reply, c.now())
	})
}

func (c *Centre) settleConfirmation(t *ledger.Tx, d ledger.Device, in confirmation) error {
	x, err := transactionOf(t, d, in.transaction)
	if err != nil {
		return err
	}
	switch x.State {
	case ledger.TransactionConfirmed:
		if in.accepted {
			return nil
		}
		return rejectAs(cmp.CertConfirmed, "the certificate was accepted before")
	case ledger.TransactionRefused:
		if !in.accepted {
			return nil
		}
		return rejectAs(cmp.CertConfirmed, "the certificate was refused before, or not confirmed in time, and is revoked")
	case ledger.TransactionIssued:
	case ledger.TransactionWaiting, ledger.TransactionRejected:
		return rejectAs(cmp.BadRequest, "the transaction has no certificate to confirm")
	default:
		return fmt.Errorf("transaction in an unknown state %q", x.State)
	}
	now := c.now()
	if now.Sub(x.UpdatedAt) > c.rules.ConfirmWithin {
		return rejectAs(cmp.BadTime, "the certificate was not confirmed in time")
	}
	if !in.accepted {
		return c.dropCertificate(t, x, "device:"+d.Prefix, in.why)
	}
	if err := t.MoveTransaction(x.ID, x.State, ledger.TransactionConfirmed, x.Serial, "", now); err != nil {
		return err
	}
	if in.viaSecret {
		if err := t.SpendSecret(d.Prefix, now); err != nil {
			return err
		}
		if err := t.Audit(now, "kiosk-enrolled", "device:"+d.Prefix, "device:"+d.Prefix, ""); err != nil {
			return err
		}
	}
	return t.Audit(now, "certificate-confirmed", "device:"+d.Prefix, "certificate:"+x.Serial, "")
}

// dropCertificate ends a transaction whose certificate the device does not take, and revokes the certificate
// (cessationOfOperation) unless another transaction for the same key took it.
func (c *Centre) dropCertificate(t *ledger.Tx, x ledger.Transaction, who, why string) error {
	now := c.now()
	if err := t.MoveTransaction(x.ID, x.State, ledger.TransactionRefused, x.Serial, why, now); err != nil {
		return err
	}
	taken, err := t.SerialConfirmed(x.Serial)
	if err != nil {
		return err
	}
	if !taken {
		if err := t.RevokeCertificate(x.Serial, 5, now); err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		c.metrics.add("tirkeu_certificates_revoked_total", 1)
	}
	return t.Audit(now, "certificate-refused", who, "certificate:"+x.Serial, why)
}

// lapse ends what was never confirmed in time.
func (c *Centre) lapse(ctx context.Context) error {
	for {
		var n int
		err := c.db.Do(ctx, func(t *ledger.Tx) error {
			old, err := t.Unconfirmed(c.now().Add(-c.rules.ConfirmWithin), 100)
			n = len(old)
			for _, x := range old {
				if err := c.dropCertificate(t, x, "centre", "not confirmed in time"); err != nil {
					return err
				}
			}
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
