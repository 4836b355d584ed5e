package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/app/report"
	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/sync/registry"
)

// How long a report may take, and how many of one day fit on a stick.
const (
	printWithin  = 3 * time.Minute
	reportsOfDay = 99
)

// certificatesReport gives the list away: on paper, or as a PDF on the person's own stick. It holds personal data and goes nowhere
// else; it is made in memory when it is wanted, and kept nowhere.
type certificatesReport struct {
	list    *certificatesList
	printer bool
	phase   string // "choose", "print", "save", "printed", "saved"
	state   string // of the printer, one of printerStates
	file    string // as it is called on the stick
}

// takeReport asks how the report shall be taken. Under the lock.
func (k *Kiosk) takeReport(list *certificatesList) {
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		ctx, cancel := context.WithTimeout(ctx, lookupWithin)
		defer cancel()
		there := k.cfg.Printer != nil && k.cfg.Printer.Present(ctx)
		return func() { k.at = &certificatesReport{list: list, printer: there, phase: "choose"} }
	})
}

func (*certificatesReport) name() string        { return "certificates.report" }
func (s *certificatesReport) back(*Kiosk) state { return s.list }

func (s *certificatesReport) view(k *Kiosk) any {
	v := CertificatesReportScreen{
		Phase: s.phase, Printer: s.printer, Stick: k.stickCard(), Medium: k.medium(stickRef),
		TakeOut: s.phase == "saved" && k.mayTake(stickRef),
	}
	switch s.phase {
	case "print":
		v.Text = k.text("printer.busy")
		if s.state != "" {
			v.Text = k.text("printer." + s.state)
		}
	case "saved":
		v.Text = s.file
	}
	return v
}

func (s *certificatesReport) act(k *Kiosk, action string, _ []byte) *fault {
	if s.phase == "print" || s.phase == "save" {
		return nil
	}
	switch action {
	case "report.print":
		if !s.printer {
			return &fault{code: CodePrinterAbsent}
		}
		k.printReport(s)
	case "report.save":
		if !k.stick {
			return &fault{code: CodeStickAbsent}
		}
		k.saveReport(s)
	case "cabinet":
		k.at = &cabinetHome{}
	case "finish":
		k.end("finished")
	}
	return nil
}

// printReport prints the list. Under the lock.
func (k *Kiosk) printReport(s *certificatesReport) {
	paper := k.keysReport(s.list)
	title := k.text("report.job")
	s.phase, s.state = "print", ""
	k.start(job{}, func(ctx context.Context, ses *session) func() {
		ctx, cancel := context.WithTimeout(ctx, printWithin)
		defer cancel()
		pdf, err := paper.PDF()
		if err == nil {
			err = k.cfg.Printer.Print(ctx, Paper{Title: title, PDF: pdf}, func(word string) { k.during(ses, func() { s.state = word }) })
		}
		return func() { s.taken(k, "printed", err) }
	})
}

// saveReport writes the list to the stick, beside what is there. Under the lock.
func (k *Kiosk) saveReport(s *certificatesReport) {
	paper := k.keysReport(s.list)
	day := k.cfg.Now().In(k.cfg.Location).Format(time.DateOnly)
	s.phase = "save"
	k.start(job{awaits: true}, func(context.Context, *session) func() {
		pdf, err := paper.PDF()
		name := ""
		if err == nil {
			name, err = k.writeReport(day, pdf)
		}
		return func() {
			s.file = name
			s.taken(k, "saved", err)
		}
	})
}

// writeReport finds a name that is free; nothing on a stick is overwritten.
func (k *Kiosk) writeReport(day string, pdf []byte) (string, error) {
	for n := 1; n <= reportsOfDay; n++ {
		name := fmt.Sprintf("keys-%s.pdf", day)
		if n > 1 {
			name = fmt.Sprintf("keys-%s-%d.pdf", day, n)
		}
		err := k.cfg.Stick.WriteNew(name, pdf)
		if errors.Is(err, stick.ErrExists) {
			continue
		}
		return name, err
	}
	return "", is(CodeReportStick, stick.ErrExists)
}

// taken says that the report was taken, or what went wrong. Under the lock.
func (s *certificatesReport) taken(k *Kiosk, phase string, err error) {
	if err == nil {
		s.phase = phase
		if phase == "saved" {
			k.letGo(stickRef)
		}
		return
	}
	s.phase = "choose"
	f := faultOf(err)
	if f.code == CodeStickNoKeys || f.code == CodeStickRefused {
		f = &fault{code: CodeReportStick, err: err}
	}
	k.fail(f)
}

// keysReport is the list in the chosen language, with all certificates that are shown. Under the lock.
func (k *Kiosk) keysReport(s *certificatesList) report.KeysReport {
	c := k.ses.cabinet
	now := k.cfg.Now()
	line := func(label, value string) report.Line {
		return report.Line{Label: k.text("label." + label), Value: value}
	}
	r := report.KeysReport{
		Sheet: report.Sheet{Language: string(k.lang), Title: k.text("report.title"), Page: k.text("report.page"), MadeAt: now},
		Name:  line("name", fullName(c.name)), IIN: line("iin", spacedIIN(c.iin)), Made: line("made", k.moment(now)), Centre: line("centre", k.centreName()),
		Head: report.KeyRow{
			Use: k.text("label.use"), Serial: k.text("label.serial"), Valid: k.text("label.valid"), State: k.text("label.status"), Issued: k.text("label.issued"),
			How: k.text("label.how"), Storage: k.text("label.storage"), Number: k.text("label.number"),
		},
		None: k.text("report.none"), Note: k.text("report.note"),
	}
	if k.cfg.Training {
		r.Notice = k.text("report.training")
	}
	if !s.whole {
		r.Note = k.text("report.media")
	}
	for _, key := range s.keys {
		if s.sieve != "" && key.sieveOf() != s.sieve {
			continue
		}
		r.Keys = append(r.Keys, k.reportRow(key))
	}
	return r
}

func (k *Kiosk) reportRow(key ownKey) report.KeyRow {
	row := report.KeyRow{
		Use: k.text(titleOf(key.cert)), Serial: serialHex(key.cert), State: k.text("own.state." + key.state),
		Valid: k.text("file.valid", "From", k.date(key.cert.NotBefore), "To", k.date(key.cert.NotAfter)),
	}
	if key.state == "revoked" && !key.revokedAt.IsZero() {
		row.State = k.text("own.revoked", "When", k.moment(key.revokedAt), "Why", k.text("own.reason."+reasonWord(key.reason)))
	}
	if !key.issuedAt.IsZero() {
		row.Issued = k.moment(key.issuedAt)
	}
	if key.how != "" {
		row.How = k.text("own.how." + key.how)
	}
	if key.storage != "" {
		row.Storage = k.mediumName(ref{kind: key.storage})
	}
	if key.number != "" {
		row.Number = registry.FormatNumber(key.number)
	}
	return row
}
