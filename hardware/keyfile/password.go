package keyfile

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"unicode/utf16"
	"unicode/utf8"
)

// hidden is what every way of printing a password shows.
const hidden = "[password]"

// maxPassword is the longest password that is tried, in bytes: far above any rule, far below what could cost time.
const maxPassword = 1024

// Password is the password of one key file. However it is printed, logged or marshalled it shows nothing of itself.
// Copies share their bytes, so [Password.Wipe] on one empties all.
type Password struct{ text []byte }

// NewPassword takes a password as it was typed, in UTF-8. The rules for a new one are [CheckPassword]'s: an old file may be
// opened with a password that no longer meets them.
func NewPassword(text string) Password { return Password{text: []byte(text)} }

// Empty says whether no password was given.
func (p Password) Empty() bool { return len(p.text) == 0 }

// Wipe overwrites the bytes held here. Copies that Go made elsewhere are out of reach.
func (p Password) Wipe() { clear(p.text) }

// String hides the password.
func (p Password) String() string { return hidden }

// GoString hides the password from %#v.
func (p Password) GoString() string { return hidden }

// Format hides the password from every verb.
func (p Password) Format(s fmt.State, _ rune) { io.WriteString(s, hidden) }

// LogValue hides the password from slog.
func (p Password) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the password from encoders.
func (p Password) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON hides the password from JSON.
func (p Password) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// usable refuses what cannot be a password at all.
func (p Password) usable() error {
	if len(p.text) > maxPassword {
		return fmt.Errorf("%w: longer than %d bytes", ErrPassword, maxPassword)
	}
	if !utf8.Valid(p.text) {
		return fmt.Errorf("%w: not text", ErrPassword)
	}
	return nil
}

// bmp is the password as RFC 7292 appendix B.1 feeds it to the key derivation: UTF-16 big-endian with two zero octets at the end.
// The standard says BMPString; letters outside the basic plane go as surrogate pairs, as OpenSSL and Java do.
func (p Password) bmp() []byte {
	out := make([]byte, 0, 2*len(p.text)+2)
	for rest := p.text; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		rest = rest[n:]
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			out = append(out, byte(hi>>8), byte(hi), byte(lo>>8), byte(lo))
			continue
		}
		out = append(out, byte(r>>8), byte(r))
	}
	return append(out, 0, 0)
}

// bmpString is text as the content of an ASN.1 BMPString, for friendlyName (RFC 2985 §5.5.1).
func bmpString(text string) ([]byte, error) {
	out := make([]byte, 0, 2*len(text))
	for _, r := range text {
		if r > 0xffff || r == utf8.RuneError {
			return nil, errors.New("a letter outside the basic plane cannot stand in a BMPString")
		}
		out = append(out, byte(r>>8), byte(r))
	}
	return out, nil
}

// fromBMPString is the text of a BMPString, for people to read: surrogate pairs are joined, what is no text becomes U+FFFD.
func fromBMPString(octets []byte) string {
	units := make([]uint16, 0, len(octets)/2)
	for ; len(octets) >= 2; octets = octets[2:] {
		units = append(units, uint16(octets[0])<<8|uint16(octets[1]))
	}
	return string(utf16.Decode(units))
}
