package centre

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// maxBody bounds the body of a REST call in octets.
const maxBody = 256 << 10

// The headers that carry the token of a session.
const (
	sessionHeader = "X-Staff-Session"
	citizenHeader = "X-Citizen-Session"
)

// none is the input or output of a call that has none.
type none struct{}

// caller is who calls: an enrolled device, and the tokens of a staff session and of a citizen's that the call carries.
type caller struct {
	device  ledger.Device
	token   string
	citizen string
}

// routes binds every call of the contract; a test holds it against openapi.json.
func (c *Centre) routes(mux *http.ServeMux) {
	route(c, mux, "GET /api/v1/device", c.restDevice)
	route(c, mux, "POST /api/v1/heartbeat", c.restHeartbeat)
	route(c, mux, "GET /api/v1/directory", c.restDirectory)
	route(c, mux, "POST /api/v1/people/lookup", c.restLookup)
	route(c, mux, "PUT /api/v1/applications/{number}", c.restFile)
	route(c, mux, "GET /api/v1/applications/{number}", c.restStatus)
	route(c, mux, "GET /api/v1/applications/{number}/seal", c.restSeal)
	route(c, mux, "POST /api/v1/applications/{number}/installed", c.restInstalled)
	route(c, mux, "POST /api/v1/applications/{number}/letters", c.restLetter)
	route(c, mux, "GET /api/v1/keys/{spki_sha256}", c.restKey)
	route(c, mux, "GET /api/v1/transactions/{id}", c.restTransaction)
	route(c, mux, "POST /api/v1/challenges", c.restChallenge)
	route(c, mux, "POST /api/v1/staff/sessions", c.restOpenSession)
	route(c, mux, "DELETE /api/v1/staff/sessions", c.restCloseSession)
	route(c, mux, "POST /api/v1/queue/search", c.restQueue)
	route(c, mux, "POST /api/v1/queue/{number}/open", c.restOpen)
	route(c, mux, "DELETE /api/v1/queue/{number}/lock", c.restUnlock)
	route(c, mux, "POST /api/v1/decisions", c.restDecide)
	route(c, mux, "POST /api/v1/certificates/search", c.restCertificates)
	c.citizenRoutes(mux)
}

// route binds one call: it finds the device behind the client's certificate, reads the body, and writes the answer or
// the refusal.
func route[In, Out any](c *Centre, mux *http.ServeMux, pattern string, call func(context.Context, caller, *http.Request, In) (Out, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		out, err := func() (out Out, err error) {
			who := caller{token: r.Header.Get(sessionHeader), citizen: r.Header.Get(citizenHeader)}
			if who.device, err = c.device(r.Context(), r); err != nil {
				return out, err
			}
			var in In
			if err := readBody(w, r, &in); err != nil {
				return out, err
			}
			return call(r.Context(), who, r, in)
		}()
		switch {
		case err != nil:
			status = c.writeRefusal(w, r, err)
		case any(out) == any(none{}):
			status = http.StatusNoContent
			w.WriteHeader(status)
		default:
			writeJSON(w, status, out)
		}
		c.metrics.add(fmt.Sprintf("tirkeu_api_requests_total{call=%q,status=\"%d\"}", pattern, status), 1)
	})
}

func readBody(w http.ResponseWriter, r *http.Request, in any) error {
	if _, nothing := in.(*none); nothing {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return refuse(api.ErrorCodeBadRequest, "the body cannot be read, or has more than %d octets", maxBody)
	}
	if err := json.Unmarshal(body, in); err != nil {
		return refuse(api.ErrorCodeBadRequest, "the body is not the JSON that is wanted") // its text may be personal
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, out any) {
	body, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client has gone; there is nobody to tell
}

// writeRefusal is the one place where an error becomes an answer. What is not a refusal is logged and not told.
func (c *Centre) writeRefusal(w http.ResponseWriter, r *http.Request, err error) int {
	var no *Refusal
	if !errors.As(err, &no) {
		if r.Context().Err() == nil {
			c.log.Error("a call failed", "call", r.Pattern, "error", err)
		}
		no = &Refusal{Code: api.ErrorCodeInternal, Message: "internal error"}
	}
	out := api.Error{Code: no.Code, Message: no.Message, Left: no.Left}
	if no.After > 0 {
		seconds := int((no.After + 999_999_999) / 1_000_000_000)
		out.RetryAfter = &seconds
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	status := statuses[no.Code]
	writeJSON(w, status, out)
	return status
}

// device is the enrolled device behind the connection's client certificate. TLS has proved possession of the key.
func (c *Centre) device(ctx context.Context, r *http.Request) (ledger.Device, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ledger.Device{}, refuse(api.ErrorCodeUnauthenticated, "a device's certificate is needed")
	}
	return c.deviceOf(ctx, r.TLS.PeerCertificates[0])
}

var errRevoked = refuse(api.ErrorCodeUnauthenticated, "the device or its certificate is revoked")

// deviceOf judges a device's certificate: of this authority, valid now, a client's, known, not revoked.
func (c *Centre) deviceOf(ctx context.Context, cert *x509.Certificate) (ledger.Device, error) {
	no := refuse(api.ErrorCodeUnauthenticated, "the certificate is not one of an enrolled device")
	if _, err := cert.Verify(x509.VerifyOptions{Roots: c.anchors.X509(), CurrentTime: c.now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		return ledger.Device{}, no
	}
	var d ledger.Device
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		row, err := t.Certificate(serialOf(cert))
		if errors.Is(err, ledger.ErrNotFound) || err == nil && (row.Kind != "device" || !slices.Equal(row.DER, cert.Raw)) {
			return no
		}
		if err != nil {
			return err
		}
		if d, err = t.Device(row.Device); err != nil {
			return err
		}
		if !row.RevokedAt.IsZero() || !d.RevokedAt.IsZero() {
			return errRevoked
		}
		if d.EnrolledAt.IsZero() {
			return refuse(api.ErrorCodeUnauthenticated, "the device has not confirmed its certificate")
		}
		return nil
	})
	return d, err
}

// within takes a token of a device's bucket.
func (c *Centre) within(what string, l Limit, d ledger.Device) error {
	if wait, ok := c.buckets.take(what+":"+d.Prefix, l, c.now()); !ok {
		return &Refusal{Code: api.ErrorCodeRateLimited, Message: "this device asks too often", After: wait}
	}
	return nil
}
