package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tirkeu/kiosk/sync/registry"
)

// unfinished is a key pair on an open token that no certificate will come for: its application never came to be, because the program or
// the power ended between the two and what had been typed is gone, or it was rejected or has expired. It can be taken away with the
// citizen's word.
type unfinished struct {
	leftover
	template string
	why      string
}

// Why a key pair is unfinished.
const (
	whyStopped   = "stopped"   // this terminal was stopped before there was an application
	whyElsewhere = "elsewhere" // another terminal made it, which knows more of it than this one and the centre do
	whyOver      = "over"      // its application was rejected or has expired
)

// labelled takes a key's name on the token apart (keyLabel); both empty where it is not one of ours.
func labelled(label string) (template, number string) {
	template, number, _ = strings.Cut(label, " ")
	if !registry.ValidNumber(number) || known(template) == "unknown" {
		return "", ""
	}
	return template, number
}

// strange looks on an open token for key pairs without a certificate whose application is over without one, or that another terminal made and
// that no application holds, as far as this terminal and the centre know. web is the number of the application that is being confirmed, if it is one of the web: nobody has
// made keys for it yet that count. Where the centre cannot be asked nothing is said of them. An error is the token's.
func (k *Kiosk) strange(ctx context.Context, joined *Joined, open *opened, web string) ([]unfinished, error) {
	reading, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	keys, err := open.login.Keys(reading)
	if err != nil {
		return nil, err
	}
	own, err := k.cfg.Store.OpenIntents(ctx)
	if err != nil {
		k.log.Warn("read device journal", "cause", err)
		return nil, nil
	}
	reasons := map[string]string{} // of each number that the centre was asked about: why its keys are unfinished; empty where they are not
	var asks []unfinished
	for _, key := range keys {
		template, number := labelled(key.Label)
		if key.HasCertificate || number == "" || slices.ContainsFunc(own, func(i Intent) bool { return string(i.KeyID) == string(key.ID) }) {
			continue
		}
		why, asked := reasons[number]
		record, err := k.cfg.Store.Application(ctx, number)
		switch {
		case err == nil && record.Status.Denied():
			why = whyOver
		case err == nil && !slices.ContainsFunc(record.Keys, func(r RecordKey) bool { return string(r.KeyID) == string(key.ID) }):
			why = whyElsewhere
		case err == nil:
		case !errors.Is(err, ErrNoRecord):
			continue
		case number == web:
			why = whyElsewhere
		case !asked && joined != nil:
			status, err := limited(ctx, func(ctx context.Context) (registry.Status, error) { return joined.Line.Status(ctx, number) })
			switch {
			case errors.Is(err, ErrUnknown):
				why = whyElsewhere
			case err == nil && status.Denied():
				why = whyOver
			}
			reasons[number] = why
		}
		if why != "" {
			asks = append(asks, unfinished{leftover: leftover{medium: open.ref, number: number, id: key.ID}, template: template, why: why})
		}
	}
	return asks, nil
}

// unfinishedKeys asks what shall become of them before the token is used for anything else.
type unfinishedKeys struct {
	open *opened
	keys []unfinished
	must bool  // they are of the very application that keys shall be made for: a second pair is not made beside them
	from state // where the PIN was typed
	then func(*opened)
}

// askUnfinished goes on with an open token, after the question about unfinished keys where there are any. Under the lock.
func (k *Kiosk) askUnfinished(open *opened, web string, from state, then func(*opened)) {
	if len(open.unfinished) == 0 {
		then(open)
		return
	}
	s := &unfinishedKeys{open: open, keys: open.unfinished, from: from, then: then}
	s.must = web != "" && slices.ContainsFunc(s.keys, func(u unfinished) bool { return u.number == web })
	open.unfinished = nil
	k.at = s
}

func (*unfinishedKeys) name() string { return "keys.unfinished" }
func (s *unfinishedKeys) view(k *Kiosk) any {
	v := UnfinishedScreen{Token: k.card(s.open.ref), Keys: []UnfinishedCard{}, Must: s.must}
	for _, u := range s.keys {
		c := UnfinishedCard{Title: k.text("template." + known(u.template)), Why: u.why}
		if u.number != "" {
			c.Number = registry.FormatNumber(u.number)
		}
		v.Keys = append(v.Keys, c)
	}
	return v
}

// back closes the token and asks for its PIN again.
func (s *unfinishedKeys) back(k *Kiosk) state {
	k.close()
	return s.from
}

func (s *unfinishedKeys) steps(k *Kiosk) *Progress {
	if from, ok := s.from.(stepper); ok {
		return from.steps(k)
	}
	return nil
}

// pulled goes back to where the PIN was typed, which knows what to do without a token.
func (s *unfinishedKeys) pulled(k *Kiosk) {
	k.at = s.from
	if from, ok := s.from.(plugger); ok {
		from.plugged(k)
	}
}

func (s *unfinishedKeys) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "keys.remove":
		s.remove(k)
	case "keys.keep":
		if !s.must {
			s.then(s.open)
		}
	}
	return nil
}

// remove takes them off the token. What could not be taken off is asked about again.
func (s *unfinishedKeys) remove(k *Kiosk) {
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, _ *session) func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenWithin)
		defer cancel()
		left := slices.Clone(s.keys)
		var err error
		for len(left) > 0 && err == nil {
			err = k.removeUnfinished(ctx, s.open.login, left[0])
			if err == nil {
				left = left[1:]
			}
		}
		return func() {
			s.keys = left
			if err != nil {
				k.fail(faultOf(err))
				return
			}
			s.then(s.open)
		}
	})
}

// removeUnfinished takes one pair off; where there is no intent for it, as for one of another terminal, it is given one.
func (k *Kiosk) removeUnfinished(ctx context.Context, login Login, u unfinished) error {
	if u.intent == 0 {
		k.step(StepIntendRemoval, 0)
		intent, err := k.intend(ctx, Intent{Kind: IntentRemove, Medium: u.medium.serial, Number: u.number, KeyID: u.id})
		if err != nil {
			return err
		}
		u.intent = intent
	}
	return k.remove(ctx, login, u.leftover)
}
