package app

import (
	"context"
	"slices"
	"strings"

	"github.com/tirkeu/kiosk/sync/registry"
)

// listApplications lists the person's applications. Under the lock.
func (k *Kiosk) listApplications() {
	joined, c := k.joined, *k.ses.cabinet
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		items, err := limited(ctx, func(ctx context.Context) ([]OwnItem, error) {
			return joined.Line.OwnApplications(ctx, c.session, "", "")
		})
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			slices.SortStableFunc(items, func(a, b OwnItem) int { return b.CreatedAt.Compare(a.CreatedAt) })
			k.at = &applicationsList{items: items}
		}
	})
}

// applicationsList is all the person has applied for, here and elsewhere, newest first.
type applicationsList struct {
	items  []OwnItem
	status registry.Status // shown alone; empty: all
	kind   registry.Kind   // the same
}

func (*applicationsList) name() string      { return "applications.list" }
func (*applicationsList) resting()          {}
func (*applicationsList) back(*Kiosk) state { return &cabinetHome{} }

func (s *applicationsList) view(k *Kiosk) any {
	v := ApplicationsListScreen{Items: []ApplicationCard{}, Total: len(s.items), Statuses: []Choice{}, Kinds: []Choice{}, Status: string(s.status), Kind: string(s.kind)}
	statuses, kinds := map[registry.Status]bool{}, map[registry.Kind]bool{}
	for _, i := range s.items {
		statuses[i.Status], kinds[i.Kind] = true, true
		if s.status != "" && i.Status != s.status || s.kind != "" && i.Kind != s.kind {
			continue
		}
		title, _, _ := k.statusWords(i.Status)
		v.Items = append(v.Items, ApplicationCard{
			Number: i.Number, NumberText: registry.FormatNumber(i.Number), Kind: k.kindName(i.Kind), Status: string(i.Status), StatusText: title,
			Storage: k.storageName(i.Storage), CreatedAt: k.date(i.CreatedAt), Todo: i.Confirmable,
		})
	}
	for _, status := range registry.Statuses {
		if statuses[status] {
			title, _, _ := k.statusWords(status)
			v.Statuses = append(v.Statuses, Choice{Code: string(status), Name: title})
		}
	}
	for _, kind := range registry.Kinds {
		if kinds[kind] {
			v.Kinds = append(v.Kinds, Choice{Code: string(kind), Name: k.kindName(kind)})
		}
	}
	return v
}

func (k *Kiosk) storageName(kind registry.StorageKind) string {
	if kind == "" {
		return ""
	}
	return k.mediumName(ref{kind: string(kind)})
}

func (s *applicationsList) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "applications.sift":
		var a SiftArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		s.status, s.kind = registry.Status(a.Status), registry.Kind(a.Kind)
	case "applications.open":
		var a NumberArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		k.openOwn(s, strings.TrimSpace(a.Number))
	}
	return nil
}

// openOwn shows one of the person's applications. Under the lock.
func (k *Kiosk) openOwn(from *applicationsList, number string) {
	joined, c := k.joined, *k.ses.cabinet
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		a, err := limited(ctx, func(ctx context.Context) (OwnApplication, error) {
			return joined.Line.OwnApplication(ctx, c.session, number)
		})
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			k.at = &applicationsDetail{from: from, application: a, certificates: own{keys: c.atCentre(a.Certificates), whole: true}}
		}
	})
}
