//go:build cgo

package usb

import (
	"context"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/device"
)

func at(address int, d Device) Device {
	d.Bus, d.Address, d.Port = 1, address, "1-1"
	return d
}

func TestSource_HoldsWhatIsPluggedAndTellsOfEachChange(t *testing.T) {
	devices, err := device.Load("")
	if err != nil {
		t.Fatal(err)
	}
	s := NewSource(On(devices))
	changed, stop := s.Watch()
	defer stop()
	token := at(3, Device{Vendor: 0x0529, ProductID: 0x0620, Kind: "etoken", Known: "eToken", Missing: []Need{{Name: "SafeNet Authentication Client"}}})
	s.take(t.Context(), Event{Kind: Arrived, Device: token})
	<-changed
	described := token
	described.Serial = "A1"
	s.take(t.Context(), Event{Kind: Described, Device: described})
	s.take(t.Context(), Event{Kind: Arrived, Device: at(4, Device{Vendor: 0x1234, ProductID: 1, Manufacturer: "Acme", Product: "Lamp"})})
	s.take(t.Context(), Event{Kind: Arrived, Device: at(5, Device{Vendor: 0x1234, ProductID: 2})})
	<-changed
	select {
	case <-changed:
		t.Error("changes that were not read are told once")
	default:
	}
	got := s.Devices()
	want := []Seen{
		{Place: "1-1/3", Kind: "etoken", Name: "eToken", VIDPID: "0529:0620", Serial: "A1", MiddlewareMissing: true, Install: []string{"SafeNet Authentication Client"}},
		{Place: "1-1/4", Name: "Acme Lamp", VIDPID: "1234:0001"}, {Place: "1-1/5", Name: "1234:0002", VIDPID: "1234:0002"},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i].Place != want[i].Place || got[i].Kind != want[i].Kind || got[i].Name != want[i].Name || got[i].Serial != want[i].Serial ||
			got[i].MiddlewareMissing != want[i].MiddlewareMissing || len(got[i].Install) != len(want[i].Install) {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	s.take(t.Context(), Event{Kind: Left, Device: described})
	s.take(t.Context(), Event{Kind: Left, Device: described})
	if got := s.Devices(); len(got) != 2 || got[0].VIDPID != "1234:0001" {
		t.Errorf("%+v", got)
	}
}

func TestSource_RunsOnAnyMachineAndEndsWithItsContext(t *testing.T) {
	devices, err := device.Load("")
	if err != nil {
		t.Fatal(err)
	}
	s := NewSource(On(devices))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
	if len(s.Devices()) != 0 {
		t.Error("it says that something is plugged after its end")
	}
}
