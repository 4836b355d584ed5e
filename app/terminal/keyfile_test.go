//go:build cgo

package terminal

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
)

// keyFile is a signing key of a test person in a file, expired since 2021, and the folder it lies in.
func keyFile(t *testing.T) (path string, key *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x1c1c), NotBefore: time.Date(2020, 1, 28, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2021, 1, 27, 0, 0, 0, 0, time.UTC),
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "ҮЛГІЕВА \x1b[2JАЙГЕРІМ"}, {Type: asn1.ObjectIdentifier{2, 5, 4, 4}, Value: "ҮЛГІЕВА"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 5}, Value: "IIN123456789011"},
		}},
		SubjectKeyId: []byte{0xab, 0xcd}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := keyfile.Write(&file, keyfile.Entry{Key: key, Certificate: cert}, keyfile.NewPassword("Qwerty12"), keyfile.Options{}); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), keyfile.Name(keyfile.TemplateSign, cert))
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, key
}

// keyfileCommand runs the command as main finds it.
func keyfileCommand(t *testing.T, stdin string, args ...string) (status int, out, errs string) {
	t.Helper()
	for _, c := range Commands() {
		if c.Name == "keyfile show" {
			var o, e bytes.Buffer
			status = c.Run(context.Background(), args, strings.NewReader(stdin), &o, &e)
			return status, o.String(), e.String()
		}
	}
	t.Fatal("there is no such command")
	return
}

func TestKeyfileShow_SaysWhoseAndWhatForInATable(t *testing.T) {
	path, key := keyFile(t)
	status, out, errs := keyfileCommand(t, "Qwerty12\r\n", path)
	if status != Done || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"RSA256_abcd.p12", "Tirkeu", "RSA, 2048 bits", "signing documents", "ҮЛГІЕВА", "123456789011", "2020-01-28 to 2021-01-27: EXPIRED", "1c1c", "abcd", "3DES", "SHA-1", "10000"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("a certificate can speak to the terminal")
	}
	for _, secret := range []string{"Qwerty12", key.D.Text(16), key.D.Text(10), key.Primes[0].Text(16)} {
		if strings.Contains(strings.ToLower(out+errs), strings.ToLower(secret)) {
			t.Error("a secret is printed")
		}
	}
}

func TestKeyfileShow_PrintsJSONForPrograms(t *testing.T) {
	path, _ := keyFile(t)
	for _, args := range [][]string{{"--json", path}, {path, "--json"}} {
		status, out, errs := keyfileCommand(t, "Qwerty12", args...)
		var f shownFile
		if err := json.Unmarshal([]byte(out), &f); status != Done || err != nil {
			t.Fatalf("%v: status %d, %v: %s", args, status, err, errs)
		}
		if len(f.Keys) != 1 || f.Keys[0].Certificate == nil || f.Dialect != keyfile.DialectTirkeu || len(f.WithoutKey) != 0 {
			t.Fatalf("%s", out)
		}
		c := f.Keys[0].Certificate
		if c.IIN != "123456789011" || c.Validity != "expired" || len(c.Usage) != 1 || c.Usage[0] != keyfile.UsageSign || f.Keys[0].LocalKeyID != "abcd" || !f.Keys[0].Usable {
			t.Errorf("%s", out)
		}
		if strings.Contains(out, "null") {
			t.Errorf("a list or a certificate is null:\n%s", out)
		}
	}
}

func TestKeyfileShow_SaysWhatIsWrongAndWhatToDo(t *testing.T) {
	path, _ := keyFile(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Symlink(path, in("link.p12")))
	must(syscall.Mkfifo(in("pipe.p12"), 0o600))
	must(os.WriteFile(in("cut.p12"), whole[:len(whole)/2], 0o600))
	must(os.WriteFile(in("text.p12"), []byte("not a key file"), 0o600))
	huge, err := os.Create(in("huge.p12"))
	must(err)
	must(huge.Truncate(4 << 30))
	must(huge.Close())
	for name, c := range map[string]struct {
		status  int
		stdin   string
		args    []string
		message string
	}{
		"wrong password":    {Failed, "qwerty12\n", []string{path}, "password does not open"},
		"no password":       {Failed, "", []string{path}, "password does not open"},
		"Cyrillic password": {Failed, "Йцукен12\n", []string{path}, "Cyrillic letters"},
		"with a blank":      {Failed, "Qwerty12 \n", []string{path}, "characters that passwords"},
		"cut":               {Failed, "Qwerty12\n", []string{in("cut.p12")}, "damaged"},
		"something else":    {Failed, "Qwerty12\n", []string{in("text.p12")}, "damaged"},
		"a link":            {Failed, "Qwerty12\n", []string{in("link.p12")}, "it is a link"},
		"a pipe":            {Failed, "Qwerty12\n", []string{in("pipe.p12")}, "not a file"},
		"a folder":          {Failed, "Qwerty12\n", []string{dir}, "it is a folder"},
		"4 GB":              {Failed, "Qwerty12\n", []string{in("huge.p12")}, "4294967296 bytes"},
		"nothing there":     {Failed, "Qwerty12\n", []string{in("none.p12")}, "no such file"},
		"no path":           {Usage, "", nil, "needs one PATH"},
		"two paths":         {Usage, "", []string{path, path}, "needs one PATH"},
		"unknown option":    {Usage, "", []string{path, "--password", "x"}, "not defined"},
		"help":              {Done, "", []string{"--help"}, "standard input"},
	} {
		status, out, errs := keyfileCommand(t, c.stdin, c.args...)
		if status != c.status || out != "" || !strings.Contains(errs, c.message) {
			t.Errorf("%s: status %d, %q, %q", name, status, out, errs)
		}
		if strings.Contains(errs, "Йцукен12") || strings.Contains(errs, "qwerty12") {
			t.Errorf("%s: the password is printed", name)
		}
	}
}
