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
	"slices"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

func expect(t *testing.T) pki.Expect {
	t.Helper()
	return pki.Expect{SPKI: spki(t, citizenKey()), IIN: aigerim.IIN, Template: pki.TemplateSign, StorageKind: pki.StorageKaztoken, Email: aigerim.Email}
}

// forge signs, with the sandbox's own key, a citizen's certificate in which one thing was changed.
func forge(t *testing.T, change func(*x509.Certificate, *any)) *x509.Certificate {
	t.Helper()
	a := sandbox(t)
	serial, err := a.NewSerial()
	if err != nil {
		t.Fatal(err)
	}
	template, rsaKey, err := pki.DefaultProfiles().Build(pki.Issuance{
		Template: pki.TemplateSign, Person: aigerim, Storage: pki.StorageKaztoken, SPKI: spki(t, citizenKey()), Serial: serial,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), Notice: "SANDBOX",
		OCSP: []string{baseURL + "/ocsp"}, CRLURLs: []string{baseURL + "/crl/issuing.crl"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var key any = rsaKey
	if change != nil {
		change(template, &key)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Issuing(), key, issuingKey(t))
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// asPerson rebuilds the subject for somebody else, or by another order.
func asPerson(t *testing.T, template *x509.Certificate, person pki.Person, order func([]pki.SubjectAttribute) []pki.SubjectAttribute) {
	t.Helper()
	profile, err := pki.DefaultProfiles().Template(pki.TemplateSign)
	if err != nil {
		t.Fatal(err)
	}
	if order != nil {
		profile.Subject = order(slices.Clone(profile.Subject))
	}
	if template.RawSubject, err = pki.RawSubject(profile, person); err != nil {
		t.Fatal(err)
	}
}

// rewrite changes some octets of the subject for as many others.
func rewrite(t *testing.T, template *x509.Certificate, from, to string) {
	t.Helper()
	if len(from) != len(to) || !bytes.Contains(template.RawSubject, []byte(from)) {
		t.Fatalf("%q cannot be put in the place of %q", to, from)
	}
	template.RawSubject = bytes.Replace(template.RawSubject, []byte(from), []byte(to), 1)
}

func drop(template *x509.Certificate, id asn1.ObjectIdentifier) {
	template.ExtraExtensions = slices.DeleteFunc(template.ExtraExtensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
}

func replace(t *testing.T, template *x509.Certificate, id asn1.ObjectIdentifier, value any) {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	drop(template, id)
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: id, Value: der})
}

var (
	idStorage  = asn1.ObjectIdentifier{1, 2, 398, 3, 3, 5}
	idEKU      = asn1.ObjectIdentifier{2, 5, 29, 37}
	idPolicies = asn1.ObjectIdentifier{2, 5, 29, 32}
	idEmail    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 4}
	idClient   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	idOCSP     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 9}
	idPerson   = asn1.ObjectIdentifier{1, 2, 398, 3, 3, 4, 1, 1}
)

type policy struct{ ID asn1.ObjectIdentifier }

func TestCheckIssued_TakesWhatTheSandboxIssues(t *testing.T) {
	a := sandbox(t)
	for _, template := range []string{pki.TemplateAuth, pki.TemplateSign} {
		want := expect(t)
		want.Template = template
		if err := pki.CheckIssued(issue(t, a, template), want, a.Roots(), a.Intermediates()); err != nil {
			t.Errorf("%s: %v", template, err)
		}
		if name, found := pki.DefaultProfiles().TemplateOf(issue(t, a, template)); !found || name != template {
			t.Errorf("%s was recognised as %q", template, name)
		}
	}
	if err := pki.CheckIssued(forge(t, nil), expect(t), a.Roots(), a.Intermediates()); err != nil {
		t.Errorf("an unchanged forgery, from which the others are made: %v", err)
	}
}

func TestCheckIssued_NamesTheOnePartThatDiffers(t *testing.T) {
	tests := []struct {
		name   string
		part   pki.Part
		change func(*x509.Certificate, *any)
	}{
		{"wrong key", pki.PartKey, func(_ *x509.Certificate, key *any) { *key = otherKey().Public() }},
		{"other IIN", pki.PartIIN, func(c *x509.Certificate, _ *any) {
			other := aigerim
			other.IIN = "850505300015"
			asPerson(t, c, other, nil)
		}},
		{"no IIN", pki.PartIIN, func(c *x509.Certificate, _ *any) {
			c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "ӘБЕНОВА АЙГЕРІМ", SerialNumber: aigerim.IIN}
		}},
		{"DN out of order", pki.PartSubject, func(c *x509.Certificate, _ *any) {
			asPerson(t, c, aigerim, func(o []pki.SubjectAttribute) []pki.SubjectAttribute { slices.Reverse(o); return o })
		}},
		{"attribute too many", pki.PartSubject, func(c *x509.Certificate, _ *any) {
			asPerson(t, c, aigerim, func(o []pki.SubjectAttribute) []pki.SubjectAttribute {
				return append(o, pki.SubjectAttribute{Attribute: "surname"})
			})
		}},
		{"surname missing", pki.PartSubject, func(c *x509.Certificate, _ *any) {
			asPerson(t, c, aigerim, func(o []pki.SubjectAttribute) []pki.SubjectAttribute {
				return slices.DeleteFunc(o, func(a pki.SubjectAttribute) bool { return a.Attribute == "surname" })
			})
		}},
		{"number as UTF8String", pki.PartSubject, func(c *x509.Certificate, _ *any) {
			rewrite(t, c, "\x13\x0fIIN900101400017", "\x0c\x0fIIN900101400017")
		}},
		{"another country", pki.PartSubject, func(c *x509.Certificate, _ *any) { rewrite(t, c, "\x13\x02KZ", "\x13\x02RU") }},
		{"a common name that is not the person's", pki.PartSubject, func(c *x509.Certificate, _ *any) {
			rewrite(t, c, "ӘБЕНОВА АЙГЕРІМ", "МАЛЛОРИ АЙГЕРІМ")
		}},
		{"KU not critical", pki.PartKeyUsage, func(c *x509.Certificate, _ *any) {
			replace(t, c, asn1.ObjectIdentifier{2, 5, 29, 15}, asn1.BitString{Bytes: []byte{0xc0}, BitLength: 2})
		}},
		{"exponent of three", pki.PartKey, func(_ *x509.Certificate, key *any) {
			*key = &rsa.PublicKey{N: citizenKey().N, E: 3}
		}},
		{"swapped KU", pki.PartKeyUsage, func(c *x509.Certificate, _ *any) {
			c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
		}},
		{"no KU", pki.PartKeyUsage, func(c *x509.Certificate, _ *any) { c.KeyUsage = 0 }},
		{"one KU bit more", pki.PartKeyUsage, func(c *x509.Certificate, _ *any) { c.KeyUsage |= x509.KeyUsageDataEncipherment }},
		{"missing EKU", pki.PartExtKeyUsage, func(c *x509.Certificate, _ *any) { drop(c, idEKU) }},
		{"EKU of a person missing", pki.PartExtKeyUsage, func(c *x509.Certificate, _ *any) {
			replace(t, c, idEKU, []asn1.ObjectIdentifier{idEmail})
		}},
		{"EKU of the other template", pki.PartExtKeyUsage, func(c *x509.Certificate, _ *any) {
			replace(t, c, idEKU, []asn1.ObjectIdentifier{idClient, idPerson})
		}},
		{"EKU of an operator", pki.PartExtKeyUsage, func(c *x509.Certificate, _ *any) {
			replace(t, c, idEKU, []asn1.ObjectIdentifier{idEmail, idPerson, pki.EKUOperator})
		}},
		{"EKU of a responder", pki.PartExtKeyUsage, func(c *x509.Certificate, _ *any) {
			replace(t, c, idEKU, []asn1.ObjectIdentifier{idEmail, idPerson, idOCSP})
		}},
		{"wrong policy", pki.PartPolicy, func(c *x509.Certificate, _ *any) {
			replace(t, c, idPolicies, []policy{{asn1.ObjectIdentifier{1, 2, 398, 3, 3, 2, 4}}})
		}},
		{"any policy beside", pki.PartPolicy, func(c *x509.Certificate, _ *any) {
			replace(t, c, idPolicies, []policy{{asn1.ObjectIdentifier{1, 2, 398, 3, 3, 2, 3}}, {asn1.ObjectIdentifier{2, 5, 29, 32, 0}}})
		}},
		{"no policy", pki.PartPolicy, func(c *x509.Certificate, _ *any) { drop(c, idPolicies) }},
		{"missing storage extension", pki.PartStorage, func(c *x509.Certificate, _ *any) { drop(c, idStorage) }},
		{"other storage", pki.PartStorage, func(c *x509.Certificate, _ *any) {
			replace(t, c, idStorage, []asn1.ObjectIdentifier{{1, 2, 398, 3, 3, 5, 1, 1}})
		}},
		{"storage with a path", pki.PartStorage, func(c *x509.Certificate, _ *any) {
			replace(t, c, idStorage, struct {
				ID   asn1.ObjectIdentifier
				Path string
			}{asn1.ObjectIdentifier{1, 2, 398, 3, 3, 5, 99, 4}, "C:/keys"})
		}},
		{"other address", pki.PartEmail, func(c *x509.Certificate, _ *any) { c.EmailAddresses = []string{"mallory@example.kz"} }},
		{"a host name", pki.PartEmail, func(c *x509.Certificate, _ *any) { c.DNSNames = []string{"centre.test"} }},
		{"no revocation source", pki.PartRevocation, func(c *x509.Certificate, _ *any) { c.OCSPServer, c.CRLDistributionPoints = nil, nil }},
		{"expired", pki.PartValidity, func(c *x509.Certificate, _ *any) { c.NotAfter = time.Now().Add(-time.Minute) }},
		{"not yet valid", pki.PartValidity, func(c *x509.Certificate, _ *any) { c.NotBefore = time.Now().Add(time.Minute) }},
		{"CA flag", pki.PartAuthority, func(c *x509.Certificate, _ *any) { c.IsCA, c.BasicConstraintsValid = true, true }},
		{"unknown critical extension", pki.PartChain, func(c *x509.Certificate, _ *any) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}})
		}},
	}
	a := sandbox(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantPart(t, pki.CheckIssued(forge(t, test.change), expect(t), a.Roots(), a.Intermediates()), test.part)
		})
	}
}

func wantPart(t *testing.T, err error, part pki.Part) {
	t.Helper()
	var different *pki.ProfileError
	if !errors.As(err, &different) {
		t.Fatalf("got %v, want a difference in %s", err, part)
	}
	if different.Part != part {
		t.Fatalf("got %v, want a difference in %s", err, part)
	}
}

func TestCheckIssued_RefusesAnotherAuthoritysCertificate(t *testing.T) {
	a, stranger := sandbox(t), open(t, strangerMaterial(), authority.Options{})
	cert := issue(t, stranger, pki.TemplateSign)
	wantPart(t, pki.CheckIssued(cert, expect(t), a.Roots(), a.Intermediates()), pki.PartChain)
	wantPart(t, pki.CheckIssued(cert, expect(t), a.Roots(), stranger.Intermediates()), pki.PartChain)
	wantPart(t, pki.CheckIssued(issue(t, a, pki.TemplateSign), expect(t), a.Roots(), nil), pki.PartChain)
	wantPart(t, pki.CheckIssued(issue(t, a, pki.TemplateSign), expect(t), nil, a.Intermediates()), pki.PartChain)
}

func TestCheckIssued_RefusesTheOtherTemplateAndTheOtherStorage(t *testing.T) {
	a := sandbox(t)
	cert := issue(t, a, pki.TemplateAuth)
	wantPart(t, pki.CheckIssued(cert, expect(t), a.Roots(), a.Intermediates()), pki.PartKeyUsage)
	want := expect(t)
	want.Template, want.StorageKind = pki.TemplateAuth, pki.StorageStick
	wantPart(t, pki.CheckIssued(cert, want, a.Roots(), a.Intermediates()), pki.PartStorage)
	want.StorageKind = "cloud"
	if err := pki.CheckIssued(cert, want, a.Roots(), a.Intermediates()); !errors.Is(err, pki.ErrUnknownStorage) {
		t.Errorf("unknown storage: %v", err)
	}
	want.Template = "rsa-root"
	if err := pki.CheckIssued(cert, want, a.Roots(), a.Intermediates()); !errors.Is(err, pki.ErrUnknownTemplate) {
		t.Errorf("unknown template: %v", err)
	}
}

func TestCheckIssued_GoesByTheGivenClock(t *testing.T) {
	a := sandbox(t)
	cert := issue(t, a, pki.TemplateSign)
	want := expect(t)
	for _, now := range []time.Time{cert.NotBefore.Add(-time.Second), cert.NotAfter.Add(time.Second)} {
		want.Now = now
		wantPart(t, pki.CheckIssued(cert, want, a.Roots(), a.Intermediates()), pki.PartValidity)
	}
	want.Now = cert.NotAfter
	if err := pki.CheckIssued(cert, want, a.Roots(), a.Intermediates()); err != nil {
		t.Errorf("in its last second: %v", err)
	}
}

func TestProfileError_QuotesNoPersonalData(t *testing.T) {
	a := sandbox(t)
	want := expect(t)
	want.IIN = "850505300015"
	err := pki.CheckIssued(issue(t, a, pki.TemplateSign), want, a.Roots(), a.Intermediates())
	if err == nil || containsAny(err.Error(), want.IIN, aigerim.IIN, "ӘБЕНОВА") {
		t.Fatalf("error: %v", err)
	}
}

func issueStick(t *testing.T) *x509.Certificate {
	t.Helper()
	a := sandbox(t)
	cert, err := a.IssueCitizen(authority.Order{Template: pki.TemplateSign, Person: aigerim, Storage: pki.StorageStick, SPKI: spki(t, citizenKey())})
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestCheckKey_TakesNoWeakKeys(t *testing.T) {
	modulus := citizenKey().N
	for name, key := range map[string]*rsa.PublicKey{
		"exponent 3":    {N: modulus, E: 3},
		"even exponent": {N: modulus, E: 65538},
		"even modulus":  {N: new(big.Int).Lsh(modulus, 1), E: 65537},
		"too long":      {N: new(big.Int).SetBit(new(big.Int).Set(modulus), 8191, 1), E: 65537},
	} {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := pki.DefaultProfiles().CheckKey(pki.TemplateSign, der); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := pki.DefaultProfiles().CheckKey(pki.TemplateSign, spki(t, citizenKey())); err != nil {
		t.Error(err)
	}
}
