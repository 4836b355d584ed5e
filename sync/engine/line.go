package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// Problem is a code of what is wrong with the line; it holds nothing personal.
type Problem string

// The problems. Expired and Foreign are about the centre's certificate.
const (
	None    Problem = ""
	Down    Problem = "down"
	Slow    Problem = "slow"
	Garbage Problem = "garbage"
	Expired Problem = "expired"
	Foreign Problem = "foreign"
	Refused Problem = "refused" // the centre does not know this device, or has revoked it
	Busy    Problem = "busy"    // the centre asks to be left alone for a while
	Failed  Problem = "failed"  // the centre says that it failed
)

// ProblemOf says what an error of a call to the centre means for the line; None for a refusal that is a verdict.
func ProblemOf(err error) Problem {
	if err == nil {
		return None
	}
	var refusal *api.Error
	if errors.As(err, &refusal) {
		switch refusal.Code {
		case api.ErrorCodeUnauthenticated:
			return Refused
		case api.ErrorCodeRateLimited:
			return Busy
		case api.ErrorCodeInternal:
			return Failed
		}
		return None
	}
	var verdict *cmp.StatusError
	if errors.As(err, &verdict) {
		switch {
		case verdict.Info.Fail.Has(cmp.SignerNotTrusted | cmp.CertRevoked):
			return Refused
		case cmp.Temporary(err):
			return Failed
		}
		return None
	}
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var alert tls.AlertError
	switch {
	case errors.As(err, &invalid):
		if invalid.Reason == x509.Expired {
			return Expired
		}
		return Foreign
	case errors.As(err, &authority), errors.As(err, &host):
		return Foreign
	case errors.As(err, &alert):
		return Refused
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return Slow
	}
	var network net.Error
	if errors.As(err, &network) && network.Timeout() {
		return Slow
	}
	var operation *net.OpError
	if errors.As(err, &operation) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || isEOF(err) {
		return Down
	}
	var record tls.RecordHeaderError
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	if errors.As(err, &record) || errors.As(err, &syntax) || errors.As(err, &shape) {
		return Garbage
	}
	return Garbage
}
