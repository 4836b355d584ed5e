package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience is how long a test waits for what must come. Nothing is expected to take it.
const patience = 20 * time.Second

// served is a proxy before a server that sends back every line.
type served struct {
	t       *testing.T
	address string
	line    atomic.Value  // lineState
	changes chan string   // what the proxy said
	reached chan net.Conn // connections at the server
	stop    context.CancelFunc
	ended   chan error
}

// echoes is a server that sends back whatever it gets, until the test ends; what reaches it is told.
func echoes(t *testing.T, reached chan<- net.Conn) net.Listener {
	t.Helper()
	far, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	go func() {
		for {
			c, err := far.Accept()
			if err != nil {
				return
			}
			reached <- c
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	return far
}

func startProxy(t *testing.T) *served {
	t.Helper()
	s := &served{t: t, changes: make(chan string, 100), reached: make(chan net.Conn, 1000), ended: make(chan error, 1)}
	s.line.Store(lineState{kind: lineOpen})
	far := echoes(t, s.reached)
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.address, s.stop = near.Addr().String(), stop
	p := newProxy(far.Addr().String(), func() lineState { return s.line.Load().(lineState) }, func(said string) { s.changes <- said })
	go func() { s.ended <- p.serve(ctx, near) }()
	t.Cleanup(stop)
	return s
}

// set changes the line and waits until the proxy has followed.
func (s *served) set(state lineState) {
	s.t.Helper()
	s.line.Store(state)
	select {
	case <-s.changes:
	case <-time.After(patience):
		s.t.Fatalf("the proxy did not follow to %s", state)
	}
}

// caller is one connection through the proxy.
type caller struct {
	net.Conn
	in *bufio.Reader
}

func (s *served) call() *caller {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	s.t.Cleanup(func() { c.Close() })
	return &caller{c, bufio.NewReader(c)}
}

// echo sends a line and returns what comes back.
func (c *caller) echo(line string) (string, error) {
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		return "", err
	}
	back, err := c.in.ReadString('\n')
	return back, err
}

func (s *served) wantEcho(c *caller) {
	s.t.Helper()
	if back, err := c.echo("сәлем"); err != nil || back != "сәлем\n" {
		s.t.Fatalf("back came %q, %v", back, err)
	}
}

// wantBroken waits for the end of the connection, which must not be its deadline.
func (s *served) wantBroken(c *caller) {
	s.t.Helper()
	_, err := io.Copy(io.Discard, c)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		s.t.Fatal("the connection still stands")
	}
}

// wantRefused calls and wants to be refused: at the door, or right behind it.
func (s *served) wantRefused() {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	s.wantBroken(&caller{c, bufio.NewReader(c)})
}

func TestLine_CutBreaksOffWhatStandsAndRefusesMore(t *testing.T) {
	s := startProxy(t)
	c := s.call()
	s.wantEcho(c)
	s.set(lineState{kind: lineCut})
	s.wantBroken(c)
	s.wantRefused()
	s.set(lineState{kind: lineOpen})
	s.wantEcho(s.call())
}

func TestLine_HasChangedWhenTheCommandSaysSo(t *testing.T) {
	far := echoes(t, make(chan net.Conn, 1000))
	ctx, stop := context.WithCancel(context.Background())
	h, said, ended := house{t.TempDir()}, make(chan string, 1), make(chan error, 1)
	if err := writeFile(h.people(), []byte("[]")); err != nil { // the house stands
		t.Fatal(err)
	}
	read, out := io.Pipe()
	go func() {
		first, _ := bufio.NewReader(read).ReadString('\n')
		said <- first
		io.Copy(io.Discard, read)
	}()
	go func() {
		ended <- (&dock{h, ctx, nil, out}).lineServe([]string{"--listen", "127.0.0.1:0", "--to", far.Addr().String()})
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(h.lineAsked()); !os.IsNotExist(err) {
			t.Errorf("its socket is left: %v", err)
		}
	}()
	s := &served{t: t}
	if _, err := fmt.Sscanf(<-said, "listening on %s", &s.address); err != nil {
		t.Fatal(err)
	}
	s.address = strings.TrimSuffix(s.address, ",")
	hands := &dock{h, ctx, nil, io.Discard}
	for range 20 {
		if err := hands.lineCommand([]string{"cut"}); err != nil {
			t.Fatal(err)
		}
		s.wantRefused()
		if err := hands.lineCommand([]string{"restore"}); err != nil {
			t.Fatal(err)
		}
		s.wantEcho(s.call())
	}
}

func TestLine_NobodyServesItAndItsStateIsKept(t *testing.T) {
	h := house{t.TempDir()}
	if err := h.setLine(lineState{kind: lineCut}); err != nil {
		t.Fatal(err)
	}
	if got, err := h.lineIs(); got.kind != lineCut || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLine_SlowPassesEverythingInOrder(t *testing.T) {
	s := startProxy(t)
	c := s.call()
	s.wantEcho(c)
	s.set(lineState{lineSlow, 5 * time.Millisecond})
	sent := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	go func() { c.Write(sent); c.Conn.(*net.TCPConn).CloseWrite() }()
	got, err := io.ReadAll(c.in)
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d of %d bytes came back, %v", len(got), len(sent), err)
	}
}

func TestLine_RestoringASlowOneLetsGoAtOnce(t *testing.T) {
	s := startProxy(t)
	c := s.call()
	s.wantEcho(c)
	s.set(lineState{lineSlow, time.Hour})
	if _, err := io.WriteString(c, "сәлем\n"); err != nil {
		t.Fatal(err)
	}
	s.set(lineState{kind: lineOpen})
	if back, err := c.in.ReadString('\n'); err != nil || back != "сәлем\n" {
		t.Errorf("back came %q, %v", back, err)
	}
}

func TestLine_SilentLosesNothingAndPassesItLater(t *testing.T) {
	s := startProxy(t)
	c := s.call()
	s.wantEcho(c)
	s.set(lineState{lineSlow, time.Hour})
	if _, err := io.WriteString(c, "first\n"); err != nil {
		t.Fatal(err)
	}
	s.set(lineState{kind: lineSilent}) // from slow to silent: the piece that was held must not be lost
	c.SetReadDeadline(time.Now().Add(4 * lineEvery))
	if back, err := c.in.ReadString('\n'); err == nil {
		t.Fatalf("a silent line let through %q", back)
	}
	c.SetDeadline(time.Now().Add(patience))
	s.set(lineState{kind: lineOpen})
	if back, err := c.in.ReadString('\n'); err != nil || back != "first\n" {
		t.Errorf("back came %q, %v", back, err)
	}
	s.wantEcho(c)
}

func TestLine_GarbledChangesWhatComesBack(t *testing.T) {
	s := startProxy(t)
	s.set(lineState{kind: lineGarbled})
	c := s.call()
	sent := bytes.Repeat([]byte("x"), 1000)
	if _, err := c.Write(sent); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(c.in, got); err != nil || bytes.Equal(got, sent) {
		t.Errorf("back came what was sent, or %v", err)
	}
	s.set(lineState{kind: lineOpen})
	s.wantBroken(c) // what is spoilt stays spoilt
	s.wantEcho(s.call())
}

func TestLine_BoundsItsConnections(t *testing.T) {
	s := startProxy(t)
	var all []*caller
	for range maxPairs {
		c := s.call()
		s.wantEcho(c)
		all = append(all, c)
	}
	s.wantRefused()
	s.wantEcho(all[0]) // the others do not suffer
	all[1].Close()
	deadline := time.Now().Add(patience)
	for { // its place is free as soon as both halves have ended
		if c, err := net.Dial("tcp", s.address); err == nil {
			c.SetDeadline(deadline)
			back, err := (&caller{c, bufio.NewReader(c)}).echo("x")
			c.Close()
			if err == nil && back == "x\n" {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the place did not become free")
		}
	}
}

func TestLine_EndsAtOnceWithEverythingOnIt(t *testing.T) {
	s := startProxy(t)
	c := s.call()
	s.wantEcho(c)
	s.set(lineState{kind: lineSilent})
	if _, err := io.WriteString(c, "held\n"); err != nil {
		t.Fatal(err)
	}
	far := <-s.reached
	s.stop()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("it did not end")
	}
	s.wantBroken(c)
	far.SetDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, far); err != nil {
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Error("the far half still stands")
		}
	}
	if _, err := net.Dial("tcp", s.address); err == nil {
		t.Error("it still listens")
	}
}

func TestLine_CentreDownIsABrokenConnectionNotABrokenProxy(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nowhere := gone.Addr().String()
	gone.Close()
	near, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s := &served{t: t, address: near.Addr().String()}
	go newProxy(nowhere, func() lineState { return lineState{kind: lineOpen} }, func(string) {}).serve(ctx, near)
	for range 3 {
		s.wantRefused()
	}
}

func TestLine_UnreadableStateIsCut(t *testing.T) {
	h := house{t.TempDir()}
	if got, err := h.lineIs(); got.kind != lineOpen || err != nil {
		t.Errorf("no file: %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"open\n": "open", "cut": "cut", "slow 300ms": "slow 300ms", "silent\n": "silent", "garbled": "garbled",
		"": "cut", "slow": "cut", "slow -1s": "cut", "slow 2m": "cut", "open sesame": "cut",
	} {
		if err := writeFile(h.line(), []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := h.lineIs()
		if got.String() != want || (err != nil) != (want == "cut" && text != "cut") {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
