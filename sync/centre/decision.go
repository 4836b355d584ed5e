package centre

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// decide takes a signed decision, however long it lay on a kiosk without a line: signer, role, number, the hash of the
// application as shown, and that nobody decides about himself are all checked now. The same bytes again get the same
// answer; anything else about a decided application is already_decided.
func (c *Centre) decide(ctx context.Context, d ledger.Device, decision, signature []byte) (ledger.Application, error) {
	said, err := registry.ParseDecision(decision)
	if err != nil {
		return ledger.Application{}, refuse(api.ErrorCodeBadRequest, "the decision cannot be read: %v", err)
	}
	if said.At.After(c.now().Add(c.rules.DecisionAhead)) {
		return ledger.Application{}, refuse(api.ErrorCodeBadRequest, "the decision was made in the future: check the kiosk's clock")
	}
	cert, err := c.decider(ctx, decision, signature, said.At)
	if err != nil {
		return ledger.Application{}, err
	}
	operator, err := c.operatorOf(ctx, cert)
	if err != nil {
		return ledger.Application{}, errors.Join(err, c.note(ctx, "staff-refused", "device:"+d.Prefix, "application:"+said.Number, ""))
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		a, err := t.Application(said.Number)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && a.Centre != d.Centre {
			return refuse(api.ErrorCodeNotFound, "this centre has no application of this number")
		}
		if err != nil {
			return err
		}
		if a.Decision != nil && bytes.Equal(a.Decision, decision) && a.DecidedBy == "operator:"+operator.ID {
			return nil
		}
		if err := c.mayDecide(a, operator, said); err != nil {
			return err
		}
		return c.settle(t, a, said.Verdict, "operator:"+operator.ID, said.Reason, decision, signature)
	})
	if err != nil {
		return ledger.Application{}, err
	}
	return c.afterDecision(ctx, said.Number)
}

// decider verifies the signature for now, or for the time of the decision where the certificate has run out meanwhile.
func (c *Centre) decider(ctx context.Context, decision, signature []byte, at time.Time) (*x509.Certificate, error) {
	now := c.now()
	cert, err := c.signer(ctx, decision, signature, now)
	if err != nil && at.Before(now) {
		// The signing time stands a little after the decision's: the PIN is typed in between.
		if then := at.Add(c.rules.DecisionAhead); then.Before(now) {
			if old, oldErr := c.signer(ctx, decision, signature, then); oldErr == nil {
				return old, nil
			}
		}
	}
	return cert, err
}

func (c *Centre) mayDecide(a ledger.Application, o ledger.Operator, said registry.Decision) error {
	if a.IIN == o.IIN {
		return refuse(api.ErrorCodeOwnApplication, "nobody decides about an application of his own")
	}
	switch state := c.stateOf(a); state {
	case ledger.Filed, ledger.Waiting:
	case ledger.Expired:
		return refuse(api.ErrorCodeExpired, "the application has expired")
	case ledger.Confirmed, ledger.Rejected, ledger.Issued, ledger.Installed:
		return refuse(api.ErrorCodeAlreadyDecided, "the application is decided already")
	default:
		return fmt.Errorf("application in an unknown state %q", state)
	}
	if said.ApplicationSHA256 != a.SHA256 {
		return refuse(api.ErrorCodeWrongHash, "the decision is about other bytes than the application's")
	}
	if a.LockedBy != "" && a.LockedBy != o.ID && c.now().Before(a.LockedUntil) {
		return refuse(api.ErrorCodeLocked, "another operator has the application open")
	}
	return nil
}

// settle writes the verdict. A confirmation promises the certificates of all keys that were asked for by then.
func (c *Centre) settle(t *ledger.Tx, a ledger.Application, verdict registry.Verdict, who, reason string, decision, signature []byte) error {
	switch verdict {
	case registry.VerdictReject:
		if err := c.close(t, a, ledger.Rejected, who, reason, decision, signature); err != nil {
			return err
		}
	case registry.VerdictConfirm:
		if err := t.Decide(a.Number, a.State, ledger.Confirmed, c.now(), who, "", decision, signature); err != nil {
			return err
		}
		if err := t.Audit(c.now(), "application-confirmed", who, "application:"+a.Number, ""); err != nil {
			return err
		}
		if err := c.promise(t, a.Number); err != nil {
			return err
		}
	default:
		return refuse(api.ErrorCodeBadRequest, "the verdict is neither %s nor %s", registry.VerdictConfirm, registry.VerdictReject)
	}
	c.metrics.add(fmt.Sprintf("tirkeu_decisions_total{verdict=%q}", verdict), 1)
	return nil
}

// afterDecision issues what the decision let out. A failure there is not the decision's: polling tries again.
func (c *Centre) afterDecision(ctx context.Context, number string) (ledger.Application, error) {
	if err := c.issue(ctx, number); err != nil {
		c.log.Error("issuing after a decision failed; the next poll tries again", "number", number, "error", err)
	}
	return c.status(ctx, number)
}

// Approve confirms an application from the command line, where who runs the program stands for the signature. The
// certificates are issued when the kiosk polls.
func (c *Centre) Approve(ctx context.Context, number string) error {
	return c.order(ctx, number, registry.VerdictConfirm, "")
}

// Reject rejects an application from the command line.
func (c *Centre) Reject(ctx context.Context, number, reason string) error {
	if reason == "" {
		return refuse(api.ErrorCodeBadRequest, "a rejection needs a reason")
	}
	return c.order(ctx, number, registry.VerdictReject, reason)
}

func (c *Centre) order(ctx context.Context, number string, verdict registry.Verdict, reason string) error {
	if !registry.ValidNumber(number) {
		return refuse(api.ErrorCodeBadRequest, "%s is no application number: its check digit is wrong", number)
	}
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		a, err := t.Application(number)
		if errors.Is(err, ledger.ErrNotFound) {
			return refuse(api.ErrorCodeNotFound, "there is no application %s: see tirkeu-centre application list", number)
		}
		if err != nil {
			return err
		}
		switch c.stateOf(a) {
		case ledger.Filed, ledger.Waiting:
			return c.settle(t, a, verdict, actor(ctx), reason, nil, nil)
		case ledger.Expired:
			return refuse(api.ErrorCodeExpired, "application %s has expired", number)
		}
		return refuse(api.ErrorCodeAlreadyDecided, "application %s is %s already", number, c.wordFor(a))
	})
	if err != nil {
		return fmt.Errorf("deciding about an application: %w", err)
	}
	return nil
}
