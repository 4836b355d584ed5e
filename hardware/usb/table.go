package usb

import (
	_ "embed"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"github.com/tirkeu/kiosk/hardware/token"
)

// Interface classes of USB (usb.org, "Defined Class Codes").
const (
	classPrinter   = 0x07
	classSmartCard = 0x0b
)

//go:embed devices.toml
var embeddedTable string

// Table is what devices are called, what drives them and what must be installed for them. It is data, in two files that agree: the table of tokens
// (package token), which knows tokens however they are reached, and this package's, which knows what only USB sees.
type Table struct {
	Tokens     *token.Devices `toml:"-"`
	Readers    []Reader       `toml:"reader"`
	CCID       CCID           `toml:"ccid"`
	Middleware []Middleware   `toml:"middleware"`
	Driver     Driver         `toml:"driver"`

	// Modules are further paths at which a kind's PKCS#11 module may lie: those of the kiosk's configuration. Set before the table is used.
	Modules map[token.Kind][]string `toml:"-"`

	exists func(path string) bool
}

// Reader is a card reader.
type Reader struct {
	ID        string `toml:"id"`
	Name      string `toml:"name"`
	CCID      bool   `toml:"ccid"`
	Confirmed bool   `toml:"confirmed"`
}

// CCID lists the tokens whose reader is driven by libccid.
type CCID struct {
	Tokens []string `toml:"tokens"`
}

// Middleware is what must be installed for a kind of token.
type Middleware struct {
	Kind       token.Kind `toml:"kind"`
	Name       string     `toml:"name"`
	Package    string     `toml:"package"`
	Mechanisms []string   `toml:"mechanisms"` // by their names in PKCS#11
	Confirmed  bool       `toml:"confirmed"`
}

// Driver is what every CCID reader needs: one file of each list.
type Driver struct {
	Name    string   `toml:"name"`
	Package string   `toml:"package"`
	Files   []string `toml:"files"`
	Daemon  []string `toml:"daemon"`
}

var numbers = regexp.MustCompile(`^[0-9a-f]{4}:[0-9a-f]{4}$`)

// LoadTable reads a table from a file, or the embedded one when path is empty, to stand beside a table of tokens.
func LoadTable(tokens *token.Devices, path string) (*Table, error) {
	text := embeddedTable
	if path != "" {
		octets, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read table of USB devices: %w", err)
		}
		text = string(octets)
	}
	t := &Table{Tokens: tokens, exists: func(path string) bool { _, err := os.Stat(path); return err == nil }}
	meta, err := toml.Decode(text, t)
	if err != nil {
		return nil, fmt.Errorf("parse table of USB devices: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("parse table of USB devices: unknown key %s", extra[0])
	}
	return t, t.check()
}

// check refuses a table that contradicts itself or the table of tokens.
func (t *Table) check() error {
	kinds, ids := map[token.Kind]bool{}, map[string]bool{}
	for _, d := range t.Tokens.Device {
		kinds[d.Kind] = true
		for _, u := range d.USB {
			ids[strings.ToLower(u.ID)] = true
		}
	}
	for _, r := range t.Readers {
		switch {
		case !numbers.MatchString(r.ID) || r.Name == "":
			return fmt.Errorf("table of USB devices: reader %q %q: numbers are written 0529:0620, small, and a name is needed", r.ID, r.Name)
		case ids[r.ID]:
			return fmt.Errorf("table of USB devices: %s is a reader here and a token in the table of tokens", r.ID)
		}
	}
	for _, id := range t.CCID.Tokens {
		if !numbers.MatchString(id) {
			return fmt.Errorf("table of USB devices: token %q: numbers are written 0529:0620, small", id)
		}
	}
	for _, m := range t.Middleware {
		if m.Name == "" || !kinds[m.Kind] {
			return fmt.Errorf("table of USB devices: middleware %q for the kind %q, which the table of tokens does not know", m.Name, m.Kind)
		}
	}
	return nil
}

// embedded is the table that is built in, with the table of tokens that is built in.
var embedded = sync.OnceValues(func() (*Table, error) {
	tokens, err := token.LoadDevices("")
	if err != nil {
		return nil, err
	}
	return LoadTable(tokens, "")
})

// name fills in what a device is called, its kind, and what it lacks: by the table of tokens first, then by the list of readers, then by what it says
// of its maker and itself, which is how a device of unknown numbers is found, then by its interfaces' classes.
func (t *Table) name(d *Device, classes []uint8) {
	d.CCID = slices.Contains(classes, classSmartCard)
	if known, ok := t.Tokens.ByUSB(d.Vendor, d.ProductID); ok {
		d.Known, d.Kind = known.Name, string(known.Kind)
		for _, u := range known.USB { // the number's own name says more than the kind's
			if strings.EqualFold(u.ID, d.ID()) {
				d.Confirmed = u.Confirmed
				if u.Name != "" {
					d.Known = u.Name
				}
			}
		}
		d.CCID = d.CCID || slices.Contains(t.CCID.Tokens, d.ID())
		d.Missing = t.missing(known, d.CCID)
		return
	}
	for _, r := range t.Readers {
		if r.ID == d.ID() {
			d.Known, d.Kind, d.Confirmed, d.CCID = r.Name, "reader", r.Confirmed, r.CCID
			d.Missing = t.missing(token.Device{}, d.CCID)
			return
		}
	}
	if said := t.Tokens.Recognize(d.Manufacturer, d.Product); said.Kind != token.Unknown {
		d.Known, d.Kind, d.Confirmed = said.Name, string(said.Kind), false
		d.Missing = t.missing(said, d.CCID)
		return
	}
	switch {
	case d.CCID:
		d.Kind = "reader"
		d.Missing = t.missing(token.Device{}, true)
	case slices.Contains(classes, classPrinter):
		d.Kind = "printer"
	}
}

// missing says what is not installed for a token, or for a bare reader.
func (t *Table) missing(d token.Device, ccid bool) []Need {
	var needs []Need
	any := func(files []string) bool { return slices.ContainsFunc(files, t.exists) }
	if ccid && (!any(t.Driver.Files) || !any(t.Driver.Daemon)) {
		needs = append(needs, Need{t.Driver.Name, t.Driver.Package, slices.Concat(t.Driver.Files, t.Driver.Daemon), true})
	}
	if d.Kind == "" {
		return needs
	}
	modules := slices.Clone(t.Modules[d.Kind])
	for _, m := range d.Module {
		modules = append(modules, m.Path)
	}
	if any(modules) {
		return needs
	}
	for _, m := range t.Middleware {
		if m.Kind == d.Kind {
			return append(needs, Need{m.Name, m.Package, modules, m.Confirmed})
		}
	}
	return append(needs, Need{Name: "PKCS#11 library of " + d.Name, Files: modules})
}
