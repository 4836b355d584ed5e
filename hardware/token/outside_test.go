package token_test

import (
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

func TestOutside_PKCS11ToolSeesKeyAndCertificateUnderOneIDAndOpenSSLVerifiesItsSignature(t *testing.T) {
	openssl := virtualtest.Need(t, "openssl")
	s := start(t, nil, spec("a", token.JaCarta))
	session := s.login(s.plug("a"), "123456")
	id := hex.EncodeToString([]byte("auth"))
	s.generate(session, "auth")
	der := s.certify(session, "auth")
	s.must(session.WriteCertificate(s.ctx, []byte("auth"), "ТЕСТ", der))
	s.must(session.Logout(s.ctx))

	tool, dir := pkcs11Tool(t, s.bench, token.JaCarta), t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		out, err := tool(args...)
		if err != nil {
			t.Fatalf("pkcs11-tool %v: %v\n%s", args, err, out)
		}
		return out
	}
	list := run("--login", "--pin", "123456", "-O")
	for _, object := range []string{"Private Key Object", "Public Key Object", "Certificate Object"} {
		_, after, found := strings.Cut(list, object)
		if entry, _, _ := strings.Cut(after, " Object"); !found || !strings.Contains(entry, "ID:         "+id) {
			t.Errorf("%s not under %s in\n%s", object, id, list)
		}
	}
	for _, word := range []string{"never extractable", "local", "always sensitive"} {
		if !strings.Contains(list, word) {
			t.Errorf("the private key is not %q in\n%s", word, list)
		}
	}
	read := filepath.Join(dir, "cert.der")
	run("--read-object", "--type", "cert", "--id", id, "-o", read)
	if got, err := os.ReadFile(read); err != nil || string(got) != string(der) {
		t.Errorf("the certificate read back differs, %v", err)
	}
	text, signature := filepath.Join(dir, "text"), filepath.Join(dir, "signature")
	s.must(os.WriteFile(text, []byte("what is signed"), 0o600))
	run("--login", "--pin", "123456", "--sign", "-m", "SHA256-RSA-PKCS", "--id", id, "-i", text, "-o", signature)
	certificate, public := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "public.pem")
	s.must(os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	out, err := exec.Command(openssl, "x509", "-in", certificate, "-pubkey", "-noout").Output()
	s.must(err)
	s.must(os.WriteFile(public, out, 0o600))
	out, err = exec.Command(openssl, "dgst", "-sha256", "-verify", public, "-signature", signature, text).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Verified OK") {
		t.Errorf("openssl: %v\n%s", err, out)
	}

	// And the other way round: a key made by the outside program is seen by us.
	run("--login", "--pin", "123456", "--keypairgen", "--key-type", "rsa:2048", "--id", "0102", "--label", "theirs")
	keys, err := s.login(session.Token(), "123456").Keys(s.ctx)
	s.must(err)
	if len(keys) != 2 {
		t.Errorf("%d keys", len(keys))
	}
}

func TestOutside_PKCS11ToolInitializesAnEmptyToken(t *testing.T) {
	empty := virtual.Spec{Name: "empty", Kind: token.AKey, Serial: "AK-1"}
	s := start(t, nil, empty, virtual.Spec{Name: "other", Kind: token.AKey, PIN: "123456", Initialized: true})
	s.plug("empty")
	s.plug("other")
	tool := pkcs11Tool(t, s.bench, token.AKey)
	for _, args := range [][]string{
		{"--slot", "0", "--init-token", "--label", "Жаңа", "--so-pin", "87654321"},
		{"--slot", "0", "--login", "--login-type", "so", "--so-pin", "87654321", "--init-pin", "--new-pin", "1234567890"},
	} {
		if out, err := tool(args...); err != nil {
			t.Fatalf("pkcs11-tool %v: %v\n%s", args, err, out)
		}
	}
	s.rack.Recycle(s.ctx)
	for _, x := range s.rack.Tokens() {
		if x.Serial == "AK-1" && (!x.Initialized || x.Label != "Жаңа") {
			t.Errorf("after initialization: %+v", x)
		}
		if x.Serial == "AK-1" {
			s.generate(s.login(x, "1234567890"), "k")
		}
	}
}
