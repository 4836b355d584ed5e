// Package usb lists what is plugged into the kiosk and what it says of itself, through libusb. It serves the self-test: it says that a device
// is there, never that it is usable, which only PKCS#11 and PC/SC know.
//
// One libusb context lives as long as the program, for making one costs more than a hundred lists. A machine without USB, or without the right to
// look at it, gets an error as a value ([ErrUnavailable]), never a panic. A device whose strings cannot be read is listed with its numbers.
package usb

import (
	"errors"
	"fmt"
)

// ErrUnavailable says that USB cannot be looked at on this machine.
var ErrUnavailable = errors.New("USB is not available")

// Device is one plugged USB device. Strings are empty where the device has none or would not give them.
type Device struct {
	Bus, Address      int    // where it is plugged, as lsusb counts
	Vendor, ProductID uint16 // idVendor and idProduct
	Manufacturer      string
	Product           string
	Serial            string
	Known             string // what the table of devices calls it; empty for what is not in the table
	Kind              string // kind of token by the table ("etoken"), "reader" or "printer"; empty if neither
}

// ID is vendor and product as they are written everywhere: "0529:0620".
func (d Device) ID() string { return fmt.Sprintf("%04x:%04x", d.Vendor, d.ProductID) }
