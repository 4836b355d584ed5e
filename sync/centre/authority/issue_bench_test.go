package authority_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/crypto/ocsp"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

// BenchmarkSignature is one bare RSA-2048 signature, to measure the others by.
func BenchmarkSignature(b *testing.B) {
	digest := make([]byte, crypto.SHA256.Size())
	for b.Loop() {
		if _, err := citizenKey().Sign(rand.Reader, digest, crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIssueCitizen counts one RSA-2048 signature, its verification and the whole check of the
// product.
func BenchmarkIssueCitizen(b *testing.B) {
	a, in := openFor(b), orderFor(b)
	for b.Loop() {
		if _, err := a.IssueCitizen(in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIssueGOST is the same with a GOST signature.
func BenchmarkIssueGOST(b *testing.B) {
	a, in := openFor(b), gostOrder(b)
	for b.Loop() {
		if _, err := a.IssueCitizen(in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkResponder counts one RSA-2048 signature an answer.
func BenchmarkResponder(b *testing.B) {
	a := openFor(b)
	cert, err := a.IssueCitizen(orderFor(b))
	if err != nil {
		b.Fatal(err)
	}
	question, err := ocsp.CreateRequest(cert, a.Issuing(), nil)
	if err != nil {
		b.Fatal(err)
	}
	responder := &authority.Responder{Authority: a, Store: &register{}}
	for b.Loop() {
		in := httptest.NewRequest(http.MethodPost, authority.OCSPPath, bytes.NewReader(question))
		in.Header.Set("Content-Type", "application/ocsp-request")
		responder.ServeHTTP(httptest.NewRecorder(), in)
	}
}

// BenchmarkCRL signs a list of ten thousand entries.
func BenchmarkCRL(b *testing.B) {
	a := openFor(b)
	entries := make([]authority.Revoked, 10_000)
	for i := range entries {
		entries[i] = authority.Revoked{Serial: big.NewInt(int64(i + 1)), At: a.Issuing().NotBefore, Reason: 4}
	}
	for b.Loop() {
		if _, err := a.CRL(entries, one, a.Issuing().NotAfter); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCRLOfGOST is the same under the GOST CA, Streebog over all of it included.
func BenchmarkCRLOfGOST(b *testing.B) {
	a := openFor(b)
	entries := make([]authority.Revoked, 10_000)
	for i := range entries {
		entries[i] = authority.Revoked{Serial: big.NewInt(int64(i + 1)), At: a.Issuing().NotBefore, Reason: 4}
	}
	for b.Loop() {
		if _, err := a.CRLOf(authority.GOST, entries, one, a.Issuing().NotAfter); err != nil {
			b.Fatal(err)
		}
	}
}

func openFor(b *testing.B) *authority.Authority {
	b.Helper()
	stored, err := material()
	if err != nil {
		b.Fatal(err)
	}
	a, err := authority.Open(stored, authority.Options{BaseURL: baseURL})
	if err != nil {
		b.Fatal(err)
	}
	return a
}

func orderFor(b *testing.B) authority.Order {
	b.Helper()
	return authority.Order{Template: pki.TemplateSign, Person: aigerim, Storage: pki.StorageKaztoken, SPKI: spki(b, citizenKey())}
}
