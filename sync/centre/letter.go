package centre

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// lettersMax is how many letters are sent about one application.
const lettersMax = 3

// postLetter lays a letter into the mail spool. It must be about an application that this device filed. The same letter again is laid there once: it
// was noted in the transaction in which it was laid, and after a crash between the two it has the same name and Message-ID.
func (c *Centre) postLetter(ctx context.Context, d ledger.Device, number string, l registry.Letter) error {
	if err := l.Check(); err != nil {
		return refuse(api.ErrorCodeBadRequest, "%v", err)
	}
	data, err := l.Encode()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		a, err := t.Application(number)
		if errors.Is(err, ledger.ErrNotFound) {
			return refuse(api.ErrorCodeNotFound, "this device filed no such application")
		}
		if err != nil {
			return err
		}
		same, err := sameDevice(t, a.Device, d)
		if err != nil {
			return err
		}
		if !same {
			return refuse(api.ErrorCodeNotFound, "this device filed no such application")
		}
		had, err := t.Letters(number)
		switch {
		case err != nil:
			return err
		case slices.Contains(had, hash):
			return nil
		case len(had) >= lettersMax:
			return refuse(api.ErrorCodeConflict, "as many letters about the application were sent as may be")
		}
		now := c.now()
		if err := t.AddLetter(number, hash, now); err != nil {
			return err
		}
		if err := t.Audit(now, "letter-posted", "device:"+d.Prefix, "application:"+number, hash); err != nil {
			return err
		}
		c.metrics.add("tirkeu_letters_total", 1)
		m := message{from: c.mailFrom, id: number + "." + hash[:32], at: now, letter: l}
		text, err := m.write()
		if err != nil {
			return err
		}
		return c.mail.lay(number+"."+hash[:32], text)
	})
}
