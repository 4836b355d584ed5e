//go:build cgo

package terminal

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/enrol"
)

// enrolments are enrolment's errors as app knows them.
var enrolments = []struct{ from, to error }{
	{enrol.ErrWrongSecret, app.ErrSecret}, {enrol.ErrSpent, app.ErrSecretSpent}, {enrol.ErrVoid, app.ErrSecretSpent},
	{errNotSandbox, app.ErrCentreReal}, {enrol.ErrUnreachable, app.ErrLineDown}, {enrol.ErrGarbage, app.ErrGarbage}, {enrol.ErrIdentity, app.ErrCentreForeign},
	{enrol.ErrClock, app.ErrCentreExpired}, {enrol.ErrRefused, app.ErrCentreConflict}, {enrol.ErrCertificate, app.ErrCentreForeign},
}

// Enrol brings the terminal to its centre: device certificate by CMP, then what the centre calls it, its prefix and the
// directory. What came of it is on disk before it returns; device.json last, so that a broken attempt leaves a terminal
// that is not enrolled.
func (t *Terminal) Enrol(ctx context.Context, e app.Enrolment) (*app.Joined, error) {
	if t.store == nil {
		return nil, app.ErrDatabase
	}
	made, err := enrol.Enrol(ctx, enrol.Options{Centre: e.Centre, Reference: e.Reference, Secret: []byte(e.Secret), Accept: accepted})
	if err != nil {
		for _, known := range enrolments {
			if errors.Is(err, known.from) {
				return nil, fmt.Errorf("%w: %w", known.to, err)
			}
		}
		return nil, err
	}
	id := &identity{key: made.Key, chain: append([]*x509.Certificate{made.Certificate}, made.Chain...), root: made.Root}
	link, err := engine.Connect(engine.Connection{Centre: e.Centre, Certificate: made.Certificate, Chain: made.Chain, Key: made.Key, Root: made.Root})
	if err != nil {
		return nil, err
	}
	defer link.Close()
	told, err := link.Device(ctx)
	if err != nil {
		return nil, said(err)
	}
	d := Device{
		Name: told.Name, Prefix: told.Prefix, Centre: e.Centre, Names: map[string]string{"kk": told.Centre.KK, "ru": told.Centre.RU, "en": told.Centre.EN},
		Display: e.Display, Languages: e.Languages, JoinedAt: time.Now().UTC().Truncate(time.Second), Edition: edition,
	}
	err = t.folder.keep(d, made.Key, id.chain, made.Root)
	if err != nil {
		return nil, err
	}
	t.device = &d
	t.joined, err = t.join(d, id)
	return t.joined, err
}
