//go:build cgo

package storage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOpen_SetsEveryPragmaOnEveryConnection(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{MaxPages: 5000, BusyAfter: 1234 * time.Millisecond})
	for name, c := range map[string]struct {
		db   asked
		want map[string]string
	}{
		"writer": {s.conn, map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "1234",
			"trusted_schema": "0", "temp_store": "2", "wal_autocheckpoint": "0", "query_only": "0", "max_page_count": "5000", "cell_size_check": "1"}},
		"reader": {s.reader, map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "1234", "trusted_schema": "0",
			"temp_store": "2", "query_only": "1", "cell_size_check": "1"}},
		"checkpointer": {s.checkpoints.db, map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "1234"}},
	} {
		for pragma, want := range c.want {
			var got string
			must(t, c.db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got))
			if got != want {
				t.Errorf("%s: %s = %s, want %s", name, pragma, got, want)
			}
		}
	}
}

func TestOpen_RefusesAConnectionThatIsNotAsItMustBe(t *testing.T) {
	s, _ := openTest(t, Options{})
	ctx := context.Background()
	for _, spoil := range []string{"synchronous=1", "foreign_keys=0", "wal_autocheckpoint=1000"} {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA "+spoil); err != nil {
			t.Fatal(err)
		}
		if err := verifyPragmas(ctx, s.conn, s.options, modeWrite); err == nil {
			t.Errorf("%s was not noticed", spoil)
		}
		name, _, _ := strings.Cut(spoil, "=")
		must(t, restore(s, name))
	}
}

func restore(s *Store, pragma string) error {
	_, err := s.conn.ExecContext(context.Background(), fmt.Sprintf("PRAGMA %s=%s", pragma, wantedPragmas(s.options, modeWrite)[pragma]))
	return err
}

func TestOpen_MakesStrictTablesAndAFileForItsOwnerOnly(t *testing.T) {
	s, path := openTest(t, Options{})
	must(t, s.Put(context.Background(), "a", []byte("b")))
	rows, err := s.reader.Query("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'")
	must(t, err)
	defer rows.Close()
	tables := 0
	for rows.Next() {
		var name string
		var strict bool
		must(t, rows.Scan(&name, &strict))
		tables++
		if !strict {
			t.Errorf("%s is not strict", name)
		}
	}
	must(t, rows.Err())
	if tables < 8 {
		t.Errorf("%d tables", tables)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v", filepath.Base(name), info.Mode())
		}
	}
}

func TestOpen_TakesAnyPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20e ұ")
	must(t, os.Mkdir(dir, 0o700))
	s, err := Open(filepath.Join(dir, "киоск.db"), Options{SealKey: testKey()})
	must(t, err)
	must(t, s.Put(context.Background(), "k", []byte("v")))
	must(t, s.Close())
	t.Chdir(dir)
	s, err = Open("киоск.db", Options{SealKey: testKey()})
	must(t, err)
	defer s.Close()
	if v, err := s.Get(context.Background(), "k"); err != nil || string(v) != "v" {
		t.Fatalf("%q %v", v, err)
	}
}

// A reader's transaction stays open meanwhile: writers do not wait for readers.
func TestStore_WritesWhileSomebodyReads(t *testing.T) {
	ctx := context.Background()
	s, _ := openTest(t, Options{BusyAfter: time.Millisecond})
	must(t, s.Put(ctx, "k", []byte("1")))
	reading, err := s.reader.BeginTx(ctx, nil)
	must(t, err)
	defer reading.Rollback()
	var n int
	must(t, reading.QueryRow("SELECT COUNT(*) FROM settings").Scan(&n))
	must(t, s.Put(ctx, "k", []byte("2")))
	must(t, s.Accept(ctx, acceptance("10010000011", newRand())))
}
