package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Extensions of lists, RFC 5280 §5.2, and of certificates, §4.2.1.15.
var (
	oidExtCRLNumber         = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidExtDeltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidExtDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidExtFreshestCRL       = asn1.ObjectIdentifier{2, 5, 29, 46}
)

// maxFreshest bounds the addresses one extension may name.
const maxFreshest = 8

// DeltaIndicator makes a revocation list a delta to the complete list with number base (RFC 5280 §5.2.4).
func DeltaIndicator(base *big.Int) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1BigInt(base)
	made, err := extension(oidExtDeltaIndicator, &b)
	made.Critical = true
	return made, err
}

// FreshestCRL says where the delta lists are (RFC 5280 §4.2.1.15, §5.2.6): for certificates and complete
// lists.
func FreshestCRL(addresses ...string) (pkix.Extension, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, address := range addresses {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
					b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
						b.AddASN1(tagURI, func(b *cryptobyte.Builder) { b.AddBytes([]byte(address)) })
					})
				})
			})
		}
	})
	return extension(oidExtFreshestCRL, &b)
}

// tagURI is GeneralName's uniformResourceIdentifier, RFC 5280 §4.2.1.6.
var tagURI = cbasn1.Tag(6).ContextSpecific()

// freshest gives the addresses of a FreshestCRL extension; damaged parts give none.
func freshest(extensions []pkix.Extension) []string {
	found, present := findExtension(extensions, oidExtFreshestCRL)
	if !present {
		return nil
	}
	input := cryptobyte.String(found.Value)
	var list cryptobyte.String
	if !input.ReadASN1(&list, cbasn1.SEQUENCE) || !input.Empty() {
		return nil
	}
	var addresses []string
	for !list.Empty() && len(addresses) < maxFreshest {
		var point, name cryptobyte.String
		if !list.ReadASN1(&point, cbasn1.SEQUENCE) {
			return addresses
		}
		if point.ReadASN1(&name, explicit(0)) {
			addresses = append(addresses, fullName(name)...)
		}
	}
	return addresses
}

// fullName gives the addresses of a DistributionPointName that is a full name.
func fullName(name cryptobyte.String) []string {
	var names cryptobyte.String
	if !name.ReadASN1(&names, explicit(0)) {
		return nil
	}
	var addresses []string
	for !names.Empty() {
		var value cryptobyte.String
		var tag cbasn1.Tag
		if !names.ReadAnyASN1(&value, &tag) {
			return addresses
		}
		if tag == tagURI {
			addresses = append(addresses, string(value))
		}
	}
	return addresses
}

// readScope takes number, base and distribution point out of the extensions. A list with a critical
// extension that is not understood here must not be used (RFC 5280 §5.2).
func (l *listScan) readScope() error {
	for _, one := range l.extensions {
		switch {
		case one.Id.Equal(oidExtCRLNumber):
			if l.number = readNumber(one.Value); l.number == nil {
				return fmt.Errorf("%w: list number", errNotDER)
			}
		case one.Id.Equal(oidExtDeltaIndicator):
			if l.base = readNumber(one.Value); l.base == nil || !one.Critical { // §5.2.4: critical
				return fmt.Errorf("%w: delta indicator", errNotDER)
			}
		case one.Id.Equal(oidExtDistributionPoint):
			l.point = one.Value
		}
	}
	return nil
}

func readNumber(der []byte) *big.Int {
	input := cryptobyte.String(der)
	number := new(big.Int)
	if !input.ReadASN1Integer(number) || !input.Empty() || number.Sign() < 0 {
		return nil
	}
	return number
}

// covers says whether the list's scope takes the certificate in. Critical extensions that say more are
// ErrNotCovered: partial lists of any kind but those below, and indirect ones.
func (l *listScan) covers(cert *x509.Certificate) error {
	for _, one := range l.extensions {
		known := one.Id.Equal(oidExtCRLNumber) || one.Id.Equal(oidExtDeltaIndicator) || one.Id.Equal(oidExtDistributionPoint)
		if one.Critical && !known {
			return fmt.Errorf("%w: critical extension %v", ErrNotCovered, one.Id)
		}
	}
	if l.point == nil {
		return nil
	}
	return covered(l.point, cert)
}

// covered reads an issuing distribution point (RFC 5280 §5.2.5, §6.3.3 (b) (2)): a name must be one the
// certificate gives itself, or the list is of another part of the certificates; lists for user certificates
// only and for CA certificates only are for these; all other restrictions are not handled.
func covered(value []byte, cert *x509.Certificate) error {
	damaged := fmt.Errorf("%w: issuing distribution point is damaged", ErrUnverified)
	input := cryptobyte.String(value)
	var sequence cryptobyte.String
	if !input.ReadASN1(&sequence, cbasn1.SEQUENCE) || !input.Empty() {
		return damaged
	}
	for !sequence.Empty() {
		var field cryptobyte.String
		var tag cbasn1.Tag
		if !sequence.ReadAnyASN1(&field, &tag) {
			return damaged
		}
		yes := len(field) == 1 && field[0] == 0xff // FALSE is not written in DER
		switch {
		case tag == explicit(0):
			if !slices.ContainsFunc(fullName(field), func(name string) bool { return slices.Contains(cert.CRLDistributionPoints, name) }) {
				return fmt.Errorf("%w: the certificate names another distribution point", ErrNotCovered)
			}
		case tag == cbasn1.Tag(1).ContextSpecific() && yes:
			if cert.IsCA {
				return fmt.Errorf("%w: it is for user certificates only", ErrNotCovered)
			}
		case tag == cbasn1.Tag(2).ContextSpecific() && yes:
			if !cert.IsCA {
				return fmt.Errorf("%w: it is for CA certificates only", ErrNotCovered)
			}
		default:
			return fmt.Errorf("%w: it is a partial list", ErrNotCovered)
		}
	}
	return nil
}
