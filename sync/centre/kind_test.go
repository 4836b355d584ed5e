package centre_test

import (
	"crypto"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

var pair = []registry.Template{registry.TemplateAuth, registry.TemplateSign}

// reissue writes an application for new keys in place of the citizen's second one.
func reissue(z *centretest.Citizen, d *centretest.Device, counter uint64, code string, keys ...crypto.Signer) centretest.Paper {
	return z.Paper(d, counter, registry.KindReissue, centretest.OnStick, pair, keys, func(a *registry.Application) {
		ref := z.Ref(1)
		a.Replaces, a.SecondFactor = &ref, code
	})
}

func TestReissue_LetsCertificatesOutByTheCitizensOwnSignature(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		p := reissue(z, d, 2, z.Code(d, z.Session(d), registry.KindReissue), centretest.Key(2), centretest.Key(3))
		signature := z.Sign(1, p.Document, time.Now())
		for range 2 { // the same bytes get the same answer
			if answer := d.FileSigned(p, signature); answer.JSON200 == nil || answer.JSON200.Status != api.StatusConfirmed {
				t.Fatalf("filing: %s", answer.Body)
			}
		}
		if answer := z.File(d, p, 1); answer.JSON200 == nil && code(answer.Body) != api.ErrorCodeWrongBytes { // RSA signs the same bytes alike within a second
			t.Errorf("another signature under the same number: %s", answer.Body)
		}
		certs := d.Fetch(p)
		if len(certs) != 2 || c.Status(p.Number) != api.StatusIssued {
			t.Fatalf("%d certificates, the application is %s", len(certs), c.Status(p.Number))
		}
		// The same again, on another kiosk.
		q := reissue(z, other, 1, z.Code(other, z.Session(other), registry.KindReissue), centretest.Key(4), centretest.Key(5))
		if answer := z.File(other, q, 1); code(answer.Body) != api.ErrorCodeAlreadyReissued {
			t.Errorf("a key that was reissued already: %s", answer.Body)
		}
		for _, cert := range certs {
			if err := c.RevokeCertificate(t.Context(), centretest.Serial(cert), ""); err != nil {
				t.Fatal(err)
			}
		}
		if answer := z.File(other, q, 1); answer.JSON200 == nil {
			t.Errorf("after what came of it was revoked: %s", answer.Body)
		}
		r := reissue(z, d, 3, z.Code(d, z.Session(d), registry.KindReissue), centretest.Key(6), centretest.Key(7))
		if answer := z.File(d, r, 1); code(answer.Body) != api.ErrorCodeAlreadyFiled {
			t.Errorf("while one at another kiosk is not finished: %s", answer.Body)
		}
	})
}

func TestApplication_SignedByTheCitizenIsJudgedWhenItArrives(t *testing.T) {
	c, elsewhere := centretest.Start(t), centretest.Start(t)
	d := c.Enrol("hall")
	who := centretest.Person(centretest.IINAigerim)
	z := d.Citizen(who, 1, centretest.Key(0), centretest.Key(1))
	bolat := d.Citizen(centretest.Person(centretest.IINBolat), 2, centretest.Key(2), centretest.Key(3))
	foreign := elsewhere.Enrol("far").Citizen(who, 1, centretest.Key(0), centretest.Key(1))
	counter, now := uint64(10), time.Now()
	gost := func(change func(*registry.Application)) centretest.Paper {
		counter++
		return z.Paper(d, counter, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(int(counter))}, change)
	}
	at := func(when time.Time) func(*registry.Application) {
		return func(a *registry.Application) { a.CreatedAt = when.UTC().Truncate(time.Second) }
	}
	old := c.Forge(pki.TemplateSign, who, centretest.Key(0), now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	lost := c.Forge(pki.TemplateSign, who, centretest.Key(0), now.Add(-40*24*time.Hour), now.Add(24*time.Hour))
	young := c.Forge(pki.TemplateSign, who, centretest.Key(0), now.Add(2*time.Hour), now.Add(24*time.Hour))
	for name, test := range map[string]struct {
		p       centretest.Paper
		by      *centretest.Citizen
		key     int
		at      time.Time
		want    api.ErrorCode
		useless bool // no signature at all
	}{
		"nobody signed":                     {gost(nil), z, 1, now, api.ErrorCodeUnsigned, true},
		"the sign-in key":                   {gost(nil), z, 0, now, api.ErrorCodeNotSigningKey, false},
		"another person":                    {gost(nil), bolat, 1, now, api.ErrorCodeOtherPerson, false},
		"another authority":                 {gost(nil), foreign, 1, now, api.ErrorCodeKeyForeign, false},
		"backdated to when it was valid":    {gost(nil), old, 0, old.Certs[0].NotAfter.Add(-time.Second), api.ErrorCodeSignatureTime, false},
		"expired when it signed":            {gost(nil), c.Forge(pki.TemplateSign, who, centretest.Key(0), now.Add(-time.Hour), now.Add(-time.Minute)), 0, now, api.ErrorCodeKeyExpired, false},
		"a key not yet valid":               {gost(nil), young, 0, now, api.ErrorCodeKeyNotYetValid, false},
		"a key the ledger does not know":    {gost(nil), lost, 0, now, api.ErrorCodeKeyUnchecked, false},
		"in the future":                     {gost(at(now.Add(time.Hour))), z, 1, now.Add(time.Hour), api.ErrorCodeSignatureTime, false},
		"at another time than it says":      {gost(at(now.Add(-time.Hour))), z, 1, now, api.ErrorCodeSignatureTime, false},
		"longer ago than a kiosk can be so": {gost(at(now.Add(-31 * 24 * time.Hour))), lost, 0, now.Add(-31 * 24 * time.Hour), api.ErrorCodeSignatureStale, false},
		"a new one, signed":                 {d.PaperFor(who, 90, centretest.OnStick, pair, []crypto.Signer{centretest.Key(4), centretest.Key(5)}), z, 1, now, api.ErrorCodeBadRequest, false},
	} {
		var answer *api.PutApplicationResponse
		if test.useless {
			answer, _ = d.API.PutApplicationWithResponse(t.Context(), test.p.Number, api.Filing{Document: test.p.Document})
		} else {
			answer = d.FileSigned(test.p, signAny(t, test.by, test.key, test.p.Document, test.at))
		}
		if code(answer.Body) != test.want {
			t.Errorf("%s: %s, not %s", name, answer.Body, test.want)
		}
	}
	p := gost(nil)
	if answer := d.FileSigned(p, z.Sign(1, []byte("else"), now)); code(answer.Body) != api.ErrorCodeBadSignature {
		t.Errorf("a signature over other bytes: %s", answer.Body)
	}
	if answer := d.FileSigned(p, []byte("x")); code(answer.Body) != api.ErrorCodeBadSignature {
		t.Errorf("no signature: %s", answer.Body)
	}
	// It lay offline for two weeks; meanwhile the key was revoked.
	late := gost(at(now.Add(-time.Minute)))
	signature := z.Sign(1, late.Document, now)
	if err := c.RevokeCertificate(t.Context(), centretest.Serial(z.Certs[1]), "keyCompromise"); err != nil {
		t.Fatal(err)
	}
	if answer := d.FileSigned(late, signature); code(answer.Body) != api.ErrorCodeKeyRevoked {
		t.Errorf("by a key that was revoked meanwhile: %s", answer.Body)
	}
}

// signAny signs, if need be at a moment when the key's certificate was not valid, which SignDetached does not mind.
func signAny(t *testing.T, z *centretest.Citizen, key int, document []byte, at time.Time) []byte {
	t.Helper()
	return z.Sign(key, document, at)
}

// What was signed in time is taken although the key ran out while the kiosk had no line.
func TestApplication_IsTakenAfterItsKeyRanOutOffline(t *testing.T) {
	k := &clock{}
	c := centretest.StartWith(t, centretest.Options{Now: k.now})
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	p := z.Paper(d, 2, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(0)}, nil)
	signature := z.Sign(1, p.Document, time.Now())
	k.forward(29 * 24 * time.Hour)
	if answer := d.FileSigned(p, signature); answer.JSON200 == nil || answer.JSON200.Status != api.StatusConfirmed {
		t.Errorf("after 29 days: %s", answer.Body)
	}
	q := z.Paper(d, 3, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(1)}, nil)
	signature = z.Sign(1, q.Document, time.Now())
	k.forward(2 * 24 * time.Hour)
	if answer := d.FileSigned(q, signature); code(answer.Body) != api.ErrorCodeSignatureStale {
		t.Errorf("after 31 days: %s", answer.Body)
	}
}

func TestGOST_IsAskedForWithTheRSAKeyAndServesFromThen(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		p := z.Paper(d, 2, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(0)}, nil)
		if answer := z.File(d, p, 1); answer.JSON200 == nil {
			t.Fatalf("filing: %s", answer.Body)
		}
		q := z.Paper(d, 3, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(1)}, nil)
		if answer := z.File(d, q, 1); code(answer.Body) != api.ErrorCodeAlreadyFiled {
			t.Errorf("while the first is not finished: %s", answer.Body)
		}
		z.Certs, z.Keys = append(z.Certs, d.Fetch(p)...), append(z.Keys, p.Keys...)
		if in := z.SignIn(d, 2); in.JSON200 == nil {
			t.Errorf("signing in with it: %s", in.Body)
		}
		if answer := z.File(d, q, 2); answer.JSON200 == nil {
			t.Errorf("signing with it: %s", answer.Body)
		}
		wrong := z.Paper(d, 4, registry.KindGOST, centretest.OnStick, pair, []crypto.Signer{centretest.Key(4), centretest.Key(5)}, nil)
		if answer := z.File(d, wrong, 1); answer.JSON200 != nil {
			t.Error("RSA keys were given for an application for GOST")
		}
	})
}

func TestSystem_IsTheOwnersOnly(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		systems := func() []api.System {
			t.Helper()
			answer, err := d.API.ListOwnSystemsWithResponse(t.Context(), &api.ListOwnSystemsParams{XCitizenSession: z.Session(d)})
			if err != nil || answer.JSON200 == nil {
				t.Fatalf("systems: %v %s", err, answer.Body)
			}
			return answer.JSON200.Items
		}
		if got := systems(); len(got) != 0 {
			t.Errorf("before any is registered: %+v", got)
		}
		name := registry.Words{KK: "Жүйе", RU: "Система", EN: "System"}
		for oid, iin := range map[string]string{"1.2.398.9.1": z.IIN, "1.2.398.9.2": centretest.IINBolat} {
			if err := c.AddSystem(t.Context(), centre.SystemRow{OID: oid, IIN: iin, Name: name}); err != nil {
				t.Fatal(err)
			}
		}
		if got := systems(); len(got) != 1 || got[0].Oid != "1.2.398.9.1" || got[0].Name.Kk != "Жүйе" {
			t.Errorf("systems: %+v", got)
		}
		paper := func(counter uint64, oid string, on registry.Storage) centretest.Paper {
			return z.Paper(d, counter, registry.KindSystem, on, []registry.Template{registry.TemplateSystem}, []crypto.Signer{centretest.Key(2)},
				func(a *registry.Application) { a.System = oid })
		}
		for i, oid := range []string{"1.2.398.9.2", "1.2.398.9.3"} {
			if answer := z.File(d, paper(uint64(10+i), oid, centretest.OnStick), 1); code(answer.Body) != api.ErrorCodeNoSystem {
				t.Errorf("%s: %s", oid, answer.Body)
			}
		}
		if answer := z.File(d, paper(12, "1.2.398.9.1", registry.Storage{Kind: registry.StorageKaztoken}), 1); answer.JSON200 != nil {
			t.Error("it was given on a token, which the directory does not offer")
		}
		p := paper(13, "1.2.398.9.1", centretest.OnStick)
		if answer := z.File(d, p, 1); answer.JSON200 == nil {
			t.Fatalf("filing: %s", answer.Body)
		}
		cert := d.Fetch(p)[0]
		if template, _ := pki.DefaultProfiles().TemplateOf(cert); template != pki.TemplateSystem {
			t.Errorf("the certificate is of the template %q", template)
		}
	})
}

func TestKinds_StaffLookWhereTheDirectorySaysSo(t *testing.T) {
	c := centretest.Start(t)
	directory := registry.Default()
	directory.Version = "2026-12-01"
	for i := range directory.Kinds {
		directory.Kinds[i].Staff = directory.Kinds[i].Kind == registry.KindGOST
	}
	data, err := directory.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ImportDirectory(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	p := z.Paper(d, 2, registry.KindGOST, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{centretest.GOSTKey(0)}, nil)
	if answer := z.File(d, p, 1); answer.JSON200 == nil || answer.JSON200.Status != api.StatusWaiting {
		t.Fatalf("filing: %s", answer.Body)
	}
	staff := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
	decision, signature := staff.Decide(p, "")
	if status, no := decide(t, d, decision, signature); status != api.StatusConfirmed {
		t.Errorf("decided: %q %q", status, no)
	}
	if len(d.Fetch(p)) != 1 {
		t.Error("no certificate after staff confirmed")
	}
}
