//go:build cgo

package terminal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/registry"
)

// store is storage as app wants it.
type store struct{ s *storage.Store }

// stored turns storage's errors into app's.
func stored(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return fmt.Errorf("%w: %w", app.ErrNoRecord, err)
	case errors.Is(err, storage.ErrFull):
		return fmt.Errorf("%w: %w", app.ErrDiskFull, err)
	case errors.Is(err, storage.ErrConflict):
		return fmt.Errorf("%w: %w", app.ErrConflict, err)
	case errors.Is(err, storage.ErrBusy):
		return fmt.Errorf("%w: %w", app.ErrBusy, err)
	case errors.Is(err, storage.ErrQueueFull):
		return fmt.Errorf("%w: %w", app.ErrQueueFull, err)
	case errors.Is(err, storage.ErrNumbersSpent):
		return fmt.Errorf("%w: %w", app.ErrNumbersSpent, err)
	}
	return fmt.Errorf("%w: %w", app.ErrDatabase, err)
}

func (a store) ReserveNumber(ctx context.Context, prefix string) (uint64, error) {
	n, err := a.s.ReserveNumber(ctx, prefix)
	return n, stored(err)
}

func (a store) Accept(ctx context.Context, in app.Acceptance) error {
	out := storage.Acceptance{Number: in.Number, IIN: in.IIN, Kind: string(in.Kind), Document: in.Document, Signature: in.Signature, SealKey: in.SealKey}
	if in.Kind == registry.KindNew && in.Signature == nil {
		out.Kind = "" // as before there were other kinds, so that the same acceptance is still the same
	}
	for _, k := range in.Keys {
		out.Keys = append(out.Keys, storage.AcceptedKey(k))
	}
	for _, r := range in.Revocations {
		out.Revocations = append(out.Revocations, storage.AcceptedRevocation(r))
	}
	return stored(a.s.Accept(ctx, out))
}

func (a store) Application(ctx context.Context, number string) (app.Record, error) {
	r, err := a.s.Application(ctx, number)
	return record(r), stored(err)
}

func (a store) ByMedium(ctx context.Context, serial string) ([]app.Record, error) {
	list, err := a.s.ByMedium(ctx, serial)
	var out []app.Record
	for _, r := range list {
		out = append(out, record(r))
	}
	return out, stored(err)
}

func record(r storage.Record) app.Record {
	out := app.Record{Number: r.Number, Status: registry.Status(r.Status), Kind: registry.Kind(r.Kind), Document: r.Document, Reason: r.Reason, SealKey: r.SealKey}
	if out.Kind == "" {
		out.Kind = registry.KindNew
	}
	for _, k := range r.Keys {
		out.Keys = append(out.Keys, app.RecordKey{Ordinal: k.Ordinal, Template: k.Template, SPKISHA256: k.SPKISHA256, Medium: k.Medium, KeyID: k.KeyID, Certificate: k.Certificate, Chain: k.Chain})
	}
	return out
}

// MarkInstalled takes the time from storage's own clock, which is the same one.
func (a store) MarkInstalled(ctx context.Context, number string, _ time.Time) error {
	return stored(a.s.MarkInstalled(ctx, number))
}

func (a store) Post(ctx context.Context, number string, l registry.Letter) error {
	letter, err := l.Encode()
	if err != nil {
		return err
	}
	err = a.s.Post(ctx, number, letter)
	if errors.Is(err, storage.ErrTooMany) {
		return fmt.Errorf("%w: %w", app.ErrTooManyLetters, err)
	}
	return stored(err)
}

func (a store) Adopt(ctx context.Context, in app.Adoption) error { return stored(a.s.Adopt(ctx, in)) }

func (a store) Begin(ctx context.Context, i app.Intent) (int64, error) {
	id, err := a.s.Begin(ctx, storage.Intent{Kind: storage.IntentKind(i.Kind), Medium: i.Medium, Number: i.Number, KeyID: i.KeyID})
	return id, stored(err)
}

func (a store) Finish(ctx context.Context, id int64, outcome string) error {
	return stored(a.s.Finish(ctx, id, storage.Outcome(outcome)))
}

func (a store) OpenIntents(ctx context.Context) ([]app.Intent, error) {
	list, err := a.s.OpenIntents(ctx)
	var out []app.Intent
	for _, i := range list {
		out = append(out, app.Intent{ID: i.ID, Kind: app.IntentKind(i.Kind), Medium: i.Medium, Number: i.Number, KeyID: i.KeyID})
	}
	return out, stored(err)
}

func (a store) Check(ctx context.Context) error { return stored(a.s.Check(ctx)) }

// sender is the engine as app wants it.
type sender struct{ e *engine.Engine }

func (s sender) State() app.LinkState {
	now := s.e.State()
	return app.LinkState{Online: now.Online, LastContact: now.LastContact, Pending: now.Pending, Problem: string(now.Problem)}
}

func (s sender) Watch() (changed <-chan struct{}, stop func()) { return s.e.Watch() }

func (s sender) Kick() { s.e.Kick() }

// Hurry makes what an application waits for due now.
func (s sender) Hurry(ctx context.Context, number string) error {
	return stored(s.e.Hurry(ctx, number))
}
