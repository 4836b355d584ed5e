package ledger

import (
	"fmt"
	"time"
)

// Device is a kiosk the centre knows. Prefix names it for ever and begins the numbers it gives.
type Device struct {
	Prefix, Name, Centre, Reference string
	Secret                          []byte // sealed; nil once spent
	SecretExpiresAt                 time.Time
	BadMACs                         int
	CreatedAt, EnrolledAt           time.Time
	RevokedAt, SeenAt               time.Time
	Pending                         int
	Version                         string
}

const deviceColumns = "prefix, name, centre, reference, secret, secret_expires_at, bad_macs, created_at, enrolled_at, revoked_at, seen_at, pending, version"

func scanDevice(s scanner) (Device, error) {
	var d Device
	var expires, created, enrolled, revoked, seen int64
	err := s.Scan(&d.Prefix, &d.Name, &d.Centre, &d.Reference, &d.Secret, &expires, &d.BadMACs, &created, &enrolled, &revoked, &seen, &d.Pending, &d.Version)
	d.SecretExpiresAt, d.CreatedAt, d.EnrolledAt, d.RevokedAt, d.SeenAt = moment(expires), moment(created), moment(enrolled), moment(revoked), moment(seen)
	return d, found(err)
}

// AddDevice writes a device that is not yet enrolled.
func (t *Tx) AddDevice(d Device) error {
	_, err := t.exec("INSERT INTO devices (prefix, name, centre, reference, secret, secret_expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		d.Prefix, d.Name, d.Centre, d.Reference, d.Secret, millis(d.SecretExpiresAt), millis(d.CreatedAt))
	if err != nil {
		return fmt.Errorf("adding a device: %w", err)
	}
	return nil
}

// Device finds a device by its prefix.
func (t *Tx) Device(prefix string) (Device, error) {
	return scanDevice(t.row("SELECT "+deviceColumns+" FROM devices WHERE prefix = ?", prefix))
}

// DeviceByReference finds a device by the reference of its enrolment.
func (t *Tx) DeviceByReference(reference string) (Device, error) {
	return scanDevice(t.row("SELECT "+deviceColumns+" FROM devices WHERE reference = ?", reference))
}

// Devices lists all devices by prefix.
func (t *Tx) Devices() ([]Device, error) {
	rows, err := t.rows("SELECT " + deviceColumns + " FROM devices ORDER BY prefix")
	return collect(rows, err, scanDevice)
}

// CountBadMAC notes a request whose MAC was wrong and returns how many there were.
func (t *Tx) CountBadMAC(prefix string) (int, error) {
	var n int
	err := t.row("UPDATE devices SET bad_macs = bad_macs + 1 WHERE prefix = ? RETURNING bad_macs", prefix).Scan(&n)
	return n, found(err)
}

// SpendSecret ends the enrolment secret: the device has its certificate.
func (t *Tx) SpendSecret(prefix string, at time.Time) error {
	return t.change("spending an enrolment secret", "UPDATE devices SET secret = NULL, enrolled_at = ? WHERE prefix = ?", millis(at), prefix)
}

// RevokeDevice shuts a device out for ever.
func (t *Tx) RevokeDevice(prefix string, at time.Time) error {
	return t.change("revoking a device", "UPDATE devices SET revoked_at = ?, secret = NULL WHERE prefix = ? AND revoked_at = 0", millis(at), prefix)
}

// Heard notes a heartbeat.
func (t *Tx) Heard(prefix string, at time.Time, pending int, version string) error {
	return t.change("noting a heartbeat", "UPDATE devices SET seen_at = ?, pending = ?, version = ? WHERE prefix = ?", millis(at), pending, version, prefix)
}

// Next raises a counter and returns its new value, at least least. A counter never goes back.
func (t *Tx) Next(counter string, least int64) (int64, error) {
	var v int64
	err := t.row("INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = CASE WHEN counters.value + 1 > excluded.value THEN counters.value + 1 ELSE excluded.value END RETURNING value",
		counter, least).Scan(&v)
	if err != nil {
		return 0, fmt.Errorf("raising the counter %s: %w", counter, err)
	}
	return v, nil
}

// Setting reads a named value.
func (t *Tx) Setting(name string) ([]byte, error) {
	var v []byte
	return v, found(t.row("SELECT value FROM settings WHERE name = ?", name).Scan(&v))
}

// PutSetting writes a named value.
func (t *Tx) PutSetting(name string, value []byte) error {
	_, err := t.exec("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	if err != nil {
		return fmt.Errorf("writing the setting %s: %w", name, err)
	}
	return nil
}
