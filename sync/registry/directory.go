package registry

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
)

// Words is a text in the three languages of the kiosk.
type Words struct {
	KK string `json:"kk"`
	RU string `json:"ru"`
	EN string `json:"en"`
}

// In gives the text in a language; in Kazakh when the language is unknown.
func (w Words) In(language string) string {
	switch language {
	case "ru":
		return w.RU
	case "en":
		return w.EN
	}
	return w.KK
}

func (w Words) whole() bool { return w.KK != "" && w.RU != "" && w.EN != "" }

// Locality is a town, village or city district.
type Locality struct {
	Code string `json:"code"`
	Name Words  `json:"name"`
}

// Region is an oblast or a city of republican significance.
type Region struct {
	Code       string     `json:"code"`
	Name       Words      `json:"name"`
	Localities []Locality `json:"localities"`
}

// Agreement is the user agreement. SHA256 (lower-case hex) is over the UTF-8 bytes of Text in each language.
type Agreement struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	Title   Words  `json:"title"`
	Text    Words  `json:"text"`
	SHA256  Words  `json:"sha256"`
}

// Consent names this text in a language, as an application keeps it.
func (a Agreement) Consent(language string) Consent {
	return Consent{ID: a.ID, Version: a.Version, Language: language, SHA256: a.SHA256.In(language)}
}

// Reason is why staff may reject. Note says that a sentence of their own must go with it.
type Reason struct {
	Code string `json:"code"`
	Text Words  `json:"text"`
	Note bool   `json:"note"`
}

// IdentityDocument is a kind of identity document that staff may check.
type IdentityDocument struct {
	Code string `json:"code"`
	Name Words  `json:"name"`
}

// StatusWords says a status to the citizen: in a word, in a sentence, and what to do next.
type StatusWords struct {
	Status Status `json:"status"`
	Title  Words  `json:"title"`
	Text   Words  `json:"text"`
	Next   Words  `json:"next"`
}

// Directory is data that the centre can replace: places, storages, texts, reasons. Versions grow as strings ("2026-11-22").
type Directory struct {
	Version           string             `json:"version"`
	ApplicationDays   int                `json:"application_days"` // an application not confirmed for so many days expires
	Regions           []Region           `json:"regions"`
	Storages          []StorageRule      `json:"storages"`
	Agreement         Agreement          `json:"agreement"`
	RejectReasons     []Reason           `json:"reject_reasons"`
	IdentityDocuments []IdentityDocument `json:"identity_documents"`
	Statuses          []StatusWords      `json:"statuses"`
	Kinds             []KindRule         `json:"kinds"`
	RevocationReasons []RevocationReason `json:"revocation_reasons"`
}

//go:embed directory.json
var defaultDirectory []byte

// The agreement stands in files of its own, so that lawyers can read and compare it. Their bytes are the text.
var (
	//go:embed agreement.kk.txt
	agreementKK string
	//go:embed agreement.ru.txt
	agreementRU string
	//go:embed agreement.en.txt
	agreementEN string
)

// Default gives the directory this program was built with. Each call gives one of its own.
func Default() *Directory {
	var d Directory
	if err := json.Unmarshal(defaultDirectory, &d); err != nil {
		panic("registry: the embedded directory is broken: " + err.Error()) // a test reads it; no input leads here
	}
	d.Agreement.Text = Words{KK: agreementKK, RU: agreementRU, EN: agreementEN}
	d.Agreement.SHA256 = Words{KK: Hash([]byte(agreementKK)), RU: Hash([]byte(agreementRU)), EN: Hash([]byte(agreementEN))}
	return &d
}

// DirectoryMax is the largest directory that is read, in bytes.
const DirectoryMax = 4 << 20

// ParseDirectory reads a directory that the centre sent and checks that it is whole; otherwise ErrDocument. Fields of a
// later version are passed over; lists that one of an earlier version lacks are those this program was built with.
func ParseDirectory(data []byte) (*Directory, error) {
	if len(data) > DirectoryMax {
		return nil, fmt.Errorf("reading the directory: %w: longer than %d bytes", ErrDocument, DirectoryMax)
	}
	var d Directory
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("reading the directory: %w: %w", ErrDocument, err)
	}
	d.complete()
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("reading the directory: %w: %w", ErrDocument, err)
	}
	return &d, nil
}

// Encode gives the directory as JSON.
func (d *Directory) Encode() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("encoding the directory: %w: %w", ErrDocument, err)
	}
	return json.Marshal(d)
}

// Region finds a region by its code.
func (d *Directory) Region(code string) (Region, bool) {
	return find(d.Regions, func(r Region) bool { return r.Code == code })
}

// Locality finds a locality of a region by its code.
func (d *Directory) Locality(region, code string) (Locality, bool) {
	r, _ := d.Region(region)
	return find(r.Localities, func(l Locality) bool { return l.Code == code })
}

// Storage finds the rule of a key storage.
func (d *Directory) Storage(kind StorageKind) (StorageRule, bool) {
	return find(d.Storages, func(s StorageRule) bool { return s.Kind == kind })
}

// Reason finds a reason for rejection by its code.
func (d *Directory) Reason(code string) (Reason, bool) {
	return find(d.RejectReasons, func(r Reason) bool { return r.Code == code })
}

// IdentityDocument finds a kind of identity document by its code.
func (d *Directory) IdentityDocument(code string) (IdentityDocument, bool) {
	return find(d.IdentityDocuments, func(i IdentityDocument) bool { return i.Code == code })
}

// Status finds the words for a status.
func (d *Directory) Status(s Status) (StatusWords, bool) {
	return find(d.Statuses, func(w StatusWords) bool { return w.Status == s })
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	i := slices.IndexFunc(list, is)
	if i < 0 {
		var none T
		return none, false
	}
	return list[i], true
}
