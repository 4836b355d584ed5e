package centre

import (
	"context"
	"errors"
	"net/http"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// maxListed bounds what one answer lists.
const maxListed = 200

func (c *Centre) restOpenSession(ctx context.Context, who caller, _ *http.Request, in api.SignedChallenge) (api.StaffSession, error) {
	token, o, expires, err := c.openSession(ctx, who.device, in.Challenge, in.Signature)
	return api.StaffSession{Session: token, Operator: api.Operator{Name: o.Name, Iin: o.IIN}, Expires: expires.UTC()}, err
}

func (c *Centre) restCloseSession(ctx context.Context, who caller, _ *http.Request, _ none) (none, error) {
	return none{}, c.closeSession(ctx, who.device, who.token)
}

func (c *Centre) restQueue(ctx context.Context, who caller, _ *http.Request, in api.QueueQuery) (api.Queue, error) {
	out := api.Queue{Items: []api.QueueItem{}}
	if _, err := c.session(ctx, who.device, who.token); err != nil {
		return out, err
	}
	search := ledger.Search{Centre: who.device.Centre, Limit: maxListed}
	if in.Query != nil {
		if len(*in.Query) > 400 {
			return out, refuse(api.ErrorCodeBadRequest, "the query is too long")
		}
		search.Text = *in.Query
	}
	if in.Status != nil {
		if !in.Status.Valid() {
			return out, refuse(api.ErrorCodeBadRequest, "there is no such status")
		}
		search.States = statesOf(*in.Status)
	}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, err := t.Applications(search)
		if err != nil {
			return err
		}
		for _, a := range rows {
			item, err := c.queueItem(t, a)
			if err != nil {
				return err
			}
			if in.Status == nil || item.Status == *in.Status {
				out.Items = append(out.Items, item)
			}
		}
		return nil
	})
	return out, err
}

// statesOf is what in the ledger can be behind a word; time may have made waiting ones expired.
func statesOf(word api.Status) []ledger.State {
	switch word {
	case api.StatusWaiting:
		return []ledger.State{ledger.Filed, ledger.Waiting}
	case api.StatusExpired:
		return []ledger.State{ledger.Filed, ledger.Waiting, ledger.Expired}
	}
	if word == api.StatusRevoked {
		return []ledger.State{ledger.Installed}
	}
	return []ledger.State{ledger.State(word)}
}

func (c *Centre) queueItem(t *ledger.Tx, a ledger.Application) (api.QueueItem, error) {
	differs := a.NameDiffers
	item := api.QueueItem{Number: a.Number, Iin: a.IIN, Name: a.Name, Status: c.wordFor(a), CreatedAt: a.CreatedAt, NameDiffers: &differs}
	if a.LockedBy == "" || !c.now().Before(a.LockedUntil) {
		return item, nil
	}
	o, err := t.Operator(a.LockedBy)
	item.LockedBy = &o.Name
	return item, err
}

func (c *Centre) restOpen(ctx context.Context, who caller, r *http.Request, _ none) (api.QueueApplication, error) {
	o, err := c.session(ctx, who.device, who.token)
	if err != nil {
		return api.QueueApplication{}, err
	}
	number := r.PathValue("number")
	var out api.QueueApplication
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		a, err := t.Application(number)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && a.Centre != who.device.Centre {
			return refuse(api.ErrorCodeNotFound, "this centre has no application of this number")
		}
		if err != nil {
			return err
		}
		now := c.now()
		until := now.Add(c.rules.LockLife)
		if err := t.Lock(number, o.ID, now, until); errors.Is(err, ledger.ErrNotFound) {
			return &Refusal{Code: api.ErrorCodeLocked, Message: "another operator has the application open", After: a.LockedUntil.Sub(now)}
		} else if err != nil {
			return err
		}
		out = api.QueueApplication{Document: a.Document, Sha256: a.SHA256, Status: c.wordFor(a), LockedUntil: until.UTC()}
		document, err := registry.ParseApplication(a.Document)
		if err != nil {
			return err
		}
		p, err := t.Person(a.IIN)
		if err == nil {
			person := personOut(p)
			out.RegisterName, out.NameDiffers = &person, !sameName(document.Name, p)
		} else if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		return t.Audit(now, "application-opened", "operator:"+o.ID, "application:"+number, "")
	})
	return out, err
}

func (c *Centre) restUnlock(ctx context.Context, who caller, r *http.Request, _ none) (none, error) {
	o, err := c.session(ctx, who.device, who.token)
	if err != nil {
		return none{}, err
	}
	return none{}, c.db.Do(ctx, func(t *ledger.Tx) error { return t.Unlock(r.PathValue("number"), o.ID) })
}

func (c *Centre) restDecide(ctx context.Context, who caller, _ *http.Request, in api.SignedDecision) (api.ApplicationStatus, error) {
	a, err := c.decide(ctx, who.device, in.Decision, in.Signature)
	return api.ApplicationStatus{Number: a.Number, Status: c.wordFor(a)}, err
}
