package ledger

import (
	"fmt"
	"time"
)

// Code is a one-time code. Secret is sealed; Number is the application it was spent on.
type Code struct {
	ID, IIN, Device, Kind, Method string
	Secret                        []byte
	Sent, Wrong                   int
	CreatedAt, SentAt             time.Time
	ExpiresAt, VerifiedAt         time.Time
	Number                        string
}

const codeColumns = "id, iin, device, kind, method, secret, sent, wrong, created_at, sent_at, expires_at, verified_at, number"

func scanCode(s scanner) (Code, error) {
	var c Code
	var created, sent, expires, verified int64
	err := s.Scan(&c.ID, &c.IIN, &c.Device, &c.Kind, &c.Method, &c.Secret, &c.Sent, &c.Wrong, &created, &sent, &expires, &verified, &c.Number)
	c.CreatedAt, c.SentAt, c.ExpiresAt, c.VerifiedAt = moment(created), moment(sent), moment(expires), moment(verified)
	return c, found(err)
}

// AddCode writes a new code.
func (t *Tx) AddCode(c Code) error {
	_, err := t.exec("INSERT INTO codes ("+codeColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		c.ID, c.IIN, c.Device, c.Kind, c.Method, c.Secret, c.Sent, c.Wrong, millis(c.CreatedAt), millis(c.SentAt), millis(c.ExpiresAt), millis(c.VerifiedAt), c.Number)
	if err != nil {
		return fmt.Errorf("writing a one-time code: %w", err)
	}
	return nil
}

// Code finds a code by id.
func (t *Tx) Code(id string) (Code, error) {
	return scanCode(t.row("SELECT "+codeColumns+" FROM codes WHERE id = ?", id))
}

// UpdateCode writes what may change of a code: its secret, counts, times and number.
func (t *Tx) UpdateCode(c Code) error {
	return t.change("changing a one-time code", "UPDATE codes SET secret = ?, sent = ?, wrong = ?, sent_at = ?, expires_at = ?, verified_at = ?, number = ? WHERE id = ?",
		c.Secret, c.Sent, c.Wrong, millis(c.SentAt), millis(c.ExpiresAt), millis(c.VerifiedAt), c.Number, c.ID)
}

// SentCodes counts the codes sent to a person since a time.
func (t *Tx) SentCodes(iin string, since time.Time) (int, error) {
	var n int
	return n, t.row("SELECT COALESCE(SUM(sent), 0) FROM codes WHERE iin = ? AND created_at >= ?", iin, millis(since)).Scan(&n)
}

// OpenCodes lists codes that can still be told, newest first.
func (t *Tx) OpenCodes(now time.Time) ([]Code, error) {
	rows, err := t.rows("SELECT "+codeColumns+" FROM codes WHERE verified_at = 0 AND expires_at > ? ORDER BY sent_at DESC, id", millis(now))
	return collect(rows, err, scanCode)
}

// CodeLock tells until when nobody may tell codes of a person; the zero time where everybody may.
func (t *Tx) CodeLock(iin string, now time.Time) (time.Time, error) {
	var until int64
	err := found(t.row("SELECT until FROM code_locks WHERE iin = ? AND until > ?", iin, millis(now)).Scan(&until))
	if err == ErrNotFound {
		return time.Time{}, nil
	}
	return moment(until), err
}

// LockCodes shuts a person's codes until a time.
func (t *Tx) LockCodes(iin string, until time.Time) error {
	_, err := t.exec("INSERT INTO code_locks (iin, until) VALUES (?, ?) ON CONFLICT (iin) DO UPDATE SET until = excluded.until", iin, millis(until))
	return err
}

// ForgetCodes removes codes that were sent last before a time and were spent on nothing, and locks that are over.
func (t *Tx) ForgetCodes(before, now time.Time) error {
	if _, err := t.exec("DELETE FROM codes WHERE sent_at < ? AND number = ''", millis(before)); err != nil {
		return err
	}
	_, err := t.exec("DELETE FROM code_locks WHERE until <= ?", millis(now))
	return err
}

// LastCode finds the code that was made last for a person.
func (t *Tx) LastCode(iin string) (Code, error) {
	return scanCode(t.row("SELECT "+codeColumns+" FROM codes WHERE iin = ? ORDER BY created_at DESC, id LIMIT 1", iin))
}
