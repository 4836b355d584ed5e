package pki

import (
	"bytes"
	"crypto"
	"crypto/sha1" // the default of OCSP, RFC 5019 §2.1.1
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// maxOCSPCertificates bounds what travels in one response.
const maxOCSPCertificates = 8

var errOCSP = errors.New("response is damaged")

// ocspAnswer is a BasicOCSPResponse, RFC 6960 §4.2.1. Nothing of it is verified.
type ocspAnswer struct {
	signed, algorithm, signature []byte

	byName, byKey []byte // the responder, one of the two
	producedAt    time.Time
	singles       []ocspSingle
	extensions    []pkix.Extension
	certificates  []*x509.Certificate
}

// ocspSingle is the status of one certificate.
type ocspSingle struct {
	digest            asn1.ObjectIdentifier
	nameHash, keyHash []byte
	serial            *big.Int

	state                  Revocation
	reason                 int
	revokedAt              time.Time
	thisUpdate, nextUpdate time.Time
	extensions             []pkix.Extension
}

// parseOCSP reads an OCSPResponse in DER. Responses other than successful ones are errors.
func parseOCSP(der []byte) (*ocspAnswer, error) {
	input := cryptobyte.String(der)
	var response, body, basic, inner, octets cryptobyte.String
	var oid asn1.ObjectIdentifier
	var status int
	if !input.ReadASN1(&response, cbasn1.SEQUENCE) || !input.Empty() || !response.ReadASN1Enum(&status) {
		return nil, errOCSP
	}
	if status != 0 {
		return nil, fmt.Errorf("responder refused to answer, status %d", status)
	}
	if !response.ReadASN1(&body, explicit(0)) || !response.Empty() || !body.ReadASN1(&basic, cbasn1.SEQUENCE) || !body.Empty() ||
		!basic.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidOCSPBasic) || !basic.ReadASN1(&octets, cbasn1.OCTET_STRING) ||
		!basic.Empty() || !octets.ReadASN1(&inner, cbasn1.SEQUENCE) || !octets.Empty() {
		return nil, errOCSP
	}
	answer := new(ocspAnswer)
	var signed, algorithm, certificates cryptobyte.String
	var embedded bool
	if !inner.ReadASN1Element(&signed, cbasn1.SEQUENCE) || !inner.ReadASN1Element(&algorithm, cbasn1.SEQUENCE) ||
		!inner.ReadASN1BitStringAsBytes(&answer.signature) || !inner.ReadOptionalASN1(&certificates, &embedded, explicit(0)) || !inner.Empty() {
		return nil, errOCSP
	}
	answer.signed, answer.algorithm = signed, algorithm
	if embedded {
		if err := answer.readCertificates(certificates); err != nil {
			return nil, err
		}
	}
	return answer, answer.readData(signed)
}

func (a *ocspAnswer) readCertificates(input cryptobyte.String) error {
	var list cryptobyte.String
	if !input.ReadASN1(&list, cbasn1.SEQUENCE) || !input.Empty() {
		return errOCSP
	}
	for !list.Empty() {
		var der cryptobyte.String
		if !list.ReadASN1Element(&der, cbasn1.SEQUENCE) || len(a.certificates) == maxOCSPCertificates {
			return errOCSP
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("responder's certificate: %w", err)
		}
		a.certificates = append(a.certificates, cert)
	}
	return nil
}

// readData reads ResponseData.
func (a *ocspAnswer) readData(signed cryptobyte.String) error {
	var data, version, list, extensions cryptobyte.String
	var hasVersion, hasExtensions bool
	if !signed.ReadASN1(&data, cbasn1.SEQUENCE) || !data.ReadOptionalASN1(&version, &hasVersion, explicit(0)) ||
		hasVersion && !bytes.Equal(version, []byte{2, 1, 0}) { // v1, the only one
		return errOCSP
	}
	var name cryptobyte.String
	var tag cbasn1.Tag
	if !data.ReadAnyASN1(&name, &tag) {
		return errOCSP
	}
	switch tag {
	case explicit(1):
		a.byName = name
	case explicit(2):
		var key cryptobyte.String
		if !name.ReadASN1(&key, cbasn1.OCTET_STRING) || !name.Empty() {
			return errOCSP
		}
		a.byKey = key
	default:
		return errOCSP
	}
	if !data.ReadASN1GeneralizedTime(&a.producedAt) || !data.ReadASN1(&list, cbasn1.SEQUENCE) ||
		!data.ReadOptionalASN1(&extensions, &hasExtensions, explicit(1)) || !data.Empty() {
		return errOCSP
	}
	for !list.Empty() {
		one, err := readSingle(&list)
		if err != nil {
			return err
		}
		a.singles = append(a.singles, one)
	}
	var err error
	if hasExtensions {
		a.extensions, err = readExtensions(extensions)
	}
	return err
}

// readSingle reads SingleResponse.
func readSingle(list *cryptobyte.String) (ocspSingle, error) {
	var one ocspSingle
	var single, id, algorithm, nameHash, keyHash, next, extensions cryptobyte.String
	var hasNext, hasExtensions bool
	one.serial = new(big.Int)
	if !list.ReadASN1(&single, cbasn1.SEQUENCE) || !single.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&one.digest) || !id.ReadASN1(&nameHash, cbasn1.OCTET_STRING) ||
		!id.ReadASN1(&keyHash, cbasn1.OCTET_STRING) || !id.ReadASN1Integer(one.serial) || !id.Empty() {
		return one, errOCSP
	}
	one.nameHash, one.keyHash = nameHash, keyHash
	if !one.readState(&single) || !single.ReadASN1GeneralizedTime(&one.thisUpdate) ||
		!single.ReadOptionalASN1(&next, &hasNext, explicit(0)) || !single.ReadOptionalASN1(&extensions, &hasExtensions, explicit(1)) || !single.Empty() {
		return one, errOCSP
	}
	if hasNext && (!next.ReadASN1GeneralizedTime(&one.nextUpdate) || !next.Empty() || !one.nextUpdate.After(one.thisUpdate)) {
		return one, errOCSP
	}
	var err error
	if hasExtensions {
		one.extensions, err = readExtensions(extensions)
	}
	return one, err
}

// readState reads CertStatus: IMPLICIT [0] good, [1] revoked, [2] unknown.
func (s *ocspSingle) readState(single *cryptobyte.String) bool {
	var content cryptobyte.String
	var tag cbasn1.Tag
	if !single.ReadAnyASN1(&content, &tag) {
		return false
	}
	switch tag {
	case cbasn1.Tag(0).ContextSpecific():
		s.state = Good
		return content.Empty()
	case cbasn1.Tag(2).ContextSpecific():
		s.state = Unknown
		return content.Empty()
	case explicit(1):
		var reason cryptobyte.String
		var given bool
		s.state = Revoked
		return content.ReadASN1GeneralizedTime(&s.revokedAt) && content.ReadOptionalASN1(&reason, &given, explicit(0)) && content.Empty() &&
			(!given || reason.ReadASN1Enum(&s.reason) && reason.Empty())
	default:
		return false
	}
}

// ocspDigests are what issuers may be named with. Streebog is here for responders that answer in kind.
var ocspDigests = []struct {
	oid asn1.ObjectIdentifier
	new func() hash.Hash
}{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, sha1.New},
	{oidSHA256, crypto.SHA256.New},
	{oidSHA384, crypto.SHA384.New},
	{oidSHA512, crypto.SHA512.New},
	{gost.Kazakh.DigestOID(), gost.New512},
	{gost.Kazakh.Digest256OID(), gost.New256},
}

// isOf says whether the status is about this certificate of this issuer (RFC 6960 §4.1.1).
func (s ocspSingle) isOf(cert, issuer *x509.Certificate) bool {
	if s.serial.Cmp(cert.SerialNumber) != 0 {
		return false
	}
	for _, known := range ocspDigests {
		if known.oid.Equal(s.digest) {
			name, key, err := issuerHashes(issuer, known.new)
			return err == nil && bytes.Equal(name, s.nameHash) && bytes.Equal(key, s.keyHash)
		}
	}
	return false
}

func issuerHashes(issuer *x509.Certificate, digest func() hash.Hash) (name, key []byte, err error) {
	bits, err := keyBits(issuer.RawSubjectPublicKeyInfo)
	if err != nil {
		return nil, nil, err
	}
	ofName, ofKey := digest(), digest()
	ofName.Write(issuer.RawSubject)
	ofKey.Write(bits)
	return ofName.Sum(nil), ofKey.Sum(nil), nil
}
