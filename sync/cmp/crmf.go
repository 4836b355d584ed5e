package cmp

import (
	"crypto/x509/pkix"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// certTemplate is a CertTemplate (RFC 4211 §5). CRMF is a module with implicit tags; a Name, being a CHOICE, is tagged explicitly
// all the same. Version, signing algorithm, validity and the unique identifiers are read over: the profile decides those.
type certTemplate struct {
	serial     *big.Int
	issuer     []byte // DER of a Name
	subject    []byte // DER of a Name
	spki       []byte // DER of a SubjectPublicKeyInfo
	extensions []pkix.Extension
}

func parseTemplate(s *cryptobyte.String) (certTemplate, error) {
	var t certTemplate
	var in cryptobyte.String
	if !s.ReadASN1(&in, asn1.SEQUENCE) {
		return t, malformed("CertTemplate")
	}
	last := -1
	for !in.Empty() {
		var field cryptobyte.String
		var tag asn1.Tag
		if !in.ReadAnyASN1(&field, &tag) || tag&0xc0 != 0x80 {
			return t, malformed("CertTemplate")
		}
		n := int(tag & 0x1f)
		if n <= last || n > 9 { // in the order of the standard, each once
			return t, malformed("CertTemplate")
		}
		last = n
		if err := t.readField(n, tag, field); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (t *certTemplate) readField(n int, tag asn1.Tag, field cryptobyte.String) error {
	constructed := tag&0x20 != 0
	switch n {
	case 1:
		if constructed || len(field) > 64 {
			return malformed("serialNumber")
		}
		b := cryptobyte.NewBuilder(nil) // give the INTEGER its own tag back
		b.AddASN1(asn1.INTEGER, func(b *cryptobyte.Builder) { b.AddBytes(field) })
		integer := cryptobyte.String(b.BytesOrPanic())
		t.serial = new(big.Int)
		if !integer.ReadASN1Integer(t.serial) {
			return malformed("serialNumber")
		}
	case 3, 5:
		var name cryptobyte.String
		if !constructed || !field.ReadASN1Element(&name, asn1.SEQUENCE) || !field.Empty() {
			return malformed("name")
		}
		if n == 3 {
			t.issuer = name
		} else {
			t.subject = name
		}
	case 6:
		if !constructed {
			return malformed("publicKey")
		}
		b := cryptobyte.NewBuilder(nil)
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(field) })
		t.spki = b.BytesOrPanic()
	case 9:
		if !constructed {
			return malformed("extensions")
		}
		var err error
		t.extensions, err = parseExtensions(field)
		return err
	}
	return nil
}

func (t *certTemplate) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if t.serial != nil {
			b.AddASN1(implicit(1), func(b *cryptobyte.Builder) { b.AddBytes(integerContent(t.serial)) })
		}
		if t.issuer != nil {
			b.AddASN1(explicit(3), func(b *cryptobyte.Builder) { b.AddBytes(t.issuer) })
		}
		if t.subject != nil {
			b.AddASN1(explicit(5), func(b *cryptobyte.Builder) { b.AddBytes(t.subject) })
		}
		if t.spki != nil {
			b.AddASN1(explicit(6), func(b *cryptobyte.Builder) { b.AddBytes(elementContent(t.spki)) })
		}
		if len(t.extensions) > 0 {
			b.AddASN1(explicit(9), func(b *cryptobyte.Builder) { addExtensions(b, t.extensions) })
		}
	})
}

// elementContent strips the tag and length of one DER element.
func elementContent(der []byte) []byte {
	s := cryptobyte.String(der)
	var content cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&content, &tag) {
		return nil
	}
	return content
}

func integerContent(n *big.Int) []byte {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1BigInt(n)
	return elementContent(b.BytesOrPanic())
}

// parseExtensions reads the content of an Extensions SEQUENCE (RFC 5280 §4.1.2.9).
func parseExtensions(list cryptobyte.String) ([]pkix.Extension, error) {
	var extensions []pkix.Extension
	for !list.Empty() {
		var in cryptobyte.String
		var e pkix.Extension
		if !list.ReadASN1(&in, asn1.SEQUENCE) || !in.ReadASN1ObjectIdentifier(&e.Id) || len(extensions) == maxExtensions {
			return nil, malformed("Extensions")
		}
		if in.PeekASN1Tag(asn1.BOOLEAN) && !in.ReadASN1Boolean(&e.Critical) {
			return nil, malformed("Extensions")
		}
		if !in.ReadASN1Bytes(&e.Value, asn1.OCTET_STRING) || !in.Empty() {
			return nil, malformed("Extensions")
		}
		extensions = append(extensions, e)
	}
	return extensions, nil
}

func addExtensions(b *cryptobyte.Builder, extensions []pkix.Extension) {
	for _, e := range extensions {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(e.Id)
			if e.Critical {
				b.AddASN1Boolean(true)
			}
			b.AddASN1OctetString(e.Value)
		})
	}
}

// certRequest is one CertReqMsg (RFC 4211 §3).
type certRequest struct {
	id       int64
	template certTemplate
	old      *CertID // control oldCertID, RFC 4211 §6.5
	der      []byte  // of the CertRequest, which proof of possession signs
	proof    proof
}

// proofKind is the choice of a ProofOfPossession (RFC 4211 §4).
type proofKind int

const (
	proofNone proofKind = iota
	proofRAVerified
	proofSignature
	proofOther // key encipherment and agreement: not for signing keys
)

type proof struct {
	kind      proofKind
	alg       algorithm
	signature []byte
}

// parseRequests reads CertReqMessages with exactly one request (RFC 9483 §4.1.1).
func parseRequests(body cryptobyte.String) (*certRequest, error) {
	var list, msg, der cryptobyte.String
	if !body.ReadASN1(&list, asn1.SEQUENCE) || !body.Empty() || !list.ReadASN1(&msg, asn1.SEQUENCE) || !list.Empty() || !msg.ReadASN1Element(&der, asn1.SEQUENCE) {
		return nil, malformed("CertReqMessages")
	}
	r := &certRequest{der: der}
	var in cryptobyte.String
	if !der.ReadASN1(&in, asn1.SEQUENCE) || !in.ReadASN1Integer(&r.id) {
		return nil, malformed("CertRequest")
	}
	var err error
	if r.template, err = parseTemplate(&in); err != nil {
		return nil, err
	}
	if !in.Empty() {
		if r.old, err = parseControls(&in); err != nil {
			return nil, err
		}
	}
	if !in.Empty() {
		return nil, malformed("CertRequest")
	}
	if r.proof, err = parseProof(&msg); err != nil {
		return nil, err
	}
	// regInfo may follow (RFC 4211 §7); there is nothing in it for us.
	if !msg.SkipOptionalASN1(asn1.SEQUENCE) || !msg.Empty() {
		return nil, malformed("CertReqMsg")
	}
	return r, nil
}

// parseControls finds oldCertID among the controls (RFC 4211 §6) and reads over the rest.
func parseControls(s *cryptobyte.String) (*CertID, error) {
	values, ok := parseInfoValues(s) // the same shape
	if !ok {
		return nil, malformed("Controls")
	}
	for _, v := range values {
		if v.id.Equal(oidOldCertID) {
			return parseCertID(v.value)
		}
	}
	return nil, nil
}

func parseCertID(der []byte) (*CertID, error) {
	in := cryptobyte.String(der)
	id := &CertID{Serial: new(big.Int)}
	var s, general, name cryptobyte.String
	if !in.ReadASN1(&s, asn1.SEQUENCE) || !s.ReadASN1(&general, explicit(4)) || !s.ReadASN1Integer(id.Serial) || !s.Empty() ||
		!general.ReadASN1Element(&name, asn1.SEQUENCE) || !general.Empty() {
		return nil, malformed("CertId")
	}
	id.Issuer = name
	return id, nil
}

func (id *CertID) add(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(directoryName(id.Issuer))
		b.AddASN1BigInt(id.Serial)
	})
}

func parseProof(s *cryptobyte.String) (proof, error) {
	if s.Empty() || s.PeekASN1Tag(asn1.SEQUENCE) {
		return proof{}, nil
	}
	var in cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&in, &tag) {
		return proof{}, malformed("ProofOfPossession")
	}
	switch tag {
	case implicit(0):
		if !in.Empty() {
			return proof{}, malformed("raVerified")
		}
		return proof{kind: proofRAVerified}, nil
	case explicit(1):
		p := proof{kind: proofSignature}
		// poposkInput [0] stands only where the template has no name or no key (RFC 4211 §4.1); such requests have no place here.
		if in.PeekASN1Tag(explicit(0)) {
			return proof{kind: proofOther}, nil
		}
		var ok bool
		if p.alg, ok = readAlgorithm(&in, asn1.SEQUENCE); !ok || !in.ReadASN1BitStringAsBytes(&p.signature) || !in.Empty() {
			return proof{}, malformed("POPOSigningKey")
		}
		return p, nil
	case explicit(2), explicit(3):
		return proof{kind: proofOther}, nil
	}
	return proof{}, malformed("ProofOfPossession")
}

// verify checks that the requester has the private key (RFC 4211 §4.1).
func (r *certRequest) verify() error {
	return verifyPossession(r.template.spki, r.proof.alg, r.der, r.proof.signature)
}
