//go:build cgo

package usb

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/miekg/pkcs11"
	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// A program on the virtual bus is started anew, for the bus is in the environment: this test program once more, as one of these.
const (
	childKind   = "TIRKEU_USB_CHILD"
	childWatch  = "watch" // prints each event of a watch as a line of JSON
	childSlots  = "slots" // prints the readers with a token whenever they change, as its PKCS#11 module sees them
	childModule = "TIRKEU_USB_CHILD_MODULE"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childKind) {
	case childWatch:
		watchAsChild()
	case childSlots:
		slotsAsChild()
	default:
		os.Exit(m.Run())
	}
}

// watchAsChild ends when its input does. It keeps little garbage, for its memory is measured.
func watchAsChild() {
	debug.SetGCPercent(10)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	events, err := Watch(ctx, nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	for e := range events {
		_ = out.Encode(e)
	}
	fmt.Println("closed")
}

// slots is a line of slotsAsChild.
type slots struct {
	At      time.Time
	Readers []string
}

func slotsAsChild() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	module := pkcs11.New(os.Getenv(childModule))
	if err := module.Initialize(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	last := "-"
	for range time.Tick(2 * time.Millisecond) {
		list, err := module.GetSlotList(true)
		at := time.Now()
		if err != nil {
			continue
		}
		readers := []string{}
		for _, id := range list {
			info, err := module.GetSlotInfo(id)
			if err == nil {
				readers = append(readers, info.SlotDescription)
			}
		}
		if now := strings.Join(readers, "\n"); now != last {
			last = now
			_ = out.Encode(slots{at, readers})
		}
	}
}

// child is a running one.
type child struct {
	lines chan string
	pid   int
}

// startChild starts this program in another role; what it prints comes line by line.
func startChild(t testing.TB, kind string, env ...string) *child {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(append(os.Environ(), env...), childKind+"="+kind)
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{lines: make(chan string, 4096), pid: command.Process.Pid}
	go func() {
		defer close(c.lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			c.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = input.Close()
		closed := time.AfterFunc(10*time.Second, func() { _ = command.Process.Kill() })
		defer closed.Stop()
		last := ""
		for line := range c.lines {
			last = line
		}
		if err := command.Wait(); err != nil || kind == childWatch && last != "closed" {
			t.Errorf("%s ended with %v, saying %q last", kind, err, last)
		}
	})
	return c
}

// next gives the next line, or fails the test after ten seconds.
func (c *child) next(t testing.TB, into any) {
	t.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	select {
	case line, ok := <-c.lines:
		if err := json.Unmarshal([]byte(line), into); err != nil {
			t.Fatalf("%v: %q (%v)", err, line, ok)
		}
	case <-limit.C:
		t.Fatal("nothing more is said")
	}
}

// event gives the next event.
func (c *child) event(t testing.TB) Event {
	t.Helper()
	var e Event
	c.next(t, &e)
	return e
}

// onBus gives a bus and a watch on it in a program of its own.
func onBus(t testing.TB, plugged map[bus.Port]bus.Device) (*bus.Bus, *child) {
	t.Helper()
	virtualtest.Need(t, "umockdev-wrapper")
	b, err := bus.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	for port, device := range plugged {
		if err := b.Plug(port, device); err != nil {
			t.Fatal(err)
		}
	}
	v, err := b.View()
	if err != nil {
		t.Fatal(err)
	}
	c := startChild(t, childWatch, v.Env()...)
	for tick := time.Tick(time.Millisecond); !v.Watched(); {
		<-tick
	}
	return b, c
}
