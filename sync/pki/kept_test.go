package pki_test

import (
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// keptAt is when everything in testdata was made, by a sandbox whose keys are gone: a decision signed
// by an operator, a citizen's request, and a list and a response that call the operator revoked.
var keptAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func kept(t testing.TB, name string) []byte {
	t.Helper()
	return read(t, filepath.Join("testdata", name))
}

func keptCert(t testing.TB, name string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(kept(t, name))
	if block == nil {
		t.Fatalf("%s is no PEM", name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func keptRoots(t testing.TB) *pki.Pool {
	t.Helper()
	roots := pki.NewPool()
	roots.Add(keptCert(t, "root.pem"))
	return roots
}

// What an earlier version signed must be read by every later one: the centre keeps decisions for years.
func TestFormats_OfEarlierVersionsAreStillRead(t *testing.T) {
	signer, at, err := pki.VerifyDetached(decision, kept(t, "decision.p7s"), keptRoots(t), keptAt)
	if err != nil || !at.Equal(keptAt) || !signer.Equal(keptCert(t, "operator.pem")) || !pki.IsOperator(signer) {
		t.Errorf("signature: %v at %v", err, at)
	}
	request, err := pki.ParseRequest(kept(t, "request.der"))
	if err != nil || request.IIN != aigerim.IIN || request.Email != aigerim.Email || request.StorageKind != pki.StorageStick {
		t.Errorf("request: %v %q %q", err, request.Email, request.StorageKind)
	}
	operator, issuing := keptCert(t, "operator.pem"), keptCert(t, "issuing.pem")
	wantAnswer(t, "list", pki.CheckCRL(kept(t, "list.crl"), operator, issuing, keptAt), pki.Revoked, nil)
	wantAnswer(t, "response", pki.CheckOCSP(kept(t, "response.ocsp"), operator, issuing, keptAt, 0), pki.Revoked, nil)
}

func FuzzVerifyDetached_AcceptsNobodyElse(f *testing.F) {
	f.Add(kept(f, "decision.p7s"))
	f.Add([]byte{0x30, 0x80, 0, 0})
	roots, operator := keptRoots(f), keptCert(f, "operator.pem")
	f.Fuzz(func(t *testing.T, data []byte) {
		signer, at, err := pki.VerifyDetached(decision, data, roots, keptAt)
		if err == nil && (!signer.Equal(operator) || !at.Equal(keptAt)) {
			t.Fatal("accepted for somebody else, or for another time")
		}
	})
}

func FuzzParseRequest_AcceptsNothingUnsigned(f *testing.F) {
	f.Add(kept(f, "request.der"))
	f.Fuzz(func(t *testing.T, der []byte) {
		request, err := pki.ParseRequest(der)
		if err == nil && (len(request.SPKI) == 0 || request.Parsed.CheckSignature() != nil) {
			t.Fatal("a request without key or signature")
		}
	})
}

func FuzzCheckCRL_IsNeverGoodByAccident(f *testing.F) {
	operator, issuing := keptCert(f, "operator.pem"), keptCert(f, "issuing.pem")
	f.Add(kept(f, "list.crl"))
	f.Fuzz(func(t *testing.T, der []byte) {
		if pki.CheckCRL(der, operator, issuing, keptAt).State == pki.Good {
			t.Fatal("good")
		}
	})
}

func FuzzCheckOCSP_IsNeverGoodByAccident(f *testing.F) {
	operator, issuing := keptCert(f, "operator.pem"), keptCert(f, "issuing.pem")
	f.Add(kept(f, "response.ocsp"))
	f.Fuzz(func(t *testing.T, der []byte) {
		if pki.CheckOCSP(der, operator, issuing, keptAt, 0).State == pki.Good {
			t.Fatal("good")
		}
	})
}
