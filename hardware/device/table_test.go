package device_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/tirkeu/kiosk/hardware/device"
)

func TestDevices_AreRecognisedByMakerAndModel(t *testing.T) {
	d, err := device.Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		manufacturer, model string
		kind                device.Kind
	}{
		{"KAZTOKEN", "x", device.Kaztoken},
		{"SafeNet, Inc.", "eToken", device.EToken},
		{"Aladdin R.D.", "JaCarta PKI", device.JaCarta},
		{"AKey", "", device.AKey},
		{"SafeNet, Inc.", "", device.Unknown},
		{"SoftHSM project", "SoftHSM v2", device.Unknown},
		{"Aktiv Co.", "Rutoken ECP", device.Unknown},
		{"", "", device.Unknown},
	} {
		if got := d.Recognize(c.manufacturer, c.model); got.Kind != c.kind {
			t.Errorf("%q %q is %q, want %q", c.manufacturer, c.model, got.Kind, c.kind)
		}
	}
	if got, _, ok := d.ByUSB(0x0529, 0x0620); !ok || got.Kind != device.EToken {
		t.Errorf("0529:0620 is %q", got.Kind)
	}
	atr, _ := hex.DecodeString("3b88014b415a544f4b454e82")
	if got, ok := d.ByATR(atr); !ok || got.Kind != device.Kaztoken {
		t.Errorf("Kaztoken's ATR is %q", got.Kind)
	}
	for _, known := range d.Device {
		if known.Kind == device.AKey && (known.Confirmed || known.Middleware.Confirmed || len(known.USB) != 0) {
			t.Error("AKey's numbers are unknown, not confirmed")
		}
		for _, u := range known.USB {
			if known.Kind == device.Kaztoken && (u.Confirmed || known.Middleware.Confirmed) {
				t.Error("Kaztoken's USB numbers are not confirmed")
			}
		}
	}
}

func TestDevices_ATableThatWouldMisleadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devices.toml")
	for name, text := range map[string]string{
		"matches everything":          "[[device]]\nkind = \"x\"\nname = \"X\"\nmatch = [{}]\n",
		"unknown key":                 "[[device]]\nkind = \"x\"\nname = \"X\"\nlabel = \"Y\"\n",
		"no name":                     "[[device]]\nkind = \"x\"\n",
		"limits":                      "[[device]]\nkind = \"x\"\nname = \"X\"\npin_min = 8\npin_max = 4\n",
		"ATR":                         "[[device]]\nkind = \"x\"\nname = \"X\"\natr = [{ octets = \"3B Z0\" }]\n",
		"no TOML":                     "[[device",
		"a number that never matches": "[[reader]]\nid = \"72F:B100\"\nname = \"X\"\n",
		"a reader without a name":     "[[reader]]\nid = \"072f:b100\"\n",
		"a token as reader":           "[[device]]\nkind = \"x\"\nname = \"X\"\nusb = [{ id = \"0529:0620\" }]\n[[reader]]\nid = \"0529:0620\"\nname = \"X\"\n",
		"one number for two":          "[[device]]\nkind = \"x\"\nname = \"X\"\nusb = [{ id = \"0529:0620\" }, { id = \"0529:0620\" }]\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := device.Load(path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := os.WriteFile(path, []byte("[[device]]\nkind = \"x\"\nname = \"X\"\nmatch = [{ model = \"soft\" }]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := device.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Recognize("", "SoftHSM v2"); got.Kind != "x" {
		t.Errorf("a replaced table gives %q", got.Kind)
	}
}
