package app

import (
	"context"

	"github.com/tirkeu/kiosk/hardware/token"
)

// passwordMedium asks which PIN or password shall be changed: of what is plugged in.
type passwordMedium struct{}

func (*passwordMedium) name() string        { return "password.medium" }
func (*passwordMedium) back(k *Kiosk) state { return k.top() }
func (*passwordMedium) steps(*Kiosk) *Progress {
	return line("medium", "medium", "pin", "done")
}
func (*passwordMedium) view(k *Kiosk) any {
	return PasswordMediumScreen{Tokens: k.cards(nil), Stick: k.stickCard()}
}

func (*passwordMedium) act(k *Kiosk, action string, args []byte) *fault {
	if action != "password.medium" {
		return nil
	}
	medium, f := k.chosenMedium(args)
	if f != nil {
		return f
	}
	if medium == stickRef { // each file has a password of its own
		m := &filesMedium{}
		k.at = m
		m.plugged(k)
		return nil
	}
	k.at = &passwordPIN{entry{token: medium}}
	return nil
}

// passwordPIN asks for the PIN a token has and, twice, for the one it shall have. All three come in one touch, so that none
// has to be kept; one touch makes one try at most.
type passwordPIN struct{ entry }

func (*passwordPIN) name() string           { return "password.pin" }
func (*passwordPIN) back(*Kiosk) state      { return &passwordMedium{} }
func (*passwordPIN) steps(*Kiosk) *Progress { return line("pin", "medium", "pin", "done") }
func (s *passwordPIN) plugged(k *Kiosk) {
	if !k.plugIn(s.token) {
		k.at = &passwordMedium{}
		k.absent()
	}
}

func (s *passwordPIN) view(k *Kiosk) any {
	v := PasswordPINScreen{Token: s.entry.view(k).(PINScreen)}
	if t, there := k.find(s.token); there && t.FactoryPIN != "" {
		v.Factory = k.text("label.factory-pin", "Name", t.Name, "PIN", t.FactoryPIN)
	}
	return v
}

func (s *passwordPIN) act(k *Kiosk, action string, args []byte) *fault {
	if action != "password.pin" {
		return nil
	}
	var a OwnPINArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	old, fresh, again := token.NewPIN(a.Old), token.NewPIN(a.New), token.NewPIN(a.Again)
	a = OwnPINArgs{}
	f := s.check(k, old, fresh, again)
	again.Wipe()
	if f != nil {
		old.Wipe()
		fresh.Wipe()
		return f
	}
	s.change(k, old, fresh)
	return nil
}

// check: the new PIN comes first, since refusing it costs no try, and the warning of the last try last.
func (s *passwordPIN) check(k *Kiosk, old, fresh, again token.PIN) *fault {
	t, there := k.find(s.token)
	if !there {
		return &fault{code: CodeTokenAbsent}
	}
	if f := freshPIN(t, fresh, again); f != nil {
		return f
	}
	if fresh.Same(old) {
		return &fault{code: CodePINUnchanged}
	}
	return s.refuse(k, old)
}

// change makes one try of the old PIN; the token takes the new one only after it.
func (s *passwordPIN) change(k *Kiosk, old, fresh token.PIN) {
	s.warned = false
	r := s.token
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, ses *session) func() {
		defer old.Wipe()
		defer fresh.Wipe()
		open, err := k.login(ctx, ses, r, old)
		if err != nil {
			return func() { k.fail(k.pinFault(r, err)) }
		}
		err = k.changePIN(ctx, open, "", old, fresh)
		return func() {
			k.close()
			if err != nil {
				if !k.plugIn(r) {
					k.at = &passwordMedium{}
				}
				k.fail(faultOf(err))
				return
			}
			k.log.Info("PIN of a token changed", "session", ses.id)
			if c := ses.cabinet; c != nil && c.medium == r {
				c.factory = false
			}
			k.at = &passwordDone{medium: r}
		}
	})
}

// passwordDone says that the token has another PIN.
type passwordDone struct{ medium ref }

func (*passwordDone) name() string           { return "password.done" }
func (*passwordDone) steps(*Kiosk) *Progress { return line("done", "medium", "pin", "done") }

// plugged: taking the token out is what is asked for now.
func (*passwordDone) plugged(*Kiosk) {}
func (s *passwordDone) view(k *Kiosk) any {
	return PasswordDoneScreen{Medium: k.medium(s.medium), TakeOut: k.plugIn(s.medium), Cabinet: k.ses.cabinet != nil}
}

func (*passwordDone) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "password.again":
		k.at = k.top()
	case "finish":
		k.end("finished")
	}
	return nil
}
