package pki_test

import (
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/pki"
)

// needEngine wants OpenSSL's gost engine, which knows ГОСТ 34.10-2012 under Russian identifiers.
func needEngine(t *testing.T) {
	t.Helper()
	output, err := openssl(t, "engine", "-t", "gost")
	if err == nil && strings.Contains(output, "[ available ]") {
		return
	}
	if os.Getenv("TIRKEU_TEST_ALL") == "1" {
		t.Fatalf("OpenSSL's gost engine is not installed: %s", output)
	}
	t.Skip("OpenSSL's gost engine is not installed")
}

// judge has the engine verify a signature over signed by a Kazakh key. The engine knows neither the
// identifiers nor the order of octets, so the test gives it the same key under Russian identifiers (RFC
// 9215 §4) and the signature turned round; what was signed stays as it is.
func judge(t *testing.T, spki, signed, signature []byte) bool {
	t.Helper()
	key, dialect, err := gost.ParsePublicKey(spki)
	if err != nil || dialect != gost.Kazakh {
		t.Fatalf("key of dialect %v: %v", dialect, err)
	}
	translated, err := gost.MarshalPublicKey(key, gost.Russian)
	if err != nil {
		t.Fatal(err)
	}
	turned := slices.Clone(signature)
	slices.Reverse(turned)
	output, err := openssl(t, "dgst", "-engine", "gost", "-md_gost12_512", "-verify", write(t, "key.pem", "PUBLIC KEY", translated),
		"-signature", write(t, "signature", "", turned), write(t, "signed", "", signed))
	if err == nil && !strings.Contains(output, "Verified OK") {
		t.Fatalf("the engine says neither yes nor no: %s", output)
	}
	return err == nil
}

// judged takes SEQUENCE { signed, algorithm, signature } apart for the judge, who must also refuse it once
// an octet was changed.
func judged(t *testing.T, name string, spki, der []byte) {
	t.Helper()
	parts := elements(t, der)
	signature := parts[2][len(parts[2])-gost.SignatureSize:]
	if !judge(t, spki, parts[0], signature) {
		t.Errorf("%s: the engine refuses it", name)
	}
	changed := slices.Clone(parts[0])
	changed[len(changed)/2] ^= 1
	if judge(t, spki, changed, signature) {
		t.Errorf("%s: the engine takes it with an octet changed", name)
	}
}

func TestGOST_IsVerifiedByOpenSSLsEngine(t *testing.T) {
	needEngine(t)
	ca := gostHouse()
	h := houses(t)[1]
	person := ca.person(t)
	request, err := pki.NewRequest(pki.TemplateGOST, aigerim, pki.StorageStick, ca.citizen)
	if err != nil {
		t.Fatal(err)
	}
	cms, _ := signGOST(t, ca, decision, time.Now())
	response := h.response(t, nil, nil)
	judged(t, "root", ca.root.RawSubjectPublicKeyInfo, ca.root.Raw)
	judged(t, "issuing CA", ca.root.RawSubjectPublicKeyInfo, ca.issuing.Raw)
	judged(t, "person", ca.issuing.RawSubjectPublicKeyInfo, person.Raw)
	judged(t, "request", gostSPKI(t, ca.citizen), request)
	judged(t, "list", ca.issuing.RawSubjectPublicKeyInfo, h.list(t, nil, h.revoked(1)))
	judged(t, "delta list", ca.issuing.RawSubjectPublicKeyInfo, h.delta(t, 10, 11, nil, h.revoked(6)))
	judged(t, "response", ca.issuing.RawSubjectPublicKeyInfo, parseTree(response).find(0, 1, 0, 1, 0).encode())
	// A message: what is signed are the attributes, as SET OF (RFC 5652 §5.4).
	info := parseTree(cms).find(0, 1, 0, 4, 0)
	attributes := slices.Clone(info.children[3].encode())
	attributes[0] = byte(cbasn1.SET)
	if !judge(t, person.RawSubjectPublicKeyInfo, attributes, info.children[5].content) {
		t.Error("message: the engine refuses it")
	}
	digest := strings.TrimSpace(mustOpenSSL(t, "dgst", "-engine", "gost", "-md_gost12_512", "-r", write(t, "content", "", decision)))
	if !strings.Contains(hex.EncodeToString(attributes), lastHex(digest)) {
		t.Errorf("message: the engine digests to %s", digest)
	}
}

// lastHex gives the digest out of what openssl dgst -r prints, among notices of the engine.
func lastHex(output string) string {
	for _, word := range strings.Fields(output) {
		if len(word) == 2*gost.Size {
			return word
		}
	}
	return "no digest in " + output
}

// OpenSSL, which knows no Kazakh GOST, still reads the structure: names, numbers, extensions.
func TestGOST_IsReadByOpenSSL(t *testing.T) {
	ca, h := gostHouse(), houses(t)[1]
	request, err := pki.NewRequest(pki.TemplateGOST, aigerim, pki.StorageStick, ca.citizen)
	if err != nil {
		t.Fatal(err)
	}
	cms, _ := signGOST(t, ca, decision, time.Now())
	der := func(data []byte) string { return write(t, "der", "", data) }
	for _, test := range []struct {
		command []string
		wants   []string
	}{
		{[]string{"x509", "-inform", "DER", "-noout", "-text", "-in", der(ca.person(t).Raw)},
			[]string{"1.2.398.3.10.1.1.2.2", "1.2.398.3.10.1.1.2.3.2", "Digital Signature, Non Repudiation, Key Agreement", "Policy: 1.2.398.3.3.2\n", "1.2.398.3.3.4.1.1", "1.2.398.3.3.5:", "IIN900101400017"}},
		{[]string{"req", "-inform", "DER", "-noout", "-text", "-in", der(request)}, []string{"1.2.398.3.10.1.1.2.2", "aigerim@example.kz", "1.2.398.3.3.5:"}},
		{[]string{"crl", "-inform", "DER", "-noout", "-text", "-in", der(h.list(t, nil, h.revoked(6)))}, []string{"Certificate Hold", "1.2.398.3.10.1.1.2.3.2"}},
		{[]string{"crl", "-inform", "DER", "-noout", "-text", "-in", der(h.delta(t, 10, 11, nil, h.revoked(8)))}, []string{"Delta CRL Indicator: critical", "Remove From CRL"}},
		{[]string{"ocsp", "-noverify", "-resp_text", "-respin", der(h.response(t, nil, nil))}, []string{"OCSP Response Status: successful", "Cert Status: good", "1.2.398.3.10.1.1.2.3.2"}},
		{[]string{"cms", "-cmsout", "-print", "-inform", "DER", "-in", der(cms)}, []string{"1.2.398.3.10.1.3.3", "1.2.398.3.10.1.1.2.3.2", "signingTime"}},
		{[]string{"asn1parse", "-inform", "DER", "-in", der(cms)}, []string{"1.2.398.3.10.1.3.3"}},
	} {
		output := mustOpenSSL(t, test.command...)
		for _, want := range test.wants {
			if !strings.Contains(output, want) {
				t.Errorf("%s: %q is not in\n%s", test.command[0], want, output)
			}
		}
	}
}
