//go:build cgo

package terminal

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/usb"
)

// rack is hardware/token's rack as app wants it. Until it is opened it holds no token: the workers each load a vendor's
// module and would take the processor from the page while it paints its first screen.
type rack struct {
	names  []token.ModuleState // what the configuration names
	opened chan struct{}       // closed once open or failed is set
	once   sync.Once
	open   *token.Rack
	failed error
}

func newRack(modules []token.Module) *rack {
	r := &rack{opened: make(chan struct{})}
	for _, m := range modules {
		r.names = append(r.names, token.ModuleState{Name: m.Name, Path: m.Path})
	}
	return r
}

// start opens the rack, once.
func (r *rack) start(ctx context.Context, c token.Config) error {
	r.once.Do(func() {
		r.open, r.failed = token.Open(ctx, c)
		if r.failed != nil {
			r.failed = fmt.Errorf("starting the token workers: %w", r.failed)
		}
		close(r.opened)
	})
	return r.failed
}

// lookAfter is how long after USB's word the workers look: before that no module shows the device, and the processor is wanted by the screen that names it.
const lookAfter = 30 * time.Millisecond

// follow lets the workers look at their slots whenever something comes to USB or goes, until ctx ends: a module shows it soon after.
func (r *rack) follow(ctx context.Context, source *usb.Source) {
	changed, stop := source.Watch()
	defer stop()
	var before []string
	var soon <-chan time.Time
	for {
		select {
		case <-changed:
			now := places(source)
			if !slices.Equal(now, before) { // a device that has said its name has not moved
				soon = time.After(lookAfter)
			}
			before = now
		case <-soon:
			if open := r.now(); open != nil {
				open.LookSoon()
			}
		case <-ctx.Done():
			return
		}
	}
}

// places are where something is plugged, new with every plug.
func places(source *usb.Source) (list []string) {
	for _, d := range source.Devices() {
		list = append(list, d.Place)
	}
	return list
}

// now is the open rack; nil before, and when it could not be opened.
func (r *rack) now() *token.Rack {
	select {
	case <-r.opened:
		return r.open
	default:
		return nil
	}
}

// Tokens are those plugged now.
func (r *rack) Tokens() []token.Token {
	if open := r.now(); open != nil {
		return open.Tokens()
	}
	return nil
}

// Modules are those of the configuration and how they stand.
func (r *rack) Modules() []token.ModuleState {
	if open := r.now(); open != nil {
		return open.Modules()
	}
	return r.names
}

// Watch tells that something changed; app asks what stands now.
func (r *rack) Watch() (changed <-chan struct{}, stop func()) {
	out := make(chan struct{}, 1)
	ended := make(chan struct{})
	tell := func() {
		select {
		case out <- struct{}{}:
		default:
		}
	}
	go func() {
		select {
		case <-ended:
			return
		case <-r.opened:
		}
		if r.open == nil {
			return
		}
		from, done := r.open.Watch()
		defer done()
		tell() // what was plugged before
		for {
			select {
			case <-ended:
				return
			case _, more := <-from:
				if !more {
					return
				}
				tell()
			}
		}
	}()
	return out, func() { close(ended) }
}

// Certificates are the public ones: no login.
func (r *rack) Certificates(ctx context.Context, insertion token.Insertion) ([]token.Certificate, error) {
	open := r.now()
	if open == nil {
		return nil, token.ErrUnknownInsertion
	}
	return open.Certificates(ctx, insertion)
}

// Login makes exactly one try.
func (r *rack) Login(ctx context.Context, insertion token.Insertion, pin token.PIN) (app.Login, error) {
	open := r.now()
	if open == nil {
		return nil, token.ErrUnknownInsertion
	}
	s, err := open.Login(ctx, insertion, pin)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Unblock makes one try of the administrator's PIN.
func (r *rack) Unblock(ctx context.Context, insertion token.Insertion, so, fresh token.PIN) error {
	open := r.now()
	if open == nil {
		return token.ErrUnknownInsertion
	}
	return open.Unblock(ctx, insertion, so, fresh)
}

// Recycle replaces the workers.
func (r *rack) Recycle(ctx context.Context) {
	if open := r.now(); open != nil {
		open.Recycle(ctx)
	}
}

// close ends the workers, if there are any.
func (r *rack) close() error {
	if open := r.now(); open != nil {
		return open.Close()
	}
	return nil
}
