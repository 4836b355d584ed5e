package token_test

import (
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

// hears makes every module one that waits for slot events, in the shim's way how; it looks at its slots once in ten minutes, so that nothing but events
// and what is asked for can tell of a change.
func hears(how string, every time.Duration) func(*token.Config) {
	return func(c *token.Config) {
		c.PollEvery = every
		for i := range c.Modules {
			c.Modules[i].Profile.SlotEvents = "yes"
			c.Modules[i].Env = append(c.Modules[i].Env, "TIRKEU_SHIM_EVENTS="+how)
		}
	}
}

// USB's word comes at any moment beside the module's own, and takes nothing back that the module has told.
func TestRack_HearsOfPlugAndPullFromAModuleThatTellsOfThem(t *testing.T) {
	s := start(t, hears("yes", 10*time.Minute), spec("a", token.Kaztoken), spec("b", token.Kaztoken))
	done := make(chan struct{})
	defer close(done)
	go func() {
		for range time.Tick(200 * time.Microsecond) {
			select {
			case <-done:
				return
			default:
				s.rack.LookSoon()
			}
		}
	}()
	for range 3 {
		a, b := s.plug("a"), s.plug("b")
		if a.Insertion == b.Insertion {
			t.Fatal("two tokens are one insertion")
		}
		session := s.login(b, "123456")
		s.must(s.bench.Replug("b"))
		s.wait(token.Removed)
		if again := s.wait(token.Inserted).Token; again.Serial != b.Serial {
			t.Errorf("replugged %s, told of %s", b.Serial, again.Serial)
		}
		if _, err := session.Keys(s.ctx); err == nil {
			t.Error("a session lives on after a replug")
		}
		s.must(s.bench.Pull("b"))
		s.must(s.bench.Pull("a"))
		s.wait(token.Removed)
		s.wait(token.Removed)
	}
	if m := s.rack.Modules()[0]; m.Starts != 1 {
		t.Errorf("the worker was started %d times", m.Starts)
	}
	if n := s.bench.ModuleCalls(string(token.Kaztoken))["C_WaitForSlotEvent"]; n < 6 {
		t.Errorf("C_WaitForSlotEvent was called %d times", n)
	}
	s.must(s.rack.Close()) // ends a worker that waits in its module
}

// A module that lets nobody in while one waits hangs at the first look. It is killed, and served without waiting from then on.
func TestRack_StopsWaitingInAModuleThatLetsNobodyElseIn(t *testing.T) {
	held := hears("held", 20*time.Millisecond)
	s := start(t, func(c *token.Config) {
		held(c)
		c.CallTimeout = time.Second
	}, spec("a", token.Kaztoken))
	s.must(s.bench.Plug("a"))
	s.wait(token.WorkerBack) // the first may have seen the token, between one waiting and the next
	a := s.wait(token.Inserted).Token
	s.login(a, "123456")
	s.must(s.bench.Pull("a"))
	s.wait(token.Removed)
	if m := s.rack.Modules()[0]; !m.Running || m.Starts != 2 {
		t.Errorf("module %+v", m)
	}
}

// What USB tells is heard by a module that tells nothing itself.
func TestRack_LooksAtOnceWhenToldThatSomethingWasPlugged(t *testing.T) {
	s := start(t, func(c *token.Config) { c.PollEvery = 10 * time.Minute }, spec("a", token.Kaztoken))
	s.must(s.bench.Plug("a"))
	s.rack.LookSoon()
	s.wait(token.Inserted)
	s.must(s.bench.Pull("a"))
	s.rack.LookSoon()
	s.wait(token.Removed)
}
