package app

import (
	"context"
	"errors"

	"github.com/tirkeu/kiosk/hardware/token"
)

// freshPIN is everything that can be said about a new PIN before the token is touched; nil lets it pass.
func freshPIN(t Token, fresh, again token.PIN) *fault {
	switch {
	case !fresh.Same(again):
		return &fault{code: CodePINDiffers}
	case fresh.Len() == 0 || fresh.Len() < t.PINMin:
		return &fault{code: CodePINShort, params: []any{"Count", t.PINMin}}
	case t.PINMax > 0 && fresh.Len() > t.PINMax:
		return &fault{code: CodePINLong, params: []any{"Count", t.PINMax}}
	case t.HasFactoryPIN(fresh):
		return &fault{code: CodePINSame}
	}
	return nil
}

// unsettled tells that an act which sets a PIN was cut off where nobody can say whether it took place: the token was pulled,
// its module died, or no answer came in time.
func unsettled(err error) bool {
	for _, cut := range []error{token.ErrRemoved, token.ErrSessionClosed, token.ErrTimeout, token.ErrWorker, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cut) {
			return true
		}
	}
	return false
}

// journalPIN surrounds an act that sets a token's PIN with its intent and its outcome in the device journal.
func (k *Kiosk) journalPIN(ctx context.Context, medium, number string, set func(ctx context.Context) error) error {
	k.step(StepIntendPIN, 0)
	intent, err := k.intend(ctx, Intent{Kind: IntentChangePIN, Medium: medium, Number: number})
	if err != nil {
		return err
	}
	// Once begun it is brought to its end: a session that is closed meanwhile must not leave the question open.
	acting, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenWithin)
	defer cancel()
	k.step(StepChangePIN, intent)
	err = set(acting)
	k.step(StepClosePIN, intent)
	switch {
	case unsettled(err):
		k.doubt(medium)
		return is(CodePINUnsettled, err)
	case err != nil:
		k.finish(ctx, intent, outcomeFailed)
		return err
	}
	k.finish(ctx, intent, outcomeDone)
	k.settled(ctx, medium)
	return nil
}

// doubt remembers that nobody can say which PIN a token has: whoever types it is told.
func (k *Kiosk) doubt(medium string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.doubtful[medium] = true
}

// settled closes what is open in the journal of the PIN of a token that a PIN has just opened, or that has just got a new one.
func (k *Kiosk) settled(ctx context.Context, medium string) {
	k.mu.Lock()
	doubtful := k.doubtful[medium]
	delete(k.doubtful, medium)
	k.mu.Unlock()
	if !doubtful {
		return
	}
	open, err := k.cfg.Store.OpenIntents(ctx)
	if err != nil {
		k.log.Warn("read device journal", "cause", err)
		return
	}
	for _, i := range open {
		if i.Kind == IntentChangePIN && i.Medium == medium {
			k.finish(ctx, i.ID, outcomeInterrupted)
		}
	}
}

// changePIN gives an open token another PIN.
func (k *Kiosk) changePIN(ctx context.Context, open *opened, number string, old, fresh token.PIN) error {
	return k.journalPIN(ctx, open.ref.serial, number, func(ctx context.Context) error { return open.login.ChangePIN(ctx, old, fresh) })
}
