package gost_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// engineConfiguration makes OpenSSL load the gost engine (Debian: libengine-gost-openssl) for everything.
const engineConfiguration = `openssl_conf = start
[start]
engines = engines
[engines]
gost = gost
[gost]
engine_id = gost
default_algorithms = ALL
[req]
distinguished_name = name
[name]
`

// engine is OpenSSL with the gost engine, in a folder of its own. It knows the Russian identifiers only.
type engine struct {
	t   testing.TB
	dir string
}

// newEngine skips the test where OpenSSL or the engine is missing, or fails it where everything is meant to be installed.
func newEngine(t testing.TB) *engine {
	t.Helper()
	o := &engine{t, t.TempDir()}
	o.write("openssl.cnf", []byte(engineConfiguration))
	out, err := o.try("engine", "gost", "-c")
	if err == nil && strings.Contains(out, "gost2012_512") {
		return o
	}
	if os.Getenv("TIRKEU_TEST_ALL") == "1" {
		t.Fatalf("OpenSSL's gost engine is not installed: %v\n%s", err, out)
	}
	t.Skip("OpenSSL's gost engine (libengine-gost-openssl) is not installed")
	return nil
}

func (o *engine) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "openssl", args...)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "OPENSSL_CONF="+filepath.Join(o.dir, "openssl.cnf"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (o *engine) run(args ...string) string {
	o.t.Helper()
	out, err := o.try(args...)
	if err != nil {
		o.t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (o *engine) write(name string, b []byte) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), b, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *engine) writePEM(name, kind string, der []byte) {
	o.t.Helper()
	o.write(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func (o *engine) read(name string) []byte {
	o.t.Helper()
	b, err := os.ReadFile(filepath.Join(o.dir, name))
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

// readPEM gives the contents of a file of one block.
func (o *engine) readPEM(name string) []byte {
	o.t.Helper()
	block, _ := pem.Decode(o.read(name))
	if block == nil {
		o.t.Fatalf("%s: no PEM", name)
	}
	return block.Bytes
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestEngine_GivesTheSameDigests(t *testing.T) {
	o := newEngine(t)
	message := bytes.Repeat([]byte("Сулар жатыр, жартаста тұр емен. "), 40)
	var names []string
	for n := 0; n <= 200; n++ {
		name := fmt.Sprintf("m%d", n)
		o.write(name, message[:n*len(message)/200])
		names = append(names, name)
	}
	for algorithm, sum := range map[string]func([]byte) []byte{
		"-md_gost12_512": func(b []byte) []byte { s := gost.Sum512(b); return s[:] },
		"-md_gost12_256": func(b []byte) []byte { s := gost.Sum256(b); return s[:] },
	} {
		out := o.run(append([]string{"dgst", "-r", algorithm}, names...)...)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) != len(names) {
			t.Fatalf("%d lines", len(lines))
		}
		for i, line := range lines {
			if want := hex.EncodeToString(sum(o.read(names[i]))); !strings.HasPrefix(line, want+" ") {
				t.Errorf("%s %s: %s instead of %s", algorithm, names[i], line, want)
			}
		}
	}
}

func TestEngine_TakesOurKeysAndSignatures(t *testing.T) {
	o := newEngine(t)
	for range 5 {
		key := must[*gost.PrivateKey](t)(gost.GenerateKey(nil))
		spki := must[[]byte](t)(gost.MarshalPublicKey(key.Public().(*gost.PublicKey), gost.Russian))
		o.writePEM("key.pem", "PRIVATE KEY", must[[]byte](t)(gost.MarshalPrivateKey(key, gost.Russian)))
		o.writePEM("public.pem", "PUBLIC KEY", spki)
		o.run("pkey", "-in", "key.pem", "-pubout", "-out", "theirs.pem")
		if !bytes.Equal(o.readPEM("theirs.pem"), spki) {
			t.Error("the engine works out another public key")
		}
		message := key.Public().(*gost.PublicKey).Bytes()
		digest := gost.Sum512(message)
		signature := must[[]byte](t)(key.Sign(nil, digest[:], gost.Russian))
		o.write("message", message)
		o.write("signature", signature)
		o.run("dgst", "-md_gost12_512", "-verify", "public.pem", "-signature", "signature", "message")
		signature[5] ^= 1
		o.write("signature", signature)
		if out, err := o.try("dgst", "-md_gost12_512", "-verify", "public.pem", "-signature", "signature", "message"); err == nil {
			t.Errorf("the engine takes a bent signature: %s", out)
		}
	}
}

func TestEngine_KeysAndSignaturesAreTaken(t *testing.T) {
	o := newEngine(t)
	for range 5 {
		o.run("genpkey", "-algorithm", "gost2012_512", "-pkeyopt", "paramset:A", "-out", "key.pem")
		o.run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
		key, dialect, err := gost.ParsePrivateKey(o.readPEM("key.pem"))
		if err != nil || dialect != gost.Russian {
			t.Fatalf("%v: %v", dialect, err)
		}
		if !bytes.Equal(must[[]byte](t)(gost.MarshalPrivateKey(key, gost.Russian)), o.readPEM("key.pem")) {
			t.Error("the key is written otherwise")
		}
		public, dialect, err := gost.ParsePublicKey(o.readPEM("public.pem"))
		if err != nil || dialect != gost.Russian || !public.Equal(key.Public()) {
			t.Fatalf("%v: %v", dialect, err)
		}
		o.write("message", public.Bytes())
		o.run("dgst", "-md_gost12_512", "-sign", "key.pem", "-out", "signature", "message")
		digest := gost.Sum512(public.Bytes())
		if !public.Verify(gost.Russian, digest[:], o.read("signature")) {
			t.Error("the engine's signature is refused")
		}
		// The same numbers in НУЦ's order: the whole block turned round.
		turned := o.read("signature")
		for i, j := 0, len(turned)-1; i < j; i, j = i+1, j-1 {
			turned[i], turned[j] = turned[j], turned[i]
		}
		if !public.Verify(gost.Kazakh, digest[:], turned) || public.Verify(gost.Russian, digest[:], turned) {
			t.Error("turned round it is not НУЦ's")
		}
	}
	for _, set := range []string{"B", "C"} {
		o.run("genpkey", "-algorithm", "gost2012_512", "-pkeyopt", "paramset:"+set, "-out", "key.pem")
		if _, _, err := gost.ParsePrivateKey(o.readPEM("key.pem")); !isParameters(err) {
			t.Errorf("parameter set %s: %v", set, err)
		}
	}
}

func TestEngine_TakesOurRequestAndCertificate(t *testing.T) {
	o := newEngine(t)
	key := must[*gost.PrivateKey](t)(gost.GenerateKey(nil))
	o.writePEM("request.pem", "CERTIFICATE REQUEST", request(t, key, "Tirkeu, ГОСТ"))
	out := o.run("req", "-in", "request.pem", "-noout", "-verify", "-text")
	if !strings.Contains(out, "verify OK") || !strings.Contains(out, "GOST R 34.10-2012 with 512 bit modulus") {
		t.Errorf("request: %s", out)
	}
	bent := request(t, key, "Tirkeu, ГОСТ")
	bent[len(bent)-1] ^= 1
	o.writePEM("bent.pem", "CERTIFICATE REQUEST", bent)
	if out, err := o.try("req", "-in", "bent.pem", "-noout", "-verify"); err == nil && !strings.Contains(out, "failure") {
		t.Errorf("a bent request is taken: %s", out)
	}
	o.writePEM("certificate.pem", "CERTIFICATE", selfSigned(t, key, "Tirkeu, ГОСТ"))
	if out := o.run("verify", "-check_ss_sig", "-CAfile", "certificate.pem", "certificate.pem"); !strings.Contains(out, "OK") {
		t.Errorf("certificate: %s", out)
	}
	bent = selfSigned(t, key, "Tirkeu, ГОСТ")
	bent[len(bent)-1] ^= 1
	o.writePEM("bent.pem", "CERTIFICATE", bent)
	if out, err := o.try("verify", "-check_ss_sig", "-CAfile", "bent.pem", "bent.pem"); err == nil {
		t.Errorf("a bent certificate is taken: %s", out)
	}
}

func TestEngine_RequestAndCertificateAreTaken(t *testing.T) {
	o := newEngine(t)
	o.run("genpkey", "-algorithm", "gost2012_512", "-pkeyopt", "paramset:A", "-out", "key.pem")
	o.run("req", "-new", "-key", "key.pem", "-md_gost12_512", "-subj", "/CN=engine", "-out", "request.pem")
	o.run("req", "-x509", "-new", "-key", "key.pem", "-md_gost12_512", "-subj", "/CN=engine", "-days", "30", "-out", "certificate.pem")
	asked := must[*x509.CertificateRequest](t)(x509.ParseCertificateRequest(o.readPEM("request.pem")))
	public, _, err := gost.ParsePublicKey(asked.RawSubjectPublicKeyInfo)
	if err != nil {
		t.Fatal(err)
	}
	if digest := gost.Sum512(asked.RawTBSCertificateRequest); !public.Verify(gost.Russian, digest[:], asked.Signature) {
		t.Error("the engine's request is refused")
	}
	cert := must[*x509.Certificate](t)(x509.ParseCertificate(o.readPEM("certificate.pem")))
	if digest := gost.Sum512(cert.RawTBSCertificate); !public.Verify(gost.Russian, digest[:], cert.Signature) {
		t.Error("the engine's certificate is refused")
	}
}
