package pki_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// ncaSample reads one of НУЦ's public test key files with OpenSSL. The samples are not part of the
// project; where they are missing the test is skipped.
func ncaSample(t *testing.T, pattern string, more ...string) (*x509.Certificate, *rsa.PrivateKey) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "vectors", "nca", pattern))
	if err != nil || len(found) != 1 {
		t.Skip("НУЦ's test key files are not here")
	}
	text := mustOpenSSL(t, append([]string{"pkcs12", "-legacy", "-in", found[0], "-passin", "pass:Qwerty12", "-nodes"}, more...)...)
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
		t.Fatalf("no certificate in %s", filepath.Base(found[0]))
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
