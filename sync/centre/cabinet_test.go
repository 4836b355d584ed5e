package centre_test

import (
	"crypto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/registry"
)

func own(t *testing.T, d *centretest.Device, session string, params api.ListOwnApplicationsParams) []api.OwnItem {
	t.Helper()
	params.XCitizenSession = session
	answer, err := d.API.ListOwnApplicationsWithResponse(t.Context(), &params)
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("applications: %v %s", err, answer.Body)
	}
	return answer.JSON200.Items
}

func TestOwnCertificates_SayHowTheyCameToBeAndHowTheyStand(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		session := z.Session(d)
		p := reissue(z, d, 2, z.Code(d, session, registry.KindReissue), centretest.Key(2), centretest.Key(3))
		if answer := z.File(d, p, 1); answer.JSON200 == nil {
			t.Fatalf("filing: %s", answer.Body)
		}
		made := d.Fetch(p)
		if err := c.RevokeCertificate(t.Context(), centretest.Serial(made[0]), "superseded"); err != nil {
			t.Fatal(err)
		}
		if got := listed(t, d, session, z.Certs[0]); got.How != api.OwnCertificateHowStaff || got.Family != api.FamilyRsa || got.Storage != "kaztoken" || string(got.Issuer) != string(z.Certs[0].RawIssuer) {
			t.Errorf("after staff: %+v", got)
		}
		if got := listed(t, d, session, made[0]); got.How != api.OwnCertificateHowReissue || got.Status != api.StandingRevoked || *got.Reason != 4 {
			t.Errorf("reissued and revoked: %+v", got)
		}
		for status, want := range map[api.Standing]int{api.StandingGood: 3, api.StandingRevoked: 1, api.StandingExpired: 0} {
			list, err := d.API.ListOwnCertificatesWithResponse(t.Context(), &api.ListOwnCertificatesParams{XCitizenSession: session, Status: &status})
			if err != nil || list.JSON200 == nil || len(list.JSON200.Items) != want {
				t.Errorf("%s: %v %s", status, err, list.Body)
			}
		}
		detail, err := d.API.GetOwnApplicationWithResponse(t.Context(), p.Number, &api.GetOwnApplicationParams{XCitizenSession: session})
		if err != nil || detail.JSON200 == nil || *detail.JSON200.By != api.OwnApplicationBySelf || !*detail.JSON200.Signed || len(detail.JSON200.Certificates) != 2 || string(*detail.JSON200.Document) != string(p.Document) {
			t.Errorf("the reissue in full: %v %s", err, detail.Body)
		}
		kind := api.KindReissue
		if items := own(t, d, session, api.ListOwnApplicationsParams{Kind: &kind}); len(items) != 1 || items[0].Number != p.Number || items[0].Status != api.StatusIssued {
			t.Errorf("reissues: %+v", items)
		}
	})
}

func TestTakeUp_GivesAnotherKioskWhatItTakesAgainstAProof(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		bolat := d.Citizen(centretest.Person(centretest.IINBolat), 9, centretest.Key(4), centretest.Key(5))
		who := centretest.Person(centretest.IINAigerim)
		p := d.PaperFor(who, 1, centretest.OnStick, []registry.Template{registry.TemplateAuth, registry.TemplateSign, registry.TemplateGOST},
			[]crypto.Signer{centretest.Key(0), centretest.Key(1), centretest.GOSTKey(0)})
		seal := []byte("0123456789abcdef0123456789abcdef")
		if status, no := put(t, d, p.Number, api.Filing{Document: p.Document, SealKey: &seal}); status != api.StatusWaiting {
			t.Fatalf("filing: %q %q", status, no)
		}
		take := func(params api.TakeInstallationUpParams, keys ...string) (*api.TakenUp, api.ErrorCode) {
			t.Helper()
			in := api.TakeUp{Number: p.Number}
			if keys != nil {
				in.Keys = &keys
			}
			answer, err := other.API.TakeInstallationUpWithResponse(t.Context(), &params, in)
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, code(answer.Body)
		}
		right := p.Application.Keys[2].SPKISHA256
		if _, no := take(api.TakeInstallationUpParams{}, right); no != api.ErrorCodeConflict {
			t.Errorf("before the certificates: %q", no)
		}
		open := ask(t, d, p)
		c.Approve(p.Number)
		for i, x := range open { // issued, and the first kiosk never confirms
			if answer, err := d.CMP(string(p.Application.Keys[i].Template)).Poll(t.Context(), x); err != nil || answer.Certificate == nil {
				t.Fatalf("polling: %v", err)
			}
		}
		theirs := bolat.Session(other)
		staff := session(t, other, c.Operator(centretest.Person(centretest.IINDana), centretest.Key(6)))
		none := "x"
		for name, test := range map[string]struct {
			params api.TakeInstallationUpParams
			keys   []string
			want   api.ErrorCode
		}{
			"no proof":                {api.TakeInstallationUpParams{}, nil, api.ErrorCodeOtherPerson},
			"another key":             {api.TakeInstallationUpParams{}, []string{strings.Repeat("0a", 32)}, api.ErrorCodeOtherPerson},
			"another person":          {api.TakeInstallationUpParams{XCitizenSession: &theirs}, nil, api.ErrorCodeOtherPerson},
			"a session that is none":  {api.TakeInstallationUpParams{XCitizenSession: &none}, []string{right}, api.ErrorCodeSessionOver},
			"staff that are none":     {api.TakeInstallationUpParams{XStaffSession: &none}, []string{right}, api.ErrorCodeUnauthenticated},
			"a key of the medium":     {api.TakeInstallationUpParams{}, []string{"aa", right}, ""},
			"staff of the same place": {api.TakeInstallationUpParams{XStaffSession: &staff}, nil, ""},
		} {
			taken, no := take(test.params, test.keys...)
			if no != test.want {
				t.Errorf("%s: %q, not %q", name, no, test.want)
			}
			if taken != nil && (string(taken.Document) != string(p.Document) || len(taken.Keys) != 3 || len(taken.Chain) != 2 || taken.SealKey == nil || string(*taken.SealKey) != string(seal)) {
				t.Errorf("%s: %+v", name, taken)
			}
		}
		if bare, err := other.API.GetSealWithResponse(t.Context(), p.Number); err != nil || code(bare.Body) != api.ErrorCodeOtherPerson {
			t.Errorf("the seal key by the number alone: %v %s", err, bare.Body)
		}
		taken, _ := take(api.TakeInstallationUpParams{}, right)
		mine := c.Taken(who, p.Keys, taken.Keys[0].Certificate, taken.Keys[1].Certificate, taken.Keys[2].Certificate)
		self := mine.Session(other)
		if _, no := take(api.TakeInstallationUpParams{XCitizenSession: &self}); no != "" {
			t.Errorf("by his own session: %q", no)
		}
		// Installed there, the certificates are not revoked for want of a confirmation from here.
		done, err := other.API.MarkInstalledWithResponse(t.Context(), p.Number, api.Installation{At: time.Now(), Certificates: []string{centretest.Serial(mine.Certs[0])}})
		if err != nil || done.JSON200 == nil || done.JSON200.Status != api.StatusInstalled {
			t.Fatalf("installing: %v %s", err, done.Body)
		}
		k.forward(91 * 24 * time.Hour)
		if err := c.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows, err := c.Certificates(t.Context(), who.IIN)
		if err != nil || len(rows) != 3 || slices.ContainsFunc(rows, func(r centre.CertificateRow) bool { return r.RevokedAt != nil }) {
			t.Errorf("three months later: %+v %v", rows, err)
		}
	})
}

// cabinetCalls walks the calls of the cabinet once, for the contract to look at each answer: with everything in the lists
// that can be there.
func cabinetCalls(t *testing.T, c *centretest.Centre, d *centretest.Device, staff *centretest.Operator, h string) {
	t.Helper()
	ctx := t.Context()
	must := func(status int, body []byte, err error) {
		t.Helper()
		if err != nil || status/100 != 2 {
			t.Fatalf("status %d, %v: %s", status, err, body)
		}
	}
	person(t, c, centretest.IINBolat)
	z := d.Citizen(centretest.Person(centretest.IINBolat), 50, centretest.Key(10), centretest.Key(11))
	web := onWeb(t, c, z.IIN)
	if err := c.AddSystem(ctx, centre.SystemRow{OID: "1.2.398.9.1", IIN: z.IIN, Name: registry.Words{KK: "Ж", RU: "С", EN: "S"}}); err != nil {
		t.Fatal(err)
	}
	session := z.Session(d)
	set, err := d.API.PutProfileWithResponse(ctx, &api.PutProfileParams{XCitizenSession: session}, api.ProfileChange{Email: "b@example.kz", Notices: true})
	must(set.StatusCode(), set.Body, err)
	shown, err := d.API.GetProfileWithResponse(ctx, &api.GetProfileParams{XCitizenSession: session})
	must(shown.StatusCode(), shown.Body, err)
	sent, err := d.API.AskCodeWithResponse(ctx, &api.AskCodeParams{XCitizenSession: session}, api.CodeQuery{Kind: api.KindReissue})
	must(sent.StatusCode(), sent.Body, err)
	wrong, err := d.API.VerifyCodeWithResponse(ctx, sent.JSON200.Id, &api.VerifyCodeParams{XCitizenSession: session}, api.CodeTold{Code: wrongFor(c.LastCode())})
	if err != nil || code(wrong.Body) != api.ErrorCodeCodeWrong {
		t.Errorf("a wrong code: %v %s", err, wrong.Body)
	}
	told, err := d.API.VerifyCodeWithResponse(ctx, sent.JSON200.Id, &api.VerifyCodeParams{XCitizenSession: session}, api.CodeTold{Code: c.LastCode()})
	must(told.StatusCode(), told.Body, err)
	p := reissue(z, d, 51, sent.JSON200.Id, centretest.Key(12), centretest.Key(13))
	filed := z.File(d, p, 1)
	must(filed.StatusCode(), filed.Body, nil)
	made := d.Fetch(p)
	ordered, err := d.API.OrderRevocationWithResponse(ctx, order(t, staff, z.IIN, "medium-lost", z.Ref(0)))
	must(ordered.StatusCode(), ordered.Body, err)
	// With the key the session that it opened has ended too.
	if _, no := profile(t, d, session); no != api.ErrorCodeSessionOver {
		t.Errorf("after staff revoked the key: %q", no)
	}
	session = c.Taken(z.Person, p.Keys, made[0].Raw, made[1].Raw).Session(d)
	gone := z.Revocation(d, 52, "replaced", z.Ref(1))
	filed = z.File(d, gone, 1)
	must(filed.StatusCode(), filed.Body, nil)
	if err := d.Revoke(z.Ref(1), 4); err != nil {
		t.Fatal(err)
	}
	list, err := d.API.ListOwnApplicationsWithResponse(ctx, &api.ListOwnApplicationsParams{XCitizenSession: session})
	must(list.StatusCode(), list.Body, err)
	for _, number := range []string{web, p.Number, gone.Number, z.Number} {
		one, err := d.API.GetOwnApplicationWithResponse(ctx, number, &api.GetOwnApplicationParams{XCitizenSession: session})
		must(one.StatusCode(), one.Body, err)
	}
	certs, err := d.API.ListOwnCertificatesWithResponse(ctx, &api.ListOwnCertificatesParams{XCitizenSession: session})
	must(certs.StatusCode(), certs.Body, err)
	systems, err := d.API.ListOwnSystemsWithResponse(ctx, &api.ListOwnSystemsParams{XCitizenSession: session})
	must(systems.StatusCode(), systems.Body, err)
	taken, err := d.API.TakeInstallationUpWithResponse(ctx, &api.TakeInstallationUpParams{XCitizenSession: &session}, api.TakeUp{Number: p.Number})
	must(taken.StatusCode(), taken.Body, err)
	again, err := d.API.AskCodeWithResponse(ctx, &api.AskCodeParams{XCitizenSession: session}, api.CodeQuery{Kind: api.KindReissue})
	must(again.StatusCode(), again.Body, err)
	soon, err := d.API.ResendCodeWithResponse(ctx, again.JSON200.Id, &api.ResendCodeParams{XCitizenSession: session})
	if err != nil || code(soon.Body) != api.ErrorCodeCodeLimit {
		t.Errorf("sent again at once: %v %s", err, soon.Body)
	}
	people, err := d.API.SearchPeopleWithResponse(ctx, &api.SearchPeopleParams{XStaffSession: h}, api.PeopleQuery{Query: "Оспанов"})
	must(people.StatusCode(), people.Body, err)
	file, err := d.API.OpenPersonWithResponse(ctx, &api.OpenPersonParams{XStaffSession: h}, api.PersonQuery{Iin: z.IIN})
	must(file.StatusCode(), file.Body, err)
	day, err := d.API.GetDayReportWithResponse(ctx, time.Now().In(time.FixedZone("", 5*3600)).Format(time.DateOnly), &api.GetDayReportParams{XStaffSession: h})
	must(day.StatusCode(), day.Body, err)
	out, err := d.API.CloseCitizenSessionWithResponse(ctx, &api.CloseCitizenSessionParams{XCitizenSession: session})
	must(out.StatusCode(), out.Body, err)
}
