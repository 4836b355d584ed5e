package keyfile

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// few keeps tests that read a file thousands of times quick.
var few = Options{Iterations: 2}

func TestRead_GivesBackWhatWasWritten(t *testing.T) {
	for name, options := range kinds {
		t.Run(name, func(t *testing.T) {
			got, err := Read(bytes.NewReader(written(t, options)), NewPassword(testPassword))
			if err != nil {
				t.Fatal(err)
			}
			compareEntries(t, got, chain())
		})
	}
}

func TestRead_TellsWrongPasswordFromDamage(t *testing.T) {
	for name, options := range map[string]Options{"3des": few, "aes": {Cipher: AES, Iterations: 2}} {
		t.Run(name, func(t *testing.T) {
			whole := written(t, options)
			for _, wrong := range []string{"", "qwerty12#", "Qwerty12", "Qwerty12# ", "Құпиясөз1", strings.Repeat("x", maxPassword+1), "\xff"} {
				if _, err := Read(bytes.NewReader(whole), NewPassword(wrong)); !errors.Is(err, ErrPassword) {
					t.Errorf("wrong password %q: %v", wrong, err)
				}
			}
			random := rand.New(rand.NewPCG(1, 2))
			for i := range whole {
				broken := bytes.Clone(whole)
				broken[i] ^= byte(1 + random.IntN(255))
				_, err := Read(bytes.NewReader(broken), NewPassword(testPassword))
				if err == nil || errors.Is(err, ErrPassword) || !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) {
					t.Fatalf("byte %d changed from %#x to %#x: %v", i, whole[i], broken[i], err)
				}
			}
			for n := range whole {
				if _, err := Read(bytes.NewReader(whole[:n]), NewPassword(testPassword)); !errors.Is(err, ErrDamaged) {
					t.Fatalf("cut off after %d bytes: %v", n, err)
				}
			}
		})
	}
}

func TestRead_RefusesWhatWouldCostTimeOrMemory(t *testing.T) {
	big := append(written(t, few), make([]byte, MaxSize)...)
	if _, err := Read(bytes.NewReader(big), NewPassword(testPassword)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	// The MAC's iterations stand last in the file; as many as an INTEGER of four octets can say is far too many.
	whole := written(t, Options{Iterations: 0x01020304 >> 8})
	at := bytes.LastIndex(whole, []byte{2, 3, 1, 2, 3})
	if at < 0 {
		t.Fatal("no iterations found")
	}
	copy(whole[at:], []byte{2, 3, 0x7f, 0xff, 0xff})
	if _, err := Read(bytes.NewReader(whole), NewPassword(testPassword)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("too many iterations: %v", err)
	}
	if err := Write(&bytes.Buffer{}, chain(), NewPassword(testPassword), Options{Iterations: MaxIterations}); err == nil {
		t.Error("a file was written that Read refuses")
	}
}

func TestWrite_RefusesCertificateOfAnotherKey(t *testing.T) {
	entry := chain()
	entry.Certificate = entry.Chain[0]
	if err := Write(&bytes.Buffer{}, entry, NewPassword(testPassword), few); err == nil {
		t.Error("written")
	}
	if err := Write(&bytes.Buffer{}, Entry{}, NewPassword(testPassword), few); err == nil {
		t.Error("nothing was written as something")
	}
}

func TestName_IsTheAuthoritys(t *testing.T) {
	cert := *chain().Certificate
	cert.SubjectKeyId = []byte{0x11, 0xc7, 0x07}
	for template, want := range map[string]string{"rsa-auth": "AUTH_RSA256_11c707.p12", "rsa-sign": "RSA256_11c707.p12"} {
		if got := Name(template, &cert); got != want {
			t.Errorf("%s: %s, want %s", template, got, want)
		}
	}
	// Without the extension the identifier is SHA-1 over the key's octets, which is what the extension holds here.
	bare := *chain().Certificate
	bare.SubjectKeyId = nil
	if got, want := Name("rsa-sign", &bare), Name("rsa-sign", chain().Certificate); got != want {
		t.Errorf("without the extension: %s, want %s", got, want)
	}
}
