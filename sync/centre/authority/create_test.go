package authority_test

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"

	"encoding/asn1"

	"github.com/tirkeu/kiosk/sync/centre/authority"
)

func dotted(t *testing.T, text string) asn1.ObjectIdentifier {
	t.Helper()
	var oid asn1.ObjectIdentifier
	for arc := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(arc)
		if err != nil {
			t.Fatal(err)
		}
		oid = append(oid, n)
	}
	return oid
}

func hexText(data []byte) string { return hex.EncodeToString(data) }

func TestCreate_SaysSandboxInBothNamesAndVerifiesInOpenSSL(t *testing.T) {
	a := open(t, authority.Options{})
	root := mustOpenSSL(t, "x509", "-noout", "-text", "-in", writeCert(t, a.Root()))
	inOrder(t, root, []string{"CN = TIRKEU SANDBOX ROOT CA", "Public-Key: (2048 bit)", "Certificate Sign, CRL Sign", "CA:TRUE, pathlen:1"})
	issuing := mustOpenSSL(t, "x509", "-noout", "-text", "-in", writeCert(t, a.Issuing()))
	inOrder(t, issuing, []string{"CN = TIRKEU SANDBOX ISSUING CA", "Public-Key: (2048 bit)", "CA:TRUE, pathlen:0", "/ca/root.cer", "/crl/root.crl"})
	mustOpenSSL(t, "verify", "-x509_strict", "-CAfile", writeCert(t, a.Root()), writeCert(t, a.Issuing()))
}

func TestOpen_RefusesMaterialThatDoesNotBelongTogether(t *testing.T) {
	good, err := material()
	if err != nil {
		t.Fatal(err)
	}
	other, err := authority.Create(authority.Options{Name: "OTHER"})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*authority.Material){
		"another issuing key":     func(m *authority.Material) { m.IssuingKey = other.IssuingKey },
		"another root key":        func(m *authority.Material) { m.RootKey = other.RootKey },
		"another root":            func(m *authority.Material) { m.RootKey, m.RootCertificate = other.RootKey, other.RootCertificate },
		"no issuing key":          func(m *authority.Material) { m.IssuingKey = nil },
		"no root":                 func(m *authority.Material) { m.RootCertificate = nil },
		"a damaged key":           func(m *authority.Material) { m.IssuingKey = m.IssuingKey[:len(m.IssuingKey)/2] },
		"a key for a certificate": func(m *authority.Material) { m.IssuingCertificate = m.IssuingKey },
	}
	for name, spoil := range tests {
		spoiled := good
		spoil(&spoiled)
		if _, err := authority.Open(spoiled, authority.Options{}); err == nil {
			t.Errorf("%s was opened", name)
		} else if bytes.Contains([]byte(err.Error()), []byte("PRIVATE")) {
			t.Errorf("%s: the error quotes a key", name)
		}
	}
	late := func() time.Time { return time.Now().AddDate(11, 0, 0) }
	if _, err := authority.Open(good, authority.Options{Now: late}); err == nil {
		t.Error("an expired authority was opened")
	}
}

func TestOpen_WorksWithTheRootKeyAway(t *testing.T) {
	stored, err := material()
	if err != nil {
		t.Fatal(err)
	}
	stored.RootKey = nil
	a, err := authority.Open(stored, authority.Options{BaseURL: baseURL})
	if err != nil {
		t.Fatal(err)
	}
	issue(t, a, "rsa-sign")
	if _, err := a.RootCRL(nil, one, time.Now().Add(time.Hour)); err == nil {
		t.Fatal("the root signed without its key")
	}
}

func TestCreate_RefusesANameThatIsTooLong(t *testing.T) {
	for _, name := range []string{"  ", strings.Repeat("x", 39)} {
		if _, err := authority.Create(authority.Options{Name: name}); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
}
