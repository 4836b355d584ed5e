package app

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/tirkeu/kiosk/app/report"
	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/sync/registry"
)

// How far back the days of the report go, and how long it may take to print one.
const (
	reportDays        = 366
	printReportWithin = 3 * time.Minute
)

// kazakhstan is where the centre's days begin and end: UTC+5 in the whole country since 2024-03-01, without summer time. It is
// named here because a terminal may lack the table of zones.
var kazakhstan = time.FixedZone("", 5*60*60)

// today is the present day at the centre.
func (k *Kiosk) today() time.Time {
	y, m, d := k.cfg.Now().In(kazakhstan).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, kazakhstan)
}

// staffReport is what happened at this centre on a day.
type staffReport struct {
	day     time.Time
	report  DayReport
	printer bool
	saved   string // what was done with it, ready words
}

// showReport asks for the report of a day. Under the lock.
func (k *Kiosk) showReport(day time.Time) {
	id, joined := k.ses.staff.operator.Session, k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		found, err := limited(ctx, func(ctx context.Context) (DayReport, error) {
			return joined.Line.DayReport(ctx, id, day.Format(time.DateOnly))
		})
		printer := err == nil && k.printerThere(ctx)
		return func() {
			if err != nil {
				k.staffFault(err)
				return
			}
			k.at = &staffReport{day: day, report: found, printer: printer}
		}
	})
}

func (k *Kiosk) printerThere(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	return k.cfg.Printer != nil && k.cfg.Printer.Present(ctx)
}

func (*staffReport) name() string { return "staff.report" }
func (s *staffReport) view(k *Kiosk) any {
	v := StaffReportScreen{
		Operator: k.ses.staff.operator.Name, Day: k.date(s.day), Today: !s.day.Before(k.today()), Stick: k.stick, Printer: s.printer, Saved: s.saved,
		Totals: []Row{}, Operators: []ReportOperator{}, Rows: []ReportItem{},
	}
	for _, l := range k.totals(s.report) {
		v.Totals = append(v.Totals, Row{Label: l.Label, Value: l.Value})
	}
	for _, o := range s.report.Decisions {
		v.Operators = append(v.Operators, ReportOperator{Name: o.Operator, Confirmed: o.Confirmed, Rejected: o.Rejected})
	}
	for _, r := range k.dayReport(s).Rows {
		v.Rows = append(v.Rows, ReportItem{Number: r.Number, Kind: r.Kind, Storage: r.Storage, Status: r.Status, FiledAt: r.FiledAt, Operator: r.Operator})
	}
	return v
}

// totals are the sums of a day.
func (k *Kiosk) totals(r DayReport) []report.Line {
	sum := func(label string, n int) report.Line { return report.Line{Label: label, Value: strconv.Itoa(n)} }
	return []report.Line{
		sum(k.text("work.report.filed"), r.Filed), sum(k.text("work.report.decided"), r.Decided), sum(k.text("work.report.issued"), r.Issued),
		sum(k.text("work.report.installed"), r.Installed), sum(k.text("work.report.revoked"), r.Revoked),
	}
}

// dayReport is the report as it is saved and printed, in the chosen language. Under the lock.
func (k *Kiosk) dayReport(s *staffReport) report.DayReport {
	now := k.cfg.Now()
	r := report.DayReport{
		Sheet: report.Sheet{Language: string(k.lang), Title: k.text("work.report.title"), Page: k.text("work.report.page"), MadeAt: now},
		Day:   report.Line{Label: k.text("work.report.day"), Value: k.date(s.day)}, Centre: report.Line{Label: k.text("work.report.centre"), Value: s.report.Centre.In(string(k.lang))},
		Made: report.Line{Label: k.text("work.report.made"), Value: k.moment(now)}, Totals: k.totals(s.report),
		OperatorsTitle: k.text("work.report.operators"), RowsTitle: k.text("work.report.applications"), None: k.text("work.report.none"),
		OperatorHead: report.OperatorRow{Operator: k.text("work.report.operator"), Confirmed: k.text("work.report.confirmed"), Rejected: k.text("work.report.rejected")},
		Head: report.DayRow{
			Number: k.text("work.report.number"), Kind: k.text("work.report.kind"), Storage: k.text("work.report.storage"), Status: k.text("work.report.status"),
			Device: k.text("work.report.device"), FiledAt: k.text("work.report.filed-at"), DecidedAt: k.text("work.report.decided-at"),
			Operator: k.text("work.report.operator"), Reason: k.text("work.report.reason"),
		},
	}
	if k.cfg.Training {
		r.Notice = k.text("work.report.training")
	}
	for _, o := range s.report.Decisions {
		r.Operators = append(r.Operators, report.OperatorRow{Operator: o.Operator, Confirmed: strconv.Itoa(o.Confirmed), Rejected: strconv.Itoa(o.Rejected)})
	}
	for _, w := range s.report.Rows {
		row := report.DayRow{
			Number: registry.FormatNumber(w.Number), Kind: k.text("work.kind." + string(w.Kind)), Status: k.text("status." + string(w.Status)),
			Device: w.Device, FiledAt: k.moment(w.FiledAt), Operator: w.Operator, Reason: w.Reason,
		}
		if w.Storage != "" {
			row.Storage = k.mediumName(ref{kind: string(w.Storage)})
		}
		if !w.DecidedAt.IsZero() {
			row.DecidedAt = k.moment(w.DecidedAt)
		}
		if reason, known := k.directory().Reason(w.Reason); known {
			row.Reason = reason.Text.In(string(k.lang))
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

func (s *staffReport) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "staff.report-day":
		var a DayArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		day := s.day.AddDate(0, 0, a.Step)
		if a.Step == 0 {
			day = k.today()
		}
		if day.After(k.today()) || day.Before(k.today().AddDate(0, 0, -reportDays)) {
			return nil
		}
		k.showReport(day)
	case "staff.report-save":
		var a CodeArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		return s.save(k, a.Code)
	case "staff.report-print":
		return s.print(k)
	default:
		k.staffTab(action)
	}
	return nil
}

// save writes the report to the stick; an earlier one of the same day is replaced by the later.
func (s *staffReport) save(k *Kiosk, format string) *fault {
	paper := k.dayReport(s)
	making := paper.PDF
	switch format {
	case "pdf":
	case "csv":
		making = paper.CSV
	default:
		return &fault{code: CodeInternal, err: errors.New("no such format")}
	}
	if !k.stick {
		return &fault{code: CodeStickAbsent}
	}
	name := "report-" + s.day.Format(time.DateOnly) + "." + format
	k.start(job{awaits: true, steady: true}, func(context.Context, *session) func() {
		data, err := making()
		if err == nil {
			err = k.cfg.Stick.Replace(name, data)
		}
		return func() {
			switch {
			case errors.Is(err, stick.ErrExists), errors.Is(err, stick.ErrName):
				k.fail(&fault{code: CodeStickRefused, err: err})
			case err != nil:
				k.fail(faultOf(err))
			default:
				k.at = &staffReport{day: s.day, report: s.report, printer: s.printer, saved: k.text("work.report.saved", "Name", name)}
			}
		}
	})
	return nil
}

func (s *staffReport) print(k *Kiosk) *fault {
	if !s.printer {
		return &fault{code: CodeStaffNoPrinter}
	}
	paper, title := k.dayReport(s), k.text("work.report.title")
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		ctx, cancel := context.WithTimeout(ctx, printReportWithin)
		defer cancel()
		pdf, err := paper.PDF()
		if err == nil {
			err = k.cfg.Printer.Print(ctx, Paper{Title: title, PDF: pdf}, nil)
		}
		return func() {
			switch {
			case errors.Is(err, ErrPrinterAbsent):
				k.fail(&fault{code: CodeStaffNoPrinter, err: err})
			case errors.Is(err, ErrNotPrinted):
				k.fail(&fault{code: CodeStaffNotPrinted, err: err})
			case err != nil: // nobody can say
				k.fail(&fault{code: CodeStaffMaybePrinted, err: err})
			default:
				k.at = &staffReport{day: s.day, report: s.report, printer: s.printer, saved: k.text("work.report.printed")}
			}
		}
	})
	return nil
}
