package ledger

import (
	"fmt"
	"strings"
	"time"
)

// Person is a row of the register of people.
type Person struct {
	IIN        string `json:"iin"`
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic"`
	// NonResident: he is no resident, and stands in no register of mobile citizens. Phone is his number there.
	NonResident bool   `json:"non_resident"`
	Phone       string `json:"phone"`
}

const personColumns = "iin, surname, given, patronymic, non_resident, phone"

func scanPerson(s scanner) (Person, error) {
	var p Person
	var foreign int64
	err := s.Scan(&p.IIN, &p.Surname, &p.Given, &p.Patronymic, &foreign, &p.Phone)
	p.NonResident = foreign != 0
	return p, found(err)
}

// searchOf is what a person is found by: SQLite knows no lower case of Cyrillic letters.
func searchOf(p Person) string {
	return strings.ToLower(strings.Join(strings.Fields(p.Surname+" "+p.Given+" "+p.Patronymic), " "))
}

// PutPerson writes a person, over what the register had.
func (t *Tx) PutPerson(p Person, at time.Time) error {
	foreign := 0
	if p.NonResident {
		foreign = 1
	}
	_, err := t.exec("INSERT INTO people (iin, surname, given, patronymic, non_resident, phone, search, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (iin) DO UPDATE SET surname = excluded.surname, given = excluded.given, patronymic = excluded.patronymic, non_resident = excluded.non_resident, phone = excluded.phone, search = excluded.search, updated_at = excluded.updated_at",
		p.IIN, p.Surname, p.Given, p.Patronymic, foreign, p.Phone, searchOf(p), millis(at))
	if err != nil {
		return fmt.Errorf("writing a person: %w", err)
	}
	return nil
}

// Person finds a person by IIN.
func (t *Tx) Person(iin string) (Person, error) {
	return scanPerson(t.row("SELECT "+personColumns+" FROM people WHERE iin = ?", iin))
}

// People finds people by IIN or part of a name, by name.
func (t *Tx) People(text string, limit int) ([]Person, error) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
	rows, err := t.rows("SELECT "+personColumns+` FROM people WHERE iin = ? OR search LIKE ? ESCAPE '\' ORDER BY search, iin LIMIT ?`,
		strings.ReplaceAll(text, " ", ""), "%"+like+"%", limit)
	return collect(rows, err, scanPerson)
}

// IndexPeople makes people findable who were written by a program that did not search for them, and says how many.
func (t *Tx) IndexPeople() (int, error) {
	rows, err := t.rows("SELECT " + personColumns + " FROM people WHERE search = ''")
	all, err := collect(rows, err, scanPerson)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		if err := t.change("indexing a person", "UPDATE people SET search = ? WHERE iin = ?", searchOf(p), p.IIN); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

// Profile is what a person set for himself.
type Profile struct {
	IIN, Email string
	Notices    bool
	UpdatedAt  time.Time
}

// Profile finds a person's profile.
func (t *Tx) Profile(iin string) (Profile, error) {
	var p Profile
	var notices, updated int64
	err := t.row("SELECT iin, email, notices, updated_at FROM profiles WHERE iin = ?", iin).Scan(&p.IIN, &p.Email, &notices, &updated)
	p.Notices, p.UpdatedAt = notices != 0, moment(updated)
	return p, found(err)
}

// PutProfile writes a person's profile.
func (t *Tx) PutProfile(p Profile) error {
	notices := 0
	if p.Notices {
		notices = 1
	}
	_, err := t.exec("INSERT INTO profiles (iin, email, notices, updated_at) VALUES (?, ?, ?, ?) ON CONFLICT (iin) DO UPDATE SET email = excluded.email, notices = excluded.notices, updated_at = excluded.updated_at",
		p.IIN, p.Email, notices, millis(p.UpdatedAt))
	if err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	return nil
}
