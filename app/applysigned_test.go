package app

import (
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// toNewStorage goes from the region to the choice of storage.
func (s *stand) toNewStorage(from, action string, a any) picture {
	s.t.Helper()
	p := s.shows("apply.region", action, a)
	if from != "" && p.Screen.Name != from {
		s.t.Fatalf("it shows %s", p)
	}
	var regions ApplyRegionScreen
	p.data(s.t, &regions)
	p = s.shows("apply.locality", "apply.region", args{"code": regions.Regions[0].Code})
	var localities ApplyLocalityScreen
	p.data(s.t, &localities)
	return s.shows("apply.storage", "apply.locality", args{"code": localities.Localities[0].Code})
}

// keysOn makes the draft's keys on a token and stands before the summary.
func (s *stand) keysOn(f *fakeToken) picture {
	s.t.Helper()
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": f.told().Insertion})
	s.shows("apply.pin", "apply.agree", nil)
	s.do("apply.pin", args{"pin": f.pin})
	return s.untilScreen("apply.summary")
}

// keysOnStick makes them in a file.
func (s *stand) keysOnStick() picture {
	s.t.Helper()
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	p := s.do("apply.stick-accept", nil)
	if p.Screen.Name == "apply.set" {
		p = s.do("apply.set", args{"code": "rsa"})
	}
	if p.Screen.Name != "apply.agreement" {
		s.t.Fatalf("it shows %s", p)
	}
	s.do("apply.agree", nil)
	return s.untilScreen("apply.summary")
}

// insert puts the stick in and waits until the kiosk has seen it.
func (s *stand) insert() {
	s.t.Helper()
	s.stick.plug(true)
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
}

// withCode tells the right one-time code.
func (s *stand) withCode() {
	s.t.Helper()
	s.shows("code.method", "apply.submit", args{"consent": true})
	s.shows("code.entry", "code.ask", args{"method": "sms"})
	s.shows("sign.medium", "code.tell", args{"code": "123456"})
}

// signWith signs with the signing key of a token and gives what was accepted.
func (s *stand) signWith(f *fakeToken) (Acceptance, registry.Application) {
	s.t.Helper()
	s.unlock(f)
	p := s.shows("apply.done", "sign.go", args{"key": 1})
	return s.accepted(p)
}

func (s *stand) accepted(p picture) (Acceptance, registry.Application) {
	s.t.Helper()
	var done ApplyDoneScreen
	p.data(s.t, &done)
	number, f := numberOf(done.Number)
	if f != nil {
		s.t.Fatalf("number %q", done.Number)
	}
	s.store.mu.Lock()
	a := s.store.taken[number]
	s.store.mu.Unlock()
	document, err := registry.ParseApplication(a.Document)
	if err != nil {
		s.t.Fatal(err)
	}
	if document.Kind != a.Kind {
		s.t.Fatalf("%s is kept as %s", document.Kind, a.Kind)
	}
	if _, _, err := pki.VerifyDetached(a.Document, a.Signature, pki.NewPool(fakeCA().cert), s.now()); err != nil {
		s.t.Fatalf("the citizen's signature: %v", err)
	}
	return a, document
}

func doneOf(t *testing.T, p picture) ApplyDoneScreen {
	t.Helper()
	var done ApplyDoneScreen
	p.data(t, &done)
	return done
}

// GOST and systems need no code: they are accepted without the line, and the centre has its say later.
func TestGOST_IsAcceptedWithoutTheLineAndSaysLaterWhyNot(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.insert()
	s.line.cut(ErrLineDown)
	s.engine.mu.Lock()
	s.engine.state.Online = false
	s.engine.mu.Unlock()
	s.k.refresh()
	s.enter(f)
	s.shows("gost.info", "gost", nil)
	var storage ApplyStorageScreen
	s.toNewStorage("", "gost.confirm", nil).data(t, &storage)
	if len(storage.Tokens) != 1 || storage.Tokens[0].Usable || storage.Tokens[0].Why == "" || !storage.Stick.Usable {
		t.Fatalf("storage %+v", storage)
	}
	s.refuses(CodeTokenNoGOST, "apply.storage", args{"kind": "token", "insertion": f.told().Insertion})
	s.keysOnStick()
	s.shows("sign.medium", "apply.submit", args{"consent": true})
	a, document := s.signWith(f)
	if document.Kind != registry.KindGOST || len(document.Keys) != 1 || document.Keys[0].Template != registry.TemplateGOST || len(a.SealKey) == 0 || document.Replaces != nil {
		t.Fatalf("document %+v", document)
	}
	if done := doneOf(t, s.picture()); done.State != "queued" {
		t.Fatalf("done %+v", done)
	}
	s.store.mu.Lock()
	s.store.records[a.Number].Status, s.store.records[a.Number].Reason = registry.StatusRejected, "key_revoked"
	s.store.mu.Unlock()
	s.pass(2 * time.Second)
	p := s.until("the centre's no", func(p picture) bool { return doneOf(t, p).State == "rejected" })
	if done := doneOf(t, p); done.Why != s.k.text("reason.key_revoked.text") || done.Hint == "" {
		t.Fatalf("done %+v", done)
	}
	s.shows("cabinet.home", "back", nil)
	s.shows("status.number", "status", nil)
	var word StatusWordScreen
	s.shows("status.word", "status.find", args{"number": a.Number}).data(t, &word)
	if word.Text != s.k.text("reason.key_revoked.text") || word.Next != s.k.text("reason.key_revoked.hint") {
		t.Fatalf("word %+v", word)
	}
}

func TestReasons_EveryCodeHasWordsAndAnUnknownOneToo(t *testing.T) {
	s := newStand(t)
	said := map[string]string{}
	for _, code := range append(refusalReasons, "brand_new") {
		text, hint := s.k.reasonWords(Record{Reason: code})
		if text == "" || hint == "" {
			t.Errorf("%s says nothing", code)
		}
		if code != "brand_new" && said[text] != "" {
			t.Errorf("%s and %s say the same", code, said[text])
		}
		said[text] = code
	}
	if text, _ := s.k.reasonWords(Record{Reason: "brand_new"}); text != s.k.text("reason.other.text") {
		t.Error("an unknown code is not told as such")
	}
}

func TestSystem_IsMadeInAFileForOneOfThePersonsSystems(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.insert()
	s.enter(f)
	var list SystemListScreen
	s.shows("system.list", "system", nil).data(t, &list)
	if len(list.Systems) != 0 {
		t.Fatalf("systems %+v", list)
	}
	s.line.mu.Lock()
	s.line.cabinet.systems[aigerim] = []System{{OID: "1.2.398.9.1", Name: registry.Words{KK: "Ж", RU: "С", EN: "S"}}}
	s.line.mu.Unlock()
	s.shows("system.list", "system.look", nil).data(t, &list)
	if len(list.Systems) != 1 || list.Systems[0].Name != "С" {
		t.Fatalf("systems %+v", list)
	}
	s.refuses(CodeNoSystem, "system.choose", args{"code": "1.2.398.9.2"})
	s.toNewStorage("", "system.choose", args{"code": "1.2.398.9.1"})
	s.refuses(CodeFilesOnly, "apply.storage", args{"kind": "token", "insertion": f.told().Insertion})
	s.keysOnStick()
	s.shows("sign.medium", "apply.submit", args{"consent": true})
	_, document := s.signWith(f)
	if document.System != "1.2.398.9.1" || document.Keys[0].Template != registry.TemplateSystem {
		t.Fatalf("document %+v", document)
	}
	s.shows("cabinet.home", "back", nil)
	// The place that was chosen last stands ready, in this session only.
	s.shows("system.list", "system", nil)
	var region ApplyRegionScreen
	s.shows("apply.region", "system.choose", args{"code": "1.2.398.9.1"}).data(t, &region)
	if region.Chosen == "" {
		t.Error("the place is asked for as if it had not been chosen")
	}
	s.shows("system.list", "back", nil)
	s.shows("cabinet.home", "back", nil)
}

func TestCard_WarnsAndMakesNothingWhereThereIsNoRoom(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	card := s.token("idcard", "ID-1")
	card.keys = []fakeKey{{id: []byte("old"), private: rsaKeys()[5]}}
	s.plug(f)
	s.plug(card)
	s.enter(f)
	s.reissueTo()
	var warning ApplyCardWarningScreen
	s.shows("apply.card-warning", "apply.storage", args{"kind": "token", "insertion": card.told().Insertion}).data(t, &warning)
	if warning.Pairs != 2 || warning.Card.Serial != "ID-1" {
		t.Fatalf("warning %+v", warning)
	}
	s.shows("apply.agreement", "apply.card-accept", nil)
	s.shows("apply.pin", "apply.agree", nil)
	s.do("apply.pin", args{"pin": card.pin})
	if p := s.untilScreen("apply.storage"); p.code() != CodeCardFull || len(card.keys) != 1 || s.store.counter != 0 {
		t.Fatalf("it shows %s with %d keys", p, len(card.keys))
	}
	s.rack.change(func() { card.keys = nil; card.nextKey = 2 })
	s.shows("apply.card-warning", "apply.storage", args{"kind": "token", "insertion": card.told().Insertion})
	s.shows("apply.agreement", "apply.card-accept", nil)
	s.shows("apply.pin", "apply.agree", nil)
	s.do("apply.pin", args{"pin": card.pin})
	s.untilScreen("apply.summary")
	s.pull(card)
	if p := s.untilScreen("apply.storage"); p.code() != CodeTokenPulledLater {
		t.Fatalf("pulled: %s", p)
	}
}

func TestNames_OfAnInformationSystemsKeyAreThoseOfAnRSAKeyThatIsNotItsOwners(t *testing.T) {
	s := newStand(t)
	cert := mustParse(t, fakeCertificate(t, rsaKeys()[0].Public(), aigerim, "information-system", s.now()))
	id, err := keyfile.KeyID(cert)
	if err != nil {
		t.Fatal(err)
	}
	if name := keyfile.Name("information-system", cert); name != "RSA256_"+keyName(id)+".p12" {
		t.Errorf("its file is called %s", name)
	}
	if can := roles(cert); can.Sign || can.SignIn {
		t.Errorf("it serves its owner: %+v", can)
	}
}
