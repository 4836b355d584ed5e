//go:build cgo

package storage

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Accept makes an application durable, with the tasks that will send it and its audit row, in one transaction. When it
// returns nil the citizen may be told. The same acceptance twice is no error and changes nothing; other bytes under the same
// number, or a key that another application has, are ErrConflict. An application for revocation goes ahead of all else in the outbox. Besides: ErrQueueFull, ErrFull.
func (s *Store) Accept(ctx context.Context, a Acceptance) error {
	row, keys, err := s.sealAcceptance(a)
	if err != nil {
		return fmt.Errorf("accepting application %s: %w", a.Number, err)
	}
	return s.write(ctx, "accepting application "+a.Number, func(t *tx) error {
		var before []byte
		err := t.row("SELECT acceptance FROM applications WHERE number = ?", []any{a.Number}, &before)
		switch {
		case err == nil && hmac.Equal(before, row.acceptance):
			return nil
		case err == nil:
			return ErrConflict
		case !errors.Is(translate(err), ErrNotFound):
			return err
		}
		if t.s.unfiled >= room(t.s.options.MaxPending, a) {
			return ErrQueueFull
		}
		if _, err := t.exec("INSERT INTO applications (number, status, acceptance, document, seal_key, accepted_at, changed_at, signature, kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			a.Number, string(Queued), row.acceptance, row.document, row.sealKey, millis(t.now), millis(t.now), row.signature, a.Kind); err != nil {
			return err
		}
		urgent := len(a.Revocations) > 0
		if err := t.addTask(TaskID{Number: a.Number, Kind: TaskFile}, urgent); err != nil {
			return err
		}
		for _, r := range a.Revocations {
			if _, err := t.exec("INSERT INTO application_revocations (number, ordinal, transaction_id) VALUES (?, ?, ?)", a.Number, r.Ordinal, r.TransactionID); err != nil {
				return err
			}
			if err := t.addTask(TaskID{Number: a.Number, Kind: TaskRevoke, Ordinal: r.Ordinal}, urgent); err != nil {
				return err
			}
		}
		for i, k := range a.Keys {
			if _, err := t.exec("INSERT INTO application_keys (number, ordinal, template, transaction_id, spki_sha256, csr, medium, medium_key, key_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				a.Number, k.Ordinal, k.Template, k.TransactionID, k.SPKISHA256, keys[i].csr, keys[i].medium, keys[i].mediumKey, k.KeyID); err != nil {
				return err
			}
			if err := t.addTask(TaskID{Number: a.Number, Kind: TaskCertify, Ordinal: k.Ordinal}, urgent); err != nil {
				return err
			}
		}
		return t.audit("application-status", "application:"+a.Number, "", string(Queued), "")
	})
}

// revocationsMore is how many applications for revocation are accepted when the queue is full of others: a key in wrong
// hands must not wait for room.
const revocationsMore = 1000

func room(pending int, a Acceptance) int {
	if len(a.Revocations) > 0 {
		return pending + revocationsMore
	}
	return pending
}

// addTask puts a task into the outbox; urgent ones go ahead of all others.
func (t *tx) addTask(id TaskID, urgent bool) error {
	ahead := 0
	if urgent {
		ahead = 1
	}
	_, err := t.exec("INSERT INTO outbox (number, stage, ordinal, kind, attempts, problem, due_at, urgent) VALUES (?, ?, ?, ?, 0, '', ?, ?)",
		id.Number, stage[id.Kind], id.Ordinal, string(id.Kind), millis(t.now), ahead)
	if err == nil && id.Kind == TaskFile {
		t.unfiled++
	}
	return err
}

type sealedApplication struct{ acceptance, document, sealKey, signature []byte }

type sealedKey struct{ csr, medium, mediumKey []byte }

// sealAcceptance does the slow part before the transaction.
func (s *Store) sealAcceptance(a Acceptance) (row sealedApplication, keys []sealedKey, err error) {
	if a.Number == "" || len(a.Document) == 0 || (len(a.Keys) == 0) == (len(a.Revocations) == 0) {
		return row, nil, errors.New("it has no number, no document, or neither keys nor certificates to revoke, or both")
	}
	row = sealedApplication{acceptance: s.sealer.key("acceptance", a.bytes())}
	var failed error
	seal := func(plain []byte, table, column, row string) []byte {
		sealed, err := s.sealer.seal(plain, table, column, row)
		failed = errors.Join(failed, err)
		return sealed
	}
	row.document = seal(a.Document, "applications", "document", a.Number)
	row.sealKey = seal(a.SealKey, "applications", "seal_key", a.Number)
	row.signature = seal(a.Signature, "applications", "signature", a.Number)
	for _, k := range a.Keys {
		place := keyRow(a.Number, k.Ordinal)
		csr := k.CSR
		if csr == nil {
			csr = []byte{}
		}
		keys = append(keys, sealedKey{
			csr:       seal(csr, "application_keys", "csr", place),
			medium:    seal([]byte(k.Medium), "application_keys", "medium", place),
			mediumKey: s.sealer.key("medium", []byte(k.Medium)),
		})
	}
	return row, keys, failed
}

// keyRow names a row of application_keys.
func keyRow(number string, ordinal int) string { return number + "/" + strconv.Itoa(ordinal) }

// bytes writes all of an acceptance, each field after its length.
func (a Acceptance) bytes() []byte {
	var b []byte
	add := func(fields ...[]byte) {
		for _, f := range fields {
			b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
			b = append(b, f...)
		}
	}
	add([]byte(a.Number), []byte(a.IIN), a.Document, a.SealKey)
	for _, k := range a.Keys {
		add([]byte(strconv.Itoa(k.Ordinal)), []byte(k.Template), []byte(k.TransactionID), []byte(k.SPKISHA256), k.CSR, []byte(k.Medium), k.KeyID)
	}
	if a.Kind == "" && a.Signature == nil && a.Revocations == nil {
		return b // as a program of schema 1 wrote it: what that one accepted is known again
	}
	add([]byte(a.Kind), a.Signature)
	for _, r := range a.Revocations {
		add([]byte(strconv.Itoa(r.Ordinal)), []byte(r.TransactionID))
	}
	return b
}
