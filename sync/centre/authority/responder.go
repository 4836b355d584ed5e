package authority

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// CertificateStatus is what the centre remembers of one certificate.
type CertificateStatus struct {
	Issued    bool   // false: this centre never issued it
	Issuer    Family // the CA that signed it; "" is RSA
	Revoked   bool
	RevokedAt time.Time
	Reason    int // CRLReason, RFC 5280 §5.3.1
}

func (s CertificateStatus) by(ca *issuer) bool {
	return s.Issuer == ca.family || s.Issuer == "" && ca.family == RSA
}

// StatusStore looks one certificate of an issuing CA up by serial number.
type StatusStore interface {
	CertificateStatus(ctx context.Context, serial *big.Int) (CertificateStatus, error)
}

const (
	maxOCSPRequest = 4 << 10
	responseHolds  = time.Hour // nextUpdate after thisUpdate
)

// Responder answers OCSP questions about the issuing CAs' certificates, by GET and POST (RFC 6960
// appendix A.1). It signs with a delegated key of that CA's family, which lives in memory for a week
// at most, or, with BySelf, with the CA's own.
type Responder struct {
	Authority *Authority
	Store     StatusStore
	Log       func(error) // what the store or the signer failed by; may be nil
	BySelf    bool
}

// Over puts the responder in front of next for OCSPPath and below. A ServeMux cannot do that: it
// redirects a GET whose base64 has two slashes in a row.
func (r *Responder) Over(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if request.URL.Path == OCSPPath || strings.HasPrefix(request.URL.Path, OCSPPath+"/") {
			r.ServeHTTP(w, request)
			return
		}
		next.ServeHTTP(w, request)
	})
}

// ServeHTTP answers one question. OCSP errors are OCSP answers with HTTP status 200 (RFC 6960
// §2.3, appendix A.2).
func (r *Responder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	question, status := readQuestion(w, request)
	if status != http.StatusOK {
		http.Error(w, http.StatusText(status), status)
		return
	}
	answer, until := r.answer(request.Context(), question)
	header := w.Header()
	header.Set("Content-Type", "application/ocsp-response")
	header.Set("X-Content-Type-Options", "nosniff")
	if request.Method == http.MethodGet && !until.IsZero() { // RFC 5019 §6.2
		header.Set("Expires", until.UTC().Format(http.TimeFormat))
		header.Set("Cache-Control", "max-age=60, public, no-transform, must-revalidate")
	} else {
		header.Set("Cache-Control", "no-store")
	}
	if _, err := w.Write(answer); err != nil {
		r.log(fmt.Errorf("send OCSP response: %w", err))
	}
}

// readQuestion takes the request's octets out of the body or the path.
func readQuestion(w http.ResponseWriter, request *http.Request) ([]byte, int) {
	switch request.Method {
	case http.MethodPost:
		kind, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
		if err != nil || kind != "application/ocsp-request" {
			return nil, http.StatusUnsupportedMediaType
		}
		question, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxOCSPRequest))
		if err != nil {
			return nil, http.StatusRequestEntityTooLarge
		}
		return question, http.StatusOK
	case http.MethodGet:
		return pathQuestion(request.URL)
	default:
		w.Header().Set("Allow", "GET, POST")
		return nil, http.StatusMethodNotAllowed
	}
}

// pathQuestion reads {prefix}/{url-encoding of base-64 of the request}. The escaped path is used, for
// base64 itself has slashes; clients that escape nothing are understood too.
func pathQuestion(address *url.URL) ([]byte, int) {
	_, encoded, found := strings.Cut(address.EscapedPath(), OCSPPath+"/")
	if !found {
		return nil, http.StatusBadRequest
	}
	if len(encoded) > 2*maxOCSPRequest {
		return nil, http.StatusRequestURITooLong
	}
	encoded, err := url.PathUnescape(encoded)
	if err != nil {
		return nil, http.StatusBadRequest
	}
	encoded = strings.ReplaceAll(encoded, " ", "+")
	question, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(question) > maxOCSPRequest {
		return nil, http.StatusBadRequest
	}
	return question, http.StatusOK
}

func (r *Responder) answer(ctx context.Context, der []byte) ([]byte, time.Time) {
	asked, err := parseQuestion(der)
	if err != nil {
		return errorResponse(ocspMalformed), time.Time{}
	}
	now := r.Authority.options.Now().UTC().Truncate(time.Second)
	ca := r.Authority.asked(asked)
	if ca == nil { // RFC 6960 §2.3: not authoritative for that issuer
		return errorResponse(ocspUnauthorized), time.Time{}
	}
	response := pki.OCSPResponse{ProducedAt: now, NextUpdate: now.Add(responseHolds), Nonce: asked.nonce}
	for _, id := range asked.certificates {
		status := CertificateStatus{} // what this CA did not issue is unknown to it
		if id.of(ca.cert) {
			if status, err = r.Store.CertificateStatus(ctx, id.serial); err != nil {
				r.log(fmt.Errorf("answer OCSP: %w", err))
				return errorResponse(ocspTryLater), time.Time{}
			}
		}
		response.Statuses = append(response.Statuses, status.about(id, ca))
	}
	signed, err := r.sign(ca, response)
	if err != nil {
		r.log(fmt.Errorf("answer OCSP: %w", err))
		return errorResponse(ocspInternal), time.Time{}
	}
	return signed, response.NextUpdate
}

// about says the status of a certificate as its CA would.
func (s CertificateStatus) about(id certID, ca *issuer) pki.OCSPStatus {
	out := pki.OCSPStatus{CertID: id.raw, State: pki.Unknown}
	switch {
	case !s.Issued || !s.by(ca): // another CA's certificate may happen to have the number
	case s.Revoked:
		out.State, out.Reason, out.RevokedAt = pki.Revoked, s.Reason, s.RevokedAt
	default:
		out.State = pki.Good
	}
	return out
}

// asked gives the CA that a question is about, that of the first certificate of ours: one answer has one signature, and
// nobody may speak for certificates of another CA (RFC 6960 §4.2.2.2). Nil: none of ours.
func (a *Authority) asked(q question) *issuer {
	for _, id := range q.certificates {
		for _, ca := range a.issuers() {
			if id.of(ca.cert) {
				return ca
			}
		}
	}
	return nil
}

func (r *Responder) sign(ca *issuer, response pki.OCSPResponse) ([]byte, error) {
	if r.BySelf {
		return pki.CreateOCSP(response, ca.cert, false, ca.key)
	}
	key, cert, err := r.Authority.delegate(ca)
	if err != nil {
		return nil, err
	}
	return pki.CreateOCSP(response, cert, true, key)
}

func (r *Responder) log(err error) {
	if r.Log != nil && !errors.Is(err, context.Canceled) {
		r.Log(err)
	}
}
