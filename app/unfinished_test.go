package app

import (
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/registry"
)

// lost is a number under which keys were made and no application came to be.
var lost = registry.NewNumber("1001", 7)

// interrupted is a token on which an earlier run of the program left a key pair, and the screen on which it is asked about.
func interrupted(t *testing.T) (*stand, *fakeToken, UnfinishedScreen) {
	t.Helper()
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	f.keys = []fakeKey{{id: []byte("lost"), label: keyLabel("rsa-auth", lost), private: rsaKeys()[4]}}
	_, err := s.store.Begin(t.Context(), Intent{Kind: IntentGenerate, Medium: "KZ-1", Number: lost, KeyID: []byte("lost")})
	if err != nil {
		t.Fatal(err)
	}
	s.toPIN(s.plug(f))
	var d UnfinishedScreen
	s.shows("keys.unfinished", "apply.pin", args{"pin": f.pin}).data(t, &d)
	return s, f, d
}

func TestUnfinished_KeysOfAnEarlierRunAreRemovedWithTheCitizensWord(t *testing.T) {
	s, f, d := interrupted(t)
	if len(d.Keys) != 1 || d.Keys[0].Number != registry.FormatNumber(lost) || d.Keys[0].Why != whyStopped || d.Must {
		t.Fatalf("%+v", d)
	}
	if len(f.keys) != 1 {
		t.Fatal("removed without his word")
	}
	s.do("keys.remove", nil)
	s.untilScreen("apply.summary")
	if len(f.keys) != 2 || string(f.keys[0].id) == "lost" {
		t.Fatalf("%d keys", len(f.keys))
	}
	found := false
	for _, o := range s.store.outcomes {
		found = found || o == outcomeRemoved
	}
	if !found {
		t.Fatal("no outcome in the journal")
	}
}

func TestUnfinished_KeysThatAreLeftAreAskedAboutAgain(t *testing.T) {
	s, f, _ := interrupted(t)
	s.do("keys.keep", nil)
	s.untilScreen("apply.summary")
	if len(f.keys) != 3 {
		t.Fatalf("%d keys", len(f.keys))
	}
	s.shows("apply.done", "apply.submit", args{"consent": true})
	s.do("finish", nil)
	s.untilEnded()
	s.shows("menu", "start", args{"lang": "en"})
	s.shows("keys.medium", "keys", nil)
	s.shows("keys.pin", "keys.token", args{"insertion": f.told().Insertion})
	s.shows("keys.unfinished", "keys.pin", args{"pin": f.pin})
	s.shows("keys.list", "keys.remove", nil)
	if len(f.keys) != 2 || len(s.store.intents) != 0 {
		t.Fatalf("%d keys, %d open intents", len(f.keys), len(s.store.intents))
	}
}

func TestUnfinished_StaysWhereTheTokenDoesNotLetThemGo(t *testing.T) {
	s, f, _ := interrupted(t)
	s.rack.change(func() { f.failing["delete"] = token.ErrToken })
	p := s.do("keys.remove", nil)
	if p.Screen.Name != "keys.unfinished" || p.Notice == nil || len(f.keys) != 1 || len(s.store.intents) != 1 {
		t.Fatalf("%s, %d keys, %d intents", p, len(f.keys), len(s.store.intents))
	}
	s.rack.change(func() { clear(f.failing) })
	s.do("keys.remove", nil)
	s.untilScreen("apply.summary")
}

func TestUnfinished_APulledTokenLeadsBackAndBackClosesIt(t *testing.T) {
	s, f, _ := interrupted(t)
	s.pull(f)
	if p := s.untilScreen("apply.storage"); p.code() != CodeTokenAbsent {
		t.Fatalf("%s", p)
	}
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": s.plug(f)})
	s.shows("apply.pin", "apply.agree", nil)
	s.shows("keys.unfinished", "apply.pin", args{"pin": f.pin})
	s.shows("apply.pin", "back", nil)
	s.until("log-out", func(picture) bool { s.rack.mu.Lock(); defer s.rack.mu.Unlock(); return !f.loggedIn })
	if len(f.keys) != 1 {
		t.Fatalf("%d keys", len(f.keys))
	}
}

// fromElsewhere is a token with a pair under a number of another terminal; it gives the screen that the PIN for the list of keys leads to.
func fromElsewhere(t *testing.T, change func(*stand, *fakeToken)) (*stand, *fakeToken, picture) {
	t.Helper()
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	f.keys = []fakeKey{{id: []byte("lost"), label: keyLabel("rsa-sign", registry.NewNumber("1002", 7)), private: rsaKeys()[4]}}
	change(s, f)
	n := s.plug(f)
	s.shows("menu", "start", args{"lang": "kk"})
	s.shows("keys.medium", "keys", nil)
	s.shows("keys.pin", "keys.token", args{"insertion": n})
	return s, f, s.do("keys.pin", args{"pin": f.pin})
}

func TestUnfinished_AtAnotherTerminalTheCentreIsAskedFirst(t *testing.T) {
	s, f, p := fromElsewhere(t, func(*stand, *fakeToken) {})
	var d UnfinishedScreen
	p.data(t, &d)
	if p.Screen.Name != "keys.unfinished" || len(d.Keys) != 1 || d.Keys[0].Why != whyElsewhere {
		t.Fatalf("%s %+v", p, d)
	}
	s.shows("keys.list", "keys.remove", nil)
	if len(f.keys) != 0 || len(s.store.intents) != 0 {
		t.Fatalf("%d keys, %d open intents", len(f.keys), len(s.store.intents))
	}
}

func TestUnfinished_NothingIsSaidOfKeysThatMayBeNeeded(t *testing.T) {
	number := registry.NewNumber("1002", 7)
	for name, change := range map[string]func(*stand, *fakeToken){
		"the centre cannot be asked": func(s *stand, _ *fakeToken) { s.line.down = ErrLineDown },
		"the centre waits for the staff": func(s *stand, _ *fakeToken) {
			s.line.others = map[string]registry.Status{number: registry.StatusWaiting}
		},
		"the centre knows the number": func(s *stand, _ *fakeToken) {
			s.store.records[number] = &Record{Number: number, Keys: []RecordKey{{KeyID: []byte("lost")}}}
		},
		"they have a certificate":       func(_ *stand, f *fakeToken) { f.keys[0].cert = []byte("certificate") },
		"their name is not one of ours": func(_ *stand, f *fakeToken) { f.keys[0].label = "my key" },
		"the number is none":            func(_ *stand, f *fakeToken) { f.keys[0].label = keyLabel("rsa-sign", "12345678901") },
		"too much was asked":            func(s *stand, _ *fakeToken) { s.line.down = ErrRateLimited },
	} {
		t.Run(name, func(t *testing.T) {
			_, f, p := fromElsewhere(t, change)
			if p.Screen.Name != "keys.list" || len(f.keys) != 1 {
				t.Fatalf("%s, %d keys", p, len(f.keys))
			}
		})
	}
}

// Where an application was rejected or has expired, here or at another terminal, its keys only take up room.
func TestUnfinished_KeysOfAnApplicationThatIsOverAreOffered(t *testing.T) {
	number := registry.NewNumber("1002", 7)
	for _, status := range []registry.Status{registry.StatusRejected, registry.StatusExpired} {
		for where, change := range map[string]func(*stand){
			"here": func(s *stand) {
				s.store.records[number] = &Record{Number: number, Status: status, Keys: []RecordKey{{KeyID: []byte("lost")}}}
			},
			"at another terminal": func(s *stand) { s.line.others = map[string]registry.Status{number: status} },
		} {
			t.Run(string(status)+" "+where, func(t *testing.T) {
				s, f, p := fromElsewhere(t, func(s *stand, _ *fakeToken) { change(s) })
				var d UnfinishedScreen
				p.data(t, &d)
				if p.Screen.Name != "keys.unfinished" || len(d.Keys) != 1 || d.Keys[0].Why != whyOver || d.Must {
					t.Fatalf("%s %+v", p, d)
				}
				s.shows("keys.list", "keys.remove", nil)
				if len(f.keys) != 0 || len(s.store.intents) != 0 {
					t.Fatalf("%d keys, %d open intents", len(f.keys), len(s.store.intents))
				}
			})
		}
	}
}

// A second pair for an application that holds another one can never get a certificate.
func TestUnfinished_ASecondPairForAnAcceptedApplicationIsFound(t *testing.T) {
	number := registry.NewNumber("1002", 7)
	s, f, p := fromElsewhere(t, func(s *stand, f *fakeToken) {
		s.store.records[number] = &Record{Number: number, Keys: []RecordKey{{KeyID: []byte("held")}}}
		f.keys = append(f.keys, fakeKey{id: []byte("held"), label: keyLabel("rsa-sign", number), private: rsaKeys()[3]})
	})
	var d UnfinishedScreen
	p.data(t, &d)
	if p.Screen.Name != "keys.unfinished" || len(d.Keys) != 1 {
		t.Fatalf("%s %+v", p, d)
	}
	s.shows("keys.list", "keys.remove", nil)
	if len(f.keys) != 1 || string(f.keys[0].id) != "held" {
		t.Fatalf("%d keys", len(f.keys))
	}
}

// What was filed on the web has its number before its keys: those of a terminal that died are not left beside the new ones.
func TestUnfinished_NoSecondPairIsMadeForOneApplication(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	other := s.token("kaztoken", "KZ-2")
	other.keys = []fakeKey{{id: []byte("lost"), label: keyLabel("rsa-auth", filedOnTheWeb.Number), private: rsaKeys()[4]}}
	s.plug(f)
	n := s.plug(other)
	s.enter(f)
	filed := filedOnTheWeb
	filed.Request = &engine.WebRequest{Kind: registry.KindNew, Region: "almaty", Locality: "medeu", Storage: registry.StorageKaztoken, Set: "rsa"}
	if no := s.confirm(filed); no != nil {
		t.Fatal(no.code)
	}
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": n})
	s.shows("apply.pin", "apply.agree", nil)
	var d UnfinishedScreen
	s.shows("keys.unfinished", "apply.pin", args{"pin": other.pin}).data(t, &d)
	if !d.Must || len(other.keys) != 1 {
		t.Fatalf("%+v, %d keys", d, len(other.keys))
	}
	s.shows("keys.unfinished", "keys.keep", nil)
	s.do("keys.remove", nil)
	s.untilScreen("apply.summary")
	if len(other.keys) != 2 || string(other.keys[0].id) == "lost" {
		t.Fatalf("%d keys", len(other.keys))
	}
}
