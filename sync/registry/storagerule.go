package registry

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// KeySet is what a citizen may ask for at once: the templates of one application, in the order the keys are made. Code
// names it ("rsa", "gost", "rsa+gost"); Name and Text say it to the citizen in a few words and in a sentence.
type KeySet struct {
	Code      string     `json:"code"`
	Name      Words      `json:"name"`
	Text      Words      `json:"text"`
	Templates []Template `json:"templates"`
}

// Is says whether keys of these templates, in any order, are this set: all of it and nothing besides.
func (s KeySet) Is(templates []Template) bool {
	return slices.Equal(sorted(s.Templates), sorted(templates))
}

func sorted(templates []Template) []Template {
	return slices.Sorted(slices.Values(templates))
}

// StorageRule says what a key storage may have today. Secure: the private key never leaves the device. The first set is
// the one meant where nobody chooses; a storage without sets is not offered today.
type StorageRule struct {
	Kind          StorageKind
	Name          Words
	Sets          []KeySet
	ValidityYears int
	Secure        bool
}

// Set finds a set of keys by its code.
func (r StorageRule) Set(code string) (KeySet, bool) {
	return find(r.Sets, func(s KeySet) bool { return s.Code == code })
}

// SetOf finds the set that keys of these templates are.
func (r StorageRule) SetOf(templates []Template) (KeySet, bool) {
	return find(r.Sets, func(s KeySet) bool { return s.Is(templates) })
}

// Has says whether some set of the storage has a key of this template.
func (r StorageRule) Has(t Template) bool {
	return slices.ContainsFunc(r.Sets, func(s KeySet) bool { return slices.Contains(s.Templates, t) })
}

// storageJSON is a rule on the wire. Programs from before there were sets know one list of templates: they are sent the
// first set as that list, and a list from them, or from a directory of that time, is read as the only set.
type storageJSON struct {
	Kind          StorageKind `json:"kind"`
	Name          Words       `json:"name"`
	Templates     []Template  `json:"templates"`
	Sets          []KeySet    `json:"sets,omitempty"`
	ValidityYears int         `json:"validity_years"`
	Secure        bool        `json:"secure"`
}

// MarshalJSON writes the rule so that a program from before there were sets reads its first one.
func (r StorageRule) MarshalJSON() ([]byte, error) {
	wire := storageJSON{Kind: r.Kind, Name: r.Name, Templates: []Template{}, Sets: r.Sets, ValidityYears: r.ValidityYears, Secure: r.Secure}
	if len(r.Sets) > 0 {
		wire.Templates = r.Sets[0].Templates
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads a rule; where there are no sets but a list of templates, that list is the only set.
func (r *StorageRule) UnmarshalJSON(data []byte) error {
	var wire storageJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*r = StorageRule{Kind: wire.Kind, Name: wire.Name, Sets: wire.Sets, ValidityYears: wire.ValidityYears, Secure: wire.Secure}
	if len(wire.Sets) == 0 && len(wire.Templates) > 0 {
		r.Sets = []KeySet{listedSet(wire.Templates)}
	}
	return nil
}

// listedSet names a list of templates from before there were sets.
func listedSet(templates []Template) KeySet {
	set := KeySet{Code: "rsa", Templates: templates,
		Name: Words{KK: "RSA: кіру және қол қою", RU: "RSA: вход и подпись", EN: "RSA: sign-in and signing"},
		Text: Words{KK: "Порталдарға кіруге және құжаттарға қол қоюға арналған кілттер.", RU: "Ключи для входа на порталы и для подписи документов.", EN: "Keys for signing in to portals and for signing documents."}}
	if !set.Is([]Template{TemplateAuth, TemplateSign}) {
		set.Code = "listed"
		set.Name = Words{KK: "Қолтаңба кілттері", RU: "Ключи подписи", EN: "Signature keys"}
	}
	return set
}

// checkSets finds a set that no screen could show or no application could name.
func checkSets(sets []KeySet) error {
	known := codes{}
	for i, s := range sets {
		if err := known.add("set", strings.ReplaceAll(s.Code, "+", "-"), s.Name, s.Text); err != nil {
			return err
		}
		if len(s.Templates) == 0 || len(s.Templates) > KeysMax {
			return fmt.Errorf("set %q: %d templates, not 1 to %d", s.Code, len(s.Templates), KeysMax)
		}
		templates := codes{}
		for _, t := range s.Templates {
			if err := templates.add("template", string(t)); err != nil {
				return fmt.Errorf("set %q: %w", s.Code, err)
			}
		}
		for _, other := range sets[:i] {
			if other.Is(s.Templates) {
				return fmt.Errorf("sets %q and %q have the same templates", other.Code, s.Code)
			}
		}
	}
	return nil
}
