package pki

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// Issuance is what the authority decides about one certificate.
type Issuance struct {
	Template string
	Person   Person
	Storage  string   // a storage kind
	SPKI     []byte   // DER of the SubjectPublicKeyInfo
	Serial   *big.Int // nil where the profile's serial rule says what it is
	NotBefore,
	NotAfter time.Time
	Notice  string   // explicit text of the policy's user notice; empty leaves it out
	OCSP    []string // authority information access
	CAURLs  []string // caIssuers
	CRLURLs []string
}

// Build gives the template a certificate of that profile is signed from, with the public key it is
// for. It refuses keys the profile does not take; ErrUnknownTemplate, ErrUnknownStorage.
func (t *Profiles) Build(in Issuance) (*x509.Certificate, crypto.PublicKey, error) {
	profile, err := t.Template(in.Template)
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	storage, err := t.Storage(in.Storage)
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	key, err := profile.Key.parse(in.SPKI)
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	subject, err := RawSubject(profile, in.Person)
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	usage, err := profile.keyUsage()
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	id, err := KeyID(in.SPKI)
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	serial, err := profile.serial(in.Serial, in.SPKI)
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	extra, err := t.extensions(profile, storage, in.Notice)
	if err != nil {
		return nil, nil, fmt.Errorf("build certificate: %w", err)
	}
	cert := &x509.Certificate{
		SerialNumber: serial, RawSubject: subject, SubjectKeyId: id,
		NotBefore: in.NotBefore, NotAfter: in.NotAfter, KeyUsage: usage,
		OCSPServer: in.OCSP, IssuingCertificateURL: in.CAURLs, CRLDistributionPoints: in.CRLURLs,
		ExtraExtensions: extra,
	}
	if in.Person.Email != "" {
		cert.EmailAddresses = []string{in.Person.Email}
	}
	return cert, key, nil
}

func (t *Profiles) extensions(profile Profile, storage Storage, notice string) ([]pkix.Extension, error) {
	usage, err := extKeyUsageExtension(profile.ExtKeyUsage)
	if err != nil {
		return nil, err
	}
	policy, err := policyExtension(profile.Policy, notice)
	if err != nil {
		return nil, err
	}
	place, err := storageExtension(t.KeyStorageExtension, storage.OID)
	if err != nil {
		return nil, err
	}
	return []pkix.Extension{usage, policy, place}, nil
}

// parse reads a public key and holds it against the rule. The encoding must be the one we would
// write ourselves, for applications name keys by the hash of these bytes.
func (r KeyRule) parse(spki []byte) (crypto.PublicKey, error) {
	parsed, err := ParseKey(spki)
	if err != nil {
		return nil, err
	}
	switch key := parsed.(type) {
	case *rsa.PublicKey:
		if r.Algorithm == KeyRSA {
			err = r.bounds(key)
			break
		}
		return nil, fmt.Errorf("public key is RSA, the profile wants %s", r.Algorithm)
	case *gost.PublicKey:
		if r.Algorithm == KeyGOST {
			break
		}
		return nil, fmt.Errorf("public key is GOST, the profile wants %s", r.Algorithm)
	default:
		return nil, fmt.Errorf("public key is %T, the profile wants %s", parsed, r.Algorithm)
	}
	if err != nil {
		return nil, err
	}
	canonical, err := marshalKey(parsed)
	if err != nil {
		return nil, fmt.Errorf("write public key: %w", err)
	}
	if !bytes.Equal(canonical, spki) {
		return nil, errors.New("public key is not encoded in DER as its algorithm wants (RSA: RFC 3279 §2.3.1)")
	}
	return parsed, nil
}

func (r KeyRule) bounds(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < r.MinBits || bits > r.MaxBits {
		return fmt.Errorf("public key has %d bits, the profile wants %d to %d", bits, r.MinBits, r.MaxBits)
	}
	if key.E < 65537 || key.E%2 == 0 || key.N.Bit(0) == 0 {
		return errors.New("public key is weak: even modulus, or an exponent that is even or under 65537")
	}
	return nil
}

// serial applies the profile's serial rule to the number the authority drew, if it drew one.
func (p Profile) serial(drawn *big.Int, spki []byte) (*big.Int, error) {
	if p.Serial != SerialKeyIdentifier {
		return drawn, nil
	}
	ruled, err := KeySerial(spki)
	if err != nil {
		return nil, err
	}
	if drawn != nil && drawn.Cmp(ruled) != 0 {
		return nil, errors.New("serial number is not the one that follows from the key")
	}
	return ruled, nil
}
