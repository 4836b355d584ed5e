package token_test

import (
	"errors"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
)

// A token that changes its port between two looks, and two that change places, are new insertions: nothing opened before works on, and the PIN of
// each is right the first time, on the token it belongs to.
func TestRack_ATokenMovedToAnotherPortIsANewInsertion(t *testing.T) {
	two := spec("b", token.JaCarta)
	two.PIN = "654321"
	s := start(t, nil, spec("a", token.JaCarta), two)
	pins := map[string]string{"a": "123456", "b": "654321"}
	here := map[string]token.Token{"a": s.plug("a"), "b": s.plug("b")}
	sessions := map[string]*token.Session{}
	enter := func(name string) {
		t.Helper()
		before := s.bench.Calls(name)["C_Login"]
		sessions[name] = s.login(here[name], pins[name])
		if n := s.bench.Calls(name)["C_Login"] - before; n != 1 {
			t.Errorf("%d C_Login on %s for one entry", n, name)
		}
	}
	for name := range here {
		enter(name)
		s.generate(sessions[name], "key of "+name)
	}
	moved := func(names ...string) {
		t.Helper()
		old := map[string]token.Token{}
		for _, name := range names {
			old[name] = here[name]
		}
		for range names {
			now := s.wait(token.Inserted).Token
			for name := range old {
				if now.Serial == old[name].Serial {
					here[name] = now
				}
			}
		}
		for _, name := range names {
			if here[name].Insertion <= old[name].Insertion || here[name].Reader == old[name].Reader {
				t.Errorf("%s moved: %+v, then %+v", name, old[name], here[name])
			}
			if _, err := sessions[name].Keys(s.ctx); !errors.Is(err, token.ErrRemoved) {
				t.Errorf("the session on %s before it moved: %v", name, err)
			}
			enter(name)
			keys, err := sessions[name].Keys(s.ctx)
			s.must(err)
			if len(keys) != 1 || string(keys[0].ID) != "key of "+name {
				t.Errorf("%s has the keys %+v", name, keys)
			}
		}
	}
	s.must(s.bench.Move("a", 3))
	moved("a")
	if _, err := sessions["b"].Keys(s.ctx); err != nil {
		t.Errorf("the token that stayed: %v", err)
	}
	s.must(s.bench.Swap("a", "b"))
	moved("a", "b")
	if s.tries("a") != 3 || s.tries("b") != 3 {
		t.Errorf("%d and %d tries left: a PIN went to the other token", s.tries("a"), s.tries("b"))
	}
}

// Three makers' tokens come, are worked on and go at the same time.
func TestRack_ServesThreeDevicesAtOnce(t *testing.T) {
	kinds := []token.Kind{token.Kaztoken, token.EToken, token.IDCard}
	s := start(t, nil, spec("t-kaztoken", kinds[0]), spec("t-etoken", kinds[1]), spec("t-idcard", kinds[2]))
	all := func(do func(name string) error) {
		t.Helper()
		done := make(chan error, len(kinds))
		for _, kind := range kinds {
			go func() { done <- do("t-" + string(kind)) }()
		}
		for range kinds {
			s.must(<-done)
		}
	}
	for range 3 {
		all(s.bench.Plug)
		here := map[string]token.Token{}
		for range kinds {
			now := s.wait(token.Inserted).Token
			here["t-"+string(now.Kind)] = now
		}
		all(func(name string) error {
			session, err := s.rack.Login(s.ctx, here[name].Insertion, token.NewPIN("123456"))
			if err != nil {
				return err
			}
			id := []byte("k")
			_, err = session.GenerateRSA(s.ctx, id, "k", 1024)
			if err != nil {
				return err
			}
			_, err = s.certifyBy(session, "k")
			if err != nil {
				return err
			}
			return session.Delete(s.ctx, id)
		})
		all(s.bench.Pull)
		for range kinds {
			s.wait(token.Removed)
		}
		if left := s.rack.Tokens(); len(left) != 0 {
			t.Fatalf("still there: %+v", left)
		}
	}
}
