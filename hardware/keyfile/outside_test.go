package keyfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
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
	for name, c := range map[string]struct {
		args       []string
		dialect    Dialect
		protection Protection
	}{
		"default":                   {nil, DialectOpenSSL, Protection{"SHA-256", "AES-256", "AES-256", 2048}},
		"legacy":                    {[]string{"-legacy"}, DialectOpenSSLLegacy, Protection{"SHA-1", "3DES", "RC2-40", 2048}},
		"3des":                      {[]string{"-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"}, DialectOpenSSLLegacy, Protection{"SHA-1", "3DES", "3DES", 2048}},
		"rc2":                       {[]string{"-legacy", "-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "PBE-SHA1-RC2-128"}, DialectOpenSSLLegacy, Protection{"SHA-1", "RC2-128", "RC2-128", 2048}},
		"two-key 3des":              {[]string{"-legacy", "-keypbe", "PBE-SHA1-2DES"}, DialectOpenSSLLegacy, Protection{"SHA-1", "3DES-2", "RC2-40", 2048}},
		"aes-128, sha-512":          {[]string{"-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512", "-iter", "1"}, DialectOpenSSL, Protection{"SHA-512", "AES-128", "AES-192", 1}},
		"sha-384":                   {[]string{"-macalg", "sha384"}, DialectOpenSSL, Protection{"SHA-384", "AES-256", "AES-256", 2048}},
		"certificates in the clear": {[]string{"-certpbe", "NONE"}, DialectOpenSSL, Protection{"SHA-256", "AES-256", "", 2048}},
		"key in the clear":          {[]string{"-keypbe", "NONE"}, DialectOpenSSL, Protection{"SHA-256", "", "AES-256", 2048}},
		"without MAC":               {[]string{"-nomac"}, DialectOpenSSL, Protection{"", "AES-256", "", 2048}}, // it leaves the certificates open then
		"named":                     {[]string{"-name", "Айгерім"}, DialectOpenSSL, Protection{"SHA-256", "AES-256", "AES-256", 2048}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.p12")
			outside(t, testPassword, "openssl", append([]string{"pkcs12", "-export", "-in", in, "-out", path, "-passout", "env:PASSWORD"}, c.args...)...)
			compareEntries(t, readFile(t, path), entry)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := open(t, data)
			if f.Dialect != c.dialect || f.Protection != c.protection {
				t.Errorf("%s, %+v", f.Dialect, f.Protection)
			}
			if want := map[bool]string{true: "Айгерім"}[name == "named"]; f.FriendlyName != want {
				t.Errorf("name %q", f.FriendlyName)
			}
			if _, err := Open(bytes.NewReader(data), NewPassword("Qwerty13#")); !errors.Is(err, ErrPassword) {
				t.Errorf("wrong password: %v", err)
			}
		})
	}
	path := filepath.Join(dir, "certificates.p12")
	outside(t, testPassword, "openssl", "pkcs12", "-export", "-nokeys", "-in", in, "-out", path, "-passout", "env:PASSWORD")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if f := open(t, data); len(f.Keys) != 0 || len(f.Loose) != 3 {
		t.Errorf("certificates only: %+v", f)
	}
	outside(t, testPassword, "openssl", "pkcs12", "-export", "-legacy", "-keypbe", "PBE-SHA1-RC4-128", "-in", in, "-out", path, "-passout", "env:PASSWORD")
	if data, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bytes.NewReader(data), NewPassword(testPassword)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("RC4: %v", err)
	}
}

// OpenSSL knows no Kazakh GOST. It checks the MAC, opens the seals and gives out the certificate, and says of the key alone that it is of an unknown kind.
func TestWrite_GOSTFileOpensInOpenSSLAsFarAsItGoes(t *testing.T) {
	var file bytes.Buffer
	if err := Write(&file, gostPerson(), NewPassword(testPassword), Options{}); err != nil {
		t.Fatal(err)
	}
	path := laid(t, "gost.p12", file.Bytes())
	for _, provider := range []string{"-legacy", "-provider=default"} {
		out := outside(t, testPassword, "openssl", "pkcs12", provider, "-in", path, "-passin", "env:PASSWORD", "-info", "-noout")
		for _, want := range []string{"MAC: sha1, Iteration 10000", "Shrouded Keybag: pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 10000", "Certificate bag"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing:\n%s", provider, want, out)
			}
		}
		out = outside(t, testPassword, "openssl", "pkcs12", provider, "-in", path, "-passin", "env:PASSWORD", "-nokeys")
		block, _ := pem.Decode([]byte(out[strings.Index(out, "-----BEGIN"):]))
		if block == nil || !bytes.Equal(block.Bytes, gostPerson().Certificate.Raw) || !strings.Contains(out, "friendlyName: "+hex.EncodeToString(gostPerson().Certificate.SubjectKeyId)) {
			t.Errorf("%s: another certificate came out:\n%s", provider, out)
		}
		out, err := tryOutside(t, testPassword, "openssl", "pkcs12", provider, "-in", path, "-passin", "env:PASSWORD", "-nodes", "-nocerts")
		if err == nil && strings.Contains(out, "PRIVATE KEY") {
			t.Errorf("%s: OpenSSL has learned Kazakh GOST; this test can ask for more:\n%s", provider, out)
		}
	}
}

func TestRead_OpensWhatJavaWrites(t *testing.T) {
	for name, more := range map[string][]string{
		"default": nil,
		"old":     {"-J-Dkeystore.pkcs12.legacy"},
		"no MAC":  {"-J-Dkeystore.pkcs12.macAlgorithm=NONE"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "java.p12")
			outside(t, testPassword, "keytool", append([]string{"-genkeypair", "-storetype", "PKCS12", "-keystore", path, "-storepass:env", "PASSWORD",
				"-keyalg", "RSA", "-keysize", "2048", "-alias", "java", "-dname", "CN=СЫНАҚ"}, more...)...)
			got := readFile(t, path)
			if got.Certificate.Subject.CommonName != "СЫНАҚ" || !Belongs(got.Certificate, got.Key) {
				t.Errorf("another entry came out: %v", got.Certificate.Subject)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if f := open(t, data); f.Dialect != DialectJava || f.FriendlyName != "java" {
				t.Errorf("%s, %q, %+v", f.Dialect, f.FriendlyName, f.Protection)
			}
		})
	}
}

func TestOpen_ReadsJavasTrustedCertificates(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "trusted.p12")
	cert := pemFile(t, filepath.Join(dir, "c.pem"), &pem.Block{Type: "CERTIFICATE", Bytes: signPerson().Certificate.Raw})
	outside(t, testPassword, "keytool", "-importcert", "-noprompt", "-storetype", "PKCS12", "-keystore", path, "-storepass:env", "PASSWORD", "-alias", "сенімді", "-file", cert)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if f := open(t, data); f.Dialect != DialectJava || len(f.Loose) != 1 || f.FriendlyName != "сенімді" {
		t.Errorf("%+v", f)
	}
}

// A secret key is sealed inside a bag of its own kind: it is counted, and the file's password is left alone.
func TestChangePassword_LeavesJavasSecretKeysAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "java.p12")
	for _, args := range [][]string{{"-genkeypair", "-keyalg", "RSA", "-alias", "pair", "-dname", "CN=x"}, {"-genseckey", "-keyalg", "AES", "-keysize", "128", "-alias", "secret"}} {
		outside(t, testPassword, "keytool", append(args, "-storetype", "PKCS12", "-keystore", path, "-storepass:env", "PASSWORD")...)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if f := open(t, data); len(f.Keys) != 1 || f.Unread != 1 {
		t.Errorf("%+v", f)
	}
	m := &memoryMedium{data: data}
	if err := ChangePassword(t.Context(), m, "java.p12", NewPassword(testPassword), NewPassword(newPassword), few); !errors.Is(err, ErrUnsupported) || !bytes.Equal(m.data, data) {
		t.Errorf("%v", err)
	}
}

// A file of the authority's that got a new password opens in plain OpenSSL, which did not know its ciphers before, and in Java.
func TestChangePassword_OpensInPlainOpenSSLAndJava(t *testing.T) {
	m := &memoryMedium{data: ncaRecipe(t, signPerson()).bake(t)}
	plain := []string{"pkcs12", "-provider", "default", "-passin", "env:PASSWORD", "-nodes", "-in"}
	if out, err := tryOutside(t, testPassword, "openssl", append(plain, laid(t, "before.p12", m.data))...); err == nil {
		t.Errorf("before: %s", out)
	}
	if err := ChangePassword(t.Context(), m, "key.p12", NewPassword(testPassword), NewPassword(newPassword), Options{}); err != nil {
		t.Fatal(err)
	}
	path := laid(t, "after.p12", m.data)
	out := outside(t, newPassword, "openssl", append(plain, path)...)
	if !strings.Contains(out, "PRIVATE KEY") || !strings.Contains(out, "CERTIFICATE") {
		t.Errorf("after: %s", out)
	}
	out = outside(t, newPassword, "keytool", "-list", "-storetype", "PKCS12", "-keystore", path, "-storepass:env", "PASSWORD")
	if !strings.Contains(out, "PrivateKeyEntry") {
		t.Errorf("Java: %s", out)
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
