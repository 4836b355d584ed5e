package pki_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// ncaFile finds one of НУЦ's public test files: in the folder TIRKEU_NCA names, or beside the project.
func ncaFile(t *testing.T, pattern string) string {
	t.Helper()
	folder := os.Getenv("TIRKEU_NCA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "vectors", "nca")
	}
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) != 1 {
		t.Skipf("НУЦ's test file %s is not here", pattern)
	}
	return found[0]
}

// ncaSample reads one of НУЦ's public test key files with OpenSSL. The samples are not part of the
// project; where they are missing the test is skipped.
func ncaSample(t *testing.T, pattern string, more ...string) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	file := ncaFile(t, pattern)
	text := mustOpenSSL(t, append([]string{"pkcs12", "-legacy", "-in", file, "-passin", "pass:Qwerty12", "-nodes"}, more...)...)
	var cert *x509.Certificate
	var key *rsa.PrivateKey
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			if one, err := x509.ParseCertificate(block.Bytes); err == nil && !one.IsCA {
				cert = one
			}
		case "PRIVATE KEY":
			if one, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				key, _ = one.(*rsa.PrivateKey)
			}
		}
	}
	if cert == nil {
		t.Fatalf("no certificate in %s", filepath.Base(file))
	}
	return cert, key
}

// The samples of 2020 have no key-storage extension; a check that gets as far as that has found key,
// number, DN, key usage, extended key usage and policy as our profiles say.
func TestProfiles_AreThoseOfRealCertificates(t *testing.T) {
	for pattern, template := range map[string]string{"AUTH_RSA256_*.p12": pki.TemplateAuth, "RSA256_*.p12": pki.TemplateSign} {
		cert, _ := ncaSample(t, pattern)
		if name, found := pki.DefaultProfiles().TemplateOf(cert); !found || name != template {
			t.Errorf("%s: recognised as %q", pattern, name)
		}
		want := pki.Expect{SPKI: cert.RawSubjectPublicKeyInfo, IIN: "123456789011", Template: template, StorageKind: pki.StorageStick, Now: cert.NotBefore}
		wantPart(t, pki.CheckIssued(cert, want, pki.NewPool(), nil), pki.PartStorage)
		id, err := pki.KeyID(cert.RawSubjectPublicKeyInfo)
		if err != nil || hex.EncodeToString(id) != hex.EncodeToString(cert.SubjectKeyId) {
			t.Errorf("%s: key identifier %x, want %x: %v", pattern, id, cert.SubjectKeyId, err)
		}
		surname, given, patronymic := pki.SubjectName(cert)
		if surname != "ТЕСТОВ" || given != "ТЕСТ" || patronymic != "ТЕСТОВИЧ" || pki.IsOperator(cert) {
			t.Errorf("%s: name %q %q %q", pattern, surname, given, patronymic)
		}
	}
}

func TestProfiles_EncodeTheStorageAsTheRealOnesDo(t *testing.T) {
	cert, _ := ncaSample(t, "GOST512_*.p12", "-nokeys")
	ours := issueStick(t)
	var real, mine string
	for _, one := range cert.Extensions {
		if one.Id.Equal(idStorage) {
			real = hex.EncodeToString(one.Value)
		}
	}
	for _, one := range ours.Extensions {
		if one.Id.Equal(idStorage) {
			mine = hex.EncodeToString(one.Value)
		}
	}
	if real == "" || real != mine {
		t.Fatalf("ours %s, theirs %s", mine, real)
	}
	if id, err := pki.KeyID(cert.RawSubjectPublicKeyInfo); err != nil || hex.EncodeToString(id) != hex.EncodeToString(cert.SubjectKeyId) {
		t.Errorf("key identifier %x, want %x: %v", id, cert.SubjectKeyId, err)
	}
	if iin, found := pki.SubjectIIN(cert); !found || iin != "123456789011" {
		t.Fatalf("number %q", iin)
	}
}

// ncaCert reads a certificate in DER, as НУЦ publishes its CAs'.
func ncaCert(t *testing.T, pattern string) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(read(t, ncaFile(t, pattern)))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// НУЦ's test root, its issuing CA and a test person, all GOST: whoever verifies these verifies what
// citizens bring along.
func TestVerifyChain_VerifiesTheRealChainOfGOST(t *testing.T) {
	root, issuing := ncaCert(t, "root_test_gost_2022.cer"), ncaCert(t, "nca_gost2022_test.cer")
	person, _ := ncaSample(t, "GOST512_*.p12", "-nokeys")
	chain, err := pki.VerifyChain(person, pki.NewPool(root), pki.NewPool(issuing), person.NotBefore.Add(time.Hour))
	if err != nil || len(chain) != 3 {
		t.Fatalf("%d certificates, %v", len(chain), err)
	}
	want := pki.Expect{SPKI: person.RawSubjectPublicKeyInfo, IIN: "123456789011", Template: pki.TemplateGOST, StorageKind: pki.StorageStick, Now: person.NotBefore.Add(time.Hour)}
	if err := pki.CheckIssued(person, want, pki.NewPool(root), pki.NewPool(issuing)); err != nil {
		t.Error(err)
	}
	if template, _ := pki.DefaultProfiles().TemplateOf(person); template != pki.TemplateGOST {
		t.Errorf("recognised as %q", template)
	}
	for _, cert := range chain[:2] {
		if serial, err := pki.KeySerial(cert.RawSubjectPublicKeyInfo); err != nil || serial.Cmp(cert.SerialNumber) != 0 {
			t.Errorf("serial number %x, by the rule %x: %v", cert.SerialNumber, serial, err)
		}
	}
	changed, err := x509.ParseCertificate(append([]byte{}, person.Raw...))
	if err != nil {
		t.Fatal(err)
	}
	changed.Raw[len(changed.Raw)-1] ^= 1
	if _, err := pki.VerifyChain(changed, pki.NewPool(root), pki.NewPool(issuing), person.NotBefore.Add(time.Hour)); err == nil {
		t.Error("a changed signature was accepted")
	}
}

func TestSignDetached_SignsWithARealKeyFile(t *testing.T) {
	cert, key := ncaSample(t, "RSA256_*.p12")
	if key == nil {
		t.Fatal("no RSA key in the sample")
	}
	cms, err := pki.SignDetached(decision, cert, nil, key, cert.NotBefore.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	output := mustOpenSSL(t, "cms", "-verify", "-binary", "-noverify", "-inform", "DER", "-in", write(t, "s", "", cms), "-content", write(t, "c", "", decision), "-out", os.DevNull)
	if !strings.Contains(output, "Verification successful") && !strings.Contains(output, "successful") {
		t.Fatal(output)
	}
}

// crypto/x509 refuses НУЦ's GOST list, whose two algorithm identifiers differ by a NULL. The list is public,
// but not among the samples everybody has.
func TestLookupCRL_ReadsTheRealListOfGOST(t *testing.T) {
	issuing := ncaCert(t, "nca_gost2022_test.cer")
	person, _ := ncaSample(t, "GOST512_*.p12", "-nokeys")
	der := read(t, ncaFile(t, "nca_gost2022_test.crl"))
	if _, err := x509.ParseRevocationList(der); err == nil {
		t.Error("crypto/x509 reads it now: is our own reader still needed?")
	}
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) // the list stands from 2026-08-11 to 2027-02-07
	answer := pki.CheckCRL(der, person, issuing, now)
	if answer.State != pki.Good || answer.Age < 80*24*time.Hour {
		t.Errorf("the person: %+v", answer)
	}
	revoked := *person // another of the samples, known by its number only
	revoked.SerialNumber, _ = new(big.Int).SetString("3acea55cbcdf38c861fb3f341854c53ec9ed6ecd", 16)
	if answer := pki.CheckCRL(der, &revoked, issuing, now); answer.State != pki.Revoked || answer.RevokedAt.IsZero() {
		t.Errorf("the revoked person: %+v", answer)
	}
	if answer := pki.CheckCRL(der, person, issuing, now.AddDate(1, 0, 0)); answer.State != pki.Unknown {
		t.Errorf("a year later: %+v", answer)
	}
	der[len(der)-200] ^= 1
	if answer := pki.CheckCRL(der, person, issuing, now); answer.State != pki.Unknown {
		t.Errorf("a changed list: %+v", answer)
	}
}
