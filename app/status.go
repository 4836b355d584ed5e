package app

import (
	"context"
	"errors"
	"strings"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/sync/registry"
)

// statusNumber asks for the application's number, or for the token its keys are on.
type statusNumber struct{}

func (*statusNumber) name() string           { return "status.number" }
func (*statusNumber) view(k *Kiosk) any      { return StatusNumberScreen{Tokens: k.cards(nil)} }
func (*statusNumber) back(k *Kiosk) state    { return k.top() }
func (*statusNumber) steps(*Kiosk) *Progress { return line("number", "number", "status") }

func (*statusNumber) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "status.find":
		var a NumberArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		number, f := numberOf(a.Number)
		if f != nil {
			return f
		}
		k.findStatus(number)
	case "status.by-token":
		t, f := k.chosen(args)
		if f != nil {
			return f
		}
		k.findByToken(refOf(t))
	}
	return nil
}

// numberOf reads an application number as people type it: blanks and hyphens do not matter.
func numberOf(typed string) (string, *fault) {
	number := strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, typed)
	for _, r := range number {
		if r < '0' || r > '9' {
			return "", &fault{code: CodeNumberLength}
		}
	}
	switch {
	case len(number) != 11:
		return "", &fault{code: CodeNumberLength}
	case !registry.ValidNumber(number):
		return "", &fault{code: CodeNumberCheck}
	}
	return number, nil
}

// findStatus asks storage and the centre what has become of an application. Under the lock.
func (k *Kiosk) findStatus(number string) {
	joined := k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		found, err := k.status(ctx, joined, number)
		return func() {
			if err != nil {
				k.fail(faultOf(err))
				return
			}
			k.at = found
		}
	})
}

// findByToken finds the newest application whose keys lie on a token. Under the lock.
func (k *Kiosk) findByToken(r ref) {
	joined := k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		found, err := k.statusOfToken(ctx, joined, r)
		return func() {
			if err != nil {
				k.fail(faultOf(err))
				return
			}
			k.at = found
		}
	})
}

func (k *Kiosk) statusOfToken(ctx context.Context, joined *Joined, r ref) (*statusWord, error) {
	reading, cancel := context.WithTimeout(ctx, journalWithin)
	defer cancel()
	records, err := k.cfg.Store.ByMedium(reading, r.serial)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, is(CodeNoApplication, errors.New("no application with keys on this token"))
	}
	return k.status(ctx, joined, records[0].Number)
}

// status is what is known of an application here and at the centre, and whether the stick that is in holds keys of it that nobody needs.
func (k *Kiosk) status(ctx context.Context, joined *Joined, number string) (*statusWord, error) {
	s, err := k.standing(ctx, joined, number)
	if err != nil {
		return nil, err
	}
	s.in = k.cfg.Stick.Present()
	s.left = s.in && s.status.Denied() && k.sealedOnStick(number)
	return s, nil
}

// sealedOnStick tells whether the stick that is in holds the sealed keys of an application.
func (k *Kiosk) sealedOnStick(number string) bool {
	_, err := k.cfg.Stick.Read(sealedName(number), maxSealed)
	return err == nil
}

// standing is how an application stands here and at the centre. The line being down is no fault when it is known here.
func (k *Kiosk) standing(ctx context.Context, joined *Joined, number string) (*statusWord, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	record, err := k.cfg.Store.Application(ctx, number)
	here := err == nil
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return nil, err
	}
	if here && record.Status == registry.StatusInstalled && onStick(record) {
		k.unfile(sealedName(number)) // where the program ended before it could
	}
	if here && (record.Status == registry.StatusInstalled || record.Status == registry.StatusRejected) {
		return &statusWord{number: number, status: record.Status, here: true, record: record}, nil
	}
	word, err := joined.Line.Status(ctx, number)
	switch {
	case err == nil && here:
		hurried := joined.Engine.Hurry(ctx, number)
		if hurried != nil {
			k.log.Info("hurry application", "cause", hurried)
		}
		return &statusWord{number: number, status: newer(record, word), here: true, record: record}, nil
	case err == nil:
		return &statusWord{number: number, status: word}, nil
	case here:
		return &statusWord{number: number, status: record.Status, here: true, record: record}, nil
	default:
		return nil, err
	}
}

// newer joins the centre's word with what is here: "issued" is only said when the certificates can be installed.
func newer(record Record, word registry.Status) registry.Status {
	if word == registry.StatusIssued && !complete(record) {
		return registry.StatusConfirmed
	}
	if word == registry.StatusInstalled && record.Status == registry.StatusIssued {
		return record.Status
	}
	return word
}

// complete tells whether every certificate of an application is here.
func complete(r Record) bool {
	for _, key := range r.Keys {
		if len(key.Certificate) == 0 {
			return false
		}
	}
	return len(r.Keys) > 0
}

// statusWord says in words where an application stands.
type statusWord struct {
	number string
	status registry.Status
	here   bool // it was made at this terminal
	record Record
	in     bool // a stick was in when it was last looked at
	left   bool // it is over, no certificate will come for its sealed keys, and they are on that stick
	gone   bool // they were taken off it
}

func (*statusWord) name() string      { return "status.word" }
func (*statusWord) back(*Kiosk) state { return &statusNumber{} }
func (s *statusWord) steps(*Kiosk) *Progress {
	if s.installable() || s.elsewhere() {
		return installSteps(s.record, "status")
	}
	return line("status", "number", "status")
}

func (s *statusWord) installable() bool {
	return s.here && s.status == registry.StatusIssued && complete(s.record)
}

// elsewhere tells that the certificates are ready, but were asked for at another terminal or on the web.
func (s *statusWord) elsewhere() bool { return !s.here && s.status == registry.StatusIssued }

func (s *statusWord) view(k *Kiosk) any {
	title, text, next := k.statusWords(s.status)
	if s.elsewhere() {
		next = k.text("status.elsewhere")
	}
	if s.status == registry.StatusRejected && s.record.Reason != "" {
		text, next = k.reasonWords(s.record)
	}
	return StatusWordScreen{
		Number: registry.FormatNumber(s.number), Status: string(s.status), Title: title,
		Text: text, Next: next, CanInstall: s.installable() || s.elsewhere(),
		Left: s.left, Removed: s.gone,
	}
}

// plugged looks what is on a stick that was put in, or forgets one that was taken out.
func (s *statusWord) plugged(k *Kiosk) {
	if s.in == k.stick || !s.status.Denied() {
		return
	}
	s.in, s.left = k.stick, false
	if !s.in {
		return
	}
	k.start(job{}, func(context.Context, *session) func() {
		left := k.sealedOnStick(s.number)
		return func() { s.left = left }
	})
}

// remove takes the sealed keys of an application that is over off the stick.
func (s *statusWord) remove(k *Kiosk) {
	k.start(job{awaits: true, steady: true}, func(context.Context, *session) func() {
		err := k.cfg.Stick.Remove(sealedName(s.number))
		return func() {
			if err != nil && !errors.Is(err, stick.ErrNotFound) {
				k.fail(faultOf(err))
				return
			}
			s.left, s.gone = false, true
		}
	})
}

func (s *statusWord) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "status.install":
		if s.elsewhere() {
			k.at = &takeMedium{s.number}
			return nil
		}
		if !s.installable() {
			return &fault{code: CodeNotYet}
		}
		m := &installMedium{record: s.record, medium: mediumOf(s.record)}
		k.at = m
		m.plugged(k)
	case "status.remove":
		if s.left {
			s.remove(k)
		}
	case "finish":
		k.end("finished")
	}
	return nil
}
