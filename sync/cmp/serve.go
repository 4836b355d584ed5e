package cmp

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

func (e *exchange) dispatch(ctx context.Context) (*answer, error) {
	switch e.m.kind {
	case bodyIR:
		return e.certificateRequest(ctx, KindIR)
	case bodyCR:
		return e.certificateRequest(ctx, KindCR)
	case bodyKUR:
		return e.certificateRequest(ctx, KindKUR)
	case bodyP10CR:
		return e.certificateRequest(ctx, KindP10CR)
	case bodyPollReq:
		return e.poll(ctx)
	case bodyCertConf:
		return e.confirm(ctx)
	case bodyRR:
		return e.revoke(ctx)
	case bodyGenM:
		return e.general()
	case bodyNested:
		return e.nested(ctx)
	}
	return nil, Refuse(BadRequest, fmt.Sprintf("%v is no request this server knows", e.m.kind))
}

// answerKind is the body that answers a kind of request (RFC 9810 §5.1.2).
var answerKind = map[Kind]bodyKind{KindIR: bodyIP, KindCR: bodyCP, KindP10CR: bodyCP, KindKUR: bodyKUP}

func (k Kind) requestID() int64 {
	if k == KindP10CR {
		return requestIDP10
	}
	return requestID
}

// answersTo says whether a certReqId of a later message is the request's. For a p10cr peers differ between -1 and 0.
func (k Kind) answersTo(id int64) bool {
	return id == requestID || (k == KindP10CR && id == requestIDP10)
}

func (e *exchange) certificateRequest(ctx context.Context, kind Kind) (*answer, error) {
	r := &Request{Party: e.party, Profile: e.profile, Kind: kind, TransactionID: e.m.header.transactionID, Message: e.raw, MessageSHA256: e.sum}
	read := e.readCRMF
	if kind == KindP10CR {
		read = e.readP10
	}
	if err := read(r); err != nil {
		return nil, err
	}
	outcome, err := e.s.Authority.Request(ctx, r)
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) && !refusal.Fail.Has(TransactionIDInUse) {
		// RFC 9483 §4.1.1: a request that is refused is answered by its own response with status rejection.
		outcome, err = Outcome{State: Rejected, Kind: kind, Text: refusal.Text, Fail: refusal.Fail}, nil
	}
	if err != nil {
		return nil, err
	}
	outcome.Kind = kind
	return e.outcome(outcome)
}

func (e *exchange) readP10(r *Request) error {
	csr, err := x509.ParseCertificateRequest(e.m.body)
	if err != nil {
		return Refuse(BadDataFormat, "the PKCS#10 cannot be read")
	}
	if err := verifyP10(csr); err != nil {
		return Refuse(BadPOP, "the signature of the PKCS#10 does not verify")
	}
	r.Subject, r.SPKI, r.Extensions, r.CSR = csr.RawSubject, csr.RawSubjectPublicKeyInfo, csr.Extensions, csr.Raw
	return nil
}

func (e *exchange) readCRMF(r *Request) error {
	request, err := parseRequests(e.m.body)
	if err != nil {
		return err
	}
	if request.id != requestID { // RFC 9483 §4.1.1
		return Refuse(BadRequest, "certReqId must be 0")
	}
	if request.template.spki == nil {
		return Refuse(BadCertTemplate, "the template has no public key; keys are not made here")
	}
	switch request.proof.kind {
	case proofSignature:
		if err := request.verify(); err != nil {
			return Refuse(BadPOP, "the proof of possession does not verify")
		}
	case proofRAVerified:
		// RFC 9483 §5.2.3.2: only a registration authority may say so.
		if !e.party.RA && (e.party.Via == nil || !e.party.Via.RA) {
			return Refuse(BadPOP, "raVerified is for registration authorities")
		}
		r.RAVerified = true
	default:
		return Refuse(BadPOP, "a proof of possession by signature is needed")
	}
	if r.Kind == KindKUR {
		if err := e.checkUpdate(request); err != nil {
			return err
		}
	}
	r.Subject, r.SPKI, r.Extensions, r.Old = request.template.subject, request.template.spki, request.template.extensions, request.old
	return nil
}

// checkUpdate applies RFC 9483 §4.1.3: the certificate to be updated protects the message, and oldCertID names it.
func (e *exchange) checkUpdate(request *certRequest) error {
	cert := e.party.Certificate
	if cert == nil {
		return Refuse(WrongIntegrity, "a kur is signed with the certificate to be updated")
	}
	if request.old != nil && (request.old.Serial.Cmp(cert.SerialNumber) != 0 || !bytes.Equal(request.old.Issuer, cert.RawIssuer)) {
		return Refuse(BadCertID, "oldCertID is not the certificate that signed")
	}
	return nil
}

// outcome makes the ip, cp or kup.
func (e *exchange) outcome(o Outcome) (*answer, error) {
	kind, known := answerKind[o.Kind]
	if !known {
		return nil, fmt.Errorf("the authority gave an outcome of kind %q", o.Kind)
	}
	r := &certResponse{id: o.Kind.requestID()}
	a := &answer{kind: kind, keep: true}
	if o.Text != "" {
		r.status.Text = []string{o.Text}
	}
	switch o.State {
	case Waiting:
		r.status.Status = StatusWaiting
	case Rejected:
		r.status.Status, r.status.Fail = Rejection, o.Fail
		if o.Fail == 0 {
			r.status.Fail = BadRequest
		}
	case Issued:
		r.cert, r.status.Text = o.DER, nil
		a.extra = o.Chain
		// RFC 9483 §4.1.5: trust anchors only in an ip, and only under a MAC.
		if kind == bodyIP && e.protect.isMAC() {
			r.caPubs = e.s.CAPubs
		}
	default:
		return nil, fmt.Errorf("the authority gave an outcome of state %q", o.State)
	}
	a.body = r.body()
	return a, nil
}

func (e *exchange) poll(ctx context.Context) (*answer, error) {
	id, err := parsePollRequest(e.m.body)
	if err != nil {
		return nil, err
	}
	o, err := e.s.Authority.Poll(ctx, e.party, e.m.header.transactionID)
	if err != nil {
		return nil, err
	}
	if !o.Kind.answersTo(id) { // RFC 9483 §4.4: polling is by the certReqId of the request
		return nil, Refuse(BadRequest, "certReqId is not the request's")
	}
	if o.State != Waiting {
		return e.outcome(o)
	}
	r := &pollResponse{id: id, checkAfter: o.CheckAfter}
	if o.Text != "" {
		r.reason = []string{o.Text}
	}
	// Nothing is changed by it, so it is not kept: the same octets asked later may have a better answer.
	return &answer{kind: bodyPollRep, body: r.body()}, nil
}

func (e *exchange) confirm(ctx context.Context) (*answer, error) {
	status, err := parseCertConf(e.m.body)
	if err != nil {
		return nil, err
	}
	o, err := e.s.Authority.Poll(ctx, e.party, e.m.header.transactionID)
	if err != nil {
		return nil, err
	}
	if o.State != Issued {
		return nil, Refuse(BadRequest, "there is no certificate to be confirmed")
	}
	if !o.Kind.answersTo(status.id) {
		return nil, Refuse(BadRequest, "certReqId is not the request's")
	}
	if status.accepted() && status.info != nil && status.info.Fail != 0 { // RFC 9483 §4.1.1: nothing can be both
		return nil, Refuse(BadRequest, "the status is accepted and has a failInfo")
	}
	if status.hashAlg.id != nil && e.m.header.version != version3 { // RFC 9810 §5.3.18
		return nil, Refuse(BadRequest, "hashAlg needs pvno 3")
	}
	cert, err := x509.ParseCertificate(o.DER)
	if err != nil {
		return nil, fmt.Errorf("read the issued certificate: %w", err)
	}
	same, err := status.matches(cert)
	if err != nil {
		return nil, Refuse(BadAlg, "the hash algorithm of certHash is not known")
	}
	if !same {
		return nil, Refuse(BadCertID, "certHash is not the certificate's")
	}
	a := &answer{kind: bodyPKIConf, body: nullBody} // RFC 9810 §5.3.17
	c := &Confirmation{Party: e.party, TransactionID: e.m.header.transactionID, Accepted: status.accepted(), DER: o.DER, MessageSHA256: e.sum}
	if status.info != nil && len(status.info.Text) > 0 {
		c.Text = status.info.Text[0]
	}
	if c.Reply, err = e.seal(a); err != nil {
		return nil, err
	}
	if err := e.s.Authority.Confirm(ctx, c); err != nil {
		return nil, err
	}
	a.sealed = c.Reply
	return a, nil
}

func (e *exchange) revoke(ctx context.Context) (*answer, error) {
	details, err := parseRevocation(e.m.body)
	if err != nil {
		return nil, err
	}
	if details.template.serial == nil || details.template.issuer == nil { // RFC 9483 §4.2
		return nil, Refuse(AddInfoNotAvailable, "the template needs issuer and serialNumber")
	}
	info := PKIStatusInfo{Status: Accepted}
	err = e.s.Authority.Revoke(ctx, &RevocationRequest{Party: e.party, Profile: e.profile, TransactionID: e.m.header.transactionID, Message: e.raw, MessageSHA256: e.sum,
		Certificate: CertID{Issuer: details.template.issuer, Serial: details.template.serial}, Reason: details.reason})
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) && !refusal.Fail.Has(TransactionIDInUse) {
		info, err = PKIStatusInfo{Status: Rejection, Text: []string{refusal.Text}, Fail: refusal.Fail}, nil // RFC 9483 §4.2
	}
	if err != nil {
		return nil, err
	}
	return &answer{kind: bodyRP, body: revocationResponseBody(info), keep: true}, nil
}

// general answers a genm: caCerts is known (RFC 9483 §4.3.1), anything else gets an empty genp (RFC 9810 §5.3.19).
func (e *exchange) general() (*answer, error) {
	body := e.m.body
	values, ok := parseInfoValues(&body)
	if !ok || !body.Empty() {
		return nil, malformed("GenMsgContent")
	}
	var out []infoValue
	for _, v := range values {
		if v.id.Equal(oidCACerts) && len(e.s.CAPubs) > 0 {
			b := cryptobyte.NewBuilder(nil)
			addCertificates(b, e.s.CAPubs)
			out = append(out, infoValue{id: oidCACerts, value: b.BytesOrPanic()})
		}
	}
	return &answer{kind: bodyGenP, body: func(b *cryptobyte.Builder) {
		if len(out) == 0 {
			b.AddASN1(asn1.SEQUENCE, func(*cryptobyte.Builder) {})
			return
		}
		addInfoValues(b, out)
	}}, nil
}
