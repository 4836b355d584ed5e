package cmp

import (
	"bytes"
	"crypto/sha1" // of certificates that others signed with it
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	oid "encoding/asn1"
	"errors"
	"fmt"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// certHash names the certificate that a certConf is about. RFC 9810 §5.3.18: it SHALL be made with the hash by which
// the certificate was signed, where the AlgorithmIdentifier of its signature says one; hashAlg is for the others only, and
// needs a message of version cmp2021. The Kazakh identifier of GOST signatures says one: 1.2.398.3.10.1.1.2.3.2 is
// GOST 34.10-2015 with 512-bit keys over GOST 34.11-2015 with 512 bits, as 1.2.643.7.1.1.3.3 is in RFC 9215 §2.

var errHash = errors.New("the hash algorithm is not known")

// impliedHash is the hash a certificate was signed with, nil where its signature says none that we know (EdDSA).
func impliedHash(cert *x509.Certificate) func() hash.Hash {
	switch cert.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1:
		return sha1.New
	case x509.SHA256WithRSA, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		return sha256.New
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		return sha512.New384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		return sha512.New
	}
	id := signatureOID(cert)
	for _, d := range []gost.Dialect{gost.Kazakh, gost.Russian} {
		if id.Equal(d.SignatureOID()) {
			return gost.New512
		}
	}
	return nil
}

// signatureOID reads the algorithm a certificate was signed with, which crypto/x509 keeps only where it knows it.
func signatureOID(cert *x509.Certificate) oid.ObjectIdentifier {
	in := cryptobyte.String(cert.Raw)
	var whole, alg cryptobyte.String
	var id oid.ObjectIdentifier
	if !in.ReadASN1(&whole, asn1.SEQUENCE) || !whole.SkipASN1(asn1.SEQUENCE) || !whole.ReadASN1(&alg, asn1.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&id) {
		return nil // crypto/x509 has read these bytes before
	}
	return id
}

// namedHashes are those that hashAlg may name.
var namedHashes = []struct {
	id   oid.ObjectIdentifier
	hash func() hash.Hash
}{
	{oidSHA256, sha256.New}, {oidSHA384, sha512.New384}, {oidSHA512, sha512.New},
	{gost.Kazakh.DigestOID(), gost.New512}, {gost.Kazakh.Digest256OID(), gost.New256},
	{gost.Russian.DigestOID(), gost.New512}, {gost.Russian.Digest256OID(), gost.New256},
}

// matches says whether the certHash is this certificate's.
func (c *certStatus) matches(cert *x509.Certificate) (bool, error) {
	made := impliedHash(cert)
	if c.hashAlg.id != nil {
		made = nil
		for _, named := range namedHashes {
			if named.id.Equal(c.hashAlg.id) {
				made = named.hash
			}
		}
	}
	if made == nil {
		return false, fmt.Errorf("compare certHash: %w", errHash)
	}
	return bytes.Equal(sumOf(made, cert.Raw), c.hash), nil
}

// newCertStatus makes a CertStatus for the certificate. Where hashAlg is needed the message is of version 3 (RFC 9810
// §5.3.18, §7).
func newCertStatus(cert *x509.Certificate, id int64) (c *certStatus, version int) {
	c, version = &certStatus{id: id}, version2
	made := impliedHash(cert)
	if made == nil {
		made, version = sha256.New, version3
		c.hashAlg = algorithm{id: oidSHA256}
	}
	c.hash = sumOf(made, cert.Raw)
	return c, version
}

func sumOf(made func() hash.Hash, data []byte) []byte {
	h := made()
	h.Write(data)
	return h.Sum(nil)
}
