package stick

import (
	"context"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/hardware/stick/mounter"
)

// ErrBusy: the stick is still being used, so that it may not be removed yet.
var ErrBusy = errors.New("the stick is still in use")

// Release brings everything to the stick and unmounts it; after nil the citizen may remove it, and State says so until he does. What is being written is
// finished first. [ErrBusy]: it is in use and may not be removed. [ErrAbsent]: there is none to release. Other errors mean that the stick failed.
func (d *Devices) Release(ctx context.Context) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.mu.Lock()
	now := d.now
	if now != nil {
		d.now = nil
		now.mount.Close() // before the helper looks whether anybody still has it
		releasing := State{Standing: StandingReleasing, Format: now.answer.Kind}
		d.verdicts[now.disk.Identity] = releasing
		d.become(releasing)
	}
	d.mu.Unlock()
	if now == nil {
		return fmt.Errorf("release the stick: %w", ErrAbsent)
	}
	answer, err := now.line.Do(ctx, mounter.ActRelease)
	now.line.Close()
	defer d.nudge()
	var no mounter.Error
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err == nil:
		released := State{Standing: StandingReleased, Format: now.answer.Kind}
		d.verdicts[now.disk.Identity] = released
		d.become(released)
		d.configuration.Log.Info("stick released", "disk", now.disk.Name, "lingers", answer.Lingers)
		return nil
	case !d.configuration.Root.Still(now.disk):
		err = ErrAbsent
	case errors.As(err, &no) && no.Refusal == mounter.Busy:
		delete(d.verdicts, now.disk.Identity) // it is mounted anew
		err = ErrBusy
	default:
		d.verdicts[now.disk.Identity] = State{Standing: StandingDamaged, Format: now.answer.Kind}
		err = fmt.Errorf("%w (%v)", ErrDamaged, err)
	}
	return fmt.Errorf("release the stick: %w", err)
}

// Resume takes up sticks again that were released, or could not be used, and are still plugged in.
func (d *Devices) Resume() {
	d.mu.Lock()
	clear(d.verdicts)
	d.mu.Unlock()
	d.nudge()
}
