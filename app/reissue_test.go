package app

import (
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// reissueTo goes from the cabinet to the choice of storage for new keys.
func (s *stand) reissueTo() picture {
	s.t.Helper()
	s.shows("apply.name", "reissue", nil)
	s.shows("apply.email", "apply.name", nil)
	return s.toNewStorage("", "apply.email", args{"email": "aigerim@example.kz"})
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

// ontoTheSame is a reissue whose new keys lie on the token that shall sign it, up to the choice of that token.
func ontoTheSame(t *testing.T) (*stand, *fakeToken) {
	t.Helper()
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	f.nextKey = 2
	s.plug(f)
	s.enter(f)
	s.reissueTo()
	s.keysOn(f)
	s.withCode()
	return s, f
}

// A token knows one login: the keys just made on it must outlive the one that signs.
func TestReissue_OntoTheTokenThatSigns(t *testing.T) {
	s, f := ontoTheSame(t)
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
	s, f := ontoTheSame(t)
	s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": f.told().Insertion})
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
	s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": f.told().Insertion})
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
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": f.told().Insertion})
	s.engine.mu.Lock()
	s.engine.state.Online = false
	s.engine.mu.Unlock()
	s.k.refresh()
	s.refuses(CodeCodeLine, "apply.agree", nil)
	if len(f.keys) != 2 || s.store.counter != 0 {
		t.Fatal("keys were made")
	}
}
