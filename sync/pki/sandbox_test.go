package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
)

func TestIsSandbox_TakesTheMarkAsAWordOfACAAlone(t *testing.T) {
	for name, want := range map[string]bool{
		"TIRKEU SANDBOX ROOT CA": true, "TIRKEU (GOST) SANDBOX ISSUING CA": true, "SANDBOX": true,
		"ҰЛТТЫҚ КУӘЛАНДЫРУШЫ ОРТАЛЫҚ": false, "TIRKEU ROOT CA": false, "SANDBOXES ROOT CA": false, "sandbox root ca": false, "": false,
	} {
		if got := IsSandbox(&x509.Certificate{IsCA: true, Subject: pkix.Name{CommonName: name}}); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if IsSandbox(&x509.Certificate{Subject: pkix.Name{CommonName: "A SANDBOX CITIZEN"}}) {
		t.Error("a certificate that is no CA's was taken")
	}
}
