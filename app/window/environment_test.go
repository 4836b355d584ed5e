package window

import (
	"os"
	"path/filepath"
	"testing"
)

// A session bus that is there is used, and none is sought where there is none.
func TestPrepareEnvironment_SeeksNoBusWhereThereIsNone(t *testing.T) {
	const name = "DBUS_SESSION_BUS_ADDRESS"
	with, without := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(with, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, address, folder, want string }{
		{"no bus", "", "", "disabled:"},
		{"a folder without one", "", without, "disabled:"},
		{"a folder with one", "", with, ""},
		{"an address", "unix:path=/x", without, "unix:path=/x"},
	} {
		t.Run(c.what, func(t *testing.T) {
			for _, v := range environment {
				t.Setenv(v.name, v.value) // put back after the test
			}
			t.Setenv(name, c.address)
			t.Setenv("XDG_RUNTIME_DIR", c.folder)
			if c.address == "" {
				os.Unsetenv(name)
			}
			prepareEnvironment()
			if got := os.Getenv(name); got != c.want {
				t.Errorf("%s is %q, want %q", name, got, c.want)
			}
		})
	}
}

// What an administrator has set stays.
func TestPrepareEnvironment_LeavesWhatIsSet(t *testing.T) {
	for _, v := range environment {
		t.Setenv(v.name, "theirs")
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "theirs")
	prepareEnvironment()
	for _, v := range environment {
		if got := os.Getenv(v.name); got != "theirs" {
			t.Errorf("%s is %q", v.name, got)
		}
	}
}
