package terminal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/tirkeu/kiosk/hardware/token"
)

// DefaultConfiguration and DefaultState are where a packaged terminal keeps its files.
const (
	DefaultConfiguration = "/etc/tirkeu/kiosk.toml"
	DefaultState         = "/var/lib/tirkeu"
)

// Configuration is what a technician writes down about this terminal; it holds no secret and nothing personal.
type Configuration struct {
	// Centre fills the address on the first-start screen.
	Centre string `toml:"centre"`
	// Worker is the path of tirkeu-token; empty means beside the running program.
	Worker string `toml:"worker"`
	// Devices replaces the built-in device table.
	Devices string `toml:"devices"`
	// Stick is the folder where the citizen's USB stick appears.
	Stick string `toml:"stick"`
	// Training shows on every screen that this is a demonstration. It changes nothing else.
	Training bool `toml:"training"`
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
}

// ReadConfiguration reads a configuration file. A missing default file is an empty configuration; a missing named one
// is an error, and so is a word that means nothing.
func ReadConfiguration(path string) (Configuration, error) {
	named := path != ""
	if !named {
		path = DefaultConfiguration
	}
	var c Configuration
	meta, err := toml.DecodeFile(path, &c)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return c.complete()
	}
	if err != nil {
		return c, fmt.Errorf("reading the configuration %s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, fmt.Errorf("reading the configuration %s: it has no setting %q", path, unknown[0].String())
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
	}
	return c.complete()
}

func (c Configuration) complete() (Configuration, error) {
	if c.Worker == "" {
		self, err := os.Executable()
		if err != nil {
			return c, fmt.Errorf("finding the program's own folder: %w", err)
		}
		c.Worker = filepath.Join(filepath.Dir(self), "tirkeu-token")
	}
	return c, nil
}

func (c Configuration) modules() []token.Module {
	list := make([]token.Module, 0, len(c.Modules))
	for _, m := range c.Modules {
		list = append(list, token.Module{Name: m.Name, Path: m.Path, Env: m.Env})
	}
	return list
}
