package app

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// staffRevoke is the order to revoke certificates of a person who has lost every key and can sign nothing himself: which, why,
// and the identity document that was checked. The operator signs it on the staff token.
type staffRevoke struct{ person *staffPerson }

func (*staffRevoke) name() string        { return "staff.revoke" }
func (s *staffRevoke) back(*Kiosk) state { return s.person }
func (s *staffRevoke) view(k *Kiosk) any {
	v := StaffRevokeScreen{
		Name: fullName(s.person.file.Profile.Name), IIN: spacedIIN(s.person.file.Profile.IIN), Reasons: []Choice{}, Documents: k.documents(),
		Certificates: k.personCertificates(s.person.revocable()), Most: registry.KeysMax,
	}
	for _, r := range k.directory().RevocationReasons { // staff may give any
		v.Reasons = append(v.Reasons, Choice{Code: r.Code, Name: r.Text.In(string(k.lang))})
	}
	return v
}

func (s *staffRevoke) act(k *Kiosk, action string, args []byte) *fault {
	if action != "staff.order" {
		return nil
	}
	var a OrderArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	chosen, f := s.chosen(a.Certificates)
	if f != nil {
		return f
	}
	document, note := registry.Document{Type: a.Document.Type, Number: tidy(a.Document.Number)}, tidy(a.Note)
	_, known := k.directory().RevocationReason(a.Reason)
	switch {
	case !known || len(note) > 1000:
		return &fault{code: CodeReason}
	case choice(k.documents(), document.Type) == "" || document.Number == "" || len(document.Number) > 40:
		return &fault{code: CodeDocument}
	case s.person.own(k):
		return &fault{code: CodeOwnRevoke}
	}
	order := registry.RevocationOrder{
		Version: registry.DocumentVersion, IIN: s.person.file.Profile.IIN, Reason: a.Reason, Note: note, Document: document,
		Device: k.joined.Device, At: k.cfg.Now().UTC().Truncate(time.Second),
	}
	for _, c := range chosen {
		order.Certificates = append(order.Certificates, c.Ref)
	}
	s.order(k, order, chosen)
	return nil
}

// chosen are the certificates that were ticked.
func (s *staffRevoke) chosen(ticked []int) ([]OwnCertificate, *fault) {
	all := s.person.revocable()
	var out []OwnCertificate
	seen := map[int]bool{}
	for _, n := range ticked {
		if n < 0 || n >= len(all) || seen[n] {
			return nil, &fault{code: CodeRevokeChoice, params: []any{"Count", registry.KeysMax}}
		}
		seen[n] = true
		out = append(out, all[n])
	}
	if len(out) == 0 || len(out) > registry.KeysMax {
		return nil, &fault{code: CodeRevokeChoice, params: []any{"Count", registry.KeysMax}}
	}
	return out, nil
}

// order signs on the staff token, has the centre obey, and looks what others are told of the certificates now. Under the lock.
func (s *staffRevoke) order(k *Kiosk, order registry.RevocationOrder, chosen []OwnCertificate) {
	mode, open, joined := k.ses.staff, k.ses.open, k.joined
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, ses *session) func() {
		err := k.sendOrder(ctx, joined, open, mode, order)
		done := &staffRevoked{person: s.person}
		if err == nil {
			k.log.Info("revocation ordered", "session", ses.id, "certificates", len(chosen))
			done.seen = k.seenRevoked(ctx, joined, chosen)
		}
		return func() {
			switch {
			case errors.Is(err, ErrOwn):
				k.fail(&fault{code: CodeOwnRevoke, err: err})
			case err != nil:
				k.staffFault(err)
			default:
				done.certificates = k.personCertificates(chosen)
				k.at = done
			}
		}
	})
}

func (k *Kiosk) sendOrder(ctx context.Context, joined *Joined, open *opened, mode *staffMode, order registry.RevocationOrder) error {
	document, err := order.Encode()
	if err != nil {
		return err
	}
	cms, err := k.sign(ctx, open, mode, document)
	if err != nil {
		return err
	}
	_, err = limited(ctx, func(ctx context.Context) ([]string, error) { return joined.Line.OrderRevocation(ctx, document, cms) })
	return err
}

// seenRevoked asks, as anybody would, whether the certificates are revoked.
func (k *Kiosk) seenRevoked(ctx context.Context, joined *Joined, list []OwnCertificate) []bool {
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	var out []bool
	for _, c := range list {
		cert, err := x509.ParseCertificate(c.DER)
		out = append(out, err == nil && joined.Line.Standing(ctx, cert, nil).Revocation == pki.Revoked)
	}
	return out
}

// staffRevoked says what is revoked, and whether others are told of it already.
type staffRevoked struct {
	person       *staffPerson
	certificates []PersonCertificate
	seen         []bool
}

func (*staffRevoked) name() string { return "staff.revoked" }
func (s *staffRevoked) view(k *Kiosk) any {
	v := StaffRevokedScreen{Name: fullName(s.person.file.Profile.Name), Items: []RevokedItem{}}
	for n, c := range s.certificates {
		item := RevokedItem{Title: c.Title, Serial: c.Serial, Seen: s.seen[n], Text: k.text("work.revoked.pending")}
		if item.Seen {
			item.Text = k.text("work.revoked.seen")
		}
		v.Items = append(v.Items, item)
	}
	return v
}

func (s *staffRevoked) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "staff.back":
		k.openPerson(s.person.from, s.person.file.Profile.IIN)
	case "staff.queue":
		k.staffTab(action)
	}
	return nil
}
