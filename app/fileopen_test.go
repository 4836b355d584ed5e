package app

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
)

func (p *pocket) someCertificate() *x509.Certificate {
	p.t.Helper()
	cert, err := x509.ParseCertificate(fakeCertificate(p.t, rsaKeys()[0].Public(), aigerim, "rsa-sign", p.now()))
	if err != nil {
		p.t.Fatal(err)
	}
	return cert
}

// rows are what a key's card says, by label.
func rows(key FileKey) map[string]string {
	out := map[string]string{}
	for _, r := range key.Rows {
		out[r.Label] = r.Value
	}
	return out
}

func TestFile_SaysWhoseWhatForAndUntilWhen(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toPassword()
	d := p.opens(filePassword)
	if len(d.Keys) != 1 || !d.CanChange {
		t.Fatalf("%+v", d)
	}
	key := d.Keys[0]
	said := rows(key)
	if key.State != "valid" || key.Title != "Ключ ГОСТ: для входа и подписи" || len(key.Notes) != 0 {
		t.Errorf("%+v", key)
	}
	for label, value := range map[string]string{
		"Владелец": "СЕРІК АЙГЕРІМ", "ИИН": maskedIIN(aigerim), "Для чего": "Вход на порталы и подпись документов",
		"Срок действия": "с 22 ноября 2026 г. по 22 ноября 2027 г.", "Кем выдан": "fake",
	} {
		if said[label] != value {
			t.Errorf("%s: %q, not %q", label, said[label], value)
		}
	}
	if strings.Contains(string(p.k.State()), aigerim) {
		t.Error("the whole IIN is on the screen")
	}
	p.shows("attract", "finish", nil)
	p.untilEnded()
}

// TestFile_PurposeComesFromTheCertificate: the name says something else.
func TestFile_PurposeComesFromTheCertificate(t *testing.T) {
	p := newPocket(t)
	cert, err := x509.ParseCertificate(fakeCertificate(t, rsaKeys()[0].Public(), aigerim, "rsa-auth", p.now()))
	if err != nil {
		t.Fatal(err)
	}
	p.lay("GOST512_abcdef.p12", keyFile(t, rsaKeys()[0], cert))
	p.toPassword()
	key := p.opens(filePassword).Keys[0]
	if key.Title != "Ключ для входа" || rows(key)["Для чего"] != "Вход на порталы" {
		t.Errorf("%+v", key)
	}
}

// TestFile_BadLuckOfCertificates: each has its word, and none of them is called valid.
func TestFile_BadLuckOfCertificates(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for state, c := range map[string]struct {
		by       authority
		from, to time.Time
		notes    int
		before   func(p *pocket, cert *x509.Certificate)
	}{
		"expired":   {fakeCA(), now.AddDate(0, -8, 0), now.AddDate(0, -1, 0), 1, nil},
		"not-yet":   {fakeCA(), now.AddDate(0, 1, 0), now.AddDate(1, 0, 0), 1, nil},
		"foreign":   {foreignCA(), now.AddDate(0, -1, 0), now.AddDate(1, 0, 0), 1, nil},
		"unchecked": {fakeCA(), now.AddDate(0, -1, 0), now.AddDate(1, 0, 0), 1, func(p *pocket, _ *x509.Certificate) { p.line.cut(ErrLineDown) }},
		"revoked": {fakeCA(), now.AddDate(0, -1, 0), now.AddDate(1, 0, 0), 1, func(p *pocket, cert *x509.Certificate) {
			p.line.mu.Lock()
			defer p.line.mu.Unlock()
			p.line.issued = append(p.line.issued, Issued{Serial: serialHex(cert), Revoked: true})
		}},
	} {
		t.Run(state, func(t *testing.T) {
			p := newPocket(t)
			_, cert := p.layKey("", "rsa-sign", c.by, c.from, c.to)
			if c.before != nil {
				c.before(p, cert)
			}
			p.toPassword()
			key := p.opens(filePassword).Keys[0]
			if key.State != state || key.StateText == "" || len(key.Notes) != c.notes {
				t.Errorf("%+v", key)
			}
		})
	}
}

func TestFile_ForeignAndExpiredSaysBoth(t *testing.T) {
	p := newPocket(t)
	p.layKey("", "rsa-sign", foreignCA(), p.now().AddDate(0, -8, 0), p.now().AddDate(0, -1, 0))
	p.toPassword()
	key := p.opens(filePassword).Keys[0]
	if key.State != "expired" || len(key.Notes) != 2 {
		t.Errorf("%+v", key)
	}
}

func TestFile_WrongPasswordIsSaidAtOnceAndTheRightOneOpens(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toPassword()
	p.refuses(CodeFilePasswordEmpty, "files.password", args{"password": ""})
	for range 3 {
		p.refuses(CodeFilePassword, "files.password", args{"password": "qwerty12"})
	}
	p.opens(filePassword)
}

// TestFile_OddLettersAreSaidBeforeTheyAreTried, once each time: the second entry is tried.
func TestFile_OddLettersAreSaidBeforeTheyAreTried(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toPassword()
	for range 2 {
		got := p.refuses(CodeFileCyrillic, "files.password", args{"password": "Qwеrty12"}) // the third letter is Cyrillic
		if got.Notice.Severity != "warn" {
			t.Errorf("severity %s", got.Notice.Severity)
		}
		p.refuses(CodeFilePassword, "files.password", args{"password": "Qwеrty12"})
	}
	p.refuses(CodeFileOutside, "files.password", args{"password": "Qwerty 12"})
	p.refuses(CodeFilePassword, "files.password", args{"password": "Qwerty 12"})
	p.opens(filePassword)
}

// TestFile_DamagedIsNotCalledAWrongPassword, nor the other way round.
func TestFile_DamagedIsNotCalledAWrongPassword(t *testing.T) {
	p := newPocket(t)
	whole := keyFile(t, rsaKeys()[0], p.someCertificate())
	p.lay("cut.p12", whole[:len(whole)/2])
	p.toPassword()
	p.refuses(CodeFileDamaged, "files.password", args{"password": filePassword})
	p.lay("cut.p12", whole)
	p.opens(filePassword)
}

func TestFile_GrownWhileItWasLookedAt(t *testing.T) {
	p := newPocket(t)
	p.lay("a.p12", keyFile(t, rsaKeys()[0], p.someCertificate()))
	p.toPassword()
	p.lay("a.p12", make([]byte, keyfile.MaxSize+1))
	p.refuses(CodeFileTooLarge, "files.password", args{"password": filePassword})
}

// TestFile_WithNothingInIt is whole and opens, and holds neither key nor certificate.
func TestFile_WithNothingInIt(t *testing.T) {
	p := newPocket(t)
	p.lay("a.p12", emptyFile(t))
	p.toPassword()
	p.refuses(CodeFileEmpty, "files.password", args{"password": filePassword})
}

// TestFile_HalvesFromAnotherProgram: OpenSSL writes a key without certificate, and a certificate without key.
func TestFile_HalvesFromAnotherProgram(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") != "" {
			t.Fatal("openssl is missing")
		}
		t.Skip("openssl is missing")
	}
	p := newPocket(t)
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	for path, block := range map[string]*pem.Block{
		key:  {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKeys()[0])},
		cert: {Type: "CERTIFICATE", Bytes: p.someCertificate().Raw},
	} {
		err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	for n, half := range []struct {
		state, next string
		in          []string
	}{
		{"no-certificate", "files.change", []string{"-nocerts", "-inkey", key}}, {"no-key", "files.detail", []string{"-nokeys", "-in", cert}},
	} {
		name := fmt.Sprintf("%d.p12", n)
		program := exec.Command(openssl, append([]string{"pkcs12", "-export", "-passout", "env:PASSWORD", "-out", filepath.Join(p.folder, name)}, half.in...)...)
		program.Env = append(os.Environ(), "PASSWORD="+filePassword)
		out, err := program.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if n == 0 {
			p.toList()
		} else {
			p.shows("files.list", "files.look", nil)
		}
		p.shows("files.password", "files.open", args{"file": n})
		d := p.opens(filePassword)
		if len(d.Keys) != 1 || d.Keys[0].State != half.state || d.CanChange != (half.next == "files.change") {
			t.Errorf("%s: %+v", half.state, d)
		}
		if got := p.do("files.change", nil); got.Screen.Name != half.next {
			t.Errorf("%s: the change led to %s", half.state, got)
		}
		if d.CanChange {
			if got := p.change(filePassword, freshPassword); got.Screen.Name != "files.changed" || !p.holds(name, freshPassword) {
				t.Errorf("%s: %s", half.state, got)
			}
			p.shows("files.list", "files.again", nil)
		}
	}
}

// emptyFile is the smallest PFX there is (RFC 7292 §4): an AuthenticatedSafe without contents, and no MAC.
func emptyFile(t *testing.T) []byte {
	t.Helper()
	type contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	der, err := asn1.Marshal(struct {
		Version int
		Safe    contentInfo
	}{3, contentInfo{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, []byte{0x30, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}
