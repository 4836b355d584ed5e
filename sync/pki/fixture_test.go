package pki_test

import (
	"crypto"
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

const baseURL = "http://centre.test:8080"

// sandbox and stranger are two authorities with the same names and other keys.
var (
	sandboxMaterial  = sync.OnceValue(newMaterial)
	strangerMaterial = sync.OnceValue(newMaterial)
)

func newMaterial() authority.Material {
	stored, err := authority.Create(authority.Options{BaseURL: baseURL})
	if err != nil {
		panic(err)
	}
	return stored
}

func open(t testing.TB, stored authority.Material, options authority.Options) *authority.Authority {
	t.Helper()
	options.BaseURL = baseURL
	a, err := authority.Open(stored, options)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func sandbox(t testing.TB) *authority.Authority {
	t.Helper()
	return open(t, sandboxMaterial(), authority.Options{})
}

// issuingKey gives the sandbox's own key, with which tests sign what the authority would not.
func issuingKey(t testing.TB) crypto.Signer {
	t.Helper()
	return keyOf(t, sandboxMaterial())
}

func keyOf(t testing.TB, stored authority.Material) crypto.Signer {
	t.Helper()
	block, _ := pem.Decode(stored.IssuingKey)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(crypto.Signer)
}

var (
	citizenKey = sync.OnceValue(newKey)
	otherKey   = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func spki(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var aigerim = pki.Person{IIN: "900101400017", Surname: "Әбенова", Given: "Айгерім", Patronymic: "Қайратқызы", Email: "aigerim@example.kz"}

func issue(t testing.TB, a *authority.Authority, template string) *x509.Certificate {
	t.Helper()
	cert, err := a.IssueCitizen(authority.Order{Template: template, Person: aigerim, Storage: pki.StorageKaztoken, SPKI: spki(t, citizenKey())})
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func issueOperator(t testing.TB, a *authority.Authority) *x509.Certificate {
	t.Helper()
	cert, err := a.IssueOperator(authority.Order{Person: aigerim, Storage: pki.StorageKaztoken, SPKI: spki(t, citizenKey())})
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func write(t testing.TB, name, kind string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if kind != "" {
		data = pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeCert(t testing.TB, cert *x509.Certificate) string {
	t.Helper()
	return write(t, "cert.pem", "CERTIFICATE", cert.Raw)
}

func writeKey(t testing.TB, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "key.pem", "PRIVATE KEY", der)
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
