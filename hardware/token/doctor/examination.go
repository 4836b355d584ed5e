package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
)

// Technician is the person who stands before the kiosk.
type Technician interface {
	Tell(line string)
	Agrees(question string) bool // to a step that costs or changes something
	Secret(prompt string) (string, error)
}

// Examination is one token of one module under examination.
type Examination struct {
	Rack       *token.Rack
	Technician Technician
	Patience   time.Duration    // how long a pull, a plug and everything else that people do is waited for; 0: two minutes
	Now        func() time.Time // time.Now when nil

	here    token.Token
	facts   token.Facts
	keys    []token.Key // that were on the token before
	watch   <-chan token.Event
	report  *Report
	profile token.Profile
}

// Run examines the token and gives what was found. Its error says that nothing could be examined, or that ctx ended.
func (e *Examination) Run(ctx context.Context) (*Report, error) {
	if e.Patience <= 0 {
		e.Patience = 2 * time.Minute
	}
	if e.Now == nil {
		e.Now = time.Now
	}
	watch, stop := e.Rack.Watch()
	defer stop()
	e.watch = watch
	err := e.choose(ctx)
	if err != nil {
		return nil, err
	}
	e.report = &Report{Token: e.here, At: e.Now().UTC()}
	e.profile = token.Profile{SlotEvents: notTried, Replug: notTried, Erases: notTried, ExaminedAt: e.report.At, Token: e.here.Manufacturer + " " + e.here.Model}
	for _, m := range e.Rack.Modules() {
		if m.Name == e.here.Module {
			e.report.Module, e.profile.Library = m, m.Library
		}
	}
	for _, step := range []func(context.Context) error{e.itself, e.mechanisms, e.replug, e.pins, e.events} {
		err = step(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("examine token: %w", ctx.Err())
		}
		if err != nil {
			e.report.add(Attention, "the examination", "broken off: "+err.Error())
			break
		}
	}
	e.report.Profile = e.profile
	return e.report, nil
}

// choose finds the token that is offered, and waits for one where none is plugged in.
func (e *Examination) choose(ctx context.Context) error {
	if len(e.Rack.Tokens()) == 0 {
		e.Technician.Tell("Plug in the token to be examined.")
		_, err := e.wait(ctx, token.Inserted)
		if err != nil {
			return err
		}
	}
	for _, t := range e.Rack.Tokens() {
		if e.Technician.Agrees(fmt.Sprintf("Examine the %s, %s %s, serial number %s, module %s?", t.Name, t.Manufacturer, t.Model, t.Serial, t.Module)) {
			e.here = t
			return nil
		}
	}
	return fmt.Errorf("examine token: none was offered")
}

// wait waits for the next event of a kind.
func (e *Examination) wait(ctx context.Context, kind token.EventKind) (token.Event, error) {
	limit := time.NewTimer(e.Patience)
	defer limit.Stop()
	for {
		select {
		case event, open := <-e.watch:
			if !open {
				return event, token.ErrClosed
			}
			if event.Kind == kind {
				return event, nil
			}
		case <-limit.C:
			return token.Event{}, fmt.Errorf("waited %v for a token to be %s", e.Patience, kind)
		case <-ctx.Done():
			return token.Event{}, ctx.Err()
		}
	}
}
