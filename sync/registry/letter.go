package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Letter is an e-mail about an application, which the centre sends: a kiosk has no mail. It says nothing of who applied besides where it goes.
type Letter struct {
	To       string `json:"to"`       // one address, without a name
	Language string `json:"language"` // "kk", "ru" or "en"
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	Name     string `json:"name"` // of the file that goes with it
	PDF      []byte `json:"pdf"`
}

// Bounds of a letter: characters of subject and text, octets of the file.
const (
	letterSubjectMax = 200
	letterTextMax    = 4000
	LetterFileMax    = 150_000
)

var letterFile = regexp.MustCompile(`^[a-z0-9-]{1,60}\.pdf$`)

// Check says what is wrong with a letter; nothing of its contents is in the error.
func (l Letter) Check() error {
	switch {
	case !plainAddress(l.To):
		return errors.New("the address is not one")
	case l.Language != "kk" && l.Language != "ru" && l.Language != "en":
		return errors.New("the language is not known")
	case !plainText(l.Subject, letterSubjectMax, "") || strings.TrimSpace(l.Subject) == "":
		return errors.New("the subject is empty, too long or no plain text")
	case !plainText(l.Text, letterTextMax, "\n"):
		return errors.New("the text is too long or no plain text")
	case !letterFile.MatchString(l.Name):
		return errors.New("the file is not called as a PDF")
	case len(l.PDF) > LetterFileMax || !bytes.HasPrefix(l.PDF, []byte("%PDF-")):
		return errors.New("the file is too long or no PDF")
	}
	return nil
}

// plainAddress: one addr-spec in ASCII (RFC 5322 §3.4.1), of at most 254 octets (RFC 5321 §4.5.3.1.3), with a dot in its domain.
func plainAddress(s string) bool {
	if len(s) > 254 || strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) >= 0 {
		return false
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil || parsed.Address != s || parsed.Name != "" {
		return false
	}
	_, domain, _ := strings.Cut(s, "@")
	return strings.Contains(strings.Trim(domain, "."), ".")
}

// plainText: no control characters besides those allowed.
func plainText(s string, most int, allowed string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= most &&
		strings.IndexFunc(s, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) }) < 0
}

// Encode writes a letter as a kiosk keeps it.
func (l Letter) Encode() ([]byte, error) {
	if err := l.Check(); err != nil {
		return nil, fmt.Errorf("encode letter: %w", err)
	}
	return json.Marshal(l)
}

// ParseLetter reads what Encode wrote.
func ParseLetter(data []byte) (Letter, error) {
	var l Letter
	if err := json.Unmarshal(data, &l); err != nil {
		return Letter{}, errors.New("parse letter: it is not the JSON that is wanted") // its text may be personal
	}
	if err := l.Check(); err != nil {
		return Letter{}, fmt.Errorf("parse letter: %w", err)
	}
	return l, nil
}
