package app

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// applied makes an application on a token, ends the session and issues its certificates.
func (s *stand) applied(f *fakeToken) string {
	s.t.Helper()
	number := s.apply(f)
	s.do("finish", nil)
	s.untilEnded()
	s.line.issue(s.t, number, publicOf)
	return number
}

func TestInstall_CertificatesLandBesideTheirKeys(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	number := s.applied(f)
	s.toStatus(number)
	s.shows("install.pin", "status.install", nil)
	s.do("install.pin", args{"pin": f.pin})
	s.untilScreen("install.factory")
	for i, k := range f.keys {
		if !bytes.Equal(k.cert, s.store.records[number].Keys[i].Certificate) {
			t.Fatalf("certificate %d is not beside its key", i)
		}
	}
	s.refuses(CodePINDiffers, "install.change-pin", args{"new": "87654321", "again": "87654322"})
	s.refuses(CodePINShort, "install.change-pin", args{"new": "876", "again": "876"})
	s.refuses(CodePINSame, "install.change-pin", args{"new": "12345678", "again": "12345678"})
	p := s.shows("install.done", "install.change-pin", args{"new": "87654321", "again": "87654321"})
	if f.pin != "87654321" {
		t.Fatal("the PIN was not changed")
	}
	var d InstallDoneScreen
	p.data(t, &d)
	if len(d.Certificates) != 2 || d.Certificates[0].NotAfter != "22 ноября 2029 г." || !d.TakeOut || d.Certificates[0].Serial == "" {
		t.Fatalf("%+v", d)
	}
	if s.store.records[number].Status != registry.StatusInstalled || len(s.store.intents) != 0 {
		t.Fatal("not marked as installed")
	}
}

func TestInstall_OwnPINIsNotAskedToBeChanged(t *testing.T) {
	s := newStand(t)
	f := s.token("etoken", "ET-1")
	f.pin = "mysecret"
	s.plug(f)
	number := s.applied(f)
	s.toStatus(number)
	s.shows("install.pin", "status.install", nil)
	s.do("install.pin", args{"pin": f.pin})
	s.untilScreen("install.done")
}

func TestInstall_AnotherTokenIsSaidToBeWrong(t *testing.T) {
	s := newStand(t)
	f, other := s.token("kaztoken", "KZ-1"), s.token("kaztoken", "KZ-2")
	s.plug(f)
	number := s.applied(f)
	s.pull(f)
	s.toStatus(number)
	p := s.shows("install.medium", "status.install", nil)
	var d InstallMediumScreen
	p.data(t, &d)
	if d.Present || d.Wrong || d.Medium.Serial != "KZ-1" {
		t.Fatalf("%+v", d)
	}
	s.refuses(CodeTokenAbsent, "install.go", nil)
	s.plug(other)
	s.until("wrong", func(p picture) bool { p.data(t, &d); return d.Wrong && !d.Present })
	s.refuses(CodeTokenOther, "install.go", nil)
	s.rack.pull(other)
	s.rack.plug(f)
	s.untilScreen("install.pin")
}

func TestInstall_PulledTokenIsTakenUpAgain(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	number := s.applied(f)
	s.toStatus(number)
	s.shows("install.pin", "status.install", nil)
	s.rack.change(func() { f.failing["write"] = token.ErrRemoved })
	s.do("install.pin", args{"pin": f.pin})
	s.until("notice", func(p picture) bool { return p.Notice != nil })
	s.rack.signal() // the rack tells of the pull only after the work has failed by it
	s.pass(time.Second)
	p := s.picture()
	if p.Screen.Name != "install.medium" || p.code() != CodeTokenPulledWrite || s.store.records[number].Status != registry.StatusIssued {
		t.Fatalf("%s, notice %+v", p.Screen.Name, p.Notice)
	}
	s.rack.change(func() { delete(f.failing, "write") })
	s.rack.plug(f)
	s.untilScreen("install.pin")
	s.do("install.pin", args{"pin": f.pin})
	s.untilScreen("install.factory")
	s.shows("install.done", "install.keep-pin", nil)
}

func TestInstall_DeletedKeysAreSaid(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	number := s.applied(f)
	s.rack.change(func() { f.keys = nil })
	s.toStatus(number)
	s.shows("install.pin", "status.install", nil)
	s.do("install.pin", args{"pin": f.pin})
	p := s.until("notice", func(p picture) bool { return p.Notice != nil })
	if p.code() != CodeTokenKeysGone {
		t.Fatalf("notice %+v", p.Notice)
	}
}

// stickApplication makes an application on the stick and issues it.
func (s *stand) stickApplication(set string) string {
	s.t.Helper()
	s.stick.plug(true)
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
	s.toStorage()
	s.shows("apply.stick-warning", "apply.storage", args{"kind": "stick"})
	s.shows("apply.set", "apply.stick-accept", nil)
	s.shows("apply.agreement", "apply.set", args{"code": set})
	s.do("apply.agree", nil)
	s.untilScreen("apply.summary")
	s.k.mu.Lock()
	keys := map[string]crypto.PublicKey{}
	for _, k := range s.k.ses.draft.keys {
		r, err := pki.ParseRequest(k.csr)
		if err != nil {
			s.t.Fatal(err)
		}
		keys[k.spki], err = pki.ParseKey(r.Parsed.RawSubjectPublicKeyInfo)
		if err != nil {
			s.t.Fatal(err)
		}
	}
	s.k.mu.Unlock()
	p := s.shows("apply.done", "apply.submit", args{"consent": true})
	var d ApplyDoneScreen
	p.data(s.t, &d)
	number, _ := numberOf(d.Number)
	s.do("finish", nil)
	s.untilEnded()
	s.line.issue(s.t, number, func(spki string) crypto.PublicKey { return keys[spki] })
	return number
}

func TestInstall_StickFilesOpenWithTheInventedPassword(t *testing.T) {
	s := newStand(t)
	number := s.stickApplication("rsa")
	s.toStatus(number)
	s.shows("install.password", "status.install", nil)
	s.refuses(CodePasswordRules, "install.password", args{"password": "qwerty", "again": "qwerty"})
	s.refuses(CodePasswordRules, "install.password", args{"password": "Құпия123", "again": "Құпия123"})
	s.refuses(CodePasswordDiffers, "install.password", args{"password": "Qwerty12", "again": "Qwerty13"})
	s.line.cut(ErrLineDown)
	s.do("install.password", args{"password": "Qwerty12", "again": "Qwerty12"})
	p := s.until("notice", func(p picture) bool { return p.Notice != nil })
	if p.code() != CodeLineDown || p.Screen.Name != "install.medium" {
		t.Fatalf("%s", p)
	}
	s.line.cut(nil)
	// An installation that was cut short has left a file of the same name.
	name := keyfile.Name("rsa-auth", s.certificate(number, 0))
	s.stick.mu.Lock()
	s.stick.files[name] = []byte("half")
	s.stick.mu.Unlock()
	s.shows("install.password", "install.go", nil)
	s.do("install.password", args{"password": "Qwerty12", "again": "Qwerty12"})
	p = s.untilScreen("install.done")
	var d InstallDoneScreen
	p.data(t, &d)
	if len(d.Files) != 2 || len(s.stick.files) != 2 {
		t.Fatalf("files %v", d.Files)
	}
	for _, name := range d.Files {
		e, err := keyfile.Read(bytes.NewReader(s.stick.files[name]), keyfile.NewPassword("Qwerty12"))
		if err != nil {
			t.Fatal(err)
		}
		if !keyfile.Belongs(e.Certificate, e.Key) {
			t.Fatal("the file's key is not the certificate's")
		}
	}
}

func (s *stand) certificate(number string, n int) *x509.Certificate {
	s.t.Helper()
	cert, err := x509.ParseCertificate(s.store.records[number].Keys[n].Certificate)
	if err != nil {
		s.t.Fatal(err)
	}
	return cert
}

func TestInstall_StickWithoutTheKeysIsWrong(t *testing.T) {
	s := newStand(t)
	number := s.stickApplication("rsa")
	s.stick.mu.Lock()
	kept := s.stick.files
	s.stick.files = map[string][]byte{}
	s.stick.mu.Unlock()
	s.toStatus(number)
	p := s.do("status.install", nil)
	var d InstallMediumScreen
	p.data(t, &d)
	if p.Screen.Name != "install.medium" || !d.Wrong {
		t.Fatalf("%s %+v", p, d)
	}
	s.refuses(CodeStickNoKeys, "install.go", nil)
	s.stick.mu.Lock()
	s.stick.files = map[string][]byte{sealedName(number): kept[sealedName(number)][:40]}
	s.stick.mu.Unlock()
	s.shows("install.password", "install.go", nil)
	s.do("install.password", args{"password": "Qwerty12", "again": "Qwerty12"})
	p = s.until("notice", func(p picture) bool { return p.Notice != nil })
	if p.code() != CodeStickOpen {
		t.Fatalf("notice %+v", p.Notice)
	}
}

func TestKeysList_JoinsTokenAndCentre(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.plug(f)
	first := s.applied(f)
	s.toStatus(first)
	s.shows("install.pin", "status.install", nil)
	s.do("install.pin", args{"pin": f.pin})
	s.untilScreen("install.factory")
	s.do("install.keep-pin", nil)
	s.do("finish", nil)
	s.untilEnded()
	second := s.apply(f) // waits
	s.do("finish", nil)
	s.untilEnded()
	s.line.mu.Lock()
	s.line.issued[1].Revoked = true
	s.line.mu.Unlock()
	open := func() KeysListScreen {
		s.shows("menu", "start", args{"lang": "en"})
		s.shows("keys.medium", "keys", nil)
		s.shows("keys.pin", "keys.token", args{"insertion": f.told().Insertion})
		p := s.shows("keys.list", "keys.pin", args{"pin": f.pin})
		var d KeysListScreen
		p.data(t, &d)
		return d
	}
	d := open()
	count := map[string]int{}
	for _, i := range d.Items {
		count[i.State]++
		if i.State == "waiting" && i.Number != registry.FormatNumber(second) {
			t.Errorf("waiting %+v", i)
		}
	}
	if !d.CentreAsked || count["waiting"] != 2 || count["valid"] != 1 || count["revoked"] != 1 {
		t.Fatalf("asked %v, %v", d.CentreAsked, count)
	}
	s.do("finish", nil)
	s.untilEnded()
	s.line.cut(ErrLineDown)
	d = open()
	for _, i := range d.Items {
		if i.State == "valid" {
			t.Error("a certificate that could not be checked is called valid")
		}
	}
	if d.CentreAsked {
		t.Error("the centre did not answer")
	}
}

// A PIN that was being set when the power went is the old one or the new one: who types it next is told, until a PIN opens the token.
func TestJournal_InterruptedPINIsToldUntilATokenOpens(t *testing.T) {
	store := newFakeStore()
	_, err := store.Begin(t.Context(), Intent{Kind: IntentChangePIN, Medium: "KZ-1"})
	if err != nil {
		t.Fatal(err)
	}
	s := newStand(t, func(c *Config) { c.Store = store })
	f, other := s.token("kaztoken", "KZ-1"), s.token("kaztoken", "KZ-2")
	cut := func(p picture) bool { var d PINScreen; p.data(t, &d); return d.Cut }
	s.plug(other)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("keys.medium", "keys", nil)
	if p := s.shows("keys.pin", "keys.token", args{"insertion": other.told().Insertion}); cut(p) {
		t.Fatal("said of another token")
	}
	s.pull(other)
	s.untilScreen("keys.medium")
	s.plug(f)
	s.do("notice.dismiss", nil)
	p := s.shows("keys.pin", "keys.token", args{"insertion": f.told().Insertion})
	if !cut(p) {
		t.Fatalf("not told: %s", p)
	}
	if p = s.refuses(CodePINLow, "keys.pin", args{"pin": "00000000"}); !cut(p) {
		t.Fatal("a wrong PIN ended it")
	}
	s.shows("keys.list", "keys.pin", args{"pin": f.pin})
	store.mu.Lock()
	if store.outcomes[1] != outcomeInterrupted || len(store.intents) != 0 {
		t.Errorf("%v %v", store.outcomes, store.intents)
	}
	store.mu.Unlock()
	s.do("finish", nil)
	s.untilScreen("attract")
	s.pull(f)
	s.plug(f)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("keys.medium", "keys", nil)
	if p = s.shows("keys.pin", "keys.token", args{"insertion": f.told().Insertion}); cut(p) {
		t.Fatal("told still")
	}
}

func TestJournal_InterruptedInstallationIsClosedAtStart(t *testing.T) {
	store := newFakeStore()
	for _, i := range []Intent{{Kind: IntentInstall, Medium: "KZ-1"}, {Kind: IntentInstall, Medium: "KZ-2"}, {Kind: IntentGenerate, Medium: "stick", Number: "x"}, {Kind: IntentGenerate, Medium: "KZ-1", Number: "x"}} {
		_, err := store.Begin(context.Background(), i)
		if err != nil {
			t.Fatal(err)
		}
	}
	s := newStand(t, func(c *Config) { c.Store = store })
	s.until("reconciled", func(picture) bool { store.mu.Lock(); defer store.mu.Unlock(); return len(store.intents) == 1 })
	if store.outcomes[1] != outcomeInterrupted || store.outcomes[3] != outcomeAbandoned || store.intents[4].Medium != "KZ-1" {
		t.Fatalf("%v %v", store.outcomes, store.intents)
	}
}

// TestInstall_GOSTKeyOnAStick: one key, named as the authority names it, which signs what its certificate verifies.
func TestInstall_GOSTKeyOnAStick(t *testing.T) {
	s := newStand(t)
	number := s.stickApplication("gost")
	s.toStatus(number)
	s.shows("install.password", "status.install", nil)
	s.do("install.password", args{"password": "Qwerty12", "again": "Qwerty12"})
	p := s.untilScreen("install.done")
	var d InstallDoneScreen
	p.data(t, &d)
	if len(d.Files) != 1 || len(d.Certificates) != 1 || d.Certificates[0].Title != "Ключ ГОСТ: для входа и подписи" {
		t.Fatalf("%+v", d)
	}
	if want := "GOST512_" + d.Certificates[0].KeyID + ".p12"; d.Files[0] != want {
		t.Fatalf("the file is called %s, not %s", d.Files[0], want)
	}
	e, err := keyfile.Read(bytes.NewReader(s.stick.files[d.Files[0]]), keyfile.NewPassword("Qwerty12"))
	if err != nil {
		t.Fatal(err)
	}
	algorithm, signature, err := pki.SignBytes(e.Key, []byte("signed"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := pki.ParseKey(e.Certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		t.Fatal(err)
	}
	err = pki.VerifyBytes(public, algorithm, []byte("signed"), signature)
	if err != nil {
		t.Fatal(err)
	}
}

func TestInstall_BothKindsOnAStick(t *testing.T) {
	s := newStand(t)
	number := s.stickApplication("rsa+gost")
	s.toStatus(number)
	s.shows("install.password", "status.install", nil)
	s.do("install.password", args{"password": "Qwerty12", "again": "Qwerty12"})
	p := s.untilScreen("install.done")
	var d InstallDoneScreen
	p.data(t, &d)
	if len(d.Files) != 3 || !strings.HasPrefix(d.Files[0], "AUTH_RSA256_") || !strings.HasPrefix(d.Files[1], "RSA256_") || !strings.HasPrefix(d.Files[2], "GOST512_") {
		t.Fatalf("%v", d.Files)
	}
}
