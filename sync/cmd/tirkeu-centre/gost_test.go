package main

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

// OpenSSL 3.0 carries a GOST request under Kazakh identifiers there and the certificate back, though it knows neither
// key nor signature; what it cannot do is the certConf, whose hash it does not have.
func TestOpenSSL_CarriesAGOSTRequestItCannotRead(t *testing.T) {
	needOpenSSL(t)
	h := build(t)
	h.run("init")
	h.run("ca", "export", h.path("ca"))
	h.serve()
	var e struct{ Reference, Secret string }
	if err := json.Unmarshal([]byte(h.run("kiosk", "add", "hall", "--json")), &e); err != nil {
		t.Fatal(err)
	}
	h.ecKey("hall.key")
	h.must(h.cmp("device", "-cmd", "ir", "-ref", e.Reference, "-secret", "pass:"+e.Secret, "-newkey", "hall.key", "-subject", "/CN=hall", "-certout", "hall.pem")...)
	key := centretest.GOSTKey(0)
	csr, err := pki.NewRequest(pki.TemplateGOST, centretest.Person(centretest.IINAigerim), pki.StorageStick, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.path("gost.csr"), pemOf("CERTIFICATE REQUEST", csr), 0o600); err != nil {
		t.Fatal(err)
	}
	type result struct {
		out string
		err error
	}
	ask := func(file string) result {
		out, err := h.openssl(h.signed("gost2015", "hall", "-cmd", "p10cr", "-csr", "gost.csr", "-certout", file, "-disable_confirm", "-total_timeout", "60")...)
		return result{out, err}
	}
	done := make(chan result, 1)
	go func() { done <- ask("gost.pem") }()
	h.run("application", "approve", h.waiting())
	if r := <-done; r.err != nil {
		t.Fatalf("%v\n%s\nlog: %s", r.err, r.out, h.log)
	}
	if r := ask("again.pem"); r.err == nil || !strings.Contains(r.out, "duplicateCertReq") || !strings.Contains(r.out, "certified once") {
		t.Errorf("the same key again: %v\n%s", r.err, r.out)
	}
	root, issuing, cert := h.certificate("ca/root.pem"), h.certificate("ca/issuing-gost.pem"), h.certificate("gost.pem")
	if err := pki.CheckIssued(cert, pki.Expect{SPKI: centretest.SPKI(t, key.Public()), IIN: centretest.IINAigerim, Template: pki.TemplateGOST,
		StorageKind: pki.StorageStick, Now: time.Now()}, pki.NewPool(root), pki.NewPool(issuing)); err != nil {
		t.Error(err)
	}
	signed, signature := centretest.Parts(t, cert.Raw)
	if !centretest.EngineVerifies(t, issuing.RawSubjectPublicKeyInfo, signed, signature) {
		t.Error("OpenSSL's gost engine does not verify the certificate")
	}
	serial := cert.SerialNumber.Text(16)
	if out := h.run("certificate", "list"); !strings.Contains(out, serial) || !strings.Contains(out, "gost2015") {
		t.Errorf("certificate list:\n%s", out)
	}
	h.fetch(h.plain+"/crl/issuing-gost.crl", "before.crl")
	h.run("certificate", "revoke", serial, "--reason", "keyCompromise")
	h.fetch(h.plain+"/crl/issuing-gost.crl", "after.crl")
	for name, want := range map[string]pki.Revocation{"before.crl": pki.Good, "after.crl": pki.Revoked} {
		list, err := os.ReadFile(h.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if answer := pki.CheckCRL(list, cert, issuing, time.Now()); answer.State != want {
			t.Errorf("by %s the certificate is %v: %v", name, answer.State, answer.Err)
		}
	}
	for _, wrong := range [][]string{{serial}, {"00"}, {serial, "--reason", "certificateHold"}} {
		if code, _, errors := h.try(append([]string{"certificate", "revoke"}, wrong...)...); code != 1 || errors == "" {
			t.Errorf("certificate revoke %q: %d %s", wrong, code, errors)
		}
	}
	h.end()
	if out := h.run("audit", "verify"); !strings.Contains(out, "whole") {
		t.Errorf("audit: %s", out)
	}
}

// certificate reads a PEM file of the house's folder.
func (h *house) certificate(name string) *x509.Certificate {
	h.t.Helper()
	text, err := os.ReadFile(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		h.t.Fatalf("%s holds no PEM", name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		h.t.Fatal(err)
	}
	return cert
}
