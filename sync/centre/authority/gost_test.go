package authority_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

var gostKey = sync.OnceValue(func() *gost.PrivateKey {
	key, err := gost.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

func gostSPKI(t testing.TB, key *gost.PrivateKey, d gost.Dialect) []byte {
	t.Helper()
	der, err := gost.MarshalPublicKey(key.Public().(*gost.PublicKey), d)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func gostOrder(t testing.TB) authority.Order {
	return authority.Order{Template: pki.TemplateGOST, Person: aigerim, Storage: pki.StorageStick, SPKI: gostSPKI(t, gostKey(), gost.Kazakh)}
}

func issueGOST(t testing.TB, a *authority.Authority) *x509.Certificate {
	t.Helper()
	cert, err := a.IssueCitizen(gostOrder(t))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func gostCA(t testing.TB, a *authority.Authority) *x509.Certificate {
	t.Helper()
	cert, err := a.CA(authority.GOST)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestCreate_PutsAGOSTCAUnderTheSameRoot(t *testing.T) {
	a := open(t, authority.Options{})
	ca := gostCA(t, a)
	if ca.Subject.CommonName != "TIRKEU (GOST) SANDBOX ISSUING CA" || !ca.IsCA || !ca.MaxPathLenZero || ca.MaxPathLen != 0 {
		t.Errorf("%q, CA %v, path length %d", ca.Subject.CommonName, ca.IsCA, ca.MaxPathLen)
	}
	key, err := pki.ParseKey(ca.RawSubjectPublicKeyInfo)
	if _, isGOST := key.(*gost.PublicKey); err != nil || !isGOST {
		t.Errorf("its key is %T: %v", key, err)
	}
	chain, err := pki.VerifyChain(ca, a.Roots(), nil, time.Now())
	if err != nil || len(chain) != 2 || !chain[1].Equal(a.Root()) {
		t.Errorf("it leads to %v: %v", chain, err)
	}
	// The root's signature is RSA, and any program that knows RSA verifies it.
	if err := a.Root().CheckSignature(x509.SHA256WithRSA, ca.RawTBSCertificate, ca.Signature); err != nil {
		t.Error(err)
	}
}

func TestCreateGOST_CompletesAnAuthorityThatIsOlder(t *testing.T) {
	born := time.Now().AddDate(-9, 0, 0)
	made, err := authority.Create(authority.Options{BaseURL: baseURL, Name: "OLD", Now: func() time.Time { return born }})
	if err != nil {
		t.Fatal(err)
	}
	made.GOSTKey, made.GOSTCertificate = nil, nil
	old, err := authority.Open(made, authority.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.CA(authority.GOST); !errors.Is(err, authority.ErrNoCA) {
		t.Errorf("an older authority has a GOST CA: %v", err)
	}
	if _, err := old.IssueCitizen(gostOrder(t)); !errors.Is(err, authority.ErrNoCA) {
		t.Errorf("an authority without GOST CA issued GOST: %v", err)
	}
	issue(t, old, pki.TemplateSign)

	whole, err := authority.CreateGOST(made, authority.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	a, err := authority.Open(whole, authority.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	if ca := gostCA(t, a); ca.Subject.CommonName != "OLD (GOST) SANDBOX ISSUING CA" || !a.Issuing().Equal(old.Issuing()) || !a.Root().Equal(old.Root()) {
		t.Errorf("%q", ca.Subject.CommonName)
	}
	if cert := issueGOST(t, a); cert.NotAfter.Before(time.Now().AddDate(0, 11, 0)) {
		t.Errorf("the certificate ends %v", cert.NotAfter)
	}
	if _, err := authority.CreateGOST(whole, authority.Options{}); err == nil {
		t.Error("a second GOST CA was made")
	}
	made.RootKey = nil
	if _, err := authority.CreateGOST(made, authority.Options{}); err == nil {
		t.Error("a GOST CA was made without the root's key")
	}
}

func TestCreateGOST_NeverOutlivesTheRoot(t *testing.T) {
	born := time.Now().AddDate(-9, -6, 0)
	made, err := authority.Create(authority.Options{Now: func() time.Time { return born }})
	if err != nil {
		t.Fatal(err)
	}
	made.GOSTKey, made.GOSTCertificate = nil, nil
	whole, err := authority.CreateGOST(made, authority.Options{Now: func() time.Time { return born.AddDate(9, 11, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	a, err := authority.Open(whole, authority.Options{Now: func() time.Time { return born.AddDate(9, 11, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	if ca := gostCA(t, a); ca.NotAfter.After(a.Root().NotAfter) {
		t.Errorf("it ends %v, the root %v", ca.NotAfter, a.Root().NotAfter)
	}
}

func TestOpen_RefusesGOSTMaterialThatDoesNotBelongTogether(t *testing.T) {
	good, err := material()
	if err != nil {
		t.Fatal(err)
	}
	other, err := authority.Create(authority.Options{Name: "OTHER"})
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*authority.Material){
		"another key":     func(m *authority.Material) { m.GOSTKey = other.GOSTKey },
		"another's CA":    func(m *authority.Material) { m.GOSTKey, m.GOSTCertificate = other.GOSTKey, other.GOSTCertificate },
		"an RSA CA":       func(m *authority.Material) { m.GOSTKey, m.GOSTCertificate = m.IssuingKey, m.IssuingCertificate },
		"GOST for RSA":    func(m *authority.Material) { m.IssuingKey, m.IssuingCertificate = m.GOSTKey, m.GOSTCertificate },
		"no key":          func(m *authority.Material) { m.GOSTKey = nil },
		"no certificate":  func(m *authority.Material) { m.GOSTCertificate = nil },
		"half of the key": func(m *authority.Material) { m.GOSTKey = m.GOSTKey[:len(m.GOSTKey)/2] },
	} {
		spoiled := good
		spoil(&spoiled)
		if _, err := authority.Open(spoiled, authority.Options{}); err == nil {
			t.Errorf("%s was opened", name)
		} else if bytes.Contains([]byte(err.Error()), []byte("PRIVATE")) {
			t.Errorf("%s: the error quotes a key", name)
		}
	}
}

func TestIssueCitizen_GOSTIsGOSTThroughout(t *testing.T) {
	a := open(t, authority.Options{})
	cert := issueGOST(t, a)
	err := pki.CheckIssued(cert, pki.Expect{SPKI: gostOrder(t).SPKI, IIN: aigerim.IIN, Template: pki.TemplateGOST, StorageKind: pki.StorageStick,
		Email: aigerim.Email, Now: time.Now()}, a.Roots(), pki.NewPool(gostCA(t, a)))
	if err != nil {
		t.Fatal(err)
	}
	if err := pki.CheckSignatureFrom(cert, gostCA(t, a)); err != nil {
		t.Error(err)
	}
	if got := strings.Join(append(append(cert.IssuingCertificateURL, cert.CRLDistributionPoints...), cert.OCSPServer...), " "); got != baseURL+"/ca/issuing-gost.cer "+baseURL+"/crl/issuing-gost.crl "+baseURL+"/ocsp" {
		t.Errorf("it says to ask at %s", got)
	}
	serial, err := pki.KeySerial(cert.RawSubjectPublicKeyInfo)
	if err != nil || cert.SerialNumber.Cmp(serial) != 0 {
		t.Errorf("serial number %x, by the rule %x: %v", cert.SerialNumber, serial, err)
	}
	ruled, err := a.SerialFor(pki.TemplateGOST, gostOrder(t).SPKI)
	if err != nil || ruled.Cmp(serial) != 0 {
		t.Errorf("SerialFor gives %x: %v", ruled, err)
	}
	first, _ := a.SerialFor(pki.TemplateSign, spki(t, citizenKey()))
	second, _ := a.SerialFor(pki.TemplateSign, spki(t, citizenKey()))
	if first.Cmp(second) == 0 {
		t.Error("an RSA certificate's serial number follows from its key")
	}
}

func TestIssueCitizen_RefusesAKeyOfTheOtherFamily(t *testing.T) {
	a := open(t, authority.Options{})
	for name, spoil := range map[string]func(*authority.Order){
		"RSA key for GOST":           func(o *authority.Order) { o.SPKI = spki(t, citizenKey()) },
		"GOST key for RSA":           func(o *authority.Order) { o.Template = pki.TemplateSign },
		"GOST key for staff":         func(o *authority.Order) { o.Template = pki.TemplateOperator },
		"Russian identifiers":        func(o *authority.Order) { o.SPKI = gostSPKI(t, gostKey(), gost.Russian) },
		"a serial number of its own": func(o *authority.Order) { o.Serial = big.NewInt(0).Lsh(one, 158) },
	} {
		in := gostOrder(t)
		spoil(&in)
		if _, err := a.IssueCitizen(in); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	if _, err := a.IssueDevice("hall", gostOrder(t).SPKI, nil); err == nil {
		t.Error("a kiosk got a certificate for a GOST key")
	}
	if _, err := a.IssueTLS([]string{"centre.test"}, gostOrder(t).SPKI, nil); err == nil {
		t.Error("a server got a certificate for a GOST key")
	}
}

func TestCRLOf_EachCASignsItsOwnList(t *testing.T) {
	a := open(t, authority.Options{})
	cert, next := issueGOST(t, a), time.Now().Add(time.Hour)
	clean, err := a.CRLOf(authority.GOST, nil, one, next)
	if err != nil {
		t.Fatal(err)
	}
	dirty, err := a.CRLOf(authority.GOST, []authority.Revoked{{Serial: cert.SerialNumber, At: time.Now(), Reason: 1}}, big.NewInt(2), next)
	if err != nil {
		t.Fatal(err)
	}
	if answer := pki.CheckCRL(clean, cert, gostCA(t, a), time.Now()); answer.State != pki.Good {
		t.Errorf("by a clean list the certificate is %v: %v", answer.State, answer.Err)
	}
	if answer := pki.CheckCRL(dirty, cert, gostCA(t, a), time.Now()); answer.State != pki.Revoked || answer.Reason != 1 {
		t.Errorf("by the list it stands in the certificate is %v, reason %d: %v", answer.State, answer.Reason, answer.Err)
	}
	rsaList, err := a.CRLOf(authority.RSA, nil, one, next)
	if err != nil {
		t.Fatal(err)
	}
	if answer := pki.CheckCRL(rsaList, cert, gostCA(t, a), time.Now()); answer.State != pki.Unknown {
		t.Errorf("by the RSA CA's list a GOST certificate is %v", answer.State)
	}
	if answer := pki.CheckCRL(clean, issue(t, a, pki.TemplateSign), a.Issuing(), time.Now()); answer.State != pki.Unknown {
		t.Errorf("by the GOST CA's list an RSA certificate is %v", answer.State)
	}
}

func TestGOST_OpenSSLsEngineVerifiesWhatIsSigned(t *testing.T) {
	a := open(t, authority.Options{})
	ca, cert := gostCA(t, a), issueGOST(t, a)
	list, err := a.CRLOf(authority.GOST, []authority.Revoked{{Serial: cert.SerialNumber, At: time.Now(), Reason: 4}}, one, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, der := range map[string][]byte{"certificate": cert.Raw, "revocation list": list} {
		signed, signature := centretest.Parts(t, der)
		if !centretest.EngineVerifies(t, ca.RawSubjectPublicKeyInfo, signed, signature) {
			t.Errorf("the engine does not verify the %s", name)
		}
		signed = bytes.Clone(signed)
		signed[len(signed)-1] ^= 1
		if centretest.EngineVerifies(t, ca.RawSubjectPublicKeyInfo, signed, signature) {
			t.Errorf("the engine verifies another %s", name)
		}
	}
}
