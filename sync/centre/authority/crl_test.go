package authority_test

import (
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

var one = big.NewInt(1)

func TestCRL_OpenSSLVerifiesGoodAndRevokedByIt(t *testing.T) {
	a := open(t, authority.Options{})
	good, bad := issue(t, a, pki.TemplateAuth), issue(t, a, pki.TemplateSign)
	next := time.Now().Add(24 * time.Hour)
	crl, err := a.CRL([]authority.Revoked{{Serial: bad.SerialNumber, At: time.Now(), Reason: 1}}, big.NewInt(7), next)
	if err != nil {
		t.Fatal(err)
	}
	rootCRL, err := a.RootCRL(nil, one, next)
	if err != nil {
		t.Fatal(err)
	}
	verify := []string{"verify", "-crl_check_all", "-CAfile", writeCert(t, a.Root()), "-untrusted", writeCert(t, a.Issuing()),
		"-CRLfile", write(t, "issuing.pem", "X509 CRL", crl), "-CRLfile", write(t, "root.pem", "X509 CRL", rootCRL)}
	mustOpenSSL(t, append(verify, writeCert(t, good))...)
	output, err := openssl(t, append(verify, writeCert(t, bad))...)
	if err == nil || !strings.Contains(output, "certificate revoked") {
		t.Fatalf("a revoked certificate: %v\n%s", err, output)
	}
	text := mustOpenSSL(t, "crl", "-noout", "-text", "-in", write(t, "issuing.pem", "X509 CRL", crl))
	inOrder(t, text, []string{"Issuer: C = KZ, CN = TIRKEU SANDBOX ISSUING CA", "Last Update:", "Next Update:", "X509v3 CRL Number: \n                7", "Key Compromise"})
}

func TestCRL_CarriesWhatItWasGiven(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	a := open(t, authority.Options{Now: func() time.Time { return now }})
	der, err := a.CRL([]authority.Revoked{{Serial: big.NewInt(5), At: now.Add(-time.Hour), Reason: 4}}, big.NewInt(300), now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	if list.Number.Int64() != 300 || !list.ThisUpdate.Equal(now) || !list.NextUpdate.Equal(now.Add(time.Hour)) || len(list.RevokedCertificateEntries) != 1 {
		t.Fatalf("number %v, %v to %v, %d entries", list.Number, list.ThisUpdate, list.NextUpdate, len(list.RevokedCertificateEntries))
	}
	entry := list.RevokedCertificateEntries[0]
	if entry.SerialNumber.Int64() != 5 || entry.ReasonCode != 4 || !entry.RevocationTime.Equal(now.Add(-time.Hour)) {
		t.Fatalf("entry %+v", entry)
	}
}

func TestCRL_RefusesWhatNoListMaySay(t *testing.T) {
	a := open(t, authority.Options{})
	next := time.Now().Add(time.Hour)
	if _, err := a.CRL(nil, nil, next); err == nil {
		t.Error("a list without number")
	}
	if _, err := a.CRL(nil, one, time.Now().Add(-time.Hour)); err == nil {
		t.Error("a list that ended before it began")
	}
	if _, err := a.CRL([]authority.Revoked{{Serial: one}}, one, next); err == nil {
		t.Error("an entry without time")
	}
	if _, err := a.CRL([]authority.Revoked{{At: time.Now()}}, one, next); err == nil {
		t.Error("an entry without serial number")
	}
	for _, reason := range []int{7, 8, 11, -1} {
		if _, err := a.CRL([]authority.Revoked{{Serial: one, At: time.Now(), Reason: reason}}, one, next); err == nil {
			t.Errorf("reason %d", reason)
		}
	}
}
