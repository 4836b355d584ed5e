package app

import (
	"context"

	"github.com/tirkeu/kiosk/sync/registry"
)

// systemList asks for which information system the key shall be. Who has none registered is told how that is done.
type systemList struct{ systems []System }

func (*systemList) name() string             { return "system.list" }
func (*systemList) back(*Kiosk) state        { return &cabinetHome{} }
func (*systemList) steps(k *Kiosk) *Progress { return applySteps(k, "system") }
func (s *systemList) view(k *Kiosk) any {
	v := SystemListScreen{Systems: []SystemCard{}, Chosen: k.ses.draft.system.OID}
	for _, system := range s.systems {
		v.Systems = append(v.Systems, SystemCard{OID: system.OID, Name: system.Name.In(string(k.lang))})
	}
	return v
}

func (s *systemList) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "system.look":
		k.systems()
	case "system.choose":
		var a CodeArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		for _, system := range s.systems {
			if system.OID == a.Code {
				k.ses.draft.system = system
				k.at = &applyRegion{}
				return nil
			}
		}
		return &fault{code: CodeNoSystem}
	}
	return nil
}

// systems begins an application for a key of an information system. Under the lock.
func (k *Kiosk) systems() {
	list := &systemList{}
	joined, in := k.joined, k.ses.cabinet.session
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		systems, err := limited(ctx, func(ctx context.Context) ([]System, error) { return joined.Line.OwnSystems(ctx, in) })
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			list.systems = systems
			k.applyAs(registry.KindSystem, list)
		}
	})
}
