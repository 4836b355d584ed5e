package app

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/tirkeu/kiosk/sync/registry"
)

// asksCode tells whether the directory asks a one-time code for the draft; the centre's answer decides.
func (k *Kiosk) asksCode() bool {
	d := k.ses.draft
	rule, known := k.directory().KindRule(d.asks())
	return known && d.signed() && rule.AsksSecondFactor(d.foreign)
}

// lineWanted refuses, before keys are made, what cannot be signed without the line: the centre must send a one-time code.
func (k *Kiosk) lineWanted() *fault {
	if k.asksCode() && (!k.link.Online || k.ses.cabinet == nil || k.ses.cabinet.offline()) {
		return &fault{code: CodeCodeLine}
	}
	return nil
}

// signNext goes on from the summary: to the one-time code where one is asked for, then to the signing key. Under the lock.
func (k *Kiosk) signNext() {
	d := k.ses.draft
	rule, _ := k.directory().KindRule(d.asks())
	k.hold()
	switch {
	case len(rule.SecondFactor) == 0 || d.grant.stands(k):
		k.toSignature()
	case d.foreign && rule.ExemptNonResidents, len(rule.SecondFactor) == 1:
		k.askCode("")
	default:
		k.at = &codeMethod{}
	}
}

// hold keeps the token open on which the keys were made: until an application holds them, they can be taken off it again.
// Under the lock.
func (k *Kiosk) hold() {
	ses := k.ses
	if ses.open == nil || len(ses.left) == 0 || ses.open.ref != ses.left[0].medium {
		return
	}
	ses.made, ses.open = ses.open, nil
}

// toSignature asks for the key that signs the draft. Under the lock.
func (k *Kiosk) toSignature() {
	d := k.ses.draft
	s := &signing{purpose: toSign, what: string(d.asks()), from: &applySummary{}, steps: func(k *Kiosk, _ string) *Progress { return applySteps(k, "sign") }}
	s.refuse = func(cert *x509.Certificate) *fault {
		if code, is := d.replaced[serialHex(cert)]; is {
			return &fault{code: code}
		}
		return nil
	}
	s.do = k.signDraft
	s.begin(k)
}

// errGrantOver: the one-time code was told too long ago.
var errGrantOver = errors.New("the one-time code was told too long ago")

// signDraft signs the draft and accepts it: it is on disk, with its outbox rows and its audit row, before the screen
// changes. A reissue replaces the certificate that signs it: that is the key the centre gives new ones for once.
func (k *Kiosk) signDraft(ctx context.Context, ses *session, with signer) (func(), error) {
	k.mu.Lock()
	d, left, joined, factor := *ses.draft, ses.left, k.joined, k.factorStands()
	application, acceptance := k.written(d)
	k.mu.Unlock()
	if !factor {
		return func() {
			ses.draft.grant = grant{}
			k.signNext()
			k.fail(&fault{code: CodeGrantOver, err: errGrantOver})
		}, nil
	}
	if d.asks() == registry.KindReissue {
		replaces := refTo(with.cert)
		application.Replaces = &replaces
	}
	err := k.acceptSigned(ctx, application, acceptance, with)
	if err != nil {
		return nil, err
	}
	k.accepted(ctx, left)
	joined.Engine.Kick()
	k.log.Info("application accepted", "session", ses.id, "kind", d.asks())
	return func() {
		ses.left = nil
		if made := ses.made; made != nil {
			ses.made = nil
			k.shut(made)
		}
		*ses.draft = draft{onStick: d.onStick, kind: d.kind, web: d.web, foreign: d.foreign}
		rule, _ := k.directory().KindRule(d.asks())
		k.at = &signedDone{accepted: accepted{number: d.number, kind: d.asks(), staff: rule.Staff, at: application.CreatedAt, email: d.email}, medium: d.medium}
		k.findPrinter()
		k.letGo(d.medium)
	}, nil
}

// factorStands tells whether the draft may be signed as far as the one-time code goes. Under the lock.
func (k *Kiosk) factorStands() bool {
	d := k.ses.draft
	rule, _ := k.directory().KindRule(d.asks())
	return len(rule.SecondFactor) == 0 || d.grant.stands(k)
}

// stands tells whether a signature may be made by what the centre said of the one-time code.
func (g grant) stands(k *Kiosk) bool {
	return g.asked && (!g.needs || k.cfg.Now().Before(g.until))
}
