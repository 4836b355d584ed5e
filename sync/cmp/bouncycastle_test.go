package cmp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bouncyCastle compiles testdata/Client.java against Debian's Bouncy Castle and gives how to run it.
func bouncyCastle(t *testing.T, dir string) func(args ...string) (string, error) {
	t.Helper()
	javac, java := program(t, "javac"), program(t, "java")
	var jars []string
	for _, name := range []string{"bcprov", "bcpkix", "bcutil"} {
		jar := filepath.Join("/usr/share/java", name+".jar")
		if _, err := os.Stat(jar); err != nil {
			if os.Getenv("TIRKEU_TEST_ALL") == "1" {
				t.Fatalf("%s is not installed", jar)
			}
			t.Skipf("%s is not installed", jar)
		}
		jars = append(jars, jar)
	}
	path := strings.Join(jars, ":")
	source, err := filepath.Abs("testdata/Client.java")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, dir, javac, "-encoding", "UTF-8", "-cp", path, "-d", dir, source); err != nil {
		t.Fatalf("javac: %v\n%s", err, out)
	}
	return func(args ...string) (string, error) {
		return run(t, dir, java, append([]string{"-XX:TieredStopAtLevel=1", "-cp", dir + ":" + path, "Client"}, args...)...)
	}
}

func TestServer_EnrolsBouncyCastle(t *testing.T) {
	w, dir := newWorld(t), t.TempDir()
	client := bouncyCastle(t, dir)
	writePEM(t, dir, "ca.pem", w.ca.cert)
	writePEM(t, dir, "device.pem", w.device)
	writePEM(t, dir, "device.key", w.deviceKey)
	w.authority.open(2)
	w.authority.share("kiosk-7", "Secret-123456789")
	for _, args := range [][]string{{"signature"}, {"mac", "kiosk-7", "Secret-123456789"}} {
		out, err := client(append([]string{w.url("rsa-sign"), dir}, args...)...)
		if err != nil || strings.Count(out, "waiting") != 2 || !strings.Contains(out, "issued") || !strings.Contains(out, "confirmed") {
			t.Errorf("%s: %v\n%s", args[0], err, out)
		}
	}
	if !w.authority.isSpent("kiosk-7") {
		t.Error("the secret is not spent")
	}
	w.authority.with(func(a *memory) { a.spent = map[string]bool{} })
	if out, err := client(w.url("device"), dir, "mac", "kiosk-7", "wrong"); err == nil {
		t.Errorf("a wrong secret was taken:\n%s", out)
	}
}
