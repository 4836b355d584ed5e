package token_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

const soPIN = "87654321" // of every virtual token

func (s *stand) unblock(n token.Insertion, so, fresh string) error {
	return s.rack.Unblock(s.ctx, n, token.NewPIN(so), token.NewPIN(fresh))
}

func TestUnblock_LiftsTheLockWithOneTryAndTheFlagsAreFreshAtOnce(t *testing.T) {
	locked := spec("a", token.EToken)
	locked.Locked = true
	s := start(t, nil, locked)
	a := s.plug("a")
	if !a.PINLocked {
		t.Fatal("not locked from the start")
	}
	s.must(s.unblock(a.Insertion, soPIN, "4321"))
	now, err := s.rack.Token(a.Insertion)
	s.must(err)
	if now.PINLocked || now.PINLow || now.AdminPINLow {
		t.Errorf("after it: %+v", now)
	}
	if n := s.bench.Calls("a"); n["C_Login"] != 1 || n["C_InitPIN"] != 1 {
		t.Errorf("%d logins, %d new PINs", n["C_Login"], n["C_InitPIN"])
	}
	session := s.login(a, "4321")
	s.generate(session, "k")
	// Somebody logged in is no hindrance; his session ends.
	s.must(s.unblock(a.Insertion, soPIN, "56789"))
	if _, err = session.Keys(s.ctx); !errors.Is(err, token.ErrSessionClosed) {
		t.Errorf("a session after the PIN was set anew: %v", err)
	}
	if keys, err := s.login(a, "56789").Keys(s.ctx); err != nil || len(keys) != 1 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
	// A replug is noticed as before: the watching session is there again.
	s.must(s.bench.Replug("a"))
	if after := s.wait(token.Inserted).Token; after.Insertion <= a.Insertion {
		t.Errorf("insertion %d after %d", after.Insertion, a.Insertion)
	}
}

func TestUnblock_SaysWhatWasWrongAndSpendsNothingForLengths(t *testing.T) {
	a := spec("a", token.EToken)
	a.SOTries = 3
	blank := spec("blank", token.EToken)
	blank.Initialized = false
	s := start(t, nil, a, blank)
	n := s.plug("a").Insertion
	refused := func(so, fresh string, want error) {
		t.Helper()
		err := s.unblock(n, so, fresh)
		if !errors.Is(err, want) || strings.Contains(err.Error(), so) && so != "" {
			t.Errorf("%v, not %v", err, want)
		}
	}
	refused(soPIN, "1", token.ErrPINLength)
	refused(soPIN, strings.Repeat("1", 30), token.ErrPINLength)
	refused(soPIN, "", token.ErrPINLength)
	refused("", "4321", token.ErrAdminPINLength)
	if calls := s.bench.Calls("a")["C_Login"]; calls != 0 {
		t.Errorf("%d logins for lengths that cannot be right", calls)
	}
	s.must(s.bench.Fault("a", virtual.Fault{FailCall: "C_InitPIN:0xA1"})) // CKR_PIN_INVALID: a policy of the token's own
	refused(soPIN, "4321", token.ErrPINRejected)
	s.must(s.bench.Fault("a", virtual.Fault{}))
	refused("00000000", "4321", token.ErrAdminPIN)
	if now, _ := s.rack.Token(n); !now.AdminPINLow || now.AdminPINFinal || now.PINLow {
		t.Errorf("after one wrong: %+v", now)
	}
	refused("00000000", "4321", token.ErrAdminPIN)
	if now, _ := s.rack.Token(n); !now.AdminPINFinal {
		t.Errorf("after two wrong: %+v", now)
	}
	refused("00000000", "4321", token.ErrAdminPINLocked)
	refused(soPIN, "4321", token.ErrAdminPINLocked)
	if now, _ := s.rack.Token(n); !now.AdminPINLocked || now.PINLocked {
		t.Errorf("after three wrong: %+v", now)
	}
	if calls := s.bench.Calls("a")["C_Login"]; calls != 5 { // one of them for the PIN that was rejected
		t.Errorf("%d logins for five entries", calls)
	}
	s.login(s.rack.Tokens()[0], "123456") // the user's own PIN is as it was
	n = s.plug("blank").Insertion
	refused(soPIN, "4321", token.ErrNotInitialized)
}

func TestUnblock_IsNotRepeatedAfterCrashTimeoutOrPull(t *testing.T) {
	for name, c := range map[string]struct {
		fault virtual.Fault
		want  error
	}{
		"crash in login":     {virtual.Fault{CrashOn: "C_Login"}, token.ErrWorker},
		"crash in new PIN":   {virtual.Fault{CrashOn: "C_InitPIN"}, token.ErrWorker},
		"timeout in login":   {virtual.Fault{HangOn: "C_Login"}, token.ErrTimeout},
		"timeout in new PIN": {virtual.Fault{HangOn: "C_InitPIN"}, token.ErrTimeout},
		"removed":            {virtual.Fault{FailCall: "C_InitPIN:0x32"}, token.ErrRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, brief, spec("a", token.Kaztoken))
			a := s.plug("a")
			s.must(s.bench.Fault("a", c.fault))
			if err := s.unblock(a.Insertion, soPIN, "654321"); !errors.Is(err, c.want) {
				t.Errorf("unblock: %v", err)
			}
			a = s.wait(token.Inserted).Token
			if calls := s.bench.Calls("a")["C_Login"]; calls != 1 {
				t.Errorf("%d logins for one entry", calls)
			}
			s.must(s.bench.Fault("a", virtual.Fault{}))
			s.must(s.unblock(a.Insertion, soPIN, "654321"))
			s.login(a, "654321")
		})
	}
}
