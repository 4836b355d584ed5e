package ledger

import (
	"fmt"
	"time"
)

// TransactionState is where a CMP transaction stands.
type TransactionState string

// The states of a transaction. Refused: the device did not accept the certificate (certConf). Rejected: the centre said no.
const (
	TransactionWaiting   TransactionState = "waiting"
	TransactionIssued    TransactionState = "issued"
	TransactionConfirmed TransactionState = "confirmed"
	TransactionRefused   TransactionState = "refused"
	TransactionRejected  TransactionState = "rejected"
)

// Transaction is a CMP transaction (RFC 9810 §5.1.1, transactionID in hex). Number is "" where no application is behind it.
type Transaction struct {
	ID, Device, Kind, Profile string
	Number                    string
	Ordinal                   int
	State                     TransactionState
	Request                   []byte // DER of the PKCS#10 or certificate request message
	SPKI                      []byte // DER of the public key
	Serial                    string // of the certificate, once there is one
	Text                      string // why rejected, for the device's log
	CreatedAt, UpdatedAt      time.Time
}

const transactionColumns = "id, device, kind, profile, number, ordinal, state, request, spki, serial, text, created_at, updated_at"

func scanTransaction(s scanner) (Transaction, error) {
	var x Transaction
	var created, updated int64
	err := s.Scan(&x.ID, &x.Device, &x.Kind, &x.Profile, &x.Number, &x.Ordinal, &x.State, &x.Request, &x.SPKI, &x.Serial, &x.Text, &created, &updated)
	x.CreatedAt, x.UpdatedAt = moment(created), moment(updated)
	return x, found(err)
}

// AddTransaction writes a new transaction.
func (t *Tx) AddTransaction(x Transaction) error {
	_, err := t.exec("INSERT INTO transactions ("+transactionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		x.ID, x.Device, x.Kind, x.Profile, x.Number, x.Ordinal, string(x.State), blob(x.Request), blob(x.SPKI), x.Serial, x.Text, millis(x.CreatedAt), millis(x.UpdatedAt))
	if err != nil {
		return fmt.Errorf("adding a transaction: %w", err)
	}
	return nil
}

// blob keeps an empty value from becoming NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Transaction finds a transaction by id.
func (t *Tx) Transaction(id string) (Transaction, error) {
	return scanTransaction(t.row("SELECT "+transactionColumns+" FROM transactions WHERE id = ?", id))
}

// TransactionsOf lists the transactions of an application.
func (t *Tx) TransactionsOf(number string) ([]Transaction, error) {
	rows, err := t.rows("SELECT "+transactionColumns+" FROM transactions WHERE number = ? ORDER BY ordinal, created_at, id", number)
	return collect(rows, err, scanTransaction)
}

// MoveTransaction moves a transaction on, if it still stands where the caller saw it.
func (t *Tx) MoveTransaction(id string, from, to TransactionState, serial, text string, at time.Time) error {
	return t.change("moving a transaction on", "UPDATE transactions SET state = ?, serial = ?, text = ?, updated_at = ? WHERE id = ? AND state = ?",
		string(to), serial, text, millis(at), id, string(from))
}

// Unconfirmed lists transactions whose certificate was issued before a time and never confirmed.
func (t *Tx) Unconfirmed(before time.Time, limit int) ([]Transaction, error) {
	rows, err := t.rows("SELECT "+transactionColumns+" FROM transactions WHERE state = ? AND updated_at < ? ORDER BY id LIMIT ?",
		string(TransactionIssued), millis(before), limit)
	return collect(rows, err, scanTransaction)
}

// Reply finds the stored answer to a request by the request's hash.
func (t *Tx) Reply(requestSHA256 string) ([]byte, error) {
	var reply []byte
	return reply, found(t.row("SELECT reply FROM replies WHERE request_sha256 = ?", requestSHA256).Scan(&reply))
}

// PutReply stores the answer to a request; the first one stays.
func (t *Tx) PutReply(requestSHA256, transaction string, reply []byte, at time.Time) error {
	_, err := t.exec("INSERT INTO replies (request_sha256, transaction_id, reply, at) VALUES (?, ?, ?, ?) ON CONFLICT (request_sha256) DO NOTHING",
		requestSHA256, transaction, reply, millis(at))
	if err != nil {
		return fmt.Errorf("storing a reply: %w", err)
	}
	return nil
}

// ForgetReplies removes answers older than a time.
func (t *Tx) ForgetReplies(before time.Time) error {
	_, err := t.exec("DELETE FROM replies WHERE at < ?", millis(before))
	return err
}

// TransactionsOfDevice lists a device's transactions in one state.
func (t *Tx) TransactionsOfDevice(device string, state TransactionState) ([]Transaction, error) {
	rows, err := t.rows("SELECT "+transactionColumns+" FROM transactions WHERE device = ? AND state = ? ORDER BY id", device, string(state))
	return collect(rows, err, scanTransaction)
}

// SerialConfirmed says whether any transaction took the certificate of a serial number.
func (t *Tx) SerialConfirmed(serial string) (bool, error) {
	var n int
	err := t.row("SELECT COUNT(*) FROM transactions WHERE serial = ? AND state = ?", serial, string(TransactionConfirmed)).Scan(&n)
	return n > 0, err
}
