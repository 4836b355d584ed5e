package authority_test

import (
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/sync/pki"
)

// wanted lists, in order, what `openssl x509 -text` must print of a citizen's certificate.
func wanted(template string) []string {
	common := []string{
		"Issuer: C = KZ, CN = TIRKEU SANDBOX ISSUING CA",
		"Subject: CN = ӘБЕНОВА АЙГЕРІМ, SN = ӘБЕНОВА, serialNumber = IIN900101400017, C = KZ, GN = ҚАЙРАТҚЫЗЫ",
		"Public-Key: (2048 bit)",
		"X509v3 Key Usage: critical",
	}
	usage, extended, policy := "Digital Signature, Non Repudiation", "E-mail Protection, 1.2.398.3.3.4.1.1", "1.2.398.3.3.2.3"
	if template == pki.TemplateAuth {
		usage, extended, policy = "Digital Signature, Key Encipherment", "TLS Web Client Authentication, 1.2.398.3.3.4.1.1", "1.2.398.3.3.2.4"
	}
	return append(common, usage,
		"X509v3 Subject Key Identifier:", "X509v3 Authority Key Identifier:",
		"OCSP - URI:http://centre.test:8080/ocsp", "CA Issuers - URI:http://centre.test:8080/ca/issuing.cer",
		"X509v3 Subject Alternative Name:", "email:aigerim@example.kz",
		"URI:http://centre.test:8080/crl/issuing.crl",
		"X509v3 Extended Key Usage:", extended,
		"X509v3 Certificate Policies:", "Policy: "+policy, "CPS: http://pki.gov.kz/cps", "Explicit Text: SANDBOX.",
		"1.2.398.3.3.5:")
}

func TestIssueCitizen_ReadsInOpenSSLAsTheProfileSays(t *testing.T) {
	a := open(t, optionsNow())
	for _, template := range []string{pki.TemplateAuth, pki.TemplateSign} {
		cert := issue(t, a, template)
		text := mustOpenSSL(t, "x509", "-noout", "-text", "-nameopt", "utf8,oneline,-esc_msb", "-in", writeCert(t, cert))
		rest := text
		for _, want := range wanted(template) {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Fatalf("%s: %q is missing or out of order in\n%s", template, want, text)
			}
			rest = after
		}
	}
}
