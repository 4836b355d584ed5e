//go:build cgo

package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Adopt keeps an application that another kiosk accepted, with its certificates, as issued: it can be installed here and
// its installation reported. An application that is here already stays as it is; other bytes under its number, or a key that
// another application has, are ErrConflict. Besides: ErrFull.
func (s *Store) Adopt(ctx context.Context, a Adoption) error {
	doing := "taking application " + a.Number + " up"
	if a.Number == "" || len(a.Document) == 0 || len(a.Keys) == 0 {
		return fmt.Errorf("%s: it has no number, no document or no keys", doing)
	}
	whole := Acceptance{Number: a.Number, Kind: a.Kind, Document: a.Document, SealKey: a.SealKey}
	for _, k := range a.Keys {
		if len(k.Certificate) == 0 {
			return fmt.Errorf("%s: key %d has no certificate", doing, k.Ordinal)
		}
		whole.Keys = append(whole.Keys, k.AcceptedKey)
	}
	row, keys, err := s.sealAcceptance(whole)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return s.write(ctx, doing, func(t *tx) error {
		var before []byte
		err := t.row("SELECT document FROM applications WHERE number = ?", []any{a.Number}, &before)
		if err == nil {
			before, err = t.s.sealer.open(before, "applications", "document", a.Number)
			if err == nil && !bytes.Equal(before, a.Document) {
				err = ErrConflict
			}
			return err
		}
		if !errors.Is(translate(err), ErrNotFound) {
			return err
		}
		if _, err := t.exec("INSERT INTO applications (number, status, acceptance, document, seal_key, accepted_at, changed_at, kind) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			a.Number, string(Issued), row.acceptance, row.document, row.sealKey, millis(t.now), millis(t.now), a.Kind); err != nil {
			return err
		}
		if err := t.audit("application-status", "application:"+a.Number, "", string(Issued), "taken up"); err != nil {
			return err
		}
		for i, k := range a.Keys {
			if _, err := t.exec("INSERT INTO application_keys (number, ordinal, template, transaction_id, spki_sha256, csr, medium, medium_key, key_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				a.Number, k.Ordinal, k.Template, k.TransactionID, k.SPKISHA256, keys[i].csr, keys[i].medium, keys[i].mediumKey, k.KeyID); err != nil {
				return err
			}
			if err := t.apply(TaskID{Number: a.Number}, Step{Ordinal: k.Ordinal, Certificate: k.Certificate, Chain: k.Chain}); err != nil {
				return err
			}
		}
		return nil
	})
}
