package keyfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// bouncyCastle is testdata/KeyFile.java, compiled once against Debian's Bouncy Castle; run and its class path.
var bouncyCastle = sync.OnceValues(func() (string, error) {
	var jars []string
	for _, name := range []string{"bcprov", "bcpkix", "bcutil"} {
		jar := filepath.Join("/usr/share/java", name+".jar")
		if _, err := os.Stat(jar); err != nil {
			return "", fmt.Errorf("%s is not installed", jar)
		}
		jars = append(jars, jar)
	}
	path := strings.Join(jars, ":")
	dir, err := os.MkdirTemp("", "keyfile-java-")
	if err != nil {
		return "", err
	}
	classes = dir
	javac, err := exec.LookPath("javac")
	if err != nil {
		return "", err
	}
	out, err := exec.Command(javac, "-encoding", "UTF-8", "-cp", path, "-d", dir, "testdata/KeyFile.java").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("javac: %w\n%s", err, out)
	}
	return dir + ":" + path, nil
})

// classes is the folder of what was compiled, removed when all tests have run.
var classes string

func TestMain(m *testing.M) {
	status := m.Run()
	if classes != "" {
		os.RemoveAll(classes)
	}
	os.Exit(status)
}

// castle runs one command of testdata/KeyFile.java.
func castle(t *testing.T, args ...string) string {
	t.Helper()
	path, err := bouncyCastle()
	if err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return outside(t, testPassword, "java", append([]string{"-XX:TieredStopAtLevel=1", "-cp", path, "KeyFile"}, args...)...)
}

// laid writes a file into a fresh folder.
func laid(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// inputs lays key, certificate and key identifier out for KeyFile.java.
func inputs(t *testing.T, entry Entry) (key, cert, id string) {
	t.Helper()
	der, err := marshalPrivate(entry.Key)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := KeyID(entry.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return laid(t, "key", der), laid(t, "certificate", entry.Certificate.Raw), hex.EncodeToString(octets)
}

// The authority's library was made from Bouncy Castle, and writes as its keystore does: BER with octet strings in pieces of 1000 octets.
func TestOpen_ReadsTheAuthoritysDialectFromBouncyCastle(t *testing.T) {
	for name, entry := range map[string]Entry{"RSA": authPerson(), "GOST": gostPerson()} {
		t.Run(name, func(t *testing.T) {
			key, cert, id := inputs(t, entry)
			path := filepath.Join(t.TempDir(), "out.p12")
			castle(t, "authority", key, cert, id, "1024", path)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := open(t, data)
			if f.Dialect != DialectNCA || f.FriendlyName != id || f.Protection != (Protection{"SHA-1", "3DES", "RC2-40", 1024}) || len(f.Keys) != 1 || len(f.Loose) != 0 {
				t.Fatalf("%+v", f)
			}
			k := f.Keys[0]
			if !samePublic(k.Key.Public(), entry.Key.Public()) || !k.Certificate.Equal(entry.Certificate) || use(k.Key, publicOf(k.Certificate)) != nil {
				t.Error("another key or certificate came out")
			}
		})
	}
}

func TestOpen_ReadsBouncyCastlesOwnKeystores(t *testing.T) {
	entry := signPerson()
	key, cert, id := inputs(t, entry)
	for algorithm, protection := range map[string]Protection{
		"PKCS12":           {"SHA-1", "3DES", "RC2-40", 102400},
		"PKCS12-3DES-3DES": {"SHA-1", "3DES", "3DES", 102400},
	} {
		path := filepath.Join(t.TempDir(), "out.p12")
		castle(t, "keystore", key, cert, id, algorithm, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := open(t, data)
		if f.Dialect != DialectBouncyCastle || f.Protection != protection || len(f.Keys) != 1 || !f.Keys[0].Certificate.Equal(entry.Certificate) || !samePublic(f.Keys[0].Key.Public(), entry.Key.Public()) {
			t.Errorf("%s: %+v", algorithm, f)
		}
	}
}

// Bouncy Castle knows no Kazakh GOST, but it opens the container: MAC, seals, names, and the key to the octet.
func TestWrite_OpensInBouncyCastleToTheOctet(t *testing.T) {
	for name, entry := range map[string]Entry{"RSA": signPerson(), "GOST": gostPerson()} {
		var out bytes.Buffer
		if err := Write(&out, entry, NewPassword(testPassword), Options{}); err != nil {
			t.Fatal(err)
		}
		path := laid(t, "out.p12", out.Bytes())
		said := castle(t, "read", path)
		key, err := marshalPrivate(entry.Key)
		if err != nil {
			t.Fatal(err)
		}
		octets, _ := KeyID(entry.Certificate)
		id := hex.EncodeToString(octets)
		oid := "1.2.840.113549.1.1.1"
		if name == "GOST" {
			oid = gost.Kazakh.KeyOID().String()
		}
		for _, want := range []string{
			"mac true\n", fmt.Sprintf("key %s %x id %s name %s\n", oid, sha256.Sum256(key), id, id), fmt.Sprintf("certificate %x id %s name %s\n", sha256.Sum256(entry.Certificate.Raw), id, id),
		} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing:\n%s", name, want, said)
			}
		}
		if name == "RSA" {
			if said := castle(t, "load", path); !strings.Contains(said, "alias "+id+" key true RSA chain 1") {
				t.Errorf("as a keystore: %s", said)
			}
		}
	}
}
