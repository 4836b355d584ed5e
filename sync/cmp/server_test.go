package cmp

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// forge makes a message of the device that its client would not make.
func (w *world) forge(t *testing.T, change func(*header), kind bodyKind, body bodyBuilder) []byte {
	t.Helper()
	protect, err := NewSigner(w.device, nil, w.deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	h := header{version: version2, recipient: directoryName(nil), transactionID: newID(t), senderNonce: newID(t)}
	if change != nil {
		change(&h)
	}
	der, err := protect.seal(rand.Reader, h, kind, body, nil)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (w *world) verdict(t *testing.T, request []byte) PKIStatusInfo {
	t.Helper()
	m, err := parseMessage(w.server.Handle(context.Background(), "rsa-sign", request))
	if err != nil {
		t.Fatal(err)
	}
	switch m.kind {
	case bodyError:
		c, err := parseError(m.body)
		if err != nil {
			t.Fatal(err)
		}
		return c.info
	case bodyIP, bodyCP, bodyKUP:
		r, err := parseCertResponse(m.body)
		if err != nil {
			t.Fatal(err)
		}
		return r.status
	}
	return PKIStatusInfo{}
}

func TestServer_RefusesWhatTheProfileForbids(t *testing.T) {
	w := newWorld(t)
	key := newEC(t)
	good, err := Template{RawSubject: emptyName, Key: key}.body(rand.Reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	wrongOld, err := Template{RawSubject: emptyName, Key: key}.body(rand.Reader, &CertID{Issuer: w.ca.cert.RawSubject, Serial: w.ca.cert.SerialNumber})
	if err != nil {
		t.Fatal(err)
	}
	csr := newCSR(t, newRSA(t))
	badCSR := bytes.Clone(csr)
	badCSR[len(badCSR)-1] ^= 1
	raw := func(der []byte) bodyBuilder { return func(b *cryptobyte.Builder) { b.AddBytes(der) } }
	cases := []struct {
		name   string
		change func(*header)
		kind   bodyKind
		body   bodyBuilder
		want   Failure
	}{
		{"pvno 1", func(h *header) { h.version = 1 }, bodyIR, good, UnsupportedVersion},
		{"no transactionID", func(h *header) { h.transactionID = nil }, bodyIR, good, BadDataFormat},
		{"a short transactionID", func(h *header) { h.transactionID = []byte("1234") }, bodyIR, good, BadDataFormat},
		{"no senderNonce", func(h *header) { h.senderNonce = nil }, bodyIR, good, BadSenderNonce},
		{"a foreign recipNonce", func(h *header) { h.recipNonce = make([]byte, 32) }, bodyPollReq, pollRequestBody(0), BadRecipientNonce},
		{"a PKCS#10 whose signature is broken", nil, bodyP10CR, raw(badCSR), BadPOP},
		{"a PKCS#10 that is none", nil, bodyP10CR, raw([]byte{0x30, 0}), BadDataFormat},
		{"a kur for another certificate", nil, bodyKUR, wrongOld, BadCertID},
		{"a body that is an answer", nil, bodyPKIConf, nullBody, BadRequest},
		{"garbage in a body", nil, bodyIR, nullBody, BadDataFormat},
		{"an rr without serial", nil, bodyRR, (&revocation{template: certTemplate{issuer: emptyName}}).body(), AddInfoNotAvailable},
	}
	for _, c := range cases {
		if got := w.verdict(t, w.forge(t, c.change, c.kind, c.body)); !got.Fail.Has(c.want) || got.Status != Rejection {
			t.Errorf("%s: %v %v", c.name, got.Status, got.Fail)
		}
	}
	if w.authority.requests != 0 {
		t.Errorf("%d of them arrived", w.authority.requests)
	}
}

func TestServer_RefusesASignerItDoesNotTrust(t *testing.T) {
	w := newWorld(t)
	other := newSandbox(t)
	w.deviceKey = newEC(t)
	w.device = other.issue(t, nameOf("kiosk 1001"), w.deviceKey.Public(), oidCMCRA)
	_, err := w.client(t).P10CR(context.Background(), NewTransaction(newID(t)), newCSR(t, newRSA(t)))
	var verdict *StatusError
	if !errors.As(err, &verdict) || !verdict.Info.Fail.Has(SignerNotTrusted) {
		t.Fatal(err)
	}
}

func TestClient_DoesNotTakeAnswersFromOtherCertificatesOfTheSameRoot(t *testing.T) {
	w := newWorld(t)
	c := w.client(t)
	key := newEC(t)
	kiosk := w.ca.issue(t, nameOf("Test CA"), key.Public(), oidCMCRA)
	signer, err := NewSigner(kiosk, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	w.server.Signer = signer
	if _, err := c.P10CR(context.Background(), NewTransaction(newID(t)), newCSR(t, newRSA(t))); !errors.Is(err, ErrProtection) || !Temporary(err) {
		t.Fatalf("another kiosk's word was taken for the centre's: %v", err)
	}
}

func TestClient_ToleratesOldAnswersAndNotClocksThatAreWrong(t *testing.T) {
	for _, c := range []struct {
		ahead time.Duration
		want  error
	}{{-30 * 24 * time.Hour, nil}, {time.Hour, nil}, {48 * time.Hour, ErrClock}} {
		w := newWorld(t)
		w.server.Now = func() time.Time { return time.Now().Add(c.ahead) }
		_, err := w.client(t).P10CR(context.Background(), NewTransaction(newID(t)), newCSR(t, newRSA(t)))
		if !errors.Is(err, c.want) {
			t.Errorf("%v ahead: %v", c.ahead, err)
		}
	}
}

func TestClient_TakesNoAnswerToAnotherMessage(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	c, line := w.client(t), &tap{}
	c.HTTP = &http.Client{Transport: line}
	if _, err := c.P10CR(ctx, NewTransaction(newID(t)), newCSR(t, newRSA(t))); err != nil {
		t.Fatal(err)
	}
	old := line.last
	line.reply = func(int, []byte) ([]byte, error) { return old, nil }
	if _, err := c.P10CR(ctx, NewTransaction(newID(t)), newCSR(t, newRSA(t))); !errors.Is(err, ErrMismatch) {
		t.Fatal(err)
	}
}

func TestServer_AnswersABatchOfARegistrationAuthorityOnly(t *testing.T) {
	w := newWorld(t)
	request := func() []byte {
		return w.forge(t, nil, bodyP10CR, func(b *cryptobyte.Builder) { b.AddBytes(newCSR(t, newEC(t))) })
	}
	one, two := request(), request()
	batch := w.forge(t, nil, bodyNested, nestedBody([][]byte{one, two}))
	first := w.server.Handle(context.Background(), "rsa-sign", batch)
	m, err := parseMessage(first)
	if err != nil || m.kind != bodyNested {
		t.Fatalf("another answer than was due: %v", err)
	}
	replies, err := parseNested(m.body)
	if err != nil || len(replies) != 2 {
		t.Fatalf("%d replies, %v", len(replies), err)
	}
	for i, der := range replies {
		reply, err := parseMessage(der)
		request, _ := parseMessage([][]byte{one, two}[i])
		if err != nil || reply.kind != bodyCP || !bytes.Equal(reply.header.transactionID, request.header.transactionID) {
			t.Fatalf("reply %d is not its answer: %v", i, err)
		}
	}
	if again := w.server.Handle(context.Background(), "rsa-sign", batch); !bytes.Equal(again, first) {
		t.Fatal("the same batch has another answer")
	}
	if got := w.verdict(t, w.forge(t, nil, bodyNested, nestedBody([][]byte{one, one}))); !got.Fail.Has(BadRequest) {
		t.Fatalf("one message twice gave %v", got)
	}
	deep := w.forge(t, nil, bodyNested, nestedBody([][]byte{w.forge(t, nil, bodyNested, nestedBody([][]byte{request()}))}))
	if m, err = parseMessage(w.server.Handle(context.Background(), "rsa-sign", deep)); err != nil || m.kind != bodyNested {
		t.Fatal(err)
	}
	if replies, err = parseNested(m.body); err != nil {
		t.Fatal(err)
	}
	if inner, err := parseMessage(replies[0]); err != nil || inner.kind != bodyError {
		t.Fatalf("a batch in a batch gave %v, %v", inner.kind, err)
	}
	w.deviceKey = newEC(t)
	w.device = w.ca.issue(t, nameOf("citizen"), w.deviceKey.Public())
	if got := w.verdict(t, w.forge(t, nil, bodyNested, nestedBody([][]byte{one}))); !got.Fail.Has(NotAuthorized) {
		t.Fatalf("a citizen's wrapping gave %v", got)
	}
}

func TestServer_AnswersAMessageWithAddedProtectionByItsOwnAnswer(t *testing.T) {
	w := newWorld(t)
	id, nonce := newID(t), newID(t)
	copied := func(h *header) { h.transactionID, h.senderNonce = id, nonce }
	key := newEC(t)
	citizen := *w
	citizen.deviceKey, citizen.device = key, w.ca.issue(t, nameOf("citizen"), key.Public())
	inner := citizen.forge(t, copied, bodyP10CR, func(b *cryptobyte.Builder) { b.AddBytes(newCSR(t, newEC(t))) })
	m, err := parseMessage(w.server.Handle(context.Background(), "rsa-sign", w.forge(t, copied, bodyNested, nestedBody([][]byte{inner}))))
	if err != nil || m.kind != bodyCP || !bytes.Equal(m.header.transactionID, id) {
		t.Fatalf("another answer than was due: %v", err)
	}
	w.authority.with(func(a *memory) {
		if via := a.tx[string(id)].r.Party.Via; via == nil || !via.Certificate.Equal(w.device) || !via.RA {
			t.Errorf("wrapped by %+v", via)
		}
	})
	wrong := w.forge(t, func(h *header) { h.transactionID = id }, bodyNested, nestedBody([][]byte{inner}))
	if got := w.verdict(t, wrong); !got.Fail.Has(BadSenderNonce) {
		t.Fatalf("another senderNonce gave %v", got)
	}
}

func TestServer_RefusesAnAmbiguousCertConf(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	c, x := w.client(t), NewTransaction(newID(t))
	a, err := c.CR(ctx, x, Template{RawSubject: emptyName, Key: newEC(t)})
	if err != nil {
		t.Fatal(err)
	}
	good, _ := newCertStatus(a.Certificate, 0)
	for name, change := range map[string]func(*certStatus, *header) Failure{
		"another certReqId":         func(s *certStatus, _ *header) Failure { s.id = requestIDP10; return BadRequest },
		"another certHash":          func(s *certStatus, _ *header) Failure { s.hash = make([]byte, 32); return BadCertID },
		"accepted with a failInfo":  func(s *certStatus, _ *header) Failure { s.info = &PKIStatusInfo{Fail: BadRequest}; return BadRequest },
		"hashAlg under version 2":   func(s *certStatus, _ *header) Failure { s.hashAlg.id = oidSHA256; return BadRequest },
		"an unknown hashAlg":        func(s *certStatus, h *header) Failure { s.hashAlg.id, h.version = oidCACerts, 3; return BadAlg },
		"no transaction of this id": func(_ *certStatus, h *header) Failure { h.transactionID = newID(t); return BadRequest },
	} {
		var want Failure
		status := *good
		var request []byte
		prepare := func(h *header) {
			h.transactionID = x.ID
			want = change(&status, h)
			start := newID(t)
			h.recipNonce = append(start, w.server.nonceMAC(h.transactionID, start)...)
		}
		request = w.forge(t, prepare, bodyCertConf, func(b *cryptobyte.Builder) { status.body()(b) })
		if got := w.verdict(t, request); !got.Fail.Has(want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if word := w.authority.confirmedWord(x.ID); word != "" {
		t.Fatalf("it is %q", word)
	}
	status := *good
	status.hashAlg.id = oidSHA256
	request := w.forge(t, func(h *header) {
		start := newID(t)
		h.version, h.transactionID, h.recipNonce = 3, x.ID, append(start, w.server.nonceMAC(x.ID, start)...)
	}, bodyCertConf, status.body())
	m, err := parseMessage(w.server.Handle(ctx, "rsa-sign", request))
	if err != nil || m.kind != bodyPKIConf || m.header.version != version3 {
		t.Fatalf("another answer than was due: %v", err)
	}
}

func TestServer_SpeaksHTTPAsRFC9811Says(t *testing.T) {
	w := newWorld(t)
	request := w.forge(t, nil, bodyGenM, func(b *cryptobyte.Builder) { addInfoValues(b, []infoValue{{id: oidCACerts}}) })
	do := func(method, path, kind string, body []byte) (int, string) {
		req, err := http.NewRequest(method, w.http.URL+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("Content-Type")
	}
	for _, c := range []struct {
		name, method, path, kind string
		body                     []byte
		want                     int
	}{
		{"a message", "POST", PathPrefix + "device", ContentType, request, 200},
		{"GET", "GET", PathPrefix + "device", ContentType, nil, 405},
		{"another type", "POST", PathPrefix + "device", "application/json", request, 415},
		{"no profile", "POST", PathPrefix, ContentType, request, 404},
		{"a deeper path", "POST", PathPrefix + "device/x", ContentType, request, 404},
		{"too much", "POST", PathPrefix + "device", ContentType, make([]byte, MaxMessage+1), 413},
		{"garbage", "POST", PathPrefix + "device", ContentType, []byte("GET / HTTP/1.1"), 200},
	} {
		got, kind := do(c.method, c.path, c.kind, c.body)
		if got != c.want || (got == 200) != (kind == ContentType) {
			t.Errorf("%s: %d %s", c.name, got, kind)
		}
	}
}

func TestProtection_HidesItsSecret(t *testing.T) {
	p := NewMAC([]byte("kiosk-7"), []byte("Secret-123456789"))
	text := fmt.Sprintf("%v %+v %#v %s %d", p, &p, p, p, struct{ P Protection }{p})
	if strings.Contains(text, "Secret") || strings.Contains(text, "83 101") {
		t.Fatal(text)
	}
}

func TestServer_FailsLoudlyWithoutACertificate(t *testing.T) {
	w := newWorld(t)
	request := w.forge(t, nil, bodyGenM, func(b *cryptobyte.Builder) { addInfoValues(b, []infoValue{{id: oidCACerts}}) })
	w.server.Signer = Protection{}
	if reply := w.server.Handle(context.Background(), "device", request); reply != nil {
		t.Fatal("an answer was made without a key")
	}
}
