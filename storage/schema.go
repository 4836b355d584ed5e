//go:build cgo

package storage

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var files embed.FS

// migration changes the schema, forward only. Oldest is the number of the oldest schema whose program may still run on
// the changed file: keep it below number, so that the version before can be put back.
type migration struct {
	number, oldest int
	text           string
}

// migrations in order; number n is migrations/000n.sql.
var migrations = []migration{
	{number: 1, oldest: 1, text: read("migrations/0001.sql")},
	{number: 2, oldest: 1, text: read("migrations/0002.sql")},
	{number: 3, oldest: 1, text: read("migrations/0003.sql")},
}

func read(name string) string {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		panic("storage: " + err.Error()) // embedded: cannot be missing in a program that was built
	}
	return string(text)
}

// migrate applies what the file lacks, all in one transaction. A file with migrations unknown here is used as it is,
// unless one of them says that this program is too old for it: ErrNewer.
func (s *Store) migrate(ctx context.Context, known []migration) error {
	have, needs, err := s.schema(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema's number: %w", err)
	}
	mine := known[len(known)-1].number
	if needs > mine {
		return fmt.Errorf("%w: it needs schema %d, this program knows %d", ErrNewer, needs, mine)
	}
	if have >= mine {
		return nil
	}
	return s.write(ctx, "bringing the schema up to date", func(t *tx) error {
		if _, err := t.s.conn.ExecContext(t.ctx, "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, oldest INTEGER NOT NULL, at INTEGER NOT NULL) STRICT"); err != nil {
			return err
		}
		if have == 0 { // a new file, whose mark is committed with its first table
			if _, err := t.s.conn.ExecContext(t.ctx, fmt.Sprintf("PRAGMA application_id = %d", s.options.Application)); err != nil {
				return fmt.Errorf("marking the file: %w", err)
			}
		}
		for _, m := range known {
			if m.number <= have {
				continue
			}
			if _, err := t.s.conn.ExecContext(t.ctx, m.text); err != nil {
				return fmt.Errorf("migration %d: %w", m.number, err)
			}
			if _, err := t.exec("INSERT INTO migrations (number, oldest, at) VALUES (?, ?, ?)", m.number, m.oldest, millis(t.now)); err != nil {
				return fmt.Errorf("migration %d: %w", m.number, err)
			}
			if err := t.audit("schema-migrated", "database", fmt.Sprint(m.number-1), fmt.Sprint(m.number), ""); err != nil {
				return fmt.Errorf("migration %d: %w", m.number, err)
			}
		}
		return nil
	})
}

// schema gives the newest migration of the file and the oldest program that may use it; 0, 0 for a new file.
func (s *Store) schema(ctx context.Context) (have, needs int, err error) {
	var there int
	if err := s.conn.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'").Scan(&there); err != nil || there == 0 {
		return 0, 0, err
	}
	err = s.conn.QueryRowContext(ctx, "SELECT COALESCE(MAX(number), 0), COALESCE(MAX(oldest), 0) FROM migrations").Scan(&have, &needs)
	return have, needs, err
}

// keyProof is sealed when the file is made; a key that opens it is the right one.
const keyProof = "seal-key-proof"

func (s *Store) checkKey(ctx context.Context) error {
	var sealed []byte
	err := s.conn.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", keyProof).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return s.write(ctx, "marking the seal key", func(t *tx) error { return t.put(keyProof, []byte(keyProof)) })
	}
	if err != nil {
		return err
	}
	if plain, err := s.sealer.open(sealed, "settings", "value", keyProof); err != nil || string(plain) != keyProof {
		return ErrKey
	}
	return nil
}
