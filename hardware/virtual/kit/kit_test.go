package kit

import (
	"testing"

	"github.com/tirkeu/kiosk/hardware/device"
)

// What stands here and in the table of tokens is the same device.
func TestKit_AgreesWithTheTableOfTokens(t *testing.T) {
	table, err := device.Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Models {
		if m.Kind == "" {
			if _, _, known := table.ByUSB(m.Vendor, m.Product); known {
				t.Errorf("%s is a token there", m.Code)
			}
			if _, known := table.ReaderByUSB(m.Vendor, m.Product); !known {
				t.Errorf("%s is no reader there", m.Code)
			}
			continue
		}
		if d, _, ok := table.ByUSB(m.Vendor, m.Product); !ok || d.Kind != m.Kind {
			t.Errorf("%s: %04x:%04x is %q there", m.Code, m.Vendor, m.Product, d.Kind)
		}
		if d, ok := table.ByATR(m.ATR); !ok || d.Kind != m.Kind {
			t.Errorf("%s: the ATR is %q there", m.Code, d.Kind)
		}
		if got, ok := ByCode(m.Code); !ok || got.Name != m.Name {
			t.Errorf("%s is not found", m.Code)
		}
		if (m.Kind == device.Kaztoken) != m.StandIn {
			t.Errorf("%s: stand-in %v", m.Code, m.StandIn)
		}
	}
	for _, c := range Cards {
		if d, ok := table.ByATR(c.ATR); !ok || d.Kind != device.IDCard {
			t.Errorf("%s is %q there", c.Code, d.Kind)
		}
		if _, ok := CardByCode(c.Code); !ok {
			t.Errorf("%s is not found", c.Code)
		}
	}
}
