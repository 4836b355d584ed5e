package cmp

import (
	"crypto/x509"
	"encoding/asn1"
)

// Algorithms of RFC 9481.
var (
	oidPBM    = asn1.ObjectIdentifier{1, 2, 840, 113533, 7, 66, 13}   // RFC 9481 §6.1.1
	oidPBMAC1 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 14}    // RFC 9481 §6.1.2
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}    // RFC 9481 §4.4
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}             // RFC 3279 §2.1; OpenSSL's default under -digest sha1
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1} // RFC 9481 §2.1
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}

	oidHMACSHA1Old = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 8, 1, 2} // RFC 9481 §6.2.1; what OpenSSL sends by default
	oidHMACSHA1    = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}
	oidHMACSHA256  = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidHMACSHA384  = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}
	oidHMACSHA512  = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}

	oidSHA256WithRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11} // RFC 9481 §3.1
	oidSHA384WithRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}
	oidSHA512WithRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2} // RFC 9481 §3.2
	oidECDSAWithSHA384 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}
	oidECDSAWithSHA512 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}
)

// Information types, controls and roles.
var (
	oidImplicitConfirm = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 4, 13}   // RFC 9810 §5.1.1.1
	oidCACerts         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 4, 17}   // RFC 9810 §5.3.19.14
	oidOldCertID       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 5, 1, 5} // RFC 4211 §6.5
	oidReasonCode      = asn1.ObjectIdentifier{2, 5, 29, 21}                 // RFC 5280 §5.3.1
	oidCommonName      = asn1.ObjectIdentifier{2, 5, 4, 3}

	// oidCMCCA and oidCMCRA mark the certificates of certification and registration authorities (RFC 9810 §4.5).
	oidCMCCA = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 27}
	oidCMCRA = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 28}
)

func hasUsage(cert *x509.Certificate, usage asn1.ObjectIdentifier) bool {
	for _, u := range cert.UnknownExtKeyUsage {
		if u.Equal(usage) {
			return true
		}
	}
	return false
}

// IsRA says whether the certificate is a registration authority's (id-kp-cmcRA, RFC 9810 §4.5).
func IsRA(cert *x509.Certificate) bool { return hasUsage(cert, oidCMCRA) }

// IsCA says whether the certificate may speak for a certification authority: it is one, or it has id-kp-cmcCA (RFC 9810 §4.5).
func IsCA(cert *x509.Certificate) bool {
	return (cert.BasicConstraintsValid && cert.IsCA) || hasUsage(cert, oidCMCCA)
}
