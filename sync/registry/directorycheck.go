package registry

import "fmt"

// codes finds what is no code or stands twice.
type codes map[string]bool

func (c codes) add(what, code string, words ...Words) error {
	switch {
	case !word(code, 64):
		return fmt.Errorf("%s %q: not a code", what, code)
	case c[code]:
		return fmt.Errorf("%s %q: stands twice", what, code)
	}
	for _, w := range words {
		if !w.whole() {
			return fmt.Errorf("%s %q: a language is missing", what, code)
		}
	}
	c[code] = true
	return nil
}

// check finds the first thing that would leave a screen empty or a consent without its text.
func (d *Directory) check() error {
	if !word(d.Version, 32) || d.ApplicationDays < 1 {
		return fmt.Errorf("version or term of applications is missing")
	}
	if len(d.Regions) == 0 || len(d.Storages) == 0 || len(d.RejectReasons) == 0 || len(d.IdentityDocuments) == 0 {
		return fmt.Errorf("a list is empty")
	}
	for _, part := range []func() error{d.checkPlaces, d.checkStorages, d.checkAgreement, d.checkDesk, d.checkStatuses, d.checkKinds} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) checkPlaces() error {
	regions := codes{}
	for _, r := range d.Regions {
		if err := regions.add("region", r.Code, r.Name); err != nil {
			return err
		}
		if len(r.Localities) == 0 {
			return fmt.Errorf("region %q: has no localities", r.Code)
		}
		localities := codes{}
		for _, l := range r.Localities {
			if err := localities.add("locality", l.Code, l.Name); err != nil {
				return fmt.Errorf("region %q: %w", r.Code, err)
			}
		}
	}
	return nil
}

func (d *Directory) checkStorages() error {
	storages := codes{}
	for _, s := range d.Storages {
		if err := storages.add("storage", string(s.Kind), s.Name); err != nil {
			return err
		}
		if s.ValidityYears < 1 {
			return fmt.Errorf("storage %q: has no validity", s.Kind)
		}
		if err := checkSets(s.Sets); err != nil {
			return fmt.Errorf("storage %q: %w", s.Kind, err)
		}
	}
	return nil
}

func (d *Directory) checkAgreement() error {
	a := d.Agreement
	if !word(a.ID, 64) || !word(a.Version, 32) || !a.Title.whole() || !a.Text.whole() {
		return fmt.Errorf("agreement: id, version, title or a language is missing")
	}
	if a.SHA256 != (Words{KK: Hash([]byte(a.Text.KK)), RU: Hash([]byte(a.Text.RU)), EN: Hash([]byte(a.Text.EN))}) {
		return fmt.Errorf("agreement: the hashes are not those of the texts")
	}
	return nil
}

func (d *Directory) checkDesk() error {
	reasons, documents := codes{}, codes{}
	for _, r := range d.RejectReasons {
		if err := reasons.add("reason", r.Code, r.Text); err != nil {
			return err
		}
	}
	for _, i := range d.IdentityDocuments {
		if err := documents.add("identity document", i.Code, i.Name); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) checkStatuses() error {
	statuses := codes{}
	for _, s := range d.Statuses {
		if err := statuses.add("status", string(s.Status), s.Title, s.Text, s.Next); err != nil {
			return err
		}
	}
	for _, s := range Statuses {
		if !statuses[string(s)] {
			return fmt.Errorf("status %q: has no words", s)
		}
	}
	return nil
}
