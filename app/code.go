package app

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// codeMethod asks by which way the one-time code shall come.
type codeMethod struct{}

func (*codeMethod) name() string             { return "code.method" }
func (*codeMethod) back(*Kiosk) state        { return &applySummary{} }
func (*codeMethod) steps(k *Kiosk) *Progress { return applySteps(k, "code") }
func (*codeMethod) view(k *Kiosk) any {
	rule, _ := k.directory().KindRule(k.ses.draft.asks())
	return CodeMethodScreen{Methods: slices.Concat([]string{}, rule.SecondFactor)}
}

func (*codeMethod) act(k *Kiosk, action string, args []byte) *fault {
	if action != "code.ask" {
		return nil
	}
	var a MethodArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	rule, _ := k.directory().KindRule(k.ses.draft.asks())
	if !slices.Contains(rule.SecondFactor, a.Method) {
		return &fault{code: CodeNotOffered}
	}
	k.askCode(a.Method)
	return nil
}

// askCode has a code sent; where the centre asks none of this person it goes on to the signature and says so. method "" is
// the rule's first. Under the lock.
func (k *Kiosk) askCode(method string) {
	joined, in, kind := k.joined, k.ses.cabinet.session, k.ses.draft.asks()
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		sent, err := limited(ctx, func(ctx context.Context) (OneTimeCode, error) {
			return joined.Line.AskCode(ctx, in, kind, method)
		})
		return func() {
			switch {
			case err != nil:
				k.cabinetFault(err)
			case !sent.Needed:
				k.ses.draft.grant = grant{asked: true}
				k.toSignature()
				k.fail(&fault{code: CodeCodeExempt})
			default:
				k.at = &codeEntry{sent: sent, left: -1}
			}
		}
	})
}

// codeEntry takes the code that the citizen reads off his telephone. It goes to the centre in one call and is kept nowhere.
type codeEntry struct {
	sent   OneTimeCode
	left   int       // tries; -1 while the centre has said nothing
	shutTo time.Time // codes are locked until then
}

func (*codeEntry) name() string             { return "code.entry" }
func (*codeEntry) steps(k *Kiosk) *Progress { return applySteps(k, "code") }
func (*codeEntry) back(k *Kiosk) state {
	rule, _ := k.directory().KindRule(k.ses.draft.asks())
	if len(rule.SecondFactor) > 1 {
		return &codeMethod{}
	}
	return &applySummary{}
}

func (s *codeEntry) view(k *Kiosk) any {
	v := CodeEntryScreen{
		Method: s.sent.Method, SentTo: s.sent.SentTo, Left: s.left, Resends: s.sent.Resends,
		ExpiresAt: s.sent.ExpiresAt.UnixMilli(), ResendAt: s.sent.ResendAt.UnixMilli(), Locked: s.locked(k) != nil,
	}
	return v
}

// locked says for how long codes are locked; nil when they are not.
func (s *codeEntry) locked(k *Kiosk) *fault {
	wait := s.shutTo.Sub(k.cfg.Now())
	if wait <= 0 {
		return nil
	}
	return &fault{code: CodeCodeLocked, params: refused(&Refusal{Err: ErrCodeLocked, Wait: wait})}
}

func (s *codeEntry) act(k *Kiosk, action string, args []byte) *fault {
	if action != "code.tell" && action != "code.resend" {
		return nil
	}
	if f := s.locked(k); f != nil {
		return f
	}
	if action == "code.resend" {
		s.again(k)
		return nil
	}
	var a OneTimeCodeArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	code := a.Code
	a = OneTimeCodeArgs{}
	if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
		return &fault{code: CodeCodeDigits, params: []any{"Count", codeDigits}}
	}
	s.tell(k, code)
	return nil
}

// codeDigits is the length of a one-time code.
const codeDigits = 6

func (s *codeEntry) tell(k *Kiosk, code string) {
	joined, in, id := k.joined, k.ses.cabinet.session, s.sent.ID
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		until, err := limited(ctx, func(ctx context.Context) (time.Time, error) { return joined.Line.VerifyCode(ctx, in, id, code) })
		return func() {
			if err != nil {
				s.refused(k, err)
				return
			}
			k.ses.draft.grant = grant{id: id, asked: true, needs: true, until: until}
			k.toSignature()
		}
	})
}

// again has other digits sent in place of the last; when that may not be done any more, a new code.
func (s *codeEntry) again(k *Kiosk) {
	joined, in, sent, kind := k.joined, k.ses.cabinet.session, s.sent, k.ses.draft.asks()
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		fresh, err := limited(ctx, func(ctx context.Context) (OneTimeCode, error) {
			if sent.Resends > 0 {
				return joined.Line.ResendCode(ctx, in, sent.ID)
			}
			return joined.Line.AskCode(ctx, in, kind, sent.Method)
		})
		return func() {
			if err != nil {
				s.refused(k, err)
				return
			}
			k.at = &codeEntry{sent: fresh, left: s.left} // wrong tries count on over another code
		}
	})
}

// refused keeps what the centre said with its no.
func (s *codeEntry) refused(k *Kiosk, err error) {
	var r *Refusal
	if errors.As(err, &r) {
		switch {
		case errors.Is(err, ErrCodeLocked):
			s.left, s.shutTo = 0, k.cfg.Now().Add(r.Wait)
		case r.Left >= 0:
			s.left = r.Left
		}
	}
	k.cabinetFault(err)
}
