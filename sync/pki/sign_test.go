package pki_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/pki"
)

var decision = []byte(`{"number":"10010000015","verdict":"confirm"}`)

// token is a signer that shows nothing but crypto.Signer, as a key on a device does.
type token struct{ key crypto.Signer }

func (t token) Public() crypto.PublicKey { return t.key.Public() }
func (t token) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return t.key.Sign(r, digest, o)
}

func sign(t testing.TB, a *authority.Authority, at time.Time) ([]byte, *x509.Certificate) {
	t.Helper()
	cert := issueOperator(t, a)
	cms, err := pki.SignDetached(decision, cert, []*x509.Certificate{a.Issuing()}, token{citizenKey()}, at)
	if err != nil {
		t.Fatal(err)
	}
	return cms, cert
}

func TestVerifyDetached_TakesOurOwnSignature(t *testing.T) {
	a, now := sandbox(t), time.Now().UTC().Truncate(time.Second)
	at := now.Add(-time.Minute)
	cms, cert := sign(t, a, at)
	signer, signedAt, err := pki.VerifyDetached(decision, cms, a.Roots(), now)
	if err != nil {
		t.Fatal(err)
	}
	if !signer.Equal(cert) || !signedAt.Equal(at) || !pki.IsOperator(signer) {
		t.Fatalf("signer %v at %v, want %v", signer.Subject, signedAt, at)
	}
}

func TestSignDetached_IsAcceptedByOpenSSL(t *testing.T) {
	a := sandbox(t)
	cms, _ := sign(t, a, time.Now())
	file, content := write(t, "decision.p7s", "", cms), write(t, "decision.json", "", decision)
	mustOpenSSL(t, "cms", "-verify", "-binary", "-inform", "DER", "-in", file, "-content", content, "-CAfile", writeCert(t, a.Root()), "-purpose", "any", "-cades")
	other := write(t, "other.json", "", []byte("other"))
	if output, err := openssl(t, "cms", "-verify", "-binary", "-inform", "DER", "-in", file, "-content", other, "-CAfile", writeCert(t, a.Root()), "-purpose", "any"); err == nil {
		t.Fatalf("OpenSSL takes other content: %s", output)
	}
	text := mustOpenSSL(t, "cms", "-cmsout", "-print", "-inform", "DER", "-in", file)
	for _, want := range []string{"signingTime", "messageDigest", "contentType", "signingCertificateV2", "sha256"} {
		if !containsAny(text, want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}

func TestSignDetached_WorksWithAnEllipticKey(t *testing.T) {
	a := sandbox(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.IssueDevice("kiosk-001", spki(t, key), nil)
	if err != nil {
		t.Fatal(err)
	}
	cms, err := pki.SignDetached(decision, cert, []*x509.Certificate{a.Issuing()}, key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := pki.VerifyDetached(decision, cms, a.Roots(), time.Now()); err != nil {
		t.Fatal(err)
	}
	mustOpenSSL(t, "cms", "-verify", "-binary", "-inform", "DER", "-in", write(t, "s", "", cms), "-content", write(t, "c", "", decision), "-CAfile", writeCert(t, a.Root()), "-purpose", "any")
}

func TestVerifyDetached_TakesOpenSSLsSignature(t *testing.T) {
	a := sandbox(t)
	cert := issueOperator(t, a)
	base := []string{"cms", "-sign", "-binary", "-outform", "DER", "-in", write(t, "c", "", decision),
		"-signer", writeCert(t, cert), "-inkey", writeKey(t, citizenKey()), "-certfile", writeCert(t, a.Issuing())}
	for name, more := range map[string][]string{
		"plain": nil, "SHA-512": {"-md", "sha512"}, "CAdES": {"-cades"}, "no S/MIME capabilities": {"-nosmimecap"},
	} {
		out := write(t, "s", "", nil)
		mustOpenSSL(t, append(slices.Concat(base, more), "-out", out)...)
		signer, at, err := pki.VerifyDetached(decision, read(t, out), a.Roots(), time.Now())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if age := time.Since(at); !signer.Equal(cert) || age < -time.Minute || age > time.Hour {
			t.Errorf("%s: signed at %v by %v", name, at, signer.Subject)
		}
	}
	for name, more := range map[string][]string{
		"SHA-1": {"-md", "sha1"}, "no attributes": {"-noattr"}, "content inside": {"-nodetach"}, "content inside, in BER": {"-stream", "-indef"},
		"no certificate": {"-nocerts"}, "two signers": {"-signer", writeCert(t, issue(t, a, pki.TemplateSign)), "-inkey", writeKey(t, citizenKey())},
	} {
		out := write(t, "s", "", nil)
		mustOpenSSL(t, append(slices.Concat(base, more), "-out", out)...)
		if _, _, err := pki.VerifyDetached(decision, read(t, out), a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Java clients write CMS in BER, with indefinite lengths.
func TestVerifyDetached_TakesIndefiniteLengths(t *testing.T) {
	a := sandbox(t)
	cms, _ := sign(t, a, time.Now())
	var info struct {
		ID      asn1.ObjectIdentifier
		Content asn1.RawValue
	}
	if _, err := asn1.Unmarshal(cms, &info); err != nil {
		t.Fatal(err)
	}
	oid, err := asn1.Marshal(info.ID)
	if err != nil {
		t.Fatal(err)
	}
	ber := slices.Concat([]byte{0x30, 0x80}, oid, []byte{0xa0, 0x80}, info.Content.Bytes, []byte{0, 0, 0, 0})
	if _, _, err := pki.VerifyDetached(decision, ber, a.Roots(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := pki.VerifyDetached(decision, append(ber, 1), a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureMalformed) {
		t.Fatalf("an octet after the end: %v", err)
	}
}

func TestVerifyDetached_RefusesOtherContent(t *testing.T) {
	a := sandbox(t)
	cms, _ := sign(t, a, time.Now())
	for _, content := range [][]byte{nil, {}, []byte("other"), append(slices.Clone(decision), '\n'), decision[1:]} {
		if _, _, err := pki.VerifyDetached(content, cms, a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureContent) {
			t.Errorf("content %q: %v", content, err)
		}
	}
}

func TestVerifyDetached_RefusesAStranger(t *testing.T) {
	a, stranger := sandbox(t), open(t, strangerMaterial(), authority.Options{})
	cms, _ := sign(t, stranger, time.Now())
	if _, _, err := pki.VerifyDetached(decision, cms, a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("another authority's operator: %v", err)
	}
	if _, _, err := pki.VerifyDetached(decision, cms, nil, time.Now()); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("no roots: %v", err)
	}
	cms, _ = sign(t, a, time.Now())
	late := time.Now().AddDate(4, 0, 0)
	if _, _, err := pki.VerifyDetached(decision, cms, a.Roots(), late); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("an expired operator: %v", err)
	}
}

func TestVerifyDetached_RefusesASigningTimeThatCannotBe(t *testing.T) {
	a, now := sandbox(t), time.Now()
	for name, at := range map[string]time.Time{"tomorrow": now.Add(24 * time.Hour), "before the certificate": now.Add(-24 * time.Hour), "1949": time.Date(1949, 1, 1, 0, 0, 0, 0, time.UTC), "after 2049": time.Date(2051, 1, 1, 0, 0, 0, 0, time.UTC)} {
		cms, _ := sign(t, a, at)
		if _, _, err := pki.VerifyDetached(decision, cms, a.Roots(), now); !errors.Is(err, pki.ErrSigningTime) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVerifyDetached_RefusesAChangedSignature(t *testing.T) {
	a := sandbox(t)
	cms, _ := sign(t, a, time.Now())
	for at := range cms {
		changed := slices.Clone(cms)
		changed[at] ^= 0x40
		signer, _, err := pki.VerifyDetached(decision, changed, a.Roots(), time.Now())
		if err == nil && !signer.Equal(issuedTo(t, cms)) {
			t.Fatalf("octet %d changed: accepted for somebody else", at)
		}
		if err == nil && !harmless(cms, changed) {
			t.Fatalf("octet %d changed: accepted", at)
		}
	}
	if _, _, err := pki.VerifyDetached(decision, append(slices.Clone(cms), 0), a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureMalformed) {
		t.Errorf("an octet after the end: %v", err)
	}
}

// issuedTo gives the signer's certificate of a signature known to be whole.
func issuedTo(t *testing.T, cms []byte) *x509.Certificate {
	t.Helper()
	p7, err := pkcs7.Parse(cms)
	if err != nil {
		t.Fatal(err)
	}
	return p7.GetOnlySigner()
}

// harmless says whether both carry the same signed attributes, signature and signer: then a change
// lay in what nobody signed, such as a version number or the list of digest algorithms.
func harmless(before, after []byte) bool {
	a, errA := pkcs7.Parse(before)
	b, errB := pkcs7.Parse(after)
	if errA != nil || errB != nil || len(a.Signers) != 1 || len(b.Signers) != 1 || !a.GetOnlySigner().Equal(b.GetOnlySigner()) {
		return false
	}
	x, _ := asn1.Marshal(a.Signers[0].AuthenticatedAttributes)
	y, _ := asn1.Marshal(b.Signers[0].AuthenticatedAttributes)
	return slices.Equal(x, y) && slices.Equal(a.Signers[0].EncryptedDigest, b.Signers[0].EncryptedDigest)
}

// byLibrary signs with smallstep/pkcs7, which lets a test put in attributes we never would.
func byLibrary(t *testing.T, cert *x509.Certificate, key crypto.Signer, content []byte, extra ...pkcs7.Attribute) []byte {
	t.Helper()
	signed, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := signed.AddSigner(cert, key, pkcs7.SignerInfoConfig{ExtraSignedAttributes: extra}); err != nil {
		t.Fatal(err)
	}
	signed.AddCertificate(sandbox(t).Issuing())
	signed.Detach()
	der, err := signed.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestVerifyDetached_RefusesAttributesThatDoNotFit(t *testing.T) {
	a := sandbox(t)
	cert := issueOperator(t, a)
	essID := asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	type essCert struct{ Hash []byte }
	type ess struct{ Certs []essCert }
	digest := sha256.Sum256(cert.Raw)
	wrong := sha256.Sum256([]byte("another"))
	if _, _, err := pki.VerifyDetached(decision, byLibrary(t, cert, citizenKey(), decision), a.Roots(), time.Now()); err != nil {
		t.Fatalf("the library's plain signature: %v", err)
	}
	fits := byLibrary(t, cert, citizenKey(), decision, pkcs7.Attribute{Type: essID, Value: ess{[]essCert{{digest[:]}}}})
	if _, _, err := pki.VerifyDetached(decision, fits, a.Roots(), time.Now()); err != nil {
		t.Fatalf("a signing certificate that fits: %v", err)
	}
	for name, attribute := range map[string]pkcs7.Attribute{
		"another signing certificate": {Type: essID, Value: ess{[]essCert{{wrong[:]}}}},
		"a damaged one":               {Type: essID, Value: 5},
		"two signing times":           {Type: pkcs7.OIDAttributeSigningTime, Value: time.Now().UTC()},
		"two digests":                 {Type: pkcs7.OIDAttributeMessageDigest, Value: digest[:]},
	} {
		cms := byLibrary(t, cert, citizenKey(), decision, attribute)
		if _, _, err := pki.VerifyDetached(decision, cms, a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A signature without attributes could be made out of one with attributes, by passing the attributes
// off as the content.
func TestVerifyDetached_RefusesAttributesPassedOffAsContent(t *testing.T) {
	a := sandbox(t)
	cms, cert := sign(t, a, time.Now())
	p7, err := pkcs7.Parse(cms)
	if err != nil {
		t.Fatal(err)
	}
	content, err := asn1.MarshalWithParams(p7.Signers[0].AuthenticatedAttributes, "set")
	if err != nil {
		t.Fatal(err)
	}
	if err := cert.CheckSignature(x509.SHA256WithRSA, content, p7.Signers[0].EncryptedDigest); err != nil {
		t.Fatalf("the attack was not built: %v", err)
	}
	p7.Signers[0].AuthenticatedAttributes = nil
	stripped, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	stripped.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	replay := replayed{cert.PublicKey, p7.Signers[0].EncryptedDigest}
	if err := stripped.SignWithoutAttr(cert, replay, pkcs7.SignerInfoConfig{}); err != nil {
		t.Fatal(err)
	}
	stripped.AddCertificate(a.Issuing())
	stripped.Detach()
	der, err := stripped.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := pki.VerifyDetached(content, der, a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureMalformed) {
		t.Fatalf("replayed attributes: %v", err)
	}
}

// replayed is a "key" that knows one signature.
type replayed struct {
	public    crypto.PublicKey
	signature []byte
}

func (r replayed) Public() crypto.PublicKey { return r.public }
func (r replayed) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return r.signature, nil
}

func TestVerifyDetached_RefusesSignersThatMayNotSign(t *testing.T) {
	a := sandbox(t)
	ca := byLibrary(t, a.Issuing(), issuingKey(t), decision)
	if _, _, err := pki.VerifyDetached(decision, ca, a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("a CA: %v", err)
	}
	signing := forge(t, func(c *x509.Certificate, _ *any) { c.IsCA, c.BasicConstraintsValid = true, true })
	if _, _, err := pki.VerifyDetached(decision, byLibrary(t, signing, citizenKey(), decision), a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("a CA that may sign: %v", err)
	}
	encipher := forge(t, func(c *x509.Certificate, _ *any) { c.KeyUsage = x509.KeyUsageKeyEncipherment })
	if _, _, err := pki.VerifyDetached(decision, byLibrary(t, encipher, citizenKey(), decision), a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("a key for encipherment: %v", err)
	}
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak := forge(t, func(_ *x509.Certificate, key *any) { *key = &short.PublicKey })
	if _, _, err := pki.VerifyDetached(decision, byLibrary(t, weak, short, decision), a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("a key of 1024 bits: %v", err)
	}
}

func TestVerifyDetached_BoundsWhatItReads(t *testing.T) {
	a := sandbox(t)
	if _, _, err := pki.VerifyDetached(decision, make([]byte, pki.MaxSignature+1), a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureTooLarge) {
		t.Errorf("signature: %v", err)
	}
	if _, _, err := pki.VerifyDetached(make([]byte, pki.MaxContent+1), nil, a.Roots(), time.Now()); !errors.Is(err, pki.ErrContentTooLarge) {
		t.Errorf("content: %v", err)
	}
	giant := forge(t, func(_ *x509.Certificate, key *any) {
		*key = &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 100_000, 1), E: 65537}
	})
	cms := byLibrary(t, giant, replayed{giant.PublicKey, make([]byte, 256)}, decision)
	if _, _, err := pki.VerifyDetached(decision, cms, a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureMalformed) {
		t.Errorf("a giant key: %v", err)
	}
	deep := make([]byte, pki.MaxSignature)
	for i := 0; i+1 < len(deep); i += 2 {
		deep[i], deep[i+1] = 0x30, 0x80
	}
	if _, _, err := pki.VerifyDetached(decision, deep, a.Roots(), time.Now()); !errors.Is(err, pki.ErrSignatureMalformed) {
		t.Errorf("deep nesting: %v", err)
	}
}

func TestSignDetached_RefusesAKeyThatIsNotTheCertificates(t *testing.T) {
	a := sandbox(t)
	if _, err := pki.SignDetached(decision, issueOperator(t, a), nil, token{otherKey()}, time.Now()); err == nil {
		t.Fatal("signed with another key")
	}
	if _, err := pki.SignDetached(decision, issueOperator(t, a), nil, pulled{citizenKey()}, time.Now()); !errors.Is(err, errPulled) {
		t.Fatalf("a pulled token: %v", err)
	}
}

var errPulled = errors.New("token was pulled")

type pulled struct{ *rsa.PrivateKey }

func (pulled) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errPulled }
