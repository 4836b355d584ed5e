package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Event is one row of the audit chain. Actor is who did it (device:PREFIX, operator:ID, cli, centre), Object what it
// was done to (application:N, certificate:SERIAL …). Detail may name an IIN where the register was asked for it.
type Event struct {
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Event  string    `json:"event"`
	Actor  string    `json:"actor"`
	Object string    `json:"object"`
	Detail string    `json:"detail,omitempty"`
	Hash   []byte    `json:"hash"`
}

// link is the hash of a row: SHA-256 over the previous row's hash and the row as JSON, whose field order is fixed.
func link(prev []byte, e Event) ([]byte, error) {
	row, err := json.Marshal([]any{e.Seq, e.At.UnixMilli(), e.Event, e.Actor, e.Object, e.Detail})
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write(prev)
	h.Write(row)
	return h.Sum(nil), nil
}

// Audit appends a row to the chain; it commits with the change it tells of.
func (t *Tx) Audit(at time.Time, event, actor, object, detail string) error {
	var seq int64
	var prev []byte
	err := found(t.row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").Scan(&seq, &prev))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("reading the end of the audit chain: %w", err)
	}
	e := Event{Seq: seq + 1, At: at, Event: event, Actor: actor, Object: object, Detail: detail}
	hash, err := link(prev, e)
	if err != nil {
		return fmt.Errorf("linking an audit row: %w", err)
	}
	_, err = t.exec("INSERT INTO audit (seq, at, event, actor, object, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
		e.Seq, e.At.UnixMilli(), e.Event, e.Actor, e.Object, e.Detail, hash)
	if err != nil {
		return fmt.Errorf("appending to the audit chain: %w", err)
	}
	return nil
}

// BrokenChain says at which row the audit chain does not hold: the row was changed, or the one before it removed.
type BrokenChain struct{ Seq int64 }

func (b *BrokenChain) Error() string { return fmt.Sprintf("the audit chain breaks at row %d", b.Seq) }

// VerifyAudit walks the whole chain and gives each sound row to see (which may be nil). It returns the number of
// rows and the last hash, or *BrokenChain. Rows cut off at the end show only against a hash noted earlier.
func (t *Tx) VerifyAudit(see func(Event) error) (rows int64, last []byte, err error) {
	all, err := t.rows("SELECT seq, at, event, actor, object, detail, hash FROM audit ORDER BY seq")
	if err != nil {
		return 0, nil, fmt.Errorf("reading the audit chain: %w", err)
	}
	defer all.Close()
	for all.Next() {
		var e Event
		var at int64
		if err := all.Scan(&e.Seq, &at, &e.Event, &e.Actor, &e.Object, &e.Detail, &e.Hash); err != nil {
			return rows, last, fmt.Errorf("reading the audit chain: %w", err)
		}
		e.At = moment(at)
		want, err := link(last, e)
		if err != nil {
			return rows, last, err
		}
		if e.Seq != rows+1 || !bytes.Equal(want, e.Hash) {
			return rows, last, &BrokenChain{Seq: rows + 1}
		}
		rows, last = e.Seq, e.Hash
		if see != nil {
			if err := see(e); err != nil {
				return rows, last, err
			}
		}
	}
	return rows, last, all.Err()
}
