package ledger

import (
	"context"
	"embed"
	"fmt"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemas holds the migrations in order; number n is migrations/000n.sql. They only go forward, and each leaves the
// previous version of the program able to run.
var schemas = []string{"migrations/0001.sql", "migrations/0002.sql", "migrations/0003.sql", "migrations/0004.sql"}

// dialect writes a migration for PostgreSQL; SQLite gets it as it is.
func dialect(text string, postgres bool) string {
	if !postgres {
		return text
	}
	return strings.NewReplacer(") STRICT;", ");", "INTEGER", "BIGINT", "BLOB", "BYTEA").Replace(text)
}

// migrate brings the schema up to the last of schemas.
func (l *Ledger) migrate(ctx context.Context, schemas []string) error {
	err := l.Do(ctx, func(t *Tx) error {
		if _, err := t.exec(dialect("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)", l.postgres)); err != nil {
			return err
		}
		var have int
		if err := t.row("SELECT COALESCE(MAX(number), 0) FROM migrations").Scan(&have); err != nil {
			return err
		}
		if have > len(schemas) {
			return fmt.Errorf("the database is of a newer program (schema %d, this program knows %d): use that program", have, len(schemas))
		}
		for n := have; n < len(schemas); n++ {
			text, err := migrations.ReadFile(schemas[n])
			if err != nil {
				return err
			}
			for _, statement := range statements(dialect(string(text), l.postgres)) {
				if _, err := t.exec(statement); err != nil {
					return fmt.Errorf("migration %d: %w", n+1, err)
				}
			}
			if _, err := t.exec("INSERT INTO migrations (number) VALUES (?)", n+1); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("bringing the database's schema up to date: %w", err)
	}
	return nil
}

// statements splits a migration; comments stand on lines of their own and no string holds a semicolon.
func statements(text string) []string {
	var kept []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			kept = append(kept, line)
		}
	}
	var all []string
	for _, s := range strings.Split(strings.Join(kept, "\n"), ";") {
		if strings.TrimSpace(s) != "" {
			all = append(all, s)
		}
	}
	return all
}
