package centre

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// profileDevice is the CMP profile of kiosks themselves; the others are named like the citizens' templates.
const profileDevice = "device"

// cmpAuthority is the centre as the CMP server sees it: it translates, and rules nothing by itself.
type cmpAuthority struct{ c *Centre }

var _ cmp.Authority = cmpAuthority{}

// Secret gives the enrolment secret behind a reference. The party is the device's prefix.
func (a cmpAuthority) Secret(ctx context.Context, reference []byte) ([]byte, cmp.Party, error) {
	d, err := a.c.deviceByReference(ctx, string(reference))
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, cmp.Party{}, cmp.ErrSecretUnknown
	}
	if err != nil {
		return nil, cmp.Party{}, err
	}
	if !d.EnrolledAt.IsZero() {
		return nil, cmp.Party{}, cmp.ErrSecretSpent
	}
	if a.c.secretVoid(d) {
		return nil, cmp.Party{}, cmp.ErrSecretVoid
	}
	secret, err := a.c.sealer.open(d.Secret, "device:"+d.Prefix)
	return secret, cmp.Party{Name: d.Prefix}, err
}

// BadMAC counts a wrong try.
func (a cmpAuthority) BadMAC(ctx context.Context, reference []byte) error {
	return a.c.badMAC(ctx, string(reference))
}

// Signer says which device a certificate is of; nobody else may speak CMP here.
func (a cmpAuthority) Signer(ctx context.Context, cert *x509.Certificate, _ []*x509.Certificate) (cmp.Party, error) {
	d, err := a.c.deviceOf(ctx, cert)
	switch {
	case errors.Is(err, errRevoked):
		return cmp.Party{}, cmp.Refuse(cmp.CertRevoked, err.Error())
	case refusalCode(err) != "":
		return cmp.Party{}, cmp.Refuse(cmp.SignerNotTrusted, err.Error())
	}
	return cmp.Party{Name: d.Prefix}, err
}

// Reply finds a stored answer.
func (a cmpAuthority) Reply(ctx context.Context, request [sha256.Size]byte) (reply []byte, err error) {
	err = a.c.db.View(ctx, func(t *ledger.Tx) error {
		reply, err = t.Reply(hex.EncodeToString(request[:]))
		return err
	})
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	return reply, err
}

// PutReply stores an answer; the first one stays.
func (a cmpAuthority) PutReply(ctx context.Context, request [sha256.Size]byte, transactionID, reply []byte) (stored []byte, err error) {
	err = a.c.db.Do(ctx, func(t *ledger.Tx) error {
		hash := hex.EncodeToString(request[:])
		if err := t.PutReply(hash, hex.EncodeToString(transactionID), reply, a.c.now()); err != nil {
			return err
		}
		stored, err = t.Reply(hash)
		return err
	})
	return stored, err
}

// Request opens a transaction.
func (a cmpAuthority) Request(ctx context.Context, r *cmp.Request) (cmp.Outcome, error) {
	d, err := a.party(ctx, r.Party)
	if err != nil {
		return cmp.Outcome{}, err
	}
	in, err := a.c.readRequest(r)
	if err != nil {
		return cmp.Outcome{}, refused(err)
	}
	var out outcome
	if r.Profile == profileDevice {
		if err := mayEnrol(r, d); err != nil {
			return cmp.Outcome{}, err
		}
		out, err = a.c.enrol(ctx, d, in, r.Party.Certificate == nil)
	} else {
		if r.Party.Certificate == nil {
			return cmp.Outcome{}, cmp.Refuse(cmp.NotAuthorized, "an enrolment secret serves the profile device only")
		}
		if r.Kind == cmp.KindKUR {
			return cmp.Outcome{}, cmp.Refuse(cmp.NotAuthorized, "a citizen's certificate is renewed by an application, not by kur")
		}
		out, err = a.c.ask(ctx, d, in)
	}
	if err != nil {
		return cmp.Outcome{}, refused(err)
	}
	return a.outcome(out, r.Kind)
}

// mayEnrol: the first certificate under the secret, the next under the one before, and nothing else.
func mayEnrol(r *cmp.Request, d ledger.Device) error {
	signed := r.Party.Certificate
	switch {
	case r.Kind == cmp.KindKUR && signed == nil:
		return cmp.Refuse(cmp.NotAuthorized, "a key update is protected with the certificate it replaces")
	case r.Kind != cmp.KindKUR && signed != nil:
		return cmp.Refuse(cmp.NotAuthorized, "an enrolled device renews itself by kur")
	case r.RAVerified:
		return cmp.Refuse(cmp.BadPOP, "possession of a device's key is shown by a signature with it")
	case r.Old != nil && signed != nil && (r.Old.Serial.Cmp(signed.SerialNumber) != 0 || !bytes.Equal(r.Old.Issuer, signed.RawIssuer)):
		return cmp.Refuse(cmp.NotAuthorized, "device "+d.Prefix+" may update only the certificate it signs with")
	}
	return nil
}

// Poll says how a transaction stands.
func (a cmpAuthority) Poll(ctx context.Context, party cmp.Party, transactionID []byte) (cmp.Outcome, error) {
	d, err := a.party(ctx, party)
	if err != nil {
		return cmp.Outcome{}, err
	}
	id := hex.EncodeToString(transactionID)
	out, err := a.c.poll(ctx, d, id)
	if err != nil {
		return cmp.Outcome{}, refused(err)
	}
	return a.outcome(out, cmp.Kind(out.kind))
}

// Confirm ends a transaction and stores the answer in the same step.
func (a cmpAuthority) Confirm(ctx context.Context, in *cmp.Confirmation) error {
	d, err := a.party(ctx, in.Party)
	if err != nil {
		return err
	}
	id := hex.EncodeToString(in.TransactionID)
	err = a.c.confirm(ctx, d, confirmation{transaction: id, accepted: in.Accepted, viaSecret: in.Party.Certificate == nil, why: in.Text,
		message: hex.EncodeToString(in.MessageSHA256[:]), reply: in.Reply})
	return refused(err)
}

// Revoke revokes a device's own certificate, or a citizen's on his behalf.
func (a cmpAuthority) Revoke(ctx context.Context, r *cmp.RevocationRequest) error {
	d, err := a.party(ctx, r.Party)
	if err != nil {
		return err
	}
	if r.Party.Certificate == nil {
		return cmp.Refuse(cmp.NotAuthorized, "an enrolment secret serves for enrolment only")
	}
	family, ours := a.c.authority.Named(r.Certificate.Issuer)
	if !ours {
		return cmp.Refuse(cmp.BadCertID, "the certificate is not of this authority")
	}
	in := revocation{issuer: string(family), transaction: hex.EncodeToString(r.TransactionID), profile: r.Profile, message: r.Message,
		serial: hex.EncodeToString(r.Certificate.Serial.Bytes()), reason: r.Reason, ra: r.Party.RA}
	return refused(a.c.revoke(ctx, d, in))
}

// party is the device that Secret or Signer found.
func (a cmpAuthority) party(ctx context.Context, p cmp.Party) (ledger.Device, error) {
	var d ledger.Device
	err := a.c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		d, err = t.Device(p.Name)
		return err
	})
	return d, err
}

func (a cmpAuthority) outcome(out outcome, kind cmp.Kind) (cmp.Outcome, error) {
	o := cmp.Outcome{Kind: kind, Text: out.text}
	switch out.state {
	case ledger.TransactionWaiting:
		o.State, o.CheckAfter = cmp.Waiting, a.c.rules.CheckAfter
	case ledger.TransactionIssued, ledger.TransactionConfirmed:
		// The CA that issued it goes along (RFC 9483 §4.1.1), so that a kiosk that was enrolled before there was a GOST CA finds
		// the way to the root it knows.
		ca, err := a.c.issuingOf(out.cert)
		if err != nil {
			return o, err
		}
		o.State, o.DER, o.Chain = cmp.Issued, out.cert.DER, []*x509.Certificate{ca}
	case ledger.TransactionRejected, ledger.TransactionRefused:
		o.State, o.Fail = cmp.Rejected, cmp.BadRequest
	}
	return o, nil
}

// refused turns a no of ours into one of CMP; anything else stays a fault.
func refused(err error) error {
	var no *Refusal
	if err == nil || !errors.As(err, &no) {
		return err
	}
	if no.Fail != 0 {
		return cmp.Refuse(no.Fail, no.Message)
	}
	switch no.Code {
	case api.ErrorCodeUnauthenticated, api.ErrorCodeNotOperator:
		return cmp.Refuse(cmp.NotAuthorized, no.Message)
	}
	return cmp.Refuse(cmp.BadRequest, no.Message)
}

// rejectAs is a refusal for which CMP has a word of its own.
func rejectAs(fail cmp.Failure, format string, args ...any) error {
	return &Refusal{Code: api.ErrorCodeBadRequest, Fail: fail, Message: fmt.Sprintf(format, args...)}
}

// cmpHandler answers CMP over HTTP under /.well-known/cmp/p/{profile} (RFC 9811 §3.3).
func (c *Centre) cmpHandler() (http.Handler, error) {
	key, signs := c.speaker.PrivateKey.(crypto.Signer)
	if !signs {
		return nil, errors.New("the key that protects CMP cannot sign")
	}
	signer, err := cmp.NewSigner(c.speaker.Leaf, []*x509.Certificate{c.authority.Issuing()}, key)
	if err != nil {
		return nil, err
	}
	nonces, err := c.state.nonceKey()
	if err != nil {
		return nil, err
	}
	server := &cmp.Server{Authority: cmpAuthority{c}, Signer: signer, CAPubs: []*x509.Certificate{c.authority.Root()},
		NonceKey: nonces, Now: c.now, Rand: c.rand, Log: c.log}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		profile := r.PathValue("profile")
		if _, err := c.profiles.Template(profile); err != nil && profile != profileDevice {
			profile = "other" // what a stranger asks for must not grow the counters without bound
		}
		c.metrics.add(fmt.Sprintf("tirkeu_cmp_requests_total{profile=%q}", profile), 1)
		server.ServeHTTP(w, r)
	}), nil
}
