package keyfile

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const testPassword = "Qwerty12#"

// chain is a test authority with one citizen's key: made once, for making RSA keys is what costs here.
var chain = sync.OnceValue(func() Entry {
	root, rootKey := certify("ТІРКЕУ СЫНАҚ ROOT", nil, nil)
	issuing, issuingKey := certify("ТІРКЕУ СЫНАҚ CA", root, rootKey)
	leaf, leafKey := certify("ҮЛГІЕВА АЙГЕРІМ", issuing, issuingKey)
	return Entry{Key: leafKey, Certificate: leaf, Chain: []*x509.Certificate{issuing, root}}
})

func certify(name string, issuer *x509.Certificate, issuerKey *rsa.PrivateKey) (*x509.Certificate, *rsa.PrivateKey) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: issuer == nil || issuer.Issuer.String() == issuer.Subject.String(), BasicConstraintsValid: true,
	}
	sum := sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey)) // RFC 5280 §4.2.1.2, method 1
	template.SubjectKeyId = sum[:]
	if issuer == nil {
		issuer, issuerKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, issuerKey)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert, key
}

// written is the chain as a file.
func written(t testing.TB, options Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, chain(), NewPassword(testPassword), options); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// outside runs a program that is not ours with the password in its environment.
func outside(t *testing.T, password, name string, args ...string) string {
	t.Helper()
	out, err := tryOutside(t, password, name, args...)
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out
}

func tryOutside(t *testing.T, password, name string, args ...string) (string, error) {
	t.Helper()
	needProgram(t, name)
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "JAVA_TOOL_OPTIONS=", "PASSWORD="+password)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// needProgram skips where an outside program is missing, and fails where everything was said to be installed.
func needProgram(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err == nil {
		return
	}
	if os.Getenv("TIRKEU_TEST_ALL") == "1" {
		t.Fatalf("%s is missing", name)
	}
	t.Skipf("%s is missing", name)
}

// pemFile writes blocks to a file and returns its path.
func pemFile(t *testing.T, path string, blocks ...*pem.Block) string {
	t.Helper()
	var out bytes.Buffer
	for _, block := range blocks {
		if err := pem.Encode(&out, block); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
