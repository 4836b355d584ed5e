package authority

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
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
)

// CertificateStatus is what the centre remembers of one certificate.
type CertificateStatus struct {
	Issued    bool // false: this centre never issued it
	Revoked   bool
	RevokedAt time.Time
	Reason    int // CRLReason, RFC 5280 §5.3.1
}

// StatusStore looks one certificate of the issuing CA up by serial number.
type StatusStore interface {
	CertificateStatus(ctx context.Context, serial *big.Int) (CertificateStatus, error)
}

const (
	maxOCSPRequest = 4 << 10
	responseHolds  = time.Hour // nextUpdate after thisUpdate
	responderKeeps = 7 * 24 * time.Hour
	responderRenew = 24 * time.Hour // a new responder certificate this long before the old one ends
)

var oidOCSPNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5} // RFC 6960 §4.2.2.2.1

// Responder answers OCSP questions about the issuing CA's certificates, by GET and POST (RFC 6960
// appendix A.1). It signs with a delegated key that lives in memory for a week at most, or, with
// BySelf, with the issuing CA's own.
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
	response := basicResponse{producedAt: now, nextUpdate: now.Add(responseHolds), nonce: asked.nonce}
	ours := false
	for _, id := range asked.certificates {
		status := CertificateStatus{} // another issuer's certificate is unknown here
		if id.of(r.Authority.issuing) {
			ours = true
			if status, err = r.Store.CertificateStatus(ctx, id.serial); err != nil {
				r.log(fmt.Errorf("answer OCSP: %w", err))
				return errorResponse(ocspTryLater), time.Time{}
			}
		}
		response.answers = append(response.answers, singleAnswer{id: id, status: status})
	}
	if !ours { // RFC 6960 §2.3: not authoritative for that issuer
		return errorResponse(ocspUnauthorized), time.Time{}
	}
	signed, err := r.sign(response)
	if err != nil {
		r.log(fmt.Errorf("answer OCSP: %w", err))
		return errorResponse(ocspInternal), time.Time{}
	}
	return signed, response.nextUpdate
}

func (r *Responder) sign(response basicResponse) ([]byte, error) {
	a := r.Authority
	if r.BySelf {
		return response.sign(a.issuingKey, a.issuing, false)
	}
	key, cert, err := a.delegate()
	if err != nil {
		return nil, err
	}
	return response.sign(key, cert, true)
}

// delegate gives the responder's key and certificate, and makes new ones when the old end soon. The
// key is never written down: a centre that starts anew makes another.
func (a *Authority) delegate() (crypto.Signer, *x509.Certificate, error) {
	a.responder.mutex.Lock()
	defer a.responder.mutex.Unlock()
	now := a.options.Now().UTC().Truncate(time.Second)
	current := a.responder.cert
	if current != nil && now.Before(current.NotAfter.Add(-responderRenew)) && !now.Before(current.NotBefore) {
		return a.responder.key, current, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, caKeyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("make responder key: %w", err)
	}
	cert, err := a.issueResponder(&key.PublicKey, now)
	if err != nil {
		return nil, nil, fmt.Errorf("make responder certificate: %w", err)
	}
	a.responder.key, a.responder.cert = key, cert
	return key, cert, nil
}

func (a *Authority) issueResponder(key *rsa.PublicKey, now time.Time) (*x509.Certificate, error) {
	template, err := a.frame(nil, tlsYears)
	if err != nil {
		return nil, err
	}
	if end := now.Add(responderKeeps); end.Before(template.NotAfter) {
		template.NotAfter = end
	}
	template.Subject = pkix.Name{Country: []string{"KZ"}, CommonName: sandboxMark + " OCSP RESPONDER"}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	template.OCSPServer, template.CRLDistributionPoints = nil, nil
	template.ExtraExtensions = []pkix.Extension{{Id: oidOCSPNoCheck, Value: []byte{5, 0}}} // NULL
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return a.issue(template, key, spki)
}

func (r *Responder) log(err error) {
	if r.Log != nil && !errors.Is(err, context.Canceled) {
		r.Log(err)
	}
}
