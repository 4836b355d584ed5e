package token

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/BurntSushi/toml"
)

// Kind says what a token is. It comes from what the device says of its maker and model, never from its label, which anybody can write.
type Kind string

// The kinds the table in devices.toml knows.
const (
	Kaztoken Kind = "kaztoken"
	EToken   Kind = "etoken"
	JaCarta  Kind = "jacarta"
	AKey     Kind = "akey"
	IDCard   Kind = "idcard"
	Unknown  Kind = "unknown"
)

//go:embed devices.toml
var embeddedDevices string

// Devices is the table of what is known about the tokens a kiosk may meet. It is data: a centre replaces the embedded table by a file
// ([Config].Devices) when a real device turns out to differ.
type Devices struct {
	Device []Device `toml:"device"`
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

// USB is a vendor and product number, "0529:0620".
type USB struct {
	ID        string `toml:"id"`
	Name      string `toml:"name"`
	Confirmed bool   `toml:"confirmed"`
}

// ATR is an answer to reset (ISO/IEC 7816-3 §8), hexadecimal with or without spaces.
type ATR struct {
	Octets    string `toml:"octets"`
	Name      string `toml:"name"`
	Confirmed bool   `toml:"confirmed"`
}

// LoadDevices reads a table from a file, or the embedded one when path is empty.
func LoadDevices(path string) (*Devices, error) {
	text := embeddedDevices
	if path != "" {
		octets, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read table of devices: %w", err)
		}
		text = string(octets)
	}
	var d Devices
	meta, err := toml.Decode(text, &d)
	if err != nil {
		return nil, fmt.Errorf("parse table of devices: %w", err)
	}
	if extra := meta.Undecoded(); len(extra) > 0 {
		return nil, fmt.Errorf("parse table of devices: unknown key %s", extra[0])
	}
	return &d, d.check()
}

// check refuses a table that would recognise everything or nothing.
func (d *Devices) check() error {
	for _, device := range d.Device {
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
	}
	return nil
}

// Recognize finds the device by what a token says of its maker and model; the first rule in the table wins. A token no rule knows is of
// kind [Unknown], named by its model.
func (d *Devices) Recognize(manufacturer, model string) Device {
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

// ByUSB finds the device by its vendor and product number.
func (d *Devices) ByUSB(vendor, product uint16) (Device, bool) {
	id := fmt.Sprintf("%04x:%04x", vendor, product)
	for _, device := range d.Device {
		for _, u := range device.USB {
			if strings.EqualFold(u.ID, id) {
				return device, true
			}
		}
	}
	return Device{}, false
}

// ByATR finds the device by the answer to reset of its chip.
func (d *Devices) ByATR(atr []byte) (Device, bool) {
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
