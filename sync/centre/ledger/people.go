package ledger

import (
	"fmt"
	"time"
)

// Person is a row of the register of people.
type Person struct {
	IIN        string `json:"iin"`
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic"`
}

// PutPerson writes a person, over what the register had.
func (t *Tx) PutPerson(p Person, at time.Time) error {
	_, err := t.exec("INSERT INTO people (iin, surname, given, patronymic, updated_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (iin) DO UPDATE SET surname = excluded.surname, given = excluded.given, patronymic = excluded.patronymic, updated_at = excluded.updated_at",
		p.IIN, p.Surname, p.Given, p.Patronymic, millis(at))
	if err != nil {
		return fmt.Errorf("writing a person: %w", err)
	}
	return nil
}

// Person finds a person by IIN.
func (t *Tx) Person(iin string) (Person, error) {
	var p Person
	err := t.row("SELECT iin, surname, given, patronymic FROM people WHERE iin = ?", iin).Scan(&p.IIN, &p.Surname, &p.Given, &p.Patronymic)
	return p, found(err)
}
