package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tirkeu/kiosk/sync/registry"
)

// confirmWeb begins the confirmation of an application that was filed on the web: the keys that were asked for there are made
// here, and the citizen signs it. from is where "back" leads. Under the lock.
func (k *Kiosk) confirmWeb(a OwnApplication, from state) *fault {
	c := k.ses.cabinet
	if a.Request == nil || !a.Confirmable {
		return &fault{code: CodeDecided}
	}
	k.discard()
	*k.ses.draft = draft{
		kind: registry.KindNew, iin: c.iin, name: c.name, known: true, from: from, email: a.Request.Email, region: a.Request.Region, locality: a.Request.Locality,
		web: a.Number, webKind: string(a.Request.Storage), webSet: a.Request.Set,
	}
	k.at = &applyStorage{}
	return nil
}

// unconfirmed refuses what was confirmed at this terminal already and has not reached the centre yet.
func (m *making) unconfirmed(ctx context.Context) error {
	_, err := m.k.cfg.Store.Application(ctx, m.number)
	switch {
	case errors.Is(err, ErrNoRecord):
		return nil
	case err != nil:
		return fmt.Errorf("look for application: %w", err)
	}
	return is(CodeAlreadyFiled, errors.New("it was confirmed at this terminal"))
}

// overForsaken takes the place of a sealed file of that number which was made here for a confirmation that was given up: the
// number is the same each time. A file of another terminal may hold the keys of a confirmation that counts: it stays.
func (m *making) overForsaken(ctx context.Context, blob []byte, exists error) error {
	open, err := m.k.cfg.Store.OpenIntents(ctx)
	if err != nil {
		return fmt.Errorf("read device journal: %w", err)
	}
	var forsaken []int64
	for _, i := range open {
		own := slices.ContainsFunc(m.left, func(l leftover) bool { return l.intent == i.ID })
		if i.Kind == IntentGenerate && i.Number == m.number && i.Medium == stickRef.serial && !own {
			forsaken = append(forsaken, i.ID)
		}
	}
	if len(forsaken) == 0 {
		for _, l := range m.left {
			m.k.finish(ctx, l.intent, outcomeAbandoned)
		}
		m.left = nil // or what is not ours would be taken off the stick with it
		return exists
	}
	err = m.k.cfg.Stick.Replace(sealedName(m.number), blob)
	if err != nil {
		return err
	}
	for _, id := range forsaken {
		m.k.finish(ctx, id, outcomeAbandoned)
	}
	return nil
}
