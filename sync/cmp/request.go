package cmp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Template is what ir, cr and kur ask for (RFC 4211 §5). Key signs the proof of possession.
type Template struct {
	Subject    pkix.Name
	RawSubject []byte // DER of a Name; used instead of Subject if set
	Key        crypto.Signer
	Extensions []pkix.Extension
}

// P10CR asks for a certificate by a PKCS#10, which carries its own proof of possession (RFC 9483 §4.1.4). Called again it sends the same octets
// until they are answered; after that it gives the answer as it is known.
func (c *Client) P10CR(ctx context.Context, t *Transaction, csr []byte) (Answer, error) {
	return c.request(ctx, t, KindP10CR, bodyP10CR, func() (bodyBuilder, error) {
		request, err := x509.ParseCertificateRequest(csr)
		if err != nil {
			return nil, err
		}
		return func(b *cryptobyte.Builder) { b.AddBytes(request.Raw) }, nil
	})
}

// IR asks for the first certificate of a device (RFC 9483 §4.1.1). Otherwise like [Client.P10CR].
func (c *Client) IR(ctx context.Context, t *Transaction, template Template) (Answer, error) {
	return c.request(ctx, t, KindIR, bodyIR, func() (bodyBuilder, error) { return template.body(c.random(), nil) })
}

// CR asks for a further certificate (RFC 9483 §4.1.2). Otherwise like [Client.P10CR].
func (c *Client) CR(ctx context.Context, t *Transaction, template Template) (Answer, error) {
	return c.request(ctx, t, KindCR, bodyCR, func() (bodyBuilder, error) { return template.body(c.random(), nil) })
}

// KUR asks for a certificate in place of an older one, whose key protects the message (RFC 9483 §4.1.3). Without a subject the older one's is
// asked for. Otherwise like [Client.P10CR].
func (c *Client) KUR(ctx context.Context, t *Transaction, template Template, old *x509.Certificate) (Answer, error) {
	return c.request(ctx, t, KindKUR, bodyKUR, func() (bodyBuilder, error) {
		if template.RawSubject == nil && template.Subject.String() == "" {
			template.RawSubject = old.RawSubject
		}
		return template.body(c.random(), &CertID{Issuer: old.RawIssuer, Serial: old.SerialNumber})
	})
}

func (c *Client) request(ctx context.Context, t *Transaction, kind Kind, body bodyKind, build func() (bodyBuilder, error)) (Answer, error) {
	if t.Kind == "" {
		if t.Kind, t.RequestID = kind, requestID; kind == KindP10CR {
			t.RequestID = requestIDP10
		}
	}
	if t.Kind != kind {
		return Answer{}, fmt.Errorf("%w: it is a %s", ErrOrder, t.Kind)
	}
	if t.State != "" {
		return t.answer(0)
	}
	content := bodyBuilder(nil)
	if !t.Pending() {
		var err error
		if content, err = build(); err != nil {
			return Answer{}, fmt.Errorf("build %s: %w", kind, err)
		}
	}
	m, err := c.exchange(ctx, t, body, version2, content)
	if verdict := (*StatusError)(nil); errors.As(err, &verdict) && verdict.Info.Fail.Has(TransactionIDInUse) {
		// Our own earlier message arrived although it was forgotten here. Its outcome is to be had by polling; the centre gives
		// it to nobody else.
		t.State = Waiting
		return t.answer(0)
	}
	if err != nil {
		return Answer{}, err
	}
	return c.take(t, m)
}

// Poll asks how a waiting request stands (RFC 9483 §4.4).
func (c *Client) Poll(ctx context.Context, t *Transaction) (Answer, error) {
	if t.State != Waiting {
		if t.State == "" {
			return Answer{}, fmt.Errorf("%w: nothing was asked for", ErrOrder)
		}
		return t.answer(0)
	}
	m, err := c.exchange(ctx, t, bodyPollReq, version2, pollRequestBody(t.RequestID))
	if err != nil {
		return Answer{}, err
	}
	return c.take(t, m)
}

// take notes an answer to a request or a poll.
func (c *Client) take(t *Transaction, m *message) (Answer, error) {
	if m.kind == bodyPollRep {
		r, err := parsePollResponse(m.body)
		if err != nil {
			return Answer{}, err
		}
		if !t.answers(r.id) {
			return Answer{}, fmt.Errorf("%w: certReqId %d", ErrMismatch, r.id)
		}
		t.State = Waiting
		return t.answer(r.checkAfter)
	}
	want := map[Kind]bodyKind{KindIR: bodyIP, KindCR: bodyCP, KindP10CR: bodyCP, KindKUR: bodyKUP}[t.Kind]
	if m.kind != want {
		return Answer{}, fmt.Errorf("%w: %v answers %s", ErrMismatch, m.kind, t.Kind)
	}
	r, err := parseCertResponse(m.body)
	if err != nil {
		return Answer{}, err
	}
	if !t.answers(r.id) {
		return Answer{}, fmt.Errorf("%w: certReqId %d", ErrMismatch, r.id)
	}
	return t.takeResponse(m, r)
}

// answers says whether a certReqId is the request's. A rejection and some older peers answer a p10cr by 0 (RFC 9810 §5.3.4).
func (t *Transaction) answers(id int64) bool {
	return id == t.RequestID || (t.Kind == KindP10CR && id == requestID) || id == requestIDP10
}

func (t *Transaction) takeResponse(m *message, r *certResponse) (Answer, error) {
	status := r.status
	switch {
	case status.Status <= GrantedWithMods:
		if r.cert == nil {
			return Answer{}, malformed("a granted request without certificate")
		}
		if _, err := x509.ParseCertificate(r.cert); err != nil {
			return Answer{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		t.State, t.Certificate, t.RequestID = Issued, r.cert, r.id
		t.CAPubs, t.Extra = certificates(r.caPubs), certificates(m.extra)
		t.Implicit = m.header.implicitConfirm()
	case status.Status == StatusWaiting:
		t.State = Waiting
	case status.Status == Rejection:
		t.State = Rejected
	default:
		return Answer{}, malformed("a request answered by " + status.Status.String())
	}
	t.Status = status
	return t.answer(0)
}

// Confirm tells the centre that the certificate is the right one (certConf, RFC 9483 §4.1.1). It sends nothing where the centre waived it.
func (c *Client) Confirm(ctx context.Context, t *Transaction, cert *x509.Certificate) error {
	return c.confirm(ctx, t, cert, nil)
}

// Refuse tells the centre that the certificate is not taken and why; the centre revokes it.
func (c *Client) Refuse(ctx context.Context, t *Transaction, cert *x509.Certificate, reason string) error {
	return c.confirm(ctx, t, cert, &PKIStatusInfo{Status: Rejection, Text: []string{reason}, Fail: BadCertTemplate | IncorrectData})
}

func (c *Client) confirm(ctx context.Context, t *Transaction, cert *x509.Certificate, refusal *PKIStatusInfo) error {
	if t.State != Issued || !bytes.Equal(cert.Raw, t.Certificate) {
		return fmt.Errorf("%w: this certificate was not issued by it", ErrOrder)
	}
	refused := refusal != nil
	if (t.Confirmed || t.Pending()) && t.Refused != refused {
		return fmt.Errorf("%w: the other verdict was already sent", ErrOrder)
	}
	if t.Refused = refused; t.Confirmed || (t.Implicit && !refused) {
		t.Confirmed = true
		return nil
	}
	status, version := newCertStatus(cert, t.RequestID)
	status.info = refusal
	m, err := c.exchange(ctx, t, bodyCertConf, version, status.body())
	if err != nil {
		return err
	}
	if m.kind != bodyPKIConf {
		return fmt.Errorf("%w: %v answers certConf", ErrMismatch, m.kind)
	}
	t.Confirmed = true
	return nil
}

// Revocation names a certificate to be revoked. Reason is a CRLReason (RFC 5280 §5.3.1).
type Revocation struct {
	Issuer []byte // DER of a Name
	Serial *big.Int
	Reason int
}

// Revoke asks for the revocation of a certificate: one's own, or as a registration authority another's (RFC 9483 §4.2, §5.3.2).
// A refusal is a [*StatusError].
func (c *Client) Revoke(ctx context.Context, t *Transaction, r Revocation) error {
	if t.Kind == "" {
		t.Kind = KindRR
	}
	if t.Kind != KindRR {
		return fmt.Errorf("%w: it is a %s", ErrOrder, t.Kind)
	}
	if t.Confirmed {
		return nil
	}
	details := revocation{template: certTemplate{issuer: r.Issuer, serial: r.Serial}, reason: r.Reason}
	m, err := c.exchange(ctx, t, bodyRR, version2, details.body())
	if err != nil {
		return err
	}
	if m.kind != bodyRP {
		return fmt.Errorf("%w: %v answers rr", ErrMismatch, m.kind)
	}
	info, err := parseRevocationResponse(m.body)
	if err != nil {
		return err
	}
	t.Status = info
	if info.Status == Rejection || info.Status == StatusWaiting {
		return &StatusError{Body: "rp", Info: info}
	}
	t.Confirmed = true
	return nil
}

// CACerts asks for the centre's CA certificates (RFC 9483 §4.3.1). They are as trustworthy as the protection of the answer.
func (c *Client) CACerts(ctx context.Context) ([]*x509.Certificate, error) {
	id, err := random(c.random(), nonceLength)
	if err != nil {
		return nil, err
	}
	once := *c
	once.Keep = nil // nothing is changed by it, so nothing need be kept
	m, err := once.exchange(ctx, NewTransaction(id), bodyGenM, version2, func(b *cryptobyte.Builder) {
		addInfoValues(b, []infoValue{{id: oidCACerts}})
	})
	if err != nil {
		return nil, err
	}
	if m.kind != bodyGenP {
		return nil, fmt.Errorf("%w: %v answers genm", ErrMismatch, m.kind)
	}
	return parseCACerts(m.body)
}

func parseCACerts(body cryptobyte.String) ([]*x509.Certificate, error) {
	values, ok := parseInfoValues(&body)
	if !ok || !body.Empty() {
		return nil, malformed("GenRepContent")
	}
	var certs []*x509.Certificate
	for _, v := range values {
		if !v.id.Equal(oidCACerts) || v.value == nil {
			continue
		}
		value := cryptobyte.String(v.value)
		ders, err := readCertificates(&value)
		if err != nil {
			return nil, err
		}
		for _, der := range ders {
			cert, err := x509.ParseCertificate(der)
			if err != nil {
				return nil, malformed("caCerts")
			}
			certs = append(certs, cert)
		}
	}
	return certs, nil
}

// body builds CertReqMessages with one request and its proof of possession.
func (t Template) body(rand io.Reader, old *CertID) (bodyBuilder, error) {
	spki, err := publicKeyInfo(t.Key.Public())
	if err != nil {
		return nil, err
	}
	subject := t.RawSubject
	if subject == nil {
		if subject, err = x509Name(t.Subject); err != nil {
			return nil, err
		}
	}
	template := certTemplate{subject: subject, spki: spki, extensions: t.Extensions}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(requestID)
		template.add(b)
		if old != nil {
			id := cryptobyte.NewBuilder(nil)
			old.add(id)
			addInfoValues(b, []infoValue{{id: oidOldCertID, value: id.BytesOrPanic()}})
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	alg, signature, err := signPossession(rand, t.Key, der) // RFC 4211 §4.1: over the DER of the CertRequest
	if err != nil {
		return nil, fmt.Errorf("prove possession: %w", err)
	}
	return func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddBytes(der)
				b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
					alg.add(b)
					b.AddASN1BitString(signature)
				})
			})
		})
	}, nil
}
