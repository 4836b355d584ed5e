package enrol

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/tirkeu/kiosk/sync/cmp"
)

// Why an enrolment or renewal failed. Each wraps the cause. The first three are what the other side says without being able to prove it: nothing
// can be proven to a device whose secret is not good.
var (
	ErrWrongSecret = errors.New("the reference or the secret is wrong")
	ErrSpent       = errors.New("the secret was already used for a device")
	ErrVoid        = errors.New("the secret is void: too old, or tried wrongly too often")

	ErrAddress     = errors.New("the address of the centre is not one") // https://host[:port] is needed
	ErrUnreachable = errors.New("the centre cannot be reached")         // no connection, no answer in time, or it says it is ill
	ErrGarbage     = errors.New("what answers at this address is not the centre")
	ErrIdentity    = errors.New("the connection does not end at the centre: its certificate does not lead to the centre's root")
	ErrExpired     = errors.New("the centre's server certificate is out of date, or the clock of this device is wrong")
	ErrClock       = errors.New("the clock of this device is wrong")
	ErrRefused     = errors.New("the centre refused") // a verified verdict; a *cmp.StatusError is wrapped
	ErrCertificate = errors.New("the certificate the centre sent is not the one asked for")
)

// explain puts an error of the exchange into one of the classes above.
func explain(doing string, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, classify(err), err)
}

func classify(err error) error {
	var claim *cmp.UnprotectedError
	var verdict *cmp.StatusError
	var transport *cmp.TransportError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &claim):
		return classifyClaim(claim.Claim)
	case errors.As(err, &verdict):
		if cmp.Temporary(err) {
			return ErrUnreachable
		}
		return ErrRefused
	case errors.As(err, &certificate):
		return classifyServer(certificate.Err)
	case errors.Is(err, cmp.ErrClock):
		return ErrClock
	case errors.As(err, &transport):
		if errors.Is(err, http.ErrSchemeMismatch) || (transport.Status != 0 && transport.Status < http.StatusInternalServerError) {
			return ErrGarbage
		}
		return ErrUnreachable
	case errors.Is(err, context.DeadlineExceeded):
		return ErrUnreachable
	}
	return ErrGarbage // malformed, wrong protection, another message's answer
}

// classifyClaim reads the reason from an answer that nobody vouches for.
func classifyClaim(claim cmp.StatusError) error {
	switch claim.Code {
	case cmp.CodeWrongSecret:
		return ErrWrongSecret
	case cmp.CodeSpentSecret:
		return ErrSpent
	case cmp.CodeVoidSecret:
		return ErrVoid
	}
	switch {
	case claim.Info.Fail.Has(cmp.BadMessageCheck):
		return ErrWrongSecret
	case claim.Info.Fail.Has(cmp.SystemFailure | cmp.SystemUnavail):
		return ErrUnreachable
	}
	return ErrGarbage
}

// classifyServer tells a certificate that is only out of date from one that is not the centre's.
func classifyServer(err error) error {
	if invalid := (x509.CertificateInvalidError{}); errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return ErrExpired
	}
	return ErrIdentity
}
