package app

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/tirkeu/kiosk/sync/registry"
)

// searchedLetters is the least of a name that the centre searches people by.
const searchedLetters = 3

// staffPeople searches the register for a person who stands at the desk.
type staffPeople struct {
	query string
	asked bool // query was asked, found is the answer
	found []Person
}

func (*staffPeople) name() string { return "staff.people" }
func (s *staffPeople) view(k *Kiosk) any {
	v := StaffPeopleScreen{Operator: k.ses.staff.operator.Name, Query: s.query, Asked: s.asked, Items: []PersonItem{}}
	for _, p := range s.found {
		v.Items = append(v.Items, PersonItem{Name: fullName(p.Name), IIN: maskedIIN(p.IIN)})
	}
	return v
}

func (s *staffPeople) act(k *Kiosk, action string, args []byte) *fault {
	if k.staffTab(action) {
		return nil
	}
	switch action {
	case "staff.find":
		var a SearchArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		return s.find(k, tidy(a.Query))
	case "staff.person":
		var a PersonArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		if a.Person < 0 || a.Person >= len(s.found) {
			return &fault{code: CodeStaffQuery}
		}
		k.openPerson(s, s.found[a.Person].IIN)
	}
	return nil
}

// find asks the centre. Who is found by his whole IIN is opened at once; the register need not have him then: it is enough that
// certificates were issued to him.
func (s *staffPeople) find(k *Kiosk, query string) *fault {
	digits := strings.ReplaceAll(query, " ", "")
	if registry.CheckIIN(digits) == nil {
		k.openPerson(&staffPeople{query: query}, digits)
		return nil
	}
	if strings.Trim(digits, "0123456789") == "" && digits != "" {
		return iinFault(digits)
	}
	if utf8.RuneCountInString(query) < searchedLetters {
		return &fault{code: CodeStaffQuery}
	}
	id, joined := k.ses.staff.operator.Session, k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		found, err := limited(ctx, func(ctx context.Context) ([]Person, error) { return joined.Line.SearchPeople(ctx, id, query) })
		return func() {
			if err != nil {
				k.staffFault(err)
				return
			}
			k.at = &staffPeople{query: query, asked: true, found: found}
		}
	})
	return nil
}

// openPerson shows one person with all that is his. Under the lock.
func (k *Kiosk) openPerson(from *staffPeople, iin string) {
	id, joined := k.ses.staff.operator.Session, k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		file, err := limited(ctx, func(ctx context.Context) (PersonFile, error) { return joined.Line.OpenPerson(ctx, id, iin) })
		return func() {
			switch {
			case errors.Is(err, ErrUnknown):
				k.fail(&fault{code: CodePersonUnknown})
			case err != nil:
				k.staffFault(err)
			default:
				k.at = &staffPerson{file: file, from: from}
			}
		}
	})
}

// staffPerson shows a person, his certificates and his applications; nothing of it can be changed here.
type staffPerson struct {
	file PersonFile
	from *staffPeople
}

func (*staffPerson) name() string        { return "staff.person" }
func (s *staffPerson) back(*Kiosk) state { return s.from }
func (s *staffPerson) view(k *Kiosk) any {
	p := s.file.Profile
	v := StaffPersonScreen{
		Name: fullName(p.Name), Own: s.own(k), CanRevoke: len(s.revocable()) > 0 && !s.own(k), Applications: []PersonApplication{},
		Rows: []Row{
			{Label: k.text("label.iin"), Value: spacedIIN(p.IIN)},
			{Label: k.text("label.name"), Value: fullName(p.Name), Differs: !p.Registered},
		},
		Certificates: k.personCertificates(s.file.Certificates),
	}
	for _, a := range s.file.Applications {
		v.Applications = append(v.Applications, PersonApplication{
			Number: registry.FormatNumber(a.Number), Kind: k.text("work.kind." + string(a.Kind)), Status: k.text("status." + string(a.Status)), At: k.moment(a.CreatedAt),
		})
	}
	return v
}

func (s *staffPerson) own(k *Kiosk) bool { return s.file.Profile.IIN == k.ses.staff.operator.IIN }

// standings are what the centre says of a certificate; the words are under "work.standing".
var standings = []string{"good", "revoked", "expired", "not_yet_valid"}

func (k *Kiosk) personCertificates(list []OwnCertificate) []PersonCertificate {
	out := []PersonCertificate{}
	for _, c := range list {
		card := PersonCertificate{
			Title: k.text("template." + known(string(c.Template))), Serial: c.Ref.Serial, State: c.Standing, StateText: k.text("work.standing." + c.Standing),
			NotBefore: k.date(c.NotBefore), NotAfter: k.date(c.NotAfter),
		}
		if c.Number != "" {
			card.Number = registry.FormatNumber(c.Number)
		}
		out = append(out, card)
	}
	return out
}

// revocable are the certificates that still mean something.
func (s *staffPerson) revocable() []OwnCertificate {
	var out []OwnCertificate
	for _, c := range s.file.Certificates {
		if c.Standing == "good" || c.Standing == "not_yet_valid" {
			out = append(out, c)
		}
	}
	return out
}

func (s *staffPerson) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "staff.revoke":
		switch {
		case s.own(k):
			return &fault{code: CodeOwnRevoke}
		case len(s.revocable()) == 0:
			return &fault{code: CodeNothingToRevoke}
		}
		k.at = &staffRevoke{person: s}
	case "staff.people":
		k.at = s.from
	}
	return nil
}
