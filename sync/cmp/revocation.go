package cmp

import (
	"crypto/x509/pkix"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// revocation is the one RevDetails of an rr (RFC 9810 §5.3.9).
type revocation struct {
	template certTemplate
	reason   int // CRLReason, 0 if absent
}

func parseRevocation(body cryptobyte.String) (*revocation, error) {
	var list, one, exts cryptobyte.String
	r := &revocation{}
	if !body.ReadASN1(&list, asn1.SEQUENCE) || !body.Empty() || !list.ReadASN1(&one, asn1.SEQUENCE) || !list.Empty() {
		return nil, malformed("RevReqContent")
	}
	var err error
	if r.template, err = parseTemplate(&one); err != nil {
		return nil, err
	}
	if one.Empty() {
		return r, nil
	}
	if !one.ReadASN1(&exts, asn1.SEQUENCE) || !one.Empty() {
		return nil, malformed("crlEntryDetails")
	}
	details, err := parseExtensions(exts)
	if err != nil {
		return nil, err
	}
	for _, e := range details {
		value := cryptobyte.String(e.Value)
		if e.Id.Equal(oidReasonCode) && (!value.ReadASN1Enum(&r.reason) || !value.Empty()) {
			return nil, malformed("reasonCode")
		}
	}
	return r, nil
}

func (r *revocation) body() bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				r.template.add(b)
				// RFC 9483 §4.2: the reason is always said.
				value := cryptobyte.NewBuilder(nil)
				value.AddASN1Enum(int64(r.reason))
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					addExtensions(b, []pkix.Extension{{Id: oidReasonCode, Value: value.BytesOrPanic()}})
				})
			})
		})
	}
}

// parseRevocationResponse reads an rp (RFC 9810 §5.3.10) for one certificate. Certificate ids and CRLs in it are read over.
func parseRevocationResponse(body cryptobyte.String) (PKIStatusInfo, error) {
	var in, list cryptobyte.String
	if !body.ReadASN1(&in, asn1.SEQUENCE) || !body.Empty() || !in.ReadASN1(&list, asn1.SEQUENCE) {
		return PKIStatusInfo{}, malformed("RevRepContent")
	}
	info, err := parseStatusInfo(&list)
	if err != nil {
		return info, err
	}
	if !list.Empty() || !in.SkipOptionalASN1(explicit(0)) || !in.SkipOptionalASN1(explicit(1)) || !in.Empty() {
		return info, malformed("RevRepContent")
	}
	return info, nil
}

func revocationResponseBody(info PKIStatusInfo) bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, info.add)
		})
	}
}
