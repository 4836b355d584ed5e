package cmp

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// ContentType of CMP messages over HTTP (RFC 9811 §3.2).
const ContentType = "application/pkixcmp"

const (
	nonceLength   = 16 // RFC 9483 §3.1: 128 bits
	idMin, idMax  = 16, 64
	clientTimeout = 30 * time.Second
	maxAhead      = 24 * time.Hour
)

// Client asks for certificates. It holds no state: that is in each [Transaction]. It may be used concurrently for different transactions.
type Client struct {
	URL       string       // http(s)://host/.well-known/cmp/p/{profile}
	HTTP      *http.Client // nil: 30 s a message, no redirects
	Protect   Protection
	Trust     Trust
	Recipient []byte // DER of the centre's Name; nil: not known
	Now       func() time.Time
	Rand      io.Reader
	// ImplicitConfirm asks for a certificate that needs no certConf (RFC 9810 §5.1.1.1). The centre may decline.
	ImplicitConfirm bool
	// Keep writes the transaction down before a new message leaves. Its error stops the message. Nil: nothing is written.
	Keep func(context.Context, *Transaction) error
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Client) random() io.Reader {
	if c.Rand != nil {
		return c.Rand
	}
	return rand.Reader
}

// exchange sends the transaction's message, having built it if there is none, and gives the verified answer. An error message that was
// verified is a [*StatusError].
func (c *Client) exchange(ctx context.Context, t *Transaction, kind bodyKind, version int, body bodyBuilder) (*message, error) {
	if !t.Pending() {
		if err := c.build(t, kind, version, body); err != nil {
			return nil, err
		}
		if c.Keep != nil {
			if err := c.Keep(ctx, t); err != nil {
				t.Drop()
				return nil, fmt.Errorf("keep the transaction: %w", err)
			}
		}
	}
	step := t.Step
	der, err := c.post(ctx, t.Message)
	if err != nil {
		return nil, fmt.Errorf("send %s: %w", step, err)
	}
	m, err := c.verify(t, der)
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", step, err)
	}
	t.PeerNonce = m.header.senderNonce
	if m.kind != bodyError {
		t.Drop()
		return m, nil
	}
	content, err := parseError(m.body)
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s: %w", step, err)
	}
	verdict := &StatusError{Body: "error", Info: content.info, Code: content.code, Details: content.details}
	if !Temporary(verdict) {
		t.Drop()
	}
	return nil, fmt.Errorf("answer to %s: %w", step, verdict)
}

// build makes the next message of the transaction.
func (c *Client) build(t *Transaction, kind bodyKind, version int, body bodyBuilder) error {
	if len(t.ID) < idMin || len(t.ID) > idMax {
		return fmt.Errorf("%w: the transaction id has %d octets", ErrOrder, len(t.ID))
	}
	nonce, err := random(c.random(), nonceLength)
	if err != nil {
		return err
	}
	h := header{version: version, recipient: directoryName(c.Recipient), messageTime: c.now(), transactionID: t.ID, senderNonce: nonce, recipNonce: t.PeerNonce}
	if c.ImplicitConfirm && (kind == bodyIR || kind == bodyCR || kind == bodyKUR || kind == bodyP10CR) {
		h.general = []infoValue{{id: oidImplicitConfirm, value: null}} // RFC 9810 §5.1.1.1: the value is NULL
	}
	der, err := c.Protect.seal(c.random(), h, kind, body, nil)
	if err != nil {
		return err
	}
	t.Step, t.Message, t.Nonce = kind.String(), der, nonce
	return nil
}

// post carries one message over HTTP (RFC 9811 §3) and gives the body of what comes back.
func (c *Client) post(ctx context.Context, message []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", ContentType)
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: clientTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &TransportError{Err: err}
	}
	defer resp.Body.Close()
	der, err := io.ReadAll(io.LimitReader(resp.Body, MaxMessage+1))
	if err != nil {
		return nil, &TransportError{Status: resp.StatusCode, Err: err}
	}
	// RFC 9811 §3.4: an HTTP error may carry a CMP message all the same; then that one says more.
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if kind != ContentType {
		return nil, &TransportError{Status: resp.StatusCode, Err: fmt.Errorf("status %d with content type %q", resp.StatusCode, kind)}
	}
	if resp.StatusCode != http.StatusOK && len(der) == 0 {
		return nil, &TransportError{Status: resp.StatusCode, Err: errors.New(resp.Status)}
	}
	return der, nil
}

// verify reads an answer to the transaction's message and checks, in this order, that somebody who may has protected it, that it belongs to
// this very message, and its time (RFC 9483 §3.5).
func (c *Client) verify(t *Transaction, der []byte) (*message, error) {
	m, err := parseMessage(der)
	if err != nil {
		return nil, err
	}
	if m.header.version != version2 && m.header.version != version3 { // RFC 9810 §7
		return nil, malformed("pvno")
	}
	if err := c.verifyProtection(m); err != nil {
		if m.kind == bodyError {
			if content, bad := parseError(m.body); bad == nil {
				return nil, &UnprotectedError{Claim: StatusError{Body: "error", Info: content.info, Code: content.code, Details: content.details}}
			}
		}
		return nil, err
	}
	// RFC 9483 §3.5: transactionID is the one sent, recipNonce is the senderNonce sent.
	if !bytes.Equal(m.header.transactionID, t.ID) || !bytes.Equal(m.header.recipNonce, t.Nonce) {
		return nil, ErrMismatch
	}
	if len(m.header.senderNonce) < nonceLength { // RFC 9483 §3.1
		return nil, malformed("senderNonce")
	}
	// RFC 9483 §3.5, tolerantly: the nonce has shown that the answer is new, and a stored answer may be old; a time
	// that lies ahead means that one of the clocks is wrong, and certificates would seem not yet valid.
	if m.header.messageTime.Sub(c.now()) > maxAhead {
		return nil, ErrClock
	}
	return m, nil
}

func (c *Client) verifyProtection(m *message) error {
	if m.protection == nil || m.header.protectionAlg.id == nil {
		return fmt.Errorf("%w: there is none", ErrProtection)
	}
	params, isMAC, err := parseMAC(m.header.protectionAlg)
	switch {
	case isMAC != c.Protect.isMAC():
		return fmt.Errorf("%w: it is of another kind than the request's", ErrProtection) // RFC 9483 §3.2
	case !isMAC:
		return c.Trust.verify(m, c.now())
	case err != nil:
		return fmt.Errorf("%w: %w", ErrProtection, err)
	case !params.verify(c.Protect.secret, m.protectedPart(), m.protection):
		return ErrProtection
	}
	return nil
}

// certificates gives the DER of certificates.
func certificates(certs []*x509.Certificate) (ders [][]byte) {
	for _, cert := range certs {
		ders = append(ders, cert.Raw)
	}
	return ders
}
