package centre

import (
	"context"
	"fmt"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// SystemRow is an information system as the CLI lists it.
type SystemRow struct {
	OID  string         `json:"oid"`
	IIN  string         `json:"iin"`
	Name registry.Words `json:"name"`
}

// AddSystem registers an information system under its object identifier on a person; what was registered under it before is
// replaced.
func (c *Centre) AddSystem(ctx context.Context, system SystemRow) error {
	if !registry.ValidOID(system.OID) {
		return refuse(api.ErrorCodeBadRequest, "%q is no object identifier: dotted, at least three arcs", system.OID)
	}
	if err := c.checkIIN(system.IIN); err != nil {
		return refuse(api.ErrorCodeBadRequest, "the owner's IIN: %v", err)
	}
	if system.Name.KK == "" || system.Name.RU == "" || system.Name.EN == "" {
		return refuse(api.ErrorCodeBadRequest, "an information system has a name in each language")
	}
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		now := c.now()
		if err := t.PutSystem(ledger.System{OID: system.OID, IIN: system.IIN, KK: system.Name.KK, RU: system.Name.RU, EN: system.Name.EN, CreatedAt: now}); err != nil {
			return err
		}
		return t.Audit(now, "system-registered", actor(ctx), "system:"+system.OID, "")
	})
	if err != nil {
		return fmt.Errorf("registering an information system: %w", err)
	}
	return nil
}

// Systems lists information systems; iin "" lists everybody's.
func (c *Centre) Systems(ctx context.Context, iin string) ([]SystemRow, error) {
	list := []SystemRow{}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, err := t.Systems(iin)
		for _, y := range rows {
			list = append(list, SystemRow{OID: y.OID, IIN: y.IIN, Name: registry.Words{KK: y.KK, RU: y.RU, EN: y.EN}})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing information systems: %w", err)
	}
	return list, nil
}
