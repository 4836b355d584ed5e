package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
)

// ref names a token across a replug and across the replacement of its process: by maker and serial number.
type ref struct{ kind, serial string }

func refOf(t Token) ref { return ref{string(t.Kind), t.Serial} }

// facts are what a token's public objects say.
type facts struct {
	read     bool // they have been looked at
	operator bool // a certificate with the operator's role lies there; the centre decides whether it counts
	token    ref
}

// Run lets the kiosk hear what is plugged and what time it is, until ctx ends.
func (k *Kiosk) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopClose := context.AfterFunc(k.ctx, cancel)
	defer stopClose()
	if k.cfg.Broken != "" {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for k.cfg.Now().Before(k.cfg.BuiltAt) { // nothing is written by a wrong clock
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	k.tick()
	k.reconcile(ctx)
	tokens, stop := k.cfg.Rack.Watch()
	defer stop()
	sticks := k.cfg.Stick.Watch(ctx)
	standings := k.watchSticks(ctx)
	plugs, stopPlugs := k.watchUSB()
	defer stopPlugs()
	link, stopLink := k.watchLink()
	defer func() { stopLink() }()
	k.refresh()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tokens:
			k.refresh()
		case there, ok := <-sticks:
			if !ok {
				sticks = nil
				continue
			}
			k.stickIs(there)
		case s, ok := <-standings:
			if !ok {
				standings = nil
				continue
			}
			k.stickStands(s)
		case <-plugs:
			k.lookAtUSB()
		case <-link:
			k.refresh()
		case <-tick.C:
			if link == nil {
				stopLink()
				link, stopLink = k.watchLink()
			}
			k.tick()
		}
	}
}

func (k *Kiosk) watchLink() (<-chan struct{}, func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.joined == nil {
		return nil, func() {}
	}
	return k.joined.Engine.Watch()
}

// refresh takes over what is plugged and how the line stands.
func (k *Kiosk) refresh() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.joined != nil {
		k.link = k.joined.Engine.State()
	}
	if k.recycling == nil {
		k.take()
		k.guard(k.look)
	}
	k.publish()
}

// take takes over what is plugged now. The rack is asked under the lock: an older answer would bring back a token that work
// has found gone meanwhile. While the token processes are being replaced nothing is taken, for none is seen then.
func (k *Kiosk) take() {
	if k.recycling == nil {
		k.tokens = k.cfg.Rack.Tokens()
	}
}

func (k *Kiosk) stickIs(there bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stick = there
	k.guard(k.look)
	k.publish()
}

// find gives the plugged token of that name.
func (k *Kiosk) find(r ref) (Token, bool) {
	for _, t := range k.tokens {
		if refOf(t) == r {
			return t, true
		}
	}
	return Token{}, false
}

// chosen gives the citizen's token that the arguments name.
func (k *Kiosk) chosen(args []byte) (Token, *fault) {
	var a InsertionArgs
	err := decode(args, &a)
	if err != nil {
		return Token{}, &fault{code: CodeInternal, err: err}
	}
	t, there := k.byInsertion(a.Insertion)
	if !there {
		return Token{}, &fault{code: CodeTokenAbsent}
	}
	return t, nil
}

// chosenMedium gives the medium that the arguments name: the stick that is in, or a citizen's token with which something can be done.
func (k *Kiosk) chosenMedium(args []byte) (ref, *fault) {
	var a StorageArgs
	err := decode(args, &a)
	if err != nil {
		return ref{}, &fault{code: CodeInternal, err: err}
	}
	if a.Kind == stickRef.kind {
		if !k.stick {
			return ref{}, &fault{code: CodeStickAbsent}
		}
		return stickRef, nil
	}
	t, there := k.byInsertion(a.Insertion)
	if !there {
		return ref{}, &fault{code: CodeTokenAbsent}
	}
	if f := unusable(t); f != nil {
		return ref{}, f
	}
	return refOf(t), nil
}

// byInsertion gives the plugged token a touch meant; zero means the only one.
func (k *Kiosk) byInsertion(n uint64) (Token, bool) {
	citizens := k.citizenTokens()
	if n == 0 && len(citizens) == 1 {
		return citizens[0], true
	}
	for _, t := range citizens {
		if uint64(t.Insertion) == n {
			return t, true
		}
	}
	return Token{}, false
}

// citizenTokens are the plugged tokens without those of staff.
func (k *Kiosk) citizenTokens() []Token {
	var out []Token
	for _, t := range k.tokens {
		if !k.known[t.Insertion].operator {
			out = append(out, t)
		}
	}
	return out
}

// look draws the consequences of what is plugged in. Under the lock, after everything that may have changed it.
func (k *Kiosk) look() {
	if k.recycling == nil { // before readNew: the pull of a staff token has its process replaced, and it may be back before that is done
		k.heed()
	}
	k.readNew()
	if k.recycling != nil {
		return
	}
	k.lookAtLogin()
	k.lookAtCabinet()
	if p, ok := k.at.(plugger); ok && k.job == nil {
		p.plugged(k)
	}
	k.lookForStaff()
}

// readNew reads the public certificates of tokens that have just been plugged in: staff are known by them.
func (k *Kiosk) readNew() {
	present := map[Insertion]bool{}
	for _, t := range k.tokens {
		present[t.Insertion] = true
		if _, done := k.known[t.Insertion]; done {
			continue
		}
		k.known[t.Insertion] = facts{token: refOf(t)}
		if !t.Initialized {
			k.known[t.Insertion] = facts{read: true, token: refOf(t)}
			continue
		}
		n := t.Insertion
		k.spawn(func() { k.readPublic(n) })
	}
	for n, f := range k.known {
		if present[n] {
			continue
		}
		delete(k.known, n)
		if _, there := k.find(f.token); !there {
			k.forget()
		}
	}
}

// forget replaces the token processes when a token was pulled while nobody has a session: they have read its certificates,
// which name its owner, and a module keeps what it read. The end of a session sees to its own. Under the lock.
func (k *Kiosk) forget() {
	if k.ses != nil || k.recycling != nil {
		return
	}
	gone := make(chan struct{})
	k.recycling = gone
	k.spawn(func() {
		ctx, cancel := context.WithTimeout(k.ctx, cleanWithin)
		defer cancel()
		k.recycle(ctx, gone)
	})
}

// afterShown is how long the certificates of a token wait to be read: reading them keeps the card, and the processor, from the screen that shows it.
const afterShown = 100 * time.Millisecond

// readPublic finds out whether a token is of staff.
func (k *Kiosk) readPublic(n Insertion) {
	ctx, cancel := context.WithTimeout(k.ctx, tokenWithin)
	defer cancel()
	select {
	case <-time.After(afterShown):
	case <-ctx.Done():
		return
	}
	found, err := k.cfg.Rack.Certificates(ctx, n)
	var operator bool
	for _, c := range found {
		cert, parsing := x509.ParseCertificate(c.DER)
		if parsing == nil && pki.IsOperator(cert) {
			operator = true
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	f, still := k.known[n]
	if !still {
		return
	}
	f.read, f.operator = true, operator
	if err != nil && !errors.Is(err, token.ErrRemoved) {
		k.log.Info("read public certificates", "cause", err)
	}
	k.known[n] = f
	k.guard(k.look)
	k.publish()
}

// lookAtLogin ends what rested on a token that is no longer there.
func (k *Kiosk) lookAtLogin() {
	if k.ses == nil {
		return
	}
	if k.ses.role == RoleStaff {
		r, ok := k.staffToken()
		if _, there := k.find(r); ok && !there {
			k.end("staff token pulled")
			k.notice = &fault{code: CodeStaffTokenPulled}
		}
		return
	}
	open := k.ses.open
	if open == nil || k.job != nil { // work on the token finds out by itself
		return
	}
	_, there := k.find(open.ref)
	if there {
		return
	}
	k.drop(open)
	if s, ok := k.at.(interface{ pulled(k *Kiosk) }); ok {
		s.pulled(k)
	}
}

// absent says that the token a screen rests on is gone. What was said of it already stays: the process of a token that answers
// too slowly, or fails, is ended, and that is why it is not seen. Under the lock.
func (k *Kiosk) absent() {
	if k.notice != nil && (k.notice.code == CodeTokenSlow || k.notice.code == CodeTokenFailed) {
		return
	}
	k.fail(&fault{code: CodeTokenAbsent})
}

// drop forgets the session's login and logs out behind its back. Under the lock.
func (k *Kiosk) drop(open *opened) {
	k.ses.open = nil
	k.shut(open)
}

// shut logs out behind the session's back. Under the lock.
func (k *Kiosk) shut(open *opened) {
	k.apart(func(ctx context.Context) { k.logout(ctx, open.login) })
}

// apart ends what was done with a token, behind the session's back and one after the other. A token knows one login only, so
// the next one waits for it. Under the lock.
func (k *Kiosk) apart(act func(ctx context.Context)) {
	before, gone := k.closing, make(chan struct{})
	k.closing = gone
	k.spawn(func() {
		defer close(gone)
		if before != nil {
			<-before
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), tokenWithin)
		defer cancel()
		act(ctx)
	})
}

// ignore lets a staff token open nothing until it is pulled; one that is not there is not ignored. Under the lock.
func (k *Kiosk) ignore(r ref) {
	delete(k.ignored, r)
	if t, there := k.find(r); there {
		k.ignored[r] = t.Insertion
	}
}

// heed ends what is ignored once its token was pulled, also when it is back already. Under the lock.
func (k *Kiosk) heed() {
	for r, n := range k.ignored {
		if t, there := k.find(r); !there || t.Insertion != n {
			delete(k.ignored, r)
		}
	}
}

// lookForStaff opens supervisor mode for a staff token, or asks whether it shall end a citizen's session.
func (k *Kiosk) lookForStaff() {
	if d, ok := k.dialog.(*staffDialog); ok {
		if _, there := k.find(d.token); !there {
			k.dialog = nil
		}
		return
	}
	for _, t := range k.tokens {
		r := refOf(t)
		if _, ignored := k.ignored[r]; ignored || !k.known[t.Insertion].operator {
			continue
		}
		switch k.at.(type) {
		case *attract:
			k.staffBegins(r)
		case *menu:
			k.end("staff")
			k.staffBegins(r)
		default:
			if k.ses != nil && k.ses.role == RoleCitizen && !k.steady() {
				k.dialog = &staffDialog{token: r}
			}
		}
		return
	}
}

// tick is the passing of time: idle warning, idle end.
func (k *Kiosk) tick() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.guard(k.pass)
	k.publish()
}

func (k *Kiosk) pass() {
	now := k.cfg.Now()
	if now.Before(k.cfg.BuiltAt) {
		if k.ses != nil {
			k.end("clock")
		}
		k.at = &outOfService{code: CodeClock}
		return
	}
	if o, ok := k.at.(*outOfService); ok && o.code == CodeClock {
		k.welcome()
	}
	if k.joined != nil {
		k.link = k.joined.Engine.State()
	}
	k.look()
	if k.ses == nil {
		if now.Sub(k.touchedAt) > k.cfg.IdleAfter && (k.lang != k.cfg.Languages[0] || k.notice != nil || k.prefs.Text != 0 || k.prefs.Contrast != "normal") {
			k.reset()
		}
		return
	}
	after := k.cfg.IdleAfter
	switch k.ses.role {
	case RoleTechnician:
		return
	case RoleStaff:
		after = k.cfg.StaffIdleAfter
	}
	if k.job != nil {
		if k.job.steady {
			k.ses.touchedAt = now
		}
		return
	}
	silent := now.Sub(k.ses.touchedAt)
	if silent < after {
		return
	}
	left := after + k.cfg.IdleWarning - silent
	if left <= 0 {
		k.end("idle")
		return
	}
	k.dialog = &idleDialog{seconds: int((left + time.Second - 1) / time.Second)}
}

func typeOf(thrown any) string { return fmt.Sprintf("%T", thrown) }

func stack() string { return string(debug.Stack()) }
