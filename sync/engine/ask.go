package engine

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Device is what the centre calls this kiosk.
type Device struct {
	Name   string
	Prefix string // of the application numbers it may give
	Centre registry.Words
	Code   string // of the registration centre it stands in
	Time   time.Time
}

// Device asks who this kiosk is, and the centre's time.
func (l *Line) Device(ctx context.Context) (Device, error) {
	r, err := l.rest.GetDeviceWithResponse(ctx)
	if err != nil {
		return Device{}, explain(ctx, err)
	}
	d, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return Device{}, err
	}
	if !registry.ValidPrefix(d.Prefix) {
		return Device{}, garbage("the prefix for numbers is not one")
	}
	return Device{Name: d.Name, Prefix: d.Prefix, Centre: registry.Words{KK: d.Centre.Name.Kk, RU: d.Centre.Name.Ru, EN: d.Centre.Name.En}, Code: d.Centre.Code, Time: d.Time}, nil
}

// Time asks for the centre's clock.
func (l *Line) Time(ctx context.Context) (time.Time, error) {
	d, err := l.Device(ctx)
	return d.Time, err
}

// Heartbeat says that the kiosk lives, how many applications wait in it, and what its clock says. It gives the version
// of the centre's directory and the centre's time.
func (l *Line) Heartbeat(ctx context.Context, pending int, version string, now time.Time) (directory string, centre time.Time, err error) {
	r, err := l.rest.HeartbeatWithResponse(ctx, api.Heartbeat{Pending: pending, Version: version, Time: now.UTC()})
	if err != nil {
		return "", time.Time{}, explain(ctx, err)
	}
	a, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return a.DirectoryVersion, a.Time, err
}

// Directory asks for the centre's directory, checked.
func (l *Line) Directory(ctx context.Context) (*registry.Directory, error) {
	r, err := l.rest.GetDirectoryWithResponse(ctx)
	if err != nil {
		return nil, explain(ctx, err)
	}
	data, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return nil, err
	}
	d, err := registry.ParseDirectory(data)
	if err != nil {
		return nil, garbage("%w", err)
	}
	return d, nil
}

// Lookup asks the register for the name of an IIN; *api.Error not_found when it has none.
func (l *Line) Lookup(ctx context.Context, iin string) (registry.Name, error) {
	r, err := l.rest.LookupPersonWithResponse(ctx, api.PersonQuery{Iin: iin})
	if err != nil {
		return registry.Name{}, explain(ctx, err)
	}
	p, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return registry.Name{}, err
	}
	if p.Iin != iin {
		return registry.Name{}, garbage("the register's answer is about another number")
	}
	return registry.Name{Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic}, nil
}

// Status asks how an application stands: a word; *api.Error not_found.
func (l *Line) Status(ctx context.Context, number string) (registry.Status, error) {
	r, err := l.rest.GetApplicationWithResponse(ctx, number)
	if err != nil {
		return "", explain(ctx, err)
	}
	return l.status(judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err))
}

// KeyStatus asks which application a public key belongs to (SHA-256 over its SubjectPublicKeyInfo, lower-case hex), and how it stands.
func (l *Line) KeyStatus(ctx context.Context, spkiSHA256 string) (number string, status registry.Status, err error) {
	r, err := l.rest.GetKeyWithResponse(ctx, spkiSHA256)
	if err != nil {
		return "", "", explain(ctx, err)
	}
	a, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	status, err = l.status(a, err)
	return a.Number, status, err
}

func (l *Line) status(a api.ApplicationStatus, err error) (registry.Status, error) {
	if err != nil {
		return "", err
	}
	if s := registry.Status(a.Status); s.Known() {
		return s, nil
	}
	return "", garbage("the status is none of the contract's")
}

// SealKey asks for the key to what lies sealed on the citizen's stick: given once the certificates are issued.
func (l *Line) SealKey(ctx context.Context, number string) ([]byte, error) {
	r, err := l.rest.GetSealWithResponse(ctx, number)
	if err != nil {
		return nil, explain(ctx, err)
	}
	s, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return s.SealKey, err
}

// File hands an application in, with the citizen's signature over it where there is one. The same bytes may be handed in again.
func (l *Line) File(ctx context.Context, number string, document, sealKey, signature []byte) (registry.Status, error) {
	filing := api.Filing{Document: document}
	if signature != nil {
		filing.Signature = &signature
	}
	if sealKey != nil {
		filing.SealKey = &sealKey
	}
	r, err := l.rest.PutApplicationWithResponse(ctx, number, filing)
	if err != nil {
		return "", explain(ctx, err)
	}
	return l.status(judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err))
}

// Installed reports that the certificates (serial numbers, hex) lie on the citizen's medium. May be said again.
func (l *Line) Installed(ctx context.Context, number string, at time.Time, serials []string) (registry.Status, error) {
	r, err := l.rest.MarkInstalledWithResponse(ctx, number, api.Installation{At: at.UTC(), Certificates: serials})
	if err != nil {
		return "", explain(ctx, err)
	}
	return l.status(judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err))
}

// Transaction asks what became of a CMP transaction: its state ("waiting", "issued", "confirmed", "refused",
// "rejected"), and the certificate (DER) where there is one.
func (l *Line) Transaction(ctx context.Context, id []byte) (state string, certificate []byte, err error) {
	r, err := l.rest.GetTransactionWithResponse(ctx, hex.EncodeToString(id))
	if err != nil {
		return "", nil, explain(ctx, err)
	}
	t, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return "", nil, err
	}
	if !t.State.Valid() {
		return "", nil, garbage("the transaction's state is none of the contract's")
	}
	if t.Certificate != nil {
		certificate = *t.Certificate
	}
	return string(t.State), certificate, nil
}
