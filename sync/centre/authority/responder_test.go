package authority_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

// register is a store of statuses by serial number.
type register struct {
	mutex sync.Mutex // guards known and fails
	known map[string]authority.CertificateStatus
	fails error
}

func (r *register) CertificateStatus(_ context.Context, serial *big.Int) (authority.CertificateStatus, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.known[serial.String()], r.fails
}

type bench struct {
	authority          *authority.Authority
	store              *register
	server             *httptest.Server
	good, bad, unknown *x509.Certificate
}

func newBench(t *testing.T, bySelf bool) bench {
	t.Helper()
	a := open(t, authority.Options{})
	b := bench{authority: a, good: issue(t, a, pki.TemplateAuth), bad: issue(t, a, pki.TemplateSign), unknown: issue(t, a, pki.TemplateSign)}
	b.store = &register{known: map[string]authority.CertificateStatus{
		b.good.SerialNumber.String(): {Issued: true},
		b.bad.SerialNumber.String():  {Issued: true, Revoked: true, RevokedAt: time.Now().Add(-time.Hour), Reason: 1},
	}}
	responder := &authority.Responder{Authority: a, Store: b.store, BySelf: bySelf}
	b.server = httptest.NewServer(responder.Over(http.NewServeMux()))
	t.Cleanup(b.server.Close)
	return b
}

func TestResponder_OpenSSLAcceptsGoodRevokedAndUnknown(t *testing.T) {
	for name, bySelf := range map[string]bool{"delegated": false, "signed by the CA": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, bySelf)
			chain := write(t, "chain.pem", "", append(pemOf(b.authority.Root()), pemOf(b.authority.Issuing())...))
			output := mustOpenSSL(t, "ocsp", "-url", b.server.URL+"/ocsp", "-CAfile", chain, "-issuer", writeCert(t, b.authority.Issuing()),
				"-cert", writeCert(t, b.good), "-cert", writeCert(t, b.bad), "-cert", writeCert(t, b.unknown))
			if strings.Contains(output, "WARNING") || !strings.Contains(output, "Response verify OK") {
				t.Fatal(output)
			}
			inOrder(t, output, []string{": good", ": revoked", "Reason: keyCompromise", ": unknown"})
			for _, digest := range []string{"-sha256", "-sha384", "-sha512"} {
				output = mustOpenSSL(t, "ocsp", "-url", b.server.URL+"/ocsp", "-CAfile", chain, "-issuer", writeCert(t, b.authority.Issuing()), digest, "-cert", writeCert(t, b.good), "-no_nonce")
				inOrder(t, output, []string{"Response verify OK", ": good"})
			}
		})
	}
}

func TestResponder_AnswersGETAsItAnswersPOST(t *testing.T) {
	b := newBench(t, false)
	request, err := ocsp.CreateRequest(b.bad, b.authority.Issuing(), nil)
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString(request)
	for name, path := range map[string]string{
		"escaped":   url.QueryEscape(encoded),
		"unescaped": encoded,
		"two slash": "//" + url.QueryEscape(encoded), // must not be redirected; it is no base64 of a request
	} {
		response, err := noRedirect.Get(b.server.URL + "/ocsp/" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if name == "two slash" {
			if response.StatusCode >= 300 && response.StatusCode < 400 {
				t.Fatal("redirected")
			}
			continue
		}
		parsed, err := ocsp.ParseResponseForCert(body, b.bad, b.authority.Issuing())
		if err != nil || parsed.Status != ocsp.Revoked || parsed.RevocationReason != 1 {
			t.Fatalf("%s: HTTP %d, %v, %+v", name, response.StatusCode, err, parsed)
		}
		if response.Header.Get("Content-Type") != "application/ocsp-response" || !strings.Contains(response.Header.Get("Cache-Control"), "max-age=") {
			t.Fatalf("headers %v", response.Header)
		}
	}
}

var noRedirect = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// A base64 text may hold two slashes in a row, which a ServeMux would redirect.
func TestResponder_UnderstandsSlashesInTheRequest(t *testing.T) {
	b := newBench(t, false)
	for range 2000 {
		serial, err := b.authority.NewSerial()
		if err != nil {
			t.Fatal(err)
		}
		template := *b.good
		template.SerialNumber = serial
		request, err := ocsp.CreateRequest(&template, b.authority.Issuing(), &ocsp.RequestOptions{Hash: crypto.SHA256})
		if err != nil {
			t.Fatal(err)
		}
		encoded := base64.StdEncoding.EncodeToString(request)
		if !strings.Contains(encoded, "//") {
			continue
		}
		response, err := noRedirect.Get(b.server.URL + "/ocsp/" + encoded)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := ocsp.ParseResponse(body, b.authority.Issuing())
		if err != nil || parsed.Status != ocsp.Unknown || parsed.SerialNumber.Cmp(serial) != 0 {
			t.Fatalf("HTTP %d: %v", response.StatusCode, err)
		}
		return
	}
	t.Fatal("2000 requests and not one with two slashes in a row")
}

func post(t *testing.T, b bench, contentType string, body []byte) (int, []byte) {
	t.Helper()
	response, err := http.Post(b.server.URL+"/ocsp", contentType, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func TestResponder_SaysWhatIsWrongWithAQuestion(t *testing.T) {
	b := newBench(t, false)
	other, err := authority.Create(authority.Options{Name: "OTHER"})
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := authority.Open(other, authority.Options{})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ocsp.CreateRequest(b.good, stranger.Issuing(), nil)
	if err != nil {
		t.Fatal(err)
	}
	good, err := ocsp.CreateRequest(b.good, b.authority.Issuing(), nil)
	if err != nil {
		t.Fatal(err)
	}
	const kind = "application/ocsp-request"
	var refusal ocsp.ResponseError
	_, answer := post(t, b, kind, []byte("hello"))
	if _, err := ocsp.ParseResponse(answer, nil); !errors.As(err, &refusal) || refusal.Status != ocsp.Malformed {
		t.Errorf("garbage: %v", err)
	}
	_, answer = post(t, b, kind, foreign)
	if _, err := ocsp.ParseResponse(answer, nil); !errors.As(err, &refusal) || refusal.Status != ocsp.Unauthorized {
		t.Errorf("another issuer's: %v", err)
	}
	if status, _ := post(t, b, "text/plain", good); status != http.StatusUnsupportedMediaType {
		t.Errorf("text: HTTP %d", status)
	}
	if status, _ := post(t, b, kind, make([]byte, 1<<20)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a megabyte: HTTP %d", status)
	}
	b.store.mutex.Lock()
	b.store.fails = errors.New("database is away")
	b.store.mutex.Unlock()
	_, answer = post(t, b, kind, good)
	if _, err := ocsp.ParseResponse(answer, nil); !errors.As(err, &refusal) || refusal.Status != ocsp.TryLater {
		t.Errorf("a store that fails: %v", err)
	}
}

func TestResponder_MakesANewKeyBeforeTheOldCertificateEnds(t *testing.T) {
	now := time.Now()
	var mutex sync.Mutex
	a := open(t, authority.Options{Now: func() time.Time { mutex.Lock(); defer mutex.Unlock(); return now }})
	cert := issue(t, a, pki.TemplateAuth)
	store := &register{known: map[string]authority.CertificateStatus{cert.SerialNumber.String(): {Issued: true}}}
	responder := &authority.Responder{Authority: a, Store: store}
	ask := func() *ocsp.Response {
		request, err := ocsp.CreateRequest(cert, a.Issuing(), nil)
		if err != nil {
			t.Fatal(err)
		}
		in := httptest.NewRequest(http.MethodPost, "/ocsp", bytes.NewReader(request))
		in.Header.Set("Content-Type", "application/ocsp-request")
		out := httptest.NewRecorder()
		responder.ServeHTTP(out, in)
		parsed, err := ocsp.ParseResponseForCert(out.Body.Bytes(), cert, a.Issuing())
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	first, again := ask(), ask()
	if !bytes.Equal(first.Certificate.Raw, again.Certificate.Raw) {
		t.Error("a key for each question")
	}
	mutex.Lock()
	now = now.Add(6*24*time.Hour + time.Hour)
	mutex.Unlock()
	later := ask()
	if bytes.Equal(first.Certificate.Raw, later.Certificate.Raw) || !later.Certificate.NotAfter.After(now.Add(6*24*time.Hour)) {
		t.Error("the old key was kept to its end")
	}
}

func FuzzResponder_NeverFailsOnAQuestion(f *testing.F) {
	stored, err := material()
	if err != nil {
		f.Fatal(err)
	}
	a, err := authority.Open(stored, authority.Options{BaseURL: baseURL})
	if err != nil {
		f.Fatal(err)
	}
	request, err := ocsp.CreateRequest(a.Issuing(), a.Issuing(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(request)
	f.Add(question(f, asking{issueGOST(f, a), gostCA(f, a), gost.Kazakh.DigestOID(), gost.New512}, asking{a.Issuing(), a.Root(), oidSHA1, sha1.New}))
	responder := &authority.Responder{Authority: a, Store: &register{}}
	f.Fuzz(func(t *testing.T, question []byte) {
		in := httptest.NewRequest(http.MethodPost, "/ocsp", bytes.NewReader(question))
		in.Header.Set("Content-Type", "application/ocsp-request")
		out := httptest.NewRecorder()
		responder.ServeHTTP(out, in)
		if out.Code == http.StatusOK && out.Body.Len() < 5 {
			t.Fatalf("answer %x", out.Body.Bytes())
		}
	})
}
