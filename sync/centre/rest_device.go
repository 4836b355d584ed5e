package centre

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

func (c *Centre) restDevice(ctx context.Context, who caller, _ *http.Request, _ none) (api.Device, error) {
	centre, err := c.centreNamed(ctx, who.device.Centre)
	return api.Device{Name: who.device.Name, Prefix: who.device.Prefix, Centre: centre, Time: c.now().UTC()}, err
}

func (c *Centre) restHeartbeat(ctx context.Context, who caller, _ *http.Request, in api.Heartbeat) (api.HeartbeatAnswer, error) {
	if in.Pending < 0 || len(in.Version) > 100 {
		return api.HeartbeatAnswer{}, refuse(api.ErrorCodeBadRequest, "pending or version is out of bounds")
	}
	directory, err := c.directory(ctx)
	if err != nil {
		return api.HeartbeatAnswer{}, err
	}
	now := c.now().UTC()
	err = c.db.Do(ctx, func(t *ledger.Tx) error { return t.Heard(who.device.Prefix, now, in.Pending, in.Version) })
	return api.HeartbeatAnswer{Time: now, DirectoryVersion: directory.Version}, err
}

func (c *Centre) restDirectory(ctx context.Context, _ caller, _ *http.Request, _ none) (api.Directory, error) {
	directory, err := c.directory(ctx)
	return directory.text, err
}

func (c *Centre) restLookup(ctx context.Context, who caller, _ *http.Request, in api.PersonQuery) (api.Person, error) {
	if err := c.within("people", c.rules.People, who.device); err != nil {
		return api.Person{}, err
	}
	if err := c.within("people-day", c.rules.PeopleDay, who.device); err != nil {
		return api.Person{}, err
	}
	p, err := c.lookUp(ctx, who.device, in.Iin)
	return personOut(p), err
}

func personOut(p ledger.Person) api.Person {
	return api.Person{Iin: p.IIN, Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic}
}

func (c *Centre) restFile(ctx context.Context, who caller, r *http.Request, in api.Filing) (api.ApplicationStatus, error) {
	if in.SealKey != nil && len(*in.SealKey) > 64 {
		return api.ApplicationStatus{}, refuse(api.ErrorCodeBadRequest, "a seal key has at most 64 octets")
	}
	number := r.PathValue("number")
	status, err := c.file(ctx, who.device, number, in)
	return api.ApplicationStatus{Number: number, Status: status}, err
}

func (c *Centre) restStatus(ctx context.Context, who caller, r *http.Request, _ none) (api.ApplicationStatus, error) {
	if err := c.within("status", c.rules.Status, who.device); err != nil {
		return api.ApplicationStatus{}, err
	}
	a, err := c.status(ctx, r.PathValue("number"))
	return api.ApplicationStatus{Number: a.Number, Status: c.wordFor(a)}, err
}

func (c *Centre) restSeal(ctx context.Context, who caller, r *http.Request, _ none) (api.Seal, error) {
	if err := c.within("status", c.rules.Status, who.device); err != nil {
		return api.Seal{}, err
	}
	key, err := c.sealKey(ctx, who.device, r.PathValue("number"))
	return api.Seal{SealKey: key}, err
}

func (c *Centre) restInstalled(ctx context.Context, who caller, r *http.Request, in api.Installation) (api.ApplicationStatus, error) {
	number := r.PathValue("number")
	state, err := c.install(ctx, who.device, number, in.At, in.Certificates)
	return api.ApplicationStatus{Number: number, Status: wordOf(state)}, err
}

func (c *Centre) restLetter(ctx context.Context, who caller, r *http.Request, in api.Letter) (none, error) {
	if err := c.within("letters", c.rules.Letters, who.device); err != nil {
		return none{}, err
	}
	l := registry.Letter{To: in.To, Language: string(in.Language), Subject: in.Subject, Text: in.Text, Name: in.Name, PDF: in.Pdf}
	return none{}, c.postLetter(ctx, who.device, r.PathValue("number"), l)
}

func (c *Centre) restKey(ctx context.Context, who caller, r *http.Request, _ none) (api.ApplicationStatus, error) {
	if err := c.within("status", c.rules.Status, who.device); err != nil {
		return api.ApplicationStatus{}, err
	}
	a, err := c.statusOfKey(ctx, strings.ToLower(r.PathValue("spki_sha256")))
	return api.ApplicationStatus{Number: a.Number, Status: c.wordFor(a)}, err
}

// restTransaction shows a device its own transactions only.
func (c *Centre) restTransaction(ctx context.Context, who caller, r *http.Request, _ none) (api.Transaction, error) {
	id := strings.ToLower(r.PathValue("id"))
	if _, err := hex.DecodeString(id); err != nil {
		return api.Transaction{}, refuse(api.ErrorCodeBadRequest, "the transaction's id is not hex")
	}
	var out api.Transaction
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		x, err := t.Transaction(id)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && x.Device != who.device.Prefix {
			return refuse(api.ErrorCodeNotFound, "this device has no such transaction")
		}
		if err != nil {
			return err
		}
		out = api.Transaction{Id: x.ID, Number: x.Number, Ordinal: x.Ordinal, State: api.TransactionState(x.State)}
		if x.Serial == "" || x.State != ledger.TransactionIssued && x.State != ledger.TransactionConfirmed {
			return nil
		}
		cert, err := t.Certificate(x.Serial)
		out.Certificate = &cert.DER
		return err
	})
	return out, err
}

func (c *Centre) restChallenge(ctx context.Context, who caller, _ *http.Request, _ none) (api.Challenge, error) {
	if err := c.within("challenges", c.rules.Challenges, who.device); err != nil {
		return api.Challenge{}, err
	}
	challenge, expires, err := c.newChallenge(ctx, who.device)
	return api.Challenge{Challenge: challenge, Expires: expires.UTC()}, err
}

// restCertificates lists a citizen's certificates to whoever signs with one of them.
func (c *Centre) restCertificates(ctx context.Context, who caller, _ *http.Request, in api.SignedChallenge) (api.CertificateList, error) {
	list := api.CertificateList{Items: []api.CertificateItem{}}
	rows, err := c.certificatesOf(ctx, who.device, in.Challenge, in.Signature)
	for _, row := range rows {
		status := api.CertificateItemStatusGood
		if !row.RevokedAt.IsZero() {
			status = api.CertificateItemStatusRevoked
		}
		list.Items = append(list.Items, api.CertificateItem{Serial: row.Serial, Template: row.Template, NotBefore: row.NotBefore, NotAfter: row.NotAfter,
			Status: status, IssuedAt: row.IssuedAt, Number: row.Number, Certificate: row.DER})
	}
	return list, err
}
