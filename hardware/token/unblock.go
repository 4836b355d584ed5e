package token

import (
	"context"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// maxAdminPIN bounds the administrator's PIN in octets. ulMinPinLen and ulMaxPinLen are not asked: on many tokens they rule the user's PIN alone,
// and refusing a right PIN for ever would be worse than one try.
const maxAdminPIN = 255

// Unblock gives the token's user a fresh PIN with the administrator's (security officer's) PIN: one C_Login, then one C_InitPIN, and neither
// of them ever again by itself. It ends a session on the token. Afterwards [Rack.Token] has the new flags: a lock is gone.
//
// What goes wrong with the administrator's PIN is [ErrAdminPIN], [ErrAdminPINLocked] (for good: only initializing the token, which erases it,
// helps) or [ErrAdminPINLength]; with the fresh one [ErrPINLength], found before the token is touched, or [ErrPINRejected]. When ctx ends first, or
// with [ErrTimeout], [ErrWorker] and [ErrRemoved], nobody knows which PIN holds.
func (r *Rack) Unblock(ctx context.Context, n Insertion, so, fresh PIN) error {
	const op = "unblock PIN"
	t, err := r.Token(n)
	if err != nil {
		return err
	}
	switch {
	case !t.Initialized:
		return &Error{Op: op, Err: ErrNotInitialized}
	case so.Len() == 0 || so.Len() > maxAdminPIN:
		return &Error{Op: op, Err: ErrAdminPINLength}
	case !t.fits(fresh):
		return &Error{Op: op, Code: "new", Err: ErrPINLength}
	}
	_, err = r.call(ctx, op, n, wire.Request{Op: wire.OpUnblock, PIN: so.send(), NewPIN: fresh.send()}, true)
	return err
}
