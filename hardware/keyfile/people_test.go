package keyfile

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// People who are nobody, each with the certificate the authority would give, made once.
var (
	gostPerson = sync.OnceValue(func() Entry { // one key for both uses
		key, err := gost.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		return Entry{Key: key, Certificate: issueGOST(ncaTemplate(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment|x509.KeyUsageKeyAgreement,
			x509.ExtKeyUsageEmailProtection, "1.2.398.3.3.2"), key)}
	})
	authPerson = sync.OnceValue(func() Entry {
		return issueRSA(ncaTemplate(x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment, x509.ExtKeyUsageClientAuth, "1.2.398.3.3.2.4"))
	})
	signPerson = sync.OnceValue(func() Entry {
		return issueRSA(ncaTemplate(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment, x509.ExtKeyUsageEmailProtection, "1.2.398.3.3.2.3"))
	})
	ecPerson = sync.OnceValue(func() KeyEntry {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		template := ncaTemplate(0, x509.ExtKeyUsageServerAuth, "")
		return KeyEntry{Key: key, Certificate: selfSigned(template, key)}
	})
)

// ncaTemplate is a certificate as the authority writes it for a person.
func ncaTemplate(usage x509.KeyUsage, extended x509.ExtKeyUsage, policy string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 150))
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, NotBefore: time.Now().Add(-time.Hour).Truncate(time.Second), NotAfter: time.Now().AddDate(1, 0, 0).Truncate(time.Second),
		Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "ҮЛГІЕВА АЙГЕРІМ"}, {Type: oidSurname, Value: "ҮЛГІЕВА"}, {Type: oidSerial, Value: "IIN123456789011"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "KZ"}, {Type: oidGivenName, Value: "СЫНАҚҚЫЗЫ"},
		}},
		KeyUsage: usage, ExtKeyUsage: []x509.ExtKeyUsage{extended}, UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 2, 398, 3, 3, 4, 1, 1}},
	}
	if policy != "" {
		oid, err := x509.ParseOID(policy)
		if err != nil {
			panic(err)
		}
		template.Policies = []x509.OID{oid}
	}
	return template
}

func issueRSA(template *x509.Certificate) Entry {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	sum := sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	template.SubjectKeyId = sum[:]
	return Entry{Key: key, Certificate: selfSigned(template, key)}
}

func selfSigned(template *x509.Certificate, key crypto.Signer) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return parsed(der)
}

func parsed(der []byte) *x509.Certificate {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// issueGOST makes the certificate of a GOST key, signed by itself with the authority's identifiers.
func issueGOST(template *x509.Certificate, key *gost.PrivateKey) *x509.Certificate {
	spki, err := gost.MarshalPublicKey(key.Public().(*gost.PublicKey), gost.Kazakh)
	if err != nil {
		panic(err)
	}
	return resign(template, spki, gost.Kazakh.SignatureOID(), func(tbs []byte) []byte {
		digest := gost.Sum512(tbs)
		signature, err := key.Sign(rand.Reader, digest[:], gost.Kazakh)
		if err != nil {
			panic(err)
		}
		return signature
	})
}

// issueOldGOST makes the certificate of a key of 34.310-2004, which nothing here can use: key and signature are random octets.
func issueOldGOST(oid asn1.ObjectIdentifier, template *x509.Certificate) *x509.Certificate {
	octets := make([]byte, 64)
	rand.Read(octets)
	spki := node(0x30, node(0x30, leafOID(oid), node(0x30, leafOID(append(oid[:len(oid):len(oid)], 1)))), leaf(0x03, append([]byte{0, 0x04, 64}, octets...)))
	return resign(template, spki.der(), asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 1, 2}, func([]byte) []byte { return octets })
}

// oldGOSTKey is such a key in PKCS#8.
func oldGOSTKey(oid asn1.ObjectIdentifier) []byte {
	octets := make([]byte, 32)
	rand.Read(octets)
	inner := leaf(0x04, octets).der()
	return node(0x30, leaf(0x02, []byte{0}), node(0x30, leafOID(oid), node(0x30, leafOID(append(oid[:len(oid):len(oid)], 1)))), leaf(0x04, inner)).der()
}

// resign makes template's certificate with another public key and signature: what crypto/x509 can say it says, the rest is put around it.
func resign(template *x509.Certificate, spki []byte, signature asn1.ObjectIdentifier, sign func(tbs []byte) []byte) *x509.Certificate {
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		panic(err)
	}
	sum := sha1.Sum(info.Key.Bytes)
	template.SubjectKeyId = sum[:]
	throwaway, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	model := selfSigned(template, throwaway)
	in := cryptobyte.String(model.RawTBSCertificate)
	var tbs cryptobyte.String
	var fields []cryptobyte.String
	if !in.ReadASN1(&tbs, cbasn1.SEQUENCE) {
		panic("no certificate")
	}
	for !tbs.Empty() {
		var field cryptobyte.String
		if !tbs.ReadAnyASN1Element(&field, new(cbasn1.Tag)) {
			panic("no certificate")
		}
		fields = append(fields, field)
	}
	algorithm := node(0x30, leafOID(signature), leaf(0x05, nil))
	fields[2], fields[6] = algorithm.der(), spki // RFC 5280 §4.1: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
	out := node(0x30)
	for _, field := range fields {
		out.add(raw(field))
	}
	signed := out.der()
	return parsed(node(0x30, raw(signed), algorithm, leaf(0x03, append([]byte{0}, sign(signed)...))).der())
}
