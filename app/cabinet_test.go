package app

import (
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
)

// citizenToken is a token with a citizen's certified RSA pair.
func (s *stand) citizenToken(serial, iin string) *fakeToken {
	f := s.token("kaztoken", serial)
	for i, template := range []string{"rsa-auth", "rsa-sign"} {
		key := rsaKeys()[i]
		f.keys = append(f.keys, fakeKey{id: []byte{byte(i + 1)}, private: key, cert: fakeCertificate(s.t, key.Public(), iin, template, s.now())})
	}
	return f
}

// unlock goes from the choice of medium to the list of keys.
func (s *stand) unlock(f *fakeToken) picture {
	s.t.Helper()
	s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": f.told().Insertion})
	return s.shows("sign.keys", "sign.secret", args{"pin": f.pin})
}

// enter signs a citizen in with a token that is plugged in.
func (s *stand) enter(f *fakeToken) picture {
	s.t.Helper()
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("sign.medium", "cabinet", nil)
	s.unlock(f)
	return s.shows("cabinet.home", "sign.go", args{"key": 0})
}

// untilShut waits until a token is logged out: that happens behind the citizen's back.
func (s *stand) untilShut(f *fakeToken) {
	s.t.Helper()
	s.until("the token shut", func(picture) bool {
		open := false
		s.rack.change(func() { open = f.loggedIn })
		return !open
	})
}

func TestCabinet_OpensToASignInKeyAndToNoOther(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("sign.medium", "cabinet", nil)
	p := s.unlock(f)
	var keys SignKeysScreen
	p.data(t, &keys)
	if len(keys.Keys) != 2 || keys.Chosen != 0 || !keys.Keys[0].Usable || keys.Keys[1].Usable || keys.Keys[1].Why == "" || !keys.Factory {
		t.Fatalf("the keys: %+v", keys)
	}
	s.refuses(CodeNotSignInKey, "sign.go", args{"key": 1})
	p = s.shows("cabinet.home", "sign.go", args{"key": 0})
	var home CabinetHomeScreen
	p.data(t, &home)
	if home.Offline || !home.Factory || home.Name != "СЕРІК АЙГЕРІМ БОЛАТҚЫЗЫ" {
		t.Fatalf("home: %+v", home)
	}
	s.untilShut(f)
	s.do("cabinet.leave", nil)
	s.untilEnded()
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	if len(s.line.cabinet.sessions) != 0 {
		t.Error("the centre's session stays open")
	}
}

func TestCabinet_OneEntryIsOneTry(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("sign.medium", "cabinet", nil)
	s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": f.told().Insertion})
	s.refuses(CodePINShort, "sign.secret", args{"pin": "1"})
	s.refuses(CodePINLow, "sign.secret", args{"pin": "87654321"})
	if f.logins != 1 {
		t.Fatalf("%d tries", f.logins)
	}
}

// The process of a token that answers too slowly is ended, and the token is gone with it: what is told is that it was slow.
func TestCabinet_TellsOfASlowTokenThatItIsSlow(t *testing.T) {
	for _, op := range []string{"sign", "keys"} {
		s := newStand(t)
		f := s.citizenToken("KZ-1", aigerim)
		s.plug(f)
		s.rack.change(func() { f.failing[op] = token.ErrTimeout })
		s.shows("menu", "start", args{"lang": "ru"})
		s.shows("sign.medium", "cabinet", nil)
		s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": f.told().Insertion})
		p := s.do("sign.secret", args{"pin": f.pin})
		if op == "sign" {
			p = s.do("sign.go", args{"key": 0})
		}
		if p.Screen.Name != "sign.medium" || p.code() != CodeTokenSlow {
			t.Errorf("%s: %s", op, p)
		}
		s.plug(f)
		if p := s.picture(); p.code() != CodeTokenSlow {
			t.Errorf("%s, the token back: %s", op, p)
		}
	}
}

// Without a line the key itself proves who stands here; what the centre keeps is not shown.
func TestCabinet_OpensWithoutTheLineForWhatNeedsNone(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.line.cut(ErrLineDown)
	p := s.enter(f)
	var home CabinetHomeScreen
	p.data(t, &home)
	if !home.Offline {
		t.Fatal("it says that the centre answered")
	}
	for _, i := range home.Items {
		if i.Usable == (i.Why != "") {
			t.Errorf("%+v", i)
		}
	}
	s.refuses(CodeNeedsLine, "reissue", nil)
}

func TestCabinet_RefusesKeysThatDoNotCount(t *testing.T) {
	s := newStand(t)
	now := s.now()
	f := s.token("kaztoken", "KZ-1")
	key := func(cert []byte) {
		f.keys = append(f.keys, fakeKey{id: []byte{byte(len(f.keys) + 1)}, private: rsaKeys()[0], cert: cert})
	}
	public := rsaKeys()[0].Public()
	key(nil)
	key(fakeCertificateBy(t, fakeCA(), public, aigerim, "rsa-auth", now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0)))
	key(fakeCertificateBy(t, fakeCA(), public, aigerim, "rsa-auth", now.AddDate(1, 0, 0), now.AddDate(2, 0, 0)))
	key(fakeCertificateBy(t, foreignCA(), public, aigerim, "rsa-auth", now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0)))
	key(fakeCertificate(t, public, aigerim, "rsa-sign", now))
	s.plug(f)
	s.shows("menu", "start", args{"lang": "en"})
	s.shows("sign.medium", "cabinet", nil)
	p := s.unlock(f)
	var keys SignKeysScreen
	p.data(t, &keys)
	if keys.Chosen != -1 {
		t.Fatalf("chosen: %d", keys.Chosen)
	}
	for n, code := range []Code{CodeKeyBare, CodeKeyExpired, CodeKeyNotYet, CodeKeyForeign, CodeNotSignInKey} {
		s.refuses(code, "sign.go", args{"key": n})
	}
}

// A revoked key is one of the three answers; the centre's word ends it.
func TestCabinet_EndsWhenTheCentreHasEndedTheSession(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.enter(f)
	s.k.mu.Lock()
	s.k.cabinetFault(ErrCabinetOver)
	s.k.publish()
	s.k.mu.Unlock()
	if p := s.picture(); p.Screen.Name != "menu" || p.code() != CodeCabinetOver {
		t.Fatalf("it shows %s", p)
	}
}

// People pull their token and walk away.
func TestCabinet_AsksWhoIsThereWhenItsTokenIsPulled(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.enter(f)
	s.pull(f)
	s.until("the question", func(p picture) bool { return p.Dialog != nil && p.Dialog.Name == "idle" })
	s.do("stay", nil)
	if p := s.picture(); p.Dialog != nil || p.Screen.Name != "cabinet.home" {
		t.Fatalf("after the answer: %s", p)
	}
	s.plug(f)
	s.pull(f)
	s.until("the question", func(p picture) bool { return p.Dialog != nil })
	s.pass(31 * time.Second)
	s.untilScreen("attract")
	s.untilEnded()
}

func TestCabinet_TellsRevokedFromUnchecked(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.line.issued = []Issued{{Serial: serialHex(mustParse(t, f.keys[0].cert)), Revoked: true}}
	s.plug(f)
	s.shows("menu", "start", args{"lang": "kk"})
	s.shows("sign.medium", "cabinet", nil)
	s.unlock(f)
	s.refuses(CodeKeyRevoked, "sign.go", args{"key": 0})
	if (Standing{Ours: true}).Revocation != pki.Unknown {
		t.Error("what was not checked counts as something else")
	}
}
