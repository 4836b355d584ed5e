package authority_test

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"hash"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

// asking names a certificate in a question, RFC 6960 §4.1.1.
type asking struct {
	cert, issuer *x509.Certificate
	oid          asn1.ObjectIdentifier
	hash         func() hash.Hash
}

var oidSHA1 = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}

// keyBits are the content of a key's BIT STRING.
func keyBits(t testing.TB, cert *x509.Certificate) []byte {
	t.Helper()
	in := cryptobyte.String(cert.RawSubjectPublicKeyInfo)
	var info cryptobyte.String
	var bits []byte
	if !in.ReadASN1(&info, cbasn1.SEQUENCE) || !info.SkipASN1(cbasn1.SEQUENCE) || !info.ReadASN1BitStringAsBytes(&bits) {
		t.Fatal("a certificate without key")
	}
	return bits
}

func question(t testing.TB, all ...asking) []byte {
	t.Helper()
	var b cryptobyte.Builder
	sequence := func(b *cryptobyte.Builder, f func(*cryptobyte.Builder)) { b.AddASN1(cbasn1.SEQUENCE, f) }
	sequence(&b, func(b *cryptobyte.Builder) { // OCSPRequest
		sequence(b, func(b *cryptobyte.Builder) { // TBSRequest
			sequence(b, func(b *cryptobyte.Builder) { // requestList
				for _, one := range all {
					name, key := one.hash(), one.hash()
					name.Write(one.issuer.RawSubject)
					key.Write(keyBits(t, one.issuer))
					sequence(b, func(b *cryptobyte.Builder) { // Request
						sequence(b, func(b *cryptobyte.Builder) { // CertID
							sequence(b, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(one.oid) })
							b.AddASN1OctetString(name.Sum(nil))
							b.AddASN1OctetString(key.Sum(nil))
							b.AddASN1BigInt(one.cert.SerialNumber)
						})
					})
				}
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func answerTo(t *testing.T, responder *authority.Responder, question []byte) []byte {
	t.Helper()
	in := httptest.NewRequest(http.MethodPost, "/ocsp", bytes.NewReader(question))
	in.Header.Set("Content-Type", "application/ocsp-request")
	out := httptest.NewRecorder()
	responder.ServeHTTP(out, in)
	if out.Code != http.StatusOK {
		t.Fatalf("HTTP %d", out.Code)
	}
	return out.Body.Bytes()
}

// basic unwraps a successful OCSPResponse.
func basic(t *testing.T, der []byte) []byte {
	t.Helper()
	in := cryptobyte.String(der)
	var whole, wrapped, bytes, response cryptobyte.String
	if !in.ReadASN1(&whole, cbasn1.SEQUENCE) || !whole.SkipASN1(cbasn1.ENUM) || !whole.ReadASN1(&wrapped, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!wrapped.ReadASN1(&bytes, cbasn1.SEQUENCE) || !bytes.SkipASN1(cbasn1.OBJECT_IDENTIFIER) || !bytes.ReadASN1(&response, cbasn1.OCTET_STRING) {
		t.Fatalf("%x is no successful response", der)
	}
	return response
}

// embedded is the responder's certificate in a basic response.
func embedded(t *testing.T, basic []byte) *x509.Certificate {
	t.Helper()
	in := cryptobyte.String(basic)
	var whole, certs, list, one cryptobyte.String
	if !in.ReadASN1(&whole, cbasn1.SEQUENCE) || !whole.SkipASN1(cbasn1.SEQUENCE) || !whole.SkipASN1(cbasn1.SEQUENCE) || !whole.SkipASN1(cbasn1.BIT_STRING) ||
		!whole.ReadASN1(&certs, cbasn1.Tag(0).Constructed().ContextSpecific()) || !certs.ReadASN1(&list, cbasn1.SEQUENCE) || !list.ReadASN1Element(&one, cbasn1.SEQUENCE) {
		t.Fatal("the response brings no certificate")
	}
	cert, err := x509.ParseCertificate(one)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestResponder_AnswersForGOSTWithGOST(t *testing.T) {
	a := open(t, authority.Options{})
	ca, cert, rsaCert := gostCA(t, a), issueGOST(t, a), issue(t, a, pki.TemplateSign)
	store := &register{known: map[string]authority.CertificateStatus{}}
	for name, bySelf := range map[string]bool{"delegated": false, "signed by the CA": true} {
		t.Run(name, func(t *testing.T) {
			responder := &authority.Responder{Authority: a, Store: store, BySelf: bySelf}
			for what, c := range map[string]struct {
				status authority.CertificateStatus
				want   pki.Revocation
			}{
				"good":               {authority.CertificateStatus{Issued: true, Issuer: authority.GOST}, pki.Good},
				"revoked":            {authority.CertificateStatus{Issued: true, Issuer: authority.GOST, Revoked: true, RevokedAt: time.Now(), Reason: 5}, pki.Revoked},
				"never issued":       {authority.CertificateStatus{}, pki.Unknown},
				"issued by RSA":      {authority.CertificateStatus{Issued: true, Issuer: authority.RSA}, pki.Unknown},
				"issued before GOST": {authority.CertificateStatus{Issued: true}, pki.Unknown},
			} {
				store.mutex.Lock()
				store.known[cert.SerialNumber.String()] = c.status
				store.mutex.Unlock()
				der := answerTo(t, responder, question(t, asking{cert, ca, oidSHA1, sha1.New}))
				answer := pki.CheckOCSP(der, cert, ca, time.Now(), 0)
				if answer.State != c.want || answer.Reason != c.status.Reason {
					t.Errorf("%s: %v, reason %d: %v", what, answer.State, answer.Reason, answer.Err)
				}
				signer := ca
				if !bySelf {
					signer = embedded(t, basic(t, der))
					if err := pki.CheckSignatureFrom(signer, ca); err != nil {
						t.Errorf("%s: the responder's certificate: %v", what, err)
					}
				}
				signed, signature := centretest.Parts(t, basic(t, der))
				if key, err := pki.ParseKey(signer.RawSubjectPublicKeyInfo); err != nil || !verifies(key, signed, signature) {
					t.Errorf("%s: the answer is not signed with GOST: %v", what, err)
				}
			}
			// The same responder answers for RSA with RSA.
			store.mutex.Lock()
			store.known[rsaCert.SerialNumber.String()] = authority.CertificateStatus{Issued: true, Issuer: authority.RSA}
			store.mutex.Unlock()
			der := answerTo(t, responder, question(t, asking{rsaCert, a.Issuing(), oidSHA1, sha1.New}))
			if parsed, err := ocsp.ParseResponseForCert(der, rsaCert, a.Issuing()); err != nil || parsed.Status != ocsp.Good {
				t.Errorf("for RSA: %+v, %v", parsed, err)
			}
		})
	}
}

func verifies(key crypto.PublicKey, signed, signature []byte) bool {
	public, isGOST := key.(*gost.PublicKey)
	sum := gost.Sum512(signed)
	return isGOST && public.Verify(gost.Kazakh, sum[:], signature)
}

func TestResponder_KnowsAnIssuerNamedByStreebog(t *testing.T) {
	a := open(t, authority.Options{})
	ca, cert := gostCA(t, a), issueGOST(t, a)
	store := &register{known: map[string]authority.CertificateStatus{cert.SerialNumber.String(): {Issued: true, Issuer: authority.GOST}}}
	responder := &authority.Responder{Authority: a, Store: store}
	for _, h := range []asking{{cert, ca, gost.Kazakh.DigestOID(), gost.New512}, {cert, ca, gost.Kazakh.Digest256OID(), gost.New256}} {
		der := answerTo(t, responder, question(t, h))
		if len(der) < 10 {
			t.Errorf("%v: %x", h.oid, der)
			continue
		}
		if !bytes.Contains(basic(t, der), []byte{0x80, 0x00}) { // good [0] IMPLICIT NULL
			t.Errorf("%v: not good", h.oid)
		}
	}
}

// One answer has one signature, and a CA speaks for its own certificates only.
func TestResponder_SaysUnknownOfAnotherCAsCertificateInTheSameQuestion(t *testing.T) {
	a := open(t, authority.Options{})
	rsaCert, gostCert := issue(t, a, pki.TemplateSign), issueGOST(t, a)
	store := &register{known: map[string]authority.CertificateStatus{
		rsaCert.SerialNumber.String():  {Issued: true, Issuer: authority.RSA},
		gostCert.SerialNumber.String(): {Issued: true, Issuer: authority.GOST},
	}}
	responder := &authority.Responder{Authority: a, Store: store}
	der := answerTo(t, responder, question(t, asking{rsaCert, a.Issuing(), oidSHA1, sha1.New}, asking{gostCert, gostCA(t, a), oidSHA1, sha1.New}))
	if parsed, err := ocsp.ParseResponseForCert(der, rsaCert, a.Issuing()); err != nil || parsed.Status != ocsp.Good {
		t.Errorf("the RSA certificate: %+v, %v", parsed, err)
	}
	if parsed, err := ocsp.ParseResponseForCert(der, gostCert, nil); err != nil || parsed.Status != ocsp.Unknown {
		t.Errorf("the GOST certificate in an answer signed for RSA: %+v, %v", parsed, err)
	}
}
