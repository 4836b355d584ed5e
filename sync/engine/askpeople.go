package engine

import (
	"context"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Person is a person as staff find him.
type Person struct {
	IIN  string
	Name registry.Name
}

// PersonFile is one person with all that is his.
type PersonFile struct {
	Profile      Profile
	Applications []OwnItem
	Certificates []OwnCertificate
}

// DayReport is what happened at this kiosk's centre on a day; it names staff and, of citizens, numbers of applications only.
type DayReport struct {
	Day                                        string // 2026-11-22, in the time of Kazakhstan
	Centre                                     registry.Words
	Filed, Decided, Issued, Installed, Revoked int // applications, applications, certificates, applications, certificates
	Rows                                       []ReportRow
	Decisions                                  []ReportOperator
}

// ReportRow is an application that arrived or was decided on the day.
type ReportRow struct {
	Number             string
	Kind               registry.Kind
	Storage            registry.StorageKind
	Status             registry.Status
	Device             string // prefix
	FiledAt, DecidedAt time.Time
	Operator           string // name of who decided; "" where nobody of staff did
	Reason             string
}

// ReportOperator is what an operator decided.
type ReportOperator struct {
	Operator            string
	Confirmed, Rejected int
}

// SearchPeople finds people by IIN or at least three letters of a name, 50 at most. *api.Error: bad_request, rate_limited, not_operator.
func (l *Line) SearchPeople(ctx context.Context, staff, query string) ([]Person, error) {
	r, err := l.rest.SearchPeopleWithResponse(ctx, &api.SearchPeopleParams{XStaffSession: staff}, api.PeopleQuery{Query: query})
	if err != nil {
		return nil, explain(ctx, err)
	}
	list, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	people := make([]Person, 0, len(list.Items))
	for _, p := range list.Items {
		people = append(people, Person{IIN: p.Iin, Name: nameIn(p)})
	}
	return people, err
}

// OpenPerson gives one person with certificates and applications. *api.Error: not_found, rate_limited, not_operator.
func (l *Line) OpenPerson(ctx context.Context, staff, iin string) (PersonFile, error) {
	r, err := l.rest.OpenPersonWithResponse(ctx, &api.OpenPersonParams{XStaffSession: staff}, api.PersonQuery{Iin: iin})
	if err != nil {
		return PersonFile{}, explain(ctx, err)
	}
	p, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return PersonFile{}, err
	}
	if p.Profile.Person.Iin != iin {
		return PersonFile{}, garbage("the answer is about another person")
	}
	items, err := itemsIn(p.Applications)
	return PersonFile{Profile: profileIn(p.Profile), Applications: items, Certificates: certificatesIn(p.Certificates)}, err
}

// OrderRevocation has certificates revoked for who has lost every key: order is registry.RevocationOrder, cms the operator's
// signature over it. The same bytes may be handed in again. *api.Error: not_operator, own_application, already_revoked,
// already_decided, other_person (no certificate of this person), not_offered (the reason), bad_request.
func (l *Line) OrderRevocation(ctx context.Context, order, cms []byte) (serials []string, err error) {
	r, err := l.rest.OrderRevocationWithResponse(ctx, api.SignedOrder{Order: order, Signature: cms})
	if err != nil {
		return nil, explain(ctx, err)
	}
	o, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return o.Serials, err
}

// DayReport gives the report of a day, as 2026-11-22. *api.Error: bad_request, not_operator.
func (l *Line) DayReport(ctx context.Context, staff, day string) (DayReport, error) {
	r, err := l.rest.GetDayReportWithResponse(ctx, day, &api.GetDayReportParams{XStaffSession: staff})
	if err != nil {
		return DayReport{}, explain(ctx, err)
	}
	d, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return DayReport{}, err
	}
	out := DayReport{Day: d.Day, Centre: wordsIn(d.Centre.Name), Filed: d.Filed, Decided: d.Decided, Issued: d.Issued, Installed: d.Installed, Revoked: d.Revoked}
	for _, w := range d.Rows {
		out.Rows = append(out.Rows, ReportRow{Number: w.Number, Kind: registry.Kind(w.Kind), Storage: registry.StorageKind(w.Storage), Status: registry.Status(w.Status),
			Device: w.Device, FiledAt: w.FiledAt, DecidedAt: value(w.DecidedAt), Operator: value(w.Operator), Reason: value(w.Reason)})
	}
	for _, o := range d.Decisions {
		out.Decisions = append(out.Decisions, ReportOperator{Operator: o.Operator, Confirmed: o.Confirmed, Rejected: o.Rejected})
	}
	return out, nil
}
