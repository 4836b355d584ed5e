package pki_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

func TestVerifyChain_GoesThroughBothFamilies(t *testing.T) {
	rsa := sandbox(t)
	citizen := issue(t, rsa, pki.TemplateSign)
	ca := gostHouse()
	device := mustSign(&x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "device"}, NotBefore: ca.begins, NotAfter: ca.expires}, ca.issuing, citizenKey().Public(), ca.key)
	tests := []struct {
		name           string
		cert           *x509.Certificate
		roots, between *pki.Pool
		length         int
	}{
		{"RSA all the way", citizen, rsa.Roots(), rsa.Intermediates(), 3},
		{"GOST all the way", gostHouse().person(t), gostHouse().roots(), gostHouse().between(), 3},
		{"an RSA key under a GOST CA", device, ca.roots(), ca.between(), 3},
		{"a GOST CA under an RSA root", mixedHouse().person(t), mixedHouse().roots(), mixedHouse().between(), 3},
		{"the issuing CA itself", gostHouse().issuing, gostHouse().roots(), nil, 2},
		{"an anchor below the root", gostHouse().person(t), gostHouse().between(), nil, 2},
		{"an anchor alone", gostHouse().root, gostHouse().roots(), nil, 1},
		{"strangers beside it", gostHouse().person(t), pki.NewPool(gostStrangers().root, gostHouse().root), pki.NewPool(gostStrangers().issuing, gostHouse().issuing), 3},
	}
	for _, test := range tests {
		chain, err := pki.VerifyChain(test.cert, test.roots, test.between, time.Now())
		if err != nil || len(chain) != test.length || chain[0] != test.cert || !test.roots.Contains(chain[len(chain)-1]) {
			t.Errorf("%s: %d certificates, %v", test.name, len(chain), err)
		}
	}
}

func TestVerifyChain_RefusesWhatDoesNotHold(t *testing.T) {
	ca, now := gostHouse(), time.Now()
	person := ca.person(t)
	signed := func(change func(*x509.Certificate)) *x509.Certificate {
		template := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: gostIssuerName, NotBefore: ca.begins, NotAfter: ca.expires,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
		change(template)
		return mustSign(template, ca.root, ca.key.Public(), ca.rootKey)
	}
	below := func(key *gost.PrivateKey) *x509.Certificate { // a CA the pathlen 0 of the issuing CA forbids
		return mustSign(&x509.Certificate{SerialNumber: big.NewInt(4), Subject: pkix.Name{CommonName: "below"}, NotBefore: ca.begins, NotAfter: ca.expires,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, ca.issuing, key.Public(), ca.key)
	}
	deepKey := newGOSTKey()
	deep := below(deepKey)
	leaf := mustSign(&x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: ca.begins, NotAfter: ca.expires}, deep, ca.citizen.Public(), deepKey)
	damaged := *person
	damaged.Raw = append([]byte{}, person.Raw...)
	damaged.Raw[len(damaged.Raw)-5] ^= 1
	unknown := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}
	tests := []struct {
		name           string
		cert           *x509.Certificate
		roots, between *pki.Pool
		now            time.Time
	}{
		{"no roots", person, nil, ca.between(), now},
		{"empty roots", person, pki.NewPool(), ca.between(), now},
		{"no way up", person, ca.roots(), nil, now},
		{"another house of the same names", person, gostStrangers().roots(), gostStrangers().between(), now},
		{"another house's CA in the middle", person, ca.roots(), gostStrangers().between(), now},
		{"a flipped bit in the signature", &damaged, ca.roots(), ca.between(), now},
		{"before its time", person, ca.roots(), ca.between(), now.Add(-2 * time.Hour)},
		{"after its time", person, ca.roots(), ca.between(), now.Add(2 * time.Hour)},
		{"an expired CA", person, ca.roots(), pki.NewPool(signed(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) })), now},
		{"no CA in the middle", person, ca.roots(), pki.NewPool(signed(func(c *x509.Certificate) { c.IsCA = false })), now},
		{"no basic constraints", person, ca.roots(), pki.NewPool(signed(func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = false, false })), now},
		{"a CA for lists only", person, ca.roots(), pki.NewPool(signed(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })), now},
		{"a CA with an unknown critical extension", person, ca.roots(), pki.NewPool(signed(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{unknown} })), now},
		{"a CA with name constraints", person, ca.roots(), pki.NewPool(signed(func(c *x509.Certificate) { c.PermittedEmailAddresses = []string{"example.kz"} })), now},
		{"a leaf with an unknown critical extension", ca.issue(t, newGOSTKey(), func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, unknown) }), ca.roots(), ca.between(), now},
		{"deeper than the path length allows", leaf, ca.roots(), pki.NewPool(ca.issuing, deep), now},
		{"a person who signs for another", mustSign(&x509.Certificate{SerialNumber: big.NewInt(6), NotBefore: ca.begins, NotAfter: ca.expires}, person, newGOSTKey().Public(), ca.citizen), ca.roots(), pki.NewPool(ca.issuing, person), now},
	}
	for _, test := range tests {
		if chain, err := pki.VerifyChain(test.cert, test.roots, test.between, test.now); err == nil {
			t.Errorf("%s: accepted with %d certificates", test.name, len(chain))
		}
	}
	_, err := pki.VerifyChain(person, ca.roots(), ca.between(), now.Add(2*time.Hour))
	if invalid := (x509.CertificateInvalidError{}); !errors.As(err, &invalid) || invalid.Reason != x509.Expired {
		t.Errorf("expiry is not named: %v", err)
	}
	_, err = pki.VerifyChain(person, gostStrangers().roots(), nil, now)
	if unknown := (x509.UnknownAuthorityError{}); !errors.As(err, &unknown) {
		t.Errorf("an unknown authority is not named: %v", err)
	}
}

// Certificates that travel in a message are a stranger's: a thousand CAs of one name must not keep a
// processor busy.
func TestVerifyChain_GivesUpOnAMaze(t *testing.T) {
	ca := gostHouse()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	maze := pki.NewPool()
	for i := range 200 {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: gostIssuerName, NotBefore: ca.begins, NotAfter: ca.expires, IsCA: true, BasicConstraintsValid: true}
		maze.Add(mustSign(template, template, key.Public(), key))
	}
	if _, err := pki.VerifyChain(ca.person(t), ca.roots(), maze, time.Now()); err == nil || !strings.Contains(err.Error(), "more than 64 signatures") {
		t.Errorf("it did not stop: %v", err)
	}
}

func TestPool_KeepsEachCertificateOnce(t *testing.T) {
	ca := gostHouse()
	var zero pki.Pool
	zero.Add(ca.root, nil, ca.root)
	zero.Add(ca.issuing)
	copied := zero.Clone()
	copied.Add(gostStrangers().root)
	if len(zero.Certificates()) != 2 || len(copied.Certificates()) != 3 || zero.Contains(gostStrangers().root) || !zero.Contains(ca.issuing) {
		t.Errorf("%d and %d certificates", len(zero.Certificates()), len(copied.Certificates()))
	}
	var none *pki.Pool
	if none.X509() == nil || !none.X509().Equal(x509.NewCertPool()) || len(none.Clone().Certificates()) != 0 || none.Contains(ca.root) {
		t.Error("a nil pool is not an empty one")
	}
}
