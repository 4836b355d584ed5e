package engine

import (
	"context"
	"errors"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// letterLife is how long a letter is tried; after that nobody waits for it.
const letterLife = 7 * 24 * time.Hour

// letter hands a letter to the centre, which sends it.
func (e *Engine) letter(ctx context.Context, task storage.Task) error {
	record, err := e.cfg.Store.Application(ctx, task.Number)
	if err != nil {
		return err
	}
	data, err := e.cfg.Store.Letter(ctx, task.Number, task.Ordinal)
	if errors.Is(err, storage.ErrNotFound) || err == nil && e.cfg.Now().Sub(record.AcceptedAt) > letterLife {
		e.cfg.Log.Warn("letter given up", "number", task.Number, "letter", task.Ordinal)
		return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{})
	}
	if err != nil {
		return err
	}
	l, err := registry.ParseLetter(data)
	if err != nil {
		return &finalError{code: "letter-unreadable", err: err}
	}
	err = e.cfg.Centre.Letter(ctx, task.Number, l)
	if err := forGood(refused(explain(ctx, err))); err != nil {
		return err
	}
	e.cfg.Log.Info("letter handed over", "number", task.Number, "letter", task.Ordinal)
	return e.cfg.Store.Done(ctx, task.TaskID, storage.Step{})
}

// Letter has the centre send a letter about an application of this kiosk's. The same letter again is no error.
func (l *Line) Letter(ctx context.Context, number string, letter registry.Letter) error {
	r, err := l.rest.PostLetterWithResponse(ctx, number, api.Letter{
		To: letter.To, Language: api.LetterLanguage(letter.Language), Subject: letter.Subject, Text: letter.Text, Name: letter.Name, Pdf: letter.PDF,
	})
	if err != nil {
		return explain(ctx, err)
	}
	return refusal(ctx, r.HTTPResponse, r.JSONDefault)
}
