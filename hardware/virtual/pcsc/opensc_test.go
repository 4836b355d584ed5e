package pcsc

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/card"
	"github.com/tirkeu/kiosk/hardware/virtual/ccid"
	"github.com/tirkeu/kiosk/hardware/virtual/kit"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

var holder = Holder{Label: "Aigerim", Manufacturer: "SOMA", Serial: "0A1B2C", PIN: "123456", PUK: "8765432187654321"}

// inserted puts a new card in a reader of a model, and waits until the daemon sees it.
func inserted(t *testing.T, b *bus.Bus, d *Daemon, at bus.Port, code, serial string, c ccid.Card) *ccid.Reader {
	t.Helper()
	m, ok := kit.ByCode(code)
	if !ok {
		t.Fatal(code)
	}
	r := &ccid.Reader{}
	r.Insert(c)
	if err := b.Plug(at, m.Device(serial, r)); err != nil {
		t.Fatal(err)
	}
	name := m.Reader
	if serial != "" {
		name += " (" + serial + ")"
	}
	if _, err := d.Await(t.Context(), name, Loaded); err != nil {
		t.Fatal(err)
	}
	return r
}

// pulled takes out what is in a port, and waits until the daemon has seen it.
func pulled(t *testing.T, b *bus.Bus, d *Daemon, at bus.Port, reader string) {
	t.Helper()
	if err := b.Pull(at); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Await(t.Context(), reader, Gone); err != nil {
		t.Fatal(err)
	}
}

// personalised gives the file of a card made out to the holder.
func personalised(t *testing.T, b *bus.Bus, d *Daemon) string {
	t.Helper()
	virtualtest.Need(t, "pkcs15-init")
	path := filepath.Join(t.TempDir(), "card.json")
	blank, err := card.Open(path, kit.Cards[0].ATR)
	if err != nil {
		t.Fatal(err)
	}
	at := bus.Port{Bus: 9, Port: 9}
	inserted(t, b, d, at, "acr39u", "", blank)
	if err := d.Personalize(t.Context(), "ACS ACR39U", holder); err != nil {
		t.Fatal(err)
	}
	pulled(t, b, d, at, "ACS ACR39U")
	return path
}

// tool is pkcs11-tool over OpenSC's module.
func tool(t *testing.T, d *Daemon, args ...string) (string, error) {
	t.Helper()
	if _, err := os.Stat(Module); err != nil {
		virtualtest.Missing(t, "opensc-pkcs11")
	}
	return run(t, d, "pkcs11-tool", append([]string{"--module", Module}, args...)...)
}

func must(t *testing.T, out string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func TestOpenSC_GeneratesSignsStoresLocksAndUnblocksOnOneCard(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	path := personalised(t, b, d)
	c, err := card.Open(path, kit.Cards[2].ATR)
	if err != nil {
		t.Fatal(err)
	}
	inserted(t, b, d, bus.Port{Bus: 1, Port: 2}, "omnikey-3x21", "", c)
	out, err := tool(t, d, "-L")
	for _, word := range []string{"Aigerim", "SOMA", "0a1b2c", "token initialized, PIN initialized", "4/16"} {
		if !strings.Contains(must(t, out, err), word) {
			t.Errorf("%q is not in\n%s", word, out)
		}
	}
	out, err = tool(t, d, "--login", "--pin", holder.PIN, "--keypairgen", "--key-type", "rsa:2048", "--id", "a1b2", "--label", "auth")
	must(t, out, err)
	// The key comes back as a public key, signs, and the signature is Go's to verify.
	dir := t.TempDir()
	in, signature, public := filepath.Join(dir, "in"), filepath.Join(dir, "sig"), filepath.Join(dir, "pub")
	if err := os.WriteFile(in, []byte("application 1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = tool(t, d, "--login", "--pin", holder.PIN, "--sign", "-m", "SHA256-RSA-PKCS", "--id", "a1b2", "-i", in, "-o", signature)
	must(t, out, err)
	out, err = tool(t, d, "--read-object", "--type", "pubkey", "--id", "a1b2", "-o", public)
	must(t, out, err)
	der, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(signature)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("application 1234"))
	if err := rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, digest[:], signed); err != nil {
		t.Error(err)
	}
	// A certificate lies beside it and comes back as it was.
	wrote := certificate(t, key.(*rsa.PublicKey))
	file, back := filepath.Join(dir, "cert"), filepath.Join(dir, "back")
	if err := os.WriteFile(file, wrote, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err = tool(t, d, "--login", "--pin", holder.PIN, "--write-object", file, "--type", "cert", "--id", "a1b2", "--label", "auth")
	must(t, out, err)
	out, err = tool(t, d, "--read-object", "--type", "cert", "--id", "a1b2", "-o", back)
	must(t, out, err)
	if read, err := os.ReadFile(back); err != nil || string(read) != string(wrote) {
		t.Errorf("the certificate came back otherwise: %v", err)
	}
	// Three wrong PINs lock it, each at the cost of one try; the PUK opens it.
	for left := 2; left >= 0; left-- {
		before := c.Counts().Verified
		if out, err := tool(t, d, "--login", "--pin", "000000", "-O"); err == nil || !strings.Contains(out, "CKR_PIN") {
			t.Errorf("%v\n%s", err, out)
		}
		if c.TriesLeft() != left || c.Counts().Verified != before+1 {
			t.Errorf("%d tries left after %d PINs, want %d after one", c.TriesLeft(), c.Counts().Verified-before, left)
		}
	}
	// A program that comes anew learns it only by trying: OpenSC does not ask this kind of card how many tries are left.
	if out, err := tool(t, d, "--login", "--pin", holder.PIN, "-O"); err == nil || !strings.Contains(out, "CKR_PIN_LOCKED") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run(t, d, "pkcs15-tool", "--unblock-pin", "--puk", holder.PUK, "--new-pin", "654321")
	must(t, out, err)
	out, err = tool(t, d, "--login", "--pin", "654321", "-O")
	if !strings.Contains(must(t, out, err), "Private Key Object; RSA") || c.TriesLeft() != 3 {
		t.Errorf("%d tries\n%s", c.TriesLeft(), out)
	}
}

// certificate is one for a key, signed by nobody who matters.
func certificate(t *testing.T, key *rsa.PublicKey) []byte {
	t.Helper()
	signer, err := rsa.GenerateKey(nil, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<31, 0)}
	template.Subject.CommonName = "ТЕСТОВА АЙГЕРІМ"
	der, err := x509.CreateCertificate(nil, template, template, key, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// One personalised card under every ATR: OpenSC takes each for what it is inside, and libccid calls each reader by its name.
func TestOpenSC_SeesEveryModelAndEveryIdentityCard(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	path := personalised(t, b, d)
	at := bus.Port{Bus: 1, Port: 1}
	look := func(name string, atr []byte, code string) {
		c, err := card.Open(path, atr)
		if err != nil {
			t.Fatal(err)
		}
		inserted(t, b, d, at, code, "", c)
		m, _ := kit.ByCode(code)
		out, err := tool(t, d, "-L")
		if !strings.Contains(must(t, out, err), m.Reader+" 00 00") || !strings.Contains(out, "Aigerim") {
			t.Errorf("%s:\n%s", name, out)
		}
		out, err = run(t, d, "opensc-tool", "-a")
		if want := strings.ReplaceAll(fmt.Sprintf("% x", atr), " ", ":"); !strings.Contains(must(t, out, err), want) {
			t.Errorf("%s: %s is not in %s", name, want, out)
		}
		pulled(t, b, d, at, m.Reader)
	}
	for _, m := range kit.Models {
		if m.Kind != "" {
			look(m.Code, m.ATR, m.Code)
		}
	}
	for _, c := range kit.Cards {
		look(c.Code, c.ATR, "acr39u")
	}
}

func TestOpenSC_SeesThreeAtOnceTwoOfThemOfOneKindAndOneMoved(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	path := personalised(t, b, d)
	open := func() *card.Card {
		c, err := card.Open(path, kit.Models[4].ATR)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first, second := bus.Port{Bus: 1, Port: 1}, bus.Port{Bus: 1, Port: 2}
	inserted(t, b, d, first, "jacarta", "0B530001", open())
	inserted(t, b, d, second, "jacarta", "0B530002", open())
	inserted(t, b, d, bus.Port{Bus: 2, Port: 1}, "etoken-5100", "", open())
	out, err := tool(t, d, "-L")
	for _, name := range []string{"JaCarta (0B530001)", "JaCarta (0B530002)", "SafeNet eToken 5100"} {
		if !strings.Contains(must(t, out, err), name) {
			t.Errorf("%s is not in\n%s", name, out)
		}
	}
	if got := strings.Count(out, "token initialized"); got != 3 {
		t.Errorf("%d tokens:\n%s", got, out)
	}
	pulled(t, b, d, first, "JaCarta (0B530001)")
	inserted(t, b, d, bus.Port{Bus: 3, Port: 7}, "jacarta", "0B530009", open())
	until(t, d, "JaCarta (0B530009)", "opensc-tool", "-l")
	if out, _ := run(t, d, "opensc-tool", "-l"); strings.Contains(out, "0B530001") || strings.Count(out, " Yes ") != 3 {
		t.Errorf("after a move:\n%s", out)
	}
}
