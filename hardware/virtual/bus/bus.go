package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// The errors of a bus.
var (
	ErrTaken  = errors.New("the port is taken")
	ErrEmpty  = errors.New("nothing is plugged into the port")
	ErrClosed = errors.New("the bus is closed")
)

// lastAddress is the highest address of a device (USB 2.0 §9.4.6); 1 is the root hub's.
const lastAddress = 127

// nodeLingers is how long the node of a pulled device can still be opened, only to answer ENODEV to everything. The preloaded library opens the node
// first and connects to its socket then, even when the opening failed: with the socket gone it would end the program, with only the node gone it
// would fill its table (50 places) with nodes that are not open.
const nodeLingers = 200 * time.Millisecond

// Bus is the virtual bus. Its methods may be called from several goroutines.
type Bus struct {
	dir string

	mu      sync.Mutex // for the length of a plug, a pull or a new view: programs see these one after the other
	views   []*View
	made    int               // views ever made
	ports   map[Port]*plugged // what is plugged
	latest  map[int]int       // address given last, by bus
	old     map[string]*plugged
	events  uint64
	closed  bool
	serving sync.WaitGroup

	lines sync.Map    // *net.UnixConn: nodes that programs have open, also of what was pulled long ago
	ended atomic.Bool // lines are closed, and new ones at once
}

// New makes an empty bus in a new folder below dir, or below /tmp when dir is empty: umockdev's sockets lie there, whose addresses are short.
func New(dir string) (*Bus, error) {
	if dir == "" {
		dir = "/tmp"
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("make virtual bus: %w", err)
	}
	made, err := os.MkdirTemp(dir, "tirkeu-bus-")
	if err != nil {
		return nil, fmt.Errorf("make virtual bus: %w", err)
	}
	if len(made)+len("/999999") > maxFolder {
		_ = os.Remove(made)
		return nil, fmt.Errorf("make virtual bus: the folder's name %s is longer than %d letters, too long for the address of a socket", made, maxFolder-len("/999999"))
	}
	return &Bus{dir: made, ports: map[Port]*plugged{}, latest: map[int]int{}, old: map[string]*plugged{}}, nil
}

// View makes a view for one program. What is plugged already is there when the program starts.
func (b *Bus) View() (*View, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, fmt.Errorf("make view: %w", ErrClosed)
	}
	b.made++
	v := &View{dir: filepath.Join(b.dir, fmt.Sprint(b.made)), events: make(chan []byte, eventsWaiting), done: make(chan struct{})}
	for _, dir := range []string{"/sys/bus/usb/devices", "/sys/devices", "/sys/class", "/dev/bus/usb", "/dev/.node"} {
		if err := os.MkdirAll(v.path(dir), 0o755); err != nil {
			return nil, fmt.Errorf("make view: %w", err)
		}
	}
	for _, p := range b.ports {
		if err := b.show(v, p); err != nil {
			return nil, fmt.Errorf("make view: %w", err)
		}
	}
	b.views = append(b.views, v)
	b.serving.Go(v.deliver)
	return v, nil
}

// Discard removes a view whose program has ended. A program that still runs in it would be ended by its next transfer.
func (b *Bus) Discard(v *View) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.views {
		if other == v {
			b.views = append(b.views[:i], b.views[i+1:]...)
			close(v.done)
			break
		}
	}
	for _, p := range b.ports {
		forget(p, v)
	}
	for _, p := range b.old {
		forget(p, v)
	}
	_ = os.RemoveAll(v.dir)
}

func forget(p *plugged, v *View) {
	if l := p.sockets[v]; l != nil {
		_ = l.Close()
		delete(p.sockets, v)
	}
}

// show puts a plugged device into a view and serves its node there.
func (b *Bus) show(v *View, p *plugged) error {
	listener, err := v.appear(p)
	if err != nil {
		return err
	}
	p.sockets[v] = listener
	b.serving.Go(func() {
		for {
			connection, err := listener.AcceptUnix()
			if err != nil {
				return
			}
			b.serving.Go(func() { b.serve(p, connection) })
		}
	})
	return nil
}

// Plug puts a device into a port, and lets all programs be told, each as fast as it listens.
func (b *Bus) Plug(port Port, device Device) error {
	if err := port.check(); err != nil {
		return fmt.Errorf("plug in: %w", err)
	}
	if device.Function == nil {
		return fmt.Errorf("plug into %s: a device without a function", port)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return fmt.Errorf("plug into %s: %w", port, ErrClosed)
	case b.ports[port] != nil:
		return fmt.Errorf("plug into %s: %w", port, ErrTaken)
	}
	address, err := b.free(port.Bus)
	if err != nil {
		return fmt.Errorf("plug into %s: %w", port, err)
	}
	p := &plugged{port: port, address: address, device: device, sockets: map[*View]*net.UnixListener{}}
	p.ctx, p.pull = context.WithCancel(context.Background())
	if before := b.old[p.node()]; before != nil {
		before.unlink() // it may not have been yet; who has that node open still may
		delete(b.old, p.node())
	}
	for _, v := range b.views {
		if err := b.show(v, p); err != nil {
			for _, shown := range b.views {
				shown.vanish(p)
			}
			p.close()
			return fmt.Errorf("plug into %s: %w", port, err)
		}
	}
	b.ports[port] = p
	b.announce("add", p.sys(), "usb_device", p.properties())
	b.announce("add", p.face(), "usb_interface", p.faceProperties())
	return nil
}

// free gives the next address of a bus that no plugged device has, as the kernel does: upwards, and around.
func (b *Bus) free(bus int) (int, error) {
	taken := map[int]bool{}
	for port, p := range b.ports {
		if port.Bus == bus {
			taken[p.address] = true
		}
	}
	for try := 1; try < lastAddress; try++ {
		address := (max(b.latest[bus], 1)-1+try)%lastAddress + 1
		if address > 1 && !taken[address] {
			b.latest[bus] = address
			return address, nil
		}
	}
	return 0, errors.New("no address is left on the bus")
}

// Pull takes out what is plugged into a port. Every transfer under way ends with ENODEV, and all programs are told,
// each as fast as it listens.
func (b *Bus) Pull(port Port) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.ports[port]
	if p == nil {
		return fmt.Errorf("pull out of %s: %w", port, ErrEmpty)
	}
	delete(b.ports, port)
	b.old[p.node()] = p
	p.pull()
	for _, v := range b.views {
		v.vanish(p)
	}
	time.AfterFunc(nodeLingers, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		p.unlink()
	})
	b.announce("remove", p.face(), "usb_interface", p.faceProperties())
	b.announce("remove", p.sys(), "usb_device", p.properties())
	return nil
}

// Plugged gives what is plugged where.
func (b *Bus) Plugged() map[Port]Device {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := map[Port]Device{}
	for port, p := range b.ports {
		out[port] = p.device
	}
	return out
}

// Close pulls everything without a word to anybody and removes the folder. Programs on the bus are to be ended before: one that still has a device
// open would be ended by its next transfer.
func (b *Bus) Close() error {
	b.mu.Lock()
	b.closed = true
	for _, v := range b.views {
		close(v.done)
	}
	b.views = nil
	for _, p := range b.ports {
		p.close()
	}
	for _, p := range b.old {
		p.close()
	}
	b.mu.Unlock()
	b.ended.Store(true) // before the lines are closed: see serve
	b.lines.Range(func(line, _ any) bool {
		_ = line.(*net.UnixConn).Close()
		return true
	})
	b.serving.Wait()
	if err := os.RemoveAll(b.dir); err != nil {
		return fmt.Errorf("close virtual bus: %w", err)
	}
	return nil
}
