package ledger

import (
	"fmt"
	"strings"
	"time"
)

// State is where an application stands. Filed means that not every key has been asked a certificate for.
type State string

// The states of an application, in the order of a life that goes well.
const (
	Filed     State = "filed"
	Waiting   State = "waiting"
	Confirmed State = "confirmed"
	Rejected  State = "rejected"
	Expired   State = "expired"
	Issued    State = "issued"
	Installed State = "installed"
)

// Application is an application as the centre keeps it. Document holds its exact bytes; Name is what those say. Signature is
// the citizen's over them, Signer the serial number of his certificate; both are empty where he signed nothing. About is
// what an application of its kind is not made twice for.
type Application struct {
	Number, Origin, Device, Centre, Kind, IIN, Name string
	Document                                        []byte
	SHA256                                          string
	SealKey                                         []byte // sealed
	State                                           State
	NameDiffers                                     bool
	CreatedAt, FiledAt, ExpiresAt                   time.Time
	DecidedAt                                       time.Time
	DecidedBy, Reason                               string
	Decision, DecisionSignature                     []byte
	IssuedAt, InstalledAt                           time.Time
	LockedBy                                        string
	LockedUntil                                     time.Time
	Signature                                       []byte
	Signer                                          string
	SignedAt                                        time.Time
	Storage, About                                  string
}

const applicationColumns = "number, origin, device, centre, kind, iin, name, document, sha256, seal_key, state, name_differs, created_at, filed_at, expires_at, decided_at, decided_by, reason, decision, decision_signature, issued_at, installed_at, locked_by, locked_until, signature, signer, signed_at, storage, about"

func scanApplication(s scanner) (Application, error) {
	var a Application
	var differs int64
	var created, filed, expires, decided, issued, installed, locked, signed int64
	err := s.Scan(&a.Number, &a.Origin, &a.Device, &a.Centre, &a.Kind, &a.IIN, &a.Name, &a.Document, &a.SHA256, &a.SealKey, &a.State, &differs,
		&created, &filed, &expires, &decided, &a.DecidedBy, &a.Reason, &a.Decision, &a.DecisionSignature, &issued, &installed, &a.LockedBy, &locked,
		&a.Signature, &a.Signer, &signed, &a.Storage, &a.About)
	a.NameDiffers = differs != 0
	a.CreatedAt, a.FiledAt, a.ExpiresAt, a.DecidedAt = moment(created), moment(filed), moment(expires), moment(decided)
	a.IssuedAt, a.InstalledAt, a.LockedUntil, a.SignedAt = moment(issued), moment(installed), moment(locked), moment(signed)
	return a, found(err)
}

// AddApplication writes a new application. search is what staff may look for besides its number.
func (t *Tx) AddApplication(a Application, search string) error {
	differs := 0
	if a.NameDiffers {
		differs = 1
	}
	_, err := t.exec("INSERT INTO applications (number, origin, device, centre, kind, iin, name, search, document, sha256, seal_key, state, name_differs, created_at, filed_at, expires_at, signature, signer, signed_at, storage, about) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		a.Number, a.Origin, a.Device, a.Centre, a.Kind, a.IIN, a.Name, strings.ToLower(search), a.Document, a.SHA256, a.SealKey, string(a.State), differs,
		millis(a.CreatedAt), millis(a.FiledAt), millis(a.ExpiresAt), a.Signature, a.Signer, millis(a.SignedAt), a.Storage, a.About)
	if err != nil {
		return fmt.Errorf("adding an application: %w", err)
	}
	return nil
}

// Application finds an application by number.
func (t *Tx) Application(number string) (Application, error) {
	return scanApplication(t.row("SELECT "+applicationColumns+" FROM applications WHERE number = ?", number))
}

// Search is what of the queue is wanted; an empty field wants all.
type Search struct {
	Centre string
	Text   string // number, IIN or part of a name
	IIN    string
	Kind   string
	About  string
	States []State
	Since  time.Time // filed or decided then or later
	Until  time.Time // filed or decided before
	Limit  int
}

// Applications lists applications, newest first.
func (t *Tx) Applications(s Search) ([]Application, error) {
	query, args := "SELECT "+applicationColumns+" FROM applications WHERE 1 = 1", []any{}
	if s.Centre != "" {
		query, args = query+" AND centre = ?", append(args, s.Centre)
	}
	for column, value := range map[string]string{"iin": s.IIN, "kind": s.Kind, "about": s.About} {
		if value != "" {
			query, args = query+" AND "+column+" = ?", append(args, value)
		}
	}
	if !s.Until.IsZero() {
		query += " AND ((filed_at >= ? AND filed_at < ?) OR (decided_at >= ? AND decided_at < ?))"
		args = append(args, millis(s.Since), millis(s.Until), millis(s.Since), millis(s.Until))
	}
	if text := strings.ToLower(strings.TrimSpace(s.Text)); text != "" {
		like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
		plain := strings.ReplaceAll(text, " ", "")
		query, args = query+` AND (number = ? OR iin = ? OR search LIKE ? ESCAPE '\')`, append(args, plain, plain, "%"+like+"%")
	}
	if len(s.States) > 0 {
		query += " AND state IN (?" + strings.Repeat(", ?", len(s.States)-1) + ")"
		for _, state := range s.States {
			args = append(args, string(state))
		}
	}
	query += " ORDER BY filed_at DESC, number DESC"
	if s.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, s.Limit)
	}
	rows, err := t.rows(query, args...)
	return collect(rows, err, scanApplication)
}

// Unfinished lists the numbers of applications that staff or the citizen confirmed and whose certificates are not all issued.
func (t *Tx) Unfinished() ([]string, error) {
	rows, err := t.rows("SELECT number FROM applications WHERE state = ? AND kind <> 'revocation' ORDER BY number", string(Confirmed))
	return collect(rows, err, scanText)
}

// Overdue lists the numbers of applications nobody decided in time.
func (t *Tx) Overdue(now time.Time, limit int) ([]string, error) {
	rows, err := t.rows("SELECT number FROM applications WHERE state IN (?, ?) AND expires_at <= ? ORDER BY number LIMIT ?",
		string(Filed), string(Waiting), millis(now), limit)
	return collect(rows, err, scanText)
}

func scanText(s scanner) (string, error) {
	var text string
	return text, s.Scan(&text)
}

// SetState moves an application on, if it still stands where the caller saw it.
func (t *Tx) SetState(number string, from, to State) error {
	return t.change("moving an application on", "UPDATE applications SET state = ? WHERE number = ? AND state = ?", string(to), number, string(from))
}

// Decide writes a decision and moves the application on.
func (t *Tx) Decide(number string, from, to State, at time.Time, by, reason string, decision, signature []byte) error {
	return t.change("writing a decision",
		"UPDATE applications SET state = ?, decided_at = ?, decided_by = ?, reason = ?, decision = ?, decision_signature = ?, locked_by = '', locked_until = 0 WHERE number = ? AND state = ?",
		string(to), millis(at), by, reason, decision, signature, number, string(from))
}

// MarkIssued notes that every certificate of a confirmed application is issued.
func (t *Tx) MarkIssued(number string, at time.Time) error {
	return t.change("noting issuance", "UPDATE applications SET state = ?, issued_at = ? WHERE number = ? AND state = ?",
		string(Issued), millis(at), number, string(Confirmed))
}

// MarkInstalled notes that the certificates lie on the citizen's medium.
func (t *Tx) MarkInstalled(number string, at time.Time) error {
	return t.change("noting installation", "UPDATE applications SET state = ?, installed_at = ? WHERE number = ? AND state = ?",
		string(Installed), millis(at), number, string(Issued))
}

// Lock gives an application to an operator until a time, unless another holds it; ErrNotFound when another does.
func (t *Tx) Lock(number, operator string, now, until time.Time) error {
	return t.change("locking an application",
		"UPDATE applications SET locked_by = ?, locked_until = ? WHERE number = ? AND (locked_by = '' OR locked_by = ? OR locked_until <= ?)",
		operator, millis(until), number, operator, millis(now))
}

// Unlock lets go of an operator's lock; number "" of all of them.
func (t *Tx) Unlock(number, operator string) error {
	query, args := "UPDATE applications SET locked_by = '', locked_until = 0 WHERE locked_by = ?", []any{operator}
	if number != "" {
		query, args = query+" AND number = ?", append(args, number)
	}
	_, err := t.exec(query, args...)
	return err
}

// Key is one key an application names. Its certificate, where there is one, is named by number and ordinal.
type Key struct {
	Number        string
	Ordinal       int
	Template      string
	TransactionID string
	SPKISHA256    string
}

const keyColumns = "number, ordinal, template, transaction_id, spki_sha256"

func scanKey(s scanner) (Key, error) {
	var k Key
	return k, found(s.Scan(&k.Number, &k.Ordinal, &k.Template, &k.TransactionID, &k.SPKISHA256))
}

// AddKey writes a key of an application.
func (t *Tx) AddKey(k Key) error {
	_, err := t.exec("INSERT INTO application_keys ("+keyColumns+") VALUES (?, ?, ?, ?, ?)", k.Number, k.Ordinal, k.Template, k.TransactionID, k.SPKISHA256)
	if err != nil {
		return fmt.Errorf("adding a key: %w", err)
	}
	return nil
}

// Keys lists the keys of an application.
func (t *Tx) Keys(number string) ([]Key, error) {
	rows, err := t.rows("SELECT "+keyColumns+" FROM application_keys WHERE number = ? ORDER BY ordinal", number)
	return collect(rows, err, scanKey)
}

// KeyByTransaction finds the key an application announced for a CMP transaction.
func (t *Tx) KeyByTransaction(id string) (Key, error) {
	return scanKey(t.row("SELECT "+keyColumns+" FROM application_keys WHERE transaction_id = ?", id))
}

// KeysBySPKI lists where a public key stands, the newest application first.
func (t *Tx) KeysBySPKI(sha256 string) ([]Key, error) {
	rows, err := t.rows("SELECT k.number, k.ordinal, k.template, k.transaction_id, k.spki_sha256 FROM application_keys k JOIN applications a ON a.number = k.number WHERE k.spki_sha256 = ? ORDER BY a.filed_at DESC, a.number DESC", sha256)
	return collect(rows, err, scanKey)
}

// CountDay counts what became of a centre's applications between two times: certificates issued and revoked, applications
// installed.
func (t *Tx) CountDay(centre string, since, until time.Time) (issued, revoked, installed int, err error) {
	const from = " FROM certificates AS c JOIN applications AS a ON a.number = c.number WHERE c.kind = 'citizen' AND a.centre = ? AND "
	if err = t.row("SELECT COUNT(*)"+from+"c.issued_at >= ? AND c.issued_at < ?", centre, millis(since), millis(until)).Scan(&issued); err != nil {
		return 0, 0, 0, err
	}
	if err = t.row("SELECT COUNT(*)"+from+"c.revoked_at >= ? AND c.revoked_at < ?", centre, millis(since), millis(until)).Scan(&revoked); err != nil {
		return 0, 0, 0, err
	}
	err = t.row("SELECT COUNT(*) FROM applications WHERE centre = ? AND kind <> 'revocation' AND installed_at >= ? AND installed_at < ?", centre, millis(since), millis(until)).Scan(&installed)
	return issued, revoked, installed, err
}
