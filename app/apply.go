package app

import (
	"context"
	"errors"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tirkeu/kiosk/sync/registry"
)

// applySteps draws the progress line of an application; each kind has steps of its own.
func applySteps(k *Kiosk, now string) *Progress {
	d := &draft{}
	if k.ses != nil {
		d = k.ses.draft
	}
	var first []string
	switch {
	case d.web != "":
	case d.asks() == registry.KindReissue:
		first = []string{"name", "email", "region"}
	case d.asks() == registry.KindSystem:
		first = []string{"system", "region"}
	case d.asks() == registry.KindGOST:
		first = []string{"info", "region"}
	default:
		first = []string{"iin", "name", "email", "region"}
	}
	all := append(first, "storage", "agreement", "pin", "keys", "summary")
	if d.onStick {
		all = slices.DeleteFunc(all, func(s string) bool { return s == "pin" })
	}
	if d.signed() {
		if k.asksCode() {
			all = append(all, "code")
		}
		all = append(all, "sign")
	}
	return line(now, append(all, "done")...)
}

// applyIIN asks for the IIN.
type applyIIN struct{}

func (*applyIIN) name() string             { return "apply.iin" }
func (*applyIIN) view(k *Kiosk) any        { return ApplyIINScreen{IIN: k.ses.draft.iin} }
func (*applyIIN) back(*Kiosk) state        { return &menu{} }
func (*applyIIN) steps(k *Kiosk) *Progress { return applySteps(k, "iin") }
func (*applyIIN) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.iin" {
		return nil
	}
	var a IINArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	iin := strings.TrimSpace(a.IIN)
	if f := iinFault(iin); f != nil {
		return f
	}
	d := k.ses.draft
	if registry.IINDateOdd(iin) && d.odd != iin {
		d.odd = iin
		return &fault{code: CodeIINDate}
	}
	ask, f := k.mayAsk(iin)
	if f != nil {
		return f
	}
	if d.iin != iin {
		d.iin, d.name, d.known = iin, registry.Name{}, false
	}
	if !ask {
		k.at = &applyName{}
		return nil
	}
	k.lookup(iin)
	return nil
}

func iinFault(iin string) *fault {
	err := registry.CheckIIN(iin)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, registry.ErrIINDigits):
		return &fault{code: CodeIINDigits}
	case errors.Is(err, registry.ErrIINLength):
		return &fault{code: CodeIINLength, params: []any{"Count", utf8.RuneCountInString(iin)}}
	default:
		return &fault{code: CodeIINCheck}
	}
}

// lookup asks the centre's register for the name. When the line does not give it, it is typed: the register's name wins
// later, and staff see the difference.
func (k *Kiosk) lookup(iin string) {
	joined := k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		ctx, cancel := context.WithTimeout(ctx, lookupWithin)
		defer cancel()
		name, err := joined.Line.Lookup(ctx, iin)
		return func() {
			d := k.ses.draft
			switch {
			case err == nil:
				name.Typed = false
				d.name, d.known = name, true
			case errors.Is(err, ErrUnknown):
				k.fail(&fault{code: CodeIINUnknown})
				return
			default:
				k.log.Info("name will be typed", "cause", err)
				if d.known {
					d.name = registry.Name{}
				}
				d.known = false
			}
			k.at = &applyName{}
		}
	})
}

// applyName shows the register's name, or asks for it when the line is down.
type applyName struct{}

func (*applyName) name() string { return "apply.name" }
func (*applyName) view(k *Kiosk) any {
	d := k.ses.draft
	return ApplyNameScreen{Known: d.known, Surname: d.name.Surname, Given: d.name.Given, Patronymic: d.name.Patronymic}
}
func (*applyName) back(k *Kiosk) state {
	if d := k.ses.draft; d.signed() {
		return d.from
	}
	return &applyIIN{}
}
func (*applyName) steps(k *Kiosk) *Progress { return applySteps(k, "name") }
func (*applyName) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.name" {
		return nil
	}
	d := k.ses.draft
	if !d.known {
		var a NameArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		name := registry.Name{Surname: tidy(a.Surname), Given: tidy(a.Given), Patronymic: tidy(a.Patronymic), Typed: true}
		if name.Surname == "" || name.Given == "" {
			return &fault{code: CodeName}
		}
		for _, part := range []string{name.Surname, name.Given, name.Patronymic} {
			if !nameLike(part) {
				return &fault{code: CodeNameLetters}
			}
		}
		d.name = name
	}
	k.at = &applyEmail{}
	return nil
}

// tidy takes superfluous blanks out of what was typed.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

// nameLike: letters of any script, hyphen, apostrophe, blank; at most 64 characters.
func nameLike(s string) bool {
	if utf8.RuneCountInString(s) > 64 {
		return false
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !strings.ContainsRune(" -'’.", r) {
			return false
		}
	}
	return true
}

// applyEmail asks for an e-mail address; none is fine.
type applyEmail struct{}

func (*applyEmail) name() string             { return "apply.email" }
func (*applyEmail) view(k *Kiosk) any        { return ApplyEmailScreen{Email: k.ses.draft.email} }
func (*applyEmail) back(*Kiosk) state        { return &applyName{} }
func (*applyEmail) steps(k *Kiosk) *Progress { return applySteps(k, "email") }
func (*applyEmail) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.email" {
		return nil
	}
	email, f := emailOf(args)
	if f != nil {
		return f
	}
	k.ses.draft.email = email
	k.at = &applyRegion{}
	return nil
}

// emailOf gives the address in the arguments, "" when none is wanted.
func emailOf(args []byte) (string, *fault) {
	var a EmailArgs
	err := decode(args, &a)
	if err != nil {
		return "", &fault{code: CodeInternal, err: err}
	}
	email := strings.TrimSpace(a.Email)
	if email != "" && !emailLike(email) {
		return "", &fault{code: CodeEmail}
	}
	return email, nil
}

// emailLike: an address as people write it, ASCII as an rfc822Name must be (RFC 5280 §4.2.1.6), with a dot in the domain.
func emailLike(s string) bool {
	if len(s) > 254 {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r >= 0x7f {
			return false
		}
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(strings.Trim(domain, "."), ".")
}

// applyRegion asks for the region.
type applyRegion struct{}

func (*applyRegion) name() string { return "apply.region" }
func (*applyRegion) view(k *Kiosk) any {
	return ApplyRegionScreen{Regions: k.regions(), Chosen: k.ses.draft.region, Kind: string(k.ses.draft.asks())}
}
func (*applyRegion) back(k *Kiosk) state {
	if d := k.ses.draft; d.first != nil {
		return d.first
	}
	return &applyEmail{}
}
func (*applyRegion) steps(k *Kiosk) *Progress { return applySteps(k, "region") }
func (*applyRegion) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.region" {
		return nil
	}
	var a CodeArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if choice(k.regions(), a.Code) == "" {
		return &fault{code: CodeRegion}
	}
	if k.ses.draft.region != a.Code {
		k.ses.draft.region, k.ses.draft.locality = a.Code, ""
	}
	k.at = &applyLocality{}
	return nil
}

// applyLocality asks for the town or village.
type applyLocality struct{}

func (*applyLocality) name() string { return "apply.locality" }
func (*applyLocality) view(k *Kiosk) any {
	d := k.ses.draft
	return ApplyLocalityScreen{Region: choice(k.regions(), d.region), Localities: k.localities(d.region), Chosen: d.locality}
}
func (*applyLocality) back(*Kiosk) state        { return &applyRegion{} }
func (*applyLocality) steps(k *Kiosk) *Progress { return applySteps(k, "region") }
func (*applyLocality) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.locality" {
		return nil
	}
	var a CodeArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if choice(k.localities(k.ses.draft.region), a.Code) == "" {
		return &fault{code: CodeLocality}
	}
	k.ses.draft.locality = a.Code
	k.ses.place = place{k.ses.draft.region, a.Code}
	k.at = &applyStorage{}
	return nil
}

// choice is the name of a code in a list; empty when it is not there.
func choice(list []Choice, code string) string {
	for _, c := range list {
		if c.Code == code {
			return c.Name
		}
	}
	return ""
}

// applyStorage asks where the keys shall be kept; it shows what is plugged in as it comes and goes.
type applyStorage struct{}

func (*applyStorage) name() string { return "apply.storage" }
func (*applyStorage) view(k *Kiosk) any {
	s := k.stickCard()
	if k.stickState.Protected { // its card says why
		s.Usable = false
	}
	if f := k.unoffered("stick"); f != nil {
		s.Usable, s.Why = false, f.words(k).Title
	}
	return ApplyStorageScreen{Tokens: k.draftCards(), Stick: s, Allowed: k.allowedKinds(), Kind: string(k.ses.draft.asks())}
}
func (*applyStorage) back(k *Kiosk) state {
	if d := k.ses.draft; d.web != "" {
		return d.from
	}
	return &applyLocality{}
}
func (*applyStorage) steps(k *Kiosk) *Progress { return applySteps(k, "storage") }
func (*applyStorage) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.storage" {
		return nil
	}
	var a StorageArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	d := k.ses.draft
	if a.Kind == "stick" {
		if f := k.unoffered("stick"); f != nil {
			return f
		}
		if !k.stick {
			return &fault{code: CodeStickAbsent}
		}
		if k.stickState.Protected { // told now, not after the keys were made
			return &fault{code: CodeStickReadOnly}
		}
		d.onStick, d.medium, d.model, d.gost = true, stickRef, "", true
		k.at = &applyStickWarning{}
		return nil
	}
	t, there := k.byInsertion(a.Insertion)
	if !there {
		return &fault{code: CodeTokenAbsent}
	}
	if f := k.unmakeable(t); f != nil {
		return f
	}
	d.onStick, d.medium, d.model, d.gost = false, refOf(t), t.Model, makesGOST(t)
	if d.medium.kind == string(registry.StorageIDCard) {
		k.at = &applyCardWarning{}
		return nil
	}
	k.afterStorage()
	return nil
}

// applyStickWarning says that files are less safe than a token.
type applyStickWarning struct{}

func (*applyStickWarning) name() string             { return "apply.stick-warning" }
func (*applyStickWarning) view(*Kiosk) any          { return Empty{} }
func (*applyStickWarning) back(*Kiosk) state        { return &applyStorage{} }
func (*applyStickWarning) steps(k *Kiosk) *Progress { return applySteps(k, "storage") }
func (*applyStickWarning) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "apply.stick-accept" {
		k.ses.draft.stickRead = true
		k.afterStorage()
	}
	return nil
}

// applyAgreement shows the user agreement; which text was agreed to is kept with the application.
type applyAgreement struct{}

func (*applyAgreement) name() string { return "apply.agreement" }
func (*applyAgreement) view(k *Kiosk) any {
	a := k.agreement()
	return ApplyAgreementScreen{Title: a.title, Text: a.text, Version: a.consent.Version}
}
func (*applyAgreement) back(k *Kiosk) state {
	if len(k.sets(k.ses.draft.medium.kind)) > 1 {
		return &applySet{}
	}
	return &applyStorage{}
}
func (*applyAgreement) steps(k *Kiosk) *Progress { return applySteps(k, "agreement") }
func (*applyAgreement) act(k *Kiosk, action string, _ []byte) *fault {
	if action != "apply.agree" {
		return nil
	}
	d := k.ses.draft
	if f := k.lineWanted(); f != nil {
		return f
	}
	d.consent = k.agreement().consent
	if !k.plugIn(d.medium) {
		k.at = &applyStorage{}
		if d.onStick {
			return &fault{code: CodeStickAbsent}
		}
		return &fault{code: CodeTokenAbsent}
	}
	if len(k.templates(d.medium.kind, d.set)) == 0 { // the centre's data have changed since it was chosen
		k.afterStorage()
		return &fault{code: CodeSet}
	}
	if d.onStick {
		k.makeKeys()
		return nil
	}
	k.at = &applyPIN{entry{token: d.medium}}
	return nil
}

// applyPIN asks for the token's PIN.
type applyPIN struct{ entry }

func (*applyPIN) name() string             { return "apply.pin" }
func (*applyPIN) back(*Kiosk) state        { return &applyAgreement{} }
func (*applyPIN) steps(k *Kiosk) *Progress { return applySteps(k, "pin") }
func (s *applyPIN) plugged(k *Kiosk) {
	if !k.plugIn(s.token) {
		k.at = &applyStorage{}
		k.absent()
	}
}
func (s *applyPIN) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.pin" {
		return nil
	}
	return k.unlock(&s.entry, args, func(*opened) { k.makeKeys() })
}
