//go:build cgo

package storage

import (
	"context"
	"errors"
	"testing"
)

func TestMigrations_GoForwardAndLeaveTheVersionBeforeAbleToRun(t *testing.T) {
	ctx := context.Background()
	s, path := openTest(t, Options{})
	must(t, s.Accept(ctx, acceptance(number, newRand())))
	must(t, s.Close())

	mine := migrations[len(migrations)-1].number
	next := append(append([]migration{}, migrations...), migration{number: mine + 1, oldest: mine,
		text: "ALTER TABLE applications ADD COLUMN colour TEXT; CREATE INDEX by_colour ON applications (colour);"})
	newer, err := open(path, Options{SealKey: testKey()}, next)
	must(t, err)
	if _, err := newer.Application(ctx, number); err != nil {
		t.Fatalf("the newer program lost it: %v", err)
	}
	if _, err := newer.conn.ExecContext(ctx, "UPDATE applications SET colour = 'blue'"); err != nil {
		t.Fatal(err)
	}
	must(t, newer.Close())

	s, err = Open(path, Options{SealKey: testKey()}) // put back
	must(t, err)
	must(t, s.Accept(ctx, acceptance("10010000023", newRandOther())))
	must(t, s.Check(ctx))
	must(t, s.Close())

	breaking := append(next, migration{number: mine + 2, oldest: mine + 2, text: "ALTER TABLE applications DROP COLUMN iin_key_gone_x;"})
	if _, err := open(path, Options{SealKey: testKey()}, breaking); err == nil {
		t.Fatal("a failing migration passed")
	}
	s, err = Open(path, Options{SealKey: testKey()}) // a failed migration left nothing
	must(t, err)
	must(t, s.Close())

	breaking[len(breaking)-1].text = "ALTER TABLE counters RENAME TO ranges;"
	newest, err := open(path, Options{SealKey: testKey()}, breaking)
	must(t, err)
	must(t, newest.Close())
	before := fingerprint(t, path)
	if _, err := Open(path, Options{SealKey: testKey()}); !errors.Is(err, ErrNewer) {
		t.Fatalf("an old program on a schema it cannot use: %v", err)
	}
	if fingerprint(t, path) != before {
		t.Fatal("the refused file was changed")
	}
}

func TestMigrations_AreNumberedWithoutGapsAndNeverAheadOfThemselves(t *testing.T) {
	for i, m := range migrations {
		if m.number != i+1 || m.oldest > m.number || m.oldest < 1 {
			t.Errorf("migration %d: number %d, oldest %d", i+1, m.number, m.oldest)
		}
		if i > 0 && m.oldest == m.number {
			t.Errorf("migration %d leaves the version before unable to run", m.number)
		}
	}
}
