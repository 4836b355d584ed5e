package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
)

// chip is something plugged into the virtual USB bus, which real libusb, pcscd and OpenSC see: an identity card for the reader that stands on the desk,
// or a token with a reader of its own. All secrets are fictional.
type chip struct {
	name, kind string
	port       string
	model      string // of what is plugged into the port
	card       string // kind of card for the reader; empty for a token, which has its chip inside
	maker      string // as the chip says of its maker
	label      string
	serial     string // hexadecimal, as CK_TOKEN_INFO gives it
	pin        string
	owner      string // IIN's first eleven digits
}

// chips are those of the house. Two identity cards share the reader; one's owner has nothing else. The others' owners have a token of the same kind
// that is not on the bus.
var chips = []chip{
	{name: "orken-card", kind: "idcard", port: "1-1", model: "acr39u", card: "id-2022", maker: "SOMA", label: "KZ ID", serial: "4b5a494400000001", pin: "456123", owner: "79110420050"},
	{name: "ulzhan-card", kind: "idcard", port: "1-1", model: "acr39u", card: "id-2022", maker: "SOMA", label: "KZ ID", serial: "4b5a494400000002", pin: "135790", owner: "95061720010"},
	{name: "moldir-ccid", kind: "jacarta", port: "1-2", model: "jacarta", maker: "Aladdin R.D.", label: "JaCarta", serial: "0b53000000000003", pin: "13572468", owner: "87040220008"},
	{name: "aigerim-ccid", kind: "kaztoken", port: "1-3", model: "kaztoken", maker: "KAZTOKEN", label: "Kaztoken", serial: "4b5a544b00000004", pin: "12345678", owner: "85031220001"},
	{name: "adil-ccid", kind: "etoken", port: "1-4", model: "etoken-5100", maker: "SafeNet", label: "eToken", serial: "0052900000000005", pin: "Adil2026", owner: "91072310002"},
}

// chipPUK unblocks every one of them; to OpenSC's module it is the administrator's PIN.
const chipPUK = "1234567812345678"

func (h house) bus() string { return filepath.Join(h.dir, "bus") }

// busServes says whether there is a bus now. A house without one has the other tokens only.
func (h house) busServes() bool {
	connection, err := net.Dial("unix", filepath.Join(h.bus(), "control"))
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// busProgram is tirkeu-bus: where TIRKEU_BUS_PROGRAM says, or beside this program.
func busProgram() (string, error) {
	if path := os.Getenv("TIRKEU_BUS_PROGRAM"); path != "" {
		return path, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(self), "tirkeu-bus"), nil
}

// onBus gives the bus a command and returns what it said.
func (h house) onBus(words ...string) (string, error) {
	program, err := busProgram()
	if err != nil {
		return "", err
	}
	out, err := exec.Command(program, append([]string{"--dir", h.bus()}, words...)...).CombinedOutput()
	said := strings.TrimSpace(string(out))
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("tell the virtual USB bus: %s", said)
	}
	return said, err
}

// plugged is what sits in a port of the bus.
type plugged struct {
	model, card string
	tries       int
	making      bool
}

// ports asks the bus what sits where.
func (h house) ports() (map[string]plugged, error) {
	said, err := h.onBus("list")
	if err != nil {
		return nil, err
	}
	ports := map[string]plugged{}
	for line := range strings.Lines(said) {
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		p := plugged{model: words[1]}
		if words[2] != "-" && len(words) >= 4 {
			p.card = words[2]
			p.tries, _ = strconv.Atoi(words[3])
			p.making = len(words) > 4
		}
		ports[words[0]] = p
	}
	return ports, nil
}

// chipsNow says how each chip is. What is not plugged tells nobody its tries: they are told as they were when it was made out.
func (h house) chipsNow(people []Person) ([]tokenView, error) {
	if !h.busServes() {
		return nil, nil
	}
	ports, err := h.ports()
	if err != nil {
		return nil, err
	}
	var views []tokenView
	for _, c := range chips {
		v := tokenView{Name: c.name, Kind: c.kind, Serial: c.serial, PIN: c.pin, SOPIN: chipPUK, State: "ready", TriesLeft: 3, Bus: true}
		if at := ports[c.port]; at.card == c.name {
			v.Plugged, v.TriesLeft, v.Making = true, at.tries, at.making
			if at.tries == 0 {
				v.State = "locked"
			}
		}
		for _, p := range people {
			if strings.HasPrefix(p.IIN, c.owner) {
				v.Owner, v.Role = p.Surname+" "+p.Given, p.Role
			}
		}
		views = append(views, v)
	}
	return views, nil
}

func chipNamed(name string) (chip, bool) {
	for _, c := range chips {
		if c.name == name {
			return c, true
		}
	}
	return chip{}, false
}

// moveChip puts a chip in or takes it out; one that is where it is wanted is left there.
func (d *dock) moveChip(c chip, in bool) error {
	ports, err := d.ports()
	if err != nil {
		return err
	}
	at, there := ports[c.port]
	if (at.card == c.name) != in {
		if c.card == "" && in {
			_, err = d.onBus("plug", c.port, c.model, c.name)
		} else if c.card == "" {
			_, err = d.onBus("pull", c.port)
		} else if !in {
			_, err = d.onBus("withdraw", c.port)
		} else {
			if !there {
				_, err = d.onBus("plug", c.port, c.model)
			}
			if err == nil {
				_, err = d.onBus("insert", c.port, c.card, c.name)
			}
		}
	}
	if err != nil {
		return err
	}
	return d.say("%s is %s", c.name, inOut(in))
}

// faultOfChip makes a chip ill. A card knows fewer ills than a module: how many tries are left, and how long a key takes.
func (d *dock) faultOfChip(c chip, triesLeft int, keygen time.Duration, others bool) error {
	if others {
		return usage("fault: on a card only --tries-left and --keygen-delay can be")
	}
	words := []string{"fault", c.name}
	if triesLeft >= 0 {
		words = append(words, "tries", fmt.Sprint(min(triesLeft, 3)))
	}
	if keygen > 0 {
		words = append(words, "keygen", keygen.String())
	}
	if _, err := d.onBus(words...); err != nil {
		return err
	}
	if len(words) == 2 {
		return d.say("%s is well", c.name)
	}
	return d.say("%s is faulty", c.name)
}

// cards makes out the chips that were not made out yet, and stands the reader on the desk.
func (d *dock) cards(args []string) error {
	var daemon string
	if err := none("cards", args, func(f *flag.FlagSet) { f.StringVar(&daemon, "daemon", "", "") }); err != nil {
		return err
	}
	if !d.busServes() {
		return fmt.Errorf("no virtual USB bus serves in %s", d.bus())
	}
	if daemon != "" {
		_, err := d.onBus("daemon", daemon)
		return err
	}
	made := 0
	ports, err := d.ports()
	if err != nil {
		return err
	}
	for _, c := range chips {
		if _, err := os.Stat(filepath.Join(d.bus(), "cards", c.name+".json")); err != nil {
			if _, err := d.onBus("card", c.name, c.label, c.pin, chipPUK, c.maker, c.serial); err != nil {
				return fmt.Errorf("make %s out: %w", c.name, err)
			}
			made++
		}
		if _, there := ports[c.port]; c.card != "" && !there {
			if _, err := d.onBus("plug", c.port, c.model); err != nil {
				return err
			}
			ports[c.port] = plugged{model: c.model}
		}
	}
	return d.say("%d cards and tokens are on the virtual USB bus, %d made out now", len(chips), made)
}

// busModule is OpenSC's module as the kiosk's configuration names it: with the environment in which it finds the bus's own pcscd. It sees no USB, so it
// does without the library that shows the bus to the kiosk: OpenSC starts a thread of GLib's while it is being loaded and waits for it, and that library
// has the thread wait for the loading.
func (h house) busModule() (path string, env []string) {
	return pcsc.Module, append(pcsc.Env(h.bus()), "LD_PRELOAD=")
}
