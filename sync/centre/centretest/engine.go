package centretest

import (
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// engineConfig loads OpenSSL's gost engine (Debian: libengine-gost-openssl).
const engineConfig = `openssl_conf = all
[all]
engines = engines
[engines]
gost = gost
[gost]
engine_id = gost
default_algorithms = ALL
`

// EngineVerifies has OpenSSL's gost engine say whether a Kazakh GOST signature over octets is right. The engine knows the
// Russian identifiers and byte order only: the key is written under those, and the signature, which is the same two
// numbers, turned round. The signed octets stay as they are. Without the engine the test is skipped, or fails if
// TIRKEU_TEST_ALL is set.
func EngineVerifies(t testing.TB, spki, signed, signature []byte) bool {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	environment := append(os.Environ(), "OPENSSL_CONF="+write("engine.cnf", []byte(engineConfig)))
	probe := exec.CommandContext(t.Context(), "openssl", "dgst", "-md_gost12_512", os.DevNull)
	probe.Env = environment
	if out, err := probe.CombinedOutput(); err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") != "" {
			t.Fatalf("OpenSSL's gost engine does not run: %v\n%s", err, out)
		}
		t.Skipf("OpenSSL's gost engine does not run: %v", err)
	}
	key, dialect, err := gost.ParsePublicKey(spki)
	if err != nil || dialect != gost.Kazakh {
		t.Fatalf("the key is not Kazakh GOST: %v", err)
	}
	translated, err := gost.MarshalPublicKey(key, gost.Russian)
	if err != nil {
		t.Fatal(err)
	}
	turned := slices.Clone(signature)
	slices.Reverse(turned)
	verify := exec.CommandContext(t.Context(), "openssl", "dgst", "-md_gost12_512",
		"-verify", write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: translated})),
		"-signature", write("signature", turned), write("signed", signed))
	verify.Env = environment
	out, err := verify.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("openssl dgst: %v\n%s", err, out)
	}
	return err == nil
}

// Parts takes a certificate, a request, a revocation list or a basic OCSP response apart: what is signed, and the signature
// (RFC 5280 §4.1.1).
func Parts(t testing.TB, der []byte) (signed, signature []byte) {
	t.Helper()
	in := cryptobyte.String(der)
	var whole, tbs cryptobyte.String
	if !in.ReadASN1(&whole, asn1.SEQUENCE) || !whole.ReadASN1Element(&tbs, asn1.SEQUENCE) || !whole.SkipASN1(asn1.SEQUENCE) || !whole.ReadASN1BitStringAsBytes(&signature) {
		t.Fatalf("%x is nothing signed", der)
	}
	return tbs, signature
}
