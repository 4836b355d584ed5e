package authority_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

// wanted lists, in order, what `openssl x509 -text` must print of a citizen's certificate.
func wanted(template string) []string {
	common := []string{
		"Issuer: C = KZ, CN = TIRKEU SANDBOX ISSUING CA",
		"Subject: CN = ӘБЕНОВА АЙГЕРІМ, SN = ӘБЕНОВА, serialNumber = IIN900101400017, C = KZ, GN = ҚАЙРАТҚЫЗЫ",
		"Public-Key: (2048 bit)",
		"X509v3 Key Usage: critical",
	}
	usage, extended, policy := "Digital Signature, Non Repudiation", "E-mail Protection, 1.2.398.3.3.4.1.1", "1.2.398.3.3.2.3"
	if template == pki.TemplateAuth {
		usage, extended, policy = "Digital Signature, Key Encipherment", "TLS Web Client Authentication, 1.2.398.3.3.4.1.1", "1.2.398.3.3.2.4"
	}
	return append(common, usage,
		"X509v3 Subject Key Identifier:", "X509v3 Authority Key Identifier:",
		"OCSP - URI:http://centre.test:8080/ocsp", "CA Issuers - URI:http://centre.test:8080/ca/issuing.cer",
		"X509v3 Subject Alternative Name:", "email:aigerim@example.kz",
		"URI:http://centre.test:8080/crl/issuing.crl",
		"X509v3 Extended Key Usage:", extended,
		"X509v3 Certificate Policies:", "Policy: "+policy, "CPS: http://pki.gov.kz/cps", "Explicit Text: SANDBOX.",
		"1.2.398.3.3.5:")
}

func inOrder(t *testing.T, text string, parts []string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("%q is missing or out of order in\n%s", part, text)
		}
		rest = after
	}
}

func TestIssueCitizen_ReadsInOpenSSLAsTheProfileSays(t *testing.T) {
	a := open(t, authority.Options{})
	for _, template := range []string{pki.TemplateAuth, pki.TemplateSign} {
		cert := issue(t, a, template)
		text := mustOpenSSL(t, "x509", "-noout", "-text", "-nameopt", "utf8,oneline,-esc_msb", "-in", writeCert(t, cert))
		inOrder(t, text, wanted(template))
		types := mustOpenSSL(t, "x509", "-noout", "-subject", "-nameopt", "show_type,sep_comma_plus,utf8,-esc_msb", "-in", writeCert(t, cert))
		if want := "CN=UTF8STRING:ӘБЕНОВА АЙГЕРІМ,SN=UTF8STRING:ӘБЕНОВА,serialNumber=PRINTABLESTRING:IIN900101400017,C=PRINTABLESTRING:KZ,GN=UTF8STRING:ҚАЙРАТҚЫЗЫ"; !strings.Contains(types, want) {
			t.Fatalf("string types: %s, want %s", types, want)
		}
	}
}

func TestIssueCitizen_CarriesTheStorageOID(t *testing.T) {
	a := open(t, authority.Options{})
	for kind, oid := range map[string]string{pki.StorageStick: "1.2.398.3.3.5.1.1", pki.StorageJaCarta: "1.2.398.3.3.5.99.16"} {
		in := order(t, pki.TemplateSign)
		in.Storage = kind
		cert, err := a.IssueCitizen(in)
		if err != nil {
			t.Fatal(err)
		}
		parsed := mustOpenSSL(t, "asn1parse", "-in", writeCert(t, cert))
		_, after, found := strings.Cut(parsed, "OBJECT            :1.2.398.3.3.5\n")
		if !found {
			t.Fatalf("no key-storage extension in\n%s", parsed)
		}
		line, _, _ := strings.Cut(after, "\n")
		_, value, _ := strings.Cut(line, "[HEX DUMP]:")
		want, _ := asn1.Marshal([]asn1.ObjectIdentifier{dotted(t, oid)})
		if !strings.EqualFold(value, hexText(want)) {
			t.Fatalf("%s: extension is %s, want %s", kind, value, hexText(want))
		}
	}
}

func TestIssueCitizen_LivesAsLongAsTheStorageAllows(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	a := open(t, authority.Options{Now: func() time.Time { return now }})
	for kind, years := range map[string]int{pki.StorageStick: 1, pki.StorageKaztoken: 3, pki.StorageIDCard: 3} {
		in := order(t, pki.TemplateAuth)
		in.Storage = kind
		cert, err := a.IssueCitizen(in)
		if err != nil {
			t.Fatal(err)
		}
		if want := now.AddDate(years, 0, 0); !cert.NotAfter.Equal(want) {
			t.Errorf("%s ends %v, want %v", kind, cert.NotAfter, want)
		}
		if !cert.NotBefore.Before(now) {
			t.Errorf("%s begins %v, which a kiosk whose clock is behind would refuse", kind, cert.NotBefore)
		}
	}
}

func TestIssueCitizen_NeverOutlivesItsIssuer(t *testing.T) {
	future := time.Now().AddDate(8, 0, 0)
	a := open(t, authority.Options{Now: func() time.Time { return future }})
	cert := issue(t, a, pki.TemplateSign)
	if !cert.NotAfter.Equal(a.Issuing().NotAfter) {
		t.Fatalf("ends %v, its issuer %v", cert.NotAfter, a.Issuing().NotAfter)
	}
}

func TestIssueCitizen_RefusesWhatTheProfileDoesNotTake(t *testing.T) {
	a := open(t, authority.Options{})
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*authority.Order){
		"a short key":            func(o *authority.Order) { o.SPKI = spki(t, small) },
		"an elliptic key":        func(o *authority.Order) { o.SPKI = spki(t, deviceKey()) },
		"no key":                 func(o *authority.Order) { o.SPKI = nil },
		"bytes after the key":    func(o *authority.Order) { o.SPKI = append(slices.Clone(o.SPKI), 0) },
		"the operator's role":    func(o *authority.Order) { o.Template = pki.TemplateOperator },
		"an unknown template":    func(o *authority.Order) { o.Template = "rsa-root" },
		"an unknown storage":     func(o *authority.Order) { o.Storage = "cloud" },
		"letters in the number":  func(o *authority.Order) { o.Person.IIN = "90010140001A" },
		"a short number":         func(o *authority.Order) { o.Person.IIN = "123" },
		"no name":                func(o *authority.Order) { o.Person.Surname, o.Person.Given = "", " " },
		"a line break in a name": func(o *authority.Order) { o.Person.Given = "A\nB" },
		"two addresses":          func(o *authority.Order) { o.Person.Email = "a@b.kz, c@d.kz" },
		"a Cyrillic address":     func(o *authority.Order) { o.Person.Email = "айгерім@example.kz" },
		"a negative serial":      func(o *authority.Order) { o.Serial = big.NewInt(-1) },
		"a serial of 21 octets":  func(o *authority.Order) { o.Serial = new(big.Int).Lsh(big.NewInt(1), 161) },
	}
	for name, spoil := range tests {
		in := order(t, pki.TemplateSign)
		spoil(&in)
		if _, err := a.IssueCitizen(in); err == nil {
			t.Errorf("%s was certified", name)
		}
	}
}

func TestNewSerial_HasTwentyOctetsAndIsPositive(t *testing.T) {
	a := open(t, authority.Options{Rand: zeros{}})
	serial, err := a.NewSerial()
	if err != nil {
		t.Fatal(err)
	}
	if len(serial.Bytes()) != 20 || serial.Sign() <= 0 || serial.BitLen() > 159 {
		t.Fatalf("serial %x out of zeros", serial)
	}
	a = open(t, authority.Options{Rand: ones{}})
	if serial, err = a.NewSerial(); err != nil || len(serial.Bytes()) != 20 || serial.BitLen() > 159 {
		t.Fatalf("serial %x out of ones: %v", serial, err)
	}
	a = open(t, authority.Options{Rand: broken{}})
	if _, err := a.IssueCitizen(order(t, pki.TemplateSign)); err == nil {
		t.Fatal("a certificate was issued without chance")
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type ones struct{}

func (ones) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0xff
	}
	return len(p), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("no chance today") }

func TestIssueDevice_IsATLSClientAndARegistrationAuthority(t *testing.T) {
	a := open(t, authority.Options{})
	cert, err := a.IssueDevice("kiosk-001", spki(t, deviceKey()), nil)
	if err != nil {
		t.Fatal(err)
	}
	text := mustOpenSSL(t, "x509", "-noout", "-text", "-in", writeCert(t, cert))
	inOrder(t, text, []string{"Subject: C = KZ, OU = KIOSK, CN = kiosk-001", "ASN1 OID: prime256v1", "X509v3 Key Usage: critical", "Digital Signature",
		"TLS Web Client Authentication, CMC Registration Authority", "X509v3 Subject Key Identifier:"})
	_, err = cert.Verify(x509.VerifyOptions{Roots: a.Roots().X509(), Intermediates: a.Intermediates().X509(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(cert.UnknownExtKeyUsage, authority.EKUCMCRA.Equal) {
		t.Fatal("cmcRA is missing")
	}
	if pki.IsOperator(cert) {
		t.Fatal("a kiosk is no operator")
	}
}

func TestIssueDevice_RefusesOtherKeysAndOddNames(t *testing.T) {
	a := open(t, authority.Options{})
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range [][]byte{spki(t, p224), {1}} {
		if _, err := a.IssueDevice("kiosk-001", key, nil); err == nil {
			t.Error("a weak key was certified")
		}
	}
	if _, err := a.IssueDevice("kiosk-001", spki(t, citizenKey()), nil); err != nil {
		t.Errorf("RSA-2048, as other CMP clients bring, was refused: %v", err)
	}
	for _, name := range []string{"", " kiosk", "a\x00b", strings.Repeat("x", 65), "\xff"} {
		if _, err := a.IssueDevice(name, spki(t, deviceKey()), nil); err == nil {
			t.Errorf("name %q was certified", name)
		}
	}
}

func TestIssueOperator_CarriesTheRoleAndTheNumber(t *testing.T) {
	a := open(t, authority.Options{})
	cert, err := a.IssueOperator(order(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	iin, present := pki.SubjectIIN(cert)
	if !pki.IsOperator(cert) || !present || iin != aigerim.IIN {
		t.Fatalf("operator %v, number %q", pki.IsOperator(cert), iin)
	}
	text := mustOpenSSL(t, "x509", "-noout", "-text", "-in", writeCert(t, cert))
	inOrder(t, text, []string{"Digital Signature, Non Repudiation", "E-mail Protection, 1.2.398.3.3.4.2.3", "Policy: 1.2.398.3.3.2\n"})
	if pki.IsOperator(issue(t, a, pki.TemplateSign)) {
		t.Fatal("a citizen passes for an operator")
	}
}

func TestIssueTLS_NamesItsHosts(t *testing.T) {
	a := open(t, authority.Options{})
	cert, err := a.IssueTLS([]string{"127.0.0.1", "localhost", "::1", "centre.example.kz"}, spki(t, deviceKey()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "::1", "centre.example.kz"} {
		_, err := cert.Verify(x509.VerifyOptions{DNSName: host, Roots: a.Roots().X509(), Intermediates: a.Intermediates().X509()})
		if err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	mustOpenSSL(t, "verify", "-purpose", "sslserver", "-verify_ip", "127.0.0.1", "-CAfile", writeCert(t, a.Root()), "-untrusted", writeCert(t, a.Issuing()), writeCert(t, cert))
	if err := cert.VerifyHostname("other.example.kz"); err == nil {
		t.Error("another host was accepted")
	}
	if len(cert.IPAddresses) != 2 || !cert.IPAddresses[0].Equal(net.IPv4(127, 0, 0, 1)) {
		t.Errorf("addresses %v", cert.IPAddresses)
	}
	for _, hosts := range [][]string{nil, {""}, {"*.kz"}, {"a b"}, {"-a.kz"}, {"a..kz"}} {
		if _, err := a.IssueTLS(hosts, spki(t, deviceKey()), nil); err == nil {
			t.Errorf("hosts %q were certified", hosts)
		}
	}
}
