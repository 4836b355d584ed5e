package gost_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
)

func isParameters(err error) bool { return errors.Is(err, gost.ErrParameters) }

// signedBody is what requests and certificates share: RFC 2986 §4.2, RFC 5280 §4.1.
type signedBody struct {
	Body      asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// seal signs a body with Russian identifiers.
func seal(t *testing.T, key *gost.PrivateKey, body any) []byte {
	t.Helper()
	der := must[[]byte](t)(asn1.Marshal(body))
	digest := gost.Sum512(der)
	signature := must[[]byte](t)(key.Sign(nil, digest[:], gost.Russian))
	return must[[]byte](t)(asn1.Marshal(signedBody{asn1.RawValue{FullBytes: der}, pkix.AlgorithmIdentifier{Algorithm: gost.Russian.SignatureOID()},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}}))
}

func named(name string) asn1.RawValue {
	der, _ := asn1.Marshal(pkix.Name{CommonName: name}.ToRDNSequence())
	return asn1.RawValue{FullBytes: der}
}

func spki(t *testing.T, key *gost.PrivateKey) asn1.RawValue {
	return asn1.RawValue{FullBytes: must[[]byte](t)(gost.MarshalPublicKey(key.Public().(*gost.PublicKey), gost.Russian))}
}

// request is a PKCS#10 request.
func request(t *testing.T, key *gost.PrivateKey, name string) []byte {
	t.Helper()
	return seal(t, key, struct {
		Version       int
		Subject, SPKI asn1.RawValue
		Attributes    asn1.RawValue
	}{0, named(name), spki(t, key), asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true}})
}

// selfSigned is a root certificate.
func selfSigned(t *testing.T, key *gost.PrivateKey, name string) []byte {
	t.Helper()
	ca := must[[]byte](t)(asn1.Marshal(struct{ CA bool }{true}))
	return seal(t, key, struct {
		Version    int `asn1:"explicit,tag:0"`
		Serial     *big.Int
		Algorithm  pkix.AlgorithmIdentifier
		Issuer     asn1.RawValue
		Validity   struct{ NotBefore, NotAfter time.Time }
		Subject    asn1.RawValue
		SPKI       asn1.RawValue
		Extensions []pkix.Extension `asn1:"explicit,tag:3"`
	}{2, big.NewInt(1), pkix.AlgorithmIdentifier{Algorithm: gost.Russian.SignatureOID()}, named(name),
		struct{ NotBefore, NotAfter time.Time }{time.Now().Add(-time.Hour).UTC(), time.Now().Add(24 * time.Hour).UTC()},
		named(name), spki(t, key), []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 19}, Critical: true, Value: ca}}})
}

// ncaFile finds one of НУЦ's public test files: in the folder TIRKEU_NCA names, or beside the project. They are not part of the project.
func ncaFile(t *testing.T, pattern string) string {
	t.Helper()
	folder := os.Getenv("TIRKEU_NCA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "vectors", "nca")
	}
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) != 1 {
		t.Skipf("НУЦ's test file %s is not here", pattern)
	}
	return found[0]
}

// ncaCertificate reads a certificate, out of a key file with OpenSSL.
func ncaCertificate(t *testing.T, pattern string) *x509.Certificate {
	t.Helper()
	path := ncaFile(t, pattern)
	der := must[[]byte](t)(os.ReadFile(path))
	if filepath.Ext(path) == ".p12" {
		shell := `openssl pkcs12 -legacy -in "$1" -passin pass:Qwerty12 -nokeys -clcerts | openssl x509 -outform der`
		der = must[[]byte](t)(exec.Command("sh", "-c", shell, "sh", path).Output())
	}
	return must[*x509.Certificate](t)(x509.ParseCertificate(der))
}

// НУЦ's test root signed itself and the issuing centre, which signed the person's certificate.
func TestKazakh_IsWhatTheCertificationCentreWrites(t *testing.T) {
	root := ncaCertificate(t, "root_test_gost_2022.cer")
	issuing := ncaCertificate(t, "nca_gost2022_test.cer")
	person := ncaCertificate(t, "GOST512_*.p12")
	for _, link := range []struct {
		name          string
		child, parent *x509.Certificate
	}{{"root", root, root}, {"issuing centre", issuing, root}, {"person", person, issuing}} {
		public, dialect, err := gost.ParsePublicKey(link.parent.RawSubjectPublicKeyInfo)
		if err != nil || dialect != gost.Kazakh {
			t.Fatalf("%s: parent's key: %v, %v", link.name, dialect, err)
		}
		digest := gost.Sum512(link.child.RawTBSCertificate)
		if !public.Verify(gost.Kazakh, digest[:], link.child.Signature) {
			t.Errorf("%s: refused", link.name)
		}
		if public.Verify(gost.Russian, digest[:], link.child.Signature) {
			t.Errorf("%s: taken for Russian", link.name)
		}
		again := must[[]byte](t)(gost.MarshalPublicKey(public, gost.Kazakh))
		if string(again) != string(link.parent.RawSubjectPublicKeyInfo) {
			t.Errorf("%s: parent's key is written otherwise", link.name)
		}
		var outer signedBody
		if _, err := asn1.Unmarshal(link.child.Raw, &outer); err != nil || !outer.Algorithm.Algorithm.Equal(gost.Kazakh.SignatureOID()) {
			t.Errorf("%s: signed by %v: %v", link.name, outer.Algorithm.Algorithm, err)
		}
	}
}
