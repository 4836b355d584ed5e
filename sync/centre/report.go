package centre

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// ApplicationRow is an application as the CLI lists it.
type ApplicationRow struct {
	Number      string     `json:"number"`
	Status      api.Status `json:"status"`
	IIN         string     `json:"iin"`
	Name        string     `json:"name"`
	NameDiffers bool       `json:"name_differs"`
	Kind        string     `json:"kind"`
	Origin      string     `json:"origin"` // device, or centre for a request that named no application
	Device      string     `json:"device"`
	Centre      string     `json:"centre"`
	Templates   []string   `json:"templates"`
	FiledAt     time.Time  `json:"filed_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	DecidedAt   *time.Time `json:"decided_at,omitempty"`
	DecidedBy   string     `json:"decided_by,omitempty"`
	Reason      string     `json:"reason,omitempty"`
}

// Applications lists applications, newest first; status "" lists all.
func (c *Centre) Applications(ctx context.Context, status api.Status) ([]ApplicationRow, error) {
	search := ledger.Search{}
	if status != "" {
		if !status.Valid() {
			return nil, refuse(api.ErrorCodeBadRequest, "there is no status %q", status)
		}
		search.States = statesOf(status)
	}
	list := []ApplicationRow{}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, err := t.Applications(search)
		if err != nil {
			return err
		}
		for _, a := range rows {
			keys, err := t.Keys(a.Number)
			if err != nil {
				return err
			}
			word := c.wordFor(a)
			if status != "" && word != status {
				continue
			}
			row := ApplicationRow{Number: a.Number, Status: word, IIN: a.IIN, Name: a.Name, NameDiffers: a.NameDiffers, Kind: a.Kind, Origin: a.Origin,
				Device: a.Device, Centre: a.Centre, FiledAt: a.FiledAt, ExpiresAt: a.ExpiresAt, DecidedAt: known(a.DecidedAt), DecidedBy: a.DecidedBy,
				Reason: a.Reason, Templates: []string{}}
			for _, k := range keys {
				row.Templates = append(row.Templates, k.Template)
			}
			list = append(list, row)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing applications: %w", err)
	}
	return list, nil
}

// AuditReport is what verifying the audit chain found. BrokenAt is 0 for a whole chain.
type AuditReport struct {
	Rows     int64  `json:"rows"`
	LastHash string `json:"last_hash"` // noted elsewhere, it shows rows cut off at the end later
	BrokenAt int64  `json:"broken_at,omitempty"`
}

// VerifyAudit walks the audit chain and writes its sound rows as JSON lines to export, which may be nil.
func (c *Centre) VerifyAudit(ctx context.Context, export io.Writer) (AuditReport, error) {
	var report AuditReport
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, last, err := t.VerifyAudit(func(e ledger.Event) error {
			if export == nil {
				return nil
			}
			return json.NewEncoder(export).Encode(e)
		})
		report.Rows, report.LastHash = rows, fmt.Sprintf("%x", last)
		var broken *ledger.BrokenChain
		if errors.As(err, &broken) {
			report.BrokenAt = broken.Seq
			return nil
		}
		return err
	})
	if err != nil {
		return report, fmt.Errorf("verifying the audit chain: %w", err)
	}
	return report, nil
}
