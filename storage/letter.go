//go:build cgo

package storage

import (
	"context"
	"errors"
	"fmt"
)

// lettersMax is how many letters about one application are taken in: whoever stands at a terminal chooses where they go.
const lettersMax = 3

// letterFirst is the ordinal of an application's first letter in the outbox, where it stands beside the tasks of keys.
const letterFirst = 101

// Post keeps a letter about an application, with the task that hands it to the centre, in one transaction. letter is the caller's own form and is
// sealed; nothing of it is audited. ErrNotFound where there is no such application, ErrTooMany after lettersMax of them, ErrFull.
func (s *Store) Post(ctx context.Context, number string, letter []byte) error {
	if len(letter) == 0 {
		return errors.New("posting a letter: it is empty")
	}
	return s.write(ctx, "posting a letter about application "+number, func(t *tx) error {
		var status Status
		if err := t.row("SELECT status FROM applications WHERE number = ?", []any{number}, &status); err != nil {
			return err
		}
		var had int
		if err := t.row("SELECT COUNT(*) FROM letters WHERE number = ?", []any{number}, &had); err != nil {
			return err
		}
		if had >= lettersMax {
			return ErrTooMany
		}
		ordinal := letterFirst + had
		sealed, err := s.sealer.seal(letter, "letters", "letter", keyRow(number, ordinal))
		if err != nil {
			return err
		}
		if _, err := t.exec("INSERT INTO letters (number, ordinal, letter) VALUES (?, ?, ?)", number, ordinal, sealed); err != nil {
			return err
		}
		id := TaskID{Number: number, Kind: TaskLetter, Ordinal: ordinal}
		if err := t.addTask(id, false); err != nil {
			return err
		}
		return t.audit("letter-posted", taskSubject(id), "", "", "")
	})
}

// Letter gives a letter that waits to be sent; ErrNotFound when it was sent, or is not to be sent any more.
func (s *Store) Letter(ctx context.Context, number string, ordinal int) ([]byte, error) {
	var sealed []byte
	err := s.reader.QueryRowContext(ctx, "SELECT letter FROM letters WHERE number = ? AND ordinal = ? AND letter IS NOT NULL", number, ordinal).Scan(&sealed)
	if err != nil {
		return nil, fmt.Errorf("reading a letter: %w", translate(err))
	}
	letter, err := s.sealer.open(sealed, "letters", "letter", keyRow(number, ordinal))
	if err != nil {
		return nil, fmt.Errorf("reading a letter: %w", err)
	}
	return letter, nil
}

// burn forgets the contents of letters about an application: the one of a task that is done, or, with ordinal 0, all.
func (t *tx) burn(number string, ordinal int) error {
	_, err := t.exec("UPDATE letters SET letter = NULL WHERE number = ? AND (ordinal = ? OR ? = 0)", number, ordinal, ordinal)
	return err
}
