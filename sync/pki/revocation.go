package pki

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// Revocation is what is known about a certificate. The zero value is Unknown, so that a forgotten
// answer is never a good one.
type Revocation int

// The three answers.
const (
	Unknown Revocation = iota // could not check: no source answered, or none with a fresh, verified answer
	Good                      // a fresh, verified answer says it stands
	Revoked                   // a verified answer says it was revoked
)

// String gives the word for logs and JSON.
func (r Revocation) String() string {
	switch r {
	case Good:
		return "good"
	case Revoked:
		return "revoked"
	case Unknown:
		return "unknown"
	default:
		return fmt.Sprintf("revocation(%d)", int(r))
	}
}

// Answer is one source's answer, or the whole Check's.
type Answer struct {
	State     Revocation
	Reason    int           // CRLReason, RFC 5280 §5.3.1; only with Revoked
	RevokedAt time.Time     // only with Revoked
	At        time.Time     // thisUpdate of the list or response; zero if none could be verified
	NextAt    time.Time     // nextUpdate; zero if the source gave none
	Age       time.Duration // from At to the moment of asking; 0 if At is zero
	Source    string        // "crl", "ocsp"; empty if none answered
	Err       error         // why the state is Unknown; nil otherwise
}

// Why a source could not check. They are wrapped in Answer.Err.
var (
	ErrNoSource      = errors.New("no revocation source is known")
	ErrUnreachable   = errors.New("revocation source did not answer")
	ErrStale         = errors.New("revocation data is too old")
	ErrNotYet        = errors.New("revocation data is from the future")
	ErrUnverified    = errors.New("revocation data cannot be verified")
	ErrOtherIssuer   = errors.New("revocation data is another issuer's")
	ErrNotCovered    = errors.New("revocation data does not cover this certificate")
	ErrUnknownSerial = errors.New("responder does not know this certificate")
)

// revocationSkew is how far the clocks of the kiosk and a responder may differ.
const revocationSkew = 5 * time.Minute

// Source answers whether a certificate of issuer was revoked. A failure is an Answer with state
// Unknown and its reason in Err.
type Source interface {
	Revocation(ctx context.Context, cert, issuer *x509.Certificate) Answer
}

// Check asks the sources in order and gives the first definite answer. If none is definite the
// state is Unknown and Err holds every source's reason; an older answer that could be verified
// still tells its time and age. cert must have been verified to chain to issuer.
func Check(ctx context.Context, cert, issuer *x509.Certificate, sources ...Source) Answer {
	if len(sources) == 0 {
		return Answer{Err: fmt.Errorf("check revocation: %w", ErrNoSource)}
	}
	if err := CheckSignatureFrom(cert, issuer); err != nil {
		return Answer{Err: fmt.Errorf("check revocation: %w: %w", ErrOtherIssuer, err)}
	}
	var unknown Answer
	var reasons []error
	for _, source := range sources {
		answer := source.Revocation(ctx, cert, issuer)
		if answer.State == Good || answer.State == Revoked {
			return answer
		}
		if answer.At.After(unknown.At) {
			unknown = answer
		}
		if answer.Err == nil {
			answer.Err = ErrUnreachable
		}
		reasons = append(reasons, answer.Err)
	}
	unknown.State = Unknown
	unknown.Err = fmt.Errorf("check revocation: %w", errors.Join(reasons...))
	return unknown
}

// dated fills an answer's times and says whether they allow a Good: not from the future, not past
// nextUpdate, not older than maxAge (0: no bound).
func dated(answer *Answer, now, thisUpdate, nextUpdate time.Time, maxAge time.Duration) error {
	answer.At, answer.NextAt = thisUpdate, nextUpdate
	if age := now.Sub(thisUpdate); age > 0 {
		answer.Age = age
	}
	if thisUpdate.After(now.Add(revocationSkew)) {
		return ErrNotYet
	}
	if !nextUpdate.IsZero() && now.After(nextUpdate.Add(revocationSkew)) {
		return ErrStale
	}
	if maxAge > 0 && answer.Age > maxAge {
		return ErrStale
	}
	if nextUpdate.IsZero() && maxAge == 0 && answer.Age > revocationSkew {
		return ErrStale // nothing says how long it holds
	}
	return nil
}
