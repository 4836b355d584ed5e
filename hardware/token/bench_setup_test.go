package token_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// patience bounds every wait of these tests; no test depends on how much of it is used.
const patience = 30 * time.Second

func spec(name string, kind token.Kind) virtual.Spec {
	return virtual.Spec{Name: name, Kind: kind, Label: "label of " + name, PIN: "123456", PINTries: 3, Initialized: true}
}

type stand struct {
	*testing.T
	ctx   context.Context
	bench *virtual.Bench
	rack  *token.Rack
	watch <-chan token.Event
}

// start opens a rack over a bench and begins to watch before anything is plugged in.
func start(t *testing.T, change func(*token.Config), specs ...virtual.Spec) *stand {
	t.Helper()
	bench, config := virtualtest.StartForTest(t, specs...)
	if change != nil {
		change(&config)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	rack, err := token.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rack.Close() })
	watch, stop := rack.Watch()
	t.Cleanup(stop)
	return &stand{T: t, ctx: ctx, bench: bench, rack: rack, watch: watch}
}

// wait returns the next event of a kind.
func (s *stand) wait(kind token.EventKind) token.Event {
	s.Helper()
	for {
		select {
		case e := <-s.watch:
			if e.Kind == kind {
				return e
			}
		case <-s.ctx.Done():
			s.Fatalf("no event %q", kind)
		}
	}
}

func (s *stand) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// plug puts a token in and waits until the rack sees it.
func (s *stand) plug(name string) token.Token {
	s.Helper()
	s.must(s.bench.Plug(name))
	return s.wait(token.Inserted).Token
}

func (s *stand) login(t token.Token, pin string) *token.Session {
	s.Helper()
	session, err := s.rack.Login(s.ctx, t.Insertion, token.NewPIN(pin))
	s.must(err)
	return session
}

func (s *stand) generate(session *token.Session, id string) token.Key {
	s.Helper()
	key, err := session.GenerateRSA(s.ctx, []byte(id), "key "+id, 2048)
	s.must(err)
	return key
}

// certify makes a self-signed certificate for a key on a token, signed there.
func (s *stand) certify(session *token.Session, id string) []byte {
	s.Helper()
	signer, err := session.Signer(s.ctx, []byte(id))
	s.must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "ТЕСТ " + id},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	s.must(err)
	return der
}

func (s *stand) tries(name string) int {
	for _, state := range s.bench.Tokens() {
		if state.Name == name {
			return state.TriesLeft
		}
	}
	return -1
}
