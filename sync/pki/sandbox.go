package pki

import (
	"crypto/x509"
	"slices"
	"strings"
)

// SandboxMark is a word of its own in the common name of every CA that is a sandbox's. It stands in what the CA has signed of itself, comes to a
// terminal under the MAC of its enrolment (RFC 9483 §4.1.5), and is the issuer's name in every certificate below.
const SandboxMark = "SANDBOX"

// IsSandbox says whether the CA says of itself that it is a sandbox's.
func IsSandbox(ca *x509.Certificate) bool {
	return ca.IsCA && slices.Contains(strings.Fields(ca.Subject.CommonName), SandboxMark)
}
