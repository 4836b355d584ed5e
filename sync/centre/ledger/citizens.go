package ledger

import (
	"fmt"
	"time"
)

// CitizenSession is a citizen signed in on a device; SHA256 is the hash of its token, Serial the certificate he signed in with.
type CitizenSession struct {
	SHA256, IIN, Device, Serial string
	CreatedAt, UsedAt           time.Time
}

// AddCitizenSession signs a citizen in.
func (t *Tx) AddCitizenSession(s CitizenSession) error {
	_, err := t.exec("INSERT INTO citizen_sessions (sha256, iin, device, serial, created_at, used_at) VALUES (?, ?, ?, ?, ?, ?)",
		s.SHA256, s.IIN, s.Device, s.Serial, millis(s.CreatedAt), millis(s.UsedAt))
	if err != nil {
		return fmt.Errorf("signing a citizen in: %w", err)
	}
	return nil
}

// CitizenSession finds a session by the hash of its token.
func (t *Tx) CitizenSession(sha256 string) (CitizenSession, error) {
	var s CitizenSession
	var created, used int64
	err := t.row("SELECT sha256, iin, device, serial, created_at, used_at FROM citizen_sessions WHERE sha256 = ?", sha256).
		Scan(&s.SHA256, &s.IIN, &s.Device, &s.Serial, &created, &used)
	s.CreatedAt, s.UsedAt = moment(created), moment(used)
	return s, found(err)
}

// UseCitizenSession notes that a session is not idle.
func (t *Tx) UseCitizenSession(sha256 string, at time.Time) error {
	return t.change("using a citizen's session", "UPDATE citizen_sessions SET used_at = ? WHERE sha256 = ?", millis(at), sha256)
}

// EndCitizenSession forgets a session; ErrNotFound when there is none.
func (t *Tx) EndCitizenSession(sha256 string) error {
	return t.change("signing a citizen out", "DELETE FROM citizen_sessions WHERE sha256 = ?", sha256)
}

// EndSessionsOfKey forgets sessions that a certificate opened, but on one device.
func (t *Tx) EndSessionsOfKey(serial, butOn string) error {
	_, err := t.exec("DELETE FROM citizen_sessions WHERE serial = ? AND device <> ?", serial, butOn)
	return err
}

// EndOldCitizenSessions forgets sessions unused since idle or opened before old.
func (t *Tx) EndOldCitizenSessions(idle, old time.Time) error {
	_, err := t.exec("DELETE FROM citizen_sessions WHERE used_at < ? OR created_at < ?", millis(idle), millis(old))
	return err
}

// WebApplication is what a citizen asked for on the web and has to confirm.
type WebApplication struct {
	Number, IIN                string
	Surname, Given, Patronymic string
	Kind, Email                string
	Region, Locality           string
	Storage, Set               string
	FiledAt, ExpiresAt         time.Time
}

const webColumns = "number, iin, surname, given, patronymic, kind, email, region, locality, storage, key_set, filed_at, expires_at"

func scanWeb(s scanner) (WebApplication, error) {
	var w WebApplication
	var filed, expires int64
	err := s.Scan(&w.Number, &w.IIN, &w.Surname, &w.Given, &w.Patronymic, &w.Kind, &w.Email, &w.Region, &w.Locality, &w.Storage, &w.Set, &filed, &expires)
	w.FiledAt, w.ExpiresAt = moment(filed), moment(expires)
	return w, found(err)
}

// AddWebApplication writes what was filed on the web.
func (t *Tx) AddWebApplication(w WebApplication) error {
	_, err := t.exec("INSERT INTO web_applications ("+webColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		w.Number, w.IIN, w.Surname, w.Given, w.Patronymic, w.Kind, w.Email, w.Region, w.Locality, w.Storage, w.Set, millis(w.FiledAt), millis(w.ExpiresAt))
	if err != nil {
		return fmt.Errorf("adding an application from the web: %w", err)
	}
	return nil
}

// WebApplication finds what was filed on the web by number.
func (t *Tx) WebApplication(number string) (WebApplication, error) {
	return scanWeb(t.row("SELECT "+webColumns+" FROM web_applications WHERE number = ?", number))
}

// WebApplicationsOf lists what a person filed on the web, newest first.
func (t *Tx) WebApplicationsOf(iin string, limit int) ([]WebApplication, error) {
	rows, err := t.rows("SELECT "+webColumns+" FROM web_applications WHERE iin = ? ORDER BY filed_at DESC, number DESC LIMIT ?", iin, limit)
	return collect(rows, err, scanWeb)
}

// System is an information system and the person who registered it.
type System struct {
	OID, IIN   string
	KK, RU, EN string
	CreatedAt  time.Time
}

const systemColumns = "oid, iin, name_kk, name_ru, name_en, created_at"

func scanSystem(s scanner) (System, error) {
	var y System
	var created int64
	err := s.Scan(&y.OID, &y.IIN, &y.KK, &y.RU, &y.EN, &created)
	y.CreatedAt = moment(created)
	return y, found(err)
}

// PutSystem registers an information system, over what was registered under its object identifier.
func (t *Tx) PutSystem(y System) error {
	_, err := t.exec("INSERT INTO information_systems ("+systemColumns+") VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (oid) DO UPDATE SET iin = excluded.iin, name_kk = excluded.name_kk, name_ru = excluded.name_ru, name_en = excluded.name_en",
		y.OID, y.IIN, y.KK, y.RU, y.EN, millis(y.CreatedAt))
	if err != nil {
		return fmt.Errorf("registering an information system: %w", err)
	}
	return nil
}

// System finds an information system by its object identifier.
func (t *Tx) System(oid string) (System, error) {
	return scanSystem(t.row("SELECT "+systemColumns+" FROM information_systems WHERE oid = ?", oid))
}

// Systems lists information systems; iin "" lists everybody's.
func (t *Tx) Systems(iin string) ([]System, error) {
	rows, err := t.rows("SELECT "+systemColumns+" FROM information_systems WHERE iin = ? OR ? = '' ORDER BY oid", iin, iin)
	return collect(rows, err, scanSystem)
}
