package app

import (
	"slices"
	"strings"

	"github.com/tirkeu/kiosk/sync/registry"
)

// revoking is a revocation being applied for.
type revoking struct {
	own
	chosen []int // places in keys
	reason string
}

func revokeSteps(_ *Kiosk, at string) *Progress {
	return line(at, "list", "reason", "summary", "medium", "secret", "key", "done")
}

// listToRevoke shows the person's certificates to choose from. Under the lock.
func (k *Kiosk) listToRevoke() {
	k.loadOwn(func(o own) { k.at = &revokeList{&revoking{own: o}} })
}

// revokeList asks which keys shall be revoked.
type revokeList struct{ *revoking }

func (*revokeList) name() string             { return "revoke.list" }
func (*revokeList) resting()                 {}
func (*revokeList) back(*Kiosk) state        { return &cabinetHome{} }
func (*revokeList) steps(k *Kiosk) *Progress { return revokeSteps(k, "list") }

func (s *revokeList) view(k *Kiosk) any {
	v := RevokeListScreen{Keys: []OwnKeyCard{}, Chosen: []int{}, Max: registry.KeysMax, Whole: s.whole}
	for n := range s.keys {
		v.Keys = append(v.Keys, k.ownCard(s.own, n, true))
	}
	v.Chosen = append(v.Chosen, s.chosen...)
	return v
}

func (s *revokeList) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "keys.read":
		k.readMedium(s, (*Kiosk).listToRevoke)
	case "revoke.choose":
		var a KeysArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		if f := s.choose(a.Keys); f != nil {
			return f
		}
		k.at = &revokeReason{s.revoking}
	}
	return nil
}

// choose takes over which keys were ticked.
func (r *revoking) choose(keys []int) *fault {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	switch {
	case len(keys) == 0:
		return &fault{code: CodeNoneChosen}
	case len(keys) > registry.KeysMax:
		return &fault{code: CodeTooManyChosen, params: []any{"Max", registry.KeysMax}}
	}
	for _, n := range keys {
		if n < 0 || n >= len(r.keys) {
			return &fault{code: CodeInternal, err: errNothingChosen}
		}
		if f := r.keys[n].unrevokable(); f != nil {
			return f
		}
	}
	r.chosen = keys
	return nil
}

// revokeReason asks why.
type revokeReason struct{ *revoking }

func (*revokeReason) name() string             { return "revoke.reason" }
func (s *revokeReason) back(*Kiosk) state      { return &revokeList{s.revoking} }
func (*revokeReason) steps(k *Kiosk) *Progress { return revokeSteps(k, "reason") }

func (s *revokeReason) view(k *Kiosk) any {
	return RevokeReasonScreen{Reasons: k.revocationReasons(), Chosen: s.reason, Count: len(s.chosen)}
}

// revocationReasons are those that a citizen may give, in the centre's order.
func (k *Kiosk) revocationReasons() []Choice {
	out := []Choice{}
	for _, r := range k.directory().RevocationReasons {
		if r.Self {
			out = append(out, Choice{Code: r.Code, Name: r.Text.In(string(k.lang))})
		}
	}
	return out
}

func (s *revokeReason) act(k *Kiosk, action string, args []byte) *fault {
	if action != "revoke.reason" {
		return nil
	}
	var a CodeArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if choice(k.revocationReasons(), a.Code) == "" {
		return &fault{code: CodeRevokeReason}
	}
	s.reason = a.Code
	k.at = &revokeConfirm{s.revoking}
	return nil
}

// revokeConfirm says what will happen and asks for consent.
type revokeConfirm struct{ *revoking }

func (*revokeConfirm) name() string             { return "revoke.confirm" }
func (s *revokeConfirm) back(*Kiosk) state      { return &revokeReason{s.revoking} }
func (*revokeConfirm) steps(k *Kiosk) *Progress { return revokeSteps(k, "summary") }

func (s *revokeConfirm) view(k *Kiosk) any {
	v := RevokeConfirmScreen{Count: len(s.chosen), Rows: []Row{}, Last: s.last(), Offline: !s.whole, ConsentText: k.text("label.consent-revoke", "Version", k.agreement().consent.Version)}
	for _, n := range s.chosen {
		key := s.keys[n]
		value := []string{k.text("own.until", "Until", k.date(key.cert.NotAfter))}
		if key.storage != "" {
			value = append(value, k.mediumName(ref{kind: key.storage}))
		}
		v.Rows = append(v.Rows, Row{Label: k.text(titleOf(key.cert)), Value: strings.Join(value, ", ")})
	}
	v.Rows = append(v.Rows, Row{Label: k.text("label.why"), Value: choice(k.revocationReasons(), s.reason)})
	return v
}

// last tells whether nothing to sign with is left afterwards; it is only known where all keys are.
func (r *revoking) last() bool {
	if !r.whole {
		return false
	}
	for n, key := range r.keys {
		if !slices.Contains(r.chosen, n) && key.state == "valid" && roles(key.cert).Sign {
			return false
		}
	}
	return true
}

func (s *revokeConfirm) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "revoke.agreement":
		k.at = &revokeAgreement{from: s}
	case "revoke.go":
		var a SubmitArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		if !a.Consent {
			return &fault{code: CodeRevokeConsent}
		}
		k.signRevocation(s)
	}
	return nil
}

// revokeAgreement shows the text that the consent is to.
type revokeAgreement struct{ from *revokeConfirm }

func (*revokeAgreement) name() string             { return "apply.agreement" }
func (s *revokeAgreement) back(*Kiosk) state      { return s.from }
func (*revokeAgreement) steps(k *Kiosk) *Progress { return revokeSteps(k, "summary") }
func (*revokeAgreement) view(k *Kiosk) any        { return (&applyAgreement{}).view(k) }
func (s *revokeAgreement) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "apply.agree" {
		k.at = s.from
	}
	return nil
}
