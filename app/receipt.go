package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/app/report"
	"github.com/tirkeu/kiosk/sync/registry"
)

// How long a receipt may take to print, and how long a printer that waits for a person is waited for, where the configuration does
// not say: whoever stands there is offered another way then.
const (
	receiptWithin   = time.Minute
	printerPatience = 4 * time.Second
)

// accepted is what a receipt tells of an application; nothing of it says who applied.
type accepted struct {
	number string
	kind   registry.Kind
	staff  bool // staff confirm it
	at     time.Time
	email  string // the citizen's own address, to be offered; empty where none is known. It stands on no receipt.
}

// receipt is what the citizen takes along. The number stays on the screen whatever becomes of paper and line.
type receipt struct {
	from  state // the screen that the application ended with
	of    accepted
	phase string // "printing", "printed", "failed", "doubtful" (nobody can say whether it was printed), "mailed"
	state string // of the printer while it prints, or what kept it from printing: one of printerStates, or "absent"
	to    string // where the e-mail goes
}

func (*receipt) name() string        { return "receipt.take" }
func (s *receipt) back(*Kiosk) state { return s.from }

// plugged: what the screen below waits for goes on.
func (s *receipt) plugged(k *Kiosk) {
	if below, ok := s.from.(plugger); ok {
		below.plugged(k)
	}
}

func (s *receipt) view(k *Kiosk) any {
	v := ReceiptTakeScreen{
		Phase: s.phase, Number: registry.FormatNumber(s.of.number), QR: encodeQR(s.of.number), Printer: k.printer, Finish: true,
	}
	if done, ok := s.from.(*signedDone); ok && done.issued() {
		v.Finish = false // there is more to do on the screen below
	}
	switch s.phase {
	case "printing":
		v.Text = k.text("receipt.printing")
		if s.state != "" && s.state != "ready" && s.state != "busy" {
			v.Text = k.text("printer." + s.state)
		}
	case "printed":
		v.Text = k.text("receipt.printed")
	case "failed":
		v.Text = k.text("receipt.why." + s.state)
	case "doubtful":
		v.Text = k.text("receipt.doubtful")
	case "mailed":
		v.Text = k.text("receipt.mailed", "To", s.to)
		if !k.link.Online {
			v.Text = k.text("receipt.mailed-later", "To", s.to)
		}
	}
	return v
}

func (s *receipt) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "finish":
		k.end("finished")
		return nil
	}
	return k.takeReceipt(s.from, s.of, action)
}

// takeReceipt carries out what is asked for on a screen that ends with a number. Under the lock.
func (k *Kiosk) takeReceipt(from state, of accepted, action string) *fault {
	switch action {
	case "receipt.print":
		if !k.printer {
			return nil
		}
		k.printReceipt(&receipt{from: from, of: of, phase: "printing"})
	case "receipt.email":
		k.at = &receiptEmail{from: from, of: of}
	}
	return nil
}

// receiptWay is how a receipt is offered: on paper where there is a printer, else by e-mail.
func (k *Kiosk) receiptWay() string {
	if k.printer {
		return "print"
	}
	return "email"
}

// findPrinter looks whether there is a printer; nobody waits for the answer. Under the lock.
func (k *Kiosk) findPrinter() {
	k.spawn(func() {
		there := k.printerThere(k.ctx)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.printer = there
		k.publish()
	})
}

// below is the screen that a receipt's stands on; the present one where there is none. Under the lock.
func (k *Kiosk) below() state {
	switch s := k.at.(type) {
	case *receipt:
		return s.from
	case *receiptEmail:
		return s.from
	}
	return k.at
}

// hindrances are the states in which a printer waits for a person.
var hindrances = []string{"offline", "out-of-paper", "jam", "cover-open", "no-ink", "stopped", "attention"}

// printReceipt prints and shows how it goes. A printer that waits for paper is given up soon, and then nothing comes out of it
// later either. Under the lock.
func (k *Kiosk) printReceipt(s *receipt) {
	paper, title := k.receiptPaper(s.of), k.text("receipt.job")
	k.at = s
	patience, within := k.cfg.PrinterPatience, k.cfg.PrintWithin
	k.start(job{}, func(ctx context.Context, ses *session) func() {
		sheet, err := receiptSheet(paper, title)
		stays := ctx // ends when the citizen leaves
		ctx, stop := context.WithTimeout(ctx, within)
		defer stop()
		over := time.AfterFunc(within, stop)
		defer over.Stop()
		hindered, last := "", ""
		if err == nil {
			err = k.cfg.Printer.Print(ctx, sheet, func(word string) {
				last = word
				if !slices.Contains(hindrances, word) {
					hindered = ""
					over.Reset(within)
				} else {
					if hindered == "" {
						over.Reset(patience)
					}
					hindered = word
				}
				k.during(ses, func() { s.state = word })
			})
		}
		if err != nil && last == "busy" && ctx.Err() != nil && stays.Err() == nil {
			// It was printing and has said nothing since. CUPS has given the job up, but nobody knows whether the printer, which may be out of
			// reach, has heard of that: CUPS 2.4 goes on saying that it prints.
			err = fmt.Errorf("%w: %w", ErrMaybePrinted, err)
		}
		if err != nil {
			k.log.Warn("print a receipt", "state", hindered, "cause", err)
		}
		return func() { s.ended(k, hindered, err) }
	})
}

// ended says what became of the printing. Under the lock.
func (s *receipt) ended(k *Kiosk, hindered string, err error) {
	switch {
	case err == nil:
		s.phase = "printed"
	case errors.Is(err, ErrMaybePrinted):
		s.phase = "doubtful"
	default:
		s.phase, s.state = "failed", "attention"
		switch {
		case hindered != "":
			s.state = hindered
		case errors.Is(err, ErrPrinterAbsent):
			s.state = "absent"
		}
	}
}

// receiptSheet draws a receipt for the printer.
func receiptSheet(r report.Receipt, title string) (Paper, error) {
	pdf, err := r.PDF()
	if err != nil {
		return Paper{}, err
	}
	height, err := r.Height()
	return Paper{Title: title, PDF: pdf, Width: report.ReceiptWidth, Height: height}, err
}

// receiptPaper is the receipt in the chosen language. Under the lock.
func (k *Kiosk) receiptPaper(of accepted) report.Receipt {
	now := k.cfg.Now()
	r := report.Receipt{
		Language: string(k.lang), Title: k.text("receipt.title." + receiptKind(of)), NumberLabel: k.text("label.number"),
		Number: registry.FormatNumber(of.number), Code: of.number, MadeAt: now,
		Made: report.Line{Label: k.text("receipt.made"), Value: k.moment(of.at)}, Centre: report.Line{Label: k.text("label.centre"), Value: k.centreName()},
		NextTitle: k.text("receipt.next"),
	}
	if k.cfg.Training {
		r.Notice = k.text("report.training")
	}
	switch receiptKind(of) {
	case "revocation":
		r.Next = []string{k.text("receipt.step.revoked"), k.text("receipt.step.number")}
	case "signed":
		r.Next = []string{k.text("receipt.step.ready"), k.text("receipt.step.install")}
	default:
		r.Next = []string{k.text("receipt.step.desk"), k.text("receipt.step.install")}
		r.Limit = k.text("receipt.limit", "Date", k.date(of.at.AddDate(0, 0, k.applicationDays())))
	}
	return r
}

// receiptKind is what is next, in a word.
func receiptKind(of accepted) string {
	switch {
	case of.kind == registry.KindRevocation:
		return "revocation"
	case of.staff:
		return "staff"
	}
	return "signed"
}
