package centre

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// promise gives every key of a confirmed application that was asked for, and has none yet, a serial number. It commits
// before anything is signed: what is signed twice after a crash bears the same number, and only one of them is ever
// written down and handed out.
func (c *Centre) promise(t *ledger.Tx, number string) error {
	a, err := t.Application(number)
	if err != nil {
		return err
	}
	if a.State != ledger.Confirmed {
		return nil
	}
	keys, err := t.Keys(number)
	if err != nil {
		return err
	}
	asked, err := t.TransactionsOf(number)
	if err != nil {
		return err
	}
	for _, k := range keys {
		x, waits := waiting(asked, k.Ordinal)
		if !waits {
			continue
		}
		if _, err := t.CertificateOfKey(number, k.Ordinal); err == nil {
			continue
		} else if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		if err := c.promiseKey(t, a, k, x.SPKI); err != nil {
			return err
		}
	}
	return nil
}

// promiseKey gives a key its serial number: drawn, or for GOST the key's identifier.
func (c *Centre) promiseKey(t *ledger.Tx, a ledger.Application, k ledger.Key, spki []byte) error {
	family, err := c.authority.FamilyOf(k.Template)
	if err != nil {
		return err
	}
	serial, err := c.authority.SerialFor(k.Template, spki)
	if err != nil {
		return err
	}
	promised := ledger.Certificate{Serial: hex.EncodeToString(serial.Bytes()), Kind: "citizen", Template: k.Template, Issuer: string(family),
		Device: a.Device, IIN: a.IIN, Number: a.Number, Ordinal: k.Ordinal, SPKISHA256: k.SPKISHA256}
	if _, err := t.Certificate(promised.Serial); err == nil {
		return refuse(api.ErrorCodeConflict, "key %d: the serial number %s, which is the key's identifier, is taken: a new key pair is needed", k.Ordinal, promised.Serial)
	} else if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	return t.Promise(promised)
}

// waiting finds the transaction that waits for the certificate of a key.
func waiting(asked []ledger.Transaction, ordinal int) (ledger.Transaction, bool) {
	for _, x := range asked {
		if x.Ordinal == ordinal && x.State == ledger.TransactionWaiting {
			return x, true
		}
	}
	return ledger.Transaction{}, false
}

// work is one certificate to sign.
type work struct {
	promise ledger.Certificate
	order   authority.Order
	signed  *x509.Certificate
}

// issue signs what is promised for an application and hands it to the transactions that wait. It may be called at any
// time and by several at once; what is done stays done.
func (c *Centre) issue(ctx context.Context, number string) error {
	// Two rounds do: the first may only promise what nobody promised before.
	for range 3 {
		var todo []*work
		var settled bool
		err := c.db.View(ctx, func(t *ledger.Tx) error {
			var err error
			todo, settled, err = c.openWork(t, number)
			return err
		})
		if err != nil {
			return fmt.Errorf("issuing: %w", err)
		}
		if settled {
			return nil
		}
		for _, w := range todo {
			if w.signed, err = c.authority.IssueCitizen(w.order); err != nil {
				return fmt.Errorf("issuing: %w", err)
			}
		}
		if err := c.db.Do(ctx, func(t *ledger.Tx) error { return c.fulfil(t, number, todo) }); err != nil {
			return fmt.Errorf("issuing: %w", err)
		}
	}
	return nil
}

// openWork lists the promises that are not signed; settled says that no transaction waits for a certificate that is there.
func (c *Centre) openWork(t *ledger.Tx, number string) (todo []*work, settled bool, err error) {
	a, err := t.Application(number)
	if err != nil || a.State != ledger.Confirmed {
		return nil, true, err
	}
	document, err := registry.ParseApplication(a.Document)
	if err != nil {
		return nil, true, fmt.Errorf("reading application %s: %w", number, err)
	}
	who, err := personOf(t, document)
	if err != nil {
		return nil, true, err
	}
	asked, err := t.TransactionsOf(number)
	if err != nil {
		return nil, true, err
	}
	settled = true
	for _, x := range asked {
		if x.State != ledger.TransactionWaiting {
			continue
		}
		settled = false
		promised, err := t.CertificateOfKey(number, x.Ordinal)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && promised.DER != nil {
			continue // promised by fulfil, or only to be handed out
		}
		if err != nil {
			return nil, true, err
		}
		w, err := c.orderFor(promised, x, document, who)
		if err != nil {
			return nil, true, err
		}
		todo = append(todo, w)
	}
	return todo, settled, nil
}

func (c *Centre) orderFor(promised ledger.Certificate, x ledger.Transaction, document registry.Application, who pki.Person) (*work, error) {
	serial, err := bigSerial(promised.Serial)
	if err != nil {
		return nil, err
	}
	return &work{promise: promised, order: authority.Order{Template: promised.Template, Person: who, Storage: string(document.Storage.Kind), SPKI: x.SPKI, Serial: serial}}, nil
}

// fulfil writes what was signed and moves on every transaction whose certificate is there, and the application when
// every key of it has one. What was not yet promised is promised here, for the next round.
func (c *Centre) fulfil(t *ledger.Tx, number string, done []*work) error {
	a, err := t.Application(number)
	if err != nil || a.State != ledger.Confirmed {
		return err
	}
	now := c.now()
	for _, w := range done {
		err := t.Fulfil(w.promise.Serial, w.signed.Raw, w.signed.NotBefore, w.signed.NotAfter, now)
		if errors.Is(err, ledger.ErrNotFound) {
			continue // another process was first; its certificate counts and this one was never seen
		}
		if err != nil {
			return err
		}
		c.metrics.add(fmt.Sprintf("tirkeu_certificates_issued_total{template=%q}", w.promise.Template), 1)
		if err := t.Audit(now, "certificate-issued", "centre", "certificate:"+w.promise.Serial, "application:"+number); err != nil {
			return err
		}
	}
	if err := c.promise(t, number); err != nil {
		return err
	}
	asked, err := t.TransactionsOf(number)
	if err != nil {
		return err
	}
	for _, x := range asked {
		if x.State != ledger.TransactionWaiting {
			continue
		}
		cert, err := t.CertificateOfKey(number, x.Ordinal)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && cert.DER == nil {
			continue
		}
		if err != nil {
			return err
		}
		if err := t.MoveTransaction(x.ID, x.State, ledger.TransactionIssued, cert.Serial, "", now); err != nil {
			return err
		}
	}
	return c.markIssued(t, a)
}

func (c *Centre) markIssued(t *ledger.Tx, a ledger.Application) error {
	keys, err := t.Keys(a.Number)
	if err != nil {
		return err
	}
	for _, k := range keys {
		cert, err := t.CertificateOfKey(a.Number, k.Ordinal)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && cert.DER == nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if err := t.MarkIssued(a.Number, c.now()); err != nil {
		return err
	}
	return t.Audit(c.now(), "application-issued", "centre", "application:"+a.Number, "")
}

// bigSerial reads a serial number from hex.
func bigSerial(text string) (*big.Int, error) {
	n, ok := new(big.Int).SetString(text, 16)
	if !ok || n.Sign() <= 0 {
		return nil, fmt.Errorf("%q is no serial number", text)
	}
	return n, nil
}

// plainSerial writes a serial number as the ledger does: whole octets, lower case, no leading zero octet.
func plainSerial(text string) string {
	text = strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(text))
	if n, ok := new(big.Int).SetString(text, 16); ok {
		return hex.EncodeToString(n.Bytes())
	}
	return text
}
