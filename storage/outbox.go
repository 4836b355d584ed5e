//go:build cgo

package storage

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// ready: no task of an earlier stage is left for the same application.
const ready = "NOT EXISTS (SELECT 1 FROM outbox AS first WHERE first.number = outbox.number AND first.stage < outbox.stage AND first.kind <> 'letter')"

// countUnfiled counts applications that the centre does not have yet.
const countUnfiled = "SELECT COUNT(*) FROM outbox WHERE kind = 'file'"

// exchangeTable is where a task's state stands.
func exchangeTable(kind TaskKind) string {
	if kind == TaskRevoke {
		return "application_revocations"
	}
	return "application_keys"
}

// Due gives tasks whose time has come, urgent ones first, then the longest waiting, limit at most. Tasks of one application come in order:
// none before those of an earlier stage are done.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]Task, error) {
	due, err := s.due(ctx, now, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the outbox: %w", translate(err))
	}
	return due, nil
}

func (s *Store) due(ctx context.Context, now time.Time, limit int) ([]Task, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT number, kind, ordinal, attempts, problem, due_at, urgent,
		CASE kind WHEN 'revoke' THEN (SELECT exchange FROM application_revocations AS r WHERE r.number = outbox.number AND r.ordinal = outbox.ordinal)
		ELSE (SELECT exchange FROM application_keys AS k WHERE k.number = outbox.number AND k.ordinal = outbox.ordinal) END
		FROM outbox WHERE due_at <= ? AND `+ready+` ORDER BY urgent DESC, due_at, number, ordinal LIMIT ?`, millis(now), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var due []Task
	for rows.Next() {
		var task Task
		var at int64
		var state []byte
		if err := rows.Scan(&task.Number, &task.Kind, &task.Ordinal, &task.Attempts, &task.Problem, &at, &task.Urgent, &state); err != nil {
			return nil, err
		}
		task.DueAt = fromMillis(at)
		if task.State, err = s.sealer.open(state, exchangeTable(task.Kind), "exchange", keyRow(task.Number, task.Ordinal)); err != nil {
			return nil, err
		}
		due = append(due, task)
	}
	return due, rows.Err()
}

// NextDue tells when Due will next have something; false when the outbox holds nothing that could come due.
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	var at sql.NullInt64
	if err := s.reader.QueryRowContext(ctx, "SELECT MIN(due_at) FROM outbox WHERE "+ready).Scan(&at); err != nil {
		return time.Time{}, false, fmt.Errorf("reading the outbox: %w", translate(err))
	}
	return fromMillis(at.Int64), at.Valid, nil
}

// Pending counts the applications that the centre does not have yet.
func (s *Store) Pending(ctx context.Context) (int, error) {
	var n int
	if err := s.reader.QueryRowContext(ctx, countUnfiled).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting the outbox: %w", translate(err))
	}
	return n, nil
}

// Note keeps a task's state before it is acted upon: what is about to be sent must be on disk first, so that after a
// crash the same bytes are sent again. Only TaskCertify and TaskRevoke have state.
func (s *Store) Note(ctx context.Context, id TaskID, state []byte) error {
	return s.write(ctx, "noting the state of a task", func(t *tx) error { return t.note(id, state) })
}

func (t *tx) note(id TaskID, state []byte) error {
	place := keyRow(id.Number, id.Ordinal)
	sealed, err := t.s.sealer.seal(state, exchangeTable(id.Kind), "exchange", place)
	if err != nil {
		return err
	}
	if id.Kind == TaskRevoke {
		return t.changed("UPDATE application_revocations SET exchange = ? WHERE number = ? AND ordinal = ?", sealed, id.Number, id.Ordinal)
	}
	return t.changed("UPDATE application_keys SET exchange = ? WHERE number = ? AND ordinal = ?", sealed, id.Number, id.Ordinal)
}

// changed runs a statement that must change a row; ErrNotFound otherwise.
func (t *tx) changed(query string, args ...any) error {
	done, err := t.exec(query, args...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return sql.ErrNoRows
	}
	return nil
}

const thisTask = "WHERE number = ? AND stage = ? AND ordinal = ?"

// Done removes a task and stores what came of it. ErrNotFound if it was done or dropped already: nothing is stored then.
func (s *Store) Done(ctx context.Context, id TaskID, step Step) error {
	return s.write(ctx, "finishing a task of application "+id.Number, func(t *tx) error {
		if err := t.changed("DELETE FROM outbox "+thisTask, id.Number, stage[id.Kind], id.Ordinal); err != nil {
			return err
		}
		if id.Kind == TaskFile {
			t.unfiled--
		}
		if id.Kind == TaskLetter {
			if err := t.burn(id.Number, id.Ordinal); err != nil {
				return err
			}
		}
		if err := t.apply(id, step); err != nil {
			return err
		}
		return t.audit("task-done", taskSubject(id), "", "", "")
	})
}

// Keep leaves a task for later though nothing failed (the centre waits for staff), with a new state and what came of it so far.
func (s *Store) Keep(ctx context.Context, id TaskID, state []byte, dueAt time.Time, step Step) error {
	return s.write(ctx, "keeping a task of application "+id.Number, func(t *tx) error {
		if err := t.changed("UPDATE outbox SET attempts = 0, problem = '', due_at = ? "+thisTask, millis(dueAt), id.Number, stage[id.Kind], id.Ordinal); err != nil {
			return err
		}
		if state != nil {
			if err := t.note(id, state); err != nil {
				return err
			}
		}
		return t.apply(id, step)
	})
}

// Retry puts a task off after a failure. Problem is a code without personal data; that it changed is audited.
func (s *Store) Retry(ctx context.Context, id TaskID, dueAt time.Time, problem string) error {
	return s.write(ctx, "putting off a task of application "+id.Number, func(t *tx) error {
		var old string
		if err := t.row("SELECT problem FROM outbox "+thisTask, []any{id.Number, stage[id.Kind], id.Ordinal}, &old); err != nil {
			return err
		}
		if _, err := t.exec("UPDATE outbox SET attempts = attempts + 1, problem = ?, due_at = ? "+thisTask, problem, millis(dueAt), id.Number, stage[id.Kind], id.Ordinal); err != nil {
			return err
		}
		if old == problem {
			return nil
		}
		return t.audit("task-problem", taskSubject(id), old, problem, "")
	})
}

// Hasten makes what an application waits for due now: its citizen stands at the kiosk, or staff have decided.
func (s *Store) Hasten(ctx context.Context, number string) error {
	return s.write(ctx, "hastening application "+number, func(t *tx) error {
		_, err := t.exec("UPDATE outbox SET due_at = ? WHERE number = ? AND due_at > ?", millis(t.now), number, millis(t.now))
		return err
	})
}

func taskSubject(id TaskID) string {
	return fmt.Sprintf("task:%s/%s/%d", id.Number, id.Kind, id.Ordinal)
}

func (t *tx) apply(id TaskID, step Step) error {
	if step.Certificate != nil {
		sealed, err := t.s.sealer.seal(pack(step.Certificate, step.Chain), "application_keys", "certificate", keyRow(id.Number, step.Ordinal))
		if err != nil {
			return err
		}
		if err := t.changed("UPDATE application_keys SET certificate = ? WHERE number = ? AND ordinal = ?", sealed, id.Number, step.Ordinal); err != nil {
			return err
		}
		if err := t.audit("certificate-kept", fmt.Sprintf("key:%s/%d", id.Number, step.Ordinal), "", "kept", ""); err != nil {
			return err
		}
	}
	if step.Drop {
		var unfiled int
		if err := t.row(countUnfiled+" AND number = ?", []any{id.Number}, &unfiled); err != nil {
			return err
		}
		t.unfiled -= unfiled
		if err := t.burn(id.Number, 0); err != nil {
			return err
		}
		done, err := t.exec("DELETE FROM outbox WHERE number = ?", id.Number)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil {
			return err
		} else if n > 0 {
			if err := t.audit("tasks-dropped", "application:"+id.Number, fmt.Sprint(n), "0", ""); err != nil {
				return err
			}
		}
	}
	if step.Reason != "" {
		if err := t.changed("UPDATE applications SET reason = ? WHERE number = ?", step.Reason, id.Number); err != nil {
			return err
		}
		if err := t.audit("application-refused", "application:"+id.Number, "", step.Reason, ""); err != nil {
			return err
		}
	}
	if step.Revoked > 0 {
		return t.revoked(id.Number, step.Revoked)
	}
	if step.Status == "" {
		return nil
	}
	return t.move(id.Number, step.Status)
}

// revoked notes that a certificate an application names is revoked; with the last one the application ends.
func (t *tx) revoked(number string, ordinal int) error {
	if err := t.changed("UPDATE application_revocations SET done = 1 WHERE number = ? AND ordinal = ?", number, ordinal); err != nil {
		return err
	}
	var open int
	if err := t.row("SELECT COUNT(*) FROM application_revocations WHERE number = ? AND done = 0", []any{number}, &open); err != nil || open > 0 {
		return err
	}
	return t.move(number, Revoked)
}
