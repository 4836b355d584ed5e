//go:build cgo

package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
)

// audited has a chain of some rows, closed.
func audited(t *testing.T) (path string, rows int64) {
	t.Helper()
	ctx := context.Background()
	s, path := openTest(t, Options{})
	r := newRand()
	for i := range 5 {
		must(t, s.Accept(ctx, acceptance(fmt.Sprintf("100100000%d", i), r)))
	}
	report, err := s.VerifyAudit(ctx)
	must(t, err)
	if !report.Whole() || report.Rows < 6 {
		t.Fatalf("%+v", report)
	}
	must(t, s.Close())
	return path, report.Rows
}

// tamper changes the file as somebody without the key could.
func tamper(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	defer db.Close()
	for _, s := range append([]string{"DROP TRIGGER audit_is_not_changed", "DROP TRIGGER audit_is_not_removed"}, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestVerifyAudit_FindsTheFirstRowThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		broken    int64 // 0: the one after the last
	}{
		"a word changed":            {"UPDATE audit SET new = 'issued' WHERE seq = 3", 3},
		"a time changed":            {"UPDATE audit SET at = at + 1 WHERE seq = 2", 2},
		"a row removed":             {"DELETE FROM audit WHERE seq = 4", 4},
		"the first removed":         {"DELETE FROM audit WHERE seq = 1", 1},
		"a row put in":              {"INSERT INTO audit SELECT 99, at, event, subject, old, new, detail, hash, mac FROM audit WHERE seq = 3", 0},
		"two rows swapped":          {"UPDATE audit SET seq = CASE seq WHEN 3 THEN -4 WHEN 4 THEN -3 END WHERE seq IN (3, 4); UPDATE audit SET seq = -seq WHERE seq < 0", 3},
		"a hash changed":            {"UPDATE audit SET hash = x'00' WHERE seq = 5", 5},
		"a mac changed":             {"UPDATE audit SET mac = x'00' WHERE seq = 5", 5},
		"the newest cut off":        {"DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)", -1},
		"all removed":               {"DELETE FROM audit", 1},
		"the head removed":          {"DELETE FROM settings WHERE key = 'audit-head'", 0},
		"the head of another place": {"UPDATE settings SET value = (SELECT value FROM settings WHERE key = 'seal-key-proof') WHERE key = 'audit-head'", 0},
	} {
		path, rows := audited(t)
		tamper(t, path, c.statement)
		s, err := Open(path, Options{SealKey: testKey()})
		must(t, err)
		report, err := s.VerifyAudit(context.Background())
		must(t, err)
		want := c.broken
		switch want {
		case 0:
			want = rows + 1
		case -1:
			want = rows
		}
		if report.BrokenAt != want || report.Why == "" {
			t.Errorf("%s: %+v, want broken at %d", name, report, want)
		}
		must(t, s.Close())
	}
}

// Somebody who knows the format recomputes all hashes after a change; without the key that is not enough.
func TestVerifyAudit_CannotBeRecomputedWithoutTheKey(t *testing.T) {
	path, rows := audited(t)
	tamper(t, path, "UPDATE audit SET new = 'issued' WHERE seq = 3")
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	before := make([]byte, sha256.Size)
	for seq := int64(1); seq <= rows; seq++ {
		r := AuditRow{Seq: seq}
		var at int64
		must(t, db.QueryRow("SELECT at, event, subject, old, new, detail FROM audit WHERE seq = ?", seq).Scan(&at, &r.Event, &r.Subject, &r.Old, &r.New, &r.Detail))
		r.At = fromMillis(at)
		before, err = r.link(before)
		must(t, err)
		_, err = db.Exec("UPDATE audit SET hash = ? WHERE seq = ?", before, seq)
		must(t, err)
	}
	must(t, db.Close())
	s, err := Open(path, Options{SealKey: testKey()})
	must(t, err)
	defer s.Close()
	report, err := s.VerifyAudit(context.Background())
	must(t, err)
	if report.BrokenAt != 3 {
		t.Fatalf("%+v", report)
	}
}

func TestAudit_RowsAreNeitherChangedNorRemoved(t *testing.T) {
	s, _ := openTest(t, Options{})
	for _, statement := range []string{"UPDATE audit SET new = 'x'", "DELETE FROM audit"} {
		if _, err := s.conn.ExecContext(context.Background(), statement); err == nil {
			t.Errorf("%s: done", statement)
		}
	}
}

// The export's documentation is enough to recompute the chain.
func TestExportAudit_CanBeRecomputedByAnyone(t *testing.T) {
	path, rows := audited(t)
	s, err := Open(path, Options{SealKey: testKey()})
	must(t, err)
	defer s.Close()
	var out bytes.Buffer
	must(t, s.ExportAudit(context.Background(), &out))
	before := make([]byte, 32)
	n := int64(0)
	for line := range bytes.Lines(out.Bytes()) {
		n++
		var r AuditRow
		must(t, json.Unmarshal(line, &r))
		array, err := json.Marshal([]any{r.Seq, r.At.UnixMilli(), r.Event, r.Subject, r.Old, r.New, r.Detail})
		must(t, err)
		sum := sha256.Sum256(append(before, array...))
		if r.Seq != n || hex.EncodeToString(sum[:]) != r.Hash {
			t.Fatalf("row %d: the hash is not the documented one", n)
		}
		before = sum[:]
	}
	if n != rows {
		t.Fatalf("%d of %d rows", n, rows)
	}
}
