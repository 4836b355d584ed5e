package centre_test

import (
	"crypto"
	"crypto/x509"
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

// A key that the ledger does not know may end a certificate of its owner's, and start nothing.
func TestRevocation_IsTakenFromAKeyOfWhichNobodyKnows(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	lost := c.Forge(pki.TemplateSign, z.Person, centretest.Key(2), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if answer := lost.File(d, z.Revocation(d, 2, "compromise", z.Ref(0)), 0); answer.JSON200 == nil {
		t.Errorf("revoking with it: %s", answer.Body)
	}
	p := z.Paper(d, 3, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(0)}, nil)
	if answer := lost.File(d, p, 0); code(answer.Body) != api.ErrorCodeKeyUnchecked {
		t.Errorf("asking for keys with it: %s", answer.Body)
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
