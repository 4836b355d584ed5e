//go:build cgo

package engine

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// otherProfiles expect something else of a certificate than the centre issues.
func otherProfiles(t *testing.T, old, new string) *pki.Profiles {
	t.Helper()
	text, err := os.ReadFile("../pki/profiles.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s is not in the profiles", old)
	}
	table, err := pki.ParseProfiles(bytes.ReplaceAll(text, []byte(old), []byte(new)))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestEngine_RefusesACertificateThatIsNotWhatWasAskedFor(t *testing.T) {
	w := newWorld(t)
	config := w.config(w.store)
	config.Profiles = otherProfiles(t, "1.2.398.3.3.2.3", "1.2.398.3.3.2.99") // of signing keys
	e := New(config)
	w.run(e)
	p := w.accept(1, centretest.IINAigerim)
	e.Kick()
	w.until(e, "the centre has it", func() bool { return w.status(p.Number) == storage.Waiting })
	w.centre.Approve(p.Number)
	w.until(e, "the application is over", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Rejected
	})
	a, err := w.device.API.GetTransactionWithResponse(context.Background(), p.Application.Keys[1].TransactionID)
	w.must(err)
	if a.JSON200 == nil || a.JSON200.State != "refused" {
		t.Fatalf("the centre does not know that its certificate was refused: %s", a.Body)
	}
	r, err := w.store.Application(context.Background(), p.Number)
	w.must(err)
	if len(r.Keys[1].Certificate) != 0 {
		t.Fatal("the refused certificate was kept")
	}
}

// What may be wrong at the kiosk itself (its root, its clock) costs the citizen nothing: the certificate is neither kept nor refused.
func TestEngine_DoesNotRefuseForWhatMayBeItsOwnFault(t *testing.T) {
	foreign, _ := stranger(t)
	for name, spoil := range map[string]func(*Config){
		"certificate-chain": func(c *Config) {
			c.Roots = pki.NewPool(foreign)
		},
		"certificate-validity": func(c *Config) { c.Now = func() time.Time { return time.Now().AddDate(-3, 0, 0) } },
	} {
		w := newWorld(t)
		config := w.config(w.store)
		spoil(&config)
		if name == "certificate-validity" {
			w.now = config.Now() // storage's clock is the same
		}
		e := New(config)
		p := w.accept(1, centretest.IINAigerim)
		w.must(e.cfg.Store.Hasten(context.Background(), p.Number))
		step := func(what string, ok func() bool) {
			for range 200 {
				e.Step(context.Background())
				if ok() {
					return
				}
				w.must(w.store.Hasten(context.Background(), p.Number))
				e.lineAt = time.Time{}
			}
			t.Fatalf("%s: in vain: %s; %+v", name, what, e.State())
		}
		problem := func() string {
			due, err := w.store.Due(context.Background(), w.time().AddDate(0, 1, 0), 10)
			w.must(err)
			for _, d := range due {
				if d.Problem != "" {
					return d.Problem
				}
			}
			return ""
		}
		step("the centre has it", func() bool { return w.status(p.Number) == storage.Waiting })
		w.centre.Approve(p.Number)
		step("the problem is noted", func() bool { return problem() == name })
		for _, k := range p.Application.Keys {
			a, err := w.device.API.GetTransactionWithResponse(context.Background(), k.TransactionID)
			w.must(err)
			if a.JSON200 != nil && a.JSON200.State == "refused" {
				t.Errorf("%s: the centre was told that its certificate is wrong", name)
			}
		}
		e = w.engine(w.store) // put right
		w.mu.Lock()
		w.now = time.Time{}
		w.mu.Unlock()
		w.run(e)
		w.until(e, "the certificates are here", func() bool {
			w.must(e.Hurry(context.Background(), p.Number))
			return w.status(p.Number) == storage.Issued
		})
		w.holds(p)
	}
}

// A kiosk's disk is put back to a copy from before the application was sent.
func TestEngine_FindsItsCertificatesAgainAfterItsDatabaseWasPutBack(t *testing.T) {
	w := newWorld(t)
	p := w.accept(1, centretest.IINAigerim)
	w.must(w.store.Close())
	copied, err := os.ReadFile(w.path)
	w.must(err)
	w.open()
	e := w.engine(w.store)
	stop := w.run(e)
	w.centreTakes(e, p)
	stop()
	w.must(w.store.Close())
	w.must(os.WriteFile(w.path, copied, 0o600))
	w.open()
	if got := w.status(p.Number); got != storage.Queued {
		t.Fatalf("the copy is not from before: %s", got)
	}
	e = w.engine(w.store)
	w.run(e)
	w.until(e, "the certificates are here again", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Issued
	})
	w.holds(p)
	if got := issuedAtCentre(w); got != 2 {
		t.Fatalf("the centre issued %d certificates for 2 keys", got)
	}
}

func TestEngine_TakesTheCentresDirectoryAndKeepsItThroughRestart(t *testing.T) {
	w := newWorld(t)
	e := w.engine(w.store)
	stop := w.run(e)
	w.until(e, "the line is up", func() bool { return e.State().Online })
	d := registry.Default()
	d.Version += ".1"
	d.RejectReasons[0].Text.EN = "Somebody else"
	data, err := d.Encode()
	w.must(err)
	_, err = w.centre.ImportDirectory(context.Background(), data)
	w.must(err)
	w.until(e, "the new directory is in force", func() bool { return e.Directory().Version == d.Version })
	stop()
	w.centre.Stop()
	w.must(w.store.Close())
	w.open()
	e = w.engine(w.store)
	if got := e.Directory(); got.Version != d.Version || got.RejectReasons[0].Text.EN != "Somebody else" {
		t.Fatalf("after a restart without a line: %s", got.Version)
	}
}

// What the engine logs goes to people who must not see citizens' data.
func TestEngine_LogsNoPersonalData(t *testing.T) {
	w := newWorld(t)
	var log lockedBuffer
	config := w.config(w.store)
	config.Log = log.logger()
	e := New(config)
	stop := w.run(e)
	p := w.accept(1, centretest.IINAigerim)
	w.centreTakes(e, p)
	w.centre.Stop()
	w.until(e, "the line is down", func() bool { return e.State().Problem == ProblemDown })
	stop()
	text := log.String()
	if !strings.Contains(text, p.Number) {
		t.Fatalf("nothing was logged: %s", text)
	}
	for _, secret := range []string{p.IIN, p.Name.Surname, p.Name.Given, string(p.Document)} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
