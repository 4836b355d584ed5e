//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

const (
	rightPIN = "123456"
	wrongPIN = "654321"
	adminPIN = "87654321"
	tries    = 5
)

// misfortune is what happens to one sign-in.
type misfortune int

const (
	nothing       misfortune = iota
	crashBefore              // the module dies as the PIN arrives
	crashAfter               // after the token has looked at it, before the answer is out
	hangBefore               // the module never answers
	hangAfter                // nor after the token has looked
	pullBefore               // the token is pulled as the PIN arrives
	pullAfter                // after it has looked
	slow                     // slower than the caller waits
	replug                   // pulled and plugged before the sign-in
	stale                    // pulled and plugged between the screen and the tap
	doubleTap                // the same entry twice at once
	recycle                  // the workers are replaced meanwhile
	restart                  // the whole kiosk is started anew meanwhile
	numberOfKinds            // and no misfortune
)

// words for a report, in the order of the kinds.
var words = [numberOfKinds]string{"nothing", "crash before", "crash after", "hang before", "hang after", "pull before", "pull after", "slow", "replug",
	"stale", "double tap", "recycle", "restart"}

// stage is the device and the kiosk that a human stands before, real or in memory.
type stage interface {
	open() *token.Rack   // the kiosk is started
	arm(kind misfortune) // crash, hang, pull and slow: in the next C_Login
	disarm()             // and plugged in again, if it was pulled
	replug()
	mend() bool    // sets right what only the stage itself breaks when a worker is killed; true: something was broken
	spent() uint64 // how often a PIN was tried on the token
	left() int
	hasty() time.Duration // how long a caller waits that a slow token outlasts
}

// human enters PINs, and keeps count of what he entered.
type human struct {
	*testing.T
	ctx   context.Context
	stage stage
	rng   *rand.Rand
	rack  *token.Rack

	entries uint64 // PINs typed, the administrator's included
	wrong   int    // wrong ones since the last that was right and of which nothing was lost
	kinds   [numberOfKinds]int
	opened  int
	sure    int // so many more wrong PINs will be typed
	locked  int
}

// signIns makes n sign-ins, and compares after each what the token counted with what was typed.
func signIns(t *testing.T, ctx context.Context, s stage, seed uint64, n int) {
	h := &human{T: t, ctx: ctx, stage: s, rng: rand.New(rand.NewPCG(seed, seed))}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("run again with -seed %d", seed)
		}
	})
	h.rack = s.open()
	defer func() { _ = h.rack.Close() }()
	for i := range n {
		kind := nothing
		if h.rng.IntN(3) == 0 {
			kind = misfortune(h.rng.IntN(int(numberOfKinds)))
		}
		h.signIn(kind)
		if t.Failed() {
			t.Fatalf("sign-in %d (%s) of seed %d", i, words[kind], seed)
		}
		h.kinds[kind]++
	}
	if spent := s.spent(); spent > h.entries {
		t.Errorf("seed %d: %d PINs typed, %d tries on the token", seed, h.entries, spent)
	}
	if h.locked == 0 && n >= 2000 {
		t.Errorf("seed %d: the token never locked", seed)
	}
	for kind, times := range h.kinds {
		if times == 0 && n >= 2000 {
			t.Errorf("seed %d: %q never happened", seed, words[kind])
		}
	}
	t.Logf("seed %d: %d sign-ins, %d PINs typed, %d tries on the token, %d sessions opened, %d locks lifted; %v of %v", seed, n, h.entries, s.spent(), h.opened, h.locked, h.kinds, words)
}

// here waits for the token.
func (h *human) here() token.Token {
	events, stop := h.rack.Watch()
	defer stop()
	for {
		if all := h.rack.Tokens(); len(all) == 1 {
			return all[0]
		}
		select {
		case <-events:
		case <-h.ctx.Done():
			h.Fatal("the token is not seen any more")
		}
	}
}

// signIn is one entry of a PIN, and what comes of it.
func (h *human) signIn(kind misfortune) {
	if kind == replug {
		h.stage.replug()
	}
	t := h.here()
	if t.PINLocked {
		t = h.unblock(t)
	}
	pin := rightPIN
	if h.rng.IntN(100) == 0 {
		h.sure = tries // of a wrong PIN, until it locks
	}
	// Who is told that one try is left does not guess, unless he is sure.
	if h.sure > 0 || h.rng.IntN(5) == 0 && h.stage.left() > 1 {
		pin = wrongPIN
		h.wrong++
		h.sure = max(0, h.sure-1)
	}
	entry := token.NewPIN(pin)
	h.entries++
	before := h.stage.spent()
	session, err := h.enter(t, entry, kind)
	h.settle(kind, err)
	spent := h.stage.spent() - before
	if spent > 1 {
		h.Errorf("%d tries for one entry", spent)
	}
	if used := tries - h.stage.left(); used > h.wrong {
		h.Errorf("%d tries used up by %d wrong entries", used, h.wrong)
	}
	switch calm := kind == nothing || kind == doubleTap; {
	case calm && spent != 1:
		h.Errorf("%d tries for one undisturbed entry: %v", spent, err)
	case calm && pin == rightPIN && err != nil:
		h.Errorf("the right PIN: %v", err)
	case pin == wrongPIN && err == nil:
		h.Error("a wrong PIN opened the token")
	}
	if err != nil {
		return
	}
	h.opened++
	h.wrong = 0
	if h.rng.IntN(2) == 0 { // otherwise the next sign-in ends the session, or a replug
		_, gone := session.Keys(h.ctx)
		if kind == nothing && gone != nil {
			h.Errorf("the session that was opened: %v", gone)
		}
		_ = session.Logout(h.ctx)
	}
}

// enter gives the entry to the token while the misfortune happens.
func (h *human) enter(t token.Token, entry token.PIN, kind misfortune) (*token.Session, error) {
	login := func(ctx context.Context) (*token.Session, error) { return h.rack.Login(ctx, t.Insertion, entry) }
	switch kind {
	case crashBefore, crashAfter, hangBefore, hangAfter, pullBefore, pullAfter:
		h.stage.arm(kind)
		return login(h.ctx)
	case slow:
		h.stage.arm(kind)
		ctx, cancel := context.WithTimeout(h.ctx, h.stage.hasty())
		defer cancel()
		return login(ctx)
	case stale:
		h.stage.replug()
		return login(h.ctx)
	case doubleTap:
		return h.twice(login)
	case recycle, restart:
		var during sync.WaitGroup
		during.Go(func() {
			if kind == recycle {
				h.rack.Recycle(h.ctx)
			} else {
				_ = h.rack.Close()
			}
		})
		session, err := login(h.ctx)
		during.Wait()
		return session, err
	default:
		return login(h.ctx)
	}
}

// twice is one entry that arrives two times at once; at most one of them may open anything.
func (h *human) twice(login func(context.Context) (*token.Session, error)) (*token.Session, error) {
	type outcome struct {
		session *token.Session
		err     error
	}
	both := make(chan outcome, 2)
	for range 2 {
		go func() {
			session, err := login(h.ctx)
			both <- outcome{session, err}
		}()
	}
	one, two := <-both, <-both
	if errors.Is(one.err, token.ErrSpent) {
		one, two = two, one
	}
	if !errors.Is(two.err, token.ErrSpent) {
		h.Errorf("the second tap: %v", two.err)
	}
	return one.session, one.err
}

// settle brings the kiosk back to order, as the end of a session does.
func (h *human) settle(kind misfortune, err error) {
	switch kind {
	case crashBefore, crashAfter, hangBefore, hangAfter, pullBefore, pullAfter, slow:
		h.stage.disarm()
		want := map[misfortune]error{crashBefore: token.ErrWorker, crashAfter: token.ErrWorker, hangBefore: token.ErrTimeout, hangAfter: token.ErrTimeout,
			pullBefore: token.ErrRemoved, pullAfter: token.ErrRemoved, slow: token.ErrTimeout}[kind]
		// A token that the next worker does not find is told as removed: SoftHSM loses one whose file was being written.
		lost := want == token.ErrWorker && errors.Is(err, token.ErrRemoved)
		if !errors.Is(err, want) && !lost {
			h.Errorf("%s: %v", words[kind], err)
		}
		h.rack.Recycle(h.ctx)
	case stale:
		if err == nil {
			h.Error("opened by a number of an insertion that is over")
		}
	case restart:
		h.stage.mend()
		h.rack = h.stage.open()
	}
	if h.stage.mend() {
		h.rack.Recycle(h.ctx)
	}
}

// unblock is what staff do for a locked token; it may have been plugged anew since anybody looked, and is taken up again then.
func (h *human) unblock(t token.Token) token.Token {
	if h.wrong < tries {
		h.Fatalf("locked by %d wrong entries", h.wrong)
	}
	for t.PINLocked {
		h.entries++
		err := h.rack.Unblock(h.ctx, t.Insertion, token.NewPIN(adminPIN), token.NewPIN(rightPIN))
		if err != nil && !errors.Is(err, token.ErrRemoved) {
			h.Fatal(fmt.Errorf("unblock: %w", err))
		}
		t = h.here()
	}
	h.wrong = 0
	h.locked++
	return t
}
