//go:build cgo

package storage

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// Begin writes an intent to the device journal. When it returns nil the intent is on disk and the act may begin.
func (s *Store) Begin(ctx context.Context, i Intent) (id int64, err error) {
	err = s.write(ctx, "journalling the intent to "+string(i.Kind), func(t *tx) error {
		// The row's id must be known before the serial is sealed for that row.
		if err := t.row("INSERT INTO device_journal (kind, medium, medium_key, number, key_id, begun_at) VALUES (?, x'', ?, ?, ?, ?) RETURNING id",
			[]any{string(i.Kind), s.sealer.key("medium", []byte(i.Medium)), i.Number, i.KeyID, millis(t.now)}, &id); err != nil {
			return err
		}
		sealed, err := s.sealer.seal([]byte(i.Medium), "device_journal", "medium", strconv.FormatInt(id, 10))
		if err != nil {
			return err
		}
		if _, err := t.exec("UPDATE device_journal SET medium = ? WHERE id = ?", sealed, id); err != nil {
			return err
		}
		return t.audit("journal", journalSubject(id), "", "begun", string(i.Kind))
	})
	return id, err
}

// Finish notes what came of an intent. The same outcome twice is no error; another one is ErrConflict; ErrNotFound.
func (s *Store) Finish(ctx context.Context, id int64, o Outcome) error {
	return s.write(ctx, "journalling an outcome", func(t *tx) error {
		var before *string
		var kind string
		if err := t.row("SELECT outcome, kind FROM device_journal WHERE id = ?", []any{id}, &before, &kind); err != nil {
			return err
		}
		switch {
		case before != nil && *before == string(o):
			return nil
		case before != nil:
			return fmt.Errorf("%w: the outcome was %s", ErrConflict, *before)
		}
		if _, err := t.exec("UPDATE device_journal SET outcome = ?, finished_at = ? WHERE id = ?", string(o), millis(t.now), id); err != nil {
			return err
		}
		return t.audit("journal", journalSubject(id), "begun", string(o), kind)
	})
}

func journalSubject(id int64) string { return "journal:" + strconv.FormatInt(id, 10) }

// OpenIntents gives the intents without an outcome, oldest first: what a crash, or a medium pulled too early, left open.
func (s *Store) OpenIntents(ctx context.Context) ([]Intent, error) {
	return s.intents(ctx, "WHERE outcome IS NULL ORDER BY id")
}

// OpenIntentsOf gives those of one medium: to be asked for when it is plugged in.
func (s *Store) OpenIntentsOf(ctx context.Context, serial string) ([]Intent, error) {
	return s.intents(ctx, "WHERE outcome IS NULL AND medium_key = ? ORDER BY id", s.sealer.key("medium", []byte(serial)))
}

func (s *Store) intents(ctx context.Context, where string, args ...any) ([]Intent, error) {
	open, err := s.readIntents(ctx, where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the device journal: %w", translate(err))
	}
	return open, nil
}

func (s *Store) readIntents(ctx context.Context, where string, args ...any) ([]Intent, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT id, kind, medium, number, key_id, begun_at FROM device_journal "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var open []Intent
	for rows.Next() {
		var i Intent
		var medium []byte
		var at int64
		if err := rows.Scan(&i.ID, &i.Kind, &medium, &i.Number, &i.KeyID, &at); err != nil {
			return nil, err
		}
		if medium, err = s.sealer.open(medium, "device_journal", "medium", strconv.FormatInt(i.ID, 10)); err != nil {
			return nil, err
		}
		i.Medium, i.BegunAt = string(medium), fromMillis(at)
		open = append(open, i)
	}
	return open, rows.Err()
}

// ErrMediumAbsent is what look gives to Reconcile when the medium is not plugged in: the intent stays open.
var ErrMediumAbsent = errors.New("the medium is not plugged in")

// Reconcile goes through the open intents, at start or when a medium is plugged in (serial; empty means all). For each,
// look reads off the device what came of it, outside any transaction, and that becomes its outcome. It gives how many are
// still open; the first error other than ErrMediumAbsent is given after all were tried.
func (s *Store) Reconcile(ctx context.Context, serial string, look func(context.Context, Intent) (Outcome, error)) (open int, err error) {
	intents, err := s.OpenIntents(ctx)
	if serial != "" {
		intents, err = s.OpenIntentsOf(ctx, serial)
	}
	if err != nil {
		return 0, err
	}
	var first error
	for _, i := range intents {
		outcome, err := look(ctx, i)
		if err == nil {
			err = s.Finish(ctx, i.ID, outcome)
		}
		if err == nil {
			continue
		}
		open++
		if !errors.Is(err, ErrMediumAbsent) && first == nil {
			first = fmt.Errorf("reconciling intent %d (%s): %w", i.ID, i.Kind, err)
		}
	}
	return open, first
}
