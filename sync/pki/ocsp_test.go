package pki_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

func TestCheckOCSP_GivesThreeAnswersInBothFamilies(t *testing.T) {
	for _, h := range houses(t) {
		now := time.Now()
		delegate := h.delegate(nil)
		is := func(state pki.Revocation, reason int) func(*pki.OCSPResponse) {
			return func(r *pki.OCSPResponse) {
				r.Statuses[0].State, r.Statuses[0].Reason, r.Statuses[0].RevokedAt = state, reason, now.Add(-time.Hour)
			}
		}
		twice := func(first, second pki.Revocation) func(*pki.OCSPResponse) {
			return func(r *pki.OCSPResponse) {
				is(first, 1)(r)
				r.Statuses = append(r.Statuses, pki.OCSPStatus{CertID: r.Statuses[0].CertID, State: second, RevokedAt: now})
			}
		}
		as := func(change func(*x509.Certificate)) *x509.Certificate { return h.delegate(change) }
		unknown := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}
		other := h.issuer
		tests := []struct {
			name      string
			responder *x509.Certificate
			change    func(*pki.OCSPResponse)
			now       time.Time
			state     pki.Revocation
			cause     error
		}{
			{"good by the CA", nil, nil, now, pki.Good, nil},
			{"good by a delegate", delegate, nil, now, pki.Good, nil},
			{"revoked by the CA", nil, is(pki.Revoked, 1), now, pki.Revoked, nil},
			{"revoked by a delegate", delegate, is(pki.Revoked, 5), now, pki.Revoked, nil},
			{"on hold", delegate, is(pki.Revoked, 6), now, pki.Revoked, nil},
			{"unknown to the responder", nil, is(pki.Unknown, 0), now, pki.Unknown, pki.ErrUnknownSerial},
			{"old", delegate, nil, now.Add(90 * time.Minute), pki.Unknown, nil},
			{"old and by the CA", nil, nil, now.Add(90 * time.Minute), pki.Unknown, pki.ErrStale},
			{"old but revoked", nil, is(pki.Revoked, 1), now.Add(90 * time.Minute), pki.Revoked, nil},
			{"old and on hold", nil, is(pki.Revoked, 6), now.Add(90 * time.Minute), pki.Unknown, pki.ErrStale},
			{"of the future", nil, nil, now.Add(-30 * time.Minute), pki.Unknown, pki.ErrNotYet},
			{"produced in the future", nil, func(r *pki.OCSPResponse) { r.ThisUpdate, r.ProducedAt = r.ProducedAt, now.Add(30*time.Minute) }, now, pki.Unknown, pki.ErrNotYet},
			{"without an end, new", nil, func(r *pki.OCSPResponse) { r.NextUpdate = time.Time{} }, now, pki.Good, nil},
			{"without an end, half an hour old", nil, func(r *pki.OCSPResponse) { r.NextUpdate = time.Time{} }, now.Add(30 * time.Minute), pki.Unknown, pki.ErrStale},
			{"ends before it begins", nil, func(r *pki.OCSPResponse) { r.NextUpdate = now.Add(-2 * time.Minute) }, now, pki.Unknown, pki.ErrUnverified},
			{"about another certificate", nil, func(r *pki.OCSPResponse) { r.Statuses[0].CertID = certIDOf(t, other, h.issuer) }, now, pki.Unknown, pki.ErrNotCovered},
			{"about the same number of another issuer", nil, func(r *pki.OCSPResponse) { r.Statuses[0].CertID = certIDOf(t, h.cert, gostStrangers().issuing) }, now, pki.Unknown, pki.ErrNotCovered},
			{"good and revoked", nil, twice(pki.Good, pki.Revoked), now, pki.Unknown, pki.ErrNotCovered},
			{"good and good", nil, twice(pki.Good, pki.Good), now, pki.Unknown, pki.ErrNotCovered},
			{"a delegate without the right", as(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), nil, now, pki.Unknown, pki.ErrUnverified},
			{"a delegate with every right but this", as(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }), nil, now, pki.Unknown, pki.ErrUnverified},
			{"a delegate for agreement", as(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), nil, now, pki.Unknown, pki.ErrUnverified},
			{"an ended delegate", as(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }), nil, now, pki.Unknown, pki.ErrUnverified},
			{"a delegate of tomorrow", as(func(c *x509.Certificate) { c.NotBefore = now.Add(30 * time.Minute) }), nil, now, pki.Unknown, pki.ErrUnverified},
			{"a delegate with an unknown critical extension", as(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{unknown} }), nil, now, pki.Unknown, pki.ErrUnverified},
		}
		for _, test := range tests {
			der := h.response(t, test.responder, test.change)
			wantAnswer(t, h.name+": "+test.name, pki.CheckOCSP(der, h.cert, h.issuer, test.now, 0), test.state, test.cause)
		}
		answer := pki.CheckOCSP(h.response(t, nil, is(pki.Revoked, 5)), h.cert, h.issuer, now.Add(20*time.Minute), 0)
		if answer.Reason != 5 || answer.RevokedAt.IsZero() || answer.Age < 20*time.Minute || answer.Source != "ocsp" || answer.NextAt.IsZero() {
			t.Errorf("%s: %+v", h.name, answer)
		}
		wantAnswer(t, h.name+": older than asked for", pki.CheckOCSP(h.response(t, nil, nil), h.cert, h.issuer, now.Add(20*time.Minute), 10*time.Minute), pki.Unknown, pki.ErrStale)
	}
}

func TestCheckOCSP_TakesNobodyElsesWord(t *testing.T) {
	families := houses(t)
	rsa, ca := families[0], families[1]
	strangers := house{"", gostStrangers().issuing, gostStrangers().key, ca.cert, gostStrangers().responderKey}
	now := time.Now()
	for name, der := range map[string][]byte{
		"another house of the same name":                   strangers.response(t, nil, nil),
		"another house's delegate":                         strangers.response(t, strangers.delegate(nil), nil),
		"a citizen with his own certificate":               house{"", ca.issuer, ca.key, ca.cert, gostHouse().citizen}.response(t, ca.cert, nil),
		"the other family's CA":                            house{"", rsa.issuer, rsa.key, ca.cert, nil}.response(t, nil, nil),
		"the other family's delegate for this certificate": house{"", rsa.issuer, rsa.key, ca.cert, rsa.responder}.response(t, rsa.delegate(nil), func(r *pki.OCSPResponse) { r.Statuses[0].CertID = certIDOf(t, ca.cert, ca.issuer) }),
	} {
		if answer := pki.CheckOCSP(der, ca.cert, ca.issuer, now, 0); answer.State != pki.Unknown || answer.Err == nil {
			t.Errorf("%s: %v", name, answer.State)
		}
	}
	if answer := pki.CheckOCSP(ca.response(t, nil, nil), ca.cert, gostStrangers().issuing, now, 0); answer.State != pki.Unknown {
		t.Errorf("for another issuer of the same name: %v", answer.State)
	}
	russian := signedOCSP(t, ca, gost.Russian)
	if answer := pki.CheckOCSP(russian, ca.cert, ca.issuer, now, 0); answer.State != pki.Unknown {
		t.Errorf("a signature in the other octet order: %v", answer.State)
	}
}

// signedOCSP exchanges the signature for one of the other dialect's order.
func signedOCSP(t testing.TB, h house, dialect gost.Dialect) []byte {
	t.Helper()
	whole := elements(t, h.response(t, nil, nil))
	body := elements(t, elements(t, whole[1])[0])
	input := cryptobyte.String(body[1])
	var inner cryptobyte.String
	if !input.ReadASN1(&inner, cbasn1.OCTET_STRING) {
		t.Fatal("no response")
	}
	parts := elements(t, inner)
	sum := gost.Sum512(parts[0])
	signature, err := h.key.Sign(nil, sum[:], dialect)
	if err != nil {
		t.Fatal(err)
	}
	parts[2] = element(cbasn1.BIT_STRING, []byte{0}, signature)
	body[1] = element(cbasn1.OCTET_STRING, element(cbasn1.SEQUENCE, parts...))
	return element(cbasn1.SEQUENCE, whole[0], element(cbasn1.Tag(0).Constructed().ContextSpecific(), element(cbasn1.SEQUENCE, body...)))
}

// responder answers every request with what a test makes of its nonce.
type ocspServer struct {
	h      house
	nonce  func(asked []byte) []byte
	digest []asn1.ObjectIdentifier // of the CertIDs that were asked
	t      *testing.T
}

func (s *ocspServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	der, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	tbs := elements(s.t, elements(s.t, der)[0])
	id := elements(s.t, elements(s.t, tbs[0])[0])[0]
	var oid asn1.ObjectIdentifier
	algorithm := cryptobyte.String(elements(s.t, elements(s.t, id)[0])[0])
	algorithm.ReadASN1ObjectIdentifier(&oid)
	s.digest = append(s.digest, oid)
	extension := elements(s.t, elements(s.t, elements(s.t, tbs[1])[0])[0])
	input := cryptobyte.String(extension[1])
	var value cryptobyte.String
	input.ReadASN1(&value, cbasn1.OCTET_STRING)
	w.Write(s.h.response(s.t, nil, func(o *pki.OCSPResponse) {
		o.Statuses[0].CertID, o.Nonce = id, s.nonce(value)
	}))
}

func TestOCSPSource_WantsItsOwnNonceBack(t *testing.T) {
	same := func(asked []byte) []byte { return asked }
	none := func([]byte) []byte { return nil }
	other := func(asked []byte) []byte {
		return append(append([]byte{}, asked[:len(asked)-1]...), asked[len(asked)-1]^1)
	}
	for _, h := range houses(t) {
		for _, test := range []struct {
			name  string
			nonce func([]byte) []byte
			need  bool
			state pki.Revocation
		}{
			{"echoed", same, false, pki.Good},
			{"echoed and needed", same, true, pki.Good},
			{"left out", none, false, pki.Good},
			{"left out and needed", none, true, pki.Unknown},
			{"another's", other, false, pki.Unknown},
			{"another's and needed", other, true, pki.Unknown},
			{"cut short", func(asked []byte) []byte { return asked[:len(asked)-1] }, false, pki.Unknown},
		} {
			server := &ocspServer{h: h, nonce: test.nonce, t: t}
			source := &pki.OCSPSource{Fetch: (&line{serve: server}).do, NeedNonce: test.need, Hash: crypto.SHA256}
			answer := pki.Check(context.Background(), h.cert, h.issuer, source)
			wantAnswer(t, h.name+": "+test.name, answer, test.state, nil)
			if len(server.digest) != 1 || !server.digest[0].Equal(idSHA256) {
				t.Errorf("%s: %s: asked with %v", h.name, test.name, server.digest)
			}
		}
		source := &pki.OCSPSource{Fetch: (&line{serve: &ocspServer{h: h, nonce: same, t: t}}).do, Hash: crypto.MD5}
		wantAnswer(t, h.name+": a digest nobody should ask with", pki.Check(context.Background(), h.cert, h.issuer, source), pki.Unknown, pki.ErrAlgorithm)
	}
}
