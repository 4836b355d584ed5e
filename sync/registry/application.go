package registry

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DocumentVersion is the version of Application and Decision that this program writes and reads.
const DocumentVersion = 1

// DocumentMax is the largest encoding of an application or decision, in bytes.
const DocumentMax = 64 << 10

// KeysMax is the largest number of keys in one application.
const KeysMax = 8

// Template is a certificate profile by name; the profiles themselves are data of sync/pki.
type Template string

// The templates of a citizen's RSA pair.
const (
	TemplateAuth Template = "rsa-auth"
	TemplateSign Template = "rsa-sign"
)

// TemplateGOST is the template of a citizen's only GOST key, which serves for signing in and for signing.
const TemplateGOST Template = "gost2015"

// TemplateSystem is the template of a key that a citizen's information system uses.
const TemplateSystem Template = "information-system"

// StorageKind is where keys lie.
type StorageKind string

// The kinds of key storage. Stick is «Персональный компьютер» of the cabinet: files, here on the citizen's own USB stick.
const (
	StorageStick    StorageKind = "stick"
	StorageKaztoken StorageKind = "kaztoken"
	StorageEToken   StorageKind = "etoken"
	StorageJaCarta  StorageKind = "jacarta"
	StorageAKey     StorageKind = "akey"
	StorageIDCard   StorageKind = "idcard"
)

// Name is a person's name. Typed says that the citizen typed it because the register could not be asked.
type Name struct {
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic"`
	Typed      bool   `json:"typed"`
}

// Storage says on what the keys of an application were made. Secure says that the kiosk saw them made on the device
// and not extractable.
type Storage struct {
	Kind   StorageKind `json:"kind"`
	Serial string      `json:"serial"`
	Model  string      `json:"model"`
	Secure bool        `json:"secure"`
}

// Consent names the text the citizen agreed to, exactly: SHA256 (lower-case hex) is over the UTF-8 bytes as shown.
type Consent struct {
	ID       string `json:"id"`
	Version  string `json:"version"`
	Language string `json:"language"`
	SHA256   string `json:"sha256"`
}

// Key is one key pair of an application. Ordinals count from 1. TransactionID is that of its CMP transaction (16 octets,
// lower-case hex), SPKISHA256 the SHA-256 over its DER SubjectPublicKeyInfo (lower-case hex).
type Key struct {
	Ordinal       int      `json:"ordinal"`
	Template      Template `json:"template"`
	TransactionID string   `json:"transaction_id"`
	SPKISHA256    string   `json:"spki_sha256"`
}

// Application is what a citizen asks for, as handed to the centre. CreatedAt is UTC in whole seconds. The fields of single
// kinds are left out of the encoding where they are empty, so a document from before there were other kinds reads the same.
type Application struct {
	Version   int       `json:"version"`
	Number    string    `json:"number"`
	Kind      Kind      `json:"kind"`
	IIN       string    `json:"iin"`
	Name      Name      `json:"name"`
	Email     string    `json:"email"`
	Region    string    `json:"region"`
	Locality  string    `json:"locality"`
	Storage   Storage   `json:"storage"`
	Consent   Consent   `json:"consent"`
	Keys      []Key     `json:"keys"`
	Device    string    `json:"device"`
	CreatedAt time.Time `json:"created_at"`

	Replaces     *CertificateRef `json:"replaces,omitempty"`      // reissue: the certificate whose holder asks for new keys
	Revocation   *Revocation     `json:"revocation,omitempty"`    // revocation
	System       string          `json:"system,omitempty"`        // information system: its object identifier, dotted
	SecondFactor string          `json:"second_factor,omitempty"` // what the centre gave for a one-time code that was right
}

// Encode gives the only encoding of an application; it refuses what ParseApplication would refuse.
func (a Application) Encode() ([]byte, error) { return encode("application", a) }

// ParseApplication reads what Encode wrote and nothing else: unknown or doubled fields, other spacing or order, bad
// UTF-8 and values out of form are refused with ErrDocument. Whether the IIN's check digit holds is CheckIIN's to say.
func ParseApplication(document []byte) (Application, error) {
	return parse[Application]("application", document)
}

func (a Application) check() error {
	switch {
	case a.Version != DocumentVersion:
		return fmt.Errorf("version: %d is not %d", a.Version, DocumentVersion)
	case !ValidNumber(a.Number):
		return fmt.Errorf("number: not a number with its check digit")
	case !word(string(a.Kind), 32):
		return fmt.Errorf("kind: not a word")
	case !digitsOnly(a.IIN, 12):
		return fmt.Errorf("iin: not 12 digits")
	case !line(a.Name.Surname, 200) || !line(a.Name.Given, 200) || !line(a.Name.Patronymic, 200):
		return fmt.Errorf("name: a part is too long or not a line of text")
	case a.Name.Surname == "" && a.Name.Given == "":
		return fmt.Errorf("name: there is none")
	case !line(a.Email, 254):
		return fmt.Errorf("email: too long or not a line of text")
	case !line(a.Storage.Serial, 64) || !line(a.Storage.Model, 64):
		return fmt.Errorf("storage: serial or model is too long or not a line of text")
	case !word(a.Consent.ID, 64) || !word(a.Consent.Version, 32) || !word(a.Consent.Language, 8) || !hexOf(a.Consent.SHA256, 32):
		return fmt.Errorf("consent: does not name a text")
	case !line(a.Device, 128) || a.Device == "":
		return fmt.Errorf("device: there is none, or it is not a line of text")
	}
	if err := a.checkKind(); err != nil {
		return err
	}
	return wholeSecond("created_at", a.CreatedAt)
}

// checkKeys wants a place, a storage and keys, as every kind has them but revocation.
func (a Application) checkKeys() error {
	switch {
	case !word(a.Region, 64) || !word(a.Locality, 64):
		return fmt.Errorf("region or locality: not a code")
	case !word(string(a.Storage.Kind), 32):
		return fmt.Errorf("storage: kind is not a word")
	case len(a.Keys) == 0 || len(a.Keys) > KeysMax:
		return fmt.Errorf("keys: %d, not 1 to %d", len(a.Keys), KeysMax)
	}
	seen := map[string]bool{}
	for i, k := range a.Keys {
		switch {
		case k.Ordinal != i+1:
			return fmt.Errorf("keys: ordinal %d at place %d", k.Ordinal, i+1)
		case !word(string(k.Template), 64):
			return fmt.Errorf("key %d: template is not a word", k.Ordinal)
		case !hexOf(k.TransactionID, 16):
			return fmt.Errorf("key %d: transaction id is not 16 octets in lower-case hex", k.Ordinal)
		case !hexOf(k.SPKISHA256, 32):
			return fmt.Errorf("key %d: hash of the public key is not 32 octets in lower-case hex", k.Ordinal)
		case seen[k.TransactionID] || seen[k.SPKISHA256]:
			return fmt.Errorf("key %d: stands twice", k.Ordinal)
		}
		seen[k.TransactionID], seen[k.SPKISHA256] = true, true
	}
	return nil
}

// word: a code of ours, letters, digits, dot, hyphen, underscore in ASCII.
func word(s string, limit int) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for _, r := range s {
		if r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_", r) {
			return false
		}
	}
	return true
}

// line: valid text without control characters (so without line breaks), without blanks at its ends; may be empty.
// limit is in bytes.
func line(s string, limit int) bool {
	if len(s) > limit || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029'
	})
}

// hexOf: so many octets in lower-case hex.
func hexOf(s string, octets int) bool {
	if len(s) != 2*octets {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'f') })
}

// wholeSecond: UTC without fractions, in years that RFC 3339 can write.
func wholeSecond(field string, t time.Time) error {
	if t.Location() != time.UTC || t.Nanosecond() != 0 || t.Year() < 2000 || t.Year() > 9999 {
		return fmt.Errorf("%s: not a whole second of UTC since 2000", field)
	}
	return nil
}
