package app

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// certified tells the fake centre of what lies on a token, as one application's pair, and of an expired and a revoked key.
func (s *stand) certified(f *fakeToken, iin string) {
	s.t.Helper()
	now := s.now()
	var list []OwnCertificate
	own := func(der []byte, standing, number string) {
		cert := mustParse(s.t, der)
		template, _ := pki.DefaultProfiles().TemplateOf(cert)
		o := OwnCertificate{
			Ref: refTo(cert), Template: registry.Template(template), Family: "rsa", Standing: standing, How: "staff", Storage: registry.StorageKaztoken, Number: number,
			NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, IssuedAt: cert.NotBefore, DER: der,
		}
		if standing == "revoked" {
			o.RevokedAt, o.Reason = now.Add(-time.Hour), 4
		}
		list = append(list, o)
	}
	for _, key := range f.keys {
		own(key.cert, "good", registry.NewNumber("1001", 500))
	}
	public := rsaKeys()[2].Public()
	own(fakeCertificateBy(s.t, fakeCA(), public, iin, "rsa-sign", now.AddDate(-2, 0, 0), now.AddDate(-1, 0, 0)), "expired", registry.NewNumber("1001", 400))
	own(fakeCertificate(s.t, public, iin, "rsa-sign", now), "revoked", registry.NewNumber("1001", 450))
	s.line.mu.Lock()
	s.line.cabinet.certs[iin] = list
	s.line.mu.Unlock()
}

// settleRevocation does what engine and centre do with an application for revocation.
func (s *stand) settleRevocation(number, refused string) {
	s.t.Helper()
	s.store.mu.Lock()
	r := s.store.records[number]
	if refused != "" {
		r.Status, r.Reason = registry.StatusRejected, refused
		s.store.mu.Unlock()
		return
	}
	r.Status = registry.StatusRevoked
	a, err := registry.ParseApplication(r.Document)
	s.store.mu.Unlock()
	if err != nil {
		s.t.Fatal(err)
	}
	s.line.mu.Lock()
	defer s.line.mu.Unlock()
	for _, ref := range a.Revocation.Certificates {
		s.line.issued = append(s.line.issued, Issued{Serial: ref.Serial, Revoked: true})
		for i := range s.line.cabinet.certs[a.IIN] {
			if o := &s.line.cabinet.certs[a.IIN][i]; o.Ref.Serial == ref.Serial {
				o.Standing, o.RevokedAt = "revoked", s.now()
			}
		}
	}
}

// toConfirm goes from the cabinet to what will happen.
func (s *stand) toConfirm(keys ...int) {
	s.t.Helper()
	s.shows("revoke.list", "revoke", nil)
	s.shows("revoke.reason", "revoke.choose", args{"keys": keys})
	s.shows("revoke.confirm", "revoke.reason", args{"code": "replaced"})
}

// signsRevocation signs with a key of a token, and gives the number.
func (s *stand) signsRevocation(f *fakeToken, key int) string {
	s.t.Helper()
	s.shows("sign.medium", "revoke.go", args{"consent": true})
	s.unlock(f)
	p := s.shows("revoke.done", "sign.go", args{"key": key})
	var done RevokeDoneScreen
	p.data(s.t, &done)
	number, f2 := numberOf(done.Number)
	if f2 != nil {
		s.t.Fatalf("number %q", done.Number)
	}
	return number
}

// untilLocked waits until nobody is logged in to a token any more.
func (s *stand) untilLocked(f *fakeToken) {
	s.t.Helper()
	s.until("token locked", func(picture) bool {
		s.rack.mu.Lock()
		defer s.rack.mu.Unlock()
		return !f.loggedIn
	})
}

func (s *stand) untilRevocation(state string) RevokeDoneScreen {
	s.t.Helper()
	var d RevokeDoneScreen
	s.until("the revocation "+state, func(p picture) bool {
		if p.Screen.Name != "revoke.done" {
			return false
		}
		p.data(s.t, &d)
		return d.State == state
	})
	return d
}

func TestRevoke_SaysRevokedOnlyWhenListOCSPAndCRLSaySo(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.certified(f, aigerim)
	s.plug(f)
	s.enter(f)
	s.line.mu.Lock()
	s.line.cabinet.refuse["CRL"] = errors.New("the list is not out yet")
	s.line.mu.Unlock()
	s.toConfirm(0, 1)
	number := s.signsRevocation(f, 1)
	s.untilLocked(f)
	s.untilRevocation("sent")
	s.settleRevocation(number, "")
	var d RevokeDoneScreen
	s.until("list and OCSP", func(p picture) bool {
		p.data(t, &d)
		return len(d.Proofs) == 3 && d.Proofs[0].Seen && d.Proofs[1].Seen
	})
	if d.State != "sent" || d.Proofs[2].Seen {
		t.Fatalf("without the list it says %+v", d)
	}
	s.line.mu.Lock()
	delete(s.line.cabinet.refuse, "CRL")
	s.line.mu.Unlock()
	if d = s.untilRevocation("revoked"); d.Home {
		t.Error("the cabinet goes on with a key that is revoked")
	}
}

// What is signed is what was chosen, agreed to and told.
func TestRevoke_SignsWhatWasChosen(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.certified(f, aigerim)
	s.plug(f)
	s.enter(f)
	s.toConfirm(1)
	s.refuses(CodeRevokeConsent, "revoke.go", args{"consent": false})
	s.shows("apply.agreement", "revoke.agreement", nil)
	s.shows("revoke.confirm", "apply.agree", nil)
	number := s.signsRevocation(f, 1) // the very key that is revoked signs
	s.store.mu.Lock()
	taken := s.store.taken[number]
	s.store.mu.Unlock()
	a, err := registry.ParseApplication(taken.Document)
	if err != nil {
		t.Fatal(err)
	}
	sign := mustParse(t, f.keys[1].cert)
	if a.Kind != registry.KindRevocation || a.IIN != aigerim || len(a.Revocation.Certificates) != 1 || a.Revocation.Certificates[0].Serial != serialHex(sign) || a.Revocation.Reason != "replaced" || a.Consent.SHA256 == "" {
		t.Fatalf("%+v", a)
	}
	if len(taken.Revocations) != 1 || len(taken.Revocations[0].TransactionID) != 32 || taken.Keys != nil {
		t.Fatalf("%+v", taken.Revocations)
	}
	signer, _, err := pki.VerifyDetached(taken.Document, taken.Signature, pki.NewPool(fakeCA().cert), s.now())
	if err != nil || !signer.Equal(sign) {
		t.Fatalf("signed by %v: %v", signer, err)
	}
}

func TestRevoke_OffersOnlyWhatCanBeRevoked(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.certified(f, aigerim)
	s.plug(f)
	s.enter(f)
	p := s.shows("revoke.list", "revoke", nil)
	var list RevokeListScreen
	p.data(t, &list)
	if len(list.Keys) != 4 || !list.Whole || list.Keys[0].Pair != 1 || list.Keys[1].Pair != 0 || list.Keys[2].Pair != -1 {
		t.Fatalf("%+v", list)
	}
	for n, usable := range []bool{true, true, false, false} {
		if list.Keys[n].Usable != usable || usable == (list.Keys[n].Why != "") {
			t.Errorf("key %d: %+v", n, list.Keys[n])
		}
	}
	s.refuses(CodeNoneChosen, "revoke.choose", args{"keys": []int{}})
	s.refuses(CodeKeyExpired, "revoke.choose", args{"keys": []int{2}})
	s.refuses(CodeAlreadyRevoked, "revoke.choose", args{"keys": []int{0, 3}})
	s.refuses(CodeTooManyChosen, "revoke.choose", args{"keys": []int{0, 1, 2, 3, 4, 5, 6, 7, 8}})
	s.refuses(CodeInternal, "revoke.choose", args{"keys": []int{7}})
	s.shows("revoke.reason", "revoke.choose", args{"keys": []int{1, 1}})
	s.refuses(CodeRevokeReason, "revoke.reason", args{"code": "owner-died"}) // not a citizen's to give
}

// Without the line only what lies on the media is known; another medium can be read, and the application waits.
func TestRevoke_WithoutTheLineKnowsOnlyTheMedium(t *testing.T) {
	s := newStand(t)
	f, g := s.citizenToken("KZ-1", aigerim), s.citizenToken("KZ-2", aigerim)
	s.certified(f, aigerim)
	s.line.cut(ErrLineDown)
	s.engine.mu.Lock()
	s.engine.state.Online = false
	s.engine.mu.Unlock()
	s.k.tick()
	s.plug(f)
	s.enter(f)
	p := s.shows("revoke.list", "revoke", nil)
	var list RevokeListScreen
	p.data(t, &list)
	if list.Whole || len(list.Keys) != 2 || list.Keys[0].State != "unchecked" || list.Keys[0].Pair != 1 {
		t.Fatalf("%+v", list)
	}
	s.plug(g)
	s.shows("sign.medium", "keys.read", nil)
	s.shows("sign.secret", "sign.medium", args{"kind": "token", "insertion": g.told().Insertion})
	p = s.shows("revoke.list", "sign.secret", args{"pin": g.pin})
	p.data(t, &list)
	if len(list.Keys) != 4 {
		t.Fatalf("with the second token: %d keys", len(list.Keys))
	}
	s.untilLocked(g)
	s.shows("revoke.reason", "revoke.choose", args{"keys": []int{0}})
	s.shows("revoke.confirm", "revoke.reason", args{"code": "medium-lost"})
	number := s.signsRevocation(f, 1)
	d := s.untilRevocation("queued")
	s.line.cut(nil)
	s.engine.mu.Lock()
	s.engine.state.Online = true
	s.engine.mu.Unlock()
	s.settleRevocation(number, "")
	d = s.untilRevocation("revoked")
	if slices.ContainsFunc(d.Proofs, func(p Proved) bool { return p.Name == "list" }) {
		t.Error("it speaks of a list that it cannot see")
	}
}

func TestRevoke_SentTwiceIsToldEachTime(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.certified(f, aigerim)
	s.plug(f)
	s.enter(f)
	s.toConfirm(1)
	number := s.signsRevocation(f, 1)
	s.untilRevocation("sent")
	s.shows("cabinet.home", "cabinet", nil)
	p := s.shows("revoke.list", "revoke", nil)
	var list RevokeListScreen
	p.data(t, &list)
	if list.Keys[1].State != "asked" || list.Keys[1].Usable {
		t.Fatalf("%+v", list.Keys[1])
	}
	p = s.refuses(CodeRevokeAsked, "revoke.choose", args{"keys": []int{1}})
	if want := registry.FormatNumber(number); p.Notice == nil || !slices.Contains([]string{"Номер заявки: " + want + "."}, p.Notice.Text) {
		t.Errorf("%+v", p.Notice)
	}
}

// The centre may say no after the citizen was told that the application waits.
func TestRevoke_TellsWhyTheCentreSaidNo(t *testing.T) {
	for code, want := range map[string]Code{"already_revoked": CodeAlreadyRevoked, "already_filed": CodeAlreadyFiled, "signature_stale": CodeSignatureStale, "something-new": CodeNotRevoked} {
		s := newStand(t)
		f := s.citizenToken("KZ-1", aigerim)
		s.certified(f, aigerim)
		s.plug(f)
		s.enter(f)
		s.toConfirm(1)
		number := s.signsRevocation(f, 1)
		s.settleRevocation(number, code)
		d := s.untilRevocation("refused")
		if words := (&fault{code: want}).words(s.k); d.Title != words.Title || d.Text != words.Text || len(d.Proofs) != 0 {
			t.Errorf("%s: %+v", code, d)
		}
	}
}

func TestRevoke_AcceptsNothingThatIsNotOnDisk(t *testing.T) {
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.certified(f, aigerim)
	s.plug(f)
	s.enter(f)
	s.toConfirm(1)
	s.shows("sign.medium", "revoke.go", args{"consent": true})
	s.unlock(f)
	s.store.fail(ErrDiskFull)
	s.refuses(CodeDiskFull, "sign.go", args{"key": 1})
}
