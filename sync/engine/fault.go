package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// Problem is what is wrong with the line to the centre. The list is closed; "" is nothing.
type Problem string

// The problems.
const (
	ProblemDown    Problem = "down"    // nobody answers there
	ProblemSlow    Problem = "slow"    // no answer within the time given
	ProblemGarbage Problem = "garbage" // an answer that makes no sense, or that nobody vouches for
	ProblemExpired Problem = "expired" // the centre's certificate is out of date, or this clock is wrong
	ProblemForeign Problem = "foreign" // the certificate over there is of another authority or another host
	ProblemRefused Problem = "refused" // the centre does not know this device, or not any more
	ProblemFailed  Problem = "failed"  // the centre says that it failed itself
)

// LineError says that there is no verdict because of the line.
type LineError struct {
	Problem Problem
	Err     error
}

// Error names the problem and its cause.
func (e *LineError) Error() string {
	return fmt.Sprintf("the line to the centre is %s: %v", e.Problem, e.Err)
}

// Unwrap gives the cause.
func (e *LineError) Unwrap() error { return e.Err }

// Garbage: an answer came that is none.
func garbage(format string, args ...any) error {
	return &LineError{Problem: ProblemGarbage, Err: fmt.Errorf(format, args...)}
}

// explain turns what a call gave into nil, a *LineError, an *api.Error (a refusal in the contract's words), a
// *cmp.StatusError (a protected verdict), or what else it was (the end of ctx, a fault of our own).
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	if had := (*LineError)(nil); errors.As(err, &had) {
		return err
	}
	if refusal := (*api.Error)(nil); errors.As(err, &refusal) {
		switch refusal.Code {
		case api.ErrorCodeUnauthenticated:
			return &LineError{Problem: ProblemRefused, Err: err}
		case api.ErrorCodeInternal:
			return &LineError{Problem: ProblemFailed, Err: err}
		}
		return err
	}
	if verdict := (*cmp.StatusError)(nil); errors.As(err, &verdict) && !errors.Is(err, cmp.ErrUnprotected) {
		switch {
		case cmp.Temporary(err):
			return &LineError{Problem: ProblemFailed, Err: err}
		case verdict.Info.Fail.Has(cmp.SignerNotTrusted):
			return &LineError{Problem: ProblemRefused, Err: err}
		}
		return err
	}
	if problem := diagnose(err); problem != "" {
		return &LineError{Problem: problem, Err: err}
	}
	return err
}

// diagnose finds what of the line an error speaks of; "" if it is not of the line.
func diagnose(err error) Problem {
	var (
		invalid   x509.CertificateInvalidError
		unknown   x509.UnknownAuthorityError
		host      x509.HostnameError
		untrusted *tls.CertificateVerificationError
		alert     tls.AlertError
		record    tls.RecordHeaderError
		timeout   interface{ Timeout() bool }
		operation *net.OpError
		lookup    *net.DNSError
		syntax    *json.SyntaxError
		kind      *json.UnmarshalTypeError
		transport *cmp.TransportError
		claim     *cmp.UnprotectedError
		parse     *time.ParseError
	)
	switch {
	case errors.As(err, &claim) && claim.Claim.Info.Fail.Has(cmp.SignerNotTrusted):
		return ProblemRefused // only a hint, and shown as one: the engine goes on trying
	// Before x509's own errors, which may be about certificates inside a message. The certificate of the line was checked by then.
	case errors.Is(err, cmp.ErrUnprotected), errors.Is(err, cmp.ErrProtection), errors.Is(err, cmp.ErrMalformed), errors.Is(err, cmp.ErrMismatch):
		return ProblemGarbage
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return ProblemExpired
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &untrusted):
		return ProblemForeign
	case errors.As(err, &operation) && operation.Op == "remote error" && errors.As(err, &alert):
		return ProblemRefused // it ended the handshake over our certificate
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return ProblemSlow
	case errors.Is(err, cmp.ErrClock):
		return ProblemExpired
	case errors.As(err, &transport) && transport.Status != 0:
		return ProblemGarbage
	case errors.As(err, &syntax), errors.As(err, &kind), errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &parse), errors.Is(err, errTooLong):
		return ProblemGarbage
	case errors.As(err, &operation), errors.As(err, &lookup), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &transport):
		return ProblemDown
	}
	return ""
}
