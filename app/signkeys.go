package app

import (
	"context"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/sync/pki"
)

// signKeys shows what keys there are and which of them serves; the one that does is chosen already. Its button does the act.
type signKeys struct {
	s       *signing
	medium  ref
	keys    []heldKey
	factory bool
	secret  *signSecret // what to go back to
}

func (*signKeys) name() string               { return "sign.keys" }
func (m *signKeys) steps(k *Kiosk) *Progress { return m.s.progress(k, "key") }

// back: what was unlocked is locked again.
func (m *signKeys) back(k *Kiosk) state {
	k.close()
	if m.secret.file != nil {
		return &signFile{s: m.s, list: m.secret.file.list}
	}
	return &signMedium{m.s}
}

func (m *signKeys) pulled(k *Kiosk) {
	k.at = &signMedium{m.s}
	k.absent()
}

func (m *signKeys) plugged(k *Kiosk) {
	if m.medium == stickRef {
		m.s.stickGone(k)
	}
}

func (m *signKeys) view(k *Kiosk) any {
	v := SignKeysScreen{
		Purpose: string(m.s.purpose), What: k.text("sign.what." + m.s.what), Medium: k.medium(m.medium), Keys: []SignKey{}, Chosen: m.first(k), Factory: m.factory,
	}
	for _, key := range m.keys {
		card := SignKey{Card: k.fileKeyCard(key.fileKey)}
		if f := m.s.unfit(k, key); f != nil {
			words := f.words(k)
			card.Why, card.Advice = words.Title, words.Hint
		} else {
			card.Usable = true
		}
		v.Keys = append(v.Keys, card)
	}
	return v
}

// first is the first key that serves; -1 when none does.
func (m *signKeys) first(k *Kiosk) int {
	for n, key := range m.keys {
		if m.s.unfit(k, key) == nil {
			return n
		}
	}
	return -1
}

// unfit says why a key does not serve; nil when it does. Keys are told apart by their certificates, never by a name.
func (s *signing) unfit(k *Kiosk, key heldKey) *fault {
	switch key.state(k) {
	case "no-certificate":
		return &fault{code: CodeKeyBare}
	case "revoked":
		return &fault{code: CodeKeyRevoked}
	case "expired":
		return &fault{code: CodeKeyExpired}
	case "not-yet":
		return &fault{code: CodeKeyNotYet}
	case "no-key":
		return &fault{code: CodeKeyUnusable}
	}
	can := roles(key.cert)
	switch {
	case keyfile.Describe(key.cert).Template == keyfile.TemplateOldGOST:
		return &fault{code: CodeKeyOld}
	case !key.standing.Ours:
		return &fault{code: CodeKeyForeign}
	case s.purpose == toSignIn && !can.SignIn:
		return &fault{code: CodeNotSignInKey}
	case s.purpose == toSign && !can.Sign:
		return &fault{code: CodeNotSigningKey}
	case key.id == nil && key.key == nil:
		return &fault{code: CodeKeyUnusable}
	}
	if c := k.ses.cabinet; c != nil {
		if iin, ok := pki.SubjectIIN(key.cert); !ok || iin != c.iin {
			return &fault{code: CodeOtherPerson}
		}
	}
	if s.refuse != nil {
		return s.refuse(key.cert)
	}
	return nil
}

func (m *signKeys) act(k *Kiosk, action string, args []byte) *fault {
	if action != "sign.go" {
		return nil
	}
	var a KeyArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if a.Key < 0 || a.Key >= len(m.keys) {
		return &fault{code: CodeNoKeys}
	}
	if f := m.s.unfit(k, m.keys[a.Key]); f != nil {
		return f
	}
	with := k.signerOf(m.medium, m.keys[a.Key], k.ses.open)
	with.beside = seen(m.medium, m.keys)
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, ses *session) func() {
		apply, err := m.s.do(ctx, ses, with)
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			k.close()
			apply()
		}
	})
	return nil
}
