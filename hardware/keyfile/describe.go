package keyfile

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Usage is what a key is for.
type Usage string

// What the keys of citizens and organizations are for.
const (
	UsageSignIn Usage = "sign-in" // signing in to services
	UsageSign   Usage = "sign"    // signing documents
)

// The templates of the authority that a certificate can be recognised as.
const (
	TemplateAuth    = "rsa-auth"
	TemplateSign    = "rsa-sign"
	TemplateGOST    = "gost2015"
	TemplateOldGOST = "gost-old"
)

// Owner is whom a certificate names. The authority writes the patronymic into givenName, and surname and given name into the common name.
type Owner struct {
	Surname, Given, Patronymic string
	CommonName                 string
	Organization               string
	IIN, BIN                   string // twelve digits, "" where there is none
}

// Description says in fields, not in sentences, what a certificate is for.
type Description struct {
	Algorithm           Algorithm
	Bits                int     // of the key; 0: not known
	Usage               []Usage // sign-in before sign; none for a certificate of an authority, or of something else
	Owner               Owner
	Issuer              string // its common name; its organization where it has none
	NotBefore, NotAfter time.Time
	Serial              string // in hex
	KeyID               string // in hex
	Template            string // one of the authority's; "" for a foreign certificate
	Authority           bool   // it is a certificate authority's
}

// Identifiers of ҰКО's own arc, and of the subject's attributes.
var (
	arcPolicies   = asn1.ObjectIdentifier{1, 2, 398, 3, 3, 2} // the certificate policies of the authority, and all below
	oidSurname    = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidGivenName  = asn1.ObjectIdentifier{2, 5, 4, 42}
	oidSerial     = asn1.ObjectIdentifier{2, 5, 4, 5}
	oidOrgUnit    = asn1.ObjectIdentifier{2, 5, 4, 11}
	policyPersons = map[string]string{ // the last numbers of the policies that belong to one template only
		"1": TemplateSign, "2": TemplateAuth, // of organizations
		"3": TemplateSign, "4": TemplateAuth, // of persons
	}
)

// Describe reads what a certificate says of itself. What it is for comes from key usage, extended key usage and policy (RFC 5280 §4.2.1),
// never from the name of a file. Nothing is verified: whether it is the authority's at all is for whoever knows the authority's certificates.
func Describe(cert *x509.Certificate) Description {
	d := Description{
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, Issuer: cert.Issuer.CommonName, Owner: ownerOf(cert.Subject),
		Serial: hex.EncodeToString(cert.SerialNumber.Bytes()), Authority: cert.BasicConstraintsValid && cert.IsCA,
	}
	d.Algorithm, d.Bits = kindOfCertificate(cert)
	if d.Issuer == "" {
		d.Issuer = strings.Join(cert.Issuer.Organization, ", ")
	}
	if id, err := KeyID(cert); err == nil {
		d.KeyID = hex.EncodeToString(id)
	}
	if d.Authority {
		return d
	}
	d.Template = templateOf(cert, d.Algorithm)
	d.Usage = usageOf(cert, d.Template)
	return d
}

// usageOf says what the key may be used for. A key of the GOST template signs in and signs: there is one for both.
func usageOf(cert *x509.Certificate, template string) []Usage {
	if template == TemplateGOST || template == TemplateOldGOST {
		return []Usage{UsageSignIn, UsageSign}
	}
	var usage []Usage
	if mayAuthenticate(cert) {
		usage = append(usage, UsageSignIn)
	}
	if maySign(cert) {
		usage = append(usage, UsageSign)
	}
	return usage
}

// mayAuthenticate: clientAuth among the extended usages, and a signature allowed.
func mayAuthenticate(cert *x509.Certificate) bool {
	return may(cert, x509.KeyUsageDigitalSignature) && extended(cert, x509.ExtKeyUsageClientAuth)
}

// maySign: non-repudiation is what tells a key for documents from one for signing in (the authority's profile; RFC 5280 §4.2.1.3).
func maySign(cert *x509.Certificate) bool {
	return may(cert, x509.KeyUsageContentCommitment) && extended(cert, x509.ExtKeyUsageEmailProtection)
}

// may: a certificate without key usage allows every one (RFC 5280 §4.2.1.3).
func may(cert *x509.Certificate, usage x509.KeyUsage) bool {
	return cert.KeyUsage == 0 || cert.KeyUsage&usage != 0
}

// extended: a certificate without extended key usage allows every one (RFC 5280 §4.2.1.12).
func extended(cert *x509.Certificate, usage x509.ExtKeyUsage) bool {
	return len(cert.ExtKeyUsage) == 0 && len(cert.UnknownExtKeyUsage) == 0 ||
		slices.Contains(cert.ExtKeyUsage, usage) || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// templateOf recognises the authority's templates: by policy, and by key usage and extended key usage, which must agree.
func templateOf(cert *x509.Certificate, algorithm Algorithm) string {
	policy, found := policyOf(cert)
	if !found {
		return ""
	}
	both := cert.KeyUsage&x509.KeyUsageDigitalSignature != 0 && cert.KeyUsage&x509.KeyUsageContentCommitment != 0
	switch algorithm {
	case AlgorithmGOST2015:
		if both {
			return TemplateGOST
		}
	case AlgorithmGOST2004:
		if both {
			return TemplateOldGOST
		}
	case AlgorithmRSA:
		template := TemplateSign
		if cert.KeyUsage&x509.KeyUsageContentCommitment == 0 {
			template = TemplateAuth
		}
		says, fixed := policyPersons[policy]
		fits := map[string]bool{TemplateSign: both && maySign(cert), TemplateAuth: mayAuthenticate(cert) && !maySign(cert)}
		if fits[template] && (!fixed || says == template) {
			return template
		}
	}
	return ""
}

// policyOf finds a policy of the authority; below is what its arc has below it: "", "3", "2.1", ….
func policyOf(cert *x509.Certificate) (below string, found bool) {
	for _, oid := range cert.PolicyIdentifiers {
		if len(oid) >= len(arcPolicies) && slices.Equal(oid[:len(arcPolicies)], arcPolicies) {
			return strings.TrimPrefix(oid[len(arcPolicies):].String(), "."), true
		}
	}
	return "", false
}

// ownerOf reads a subject as the authority writes it.
func ownerOf(subject pkix.Name) Owner {
	o := Owner{CommonName: subject.CommonName, Organization: strings.Join(subject.Organization, ", ")}
	for _, one := range subject.Names {
		value, ok := one.Value.(string)
		if !ok {
			continue
		}
		switch {
		case one.Type.Equal(oidSurname):
			o.Surname = value
		case one.Type.Equal(oidGivenName):
			o.Patronymic = value
		case one.Type.Equal(oidSerial) && o.IIN == "":
			o.IIN = numbered(value, "IIN")
		case one.Type.Equal(oidOrgUnit) && o.BIN == "":
			o.BIN = numbered(value, "BIN")
		}
	}
	if o.Surname != "" {
		if given, ok := strings.CutPrefix(o.CommonName, o.Surname+" "); ok {
			o.Given = strings.TrimSpace(given)
		}
	}
	if o.Given == "" { // a foreign certificate, where givenName is what it says
		o.Given, o.Patronymic = o.Patronymic, ""
	}
	return o
}

// numbered reads "IIN123456789011" or "BIN123456789021".
func numbered(value, kind string) string {
	digits, ok := strings.CutPrefix(value, kind)
	if !ok || len(digits) != 12 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}
