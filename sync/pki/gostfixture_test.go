package pki_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

// gostCA is an issuing CA with a GOST key under a root of either family.
type gostCA struct {
	root, issuing   *x509.Certificate
	rootKey, key    crypto.Signer
	citizen         *gost.PrivateKey
	responderKey    *gost.PrivateKey
	begins, expires time.Time
}

var (
	gostHouse      = sync.OnceValue(func() *gostCA { return newGOSTCA(newGOSTKey()) })
	mixedHouse     = sync.OnceValue(func() *gostCA { return newGOSTCA(otherKey()) })
	gostStrangers  = sync.OnceValue(func() *gostCA { return newGOSTCA(newGOSTKey()) })
	gostIssuerName = pkix.Name{Country: []string{"KZ"}, CommonName: "TIRKEU ISSUING CA (GOST) SANDBOX"}
)

func newGOSTKey() *gost.PrivateKey {
	key, err := gost.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func newGOSTCA(rootKey crypto.Signer) *gostCA {
	now := time.Now().UTC().Truncate(time.Second)
	ca := &gostCA{rootKey: rootKey, key: newGOSTKey(), citizen: newGOSTKey(), responderKey: newGOSTKey(), begins: now.Add(-24 * time.Hour), expires: now.AddDate(5, 0, 0)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"KZ"}, CommonName: "TIRKEU ROOT CA SANDBOX"},
		NotBefore: ca.begins, NotAfter: ca.expires, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	ca.root = mustSign(template, template, rootKey.Public(), rootKey)
	ca.issuing = mustSign(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: gostIssuerName, MaxPathLenZero: true,
		NotBefore: ca.begins, NotAfter: ca.expires, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign},
		ca.root, ca.key.Public(), rootKey)
	return ca
}

func mustSign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	spki, err := marshalPublic(public)
	if err != nil {
		panic(err)
	}
	der, err := pki.CreateCertificate(template, parent, spki, signer)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

func marshalPublic(public crypto.PublicKey) ([]byte, error) {
	if key, is := public.(*gost.PublicKey); is {
		return gost.MarshalPublicKey(key, gost.Kazakh)
	}
	return x509.MarshalPKIXPublicKey(public)
}

func gostSPKI(t testing.TB, key *gost.PrivateKey) []byte {
	t.Helper()
	der, err := marshalPublic(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (ca *gostCA) roots() *pki.Pool   { return pki.NewPool(ca.root) }
func (ca *gostCA) between() *pki.Pool { return pki.NewPool(ca.issuing) }

// issue certifies a citizen's key by the profile, changed as the test likes.
func (ca *gostCA) issue(t testing.TB, key *gost.PrivateKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template, public, err := pki.DefaultProfiles().Build(pki.Issuance{
		Template: pki.TemplateGOST, Person: aigerim, Storage: pki.StorageStick, SPKI: gostSPKI(t, key),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), Notice: "SANDBOX",
		OCSP: []string{baseURL + "/ocsp"}, CRLURLs: []string{baseURL + "/crl/issuing-gost.crl"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(template)
	}
	return mustSign(template, ca.issuing, public, ca.key)
}

func (ca *gostCA) person(t testing.TB) *x509.Certificate {
	t.Helper()
	return ca.issue(t, ca.citizen, nil)
}

func gostExpect(t testing.TB, key *gost.PrivateKey) pki.Expect {
	t.Helper()
	return pki.Expect{SPKI: gostSPKI(t, key), IIN: aigerim.IIN, Template: pki.TemplateGOST, StorageKind: pki.StorageStick, Email: aigerim.Email}
}
