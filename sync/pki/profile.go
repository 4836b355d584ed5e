package pki

import (
	"bytes"
	"crypto/x509"
	_ "embed"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// The templates the embedded table knows. A citizen's set is TemplateAuth and TemplateSign, or the one
// key of TemplateGOST, which signs in and signs; TemplateOperator is for the staff of a registration centre.
const (
	TemplateAuth     = "rsa-auth"
	TemplateSign     = "rsa-sign"
	TemplateGOST     = "gost2015"
	TemplateOperator = "operator"
)

// The storage kinds the embedded table knows: where the private key lives. The words are those
// of hardware/token, StorageStick is a key file on the citizen's own USB stick.
const (
	StorageStick    = "stick"
	StorageIDCard   = "idcard"
	StorageKaztoken = "kaztoken"
	StorageEToken   = "etoken"
	StorageJaCarta  = "jacarta"
	StorageAKey     = "akey"
)

// ErrUnknownTemplate and ErrUnknownStorage say that the table has no such entry.
var (
	ErrUnknownTemplate = errors.New("no such certificate template")
	ErrUnknownStorage  = errors.New("no such key storage")
)

// Profiles is the table of what is issued: templates, and the storages their keys may live in.
// It is data, so that a centre can replace it without a new program.
type Profiles struct {
	Version             string    `json:"version"`
	KeyStorageExtension OID       `json:"key_storage_extension"`
	SandboxNotice       string    `json:"sandbox_notice"` // explicitText, at most 200 characters (RFC 5280 §4.2.1.4)
	Storages            []Storage `json:"storages"`
	Templates           []Profile `json:"profiles"`
}

// Storage is a place for private keys. Provisional: НУЦ has published no OID for it, ours stands
// in until it does. Secure: the key cannot leave the device.
type Storage struct {
	Kind          string `json:"kind"`
	Name          string `json:"name"` // the name НУЦ's own client uses
	OID           OID    `json:"oid"`
	Provisional   bool   `json:"provisional"`
	Secure        bool   `json:"secure"`
	ValidityYears int    `json:"validity_years"`
}

// Profile says how a certificate of one template looks.
type Profile struct {
	Template           string             `json:"template"`
	Citizen            bool               `json:"citizen"` // may be issued to a citizen who applies
	Key                KeyRule            `json:"key"`
	Serial             SerialRule         `json:"serial,omitempty"`
	Subject            []SubjectAttribute `json:"subject"` // in the order of the DN
	KeyUsage           []string           `json:"key_usage"`
	ExtKeyUsage        []OID              `json:"ext_key_usage"`         // all of these must be there
	ExtKeyUsageAllowed []OID              `json:"ext_key_usage_allowed"` // these may be there too, no others
	Policy             Policy             `json:"policy"`
}

// KeyRule bounds the public keys a template takes; sizes in bits, for RSA only.
type KeyRule struct {
	Algorithm string `json:"algorithm"`
	MinBits   int    `json:"min_bits,omitempty"`
	MaxBits   int    `json:"max_bits,omitempty"`
}

// The algorithms of a KeyRule.
const (
	KeyRSA  = "rsa"
	KeyGOST = "gost2015-512" // ГОСТ 34.10-2015 with 512 bits, parameter set A, Kazakh identifiers
)

// SerialRule says where a certificate's serial number comes from. Empty means SerialRandom.
type SerialRule string

// The serial rules. By SerialKeyIdentifier, НУЦ's for GOST, the number follows from the key (KeySerial), so
// one authority cannot certify the same key twice.
const (
	SerialRandom        SerialRule = "random"
	SerialKeyIdentifier SerialRule = "key-identifier"
)

// SubjectAttribute is one RDN of the DN, named as in RFC 4519. Issued false: accepted in
// certificates of others, never written into ours.
type SubjectAttribute struct {
	Attribute string `json:"attribute"`
	Optional  bool   `json:"optional"`
	Issued    *bool  `json:"issued,omitempty"`
}

// Policy is the certificate policy and where its statement can be read.
type Policy struct {
	OID OID    `json:"oid"`
	CPS string `json:"cps"`
}

// OID is an object identifier that reads and writes as dotted text.
type OID asn1.ObjectIdentifier

// String gives the dotted form.
func (o OID) String() string { return asn1.ObjectIdentifier(o).String() }

// Equal says whether both name the same object.
func (o OID) Equal(other asn1.ObjectIdentifier) bool {
	return asn1.ObjectIdentifier(o).Equal(other)
}

// MarshalText writes the dotted form.
func (o OID) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads the dotted form.
func (o *OID) UnmarshalText(text []byte) error {
	oid, err := parseOID(string(text))
	if err != nil {
		return err
	}
	*o = OID(oid)
	return nil
}

func parseOID(dotted string) (asn1.ObjectIdentifier, error) {
	parts := strings.Split(dotted, ".")
	if len(parts) < 3 || len(parts) > 20 {
		return nil, fmt.Errorf("object identifier %q has %d arcs", dotted, len(parts))
	}
	oid := make(asn1.ObjectIdentifier, 0, len(parts))
	for _, part := range parts {
		arc, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("object identifier %q: %w", dotted, err)
		}
		oid = append(oid, int(arc))
	}
	if _, err := asn1.Marshal(oid); err != nil {
		return nil, fmt.Errorf("object identifier %q: %w", dotted, err)
	}
	return oid, nil
}

//go:embed profiles.json
var embeddedProfiles []byte

var defaultProfiles = sync.OnceValues(func() (*Profiles, error) { return ParseProfiles(embeddedProfiles) })

// DefaultProfiles gives the table built into the program. Callers must not change it.
func DefaultProfiles() *Profiles {
	table, err := defaultProfiles()
	if err != nil {
		panic("embedded certificate profiles: " + err.Error()) // a test reads them at every build
	}
	return table
}

// ParseProfiles reads a table and checks that it is whole: every name it uses is known, no entry
// stands twice, no list that must have members is empty.
func ParseProfiles(data []byte) (*Profiles, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	table := new(Profiles)
	if err := decoder.Decode(table); err != nil {
		return nil, fmt.Errorf("read certificate profiles: %w", err)
	}
	if err := table.check(); err != nil {
		return nil, fmt.Errorf("read certificate profiles: %w", err)
	}
	return table, nil
}

func (t *Profiles) check() error {
	if t.Version == "" || len(t.KeyStorageExtension) == 0 || len(t.Storages) == 0 || len(t.Templates) == 0 {
		return errors.New("version, key storage extension, storages or profiles missing")
	}
	if n := len([]rune(t.SandboxNotice)); n == 0 || n > 200 { // RFC 5280 §4.2.1.4
		return fmt.Errorf("sandbox notice has %d characters, 1 to 200 are allowed", n)
	}
	kinds, oids := map[string]bool{}, map[string]bool{}
	for _, storage := range t.Storages {
		if storage.Kind == "" || kinds[storage.Kind] || len(storage.OID) == 0 || oids[storage.OID.String()] || storage.ValidityYears < 1 {
			return fmt.Errorf("storage %q is incomplete or stands twice", storage.Kind)
		}
		kinds[storage.Kind], oids[storage.OID.String()] = true, true
	}
	templates := map[string]bool{}
	for _, profile := range t.Templates {
		if templates[profile.Template] {
			return fmt.Errorf("template %q stands twice", profile.Template)
		}
		templates[profile.Template] = true
		if err := profile.check(); err != nil {
			return fmt.Errorf("template %q: %w", profile.Template, err)
		}
	}
	return nil
}

func (p Profile) check() error {
	if p.Template == "" || len(p.ExtKeyUsage) == 0 || len(p.Policy.OID) == 0 {
		return errors.New("name, extended key usage or policy missing")
	}
	if err := p.Key.check(); err != nil {
		return err
	}
	if p.Serial != "" && p.Serial != SerialRandom && p.Serial != SerialKeyIdentifier {
		return fmt.Errorf("serial rule %q is not known", p.Serial)
	}
	if _, err := p.keyUsage(); err != nil {
		return err
	}
	return checkSubjectRule(p.Subject)
}

func (r KeyRule) check() error {
	switch r.Algorithm {
	case KeyRSA:
		if r.MinBits >= 2048 && r.MinBits <= r.MaxBits && r.MaxBits <= 16384 {
			return nil
		}
	case KeyGOST:
		if r.MinBits == 0 && r.MaxBits == 0 {
			return nil
		}
	}
	return fmt.Errorf("key rule %q %d to %d bits is not allowed", r.Algorithm, r.MinBits, r.MaxBits)
}

// Template finds a profile by name; ErrUnknownTemplate if there is none.
func (t *Profiles) Template(name string) (Profile, error) {
	for _, profile := range t.Templates {
		if profile.Template == name {
			return profile, nil
		}
	}
	return Profile{}, fmt.Errorf("%w: %q", ErrUnknownTemplate, name)
}

// Storage finds a storage by kind; ErrUnknownStorage if there is none.
func (t *Profiles) Storage(kind string) (Storage, error) {
	for _, storage := range t.Storages {
		if storage.Kind == kind {
			return storage, nil
		}
	}
	return Storage{}, fmt.Errorf("%w: %q", ErrUnknownStorage, kind)
}

// TemplateOf names the template whose key usage, extended key usage and policy a certificate has.
func (t *Profiles) TemplateOf(cert *x509.Certificate) (string, bool) {
	for _, profile := range t.Templates {
		if checkKeyUsage(cert, profile) == nil && checkExtKeyUsage(cert, profile) == nil && checkPolicy(cert, profile) == nil {
			return profile.Template, true
		}
	}
	return "", false
}

// The key usages by name, RFC 5280 §4.2.1.3.
var keyUsages = map[string]x509.KeyUsage{
	"digitalSignature": x509.KeyUsageDigitalSignature,
	"nonRepudiation":   x509.KeyUsageContentCommitment,
	"keyEncipherment":  x509.KeyUsageKeyEncipherment,
	"dataEncipherment": x509.KeyUsageDataEncipherment,
	"keyAgreement":     x509.KeyUsageKeyAgreement,
}

func (p Profile) keyUsage() (x509.KeyUsage, error) {
	var usage x509.KeyUsage
	for _, name := range p.KeyUsage {
		bit, known := keyUsages[name]
		if !known {
			return 0, fmt.Errorf("key usage %q is not for end entities", name)
		}
		usage |= bit
	}
	if usage == 0 {
		return 0, errors.New("key usage missing")
	}
	return usage, nil
}
