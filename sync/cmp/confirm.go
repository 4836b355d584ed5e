package cmp

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// certStatus is the one CertStatus of a certConf (RFC 9810 §5.3.18).
type certStatus struct {
	hash    []byte
	id      int64
	info    *PKIStatusInfo // nil means accepted
	hashAlg algorithm      // id nil: by the certificate's signature algorithm
}

func parseCertConf(body cryptobyte.String) (*certStatus, error) {
	var list, one cryptobyte.String
	c := &certStatus{}
	if !body.ReadASN1(&list, asn1.SEQUENCE) || !body.Empty() || !list.ReadASN1(&one, asn1.SEQUENCE) || !list.Empty() ||
		!one.ReadASN1Bytes(&c.hash, asn1.OCTET_STRING) || !one.ReadASN1Integer(&c.id) {
		return nil, malformed("CertConfirmContent")
	}
	if one.PeekASN1Tag(asn1.SEQUENCE) {
		info, err := parseStatusInfo(&one)
		if err != nil {
			return nil, err
		}
		c.info = &info
	}
	var field cryptobyte.String
	var present, ok bool
	if !one.ReadOptionalASN1(&field, &present, explicit(0)) || !one.Empty() {
		return nil, malformed("CertStatus")
	}
	if present {
		if c.hashAlg, ok = readAlgorithm(&field, asn1.SEQUENCE); !ok || !field.Empty() {
			return nil, malformed("hashAlg")
		}
	}
	return c, nil
}

func (c *certStatus) body() bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1OctetString(c.hash)
				b.AddASN1Int64(c.id)
				if c.info != nil {
					c.info.add(b)
				}
				if c.hashAlg.id != nil {
					b.AddASN1(explicit(0), c.hashAlg.add)
				}
			})
		})
	}
}

// accepted says whether the other side took the certificate.
func (c *certStatus) accepted() bool { return c.info == nil || c.info.Status <= GrantedWithMods }
