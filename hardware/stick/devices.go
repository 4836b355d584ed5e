package stick

import (
	"context"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick/block"
)

// watchDevicesEvery is how often a stick on a device is looked at: one or two small files of sysfs.
const watchDevicesEvery = 100 * time.Millisecond

// closeWithin is how long Close waits for a writing.
const closeWithin = 2 * time.Second

// Configuration says how sticks on devices are mounted. The zero value is a packaged terminal's.
type Configuration struct {
	Socket string     // of the helper that the machine starts; empty means [HelperSocket]
	Helper string     // path of tirkeu-mount, started by the kiosk itself where there is no such socket
	Root   block.Root // of the kernel's file systems; empty means this machine's
	Log    *slog.Logger

	command func() *exec.Cmd // tests start the helper otherwise
}

// HelperSocket is where a packaged terminal has its mount helper.
const HelperSocket = "/run/tirkeu/mount"

// Devices is a [Stick] on whatever removable USB disk is plugged in. It is mounted read-only as soon as it is plugged in, and read-write only while
// something is written.
type Devices struct {
	*Stick
	configuration Configuration
	end           context.CancelFunc
	ended         chan struct{}
	wake          chan struct{} // something was asked for; holds one

	mu       sync.Mutex // guards what follows, for a look or a change; never held while the helper is asked
	state    State
	changed  chan struct{} // closed at the next change of state
	now      *stay         // the stick in use; nil if none
	stays    uint64        // ever begun
	verdicts map[block.Identity]State
}

// OpenDevices watches for sticks until Close.
func OpenDevices(c Configuration) *Devices {
	if c.Root == (block.Root{}) {
		c.Root = block.Machine
	}
	if c.Socket == "" {
		c.Socket = HelperSocket
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	ctx, end := context.WithCancel(context.Background())
	d := &Devices{
		configuration: c, end: end, ended: make(chan struct{}), wake: make(chan struct{}, 1),
		state: State{Standing: StandingNone}, changed: make(chan struct{}), verdicts: map[block.Identity]State{},
	}
	d.Stick = &Stick{medium: d, every: watchDevicesEvery}
	go d.run(ctx)
	return d
}

// Close lets go of the stick. What is being written is finished first, but no longer waited for than closeWithin: a defective medium may never answer.
func (d *Devices) Close() error {
	d.end()
	<-d.ended
	written := make(chan struct{})
	go func() {
		d.writing.Lock()
		close(written)
	}()
	select {
	case <-written:
		defer d.writing.Unlock()
	case <-time.After(closeWithin): // the program ends, and the lock with it
	}
	d.drop("the program ends")
	return nil
}

func (d *Devices) run(ctx context.Context) {
	defer close(d.ended)
	changes := block.Changes(ctx)
	for {
		d.look(ctx)
		select {
		case <-changes:
		case <-d.wake:
		case <-ctx.Done():
			return
		}
	}
}

// look sees what is plugged in, and mounts or drops accordingly.
func (d *Devices) look(ctx context.Context) {
	disks, err := d.configuration.Root.List()
	if err != nil {
		d.configuration.Log.Error("sticks cannot be looked for", "error", err)
		d.drop("it cannot be looked for")
		d.settle(State{Standing: StandingOutOfOrder})
		return
	}
	d.mu.Lock()
	now := d.now
	d.mu.Unlock()
	if now != nil && !d.configuration.Root.Still(now.disk) {
		d.drop("it was pulled")
		now = nil
	}
	fresh := d.sort(disks, now)
	if now == nil && len(fresh) == 1 {
		d.begin(ctx, fresh[0])
	}
	d.settle(d.standing(disks, fresh))
}

// sort forgets what was said of sticks that are gone, and gives those of which nothing is known yet.
func (d *Devices) sort(disks []block.Disk, now *stay) (fresh []block.Disk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	there := map[block.Identity]bool{}
	for _, disk := range disks {
		there[disk.Identity] = true
		if disk.Used {
			d.verdicts[disk.Identity] = State{Standing: StandingInUse}
			continue
		}
		if d.verdicts[disk.Identity].Standing == StandingInUse {
			delete(d.verdicts, disk.Identity) // it was let go of
		}
		_, known := d.verdicts[disk.Identity]
		if !known && (now == nil || now.disk.Identity != disk.Identity) {
			fresh = append(fresh, disk)
		}
	}
	for id := range d.verdicts {
		if !there[id] {
			delete(d.verdicts, id)
		}
	}
	return fresh
}

// standing says what a screen should: of a stick in use first, then of several, then of the one that cannot be used.
func (d *Devices) standing(disks, fresh []block.Disk) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now != nil {
		return State{Standing: StandingReady, Format: d.now.answer.Kind, Protected: d.now.answer.Protected, Others: max(0, len(disks)-1)}
	}
	undecided := 0
	for _, disk := range fresh {
		if _, known := d.verdicts[disk.Identity]; !known {
			undecided++
		}
	}
	if undecided > 1 {
		return State{Standing: StandingSeveral, Others: undecided}
	}
	for _, first := range []Standing{StandingReleasing, StandingReleased, StandingUnreadable, StandingDamaged, StandingOutOfOrder, StandingInUse} {
		for _, disk := range disks {
			if s := d.verdicts[disk.Identity]; s.Standing == first {
				s.Others = len(disks) - 1
				return s
			}
		}
	}
	return State{Standing: StandingNone}
}

// settle makes a state known.
func (d *Devices) settle(s State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.become(s)
}

func (d *Devices) nudge() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
