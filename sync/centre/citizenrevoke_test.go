package centre_test

import (
	"crypto"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// fail is the failure of a refused rr; 0 where it was not refused.
func fail(err error) cmp.Failure {
	if verdict, is := asVerdict(err); is {
		return verdict.Info.Fail
	}
	return 0
}

// listed is how a certificate stands in the citizen's own list.
func listed(t *testing.T, d *centretest.Device, session string, cert *x509.Certificate) api.OwnCertificate {
	t.Helper()
	list, err := d.API.ListOwnCertificatesWithResponse(t.Context(), &api.ListOwnCertificatesParams{XCitizenSession: session})
	if err != nil || list.JSON200 == nil {
		t.Fatalf("certificates: %v %s", err, list.Body)
	}
	for _, one := range list.JSON200.Items {
		if one.Serial == centretest.Serial(cert) {
			return one
		}
	}
	t.Fatalf("%s is not in the list", centretest.Serial(cert))
	return api.OwnCertificate{}
}

func TestRevocation_OnTheCitizensBehalfIsSeenAtOnceEverywhere(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		session := z.Session(d)
		if err := d.Revoke(z.Ref(0), 1); !fail(err).Has(cmp.NotAuthorized) {
			t.Errorf("an rr that no application stands behind: %v", err)
		}
		p := z.Revocation(d, 2, "compromise", z.Ref(0), z.Ref(1))
		signature := z.Sign(1, p.Document, time.Now())
		if answer := d.FileSigned(p, signature); answer.JSON200 == nil || answer.JSON200.Status != api.StatusConfirmed {
			t.Fatalf("filing: %s", answer.Body)
		}
		if err := other.Revoke(z.Ref(0), 1); !fail(err).Has(cmp.NotAuthorized) {
			t.Errorf("an rr of another kiosk: %v", err)
		}
		standing(t, z.Certs[0], c.Issuing, pki.Good)
		again := z.Revocation(other, 1, "compromise", z.Ref(0))
		if answer := z.File(other, again, 1); code(answer.Body) != api.ErrorCodeAlreadyFiled {
			t.Errorf("the same at another kiosk: %s", answer.Body)
		}
		for n, cert := range z.Certs {
			for range 2 { // said twice it is no error
				if err := d.Revoke(z.Ref(n), 0); err != nil {
					t.Fatalf("rr %d: %v", n, err)
				}
			}
			standing(t, cert, c.Issuing, pki.Revoked)
			if got := listed(t, d, session, cert); got.Status != api.StandingRevoked || got.Reason == nil || *got.Reason != 1 || got.RevokedAt == nil {
				t.Errorf("in the list: %+v", got)
			}
		}
		if got := c.Status(p.Number); got != api.StatusRevoked {
			t.Errorf("the application is %s", got)
		}
		// The same bytes again, though the key that signed is revoked by them.
		if answer := d.FileSigned(p, signature); answer.JSON200 == nil || answer.JSON200.Status != api.StatusRevoked {
			t.Errorf("filing again: %s", answer.Body)
		}
		late := z.Revocation(d, 3, "compromise", z.Ref(0))
		if answer := z.File(d, late, 1); code(answer.Body) != api.ErrorCodeAlreadyRevoked && code(answer.Body) != api.ErrorCodeKeyRevoked {
			t.Errorf("revoked already: %s", answer.Body)
		}
		if in := z.SignIn(d, 0); code(in.Body) != api.ErrorCodeKeyRevoked {
			t.Errorf("signing in with it: %s", in.Body)
		}
	})
}

func TestRevocation_SaysByItsOwnCodeWhatIsWrong(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	bolat := d.Citizen(centretest.Person(centretest.IINBolat), 2, centretest.Key(2), centretest.Key(3))
	gone := d.Holder(d.PaperFor(z.Person, 3, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(0)}), z.Person)
	if err := c.RevokeCertificate(t.Context(), centretest.Serial(gone.Certs[0]), ""); err != nil {
		t.Fatal(err)
	}
	nobody, elsewhere := z.Ref(0), z.Ref(0)
	nobody.Serial = "0badc0de"
	elsewhere.Issuer = []byte{0x30, 0}
	for name, test := range map[string]struct {
		p    centretest.Paper
		want api.ErrorCode
	}{
		"another person's":                    {z.Revocation(d, 11, "compromise", bolat.Ref(0)), api.ErrorCodeOtherPerson},
		"nobody's":                            {z.Revocation(d, 12, "compromise", nobody), api.ErrorCodeOtherPerson},
		"another issuer's":                    {z.Revocation(d, 13, "compromise", elsewhere), api.ErrorCodeOtherPerson},
		"revoked already":                     {z.Revocation(d, 14, "compromise", gone.Ref(0)), api.ErrorCodeAlreadyRevoked},
		"for a reason of staff's":             {z.Revocation(d, 15, "owner-died", z.Ref(0)), api.ErrorCodeNotOffered},
		"for no reason of the list":           {z.Revocation(d, 16, "whim", z.Ref(0)), api.ErrorCodeNotOffered},
		"own and another's, which is nothing": {z.Revocation(d, 17, "compromise", z.Ref(0), bolat.Ref(0)), api.ErrorCodeOtherPerson},
		"one revoked and one not":             {z.Revocation(d, 18, "replaced", gone.Ref(0), z.Ref(0)), ""},
	} {
		if answer := z.File(d, test.p, 1); code(answer.Body) != test.want {
			t.Errorf("%s: %s, not %q", name, answer.Body, test.want)
		}
	}
}

// A kiosk died after it handed the application in: the citizen was told, so the centre does it by itself.
func TestRevocation_IsCarriedOutThoughTheKioskDied(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		p := z.Revocation(d, 2, "medium-lost", z.Ref(0), z.Ref(1))
		if answer := z.File(d, p, 1); answer.JSON200 == nil {
			t.Fatalf("filing: %s", answer.Body)
		}
		if err := c.Tidy(t.Context()); err != nil || c.Status(p.Number) != api.StatusConfirmed {
			t.Fatalf("a moment later: %s, %v", c.Status(p.Number), err)
		}
		k.forward(2 * time.Minute)
		if err := c.Tidy(t.Context()); err != nil || c.Status(p.Number) != api.StatusRevoked {
			t.Fatalf("two minutes later: %s, %v", c.Status(p.Number), err)
		}
		if err := d.Revoke(z.Ref(0), 1); err != nil {
			t.Errorf("the kiosk's rr after all: %v", err)
		}
	})
}

// Who revokes a key that somebody else has signed in with elsewhere is rid of him.
func TestRevocation_EndsSessionsOfTheKeyElsewhere(t *testing.T) {
	c := centretest.Start(t)
	d, other := c.Enrol("hall"), c.Enrol("porch")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	here, there := z.Session(d), z.Session(other)
	p := z.Revocation(d, 2, "compromise", z.Ref(0))
	if answer := z.File(d, p, 1); answer.JSON200 == nil {
		t.Fatalf("filing: %s", answer.Body)
	}
	if err := d.Revoke(z.Ref(0), 1); err != nil {
		t.Fatal(err)
	}
	if _, no := profile(t, d, here); no != "" {
		t.Errorf("where it was revoked: %q", no)
	}
	if _, no := profile(t, other, there); no != api.ErrorCodeSessionOver {
		t.Errorf("elsewhere: %q", no)
	}
}

// order writes and signs an order of staff.
func order(t *testing.T, o *centretest.Operator, iin, reason string, refs ...registry.CertificateRef) api.SignedOrder {
	t.Helper()
	document, err := registry.RevocationOrder{Version: registry.DocumentVersion, IIN: iin, Certificates: refs, Reason: reason,
		Document: registry.Document{Type: "id-card", Number: "012345678"}, Device: "hall", At: time.Now().UTC().Truncate(time.Second)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return api.SignedOrder{Order: document, Signature: o.Sign(document)}
}

func TestOrder_RevokesForWhoHasLostEveryKey(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		dana := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
		own := c.Operator(centretest.Person(centretest.IINAigerim), centretest.Key(3))
		give := func(in api.SignedOrder) ([]string, api.ErrorCode) {
			t.Helper()
			answer, err := d.API.OrderRevocationWithResponse(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if answer.JSON200 == nil {
				return nil, code(answer.Body)
			}
			return answer.JSON200.Serials, ""
		}
		if _, no := give(order(t, own, z.IIN, "medium-lost", z.Ref(0))); no != api.ErrorCodeOwnApplication {
			t.Errorf("about certificates of one's own: %q", no)
		}
		if _, no := give(order(t, dana, centretest.IINBolat, "medium-lost", z.Ref(0))); no != api.ErrorCodeOtherPerson {
			t.Errorf("about another person's: %q", no)
		}
		forged := order(t, dana, z.IIN, "medium-lost", z.Ref(0))
		forged.Signature = z.Sign(1, forged.Order, time.Now())
		if _, no := give(forged); no != api.ErrorCodeNotOperator {
			t.Errorf("signed by a citizen: %q", no)
		}
		forged.Signature = dana.Sign([]byte("else"))
		if _, no := give(forged); no != api.ErrorCodeBadSignature {
			t.Errorf("signed over else: %q", no)
		}
		in := order(t, dana, z.IIN, "owner-died", z.Ref(0), z.Ref(1))
		for range 2 {
			if serials, no := give(in); len(serials) != 2 {
				t.Fatalf("ordered: %v %q", serials, no)
			}
		}
		for _, cert := range z.Certs {
			standing(t, cert, c.Issuing, pki.Revoked)
		}
		if _, no := give(order(t, dana, z.IIN, "other", z.Ref(0))); no != api.ErrorCodeAlreadyRevoked {
			t.Errorf("revoked already: %q", no)
		}
	})
}

func TestCode_IsAskedTriedAndSpent(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		if _, err := c.ImportPeople(t.Context(), []byte(`[{"iin":"`+z.IIN+`","surname":"Ә","given":"А","phone":"+77011234567"}]`)); err != nil {
			t.Fatal(err)
		}
		session := z.Session(d)
		ask := func(kind registry.Kind) (*api.CodeSent, *api.Error) {
			t.Helper()
			answer, err := d.API.AskCodeWithResponse(t.Context(), &api.AskCodeParams{XCitizenSession: session}, api.CodeQuery{Kind: api.Kind(kind)})
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, answer.JSONDefault
		}
		tell := func(id, told string) api.Error {
			t.Helper()
			answer, err := d.API.VerifyCodeWithResponse(t.Context(), id, &api.VerifyCodeParams{XCitizenSession: session}, api.CodeTold{Code: told})
			if err != nil {
				t.Fatal(err)
			}
			if answer.JSONDefault != nil {
				return *answer.JSONDefault
			}
			return api.Error{}
		}
		if sent, _ := ask(registry.KindGOST); sent == nil || sent.Needed || sent.Id != "" {
			t.Errorf("for a kind that asks none: %+v", sent)
		}
		counter := uint64(2)
		try := func(id string) api.ErrorCode {
			t.Helper()
			counter++
			p := reissue(z, d, counter, id, centretest.Key(2), centretest.Key(3))
			return code(z.File(d, p, 1).Body)
		}
		if no := try(""); no != api.ErrorCodeCodeRequired {
			t.Errorf("without a code: %q", no)
		}
		if no := try(strings.Repeat("0a", 16)); no != api.ErrorCodeCodeRequired {
			t.Errorf("with a made-up one: %q", no)
		}
		sent, no := ask(registry.KindReissue)
		if sent == nil || sent.SentTo != "…4567" || sent.Method != "sms" || sent.Resends != 3 {
			t.Fatalf("asked: %+v %+v", sent, no)
		}
		if no := try(sent.Id); no != api.ErrorCodeCodeRequired {
			t.Errorf("with one that nobody told: %q", no)
		}
		first := c.LastCode()
		if no := tell(sent.Id, wrongFor(first)); no.Code != api.ErrorCodeCodeWrong || no.Left == nil || *no.Left != 2 {
			t.Errorf("a wrong one: %+v", no)
		}
		resend := func() (*api.CodeSent, *api.Error) {
			t.Helper()
			answer, err := d.API.ResendCodeWithResponse(t.Context(), sent.Id, &api.ResendCodeParams{XCitizenSession: session})
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, answer.JSONDefault
		}
		if _, no := resend(); no == nil || no.Code != api.ErrorCodeCodeLimit || no.Wait() <= 0 {
			t.Errorf("sent again at once: %+v", no)
		}
		for left := 2; left >= 0; left-- {
			k.forward(31 * time.Second)
			if again, no := resend(); again == nil || again.Resends != left {
				t.Fatalf("sent again: %+v %+v", again, no)
			}
		}
		k.forward(31 * time.Second)
		if _, no := resend(); no == nil || no.Code != api.ErrorCodeCodeLimit {
			t.Errorf("a fourth time: %+v", no)
		}
		if c.LastCode() != first {
			if no := tell(sent.Id, first); no.Code != api.ErrorCodeCodeWrong || *no.Left != 1 {
				t.Errorf("the code that was sent before the last: %+v", no)
			}
		}
		told := c.LastCode()
		if no := tell(sent.Id, told); no.Code != "" {
			t.Fatalf("the right one: %+v", no)
		}
		if all, err := c.Codes(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("it is still shown: %+v %v", all, err)
		}
		elsewhere := reissue(z, other, 1, sent.Id, centretest.Key(2), centretest.Key(3))
		if answer := z.File(other, elsewhere, 1); code(answer.Body) != api.ErrorCodeCodeRequired {
			t.Errorf("on another kiosk: %s", answer.Body)
		}
		if no := try(sent.Id); no != "" {
			t.Errorf("with the right one: %q", no)
		}
		if no := try(sent.Id); no != api.ErrorCodeCodeRequired && no != api.ErrorCodeAlreadyFiled {
			t.Errorf("spent twice: %q", no)
		}
	})
}

// wrongFor is a code that is not this one.
func wrongFor(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCode_LocksAfterThreeWrongOnesHoweverManyAreAskedFor(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		session := z.Session(d)
		ask := func() (string, api.ErrorCode) {
			t.Helper()
			answer, err := d.API.AskCodeWithResponse(t.Context(), &api.AskCodeParams{XCitizenSession: session}, api.CodeQuery{Kind: api.KindReissue})
			if err != nil {
				t.Fatal(err)
			}
			if answer.JSON200 == nil {
				return "", code(answer.Body)
			}
			return answer.JSON200.Id, ""
		}
		tell := func(id, told string) api.ErrorCode {
			t.Helper()
			answer, err := d.API.VerifyCodeWithResponse(t.Context(), id, &api.VerifyCodeParams{XCitizenSession: session}, api.CodeTold{Code: told})
			if err != nil {
				t.Fatal(err)
			}
			return code(answer.Body)
		}
		id, _ := ask()
		k.forward(6 * time.Minute)
		session = z.Session(d)
		if no := tell(id, "000000"); no != api.ErrorCodeCodeExpired {
			t.Errorf("after six minutes: %q", no)
		}
		for i, want := range []api.ErrorCode{api.ErrorCodeCodeWrong, api.ErrorCodeCodeWrong, api.ErrorCodeCodeLocked} {
			if id, _ = ask(); id == "" {
				t.Fatalf("asking %d", i)
			}
			if no := tell(id, wrongFor(c.LastCode())); no != want {
				t.Errorf("wrong for the %d. time: %q", i+1, no)
			}
		}
		if _, no := ask(); no != api.ErrorCodeCodeLocked {
			t.Errorf("asking while locked: %q", no)
		}
		if no := tell(id, "000000"); no != api.ErrorCodeCodeLocked {
			t.Errorf("telling while locked: %q", no)
		}
		k.forward(16 * time.Minute)
		session = z.Session(d)
		if id, no := ask(); no != "" || tell(id, c.LastCode()) != "" {
			t.Errorf("a quarter of an hour later: %q", no)
		}
		for range 20 {
			if _, no := ask(); no != "" {
				if no != api.ErrorCodeCodeLimit {
					t.Errorf("asking without end: %q", no)
				}
				return
			}
		}
		t.Error("codes are sent without end")
	})
}

func TestCode_IsNotAskedOfWhoIsNoResident(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	if _, err := c.ImportPeople(t.Context(), []byte(`[{"iin":"`+z.IIN+`","surname":"Ә","given":"А","non_resident":true}]`)); err != nil {
		t.Fatal(err)
	}
	answer, err := d.API.AskCodeWithResponse(t.Context(), &api.AskCodeParams{XCitizenSession: z.Session(d)}, api.CodeQuery{Kind: api.KindReissue})
	if err != nil || answer.JSON200 == nil || answer.JSON200.Needed {
		t.Errorf("asked: %v %s", err, answer.Body)
	}
	if answer := z.File(d, reissue(z, d, 2, "", centretest.Key(2), centretest.Key(3)), 1); answer.JSON200 == nil {
		t.Errorf("filing: %s", answer.Body)
	}
}
