package pki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

func crl(t *testing.T, a *authority.Authority, next time.Time, entries ...authority.Revoked) []byte {
	t.Helper()
	der, err := a.CRL(entries, big.NewInt(1), next)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func wantAnswer(t *testing.T, name string, got pki.Answer, state pki.Revocation, cause error) {
	t.Helper()
	if got.State != state || cause != nil && !errors.Is(got.Err, cause) || (got.State == pki.Unknown) != (got.Err != nil) {
		t.Errorf("%s: %v (%v), want %v (%v)", name, got.State, got.Err, state, cause)
	}
}

func TestRevocation_ZeroIsNotGood(t *testing.T) {
	var answer pki.Answer
	if answer.State != pki.Unknown || pki.Unknown.String() != "unknown" || pki.Good.String() != "good" || pki.Revoked.String() != "revoked" {
		t.Fatal("the zero answer is not unknown")
	}
}

func TestCheckCRL_GivesThreeAnswers(t *testing.T) {
	a, stranger := sandbox(t), open(t, strangerMaterial(), authority.Options{})
	cert, now := issue(t, a, pki.TemplateSign), time.Now()
	next := now.Add(time.Hour)
	revoked := func(reason int) authority.Revoked {
		return authority.Revoked{Serial: cert.SerialNumber, At: now.Add(-time.Hour), Reason: reason}
	}
	late := next.Add(time.Hour)
	tests := []struct {
		name  string
		der   []byte
		now   time.Time
		state pki.Revocation
		cause error
	}{
		{"not on the list", crl(t, a, next), now, pki.Good, nil},
		{"another is on the list", crl(t, a, next, authority.Revoked{Serial: big.NewInt(9), At: now}), now, pki.Good, nil},
		{"on the list", crl(t, a, next, revoked(1)), now, pki.Revoked, nil},
		{"on hold", crl(t, a, next, revoked(6)), now, pki.Revoked, nil},
		{"not on an old list", crl(t, a, next), late, pki.Unknown, pki.ErrStale},
		{"on an old list", crl(t, a, next, revoked(1)), late, pki.Revoked, nil},
		{"on hold by an old list", crl(t, a, next, revoked(6)), late, pki.Unknown, pki.ErrStale},
		{"a list of tomorrow", crl(t, a, next), now.Add(-time.Hour), pki.Unknown, pki.ErrNotYet},
		{"another authority's list under the same name", crl(t, stranger, next), now, pki.Unknown, pki.ErrUnverified},
		{"garbage", []byte("404 page not found"), now, pki.Unknown, pki.ErrUnverified},
		{"nothing", nil, now, pki.Unknown, pki.ErrUnverified},
	}
	for _, test := range tests {
		wantAnswer(t, test.name, pki.CheckCRL(test.der, cert, a.Issuing(), test.now), test.state, test.cause)
	}
	answer := pki.CheckCRL(crl(t, a, next, revoked(4)), cert, a.Issuing(), now.Add(30*time.Minute))
	if answer.Reason != 4 || answer.RevokedAt.IsZero() || answer.Source != "crl" || answer.Age < 29*time.Minute || answer.Age > 31*time.Minute {
		t.Errorf("answer %+v", answer)
	}
	wantAnswer(t, "the root's list for a citizen", pki.CheckCRL(rootCRL(t, a, next), cert, a.Issuing(), now), pki.Unknown, pki.ErrOtherIssuer)
	wantAnswer(t, "the root's list for the issuing CA", pki.CheckCRL(rootCRL(t, a, next), a.Issuing(), a.Root(), now), pki.Good, nil)
}

func rootCRL(t *testing.T, a *authority.Authority, next time.Time) []byte {
	t.Helper()
	der, err := a.RootCRL(nil, big.NewInt(1), next)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestCheckCRL_NeverTakesAPartForTheWhole(t *testing.T) {
	a, now := sandbox(t), time.Now()
	cert := issue(t, a, pki.TemplateSign)
	type point struct {
		Users      bool `asn1:"optional,tag:1"`
		Authority  bool `asn1:"optional,tag:2"`
		Indirect   bool `asn1:"optional,tag:4"`
		Attributes bool `asn1:"optional,tag:5"`
	}
	number := asn1.ObjectIdentifier{2, 5, 29, 27}
	distribution := asn1.ObjectIdentifier{2, 5, 29, 28}
	tests := []struct {
		name  string
		id    asn1.ObjectIdentifier
		value any
		state pki.Revocation
	}{
		{"user certificates only", distribution, point{Users: true}, pki.Good},
		{"CA certificates only", distribution, point{Authority: true}, pki.Unknown},
		{"indirect", distribution, point{Indirect: true}, pki.Unknown},
		{"attribute certificates", distribution, point{Attributes: true}, pki.Unknown},
		{"a delta", number, big.NewInt(3), pki.Unknown},
		{"an extension nobody knows", asn1.ObjectIdentifier{1, 2, 3}, big.NewInt(3), pki.Unknown},
	}
	for _, test := range tests {
		value, err := asn1.Marshal(test.value)
		if err != nil {
			t.Fatal(err)
		}
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour),
			ExtraExtensions: []pkix.Extension{{Id: test.id, Critical: true, Value: value}}}
		der, err := x509.CreateRevocationList(rand.Reader, list, a.Issuing(), issuingKey(t))
		if err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, test.name, pki.CheckCRL(der, cert, a.Issuing(), now), test.state, nil)
	}
}

func TestCheckCRL_TakesNoListOfUsersForACA(t *testing.T) {
	a, now := sandbox(t), time.Now()
	subordinate := forge(t, func(c *x509.Certificate, _ *any) { c.IsCA, c.BasicConstraintsValid = true, true })
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}}}}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Issuing(), issuingKey(t))
	if err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, "a list of users", pki.CheckCRL(der, subordinate, a.Issuing(), now), pki.Unknown, pki.ErrNotCovered)
}

func TestCheckCRL_NeverTakesAnEntryItDoesNotUnderstand(t *testing.T) {
	a, now := sandbox(t), time.Now()
	cert := issue(t, a, pki.TemplateSign)
	issuerEntry := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}} // certificateIssuer
	tests := map[string]x509.RevocationListEntry{
		"removed from the list":     {SerialNumber: cert.SerialNumber, RevocationTime: now, ReasonCode: 8},
		"another issuer's entry":    {SerialNumber: big.NewInt(3), RevocationTime: now, ExtraExtensions: []pkix.Extension{issuerEntry}},
		"another issuer's, same no": {SerialNumber: cert.SerialNumber, RevocationTime: now, ExtraExtensions: []pkix.Extension{issuerEntry}},
	}
	for name, entry := range tests {
		list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour), RevokedCertificateEntries: []x509.RevocationListEntry{entry}}
		der, err := x509.CreateRevocationList(rand.Reader, list, a.Issuing(), issuingKey(t))
		if err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, name, pki.CheckCRL(der, cert, a.Issuing(), now), pki.Unknown, pki.ErrNotCovered)
	}
}

func TestSources_AskOverRealHTTP(t *testing.T) {
	a := sandbox(t)
	cert := issue(t, a, pki.TemplateSign)
	list := crl(t, a, time.Now().Add(time.Hour))
	mux := http.NewServeMux()
	mux.HandleFunc(authority.IssuingCRLPath, func(w http.ResponseWriter, _ *http.Request) { w.Write(list) })
	responder := &authority.Responder{Authority: a, Store: statuses{cert.SerialNumber.String(): {Issued: true}}}
	server := httptest.NewServer(responder.Over(mux))
	defer server.Close()
	for _, source := range []pki.Source{
		&pki.OCSPSource{URL: server.URL + authority.OCSPPath},
		&pki.OCSPSource{URL: server.URL + authority.OCSPPath, Hash: crypto.SHA256},
		&pki.CRLSource{URL: server.URL + authority.IssuingCRLPath},
	} {
		wantAnswer(t, "over HTTP", pki.Check(t.Context(), cert, a.Issuing(), source), pki.Good, nil)
	}
	server.Close()
	wantAnswer(t, "server gone", pki.Check(t.Context(), cert, a.Issuing(), &pki.OCSPSource{URL: server.URL + authority.OCSPPath}), pki.Unknown, pki.ErrUnreachable)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	wantAnswer(t, "nobody waits", pki.Check(ended, cert, a.Issuing(), &pki.OCSPSource{URL: server.URL + authority.OCSPPath}), pki.Unknown, context.Canceled)
}

// reply builds an OCSP response with x/crypto/ocsp, signed by whom the test likes.
func reply(t *testing.T, a *authority.Authority, cert *x509.Certificate, signer *x509.Certificate, key crypto.Signer, change func(*ocsp.Response)) []byte {
	t.Helper()
	template := ocsp.Response{Status: ocsp.Good, SerialNumber: cert.SerialNumber, ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
	if !signer.Equal(a.Issuing()) {
		template.Certificate = signer
	}
	if change != nil {
		change(&template)
	}
	der, err := ocsp.CreateResponse(a.Issuing(), signer, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// responderCert signs a certificate for a responder's key, with the usages the test likes.
func responderCert(t *testing.T, stored authority.Material, key *rsa.PrivateKey, end time.Time, usages ...x509.ExtKeyUsage) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "responder"}, NotBefore: end.Add(-24 * time.Hour), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: usages}
	der, err := x509.CreateCertificate(rand.Reader, template, open(t, stored, authority.Options{}).Issuing(), &key.PublicKey, keyOf(t, stored))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestCheckOCSP_GivesThreeAnswers(t *testing.T) {
	a := sandbox(t)
	cert, other, now := issue(t, a, pki.TemplateSign), issue(t, a, pki.TemplateAuth), time.Now()
	ca, key := a.Issuing(), issuingKey(t)
	delegate := responderCert(t, sandboxMaterial(), otherKey(), now.Add(time.Hour), x509.ExtKeyUsageOCSPSigning)
	ended := responderCert(t, sandboxMaterial(), otherKey(), now.Add(-time.Hour), x509.ExtKeyUsageOCSPSigning)
	strange := responderCert(t, strangerMaterial(), otherKey(), now.Add(time.Hour), x509.ExtKeyUsageOCSPSigning)
	is := func(status int, reason int) func(*ocsp.Response) {
		return func(r *ocsp.Response) {
			r.Status, r.RevokedAt, r.RevocationReason = status, now.Add(-time.Hour), reason
		}
	}
	tests := []struct {
		name  string
		der   []byte
		now   time.Time
		state pki.Revocation
		cause error
	}{
		{"good by the CA", reply(t, a, cert, ca, key, nil), now, pki.Good, nil},
		{"good by a delegate", reply(t, a, cert, delegate, otherKey(), nil), now, pki.Good, nil},
		{"good by the CA with its certificate inside", reply(t, a, cert, ca, key, func(r *ocsp.Response) { r.Certificate = ca }), now, pki.Good, nil},
		{"revoked", reply(t, a, cert, ca, key, is(ocsp.Revoked, 1)), now, pki.Revoked, nil},
		{"unknown", reply(t, a, cert, ca, key, is(ocsp.Unknown, 0)), now, pki.Unknown, pki.ErrUnknownSerial},
		{"about another certificate", reply(t, a, other, ca, key, nil), now, pki.Unknown, pki.ErrNotCovered},
		{"signed by a citizen", reply(t, a, cert, other, citizenKey(), nil), now, pki.Unknown, pki.ErrUnverified},
		{"signed by an ended delegate", reply(t, a, cert, ended, otherKey(), nil), now, pki.Unknown, pki.ErrUnverified},
		{"signed by another authority's delegate", reply(t, a, cert, strange, otherKey(), nil), now, pki.Unknown, pki.ErrUnverified},
		{"signed by nobody known", reply(t, a, cert, ca, otherKey(), nil), now, pki.Unknown, pki.ErrUnverified},
		{"old", reply(t, a, cert, ca, key, nil), now.Add(2 * time.Hour), pki.Unknown, pki.ErrStale},
		{"old but revoked", reply(t, a, cert, ca, key, is(ocsp.Revoked, 1)), now.Add(2 * time.Hour), pki.Revoked, nil},
		{"old and on hold", reply(t, a, cert, ca, key, is(ocsp.Revoked, 6)), now.Add(2 * time.Hour), pki.Unknown, pki.ErrStale},
		{"of tomorrow", reply(t, a, cert, ca, key, nil), now.Add(-time.Hour), pki.Unknown, pki.ErrNotYet},
		{"try later", ocsp.TryLaterErrorResponse, now, pki.Unknown, pki.ErrUnverified},
		{"unauthorized", ocsp.UnauthorizedErrorResponse, now, pki.Unknown, pki.ErrUnverified},
		{"garbage", []byte("<html>"), now, pki.Unknown, pki.ErrUnverified},
		{"nothing", nil, now, pki.Unknown, pki.ErrUnverified},
		{"too much", make([]byte, pki.MaxOCSP+1), now, pki.Unknown, pki.ErrUnverified},
	}
	for _, test := range tests {
		wantAnswer(t, test.name, pki.CheckOCSP(test.der, cert, ca, test.now, 0), test.state, test.cause)
	}
	aged := pki.CheckOCSP(reply(t, a, cert, ca, key, nil), cert, ca, now.Add(30*time.Minute), 10*time.Minute)
	wantAnswer(t, "older than asked for", aged, pki.Unknown, pki.ErrStale)
	if aged.Age < 30*time.Minute || aged.At.IsZero() || aged.Source != "ocsp" {
		t.Errorf("answer %+v", aged)
	}
}

// line answers HTTP in place of a centre, and can be cut.
type line struct {
	cut   atomic.Bool
	asked atomic.Int64
	serve http.Handler
}

func (l *line) do(request *http.Request) (*http.Response, error) {
	l.asked.Add(1)
	if l.cut.Load() {
		return nil, errors.New("line is down")
	}
	recorder := httptest.NewRecorder()
	l.serve.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}

type statuses map[string]authority.CertificateStatus

func (s statuses) CertificateStatus(_ context.Context, serial *big.Int) (authority.CertificateStatus, error) {
	return s[serial.String()], nil
}

func TestCheck_AsksOCSPThenCRLAndNeverGuesses(t *testing.T) {
	a := sandbox(t)
	good, bad := issue(t, a, pki.TemplateAuth), issue(t, a, pki.TemplateSign)
	revoked := authority.Revoked{Serial: bad.SerialNumber, At: time.Now().Add(-time.Hour), Reason: 1}
	store := statuses{good.SerialNumber.String(): {Issued: true}, bad.SerialNumber.String(): {Issued: true, Revoked: true, RevokedAt: revoked.At, Reason: 1}}
	responder := &line{serve: &authority.Responder{Authority: a, Store: store}}
	list := crl(t, a, time.Now().Add(time.Hour), revoked)
	lists := &line{serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.Copy(w, bytes.NewReader(list)) })}
	byOCSP, byCRL := &pki.OCSPSource{Fetch: responder.do}, &pki.CRLSource{Fetch: lists.do}
	ask := func(cert *x509.Certificate) pki.Answer {
		return pki.Check(t.Context(), cert, a.Issuing(), byOCSP, byCRL)
	}
	answer := ask(good)
	wantAnswer(t, "good", answer, pki.Good, nil)
	if answer.Source != "ocsp" || lists.asked.Load() != 0 {
		t.Errorf("answered by %s, lists asked %d times", answer.Source, lists.asked.Load())
	}
	wantAnswer(t, "revoked", ask(bad), pki.Revoked, nil)
	responder.cut.Store(true)
	if answer = ask(good); answer.State != pki.Good || answer.Source != "crl" {
		t.Errorf("without OCSP: %+v", answer)
	}
	if answer = ask(bad); answer.State != pki.Revoked || answer.Source != "crl" || answer.Reason != 1 {
		t.Errorf("without OCSP: %+v", answer)
	}
	if lists.asked.Load() != 1 {
		t.Errorf("the list was downloaded %d times", lists.asked.Load())
	}
	lists.cut.Store(true)
	wantAnswer(t, "line down, a fresh list kept", ask(good), pki.Good, nil)
	byCRL.Now = func() time.Time { return time.Now().Add(2 * time.Hour) }
	answer = ask(good)
	wantAnswer(t, "line down, the kept list old", answer, pki.Unknown, pki.ErrStale)
	if !errors.Is(answer.Err, pki.ErrUnreachable) || answer.At.IsZero() || answer.Age < time.Hour {
		t.Errorf("it does not say how old its knowledge is: %+v", answer)
	}
	wantAnswer(t, "line down, revoked by the kept list", ask(bad), pki.Revoked, nil)
	wantAnswer(t, "nobody to ask", pki.Check(t.Context(), good, a.Issuing()), pki.Unknown, pki.ErrNoSource)
	wantAnswer(t, "the wrong issuer", pki.Check(t.Context(), good, a.Root(), byOCSP), pki.Unknown, pki.ErrOtherIssuer)
}

func TestSources_CannotCheckByHTTPErrorsOrFloods(t *testing.T) {
	a := sandbox(t)
	cert := issue(t, a, pki.TemplateSign)
	flood := func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, pki.MaxOCSP+10)) }
	fail := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) }
	captive := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>log in here</html>") }
	for name, handler := range map[string]http.HandlerFunc{"flood": flood, "error": fail, "captive portal": captive} {
		l := &line{serve: handler}
		wantAnswer(t, name+" by OCSP", (&pki.OCSPSource{Fetch: l.do}).Revocation(t.Context(), cert, a.Issuing()), pki.Unknown, nil)
		wantAnswer(t, name+" by CRL", (&pki.CRLSource{Fetch: l.do}).Revocation(t.Context(), cert, a.Issuing()), pki.Unknown, nil)
	}
	for _, address := range []string{"ldap://directory/cn=crl", "file:///etc/passwd", "::", ""} {
		source := &pki.CRLSource{URL: address, Fetch: (&line{serve: http.NotFoundHandler()}).do}
		wantAnswer(t, address, source.Revocation(t.Context(), cert, a.Issuing()), pki.Unknown, pki.ErrUnreachable)
	}
}

func TestCRLSource_KeepsTheNewerListWhenAnOldOneIsPlayedBack(t *testing.T) {
	a := sandbox(t)
	cert, now := issue(t, a, pki.TemplateSign), time.Now()
	before := open(t, sandboxMaterial(), authority.Options{Now: func() time.Time { return now.Add(-time.Minute) }})
	old := crl(t, before, now.Add(time.Hour))
	fresh := crl(t, a, now.Add(time.Hour), authority.Revoked{Serial: cert.SerialNumber, At: now, Reason: 1})
	served := fresh
	l := &line{serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(served) })}
	clock := now
	source := &pki.CRLSource{Fetch: l.do, Now: func() time.Time { return clock }}
	wantAnswer(t, "the new list", source.Revocation(t.Context(), cert, a.Issuing()), pki.Revoked, nil)
	served, clock = old, now.Add(20*time.Minute)
	wantAnswer(t, "the old list again", source.Revocation(t.Context(), cert, a.Issuing()), pki.Revoked, nil)
	if l.asked.Load() != 2 {
		t.Errorf("asked %d times", l.asked.Load())
	}
}
