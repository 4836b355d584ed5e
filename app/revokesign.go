package app

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// signRevocation has the application signed and accepts it. The very key that shall be revoked may sign it. Under the lock.
func (k *Kiosk) signRevocation(from *revokeConfirm) {
	joined, c, consent := k.joined, *k.ses.cabinet, k.agreement().consent
	r := *from.revoking
	s := &signing{purpose: toSign, what: "revocation", from: from, steps: revokeSteps}
	s.do = func(ctx context.Context, ses *session, with signer) (func(), error) {
		number, err := k.acceptRevocation(ctx, joined, c, r, consent, with)
		if err != nil {
			return nil, err
		}
		joined.Engine.Kick()
		k.log.Info("revocation accepted", "session", ses.id)
		return func() {
			done := &revokeDone{
				accepted: accepted{number: number, kind: registry.KindRevocation, at: k.cfg.Now(), email: ownAddress(ses.cabinet.cert)},
				medium:   with.medium, whole: !ses.cabinet.offline(), home: true,
			}
			done.status = registry.StatusQueued
			k.findPrinter()
			for _, n := range r.chosen {
				cert := r.keys[n].cert
				ses.cabinet.asked[serialHex(cert)] = number
				done.certs = append(done.certs, cert)
				if cert.Equal(ses.cabinet.cert) {
					done.home = false // the key that signed in ends here
				}
			}
			k.at = done
			k.letGo(done.medium)
			k.spawn(func() { k.follow(ses, joined, done) })
		}, nil
	}
	s.begin(k)
}

// acceptRevocation makes the application durable and gives its number.
func (k *Kiosk) acceptRevocation(ctx context.Context, joined *Joined, c cabinet, r revoking, consent registry.Consent, with signer) (string, error) {
	counter, err := k.cfg.Store.ReserveNumber(ctx, joined.Prefix)
	if err != nil {
		return "", fmt.Errorf("reserve number: %w", err)
	}
	number := registry.NewNumber(joined.Prefix, counter)
	application := registry.Application{
		Version: registry.DocumentVersion, Number: number, Kind: registry.KindRevocation, IIN: c.iin, Name: c.name, Consent: consent, Device: joined.Device,
		CreatedAt: k.cfg.Now().UTC().Truncate(time.Second), Revocation: &registry.Revocation{Reason: r.reason},
	}
	acceptance := Acceptance{Number: number, IIN: c.iin}
	for i, n := range r.chosen {
		transaction := make([]byte, 16) // RFC 9483 §3.1: 128 bits of transactionID
		_, err := io.ReadFull(k.cfg.Rand, transaction)
		if err != nil {
			return "", fmt.Errorf("choose transaction id: %w", err)
		}
		application.Revocation.Certificates = append(application.Revocation.Certificates, r.keys[n].ref)
		acceptance.Revocations = append(acceptance.Revocations, AcceptedRevocation{Ordinal: i + 1, TransactionID: hex.EncodeToString(transaction)})
	}
	return number, k.acceptSigned(ctx, application, acceptance, with)
}

// revocationSeen is what became of an application for revocation, as far as it was seen.
type revocationSeen struct {
	status          registry.Status
	refuse          string // the centre's code of why not
	list, ocsp, crl bool   // all certificates were seen to be revoked there
}

// revokeDone follows the application until its certificates are seen to be revoked.
type revokeDone struct {
	accepted
	medium ref // that signed
	certs  []*x509.Certificate
	whole  bool // the person's own list can be asked for
	home   bool // the cabinet can be gone on with
	revocationSeen
}

func (*revokeDone) name() string             { return "revoke.done" }
func (*revokeDone) steps(k *Kiosk) *Progress { return revokeSteps(k, "done") }

func (s *revokeDone) view(k *Kiosk) any {
	v := RevokeDoneScreen{
		Number: registry.FormatNumber(s.number), QR: encodeQR(s.number), State: s.state(k), Medium: k.medium(s.medium), TakeOut: k.mayTake(s.medium),
		Home: s.home, Proofs: []Proved{},
	}
	if v.State == "refused" {
		words := (&fault{code: refusedAs(s.refuse)}).words(k)
		v.Title, v.Text, v.Hint = words.Title, words.Text, words.Hint
		return v
	}
	v.Receipt = k.receiptWay()
	v.Title, v.Text, v.Hint = k.text("revoke."+v.State+".title"), k.text("revoke."+v.State+".text"), k.text("revoke."+v.State+".hint")
	if s.whole {
		v.Proofs = append(v.Proofs, Proved{Name: "list", Text: k.text("revoke.proof.list"), Seen: s.list})
	}
	v.Proofs = append(v.Proofs, Proved{Name: "ocsp", Text: k.text("revoke.proof.ocsp"), Seen: s.ocsp}, Proved{Name: "crl", Text: k.text("revoke.proof.crl"), Seen: s.crl})
	return v
}

// revokeStates are what state gives besides "refused"; the words are under "revoke".
var revokeStates = []string{"queued", "sent", "revoked"}

// state: revoked is only said when the world outside is told so.
func (s *revokeDone) state(k *Kiosk) string {
	switch {
	case s.status.Denied():
		return "refused"
	case s.proved():
		return "revoked"
	case s.status == registry.StatusRevoked || k.link.Online:
		return "sent"
	}
	return "queued"
}

func (s *revokeDone) proved() bool { return s.ocsp && s.crl && (s.list || !s.whole) }

func (s *revokeDone) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "cabinet":
		if s.home {
			k.at = &cabinetHome{}
		}
	case "finish":
		k.end("finished")
	default:
		return k.takeReceipt(s, s.accepted, action)
	}
	return nil
}

// refusals are the centre's codes of a revocation that it refused for good, as a citizen is told.
var refusals = map[string]Code{
	"already_revoked": CodeAlreadyRevoked, "already_filed": CodeAlreadyFiled, "key_revoked": CodeKeyRevoked, "key_expired": CodeKeyExpired,
	"key_foreign": CodeKeyForeign, "key_unchecked": CodeKeyUnchecked, "key_not_yet_valid": CodeKeyNotYet, "not_signing_key": CodeNotSigningKey,
	"other_person": CodeOtherPerson, "bad_signature": CodeSignature, "signature_time": CodeSignatureTime, "signature_stale": CodeSignatureStale,
	"not_offered": CodeNotOffered, "code_required": CodeCodeRequired,
}

func refusedAs(code string) Code {
	if known, ok := refusals[code]; ok {
		return known
	}
	return CodeNotRevoked
}
