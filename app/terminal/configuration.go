package terminal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/tirkeu/kiosk/hardware/token"
)

// Configuration is what a technician writes down about this terminal; it holds no secret and nothing personal.
type Configuration struct {
	// Centre fills the address on the first-start screen.
	Centre string `toml:"centre"`
	// Worker is the path of tirkeu-token; empty means beside the running program.
	Worker string `toml:"worker"`
	// Devices replaces the built-in device table.
	Devices string `toml:"devices"`
	// Sticks says how the citizen's USB stick is found: "devices" for whatever is plugged in, mounted by tirkeu-mount; "folder", which is also meant by
	// nothing, for a folder where somebody else mounts it, or a demonstration plays it.
	Sticks string `toml:"sticks"`
	// Stick is that folder.
	Stick string `toml:"stick"`
	// Mounter is the path of tirkeu-mount where the machine does not start it by itself; empty means beside the running program.
	Mounter string `toml:"mounter"`
	// IdleSeconds is the silence after which a citizen is asked; 0 means 120.
	IdleSeconds int `toml:"idle_seconds"`
	// StaffIdleSeconds is the same for staff; 0 means 300.
	StaffIdleSeconds int `toml:"staff_idle_seconds"`
	// IdleWarningSeconds is how long the question stands before the session ends; 0 means 30.
	IdleWarningSeconds int      `toml:"idle_warning_seconds"`
	Modules            []Module `toml:"module"`
}

// Module is one maker's PKCS#11 module, named by path.
type Module struct {
	Name string   `toml:"name"`
	Path string   `toml:"path"`
	Env  []string `toml:"env"`
	// Profile is the file that `tirkeu doctor tokens` wrote about the module; empty means none.
	Profile string `toml:"profile"`

	profile token.Profile // what stands in it
}

// ReadConfiguration reads a configuration file. A missing default file is an empty configuration; a missing named one
// is an error, and so is a word that means nothing.
func ReadConfiguration(path string) (Configuration, error) {
	return readConfiguration(path, virtualBench)
}

// readConfiguration is ReadConfiguration of an edition with or without a virtual bench.
func readConfiguration(path string, bench bool) (Configuration, error) {
	named := path != ""
	if !named {
		path = DefaultConfiguration
	}
	var c Configuration
	meta, err := toml.DecodeFile(path, &c)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return c.complete(bench)
	}
	if err != nil {
		return c, fmt.Errorf("reading the configuration %s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, fmt.Errorf("reading the configuration %s: it has no setting %q", path, unknown[0].String())
	}
	switch {
	case c.Sticks != "" && c.Sticks != sticksDevices && c.Sticks != sticksFolder:
		return c, fmt.Errorf("reading the configuration %s: sticks is %q; it can be %q or %q", path, c.Sticks, sticksDevices, sticksFolder)
	case c.Sticks == sticksDevices && c.Stick != "":
		return c, fmt.Errorf("reading the configuration %s: with sticks = %q no folder can be named by stick: take one of them out", path, sticksDevices)
	}
	for i, m := range c.Modules {
		if m.Name == "" || !filepath.IsAbs(m.Path) {
			return c, fmt.Errorf("reading the configuration %s: module %d needs a name and an absolute path", path, i+1)
		}
		for _, e := range m.Env {
			if !strings.Contains(e, "=") {
				return c, fmt.Errorf("reading the configuration %s: module %s: %q is no NAME=value", path, m.Name, e)
			}
		}
		if m.Profile == "" {
			continue
		}
		c.Modules[i].profile, err = token.LoadProfile(m.Profile)
		if err != nil {
			return c, fmt.Errorf("reading the configuration %s: module %s: %w", path, m.Name, err)
		}
	}
	return c.complete(bench)
}

// How sticks are found.
const (
	sticksDevices = "devices"
	sticksFolder  = "folder"
)

// bent are variables by which a module, PC/SC or libusb can be made to see what is not there. A program that serves people takes them neither from its
// configuration nor from whoever starts it; those of the demonstration and of training, which say so on every screen, do.
var bent = []string{"LD_PRELOAD", "LD_LIBRARY_PATH", "UMOCKDEV_DIR", "PCSCLITE_CSOCK_NAME", "SOFTHSM2_CONF", "TIRKEU_SHIM_CTL"}

// straight refuses an environment of a virtual bench.
func (c Configuration) straight() error {
	for _, name := range bent {
		if os.Getenv(name) != "" {
			return fmt.Errorf("reading the environment: %s is for a virtual bench, which this program does not take: unset it", name)
		}
		for _, m := range c.Modules {
			if slices.ContainsFunc(m.Env, func(e string) bool { return strings.HasPrefix(e, name+"=") }) {
				return fmt.Errorf("reading the configuration: module %s: %s is for a virtual bench, which this program does not take", m.Name, name)
			}
		}
	}
	return nil
}

func (c Configuration) complete(bench bool) (Configuration, error) {
	if !bench {
		if err := c.straight(); err != nil {
			return c, err
		}
	}
	for program, setting := range map[string]*string{"tirkeu-token": &c.Worker, "tirkeu-mount": &c.Mounter} {
		if *setting != "" {
			continue
		}
		self, err := os.Executable()
		if err != nil {
			return c, fmt.Errorf("finding the program's own folder: %w", err)
		}
		*setting = filepath.Join(filepath.Dir(self), program)
	}
	return c, nil
}

func (c Configuration) modules() []token.Module {
	list := make([]token.Module, 0, len(c.Modules))
	for _, m := range c.Modules {
		list = append(list, token.Module{Name: m.Name, Path: m.Path, Env: m.Env, Profile: m.profile})
	}
	return list
}
