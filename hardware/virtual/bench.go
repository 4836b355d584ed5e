package virtual

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/tirkeu/kiosk/hardware/token"
)

// slots is the number of slots of each virtual module.
const slots = 4

// The errors of a bench.
var (
	ErrNoToken   = errors.New("no such virtual token")
	ErrSlotsFull = errors.New("all slots of the virtual module are taken")
)

// Bench is a folder of virtual tokens. Its methods may be called from several processes.
type Bench struct{ dir string }

// record is what bench.json holds.
type record struct {
	Shim   string               `json:"shim"`
	Plugs  uint64               `json:"plugs"` // number of the latest plug
	Tokens []*entry             `json:"tokens"`
	Faults map[token.Kind]Fault `json:"faults"` // of a module as a whole
}

type entry struct {
	Spec
	Slot  int    `json:"slot"` // -1: not plugged in
	Plug  uint64 `json:"plug"`
	Fault Fault  `json:"fault"`
}

// Create makes a bench in a folder and initializes its tokens, which all lie beside the kiosk: [Bench.Plug] puts them in. It needs
// softhsm2-util. The virtual module is the one TIRKEU_SHIM names, or virtual/tirkeu-shim.so or tirkeu-shim.so beside the program; if there is
// none it is compiled into the folder. A folder that holds a bench is refused.
func Create(dir string, specs []Spec) (*Bench, error) {
	shim, err := findShim()
	if err != nil {
		shim, err = filepath.Abs(filepath.Join(dir, ShimName))
		if err == nil {
			err = BuildShim(shim)
		}
		if err != nil {
			return nil, err
		}
	}
	return CreateWith(dir, specs, shim)
}

// CreateWith is [Create] with a virtual module that [BuildShim] made.
func CreateWith(dir string, specs []Spec, shim string) (*Bench, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("create bench: %w", err)
	}
	b := &Bench{dir: dir}
	if _, err = os.Stat(b.path("bench.json")); err == nil {
		return nil, fmt.Errorf("create bench: %s holds one already", dir)
	}
	for _, d := range []string{"softhsm", "modules", "cards"} {
		if err = os.MkdirAll(b.path(d), 0o700); err != nil {
			return nil, fmt.Errorf("create bench: %w", err)
		}
	}
	conf := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nobjectstore.umask = 0077\nlog.level = ERROR\nslots.removable = false\n", b.path("softhsm"))
	if err = os.WriteFile(b.path("softhsm2.conf"), []byte(conf), 0o600); err != nil {
		return nil, fmt.Errorf("create bench: %w", err)
	}
	r := &record{Shim: shim, Faults: map[token.Kind]Fault{}}
	names := map[string]bool{}
	for i, s := range specs {
		if err = s.complete(i); err != nil {
			return nil, err
		}
		if names[s.Name] {
			return nil, fmt.Errorf("create bench: two tokens named %s", s.Name)
		}
		names[s.Name] = true
		if err = b.initialize(s); err != nil {
			return nil, err
		}
		r.Tokens = append(r.Tokens, &entry{Spec: s, Slot: -1})
	}
	return b, b.save(r)
}

// initialize makes the SoftHSM token behind a virtual one; its label is the bench's name.
func (b *Bench) initialize(s Spec) error {
	if !s.Initialized {
		return nil
	}
	// The PINs are fictional; softhsm2-util takes them no other way without a terminal.
	command := exec.Command("softhsm2-util", "--init-token", "--free", "--label", s.Name, "--so-pin", s.SOPIN, "--pin", s.PIN)
	command.Env = append(os.Environ(), "SOFTHSM2_CONF="+b.path("softhsm2.conf"))
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initialize virtual token %s (needs softhsm2): %w: %s", s.Name, err, output)
	}
	if s.Locked {
		return b.setBad(s.Name, s.PINTries)
	}
	return nil
}

// Open takes up a bench that [Create] made.
func Open(dir string) (*Bench, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open bench: %w", err)
	}
	b := &Bench{dir: dir}
	_, err = b.load()
	if err != nil {
		return nil, fmt.Errorf("open bench: %w", err)
	}
	return b, nil
}

// Dir is the bench's folder.
func (b *Bench) Dir() string { return b.dir }

func (b *Bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

// Modules gives the vendors' modules, for the kiosk's configuration.
func (b *Bench) Modules() []token.Module {
	r, err := b.load()
	if err != nil {
		return nil
	}
	var list []token.Module
	for _, v := range vendors {
		list = append(list, token.Module{Name: string(v.kind), Path: r.Shim, Env: []string{
			"SOFTHSM2_CONF=" + b.path("softhsm2.conf"),
			"TIRKEU_SHIM_CTL=" + b.path("modules", string(v.kind)+".ctl"),
			"TIRKEU_SHIM_CARDS=" + b.path("cards"),
		}})
	}
	return list
}

// Tokens says how each token is, in the order of [Create].
func (b *Bench) Tokens() []State {
	r, err := b.load()
	if err != nil {
		return nil
	}
	var list []State
	for _, e := range r.Tokens {
		list = append(list, State{
			Spec: e.Spec, Plugged: e.Slot >= 0, Module: string(e.Kind), Slot: e.Slot,
			TriesLeft: max(0, e.PINTries-b.bad(e.Name)), Fault: e.Fault,
		})
	}
	return list
}

// Plug puts a token into the first free slot of its kind's module. One that is in already stays as it is.
func (b *Bench) Plug(name string) error {
	return b.change("plug in", name, func(r *record, e *entry) error {
		if e.Slot >= 0 {
			return nil
		}
		taken := map[int]bool{}
		for _, other := range r.Tokens {
			if other.Kind == e.Kind && other.Slot >= 0 {
				taken[other.Slot] = true
			}
		}
		for slot := range slots {
			if !taken[slot] {
				r.Plugs++
				e.Slot, e.Plug = slot, r.Plugs
				return nil
			}
		}
		return ErrSlotsFull
	})
}

// Pull takes a token out.
func (b *Bench) Pull(name string) error {
	return b.change("pull", name, func(_ *record, e *entry) error {
		e.Slot = -1
		return nil
	})
}

// Replug takes a token out and puts it back into the same slot, with no time in between at which anybody could see the slot empty.
func (b *Bench) Replug(name string) error {
	return b.change("replug", name, func(r *record, e *entry) error {
		if e.Slot < 0 {
			return fmt.Errorf("it is not plugged in")
		}
		r.Plugs++
		e.Plug = r.Plugs
		return nil
	})
}

// Fault makes things go wrong with a token from its next call on; the zero Fault ends that.
func (b *Bench) Fault(name string, f Fault) error {
	err := b.change("set fault of", name, func(_ *record, e *entry) error {
		if f.PINTriesLeft != 0 {
			err := b.setBad(name, e.PINTries-max(0, f.PINTriesLeft))
			if err != nil {
				return err
			}
		}
		e.Fault = f
		return nil
	})
	return err
}

// Alter changes what a token can do and has room for. Its list of mechanisms is read by most programs once a plug.
func (b *Bench) Alter(name string, t Trait) error {
	return b.change("alter", name, func(_ *record, e *entry) error {
		if t.Pairs == 0 {
			v, _ := vendorOf(e.Kind)
			t.Pairs = v.pairs
		}
		e.Trait = t
		return nil
	})
}

// ModuleFault makes things go wrong with the functions of a module that concern no token: C_Initialize, C_GetInfo, C_GetSlotList.
func (b *Bench) ModuleFault(kind token.Kind, f Fault) error {
	return b.edit(func(r *record) error {
		r.Faults[kind] = f
		return nil
	})
}

// change edits one token's entry.
func (b *Bench) change(doing, name string, with func(*record, *entry) error) error {
	return b.edit(func(r *record) error {
		for _, e := range r.Tokens {
			if e.Name != name {
				continue
			}
			err := with(r, e)
			if err != nil {
				return fmt.Errorf("%s virtual token %s: %w", doing, name, err)
			}
			return nil
		}
		return fmt.Errorf("%s virtual token %s: %w", doing, name, ErrNoToken)
	})
}

// edit changes the bench under its lock.
func (b *Bench) edit(with func(*record) error) error {
	guard, err := os.OpenFile(b.path("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock bench: %w", err)
	}
	defer func() { _ = guard.Close() }()
	if err = syscall.Flock(int(guard.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock bench: %w", err)
	}
	r, err := b.load()
	if err != nil {
		return err
	}
	if err = with(r); err != nil {
		return err
	}
	return b.save(r)
}

func (b *Bench) load() (*record, error) {
	text, err := os.ReadFile(b.path("bench.json"))
	if err != nil {
		return nil, fmt.Errorf("read bench: %w", err)
	}
	r := &record{}
	err = json.Unmarshal(text, r)
	if err != nil {
		return nil, fmt.Errorf("read bench: %w", err)
	}
	if r.Faults == nil {
		r.Faults = map[token.Kind]Fault{}
	}
	return r, nil
}

// save writes the bench, then the control files the modules read.
func (b *Bench) save(r *record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write bench: %w", err)
	}
	if err = b.replace("bench.json", text); err != nil {
		return err
	}
	for _, v := range vendors {
		if err = b.replace(filepath.Join("modules", string(v.kind)+".ctl"), control(v, r)); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file as a whole, and only if it would change.
func (b *Bench) replace(name string, text []byte) error {
	if old, err := os.ReadFile(b.path(name)); err == nil && string(old) == string(text) {
		return nil
	}
	err := os.WriteFile(b.path(name+".new"), text, 0o600)
	if err == nil {
		err = os.Rename(b.path(name+".new"), b.path(name))
	}
	if err != nil {
		return fmt.Errorf("write bench: %w", err)
	}
	return nil
}
