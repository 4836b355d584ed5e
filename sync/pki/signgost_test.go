package pki_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

func signGOST(t testing.TB, ca *gostCA, content []byte, at time.Time) ([]byte, *x509.Certificate) {
	t.Helper()
	cert := ca.person(t)
	cms, err := pki.SignDetached(content, cert, []*x509.Certificate{ca.issuing}, ca.citizen, at)
	if err != nil {
		t.Fatal(err)
	}
	return cms, cert
}

func TestVerifyDetached_TakesAGOSTSignature(t *testing.T) {
	for name, ca := range map[string]*gostCA{"GOST root": gostHouse(), "RSA root": mixedHouse()} {
		now := time.Now().Truncate(time.Second)
		cms, cert := signGOST(t, ca, decision, now)
		signer, at, err := pki.VerifyDetached(decision, cms, ca.roots(), now)
		if err != nil || !signer.Equal(cert) || !at.Equal(now) {
			t.Errorf("%s: %v at %v", name, err, at)
		}
		for _, oid := range []string{"1.2.398.3.10.1.3.3", "1.2.398.3.10.1.1.2.3.2"} {
			var id pki.OID
			if err := id.UnmarshalText([]byte(oid)); err != nil {
				t.Fatal(err)
			}
			der, err := asn1.Marshal(asn1.ObjectIdentifier(id))
			if err != nil || !bytes.Contains(cms, der) {
				t.Errorf("%s: %s does not stand in the signature", name, oid)
			}
		}
	}
}

func TestVerifyDetached_RefusesAGOSTSignatureThatDoesNotHold(t *testing.T) {
	ca, now := gostHouse(), time.Now()
	cms, _ := signGOST(t, ca, decision, now)
	early, _ := signGOST(t, ca, decision, now.Add(-2*time.Hour))
	late, _ := signGOST(t, ca, decision, now.Add(30*time.Minute))
	tests := []struct {
		name    string
		content []byte
		roots   *pki.Pool
		now     time.Time
		cms     []byte
		want    error
	}{
		{"other content", []byte("other"), ca.roots(), now, cms, pki.ErrSignatureContent},
		{"no content", nil, ca.roots(), now, cms, pki.ErrSignatureContent},
		{"another house", decision, gostStrangers().roots(), now, cms, pki.ErrSignerUntrusted},
		{"no roots", decision, nil, now, cms, pki.ErrSignerUntrusted},
		{"an expired certificate", decision, ca.roots(), now.Add(3 * time.Hour), cms, pki.ErrSignerUntrusted},
		{"signed before the certificate", decision, ca.roots(), now, early, pki.ErrSigningTime},
		{"signed in the future", decision, ca.roots(), now, late, pki.ErrSigningTime},
		{"an octet after the end", decision, ca.roots(), now, append(slices.Clone(cms), 0), pki.ErrSignatureMalformed},
	}
	for _, test := range tests {
		if _, _, err := pki.VerifyDetached(test.content, test.cms, test.roots, test.now); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	for at := range cms {
		changed := slices.Clone(cms)
		changed[at] ^= 0x40
		if _, _, err := pki.VerifyDetached(decision, changed, ca.roots(), now); err == nil && !harmless(cms, changed) {
			t.Fatalf("octet %d changed: accepted", at)
		}
	}
}

func TestSignDetached_RefusesAGOSTKeyThatIsNotTheCertificates(t *testing.T) {
	ca := gostHouse()
	if _, err := pki.SignDetached(decision, ca.person(t), nil, newGOSTKey(), time.Now()); err == nil {
		t.Error("signed with another GOST key")
	}
	if _, err := pki.SignDetached(decision, ca.person(t), nil, citizenKey(), time.Now()); err == nil {
		t.Error("signed with an RSA key")
	}
}

// message is a SignedData whose parts a test chooses.
type message struct {
	digest, signature asn1.ObjectIdentifier
	attributes        [][]byte // DER; nil: none
	signed            []byte   // nil: what the attributes say
	content           []byte   // nil: detached
	signers           int
}

func attribute(oid asn1.ObjectIdentifier, values ...any) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
			for _, value := range values {
				der, err := asn1.Marshal(value)
				if err != nil {
					panic(err)
				}
				b.AddBytes(der)
			}
		})
	})
	return b.BytesOrPanic()
}

func setOf(elements [][]byte) []byte {
	sorted := slices.Clone(elements)
	slices.SortFunc(sorted, bytes.Compare)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(sorted, nil)) })
	return b.BytesOrPanic()
}

// build signs the message with the citizen's key.
func (m message) build(t *testing.T, ca *gostCA, cert *x509.Certificate) []byte {
	t.Helper()
	signed := m.signed
	if signed == nil {
		signed = setOf(m.attributes)
	}
	sum := gost.Sum512(signed)
	signature, err := ca.citizen.Sign(nil, sum[:], gost.Kazakh)
	if err != nil {
		t.Fatal(err)
	}
	return m.encode(cert, ca.issuing, signature)
}

func (m message) encode(cert, issuing *x509.Certificate, signature []byte) []byte {
	tag := cbasn1.Tag(0).Constructed().ContextSpecific()
	algorithm := func(oid asn1.ObjectIdentifier) cryptobyte.BuilderContinuation {
		return func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oid) }
	}
	info := func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(cert.RawIssuer); b.AddASN1BigInt(cert.SerialNumber) })
		b.AddASN1(cbasn1.SEQUENCE, algorithm(m.digest))
		if m.attributes != nil {
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(bytes.Join(m.attributes, nil)) })
		}
		b.AddASN1(cbasn1.SEQUENCE, algorithm(m.signature))
		b.AddASN1OctetString(signature)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2})
		b.AddASN1(tag, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddASN1(cbasn1.SEQUENCE, algorithm(m.digest)) })
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(idData)
					if m.content != nil {
						b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddASN1OctetString(m.content) })
					}
				})
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(cert.Raw); b.AddBytes(issuing.Raw) })
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
					for range m.signers {
						b.AddASN1(cbasn1.SEQUENCE, info)
					}
				})
			})
		})
	})
	return b.BytesOrPanic()
}

var (
	idData        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	idContentType = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	idDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	idSigningTime = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	idSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	idSHA512      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

func TestVerifyDetached_RefusesAGOSTMessageOfAnotherForm(t *testing.T) {
	ca, now := gostHouse(), time.Now().UTC().Truncate(time.Second)
	cert := ca.person(t)
	sum := gost.Sum512(decision)
	kind, digest, at := attribute(idContentType, idData), attribute(idDigest, sum[:]), attribute(idSigningTime, now)
	whole := message{digest: gost.Kazakh.DigestOID(), signature: gost.Kazakh.SignatureOID(), attributes: [][]byte{kind, digest, at}, signers: 1}
	if _, _, err := pki.VerifyDetached(decision, whole.build(t, ca, cert), ca.roots(), now); err != nil {
		t.Fatalf("the plain form, without parameters: %v", err)
	}
	change := func(change func(*message)) message { m := whole; change(&m); return m }
	passedOff := setOf(whole.attributes)
	for name, test := range map[string]struct {
		content []byte
		message message
		want    error
	}{
		"no attributes":                     {decision, change(func(m *message) { m.attributes, m.signed = nil, decision }), pki.ErrSignatureMalformed},
		"attributes passed off as content":  {passedOff, change(func(m *message) { m.attributes, m.signed = nil, passedOff }), pki.ErrSignatureMalformed},
		"no content type":                   {decision, change(func(m *message) { m.attributes = [][]byte{digest, at} }), pki.ErrSignatureMalformed},
		"another content type":              {decision, change(func(m *message) { m.attributes = [][]byte{attribute(idContentType, idSHA256), digest, at} }), pki.ErrSignatureMalformed},
		"no digest":                         {decision, change(func(m *message) { m.attributes = [][]byte{kind, at} }), pki.ErrSignatureMalformed},
		"two digests":                       {decision, change(func(m *message) { m.attributes = [][]byte{kind, digest, digest, at} }), pki.ErrSignatureMalformed},
		"two values of one digest":          {decision, change(func(m *message) { m.attributes = [][]byte{kind, attribute(idDigest, sum[:], sum[:]), at} }), pki.ErrSignatureMalformed},
		"no signing time":                   {decision, change(func(m *message) { m.attributes = [][]byte{kind, digest} }), pki.ErrSignatureMalformed},
		"SHA-256 for a GOST key":            {decision, change(func(m *message) { m.digest = idSHA256 }), pki.ErrSignatureMalformed},
		"SHA-512 for a GOST key":            {decision, change(func(m *message) { m.digest = idSHA512 }), pki.ErrSignatureMalformed},
		"Russian identifiers":               {decision, change(func(m *message) { m.digest = gost.Russian.DigestOID() }), pki.ErrSignatureMalformed},
		"a Russian signature identifier":    {decision, change(func(m *message) { m.signature = gost.Russian.SignatureOID() }), pki.ErrSignatureMalformed},
		"the key's identifier as algorithm": {decision, change(func(m *message) { m.signature = gost.Kazakh.KeyOID() }), pki.ErrSignatureMalformed},
		"content inside":                    {decision, change(func(m *message) { m.content = decision }), pki.ErrSignatureMalformed},
		"two signers":                       {decision, change(func(m *message) { m.signers = 2 }), pki.ErrSignatureMalformed},
		"nobody":                            {decision, change(func(m *message) { m.signers = 0 }), pki.ErrSignatureMalformed},
		"a signature over something else":   {decision, change(func(m *message) { m.signed = []byte("something else") }), pki.ErrSignatureWrong},
		"a digest cut short":                {decision, change(func(m *message) { m.attributes = [][]byte{kind, attribute(idDigest, sum[:32]), at} }), pki.ErrSignatureContent},
	} {
		if _, _, err := pki.VerifyDetached(test.content, test.message.build(t, ca, cert), ca.roots(), now); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	noSigning := ca.issue(t, ca.citizen, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })
	if _, _, err := pki.VerifyDetached(decision, whole.build(t, ca, noSigning), ca.roots(), now); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("a key for agreement only: %v", err)
	}
	authority := ca.issue(t, ca.citizen, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
	if _, _, err := pki.VerifyDetached(decision, whole.build(t, ca, authority), ca.roots(), now); !errors.Is(err, pki.ErrSignerUntrusted) {
		t.Errorf("a CA: %v", err)
	}
}

// An RSA signature must not become one with Streebog, whatever its owner put into the names.
func TestVerifyDetached_TakesNoStreebogFromAnRSAKey(t *testing.T) {
	a, now := sandbox(t), time.Now().UTC().Truncate(time.Second)
	cert := issueOperator(t, a)
	sum := gost.Sum512(decision)
	for name, signature := range map[string]asn1.ObjectIdentifier{"RSA": {1, 2, 840, 113549, 1, 1, 1}, "GOST": gost.Kazakh.SignatureOID()} {
		m := message{digest: gost.Kazakh.DigestOID(), signature: signature, signers: 1,
			attributes: [][]byte{attribute(idContentType, idData), attribute(idDigest, sum[:]), attribute(idSigningTime, now)}}
		signed := gost.Sum512(setOf(m.attributes))
		raw, err := rsa.SignPKCS1v15(nil, citizenKey(), 0, signed[:])
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := pki.VerifyDetached(decision, m.encode(cert, a.Issuing(), raw), a.Roots(), now); err == nil {
			t.Errorf("accepted under the name of %s", name)
		}
	}
}
