//go:build cgo

package engine

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// citizen has an RSA pair certified.
func (w *world) citizen(counter uint64) *centretest.Citizen {
	w.t.Helper()
	return w.device.Citizen(centretest.Person(centretest.IINAigerim), counter, centretest.Key(0), centretest.Key(1))
}

// take has the kiosk's storage accept what a citizen signed with his second key.
func (w *world) take(z *centretest.Citizen, p centretest.Paper) centretest.Paper {
	w.t.Helper()
	a := storage.Acceptance{Number: p.Number, IIN: p.IIN, Kind: string(p.Application.Kind), Document: p.Document, Signature: z.Sign(1, p.Document, time.Now())}
	for i, k := range p.Application.Keys {
		a.Keys = append(a.Keys, storage.AcceptedKey{Ordinal: k.Ordinal, Template: string(k.Template), TransactionID: k.TransactionID,
			SPKISHA256: k.SPKISHA256, CSR: p.CSRs[i], Medium: "stick", KeyID: []byte{byte(i)}})
	}
	if r := p.Application.Revocation; r != nil {
		for i := range r.Certificates {
			id := sha256.Sum256(fmt.Append(nil, p.Number, i))
			a.Revocations = append(a.Revocations, storage.AcceptedRevocation{Ordinal: i + 1, TransactionID: hex.EncodeToString(id[:16])})
		}
	}
	w.must(w.store.Accept(context.Background(), a))
	return p
}

func (w *world) gost(z *centretest.Citizen, counter uint64) centretest.Paper {
	w.t.Helper()
	return z.Paper(w.device, counter, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(int(counter))}, nil)
}

func refusalCode(err error) api.ErrorCode {
	if refusal := (*api.Error)(nil); errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

func TestEngine_BringsOutWhatACitizenSignedWithoutStaff(t *testing.T) {
	w := newWorld(t)
	z := w.citizen(1)
	e := w.engine(w.store)
	w.run(e)
	p := w.take(z, w.gost(z, 2))
	e.Kick()
	w.until(e, "the certificate is here", func() bool { return w.status(p.Number) == storage.Issued })
	w.holds(p)
}

func TestEngine_SendsARevocationFirstAndSeesItThrough(t *testing.T) {
	w := newWorld(t)
	z := w.citizen(1)
	for counter := uint64(2); counter < 12; counter++ { // more than a round holds
		w.accept(counter, centretest.IINBolat)
	}
	p := w.take(z, z.Revocation(w.device, 20, "compromise", z.Ref(0), z.Ref(1)))
	e := w.engine(w.store)
	var first string
	w.faults.set(func(r *http.Request) fault {
		if first == "" && r.Method == http.MethodPut {
			first = r.URL.Path
		}
		return none
	})
	w.run(e)
	w.until(e, "the application is revoked", func() bool { return w.status(p.Number) == storage.Revoked })
	if !strings.HasSuffix(first, p.Number) {
		t.Errorf("first went %s", first)
	}
	for _, cert := range z.Certs {
		for name, source := range map[string]pki.Source{"list": &pki.CRLSource{}, "OCSP": &pki.OCSPSource{NeedNonce: true}} {
			if answer := pki.Check(t.Context(), cert, w.centre.Issuing, source); answer.State != pki.Revoked {
				t.Errorf("by %s it is %v: %v", name, answer.State, answer.Err)
			}
		}
	}
}

// Answers are lost; each rr goes out with the same bytes until one answer arrives, and nothing is revoked twice.
func TestEngine_RevokesThroughLostAnswersWithTheSameBytes(t *testing.T) {
	w := newWorld(t)
	z := w.citizen(1)
	p := w.take(z, z.Revocation(w.device, 20, "replaced", z.Ref(0)))
	lostAnswers := 0
	w.faults.set(func(r *http.Request) fault {
		if strings.Contains(r.URL.Path, "/.well-known/cmp/") && lostAnswers < 2 {
			lostAnswers++
			return mute
		}
		return none
	})
	e := w.engine(w.store)
	w.run(e)
	w.until(e, "the application is revoked", func() bool { e.Kick(); return w.status(p.Number) == storage.Revoked })
	w.faults.mu.Lock()
	defer w.faults.mu.Unlock()
	sent := w.faults.sent[cmp.PathPrefix+revocationProfile]
	if len(sent) < 3 {
		t.Fatalf("%d messages", len(sent))
	}
	for _, again := range sent[1:] {
		if string(again) != string(sent[0]) {
			t.Error("another message went out")
		}
	}
}

// The citizen was told "queued"; then the centre says no.
func TestEngine_ShowsTheCentresNoAfterQueued(t *testing.T) {
	w := newWorld(t)
	z := w.citizen(1)
	p := w.take(z, w.gost(z, 2))
	if err := w.centre.RevokeCertificate(t.Context(), centretest.Serial(z.Certs[1]), "keyCompromise"); err != nil {
		t.Fatal(err)
	}
	if got := w.status(p.Number); got != storage.Queued {
		t.Fatalf("it is %s", got)
	}
	e := w.engine(w.store)
	w.run(e)
	w.until(e, "the application is rejected", func() bool { return w.status(p.Number) == storage.Rejected })
	r, err := w.store.Application(t.Context(), p.Number)
	w.must(err)
	if r.Reason != string(api.ErrorCodeKeyRevoked) {
		t.Errorf("because of %q", r.Reason)
	}
	if _, some, err := w.store.NextDue(t.Context()); err != nil || some {
		t.Errorf("something is tried again: %v", err)
	}
}

// The document names one key, the request is for another: no other message would fare better.
func TestEngine_StopsAskingForACertificateThatIsRefusedForGood(t *testing.T) {
	w := newWorld(t)
	p := w.device.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	p.CSRs[0], p.CSRs[1] = p.CSRs[1], p.CSRs[0]
	w.keep(p)
	e := w.engine(w.store)
	w.run(e)
	w.until(e, "the application is rejected", func() bool { return w.status(p.Number) == storage.Rejected })
	if r, err := w.store.Application(t.Context(), p.Number); err != nil || r.Reason != problemRequest {
		t.Errorf("because of %q, %v", r.Reason, err)
	}
}

func TestLine_WalksTheCabinet(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	z := w.citizen(1)
	sign := func(key int) ([]byte, []byte) {
		t.Helper()
		challenge, err := w.line.Challenge(ctx)
		w.must(err)
		return challenge, z.Sign(key, challenge, time.Now())
	}
	if _, err := w.line.SignIn(ctx, []byte("x"), []byte("x")); refusalCode(err) != api.ErrorCodeChallengeOver {
		t.Errorf("signing in with nonsense: %v", err)
	}
	challenge, cms := sign(1)
	if _, err := w.line.SignIn(ctx, challenge, cms); refusalCode(err) != api.ErrorCodeNotSignInKey {
		t.Errorf("signing in with the signing key: %v", err)
	}
	challenge, cms = sign(0)
	who, err := w.line.SignIn(ctx, challenge, cms)
	w.must(err)
	if who.IIN != z.IIN || !who.Checked || who.Template != registry.TemplateAuth || who.Expires.IsZero() {
		t.Errorf("who signed in: %+v", who)
	}
	set, err := w.line.SetProfile(ctx, who.Session, "a@example.kz", true)
	w.must(err)
	if got, err := w.line.Profile(ctx, who.Session); err != nil || got != set || got.Email != "a@example.kz" || !got.Notices || got.Registered {
		t.Errorf("the profile: %+v %v", got, err)
	}
	certs, err := w.line.OwnCertificates(ctx, who.Session, "good")
	w.must(err)
	if len(certs) != 2 || certs[0].Family != "rsa" || certs[0].How != "staff" || certs[0].Storage != registry.StorageKaztoken || !certs[0].RevokedAt.IsZero() {
		t.Errorf("certificates: %+v", certs)
	}
	number, err := w.centre.FileFromWeb(ctx, []byte(`{"iin":"`+z.IIN+`","surname":"Ә","region":"almaty","locality":"medeu","storage":"stick","set":"gost"}`))
	w.must(err)
	items, err := w.line.OwnApplications(ctx, who.Session, registry.StatusWaiting, registry.KindNew)
	w.must(err)
	if len(items) != 1 || items[0].Number != number || !items[0].Confirmable || items[0].Origin != OriginWeb {
		t.Errorf("waiting: %+v", items)
	}
	if one, err := w.line.OwnApplication(ctx, who.Session, number); err != nil || one.Request == nil || one.Request.Set != "gost" || one.Document != nil {
		t.Errorf("on the web: %+v %v", one, err)
	}
	if one, err := w.line.OwnApplication(ctx, who.Session, z.Number); err != nil || one.By != "staff" || len(one.Certificates) != 2 || len(one.Keys) != 2 || one.Signed {
		t.Errorf("the first: %+v %v", one, err)
	}
	if systems, err := w.line.OwnSystems(ctx, who.Session); err != nil || len(systems) != 0 {
		t.Errorf("systems: %+v %v", systems, err)
	}
	w.must(w.centre.AddSystem(ctx, centre.SystemRow{OID: "1.2.398.9.1", IIN: z.IIN, Name: registry.Words{KK: "Ж", RU: "С", EN: "S"}}))
	if systems, err := w.line.OwnSystems(ctx, who.Session); err != nil || len(systems) != 1 || systems[0].Name.RU != "С" {
		t.Errorf("systems: %+v %v", systems, err)
	}
	sent, err := w.line.AskCode(ctx, who.Session, registry.KindReissue, registry.MethodDocument)
	w.must(err)
	if !sent.Needed || sent.Method != registry.MethodDocument || sent.ExpiresAt.IsZero() {
		t.Errorf("a code: %+v", sent)
	}
	if _, err := w.line.ResendCode(ctx, who.Session, sent.ID); refusalCode(err) != api.ErrorCodeCodeLimit {
		t.Errorf("sent again at once: %v", err)
	}
	_, err = w.line.VerifyCode(ctx, who.Session, sent.ID, "no")
	if refusal := (*api.Error)(nil); !errors.As(err, &refusal) || refusal.Code != api.ErrorCodeCodeWrong || refusal.Left == nil || *refusal.Left != 2 {
		t.Errorf("a wrong code: %v", err)
	}
	if until, err := w.line.VerifyCode(ctx, who.Session, sent.ID, w.centre.LastCode()); err != nil || until.IsZero() {
		t.Errorf("the right code: %v", err)
	}
	for range 2 {
		w.must(w.line.SignOut(ctx, who.Session))
	}
	if _, err := w.line.Profile(ctx, who.Session); refusalCode(err) != api.ErrorCodeSessionOver {
		t.Errorf("after signing out: %v", err)
	}
	if e := w.engine(w.store); e.State().Problem != "" {
		t.Errorf("a citizen's session that is over is no trouble of the line")
	}
}

func TestLine_StaffFindOrderAndReport(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.centre.AddPerson(centretest.IINAigerim, "Әбдіқалықова", "Айгерім", "Серікқызы")
	z := w.citizen(1)
	dana := w.centre.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
	challenge, err := w.line.Challenge(ctx)
	w.must(err)
	staff, err := w.line.OpenStaff(ctx, challenge, dana.Sign(challenge))
	w.must(err)
	if people, err := w.line.SearchPeople(ctx, staff.Session, "айгерім"); err != nil || len(people) != 1 || people[0].IIN != z.IIN {
		t.Errorf("found: %+v %v", people, err)
	}
	if file, err := w.line.OpenPerson(ctx, staff.Session, z.IIN); err != nil || len(file.Certificates) != 2 || len(file.Applications) != 1 || !file.Profile.Registered {
		t.Errorf("opened: %+v %v", file, err)
	}
	document, err := registry.RevocationOrder{Version: registry.DocumentVersion, IIN: z.IIN, Certificates: []registry.CertificateRef{z.Ref(0)}, Reason: "medium-lost",
		Document: registry.Document{Type: "passport", Number: "N1"}, Device: "hall", At: time.Now().UTC().Truncate(time.Second)}.Encode()
	w.must(err)
	if serials, err := w.line.OrderRevocation(ctx, document, dana.Sign(document)); err != nil || len(serials) != 1 || serials[0] != z.Ref(0).Serial {
		t.Errorf("ordered: %v %v", serials, err)
	}
	day := time.Now().In(time.FixedZone("", 5*3600)).Format(time.DateOnly)
	if report, err := w.line.DayReport(ctx, staff.Session, day); err != nil || report.Revoked != 1 || report.Issued != 2 || len(report.Rows) != 1 {
		t.Errorf("the report: %+v %v", report, err)
	}
}

// A kiosk asked for the keys and died; the citizen puts his medium into another one.
func TestTakeUp_IsInstalledAndReportedFromAnotherKiosk(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	p := w.acceptSet(1, centretest.IINAigerim, "rsa+gost")
	e := w.engine(w.store)
	stop := w.run(e)
	w.until(e, "it waits", func() bool { return w.status(p.Number) == storage.Waiting })
	w.centre.Approve(p.Number)
	w.must(e.Hurry(ctx, p.Number))
	w.until(e, "it is issued", func() bool { return w.centre.Status(p.Number) == api.StatusIssued })
	stop()

	v := &world{t: t, centre: w.centre, device: w.centre.Enrol("porch"), path: filepath.Join(t.TempDir(), "porch.db"), faults: &faults{}}
	v.line = v.connect(Connection{})
	v.open()
	t.Cleanup(func() { v.store.Close() })
	if _, err := v.line.TakeUp(ctx, p.Number, Proof{}); refusalCode(err) != api.ErrorCodeOtherPerson {
		t.Errorf("without a proof: %v", err)
	}
	taken, err := v.line.TakeUp(ctx, p.Number, Proof{Keys: []string{p.Application.Keys[0].SPKISHA256}})
	v.must(err)
	for i := range taken.Keys {
		taken.Keys[i].Medium = "0001"
	}
	v.must(v.store.Adopt(ctx, taken))
	if found, err := v.store.ByMedium(ctx, "0001"); err != nil || len(found) != 1 || !found[0].Complete() {
		t.Fatalf("by the medium: %+v %v", found, err)
	}
	for i, k := range taken.Keys {
		cert, err := x509.ParseCertificate(k.Certificate)
		v.must(err)
		ca, err := x509.ParseCertificate(k.Chain[0])
		v.must(err)
		if err := pki.CheckIssued(cert, pki.Expect{SPKI: centretest.SPKI(t, p.Keys[i].Public()), IIN: p.IIN, Template: k.Template, StorageKind: pki.StorageStick, Now: time.Now()},
			v.line.Roots(), pki.NewPool(ca)); err != nil {
			t.Errorf("key %d would not be installed: %v", k.Ordinal, err)
		}
	}
	v.must(v.store.MarkInstalled(ctx, p.Number))
	f := v.engine(v.store)
	v.run(f)
	v.until(f, "the centre knows", func() bool { return v.centre.Status(p.Number) == api.StatusInstalled })
}
