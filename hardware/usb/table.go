package usb

import (
	"os"
	"slices"
	"sync"

	"github.com/tirkeu/kiosk/hardware/device"
)

// Interface classes of USB (usb.org, "Defined Class Codes").
const (
	classPrinter   = 0x07
	classSmartCard = 0x0b
)

// Table is the table of devices on this machine: what they are called, and what of what they need is not installed here.
type Table struct {
	*device.Table

	// Modules are further paths at which a kind's PKCS#11 module may lie, those of the kiosk's configuration; under the empty kind those of modules
	// that serve every kind, such as OpenSC's. Set before the table is used.
	Modules map[device.Kind][]string

	exists func(path string) bool
}

// On gives a table of devices as it is on this machine.
func On(devices *device.Table) *Table {
	return &Table{Table: devices, exists: func(path string) bool { _, err := os.Stat(path); return err == nil }}
}

// builtIn is the table that is built in.
var builtIn = sync.OnceValues(func() (*Table, error) {
	devices, err := device.Load("")
	if err != nil {
		return nil, err
	}
	return On(devices), nil
})

// name fills in what a device is called, its kind, and what it lacks: by its number in the table first, then by what it says of its maker and itself,
// which is how a device of unknown numbers is found, then by its interfaces' classes.
func (t *Table) name(d *Device, classes []uint8) {
	d.CCID = slices.Contains(classes, classSmartCard)
	if known, number, ok := t.ByUSB(d.Vendor, d.ProductID); ok {
		d.Known, d.Kind, d.Confirmed, d.CCID = known.Name, string(known.Kind), number.Confirmed, d.CCID || number.CCID
		if number.Name != "" { // the number's own name says more than the kind's
			d.Known = number.Name
		}
		d.Missing = t.missing(known, d.CCID)
		return
	}
	if r, ok := t.ReaderByUSB(d.Vendor, d.ProductID); ok {
		d.Known, d.Kind, d.Confirmed, d.CCID = r.Name, KindReader, r.Confirmed, r.CCID
		d.Missing = t.missing(device.Device{}, d.CCID)
		return
	}
	if said := t.Recognize(d.Manufacturer, d.Product); said.Kind != device.Unknown {
		d.Known, d.Kind, d.Confirmed = said.Name, string(said.Kind), false
		d.Missing = t.missing(said, d.CCID)
		return
	}
	switch {
	case d.CCID:
		d.Kind = KindReader
		d.Missing = t.missing(device.Device{}, true)
	case slices.Contains(classes, classPrinter):
		d.Kind = KindPrinter
	}
}

// missing says what is not installed for a token, or for a bare reader.
func (t *Table) missing(d device.Device, ccid bool) []Need {
	var needs []Need
	any := func(files []string) bool { return slices.ContainsFunc(files, t.exists) }
	if ccid && (!any(t.Driver.Files) || !any(t.Driver.Daemon)) {
		needs = append(needs, Need{t.Driver.Name, t.Driver.Package, slices.Concat(t.Driver.Files, t.Driver.Daemon), true})
	}
	if d.Kind == "" {
		return needs
	}
	modules := slices.Concat(t.Modules[d.Kind], t.Modules[""])
	for _, m := range d.Module {
		modules = append(modules, m.Path)
	}
	if any(modules) {
		return needs
	}
	need := Need{d.Middleware.Name, d.Middleware.Package, modules, d.Middleware.Confirmed}
	if need.Name == "" {
		need.Name = "PKCS#11 library of " + d.Name
	}
	return append(needs, need)
}
