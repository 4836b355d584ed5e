package bus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// Port is where a device is plugged: a bus and a port of its root hub, both from 1.
type Port struct{ Bus, Port int }

// String is the name that the kernel, pcscd's log and lsusb -t use, "1-2".
func (p Port) String() string { return fmt.Sprintf("%d-%d", p.Bus, p.Port) }

func (p Port) check() error {
	if p.Bus < 1 || p.Bus > 127 || p.Port < 1 || p.Port > 127 {
		return fmt.Errorf("port %s: bus and port go from 1 to 127", p)
	}
	return nil
}

// Device is what a device says of itself and what answers inside.
type Device struct {
	Vendor, Product uint16 // idVendor, idProduct
	Manufacturer    string // iManufacturer; empty: the device has none
	Name            string // iProduct
	Serial          string // iSerialNumber
	Function        Function
}

// Function is the working part of a device: one interface with its endpoints (USB 2.0 §9.6.5, §9.6.6). Its methods are called from several
// goroutines; ctx ends when the device is pulled, and what they return then is not used.
type Function interface {
	// Interface gives class, subclass and protocol (usb.org, "Defined Class Codes"), the class's own descriptor and the endpoints' addresses,
	// all of them bulk.
	Interface() Interface
	// Control answers a request that is not the standard's own (USB 2.0 §9.3). data is what came with it, or nil.
	Control(ctx context.Context, setup Setup, data []byte) ([]byte, error)
	// Out takes what the host sends to an endpoint.
	Out(ctx context.Context, endpoint byte, data []byte) error
	// In gives what the device sends from an endpoint, at most limit octets of it; it waits until there is something.
	In(ctx context.Context, endpoint byte, limit int) ([]byte, error)
}

// Interface describes a [Function].
type Interface struct {
	Class, SubClass, Protocol byte
	Descriptor                []byte // of the class, may be nil
	Endpoints                 []byte // bEndpointAddress; bit 7 is set for those that send to the host
}

// Setup is the first packet of a control transfer (USB 2.0 §9.3).
type Setup struct {
	RequestType, Request byte
	Value, Index, Length uint16
}

// ErrStall is returned by a [Function] that does not know a request; the host sees EPIPE.
var ErrStall = errors.New("the endpoint stalls")

// Standard requests and descriptors (USB 2.0 §9.4, tables 9-4 and 9-5).
const (
	getDescriptor = 6
	standardIn    = 0x80
	ofDevice      = 1
	ofConfig      = 2
	ofString      = 3
)

// strings of the device, by index.
func (d Device) strings() [4]string { return [4]string{1: d.Manufacturer, 2: d.Name, 3: d.Serial} }

// deviceDescriptor is that of USB 2.0 §9.6.1.
func (d Device) deviceDescriptor() []byte {
	out := []byte{18, ofDevice, 0, 2, 0, 0, 0, 64, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}
	binary.LittleEndian.PutUint16(out[8:], d.Vendor)
	binary.LittleEndian.PutUint16(out[10:], d.Product)
	for i, s := range d.strings() {
		if s != "" {
			out[13+i] = byte(i)
		}
	}
	return out
}

// configDescriptor is that of USB 2.0 §9.6.3 with everything behind it.
func (d Device) configDescriptor() []byte {
	face := d.Function.Interface()
	body := []byte{9, 4, 0, 0, byte(len(face.Endpoints)), face.Class, face.SubClass, face.Protocol, 0}
	body = append(body, face.Descriptor...)
	for _, address := range face.Endpoints {
		body = append(body, 7, 5, address, 2 /* bulk */, 64, 0, 0)
	}
	out := []byte{9, ofConfig, 0, 0, 1, 1, 0, 0x80, 50}
	binary.LittleEndian.PutUint16(out[2:], uint16(len(out)+len(body)))
	return append(out, body...)
}

// descriptors is what /sys/…/descriptors and the device's node hold.
func (d Device) descriptors() []byte { return append(d.deviceDescriptor(), d.configDescriptor()...) }

// standard answers GET_DESCRIPTOR; ok is false for every other request.
func (d Device) standard(s Setup) (answer []byte, ok bool) {
	if s.RequestType != standardIn || s.Request != getDescriptor {
		return nil, false
	}
	index := int(s.Value & 0xff)
	switch s.Value >> 8 {
	case ofDevice:
		return d.deviceDescriptor(), true
	case ofConfig:
		return d.configDescriptor(), index == 0
	case ofString:
		if index == 0 {
			return []byte{4, ofString, 0x09, 0x04}, true // English of the United States, USB 2.0 §9.6.7
		}
		if index >= 4 || d.strings()[index] == "" {
			return nil, false
		}
		units := utf16.Encode([]rune(d.strings()[index]))
		units = units[:min(len(units), 126)]
		out := []byte{byte(2 + 2*len(units)), ofString}
		for _, u := range units {
			out = binary.LittleEndian.AppendUint16(out, u)
		}
		return out, true
	}
	return nil, false
}

// Idle is a [Function] that knows nothing but to be there: a device of some class that the kiosk does not speak to.
type Idle struct{ Class byte }

// Interface has no endpoints.
func (i Idle) Interface() Interface { return Interface{Class: i.Class} }

// Control stalls.
func (Idle) Control(context.Context, Setup, []byte) ([]byte, error) { return nil, ErrStall }

// Out stalls.
func (Idle) Out(context.Context, byte, []byte) error { return ErrStall }

// In stalls.
func (Idle) In(context.Context, byte, int) ([]byte, error) { return nil, ErrStall }
