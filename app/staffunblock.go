package app

import (
	"context"
	"errors"

	"github.com/tirkeu/kiosk/hardware/token"
)

// staffUnblock shows the citizens' tokens that are plugged in beside the staff token; one that is blocked says so.
type staffUnblock struct{}

func (*staffUnblock) name() string { return "staff.unblock" }
func (*staffUnblock) view(k *Kiosk) any {
	v := StaffUnblockScreen{Operator: k.ses.staff.operator.Name, Tokens: []TokenCard{}}
	for _, t := range k.citizenTokens() {
		card := TokenCard{Insertion: uint64(t.Insertion), Kind: string(t.Kind), Name: t.Name, Serial: t.Serial, Usable: true, Why: k.text("work.unblock.open")}
		if t.PINLocked {
			card.Why = k.text("work.unblock.locked")
		}
		if f := beyondUnblocking(t); f != nil {
			card.Usable, card.Why = false, f.words(k).Title
		}
		v.Tokens = append(v.Tokens, card)
	}
	return v
}

// beyondUnblocking says why a token's PIN cannot be unblocked; nil where it can.
func beyondUnblocking(t Token) *fault {
	switch {
	case !t.Initialized:
		return &fault{code: CodeTokenBlank}
	case t.AdminPINLocked:
		return &fault{code: CodeAdminPINLocked}
	}
	return nil
}

func (s *staffUnblock) act(k *Kiosk, action string, args []byte) *fault {
	if k.staffTab(action) || action != "staff.unblock-token" {
		return nil
	}
	t, f := k.chosen(args)
	if f != nil {
		return f
	}
	if f := beyondUnblocking(t); f != nil {
		return f
	}
	k.at = &unblockAdmin{token: refOf(t)}
	return nil
}

// unblockAdmin asks staff for the administrator's PIN of the citizen's token. It is tried once, when the citizen has typed a PIN
// of his own; until then it stands in the session and nowhere else.
type unblockAdmin struct {
	token  ref
	warned bool // it was said that this is the last try
}

func (*unblockAdmin) name() string { return "staff.unblock-admin" }
func (*unblockAdmin) back(k *Kiosk) state {
	k.forgetAdmin()
	return &staffUnblock{}
}
func (s *unblockAdmin) plugged(k *Kiosk) { k.unblockPulled(s.token) }
func (s *unblockAdmin) view(k *Kiosk) any {
	t, _ := k.find(s.token)
	return PINScreen{Token: k.adminCard(s.token), Min: 1, Max: 0, Low: t.AdminPINLow, Final: t.AdminPINFinal}
}

// adminCard is the token without the word that its PIN is blocked, which is why it is here.
func (k *Kiosk) adminCard(r ref) TokenCard {
	c := k.card(r)
	c.Usable, c.Why = true, ""
	return c
}

func (s *unblockAdmin) act(k *Kiosk, action string, args []byte) *fault {
	if action != "staff.unblock-admin" {
		return nil
	}
	var a PINArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	so := token.NewPIN(a.PIN)
	a.PIN = ""
	t, there := k.find(s.token)
	f := beyondUnblocking(t)
	switch {
	case !there:
		f = &fault{code: CodeTokenAbsent}
	case f != nil:
	case so.Len() == 0:
		f = &fault{code: CodeAdminPINLength}
	case t.AdminPINFinal && !s.warned:
		s.warned = true
		f = &fault{code: CodeAdminPINLast}
	}
	if f != nil {
		so.Wipe()
		return f
	}
	k.forgetAdmin()
	k.ses.admin = so
	k.at = &unblockTurn{token: s.token}
	return nil
}

// forgetAdmin forgets the administrator's PIN. Under the lock.
func (k *Kiosk) forgetAdmin() {
	k.ses.admin.Wipe()
	k.ses.admin = token.PIN{}
}

// unblockPulled goes back to the start when the citizen's token is gone. Under the lock.
func (k *Kiosk) unblockPulled(r ref) {
	if k.plugIn(r) {
		return
	}
	k.forgetAdmin()
	k.at = &staffUnblock{}
	k.absent()
}

// unblockTurn asks for the terminal to be turned to the citizen: what comes next is his alone.
type unblockTurn struct{ token ref }

func (*unblockTurn) name() string          { return "staff.unblock-turn" }
func (s *unblockTurn) back(k *Kiosk) state { k.forgetAdmin(); return &unblockAdmin{token: s.token} }
func (s *unblockTurn) plugged(k *Kiosk)    { k.unblockPulled(s.token) }
func (s *unblockTurn) view(k *Kiosk) any   { return StaffUnblockTurnScreen{Token: k.adminCard(s.token)} }
func (s *unblockTurn) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "staff.turned" {
		k.at = &unblockPIN{token: s.token}
	}
	return nil
}

// unblockPIN lets the citizen think of a PIN of his own, twice. Staff neither see nor type it.
type unblockPIN struct{ token ref }

func (*unblockPIN) name() string          { return "staff.unblock-pin" }
func (s *unblockPIN) back(k *Kiosk) state { k.forgetAdmin(); return &staffUnblock{} }
func (s *unblockPIN) plugged(k *Kiosk)    { k.unblockPulled(s.token) }
func (s *unblockPIN) view(k *Kiosk) any {
	t, _ := k.find(s.token)
	return StaffUnblockPINScreen{Token: k.adminCard(s.token), Min: t.PINMin, Max: t.PINMax}
}

func (s *unblockPIN) act(k *Kiosk, action string, args []byte) *fault {
	if action != "staff.unblock-pin" {
		return nil
	}
	var a ChangePINArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	fresh, again := token.NewPIN(a.New), token.NewPIN(a.Again)
	a = ChangePINArgs{}
	t, there := k.find(s.token)
	f := freshPIN(t, fresh, again)
	again.Wipe()
	if !there {
		f = &fault{code: CodeTokenAbsent}
	}
	if f != nil {
		fresh.Wipe()
		return f
	}
	s.unblock(k, t.Insertion, fresh)
	return nil
}

// unblock makes the one try of the administrator's PIN that was typed. Under the lock.
func (s *unblockPIN) unblock(k *Kiosk, n Insertion, fresh token.PIN) {
	so := k.ses.admin
	k.ses.admin = token.PIN{}
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, ses *session) func() {
		err := k.journalPIN(ctx, s.token.serial, "", func(ctx context.Context) error { return k.cfg.Rack.Unblock(ctx, n, so, fresh) })
		so.Wipe()
		fresh.Wipe()
		if err == nil {
			k.log.Info("PIN of a citizen's token unblocked", "session", ses.id)
		}
		k.retake()
		return func() {
			switch {
			case err == nil:
				k.at = &unblocked{token: s.token}
				return
			case errors.Is(err, token.ErrAdminPIN), errors.Is(err, token.ErrAdminPINLength):
				k.at = &unblockAdmin{token: s.token}
			default:
				k.at = &staffUnblock{}
			}
			k.fail(faultOf(err))
		}
	})
}

// unblocked says that the token takes the citizen's own PIN now.
type unblocked struct{ token ref }

func (*unblocked) name() string   { return "staff.unblocked" }
func (*unblocked) plugged(*Kiosk) {}
func (s *unblocked) view(k *Kiosk) any {
	return StaffUnblockedScreen{Medium: k.medium(s.token), TakeOut: k.plugIn(s.token)}
}
func (*unblocked) act(k *Kiosk, action string, _ []byte) *fault {
	k.staffTab(action)
	return nil
}
