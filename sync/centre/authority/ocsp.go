package authority

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"hash"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// Questions are read here, since x/crypto/ocsp knows neither several certificates in a question, nor a nonce, nor an
// issuer named by Streebog.

// OCSP response statuses, RFC 6960 §4.2.1.
type ocspStatus int

const (
	ocspMalformed    ocspStatus = 1
	ocspInternal     ocspStatus = 2
	ocspTryLater     ocspStatus = 3
	ocspUnauthorized ocspStatus = 6
)

const (
	maxOCSPQuestions = 32
	maxNonce         = 128 // octets, RFC 9654 §2.1
)

var (
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
)

// ocspHashes are those a client may name the issuer by.
var ocspHashes = []struct {
	oid  asn1.ObjectIdentifier
	hash func() hash.Hash
}{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, sha1.New}, // RFC 5019 §2.1.1
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, sha256.New},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, sha512.New384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, sha512.New},
	{gost.Kazakh.DigestOID(), gost.New512},
	{gost.Kazakh.Digest256OID(), gost.New256},
}

// certID names a certificate, RFC 6960 §4.1.1. raw is echoed as it came.
type certID struct {
	raw               []byte
	hash              func() hash.Hash // nil: one we do not know
	nameHash, keyHash []byte
	serial            *big.Int
}

// of says whether the certificate is one of this issuer's.
func (id certID) of(issuer *x509.Certificate) bool {
	if id.hash == nil {
		return false
	}
	name, key := id.hash(), id.hash()
	name.Write(issuer.RawSubject)
	key.Write(publicKeyBits(issuer))
	return bytes.Equal(name.Sum(nil), id.nameHash) && bytes.Equal(key.Sum(nil), id.keyHash)
}

// publicKeyBits gives the content of the key's BIT STRING, which is what is hashed.
func publicKeyBits(cert *x509.Certificate) []byte {
	input := cryptobyte.String(cert.RawSubjectPublicKeyInfo)
	var info cryptobyte.String
	var bits []byte
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		return nil // crypto/x509 has read these bytes before
	}
	return bits
}

// question is an OCSP request.
type question struct {
	certificates []certID
	nonce        []byte // the extension's value, nil if there was none
}

var errOCSPRequest = errors.New("OCSP request is damaged")

func explicit(n uint8) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }

// parseQuestion reads an OCSPRequest, RFC 6960 §4.1.1. A signature is not looked at: nothing here
// depends on who asks.
func parseQuestion(der []byte) (question, error) {
	input := cryptobyte.String(der)
	var request, tbs, list, version, name, extensions cryptobyte.String
	var hasExtensions, skipped bool
	if !input.ReadASN1(&request, cbasn1.SEQUENCE) || !input.Empty() || !request.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.ReadOptionalASN1(&version, &skipped, explicit(0)) || !tbs.ReadOptionalASN1(&name, &skipped, explicit(1)) ||
		!tbs.ReadASN1(&list, cbasn1.SEQUENCE) || !tbs.ReadOptionalASN1(&extensions, &hasExtensions, explicit(2)) || !tbs.Empty() {
		return question{}, errOCSPRequest
	}
	var asked question
	for !list.Empty() {
		var one cryptobyte.String
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || len(asked.certificates) == maxOCSPQuestions {
			return question{}, errOCSPRequest
		}
		id, err := parseCertID(&one)
		if err != nil {
			return question{}, err
		}
		asked.certificates = append(asked.certificates, id)
	}
	if len(asked.certificates) == 0 {
		return question{}, errOCSPRequest
	}
	if hasExtensions {
		var err error
		if asked.nonce, err = parseNonce(extensions); err != nil {
			return question{}, err
		}
	}
	return asked, nil
}

func parseCertID(input *cryptobyte.String) (certID, error) {
	var whole, id, algorithm, nameHash, keyHash cryptobyte.String
	var oid asn1.ObjectIdentifier
	serial := new(big.Int)
	if !input.ReadASN1Element(&whole, cbasn1.SEQUENCE) {
		return certID{}, errOCSPRequest
	}
	rest := whole
	if !rest.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1(&algorithm, cbasn1.SEQUENCE) ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) || !id.ReadASN1(&nameHash, cbasn1.OCTET_STRING) ||
		!id.ReadASN1(&keyHash, cbasn1.OCTET_STRING) || !id.ReadASN1Integer(serial) || !id.Empty() {
		return certID{}, errOCSPRequest
	}
	found := certID{raw: whole, nameHash: nameHash, keyHash: keyHash, serial: serial}
	for _, known := range ocspHashes {
		if known.oid.Equal(oid) {
			found.hash = known.hash
		}
	}
	return found, nil
}

// parseNonce looks through the request's extensions. The nonce is echoed as it came (RFC 6960 §4.4.1); an
// unknown critical extension spoils the request.
func parseNonce(extensions cryptobyte.String) ([]byte, error) {
	var list cryptobyte.String
	if !extensions.ReadASN1(&list, cbasn1.SEQUENCE) || !extensions.Empty() {
		return nil, errOCSPRequest
	}
	var nonce []byte
	for !list.Empty() {
		var one, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		critical := false
		if !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) ||
			one.PeekASN1Tag(cbasn1.BOOLEAN) && !one.ReadASN1Boolean(&critical) ||
			!one.ReadASN1(&value, cbasn1.OCTET_STRING) || !one.Empty() {
			return nil, errOCSPRequest
		}
		if !oid.Equal(oidOCSPNonce) {
			if critical {
				return nil, errOCSPRequest
			}
			continue
		}
		if nonce != nil || len(value) == 0 || len(value) > maxNonce+3 { // 3: the OCTET STRING's own head
			return nil, errOCSPRequest
		}
		nonce = value
	}
	return nonce, nil
}

// errorResponse is an OCSPResponse that carries a status only, RFC 6960 §4.2.1.
func errorResponse(status ocspStatus) []byte {
	return []byte{0x30, 0x03, 0x0a, 0x01, byte(status)}
}
