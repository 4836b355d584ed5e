package authority_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

const baseURL = "http://centre.test:8080"

// openssl runs the OpenSSL program and gives what it printed. Where it is missing the test is
// skipped, or fails if TIRKEU_TEST_ALL=1.
func openssl(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	command := exec.CommandContext(t.Context(), path, arguments...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	output, err := command.CombinedOutput()
	return string(output), err
}

func mustOpenSSL(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := openssl(t, arguments...)
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return output
}

var material = sync.OnceValues(func() (authority.Material, error) {
	return authority.Create(authority.Options{BaseURL: baseURL})
})

// open gives an authority whose keys are made once for all tests.
func open(t *testing.T, options authority.Options) *authority.Authority {
	t.Helper()
	stored, err := material()
	if err != nil {
		t.Fatal(err)
	}
	if options.BaseURL == "" {
		options.BaseURL = baseURL
	}
	a, err := authority.Open(stored, options)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var citizenKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var deviceKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

func spki(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var aigerim = pki.Person{IIN: "900101400017", Surname: "Әбенова", Given: "Айгерім", Patronymic: "Қайратқызы", Email: "aigerim@example.kz"}

func order(t *testing.T, template string) authority.Order {
	t.Helper()
	return authority.Order{Template: template, Person: aigerim, Storage: pki.StorageKaztoken, SPKI: spki(t, citizenKey())}
}

func issue(t *testing.T, a *authority.Authority, template string) *x509.Certificate {
	t.Helper()
	cert, err := a.IssueCitizen(order(t, template))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func write(t *testing.T, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	data := der
	if kind != "" {
		data = pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeCert(t *testing.T, cert *x509.Certificate) string {
	t.Helper()
	return write(t, "cert.pem", "CERTIFICATE", cert.Raw)
}

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
