//go:build cgo

package usb

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/card"
	"github.com/tirkeu/kiosk/hardware/virtual/ccid"
	"github.com/tirkeu/kiosk/hardware/virtual/kit"
	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// BenchmarkPlug measures how long after a plug and a pull each of those who can know of it does: libusb's callback, the device's strings, and OpenSC's
// C_GetSlotList through pcscd, asked every 2 ms. It prints one line of JSON with the medians, in
// milliseconds; -benchtime 9x gives nine of each.
func BenchmarkPlug(b *testing.B) {
	if err := pcsc.Missing(); err != nil {
		virtualtest.Missing(b, err.Error())
	}
	if _, err := os.Stat(pcsc.Module); err != nil {
		virtualtest.Missing(b, "opensc-pkcs11")
	}
	v, watch := onBus(b, nil)
	took := map[string][]float64{}
	note := func(name string, since, at time.Time) {
		took[name] = append(took[name], float64(at.Sub(since).Microseconds())/1000)
	}
	at := bus.Port{Bus: 1, Port: 1}
	for range 20 { // nobody else is there
		plugged := time.Now()
		if err := v.Plug(at, etoken("1")); err != nil {
			b.Fatal(err)
		}
		note("plug_libusb_alone", plugged, watch.event(b).At)
		note("plug_strings_alone", plugged, watch.event(b).At)
		pulled := time.Now()
		if err := v.Pull(at); err != nil {
			b.Fatal(err)
		}
		note("pull_libusb_alone", pulled, watch.event(b).At)
	}
	dir, err := os.MkdirTemp("/tmp", "tirkeu-pcsc-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	daemon, err := pcsc.Start(b.Context(), v, dir)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(daemon.Stop)
	c := card.New(kit.Models[4].ATR)
	token := &ccid.Reader{}
	token.Insert(c)
	device := etoken("1")
	device.Function = token
	// A card made out to somebody: OpenSC asks a blank one for everything it might be, for seconds.
	first := bus.Port{Bus: 2, Port: 2}
	if err := v.Plug(first, device); err != nil {
		b.Fatal(err)
	}
	if err := daemon.Personalize(b.Context(), "SafeNet eToken 5100", pcsc.Holder{Label: "bench", PIN: "123456", PUK: "1234567812345678"}); err != nil {
		b.Fatal(err)
	}
	if err := v.Pull(first); err != nil {
		b.Fatal(err)
	}
	for watch.event(b).Kind != Left {
	}
	if _, err := daemon.Await(b.Context(), "SafeNet", pcsc.Gone); err != nil {
		b.Fatal(err)
	}
	module := startChild(b, childSlots, append(daemon.Env(), childModule+"="+pcsc.Module)...)
	var seen slots
	module.next(b, &seen) // none yet
	for b.Loop() {
		plugged := time.Now()
		if err := v.Plug(at, device); err != nil {
			b.Fatal(err)
		}
		note("plug_libusb", plugged, watch.event(b).At)
		note("plug_strings", plugged, watch.event(b).At)
		for module.next(b, &seen); len(seen.Readers) != 1; {
			module.next(b, &seen)
		}
		note("plug_slot", plugged, seen.At)
		pulled := time.Now()
		if err := v.Pull(at); err != nil {
			b.Fatal(err)
		}
		note("pull_libusb", pulled, watch.event(b).At)
		for module.next(b, &seen); len(seen.Readers) != 0; {
			module.next(b, &seen)
		}
		note("pull_slot", pulled, seen.At)
	}
	medians := map[string]float64{}
	for name, values := range took {
		slices.Sort(values)
		medians[name+"_ms"] = values[len(values)/2]
		b.ReportMetric(values[len(values)/2], name+"-ms")
	}
	line, err := json.Marshal(medians)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", line) // on a line of its own
}

// BenchmarkWatch_MemoryOverManyPlugs plugs and pulls one device as often as -benchtime says (10000x), and reports what memory the program that watches
// has after half of them and after all, in MB, and the ratio (virtualtest.Growth): it must not grow.
func BenchmarkWatch_MemoryOverManyPlugs(b *testing.B) {
	b.Setenv("GOGC", "10") // garbage that waits is no leak
	v, watch := onBus(b, nil)
	at := bus.Port{Bus: 1, Port: 1}
	until := func(kind EventKind) {
		for watch.event(b).Kind != kind {
		}
	}
	held := virtualtest.OverRounds(b.N)
	for n := range b.N {
		held.Look(n, func() int { return virtualtest.Memory(b, watch.pid, "Anonymous") })
		if err := v.Plug(at, etoken("1")); err != nil {
			b.Fatal(err)
		}
		until(Described)
		if err := v.Pull(at); err != nil {
			b.Fatal(err)
		}
		until(Left)
	}
	early, late, ratio := held.MB()
	if early == 0 {
		return // the benchmark's own first round
	}
	b.ReportMetric(early, "MB-early")
	b.ReportMetric(late, "MB-late")
	b.ReportMetric(ratio, "ratio")
}
