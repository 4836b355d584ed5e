package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
)

// Material is a sandbox authority as the centre stores it, all PEM: keys as PKCS#8, certificates
// as X.509. The keys must be readable by the centre alone. Lost keys cannot be made again: every
// certificate would have to be issued anew. RootKey may be kept elsewhere and left empty; then
// only RootCRL and a new issuing CA are impossible.
type Material struct {
	RootKey            []byte
	RootCertificate    []byte
	IssuingKey         []byte
	IssuingCertificate []byte
}

// Options of Create and Open.
type Options struct {
	Name    string           // stands in the CAs' names; default "TIRKEU"
	BaseURL string           // plain HTTP address clients reach this centre at, as http://host:port
	Now     func() time.Time // nil: time.Now
	Rand    io.Reader        // serial numbers; nil: crypto/rand
}

const (
	defaultName  = "TIRKEU"
	sandboxMark  = "SANDBOX"
	caKeyBits    = 2048
	rootYears    = 20
	issuingYears = 10
	backdate     = 5 * time.Minute // for clients whose clock runs a little behind
)

// Paths below BaseURL that the certificates point to. The centre serves them over plain HTTP, for
// a client that checks a certificate has no TLS connection to trust yet.
const (
	RootCertificatePath    = "/ca/root.cer"
	IssuingCertificatePath = "/ca/issuing.cer"
	RootCRLPath            = "/crl/root.crl"
	IssuingCRLPath         = "/crl/issuing.crl"
	OCSPPath               = "/ocsp"
)

// Create makes a root and an issuing CA, both RSA-2048, which any client can verify.
func Create(options Options) (Material, error) {
	options = options.filled()
	name := strings.TrimSpace(options.Name)
	if name == "" || len(name) > 40 {
		return Material{}, errors.New("create authority: name must have 1 to 40 octets")
	}
	rootKey, err := rsa.GenerateKey(rand.Reader, caKeyBits)
	if err != nil {
		return Material{}, fmt.Errorf("create authority: root key: %w", err)
	}
	issuingKey, err := rsa.GenerateKey(rand.Reader, caKeyBits)
	if err != nil {
		return Material{}, fmt.Errorf("create authority: issuing key: %w", err)
	}
	root, err := options.rootCertificate(name, rootKey)
	if err != nil {
		return Material{}, fmt.Errorf("create authority: root: %w", err)
	}
	issuing, err := options.issuingCertificate(name, issuingKey, root, rootKey)
	if err != nil {
		return Material{}, fmt.Errorf("create authority: issuing CA: %w", err)
	}
	return material(rootKey, root, issuingKey, issuing)
}

func (o Options) filled() Options {
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	return o
}

func (o Options) rootCertificate(name string, key *rsa.PrivateKey) (*x509.Certificate, error) {
	template, err := o.caTemplate(name+" "+sandboxMark+" ROOT CA", &key.PublicKey, rootYears)
	if err != nil {
		return nil, err
	}
	template.MaxPathLen = 1
	return sign(template, template, &key.PublicKey, key)
}

func (o Options) issuingCertificate(name string, key *rsa.PrivateKey, root *x509.Certificate, rootKey crypto.Signer) (*x509.Certificate, error) {
	template, err := o.caTemplate(name+" "+sandboxMark+" ISSUING CA", &key.PublicKey, issuingYears)
	if err != nil {
		return nil, err
	}
	template.MaxPathLenZero = true
	template.IssuingCertificateURL = o.urls(RootCertificatePath)
	template.CRLDistributionPoints = o.urls(RootCRLPath)
	return sign(template, root, &key.PublicKey, rootKey)
}

func (o Options) caTemplate(name string, key *rsa.PublicKey, years int) (*x509.Certificate, error) {
	serial, err := newSerial(o.Rand)
	if err != nil {
		return nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	id, err := pki.KeyID(spki)
	if err != nil {
		return nil, err
	}
	start := o.Now().UTC().Add(-backdate).Truncate(time.Second)
	return &x509.Certificate{
		SerialNumber: serial, SubjectKeyId: id,
		Subject:   pkix.Name{Country: []string{"KZ"}, CommonName: name},
		NotBefore: start, NotAfter: start.AddDate(years, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, // RFC 5280 §4.2.1.3
	}, nil
}

// urls gives the absolute address of a path, or none where the centre has no plain HTTP address.
func (o Options) urls(path string) []string {
	if o.BaseURL == "" {
		return nil
	}
	return []string{o.BaseURL + path}
}

func sign(template, parent *x509.Certificate, key any, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back signed certificate: %w", err)
	}
	return cert, nil
}

func material(rootKey crypto.Signer, root *x509.Certificate, issuingKey crypto.Signer, issuing *x509.Certificate) (Material, error) {
	rootDER, err := x509.MarshalPKCS8PrivateKey(rootKey)
	if err != nil {
		return Material{}, fmt.Errorf("write root key: %w", err)
	}
	issuingDER, err := x509.MarshalPKCS8PrivateKey(issuingKey)
	if err != nil {
		return Material{}, fmt.Errorf("write issuing key: %w", err)
	}
	return Material{
		RootKey: encodePEM("PRIVATE KEY", rootDER), RootCertificate: encodePEM("CERTIFICATE", root.Raw),
		IssuingKey: encodePEM("PRIVATE KEY", issuingDER), IssuingCertificate: encodePEM("CERTIFICATE", issuing.Raw),
	}, nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
