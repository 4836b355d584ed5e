package stick

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/mounter"
	"github.com/tirkeu/kiosk/hardware/stick/superblock"
)

// stay is one mounted stick, from its mounting to its release or pull.
type stay struct {
	disk   block.Disk
	number uint64
	line   *mounter.Client
	mount  *os.File // O_PATH; the lock of Devices guards its closing
	answer mounter.Answer
}

// begin mounts a stick, or keeps why it could not.
func (d *Devices) begin(ctx context.Context, disk block.Disk) {
	verdict := State{Standing: StandingOutOfOrder}
	line, err := d.reach()
	if err == nil {
		var mount *os.File
		var answer mounter.Answer
		mount, answer, err = line.Mount(ctx, disk.Number, disk.Sequence)
		if err == nil {
			d.mu.Lock()
			d.stays++
			d.now = &stay{disk: disk, number: d.stays, line: line, mount: mount, answer: answer}
			d.mu.Unlock()
			d.configuration.Log.Info("stick mounted", "disk", disk.Name, "format", answer.Kind, "detail", answer.Detail)
			return
		}
		line.Close()
		verdict = verdictOf(err)
	}
	if ctx.Err() != nil || verdict.Standing == StandingNone {
		return
	}
	d.configuration.Log.Warn("stick not mounted", "disk", disk.Name, "standing", verdict.Standing, "format", verdict.Format, "error", err)
	d.mu.Lock()
	d.verdicts[disk.Identity] = verdict
	d.mu.Unlock()
}

// verdictOf turns the helper's refusal into a standing.
func verdictOf(err error) State {
	var no mounter.Error
	if !errors.As(err, &no) {
		return State{Standing: StandingOutOfOrder}
	}
	switch no.Refusal {
	case mounter.Gone:
		return State{Standing: StandingNone}
	case mounter.InUse:
		return State{Standing: StandingInUse}
	case mounter.Unreadable:
		return State{Standing: StandingUnreadable, Format: no.Kind}
	case mounter.Damaged, mounter.Busy, mounter.Protected:
		return State{Standing: StandingDamaged, Format: no.Kind}
	case mounter.NoAnswer: // a medium that hangs holds up the helper
		return State{Standing: StandingDamaged, Format: superblock.None}
	case mounter.Done, mounter.NoDriver, mounter.Forbidden, mounter.Meaningless:
	}
	return State{Standing: StandingOutOfOrder, Format: no.Kind}
}

// reach gives a line to a helper of its own.
func (d *Devices) reach() (*mounter.Client, error) {
	c := d.configuration
	if c.command != nil {
		return mounter.Start(c.command())
	}
	if _, err := os.Lstat(c.Socket); err == nil || c.Helper == "" {
		return mounter.Dial(c.Socket)
	}
	command := exec.Command(c.Helper)
	command.Env = []string{}
	command.Stderr = os.Stderr
	return mounter.Start(command)
}

// drop lets go of the stick in use, if there is one. The helper follows when the line is closed, and the kernel when the last reader is gone.
func (d *Devices) drop(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(d.now, why)
}

// forget drops a stay if it is the one in use. The lock is held.
func (d *Devices) forget(s *stay, why string) {
	if s == nil || d.now != s {
		return
	}
	d.configuration.Log.Info("stick let go", "disk", s.disk.Name, "because", why)
	s.mount.Close()
	s.line.Close()
	d.now = nil
	d.become(State{Standing: StandingNone}) // until the next look
}

// top opens the top folder of the stick in use.
func (d *Devices) top() (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now == nil {
		return nil, ErrAbsent
	}
	fd, err := unix.Openat(int(d.now.mount.Fd()), ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, meaning(err)
	}
	return os.NewFile(uintptr(fd), "stick"), nil
}

// identity looks at the kernel's own tree each time: an input error comes before the news that the stick was pulled.
func (d *Devices) identity() (identity, bool) {
	d.mu.Lock()
	now := d.now
	d.mu.Unlock()
	if now == nil || !d.configuration.Root.Still(now.disk) {
		return identity{}, false
	}
	return identity{device: now.disk.Number.Device(), stay: now.number}, true
}

// unlock lets the stick in use be written until lock is called. The caller holds the lock of writing.
func (d *Devices) unlock() (lock func(), err error) {
	d.mu.Lock()
	now := d.now
	d.mu.Unlock()
	switch {
	case now == nil:
		return nil, ErrAbsent
	case now.answer.Protected:
		return nil, ErrReadOnly
	}
	_, err = now.line.Do(context.Background(), mounter.ActWrite)
	if err != nil {
		return nil, d.failed(now, err)
	}
	return func() {
		_, err := now.line.Do(context.Background(), mounter.ActRead)
		if err != nil { // what was written is on the medium; that it can still be written is worth a line, or it was pulled
			d.configuration.Log.Warn("stick not made read-only again", "disk", now.disk.Name, "error", d.failed(now, err))
		}
	}, nil
}

func (d *Devices) protected(int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now == nil || d.now.answer.Protected
}

// failed says what it means that a stick cannot be made writable. Where the helper itself is gone the stick is mounted anew.
func (d *Devices) failed(now *stay, err error) error {
	var no mounter.Error
	if !errors.As(err, &no) {
		return err
	}
	kind := ErrDamaged
	switch no.Refusal {
	case mounter.Protected, mounter.Forbidden, mounter.NoDriver:
		kind = ErrReadOnly
	case mounter.NoAnswer:
		d.mu.Lock()
		d.forget(now, "the helper is gone")
		d.mu.Unlock()
		d.nudge()
	case mounter.Done, mounter.Gone, mounter.InUse, mounter.Unreadable, mounter.Damaged, mounter.Busy, mounter.Meaningless:
	}
	return fmt.Errorf("%w (%v)", kind, err)
}
