package cmp

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Errors of the client. All but [*StatusError] leave the transaction as it was: the same bytes may be sent again.
var (
	ErrMalformed   = errors.New("malformed CMP message")
	ErrProtection  = errors.New("the protection of the CMP answer does not verify")
	ErrMismatch    = errors.New("the CMP answer belongs to another message")     // transactionID, nonce, request id or kind
	ErrUnprotected = errors.New("the CMP answer is an error nobody vouches for") // a hint, never a verdict
	ErrClock       = errors.New("the clocks of the two sides are too far apart")
	ErrOrder       = errors.New("the transaction is not at this step") // a mistake of the caller
)

// StatusError is a verdict of the other side: an error message (RFC 9810 §5.3.21) or a negative status, from a message that was verified.
type StatusError struct {
	Body    string // the kind of message it came in
	Info    PKIStatusInfo
	Code    int64    // errorCode, 0 if absent; see the Code constants
	Details []string // errorDetails
}

// Error gives the verdict in words.
func (e *StatusError) Error() string {
	words := append(append([]string{}, e.Info.Text...), e.Details...)
	text := fmt.Sprintf("cmp: %s says %v", e.Body, e.Info.Status)
	if e.Info.Fail != 0 {
		text += " (" + e.Info.Fail.String() + ")"
	}
	if len(words) > 0 {
		text += ": " + strings.Join(words, "; ")
	}
	return text
}

// UnprotectedError is an error message without protection, or with one that cannot be verified. Claim is what it says. It is
// [ErrUnprotected].
type UnprotectedError struct{ Claim StatusError }

// Error gives the claim in words.
func (e *UnprotectedError) Error() string {
	return ErrUnprotected.Error() + ": " + e.Claim.Error()
}

// Is makes it an [ErrUnprotected].
func (e *UnprotectedError) Is(target error) bool { return target == ErrUnprotected }

// TransportError says that no CMP message came back. Status is the HTTP status, 0 if there was none.
type TransportError struct {
	Status int
	Err    error
}

// Error says what failed.
func (e *TransportError) Error() string { return fmt.Sprintf("cmp over http: %v", e.Err) }

// Unwrap gives the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// Temporary says whether the same call may succeed later without anything being changed here: everything that is no verdict, and the
// verdicts systemUnavail and systemFailure.
func Temporary(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrOrder) {
		return false
	}
	if verdict := (*StatusError)(nil); errors.As(err, &verdict) {
		return verdict.Info.Fail.Has(SystemUnavail) || verdict.Info.Fail.Has(SystemFailure)
	}
	transport := (*TransportError)(nil)
	return errors.As(err, &transport) || errors.Is(err, ErrUnprotected) || errors.Is(err, ErrProtection) || errors.Is(err, ErrMalformed) ||
		errors.Is(err, ErrMismatch) || errors.Is(err, ErrClock) || errors.Is(err, context.DeadlineExceeded)
}

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }
