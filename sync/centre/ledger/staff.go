package ledger

import (
	"fmt"
	"time"
)

// Operator is a member of staff. ID is the SHA-256 of his certificate, hex.
type Operator struct {
	ID, IIN, Name string
	Certificate   []byte // DER
	CreatedAt     time.Time
	RevokedAt     time.Time
}

const operatorColumns = "id, iin, name, certificate, created_at, revoked_at"

func scanOperator(s scanner) (Operator, error) {
	var o Operator
	var created, revoked int64
	err := s.Scan(&o.ID, &o.IIN, &o.Name, &o.Certificate, &created, &revoked)
	o.CreatedAt, o.RevokedAt = moment(created), moment(revoked)
	return o, found(err)
}

// AddOperator registers an operator; the same certificate twice changes nothing.
func (t *Tx) AddOperator(o Operator) error {
	_, err := t.exec("INSERT INTO operators (id, iin, name, certificate, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
		o.ID, o.IIN, o.Name, o.Certificate, millis(o.CreatedAt))
	if err != nil {
		return fmt.Errorf("adding an operator: %w", err)
	}
	return nil
}

// Operator finds an operator by ID.
func (t *Tx) Operator(id string) (Operator, error) {
	return scanOperator(t.row("SELECT "+operatorColumns+" FROM operators WHERE id = ?", id))
}

// Operators lists all operators, oldest first.
func (t *Tx) Operators() ([]Operator, error) {
	rows, err := t.rows("SELECT " + operatorColumns + " FROM operators ORDER BY created_at, id")
	return collect(rows, err, scanOperator)
}

// RevokeOperator shuts an operator out for ever.
func (t *Tx) RevokeOperator(id string, at time.Time) error {
	return t.change("revoking an operator", "UPDATE operators SET revoked_at = ? WHERE id = ? AND revoked_at = 0", millis(at), id)
}

// AddChallenge notes the hash of a challenge given to a device, and forgets those that have run out.
func (t *Tx) AddChallenge(sha256, device string, now, expires time.Time) error {
	if _, err := t.exec("DELETE FROM challenges WHERE expires_at < ?", millis(now)); err != nil {
		return fmt.Errorf("forgetting old challenges: %w", err)
	}
	if _, err := t.exec("INSERT INTO challenges (sha256, device, expires_at) VALUES (?, ?, ?)", sha256, device, millis(expires)); err != nil {
		return fmt.Errorf("noting a challenge: %w", err)
	}
	return nil
}

// TakeChallenge uses a challenge up; ErrNotFound when this device has none such, or it has run out.
func (t *Tx) TakeChallenge(sha256, device string, now time.Time) error {
	return t.change("taking a challenge", "DELETE FROM challenges WHERE sha256 = ? AND device = ? AND expires_at >= ?", sha256, device, millis(now))
}

// Session is a staff session; SHA256 is the hash of its token.
type Session struct {
	SHA256, Operator, Device string
	CreatedAt, UsedAt        time.Time
}

// AddSession opens a staff session.
func (t *Tx) AddSession(s Session) error {
	_, err := t.exec("INSERT INTO staff_sessions (sha256, operator, device, created_at, used_at) VALUES (?, ?, ?, ?, ?)",
		s.SHA256, s.Operator, s.Device, millis(s.CreatedAt), millis(s.UsedAt))
	if err != nil {
		return fmt.Errorf("opening a staff session: %w", err)
	}
	return nil
}

// Session finds a staff session by the hash of its token.
func (t *Tx) Session(sha256 string) (Session, error) {
	var s Session
	var created, used int64
	err := t.row("SELECT sha256, operator, device, created_at, used_at FROM staff_sessions WHERE sha256 = ?", sha256).
		Scan(&s.SHA256, &s.Operator, &s.Device, &created, &used)
	s.CreatedAt, s.UsedAt = moment(created), moment(used)
	return s, found(err)
}

// UseSession notes that a session is not idle.
func (t *Tx) UseSession(sha256 string, at time.Time) error {
	return t.change("using a staff session", "UPDATE staff_sessions SET used_at = ? WHERE sha256 = ?", millis(at), sha256)
}

// EndSession forgets a session; ending it twice is no fault.
func (t *Tx) EndSession(sha256 string) error {
	_, err := t.exec("DELETE FROM staff_sessions WHERE sha256 = ?", sha256)
	return err
}

// EndOldSessions forgets sessions unused since idle or opened before old.
func (t *Tx) EndOldSessions(idle, old time.Time) error {
	_, err := t.exec("DELETE FROM staff_sessions WHERE used_at < ? OR created_at < ?", millis(idle), millis(old))
	return err
}
