package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"slices"
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

// The same for GOST, by a house of its own whose keys are gone too: its list and its response, by a delegate,
// call the person good.
func TestFormats_OfEarlierVersionsAreStillReadInGOST(t *testing.T) {
	root, issuing, person := keptCert(t, "gost-root.pem"), keptCert(t, "gost-issuing.pem"), keptCert(t, "gost-person.pem")
	signer, at, err := pki.VerifyDetached(decision, kept(t, "gost-decision.p7s"), pki.NewPool(root), keptAt)
	if err != nil || !at.Equal(keptAt) || !signer.Equal(person) {
		t.Errorf("signature: %v at %v", err, at)
	}
	request, err := pki.ParseRequest(kept(t, "gost-request.der"))
	if err != nil || request.IIN != aigerim.IIN || request.Email != aigerim.Email || request.StorageKind != pki.StorageStick {
		t.Errorf("request: %v %q %q", err, request.Email, request.StorageKind)
	}
	want := pki.Expect{SPKI: request.SPKI, IIN: aigerim.IIN, Template: pki.TemplateGOST, StorageKind: pki.StorageStick, Email: aigerim.Email, Now: keptAt}
	if err := pki.CheckIssued(person, want, pki.NewPool(root), pki.NewPool(issuing)); err != nil {
		t.Errorf("certificate: %v", err)
	}
	wantAnswer(t, "list", pki.CheckCRL(kept(t, "gost-list.crl"), person, issuing, keptAt), pki.Good, nil)
	wantAnswer(t, "response", pki.CheckOCSP(kept(t, "gost-response.ocsp"), person, issuing, keptAt, 0), pki.Good, nil)
}

func FuzzVerifyDetached_AcceptsNobodyElse(f *testing.F) {
	f.Add(kept(f, "decision.p7s"))
	f.Add(kept(f, "gost-decision.p7s"))
	f.Add([]byte{0x30, 0x80, 0, 0})
	roots, operator, person := keptRoots(f), keptCert(f, "operator.pem"), keptCert(f, "gost-person.pem")
	roots.Add(keptCert(f, "gost-root.pem"))
	f.Fuzz(func(t *testing.T, data []byte) {
		signer, at, err := pki.VerifyDetached(decision, data, roots, keptAt)
		if err == nil && (!signer.Equal(operator) && !signer.Equal(person) || !at.Equal(keptAt)) {
			t.Fatal("accepted for somebody else, or for another time")
		}
	})
}

func FuzzParseRequest_AcceptsNothingUnsigned(f *testing.F) {
	known := [][]byte{kept(f, "request.der"), kept(f, "gost-request.der")}
	for _, der := range known {
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		request, err := pki.ParseRequest(der)
		if err == nil && (len(request.SPKI) == 0 || !isOneOf(der, known) && request.Parsed.CheckSignature() != nil) {
			t.Fatal("a request without key or signature")
		}
	})
}

func isOneOf(der []byte, known [][]byte) bool {
	return slices.ContainsFunc(known, func(one []byte) bool { return bytes.Equal(one, der) })
}

// Both read what calls the RSA operator revoked, and what calls the GOST person good: no other list or
// response makes anybody good.
func FuzzCheckCRL_IsNeverGoodByAccident(f *testing.F) {
	operator, issuing := keptCert(f, "operator.pem"), keptCert(f, "issuing.pem")
	person, gostIssuing := keptCert(f, "gost-person.pem"), keptCert(f, "gost-issuing.pem")
	good := kept(f, "gost-list.crl")
	f.Add(kept(f, "list.crl"))
	f.Add(good)
	f.Fuzz(func(t *testing.T, der []byte) {
		if pki.CheckCRL(der, operator, issuing, keptAt).State == pki.Good {
			t.Fatal("good")
		}
		if pki.CheckCRL(der, person, gostIssuing, keptAt).State == pki.Good && !bytes.Equal(der, good) {
			t.Fatal("good by GOST")
		}
		if pki.LookupDelta(bytes.NewReader(good), bytes.NewReader(der), person, gostIssuing, keptAt).State == pki.Good {
			t.Fatal("good by a delta")
		}
	})
}

func FuzzCheckOCSP_IsNeverGoodByAccident(f *testing.F) {
	operator, issuing := keptCert(f, "operator.pem"), keptCert(f, "issuing.pem")
	person, gostIssuing := keptCert(f, "gost-person.pem"), keptCert(f, "gost-issuing.pem")
	good := kept(f, "gost-response.ocsp")
	f.Add(kept(f, "response.ocsp"))
	f.Add(good)
	f.Fuzz(func(t *testing.T, der []byte) {
		if pki.CheckOCSP(der, operator, issuing, keptAt, 0).State == pki.Good {
			t.Fatal("good")
		}
		if pki.CheckOCSP(der, person, gostIssuing, keptAt, 0).State == pki.Good && !bytes.Equal(der, good) && !sameSigned(good, der) {
			t.Fatal("good by GOST")
		}
	})
}
