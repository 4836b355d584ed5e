package app

import (
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
)

// toPassword goes from the attract screen to the PINs of a token.
func (s *stand) toPassword(f *fakeToken) picture {
	s.t.Helper()
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("password.medium", "password", nil)
	return s.shows("password.pin", "password.medium", args{"kind": "token", "insertion": f.told().Insertion})
}

func TestPassword_ChangesThePINWithOneTryAndWithoutTheLine(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	s.line.cut(ErrLineDown)
	p := s.toPassword(f)
	var d PasswordPINScreen
	p.data(t, &d)
	if d.Token.Min != 6 || d.Token.Max != 16 || d.Factory == "" {
		t.Fatalf("%+v", d)
	}
	change := func(old, fresh, again string) args { return args{"old": old, "new": fresh, "again": again} }
	s.refuses(CodePINDiffers, "password.pin", change("12345678", "87654321", "87654320"))
	s.refuses(CodePINShort, "password.pin", change("12345678", "876", "876"))
	s.refuses(CodePINLong, "password.pin", change("12345678", "87654321876543218", "87654321876543218"))
	s.refuses(CodePINSame, "password.pin", change("00000000", "12345678", "12345678"))
	s.refuses(CodePINUnchanged, "password.pin", change("87654321", "87654321", "87654321"))
	s.refuses(CodePINShort, "password.pin", change("", "87654321", "87654321"))
	if f.logins != 0 {
		t.Fatalf("%d tries were spent on what could be refused before", f.logins)
	}
	s.refuses(CodePINLow, "password.pin", change("00000000", "87654321", "87654321"))
	if f.logins != 1 || f.pin != "12345678" {
		t.Fatalf("%d tries, PIN changed: %v", f.logins, f.pin != "12345678")
	}
	s.shows("password.done", "password.pin", change("12345678", "87654321", "87654321"))
	if f.logins != 2 || f.pin != "87654321" {
		t.Fatalf("%d tries, changed: %v", f.logins, f.pin == "87654321")
	}
	s.untilLoggedOut(f)
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if len(s.store.intents) != 0 || s.store.outcomes[1] != outcomeDone {
		t.Fatalf("journal: %v %v", s.store.intents, s.store.outcomes)
	}
}

func (s *stand) untilLoggedOut(f *fakeToken) {
	s.until("log-out", func(picture) bool { s.rack.mu.Lock(); defer s.rack.mu.Unlock(); return !f.loggedIn })
}

func TestPassword_LastTryIsWarnedAndConfirmed(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	s.toPassword(f)
	wrong := args{"old": "00000000", "new": "87654321", "again": "87654321"}
	s.refuses(CodePINLow, "password.pin", wrong)
	s.refuses(CodePINFinal, "password.pin", wrong)
	s.refuses(CodePINLast, "password.pin", wrong)
	if f.logins != 2 {
		t.Fatalf("%d tries: the warning spent one", f.logins)
	}
	s.refuses(CodePINLocked, "password.pin", wrong)
	s.refuses(CodePINLocked, "password.pin", args{"old": "12345678", "new": "87654321", "again": "87654321"})
	if f.logins != 3 {
		t.Fatalf("%d tries", f.logins)
	}
}

// Pulled before the change the old PIN holds; pulled in it nobody knows, and so it says, in the journal too.
func TestPassword_PulledTokenLeavesNoLie(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	s.toPassword(f)
	s.rack.change(func() { f.failing["change"] = token.ErrRemoved })
	s.do("password.pin", args{"old": "12345678", "new": "87654321", "again": "87654321"})
	p := s.picture()
	if p.Screen.Name != "password.medium" || p.code() != CodePINUnsettled {
		t.Fatalf("%s", p)
	}
	s.store.mu.Lock()
	if len(s.store.intents) != 1 {
		t.Errorf("journal: %v, open %v", s.store.outcomes, s.store.intents)
	}
	s.store.mu.Unlock()
	s.rack.change(func() { delete(f.failing, "change") })
	s.plug(f)
	var d PasswordPINScreen
	s.shows("password.pin", "password.medium", args{"kind": "token", "insertion": f.told().Insertion}).data(t, &d)
	if !d.Token.Cut {
		t.Error("who types the PIN next is not told")
	}
	s.pull(f)
	p = s.untilScreen("password.medium")
	if p.code() != CodeTokenAbsent {
		t.Fatalf("%s", p)
	}
}

func TestPassword_OfAFileGoesTheWayOfFiles(t *testing.T) {
	s := newStand(t)
	s.stick.plug(true)
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
	s.shows("menu", "start", args{"lang": "en"})
	s.shows("password.medium", "password", nil)
	s.shows("files.list", "password.medium", args{"kind": "stick"})
}

func TestPassword_InTheCabinetEndsTheWordOfTheFactoryPIN(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	p := s.enter(f)
	var home CabinetHomeScreen
	p.data(t, &home)
	if !home.Factory {
		t.Fatal("the factory PIN was not noticed")
	}
	s.shows("password.medium", "password", nil)
	s.shows("password.pin", "password.medium", args{"kind": "token", "insertion": f.told().Insertion})
	s.shows("password.done", "password.pin", args{"old": "12345678", "new": "87654321", "again": "87654321"})
	p = s.shows("cabinet.home", "password.again", nil)
	p.data(t, &home)
	if home.Factory {
		t.Fatal("it still says that the PIN is the factory's")
	}
}
