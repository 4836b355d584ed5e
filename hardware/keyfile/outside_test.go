package keyfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kinds are the ways of writing, each held against the programs of others.
var kinds = map[string]Options{
	"3des":         {},
	"3des-1024":    {Iterations: 1024},
	"aes":          {Cipher: AES},
	"aes-one-step": {Cipher: AES, Iterations: 1},
}

func onDisk(t *testing.T, options Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), Name("rsa-sign", chain().Certificate))
	if err := os.WriteFile(path, written(t, options), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Plain OpenSSL 3 means its default provider alone: RC2 would already fail there.
func TestWrite_OpensInPlainOpenSSL(t *testing.T) {
	entry := chain()
	id := hex.EncodeToString(entry.Certificate.SubjectKeyId)
	for name, options := range kinds {
		t.Run(name, func(t *testing.T) {
			path := onDisk(t, options)
			out := outside(t, testPassword, "openssl", "pkcs12", "-provider", "default", "-in", path, "-passin", "env:PASSWORD", "-nodes", "-info")
			if n := strings.Count(out, "friendlyName: "+id); n != 2 {
				t.Errorf("friendlyName stands %d times, want on certificate and key\n%s", n, out)
			}
			spaced := strings.ToUpper(strings.TrimSpace(spacedHex(entry.Certificate.SubjectKeyId)))
			if n := strings.Count(out, "localKeyID: "+spaced); n != 2 {
				t.Errorf("localKeyID %s stands %d times, want on certificate and key\n%s", spaced, n, out)
			}
			want := "PBES2, PBKDF2, AES-256-CBC"
			if options.Cipher == TripleDES {
				want = "pbeWithSHA1And3-KeyTripleDES-CBC"
			}
			if n := strings.Count(out, want); n != 2 {
				t.Errorf("%q stands %d times, want for certificates and key\n%s", want, n, out)
			}
			// -info goes to standard error, in the middle of the rest: once more without it.
			out = outside(t, testPassword, "openssl", "pkcs12", "-provider", "default", "-in", path, "-passin", "env:PASSWORD", "-nodes")
			compareFound(t, out, entry)
		})
	}
}

// compareFound holds key and certificates in PEM against the entry.
func compareFound(t *testing.T, text string, entry Entry) {
	t.Helper()
	var certs [][]byte
	var keys int
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			certs = append(certs, block.Bytes)
			continue
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil || !samePublic(entry.Key.Public(), key.(crypto.Signer).Public()) {
			t.Errorf("another key came out: %v", err)
		}
		keys++
	}
	if keys != 1 || len(certs) != 3 || !bytes.Equal(certs[0], entry.Certificate.Raw) {
		t.Errorf("%d keys and %d certificates came out", keys, len(certs))
	}
}

func spacedHex(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		out.WriteString(hex.EncodeToString([]byte{c}) + " ")
	}
	return out.String()
}

func TestWrite_WrongPasswordIsRefusedByOpenSSL(t *testing.T) {
	path := onDisk(t, Options{})
	out, err := tryOutside(t, "Qwerty13#", "openssl", "pkcs12", "-in", path, "-passin", "env:PASSWORD", "-nodes")
	if err == nil || !strings.Contains(out, "invalid password") {
		t.Errorf("openssl said: %v %s", err, out)
	}
}

func TestWrite_OpensInJavaWithKeyAndChain(t *testing.T) {
	entry := chain()
	alias := hex.EncodeToString(entry.Certificate.SubjectKeyId)
	for name, options := range kinds {
		t.Run(name, func(t *testing.T) {
			path := onDisk(t, options)
			out := outside(t, testPassword, "keytool", "-list", "-v", "-storetype", "PKCS12", "-keystore", path, "-storepass:env", "PASSWORD")
			for _, want := range []string{"Alias name: " + alias, "PrivateKeyEntry", "Certificate chain length: 3", "contains 1 entry"} {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing:\n%s", want, out)
				}
			}
			// Java must get at the key itself too: it signs a request with it, which OpenSSL verifies.
			request := filepath.Join(t.TempDir(), "request.pem")
			outside(t, testPassword, "keytool", "-certreq", "-storetype", "PKCS12", "-keystore", path, "-storepass:env", "PASSWORD", "-alias", alias, "-file", request)
			outside(t, "", "openssl", "req", "-in", request, "-verify", "-noout")
		})
	}
}

func TestRead_OpensWhatOpenSSLWrites(t *testing.T) {
	entry, dir := chain(), t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(entry.Key)
	if err != nil {
		t.Fatal(err)
	}
	all := []*pem.Block{{Type: "PRIVATE KEY", Bytes: der}, {Type: "CERTIFICATE", Bytes: entry.Certificate.Raw}}
	for i := len(entry.Chain) - 1; i >= 0; i-- { // root first: Read puts them in order
		all = append(all, &pem.Block{Type: "CERTIFICATE", Bytes: entry.Chain[i].Raw})
	}
	in := pemFile(t, filepath.Join(dir, "in.pem"), all...)
	for name, args := range map[string][]string{
		"default":                   nil,
		"3des":                      {"-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"},
		"certificates in the clear": {"-certpbe", "NONE"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.p12")
			outside(t, testPassword, "openssl", append([]string{"pkcs12", "-export", "-in", in, "-out", path, "-passout", "env:PASSWORD"}, args...)...)
			got := readFile(t, path)
			compareEntries(t, got, entry)
		})
	}
}

func TestRead_OpensWhatJavaWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "java.p12")
	outside(t, testPassword, "keytool", "-genkeypair", "-storetype", "PKCS12", "-keystore", path, "-storepass:env", "PASSWORD",
		"-keyalg", "RSA", "-keysize", "2048", "-alias", "java", "-dname", "CN=СЫНАҚ")
	got := readFile(t, path)
	if got.Certificate.Subject.CommonName != "СЫНАҚ" || !Belongs(got.Certificate, got.Key) {
		t.Errorf("another entry came out: %v", got.Certificate.Subject)
	}
}

func readFile(t *testing.T, path string) Entry {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := Read(bytes.NewReader(data), NewPassword(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func compareEntries(t *testing.T, got, want Entry) {
	t.Helper()
	if !samePublic(got.Key.Public(), want.Key.Public()) || !got.Certificate.Equal(want.Certificate) {
		t.Error("another key or certificate came out")
	}
	if len(got.Chain) != len(want.Chain) {
		t.Fatalf("%d certificates above it, want %d", len(got.Chain), len(want.Chain))
	}
	for i := range got.Chain {
		if !got.Chain[i].Equal(want.Chain[i]) {
			t.Errorf("certificate %d above it is another", i)
		}
	}
}
