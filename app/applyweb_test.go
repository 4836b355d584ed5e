package app

import (
	"testing"

	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/registry"
)

// confirm begins the confirmation of what was filed on the web.
func (s *stand) confirm(a OwnApplication) *fault {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	defer s.k.publish()
	return s.k.confirmWeb(a, &cabinetHome{})
}

var filedOnTheWeb = OwnApplication{OwnItem: OwnItem{Number: registry.NewNumber("9001", 7), Kind: registry.KindNew, Confirmable: true},
	Request: &engine.WebRequest{Kind: registry.KindNew, Email: "w@example.kz", Region: "almaty", Locality: "medeu", Storage: registry.StorageStick, Set: "gost"}}

func TestConfirmWeb_MakesTheKeysThatWereAskedForThere(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.insert()
	s.enter(f)
	if s.confirm(OwnApplication{OwnItem: filedOnTheWeb.OwnItem}) == nil {
		t.Error("what was not asked for on the web is confirmed")
	}
	if no := s.confirm(filedOnTheWeb); no != nil {
		t.Fatal(no.code)
	}
	s.refuses(CodeWebStorage, "apply.storage", args{"kind": "token", "insertion": f.told().Insertion})
	s.keysOnStick()
	s.shows("sign.medium", "apply.submit", args{"consent": true})
	a, document := s.signWith(f)
	if a.Number != filedOnTheWeb.Number || document.Kind != registry.KindNew || document.Keys[0].Template != registry.TemplateGOST || len(document.Keys) != 1 ||
		document.Region != "almaty" || document.Email != "w@example.kz" || s.store.counter != 0 || document.Replaces != nil {
		t.Fatalf("document %+v, counter %d", document, s.store.counter)
	}
	// Once more, before the centre knows of it: nothing is made.
	s.confirm(filedOnTheWeb)
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	s.shows("apply.agreement", "apply.stick-accept", nil)
	s.do("apply.agree", nil)
	if p := s.untilScreen("apply.storage"); p.code() != CodeAlreadyFiled || s.stick.files[sealedName(a.Number)] == nil {
		t.Fatalf("it shows %s", p)
	}
}

// The number is the same each time: what was given up here stands in nobody's way, what another terminal wrote stays.
func TestConfirmWeb_TakesThePlaceOfWhatWasGivenUpHereAlone(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	name := sealedName(filedOnTheWeb.Number)
	s.plug(f)
	s.insert()
	s.enter(f)
	s.confirm(filedOnTheWeb)
	s.keysOnStick()
	s.stick.plug(false)
	s.do("exit", nil)
	s.do("exit.confirm", nil)
	s.untilEnded()
	given := s.stick.files[name]
	s.insert()
	s.enter(f)
	s.confirm(filedOnTheWeb)
	s.keysOnStick()
	if given == nil || string(s.stick.files[name]) == string(given) || len(s.store.intents) != 1 {
		t.Fatalf("%d octets before, %d open intents", len(given), len(s.store.intents))
	}
	s.do("exit", nil)
	s.do("exit.confirm", nil)
	s.untilEnded()
	s.stick.mu.Lock()
	s.stick.files[name] = []byte("another terminal's")
	s.stick.mu.Unlock()
	s.enter(f)
	s.confirm(filedOnTheWeb)
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	s.shows("apply.agreement", "apply.stick-accept", nil)
	s.do("apply.agree", nil)
	if p := s.untilScreen("apply.storage"); p.code() != CodeStickRefused || string(s.stick.files[name]) != "another terminal's" {
		t.Fatalf("it shows %s", p)
	}
}
