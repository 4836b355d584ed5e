package centre

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// reportRows bounds the rows of a day's report; a busy city has about 800 a day.
const reportRows = 1000

// kazakhstan is the one time zone of the country since 1 March 2024.
var kazakhstan = time.FixedZone("UTC+5", 5*60*60)

// dayReport tells what happened at the device's centre on a day ("2026-11-22"). It names staff, and citizens by the numbers of
// their applications only: reports lie about on desks.
func (c *Centre) dayReport(ctx context.Context, who caller, day string) (api.DayReport, error) {
	out := api.DayReport{Day: day, Rows: []api.ReportRow{}, Decisions: []api.ReportOperator{}}
	o, err := c.session(ctx, who.device, who.token)
	if err != nil {
		return out, err
	}
	since, err := time.ParseInLocation(time.DateOnly, day, kazakhstan)
	if err != nil {
		return out, refuse(api.ErrorCodeBadRequest, "%q is no day", day)
	}
	if out.Centre, err = c.centreNamed(ctx, who.device.Centre); err != nil {
		return out, err
	}
	until := since.AddDate(0, 0, 1)
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		rows, err := t.Applications(ledger.Search{Centre: who.device.Centre, Since: since, Until: until})
		if err != nil {
			return err
		}
		slices.Reverse(rows) // oldest first
		by := map[string]*api.ReportOperator{}
		for _, a := range rows {
			if err := c.reportRow(t, &out, by, a, since, until); err != nil {
				return err
			}
		}
		for _, one := range by {
			out.Decisions = append(out.Decisions, *one)
		}
		slices.SortFunc(out.Decisions, func(a, b api.ReportOperator) int { return strings.Compare(a.Operator, b.Operator) })
		if out.Issued, out.Revoked, out.Installed, err = t.CountDay(who.device.Centre, since, until); err != nil {
			return err
		}
		return t.Audit(c.now(), "day-reported", "operator:"+o.ID, "device:"+who.device.Prefix, day)
	})
	return out, err
}

func (c *Centre) reportRow(t *ledger.Tx, out *api.DayReport, by map[string]*api.ReportOperator, a ledger.Application, since, until time.Time) error {
	within := func(at time.Time) bool { return !at.Before(since) && at.Before(until) }
	item, err := c.ownItem(t, a)
	if err != nil {
		return err
	}
	row := api.ReportRow{Number: a.Number, Kind: a.Kind, Storage: item.Storage, Status: item.Status, Device: a.Device, FiledAt: a.FiledAt, DecidedAt: known(a.DecidedAt)}
	if a.Reason != "" {
		row.Reason = &a.Reason
	}
	if within(a.FiledAt) {
		out.Filed++
	}
	if within(a.DecidedAt) {
		out.Decided++
		if id, staff := strings.CutPrefix(a.DecidedBy, "operator:"); staff {
			o, err := t.Operator(id)
			if err != nil {
				return err
			}
			row.Operator = &o.Name
			if by[id] == nil {
				by[id] = &api.ReportOperator{Operator: o.Name}
			}
			if a.State == ledger.Rejected {
				by[id].Rejected++
			} else {
				by[id].Confirmed++
			}
		}
	}
	if len(out.Rows) < reportRows {
		out.Rows = append(out.Rows, row)
	}
	return nil
}
