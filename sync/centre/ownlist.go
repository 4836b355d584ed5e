package centre

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// ownItem is an application as its person sees it in a list.
func (c *Centre) ownItem(t *ledger.Tx, a ledger.Application) (api.OwnItem, error) {
	item := api.OwnItem{Number: a.Number, Kind: api.Kind(a.Kind), Status: c.wordFor(a), Origin: api.OwnItemOriginKiosk, Storage: a.Storage,
		CreatedAt: a.CreatedAt, ChangedAt: latest(a.FiledAt, a.DecidedAt, a.IssuedAt, a.InstalledAt)}
	if a.Origin == originCentre {
		item.Origin = api.OwnItemOriginRequest
	}
	if _, err := t.WebApplication(a.Number); err == nil {
		item.Origin = api.OwnItemOriginWeb
	} else if !errors.Is(err, ledger.ErrNotFound) {
		return item, err
	}
	if item.Status == api.StatusWaiting {
		item.ExpiresAt = known(a.ExpiresAt)
	}
	if a.Storage == "" && a.Kind != string(registry.KindRevocation) { // written by an earlier program
		document, err := registry.ParseApplication(a.Document)
		if err != nil {
			return item, err
		}
		item.Storage = string(document.Storage.Kind)
	}
	return item, nil
}

func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

// webItem is what was filed on the web and is not confirmed.
func (c *Centre) webItem(w ledger.WebApplication) api.OwnItem {
	item := api.OwnItem{Number: w.Number, Kind: api.Kind(w.Kind), Status: api.StatusWaiting, Origin: api.OwnItemOriginWeb, Storage: w.Storage, CreatedAt: w.FiledAt, ChangedAt: w.FiledAt}
	if !c.now().Before(w.ExpiresAt) {
		item.Status = api.StatusExpired
		item.ChangedAt = w.ExpiresAt
		return item
	}
	yes := true
	item.Confirmable, item.ExpiresAt = &yes, known(w.ExpiresAt)
	return item
}

// ownApplications lists a person's applications, newest first, those from the web among them.
func (c *Centre) ownApplications(t *ledger.Tx, iin string, status *api.Status, kind *api.Kind) ([]api.OwnItem, error) {
	all, err := t.Applications(ledger.Search{IIN: iin, Limit: maxListed})
	if err != nil {
		return nil, err
	}
	items := []api.OwnItem{}
	for _, a := range all {
		item, err := c.ownItem(t, a)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	web, err := t.WebApplicationsOf(iin, maxListed)
	if err != nil {
		return nil, err
	}
	for _, w := range web {
		if !slices.ContainsFunc(items, func(i api.OwnItem) bool { return i.Number == w.Number }) {
			items = append(items, c.webItem(w))
		}
	}
	items = slices.DeleteFunc(items, func(i api.OwnItem) bool {
		return status != nil && i.Status != *status || kind != nil && i.Kind != *kind
	})
	slices.SortStableFunc(items, func(a, b api.OwnItem) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return items[:min(len(items), maxListed)], nil
}

// ownDetail is one of a person's applications in full; another's is not found.
func (c *Centre) ownDetail(t *ledger.Tx, iin, number string) (api.OwnApplication, error) {
	out := api.OwnApplication{Keys: []api.OwnKey{}, Certificates: []api.OwnCertificate{}}
	missing := refuse(api.ErrorCodeNotFound, "this person has no application of this number")
	web, webErr := t.WebApplication(number)
	if webErr != nil && !errors.Is(webErr, ledger.ErrNotFound) {
		return out, webErr
	}
	if webErr == nil && web.IIN == iin {
		out.Request = &api.WebRequest{Kind: api.Kind(web.Kind), Email: web.Email, Region: web.Region, Locality: web.Locality, Storage: web.Storage, Set: web.Set}
		out.Item = c.webItem(web)
	}
	a, err := t.Application(number)
	if errors.Is(err, ledger.ErrNotFound) {
		if out.Request == nil {
			err = missing
		} else {
			err = nil
		}
		return out, err
	}
	if err != nil {
		return out, err
	}
	if a.IIN != iin {
		return out, missing
	}
	if out.Item, err = c.ownItem(t, a); err != nil {
		return out, err
	}
	isSigned := a.Signature != nil
	out.Document, out.Signed = &a.Document, &isSigned
	if a.Reason != "" {
		out.Reason = &a.Reason
	}
	if a.DecidedBy != "" {
		by := api.OwnApplicationByStaff
		if bySelf(a) {
			by = api.OwnApplicationBySelf
		}
		out.By = &by
	}
	keys, err := t.Keys(number)
	if err != nil {
		return out, err
	}
	for _, k := range keys {
		out.Keys = append(out.Keys, api.OwnKey{Ordinal: k.Ordinal, Template: k.Template, SpkiSha256: k.SPKISHA256})
		cert, err := t.CertificateOfKey(number, k.Ordinal)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && cert.DER == nil {
			continue
		}
		if err != nil {
			return out, err
		}
		own, err := c.ownCertificateOut(t, cert)
		if err != nil {
			return out, err
		}
		out.Certificates = append(out.Certificates, own)
	}
	return out, nil
}

// ownCertificates lists a person's certificates, newest first.
func (c *Centre) ownCertificates(t *ledger.Tx, iin string, status *api.Standing) ([]api.OwnCertificate, error) {
	rows, err := t.CertificatesOfIIN(iin, maxListed)
	if err != nil {
		return nil, err
	}
	list := []api.OwnCertificate{}
	for _, row := range rows {
		own, err := c.ownCertificateOut(t, row)
		if err != nil {
			return nil, err
		}
		if status == nil || own.Status == *status {
			list = append(list, own)
		}
	}
	return list, nil
}

func (c *Centre) ownCertificateOut(t *ledger.Tx, row ledger.Certificate) (api.OwnCertificate, error) {
	ca, err := c.issuingOf(row)
	if err != nil {
		return api.OwnCertificate{}, err
	}
	a, err := t.Application(row.Number)
	if err != nil {
		return api.OwnCertificate{}, err
	}
	item, err := c.ownItem(t, a)
	if err != nil {
		return api.OwnCertificate{}, err
	}
	out := api.OwnCertificate{Serial: row.Serial, Issuer: ca.RawSubject, Template: row.Template, Family: api.Family(row.Issuer), Status: c.standing(row),
		How: howIssued(a, item), Storage: item.Storage, Number: row.Number, NotBefore: row.NotBefore, NotAfter: row.NotAfter, IssuedAt: row.IssuedAt, Certificate: row.DER}
	if !row.RevokedAt.IsZero() {
		out.RevokedAt, out.Reason = known(row.RevokedAt), &row.Reason
	}
	return out, nil
}

func (c *Centre) standing(row ledger.Certificate) api.Standing {
	now := c.now()
	switch {
	case !row.RevokedAt.IsZero():
		return api.StandingRevoked
	case now.After(row.NotAfter):
		return api.StandingExpired
	case now.Before(row.NotBefore):
		return api.StandingNotYetValid
	}
	return api.StandingGood
}

// howIssued says by what way a certificate came to be.
func howIssued(a ledger.Application, item api.OwnItem) api.OwnCertificateHow {
	switch registry.Kind(a.Kind) {
	case registry.KindReissue:
		return api.OwnCertificateHowReissue
	case registry.KindSystem:
		return api.OwnCertificateHowInformationSystem
	case registry.KindGOST:
		return api.OwnCertificateHowGost
	}
	switch {
	case item.Origin == api.OwnItemOriginRequest:
		return api.OwnCertificateHowRequest
	case bySelf(a):
		return api.OwnCertificateHowWeb
	}
	return api.OwnCertificateHowStaff
}

// view runs f for the citizen of a session and notes what he looked at.
func (c *Centre) view(ctx context.Context, who caller, what string, f func(*ledger.Tx, ledger.CitizenSession) error) error {
	s, err := c.citizen(ctx, who.device, who.citizen)
	if err != nil {
		return err
	}
	if err := c.db.View(ctx, func(t *ledger.Tx) error { return f(t, s) }); err != nil {
		return err
	}
	return c.note(ctx, what, citizenActor+s.Serial, "device:"+who.device.Prefix, "")
}
