package cmp

import (
	"crypto/x509"
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Identifiers of the one request in a message.
const (
	requestID    = 0  // RFC 9483 §4.1.1: certReqId 0
	requestIDP10 = -1 // RFC 9483 §4.1.4: a PKCS#10 has none, so the answer says -1
)

// certResponse is a CertRepMessage with its one CertResponse (RFC 9810 §5.3.4): ip, cp or kup.
type certResponse struct {
	caPubs []*x509.Certificate
	id     int64
	status PKIStatusInfo
	cert   []byte // DER, nil if there is none
}

func parseCertResponse(body cryptobyte.String) (*certResponse, error) {
	var in, field, list, one cryptobyte.String
	var present bool
	r := &certResponse{}
	if !body.ReadASN1(&in, asn1.SEQUENCE) || !body.Empty() || !in.ReadOptionalASN1(&field, &present, explicit(1)) {
		return nil, malformed("CertRepMessage")
	}
	if present {
		ders, err := readCertificates(&field)
		if err != nil || !field.Empty() {
			return nil, malformed("caPubs")
		}
		for _, der := range ders {
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, malformed("caPubs")
			}
			r.caPubs = append(r.caPubs, cert)
		}
	}
	if !in.ReadASN1(&list, asn1.SEQUENCE) || !in.Empty() || !list.ReadASN1(&one, asn1.SEQUENCE) || !list.Empty() || !one.ReadASN1Integer(&r.id) {
		return nil, malformed("CertResponse")
	}
	var err error
	if r.status, err = parseStatusInfo(&one); err != nil {
		return nil, err
	}
	if one.PeekASN1Tag(asn1.SEQUENCE) {
		if r.cert, err = parseCertifiedKeyPair(&one); err != nil {
			return nil, err
		}
	}
	if !one.SkipOptionalASN1(asn1.OCTET_STRING) || !one.Empty() { // rspInfo
		return nil, malformed("CertResponse")
	}
	return r, nil
}

// parseCertifiedKeyPair takes the certificate in the clear; an encrypted one (RFC 9810 §5.2.2) was never asked for.
func parseCertifiedKeyPair(s *cryptobyte.String) ([]byte, error) {
	var pair, choice, cert cryptobyte.String
	if !s.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1(&choice, explicit(0)) || !choice.ReadASN1Element(&cert, asn1.SEQUENCE) || !choice.Empty() {
		return nil, malformed("CertifiedKeyPair")
	}
	return cert, nil
}

func (r *certResponse) body() bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			if len(r.caPubs) > 0 {
				b.AddASN1(explicit(1), func(b *cryptobyte.Builder) { addCertificates(b, r.caPubs) })
			}
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1Int64(r.id)
					r.status.add(b)
					if r.cert != nil {
						b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(r.cert) })
						})
					}
				})
			})
		})
	}
}

// parsePollRequest reads a PollReqContent (RFC 9810 §5.3.22) with one certReqId.
func parsePollRequest(body cryptobyte.String) (id int64, err error) {
	var list, one cryptobyte.String
	if !body.ReadASN1(&list, asn1.SEQUENCE) || !body.Empty() || !list.ReadASN1(&one, asn1.SEQUENCE) || !list.Empty() || !one.ReadASN1Integer(&id) || !one.Empty() {
		return 0, malformed("PollReqContent")
	}
	return id, nil
}

func pollRequestBody(id int64) bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(id) })
		})
	}
}

// pollResponse is a PollRepContent (RFC 9810 §5.3.22) with one entry.
type pollResponse struct {
	id         int64
	checkAfter time.Duration // sent in whole seconds
	reason     []string
}

// maxCheckAfter bounds what another side may make us wait; nobody polls more rarely than this.
const maxCheckAfter = 24 * time.Hour

func parsePollResponse(body cryptobyte.String) (*pollResponse, error) {
	var list, one cryptobyte.String
	var seconds int64
	r := &pollResponse{}
	if !body.ReadASN1(&list, asn1.SEQUENCE) || !body.Empty() || !list.ReadASN1(&one, asn1.SEQUENCE) || !list.Empty() ||
		!one.ReadASN1Integer(&r.id) || !one.ReadASN1Integer(&seconds) || seconds < 0 {
		return nil, malformed("PollRepContent")
	}
	r.checkAfter = time.Duration(min(seconds, int64(maxCheckAfter/time.Second))) * time.Second
	if !one.Empty() {
		reason, err := parseFreeText(&one)
		if err != nil || !one.Empty() {
			return nil, malformed("PollRepContent")
		}
		r.reason = reason
	}
	return r, nil
}

func (r *pollResponse) body() bodyBuilder {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(r.id)
				b.AddASN1Int64(int64(math.Ceil(r.checkAfter.Seconds())))
				if len(r.reason) > 0 {
					addFreeText(b, r.reason)
				}
			})
		})
	}
}
