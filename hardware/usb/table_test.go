package usb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/device"
)

// tableWith is the built-in table on a machine that has just these files.
func tableWith(t *testing.T, files ...string) *Table {
	t.Helper()
	devices, err := device.Load("")
	if err != nil {
		t.Fatal(err)
	}
	table := On(devices)
	table.exists = func(path string) bool { return slices.Contains(files, path) }
	return table
}

const (
	ccidDriver = "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"
	daemon     = "/usr/sbin/pcscd"
)

func TestTable_NamesWhatMustBeInstalled(t *testing.T) {
	for name, c := range map[string]struct {
		vendor, product uint16
		files, modules  []string
		missing         string
	}{
		"nothing is there":                {0x0529, 0x0620, nil, nil, "PC/SC daemon and CCID driver [pcscd libccid]; SafeNet Authentication Client [safenetauthenticationclient]"},
		"the module is not there":         {0x0529, 0x0620, []string{ccidDriver, daemon}, nil, "SafeNet Authentication Client [safenetauthenticationclient]"},
		"the daemon is not there":         {0x24dc, 0x0402, []string{ccidDriver, "/usr/lib/libjcPKCS11-2.so"}, nil, "PC/SC daemon and CCID driver [pcscd libccid]"},
		"all is there":                    {0x24dc, 0x0402, []string{ccidDriver, daemon, "/usr/lib/libjcPKCS11-2.so"}, nil, ""},
		"the module lies elsewhere":       {0x0529, 0x0620, []string{ccidDriver, daemon, "/opt/et.so"}, []string{"/opt/et.so"}, ""},
		"a module that serves every kind": {0x0529, 0x0600, []string{"/opt/all.so"}, nil, ""},
		"a token without CCID":            {0x0529, 0x0600, []string{"/usr/lib/libeToken.so"}, nil, ""},
		"a reader needs no module":        {0x072f, 0xb100, []string{ccidDriver, daemon}, nil, ""},
		"a reader needs its driver":       {0x072f, 0xb100, nil, nil, "PC/SC daemon and CCID driver [pcscd libccid]"},
		"nothing is known of this device": {0x1234, 0x0001, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			table := tableWith(t, c.files...)
			table.Modules = map[device.Kind][]string{device.EToken: c.modules, "": {"/opt/all.so"}}
			d := Device{Vendor: c.vendor, ProductID: c.product}
			table.name(&d, nil)
			var got []string
			for _, n := range d.Missing {
				got = append(got, n.Name+" ["+n.Package+"]")
			}
			if strings.Join(got, "; ") != c.missing {
				t.Errorf("%q, want %q", strings.Join(got, "; "), c.missing)
			}
		})
	}
}

func TestTable_CallsNothingOfKaztokenAndAKeyConfirmed(t *testing.T) {
	table := tableWith(t)
	for _, known := range table.Device {
		if (known.Kind == device.Kaztoken || known.Kind == device.AKey) && (known.Confirmed || known.Middleware.Confirmed) {
			t.Errorf("%s: %s", known.Kind, known.Middleware.Name)
		}
	}
	for _, d := range []Device{
		{Vendor: 0x0a89, ProductID: 0x0030}, {Vendor: 0x0a89, ProductID: 0x0025},
		{Vendor: 0x1234, ProductID: 1, Product: "KAZTOKEN"}, {Vendor: 0x1234, ProductID: 1, Manufacturer: "AKey"},
	} {
		table.name(&d, nil)
		if d.Confirmed || d.Kind != string(device.Kaztoken) && d.Kind != string(device.AKey) {
			t.Errorf("%+v", d)
		}
		for _, n := range d.Missing {
			if n.Confirmed && !d.CCID {
				t.Errorf("%s: %+v", d.Kind, n)
			}
		}
	}
	d := Device{Vendor: 0x0529, ProductID: 0x0620}
	if table.name(&d, nil); !d.Confirmed || !d.CCID {
		t.Errorf("%+v", d)
	}
}

// Each kind of token says what to install for it.
func TestTable_KnowsTheMiddlewareOfEachKind(t *testing.T) {
	for _, d := range tableWith(t).Device {
		if d.Middleware.Name == "" || len(d.Mechanisms) == 0 {
			t.Errorf("nothing says what to install for %s, or what is needed of it", d.Kind)
		}
	}
}

func TestTable_IsReplacedByATechnicians(t *testing.T) {
	path := filepath.Join(t.TempDir(), "devices.toml")
	if err := os.WriteFile(path, []byte("[[reader]]\nid = \"1234:0001\"\nname = \"Desk reader\"\nccid = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	devices, err := device.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	d := Device{Vendor: 0x1234, ProductID: 1}
	if On(devices).name(&d, nil); d.Known != "Desk reader" || d.Kind != KindReader || !d.CCID {
		t.Errorf("%+v", d)
	}
}
