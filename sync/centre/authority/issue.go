package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tirkeu/kiosk/sync/pki"
)

// EKUCMCRA marks a registration authority (id-kp-cmcRA, RFC 6402 §2.10; RFC 9483 §1.6 lets it act
// for others in CMP).
var EKUCMCRA = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 28}

const (
	deviceYears = 1
	tlsYears    = 1
)

// Order is one certificate for a person.
type Order struct {
	Template string // a citizen's template: pki.TemplateAuth, TemplateSign, TemplateGOST; IssueOperator sets its own
	Person   pki.Person
	Storage  string   // a storage kind; it rules the validity
	SPKI     []byte   // DER
	Serial   *big.Int // nil: by the template's rule; by key identifier there is only one right one
	Years    int      // 0: what the storage says
}

// IssueCitizen signs a citizen's certificate by profile. The caller has verified possession of the
// key and the right to have it.
func (a *Authority) IssueCitizen(order Order) (*x509.Certificate, error) {
	profile, err := a.profiles.Template(order.Template)
	if err != nil {
		return nil, fmt.Errorf("issue citizen's certificate: %w", err)
	}
	if !profile.Citizen {
		return nil, fmt.Errorf("issue citizen's certificate: template %q is not for citizens", order.Template)
	}
	cert, err := a.issuePerson(order)
	if err != nil {
		return nil, fmt.Errorf("issue citizen's certificate: %w", err)
	}
	return cert, nil
}

// IssueOperator signs the certificate of a registration centre's operator (pki.IsOperator).
func (a *Authority) IssueOperator(order Order) (*x509.Certificate, error) {
	order.Template = pki.TemplateOperator
	cert, err := a.issuePerson(order)
	if err != nil {
		return nil, fmt.Errorf("issue operator's certificate: %w", err)
	}
	return cert, nil
}

func (a *Authority) issuePerson(order Order) (*x509.Certificate, error) {
	storage, err := a.profiles.Storage(order.Storage)
	if err != nil {
		return nil, err
	}
	if order.Years == 0 {
		order.Years = storage.ValidityYears
	}
	ca, err := a.signs(&order)
	if err != nil {
		return nil, err
	}
	validity, err := a.frame(ca, order.Serial, order.Years)
	if err != nil {
		return nil, err
	}
	template, _, err := a.profiles.Build(pki.Issuance{
		Template: order.Template, Person: order.Person, Storage: order.Storage, SPKI: order.SPKI,
		Serial: validity.SerialNumber, NotBefore: validity.NotBefore, NotAfter: validity.NotAfter,
		Notice: a.profiles.SandboxNotice, OCSP: validity.OCSPServer,
		CAURLs: validity.IssuingCertificateURL, CRLURLs: validity.CRLDistributionPoints,
	})
	if err != nil {
		return nil, err
	}
	cert, err := sign(template, ca.cert, order.SPKI, ca.key)
	if err != nil {
		return nil, err
	}
	// What a kiosk would refuse must not leave this house.
	err = pki.CheckIssued(cert, pki.Expect{
		SPKI: order.SPKI, IIN: order.Person.IIN, Template: order.Template, StorageKind: order.Storage,
		Email: order.Person.Email, Now: a.options.Now(), Profiles: a.profiles,
	}, a.Roots(), a.Intermediates())
	if err != nil {
		return nil, err
	}
	return cert, nil
}

// signs finds the CA an order is for, and its serial number by the template's rule where it has none. That a number
// given fits the rule, pki checks.
func (a *Authority) signs(order *Order) (*issuer, error) {
	family, err := a.FamilyOf(order.Template)
	if err != nil {
		return nil, err
	}
	if order.Serial == nil {
		if order.Serial, err = a.SerialFor(order.Template, order.SPKI); err != nil {
			return nil, err
		}
	}
	return a.issuer(family)
}

// frame gives what all certificates of an issuing CA have alike: serial number, validity within
// the CA's, and where to ask about revocation.
func (a *Authority) frame(ca *issuer, serial *big.Int, years int) (*x509.Certificate, error) {
	if serial == nil {
		var err error
		if serial, err = a.NewSerial(); err != nil {
			return nil, err
		}
	}
	if serial.Sign() <= 0 || len(serial.Bytes()) > 20 || serial.BitLen() > 159 { // RFC 5280 §4.1.2.2
		return nil, errors.New("serial number is not positive or longer than 20 octets")
	}
	now := a.options.Now().UTC().Truncate(time.Second)
	end := now.AddDate(years, 0, 0)
	if end.After(ca.cert.NotAfter) {
		end = ca.cert.NotAfter
	}
	start := now.Add(-backdate)
	if start.Before(ca.cert.NotBefore) {
		start = ca.cert.NotBefore
	}
	if !start.Before(end) {
		return nil, errors.New("validity is empty: the issuing CA ends sooner")
	}
	return &x509.Certificate{
		SerialNumber: serial, NotBefore: start, NotAfter: end,
		OCSPServer:            a.options.urls(OCSPPath),
		IssuingCertificateURL: a.options.urls(ca.certPath),
		CRLDistributionPoints: a.options.urls(ca.listPath),
	}, nil
}

// IssueDevice signs a kiosk's certificate, for TLS as a client and for CMP as a registration authority. name is the
// kiosk's, 1 to 64 characters; spki is DER: P-256, as our own kiosks make, P-384, or RSA of 2048 to 4096 bits, for
// other CMP clients. serial nil: a new one.
func (a *Authority) IssueDevice(name string, spki []byte, serial *big.Int) (*x509.Certificate, error) {
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("issue device certificate: read public key: %w", err)
	}
	if !deviceKey(parsed) {
		return nil, errors.New("issue device certificate: the public key is neither on P-256 or P-384 nor RSA of 2048 to 4096 bits")
	}
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("issue device certificate: %w", err)
	}
	template, err := a.frame(a.rsa, serial, deviceYears)
	if err != nil {
		return nil, fmt.Errorf("issue device certificate: %w", err)
	}
	template.Subject = pkix.Name{Country: []string{"KZ"}, OrganizationalUnit: []string{"KIOSK"}, CommonName: name}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	template.UnknownExtKeyUsage = []asn1.ObjectIdentifier{EKUCMCRA}
	cert, err := a.issue(a.rsa, template, spki)
	if err != nil {
		return nil, fmt.Errorf("issue device certificate: %w", err)
	}
	return cert, nil
}

// deviceKey says whether a kiosk may have this key.
func deviceKey(public any) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256() || key.Curve == elliptic.P384()
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2048 && key.N.BitLen() <= 4096
	}
	return false
}

// IssueTLS signs a server's certificate for the hosts, names or IP addresses; the first is the
// common name. spki is DER, P-256 or RSA.
func (a *Authority) IssueTLS(hosts []string, spki []byte, serial *big.Int) (*x509.Certificate, error) {
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, fmt.Errorf("issue server certificate: read public key: %w", err)
	}
	template, err := a.frame(a.rsa, serial, tlsYears)
	if err != nil {
		return nil, fmt.Errorf("issue server certificate: %w", err)
	}
	if err := nameHosts(template, hosts); err != nil {
		return nil, fmt.Errorf("issue server certificate: %w", err)
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if key, isRSA := parsed.(*rsa.PublicKey); isRSA {
		if key.N.BitLen() < 2048 {
			return nil, fmt.Errorf("issue server certificate: RSA key has only %d bits", key.N.BitLen())
		}
		template.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	cert, err := a.issue(a.rsa, template, spki)
	if err != nil {
		return nil, fmt.Errorf("issue server certificate: %w", err)
	}
	return cert, nil
}

func nameHosts(template *x509.Certificate, hosts []string) error {
	if len(hosts) == 0 || len(hosts) > 100 {
		return fmt.Errorf("%d hosts, 1 to 100 are allowed", len(hosts))
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		if !isHostName(host) {
			return fmt.Errorf("%q is neither a host name nor an IP address", host)
		}
		template.DNSNames = append(template.DNSNames, strings.ToLower(host))
	}
	template.Subject = pkix.Name{Country: []string{"KZ"}, CommonName: hosts[0]}
	if len(hosts[0]) > 64 {
		template.Subject.CommonName = "centre"
	}
	return nil
}

// isHostName takes the letters, digits and hyphens of RFC 1123 §2.1, without wildcards.
func isHostName(host string) bool {
	if len(host) == 0 || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
				return false
			}
		}
	}
	return true
}

func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	if n == 0 || n > 64 || !utf8.ValidString(name) || strings.TrimSpace(name) != name {
		return errors.New("name must have 1 to 64 characters and no blanks around them")
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return errors.New("name has control characters")
	}
	return nil
}

func (a *Authority) issue(ca *issuer, template *x509.Certificate, spki []byte) (*x509.Certificate, error) {
	id, err := pki.KeyID(spki)
	if err != nil {
		return nil, err
	}
	template.SubjectKeyId = id
	return sign(template, ca.cert, spki, ca.key)
}
