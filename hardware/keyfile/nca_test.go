package keyfile

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// ncaFile reads one of the authority's public test files: in the folder TIRKEU_NCA names, or beside the project. They are not part of the project.
func ncaFile(t *testing.T, pattern string) []byte {
	t.Helper()
	folder := os.Getenv("TIRKEU_NCA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "vectors", "nca")
	}
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) != 1 {
		t.Skipf("the authority's test file %s is not here (TIRKEU_NCA)", pattern)
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpen_ReadsTheAuthoritysOwnFiles(t *testing.T) {
	for pattern, c := range map[string]struct {
		algorithm Algorithm
		bits      int
		usage     []Usage
		template  string
		issuer    string
		until     string
		prefix    string
	}{
		"AUTH_RSA256_*.p12": {AlgorithmRSA, 2048, []Usage{UsageSignIn}, TemplateAuth, "ҰКО 3.0 (RSA TEST)", "2021-01-27", "AUTH_RSA256_"},
		"RSA256_*.p12":      {AlgorithmRSA, 2048, []Usage{UsageSign}, TemplateSign, "ҰКО 3.0 (RSA TEST)", "2021-01-27", "RSA256_"},
		"GOST512_*.p12":     {AlgorithmGOST2015, 512, []Usage{UsageSignIn, UsageSign}, TemplateGOST, "ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ (GOST) TEST 2022", "2027-05-08", "GOST512_"},
	} {
		t.Run(pattern, func(t *testing.T) {
			data := ncaFile(t, pattern)
			f, err := Open(bytes.NewReader(data), NewPassword("Qwerty12"))
			if err != nil {
				t.Fatal(err)
			}
			if f.Dialect != DialectNCA || f.Protection != (Protection{"SHA-1", "3DES", "RC2-40", 1024}) || len(f.Keys) != 1 || len(f.Loose) != 0 || f.Unread != 0 {
				t.Fatalf("%+v", f)
			}
			k := f.Keys[0]
			if k.Algorithm != c.algorithm || k.Bits != c.bits || !Belongs(k.Certificate, k.Key) {
				t.Fatalf("key %s, %d bits, belongs to its certificate: %t", k.Algorithm, k.Bits, Belongs(k.Certificate, k.Key))
			}
			if err := use(k.Key, publicOf(k.Certificate)); err != nil {
				t.Errorf("the key does not sign what its certificate verifies: %v", err)
			}
			d := Describe(k.Certificate)
			if d.Algorithm != c.algorithm || d.Bits != c.bits || !slices.Equal(d.Usage, c.usage) || d.Template != c.template || d.Issuer != c.issuer || d.Authority ||
				d.NotAfter.Format(time.DateOnly) != c.until {
				t.Errorf("%+v", d)
			}
			if d.Owner != (Owner{Surname: "ТЕСТОВ", Given: "ТЕСТ", Patronymic: "ТЕСТОВИЧ", CommonName: "ТЕСТОВ ТЕСТ", IIN: "123456789011"}) {
				t.Errorf("owner %+v", d.Owner)
			}
			if f.FriendlyName != d.KeyID || k.FriendlyName != d.KeyID || hex.EncodeToString(k.LocalKeyID) != d.KeyID || Name(d.Template, k.Certificate) != c.prefix+d.KeyID+".p12" {
				t.Errorf("names %q, %q, %x, %q", f.FriendlyName, k.FriendlyName, k.LocalKeyID, Name(d.Template, k.Certificate))
			}
			for _, wrong := range []string{"", "qwerty12", "Qwerty12 ", "Qwerty1", "Йцукен12"} {
				if _, err := Open(bytes.NewReader(data), NewPassword(wrong)); !errors.Is(err, ErrPassword) {
					t.Errorf("wrong password %q: %v", wrong, err)
				}
			}
			for i := 0; i < len(data); i += 7 { // one bit of every seventh octet
				broken := bytes.Clone(data)
				broken[i] ^= 1 << (i % 8)
				if _, err := Open(bytes.NewReader(broken), NewPassword("Qwerty12")); err == nil || errors.Is(err, ErrPassword) {
					t.Fatalf("octet %d changed: %v", i, err)
				}
			}
		})
	}
}

func TestChangePassword_TakesTheAuthoritysOwnFiles(t *testing.T) {
	for _, pattern := range []string{"AUTH_RSA256_*.p12", "GOST512_*.p12"} {
		data := ncaFile(t, pattern)
		m := &memoryMedium{data: data}
		if err := ChangePassword(t.Context(), m, "key.p12", NewPassword("Qwerty12"), NewPassword(testPassword), Options{}); err != nil {
			t.Fatal(err)
		}
		was, err := Open(bytes.NewReader(data), NewPassword("Qwerty12"))
		if err != nil {
			t.Fatal(err)
		}
		is := open(t, m.data)
		if !samePublic(is.Keys[0].Key.Public(), was.Keys[0].Key.Public()) || !is.Keys[0].Certificate.Equal(was.Keys[0].Certificate) || is.FriendlyName != was.FriendlyName {
			t.Errorf("%s: another key, certificate or name came out", pattern)
		}
	}
}
