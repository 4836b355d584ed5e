package usb

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/token"
)

// tableWith is the built-in table on a machine that has just these files.
func tableWith(t *testing.T, files ...string) *Table {
	t.Helper()
	tokens, err := token.LoadDevices("")
	if err != nil {
		t.Fatal(err)
	}
	table, err := LoadTable(tokens, "")
	if err != nil {
		t.Fatal(err)
	}
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
		"a token without CCID":            {0x0529, 0x0600, []string{"/usr/lib/libeToken.so"}, nil, ""},
		"a reader needs no module":        {0x072f, 0xb100, []string{ccidDriver, daemon}, nil, ""},
		"a reader needs its driver":       {0x072f, 0xb100, nil, nil, "PC/SC daemon and CCID driver [pcscd libccid]"},
		"nothing is known of this device": {0x1234, 0x0001, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			table := tableWith(t, c.files...)
			table.Modules = map[token.Kind][]string{token.EToken: c.modules}
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
	for _, m := range table.Middleware {
		if (m.Kind == token.Kaztoken || m.Kind == token.AKey) && m.Confirmed {
			t.Errorf("%s: %s", m.Kind, m.Name)
		}
	}
	for _, d := range []Device{
		{Vendor: 0x0a89, ProductID: 0x0030}, {Vendor: 0x0a89, ProductID: 0x0025},
		{Vendor: 0x1234, ProductID: 1, Product: "KAZTOKEN"}, {Vendor: 0x1234, ProductID: 1, Manufacturer: "AKey"},
	} {
		table.name(&d, nil)
		if d.Confirmed || d.Kind != string(token.Kaztoken) && d.Kind != string(token.AKey) {
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

// Each kind of token has its middleware here, and each number here that is a token's is one there.
func TestTable_AgreesWithTheTableOfTokens(t *testing.T) {
	table := tableWith(t)
	ids := map[string]bool{}
	for _, d := range table.Tokens.Device {
		for _, u := range d.USB {
			ids[strings.ToLower(u.ID)] = true
		}
		if !slices.ContainsFunc(table.Middleware, func(m Middleware) bool { return m.Kind == d.Kind }) {
			t.Errorf("nothing says what to install for %s", d.Kind)
		}
	}
	for _, id := range table.CCID.Tokens {
		if !ids[id] {
			t.Errorf("%s is no token there", id)
		}
	}
}

func TestTable_IsReplacedAndRefusedWhereItMisleads(t *testing.T) {
	tokens, err := token.LoadDevices("")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "usb.toml")
	for name, text := range map[string]string{
		"a number that never matches": "[[reader]]\nid = \"72F:B100\"\nname = \"X\"\n",
		"no name":                     "[[reader]]\nid = \"072f:b100\"\n",
		"a token as reader":           "[[reader]]\nid = \"0529:0620\"\nname = \"X\"\n",
		"an unknown kind":             "[[middleware]]\nkind = \"x\"\nname = \"X\"\n",
		"an unknown key":              "[[reader]]\nid = \"072f:b100\"\nname = \"X\"\nlabel = \"Y\"\n",
		"no TOML":                     "[[reader",
		"a token's damaged number":    "[ccid]\ntokens = [\"0529\"]\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadTable(tokens, path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := os.WriteFile(path, []byte("[[reader]]\nid = \"1234:0001\"\nname = \"Desk reader\"\nccid = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := LoadTable(tokens, path)
	if err != nil {
		t.Fatal(err)
	}
	d := Device{Vendor: 0x1234, ProductID: 1}
	if table.name(&d, nil); d.Known != "Desk reader" || d.Kind != "reader" || !d.CCID {
		t.Errorf("%+v", d)
	}
	if _, err := LoadTable(tokens, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file was taken")
	}
}
