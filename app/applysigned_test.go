package app

import (
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/sync/engine"
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

// reissueTo goes from the cabinet to the choice of storage for new keys.
func (s *stand) reissueTo() picture {
	s.t.Helper()
	s.shows("apply.name", "reissue", nil)
	s.shows("apply.email", "apply.name", nil)
	return s.toNewStorage("", "apply.email", args{"email": "aigerim@example.kz"})
}

// keysOn makes the draft's keys on a token and stands before the summary.
func (s *stand) keysOn(f *fakeToken) picture {
	s.t.Helper()
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": f.token.Insertion})
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

func TestReissue_IsSignedWithThePresentKeyAndReplacesItsCertificate(t *testing.T) {
	s := newStand(t)
	f, g := s.citizenToken("KZ-1", aigerim), s.token("kaztoken", "KZ-2")
	g.nextKey = 2
	s.plug(f)
	s.plug(g)
	s.line.cabinet.profiles[aigerim] = Profile{Email: "a@example.kz"}
	s.enter(f)
	var name ApplyNameScreen
	s.shows("apply.name", "reissue", nil).data(t, &name)
	if !name.Known || name.Surname != "СЕРІК" {
		t.Fatalf("name %+v", name)
	}
	var email ApplyEmailScreen
	s.shows("apply.email", "apply.name", nil).data(t, &email)
	if email.Email != "a@example.kz" {
		t.Fatalf("e-mail %q", email.Email)
	}
	s.toNewStorage("", "apply.email", args{"email": email.Email})
	s.keysOn(g)
	s.refuses(CodeConsent, "apply.submit", args{"consent": false})
	s.withCode()
	a, document := s.signWith(f)
	if document.Kind != registry.KindReissue || document.IIN != aigerim || document.Replaces.Serial != serialHex(mustParse(t, f.keys[1].cert)) ||
		document.SecondFactor == "" || document.Storage.Serial != "KZ-2" || document.Email != "a@example.kz" || len(a.Keys) != 2 {
		t.Fatalf("document %+v", document)
	}
	s.untilShut(g)
	if len(s.store.intents) != 0 || len(g.keys) != 2 {
		t.Fatalf("%d open intents, %d keys", len(s.store.intents), len(g.keys))
	}
	if done := doneOf(t, s.picture()); done.State != "sent" || done.Revoke {
		t.Fatalf("done %+v", done)
	}
	s.refuses(CodeNotYet, "status.install", nil)
	s.line.issue(t, a.Number, publicOf)
	s.pass(2 * time.Second)
	s.until("issued", func(p picture) bool { return doneOf(t, p).State == "issued" })
	if !doneOf(t, s.picture()).Revoke {
		t.Error("the old keys are not offered to be revoked")
	}
	s.shows("install.pin", "status.install", nil)
	s.do("install.pin", args{"pin": g.pin})
	s.untilScreen("install.factory")
	var done InstallDoneScreen
	s.shows("install.done", "install.keep-pin", nil).data(t, &done)
	if !done.Account || !done.Revoke || len(done.Certificates) != 2 {
		t.Fatalf("installed %+v", done)
	}
	s.shows("cabinet.home", "cabinet", nil)
}

// A token knows one login: the keys just made on it must outlive the one that signs.
func TestReissue_OntoTheTokenThatSigns(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	f.nextKey = 2
	s.plug(f)
	s.enter(f)
	s.reissueTo()
	s.keysOn(f)
	s.withCode()
	_, document := s.signWith(f)
	if len(f.keys) != 4 || len(document.Keys) != 2 {
		t.Fatalf("%d keys on the token", len(f.keys))
	}
}

func TestReissue_KeysGoWhenTheSessionEndsBeforeTheSignature(t *testing.T) {
	for name, stop := range map[string]func(s *stand, f *fakeToken){
		"summary": func(*stand, *fakeToken) {},
		"code": func(s *stand, _ *fakeToken) {
			s.shows("code.method", "apply.submit", args{"consent": true})
			s.shows("code.entry", "code.ask", args{"method": "digital-document"})
		},
		"signature": func(s *stand, f *fakeToken) { s.withCode(); s.unlock(f) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			f, g := s.citizenToken("KZ-1", aigerim), s.token("kaztoken", "KZ-2")
			s.plug(f)
			s.plug(g)
			s.enter(f)
			s.reissueTo()
			s.keysOn(g)
			stop(s, f)
			s.pass(200 * time.Second)
			s.untilEnded()
			if len(g.keys) != 0 || len(f.keys) != 2 || len(s.store.intents) != 0 || len(s.store.records) != 0 {
				t.Fatalf("%d keys, %d open intents, %d applications", len(g.keys), len(s.store.intents), len(s.store.records))
			}
		})
	}
}

// Where the key that signs lies on the same token and that is closed, the keys go when it is opened next and the citizen says so.
func TestReissue_KeysOfAClosedTokenGoAtTheNextLogin(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	f.nextKey = 2
	s.plug(f)
	s.enter(f)
	s.reissueTo()
	s.keysOn(f)
	s.withCode()
	s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": f.token.Insertion})
	s.refuses(CodePINLow, "sign.secret", args{"pin": "00000000"})
	s.pull(f)
	s.do("exit", nil)
	s.do("exit.confirm", nil)
	s.untilEnded()
	if len(f.keys) != 4 || len(s.store.intents) != 2 {
		t.Fatalf("%d keys, %d open intents", len(f.keys), len(s.store.intents))
	}
	s.plug(f)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("sign.medium", "cabinet", nil)
	s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": f.token.Insertion})
	s.shows("keys.unfinished", "sign.secret", args{"pin": f.pin})
	s.shows("sign.keys", "keys.remove", nil)
	if len(f.keys) != 2 || len(s.store.intents) != 0 {
		t.Fatalf("%d keys, %d open intents", len(f.keys), len(s.store.intents))
	}
}

// The keys of another token must not be taken for gone because this one has none of that identifier.
func TestReissue_SigningTokenDoesNotAnswerForTheOther(t *testing.T) {
	s := newStand(t)
	f, g := s.citizenToken("KZ-1", aigerim), s.token("kaztoken", "KZ-2")
	s.plug(f)
	s.plug(g)
	s.enter(f)
	s.reissueTo()
	s.keysOn(g)
	s.withCode()
	s.unlock(f)
	s.pull(g)
	s.pass(200 * time.Second)
	s.untilEnded()
	if len(g.keys) != 2 || len(s.store.intents) != 2 {
		t.Fatalf("%d keys, %d open intents: nobody will take them off", len(g.keys), len(s.store.intents))
	}
}

func TestReissue_WhatWasReissuedAlreadyIsToldBeforeKeysAreMade(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	sign := mustParse(t, f.keys[1].cert)
	replaces := refTo(sign)
	document, err := registry.Application{Version: 1, Number: registry.NewNumber("1002", 1), Kind: registry.KindReissue, IIN: aigerim, Name: registry.Name{Surname: "С"},
		Region: "r", Locality: "l", Storage: registry.Storage{Kind: registry.StorageStick}, Consent: registry.Default().Agreement.Consent("kk"),
		Keys:   []registry.Key{{Ordinal: 1, Template: "rsa-sign", TransactionID: "0123456789abcdef0123456789abcdef", SPKISHA256: registry.Hash(nil)}},
		Device: "x", CreatedAt: s.now(), Replaces: &replaces}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	made := OwnApplication{OwnItem: OwnItem{Number: registry.NewNumber("1002", 1), Kind: registry.KindReissue, Status: registry.StatusInstalled}, Document: document,
		Certificates: []OwnCertificate{{}}}
	own := func(cert []byte) OwnCertificate {
		return OwnCertificate{Ref: refTo(mustParse(t, cert)), Standing: "good", DER: cert}
	}
	s.line.cabinet.items[aigerim] = []OwnApplication{made}
	s.line.cabinet.certs[aigerim] = []OwnCertificate{own(f.keys[0].cert), own(f.keys[1].cert)}
	s.enter(f)
	s.refuses(CodeAlreadyReissued, "reissue", nil)

	// With another signing key it goes on, and the old one does not sign.
	other := fakeCertificate(t, rsaKeys()[2].Public(), aigerim, "rsa-sign", s.now())
	s.line.mu.Lock()
	s.line.cabinet.certs[aigerim] = append(s.line.cabinet.certs[aigerim], own(other))
	s.line.mu.Unlock()
	s.insert()
	s.reissueTo()
	s.keysOnStick()
	s.withCode()
	s.unlock(f)
	s.refuses(CodeAlreadyReissued, "sign.go", args{"key": 1})

	// What came of it is revoked: then it may be asked for again.
	s.do("exit", nil)
	s.do("exit.confirm", nil)
	s.untilEnded()
	made.Certificates[0].RevokedAt = s.now()
	s.enter(f)
	s.shows("apply.name", "reissue", nil)
}

func TestReissue_SaysBeforeKeysAreMadeThatItNeedsTheLine(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.enter(f)
	s.reissueTo()
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": f.token.Insertion})
	s.engine.mu.Lock()
	s.engine.state.Online = false
	s.engine.mu.Unlock()
	s.k.refresh()
	s.refuses(CodeCodeLine, "apply.agree", nil)
	if len(f.keys) != 2 || s.store.counter != 0 {
		t.Fatal("keys were made")
	}
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
	s.refuses(CodeTokenNoGOST, "apply.storage", args{"kind": "token", "insertion": f.token.Insertion})
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
	s.refuses(CodeFilesOnly, "apply.storage", args{"kind": "token", "insertion": f.token.Insertion})
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
	s.refuses(CodeWebStorage, "apply.storage", args{"kind": "token", "insertion": f.token.Insertion})
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
	s.shows("apply.card-warning", "apply.storage", args{"kind": "token", "insertion": card.token.Insertion}).data(t, &warning)
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
	s.shows("apply.card-warning", "apply.storage", args{"kind": "token", "insertion": card.token.Insertion})
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
