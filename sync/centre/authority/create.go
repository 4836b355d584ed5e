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

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Material is a sandbox authority as the centre stores it, all PEM: keys as PKCS#8, certificates
// as X.509. The keys must be readable by the centre alone. Lost keys cannot be made again: every
// certificate would have to be issued anew. RootKey may be kept elsewhere and left empty; then
// only RootCRL and a new issuing CA are impossible. GOSTKey and GOSTCertificate are empty where the
// authority is older than its GOST CA, until CreateGOST makes them.
type Material struct {
	RootKey            []byte
	RootCertificate    []byte
	IssuingKey         []byte
	IssuingCertificate []byte
	GOSTKey            []byte
	GOSTCertificate    []byte
}

func (m Material) hasGOST() bool { return len(m.GOSTKey) > 0 || len(m.GOSTCertificate) > 0 }

// Options of Create and Open.
type Options struct {
	Name    string           // stands in the CAs' names; default "TIRKEU"
	BaseURL string           // plain HTTP address clients reach this centre at, as http://host:port
	Now     func() time.Time // nil: time.Now
	Rand    io.Reader        // serial numbers; nil: crypto/rand
}

const (
	defaultName  = "TIRKEU"
	sandboxMark  = pki.SandboxMark
	maxName      = 38 // a common name has 64 characters at most (RFC 5280 appendix A.1), and the CAs' add 26
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
	GOSTCertificatePath    = "/ca/issuing-gost.cer"
	RootCRLPath            = "/crl/root.crl"
	IssuingCRLPath         = "/crl/issuing.crl"
	GOSTCRLPath            = "/crl/issuing-gost.crl"
	OCSPPath               = "/ocsp"
)

// Create makes a root, RSA-2048, which any client can verify, and under it an issuing CA for RSA and one for GOST.
func Create(options Options) (Material, error) {
	options = options.filled()
	name := strings.TrimSpace(options.Name)
	if name == "" || len(name) > maxName {
		return Material{}, fmt.Errorf("create authority: name must have 1 to %d octets", maxName)
	}
	rootKey, rootSPKI, err := newRSA()
	if err != nil {
		return Material{}, fmt.Errorf("create authority: root: %w", err)
	}
	root, err := options.rootCertificate(name, rootSPKI, rootKey)
	if err != nil {
		return Material{}, fmt.Errorf("create authority: root: %w", err)
	}
	issuingKey, spki, err := newRSA()
	if err != nil {
		return Material{}, fmt.Errorf("create authority: issuing CA: %w", err)
	}
	issuing, err := options.issuingCertificate(name+" "+sandboxMark+" ISSUING CA", spki, root, rootKey)
	if err != nil {
		return Material{}, fmt.Errorf("create authority: issuing CA: %w", err)
	}
	var made Material
	if made.RootKey, made.RootCertificate, err = encodePair(rootKey, root); err != nil {
		return Material{}, fmt.Errorf("create authority: root: %w", err)
	}
	if made.IssuingKey, made.IssuingCertificate, err = encodePair(issuingKey, issuing); err != nil {
		return Material{}, fmt.Errorf("create authority: issuing CA: %w", err)
	}
	return CreateGOST(made, options)
}

// CreateGOST makes the GOST issuing CA of an authority that has none, under the same root and with a name after that of
// its RSA issuing CA. Whoever trusts the root needs nothing new. The root's key must be there.
func CreateGOST(stored Material, options Options) (Material, error) {
	options = options.filled()
	if stored.hasGOST() {
		return Material{}, errors.New("create GOST issuing CA: there is one")
	}
	a, err := Open(stored, options)
	if err != nil {
		return Material{}, fmt.Errorf("create GOST issuing CA: %w", err)
	}
	if a.rootKey == nil {
		return Material{}, errors.New("create GOST issuing CA: the root's key is not here")
	}
	name, _, _ := strings.Cut(a.rsa.cert.Subject.CommonName, " "+sandboxMark)
	key, spki, err := newGOST()
	if err != nil {
		return Material{}, fmt.Errorf("create GOST issuing CA: %w", err)
	}
	cert, err := options.issuingCertificate(name+" (GOST) "+sandboxMark+" ISSUING CA", spki, a.root, a.rootKey)
	if err != nil {
		return Material{}, fmt.Errorf("create GOST issuing CA: %w", err)
	}
	made := stored
	if made.GOSTKey, made.GOSTCertificate, err = encodePair(key, cert); err != nil {
		return Material{}, fmt.Errorf("create GOST issuing CA: %w", err)
	}
	return made, nil
}

// newRSA makes a CA's key, with its SubjectPublicKeyInfo.
func newRSA() (crypto.Signer, []byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, caKeyBits)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	return key, spki, err
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

func (o Options) rootCertificate(name string, spki []byte, key crypto.Signer) (*x509.Certificate, error) {
	template, err := o.caTemplate(name+" "+sandboxMark+" ROOT CA", spki, rootYears)
	if err != nil {
		return nil, err
	}
	template.MaxPathLen = 1
	return sign(template, template, spki, key)
}

func (o Options) issuingCertificate(name string, spki []byte, root *x509.Certificate, rootKey crypto.Signer) (*x509.Certificate, error) {
	template, err := o.caTemplate(name, spki, issuingYears)
	if err != nil {
		return nil, err
	}
	if template.NotAfter.After(root.NotAfter) { // a root that is some years old
		template.NotAfter = root.NotAfter
	}
	template.MaxPathLenZero = true
	template.IssuingCertificateURL = o.urls(RootCertificatePath)
	template.CRLDistributionPoints = o.urls(RootCRLPath)
	return sign(template, root, spki, rootKey)
}

func (o Options) caTemplate(name string, spki []byte, years int) (*x509.Certificate, error) {
	serial, err := newSerial(o.Rand)
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

// sign signs a certificate for a public key (SPKI in DER) of either family with a key of either.
func sign(template, parent *x509.Certificate, spki []byte, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := pki.CreateCertificate(template, parent, spki, signer)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back signed certificate: %w", err)
	}
	return cert, nil
}

// encodePair writes a CA's key and certificate as they are stored. A GOST key is written in the Kazakh dialect.
func encodePair(key crypto.Signer, cert *x509.Certificate) (keyPEM, certPEM []byte, err error) {
	var der []byte
	if own, isGOST := key.(*gost.PrivateKey); isGOST {
		der, err = gost.MarshalPrivateKey(own, gost.Kazakh)
	} else {
		der, err = x509.MarshalPKCS8PrivateKey(key)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("write key: %w", err)
	}
	return encodePEM("PRIVATE KEY", der), encodePEM("CERTIFICATE", cert.Raw), nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
