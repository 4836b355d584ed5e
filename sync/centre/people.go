package centre

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// ImportPeople writes people into the register, over what it had of them: a JSON list, or an object with a list
// "people", of objects with iin, surname, given, patronymic. Other members are ignored. One bad row refuses all.
func (c *Centre) ImportPeople(ctx context.Context, data []byte) (int, error) {
	people, err := c.readPeople(data)
	if err != nil {
		return 0, fmt.Errorf("importing people: %w", err)
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		for _, p := range people {
			if err := t.PutPerson(p, c.now()); err != nil {
				return err
			}
		}
		return t.Audit(c.now(), "people-imported", actor(ctx), "register", fmt.Sprint(len(people)))
	})
	if err != nil {
		return 0, fmt.Errorf("importing people: %w", err)
	}
	return len(people), nil
}

func (c *Centre) readPeople(data []byte) ([]ledger.Person, error) {
	var people []ledger.Person
	if data = bytes.TrimSpace(data); len(data) > 0 && data[0] == '{' {
		var in struct {
			People []ledger.Person `json:"people"`
		}
		if err := json.Unmarshal(data, &in); err != nil {
			return nil, refuse(api.ErrorCodeBadRequest, "reading the file: %v", err)
		}
		people = in.People
	} else if err := json.Unmarshal(data, &people); err != nil {
		return nil, refuse(api.ErrorCodeBadRequest, "reading the file: %v", err)
	}
	for i, p := range people {
		if err := c.checkIIN(p.IIN); err != nil {
			return nil, refuse(api.ErrorCodeBadRequest, "person %d: %v", i+1, err)
		}
		if strings.TrimSpace(p.Surname+p.Given) == "" {
			return nil, refuse(api.ErrorCodeBadRequest, "person %d has no name", i+1)
		}
	}
	return people, nil
}

// lookUp asks the register for a device; asked and answered stand in the audit log.
func (c *Centre) lookUp(ctx context.Context, d ledger.Device, iin string) (ledger.Person, error) {
	if err := c.checkIIN(iin); err != nil {
		return ledger.Person{}, refuse(api.ErrorCodeBadRequest, "the IIN is not valid")
	}
	var p ledger.Person
	var missing error
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		var err error
		p, err = t.Person(iin)
		answer := "found"
		if errors.Is(err, ledger.ErrNotFound) {
			answer, missing, err = "not found", refuse(api.ErrorCodeNotFound, "the register has no such person"), nil
		}
		if err != nil {
			return err
		}
		return t.Audit(c.now(), "person-looked-up", "device:"+d.Prefix, "iin:"+iin, answer)
	})
	if err != nil {
		return ledger.Person{}, err
	}
	return p, missing
}

// testIINs are the national authority's own, whose check digits are wrong. This authority is a sandbox by its name.
var testIINs = []string{"123456789011", "123456789012"}

// checkIIN is the hard check of an IIN.
func (c *Centre) checkIIN(iin string) error { return registry.CheckIIN(iin, testIINs...) }

// sameName compares names as registers write them: case and spacing do not matter.
func sameName(a registry.Name, b ledger.Person) bool {
	return plain(a.Surname) == plain(b.Surname) && plain(a.Given) == plain(b.Given) && plain(a.Patronymic) == plain(b.Patronymic)
}

func plain(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), " ")) }

// fullName joins the parts that are there.
func fullName(parts ...string) string {
	return strings.Join(strings.Fields(strings.Join(parts, " ")), " ")
}
