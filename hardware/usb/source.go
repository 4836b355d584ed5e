package usb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// tryAgainAfter is the pause before USB is watched again on a machine that would not let it be.
const tryAgainAfter = 30 * time.Second

// Seen is a plugged device as people are told of it.
type Seen struct {
	Place             string   // port and stay, "1-2/7": new with every plug
	Kind              string   // kind of token, [KindReader], [KindPrinter]; empty for a device nobody knows
	Name              string   // by the table, else as it calls itself, else its numbers
	VIDPID            string   // "0529:0620"
	Serial            string   // the reader's, often of a whole series
	MiddlewareMissing bool     // it is known, and cannot be used before something is installed
	Install           []string // what, by name
}

func seen(d Device) Seen {
	s := Seen{
		Place: fmt.Sprintf("%s/%d", d.Port, d.Address), Kind: d.Kind, Name: d.Known, VIDPID: d.ID(), Serial: d.Serial, MiddlewareMissing: len(d.Missing) > 0,
	}
	if s.Name == "" {
		s.Name = strings.TrimSpace(d.Manufacturer + " " + d.Product)
	}
	if s.Name == "" {
		s.Name = s.VIDPID
	}
	for _, n := range d.Missing {
		s.Install = append(s.Install, n.Name)
	}
	return s
}

// Source holds what is plugged now, as long as it runs. Its methods may be called from any goroutine, also before it runs and after.
type Source struct {
	table *Table

	mu       sync.Mutex // guards what follows, for a look or a change
	devices  []Device   // in the order in which they came
	err      error
	watchers map[chan struct{}]struct{}
}

// NewSource makes a source that names devices by a table.
func NewSource(table *Table) *Source {
	return &Source{table: table, watchers: map[chan struct{}]struct{}{}}
}

// Run watches USB until ctx ends. Where that is not possible it tries again from time to time: see [Source.Err].
func (s *Source) Run(ctx context.Context) {
	for ctx.Err() == nil {
		events, err := Watch(ctx, s.table)
		s.change(func() { s.devices, s.err = nil, err })
		if err == nil {
			for e := range events {
				s.take(ctx, e)
			}
			s.change(func() { s.devices, s.err = nil, ErrUnavailable })
		}
		again := time.NewTimer(tryAgainAfter)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
		}
	}
}

// take takes one event over. When some were lost everything is listed anew.
func (s *Source) take(ctx context.Context, e Event) {
	if e.Kind == Lost {
		list, err := DevicesNamed(ctx, s.table)
		if err == nil {
			s.change(func() { s.devices = list })
		}
		return
	}
	s.change(func() {
		at := slices.IndexFunc(s.devices, func(d Device) bool { return d.Bus == e.Device.Bus && d.Address == e.Device.Address })
		switch {
		case e.Kind == Left && at >= 0:
			s.devices = slices.Delete(s.devices, at, at+1)
		case e.Kind == Left:
		case at >= 0:
			s.devices[at] = e.Device
		default:
			s.devices = append(s.devices, e.Device)
		}
	})
}

func (s *Source) change(how func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how()
	for w := range s.watchers {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Devices are those plugged now, hubs left out, in the order in which they came.
func (s *Source) Devices() []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Seen, 0, len(s.devices))
	for _, d := range s.devices {
		list = append(list, seen(d))
	}
	return list
}

// Err says why nothing can be seen; nil while USB is watched, and before that.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Watch tells that something changed; [Source.Devices] says what stands now. Changes that come faster than they are read are told once.
func (s *Source) Watch() (changed <-chan struct{}, stop func()) {
	w := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[w] = struct{}{}
	return w, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, w)
	}
}
