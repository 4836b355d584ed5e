package centre

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// stateOf is where an application stands now: time may have run out since the last write.
func (c *Centre) stateOf(a ledger.Application) ledger.State {
	if (a.State == ledger.Filed || a.State == ledger.Waiting) && !c.now().Before(a.ExpiresAt) {
		return ledger.Expired
	}
	return a.State
}

// wordOf is the state in the contract's words.
func wordOf(s ledger.State) api.Status {
	if s == ledger.Filed {
		return api.StatusWaiting
	}
	return api.Status(s)
}

// wordFor is where an application stands, in the contract's words: what for others is installed, is revoked for a revocation.
func (c *Centre) wordFor(a ledger.Application) api.Status {
	if a.Kind == string(registry.KindRevocation) && a.State == ledger.Installed {
		return api.StatusRevoked
	}
	return wordOf(c.stateOf(a))
}

// status is an application by its number; not_found for one nobody filed. One filed on the web, which waits for its citizen,
// has a state and nothing else.
func (c *Centre) status(ctx context.Context, number string) (ledger.Application, error) {
	var a ledger.Application
	if !registry.ValidNumber(number) {
		return a, refuse(api.ErrorCodeBadRequest, "the number's check digit is wrong")
	}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		a, err = t.Application(number)
		if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		web, none := t.WebApplication(number)
		if none == nil {
			a, err = ledger.Application{Number: number, Kind: web.Kind, State: ledger.Filed, ExpiresAt: web.ExpiresAt}, nil
		}
		return err
	})
	if errors.Is(err, ledger.ErrNotFound) {
		return a, refuse(api.ErrorCodeNotFound, "no application has this number")
	}
	a.State = c.stateOf(a)
	return a, err
}

// statusOfKey finds the newest application a public key stands in.
func (c *Centre) statusOfKey(ctx context.Context, spki string) (ledger.Application, error) {
	var a ledger.Application
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		keys, err := t.KeysBySPKI(spki)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			return refuse(api.ErrorCodeNotFound, "no application has this key")
		}
		a, err = t.Application(keys[0].Number)
		return err
	})
	a.State = c.stateOf(a)
	return a, err
}

// sealKey gives the key of the citizen's sealed private keys back, once the certificates are issued, to the device that filed
// the application. Another one gets it by takeUp.
func (c *Centre) sealKey(ctx context.Context, d ledger.Device, number string) ([]byte, error) {
	a, err := c.status(ctx, number)
	if err != nil {
		return nil, err
	}
	same := false
	if err := c.db.View(ctx, func(t *ledger.Tx) error { same, err = sameDevice(t, a.Device, d); return err }); err != nil {
		return nil, err
	}
	if !same { // numbers can be guessed
		return nil, refuse(api.ErrorCodeOtherPerson, "another device filed the application: its installation is taken up with a proof")
	}
	if a.State != ledger.Issued && a.State != ledger.Installed {
		return nil, refuse(api.ErrorCodeConflict, "the certificates are not issued")
	}
	if a.SealKey == nil {
		return nil, refuse(api.ErrorCodeNotFound, "the application came without a seal key")
	}
	key, err := c.sealer.open(a.SealKey, "application:"+number)
	if err != nil {
		return nil, err
	}
	return key, c.note(ctx, "seal-given", "device:"+d.Prefix, "application:"+number, "")
}

// install notes that the certificates of an application lie on the citizen's medium; again changes nothing.
func (c *Centre) install(ctx context.Context, d ledger.Device, number string, at time.Time, serials []string) (ledger.State, error) {
	if _, err := c.status(ctx, number); err != nil {
		return "", err
	}
	state := ledger.Installed
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		a, err := t.Application(number)
		if err != nil || a.State == ledger.Installed {
			return err
		}
		if a.State != ledger.Issued {
			return refuse(api.ErrorCodeConflict, "the certificates are not issued")
		}
		if err := c.confirmInstalled(t, number); err != nil {
			return err
		}
		for _, serial := range serials {
			if cert, err := t.Certificate(plainSerial(serial)); errors.Is(err, ledger.ErrNotFound) || err == nil && cert.Number != number {
				return refuse(api.ErrorCodeBadRequest, "a certificate is not of this application")
			} else if err != nil {
				return err
			}
		}
		if err := t.MarkInstalled(number, c.now()); err != nil {
			return err
		}
		return t.Audit(c.now(), "application-installed", "device:"+d.Prefix, "application:"+number, at.UTC().Format(time.RFC3339))
	})
	return state, err
}

// confirmInstalled ends the transactions whose certificates lie on the citizen's medium, though the kiosk that asked never
// confirmed them: another one has installed them, and they must not be revoked for that.
func (c *Centre) confirmInstalled(t *ledger.Tx, number string) error {
	asked, err := t.TransactionsOf(number)
	if err != nil {
		return err
	}
	for _, x := range asked {
		if x.State == ledger.TransactionIssued {
			if err := t.MoveTransaction(x.ID, x.State, ledger.TransactionConfirmed, x.Serial, "", c.now()); err != nil {
				return err
			}
		}
	}
	return nil
}

// expire moves on what nobody decided in time, a hundred at once, and says how many.
func (c *Centre) expire(ctx context.Context) (int, error) {
	var numbers []string
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		var err error
		if numbers, err = t.Overdue(c.now(), 100); err != nil {
			return err
		}
		for _, number := range numbers {
			a, err := t.Application(number)
			if err != nil {
				return err
			}
			if err := c.close(t, a, ledger.Expired, "centre", "", nil, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("expiring applications: %w", err)
	}
	return len(numbers), nil
}

// close ends an application without certificates: rejected or expired, and its transactions with it.
func (c *Centre) close(t *ledger.Tx, a ledger.Application, to ledger.State, who, reason string, decision, signature []byte) error {
	now := c.now()
	if err := t.Decide(a.Number, a.State, to, now, who, reason, decision, signature); err != nil {
		return err
	}
	transactions, err := t.TransactionsOf(a.Number)
	if err != nil {
		return err
	}
	for _, x := range transactions {
		if x.State == ledger.TransactionWaiting {
			if err := t.MoveTransaction(x.ID, x.State, ledger.TransactionRejected, "", closing(to), now); err != nil {
				return err
			}
		}
	}
	return t.Audit(now, "application-"+string(to), who, "application:"+a.Number, reason)
}

// closing is what a CMP client is told of an application that ended without certificates.
func closing(s ledger.State) string {
	if s == ledger.Expired {
		return "the application was not decided in time"
	}
	return "the application was rejected"
}

// personOf is who a certificate will name: the register's person, else the application's.
func personOf(t *ledger.Tx, a registry.Application) (pki.Person, error) {
	who := pki.Person{IIN: a.IIN, Surname: a.Name.Surname, Given: a.Name.Given, Patronymic: a.Name.Patronymic, Email: a.Email}
	p, err := t.Person(a.IIN)
	if errors.Is(err, ledger.ErrNotFound) {
		return who, nil
	}
	if err != nil {
		return who, err
	}
	who.Surname, who.Given, who.Patronymic = p.Surname, p.Given, p.Patronymic
	return who, nil
}
