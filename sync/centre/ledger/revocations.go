package ledger

import (
	"fmt"
	"time"
)

// NamedRevocation is one certificate that an application for revocation names.
type NamedRevocation struct {
	Number  string
	Ordinal int
	Serial  string
	DoneAt  time.Time
}

const revocationColumns = "number, ordinal, serial, done_at"

func scanRevocation(s scanner) (NamedRevocation, error) {
	var r NamedRevocation
	var done int64
	err := s.Scan(&r.Number, &r.Ordinal, &r.Serial, &done)
	r.DoneAt = moment(done)
	return r, found(err)
}

// AddRevocation writes one certificate that an application names.
func (t *Tx) AddRevocation(r NamedRevocation) error {
	_, err := t.exec("INSERT INTO application_revocations ("+revocationColumns+") VALUES (?, ?, ?, ?)", r.Number, r.Ordinal, r.Serial, millis(r.DoneAt))
	if err != nil {
		return fmt.Errorf("naming a certificate to revoke: %w", err)
	}
	return nil
}

// RevocationsOf lists what an application names.
func (t *Tx) RevocationsOf(number string) ([]NamedRevocation, error) {
	rows, err := t.rows("SELECT "+revocationColumns+" FROM application_revocations WHERE number = ? ORDER BY ordinal", number)
	return collect(rows, err, scanRevocation)
}

// RevocationsNaming lists which applications name a certificate.
func (t *Tx) RevocationsNaming(serial string) ([]NamedRevocation, error) {
	rows, err := t.rows("SELECT "+revocationColumns+" FROM application_revocations WHERE serial = ? ORDER BY number", serial)
	return collect(rows, err, scanRevocation)
}

// RevocationDone notes that a certificate was revoked for an application; again changes nothing.
func (t *Tx) RevocationDone(number string, ordinal int, at time.Time) error {
	_, err := t.exec("UPDATE application_revocations SET done_at = ? WHERE number = ? AND ordinal = ? AND done_at = 0", millis(at), number, ordinal)
	return err
}

// OverdueRevocations lists the numbers of accepted applications whose certificates are not all revoked a while after.
func (t *Tx) OverdueRevocations(before time.Time, limit int) ([]string, error) {
	rows, err := t.rows("SELECT number FROM applications WHERE kind = 'revocation' AND state = ? AND decided_at <= ? ORDER BY number LIMIT ?",
		string(Confirmed), millis(before), limit)
	return collect(rows, err, scanText)
}

// MarkRevoked ends an application for revocation: all that it names is revoked.
func (t *Tx) MarkRevoked(number string, at time.Time) error {
	return t.change("ending an application for revocation", "UPDATE applications SET state = ?, issued_at = ?, installed_at = ? WHERE number = ? AND state = ?",
		string(Installed), millis(at), millis(at), number, string(Confirmed))
}

// Order is an order of staff to revoke; SHA256 is the hash of its document.
type Order struct {
	SHA256, IIN         string
	Document, Signature []byte
	Operator, Device    string
	At                  time.Time
}

// AddOrder writes an order.
func (t *Tx) AddOrder(o Order) error {
	_, err := t.exec("INSERT INTO revocation_orders (sha256, iin, document, signature, operator, device, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		o.SHA256, o.IIN, o.Document, o.Signature, o.Operator, o.Device, millis(o.At))
	if err != nil {
		return fmt.Errorf("writing an order to revoke: %w", err)
	}
	return nil
}

// OrderBy finds the operator of an order by the hash of its document.
func (t *Tx) OrderBy(sha256 string) (operator string, err error) {
	return operator, found(t.row("SELECT operator FROM revocation_orders WHERE sha256 = ?", sha256).Scan(&operator))
}
