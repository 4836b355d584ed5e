package app

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

// session is one person's time at the terminal. All fields are guarded by Kiosk.mu; it is forgotten as a whole.
type session struct {
	id        uint64
	role      Role
	ctx       context.Context // ends with the session
	cancel    context.CancelFunc
	touchedAt time.Time

	draft   *draft // the application being made
	open    *opened
	made    *opened    // on which the draft's keys were made, kept open until an application holds them
	left    []leftover // made for the draft; no application holds it yet
	intents []int64    // of all keys that were begun; what is left of them is taken away without a question
	place   place      // chosen last
	staff   *staffMode
	held    []heldKey // of a key file that has been opened to sign with
	cabinet *cabinet  // who has signed in with a key
	asking  asking    // what was asked of the register
	admin   token.PIN // administrator's PIN of a citizen's token, until he has typed his own
}

// opened is a token that has been opened by its PIN.
type opened struct {
	login   Login
	ref     ref
	factory bool // the PIN that was typed is the factory's
	// unfinished are the key pairs on it of which the citizen shall be asked.
	unfinished []unfinished
}

// staffMode is an open supervisor mode.
type staffMode struct {
	ref      ref
	operator Operator
	keyID    []byte // of the operator's key on the token
	cert     *x509.Certificate
	locked   string // number of the application locked to the operator
}

// job is slow work outside the lock. At most one runs at a time; touches on the screen wait for no job, they are ignored.
type job struct {
	done   chan struct{}
	over   <-chan struct{} // closed when its session has ended
	awaits bool            // Do waits for it
	steady bool            // changes a token: no idle wipe and no exit meanwhile
}

// How long things may take.
const (
	lookupWithin  = 8 * time.Second  // a question to the centre
	tokenWithin   = 30 * time.Second // an act on a token that makes no keys
	journalWithin = 10 * time.Second // a transaction
	cleanWithin   = 20 * time.Second // the end of a session
	closeWithin   = time.Second      // the same when the program ends: what is left is settled at the next start
)

// begin starts a session. Under the lock.
func (k *Kiosk) begin(role Role) {
	ctx, cancel := context.WithCancel(k.ctx)
	k.ids++
	k.ses = &session{id: k.ids, role: role, ctx: ctx, cancel: cancel, touchedAt: k.cfg.Now(), draft: &draft{}}
	k.dialog = nil
	k.notice = nil
	k.log.Info("session begins", "session", k.ids, "role", role)
}

// end ends the session and forgets it; what it held open is closed behind its back. Under the lock.
func (k *Kiosk) end(why string) {
	ses, job := k.ses, k.job
	if r, staff := k.staffToken(); staff {
		k.ignore(r)
	}
	k.reset()
	if ses == nil {
		return
	}
	ses.cancel()
	k.log.Info("session ends", "session", ses.id, "role", ses.role, "why", why)
	open, made, staff, left, cabinet := ses.open, ses.made, ses.staff, ses.left, ses.cabinet
	*ses.draft = draft{}
	wipe(ses.held)
	ses.admin.Wipe()
	ses.asking = asking{}
	ses.open, ses.made, ses.staff, ses.left, ses.held, ses.cabinet, ses.place = nil, nil, nil, nil, nil, nil, place{}
	if k.cfg.Rack == nil {
		return
	}
	before, running := k.recycling, job
	gone := make(chan struct{})
	k.recycling = gone
	k.spawn(func() { k.clean(ses.id, held{open, made, staff, left, cabinet, running}, before, gone) })
}

// held is what a session leaves behind to be closed.
type held struct {
	open    *opened
	made    *opened
	staff   *staffMode
	left    []leftover
	cabinet *cabinet
	running *job
}

// clean closes what a session held, replaces the token processes and tells that the session is over.
func (k *Kiosk) clean(id uint64, h held, before <-chan struct{}, gone chan struct{}) {
	// The program may be closing, or begin to meanwhile: what was begun must still be ended, but soon.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), cleanWithin)
	defer cancel()
	calm := context.AfterFunc(k.ctx, func() { time.AfterFunc(closeWithin, cancel) })
	defer calm()
	if k.cfg.OnSessionEnd != nil && k.ctx.Err() == nil {
		k.cfg.OnSessionEnd()
	}
	if before != nil {
		<-before
	}
	if h.running != nil { // its context has ended; what it accepted must be known before anything is removed
		select {
		case <-h.running.done:
		case <-ctx.Done():
		}
	}
	k.abandon(ctx, h.left, h.open, h.made)
	for _, open := range []*opened{h.open, h.made} {
		if open != nil {
			k.logout(ctx, open.login)
		}
	}
	if h.staff != nil {
		k.leave(ctx, h.staff)
	}
	if h.cabinet != nil && !h.cabinet.offline() {
		k.signOut(ctx, h.cabinet)
	}
	k.mu.Lock()
	k.tokens = k.cfg.Rack.Tokens()
	k.heed() // pulled since the session ended
	k.mu.Unlock()
	k.recycle(ctx, gone)
	k.log.Info("session cleaned", "session", id)
}

// recycle replaces the token processes, takes over what is plugged then and closes gone: who waited for it finds tokens as they are now.
func (k *Kiosk) recycle(ctx context.Context, gone chan struct{}) {
	defer close(gone)
	if k.ctx.Err() == nil {
		k.cfg.Rack.Recycle(ctx)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tokens = k.cfg.Rack.Tokens()
	for r := range k.ignored {
		k.ignore(r) // the same token has another insertion now
	}
	if k.recycling == gone {
		k.recycling = nil
	}
	k.guard(k.look)
	k.publish()
}

func (k *Kiosk) logout(ctx context.Context, login Login) {
	err := login.Logout(ctx)
	if err != nil {
		k.log.Info("log out of token", "cause", err)
	}
}

// start begins slow work for the present session. work runs outside the lock; what it gives back runs under it, unless
// the session has ended meanwhile: then it is dropped. Under the lock.
func (k *Kiosk) start(j job, work func(ctx context.Context, ses *session) (apply func())) {
	ses := k.ses
	if ses == nil {
		return
	}
	mine := &j
	mine.done, mine.over = make(chan struct{}), ses.ctx.Done()
	k.job = mine
	k.spawn(func() {
		defer close(mine.done)
		var apply func()
		failed := true
		func() {
			defer k.recovered()
			apply = work(ses.ctx, ses)
			failed = false
		}()
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.ses != ses || k.job != mine {
			return
		}
		k.job = nil
		ses.touchedAt = k.cfg.Now()
		k.take() // work may have found a token gone before the rack told of it
		k.guard(func() {
			if failed {
				k.fail(&fault{code: CodeInternal})
			}
			if apply != nil {
				apply()
			}
			k.look()
		})
		k.publish()
	})
}

// during changes what is shown while slow work of a session goes on; it does nothing once that session has ended.
func (k *Kiosk) during(ses *session, change func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ses != ses {
		return
	}
	k.guard(change)
	k.publish()
}

// next is the slow work that followed another one and is waited for as well; nil when there is none.
func (k *Kiosk) next(after *job) *job {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.job == nil || k.job == after || !k.job.awaits || k.job.over != after.over {
		return nil
	}
	return k.job
}

func (k *Kiosk) steady() bool { return k.job != nil && k.job.steady }

// spawn runs f beside us; Close waits for it.
func (k *Kiosk) spawn(f func()) {
	k.work.Add(1)
	go func() {
		defer k.work.Done()
		defer k.recovered()
		f()
	}()
}

// recovered logs a panic of a goroutine, without what was thrown.
func (k *Kiosk) recovered() {
	if thrown := recover(); thrown != nil {
		k.log.Error("panic", "code", CodeInternal, "type", typeOf(thrown), "stack", stack())
	}
}

// touched notes a sign of a person. Under the lock.
func (k *Kiosk) touched() {
	k.touchedAt = k.cfg.Now()
	if k.ses != nil {
		k.ses.touchedAt = k.touchedAt
	}
	if _, idle := k.dialog.(*idleDialog); idle {
		k.dialog = nil
	}
}

// exit leaves, with a question when something was entered and none has just been asked. Under the lock.
func (k *Kiosk) exit(asked bool) {
	if k.ses == nil || k.ses.role == RoleTechnician || k.steady() {
		return
	}
	if !asked && k.ses.role == RoleCitizen && !k.ses.draft.empty() && !finished(k.at) {
		k.dialog = &exitDialog{}
		return
	}
	k.end("exit")
}

func finished(s state) bool {
	switch s.(type) {
	case *applyDone, *signedDone, *revokeDone, *installDone, *receipt, *receiptEmail:
		return true
	}
	return false
}
