package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/card"
	"github.com/tirkeu/kiosk/hardware/virtual/ccid"
	"github.com/tirkeu/kiosk/hardware/virtual/kit"
	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
)

// makingPort is where cards are made out, out of the way of what is plugged by hand.
var makingPort = bus.Port{Bus: 127, Port: 127}

// rig is a bus, its daemon and what is plugged.
type rig struct {
	dir    string
	bus    *bus.Bus
	daemon *pcsc.Daemon
	usb    *bus.View

	mu     sync.Mutex // for a command: they come one after the other
	inside map[bus.Port]*stay
	slow   map[string]time.Duration // how long a key takes at least, by the card's name
}

// stay is a plugged model.
type stay struct {
	model  kit.Model
	serial string
	reader *ccid.Reader // nil: it is neither token nor reader
	card   string       // name of the card in it, or empty
}

// up makes the bus in a folder and tells where it is.
func up(ctx context.Context, dir string) (*rig, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "cards"), 0o700); err != nil {
		return nil, err
	}
	r := &rig{dir: dir, inside: map[bus.Port]*stay{}, slow: map[string]time.Duration{}}
	if r.bus, err = bus.New(""); err != nil {
		return nil, err
	}
	if r.usb, err = r.bus.View(); err == nil {
		r.daemon, err = pcsc.Start(ctx, r.bus, dir)
	}
	if err == nil {
		err = r.tell()
	}
	if err != nil {
		r.down()
		return nil, err
	}
	return r, nil
}

// tell writes the files of shell assignments.
func (r *rig) tell() error {
	assign := func(name string, lists ...[]string) error {
		var text strings.Builder
		for _, list := range lists {
			for _, line := range list {
				key, value, _ := strings.Cut(line, "=")
				fmt.Fprintf(&text, "%s='%s'; export %s\n", key, strings.ReplaceAll(value, "'", `'\''`), key)
			}
		}
		return os.WriteFile(filepath.Join(r.dir, name), []byte(text.String()), 0o600)
	}
	if err := assign("env", r.daemon.Env()); err != nil {
		return err
	}
	return assign("env.usb", r.daemon.Env(), r.usb.Env())
}

func (r *rig) down() {
	if r.daemon != nil {
		r.daemon.Stop()
	}
	for _, name := range []string{"env", "env.usb"} {
		_ = os.Remove(filepath.Join(r.dir, name))
	}
	_ = r.bus.Close()
}

var cardName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// open takes up a card under an ATR. A name is made out before it is used.
func (r *rig) open(name string, atr []byte) (*card.Card, error) {
	path, err := r.path(name)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no card %s: make it with `card %s`", name, name)
	}
	for _, s := range r.inside {
		if s.card == name {
			return nil, fmt.Errorf("the card %s is in another reader", name)
		}
	}
	c, err := card.Open(path, atr)
	if err == nil {
		c.Delay(r.slow[name])
	}
	return c, err
}

// allTries is how many wrong PINs a card takes.
const allTries = 3

// ill is what can be wrong with a card.
type ill struct {
	tries  int
	keygen time.Duration
}

// fault makes a card ill, or well, whether it is plugged or not.
func (r *rig) fault(name string, f ill) error {
	var c *card.Card
	for _, s := range r.inside {
		if s.card == name {
			c, _ = s.reader.Inserted().(*card.Card)
		}
	}
	if c == nil {
		var err error
		if c, err = r.open(name, kit.Cards[0].ATR); err != nil {
			return err
		}
	}
	r.slow[name] = f.keygen
	c.Delay(f.keygen)
	return c.SetTries(f.tries)
}

// serial invents a serial number of eight octets, for two cards of one maker are told apart by nothing else.
func serial() string {
	octets := make([]byte, 8)
	_, _ = rand.Read(octets) // never fails (crypto/rand)
	return hex.EncodeToString(octets)
}

func (r *rig) path(name string) (string, error) {
	if !cardName.MatchString(name) {
		return "", fmt.Errorf("a card's name has 1 to 32 small letters, digits and hyphens, not %q", name)
	}
	return filepath.Join(r.dir, "cards", name+".json"), nil
}

// make makes a card out to its holder. The file has its name only once that is done.
func (r *rig) make(ctx context.Context, name string, h pcsc.Holder) error {
	path, err := r.path(name)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("there is a card %s already", name)
	}
	half := path + ".blank"
	_ = os.Remove(half)
	c, err := card.Open(half, kit.Cards[0].ATR)
	if err != nil {
		return err
	}
	reader := &ccid.Reader{}
	reader.Insert(c)
	const serial = "TIRKEU-MAKES-CARDS"
	m, _ := kit.ByCode("acr39u")
	if err := r.bus.Plug(makingPort, m.Device(serial, reader)); err != nil {
		return err
	}
	err = r.daemon.Personalize(ctx, serial, h)
	err = errors.Join(err, r.bus.Pull(makingPort))
	if err == nil {
		_, err = r.daemon.Await(ctx, serial, pcsc.Gone)
	}
	if err != nil {
		return err
	}
	return os.Rename(half, path)
}

// plug puts a model into a port; a token with the card of that name inside.
func (r *rig) plug(port bus.Port, code, name, serial string) error {
	m, known := kit.ByCode(code)
	if !known {
		return fmt.Errorf("there is no model %q: see `models`", code)
	}
	s := &stay{model: m, serial: serial, reader: &ccid.Reader{}}
	if m.Kind != "" {
		if name == "" {
			return fmt.Errorf("a %s has a card inside: name it", code)
		}
		c, err := r.open(name, m.ATR)
		if err != nil {
			return err
		}
		s.reader.Insert(c)
		s.card = name
	} else if name != "" {
		return fmt.Errorf("%s is a reader: put the card in with `insert`", code)
	}
	if err := r.bus.Plug(port, m.Device(serial, s.reader)); err != nil {
		return err
	}
	r.inside[port] = s
	return nil
}

// vendorClass is the interface class of whatever follows no standard (usb.org, "Defined Class Codes").
const vendorClass = 0xff

// other puts something else into a port.
func (r *rig) other(port bus.Port, device bus.Device) error {
	device.Function = bus.Idle{Class: vendorClass}
	if err := r.bus.Plug(port, device); err != nil {
		return err
	}
	r.inside[port] = &stay{model: kit.Model{Code: fmt.Sprintf("%04x:%04x", device.Vendor, device.Product)}, serial: device.Serial}
	return nil
}

func (r *rig) pull(port bus.Port) error {
	if err := r.bus.Pull(port); err != nil {
		return err
	}
	delete(r.inside, port)
	return nil
}

// reader gives the empty or loaded reader in a port; a token is none.
func (r *rig) readerIn(port bus.Port) (*stay, error) {
	s := r.inside[port]
	if s == nil || s.reader == nil || s.model.Kind != "" {
		return nil, fmt.Errorf("there is no card reader in %s", port)
	}
	return s, nil
}

// insert lays an identity card of some kind on a reader.
func (r *rig) insert(port bus.Port, kind, name string) error {
	s, err := r.readerIn(port)
	if err != nil {
		return err
	}
	k, known := kit.CardByCode(kind)
	if !known {
		return fmt.Errorf("there is no kind of card %q: see `models`", kind)
	}
	if s.card != "" {
		return fmt.Errorf("the card %s is in %s", s.card, port)
	}
	c, err := r.open(name, k.ATR)
	if err != nil {
		return err
	}
	s.reader.Insert(c)
	s.card = name
	return nil
}

func (r *rig) withdraw(port bus.Port) error {
	s, err := r.readerIn(port)
	if err != nil {
		return err
	}
	s.reader.Withdraw()
	s.card = ""
	return nil
}

// list says what is plugged where: port, model, card or a hyphen, tries that its PIN has left, and whether it makes a key now.
func (r *rig) list() string {
	var lines []string
	for port, s := range r.inside {
		if s.card == "" {
			lines = append(lines, fmt.Sprintf("%s %s -", port, s.model.Code))
			continue
		}
		tries, making := 0, ""
		if c, ok := s.reader.Inserted().(*card.Card); ok {
			tries = c.TriesLeft()
			if c.Making() {
				making = " making"
			}
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %d%s", port, s.model.Code, s.card, tries, making))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}
