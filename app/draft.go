package app

import (
	"slices"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// draft is the application a citizen is making. It is zeroed when the session ends.
type draft struct {
	kind      registry.Kind // empty: new
	iin       string
	odd       string // the IIN whose date was asked about
	name      registry.Name
	known     bool // the register or the certificate gave the name
	email     string
	region    string
	locality  string
	onStick   bool
	set       string // code of the set of keys
	medium    ref
	model     string
	gost      bool // the storage can have GOST keys
	stickRead bool // the warning about files was accepted
	consent   registry.Consent
	number    string
	keys      []draftKey
	sealKey   []byte

	// Of those that the citizen signs.
	from     state  // where "back" leads from the first screen
	first    state  // the first screen, where it takes the place of name and e-mail
	foreign  bool   // no resident: the directory may exempt him from the second factor
	web      string // number of what was filed on the web
	webKind  string // the storage that was asked for there
	webSet   string // the set of keys that was asked for there
	system   System
	replaced map[string]Code // why a signing certificate is not reissued again, by serial number
	grant    grant
}

// draftKey is one key pair made for the application.
type draftKey struct {
	ordinal     int
	template    string
	id          []byte
	spki        string // SHA-256, hex
	csr         []byte
	transaction string
}

// grant is a one-time code that was told right: with it the application is signed until a moment.
type grant struct {
	id    string
	needs bool // false: the centre asks none of this person
	asked bool // the centre has been asked
	until time.Time
}

// place is where a citizen lives.
type place struct{ region, locality string }

func (d *draft) empty() bool { return d.iin == "" }

// asks is what the application is for.
func (d *draft) asks() registry.Kind {
	if d.kind == "" {
		return registry.KindNew
	}
	return d.kind
}

// signed tells whether the citizen signs it himself, with a key he has.
func (d *draft) signed() bool { return d.asks() != registry.KindNew || d.web != "" }

// offers are the sets of keys that the centre issues for the draft on a kind of storage, in its order.
func (k *Kiosk) offers(kind string) []registry.KeySet {
	d := k.ses.draft
	storage, known := k.directory().Storage(registry.StorageKind(kind))
	rule, offered := k.directory().KindRule(d.asks())
	if !known || !offered || d.web != "" && d.webKind != kind {
		return nil
	}
	sets := rule.SetsOn(storage)
	if d.web != "" {
		set, there := registry.StorageRule{Sets: sets}.Set(d.webSet)
		if !there {
			return nil
		}
		return []registry.KeySet{set}
	}
	return sets
}

// makeable are the sets whose keys a storage can make.
func makeable(sets []registry.KeySet, gost bool) []registry.KeySet {
	if gost {
		return sets
	}
	return slices.DeleteFunc(slices.Clone(sets), func(s registry.KeySet) bool { return slices.Contains(s.Templates, registry.TemplateGOST) })
}

// makesGOST tells whether a token makes keys by GOST 34.10-2015. None that this program can drive does: Login makes RSA
// keys only.
func makesGOST(Token) bool { return false }

// unoffered says why the draft's keys are not issued on a kind of storage; nil when they are.
func (k *Kiosk) unoffered(kind string) *fault {
	d := k.ses.draft
	_, known := k.directory().Storage(registry.StorageKind(kind))
	switch {
	case len(k.offers(kind)) > 0:
		return nil
	case d.web != "" && kind != d.webKind:
		return &fault{code: CodeWebStorage, params: []any{"Name", k.mediumName(ref{kind: d.webKind})}}
	case !known:
		return &fault{code: CodeTokenKind}
	case d.asks() == registry.KindSystem:
		return &fault{code: CodeFilesOnly}
	case kind == stickRef.kind:
		return &fault{code: CodeStickForbidden}
	case d.signed():
		return &fault{code: CodeNotOffered}
	}
	return &fault{code: CodeTokenKind}
}

// unmakeable says why the draft's keys cannot be made on a token that is plugged in; nil when they can.
func (k *Kiosk) unmakeable(t Token) *fault {
	if f := unusable(t); f != nil {
		return f
	}
	if f := k.unoffered(string(t.Kind)); f != nil {
		return f
	}
	if len(makeable(k.offers(string(t.Kind)), makesGOST(t))) == 0 {
		return &fault{code: CodeTokenNoGOST, params: []any{"Name", t.Name}}
	}
	return nil
}

// draftCards are the citizens' tokens, each with the reason where the draft's keys cannot be made on it.
func (k *Kiosk) draftCards() []TokenCard {
	out := []TokenCard{}
	for _, t := range k.citizenTokens() {
		c := k.cardOf(t)
		if f := k.unmakeable(t); f != nil {
			c.Usable, c.Why = false, f.words(k).Title
		}
		out = append(out, c)
	}
	return out
}
