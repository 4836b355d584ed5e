package pki

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"golang.org/x/crypto/ocsp"
)

// MaxOCSP bounds an OCSP response in octets; one with its responder's certificate has about 2 KiB.
const MaxOCSP = 16 << 10

// CheckOCSP reads an OCSP response in DER and says what it knows of a certificate at now. maxAge
// bounds the age of a response; 0 leaves it to its nextUpdate.
//
// The response must be signed by issuer itself, or by a certificate issuer gave the extended key
// usage OCSPSigning and that is valid at now (RFC 6960 §4.2.2.2; x/crypto/ocsp leaves that check to
// its caller). Unknown, errors and stale responses are Unknown, never Good.
func CheckOCSP(der []byte, cert, issuer *x509.Certificate, now time.Time, maxAge time.Duration) Answer {
	answer := Answer{Source: "ocsp"}
	if len(der) > MaxOCSP {
		answer.Err = fmt.Errorf("%w: response has more than %d octets", ErrUnverified, MaxOCSP)
		return answer
	}
	if !bytes.Equal(cert.RawIssuer, issuer.RawSubject) {
		answer.Err = ErrOtherIssuer
		return answer
	}
	// Without an issuer the library verifies the signature by the certificate inside, if any.
	response, err := ocsp.ParseResponseForCert(der, cert, nil)
	if err != nil {
		answer.Err = fmt.Errorf("%w: %w", ErrUnverified, err)
		return answer
	}
	if err := checkResponder(response, issuer, now); err != nil {
		answer.Err = fmt.Errorf("%w: %w", ErrUnverified, err)
		return answer
	}
	stale := dated(&answer, now, response.ThisUpdate, response.NextUpdate, maxAge)
	switch response.Status {
	case ocsp.Good:
		if stale != nil {
			answer.Err = stale
			return answer
		}
		answer.State = Good
	case ocsp.Revoked:
		if stale != nil && response.RevocationReason == reasonCertificateHold {
			answer.Err = stale
			return answer
		}
		answer.State, answer.Reason, answer.RevokedAt = Revoked, response.RevocationReason, response.RevokedAt
	default:
		answer.Err = ErrUnknownSerial
	}
	return answer
}

func checkResponder(response *ocsp.Response, issuer *x509.Certificate, now time.Time) error {
	delegate := response.Certificate
	if delegate == nil || bytes.Equal(delegate.Raw, issuer.Raw) {
		return response.CheckSignatureFrom(issuer)
	}
	if err := delegate.CheckSignatureFrom(issuer); err != nil {
		return fmt.Errorf("responder's certificate: %w", err)
	}
	if now.Before(delegate.NotBefore.Add(-revocationSkew)) || now.After(delegate.NotAfter) {
		return fmt.Errorf("responder's certificate is not valid now")
	}
	for _, usage := range delegate.ExtKeyUsage {
		if usage == x509.ExtKeyUsageOCSPSigning {
			return nil
		}
	}
	return fmt.Errorf("responder's certificate may not sign OCSP responses")
}

// OCSPSource answers by asking an OCSP responder over HTTP POST (RFC 6960 appendix A.1). The zero
// value works.
type OCSPSource struct {
	Fetch  Fetcher          // nil: HTTP with a limit of 20 s
	URL    string           // empty: the certificate's authority information access
	Hash   crypto.Hash      // of the issuer in the question; 0: SHA-1, which every responder takes
	MaxAge time.Duration    // 0: what the response says
	Now    func() time.Time // nil: time.Now
}

// Revocation is Source's method.
func (s *OCSPSource) Revocation(ctx context.Context, cert, issuer *x509.Certificate) Answer {
	urls := cert.OCSPServer
	if s.URL != "" {
		urls = []string{s.URL}
	}
	last := Answer{Source: "ocsp", Err: ErrNoSource}
	if len(urls) == 0 {
		return last
	}
	request, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: s.Hash})
	if err != nil {
		last.Err = fmt.Errorf("build OCSP request: %w", err)
		return last
	}
	for _, url := range urls {
		der, err := s.Fetch.post(ctx, url, "application/ocsp-request", request, MaxOCSP)
		if err != nil {
			last = Answer{Source: "ocsp", Err: err}
			continue
		}
		last = CheckOCSP(der, cert, issuer, clock(s.Now), s.MaxAge)
		if last.State != Unknown {
			return last
		}
	}
	return last
}
