package terminal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, text string) (Configuration, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kiosk.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadConfiguration(path)
}

func TestReadConfiguration_TakesSticksAsDevicesOrAsAFolder(t *testing.T) {
	for _, good := range []string{"", "stick = '/media/stick'", "sticks = 'folder'\nstick = '/media/stick'", "sticks = 'devices'", "sticks = 'devices'\nmounter = '/opt/tirkeu-mount'"} {
		c, err := read(t, good)
		if err != nil {
			t.Errorf("%q: %v", good, err)
		}
		if c.Mounter == "" || c.Worker == "" {
			t.Errorf("%q: the helpers are %q and %q", good, c.Mounter, c.Worker)
		}
	}
	for bad, hint := range map[string]string{"sticks = 'device'": `"devices"`, "sticks = 'devices'\nstick = '/media/stick'": "take one of them out"} {
		if _, err := read(t, bad); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%q: %v, want a hint at %s", bad, err, hint)
		}
	}
}

// written writes a configuration down.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kiosk.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Neither by its file nor by its environment does a program that serves people see a virtual bench; those that say so on every screen may.
func TestConfiguration_TakesAVirtualBenchOnlyInAnEditionThatHasOne(t *testing.T) {
	for _, name := range bent {
		t.Setenv(name, "")
		module := written(t, "[[module]]\nname = \"opensc\"\npath = \"/usr/lib/x.so\"\nenv = [\"A=b\", \""+name+"=/x\"]\n")
		if _, err := readConfiguration(module, false); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s in the file: %v", name, err)
		}
		if _, err := readConfiguration(module, true); err != nil {
			t.Errorf("%s on a bench: %v", name, err)
		}
	}
	plain := written(t, "[[module]]\nname = \"opensc\"\npath = \"/usr/lib/x.so\"\nenv = [\"OPENSC_CONF=/etc/tirkeu/opensc.conf\"]\n")
	if _, err := readConfiguration(plain, false); err != nil {
		t.Errorf("a module's own configuration: %v", err)
	}
	t.Setenv("PCSCLITE_CSOCK_NAME", "/x")
	if _, err := readConfiguration(plain, false); err == nil {
		t.Error("the environment was taken")
	}
	if _, err := readConfiguration(plain, true); err != nil {
		t.Errorf("the environment on a bench: %v", err)
	}
}

func TestConfiguration_HasNoSettingThatMakesAnotherEdition(t *testing.T) {
	for _, text := range []string{"training = true", "demonstration = true", "edition = 'training'"} {
		if _, err := ReadConfiguration(written(t, text)); err == nil || !strings.Contains(err.Error(), "has no setting") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestConfiguration_TheModulesItNamesCountAsInstalled(t *testing.T) {
	c, err := ReadConfiguration(written(t, "[[module]]\nname = \"etoken\"\npath = \"/opt/et.so\"\n[[module]]\nname = \"opensc\"\npath = \"/opt/all.so\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	table, err := c.devices()
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Modules["etoken"]; len(got) != 1 || got[0] != "/opt/et.so" {
		t.Errorf("%v", got)
	}
	if got := table.Modules[""]; len(got) != 1 || got[0] != "/opt/all.so" {
		t.Errorf("%v", got)
	}
	if _, err := (Configuration{Devices: filepath.Join(t.TempDir(), "none")}).devices(); err == nil {
		t.Error("a table that is not there was taken")
	}
}
