//go:build cgo

package usb

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/gousb"
)

// maxString is the longest string of a device that is kept, in letters. The standard ends at 126.
const maxString = 126

// lists is the one libusb context of this program. Whoever makes a list owns it meanwhile, by the one place in turn,
// so that two lists never open the same device at once, and a device that hangs holds up no more than one goroutine.
var lists = struct {
	turn    chan struct{}
	context *gousb.Context
}{turn: make(chan struct{}, 1)}

// newContext is gousb's; tests put one in its place that fails.
var newContext = gousb.NewContext

// Devices lists what is plugged, hubs left out, in the order of bus and address, named by the built-in table of tokens.
// It returns when ctx ends even if a device hangs; the list goes on behind it, and the next call waits for its end as long as its own ctx allows.
func Devices(ctx context.Context) ([]Device, error) {
	table, err := builtIn()
	if err != nil {
		return nil, fmt.Errorf("list USB devices: %w", err)
	}
	return DevicesNamed(ctx, table)
}

// DevicesNamed is [Devices] with a table of the centre's own.
func DevicesNamed(ctx context.Context, table *Table) ([]Device, error) {
	type result struct {
		devices []Device
		err     error
	}
	select {
	case lists.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("list USB devices: %w", ctx.Err())
	}
	done := make(chan result, 1)
	go func() {
		defer func() { <-lists.turn }()
		devices, err := list(ctx, table)
		done <- result{devices, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return r.devices, fmt.Errorf("list USB devices: %w", r.err)
		}
		return r.devices, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("list USB devices: %w", ctx.Err())
	}
}

// list runs in its turn.
func list(ctx context.Context, table *Table) ([]Device, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if lists.context == nil {
		made, err := makeContext()
		if err != nil {
			return nil, err
		}
		lists.context = made
	}
	var devices []Device
	var classes [][]uint8
	_, err := lists.context.OpenDevices(func(desc *gousb.DeviceDesc) bool {
		if desc.Class != gousb.ClassHub {
			d, of := describe(desc)
			devices, classes = append(devices, d), append(classes, of)
		}
		return false
	})
	if err != nil && len(devices) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	for i := range devices {
		if ctx.Err() == nil {
			readStrings(&devices[i])
		}
		table.name(&devices[i], classes[i])
	}
	sort.Slice(devices, func(i, j int) bool {
		a, b := devices[i], devices[j]
		return a.Bus < b.Bus || a.Bus == b.Bus && a.Address < b.Address
	})
	return devices, nil
}

// makeContext turns gousb's panic, which is all that it has to say of a failing libusb_init, into an error.
func makeContext() (made *gousb.Context, err error) {
	defer func() {
		if said := recover(); said != nil {
			made, err = nil, fmt.Errorf("%w: %v", ErrUnavailable, said)
		}
	}()
	return newContext(), nil
}

func describe(desc *gousb.DeviceDesc) (Device, []uint8) {
	d := Device{Bus: desc.Bus, Address: desc.Address, Port: portOf(desc.Bus, desc.Path), Vendor: uint16(desc.Vendor), ProductID: uint16(desc.Product)}
	classes := []uint8{uint8(desc.Class)}
	for _, config := range desc.Configs {
		for _, face := range config.Interfaces {
			for _, setting := range face.AltSettings {
				classes = append(classes, uint8(setting.Class))
			}
		}
	}
	return d, classes
}

// portOf writes a place as the kernel does.
func portOf(bus int, ports []int) string {
	out, between := strconv.Itoa(bus), "-"
	for _, port := range ports {
		out, between = out+between+strconv.Itoa(port), "."
	}
	return out
}

// readStrings opens the device and asks for its three strings. That may be forbidden, or the device may be busy: then they stay empty.
// Each asking ends after a second by libusb's own limit.
func readStrings(d *Device) {
	opened, _ := lists.context.OpenDevices(func(desc *gousb.DeviceDesc) bool {
		return desc.Bus == d.Bus && desc.Address == d.Address && uint16(desc.Vendor) == d.Vendor && uint16(desc.Product) == d.ProductID
	})
	for _, device := range opened {
		if s, err := device.Manufacturer(); err == nil {
			d.Manufacturer = printable(s)
		}
		if s, err := device.Product(); err == nil {
			d.Product = printable(s)
		}
		if s, err := device.SerialNumber(); err == nil {
			d.Serial = printable(s)
		}
		device.Close()
	}
}

// printable keeps what a device says of itself fit for a screen and a log: anybody can build a device that says anything.
func printable(s string) string {
	var out []rune
	for _, r := range s {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar && len(out) < maxString {
			out = append(out, r)
		}
	}
	return strings.TrimSpace(string(out))
}
