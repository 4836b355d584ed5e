package app

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
)

// Outcomes in the device journal.
const (
	outcomeAccepted    = "accepted"    // the keys belong to an accepted application
	outcomeRemoved     = "removed"     // the keys were taken off the medium again
	outcomeAbandoned   = "abandoned"   // the keys were never made, or nobody can open them
	outcomeDone        = "done"        // the certificates are on the medium, or the PIN is changed
	outcomeFailed      = "failed"      // the act was refused; the medium is as before
	outcomeInterrupted = "interrupted" // the program ended in between, or no answer came; the act is taken up again when it is asked for
)

// leftover is something on a medium that no application holds yet.
type leftover struct {
	intent int64
	medium ref
	number string // of the application they were made for
	id     []byte // key pair on the token
	file   string // sealed file on the stick
}

// reconcile settles what a sudden end left open in the journal. Keys of an application that was never accepted, and a PIN
// that was being set, stay open until the token is opened again (sweep, settled).
func (k *Kiosk) reconcile(ctx context.Context) {
	defer k.recovered()
	open, err := k.cfg.Store.OpenIntents(ctx)
	if err != nil {
		k.log.Warn("read device journal", "cause", err)
		return
	}
	for _, i := range open {
		if i.Kind == IntentChangePIN { // open until a PIN opens the token (settled)
			k.doubt(i.Medium)
			continue
		}
		outcome := outcomeInterrupted
		if i.Kind == IntentGenerate {
			held, err := k.bound(ctx, i)
			switch {
			case err != nil:
				k.log.Warn("reconcile device journal", "intent", i.ID, "cause", err)
				continue
			case held:
				outcome = outcomeAccepted
			case i.Medium == stickRef.serial:
				k.unfile(sealedName(i.Number))
				outcome = outcomeAbandoned
			default:
				continue
			}
		}
		k.finish(ctx, i.ID, outcome)
	}
}

// bound tells whether an accepted application holds the key of an intent.
func (k *Kiosk) bound(ctx context.Context, i Intent) (bool, error) {
	r, err := k.cfg.Store.Application(ctx, i.Number)
	if errors.Is(err, ErrNoRecord) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, key := range r.Keys {
		if string(key.KeyID) == string(i.KeyID) {
			return true, nil
		}
	}
	return false, nil
}

// accepted closes the intents of keys that an application on disk holds.
func (k *Kiosk) accepted(ctx context.Context, left []leftover) {
	for _, l := range left {
		k.step(StepCloseKeys, l.intent)
		k.finish(ctx, l.intent, outcomeAccepted)
	}
}

// sweep looks for key pairs on a token just opened which were made for applications that were never accepted. Those of the
// session's own draft stay: its citizen is about to sign it. Others of the session (begun) are taken off the token, as the citizen
// was told when he pulled it too early. Those of an earlier one, which the program or the power did not let end, are given back:
// he is asked.
func (k *Kiosk) sweep(ctx context.Context, open *opened, own []leftover, begun []int64) []unfinished {
	intents, err := k.cfg.Store.OpenIntents(ctx)
	if err != nil {
		k.log.Warn("read device journal", "cause", err)
		return nil
	}
	intents = slices.DeleteFunc(intents, func(i Intent) bool {
		return i.Kind != IntentGenerate || i.Medium != open.ref.serial || slices.ContainsFunc(own, func(l leftover) bool { return l.intent == i.ID })
	})
	if len(intents) == 0 {
		return nil
	}
	keys, err := open.login.Keys(ctx)
	if err != nil {
		k.log.Warn("look for unbound keys", "cause", err)
		return nil
	}
	var asks []unfinished
	for _, i := range intents {
		held, err := k.bound(ctx, i)
		if err != nil {
			continue
		}
		if held {
			k.finish(ctx, i.ID, outcomeAccepted)
			continue
		}
		l := leftover{intent: i.ID, medium: open.ref, id: i.KeyID, number: i.Number}
		n := slices.IndexFunc(keys, func(key Key) bool { return string(key.ID) == string(i.KeyID) })
		if n >= 0 && !slices.Contains(begun, i.ID) {
			template, _ := labelled(keys[n].Label)
			asks = append(asks, unfinished{leftover: l, template: template, why: whyStopped})
			continue
		}
		_ = k.remove(ctx, open.login, l) // where there is no private key, what is left of its pair serves nobody
	}
	return asks
}

// remove takes one unbound key pair off a token and closes its intent; when the token does not let it, the intent stays
// open for the next time.
func (k *Kiosk) remove(ctx context.Context, login Login, l leftover) error {
	k.step(StepRemoveKeys, l.intent)
	err := login.Delete(ctx, l.id)
	if err != nil && !errors.Is(err, token.ErrNotFound) {
		k.log.Warn("remove unbound keys", "intent", l.intent, "cause", err)
		return err
	}
	k.step(StepCloseRemoval, l.intent)
	k.finish(ctx, l.intent, outcomeRemoved)
	return nil
}

// abandon removes what a session made and no application holds. open are the tokens that are open, some may be nil: what
// lies on one that is not stays until it is opened again (sweep).
func (k *Kiosk) abandon(ctx context.Context, left []leftover, open ...*opened) {
	for _, l := range left {
		_, err := k.cfg.Store.Application(ctx, l.number)
		if !errors.Is(err, ErrNoRecord) {
			continue // accepted, or not to be known now: reconciled later
		}
		if l.file != "" {
			if k.unfile(l.file) {
				k.finish(ctx, l.intent, outcomeRemoved)
			}
			continue
		}
		i := slices.IndexFunc(open, func(o *opened) bool { return o != nil && o.ref == l.medium })
		if i >= 0 {
			_ = k.remove(ctx, open[i].login, l)
		}
	}
}

// discard gives up the keys that were made for the draft and that no application holds: they are taken off the medium
// behind the session's back. Under the lock.
func (k *Kiosk) discard() {
	left, open, made := k.ses.left, k.ses.open, k.ses.made
	k.ses.left, k.ses.open, k.ses.made = nil, nil, nil
	if len(left) == 0 && open == nil && made == nil {
		return
	}
	k.apart(func(ctx context.Context) {
		k.abandon(ctx, left, open, made)
		for _, o := range []*opened{open, made} {
			if o != nil {
				k.logout(ctx, o.login)
			}
		}
	})
}

// unfile takes a sealed file off the stick; true when it is no longer there.
func (k *Kiosk) unfile(name string) bool {
	if !k.cfg.Stick.Present() {
		return false
	}
	err := k.cfg.Stick.Remove(name)
	return err == nil || errors.Is(err, stick.ErrNotFound)
}

func (k *Kiosk) intend(ctx context.Context, i Intent) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, journalWithin)
	defer cancel()
	return k.cfg.Store.Begin(ctx, i)
}

// finish writes an outcome; it must reach the disk even when the session is over.
func (k *Kiosk) finish(ctx context.Context, intent int64, outcome string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalWithin)
	defer cancel()
	err := k.cfg.Store.Finish(ctx, intent, outcome)
	if err != nil {
		k.log.Warn("write outcome to device journal", "intent", intent, "outcome", outcome, "cause", err)
	}
}

// sealedName is the name of the file on the stick that holds the private keys between application and installation.
func sealedName(number string) string { return number + ".sealed" }

// keyName is how a key identifier is shown: hexadecimal, as in the names of key files.
func keyName(id []byte) string { return hex.EncodeToString(id) }
