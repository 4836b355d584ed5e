package app

import (
	"errors"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

func tokenKind(kind string) token.Kind { return token.Kind(kind) }

func TestApply_TokenFromAttractToNumber(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	number := s.apply(f)
	if !registry.ValidNumber(number) {
		t.Fatalf("number %q", number)
	}
	var done ApplyDoneScreen
	s.picture().data(t, &done)
	if done.QR.Size == 0 || len(done.QR.Modules) != done.QR.Size*done.QR.Size || !done.TakeOut || done.Days != 30 {
		t.Fatalf("done screen %+v", done)
	}
	r, err := s.store.Application(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	a, err := registry.ParseApplication(r.Document)
	if err != nil {
		t.Fatal(err)
	}
	if a.IIN != aigerim || a.Name.Surname != "СЕРІК" || a.Name.Typed || a.Storage.Kind != "kaztoken" || a.Storage.Serial != "KZ-1" || !a.Storage.Secure {
		t.Fatalf("application %+v", a)
	}
	if a.Consent.Language != "ru" || len(a.Keys) != 2 || a.Device != "kiosk-01" {
		t.Fatalf("application %+v", a)
	}
	for i, k := range r.Keys {
		if k.SPKISHA256 != a.Keys[i].SPKISHA256 || string(k.KeyID) != string(f.keys[i].id) {
			t.Fatalf("key %d is not the one on the token", i)
		}
	}
	if len(s.store.intents) != 0 {
		t.Fatalf("open intents %v", s.store.intents)
	}
	s.do("finish", nil)
	s.untilEnded()
	if s.rack.recycled != 1 || f.loggedIn {
		t.Fatal("the token processes were not replaced")
	}
	if p := s.picture(); p.Screen.Name != "attract" || p.Lang != Kazakh || p.Role != RoleNone {
		t.Fatalf("after the end: %+v", p)
	}
}

func TestApply_StickSealsKeysUnderTheNumber(t *testing.T) {
	s := newStand(t)
	s.toStorage()
	s.refuses(CodeStickAbsent, "apply.storage", args{"kind": "stick"})
	s.stick.plug(true)
	s.until("stick", func(p picture) bool {
		var d ApplyStorageScreen
		p.data(t, &d)
		return d.Stick.Usable
	})
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	s.shows("apply.set", "apply.stick-accept", nil)
	s.shows("apply.agreement", "apply.set", args{"code": "rsa"})
	s.do("apply.agree", nil)
	s.untilScreen("apply.summary")
	p := s.shows("apply.done", "apply.submit", args{"consent": true})
	var done ApplyDoneScreen
	p.data(t, &done)
	number, _ := numberOf(done.Number)
	if s.stick.files[number+".sealed"] == nil || len(s.store.seals[number]) != 32 {
		t.Fatalf("files %v, seal %d octets", len(s.stick.files), len(s.store.seals[number]))
	}
	r, err := s.store.Application(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	a, err := registry.ParseApplication(r.Document)
	if err != nil {
		t.Fatal(err)
	}
	if a.Storage.Kind != registry.StorageStick || a.Storage.Secure {
		t.Fatalf("storage %+v", a.Storage)
	}
}

func TestApply_IINErrorsAreToldApart(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "en"})
	s.shows("apply.iin", "apply", nil)
	s.refuses(CodeIINLength, "apply.iin", args{"iin": "9002154"})
	s.refuses(CodeIINDigits, "apply.iin", args{"iin": "90021545011A"})
	s.refuses(CodeIINCheck, "apply.iin", args{"iin": "900215450116"})
	s.refuses(CodeIINUnknown, "apply.iin", args{"iin": operator})
	if s.line.lookups != 1 {
		t.Fatalf("%d questions to the register", s.line.lookups)
	}
}

func TestApply_OddDateIsAskedOnceAndNeverRefused(t *testing.T) {
	s := newStand(t)
	odd := oddIIN(t)
	s.line.people[odd] = registry.Name{Surname: "А", Given: "Б"}
	s.shows("menu", "start", args{"lang": "kk"})
	s.shows("apply.iin", "apply", nil)
	p := s.refuses(CodeIINDate, "apply.iin", args{"iin": odd})
	if p.Notice.Severity != "warn" {
		t.Fatalf("severity %s", p.Notice.Severity)
	}
	s.shows("apply.name", "apply.iin", args{"iin": odd})
}

// oddIIN is a number whose check digit is right and whose date is not.
func oddIIN(t *testing.T) string {
	for _, tail := range "0123456789" {
		iin := "99133945011" + string(tail)
		if registry.CheckIIN(iin) == nil && registry.IINDateOdd(iin) {
			return iin
		}
	}
	t.Fatal("no such number")
	return ""
}

func TestApply_NameIsTypedWhileTheLineIsDown(t *testing.T) {
	s := newStand(t)
	s.line.cut(ErrLineDown)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	p := s.shows("apply.name", "apply.iin", args{"iin": aigerim})
	var name ApplyNameScreen
	p.data(t, &name)
	if name.Known || name.Surname != "" {
		t.Fatalf("name %+v", name)
	}
	s.refuses(CodeName, "apply.name", args{"surname": "Серік"})
	s.refuses(CodeNameLetters, "apply.name", args{"surname": "Серік7", "given": "Айгерім"})
	f := s.token("etoken", "ET-1")
	n := s.plug(f)
	s.toStorageFromName(args{"surname": "Серік ", "given": "Айгерім", "patronymic": ""})
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": n})
	s.shows("apply.pin", "apply.agree", nil)
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	s.shows("apply.done", "apply.submit", args{"consent": true})
	for _, r := range s.store.records {
		a, err := registry.ParseApplication(r.Document)
		if err != nil {
			t.Fatal(err)
		}
		if !a.Name.Typed || a.Name.Surname != "Серік" {
			t.Fatalf("name %+v", a.Name)
		}
	}
}

func TestApply_KnownNameCannotBeTyped(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	s.shows("apply.name", "apply.iin", args{"iin": aigerim})
	s.shows("apply.email", "apply.name", args{"surname": "ДРУГАЯ", "given": "ДРУГАЯ"})
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if s.k.ses.draft.name.Surname != "СЕРІК" {
		t.Fatal("the register's name was replaced")
	}
}

func TestApply_EmailMayBeEmptyAndMustBeOne(t *testing.T) {
	for typed, want := range map[string]bool{
		"a@b.kz": true, "почта@пример.kz": false, "a@b": false, "a b@c.kz": false, "Name <a@b.kz>": false, "@b.kz": false,
	} {
		if emailLike(typed) != want {
			t.Errorf("%q: %v", typed, !want)
		}
	}
}

func TestPIN_OneEntryIsOneTry(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.toPIN(s.plug(f))
	s.refuses(CodePINShort, "apply.pin", args{"pin": "123"})
	s.refuses(CodePINLong, "apply.pin", args{"pin": strings.Repeat("1", 17)})
	if f.logins != 0 {
		t.Fatal("the token was touched")
	}
	s.refuses(CodePINLow, "apply.pin", args{"pin": "00000000"})
	s.refuses(CodePINFinal, "apply.pin", args{"pin": "00000000"})
	if f.logins != 2 {
		t.Fatalf("%d tries for two entries", f.logins)
	}
	var d PINScreen
	s.picture().data(t, &d)
	if !d.Final || d.Min != 6 {
		t.Fatalf("screen %+v", d)
	}
	p := s.refuses(CodePINLast, "apply.pin", args{"pin": "00000000"})
	if p.Notice.Severity != "warn" || f.logins != 2 {
		t.Fatal("the last try was made without a question")
	}
	s.refuses(CodePINLocked, "apply.pin", args{"pin": "00000000"})
	s.refuses(CodePINLocked, "apply.pin", args{"pin": "12345678"})
	if f.logins != 3 {
		t.Fatalf("%d tries for three entries", f.logins)
	}
}

func TestStorage_UnusableTokensSayWhy(t *testing.T) {
	s := newStand(t)
	blank := s.token("kaztoken", "KZ-BLANK")
	blank.token.Initialized = false
	locked := s.token("etoken", "ET-LOCKED")
	locked.token.PINLocked = true
	strange := s.token("unknown", "XX-1")
	b, l, x := s.plug(blank), s.plug(locked), s.plug(strange)
	s.toStorage()
	s.refuses(CodeTokenBlank, "apply.storage", args{"kind": "token", "insertion": b})
	s.refuses(CodePINLocked, "apply.storage", args{"kind": "token", "insertion": l})
	s.refuses(CodeTokenKind, "apply.storage", args{"kind": "token", "insertion": x})
	s.refuses(CodeTokenAbsent, "apply.storage", args{"kind": "token", "insertion": 999})
	var d ApplyStorageScreen
	s.picture().data(t, &d)
	for _, c := range d.Tokens {
		if c.Usable || c.Why == "" {
			t.Errorf("token %+v", c)
		}
	}
}

// makingKeys goes to where a token makes keys. It waits for its hold before each.
func (s *stand) makingKeys() (*fakeToken, picture) {
	s.t.Helper()
	f := s.token("kaztoken", "KZ-1")
	f.hold = make(chan struct{})
	s.toPIN(s.plug(f))
	return f, s.do("apply.pin", args{"pin": f.pin})
}

func TestKeys_PulledTokenLeavesNothingHalfDone(t *testing.T) {
	s := newStand(t)
	f, p := s.makingKeys()
	if p.Screen.Name != "apply.keys" || p.CanExit || p.CanBack {
		t.Fatalf("while keys are made: %+v", p)
	}
	s.rack.pull(f)
	close(f.hold)
	p = s.untilScreen("apply.storage")
	if p.code() != CodeTokenPulled {
		t.Fatalf("notice %+v", p.Notice)
	}
	if len(s.store.records) != 0 || len(s.store.intents) != 1 {
		t.Fatalf("%d applications, %d open intents", len(s.store.records), len(s.store.intents))
	}
}

func TestKeys_UnboundKeysAreRemovedAtTheNextLogin(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	n := s.plug(f)
	s.toPIN(n)
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	s.rack.pull(f)
	p := s.untilScreen("apply.storage")
	if p.code() != CodeTokenPulledLater || len(f.keys) != 2 {
		t.Fatalf("notice %+v, %d keys", p.Notice, len(f.keys))
	}
	n = s.plug(f)
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": n})
	s.shows("apply.pin", "apply.agree", nil)
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	if len(f.keys) != 2 {
		t.Fatalf("%d keys on the token: the abandoned ones were not removed", len(f.keys))
	}
	s.shows("apply.done", "apply.submit", args{"consent": true})
}

func TestKeys_ExitBeforeSendingRemovesThem(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.toPIN(s.plug(f))
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	p := s.do("exit", nil)
	if p.Dialog == nil || p.Dialog.Name != "exit-confirm" {
		t.Fatalf("dialog %+v", p.Dialog)
	}
	s.do("exit.cancel", nil)
	s.do("exit", nil)
	s.shows("attract", "exit.confirm", nil)
	s.untilEnded()
	if len(f.keys) != 0 || len(s.store.intents) != 0 {
		t.Fatalf("%d keys, %d open intents", len(f.keys), len(s.store.intents))
	}
}

func TestKeys_UnsafeTokenIsRefused(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	f.unsafe = true
	s.toPIN(s.plug(f))
	s.do("apply.pin", args{"pin": f.pin})
	p := s.untilScreen("apply.storage")
	if p.code() != CodeTokenUnsafe || len(f.keys) != 0 {
		t.Fatalf("notice %+v, %d keys", p.Notice, len(f.keys))
	}
}

func TestKeys_EachFailureHasItsSentence(t *testing.T) {
	for err, code := range map[error]Code{
		token.ErrFull: CodeTokenFull, token.ErrTimeout: CodeTokenSlow, token.ErrWorker: CodeTokenFailed, token.ErrNoMechanism: CodeTokenUnable,
		token.ErrReadOnly: CodeTokenReadOnly, errors.New("new"): CodeInternal,
	} {
		s := newStand(t)
		f := s.token("kaztoken", "KZ-1")
		s.rack.change(func() { f.failing["generate"] = err })
		s.toPIN(s.plug(f))
		s.do("apply.pin", args{"pin": f.pin})
		p := s.untilScreen("apply.storage")
		if p.code() != code {
			t.Errorf("%v: %s", err, p.code())
		}
	}
}

// Of a token that has keys and makes no other without saying why, room is the likely reason; of an empty one it is not.
func TestKeys_ARefusalByATokenWithKeysNamesTheLikelyReason(t *testing.T) {
	for held, code := range map[int]Code{0: CodeTokenRefused, 2: CodeTokenCrowded} {
		s := newStand(t)
		f := s.token("kaztoken", "KZ-1")
		for i := range held {
			f.keys = append(f.keys, fakeKey{id: []byte{byte(i)}, private: rsaKeys()[i], cert: []byte("certificate")})
		}
		s.rack.change(func() { f.failing["generate"] = token.ErrToken })
		s.toPIN(s.plug(f))
		s.do("apply.pin", args{"pin": f.pin})
		p := s.untilScreen("apply.storage")
		if p.code() != code || len(f.keys) != held {
			t.Errorf("%d keys before, %d after: %s", held, len(f.keys), p.code())
		}
	}
}

// The pair that this very application has just made is no reason.
func TestKeys_ARefusedSecondPairIsNotLaidToTheFirst(t *testing.T) {
	s := newStand(t)
	f, _ := s.makingKeys()
	f.hold <- struct{}{}
	s.until("the first pair", func(picture) bool {
		made := 0
		s.rack.change(func() { made = len(f.keys) })
		return made == 1
	})
	s.rack.change(func() { f.failing["generate"] = token.ErrToken })
	close(f.hold)
	p := s.untilScreen("apply.storage")
	if p.code() != CodeTokenRefused || len(f.keys) != 0 {
		t.Fatalf("%d keys after: %s", len(f.keys), p.code())
	}
}

func TestKeys_FullStickHasItsSentence(t *testing.T) {
	s := newStand(t)
	s.stick.failing = stick.ErrFull
	s.stick.plug(true)
	s.toStorage()
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	s.shows("apply.set", "apply.stick-accept", nil)
	s.shows("apply.agreement", "apply.set", args{"code": "rsa"})
	s.do("apply.agree", nil)
	p := s.untilScreen("apply.storage")
	if p.code() != CodeStickFull {
		t.Fatalf("notice %+v", p.Notice)
	}
}

func TestSubmit_DiskFullKeepsTheSummary(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.toPIN(s.plug(f))
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	s.refuses(CodeConsent, "apply.submit", args{"consent": false})
	s.store.fail(ErrDiskFull)
	s.refuses(CodeDiskFull, "apply.submit", args{"consent": true})
	s.store.fail(nil)
	s.shows("apply.done", "apply.submit", args{"consent": true})
}

func TestSubmit_DoubleTapIsOneApplication(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.toPIN(s.plug(f))
	s.do("apply.pin", args{"pin": f.pin})
	p := s.untilScreen("apply.summary")
	done := make(chan picture, 2)
	for range 2 {
		go func() { done <- s.do("apply.submit", args{"consent": true, "seq": p.Seq}) }()
	}
	a, b := <-done, <-done
	if a.code() != "" || b.code() != "" || len(s.store.records) != 1 {
		t.Fatalf("%v, %v, %d applications", a, b, len(s.store.records))
	}
	s.untilScreen("apply.done")
}

func TestDo_TouchForAnEarlierScreenDoesNothing(t *testing.T) {
	s := newStand(t)
	before := s.picture().Seq
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("menu", "apply", args{"seq": before})
	s.shows("apply.iin", "apply", nil)
}

func TestRequest_NamesTheCitizenAndTheStorage(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.toPIN(s.plug(f))
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	s.k.mu.Lock()
	keys := s.k.ses.draft.keys
	s.k.mu.Unlock()
	for _, k := range keys {
		r, err := pki.ParseRequest(k.csr)
		if err != nil {
			t.Fatal(err)
		}
		if r.IIN != aigerim || r.StorageKind != "kaztoken" || r.Email != "aigerim@example.kz" {
			t.Fatalf("request %+v", r)
		}
	}
}
