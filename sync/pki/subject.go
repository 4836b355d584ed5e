package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Person is who a certificate names, in the words of the register. Patronymic and Email may be
// empty.
type Person struct {
	IIN        string // 12 digits
	Surname    string
	Given      string
	Patronymic string
	Email      string // goes into the subjectAltName, never into the DN
}

// Country of every subject: НУЦ certifies under C=KZ only.
const country = "KZ"

// ubCommonName is the upper bound of a common name in characters, RFC 5280 appendix A.1.
const ubCommonName = 64

// maxNamePart bounds what a register may call a person, in characters; as long as an application
// may have it.
const maxNamePart = 200

// The attribute types of the DN, RFC 4519 §2.
var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSurname      = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidSerialNumber = asn1.ObjectIdentifier{2, 5, 4, 5}
	oidCountry      = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidLocality     = asn1.ObjectIdentifier{2, 5, 4, 7}
	oidState        = asn1.ObjectIdentifier{2, 5, 4, 8}
	oidGivenName    = asn1.ObjectIdentifier{2, 5, 4, 42}
)

var subjectOIDs = map[string]asn1.ObjectIdentifier{
	"commonName":          oidCommonName,
	"surname":             oidSurname,
	"serialNumber":        oidSerialNumber,
	"countryName":         oidCountry,
	"localityName":        oidLocality,
	"stateOrProvinceName": oidState,
	"givenName":           oidGivenName,
}

// printable says which attributes are PrintableString; all others are UTF8String. RFC 5280
// appendix A.1 rules it for country and serial number.
func printable(oid asn1.ObjectIdentifier) bool {
	return oid.Equal(oidSerialNumber) || oid.Equal(oidCountry)
}

func checkSubjectRule(rule []SubjectAttribute) error {
	required := map[string]bool{}
	for _, attribute := range rule {
		if _, known := subjectOIDs[attribute.Attribute]; !known {
			return fmt.Errorf("subject attribute %q is unknown", attribute.Attribute)
		}
		if !attribute.Optional {
			required[attribute.Attribute] = true
		}
	}
	if !required["commonName"] || !required["serialNumber"] {
		return errors.New("subject needs commonName and serialNumber")
	}
	return nil
}

func (p Person) check() error {
	if !isIIN(p.IIN) {
		return errors.New("identification number is not 12 digits")
	}
	if strings.TrimSpace(p.Surname) == "" && strings.TrimSpace(p.Given) == "" {
		return errors.New("name is empty")
	}
	for _, part := range []string{p.Surname, p.Given, p.Patronymic} {
		if !utf8.ValidString(part) || utf8.RuneCountInString(part) > maxNamePart || hasControl(part) {
			return errors.New("name has forbidden characters or is too long")
		}
	}
	return CheckEmail(p.Email)
}

func isIIN(s string) bool {
	if len(s) != 12 {
		return false
	}
	for _, digit := range []byte(s) {
		if digit < '0' || digit > '9' {
			return false
		}
	}
	return true
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r == utf8.RuneError })
}

// values gives the DN's values in НУЦ's manner: capitals, the common name is "SURNAME GIVEN", the
// attribute givenName carries the patronymic, the serial number is "IIN" and the number. A missing
// surname (some people have one name) leaves the given name in its place.
func (p Person) values() map[string]string {
	surname, given := nameCase(p.Surname), nameCase(p.Given)
	common := strings.TrimSpace(surname + " " + given)
	if surname == "" {
		surname = given
	}
	return map[string]string{
		"commonName":   cut(common, ubCommonName),
		"surname":      surname,
		"serialNumber": "IIN" + p.IIN,
		"countryName":  country,
		"givenName":    nameCase(p.Patronymic),
	}
}

func nameCase(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), " ")) }

func cut(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return strings.TrimSpace(string(runes[:limit]))
}

// RawSubject encodes the DN of a person by a profile: one attribute an RDN, in the profile's
// order, empty optional ones left out.
func RawSubject(profile Profile, person Person) ([]byte, error) {
	if err := person.check(); err != nil {
		return nil, fmt.Errorf("build subject: %w", err)
	}
	values := person.values()
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, attribute := range profile.Subject {
			value := values[attribute.Attribute]
			if value == "" && attribute.Optional || attribute.Issued != nil && !*attribute.Issued {
				continue
			}
			addRDN(b, subjectOIDs[attribute.Attribute], value)
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("build subject: %w", err)
	}
	return der, nil
}

func addRDN(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, value string) {
	tag := cbasn1.UTF8String
	if printable(oid) {
		tag = cbasn1.PrintableString
	}
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
		})
	})
}

// rdn is one attribute of a DN as it stands in the bytes.
type rdn struct {
	oid   asn1.ObjectIdentifier
	tag   cbasn1.Tag
	value string
}

// parseSubject reads a DN whose RDNs have one attribute each, as НУЦ writes them.
func parseSubject(raw []byte) ([]rdn, error) {
	input := cryptobyte.String(raw)
	var sequence cryptobyte.String
	if !input.ReadASN1(&sequence, cbasn1.SEQUENCE) || !input.Empty() {
		return nil, errors.New("subject is no sequence")
	}
	var rdns []rdn
	for !sequence.Empty() {
		var set, pair, value cryptobyte.String
		var one rdn
		if !sequence.ReadASN1(&set, cbasn1.SET) || !set.ReadASN1(&pair, cbasn1.SEQUENCE) ||
			!pair.ReadASN1ObjectIdentifier(&one.oid) || !pair.ReadAnyASN1(&value, &one.tag) || !pair.Empty() {
			return nil, errors.New("subject is damaged")
		}
		if !set.Empty() {
			return nil, errors.New("subject has two attributes in one part")
		}
		one.value = string(value)
		rdns = append(rdns, one)
	}
	return rdns, nil
}

// SubjectIIN gives the IIN in the certificate's serialNumber attribute ("IIN" and 12 digits).
// False if there is none, or more than one: such a certificate names nobody.
func SubjectIIN(cert *x509.Certificate) (string, bool) {
	return subjectIIN(cert.RawSubject)
}

func subjectIIN(rawSubject []byte) (string, bool) {
	rdns, err := parseSubject(rawSubject)
	if err != nil {
		return "", false
	}
	found := ""
	for _, one := range rdns {
		if !one.oid.Equal(oidSerialNumber) {
			continue
		}
		iin, prefixed := strings.CutPrefix(one.value, "IIN")
		if found != "" || !prefixed || !isIIN(iin) {
			return "", false
		}
		found = iin
	}
	return found, found != ""
}

// SubjectName gives the surname, the given name and the patronymic a certificate of НУЦ's manner
// carries; parts it does not have are empty.
func SubjectName(cert *x509.Certificate) (surname, given, patronymic string) {
	rdns, err := parseSubject(cert.RawSubject)
	if err != nil {
		return "", "", ""
	}
	common := ""
	for _, one := range rdns {
		switch {
		case one.oid.Equal(oidCommonName):
			common = one.value
		case one.oid.Equal(oidSurname):
			surname = one.value
		case one.oid.Equal(oidGivenName):
			patronymic = one.value
		}
	}
	given = strings.TrimSpace(strings.TrimPrefix(common, surname))
	return surname, given, patronymic
}
