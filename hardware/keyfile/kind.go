package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Algorithm is the kind of a key.
type Algorithm string

// The kinds that are told apart.
const (
	AlgorithmRSA      Algorithm = "rsa"
	AlgorithmGOST2015 Algorithm = "gost2015" // ГОСТ 34.10-2015, Kazakh or Russian identifiers
	AlgorithmGOST2004 Algorithm = "gost2004" // ГОСТ 34.310-2004, the authority's older keys: named, not used here
	AlgorithmEC       Algorithm = "ec"
	AlgorithmOther    Algorithm = "other"
)

// known are the identifiers that AlgorithmIdentifiers of keys carry. bits 0: the key itself says.
var known = []struct {
	under     asn1.ObjectIdentifier // this identifier and all below it
	algorithm Algorithm
	bits      int
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, AlgorithmRSA, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, AlgorithmEC, 0},
	{asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 2, 2}, AlgorithmGOST2015, 512},
	{asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 2, 1}, AlgorithmGOST2015, 256},
	{asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 2}, AlgorithmGOST2015, 512}, // ГОСТ Р 34.10-2012, the same algorithm
	{asn1.ObjectIdentifier{1, 2, 643, 7, 1, 1, 1, 1}, AlgorithmGOST2015, 256},
	{asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 1}, AlgorithmGOST2004, 256},
	{asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 6801, 1, 5, 8}, AlgorithmGOST2004, 256}, // before the state had identifiers of its own
}

// kindOf names the algorithm of an identifier.
func kindOf(oid asn1.ObjectIdentifier) (Algorithm, int) {
	for _, k := range known {
		if len(oid) >= len(k.under) && slices.Equal(oid[:len(k.under)], k.under) {
			return k.algorithm, k.bits
		}
	}
	return AlgorithmOther, 0
}

// kindOfCertificate names the algorithm of a certificate's key, and its size in bits, 0 where that is not known.
func kindOfCertificate(cert *x509.Certificate) (Algorithm, int) {
	switch cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return AlgorithmRSA, bitsOf(cert.PublicKey)
	case *ecdsa.PublicKey:
		return AlgorithmEC, bitsOf(cert.PublicKey)
	}
	in := cryptobyte.String(cert.RawSubjectPublicKeyInfo)
	var info, id cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) {
		return AlgorithmOther, 0
	}
	return kindOf(oid)
}

// bitsOf is the size of a public key whose algorithm does not say it; 0 for others.
func bitsOf(public crypto.PublicKey) int {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Params().BitSize
	}
	return 0
}

// kindOfPrivate names the algorithm of a key in PKCS#8 (RFC 5958 §2).
func kindOfPrivate(pkcs8 []byte) (Algorithm, int) {
	in := cryptobyte.String(pkcs8)
	var info, id cryptobyte.String
	var version int
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1Integer(&version) || !info.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) {
		return AlgorithmOther, 0
	}
	return kindOf(oid)
}
