package pki_test

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/sync/pki"
)

// house is one family's issuing CA with a citizen's certificate, for tests that both families must pass.
type house struct {
	name      string
	issuer    *x509.Certificate
	key       crypto.Signer
	cert      *x509.Certificate
	responder crypto.Signer // a key for a delegate
}

func houses(t testing.TB) []house {
	t.Helper()
	a, ca := sandbox(t), gostHouse()
	return []house{
		{"RSA", a.Issuing(), issuingKey(t), issue(t, a, pki.TemplateSign), otherKey()},
		{"GOST", ca.issuing, ca.key, ca.person(t), ca.responderKey},
	}
}

// list signs a list made a minute ago that stands for an hour, changed as the test likes.
func (h house) list(t testing.TB, change func(*x509.RevocationList), entries ...x509.RevocationListEntry) []byte {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	template := &x509.RevocationList{Number: big.NewInt(10), ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour), RevokedCertificateEntries: entries}
	if change != nil {
		change(template)
	}
	der, err := pki.CreateRevocationList(template, h.issuer, h.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (h house) revoked(reason int) x509.RevocationListEntry {
	return x509.RevocationListEntry{SerialNumber: h.cert.SerialNumber, RevocationTime: time.Now().Add(-time.Hour), ReasonCode: reason}
}

// delegate is a responder's certificate, changed as the test likes.
func (h house) delegate(change func(*x509.Certificate)) *x509.Certificate {
	now := time.Now().UTC().Truncate(time.Second)
	template := &x509.Certificate{SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "responder"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}}
	if change != nil {
		change(template)
	}
	return mustSign(template, h.issuer, h.responder.Public(), h.key)
}

// certIDOf is CertID by SHA-1, RFC 6960 §4.1.1.
func certIDOf(t testing.TB, cert, issuer *x509.Certificate) []byte {
	t.Helper()
	input := cryptobyte.String(issuer.RawSubjectPublicKeyInfo)
	var info cryptobyte.String
	var bits []byte
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		t.Fatal("no public key")
	}
	name, key := sha1.Sum(issuer.RawSubject), sha1.Sum(bits)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26})
			b.AddASN1NULL()
		})
		b.AddASN1OctetString(name[:])
		b.AddASN1OctetString(key[:])
		b.AddASN1BigInt(cert.SerialNumber)
	})
	return b.BytesOrPanic()
}

// response signs an OCSP response made a minute ago that stands for an hour. responder nil: the CA itself.
func (h house) response(t testing.TB, responder *x509.Certificate, change func(*pki.OCSPResponse)) []byte {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	r := pki.OCSPResponse{Statuses: []pki.OCSPStatus{{CertID: certIDOf(t, h.cert, h.issuer), State: pki.Good}}, ProducedAt: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour)}
	if change != nil {
		change(&r)
	}
	signer, key := h.issuer, h.key
	if responder != nil {
		signer, key = responder, h.responder
	}
	der, err := pki.CreateOCSP(r, signer, responder != nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// elements takes the content of a constructed element apart.
func elements(t testing.TB, der []byte) [][]byte {
	t.Helper()
	input := cryptobyte.String(der)
	var content cryptobyte.String
	var tag cbasn1.Tag
	if !input.ReadAnyASN1(&content, &tag) {
		t.Fatal("no element")
	}
	var all [][]byte
	for !content.Empty() {
		var one cryptobyte.String
		if !content.ReadAnyASN1Element(&one, &tag) {
			t.Fatal("no element")
		}
		all = append(all, one)
	}
	return all
}

func element(tag cbasn1.Tag, parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(parts, nil)) })
	return b.BytesOrPanic()
}

// rebuilt changes the parts of what was signed and signs it again with the right key: what a careless or
// broken authority might send. outer nil leaves the algorithm outside as it is.
func (h house) rebuilt(t testing.TB, der []byte, outer []byte, change func([][]byte) [][]byte) []byte {
	t.Helper()
	parts := elements(t, der)
	tbs := element(cbasn1.SEQUENCE, change(elements(t, parts[0]))...)
	_, signature, err := pki.SignBytes(h.key, tbs)
	if err != nil {
		t.Fatal(err)
	}
	if outer == nil {
		outer = parts[1]
	}
	return element(cbasn1.SEQUENCE, tbs, outer, element(cbasn1.BIT_STRING, []byte{0}, signature))
}
