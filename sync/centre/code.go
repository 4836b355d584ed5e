package centre

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// newCode draws six digits, each as likely as another.
func (c *Centre) newCode() (string, error) {
	n, err := rand.Int(c.rand, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("making a one-time code: %w", err)
	}
	return fmt.Sprintf("%06d", n.Int64()), nil
}

// askCode has a one-time code sent to the citizen of a session, if the directory's rule of the kind asks one of him. The
// sandbox has no line to a telephone: it shows the code on its console (the log of serve, and code list), never to a kiosk.
func (c *Centre) askCode(ctx context.Context, s ledger.CitizenSession, kind registry.Kind, method string) (api.CodeSent, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(c.rand, raw); err != nil {
		return api.CodeSent{}, fmt.Errorf("making a one-time code: %w", err)
	}
	var out api.CodeSent
	var told string
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		d, err := c.directoryOf(t)
		if err != nil {
			return err
		}
		rule, known := d.KindRule(kind)
		if !known {
			return refuse(api.ErrorCodeNotOffered, "applications of the kind %q are not offered", kind)
		}
		p, _, err := personBehind(t, s.IIN, "")
		if err != nil || !rule.AsksSecondFactor(p.NonResident) {
			return err
		}
		if method == "" {
			method = rule.SecondFactor[0]
		}
		if !slices.Contains(rule.SecondFactor, method) {
			return refuse(api.ErrorCodeBadRequest, "for this kind a code does not come by %q", method)
		}
		now := c.now()
		if err := c.maySend(t, s.IIN, now); err != nil {
			return err
		}
		code := ledger.Code{ID: hex.EncodeToString(raw), IIN: s.IIN, Device: s.Device, Kind: string(kind), Method: method, CreatedAt: now}
		if code.Wrong, err = wrongBefore(t, s.IIN, now.Add(-c.rules.CodeLock)); err != nil {
			return err
		}
		if told, err = c.renewCode(&code); err != nil {
			return err
		}
		if err := t.AddCode(code); err != nil {
			return err
		}
		out = c.codeSent(code, p)
		return t.Audit(now, "code-sent", citizenActor+s.Serial, "code:"+code.ID, method)
	})
	if err == nil && told != "" {
		c.show(out, told)
	}
	return out, err
}

// wrongBefore counts the wrong tries at a person's last code, if nobody has told it right: asking for another one does not
// wipe them out.
func wrongBefore(t *ledger.Tx, iin string, since time.Time) (int, error) {
	last, err := t.LastCode(iin)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && (!last.VerifiedAt.IsZero() || last.SentAt.Before(since)) {
		return 0, nil
	}
	return last.Wrong, err
}

func (c *Centre) maySend(t *ledger.Tx, iin string, now time.Time) error {
	until, err := t.CodeLock(iin, now)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		return &Refusal{Code: api.ErrorCodeCodeLocked, Message: "too many wrong codes were told", After: until.Sub(now)}
	}
	sent, err := t.SentCodes(iin, now.Add(-time.Hour))
	if err == nil && sent >= c.rules.CodesPerHour {
		return &Refusal{Code: api.ErrorCodeCodeLimit, Message: "as many codes were sent as may be in an hour", After: time.Hour}
	}
	return err
}

// renewCode puts new digits into a code, sealed: whoever reads the database alone does not read them.
func (c *Centre) renewCode(code *ledger.Code) (told string, err error) {
	if told, err = c.newCode(); err != nil {
		return "", err
	}
	now := c.now()
	code.Sent, code.SentAt, code.ExpiresAt = code.Sent+1, now, now.Add(c.rules.CodeLife)
	code.Secret, err = c.sealer.seal([]byte(told), "code:"+code.ID)
	return told, err
}

func (c *Centre) codeSent(code ledger.Code, p ledger.Person) api.CodeSent {
	resend, expires := code.SentAt.Add(c.rules.CodeGap).UTC(), code.ExpiresAt.UTC()
	out := api.CodeSent{Needed: true, Id: code.ID, Method: code.Method, Resends: max(0, c.rules.CodeResends+1-code.Sent), ResendAt: &resend, ExpiresAt: &expires}
	if n := len(p.Phone); code.Method == registry.MethodSMS && n > 4 {
		out.SentTo = "…" + p.Phone[n-4:]
	}
	return out
}

// show puts a code on the sandbox's console.
func (c *Centre) show(sent api.CodeSent, told string) {
	c.log.Info("one-time code for a citizen, shown here because this is a sandbox", "code", told, "method", sent.Method, "to", sent.SentTo, "id", sent.Id)
}

// codeOf finds a code of the session's citizen.
func codeOf(t *ledger.Tx, s ledger.CitizenSession, id string) (ledger.Code, error) {
	code, err := t.Code(id)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && (code.IIN != s.IIN || code.Device != s.Device) {
		return code, refuse(api.ErrorCodeNotFound, "there is no such code")
	}
	return code, err
}

// resendCode sends other digits in place of the first, up to Rules.CodeResends times, Rules.CodeGap apart.
func (c *Centre) resendCode(ctx context.Context, s ledger.CitizenSession, id string) (api.CodeSent, error) {
	var out api.CodeSent
	var told string
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		code, err := codeOf(t, s, id)
		if err != nil {
			return err
		}
		now := c.now()
		switch wait := code.SentAt.Add(c.rules.CodeGap).Sub(now); {
		case !code.VerifiedAt.IsZero():
			return refuse(api.ErrorCodeConflict, "the code was told already")
		case code.Sent > c.rules.CodeResends:
			return refuse(api.ErrorCodeCodeLimit, "the code was sent as often as it may be: ask for a new one")
		case wait > 0:
			return &Refusal{Code: api.ErrorCodeCodeLimit, Message: "the code was sent a moment ago", After: wait}
		}
		if err := c.maySend(t, s.IIN, now); err != nil {
			return err
		}
		if told, err = c.renewCode(&code); err != nil {
			return err
		}
		if err := t.UpdateCode(code); err != nil {
			return err
		}
		p, _, err := personBehind(t, s.IIN, "")
		if err != nil {
			return err
		}
		out = c.codeSent(code, p)
		return t.Audit(now, "code-sent", citizenActor+s.Serial, "code:"+code.ID, code.Method)
	})
	if err == nil {
		c.show(out, told)
	}
	return out, err
}

// verifyCode takes the digits that the citizen typed. A wrong one is counted whatever is answered.
func (c *Centre) verifyCode(ctx context.Context, s ledger.CitizenSession, id, told string) (api.CodeVerified, error) {
	var out api.CodeVerified
	var no error
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		code, err := codeOf(t, s, id)
		if err != nil {
			return err
		}
		now := c.now()
		until, err := t.CodeLock(s.IIN, now)
		switch {
		case err != nil:
			return err
		case !until.IsZero():
			return &Refusal{Code: api.ErrorCodeCodeLocked, Message: "too many wrong codes were told", After: until.Sub(now)}
		case code.VerifiedAt.IsZero() && !now.Before(code.ExpiresAt):
			return refuse(api.ErrorCodeCodeExpired, "the code has run out: have another one sent")
		}
		want, err := c.sealer.open(code.Secret, "code:"+code.ID)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare(want, []byte(told)) != 1 {
			no, err = c.wrongCode(t, s, code)
			return err
		}
		if code.VerifiedAt.IsZero() {
			code.VerifiedAt = now
			if err := t.UpdateCode(code); err != nil {
				return err
			}
			if err := t.Audit(now, "code-verified", citizenActor+s.Serial, "code:"+code.ID, ""); err != nil {
				return err
			}
		}
		out.SignUntil = code.VerifiedAt.Add(c.rules.GrantLife).UTC()
		return nil
	})
	if err == nil {
		err = no
	}
	return out, err
}

// wrongCode counts a wrong code; after Rules.CodeTries of them the person's codes are shut for Rules.CodeLock.
func (c *Centre) wrongCode(t *ledger.Tx, s ledger.CitizenSession, code ledger.Code) (no, err error) {
	now := c.now()
	code.Wrong++
	left := c.rules.CodeTries - code.Wrong
	if left > 0 {
		no = &Refusal{Code: api.ErrorCodeCodeWrong, Message: "the code is wrong", Left: &left}
		return no, errors.Join(t.UpdateCode(code), t.Audit(now, "code-wrong", citizenActor+s.Serial, "code:"+code.ID, fmt.Sprint(code.Wrong)))
	}
	code.Wrong, code.ExpiresAt = 0, now
	none := 0
	no = &Refusal{Code: api.ErrorCodeCodeLocked, Message: "too many wrong codes were told", After: c.rules.CodeLock, Left: &none}
	return no, errors.Join(t.UpdateCode(code), t.LockCodes(s.IIN, now.Add(c.rules.CodeLock)),
		t.Audit(now, "code-locked", citizenActor+s.Serial, "code:"+code.ID, ""))
}

// secondFactor spends the code that an application names, if the rule of its kind asks for one. It was told right before the
// application was signed, by the same person on the same kiosk for the same kind, and not long before; when the application
// arrives does not matter.
func (c *Centre) secondFactor(t *ledger.Tx, f filing, rule registry.KindRule) error {
	p, _, err := personBehind(t, f.a.IIN, "")
	if err != nil || !rule.AsksSecondFactor(p.NonResident) {
		return err
	}
	required := refuse(api.ErrorCodeCodeRequired, "an application of this kind needs a one-time code that was told right")
	if f.a.SecondFactor == "" {
		return required
	}
	code, err := t.Code(f.a.SecondFactor)
	if errors.Is(err, ledger.ErrNotFound) {
		return required
	}
	if err != nil {
		return err
	}
	same, err := sameDevice(t, code.Device, f.device)
	if err != nil {
		return err
	}
	if !same || code.IIN != f.a.IIN || code.Kind != string(f.a.Kind) || code.VerifiedAt.IsZero() || code.Number != "" {
		return required
	}
	// The signing time is by the kiosk's clock, the code's by ours: DecisionAhead is what they may differ by.
	if f.by.at.Before(code.VerifiedAt.Add(-c.rules.DecisionAhead)) || f.by.at.After(code.VerifiedAt.Add(c.rules.GrantLife+c.rules.DecisionAhead)) {
		return refuse(api.ErrorCodeCodeExpired, "the application was not signed soon after the code was told")
	}
	code.Number = f.a.Number
	return t.UpdateCode(code)
}

// OpenCode is a one-time code as the sandbox's console shows it.
type OpenCode struct {
	Code      string    `json:"code"`
	IIN       string    `json:"iin"`
	Kind      string    `json:"kind"`
	Method    string    `json:"method"`
	SentAt    time.Time `json:"sent_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Codes lists the one-time codes that can still be told, newest first.
func (c *Centre) Codes(ctx context.Context) ([]OpenCode, error) {
	list := []OpenCode{}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, err := t.OpenCodes(c.now())
		for _, row := range rows {
			told, err := c.sealer.open(row.Secret, "code:"+row.ID)
			if err != nil {
				return err
			}
			list = append(list, OpenCode{Code: string(told), IIN: row.IIN, Kind: row.Kind, Method: row.Method, SentAt: row.SentAt, ExpiresAt: row.ExpiresAt})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing one-time codes: %w", err)
	}
	return list, nil
}
