package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/ledger/postgrestest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// both runs a test on SQLite and on PostgreSQL.
func both(t *testing.T, f func(t *testing.T, l *Ledger)) {
	t.Run("sqlite", func(t *testing.T) { f(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "centre.db"))) })
	t.Run("postgres", func(t *testing.T) { f(t, open(t, postgrestest.Database(t))) })
}

func TestMain(m *testing.M) { postgrestest.Main(m) }

func open(t *testing.T, name string) *Ledger {
	t.Helper()
	l, err := Open(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func do(t *testing.T, l *Ledger, f func(*Tx) error) {
	t.Helper()
	if err := l.Do(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

func device(prefix string) Device {
	return Device{Prefix: prefix, Name: "hall " + prefix, Centre: "7501", Reference: "ref-" + prefix, Secret: []byte{1, 2}, SecretExpiresAt: noon.Add(time.Hour), CreatedAt: noon}
}

func application(number string) Application {
	return Application{Number: number, Origin: "device", Device: "1001", Centre: "7501", Kind: "new", IIN: "900101300017", Name: "Әбдіқалықова Айгерім",
		Document: []byte(number), SHA256: "ab", State: Filed, CreatedAt: noon, FiledAt: noon, ExpiresAt: noon.Add(time.Hour)}
}

func TestLedger_ReadsBackWhatItWrote(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		a := application("10010000011")
		a.SealKey, a.NameDiffers = []byte{9}, true
		k := Key{Number: a.Number, Ordinal: 1, Template: "rsa-auth", TransactionID: "0a", SPKISHA256: "bb"}
		c := Certificate{Serial: "7f", Kind: "citizen", Template: "rsa-auth", Device: "1001", IIN: a.IIN, Number: a.Number, Ordinal: 1, SPKISHA256: "bb", Issuer: IssuerGOST, NotBefore: noon, NotAfter: noon.Add(time.Hour)}
		x := Transaction{ID: "0a", Device: "1001", Kind: "p10cr", Profile: "rsa-auth", Number: a.Number, Ordinal: 1, State: TransactionWaiting, Request: []byte{1}, SPKI: []byte{2}, CreatedAt: noon, UpdatedAt: noon}
		do(t, l, func(t *Tx) error {
			return errors.Join(t.AddDevice(device("1001")), t.AddApplication(a, a.Name), t.AddKey(k), t.Promise(c), t.AddTransaction(x))
		})
		do(t, l, func(tx *Tx) error {
			d, err := tx.DeviceByReference("ref-1001")
			want(t, "device", d, device("1001"), err)
			got, err := tx.Application(a.Number)
			want(t, "application", got, a, err)
			gotKey, err := tx.KeyByTransaction("0a")
			want(t, "key", gotKey, k, err)
			gotCertificate, err := tx.CertificateOfKey(a.Number, 1)
			want(t, "certificate", gotCertificate, c, err)
			gotTransaction, err := tx.Transaction("0a")
			want(t, "transaction", gotTransaction, x, err)
			if _, err := tx.Application("10010000029"); !errors.Is(err, ErrNotFound) {
				t.Errorf("an unknown number gave %v", err)
			}
			return nil
		})
	})
}

func want(t *testing.T, what string, got, want any, err error) {
	t.Helper()
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("%s: got %+v (%v), want %+v", what, got, err, want)
	}
}

func TestLedger_OneCertificateForAKeyOfAnApplication(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		c := Certificate{Serial: "01", Kind: "citizen", Number: "10010000011", Ordinal: 1}
		do(t, l, func(t *Tx) error { return t.Promise(c) })
		c.Serial = "02"
		if err := l.Do(context.Background(), func(t *Tx) error { return t.Promise(c) }); err == nil {
			t.Error("a second certificate was promised for the same key")
		}
		do(t, l, func(t *Tx) error { return t.Fulfil("01", []byte("first"), noon, noon, noon) })
		if err := l.Do(context.Background(), func(t *Tx) error { return t.Fulfil("01", []byte("second"), noon, noon, noon) }); !errors.Is(err, ErrNotFound) {
			t.Errorf("a promise was fulfilled twice: %v", err)
		}
	})
}

func TestLedger_FindsApplicationsByNumberIINAndName(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		do(t, l, func(t *Tx) error {
			b := application("10010000029")
			b.IIN, b.Centre, b.State = "850615400014", "7101", Waiting
			return errors.Join(t.AddDevice(device("1001")), t.AddApplication(application("10010000011"), "Әбдіқалықова Айгерім"), t.AddApplication(b, "100%_Sure"))
		})
		for _, c := range []struct {
			s    Search
			want int
		}{
			{Search{}, 2}, {Search{Centre: "7501"}, 1}, {Search{Text: "1001 000001 1"}, 1}, {Search{Text: "850615400014"}, 1},
			{Search{Text: "қалық"}, 1}, {Search{Text: "АЙГЕР"}, 1}, {Search{Text: "0%_s"}, 1}, {Search{Text: "%"}, 1},
			{Search{Text: "x"}, 0}, {Search{States: []State{Filed}}, 1}, {Search{States: []State{Filed, Waiting}, Limit: 1}, 1},
		} {
			do(t, l, func(tx *Tx) error {
				got, err := tx.Applications(c.s)
				if len(got) != c.want {
					t.Errorf("%+v found %d, want %d", c.s, len(got), c.want)
				}
				return err
			})
		}
	})
}

func TestLedger_LocksForOneOperator(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		do(t, l, func(tx *Tx) error {
			if err := errors.Join(tx.AddDevice(device("1001")), tx.AddApplication(application("10010000011"), "")); err != nil {
				return err
			}
			if err := tx.Lock("10010000011", "a", noon, noon.Add(time.Minute)); err != nil {
				return err
			}
			if err := tx.Lock("10010000011", "b", noon, noon.Add(time.Minute)); !errors.Is(err, ErrNotFound) {
				t.Errorf("a second operator got the lock: %v", err)
			}
			if err := tx.Lock("10010000011", "a", noon, noon.Add(2*time.Minute)); err != nil {
				t.Errorf("the holder could not renew: %v", err)
			}
			if err := tx.Lock("10010000011", "b", noon.Add(3*time.Minute), noon.Add(4*time.Minute)); err != nil {
				t.Errorf("a lock that ran out still held: %v", err)
			}
			return tx.Unlock("", "b")
		})
	})
}

func TestLedger_CounterNeverGoesBack(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		var got []int64
		for _, least := range []int64{1001, 1001, 2000, 1001} {
			do(t, l, func(t *Tx) error {
				n, err := t.Next("prefix", least)
				got = append(got, n)
				return err
			})
		}
		if fmt.Sprint(got) != "[1001 1002 2000 2001]" {
			t.Errorf("the counter went %v", got)
		}
	})
}

func TestLedger_WritersFollowOneAnother(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 10 {
					// Read, then write what follows from it: lost updates and broken chains show when writers overlap.
					if err := l.Do(context.Background(), func(t *Tx) error { return t.Audit(noon, "tested", "test", "nothing", "") }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if err := l.View(context.Background(), func(tx *Tx) error {
			n, _, err := tx.VerifyAudit(nil)
			if n != 80 {
				t.Errorf("%d rows in the chain, want 80", n)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestLedger_AFailureTakesNobodyElseAlong(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		no := errors.New("no")
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				err := l.Do(context.Background(), func(t *Tx) error {
					if err := t.PutSetting(fmt.Sprint(i), []byte{1}); err != nil {
						return err
					}
					if i%4 == 1 {
						return no
					}
					if i%4 == 3 { // a statement that the database refuses
						_, err := t.exec("INSERT INTO counters (name, value) VALUES (NULL, 1)")
						return err
					}
					return nil
				})
				if (i%2 == 1) != (err != nil) || i%4 == 1 && !errors.Is(err, no) {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		all.Wait()
		for i := range 40 {
			do(t, l, func(tx *Tx) error {
				_, err := tx.Setting(fmt.Sprint(i))
				if (i%2 == 1) != errors.Is(err, ErrNotFound) {
					t.Errorf("%d is there: %v", i, err)
				}
				return nil
			})
		}
	})
}

func TestLedger_APanicGoesOnWhereItWasCalled(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		func() {
			defer func() {
				if p := recover(); p != "ouch" {
					t.Errorf("recovered %v", p)
				}
			}()
			_ = l.Do(context.Background(), func(t *Tx) error { panic("ouch") })
		}()
		do(t, l, func(t *Tx) error { return t.PutSetting("a", []byte("b")) })
	})
}

func TestLedger_ClosedAnswers(t *testing.T) {
	l, err := Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "centre.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Do(context.Background(), func(*Tx) error { return nil }); !errors.Is(err, errClosed) {
		t.Errorf("a closed ledger answers %v", err)
	}
}

func TestAudit_SaysWhereTheChainBreaks(t *testing.T) {
	for name, harm := range map[string]string{
		"changed": "UPDATE audit SET detail = 'other' WHERE seq = 3",
		"removed": "DELETE FROM audit WHERE seq = 3",
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, l *Ledger) {
				do(t, l, func(t *Tx) error {
					for i := range 5 {
						if err := t.Audit(noon, "tested", "test", fmt.Sprint(i), ""); err != nil {
							return err
						}
					}
					_, err := t.exec(harm)
					return err
				})
				err := l.View(context.Background(), func(t *Tx) error { _, _, err := t.VerifyAudit(nil); return err })
				var broken *BrokenChain
				if !errors.As(err, &broken) || broken.Seq != 3 {
					t.Errorf("the harmed chain gave %v", err)
				}
			})
		})
	}
}

func TestChallenge_IsTakenOnce(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		do(t, l, func(tx *Tx) error {
			if err := tx.AddChallenge("aa", "1001", noon, noon.Add(time.Minute)); err != nil {
				return err
			}
			if err := tx.TakeChallenge("aa", "1002", noon); !errors.Is(err, ErrNotFound) {
				t.Errorf("another device took the challenge: %v", err)
			}
			if err := tx.TakeChallenge("aa", "1001", noon.Add(2*time.Minute)); !errors.Is(err, ErrNotFound) {
				t.Errorf("a challenge that ran out was taken: %v", err)
			}
			if err := tx.TakeChallenge("aa", "1001", noon); err != nil {
				t.Error(err)
			}
			if err := tx.TakeChallenge("aa", "1001", noon); !errors.Is(err, ErrNotFound) {
				t.Errorf("a challenge was taken twice: %v", err)
			}
			return nil
		})
	})
}

func TestReply_TheFirstStays(t *testing.T) {
	both(t, func(t *testing.T, l *Ledger) {
		do(t, l, func(tx *Tx) error {
			err := errors.Join(tx.PutReply("aa", "01", []byte("first"), noon), tx.PutReply("aa", "01", []byte("second"), noon))
			got, readErr := tx.Reply("aa")
			if !bytes.Equal(got, []byte("first")) {
				t.Errorf("the reply is %q", got)
			}
			return errors.Join(err, readErr)
		})
	})
}

func TestSQLite_HoldsThePragmasTheDesignAsksFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "centre.db")
	l := open(t, "sqlite:"+path)
	for _, c := range []struct{ pragma, want string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"foreign_keys", "1"}, {"busy_timeout", "10000"},
	} {
		for name, db := range map[string]interface {
			rowOf(string) (string, error)
		}{"writer": pool{l, true}, "reader": pool{l, false}} {
			got, err := db.rowOf("PRAGMA " + c.pragma)
			if err != nil || got != c.want {
				t.Errorf("%s: %s is %q (%v), want %q", name, c.pragma, got, err, c.want)
			}
		}
	}
	for _, file := range []string{path, path + "-wal"} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", filepath.Base(file), info.Mode(), err)
		}
	}
	if err := l.View(context.Background(), func(t *Tx) error { return t.PutSetting("a", []byte("b")) }); err == nil {
		t.Error("a reader wrote")
	}
}

type pool struct {
	l     *Ledger
	write bool
}

func (p pool) rowOf(query string) (string, error) {
	db := p.l.read
	if p.write {
		db = p.l.write
	}
	var v string
	return v, db.QueryRow(query).Scan(&v)
}

func TestOpen_RefusesADatabaseOfANewerProgram(t *testing.T) {
	name := "sqlite:" + filepath.Join(t.TempDir(), "centre.db")
	l := open(t, name)
	do(t, l, func(t *Tx) error {
		_, err := t.exec("INSERT INTO migrations (number) VALUES (99)")
		return err
	})
	if _, err := Open(context.Background(), name); err == nil {
		t.Error("it opened")
	}
}

func TestOpen_KeepsAPasswordOutOfItsError(t *testing.T) {
	_, err := Open(context.Background(), "postgres://u:hunter22@127.0.0.1:1/x?connect_timeout=1")
	if err == nil || bytes.Contains([]byte(err.Error()), []byte("hunter22")) {
		t.Errorf("the error is %v", err)
	}
}
