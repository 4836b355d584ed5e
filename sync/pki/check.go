package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Part names what of a certificate is not as its profile says. The list is closed.
type Part string

// The parts a ProfileError can name.
const (
	PartKey         Part = "key"                // not the key that was asked for, or one the profile does not take
	PartIIN         Part = "iin"                // another person's number
	PartSubject     Part = "subject"            // order, types or form of the DN
	PartKeyUsage    Part = "key_usage"          // RFC 5280 §4.2.1.3
	PartExtKeyUsage Part = "extended_key_usage" // RFC 5280 §4.2.1.12
	PartPolicy      Part = "policy"             // RFC 5280 §4.2.1.4
	PartStorage     Part = "storage"            // НУЦ's key-storage extension
	PartEmail       Part = "email"              // subjectAltName
	PartValidity    Part = "validity"           // expired or not yet valid
	PartAuthority   Part = "authority"          // says of itself that it is a CA
	PartChain       Part = "chain"              // signed by somebody else, or the chain does not reach a root
	PartRevocation  Part = "revocation_sources" // neither CRL nor OCSP address
)

// ProfileError says in which part a certificate differs from its profile. Detail holds OIDs and
// rules, never a name or an IIN.
type ProfileError struct {
	Part   Part
	Detail string
	Err    error // what crypto/x509 said, if it was asked
}

// Error gives part and detail.
func (e *ProfileError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("certificate differs from its profile in %s: %s: %v", e.Part, e.Detail, e.Err)
	}
	return fmt.Sprintf("certificate differs from its profile in %s: %s", e.Part, e.Detail)
}

// Unwrap gives the cause, if there is one.
func (e *ProfileError) Unwrap() error { return e.Err }

func differs(part Part, format string, args ...any) *ProfileError {
	return &ProfileError{Part: part, Detail: fmt.Sprintf(format, args...)}
}

// Expect is what was asked for.
type Expect struct {
	SPKI        []byte    // DER of the public key the certificate must be for
	IIN         string    // 12 digits
	Template    string    // a template of the table
	StorageKind string    // a storage kind of the table
	Email       string    // if not empty, the one address in the subjectAltName
	Now         time.Time // zero: the clock
	Profiles    *Profiles // nil: DefaultProfiles
}

// CheckIssued holds an issued certificate against what was asked for: key, person, DN, key usage,
// extended key usage, policy, storage, validity now, no CA, and a chain to one of roots. A
// difference is a *ProfileError; a template or storage the table does not know is
// ErrUnknownTemplate or ErrUnknownStorage. Revocation is not asked here: see Check.
func CheckIssued(cert *x509.Certificate, expect Expect, roots, intermediates *Pool) error {
	table, now := expect.Profiles, expect.Now
	if table == nil {
		table = DefaultProfiles()
	}
	if now.IsZero() {
		now = time.Now()
	}
	profile, err := table.Template(expect.Template)
	if err != nil {
		return fmt.Errorf("check issued certificate: %w", err)
	}
	storage, err := table.Storage(expect.StorageKind)
	if err != nil {
		return fmt.Errorf("check issued certificate: %w", err)
	}
	checks := []func() *ProfileError{
		func() *ProfileError { return checkKey(cert, profile, expect.SPKI) },
		func() *ProfileError { return checkIIN(cert, expect.IIN) },
		func() *ProfileError { return checkSubject(cert, profile) },
		func() *ProfileError { return checkNoCA(cert) },
		func() *ProfileError { return checkKeyUsage(cert, profile) },
		func() *ProfileError { return checkExtKeyUsage(cert, profile) },
		func() *ProfileError { return checkPolicy(cert, profile) },
		func() *ProfileError { return checkStorage(cert, table, storage) },
		func() *ProfileError { return checkAddress(cert, expect.Email) },
		func() *ProfileError { return checkSources(cert) },
		func() *ProfileError { return checkValidity(cert, now) },
		func() *ProfileError { return checkChain(cert, roots, intermediates, now) },
	}
	for _, check := range checks {
		if different := check(); different != nil {
			return different
		}
	}
	return nil
}

func checkKey(cert *x509.Certificate, profile Profile, spki []byte) *ProfileError {
	if len(spki) == 0 || !slices.Equal(cert.RawSubjectPublicKeyInfo, spki) {
		return differs(PartKey, "it is for another key")
	}
	if _, err := profile.Key.parse(cert.RawSubjectPublicKeyInfo); err != nil {
		return &ProfileError{Part: PartKey, Detail: "the profile does not take it", Err: err}
	}
	return nil
}

func checkIIN(cert *x509.Certificate, want string) *ProfileError {
	iin, present := SubjectIIN(cert)
	if !present {
		return differs(PartIIN, "it names nobody by number")
	}
	if iin != want {
		return differs(PartIIN, "it is for another person")
	}
	return nil
}

// checkSubject wants the profile's attributes in the profile's order, each of its string type.
func checkSubject(cert *x509.Certificate, profile Profile) *ProfileError {
	rdns, err := parseSubject(cert.RawSubject)
	if err != nil {
		return &ProfileError{Part: PartSubject, Detail: "it cannot be read", Err: err}
	}
	values := map[string]string{}
	for _, attribute := range profile.Subject {
		oid := subjectOIDs[attribute.Attribute]
		if len(rdns) == 0 || !rdns[0].oid.Equal(oid) {
			if attribute.Optional {
				continue
			}
			return differs(PartSubject, "%s is missing or out of order", attribute.Attribute)
		}
		wanted := cbasn1.UTF8String
		if printable(oid) {
			wanted = cbasn1.PrintableString
		}
		if rdns[0].tag != wanted || rdns[0].value == "" {
			return differs(PartSubject, "%s is empty or of string type %d", attribute.Attribute, rdns[0].tag)
		}
		values[attribute.Attribute] = rdns[0].value
		rdns = rdns[1:]
	}
	if len(rdns) > 0 {
		return differs(PartSubject, "attribute %v is out of order or not in the profile", rdns[0].oid)
	}
	if c, present := values["countryName"]; present && c != country {
		return differs(PartSubject, "country is not %s", country)
	}
	if !strings.HasPrefix(values["commonName"], cut(values["surname"], ubCommonName)) {
		return differs(PartSubject, "common name does not begin with the surname")
	}
	return nil
}

func checkNoCA(cert *x509.Certificate) *ProfileError {
	if cert.IsCA {
		return differs(PartAuthority, "basic constraints say CA")
	}
	return nil
}

func checkKeyUsage(cert *x509.Certificate, profile Profile) *ProfileError {
	want, err := profile.keyUsage()
	if err != nil {
		return &ProfileError{Part: PartKeyUsage, Detail: "the profile is damaged", Err: err}
	}
	found, present := findExtension(cert.Extensions, oidExtKeyUsage)
	if !present || !found.Critical {
		return differs(PartKeyUsage, "the extension is missing or not critical")
	}
	if cert.KeyUsage != want {
		return differs(PartKeyUsage, "bits %09b instead of %09b", cert.KeyUsage, want)
	}
	return nil
}

func checkExtKeyUsage(cert *x509.Certificate, profile Profile) *ProfileError {
	found, present := findExtension(cert.Extensions, oidExtExtKeyUsage)
	if !present {
		return differs(PartExtKeyUsage, "the extension is missing")
	}
	input := cryptobyte.String(found.Value)
	var list cryptobyte.String
	if !input.ReadASN1(&list, cbasn1.SEQUENCE) || !input.Empty() {
		return differs(PartExtKeyUsage, "the extension is damaged")
	}
	var usages []asn1.ObjectIdentifier
	for !list.Empty() {
		var oid asn1.ObjectIdentifier
		if !list.ReadASN1ObjectIdentifier(&oid) {
			return differs(PartExtKeyUsage, "the extension is damaged")
		}
		usages = append(usages, oid)
	}
	for _, want := range profile.ExtKeyUsage {
		if !slices.ContainsFunc(usages, want.Equal) {
			return differs(PartExtKeyUsage, "%v is missing", want)
		}
	}
	allowed := slices.Concat(profile.ExtKeyUsage, profile.ExtKeyUsageAllowed)
	for _, usage := range usages {
		if !slices.ContainsFunc(allowed, func(o OID) bool { return o.Equal(usage) }) {
			return differs(PartExtKeyUsage, "%v is not in the profile", usage)
		}
	}
	return nil
}

func checkPolicy(cert *x509.Certificate, profile Profile) *ProfileError {
	if len(cert.Policies) != 1 {
		return differs(PartPolicy, "%d policies instead of one", len(cert.Policies))
	}
	if got := cert.Policies[0].String(); got != profile.Policy.OID.String() {
		return differs(PartPolicy, "%s instead of %v", got, profile.Policy.OID)
	}
	return nil
}

func checkStorage(cert *x509.Certificate, table *Profiles, storage Storage) *ProfileError {
	found, present := findExtension(cert.Extensions, asn1.ObjectIdentifier(table.KeyStorageExtension))
	if !present {
		return differs(PartStorage, "the extension is missing")
	}
	oid, err := readStorage(found.Value, false)
	if err != nil {
		return &ProfileError{Part: PartStorage, Detail: "it cannot be read", Err: err}
	}
	if !storage.OID.Equal(oid) {
		return differs(PartStorage, "%v instead of %v", oid, storage.OID)
	}
	return nil
}

func checkAddress(cert *x509.Certificate, email string) *ProfileError {
	if len(cert.DNSNames) > 0 || len(cert.IPAddresses) > 0 || len(cert.URIs) > 0 {
		return differs(PartEmail, "it names hosts")
	}
	if email != "" && !slices.Equal(cert.EmailAddresses, []string{email}) {
		return differs(PartEmail, "it has another address, none, or several")
	}
	return nil
}

func checkSources(cert *x509.Certificate) *ProfileError {
	if len(cert.OCSPServer) == 0 && len(cert.CRLDistributionPoints) == 0 {
		return differs(PartRevocation, "it says nowhere whether it was revoked")
	}
	return nil
}

func checkValidity(cert *x509.Certificate, now time.Time) *ProfileError {
	if now.Before(cert.NotBefore) {
		return differs(PartValidity, "not valid before %s", cert.NotBefore.UTC().Format(time.RFC3339))
	}
	if now.After(cert.NotAfter) {
		return differs(PartValidity, "expired at %s", cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func checkChain(cert *x509.Certificate, roots, intermediates *Pool, now time.Time) *ProfileError {
	if _, err := VerifyChain(cert, roots, intermediates, now); err != nil {
		return &ProfileError{Part: PartChain, Detail: "it does not reach a trusted root", Err: err}
	}
	return nil
}
