package cmp

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"
	"time"
)

// world is a centre over HTTP and a kiosk that is a registration authority of it.
type world struct {
	ca        *sandbox
	authority *memory
	server    *Server
	http      *httptest.Server
	device    *x509.Certificate
	deviceKey crypto.Signer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{ca: newSandbox(t)}
	w.authority = newMemory(w.ca)
	signer, err := NewSigner(w.ca.cert, nil, w.ca.key)
	if err != nil {
		t.Fatal(err)
	}
	w.server = &Server{Authority: w.authority, Signer: signer, CAPubs: []*x509.Certificate{w.ca.cert}, NonceKey: make([]byte, 32)}
	w.http = httptest.NewServer(w.server)
	t.Cleanup(w.http.Close)
	w.deviceKey = newEC(t)
	w.device = w.ca.issue(t, pkix.Name{Country: []string{"KZ"}, CommonName: "kiosk 1001"}, w.deviceKey.Public(), oidCMCRA)
	return w
}

func (w *world) url(profile string) string { return w.http.URL + PathPrefix + profile }

// client is the kiosk's client.
func (w *world) client(t testing.TB) *Client {
	t.Helper()
	protect, err := NewSigner(w.device, nil, w.deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{URL: w.url("rsa-sign"), Protect: protect, Trust: Trust{Roots: w.ca.roots()}, Recipient: w.ca.cert.RawSubject}
}

// macClient is the client of a device that is being enrolled.
func (w *world) macClient(reference, secret string) *Client {
	return &Client{URL: w.url("device"), Protect: NewMAC([]byte(reference), []byte(secret))}
}

func newCSR(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "ТЕСТОВ ТЕСТ", SerialNumber: "IIN000101500008"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// again writes a transaction down and reads it back, as a restart does.
func again(t testing.TB, x *Transaction) *Transaction {
	t.Helper()
	data, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	out := &Transaction{}
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestClient_EnrolsUnderAMACAndSpendsTheSecret(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.authority.share("kiosk-7", "0123456789abcdef")
	c := w.macClient("kiosk-7", "0123456789abcdef")
	x, key := NewTransaction(newID(t)), newEC(t)
	a, err := c.IR(ctx, x, Template{Subject: pkix.Name{CommonName: "kiosk-7"}, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if a.State != Issued || len(a.CAPubs) != 1 || !a.CAPubs[0].Equal(w.ca.cert) || !key.PublicKey.Equal(a.Certificate.PublicKey) {
		t.Fatalf("answer %+v", a)
	}
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	_, err = c.IR(ctx, NewTransaction(newID(t)), Template{Subject: pkix.Name{CommonName: "kiosk-7"}, Key: key})
	var hint *UnprotectedError
	if !errors.Is(err, ErrUnprotected) || !errors.As(err, &hint) || hint.Claim.Code != CodeSpentSecret {
		t.Fatalf("a spent secret gave %v", err)
	}
}

func TestClient_WaitsThroughRestartsUntilApprovedAndConfirms(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.authority.open(-1)
	c, x, key := w.client(t), NewTransaction(newID(t)), newRSA(t)
	a, err := c.P10CR(ctx, x, newCSR(t, key))
	if err != nil || a.State != Waiting {
		t.Fatalf("p10cr: %+v, %v", a, err)
	}
	x = again(t, x)
	if a, err = c.Poll(ctx, x); err != nil || a.State != Waiting || a.CheckAfter != time.Second {
		t.Fatalf("poll: %+v, %v", a, err)
	}
	w.authority.approve()
	x = again(t, x)
	if a, err = c.Poll(ctx, x); err != nil || a.State != Issued {
		t.Fatalf("poll: %+v, %v", a, err)
	}
	x = again(t, x)
	if a.CAPubs != nil {
		t.Fatal("trust anchors came without a MAC")
	}
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	if got := w.authority.confirmedWord(x.ID); got != "confirmed" {
		t.Fatalf("the centre holds it for %q", got)
	}
}

func TestClient_SaysWhenTheCentreRejects(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.authority.open(-1)
	c, x := w.client(t), NewTransaction(newID(t))
	if _, err := c.P10CR(ctx, x, newCSR(t, newRSA(t))); err != nil {
		t.Fatal(err)
	}
	w.authority.reject("document differs")
	a, err := c.Poll(ctx, x)
	if err != nil || a.State != Rejected || len(a.Status.Text) != 1 || a.Status.Text[0] != "document differs" {
		t.Fatalf("%+v, %v", a, err)
	}
}

func TestClient_UpdatesAndRevokesTheDevice(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	c, x, key := w.client(t), NewTransaction(newID(t)), newEC(t)
	a, err := c.KUR(ctx, x, Template{Key: key}, w.device)
	if err != nil || a.State != Issued || a.Certificate.Subject.String() != w.device.Subject.String() {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	r := NewTransaction(newID(t))
	if err := c.Revoke(ctx, r, Revocation{Issuer: w.ca.cert.RawSubject, Serial: a.Certificate.SerialNumber, Reason: 4}); err != nil {
		t.Fatal(err)
	}
	if reason, revoked := w.authority.reason(a.Certificate.SerialNumber.String()); !revoked || reason != 4 {
		t.Fatalf("revoked %v for reason %d", revoked, reason)
	}
	err = c.Revoke(ctx, NewTransaction(newID(t)), Revocation{Issuer: w.ca.cert.RawSubject, Serial: a.Certificate.SerialNumber, Reason: 4})
	var verdict *StatusError
	if !errors.As(err, &verdict) || !verdict.Info.Fail.Has(CertRevoked) || Temporary(err) {
		t.Fatalf("a second revocation gave %v", err)
	}
}

func TestClient_GetsTheCACertificates(t *testing.T) {
	w := newWorld(t)
	certs, err := w.client(t).CACerts(context.Background())
	if err != nil || len(certs) != 1 || !certs[0].Equal(w.ca.cert) {
		t.Fatalf("%v, %v", certs, err)
	}
}
