//go:build cgo

package storage

import (
	"context"
	"fmt"
)

// Check reads the whole database through: its pages and indexes, the references between tables, every sealed value of
// an application, and the audit chain. ErrDamaged says what was found; nothing is repaired.
func (s *Store) Check(ctx context.Context) error {
	for _, pragma := range []string{"PRAGMA integrity_check(1)", "SELECT 'a row of ' || \"table\" FROM pragma_foreign_key_check UNION ALL SELECT 'ok' LIMIT 1"} {
		var found string
		if err := s.reader.QueryRowContext(ctx, pragma).Scan(&found); err != nil {
			return fmt.Errorf("checking the database: %w", translate(err))
		}
		if found != "ok" {
			return fmt.Errorf("checking the database: %w: %s", ErrDamaged, found)
		}
	}
	last := ""
	for {
		some, err := s.find(ctx, "WHERE number > ? ORDER BY number LIMIT 100", last)
		if err != nil {
			return fmt.Errorf("checking the database: %w", err)
		}
		if len(some) == 0 {
			break
		}
		last = some[len(some)-1].Number
	}
	report, err := s.VerifyAudit(ctx)
	if err != nil {
		return fmt.Errorf("checking the database: %w", err)
	}
	if !report.Whole() {
		return fmt.Errorf("checking the database: %w: audit row %d: %s", ErrDamaged, report.BrokenAt, report.Why)
	}
	return nil
}
