package pki_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/sync/pki"
)

func TestNewRequest_IsVerifiedByOpenSSL(t *testing.T) {
	der, err := pki.NewRequest(pki.TemplateAuth, aigerim, pki.StorageKaztoken, token{citizenKey()})
	if err != nil {
		t.Fatal(err)
	}
	text := mustOpenSSL(t, "req", "-verify", "-noout", "-text", "-nameopt", "utf8,oneline,-esc_msb", "-in", write(t, "csr.pem", "CERTIFICATE REQUEST", der))
	for _, want := range []string{"verify OK", "Subject: CN = ӘБЕНОВА АЙГЕРІМ, SN = ӘБЕНОВА, serialNumber = IIN900101400017, C = KZ, GN = ҚАЙРАТҚЫЗЫ",
		"Requested Extensions", "email:aigerim@example.kz", "1.2.398.3.3.5:", "sha256WithRSAEncryption"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

func TestParseRequest_GivesBackWhatWasAskedFor(t *testing.T) {
	der, err := pki.NewRequest(pki.TemplateSign, aigerim, pki.StorageStick, token{citizenKey()})
	if err != nil {
		t.Fatal(err)
	}
	request, err := pki.ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	if request.IIN != aigerim.IIN || request.Email != aigerim.Email || request.StorageKind != pki.StorageStick || !bytes.Equal(request.SPKI, spki(t, citizenKey())) {
		t.Fatalf("got %s %s %s", request.IIN, request.Email, request.StorageKind)
	}
	if err := pki.DefaultProfiles().CheckKey(pki.TemplateSign, request.SPKI); err != nil {
		t.Fatal(err)
	}
}

func TestNewRequest_LeavesOutWhatThePersonDoesNotHave(t *testing.T) {
	person := pki.Person{IIN: aigerim.IIN, Given: "Сукарно"}
	der, err := pki.NewRequest(pki.TemplateSign, person, pki.StorageStick, token{citizenKey()})
	if err != nil {
		t.Fatal(err)
	}
	text := mustOpenSSL(t, "req", "-verify", "-noout", "-text", "-nameopt", "utf8,oneline,-esc_msb", "-inform", "DER", "-in", write(t, "csr.der", "", der))
	if !strings.Contains(text, "Subject: CN = СУКАРНО, SN = СУКАРНО, serialNumber = IIN900101400017, C = KZ\n") || strings.Contains(text, "Alternative Name") {
		t.Fatal(text)
	}
}

// OpenSSL's own request, as any CMP client sends it, is read too: it names no storage.
func TestParseRequest_ReadsOpenSSLsRequest(t *testing.T) {
	out := write(t, "csr.der", "", nil)
	mustOpenSSL(t, "req", "-new", "-utf8", "-key", writeKey(t, citizenKey()), "-subj", "/CN=ТЕСТОВ ТЕСТ/serialNumber=IIN900101400017/C=KZ",
		"-addext", "subjectAltName=email:test@example.kz", "-outform", "DER", "-out", out)
	request, err := pki.ParseRequest(read(t, out))
	if err != nil {
		t.Fatal(err)
	}
	if request.IIN != "900101400017" || request.Email != "test@example.kz" || request.StorageKind != "" {
		t.Fatalf("got %q %q %q", request.IIN, request.Email, request.StorageKind)
	}
}

func TestParseRequest_RefusesWhatProvesNothing(t *testing.T) {
	good, err := pki.NewRequest(pki.TemplateSign, aigerim, pki.StorageStick, token{citizenKey()})
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(good, []byte("IIN900101400017"), []byte("IIN850505300015"), 1)
	unsigned := bytes.Clone(good)
	unsigned[len(unsigned)-1] ^= 1
	storage, err := asn1.Marshal("no sequence")
	if err != nil {
		t.Fatal(err)
	}
	odd, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 398, 3, 3, 5}, Value: storage}}}, citizenKey())
	if err != nil {
		t.Fatal(err)
	}
	two, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{EmailAddresses: []string{"a@b.kz", "c@d.kz"}}, citizenKey())
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{
		"another name under the signature": changed, "a spoiled signature": unsigned, "bytes after the end": append(bytes.Clone(good), 0),
		"a damaged storage": odd, "two addresses": two, "nothing": nil, "too much": make([]byte, pki.MaxRequest+1),
	} {
		if _, err := pki.ParseRequest(der); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestNewRequest_SaysWhyItCannot(t *testing.T) {
	if _, err := pki.NewRequest("x", aigerim, pki.StorageStick, token{citizenKey()}); !errors.Is(err, pki.ErrUnknownTemplate) {
		t.Errorf("template: %v", err)
	}
	if _, err := pki.NewRequest(pki.TemplateSign, aigerim, "x", token{citizenKey()}); !errors.Is(err, pki.ErrUnknownStorage) {
		t.Errorf("storage: %v", err)
	}
	if _, err := pki.NewRequest(pki.TemplateSign, aigerim, pki.StorageStick, pulled{citizenKey()}); !errors.Is(err, errPulled) {
		t.Errorf("pulled token: %v", err)
	}
	person := aigerim
	person.Email = "nobody"
	if _, err := pki.NewRequest(pki.TemplateSign, person, pki.StorageStick, token{citizenKey()}); err == nil || strings.Contains(err.Error(), person.IIN) {
		t.Errorf("address: %v", err)
	}
}

func TestSubjectIIN_NamesNobodyWhereItIsNotClear(t *testing.T) {
	for name, subject := range map[string]pkix.Name{
		"none": {CommonName: "X"}, "no prefix": {SerialNumber: "900101400017"}, "letters": {SerialNumber: "IIN90010140001X"},
		"short": {SerialNumber: "IIN123"}, "organisation": {SerialNumber: "BIN900101400017"},
		"two": {ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 5}, Value: "IIN900101400017"}, {Type: asn1.ObjectIdentifier{2, 5, 4, 5}, Value: "IIN850505300015"}}},
	} {
		raw, err := asn1.Marshal(subject.ToRDNSequence())
		if err != nil {
			t.Fatal(err)
		}
		if iin, found := pki.SubjectIIN(&x509.Certificate{RawSubject: raw}); found {
			t.Errorf("%s: %s", name, iin)
		}
	}
	surname, given, patronymic := pki.SubjectName(issue(t, sandbox(t), pki.TemplateSign))
	if surname != "ӘБЕНОВА" || given != "АЙГЕРІМ" || patronymic != "ҚАЙРАТҚЫЗЫ" {
		t.Errorf("name %q %q %q", surname, given, patronymic)
	}
}

func TestRawSubject_KeepsTheCommonNameInItsBound(t *testing.T) {
	person := aigerim
	person.Surname, person.Given = strings.Repeat("Ә", 60), strings.Repeat("Б", 60)
	der, err := pki.NewRequest(pki.TemplateSign, person, pki.StorageStick, token{citizenKey()})
	if err != nil {
		t.Fatal(err)
	}
	request, err := pki.ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	if name := []rune(request.Parsed.Subject.CommonName); len(name) != 64 {
		t.Fatalf("common name has %d characters", len(name))
	}
	person.Given = strings.Repeat("Б", 201)
	if _, err := pki.NewRequest(pki.TemplateSign, person, pki.StorageStick, token{citizenKey()}); err == nil {
		t.Fatal("a name over 200 characters was taken")
	}
}

// A request has room for a modulus that would keep a processor busy for long.
func TestParseRequest_DoesNotComputeWithGiantKeys(t *testing.T) {
	good := kept(t, "request.der")
	var request struct {
		Info struct {
			Version    int
			Subject    asn1.RawValue
			Key        asn1.RawValue
			Attributes asn1.RawValue `asn1:"tag:0"`
		}
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(good, &request); err != nil {
		t.Fatal(err)
	}
	giant := new(big.Int).SetBit(big.NewInt(1), 100_000, 1)
	key, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: giant, E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	request.Info.Key = asn1.RawValue{FullBytes: key}
	der, err := asn1.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pki.ParseRequest(der); err == nil || !strings.Contains(err.Error(), "100001 bits") {
		t.Fatalf("got %v", err)
	}
}
