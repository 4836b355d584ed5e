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
	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// openscModule is where Debian puts OpenSC's PKCS#11 module.
const openscModule = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

// BenchmarkPlug measures how long after a plug and a pull each of those who can know of it does: libusb's callback, the device's strings, and OpenSC's
// C_GetSlotList through pcscd, asked every 2 ms. It prints one line of JSON with the medians, in milliseconds.
func BenchmarkPlug(b *testing.B) {
	if err := pcsc.Missing(); err != nil {
		virtualtest.Missing(b, err.Error())
	}
	if _, err := os.Stat(openscModule); err != nil {
		virtualtest.Missing(b, "opensc-pkcs11")
	}
	v, watch := onBus(b, nil)
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
	module := startChild(b, childSlots, append(daemon.Env(), childModule+"="+openscModule)...)
	var seen slots
	module.next(b, &seen) // none yet
	took := map[string][]float64{}
	note := func(name string, since, at time.Time) {
		took[name] = append(took[name], float64(at.Sub(since).Microseconds())/1000)
	}
	at := bus.Port{Bus: 1, Port: 1}
	for range max(b.N, 5) {
		token := &ccid.Reader{}
		token.Insert(card.New([]byte{0x3b, 0xd5, 0x18, 0x00, 0x81, 0x31, 0x3a, 0x7d, 0x80, 0x73, 0xc8, 0x21, 0x10, 0x30}))
		device := etoken("1")
		device.Function = token
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
	fmt.Println(string(line))
}
