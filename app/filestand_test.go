package app

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
)

const filePassword = "Qwerty12"

// pocket is a real stick in a folder that can be taken away.
type pocket struct {
	*stand
	folder string // where the terminal looks
	stick  *troubled
}

// troubled is a real stick that fails where a test wants it to.
type troubled struct {
	*stick.Stick
	replacing func() error // before a file is replaced
}

func (s *troubled) ReplaceChecked(name string, data []byte, check func(back []byte) error) error {
	return s.Stick.ReplaceChecked(name, data, func(back []byte) error {
		if s.replacing != nil {
			err := s.replacing()
			if err != nil {
				return err
			}
		}
		return check(back)
	})
}

func newPocket(t *testing.T) *pocket {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "stick")
	err := os.Mkdir(folder, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	p := &pocket{folder: folder, stick: &troubled{Stick: stick.Open(folder)}}
	p.stand = newStand(t, func(c *Config) { c.Stick = p.stick })
	p.untilStick(true)
	return p
}

func (p *pocket) untilStick(there bool) {
	p.t.Helper()
	p.until("stick", func(picture) bool { p.k.mu.Lock(); defer p.k.mu.Unlock(); return p.k.stick == there })
}

func (p *pocket) out() {
	p.t.Helper()
	err := os.Rename(p.folder, p.folder+".out")
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *pocket) in() {
	p.t.Helper()
	err := os.Rename(p.folder+".out", p.folder)
	if err != nil {
		p.t.Fatal(err)
	}
}

// lay puts a file on the stick.
func (p *pocket) lay(name string, data []byte) {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// keyFile makes a key file as the terminal itself does.
func keyFile(t *testing.T, key crypto.Signer, cert *x509.Certificate) []byte {
	t.Helper()
	var out bytes.Buffer
	err := keyfile.Write(&out, keyfile.Entry{Key: key, Certificate: cert}, keyfile.NewPassword(filePassword), keyfile.Options{Iterations: 100})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// layKey puts a key file with a certificate on the stick; its name is the authority's.
func (p *pocket) layKey(folder, template string, by authority, from, to time.Time) (name string, cert *x509.Certificate) {
	p.t.Helper()
	var key crypto.Signer = rsaKeys()[0]
	if template == "gost2015" {
		made, err := gost.GenerateKey(rand.Reader)
		if err != nil {
			p.t.Fatal(err)
		}
		key = made
	}
	cert, err := x509.ParseCertificate(fakeCertificateBy(p.t, by, key.Public(), aigerim, template, from, to))
	if err != nil {
		p.t.Fatal(err)
	}
	name = filepath.Join(folder, keyfile.Name(template, cert))
	p.lay(name, keyFile(p.t, key, cert))
	return name, cert
}

// own puts a GOST key file of the centre's authority on the stick.
func (p *pocket) own() (string, *x509.Certificate) {
	p.t.Helper()
	return p.layKey("", "gost2015", fakeCA(), p.now().Add(-time.Hour), p.now().AddDate(1, 0, 0))
}

// toList goes from the attract screen to the files of the stick that is in.
func (p *pocket) toList() FilesListScreen {
	p.t.Helper()
	p.shows("menu", "start", args{"lang": "ru"})
	var d FilesListScreen
	p.shows("files.list", "files", nil).data(p.t, &d)
	return d
}

// toPassword opens the only file.
func (p *pocket) toPassword() {
	p.t.Helper()
	p.toList()
	p.shows("files.password", "files.open", args{"file": 0})
}

// opens enters the password and gives what the file holds.
func (p *pocket) opens(password string) FilesDetailScreen {
	p.t.Helper()
	var d FilesDetailScreen
	p.shows("files.detail", "files.password", args{"password": password}).data(p.t, &d)
	return d
}

// holds tells whether a file on the stick opens with a password.
func (p *pocket) holds(name, password string) bool {
	p.t.Helper()
	data, err := os.ReadFile(filepath.Join(p.folder, name))
	if err != nil {
		p.t.Fatal(err)
	}
	_, err = keyfile.Open(bytes.NewReader(data), keyfile.NewPassword(password))
	return err == nil
}
