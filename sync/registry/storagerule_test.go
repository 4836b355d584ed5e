package registry

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestDefault_OffersGOSTOnTheStickOnly(t *testing.T) {
	for _, rule := range Default().Storages {
		var got []string
		for _, s := range rule.Sets {
			got = append(got, s.Code)
		}
		want := []string{"rsa"}
		if rule.Kind == StorageStick {
			want = []string{"rsa", "gost", "rsa+gost"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: sets %q, want %q", rule.Kind, got, want)
		}
		if rule.Has(TemplateGOST) != (rule.Kind == StorageStick) {
			t.Errorf("%s: GOST is offered: %v", rule.Kind, rule.Has(TemplateGOST))
		}
	}
	stick, _ := Default().Storage(StorageStick)
	both, ok := stick.Set("rsa+gost")
	if !ok || !slices.Equal(both.Templates, []Template{TemplateAuth, TemplateSign, TemplateGOST}) {
		t.Errorf("rsa+gost is %v", both.Templates)
	}
	if _, ok := stick.Set("gost-old"); ok {
		t.Error("a set nobody offers was found")
	}
}

func TestSetOf_TakesAWholeSetInAnyOrderAndNothingElse(t *testing.T) {
	stick, _ := Default().Storage(StorageStick)
	for _, c := range []struct {
		keys []Template
		want string
	}{
		{[]Template{TemplateAuth, TemplateSign}, "rsa"},
		{[]Template{TemplateSign, TemplateAuth}, "rsa"},
		{[]Template{TemplateGOST}, "gost"},
		{[]Template{TemplateGOST, TemplateSign, TemplateAuth}, "rsa+gost"},
		{[]Template{TemplateAuth}, ""},
		{[]Template{TemplateAuth, TemplateGOST}, ""},
		{[]Template{TemplateGOST, TemplateGOST}, ""},
		{[]Template{TemplateAuth, TemplateAuth, TemplateSign}, ""},
		{nil, ""},
	} {
		if set, ok := stick.SetOf(c.keys); set.Code != c.want || ok != (c.want != "") {
			t.Errorf("%v is the set %q, want %q", c.keys, set.Code, c.want)
		}
	}
}

// A centre keeps a directory as it was imported, maybe before there were sets.
func TestParseDirectory_ReadsAListOfTemplatesAsTheOnlySet(t *testing.T) {
	var old map[string]any
	data, err := Default().Encode()
	if err == nil {
		err = json.Unmarshal(data, &old)
	}
	if err != nil {
		t.Fatal(err)
	}
	storages := old["storages"].([]any)
	for _, s := range storages {
		delete(s.(map[string]any), "sets")
	}
	storages[1].(map[string]any)["templates"] = []any{}
	storages[2].(map[string]any)["templates"] = []any{"rsa-sign"}
	if data, err = json.Marshal(old); err != nil {
		t.Fatal(err)
	}
	d, err := ParseDirectory(data)
	if err != nil {
		t.Fatal(err)
	}
	if s := d.Storages[0].Sets; len(s) != 1 || s[0].Code != "rsa" || !s[0].Is([]Template{TemplateAuth, TemplateSign}) {
		t.Errorf("a list of the RSA pair is %+v", s)
	}
	if s := d.Storages[1].Sets; len(s) != 0 {
		t.Errorf("a storage that was not offered has sets: %+v", s)
	}
	if s := d.Storages[2].Sets; len(s) != 1 || s[0].Code == "rsa" || !s[0].Is([]Template{TemplateSign}) {
		t.Errorf("a list of one template is %+v", s)
	}
}

// A kiosk from before there were sets knows the list only.
func TestEncode_TellsOlderProgramsTheFirstSet(t *testing.T) {
	data, err := Default().Encode()
	if err != nil {
		t.Fatal(err)
	}
	var old struct {
		Storages []struct {
			Kind      StorageKind `json:"kind"`
			Templates []Template  `json:"templates"`
		} `json:"storages"`
	}
	if err := json.Unmarshal(data, &old); err != nil {
		t.Fatal(err)
	}
	for _, s := range old.Storages {
		if !slices.Equal(s.Templates, []Template{TemplateAuth, TemplateSign}) {
			t.Errorf("%s: an older program reads %v", s.Kind, s.Templates)
		}
	}
}
