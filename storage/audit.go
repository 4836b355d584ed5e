//go:build cgo

package storage

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// AuditRow is one row of the audit chain. Subject names what changed ("application:…", "journal:…"), never a person.
type AuditRow struct {
	Seq     int64     `json:"seq"` // from 1, without gaps
	At      time.Time `json:"at"`  // UTC, milliseconds
	Event   string    `json:"event"`
	Subject string    `json:"subject"`
	Old     string    `json:"old"`
	New     string    `json:"new"`
	Detail  string    `json:"detail"`
	Hash    string    `json:"hash"` // hex; see AuditRow.link
	MAC     string    `json:"mac"`  // hex, HMAC-SHA-256 over Hash
}

// link gives the row's hash: SHA-256 over the 32 bytes of the hash before (zeros for the first) and the JSON array
// [seq, milliseconds since 1970, event, subject, old, new, detail] without blanks. Anyone can recompute it from an export.
func (r AuditRow) link(before []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Write(before)
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode([]any{r.Seq, millis(r.At), r.Event, r.Subject, r.Old, r.New, r.Detail}); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return sum[:], nil
}

func (s *sealer) auditMAC(hash []byte) []byte {
	m := hmac.New(sha256.New, s.audit)
	m.Write(hash)
	return m.Sum(nil)
}

// auditHead is the setting that tells how long the chain is and what its last hash is. Being sealed it cannot be made
// up without the key, so cutting off the newest rows shows.
const auditHead = "audit-head"

func (t *tx) head() (seq int64, hash []byte, err error) {
	var sealed []byte
	err = t.row("SELECT value FROM settings WHERE key = ?", []any{auditHead}, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, make([]byte, sha256.Size), nil
	}
	if err != nil {
		return 0, nil, err
	}
	return t.s.sealer.openHead(sealed)
}

func (s *sealer) openHead(sealed []byte) (seq int64, hash []byte, err error) {
	head, err := s.open(sealed, "settings", "value", auditHead)
	if err != nil {
		return 0, nil, err
	}
	if len(head) != 8+sha256.Size {
		return 0, nil, fmt.Errorf("%w: the head of the audit chain has a wrong length", ErrDamaged)
	}
	return int64(binary.BigEndian.Uint64(head)), head[8:], nil
}

// audit appends a row. Transitions call it; there is no other way into the chain.
func (t *tx) audit(event, subject, old, new, detail string) error {
	last, before, err := t.head()
	if err != nil {
		return fmt.Errorf("appending to the audit chain: %w", err)
	}
	r := AuditRow{Seq: last + 1, At: t.now, Event: event, Subject: subject, Old: old, New: new, Detail: detail}
	hash, err := r.link(before)
	if err != nil {
		return fmt.Errorf("appending to the audit chain: %w", err)
	}
	if _, err := t.exec("INSERT INTO audit (seq, at, event, subject, old, new, detail, hash, mac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.Seq, millis(r.At), event, subject, old, new, detail, hash, t.s.sealer.auditMAC(hash)); err != nil {
		return fmt.Errorf("appending to the audit chain: %w", err)
	}
	return t.put(auditHead, append(binary.BigEndian.AppendUint64(nil, uint64(r.Seq)), hash...))
}

// AuditReport says whether the audit chain is whole.
type AuditReport struct {
	Rows     int64  // rows that are there
	BrokenAt int64  // sequence number of the first row that is missing, changed or foreign; 0 when the chain is whole
	Why      string // what is wrong there
}

// Whole says that no row was changed, removed, put in or cut off.
func (r AuditReport) Whole() bool { return r.BrokenAt == 0 }

// VerifyAudit recomputes the chain. An error means that it could not be read, not that it is broken.
func (s *Store) VerifyAudit(ctx context.Context) (AuditReport, error) {
	var report AuditReport
	before := make([]byte, sha256.Size)
	broken := func(seq int64, why string) {
		if report.BrokenAt == 0 {
			report.BrokenAt, report.Why = seq, why
		}
	}
	head, err := s.readAudit(ctx, func(r AuditRow) error {
		report.Rows++
		hash, err := r.link(before)
		if err != nil {
			return err
		}
		kept, _ := hex.DecodeString(r.Hash)
		mac, _ := hex.DecodeString(r.MAC)
		switch {
		case r.Seq != report.Rows:
			broken(report.Rows, "the row is missing")
		case !bytes.Equal(hash, kept):
			broken(r.Seq, "the row does not follow from the one before")
		case !hmac.Equal(mac, s.sealer.auditMAC(hash)):
			broken(r.Seq, "the row was written without the key")
		}
		before = hash
		return nil
	})
	if err != nil {
		return AuditReport{}, fmt.Errorf("verifying the audit chain: %w", translate(err))
	}
	if !report.Whole() {
		return report, nil
	}
	seq, hash, err := s.sealer.openHead(head)
	switch {
	case head == nil:
		broken(report.Rows+1, "the head of the chain is missing")
	case err != nil:
		broken(report.Rows+1, "the head of the chain was written without the key")
	case seq > report.Rows:
		broken(report.Rows+1, fmt.Sprintf("the newest rows were cut off: %d of %d are there", report.Rows, seq))
	case seq < report.Rows || !bytes.Equal(hash, before):
		broken(seq+1, "rows follow that the head of the chain does not know")
	}
	return report, nil
}

// ExportAudit writes the chain as JSON, one AuditRow a line, as far as it can be read, whole or not.
func (s *Store) ExportAudit(ctx context.Context, w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if _, err := s.readAudit(ctx, func(r AuditRow) error { return e.Encode(r) }); err != nil {
		return fmt.Errorf("exporting the audit chain: %w", translate(err))
	}
	return nil
}

// readAudit gives each row in order, and the sealed head, all of one moment.
func (s *Store) readAudit(ctx context.Context, each func(AuditRow) error) (head []byte, err error) {
	t, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback()
	err = t.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", auditHead).Scan(&head)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	rows, err := t.QueryContext(ctx, "SELECT seq, at, event, subject, old, new, detail, hash, mac FROM audit ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r AuditRow
		var at int64
		var hash, mac []byte
		if err := rows.Scan(&r.Seq, &at, &r.Event, &r.Subject, &r.Old, &r.New, &r.Detail, &hash, &mac); err != nil {
			return nil, err
		}
		r.At, r.Hash, r.MAC = fromMillis(at), hex.EncodeToString(hash), hex.EncodeToString(mac)
		if err := each(r); err != nil {
			return nil, err
		}
	}
	return head, rows.Err()
}
