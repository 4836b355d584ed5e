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
