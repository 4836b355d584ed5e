package centre_test

import (
	"crypto"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// onWeb files an application as the web does.
func onWeb(t *testing.T, c *centretest.Centre, iin string) string {
	t.Helper()
	data, err := json.Marshal(centre.WebRequest{IIN: iin, Surname: "Әбдіқалықова", Given: "Айгерім", Email: "a@example.kz", Region: "almaty", Locality: "medeu", Storage: "stick", Set: "gost"})
	if err != nil {
		t.Fatal(err)
	}
	number, err := c.FileFromWeb(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// confirmation is the application by which a citizen confirms what he filed on the web; its key is made here.
func confirmation(z *centretest.Citizen, d *centretest.Device, number string, key crypto.Signer, change func(*registry.Application)) centretest.Paper {
	return z.Paper(d, 1, registry.KindNew, centretest.OnStick, []registry.Template{registry.TemplateGOST}, []crypto.Signer{key}, func(a *registry.Application) {
		a.Number = number
		if change != nil {
			change(a)
		}
	})
}

func own(t *testing.T, d *centretest.Device, session string, params api.ListOwnApplicationsParams) []api.OwnItem {
	t.Helper()
	params.XCitizenSession = session
	answer, err := d.API.ListOwnApplicationsWithResponse(t.Context(), &params)
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("applications: %v %s", err, answer.Body)
	}
	return answer.JSON200.Items
}

func TestWeb_IsConfirmedAtAKioskAndItsKeysAreMadeThere(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d, other := c.Enrol("hall"), c.Enrol("porch")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		bolat := d.Citizen(centretest.Person(centretest.IINBolat), 2, centretest.Key(2), centretest.Key(3))
		number := onWeb(t, c, z.IIN)
		session := z.Session(d)
		waiting := api.StatusWaiting
		items := own(t, d, session, api.ListOwnApplicationsParams{Status: &waiting})
		if len(items) != 1 || items[0].Number != number || items[0].Origin != api.OwnItemOriginWeb || items[0].Confirmable == nil || !*items[0].Confirmable || items[0].ExpiresAt == nil {
			t.Fatalf("waiting: %+v", items)
		}
		shown, err := d.API.GetOwnApplicationWithResponse(t.Context(), number, &api.GetOwnApplicationParams{XCitizenSession: session})
		if err != nil || shown.JSON200 == nil || shown.JSON200.Request == nil || shown.JSON200.Request.Set != "gost" || shown.JSON200.Document != nil {
			t.Fatalf("shown: %v %s", err, shown.Body)
		}
		if word, err := d.API.GetApplicationWithResponse(t.Context(), number); err != nil || word.JSON200 == nil || word.JSON200.Status != api.StatusWaiting {
			t.Errorf("by the number alone: %v %s", err, word.Body)
		}
		theirs, err := d.API.GetOwnApplicationWithResponse(t.Context(), number, &api.GetOwnApplicationParams{XCitizenSession: bolat.Session(d)})
		if err != nil || code(theirs.Body) != api.ErrorCodeNotFound {
			t.Errorf("another person sees %s", theirs.Body)
		}
		p := confirmation(z, d, number, centretest.GOSTKey(0), nil)
		if _, no := put(t, d, number, api.Filing{Document: p.Document}); no != api.ErrorCodeUnsigned {
			t.Errorf("confirmed by nobody: %q", no)
		}
		if answer := bolat.File(d, confirmation(bolat, d, number, centretest.GOSTKey(0), nil), 1); code(answer.Body) != api.ErrorCodeOtherPerson {
			t.Errorf("confirmed by another: %s", answer.Body)
		}
		token := registry.Storage{Kind: registry.StorageKaztoken}
		if answer := z.File(d, confirmation(z, d, number, centretest.GOSTKey(0), func(a *registry.Application) { a.Storage = token }), 1); answer.JSON200 != nil {
			t.Error("another storage than was asked for on the web was confirmed")
		}
		if answer := z.File(d, p, 1); answer.JSON200 == nil || answer.JSON200.Status != api.StatusConfirmed {
			t.Fatalf("confirming: %s", answer.Body)
		}
		if answer := z.File(other, confirmation(z, other, number, centretest.GOSTKey(1), nil), 1); code(answer.Body) != api.ErrorCodeAlreadyFiled {
			t.Errorf("confirmed at a second kiosk: %s", answer.Body)
		}
		cert := d.Fetch(p)[0]
		if got := listed(t, d, session, cert); got.How != api.OwnCertificateHowWeb || got.Family != api.FamilyGost || got.Storage != "stick" || got.Number != number || got.Status != api.StandingGood {
			t.Errorf("in the list: %+v", got)
		}
		if items := own(t, d, session, api.ListOwnApplicationsParams{}); len(items) != 2 || items[0].Number != number || items[0].Confirmable != nil || items[0].Origin != api.OwnItemOriginWeb {
			t.Errorf("afterwards: %+v", items)
		}
	})
}

func TestWeb_ExpiresUnconfirmed(t *testing.T) {
	k := &clock{}
	c := centretest.StartWith(t, centretest.Options{Now: k.now})
	d := c.Enrol("hall")
	z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	number := onWeb(t, c, z.IIN)
	k.forward(31 * 24 * time.Hour)
	if items := own(t, d, z.Session(d), api.ListOwnApplicationsParams{}); len(items) != 2 || items[0].Status != api.StatusExpired && items[1].Status != api.StatusExpired {
		t.Errorf("after a month: %+v", items)
	}
	late := k.now().UTC().Truncate(time.Second)
	p := confirmation(z, d, number, centretest.GOSTKey(0), func(a *registry.Application) { a.CreatedAt = late })
	if answer := d.FileSigned(p, z.Sign(1, p.Document, late)); code(answer.Body) != api.ErrorCodeExpired {
		t.Errorf("confirming: %s", answer.Body)
	}
}

func TestFileFromWeb_RefusesWhatNoKioskCouldMake(t *testing.T) {
	c := centretest.Start(t)
	good := `{"iin":"` + centretest.IINAigerim + `","surname":"Ә","region":"almaty","locality":"medeu","storage":"stick","set":"rsa"}`
	if _, err := c.FileFromWeb(t.Context(), []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{"IIN": {"900101400013", "900101400014"}, "place": {"medeu", "nowhere"}, "storage": {"stick", "cloud"}, "set": {`"rsa"`, `"gold"`},
		"nobody": {`"surname":"Ә",`, ""}, "no JSON": {"{", ""}} {
		if _, err := c.FileFromWeb(t.Context(), []byte(strings.Replace(good, change[0], change[1], 1))); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
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

func TestStaff_FindAPersonWithAllThatIsHisAndAreHeldToARate(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		o.Rules = centre.DefaultRules()
		o.Rules.StaffPeople = centre.Limit{Burst: 7, Every: time.Hour}
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		person(t, c, centretest.IINAigerim)
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		staff := session(t, d, c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2)))
		search := func(query string) ([]api.Person, api.ErrorCode) {
			t.Helper()
			answer, err := d.API.SearchPeopleWithResponse(t.Context(), &api.SearchPeopleParams{XStaffSession: staff}, api.PeopleQuery{Query: query})
			if err != nil {
				t.Fatal(err)
			}
			if answer.JSON200 == nil {
				return nil, code(answer.Body)
			}
			return answer.JSON200.Items, ""
		}
		for query, want := range map[string]int{"ҚАЛЫҚ": 1, z.IIN: 1, "%%%": 0, "әбдіқалықова  айгерім": 1} {
			if found, no := search(query); len(found) != want {
				t.Errorf("%s finds %+v %s", query, found, no)
			}
		}
		if _, no := search("Ә "); no != api.ErrorCodeBadRequest {
			t.Errorf("one letter: %q", no)
		}
		open := func(iin string) (*api.PersonFile, api.ErrorCode) {
			t.Helper()
			answer, err := d.API.OpenPersonWithResponse(t.Context(), &api.OpenPersonParams{XStaffSession: staff}, api.PersonQuery{Iin: iin})
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, code(answer.Body)
		}
		if p, no := open(z.IIN); p == nil || len(p.Applications) != 1 || len(p.Certificates) != 2 || !p.Profile.Registered {
			t.Errorf("opened: %+v %s", p, no)
		}
		if _, no := open(centretest.IINBolat); no != api.ErrorCodeNotFound {
			t.Errorf("who is nowhere: %q", no)
		}
		if _, no := search("ҚАЛЫҚ"); no != api.ErrorCodeRateLimited {
			t.Errorf("the eighth time: %q", no)
		}
		staff = z.Session(d)
		if _, no := search("ҚАЛЫҚ"); no != api.ErrorCodeUnauthenticated {
			t.Errorf("with a citizen's session: %q", no)
		}
		var events []string
		var lines strings.Builder
		if _, err := c.VerifyAudit(t.Context(), &lines); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(lines.String()) {
			var e ledger.Event
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			events = append(events, e.Event)
		}
		for _, want := range []string{"people-searched", "person-opened", "citizen-entered"} {
			if !slices.Contains(events, want) {
				t.Errorf("the audit log has no %s", want)
			}
		}
	})
}

func TestDayReport_TellsTheDayWithoutNamesOfCitizens(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		z := d.Citizen(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		dana := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
		p := d.NewPaper(centretest.Person(centretest.IINBolat), 2, centretest.Key(3), centretest.Key(4))
		file(t, d, p)
		decision, signature := dana.Decide(p, "document-invalid")
		if _, no := decide(t, d, decision, signature); no != "" {
			t.Fatal(no)
		}
		if err := c.RevokeCertificate(t.Context(), centretest.Serial(z.Certs[0]), ""); err != nil {
			t.Fatal(err)
		}
		staff := session(t, d, dana)
		report := func(day string) (*api.DayReport, []byte) {
			t.Helper()
			answer, err := d.API.GetDayReportWithResponse(t.Context(), day, &api.GetDayReportParams{XStaffSession: staff})
			if err != nil {
				t.Fatal(err)
			}
			return answer.JSON200, answer.Body
		}
		today := time.Now().In(time.FixedZone("", 5*3600)).Format(time.DateOnly)
		r, body := report(today)
		if r == nil || r.Filed != 2 || r.Decided != 2 || r.Issued != 2 || r.Revoked != 1 || len(r.Rows) != 2 || len(r.Decisions) != 1 || r.Decisions[0].Rejected != 1 {
			t.Fatalf("today: %s", body)
		}
		if r.Rows[1].Reason == nil || *r.Rows[1].Reason != "document-invalid" || r.Rows[1].Operator == nil {
			t.Errorf("the rejected one: %+v", r.Rows[1])
		}
		for _, personal := range []string{z.IIN, z.Surname, centretest.IINBolat, "Оспанов"} {
			if strings.Contains(string(body), personal) {
				t.Errorf("it names %s", personal)
			}
		}
		if r, body := report("2020-01-01"); r == nil || r.Filed != 0 || len(r.Rows) != 0 {
			t.Errorf("another day: %s", body)
		}
		if r, _ := report("2020-13-01"); r != nil {
			t.Error("there is a thirteenth month")
		}
	})
}

func TestLookup_IsHeldToWhatADayNeeds(t *testing.T) {
	rules := centre.DefaultRules()
	rules.PeopleDay = centre.Limit{Burst: 3, Every: time.Hour}
	c := centretest.StartWith(t, centretest.Options{Rules: rules})
	d := c.Enrol("hall")
	for i := range 4 {
		answer, err := d.API.LookupPersonWithResponse(t.Context(), api.PersonQuery{Iin: centretest.IINAigerim})
		if err != nil || (code(answer.Body) == api.ErrorCodeRateLimited) != (i == 3) {
			t.Errorf("time %d: %v %s", i+1, err, answer.Body)
		}
	}
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
