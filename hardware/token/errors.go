package token

import (
	"context"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// What can become of an act on a token. Each is found with errors.Is behind an [*Error].
var (
	ErrRemoved          = errors.New("the token was removed")
	ErrUnknownInsertion = errors.New("no token was ever inserted under this number")
	ErrPINIncorrect     = errors.New("the PIN is incorrect")
	ErrPINLocked        = errors.New("the PIN is locked")
	ErrPINLength        = errors.New("the PIN is shorter or longer than the token takes")
	ErrPINRejected      = errors.New("the token does not take such a PIN")
	ErrPINExpired       = errors.New("the token wants its PIN changed first")
	ErrAdminPIN         = errors.New("the administrator's PIN is incorrect")
	ErrAdminPINLocked   = errors.New("the administrator's PIN is locked")
	ErrAdminPINLength   = errors.New("the administrator's PIN cannot have this length")
	ErrFull             = errors.New("the token is full")
	ErrNotInitialized   = errors.New("the token is not initialized")
	ErrReadOnly         = errors.New("the token is write-protected")
	ErrNoMechanism      = errors.New("the token cannot do this")
	ErrNotFound         = errors.New("no such key on the token")
	ErrExists           = errors.New("a key with this id is on the token already")
	ErrKeyMismatch      = errors.New("the certificate is not for the key with this id")
	ErrSessionClosed    = errors.New("the session on the token is over")
	ErrSignature        = errors.New("the token's signature does not verify")
	ErrTimeout          = errors.New("the token did not answer in time")
	ErrWorker           = errors.New("the token's module failed and was restarted")
	ErrToken            = errors.New("the token refused")
	ErrClosed           = errors.New("the rack is closed")
)

// Error says what was being done, what the module called the failure, and which of the sentinels it is.
type Error struct {
	Op   string // "log in", "generate key"
	Code string // "CKR_PIN_INCORRECT", "signal: segmentation fault"; may be empty
	Err  error  // a sentinel of this package, or the context's error
}

// Error reads as "log in: the PIN is incorrect (CKR_PIN_INCORRECT)".
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s: %v (%s)", e.Op, e.Err, e.Code)
}

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error { return e.Err }

var faults = map[wire.Fault]error{
	wire.FaultRemoved:       ErrRemoved,
	wire.FaultPINIncorrect:  ErrPINIncorrect,
	wire.FaultPINLocked:     ErrPINLocked,
	wire.FaultPINLength:     ErrPINLength,
	wire.FaultPINRejected:   ErrPINRejected,
	wire.FaultPINExpired:    ErrPINExpired,
	wire.FaultAdminWrong:    ErrAdminPIN,
	wire.FaultAdminLocked:   ErrAdminPINLocked,
	wire.FaultAdminLength:   ErrAdminPINLength,
	wire.FaultFull:          ErrFull,
	wire.FaultUninitialized: ErrNotInitialized,
	wire.FaultMechanism:     ErrNoMechanism,
	wire.FaultReadOnly:      ErrReadOnly,
	wire.FaultNotFound:      ErrNotFound,
	wire.FaultExists:        ErrExists,
	wire.FaultMismatch:      ErrKeyMismatch,
	wire.FaultClosed:        ErrSessionClosed,
}

// failure turns the worker's word into an error; nil when there was no fault.
func failure(op string, a *wire.Answer) error {
	if a.Fault == "" {
		return nil
	}
	sentinel, known := faults[a.Fault]
	if !known {
		sentinel = ErrToken
	}
	return &Error{Op: op, Code: a.Code, Err: sentinel}
}

// givenUp is the error of a caller whose context ended first. A deadline is a timeout as well.
func givenUp(op string, ctx context.Context) error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return &Error{Op: op, Err: err}
}
