package usb

import (
	"strings"
	"sync"

	"github.com/tirkeu/kiosk/hardware/token"
)

// Interface classes of USB (usb.org, "Defined Class Codes").
const (
	classPrinter   = 0x07
	classSmartCard = 0x0b
)

// readers are card readers the public lists of libccid 1.5.2 and usb.ids know. A reader is no token: an identity card may lie on it.
var readers = map[string]string{
	"072f:90cc": "ACS ACR38U-CCID", "072f:b100": "ACS ACR39U", "072f:b000": "ACS ACR3901U",
	"076b:3021": "Omnikey 3121", "076b:3031": "Omnikey 3x21", "0a89:0069": "Rutoken SCR 3001",
}

// embedded is the table of tokens that is built in.
var embedded = sync.OnceValues(func() (*token.Devices, error) { return token.LoadDevices("") })

// name fills in what a device is called and its kind: by the table of tokens first, then by the list of readers, then by its interfaces' classes.
func (d *Device) name(table *token.Devices, classes []uint8) {
	if known, ok := table.ByUSB(d.Vendor, d.ProductID); ok {
		d.Known, d.Kind = known.Name, string(known.Kind)
		for _, u := range known.USB { // the number's own name says more than the kind's
			if strings.EqualFold(u.ID, d.ID()) && u.Name != "" {
				d.Known = u.Name
			}
		}
		return
	}
	if name, ok := readers[d.ID()]; ok {
		d.Known, d.Kind = name, "reader"
		return
	}
	for _, class := range classes {
		switch class {
		case classSmartCard:
			d.Kind = "reader"
		case classPrinter:
			d.Kind = "printer"
		}
	}
}
