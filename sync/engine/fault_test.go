//go:build cgo

package engine

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

func problemOf(err error) Problem {
	if line := (*LineError)(nil); errors.As(err, &line) {
		return line.Problem
	}
	return ""
}

// stranger is a certificate of nobody's authority.
func stranger(t *testing.T) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "stranger"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(crand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func TestLine_TellsItsProblemsApart(t *testing.T) {
	w := newWorld(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	defer silent.Close() // accepts by backlog and never answers
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	closed.Close()
	plain := strings.TrimPrefix(w.centre.HTTPURL, "http://")
	foreign, foreignKey := stranger(t)
	for _, c := range []struct {
		name string
		with Connection
		plan fault
		want Problem
	}{
		{"well", Connection{}, none, ""},
		{"nobody listens", Connection{Centre: "https://" + closed.Addr().String()}, none, ProblemDown},
		{"no such host", Connection{Centre: "https://nowhere.invalid"}, none, ProblemDown},
		{"request lost", Connection{}, lost, ProblemDown},
		{"silence", Connection{Centre: "https://" + silent.Addr().String(), CallTimeout: 200 * time.Millisecond}, none, ProblemSlow},
		{"another authority", Connection{Root: foreign}, none, ProblemForeign},
		{"server certificate out of date", Connection{Now: func() time.Time { return time.Now().AddDate(30, 0, 0) }}, none, ProblemExpired},
		{"device of another authority", Connection{Certificate: foreign, Key: foreignKey}, none, ProblemRefused},
		{"a proxy's page", Connection{}, page, ProblemGarbage},
		{"answer torn", Connection{}, torn, ProblemGarbage},
		{"not TLS", Connection{Centre: "https://" + plain}, none, ProblemGarbage},
	} {
		line := w.connect(c.with)
		w.faults.set(func(*http.Request) fault { return c.plan })
		_, err := line.Device(context.Background())
		if got := problemOf(err); got != c.want || (c.want == "") != (err == nil) {
			t.Errorf("%s: %q (%v), want %q", c.name, got, err, c.want)
		}
		// The same by CMP must not be taken for a verdict either.
		if c.want != "" {
			_, err := line.CMP("rsa-auth").CACerts(context.Background())
			if got := problemOf(explain(context.Background(), err)); got != c.want {
				t.Errorf("%s, by CMP: %q (%v), want %q", c.name, got, err, c.want)
			}
		}
	}
}

func TestEngine_ShowsWhatIsWrongWithTheLineAndKeepsEverything(t *testing.T) {
	for _, c := range []struct {
		plan fault
		want Problem
	}{{lost, ProblemDown}, {page, ProblemGarbage}, {mute, ProblemDown}} {
		w := newWorld(t)
		w.faults.set(func(*http.Request) fault { return c.plan })
		e := w.engine(w.store)
		w.run(e)
		p := w.accept(1, centretest.IINAigerim)
		e.Kick()
		w.until(e, "the problem shows", func() bool { s := e.State(); return s.Problem == c.want && !s.Online && s.Pending == 1 })
		if got := w.status(p.Number); got != storage.Queued {
			t.Errorf("%s made the application %s", c.want, got)
		}
		w.faults.set(nil)
		w.centreTakes(e, p)
	}
}

func TestEngine_TakesAnUnprotectedRefusalForNoVerdict(t *testing.T) {
	w := newWorld(t)
	// The protection of every CMP answer is broken on the way: whatever it says, nothing may follow from it.
	w.faults.set(func(r *http.Request) fault {
		if strings.Contains(r.URL.Path, "/cmp/") {
			return junk
		}
		return none
	})
	e := w.engine(w.store)
	w.run(e)
	p := w.accept(1, centretest.IINAigerim)
	e.Kick()
	w.until(e, "garbage shows", func() bool { return e.State().Problem == ProblemGarbage })
	w.centre.Reject(p.Number, "no-document")
	if got := w.status(p.Number); got != storage.Waiting {
		t.Fatalf("the application is %s", got)
	}
	w.faults.set(nil)
	w.until(e, "the rejection is known", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Rejected
	})
}

func TestEngine_StopsTryingWhatIsRefusedForGoodAndKeepsTheReason(t *testing.T) {
	w := newWorld(t)
	p := w.accept(1, centretest.IINAigerim)
	other := w.device.NewPaper(centretest.Person(centretest.IINBolat), 1, centretest.Key(8), centretest.Key(9))
	if _, err := w.line.File(context.Background(), other.Number, other.Document, nil, nil); err != nil {
		t.Fatal(err)
	}
	_, err := w.line.File(context.Background(), p.Number, p.Document, nil, nil)
	if refusal := (*api.Error)(nil); !errors.As(err, &refusal) || refusal.Code != api.ErrorCodeWrongBytes {
		t.Fatalf("other bytes under one number: %v", err)
	}
	e := w.engine(w.store)
	w.run(e)
	w.until(e, "the application is rejected", func() bool { return w.status(p.Number) == storage.Rejected })
	r, err := w.store.Application(context.Background(), p.Number)
	w.must(err)
	if r.Reason != "wrong_bytes" || !bytes.Equal(r.Document, p.Document) {
		t.Errorf("the reason is %q", r.Reason)
	}
	due, err := w.store.Due(context.Background(), time.Now().Add(24*time.Hour), 10)
	w.must(err)
	if len(due) != 0 {
		t.Errorf("it is tried again: %+v", due)
	}
	w.until(e, "the line is well", func() bool { return e.State().Online && e.State().Problem == "" && e.State().Pending == 0 })
}
