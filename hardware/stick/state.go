package stick

import (
	"context"

	"github.com/tirkeu/kiosk/hardware/stick/superblock"
)

// Standing is how it stands with the citizen's stick, in a word.
type Standing string

// The standings.
const (
	StandingNone       Standing = "none"         // nothing is plugged in
	StandingReady      Standing = "ready"        // it can be used
	StandingSeveral    Standing = "several"      // more than one is plugged in: whose is whose is not guessed
	StandingUnreadable Standing = "unreadable"   // its format is not read here: State.Format says which
	StandingDamaged    Standing = "damaged"      // the medium fails, or its file system is damaged
	StandingInUse      Standing = "in-use"       // the machine itself uses it
	StandingReleasing  Standing = "releasing"    // it is being unmounted: not to be removed yet
	StandingReleased   Standing = "released"     // it is unmounted: the citizen may remove it
	StandingOutOfOrder Standing = "out-of-order" // this terminal cannot mount it: a matter for staff
)

// State is a standing with what a screen needs to say about it.
type State struct {
	Standing  Standing
	Format    superblock.Kind // of the stick in question, where it is known
	Protected bool            // ready, but it cannot be written to
	Others    int             // other sticks that are plugged in besides the one that is used
}

// State is how it stands now.
func (d *Devices) State() State {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state
}

// States tells the state at once and then whenever it changes, until ctx ends, when the channel closes. A slow reader gets the latest.
func (d *Devices) States(ctx context.Context) <-chan State {
	out := make(chan State)
	go func() {
		defer close(out)
		for {
			d.mu.Lock()
			now, changed := d.state, d.changed
			d.mu.Unlock()
			select {
			case out <- now:
			case <-changed: // before it was fetched
				continue
			case <-ctx.Done():
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// become changes the state. The lock is held.
func (d *Devices) become(s State) {
	if s == d.state {
		return
	}
	d.state = s
	close(d.changed)
	d.changed = make(chan struct{})
}
