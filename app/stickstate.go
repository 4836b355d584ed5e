package app

import (
	"context"
	"errors"
	"strings"

	"github.com/tirkeu/kiosk/hardware/stick"
)

// StickStates is a Stick that tells how it stands with real sticks. One that is a folder tells nothing: it is there or not.
type StickStates interface {
	// States tells the state at once and then whenever it changes, until ctx ends.
	States(ctx context.Context) <-chan stick.State
	// Release unmounts the stick; only then it may be removed.
	Release(ctx context.Context) error
	// Resume takes up a stick again that was released and is still plugged in.
	Resume()
}

// stickWords are the standings that a screen tells, under "stick".
var stickWords = []stick.Standing{
	stick.StandingSeveral, stick.StandingUnreadable, stick.StandingDamaged, stick.StandingInUse, stick.StandingReleasing, stick.StandingReleased, stick.StandingOutOfOrder,
}

// watchSticks gives the states of real sticks; none ever where sticks are a folder.
func (k *Kiosk) watchSticks(ctx context.Context) <-chan stick.State {
	tells, ok := k.cfg.Stick.(StickStates)
	if !ok {
		return nil
	}
	return tells.States(ctx)
}

// stickStands takes over how it stands with the stick.
func (k *Kiosk) stickStands(s stick.State) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stickState = s
	k.publish()
}

// stickCard is the stick as it is shown where one is asked for. Under the lock.
func (k *Kiosk) stickCard() StickCard {
	c := StickCard{Present: k.stick, Usable: k.stick}
	s := k.stickState
	switch {
	case c.Usable && s.Protected:
		c.Why = k.text("stick.protected")
	case c.Usable && s.Others > 0:
		c.Why = k.text("stick.others")
	case !c.Usable && s.Standing != "" && s.Standing != stick.StandingNone && s.Standing != stick.StandingReady:
		c.Present, c.Why = true, k.text("stick."+string(s.Standing), "Format", formatName(s))
	}
	return c
}

// formatName is what people call a format.
func formatName(s stick.State) string {
	switch name := string(s.Format); name {
	case "", "none":
		return "?"
	case "apple":
		return "Apple"
	case "linux":
		return "Linux"
	case "disc":
		return "ISO 9660"
	case "bitlocker":
		return "BitLocker"
	case "exfat":
		return "exFAT"
	default:
		return strings.ToUpper(name)
	}
}

// mayTake tells whether a medium that is done with may be taken out: a real stick only once it is unmounted. Under the lock.
func (k *Kiosk) mayTake(r ref) bool {
	if _, tells := k.cfg.Stick.(StickStates); tells && r == stickRef {
		return k.stickState.Standing == stick.StandingReleased
	}
	return k.plugIn(r)
}

// mustStay tells whether a real stick is just being let go of. Under the lock.
func (k *Kiosk) mustStay() bool { return k.stickState.Standing == stick.StandingReleasing }

// letGo unmounts a real stick that is done with; the screen says when it may be taken out. Under the lock.
func (k *Kiosk) letGo(r ref) {
	tells, ok := k.cfg.Stick.(StickStates)
	if !ok || r != stickRef {
		return
	}
	k.spawn(func() {
		ctx, cancel := context.WithTimeout(k.ctx, tokenWithin)
		defer cancel()
		err := tells.Release(ctx)
		if err != nil && !errors.Is(err, stick.ErrAbsent) {
			k.log.Warn("release the stick", "cause", err)
		}
	})
}

// letsGo tells whether the stick is in, and is let go of or being so. Under the lock.
func (k *Kiosk) letsGo() bool {
	return k.stickState.Standing == stick.StandingReleasing || k.stickState.Standing == stick.StandingReleased
}

// takeUp lets the next task, or the next person, use a stick that was let go of and is still in; not while the screen says that it
// may be taken out. Under the lock.
func (k *Kiosk) takeUp() {
	switch k.at.(type) {
	case *attract, *applyDone, *signedDone, *installDone, *filesChanged, *receipt, *receiptEmail:
		return
	}
	if tells, ok := k.cfg.Stick.(StickStates); ok && k.stickState.Standing == stick.StandingReleased {
		tells.Resume()
	}
}
