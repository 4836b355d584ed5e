package pki

import (
	"crypto/x509"
	"encoding/asn1"
)

// EKUOperator marks the certificate of a registration centre's operator (НУЦ's own role OIDs:
// .2.1 administrator, .2.2 manager, .2.3 operator).
var EKUOperator = asn1.ObjectIdentifier{1, 2, 398, 3, 3, 4, 2, 3}

// IsOperator says whether the certificate carries the operator's role. It says nothing about who
// issued it: verify the chain first.
func IsOperator(cert *x509.Certificate) bool {
	for _, usage := range cert.UnknownExtKeyUsage {
		if usage.Equal(EKUOperator) {
			return true
		}
	}
	return false
}
