package engine

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Connection is what a kiosk needs to reach its centre: what enrolment gave it.
type Connection struct {
	Centre      string // https://host:port
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // issuing certificates, nearest first
	Key         crypto.Signer
	Root        *x509.Certificate
	Now         func() time.Time // for certificates; nil: time.Now
	CallTimeout time.Duration    // of one call; 0: 20 s
}

// Line is the connection to the centre: mutual TLS 1.3, trusting its root only. It may be used from many goroutines.
// Errors of its methods are *LineError, *api.Error, or the end of the context.
type Line struct {
	rest    *api.ClientWithResponses
	http    *http.Client
	base    string
	protect cmp.Protection
	trust   cmp.Trust
	roots   *pki.Pool
	between *pki.Pool
	now     func() time.Time
}

// answerMax bounds the body of an answer, in bytes.
const answerMax = 16 << 20

var errTooLong = errors.New("the answer is too long")

// Connect prepares the line; nothing is sent yet.
func Connect(c Connection) (*Line, error) {
	if c.CallTimeout == 0 {
		c.CallTimeout = 20 * time.Second
	}
	roots, between := pki.NewPool(c.Root), pki.NewPool(c.Chain...)
	own := tls.Certificate{Certificate: [][]byte{c.Certificate.Raw}, PrivateKey: c.Key, Leaf: c.Certificate}
	for _, issuer := range c.Chain {
		own.Certificate = append(own.Certificate, issuer.Raw)
	}
	transport := &http.Transport{
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots.X509(), Certificates: []tls.Certificate{own}, Time: c.Now},
		DialContext:           (&net.Dialer{Timeout: c.CallTimeout / 2, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   c.CallTimeout / 2,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          4,
		IdleConnTimeout:       90 * time.Second,
		ResponseHeaderTimeout: c.CallTimeout,
	}
	client := &http.Client{
		Transport: bounded{transport}, Timeout: c.CallTimeout,
		// Whoever answers with another address answers garbage: nothing of ours is sent on.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	base := strings.TrimRight(c.Centre, "/")
	rest, err := api.NewClientWithResponses(base, api.WithHTTPClient(client))
	if err != nil {
		return nil, fmt.Errorf("preparing the line to the centre: %w", err)
	}
	protect, err := cmp.NewSigner(c.Certificate, c.Chain, c.Key)
	if err != nil {
		return nil, fmt.Errorf("preparing the line to the centre: %w", err)
	}
	return &Line{rest: rest, http: client, base: base, protect: protect, trust: cmp.Trust{Roots: roots}, roots: roots, between: between, now: c.Now}, nil
}

// Close drops idle connections.
func (l *Line) Close() { l.http.CloseIdleConnections() }

// Roots are what certificates from this centre must lead to.
func (l *Line) Roots() *pki.Pool { return l.roots }

// Intermediates are the issuing certificates known from the device's own.
func (l *Line) Intermediates() *pki.Pool { return l.between }

// CMP gives a client for a template (RFC 9811 §3.3: the template is the profile's name in the path).
func (l *Line) CMP(template string) *cmp.Client {
	return &cmp.Client{URL: l.base + cmp.PathPrefix + template, HTTP: l.http, Protect: l.protect, Trust: l.trust, Now: l.now}
}

// bounded refuses answers longer than answerMax.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = &boundedBody{ReadCloser: answer.Body, left: answerMax}
	}
	return answer, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// judge turns what a generated call gave into its body or an explained error.
func judge[T any](ctx context.Context, answer *http.Response, body *T, refused *api.Error, err error) (T, error) {
	var none T
	if err != nil {
		return none, explain(ctx, err)
	}
	if err := refusal(ctx, answer, refused); err != nil {
		return none, err
	}
	if body == nil {
		return none, garbage("HTTP status %d without the body of the contract", answer.StatusCode)
	}
	return *body, nil
}

func refusal(ctx context.Context, answer *http.Response, refused *api.Error) error {
	err := api.Refusal(answer, refused)
	if err == nil {
		return nil
	}
	if verdict := (*api.Error)(nil); errors.As(err, &verdict) {
		return explain(ctx, err)
	}
	return garbage("%w", err)
}
