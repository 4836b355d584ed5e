package cmp

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	oid "encoding/asn1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// algorithm is an AlgorithmIdentifier. Params is the DER of the parameters with tag, nil if absent.
type algorithm struct {
	id     oid.ObjectIdentifier
	params []byte
}

func readAlgorithm(s *cryptobyte.String, tag asn1.Tag) (algorithm, bool) {
	var a algorithm
	var in cryptobyte.String
	if !s.ReadASN1(&in, tag) || !in.ReadASN1ObjectIdentifier(&a.id) {
		return a, false
	}
	if in.Empty() {
		return a, true
	}
	var params cryptobyte.String
	var any asn1.Tag
	if !in.ReadAnyASN1Element(&params, &any) || !in.Empty() {
		return a, false
	}
	a.params = params
	return a, true
}

func (a algorithm) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(a.id)
		b.AddBytes(a.params)
	})
}

// infoValue is an InfoTypeAndValue (RFC 9810 §5.3.19). Value is DER with tag, nil if absent.
type infoValue struct {
	id    oid.ObjectIdentifier
	value []byte
}

func parseInfoValues(s *cryptobyte.String) ([]infoValue, bool) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, false
	}
	var values []infoValue
	for !list.Empty() {
		a, ok := readAlgorithm(&list, asn1.SEQUENCE) // the same shape
		if !ok || len(values) == maxInfoValues {
			return nil, false
		}
		values = append(values, infoValue{id: a.id, value: a.params})
	}
	return values, true
}

func addInfoValues(b *cryptobyte.Builder, values []infoValue) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, v := range values {
			algorithm{id: v.id, params: v.value}.add(b)
		}
	})
}

// header is a PKIHeader (RFC 9810 §5.1.1). Names are DER of a GeneralName; octet strings are nil if absent.
type header struct {
	version           int
	sender, recipient []byte
	messageTime       time.Time // zero if absent
	protectionAlg     algorithm // id nil if absent
	senderKID         []byte
	recipKID          []byte
	transactionID     []byte
	senderNonce       []byte
	recipNonce        []byte
	freeText          []string
	general           []infoValue
}

func (h *header) implicitConfirm() bool {
	for _, v := range h.general {
		if v.id.Equal(oidImplicitConfirm) {
			return true
		}
	}
	return false
}

func explicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }
func implicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }

// parseHeader reads the DER of a PKIHeader. Which fields must be there depends on the message and is checked by its reader.
func parseHeader(der cryptobyte.String) (header, error) {
	var h header
	var in cryptobyte.String
	if !der.ReadASN1(&in, asn1.SEQUENCE) || !der.Empty() {
		return h, malformed("PKIHeader")
	}
	// RFC 9810 §7: version 1 is history; 2 and 3 differ only in what they may contain.
	if !in.ReadASN1Integer(&h.version) {
		return h, malformed("pvno")
	}
	for _, name := range []*[]byte{&h.sender, &h.recipient} {
		var element cryptobyte.String
		var tag asn1.Tag
		if !in.ReadAnyASN1Element(&element, &tag) || tag&0xc0 != 0x80 {
			return h, malformed("GeneralName")
		}
		*name = element
	}
	for n := uint8(0); n <= 8; n++ {
		var field cryptobyte.String
		var present bool
		if !in.ReadOptionalASN1(&field, &present, explicit(n)) {
			return h, malformed("PKIHeader")
		}
		if present && (!h.readField(n, &field) || !field.Empty()) {
			return h, malformed("PKIHeader")
		}
	}
	if !in.Empty() {
		return h, malformed("PKIHeader")
	}
	return h, nil
}

func (h *header) readField(n uint8, s *cryptobyte.String) (ok bool) {
	switch n {
	case 0:
		h.messageTime, ok = readTime(s)
		return ok
	case 1:
		h.protectionAlg, ok = readAlgorithm(s, asn1.SEQUENCE)
		return ok
	case 7:
		text, err := parseFreeText(s)
		h.freeText = text
		return err == nil
	case 8:
		h.general, ok = parseInfoValues(s)
		return ok
	}
	field := map[uint8]*[]byte{2: &h.senderKID, 3: &h.recipKID, 4: &h.transactionID, 5: &h.senderNonce, 6: &h.recipNonce}[n]
	return s.ReadASN1Bytes(field, asn1.OCTET_STRING) && len(*field) <= maxOctets
}

// readTime reads a GeneralizedTime. Fractions of a second, which DER allows and cryptobyte does not, are cut off.
func readTime(s *cryptobyte.String) (time.Time, bool) {
	var text cryptobyte.String
	if !s.ReadASN1(&text, asn1.GeneralizedTime) || len(text) > 32 {
		return time.Time{}, false
	}
	t, err := time.Parse("20060102150405Z", string(text)) // Parse takes a fraction after the seconds by itself
	return t.Truncate(time.Second), err == nil
}

func (h *header) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(int64(h.version))
		b.AddBytes(h.sender)
		b.AddBytes(h.recipient)
		if !h.messageTime.IsZero() {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(h.messageTime.UTC()) })
		}
		if h.protectionAlg.id != nil {
			b.AddASN1(explicit(1), h.protectionAlg.add)
		}
		for i, octets := range [][]byte{h.senderKID, h.recipKID, h.transactionID, h.senderNonce, h.recipNonce} {
			if octets != nil {
				b.AddASN1(explicit(uint8(2+i)), func(b *cryptobyte.Builder) { b.AddASN1OctetString(octets) })
			}
		}
		if len(h.freeText) > 0 {
			b.AddASN1(explicit(7), func(b *cryptobyte.Builder) { addFreeText(b, h.freeText) })
		}
		if len(h.general) > 0 {
			b.AddASN1(explicit(8), func(b *cryptobyte.Builder) { addInfoValues(b, h.general) })
		}
	})
}

// emptyName is the NULL-DN of RFC 9810 §5.1.1, for a party whose name is not known.
var emptyName = []byte{0x30, 0x00}

// directoryName wraps the DER of a Name into a GeneralName; nil stands for the NULL-DN.
func directoryName(name []byte) []byte {
	if name == nil {
		name = emptyName
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(explicit(4), func(b *cryptobyte.Builder) { b.AddBytes(name) })
	return b.BytesOrPanic()
}

// referenceName is the sender of a MAC-protected message: a common name that repeats the reference (RFC 9483 §3.1).
func referenceName(reference []byte) []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidCommonName)
				b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes(bytes.ToValidUTF8(reference, []byte("?"))) })
			})
		})
	})
	return b.BytesOrPanic()
}

// sentBy says whether the sender field names the certificate's subject (RFC 9483 §3.1).
func (h *header) sentBy(cert *x509.Certificate) bool {
	return bytes.Equal(h.sender, directoryName(cert.RawSubject))
}

// x509Name encodes a Name; pkix alone knows its order of attributes.
func x509Name(name pkix.Name) ([]byte, error) {
	der, err := oid.Marshal(name.ToRDNSequence())
	if err != nil {
		return nil, fmt.Errorf("encode the subject: %w", err)
	}
	return der, nil
}
