package registry

import (
	"bytes"
	"strings"
	"testing"
)

func aLetter() Letter {
	return Letter{To: "aigerim@example.kz", Language: "kk", Subject: "Түбіртек", Text: "Екі\nжол", Name: "tirkeu-10010000015.pdf", PDF: []byte("%PDF-1.3\n")}
}

func TestLetter_IsReadAsItWasWritten(t *testing.T) {
	data, err := aLetter().Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseLetter(data)
	if err != nil || back.To != aLetter().To || back.Subject != aLetter().Subject || back.Text != aLetter().Text || !bytes.Equal(back.PDF, aLetter().PDF) {
		t.Fatalf("%+v, %v", back, err)
	}
}

func TestLetter_RefusesWhatCouldMakeAnotherLetterOfIt(t *testing.T) {
	for name, change := range map[string]func(*Letter){
		"two addresses":          func(l *Letter) { l.To = "a@example.kz,b@example.kz" },
		"a name":                 func(l *Letter) { l.To = "A <a@example.kz>" },
		"a line in the address":  func(l *Letter) { l.To = "a@example.kz\r\nBcc: b@example.kz" },
		"no domain":              func(l *Letter) { l.To = "a@localhost" },
		"no address":             func(l *Letter) { l.To = "" },
		"a long address":         func(l *Letter) { l.To = strings.Repeat("a", 250) + "@example.kz" },
		"a line in the subject":  func(l *Letter) { l.Subject = "x\r\nBcc: b@example.kz" },
		"no subject":             func(l *Letter) { l.Subject = " " },
		"a long text":            func(l *Letter) { l.Text = strings.Repeat("ә", letterTextMax+1) },
		"a bell":                 func(l *Letter) { l.Text = "\a" },
		"a path":                 func(l *Letter) { l.Name = "../a.pdf" },
		"a line in the name":     func(l *Letter) { l.Name = "a.pdf\n" },
		"a program":              func(l *Letter) { l.PDF = []byte("MZ") },
		"a long file":            func(l *Letter) { l.PDF = append([]byte("%PDF-"), make([]byte, LetterFileMax)...) },
		"another language":       func(l *Letter) { l.Language = "fr" },
		"bytes that are no text": func(l *Letter) { l.Subject = "\xff" },
	} {
		l := aLetter()
		change(&l)
		if _, err := l.Encode(); err == nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(err.Error(), "example.kz") {
			t.Errorf("%s: the error tells the address: %v", name, err)
		}
	}
}
