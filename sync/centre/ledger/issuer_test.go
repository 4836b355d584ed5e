package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/ledger/postgrestest"
)

func TestRevoked_ListsEachCAsOwn(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		do(t, l, func(tx *Tx) error {
			for _, c := range []Certificate{
				{Serial: "01", Kind: "citizen", Ordinal: 1, SPKISHA256: "aa"},
				{Serial: "02", Kind: "citizen", Ordinal: 2, SPKISHA256: "bb", Issuer: IssuerGOST},
				{Serial: "03", Kind: "citizen", Ordinal: 3, SPKISHA256: "cc", Issuer: IssuerGOST},
			} {
				if err := errors.Join(tx.Promise(c), tx.Fulfil(c.Serial, []byte{1}, noon, noon.Add(time.Hour), noon)); err != nil {
					return err
				}
			}
			return errors.Join(tx.RevokeCertificate("01", 1, noon), tx.RevokeCertificate("02", 5, noon))
		})
		do(t, l, func(tx *Tx) error {
			for issuer, serial := range map[string]string{IssuerRSA: "01", IssuerGOST: "02"} {
				got, err := tx.Revoked(issuer, noon)
				if err != nil || len(got) != 1 || got[0].Serial != serial || got[0].Issuer != issuer {
					t.Errorf("revoked by %s: %+v, %v", issuer, got, err)
				}
			}
			return nil
		})
	})
}

func TestPromise_NeverTwiceForAGOSTKey(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		first := Certificate{Serial: "11", Kind: "citizen", Number: "10010000011", Ordinal: 1, SPKISHA256: "aa", Issuer: IssuerGOST}
		do(t, l, func(t *Tx) error { return t.Promise(first) })
		for what, c := range map[string]Certificate{
			"under another serial number": {Serial: "12", Kind: "citizen", Number: "10010000029", Ordinal: 1, SPKISHA256: "aa", Issuer: IssuerGOST},
			"under the same":              {Serial: "11", Kind: "citizen", Number: "10010000029", Ordinal: 1, SPKISHA256: "aa", Issuer: IssuerGOST},
		} {
			if err := l.Do(context.Background(), func(t *Tx) error { return t.Promise(c) }); err == nil {
				t.Errorf("a second certificate for a GOST key was promised %s", what)
			}
		}
		// An RSA key may have another one: serial numbers there are drawn.
		do(t, l, func(t *Tx) error {
			return errors.Join(t.Promise(Certificate{Serial: "21", Kind: "device", SPKISHA256: "dd"}), t.Promise(Certificate{Serial: "22", Kind: "device", SPKISHA256: "dd"}))
		})
	})
}

func TestOpen_BringsADatabaseOfTheFirstSchemaAlong(t *testing.T) {
	for kind, name := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "centre.db") },
		"postgres": func(t *testing.T) string { return postgrestest.Database(t) },
	} {
		t.Run(kind, func(t *testing.T) {
			ctx, at := context.Background(), name(t)
			old, err := dial(at)
			if err != nil {
				t.Fatal(err)
			}
			if err := old.migrate(ctx, schemas[:1]); err != nil {
				t.Fatal(err)
			}
			do(t, old, func(tx *Tx) error {
				_, err := tx.exec("INSERT INTO certificates (serial, kind, template, spki_sha256, der, not_after, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
					"7f", "citizen", "rsa-sign", "aa", []byte{1}, millis(noon.Add(time.Hour)), millis(noon))
				return err
			})
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second time there is nothing to do
				l := open(t, at)
				do(t, l, func(tx *Tx) error {
					got, err := tx.Revoked(IssuerRSA, noon)
					if err != nil || len(got) != 1 || got[0].Serial != "7f" {
						t.Errorf("an earlier certificate became %+v, %v", got, err)
					}
					return nil
				})
			}
		})
	}
}
