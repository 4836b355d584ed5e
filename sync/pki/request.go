package pki

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// MaxRequest bounds a PKCS#10 in octets; one for RSA-4096 with everything has under 2 KiB.
const MaxRequest = 16 << 10

// NewRequest gives the DER of a PKCS#10 (RFC 2986) for a person and template, signed by signer,
// which is the proof of possession. Its extensionRequest (RFC 2985 §5.4.2) carries the storage and,
// if the person has an e-mail address, a subjectAltName.
func NewRequest(template string, person Person, storageKind string, signer crypto.Signer) ([]byte, error) {
	return DefaultProfiles().NewRequest(template, person, storageKind, signer)
}

// NewRequest is the function of that name, by this table.
func (t *Profiles) NewRequest(template string, person Person, storageKind string, signer crypto.Signer) ([]byte, error) {
	profile, err := t.Template(template)
	if err != nil {
		return nil, fmt.Errorf("build certificate request: %w", err)
	}
	storage, err := t.Storage(storageKind)
	if err != nil {
		return nil, fmt.Errorf("build certificate request: %w", err)
	}
	subject, err := RawSubject(profile, person)
	if err != nil {
		return nil, fmt.Errorf("build certificate request: %w", err)
	}
	place, err := storageExtension(t.KeyStorageExtension, storage.OID)
	if err != nil {
		return nil, fmt.Errorf("build certificate request: %w", err)
	}
	spki, err := marshalKey(signer.Public())
	if err != nil {
		return nil, fmt.Errorf("build certificate request: write public key: %w", err)
	}
	if _, err := profile.Key.parse(spki); err != nil {
		return nil, fmt.Errorf("build certificate request: %w", err)
	}
	request := &x509.CertificateRequest{RawSubject: subject, ExtraExtensions: []pkix.Extension{place}}
	if person.Email != "" {
		request.EmailAddresses = []string{person.Email}
	}
	der, err := createRequest(request, spki, signer)
	if err != nil {
		return nil, fmt.Errorf("build certificate request: %w", err)
	}
	return der, nil
}

// Request is what a PKCS#10 asks for. Fields it does not have are empty.
type Request struct {
	SPKI        []byte // DER
	IIN         string
	Email       string
	StorageKind string // "" if none was named, or one the table does not know
	Parsed      *x509.CertificateRequest
}

// ParseRequest reads a PKCS#10, at most MaxRequest octets, and verifies its signature, the proof of
// possession. Whether key, person and storage are the right ones is for the caller to compare.
func ParseRequest(der []byte) (Request, error) {
	return DefaultProfiles().ParseRequest(der)
}

// ParseRequest is the function of that name, by this table.
func (t *Profiles) ParseRequest(der []byte) (Request, error) {
	if len(der) > MaxRequest {
		return Request{}, fmt.Errorf("read certificate request: %d octets, at most %d are allowed", len(der), MaxRequest)
	}
	parsed, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return Request{}, fmt.Errorf("read certificate request: %w", err)
	}
	if err := checkKeySize(parsed.PublicKey); err != nil {
		return Request{}, fmt.Errorf("read certificate request: %w", err)
	}
	if err := checkPossession(parsed); err != nil {
		return Request{}, fmt.Errorf("read certificate request: proof of possession: %w", err)
	}
	request := Request{SPKI: parsed.RawSubjectPublicKeyInfo, Parsed: parsed}
	request.IIN, _ = subjectIIN(parsed.RawSubject)
	if len(parsed.EmailAddresses) > 1 {
		return Request{}, errors.New("read certificate request: several e-mail addresses")
	}
	if len(parsed.EmailAddresses) == 1 {
		request.Email = parsed.EmailAddresses[0]
		if err := CheckEmail(request.Email); err != nil {
			return Request{}, fmt.Errorf("read certificate request: %w", err)
		}
	}
	found, present := findExtension(parsed.Extensions, asn1.ObjectIdentifier(t.KeyStorageExtension))
	if !present {
		return request, nil
	}
	oid, err := readStorage(found.Value, true)
	if err != nil {
		return Request{}, fmt.Errorf("read certificate request: %w", err)
	}
	for _, storage := range t.Storages {
		if storage.OID.Equal(oid) {
			request.StorageKind = storage.Kind
		}
	}
	return request, nil
}

// checkPossession verifies a request's signature by the key it asks for (RFC 2986 §4.2).
func checkPossession(request *x509.CertificateRequest) error {
	if request.PublicKeyAlgorithm != x509.UnknownPublicKeyAlgorithm {
		return request.CheckSignature()
	}
	key, err := ParseKey(request.RawSubjectPublicKeyInfo)
	if err != nil {
		return err
	}
	signed, algorithm, signature, err := unsealed(request.Raw)
	if err != nil {
		return err
	}
	return VerifyBytes(key, algorithm, signed, signature)
}

// CheckKey says whether the template takes this public key (DER of the SubjectPublicKeyInfo).
func (t *Profiles) CheckKey(template string, spki []byte) error {
	profile, err := t.Template(template)
	if err != nil {
		return fmt.Errorf("check public key: %w", err)
	}
	if _, err := profile.Key.parse(spki); err != nil {
		return fmt.Errorf("check public key: %w", err)
	}
	return nil
}
