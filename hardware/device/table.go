// Package device is the one table of what is known about the devices a kiosk may meet: what they are called, by which numbers USB, PC/SC and PKCS#11
// tell them, which PIN they come with and how many tries it has, what must be installed for them and where that lies then. It looks at no device
// itself; packages usb and token do, and ask here.
//
// The table is data, built in from devices.toml and replaceable by a technician. What was not seen on a real device says so (confirmed = false). A kind
// is never told by a label, which anybody can write.
package device

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
)

// Kind says what a token is. It comes from what the device says of its maker and model, never from its label, which anybody can write.
type Kind string

// The kinds of tokens that the built-in table knows.
const (
	Kaztoken Kind = "kaztoken"
	EToken   Kind = "etoken"
	JaCarta  Kind = "jacarta"
	AKey     Kind = "akey"
	IDCard   Kind = "idcard"
	Unknown  Kind = "unknown"
)

//go:embed devices.toml
var embedded string

// Table is what is known about the devices a kiosk may meet. It is data: a technician replaces the built-in table by a file when a real device turns
// out to differ.
type Table struct {
	Device []Device `toml:"device"`
	Reader []Reader `toml:"reader"`
	Driver Driver   `toml:"driver"`
}

// Device is what is known about one kind of token.
type Device struct {
	Kind       Kind     `toml:"kind"`
	Name       string   `toml:"name"`        // as the maker writes it
	FactoryPIN string   `toml:"factory_pin"` // to recognise, never to try
	PINMin     int      `toml:"pin_min"`     // octets; used only where the token gives none
	PINMax     int      `toml:"pin_max"`     // octets; used only where the token gives none
	Tries      int      `toml:"tries"`       // wrong PINs in a row until the PIN locks; 0 unknown
	Confirmed  bool     `toml:"confirmed"`   // seen on a real device or in its maker's papers
	Match      []Match  `toml:"match"`
	Module     []Path   `toml:"module"`
	Middleware Package  `toml:"middleware"`
	Mechanisms []string `toml:"mechanisms"` // what a kiosk needs of the module, by their names in PKCS#11
	USB        []USB    `toml:"usb"`
	ATR        []ATR    `toml:"atr"`
	Stores     []string `toml:"stores"` // names in the certification authority's own client
}

// Match recognises a token: each given word must occur in CK_TOKEN_INFO's field, in any case.
type Match struct {
	Manufacturer string `toml:"manufacturer"`
	Model        string `toml:"model"`
	Confirmed    bool   `toml:"confirmed"`
}

// Path is where a PKCS#11 module for the device may lie on Linux.
type Path struct {
	Path      string `toml:"path"`
	Confirmed bool   `toml:"confirmed"`
}

// Package is what must be installed for a device.
type Package struct {
	Name      string `toml:"name"`    // as its maker calls it
	Package   string `toml:"package"` // as a package manager calls it; empty where that is not known
	Confirmed bool   `toml:"confirmed"`
}

// Reader is a card reader, which is no token: an identity card may lie on it.
type Reader USB

// Driver is what every CCID reader needs: one file of each list.
type Driver struct {
	Name    string   `toml:"name"`
	Package string   `toml:"package"`
	Files   []string `toml:"files"`
	Daemon  []string `toml:"daemon"`
}

// USB is a vendor and product number, "0529:0620".
type USB struct {
	ID        string `toml:"id"`
	Name      string `toml:"name"`
	CCID      bool   `toml:"ccid"` // libccid drives it
	Confirmed bool   `toml:"confirmed"`
}

// ATR is an answer to reset (ISO/IEC 7816-3 §8), hexadecimal with or without spaces.
type ATR struct {
	Octets    string `toml:"octets"`
	Name      string `toml:"name"`
	Confirmed bool   `toml:"confirmed"`
}

// Load reads a table from a file, or the embedded one when path is empty.
func Load(path string) (*Table, error) {
	text := embedded
	if path != "" {
		octets, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read table of devices: %w", err)
		}
		text = string(octets)
	}
	var d Table
	meta, err := toml.Decode(text, &d)
	if err != nil {
		return nil, fmt.Errorf("parse table of devices: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("parse table of devices: unknown key %s", extra[0])
	}
	return &d, d.check()
}

var numbers = regexp.MustCompile(`^[0-9a-f]{4}:[0-9a-f]{4}$`)

// check refuses a table that would recognise everything or nothing, or that contradicts itself.
func (d *Table) check() error {
	ids := map[string]string{}
	number := func(what, id string) error {
		if !numbers.MatchString(id) {
			return fmt.Errorf("table of devices: %s: %q: numbers are written 0529:0620, small", what, id)
		}
		if other, taken := ids[id]; taken {
			return fmt.Errorf("table of devices: %s is %s and %s", id, other, what)
		}
		ids[id] = what
		return nil
	}
	for _, device := range d.Device {
		if err := device.check(number); err != nil {
			return err
		}
	}
	for _, r := range d.Reader {
		if r.Name == "" {
			return fmt.Errorf("table of devices: a reader without a name")
		}
		if err := number("the reader "+r.Name, r.ID); err != nil {
			return err
		}
	}
	return nil
}

func (device Device) check(number func(what, id string) error) error {
	if device.Kind == "" || device.Name == "" {
		return fmt.Errorf("table of devices: a device without kind or name")
	}
	if device.PINMin < 0 || device.PINMax < device.PINMin {
		return fmt.Errorf("table of devices: %s: PIN limits %d to %d", device.Kind, device.PINMin, device.PINMax)
	}
	for _, m := range device.Match {
		if m.Manufacturer == "" && m.Model == "" {
			return fmt.Errorf("table of devices: %s: a rule that matches everything", device.Kind)
		}
	}
	for _, a := range device.ATR {
		if _, err := hex.DecodeString(compact(a.Octets)); err != nil {
			return fmt.Errorf("table of devices: %s: ATR: %w", device.Kind, err)
		}
	}
	for _, u := range device.USB {
		if err := number(string(device.Kind), u.ID); err != nil {
			return err
		}
	}
	return nil
}

// Recognize finds the device by what a token says of its maker and model; the first rule in the table wins. A token no rule knows is of
// kind [Unknown], named by its model.
func (d *Table) Recognize(manufacturer, model string) Device {
	for _, device := range d.Device {
		for _, m := range device.Match {
			if contains(manufacturer, m.Manufacturer) && contains(model, m.Model) {
				return device
			}
		}
	}
	name := model
	if name == "" {
		name = manufacturer
	}
	return Device{Kind: Unknown, Name: name}
}

// ByUSB finds the device by its vendor and product number, and what the table says of that very number.
func (d *Table) ByUSB(vendor, product uint16) (Device, USB, bool) {
	id := fmt.Sprintf("%04x:%04x", vendor, product)
	for _, device := range d.Device {
		for _, u := range device.USB {
			if u.ID == id {
				return device, u, true
			}
		}
	}
	return Device{}, USB{}, false
}

// ReaderByUSB finds a card reader by its vendor and product number.
func (d *Table) ReaderByUSB(vendor, product uint16) (Reader, bool) {
	id := fmt.Sprintf("%04x:%04x", vendor, product)
	for _, r := range d.Reader {
		if r.ID == id {
			return r, true
		}
	}
	return Reader{}, false
}

// ByATR finds the device by the answer to reset of its chip.
func (d *Table) ByATR(atr []byte) (Device, bool) {
	want := hex.EncodeToString(atr)
	for _, device := range d.Device {
		for _, a := range device.ATR {
			if strings.EqualFold(compact(a.Octets), want) {
				return device, true
			}
		}
	}
	return Device{}, false
}

func contains(field, word string) bool {
	return strings.Contains(strings.ToLower(field), strings.ToLower(word))
}

func compact(octets string) string { return strings.ReplaceAll(octets, " ", "") }
