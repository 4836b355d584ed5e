package app

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// seenKey is a certificate that lies on a medium which was opened.
type seenKey struct {
	medium   ref
	cert     *x509.Certificate
	standing Standing
}

// seen are the certificates among the keys of a medium.
func seen(medium ref, keys []heldKey) []seenKey {
	var out []seenKey
	for _, key := range keys {
		if key.cert != nil {
			out = append(out, seenKey{medium: medium, cert: key.cert, standing: key.standing})
		}
	}
	return out
}

// ownKey is one certificate of the person who signed in: as the centre tells of it, or as it lies on an opened medium.
type ownKey struct {
	cert      *x509.Certificate
	ref       registry.CertificateRef
	state     string    // one of ownStates
	how       string    // it was issued, one of hows; empty where only the centre could tell
	storage   string    // kind
	number    string    // of the application; empty where only the centre could tell
	issuedAt  time.Time // zero where only the centre could tell
	revokedAt time.Time
	reason    int    // CRLReason, RFC 5280 §5.3.1
	asked     string // number of an application of this session for its revocation
}

// ownStates are all states of an ownKey; the words are under "own.state". "asked": its revocation was applied for just now.
var ownStates = []string{"valid", "unchecked", "not-yet", "expired", "revoked", "asked"}

// hows are how certificates are issued; the words are under "own.how".
var hows = []string{"staff", "web", "reissue", "information-system", "gost", "request"}

// crlReasons name the reasons of RFC 5280 §5.3.1 that a citizen's certificate may have been revoked for; the words are under
// "own.reason". All others are "unsaid".
var crlReasons = map[int]string{1: "compromise", 2: "compromise", 3: "changed", 4: "replaced", 5: "ended", 6: "held"}

// own is a person's certificates. Whole is false where only what lies on opened media is known.
type own struct {
	keys  []ownKey
	whole bool
}

// askOwn lists the certificates of who signed in: all the centre has, or with the line down those that lie on the media he
// opened. Outside the lock; c is a copy.
func (k *Kiosk) askOwn(ctx context.Context, joined *Joined, c cabinet) (own, error) {
	if c.offline() {
		return own{keys: c.onMedia(k.cfg.Now())}, nil
	}
	list, err := limited(ctx, func(ctx context.Context) ([]OwnCertificate, error) {
		return joined.Line.OwnCertificates(ctx, c.session, "")
	})
	switch {
	case err == nil:
		return own{keys: c.atCentre(list), whole: true}, nil
	case lineTrouble(err):
		k.log.Info("certificates as they lie on the media", "cause", err)
		return own{keys: c.onMedia(k.cfg.Now())}, nil
	}
	return own{}, err
}

// atCentre turns the centre's list into ours.
func (c *cabinet) atCentre(list []OwnCertificate) []ownKey {
	var out []ownKey
	for _, o := range list {
		cert, err := x509.ParseCertificate(o.DER)
		if err != nil {
			continue
		}
		key := ownKey{
			cert: cert, ref: o.Ref, state: o.Standing, how: o.How, storage: string(o.Storage), number: o.Number, issuedAt: o.IssuedAt,
			revokedAt: o.RevokedAt, reason: o.Reason, asked: c.asked[serialHex(cert)],
		}
		switch o.Standing {
		case "good":
			key.state = "valid"
		case "not_yet_valid":
			key.state = "not-yet"
		}
		if key.asked != "" && key.state != "revoked" {
			key.state = "asked"
		}
		out = append(out, key)
	}
	return out
}

// onMedia lists what lies on the opened media and is the person's own, from this authority; newest first.
func (c *cabinet) onMedia(now time.Time) []ownKey {
	var out []ownKey
	for _, s := range c.seen {
		iin, named := pki.SubjectIIN(s.cert)
		if !named || iin != c.iin || !s.standing.Ours || slices.ContainsFunc(out, func(k ownKey) bool { return k.cert.Equal(s.cert) }) {
			continue
		}
		key := ownKey{cert: s.cert, ref: refTo(s.cert), storage: s.medium.kind, asked: c.asked[serialHex(s.cert)]}
		switch {
		case s.standing.Revocation == pki.Revoked:
			key.state = "revoked"
		case key.asked != "":
			key.state = "asked"
		case now.After(s.cert.NotAfter):
			key.state = "expired"
		case now.Before(s.cert.NotBefore):
			key.state = "not-yet"
		case s.standing.Revocation == pki.Good:
			key.state = "valid"
		default:
			key.state = "unchecked"
		}
		out = append(out, key)
	}
	slices.SortStableFunc(out, func(a, b ownKey) int { return b.cert.NotBefore.Compare(a.cert.NotBefore) })
	return out
}

// unrevokable says why a certificate cannot be revoked; nil where it can.
func (o ownKey) unrevokable() *fault {
	switch o.state {
	case "revoked":
		return &fault{code: CodeAlreadyRevoked}
	case "expired":
		return &fault{code: CodeKeyExpired}
	case "asked":
		return &fault{code: CodeRevokeAsked, params: []any{"Number", registry.FormatNumber(o.asked)}}
	}
	return nil
}

// pairOf is the place of the other key of an RSA pair that can be revoked with a key; -1 where there is none. Keys of one
// application belong together; without the centre those do that became valid in the same minute and lie on one kind of storage.
func pairOf(keys []ownKey, n int) int {
	a := keys[n]
	if titleOf(a.cert) != "template.rsa-auth" && titleOf(a.cert) != "template.rsa-sign" || a.unrevokable() != nil {
		return -1
	}
	for i, b := range keys {
		other := titleOf(b.cert) == "template.rsa-auth" || titleOf(b.cert) == "template.rsa-sign"
		if i == n || !other || titleOf(a.cert) == titleOf(b.cert) || b.unrevokable() != nil {
			continue
		}
		together := a.number != "" && a.number == b.number
		if a.number == "" && b.number == "" {
			together = a.storage == b.storage && a.cert.NotBefore.Sub(b.cert.NotBefore).Abs() < time.Minute
		}
		if together {
			return i
		}
	}
	return -1
}

// useWord is what a certificate is for; a message key.
func useWord(cert *x509.Certificate) string {
	can := roles(cert)
	switch {
	case can.SignIn && can.Sign:
		return "file.use.both"
	case can.SignIn:
		return "file.use.sign-in"
	case can.Sign:
		return "file.use.sign"
	}
	return "file.use.unsaid"
}

// ownCard is a certificate in the chosen language; brief leaves out what the choice of one does not need.
func (k *Kiosk) ownCard(o own, n int, brief bool) OwnKeyCard {
	key := o.keys[n]
	c := OwnKeyCard{Key: n, Title: k.text(titleOf(key.cert)), State: key.state, StateText: k.text("own.state." + key.state), Rows: []Row{}, Usable: true, Pair: pairOf(o.keys, n)}
	if f := key.unrevokable(); f != nil {
		c.Usable, c.Why = false, f.words(k).Title
	}
	add := func(label, value string) {
		if value != "" {
			c.Rows = append(c.Rows, Row{Label: k.text("label." + label), Value: value})
		}
	}
	if !brief {
		add("use", k.text(useWord(key.cert)))
	}
	if key.storage != "" {
		add("storage", k.mediumName(ref{kind: key.storage}))
	}
	add("valid", k.text("file.valid", "From", k.date(key.cert.NotBefore), "To", k.date(key.cert.NotAfter)))
	if key.state == "revoked" && !key.revokedAt.IsZero() {
		add("revoked", k.moment(key.revokedAt))
		add("why", k.text("own.reason."+reasonWord(key.reason)))
	}
	if key.number != "" {
		add("number", registry.FormatNumber(key.number))
	}
	if brief {
		return c
	}
	if !key.issuedAt.IsZero() {
		add("issued", k.moment(key.issuedAt))
	}
	if slices.Contains(hows, key.how) {
		add("how", k.text("own.how."+key.how))
	}
	add("key-id", keyName(key.cert.SubjectKeyId))
	return c
}

func reasonWord(reason int) string {
	if w, known := crlReasons[reason]; known {
		return w
	}
	return "unsaid"
}

// readMedium reads what keys lie on another medium, for lists that are made without the centre; then goes on. Under the lock.
func (k *Kiosk) readMedium(from state, then func(k *Kiosk)) {
	s := &signing{purpose: toRead, what: "sign-in", from: from}
	s.read = func(k *Kiosk, medium ref, keys []heldKey) {
		k.ses.cabinet.seen = append(k.ses.cabinet.seen, seen(medium, keys)...)
		then(k)
	}
	s.begin(k)
}

// loadOwn asks for the certificates and shows them by show. Under the lock.
func (k *Kiosk) loadOwn(show func(o own)) {
	joined, c := k.joined, *k.ses.cabinet
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		o, err := k.askOwn(ctx, joined, c)
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			show(o)
		}
	})
}

// errNothingChosen stands in the log where a page sent what it could not have shown.
var errNothingChosen = errors.New("no such place in the list")
