package centre

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

// challengeTitle begins every challenge, so that a signature over one can never pass for one over a document.
const challengeTitle = "tirkeu challenge 1\n"

// newChallenge gives a device bytes to have signed, once, within Rules.ChallengeLife.
func (c *Centre) newChallenge(ctx context.Context, d ledger.Device) ([]byte, time.Time, error) {
	challenge := append([]byte(challengeTitle), make([]byte, 32)...)
	if _, err := io.ReadFull(c.rand, challenge[len(challengeTitle):]); err != nil {
		return nil, time.Time{}, fmt.Errorf("making a challenge: %w", err)
	}
	now := c.now()
	expires := now.Add(c.rules.ChallengeLife)
	err := c.db.Do(ctx, func(t *ledger.Tx) error { return t.AddChallenge(hashOf(challenge), d.Prefix, now, expires) })
	return challenge, expires, err
}

// takeChallenge uses a challenge up, whatever becomes of the signature over it.
func (c *Centre) takeChallenge(ctx context.Context, d ledger.Device, challenge []byte) error {
	err := c.db.Do(ctx, func(t *ledger.Tx) error { return t.TakeChallenge(hashOf(challenge), d.Prefix, c.now()) })
	if errors.Is(err, ledger.ErrNotFound) {
		return refuse(api.ErrorCodeUnauthenticated, "the challenge is unknown, used or too old: ask for a new one")
	}
	return err
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// signer verifies a detached signature by a certificate of this authority that is not revoked.
func (c *Centre) signer(ctx context.Context, content, signature []byte, at time.Time) (*x509.Certificate, error) {
	cert, _, err := pki.VerifyDetached(content, signature, c.anchors, at)
	if err != nil {
		return nil, refuse(api.ErrorCodeUnauthenticated, "the signature does not hold: %v", err)
	}
	err = c.db.View(ctx, func(t *ledger.Tx) error {
		row, err := t.Certificate(serialOf(cert))
		if errors.Is(err, ledger.ErrNotFound) {
			return nil // of this root, but not issued from this ledger
		}
		if err == nil && !row.RevokedAt.IsZero() {
			return refuse(api.ErrorCodeUnauthenticated, "the signer's certificate is revoked")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return cert, nil
}

func serialOf(cert *x509.Certificate) string { return hex.EncodeToString(cert.SerialNumber.Bytes()) }

// operatorOf is the registered operator a certificate belongs to; refused with not_operator when there is none.
func (c *Centre) operatorOf(ctx context.Context, cert *x509.Certificate) (ledger.Operator, error) {
	var o ledger.Operator
	if !pki.IsOperator(cert) {
		return o, refuse(api.ErrorCodeNotOperator, "the signer's certificate has not the operator's role")
	}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		o, err = t.Operator(hashOf(cert.Raw))
		return err
	})
	if errors.Is(err, ledger.ErrNotFound) {
		return o, refuse(api.ErrorCodeNotOperator, "the signer is not registered as an operator")
	}
	if err == nil && !o.RevokedAt.IsZero() {
		return o, refuse(api.ErrorCodeNotOperator, "the operator is revoked")
	}
	return o, err
}

// openSession opens a staff session on a device. The token's hash is kept, never the token.
func (c *Centre) openSession(ctx context.Context, d ledger.Device, challenge, signature []byte) (token string, o ledger.Operator, expires time.Time, err error) {
	if err := c.takeChallenge(ctx, d, challenge); err != nil {
		return "", o, expires, err
	}
	now := c.now()
	cert, err := c.signer(ctx, challenge, signature, now)
	if err != nil {
		return "", o, expires, err
	}
	if o, err = c.operatorOf(ctx, cert); err != nil {
		return "", o, expires, errors.Join(err, c.note(ctx, "staff-refused", "device:"+d.Prefix, "certificate:"+serialOf(cert), ""))
	}
	raw := make([]byte, 32)
	if _, err := io.ReadFull(c.rand, raw); err != nil {
		return "", o, expires, fmt.Errorf("making a session: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(raw)
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := t.EndOldSessions(now.Add(-c.rules.SessionIdle), now.Add(-c.rules.SessionLife)); err != nil {
			return err
		}
		if err := t.AddSession(ledger.Session{SHA256: hashOf([]byte(token)), Operator: o.ID, Device: d.Prefix, CreatedAt: now, UsedAt: now}); err != nil {
			return err
		}
		return t.Audit(now, "staff-entered", "operator:"+o.ID, "device:"+d.Prefix, "")
	})
	return token, o, now.Add(c.rules.SessionLife), err
}

// session is the operator a token stands for on this device; using it keeps it from idling out.
func (c *Centre) session(ctx context.Context, d ledger.Device, token string) (ledger.Operator, error) {
	var o ledger.Operator
	gone := refuse(api.ErrorCodeUnauthenticated, "there is no such staff session, or it has ended")
	if token == "" {
		return o, gone
	}
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		s, err := t.Session(hashOf([]byte(token)))
		if errors.Is(err, ledger.ErrNotFound) {
			return gone
		}
		if err != nil {
			return err
		}
		now := c.now()
		if s.Device != d.Prefix || now.Sub(s.UsedAt) > c.rules.SessionIdle || now.Sub(s.CreatedAt) > c.rules.SessionLife {
			return gone
		}
		if o, err = t.Operator(s.Operator); err != nil {
			return err
		}
		if !o.RevokedAt.IsZero() {
			return refuse(api.ErrorCodeNotOperator, "the operator is revoked")
		}
		return t.UseSession(s.SHA256, now)
	})
	return o, err
}

// closeSession ends a session and lets go of the operator's locks.
func (c *Centre) closeSession(ctx context.Context, d ledger.Device, token string) error {
	o, err := c.session(ctx, d, token)
	if err != nil {
		return err
	}
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := errors.Join(t.EndSession(hashOf([]byte(token))), t.Unlock("", o.ID)); err != nil {
			return err
		}
		return t.Audit(c.now(), "staff-left", "operator:"+o.ID, "device:"+d.Prefix, "")
	})
}

// note writes one audit row of its own.
func (c *Centre) note(ctx context.Context, event, who, what, detail string) error {
	return c.db.Do(ctx, func(t *ledger.Tx) error { return t.Audit(c.now(), event, who, what, detail) })
}
