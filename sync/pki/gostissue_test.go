package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

func TestCheckIssued_TakesAGOSTCertificateByItsProfile(t *testing.T) {
	for name, ca := range map[string]*gostCA{"GOST root": gostHouse(), "RSA root": mixedHouse()} {
		cert := ca.person(t)
		if err := pki.CheckIssued(cert, gostExpect(t, ca.citizen), ca.roots(), ca.between()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if template, known := pki.DefaultProfiles().TemplateOf(cert); !known || template != pki.TemplateGOST {
			t.Errorf("%s: recognised as %q", name, template)
		}
		// НУЦ's rule: the key identifier with the top bit off, 0x10 at least in front.
		want := append([]byte{}, cert.SubjectKeyId...)
		if want[0] &= 0x7f; want[0] < 0x10 {
			want[0] |= 0x10
		}
		if hex.EncodeToString(cert.SerialNumber.Bytes()) != hex.EncodeToString(want) {
			t.Errorf("%s: serial number %x, key identifier %x", name, cert.SerialNumber, cert.SubjectKeyId)
		}
	}
}

func TestCheckIssued_NamesWhatDiffersInAGOSTCertificate(t *testing.T) {
	ca := gostHouse()
	want := gostExpect(t, ca.citizen)
	changed := func(change func(*x509.Certificate)) *x509.Certificate { return ca.issue(t, ca.citizen, change) }
	tests := []struct {
		part pki.Part
		cert *x509.Certificate
	}{
		{pki.PartKey, ca.issue(t, newGOSTKey(), nil)},
		{pki.PartKeyUsage, changed(func(c *x509.Certificate) { c.KeyUsage &^= x509.KeyUsageKeyAgreement })},
		{pki.PartExtKeyUsage, changed(func(c *x509.Certificate) { replace(t, c, idEKU, []asn1.ObjectIdentifier{idClient, idPerson}) })},
		{pki.PartPolicy, changed(func(c *x509.Certificate) {
			replace(t, c, idPolicies, []policy{{asn1.ObjectIdentifier{1, 2, 398, 3, 3, 2, 3}}})
		})},
		{pki.PartStorage, changed(func(c *x509.Certificate) {
			replace(t, c, idStorage, []asn1.ObjectIdentifier{{1, 2, 398, 3, 3, 5, 99, 4}})
		})},
		{pki.PartValidity, changed(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })},
		{pki.PartChain, gostStrangers().issue(t, ca.citizen, nil)},
	}
	for _, test := range tests {
		wantPart(t, pki.CheckIssued(test.cert, want, ca.roots(), ca.between()), test.part)
	}
	rsa := want
	rsa.Template = pki.TemplateSign
	wantPart(t, pki.CheckIssued(ca.person(t), rsa, ca.roots(), ca.between()), pki.PartKey)
}

func TestBuild_TakesTheKeyTheProfileWantsAndTheNumberThatFollows(t *testing.T) {
	key := newGOSTKey()
	build := func(template string, der []byte, serial *big.Int) error {
		_, _, err := pki.DefaultProfiles().Build(pki.Issuance{Template: template, Person: aigerim, Storage: pki.StorageStick, SPKI: der, Serial: serial, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)})
		return err
	}
	serial, err := pki.KeySerial(gostSPKI(t, key))
	if err != nil {
		t.Fatal(err)
	}
	russian, err := gost.MarshalPublicKey(key.Public().(*gost.PublicKey), gost.Russian)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		template string
		der      []byte
		serial   *big.Int
		fine     bool
	}{
		"no number":               {pki.TemplateGOST, gostSPKI(t, key), nil, true},
		"the number of the key":   {pki.TemplateGOST, gostSPKI(t, key), serial, true},
		"another number":          {pki.TemplateGOST, gostSPKI(t, key), big.NewInt(77), false},
		"an RSA key":              {pki.TemplateGOST, spki(t, citizenKey()), nil, false},
		"a GOST key for RSA":      {pki.TemplateSign, gostSPKI(t, key), big.NewInt(77), false},
		"Russian identifiers":     {pki.TemplateGOST, russian, nil, false},
		"a key cut short":         {pki.TemplateGOST, gostSPKI(t, key)[:100], nil, false},
		"an RSA key for RSA":      {pki.TemplateSign, spki(t, citizenKey()), big.NewInt(77), true},
		"RSA with a number drawn": {pki.TemplateAuth, spki(t, citizenKey()), big.NewInt(78), true},
	} {
		if err := build(test.template, test.der, test.serial); (err == nil) != test.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCreateCertificate_RefusesAKeyThatIsNotTheIssuers(t *testing.T) {
	ca := gostHouse()
	template := &x509.Certificate{SerialNumber: big.NewInt(9), Subject: pkix.Name{CommonName: "x"}, NotBefore: ca.begins, NotAfter: ca.expires}
	if _, err := pki.CreateCertificate(template, ca.issuing, gostSPKI(t, ca.citizen), newGOSTKey()); err == nil {
		t.Error("signed with another GOST key")
	}
	if _, err := pki.CreateCertificate(template, ca.issuing, gostSPKI(t, ca.citizen), otherKey()); err == nil {
		t.Error("signed with an RSA key")
	}
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}
	if _, err := pki.CreateRevocationList(list, ca.issuing, newGOSTKey()); err == nil {
		t.Error("list signed with another GOST key")
	}
}

func TestRequest_ProvesPossessionOfAGOSTKey(t *testing.T) {
	key := newGOSTKey()
	der, err := pki.NewRequest(pki.TemplateGOST, aigerim, pki.StorageStick, key)
	if err != nil {
		t.Fatal(err)
	}
	request, err := pki.ParseRequest(der)
	if err != nil {
		t.Fatal(err)
	}
	if request.IIN != aigerim.IIN || request.Email != aigerim.Email || request.StorageKind != pki.StorageStick || string(request.SPKI) != string(gostSPKI(t, key)) {
		t.Errorf("request for %q, %q, %q", request.IIN, request.Email, request.StorageKind)
	}
	if err := pki.DefaultProfiles().CheckKey(pki.TemplateGOST, request.SPKI); err != nil {
		t.Error(err)
	}
	for at := range der { // whatever octet is changed, it is no longer the same proof
		bad := append([]byte{}, der...)
		bad[at] ^= 0x10
		if _, err := pki.ParseRequest(bad); err == nil {
			t.Fatalf("accepted with octet %d changed", at)
		}
	}
	if _, err := pki.NewRequest(pki.TemplateGOST, aigerim, pki.StorageStick, citizenKey()); err == nil {
		t.Error("an RSA key asked for a GOST certificate")
	}
	if _, err := pki.NewRequest(pki.TemplateSign, aigerim, pki.StorageStick, key); err == nil {
		t.Error("a GOST key asked for an RSA certificate")
	}
}
