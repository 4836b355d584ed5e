package cmp

import (
	"crypto"
	"crypto/x509"
	oid "encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// certStatus is the one CertStatus of a certConf (RFC 9810 §5.3.18).
type certStatus struct {
	hash    []byte
	id      int64
	info    *PKIStatusInfo // nil means accepted
	hashAlg algorithm      // id nil: by the certificate's signature algorithm
}

func parseCertConf(body cryptobyte.String) (*certStatus, error) {
	var list, one cryptobyte.String
	c := &certStatus{}
	if !body.ReadASN1(&list, asn1.SEQUENCE) || !body.Empty() || !list.ReadASN1(&one, asn1.SEQUENCE) || !list.Empty() ||
		!one.ReadASN1Bytes(&c.hash, asn1.OCTET_STRING) || !one.ReadASN1Integer(&c.id) {
		return nil, malformed("CertConfirmContent")
	}
	if one.PeekASN1Tag(asn1.SEQUENCE) {
		info, err := parseStatusInfo(&one)
		if err != nil {
			return nil, err
		}
		c.info = &info
	}
	var field cryptobyte.String
	var present, ok bool
	if !one.ReadOptionalASN1(&field, &present, explicit(0)) || !one.Empty() {
		return nil, malformed("CertStatus")
	}
	if present {
		if c.hashAlg, ok = readAlgorithm(&field, asn1.SEQUENCE); !ok || !field.Empty() {
			return nil, malformed("hashAlg")
		}
	}
	return c, nil
}

func (c *certStatus) body() bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1OctetString(c.hash)
				b.AddASN1Int64(c.id)
				if c.info != nil {
					c.info.add(b)
				}
				if c.hashAlg.id != nil {
					b.AddASN1(explicit(0), c.hashAlg.add)
				}
			})
		})
	}
}

// accepted says whether the other side took the certificate.
func (c *certStatus) accepted() bool { return c.info == nil || c.info.Status <= GrantedWithMods }

var errHash = errors.New("the hash algorithm is not known")

// impliedHash is the hash of the algorithm the certificate was signed with, which certHash is made with (RFC 9810 §5.3.18). False where
// that algorithm has none of its own that we know (EdDSA, GOST): then hashAlg must say it.
func impliedHash(cert *x509.Certificate) (crypto.Hash, bool) {
	switch cert.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		return crypto.SHA1, true
	case x509.SHA256WithRSA, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		return crypto.SHA256, true
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		return crypto.SHA384, true
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		return crypto.SHA512, true
	}
	return 0, false
}

var namedHashes = []struct {
	id   oid.ObjectIdentifier
	hash crypto.Hash
}{{oidSHA256, crypto.SHA256}, {oidSHA384, crypto.SHA384}, {oidSHA512, crypto.SHA512}}

// matches says whether the certHash is this certificate's.
func (c *certStatus) matches(cert *x509.Certificate) (bool, error) {
	hash, known := impliedHash(cert)
	if c.hashAlg.id != nil {
		known = false
		for _, named := range namedHashes {
			if named.id.Equal(c.hashAlg.id) {
				hash, known = named.hash, true
			}
		}
	}
	if !known {
		return false, fmt.Errorf("compare certHash: %w", errHash)
	}
	h := hash.New()
	h.Write(cert.Raw)
	return string(h.Sum(nil)) == string(c.hash), nil
}

// newCertStatus makes a CertStatus for the certificate. Where hashAlg is needed the message is of version 3 (RFC 9810 §7).
func newCertStatus(cert *x509.Certificate, id int64) (c *certStatus, version int) {
	c, version = &certStatus{id: id}, version2
	hash, known := impliedHash(cert)
	if !known {
		hash, version = crypto.SHA256, version3
		c.hashAlg = algorithm{id: oidSHA256}
	}
	h := hash.New()
	h.Write(cert.Raw)
	c.hash = h.Sum(nil)
	return c, version
}
