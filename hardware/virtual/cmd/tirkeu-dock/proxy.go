package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	lineEvery   = 50 * time.Millisecond // how often the line's state is looked at
	dialWithin  = 5 * time.Second
	maxPairs    = 256      // connections at once; more are refused
	pieceLength = 16 << 10 // bytes that are held at once for one direction of one connection
)

// proxy is the line to the centre: it passes bytes on without looking at them, as the line's state allows.
type proxy struct {
	to    string
	state func() lineState // asked every lineEvery
	said  func(string)     // told what changes, never what passes

	looking sync.Mutex // one look after the other: an older state would undo a newer one

	mu    sync.Mutex // owns what follows; never held while something waits
	now   lineState
	epoch chan struct{} // closed when the line changes, which ends whatever waits on the old state
	pairs map[*pair]struct{}
	ended bool
}

// pair is one connection and its other half, which joins it once it has been reached.
type pair struct {
	mu     sync.Mutex
	halves []net.Conn
	closed bool
}

// join adds a half. A pair that was closed meanwhile closes it and says no.
func (p *pair) join(half net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		half.Close()
		return false
	}
	p.halves = append(p.halves, half)
	return true
}

// close breaks both halves off: a reset, not a polite end.
func (p *pair) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, half := range p.halves {
		if tcp, ok := half.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		half.Close()
	}
	p.halves = nil
}

func newProxy(to string, state func() lineState, said func(string)) *proxy {
	return &proxy{to: to, state: state, said: said, now: state(), epoch: make(chan struct{}), pairs: map[*pair]struct{}{}}
}

// serve passes connections on until ctx ends; then everything is closed at once and nil returned.
func (p *proxy) serve(ctx context.Context, listener net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go p.follow(ctx)
	go func() {
		<-ctx.Done()
		listener.Close()
		p.end()
	}()
	for {
		near, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if temporary(err) {
				select { // out of descriptors, say: connections end, and then there are some
				case <-time.After(lineEvery):
				case <-ctx.Done():
				}
				continue
			}
			return fmt.Errorf("listen: %w", err)
		}
		go p.pass(ctx, near)
	}
}

func temporary(err error) bool {
	var ne interface{ Temporary() bool }
	return errors.As(err, &ne) && ne.Temporary()
}

// follow looks at the line's state again and again.
func (p *proxy) follow(ctx context.Context) {
	tick := time.NewTicker(lineEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.look()
		}
	}
}

// look reads the line's state and acts on a change: a cut breaks off what stands. When it returns, the line is as it says.
func (p *proxy) look() lineState {
	p.looking.Lock()
	defer p.looking.Unlock()
	state := p.state()
	p.mu.Lock()
	changed := state != p.now
	var broken []*pair
	if changed {
		// A garbled or silent line has spoilt its connections: they do not survive the change, as they would not in life.
		if spoils(state) || spoils(p.now) {
			for one := range p.pairs {
				broken = append(broken, one)
			}
		}
		p.now = state
		close(p.epoch)
		p.epoch = make(chan struct{})
	}
	p.mu.Unlock()
	for _, one := range broken {
		one.close()
	}
	if changed {
		p.said(fmt.Sprintf("the line is %s", state))
	}
	return state
}

// answer tells everybody who asks how the line is, once it is so, until the listener is closed.
func (p *proxy) answer(asked net.Listener) {
	for {
		c, err := asked.Accept()
		if err != nil {
			if temporary(err) {
				time.Sleep(lineEvery)
				continue
			}
			return
		}
		fmt.Fprintln(c, p.look())
		c.Close()
	}
}

func spoils(s lineState) bool { return s.kind == lineCut || s.kind == lineGarbled }

// end breaks off everything.
func (p *proxy) end() {
	p.mu.Lock()
	p.ended = true
	var all []*pair
	for one := range p.pairs {
		all = append(all, one)
	}
	close(p.epoch)
	p.epoch = make(chan struct{})
	p.mu.Unlock()
	for _, one := range all {
		one.close()
	}
}

// line is the state now, a channel that is closed when it changes, and whether all is over.
func (p *proxy) line() (lineState, <-chan struct{}, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, p.epoch, p.ended
}

// admit puts a connection under the rule of the line, or says that it may not stand.
func (p *proxy) admit(one *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended || p.now.kind == lineCut || len(p.pairs) >= maxPairs {
		return false
	}
	p.pairs[one] = struct{}{}
	return true
}

func (p *proxy) dismiss(one *pair) {
	p.mu.Lock()
	delete(p.pairs, one)
	p.mu.Unlock()
	one.close()
}

// pass serves one connection to its end.
func (p *proxy) pass(ctx context.Context, near net.Conn) {
	one := &pair{halves: []net.Conn{near}}
	if !p.admit(one) {
		one.close()
		return
	}
	defer p.dismiss(one)
	dialing, stop := context.WithTimeout(ctx, dialWithin)
	far, err := (&net.Dialer{}).DialContext(dialing, "tcp", p.to)
	stop()
	if err != nil || !one.join(far) {
		return
	}
	var both sync.WaitGroup
	both.Add(2)
	go func() { defer both.Done(); p.copy(far, near, false) }()
	go func() { defer both.Done(); p.copy(near, far, true) }()
	both.Wait()
}

// copy passes one direction on, each piece as the line's state says when it arrives. At the end it passes the end on too.
func (p *proxy) copy(to, from net.Conn, back bool) {
	piece := make([]byte, pieceLength)
	for {
		n, err := from.Read(piece)
		if n > 0 && p.hold() {
			if state, _, _ := p.line(); back && state.kind == lineGarbled {
				for i := range piece[:n] {
					piece[i] = byte(rand.Uint32())
				}
			}
			if _, werr := to.Write(piece[:n]); werr != nil {
				from.Close()
				return
			}
		}
		if err != nil {
			if tcp, ok := to.(*net.TCPConn); ok && errors.Is(err, io.EOF) {
				tcp.CloseWrite()
			} else {
				to.Close()
			}
			return
		}
	}
}

// hold keeps a piece back as long as the line wants it, and says whether it may pass then. A change of the line ends the waiting.
func (p *proxy) hold() bool {
	state, changed, ended := p.line()
	for !ended {
		var late <-chan time.Time
		switch state.kind {
		case lineCut:
			return false
		case lineSlow:
			wait := time.NewTimer(state.delay)
			defer wait.Stop() // one a piece, and one more for each change meanwhile
			late = wait.C
		case lineSilent:
		default:
			return true
		}
		select {
		case <-late:
			return true
		case <-changed:
		}
		state, changed, ended = p.line()
	}
	return false
}
