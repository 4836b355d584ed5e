package cmp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Server answers CMP messages for an [Authority]. It holds no state of its own and may be used concurrently.
type Server struct {
	Authority Authority
	// Signer protects the answers to signed messages. Its certificate must be a CA's or have id-kp-cmcCA, and its key usage, if any, digitalSignature.
	Signer Protection
	// CAPubs are the trust anchors handed to a device in an ip under a MAC (RFC 9483 §4.1.5), and to anybody by genm caCerts.
	CAPubs []*x509.Certificate
	// NonceKey, 32 octets, lets the server recognise its own nonces without keeping them, also after a restart. Nil: nonces are
	// random, and a recipNonce need only be there.
	NonceKey []byte
	Now      func() time.Time
	Rand     io.Reader
	Log      *slog.Logger // events without names and secrets; nil: none
}

// exchange is one message being answered.
type exchange struct {
	s       *Server
	profile string
	raw     []byte
	sum     [sha256.Size]byte
	m       *message
	party   Party
	protect Protection // of the answer
	depth   int
	via     *Party
}

// answer is a body not yet protected.
type answer struct {
	kind  bodyKind
	body  bodyBuilder
	extra []*x509.Certificate
	keep  bool // the same octets are to be answered by the same octets

	sealed []byte // already protected and stored
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Server) random() io.Reader {
	if s.Rand != nil {
		return s.Rand
	}
	return rand.Reader
}

func (s *Server) log(ctx context.Context, event string, attrs ...any) {
	if s.Log != nil {
		s.Log.InfoContext(ctx, event, attrs...)
	}
}

// Handle answers one message. There is always an answer: at the least an error message. It is nil only when not even that could be
// made, which is logged.
func (s *Server) Handle(ctx context.Context, profile string, request []byte) []byte {
	return s.handle(ctx, profile, request, 1, nil)
}

func (s *Server) handle(ctx context.Context, profile string, request []byte, depth int, via *Party) []byte {
	e := &exchange{s: s, profile: profile, raw: request, sum: sha256.Sum256(request), depth: depth, via: via}
	reply, err := e.run(ctx)
	if err != nil {
		s.log(ctx, "cmp answer failed", "err", err)
		return nil
	}
	return reply
}

func (e *exchange) run(ctx context.Context) ([]byte, error) {
	m, err := parseMessage(e.raw)
	if err != nil {
		e.s.log(ctx, "cmp message refused", "err", err)
		h := header{version: version2, sender: directoryName(e.s.name()), recipient: directoryName(nil)}
		return unprotected(h, bodyError, refusalBody(BadDataFormat, "the message cannot be read", 0).body())
	}
	if e.s.Signer.key == nil {
		return nil, errors.New("the CMP server has no certificate to sign with")
	}
	e.m, e.protect = m, e.s.Signer
	stored, err := e.s.Authority.Reply(ctx, e.sum)
	if err != nil {
		return e.failed(ctx, err)
	}
	if stored != nil {
		return stored, nil
	}
	if err := e.checkHeader(); err != nil {
		return e.refused(ctx, err)
	}
	if err := e.authenticate(ctx); err != nil {
		return e.refused(ctx, err)
	}
	a, err := e.dispatch(ctx)
	if err != nil {
		return e.refused(ctx, err)
	}
	return e.finish(ctx, a)
}

// checkHeader applies RFC 9483 §3.5 to a request.
func (e *exchange) checkHeader() error {
	h := &e.m.header
	switch {
	case h.version != version2 && h.version != version3: // RFC 9810 §7
		return Refuse(UnsupportedVersion, "pvno must be 2 or 3")
	case len(h.transactionID) < idMin || len(h.transactionID) > idMax:
		return Refuse(BadDataFormat, "transactionID must have 16 octets")
	case len(h.senderNonce) < nonceLength:
		return Refuse(BadSenderNonce, "senderNonce must have 16 octets")
	case e.m.protection == nil || h.protectionAlg.id == nil:
		return Refuse(BadMessageCheck, "the message is not protected")
	}
	if e.m.kind == bodyPollReq || e.m.kind == bodyCertConf {
		if !e.s.ownNonce(h.transactionID, h.recipNonce) {
			return Refuse(BadRecipientNonce, "recipNonce is not one of ours")
		}
	}
	return nil
}

// nonce makes a senderNonce: random octets and, where there is a key, their MAC bound to the transaction.
func (s *Server) nonce(transactionID []byte) ([]byte, error) {
	if s.NonceKey == nil {
		return random(s.random(), nonceLength)
	}
	start, err := random(s.random(), nonceLength)
	if err != nil {
		return nil, err
	}
	return append(start, s.nonceMAC(transactionID, start)...), nil
}

func (s *Server) nonceMAC(transactionID, start []byte) []byte {
	h := hmac.New(sha256.New, s.NonceKey)
	h.Write(start)
	h.Write(transactionID)
	return h.Sum(nil)[:nonceLength]
}

func (s *Server) ownNonce(transactionID, nonce []byte) bool {
	if s.NonceKey == nil {
		return len(nonce) >= nonceLength
	}
	return len(nonce) == 2*nonceLength && hmac.Equal(s.nonceMAC(transactionID, nonce[:nonceLength]), nonce[nonceLength:])
}

func (s *Server) name() []byte {
	if s.Signer.cert == nil {
		return nil
	}
	return s.Signer.cert.RawSubject
}

// macRefusal carries the errorCode that tells a technician what is wrong with the enrolment secret.
type macRefusal struct {
	code int64
	text string
}

func (r *macRefusal) Error() string { return r.text }

// authenticate finds out who protected the message and sets how it is answered (RFC 9483 §3.2: in kind).
func (e *exchange) authenticate(ctx context.Context) error {
	params, isMAC, err := parseMAC(e.m.header.protectionAlg)
	if !isMAC {
		return e.authenticateSigner(ctx)
	}
	if err != nil {
		return Refuse(BadAlg, "the MAC's parameters are unknown or out of bounds")
	}
	reference := e.m.header.senderKID
	secret, party, err := e.s.Authority.Secret(ctx, reference)
	switch {
	case errors.Is(err, ErrSecretUnknown):
		return &macRefusal{CodeWrongSecret, "the reference or the secret is wrong"}
	case errors.Is(err, ErrSecretSpent):
		return &macRefusal{CodeSpentSecret, "the secret was already used"}
	case errors.Is(err, ErrSecretVoid):
		return &macRefusal{CodeVoidSecret, "the secret is void"}
	case err != nil:
		return err
	}
	if !params.verify(secret, e.m.protectedPart(), e.m.protection) {
		if err := e.s.Authority.BadMAC(ctx, reference); err != nil {
			return err
		}
		return &macRefusal{CodeWrongSecret, "the reference or the secret is wrong"}
	}
	e.party = Party{Name: party.Name, Via: e.via}
	e.protect = NewMAC(reference, secret)
	e.protect.like = &params
	return nil
}

func (e *exchange) authenticateSigner(ctx context.Context) error {
	cert, err := e.m.signer()
	if err != nil {
		return Refuse(BadMessageCheck, "the signature does not verify with a certificate of extraCerts")
	}
	if !mayProtect(cert) {
		return Refuse(SignerNotTrusted, "the certificate's key usage has no digitalSignature") // RFC 9483 §3.2
	}
	var others []*x509.Certificate
	for _, c := range e.m.extra {
		if !bytes.Equal(c.Raw, cert.Raw) {
			others = append(others, c)
		}
	}
	party, err := e.s.Authority.Signer(ctx, cert, others)
	if err != nil {
		return err
	}
	e.party = Party{Name: party.Name, Certificate: cert, RA: IsRA(cert), Via: e.via}
	return nil
}

// finish protects an answer and stores it where the same octets are to be had again.
func (e *exchange) finish(ctx context.Context, a *answer) ([]byte, error) {
	if a.sealed != nil {
		return a.sealed, nil
	}
	reply, err := e.seal(a)
	if err != nil || !a.keep {
		return reply, err
	}
	stored, err := e.s.Authority.PutReply(ctx, e.sum, e.m.header.transactionID, reply)
	if err != nil {
		return e.failed(ctx, err)
	}
	return stored, nil
}

// seal protects an answer: RFC 9483 §3.1, sender and recipient change places, recipNonce is the request's senderNonce.
func (e *exchange) seal(a *answer) ([]byte, error) {
	h := header{version: version2, sender: directoryName(e.s.name()), recipient: e.m.header.sender, messageTime: e.s.now(), transactionID: e.m.header.transactionID, recipNonce: e.m.header.senderNonce}
	if e.m.header.version == version3 {
		h.version = version3
	}
	var err error
	if h.senderNonce, err = e.s.nonce(h.transactionID); err != nil {
		return nil, err
	}
	return e.protect.seal(e.s.random(), h, a.kind, a.body, a.extra)
}

// failed answers that something is wrong here and not there; nothing is stored, and the same message may be sent again.
func (e *exchange) failed(ctx context.Context, cause error) ([]byte, error) {
	e.s.log(ctx, "cmp request failed", "body", e.m.kind.String(), "err", cause)
	return e.seal(&answer{kind: bodyError, body: refusalBody(SystemFailure, "the centre could not finish this; try again", 0).body()})
}

// refused answers an error by an error message (RFC 9483 §3.6.4).
func (e *exchange) refused(ctx context.Context, cause error) ([]byte, error) {
	if bad := (*macRefusal)(nil); errors.As(cause, &bad) {
		e.s.log(ctx, "cmp message refused", "body", e.m.kind.String(), "err", bad)
		return e.seal(&answer{kind: bodyError, body: refusalBody(BadMessageCheck, bad.text, bad.code).body()})
	}
	refusal := (*Refusal)(nil)
	switch {
	case errors.As(cause, &refusal):
	case errors.Is(cause, ErrMalformed):
		refusal = &Refusal{BadDataFormat, cause.Error()}
	default:
		return e.failed(ctx, cause)
	}
	e.s.log(ctx, "cmp message refused", "body", e.m.kind.String(), "err", refusal)
	return e.seal(&answer{kind: bodyError, body: refusalBody(refusal.Fail, refusal.Text, 0).body()})
}

func refusalBody(fail Failure, text string, code int64) errorContent {
	c := errorContent{info: PKIStatusInfo{Status: Rejection, Fail: fail}, code: code}
	if text != "" {
		c.info.Text = []string{text}
	}
	return c
}

func nullBody(b *cryptobyte.Builder) { b.AddASN1NULL() }
