package app

import (
	"context"
	"errors"
	"slices"

	"github.com/tirkeu/kiosk/hardware/token"
)

// card is a token as shown to a person; a token that is gone keeps its name.
func (k *Kiosk) card(r ref) TokenCard {
	t, there := k.find(r)
	if !there {
		return TokenCard{Kind: r.kind, Name: k.mediumName(r), Serial: r.serial}
	}
	return k.cardOf(t)
}

func (k *Kiosk) cardOf(t Token) TokenCard {
	c := TokenCard{Insertion: uint64(t.Insertion), Kind: string(t.Kind), Name: t.Name, Serial: t.Serial}
	if t.Kind == token.IDCard { // the table's name is no word that people use
		c.Name = k.mediumName(refOf(t))
	}
	if f := unusable(t); f != nil {
		c.Why = f.words(k).Title
	} else {
		c.Usable = true
	}
	return c
}

// cards are the citizens' tokens; allowed may be nil for any.
func (k *Kiosk) cards(allowed func(kind string) bool) []TokenCard {
	out := []TokenCard{}
	for _, t := range k.citizenTokens() {
		c := k.cardOf(t)
		if c.Usable && allowed != nil && !allowed(c.Kind) {
			c.Usable, c.Why = false, (&fault{code: CodeTokenKind}).words(k).Title
		}
		out = append(out, c)
	}
	return out
}

// unusable says why nothing can be done with a token; nil when something can.
func unusable(t Token) *fault {
	switch {
	case !t.Initialized:
		return &fault{code: CodeTokenBlank}
	case t.PINLocked:
		return &fault{code: CodePINLocked}
	}
	return nil
}

// mediumName is a medium's name in the chosen language.
func (k *Kiosk) mediumName(r ref) string {
	if k.words.Has(string(k.lang), "medium."+r.kind) {
		return k.text("medium." + r.kind)
	}
	return r.kind
}

// stickRef stands for the citizen's stick where a medium is named.
var stickRef = ref{kind: "stick", serial: "stick"}

func (k *Kiosk) medium(r ref) Medium {
	if r == stickRef {
		return Medium{Kind: r.kind, Name: k.text("medium.stick"), Keep: k.mustStay()}
	}
	c := k.card(r)
	return Medium{Kind: c.Kind, Name: c.Name, Serial: c.Serial}
}

// plugIn tells whether a medium is there.
func (k *Kiosk) plugIn(r ref) bool {
	if r == stickRef {
		return k.stick
	}
	_, there := k.find(r)
	return there
}

// entry is a screen on which a PIN is typed.
type entry struct {
	token  ref
	warned bool // it was said that this is the last try
	// known: it is opened for keys that are known, and what else lies on it is no matter: a slow token has enough to do.
	known bool
}

func (e *entry) view(k *Kiosk) any {
	t, _ := k.find(e.token)
	return PINScreen{Token: k.card(e.token), Min: t.PINMin, Max: t.PINMax, Low: t.PINLow, Final: t.PINFinal, Cut: k.doubtful[e.token.serial]}
}

// refuse is everything that can be said about a PIN before the token is touched; nil lets it pass.
func (e *entry) refuse(k *Kiosk, pin token.PIN) *fault {
	t, there := k.find(e.token)
	if !there {
		return &fault{code: CodeTokenAbsent}
	}
	if f := unusable(t); f != nil {
		return f
	}
	if pin.Len() == 0 || pin.Len() < t.PINMin {
		return &fault{code: CodePINShort, params: []any{"Count", t.PINMin}}
	}
	if t.PINMax > 0 && pin.Len() > t.PINMax {
		return &fault{code: CodePINLong, params: []any{"Count", t.PINMax}}
	}
	if t.PINFinal && !e.warned {
		e.warned = true
		return &fault{code: CodePINLast}
	}
	return nil
}

// unlock takes a typed PIN and opens the token with exactly one try; then runs on the lock's other side. opened is
// called under the lock with the login already held by the session. Under the lock.
func (k *Kiosk) unlock(e *entry, args []byte, opened func(open *opened)) *fault {
	var a PINArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	pin := token.NewPIN(a.PIN)
	a.PIN = ""
	if f := e.refuse(k, pin); f != nil {
		pin.Wipe()
		return f
	}
	e.warned = false
	r := e.token
	if made := k.ses.made; made != nil && made.ref == r { // a token knows one login only
		k.ses.made = nil
		k.shut(made)
	}
	joined, web, from, known := k.joined, k.ses.draft.web, k.at, e.known
	k.start(job{awaits: true}, func(ctx context.Context, ses *session) func() {
		open, err := k.login(ctx, ses, r, pin)
		pin.Wipe()
		if err == nil && !known {
			var strange []unfinished
			strange, err = k.strange(ctx, joined, open, web)
			open.unfinished = append(open.unfinished, strange...)
		}
		return func() {
			if err != nil {
				if open != nil { // it was lost after the PIN was right
					k.close()
				}
				k.fail(k.pinFault(r, err))
				return
			}
			k.askUnfinished(open, web, from, opened)
		}
	})
	return nil
}

// login makes one try and gives the login to the session; when the session has ended meanwhile, it is closed at once.
func (k *Kiosk) login(ctx context.Context, ses *session, r ref, pin token.PIN) (*opened, error) {
	k.mu.Lock()
	waits := []chan struct{}{k.recycling, k.closing}
	k.mu.Unlock()
	for _, wait := range waits {
		if wait == nil {
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	k.mu.Lock()
	t, there := k.find(r)
	k.mu.Unlock()
	if !there {
		return nil, token.ErrRemoved
	}
	factory := t.HasFactoryPIN(pin)
	ctx, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	login, err := k.cfg.Rack.Login(ctx, t.Insertion, pin)
	k.retake()
	if err != nil {
		return nil, err
	}
	open := &opened{login: login, ref: r, factory: factory}
	k.mu.Lock()
	held := k.ses == ses
	var own []leftover
	var begun []int64
	if held {
		ses.open, own, begun = open, ses.left, slices.Clone(ses.intents)
	}
	k.mu.Unlock()
	if !held {
		k.logout(context.WithoutCancel(ctx), login)
		return nil, context.Canceled
	}
	k.settled(ctx, r.serial)
	open.unfinished = k.sweep(ctx, open, own, begun)
	return open, nil
}

// retake takes over the flags of the tokens, which a try may have changed.
func (k *Kiosk) retake() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.take()
}

// pinFault says what became of a try, as far as the token tells.
func (k *Kiosk) pinFault(r ref, err error) *fault {
	if !errors.Is(err, token.ErrPINIncorrect) {
		return faultOf(err)
	}
	t, _ := k.find(r)
	code := CodePIN
	switch {
	case t.PINLocked:
		code = CodePINLocked
	case t.PINFinal:
		code = CodePINFinal
	case t.PINLow:
		code = CodePINLow
	}
	return &fault{code: code, err: err}
}
