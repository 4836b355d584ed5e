package token_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
)

func TestDevices_AreRecognisedByMakerAndModel(t *testing.T) {
	d, err := token.LoadDevices("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		manufacturer, model string
		kind                token.Kind
	}{
		{"KAZTOKEN", "x", token.Kaztoken},
		{"SafeNet, Inc.", "eToken", token.EToken},
		{"Aladdin R.D.", "JaCarta PKI", token.JaCarta},
		{"AKey", "", token.AKey},
		{"SafeNet, Inc.", "", token.Unknown},
		{"SoftHSM project", "SoftHSM v2", token.Unknown},
		{"Aktiv Co.", "Rutoken ECP", token.Unknown},
		{"", "", token.Unknown},
	} {
		if got := d.Recognize(c.manufacturer, c.model); got.Kind != c.kind {
			t.Errorf("%q %q is %q, want %q", c.manufacturer, c.model, got.Kind, c.kind)
		}
	}
	if got, ok := d.ByUSB(0x0529, 0x0620); !ok || got.Kind != token.EToken {
		t.Errorf("0529:0620 is %q", got.Kind)
	}
	atr, _ := hex.DecodeString("3b88014b415a544f4b454e82")
	if got, ok := d.ByATR(atr); !ok || got.Kind != token.Kaztoken {
		t.Errorf("Kaztoken's ATR is %q", got.Kind)
	}
	for _, device := range d.Device {
		if device.Kind == token.AKey && (device.Confirmed || len(device.USB) != 0) {
			t.Error("AKey's numbers are unknown, not confirmed")
		}
		for _, u := range device.USB {
			if device.Kind == token.Kaztoken && u.Confirmed {
				t.Error("Kaztoken's USB numbers are not confirmed")
			}
		}
	}
}

func TestDevices_ATableThatWouldMisleadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devices.toml")
	for name, text := range map[string]string{
		"matches everything": "[[device]]\nkind = \"x\"\nname = \"X\"\nmatch = [{}]\n",
		"unknown key":        "[[device]]\nkind = \"x\"\nname = \"X\"\nlabel = \"Y\"\n",
		"no name":            "[[device]]\nkind = \"x\"\n",
		"limits":             "[[device]]\nkind = \"x\"\nname = \"X\"\npin_min = 8\npin_max = 4\n",
		"ATR":                "[[device]]\nkind = \"x\"\nname = \"X\"\natr = [{ octets = \"3B Z0\" }]\n",
		"no TOML":            "[[device",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := token.LoadDevices(path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := os.WriteFile(path, []byte("[[device]]\nkind = \"x\"\nname = \"X\"\nmatch = [{ model = \"soft\" }]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := token.LoadDevices(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Recognize("", "SoftHSM v2"); got.Kind != "x" {
		t.Errorf("a replaced table gives %q", got.Kind)
	}
}
