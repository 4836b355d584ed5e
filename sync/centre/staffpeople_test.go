package centre_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

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

// Whoever asks the register about others leaves a trace for each of them, found or not.
func TestLookup_LeavesATraceForEachPersonAskedAbout(t *testing.T) {
	c := centretest.Start(t)
	p := centretest.Person(centretest.IINAigerim)
	c.AddPerson(p.IIN, p.Surname, p.Given, p.Patronymic)
	d := c.Enrol("hall")
	for _, iin := range []string{centretest.IINAigerim, centretest.IINBolat} {
		_, err := d.API.LookupPersonWithResponse(t.Context(), api.PersonQuery{Iin: iin})
		if err != nil {
			t.Fatal(err)
		}
	}
	var lines strings.Builder
	if _, err := c.VerifyAudit(t.Context(), &lines); err != nil {
		t.Fatal(err)
	}
	for _, iin := range []string{centretest.IINAigerim, centretest.IINBolat} {
		traced := false
		for line := range strings.Lines(lines.String()) {
			traced = traced || strings.Contains(line, "person-looked-up") && strings.Contains(line, "iin:"+iin)
		}
		if !traced {
			t.Errorf("no trace of the question about %s", iin)
		}
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
