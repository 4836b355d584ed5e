package pki

import (
	"crypto"
	"crypto/sha1" // responder identifiers only
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// OCSP's own identifiers, RFC 6960 §4.2.1 and §4.4.1.
var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
)

// OCSPStatus is what a responder says of one certificate.
type OCSPStatus struct {
	CertID    []byte     // DER, echoed as it was asked (RFC 6960 §4.1.1)
	State     Revocation // Unknown: this responder does not know the certificate
	Reason    int        // CRLReason, RFC 5280 §5.3.1; 0 is left out
	RevokedAt time.Time  // only with Revoked
}

// OCSPResponse is what a responder signs: it stands from ThisUpdate to NextUpdate.
type OCSPResponse struct {
	Statuses   []OCSPStatus
	ProducedAt time.Time
	ThisUpdate time.Time // zero: ProducedAt
	NextUpdate time.Time // zero: left out, so newer information is always to be had (RFC 6960 §4.2.2.1)
	Nonce      []byte    // the value of the request's extension, DER; nil leaves it out
}

// CreateOCSP signs a successful OCSPResponse in DER with the key of responder, RSA, ECDSA or GOST; responder
// is the issuing CA itself or a delegate of it, whose certificate embed puts into the answer (RFC 6960
// §4.2.2.2). The responder is named by the SHA-1 of its key.
func CreateOCSP(r OCSPResponse, responder *x509.Certificate, embed bool, signer crypto.Signer) ([]byte, error) {
	if err := signs(signer, responder, nil, false); err != nil {
		return nil, fmt.Errorf("create OCSP response: %w", err)
	}
	data, err := r.data(responder)
	if err != nil {
		return nil, fmt.Errorf("create OCSP response: %w", err)
	}
	algorithm, signature, err := SignBytes(signer, data)
	if err != nil {
		return nil, fmt.Errorf("create OCSP response: %w", err)
	}
	var basic, whole cryptobyte.Builder
	basic.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(data)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
		if embed {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(responder.Raw) })
			})
		}
	})
	inner, err := basic.Bytes()
	if err != nil {
		return nil, fmt.Errorf("create OCSP response: %w", err)
	}
	whole.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0) // successful
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidOCSPBasic)
				b.AddASN1OctetString(inner)
			})
		})
	})
	der, err := whole.Bytes()
	if err != nil {
		return nil, fmt.Errorf("create OCSP response: %w", err)
	}
	return der, nil
}

func explicit(n uint8) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }

// data is ResponseData, RFC 6960 §4.2.1.
func (r OCSPResponse) data(responder *x509.Certificate) ([]byte, error) {
	key, err := keyBits(responder.RawSubjectPublicKeyInfo)
	if err != nil {
		return nil, err
	}
	if len(r.Statuses) == 0 || r.ProducedAt.IsZero() {
		return nil, errors.New("it answers nothing, or no time is given")
	}
	if r.ThisUpdate.IsZero() {
		r.ThisUpdate = r.ProducedAt
	}
	name := sha1.Sum(key)
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(explicit(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(name[:]) })
		addGeneralized(b, r.ProducedAt)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, status := range r.Statuses {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { r.addSingle(b, status) })
			}
		})
		if r.Nonce == nil {
			return
		}
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidOCSPNonce)
					b.AddASN1OctetString(r.Nonce)
				})
			})
		})
	})
	return b.Bytes()
}

// addSingle is SingleResponse; the status is IMPLICIT [0] good, [1] revoked or [2] unknown.
func (r OCSPResponse) addSingle(b *cryptobyte.Builder, status OCSPStatus) {
	b.AddBytes(status.CertID)
	switch status.State {
	case Revoked:
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
			addGeneralized(b, status.RevokedAt)
			if status.Reason != 0 {
				b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(status.Reason)) })
			}
		})
	case Good:
		b.AddASN1(cbasn1.Tag(0).ContextSpecific(), func(*cryptobyte.Builder) {})
	default:
		b.AddASN1(cbasn1.Tag(2).ContextSpecific(), func(*cryptobyte.Builder) {})
	}
	addGeneralized(b, r.ThisUpdate)
	if !r.NextUpdate.IsZero() {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { addGeneralized(b, r.NextUpdate) })
	}
}

func addGeneralized(b *cryptobyte.Builder, at time.Time) {
	b.AddASN1GeneralizedTime(at.UTC().Truncate(time.Second))
}
