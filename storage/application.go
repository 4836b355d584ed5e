//go:build cgo

package storage

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"time"
)

const selectApplications = "SELECT number, status, document, seal_key, accepted_at, changed_at, signature, kind, reason FROM applications "

// Application gives an application by its number; ErrNotFound when there is none.
func (s *Store) Application(ctx context.Context, number string) (Record, error) {
	return s.one(ctx, "WHERE number = ?", number)
}

// ByKey gives the application of a public key (SHA-256 over its SubjectPublicKeyInfo, lower-case hex); ErrNotFound.
func (s *Store) ByKey(ctx context.Context, spkiSHA256 string) (Record, error) {
	return s.one(ctx, "WHERE number = (SELECT number FROM application_keys WHERE spki_sha256 = ?)", spkiSHA256)
}

// foundMax bounds what a search gives.
const foundMax = 200

// ByMedium gives the applications whose keys lie on a medium (serial of the token, or "stick"), newest first, 200 at most.
func (s *Store) ByMedium(ctx context.Context, serial string) ([]Record, error) {
	return s.find(ctx, "WHERE number IN (SELECT number FROM application_keys WHERE medium_key = ?) ORDER BY accepted_at DESC, number DESC LIMIT ?",
		s.sealer.key("medium", []byte(serial)), foundMax)
}

func (s *Store) one(ctx context.Context, where string, args ...any) (Record, error) {
	found, err := s.find(ctx, where, args...)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Record{}, err
	}
	return found[0], nil
}

// find reads applications and their keys of one moment.
func (s *Store) find(ctx context.Context, where string, args ...any) ([]Record, error) {
	found, err := s.read(ctx, where, args...)
	if err != nil {
		return nil, fmt.Errorf("reading applications: %w", translate(err))
	}
	return found, nil
}

func (s *Store) read(ctx context.Context, where string, args ...any) ([]Record, error) {
	t, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback()
	rows, err := t.QueryContext(ctx, selectApplications+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []Record
	for rows.Next() {
		var r Record
		var document, sealKey, signature []byte
		var accepted, changed int64
		if err := rows.Scan(&r.Number, &r.Status, &document, &sealKey, &accepted, &changed, &signature, &r.Kind, &r.Reason); err != nil {
			return nil, err
		}
		r.AcceptedAt, r.ChangedAt = fromMillis(accepted), fromMillis(changed)
		if r.Document, err = s.sealer.open(document, "applications", "document", r.Number); err != nil {
			return nil, err
		}
		if r.SealKey, err = s.sealer.open(sealKey, "applications", "seal_key", r.Number); err != nil {
			return nil, err
		}
		if r.Signature, err = s.sealer.open(signature, "applications", "signature", r.Number); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for i := range found {
		if found[i].Keys, err = s.readKeys(ctx, t, found[i].Number); err != nil {
			return nil, err
		}
		if found[i].Revocations, err = readRevocations(ctx, t, found[i].Number); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s *Store) readKeys(ctx context.Context, t *sql.Tx, number string) ([]RecordKey, error) {
	rows, err := t.QueryContext(ctx, "SELECT ordinal, template, transaction_id, spki_sha256, csr, medium, key_id, certificate FROM application_keys WHERE number = ? ORDER BY ordinal", number)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var keys []RecordKey
	for rows.Next() {
		var k RecordKey
		var csr, medium, certificate []byte
		if err := rows.Scan(&k.Ordinal, &k.Template, &k.TransactionID, &k.SPKISHA256, &csr, &medium, &k.KeyID, &certificate); err != nil {
			return nil, err
		}
		place := keyRow(number, k.Ordinal)
		if k.CSR, err = s.sealer.open(csr, "application_keys", "csr", place); err != nil {
			return nil, err
		}
		if medium, err = s.sealer.open(medium, "application_keys", "medium", place); err != nil {
			return nil, err
		}
		k.Medium = string(medium)
		if certificate, err = s.sealer.open(certificate, "application_keys", "certificate", place); err != nil {
			return nil, err
		}
		if k.Certificate, k.Chain, err = unpack(certificate); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

func readRevocations(ctx context.Context, t *sql.Tx, number string) ([]AcceptedRevocation, error) {
	rows, err := t.QueryContext(ctx, "SELECT ordinal, transaction_id FROM application_revocations WHERE number = ? ORDER BY ordinal", number)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []AcceptedRevocation
	for rows.Next() {
		var r AcceptedRevocation
		if err := rows.Scan(&r.Ordinal, &r.TransactionID); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// pack writes a certificate and its chain, each after its length.
func pack(certificate []byte, chain [][]byte) []byte {
	var b []byte
	for _, der := range append([][]byte{certificate}, chain...) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(der)))
		b = append(b, der...)
	}
	return b
}

func unpack(b []byte) (certificate []byte, chain [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return nil, nil, fmt.Errorf("%w: a kept certificate is cut short", ErrDamaged)
		}
		n := binary.BigEndian.Uint32(b)
		der := b[4 : 4+n]
		b = b[4+n:]
		if certificate == nil {
			certificate = der
		} else {
			chain = append(chain, der)
		}
	}
	return certificate, chain, nil
}

// SetStatus moves an application on. A status that it has, or has passed, is left without error: answers may come twice
// and late. ErrTransition for what cannot follow, ErrNotFound.
func (s *Store) SetStatus(ctx context.Context, number string, next Status) error {
	return s.write(ctx, "changing the status of application "+number, func(t *tx) error { return t.move(number, next) })
}

func (t *tx) move(number string, next Status) error {
	var old Status
	if err := t.row("SELECT status FROM applications WHERE number = ?", []any{number}, &old); err != nil {
		return err
	}
	if !old.May(next) {
		if passed(old, next) {
			return nil
		}
		return fmt.Errorf("%w: from %s to %s", ErrTransition, old, next)
	}
	if _, err := t.exec("UPDATE applications SET status = ?, changed_at = ? WHERE number = ?", string(next), millis(t.now), number); err != nil {
		return err
	}
	return t.audit("application-status", "application:"+number, string(old), string(next), "")
}

// passed: next is where the application is, or a step on the way to there.
func passed(old, next Status) bool {
	if old == next {
		return true
	}
	return rank[next] != 0 && rank[next] < rank[old] && next != Issued && next != Installed || next == Issued && old == Installed
}

// MarkInstalled notes that the certificates lie on the citizen's medium, and puts the report to the centre into the
// outbox. Twice is no error.
func (s *Store) MarkInstalled(ctx context.Context, number string) error {
	return s.write(ctx, "marking application "+number+" installed", func(t *tx) error {
		var old Status
		if err := t.row("SELECT status FROM applications WHERE number = ?", []any{number}, &old); err != nil {
			return err
		}
		if old == Installed {
			return nil
		}
		if err := t.move(number, Installed); err != nil {
			return err
		}
		return t.addTask(TaskID{Number: number, Kind: TaskReport}, false)
	})
}

// Forget removes final applications, with their keys, whose status is older than before and whose tasks are all done;
// the audit rows stay. It gives how many.
func (s *Store) Forget(ctx context.Context, before time.Time) (int, error) {
	var gone int64
	err := s.write(ctx, "forgetting old applications", func(t *tx) error {
		done, err := t.exec("DELETE FROM applications WHERE status IN ('installed', 'rejected', 'expired', 'revoked') AND changed_at < ? AND number NOT IN (SELECT number FROM outbox)", millis(before))
		if err != nil {
			return err
		}
		gone, err = done.RowsAffected()
		if err != nil || gone == 0 {
			return err
		}
		return t.audit("applications-forgotten", "database", "", "", fmt.Sprintf("%d final before %s", gone, before.UTC().Format(time.RFC3339)))
	})
	return int(gone), err
}
