//go:build cgo

package terminal

import (
	"context"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/printer"
)

// paper is the machine's printer as app wants it.
type paper struct{}

// cancelWithin is how long is waited for a job to end that was given up.
const cancelWithin = 10 * time.Second

// Present tells whether CUPS has a printer that takes documents.
func (paper) Present(ctx context.Context) bool {
	list, err := printer.List(ctx)
	if err != nil {
		return false
	}
	for _, p := range list {
		if p.Takes {
			return true
		}
	}
	return false
}

// Print hands the PDF to the printer that Present spoke of and follows the job to its end. A job that lasts longer than ctx is
// cancelled: nobody may still stand there when it comes out.
func (paper) Print(ctx context.Context, what app.Paper, told func(state string)) error {
	name, there, err := printer.Present()
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", app.ErrNotPrinted, err)
	case !there:
		return app.ErrPrinterAbsent
	}
	d := printer.Document{Title: what.Title, PDF: what.PDF, Width: what.Width, Height: what.Height}
	if deadline, set := ctx.Deadline(); set {
		// CUPS drops the job of a program that died, and no earlier: of a job that it dropped in the same moment nobody could say why it ended.
		d.Within = time.Until(deadline) + cancelWithin
	}
	job, err := printer.Open(name).Print(ctx, d)
	if err != nil {
		return printed("", err)
	}
	end, err := job.Follow(ctx, func(s printer.State) {
		if told != nil {
			told(string(s))
		}
	})
	if printer.CodeOf(err) == printer.TooLong {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelWithin)
		defer cancel()
		end, err = job.Cancel(ctx)
	}
	return printed(end, err)
}

// printed turns the end of a job into app's errors.
func printed(end printer.End, err error) error {
	switch {
	case end == printer.Printed: // that CUPS may still keep the document is the log's matter
		return nil
	case end != "":
		return fmt.Errorf("%w: the job was %s", app.ErrNotPrinted, end)
	case printer.CodeOf(err) == printer.Absent:
		return fmt.Errorf("%w: %w", app.ErrPrinterAbsent, err)
	case printer.CodeOf(err) == printer.Refused, printer.CodeOf(err) == printer.Silent:
		return fmt.Errorf("%w: %w", app.ErrNotPrinted, err)
	}
	return fmt.Errorf("%w: %w", app.ErrMaybePrinted, err)
}
