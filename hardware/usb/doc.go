// Package usb says what is plugged into the kiosk, what it says of itself, and when it comes and goes, through libusb. It tells citizen and staff
// that a device is there ([Watch]) before PC/SC and PKCS#11 can tell that it is usable, and it serves the self-test ([Devices]). What devices are
// called, and what must be installed for them, is data ([Table]).
//
// One libusb context lives as long as the program for lists, for making one costs more than a hundred lists; each watch has one of its own, which
// sleeps until the machine's device manager wakes it. A machine without USB, or without the right to look at it, gets an error as a value
// ([ErrUnavailable]), never a panic. A device whose strings cannot be read is told of with its numbers.
//
// What a device says of itself is a claim: anybody can build one that says anything. It is cut and cleaned for a screen and a log, and nothing that
// matters may rest on it. A serial number here is the reader's, often of a whole series; it names no person.
package usb

import (
	"errors"
	"fmt"
)

// ErrUnavailable says that USB cannot be looked at on this machine.
var ErrUnavailable = errors.New("USB is not available")

// Device is one plugged USB device. Strings are empty where the device has none or would not give them.
type Device struct {
	Bus, Address      int    // where it is plugged, as lsusb counts; the address is new with every plug
	Port              string // the same by its place in the machine, as lsusb -t counts: "1-2", behind a hub "1-2.3"
	Vendor, ProductID uint16 // idVendor and idProduct
	Manufacturer      string
	Product           string
	Serial            string
	Known             string // what the table calls it; empty for what is not in the table
	Kind              string // kind of token by the table ("etoken"), "reader" or "printer"; empty if neither
	Confirmed         bool   // the table's entry was seen on a real device or in its maker's papers
	CCID              bool   // its reader is driven by libccid
	Missing           []Need // what must be installed before it can be used; nil when nothing is known to be missing
}

// Kinds of what is no token.
const (
	KindReader  = "reader"
	KindPrinter = "printer"
)

// ID is vendor and product as they are written everywhere: "0529:0620".
func (d Device) ID() string { return fmt.Sprintf("%04x:%04x", d.Vendor, d.ProductID) }

// Need names something that is not installed.
type Need struct {
	Name      string   // as its maker calls it, "SafeNet Authentication Client"
	Package   string   // as a package manager calls it; empty where that is not known
	Files     []string // it is there when one of these is; empty where that is not known
	Confirmed bool
}
