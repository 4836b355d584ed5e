package centre

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

// signIn opens a citizen's session on a device by a challenge signed with his sign-in key. The key is judged for now. One of
// which nobody can say whether it is revoked signs nobody in: what a session shows is personal.
func (c *Centre) signIn(ctx context.Context, d ledger.Device, challenge, signature []byte) (api.CitizenSession, error) {
	var out api.CitizenSession
	if err := c.takeChallenge(ctx, d, challenge); err != nil {
		if refusalCode(err) == api.ErrorCodeUnauthenticated {
			err = refuse(api.ErrorCodeChallengeOver, "the challenge is unknown, used or too old: ask for a new one")
		}
		return out, err
	}
	now := c.now()
	s, err := c.citizenSignature(ctx, challenge, signature, toSignIn, func(time.Time) (time.Time, error) { return now, nil })
	if err == nil {
		err = s.stands(false)
	}
	if err != nil {
		return out, errors.Join(err, c.note(ctx, "citizen-refused", "device:"+d.Prefix, "sign-in", string(refusalCode(err))))
	}
	raw := make([]byte, 32)
	if _, err := io.ReadFull(c.rand, raw); err != nil {
		return out, fmt.Errorf("making a session: %w", err)
	}
	out.Session = base64.RawURLEncoding.EncodeToString(raw)
	out.Serial, out.Checked, out.Expires = s.serial, s.checked, now.Add(c.rules.CitizenLife).UTC()
	out.Template, _ = c.profiles.TemplateOf(s.cert)
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := t.EndOldCitizenSessions(now.Add(-c.rules.CitizenIdle), now.Add(-c.rules.CitizenLife)); err != nil {
			return err
		}
		p, _, err := personBehind(t, s.iin, s.serial)
		if err != nil {
			return err
		}
		out.Person = personOut(p)
		if err := t.AddCitizenSession(ledger.CitizenSession{SHA256: hashOf([]byte(out.Session)), IIN: s.iin, Device: d.Prefix, Serial: s.serial, CreatedAt: now, UsedAt: now}); err != nil {
			return err
		}
		return t.Audit(now, "citizen-entered", "citizen:"+s.serial, "device:"+d.Prefix, "")
	})
	return out, err
}

// citizen is who a token stands for on this device; using it keeps it from idling out. A device that was enrolled anew has
// other sessions.
func (c *Centre) citizen(ctx context.Context, d ledger.Device, token string) (ledger.CitizenSession, error) {
	var s ledger.CitizenSession
	over := refuse(api.ErrorCodeSessionOver, "there is no such session, or it has ended")
	if token == "" {
		return s, over
	}
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		var err error
		if s, err = t.CitizenSession(hashOf([]byte(token))); errors.Is(err, ledger.ErrNotFound) {
			return over
		}
		if err != nil {
			return err
		}
		now := c.now()
		if s.Device != d.Prefix || now.Sub(s.UsedAt) > c.rules.CitizenIdle || now.Sub(s.CreatedAt) > c.rules.CitizenLife {
			return over
		}
		return t.UseCitizenSession(s.SHA256, now)
	})
	return s, err
}

// signOut ends a session; where there is none any more it is no error.
func (c *Centre) signOut(ctx context.Context, d ledger.Device, token string) error {
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		s, err := t.CitizenSession(hashOf([]byte(token)))
		if errors.Is(err, ledger.ErrNotFound) || err == nil && s.Device != d.Prefix {
			return nil
		}
		if err != nil {
			return err
		}
		if err := t.EndCitizenSession(s.SHA256); err != nil {
			return err
		}
		return t.Audit(c.now(), "citizen-left", "citizen:"+s.Serial, "device:"+d.Prefix, "")
	})
}

// personBehind is the register's person, or as a certificate names him where the register has none; registered says which.
func personBehind(t *ledger.Tx, iin, serial string) (p ledger.Person, registered bool, err error) {
	p, err = t.Person(iin)
	if !errors.Is(err, ledger.ErrNotFound) {
		return p, err == nil, err
	}
	p = ledger.Person{IIN: iin}
	if serial == "" {
		return p, false, nil
	}
	row, err := t.Certificate(serial)
	if errors.Is(err, ledger.ErrNotFound) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	cert, err := parseDER(row.DER)
	if err != nil {
		return p, false, err
	}
	p.Surname, p.Given, p.Patronymic = pki.SubjectName(cert)
	return p, false, nil
}
