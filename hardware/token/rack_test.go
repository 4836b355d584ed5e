package token_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

func TestRack_TellsEveryKindByItsMakerAndNeverByItsLabel(t *testing.T) {
	kinds := []token.Kind{token.Kaztoken, token.EToken, token.JaCarta, token.AKey, token.IDCard}
	var specs []virtual.Spec
	for i, kind := range kinds {
		s := spec("x-"+string(kind), kind)
		s.Label = "Token of " + string(kinds[(i+1)%len(kinds)]) // a lie
		specs = append(specs, s)
	}
	s := start(t, nil, specs...)
	for _, x := range specs {
		got := s.plug(x.Name)
		if got.Kind != x.Kind || got.Label != x.Label || got.Module != string(x.Kind) {
			t.Errorf("%s: seen as %q with label %q by module %s", x.Name, got.Kind, got.Label, got.Module)
		}
	}
	if n := len(s.rack.Tokens()); n != len(kinds) {
		t.Errorf("%d tokens at once", n)
	}
	pids := map[int]bool{os.Getpid(): true}
	for _, m := range s.rack.Modules() {
		if !m.Running || pids[m.PID] || m.Library == "" {
			t.Errorf("module %+v has no process of its own", m)
		}
		pids[m.PID] = true
	}
	factory := map[token.Kind]string{token.Kaztoken: "12345678", token.EToken: "1234567890", token.JaCarta: "1234567890", token.AKey: "1234567890"}
	for _, x := range s.rack.Tokens() {
		if x.Kind == token.IDCard {
			continue // has none
		}
		if !x.HasFactoryPIN(token.NewPIN(factory[x.Kind])) || x.HasFactoryPIN(token.NewPIN("123456")) {
			t.Errorf("%s: factory PIN is not recognised", x.Kind)
		}
	}
}

func TestRack_ServesSeveralTokensOfOneModule(t *testing.T) {
	s := start(t, nil, spec("one", token.JaCarta), spec("two", token.JaCarta), spec("three", token.JaCarta), spec("four", token.JaCarta), spec("five", token.JaCarta))
	one, two := s.plug("one"), s.plug("two")
	if one.Serial == two.Serial || one.Insertion == two.Insertion || one.Reader == two.Reader {
		t.Fatalf("two tokens cannot be told apart: %+v %+v", one, two)
	}
	first, second := s.login(one, "123456"), s.login(two, "123456")
	s.generate(first, "a")
	keys, err := second.Keys(s.ctx)
	s.must(err)
	if len(keys) != 0 {
		t.Errorf("a key made on one token is on the other")
	}
	s.plug("three")
	s.plug("four")
	if err = s.bench.Plug("five"); !errors.Is(err, virtual.ErrSlotsFull) {
		t.Errorf("a fifth token: %v", err)
	}
	s.must(s.bench.Pull("two"))
	if gone := s.wait(token.Removed).Token; gone.Serial != two.Serial {
		t.Errorf("pulled %s, the rack says %s", two.Serial, gone.Serial)
	}
	keys, err = first.Keys(s.ctx)
	s.must(err)
	if len(keys) != 1 {
		t.Errorf("%d keys on the token that stayed", len(keys))
	}
}

func TestRack_ReplugIsANewInsertionAndOldHandlesStayDead(t *testing.T) {
	for name, replug := range map[string]func(*stand){
		"slow": func(s *stand) {
			s.must(s.bench.Pull("a"))
			s.wait(token.Removed)
			s.must(s.bench.Plug("a"))
		},
		"between two polls": func(s *stand) { s.must(s.bench.Replug("a")) },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, nil, spec("a", token.Kaztoken))
			before := s.plug("a")
			session := s.login(before, "123456")
			s.generate(session, "k")
			signer, err := session.Signer(s.ctx, []byte("k"))
			s.must(err)
			replug(s)
			after := s.wait(token.Inserted).Token
			if after.Insertion <= before.Insertion || after.Serial != before.Serial {
				t.Fatalf("insertion %d after %d", after.Insertion, before.Insertion)
			}
			_, err = signer.Sign(nil, make([]byte, 32), sha256Options)
			if !errors.Is(err, token.ErrRemoved) {
				t.Errorf("sign by an old handle: %v", err)
			}
			_, err = session.Keys(s.ctx)
			if !errors.Is(err, token.ErrRemoved) {
				t.Errorf("keys by an old session: %v", err)
			}
			_, err = s.rack.Login(s.ctx, before.Insertion, token.NewPIN("123456"))
			if !errors.Is(err, token.ErrRemoved) {
				t.Errorf("login by an old insertion: %v", err)
			}
			s.must(session.Logout(s.ctx))
			calls := s.bench.Calls("a")["C_Login"]
			keys, err := s.login(after, "123456").Keys(s.ctx)
			s.must(err)
			if len(keys) != 1 || s.bench.Calls("a")["C_Login"] != calls+1 {
				t.Errorf("after the replug: %d keys by %d logins", len(keys), s.bench.Calls("a")["C_Login"]-calls)
			}
		})
	}
}

func TestRack_KnowsWhichInsertionsNeverWere(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	for _, n := range []token.Insertion{0, 1 << 60} {
		_, err := s.rack.Token(n)
		if !errors.Is(err, token.ErrUnknownInsertion) {
			t.Errorf("insertion %d: %v", n, err)
		}
	}
}

func TestRack_RecycleReplacesEveryWorkerAndInsertion(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken), spec("b", token.EToken))
	a := s.plug("a")
	s.plug("b")
	session := s.login(a, "123456")
	before := s.rack.Modules()
	s.rack.Recycle(s.ctx)
	after := s.rack.Modules()
	for i := range before {
		if !after[i].Running || after[i].PID == before[i].PID || gone(before[i].PID) != nil {
			t.Errorf("worker of %s was not replaced: %+v", before[i].Name, after[i])
		}
	}
	tokens := s.rack.Tokens()
	if len(tokens) != 2 || tokens[0].Insertion <= a.Insertion+1 {
		t.Errorf("tokens after recycling: %+v", tokens)
	}
	if _, err := session.Keys(s.ctx); !errors.Is(err, token.ErrRemoved) {
		t.Errorf("a session outlived its worker: %v", err)
	}
	for {
		e := s.wait(token.Removed)
		if e.Token.Insertion == a.Insertion {
			break
		}
	}
	s.must(s.rack.Close())
	if _, err := s.rack.Certificates(s.ctx, tokens[0].Insertion); err == nil {
		t.Error("a closed rack answers")
	}
	for range s.watch { // ends: the rack closed it
	}
}

func TestRack_SlowWatcherIsToldToLookAgain(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	slow, stop := s.rack.Watch()
	defer stop()
	for range 50 { // two events each, and nobody reads slow
		s.plug("a")
		s.must(s.bench.Pull("a"))
		s.wait(token.Removed)
	}
	n := 0
	for e := range slow {
		if n++; e.Kind == token.Changed && e.Module == "" {
			break
		}
	}
	if n > 66 {
		t.Errorf("%d events waited for a slow watcher", n)
	}
}

func TestOpen_AModuleThatDoesNotLoadIsAStateNotAnError(t *testing.T) {
	bench, config := virtualtest.StartForTest(t, spec("a", token.Kaztoken))
	rubbish := filepath.Join(t.TempDir(), "rubbish.so")
	if err := os.WriteFile(rubbish, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	config.Modules = append(config.Modules, token.Module{Name: "absent", Path: "/nonexistent.so"}, token.Module{Name: "rubbish", Path: rubbish})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := bench.Plug("a"); err != nil {
		t.Fatal(err)
	}
	rack, err := token.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	if len(rack.Tokens()) != 1 {
		t.Errorf("tokens right after Open: %v", rack.Tokens())
	}
	for _, m := range rack.Modules()[1:] {
		if m.Running || !strings.Contains(m.Error, "module") {
			t.Errorf("module %+v", m)
		}
	}
	config.Modules = config.Modules[:1]
	config.Worker = "/nonexistent"
	if _, err = token.Open(ctx, config); err == nil {
		t.Error("opened without a worker program")
	}
}

func TestRack_AsksAgainWhenTheListOfSlotsGrowsMeanwhile(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	pid := s.rack.Modules()[0].PID
	const bufferTooSmall = "C_GetSlotList:0x150:3"
	s.must(s.bench.ModuleFault(token.Kaztoken, virtual.Fault{FailCall: bufferTooSmall}))
	s.plug("a")
	if s.rack.Modules()[0].PID != pid {
		t.Error("the worker was given up for a list that grew")
	}
}
