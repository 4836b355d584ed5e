package cmp

import (
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds of what is read.
const (
	MaxMessage    = 1 << 20 // octets of a PKIMessage
	MaxIterations = 100_000 // of a password-based MAC

	maxDepth      = 2 // of nested messages
	maxNested     = 16
	maxExtraCerts = 32
	maxInfoValues = 32
	maxTexts      = 16
	maxText       = 4 << 10
	maxOctets     = 512 // of nonces, transaction and key identifiers
	maxExtensions = 64
	maxResponses  = 1 // RFC 9483 §4.1: one certificate a message
)

// Version numbers of RFC 9810 §7.
const (
	version2 = 2
	version3 = 3 // only where something is sent that version 2 has not: hashAlg in certConf
)

// bodyKind is the tag of a PKIBody (RFC 9810 §5.1.2).
type bodyKind uint8

const (
	bodyIR       bodyKind = 0
	bodyIP       bodyKind = 1
	bodyCR       bodyKind = 2
	bodyCP       bodyKind = 3
	bodyP10CR    bodyKind = 4
	bodyKUR      bodyKind = 7
	bodyKUP      bodyKind = 8
	bodyRR       bodyKind = 11
	bodyRP       bodyKind = 12
	bodyPKIConf  bodyKind = 19
	bodyNested   bodyKind = 20
	bodyGenM     bodyKind = 21
	bodyGenP     bodyKind = 22
	bodyError    bodyKind = 23
	bodyCertConf bodyKind = 24
	bodyPollReq  bodyKind = 25
	bodyPollRep  bodyKind = 26
	bodyLast     bodyKind = 26
)

var bodyNames = map[bodyKind]string{bodyIR: "ir", bodyIP: "ip", bodyCR: "cr", bodyCP: "cp", bodyP10CR: "p10cr", bodyKUR: "kur", bodyKUP: "kup", bodyRR: "rr",
	bodyRP: "rp", bodyPKIConf: "pkiconf", bodyNested: "nested", bodyGenM: "genm", bodyGenP: "genp", bodyError: "error", bodyCertConf: "certConf",
	bodyPollReq: "pollReq", bodyPollRep: "pollRep"}

// String gives the standard's word.
func (k bodyKind) String() string {
	if name, known := bodyNames[k]; known {
		return name
	}
	return "unknown body"
}

type bodyBuilder func(*cryptobyte.Builder)

// message is a PKIMessage (RFC 9810 §5.1) as it was read. The DER of header and body is kept, since protection covers
// those very octets.
type message struct {
	header     header
	kind       bodyKind
	body       cryptobyte.String // content of the body, without its tag
	headerDER  []byte
	bodyDER    []byte
	protection []byte // nil if absent
	extra      []*x509.Certificate
	extraDER   [][]byte // of all extraCerts, also of those x509 cannot read
}

// parseMessage reads one PKIMessage and nothing after it. It reads the frame and the header; the body is read by who expects it.
func parseMessage(der []byte) (*message, error) {
	if len(der) > MaxMessage {
		return nil, malformed("too large")
	}
	m := &message{}
	in := cryptobyte.String(der)
	var s, head, body cryptobyte.String
	var tag asn1.Tag
	if !in.ReadASN1(&s, asn1.SEQUENCE) || !in.Empty() || !s.ReadASN1Element(&head, asn1.SEQUENCE) || !s.ReadAnyASN1Element(&body, &tag) {
		return nil, malformed("PKIMessage")
	}
	m.headerDER, m.bodyDER = head, body
	if !body.ReadASN1(&m.body, tag) || tag&0xe0 != explicit(0) || bodyKind(tag&0x1f) > bodyLast {
		return nil, malformed("PKIBody")
	}
	m.kind = bodyKind(tag & 0x1f)
	var err error
	if m.header, err = parseHeader(head); err != nil {
		return nil, err
	}
	if err := m.parseTail(s); err != nil {
		return nil, err
	}
	return m, nil
}

// parseTail reads protection [0] and extraCerts [1].
func (m *message) parseTail(s cryptobyte.String) error {
	var field cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&field, &present, explicit(0)) {
		return malformed("protection")
	}
	if present && (!field.ReadASN1BitStringAsBytes(&m.protection) || !field.Empty()) {
		return malformed("protection")
	}
	if !s.ReadOptionalASN1(&field, &present, explicit(1)) || !s.Empty() {
		return malformed("extraCerts")
	}
	if !present {
		return nil
	}
	var err error
	if m.extraDER, err = readCertificates(&field); err != nil || !field.Empty() {
		return malformed("extraCerts")
	}
	for _, der := range m.extraDER {
		if cert, err := x509.ParseCertificate(der); err == nil { // what x509 cannot read cannot be used either, and does no harm
			m.extra = append(m.extra, cert)
		}
	}
	return nil
}

// readCertificates reads a SEQUENCE OF CMPCertificate.
func readCertificates(s *cryptobyte.String) ([][]byte, error) {
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, malformed("certificates")
	}
	var certs [][]byte
	for !list.Empty() {
		var cert cryptobyte.String
		if !list.ReadASN1Element(&cert, asn1.SEQUENCE) || len(certs) == maxExtraCerts {
			return nil, malformed("certificates")
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

func addCertificates(b *cryptobyte.Builder, certs []*x509.Certificate) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, cert := range certs {
			b.AddBytes(cert.Raw)
		}
	})
}

// protectedPart is what a protection covers (RFC 9810 §5.1.3).
func (m *message) protectedPart() []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(m.headerDER)+len(m.bodyDER)+8))
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(m.headerDER)
		b.AddBytes(m.bodyDER)
	})
	return b.BytesOrPanic()
}

// newMessage encodes header and body; protection and extraCerts are still missing.
func newMessage(h header, kind bodyKind, body bodyBuilder) (*message, error) {
	m := &message{header: h, kind: kind}
	hb, bb := cryptobyte.NewBuilder(nil), cryptobyte.NewBuilder(nil)
	h.add(hb)
	bb.AddASN1(explicit(uint8(kind)), cryptobyte.BuilderContinuation(body))
	var err error
	if m.headerDER, err = hb.Bytes(); err != nil {
		return nil, err
	}
	if m.bodyDER, err = bb.Bytes(); err != nil {
		return nil, err
	}
	return m, nil
}

// marshal encodes the whole PKIMessage.
func (m *message) marshal() ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(m.headerDER)
		b.AddBytes(m.bodyDER)
		if m.protection != nil {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1BitString(m.protection) })
		}
		if len(m.extraDER) > 0 {
			b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, der := range m.extraDER {
						b.AddBytes(der)
					}
				})
			})
		}
	})
	return b.Bytes()
}
