//go:build cgo

package usb

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/ccid"
)

func etoken(serial string) bus.Device {
	return bus.Device{Vendor: 0x0529, Product: 0x0620, Manufacturer: "SafeNet", Name: "eToken PRO Java 72K", Serial: serial, Function: &ccid.Reader{}}
}

// said writes an event down for comparison.
func said(e Event) string {
	d := e.Device
	return fmt.Sprintf("%s %s %s %s %q %q %q %q", e.Kind, d.Port, d.ID(), d.Kind, d.Known, d.Manufacturer, d.Product, d.Serial)
}

func want(t *testing.T, c *child, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if got := said(c.event(t)); got != line {
			t.Fatalf("\n%s, want\n%s", got, line)
		}
	}
}

const (
	etokenSilent = `0529:0620 etoken "eToken PRO 72K Java, 5100" "" "" ""`
	etokenWords  = `0529:0620 etoken "eToken PRO 72K Java, 5100" "SafeNet" "eToken PRO Java 72K" `
)

func TestWatch_TellsOfWhatIsThereComesAndGoesWithItsStrings(t *testing.T) {
	b, c := onBus(t, map[bus.Port]bus.Device{{Bus: 1, Port: 1}: etoken("A1")})
	want(t, c, "arrived 1-1 "+etokenSilent, "described 1-1 "+etokenWords+`"A1"`)
	// Two of one kind, in another bus.
	if err := b.Plug(bus.Port{Bus: 2, Port: 3}, etoken("A2")); err != nil {
		t.Fatal(err)
	}
	want(t, c, "arrived 2-3 "+etokenSilent, "described 2-3 "+etokenWords+`"A2"`)
	// Moved to another port.
	if err := b.Pull(bus.Port{Bus: 1, Port: 1}); err != nil {
		t.Fatal(err)
	}
	want(t, c, "left 1-1 "+etokenWords+`"A1"`)
	if err := b.Plug(bus.Port{Bus: 1, Port: 2}, etoken("A1")); err != nil {
		t.Fatal(err)
	}
	want(t, c, "arrived 1-2 "+etokenSilent, "described 1-2 "+etokenWords+`"A1"`)
	// What the table does not know by number is known by its words, by its class, or not at all.
	for i, d := range []bus.Device{
		{Vendor: 0x1234, Product: 1, Manufacturer: "Ak Kamal Security", Name: "AKey", Function: &ccid.Reader{}},
		{Vendor: 0x1234, Product: 2, Function: bus.Idle{Class: 7}},
		{Vendor: 0x1234, Product: 3, Name: "Lamp", Function: bus.Idle{Class: 3}},
	} {
		if err := b.Plug(bus.Port{Bus: 3, Port: i + 1}, d); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 0:
			want(t, c, `arrived 3-1 1234:0001 reader "" "" "" ""`, `described 3-1 1234:0001 akey "AKey" "Ak Kamal Security" "AKey" ""`)
		case 1:
			want(t, c, `arrived 3-2 1234:0002 printer "" "" "" ""`, `described 3-2 1234:0002 printer "" "" "" ""`)
		case 2:
			want(t, c, `arrived 3-3 1234:0003  "" "" "" ""`, `described 3-3 1234:0003  "" "" "Lamp" ""`)
		}
	}
	if err := b.Pull(bus.Port{Bus: 3, Port: 1}); err != nil {
		t.Fatal(err)
	}
	want(t, c, `left 3-1 1234:0001 akey "AKey" "Ak Kamal Security" "AKey" ""`)
}

// More plugs than a bus has addresses: each is told once, and none with another's words.
func TestWatch_TellsOfEachOfManyPlugs(t *testing.T) {
	b, c := onBus(t, nil)
	at := bus.Port{Bus: 1, Port: 1}
	addresses := map[int]bool{}
	for i := range 150 {
		serial := fmt.Sprintf("S%03d", i)
		if err := b.Plug(at, etoken(serial)); err != nil {
			t.Fatal(err)
		}
		arrived := c.event(t)
		addresses[arrived.Device.Address] = true
		if got := said(c.event(t)); arrived.Kind != Arrived || got != "described 1-1 "+etokenWords+fmt.Sprintf("%q", serial) {
			t.Fatalf("plug %d: %s", i, got)
		}
		if err := b.Pull(at); err != nil {
			t.Fatal(err)
		}
		if got := said(c.event(t)); got != "left 1-1 "+etokenWords+fmt.Sprintf("%q", serial) {
			t.Fatalf("pull %d: %s", i, got)
		}
	}
	if len(addresses) != 126 {
		t.Errorf("%d addresses were given", len(addresses))
	}
}

// Pulled before it could say a word: it has arrived and left, whatever was said between.
func TestWatch_PullsAtOnceLeaveNothingBehind(t *testing.T) {
	b, c := onBus(t, nil)
	at := bus.Port{Bus: 1, Port: 1}
	for range 50 {
		if err := b.Plug(at, etoken("X")); err != nil {
			t.Fatal(err)
		}
		if err := b.Pull(at); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Plug(at, etoken("last")); err != nil {
		t.Fatal(err)
	}
	there := 0
	for {
		e := c.event(t)
		switch e.Kind {
		case Arrived:
			there++
		case Left:
			there--
		case Lost:
			t.Fatal("the reader was fast, and something was lost")
		}
		if there < 0 || there > 1 {
			t.Fatalf("%d devices in one port", there)
		}
		if e.Kind == Described && e.Device.Serial == "last" {
			break
		}
	}
	if there != 1 {
		t.Errorf("%d devices are there", there)
	}
}

func TestWatch_EndsWithItsContextOrSaysWhyNot(t *testing.T) {
	for range 20 {
		ctx, stop := context.WithCancel(t.Context())
		events, err := Watch(ctx, nil)
		if err != nil {
			if !errors.Is(err, ErrUnavailable) {
				t.Fatal(err)
			}
			stop()
			continue
		}
		stop()
		limit := time.After(10 * time.Second)
		for open := true; open; {
			select {
			case _, open = <-events:
			case <-limit:
				t.Fatal("it does not end")
			}
		}
	}
}

func TestQueue_LosesAllButSaysSo(t *testing.T) {
	q := newQueue()
	for range queueDepth + 1 {
		q.push(Event{Kind: Arrived})
	}
	q.push(Event{Kind: Left})
	q.end()
	go q.deliver(nil)
	var kinds []EventKind
	for e := range q.out {
		kinds = append(kinds, e.Kind)
	}
	if fmt.Sprint(kinds) != "[lost left]" {
		t.Errorf("%v", kinds)
	}
}
