package registry

import (
	"errors"
	"testing"
)

func TestDefault_IsWholeAndSurvivesTheWire(t *testing.T) {
	d := Default()
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseDirectory(data)
	if err != nil {
		t.Fatal(err)
	}
	if again.Version != d.Version || again.Agreement != d.Agreement {
		t.Fatal("the directory changed on the wire")
	}
	if len(d.Regions) != 20 {
		t.Fatalf("%d regions, want 17 oblasts and 3 cities", len(d.Regions))
	}
	for _, kind := range []StorageKind{StorageKaztoken, StorageEToken, StorageJaCarta, StorageAKey, StorageIDCard, StorageStick} {
		rule, ok := d.Storage(kind)
		years := 3
		if kind == StorageStick {
			years = 1
		}
		if !ok || rule.ValidityYears != years || rule.Secure != (kind != StorageStick) {
			t.Errorf("%s: %+v", kind, rule)
		}
	}
	if _, ok := d.Locality("almaty", "medeu"); !ok {
		t.Error("Medeu is not in Almaty")
	}
	if _, ok := d.Locality("astana", "medeu"); ok {
		t.Error("Medeu is in Astana")
	}
}

func TestParseDirectory_RefusesWhatWouldLeaveAScreenEmpty(t *testing.T) {
	for name, spoil := range map[string]func(*Directory){
		"no regions":          func(d *Directory) { d.Regions = nil },
		"region twice":        func(d *Directory) { d.Regions = append(d.Regions, d.Regions[0]) },
		"no localities":       func(d *Directory) { d.Regions[3].Localities = nil },
		"missing language":    func(d *Directory) { d.Regions[3].Name.KK = "" },
		"agreement changed":   func(d *Directory) { d.Agreement.Text.RU += " " },
		"status without word": func(d *Directory) { d.Statuses = d.Statuses[1:] },
		"no validity":         func(d *Directory) { d.Storages[0].ValidityYears = 0 },
		"set without words":   func(d *Directory) { d.Storages[5].Sets[1].Text.KK = "" },
		"set without keys":    func(d *Directory) { d.Storages[5].Sets[1].Templates = nil },
		"set code twice":      func(d *Directory) { d.Storages[5].Sets[1].Code = "rsa" },
		"set with no code":    func(d *Directory) { d.Storages[5].Sets[1].Code = "+ +" },
		"two sets of the same": func(d *Directory) {
			d.Storages[5].Sets[1].Templates = []Template{TemplateSign, TemplateAuth}
		},
		"template twice": func(d *Directory) {
			d.Storages[5].Sets[1].Templates = []Template{TemplateGOST, TemplateGOST}
		},
	} {
		d := Default()
		spoil(d)
		if _, err := d.Encode(); !errors.Is(err, ErrDocument) {
			t.Errorf("%s: encoded: %v", name, err)
		}
	}
	if _, err := ParseDirectory([]byte(`{"version":"1"}`)); !errors.Is(err, ErrDocument) {
		t.Errorf("an empty directory was read: %v", err)
	}
}

func TestConsent_NamesTheExactText(t *testing.T) {
	d := Default()
	for _, language := range []string{"kk", "ru", "en"} {
		c := d.Agreement.Consent(language)
		if c.SHA256 != Hash([]byte(d.Agreement.Text.In(language))) || c.Language != language {
			t.Errorf("%s: %+v", language, c)
		}
	}
}
