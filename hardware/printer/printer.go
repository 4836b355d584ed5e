package printer

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/OpenPrinting/goipp"
)

// State is how a printer is, as one word.
type State string

const (
	Ready      State = "ready"
	Busy       State = "busy"         // it prints
	Connecting State = "connecting"   // CUPS looks for it
	Offline    State = "offline"      // it does not answer: switched off or unplugged
	OutOfPaper State = "out-of-paper" // no paper, or none of the size wanted
	Jam        State = "jam"
	CoverOpen  State = "cover-open"
	NoInk      State = "no-ink"    // ink, toner or ribbon
	Stopped    State = "stopped"   // its queue was stopped by CUPS or by a person
	Attention  State = "attention" // something else that a person must look at
)

// Printer is a print queue of CUPS. CUPS learns of paper and covers while it prints; of an idle printer it says how it was then.
type Printer struct {
	Name     string
	Default  bool
	Takes    bool // it accepts jobs
	State    State
	PaperLow bool // there is little paper left
}

// wanted are the attributes that Printer is read from.
var wanted = []string{"printer-name", "printer-state", "printer-state-reasons", "printer-state-message", "printer-is-accepting-jobs"}

// List gives the printers that CUPS has. No CUPS is no printers.
func List(ctx context.Context) ([]Printer, error) {
	m := request(goipp.OpCupsGetPrinters)
	add(&m.Operation, "requested-attributes", goipp.TagKeyword, wanted...)
	answer, err := ask(ctx, answerWithin, "/", m, nil)
	if errors.Is(err, errNotSent) {
		return nil, nil
	}
	if err != nil {
		return nil, &Error{Silent, err}
	}
	switch err := refusal(answer); {
	case CodeOf(err) == Absent: // CUPS's word for an empty list
		return nil, nil
	case err != nil:
		return nil, err
	}
	usual, err := ask(ctx, answerWithin, "/", request(goipp.OpCupsGetDefault), nil)
	if err != nil {
		return nil, &Error{Silent, err}
	}
	byDefault := text(usual.Printer, "printer-name") // none, and CUPS's "not found", where no printer is the default
	var list []Printer
	for _, g := range answer.Groups {
		if g.Tag == goipp.TagPrinterGroup {
			p := read(g.Attrs)
			p.Default = p.Name != "" && p.Name == byDefault
			list = append(list, p)
		}
	}
	return list, nil
}

// Present names the printer that takes jobs: the default one if it does, else the first that does. No CUPS on the machine, no scheduler running and no
// printer set up all mean that there is none, which is no error. An error is what CUPS could not be asked, or said and should not have.
func Present() (name string, ok bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*answerWithin)
	defer cancel()
	list, err := List(ctx)
	if err != nil {
		return "", false, err
	}
	for _, p := range list {
		if p.Takes && (name == "" || p.Default) {
			name = p.Name
		}
	}
	return name, name != "", nil
}

// Queue is where documents for one printer are handed in.
type Queue struct {
	name string
}

// Open gives the queue of that name, as List or Present tell it. Nothing is asked yet.
func Open(name string) *Queue { return &Queue{name: name} }

// path and uri are the queue's address in HTTP and in IPP.
func (q *Queue) path() string { return "/printers/" + url.PathEscape(q.name) }
func (q *Queue) uri() string  { return "ipp://localhost" + q.path() }

// Printer says how the queue's printer is. *Error: Absent, Silent, Refused.
func (q *Queue) Printer(ctx context.Context) (Printer, error) {
	printer, err := q.attributes(ctx, wanted...)
	if err != nil {
		return Printer{}, err
	}
	return read(printer), nil
}

// attributes asks CUPS for those attributes of the queue's printer. *Error: Absent, Silent, Refused.
func (q *Queue) attributes(ctx context.Context, names ...string) (goipp.Attributes, error) {
	m := request(goipp.OpGetPrinterAttributes)
	add(&m.Operation, "printer-uri", goipp.TagURI, q.uri())
	add(&m.Operation, "requesting-user-name", goipp.TagName, me())
	add(&m.Operation, "requested-attributes", goipp.TagKeyword, names...)
	answer, err := ask(ctx, answerWithin, q.path(), m, nil)
	if errors.Is(err, errNotSent) {
		return nil, &Error{Absent, err}
	}
	if err != nil {
		return nil, &Error{Silent, err}
	}
	if err := refusal(answer); err != nil {
		return nil, err
	}
	return answer.Printer, nil
}

func read(from goipp.Attributes) Printer {
	reasons := texts(from, "printer-state-reasons")
	p := Printer{Name: text(from, "printer-name"), Takes: text(from, "printer-is-accepting-jobs") == "true"}
	p.State = judge(number(from, "printer-state"), reasons, text(from, "printer-state-message"))
	for _, r := range reasons {
		p.PaperLow = p.PaperLow || strings.HasPrefix(r, "media-low")
	}
	return p
}

// hindrances are what a keyword of printer-state-reasons means (RFC 8011 §5.4.12, PWG 5100.9, CUPS), the first to be told first.
var hindrances = []struct {
	begins string
	state  State
}{
	{"offline", Offline}, {"shutdown", Offline}, {"timed-out", Offline},
	{"media-jam", Jam},
	{"cover-open", CoverOpen}, {"door-open", CoverOpen}, {"interlock-open", CoverOpen},
	{"media-empty", OutOfPaper}, {"media-needed", OutOfPaper}, {"input-tray-missing", OutOfPaper},
	{"marker-supply-empty", NoInk}, {"toner-empty", NoInk}, {"developer-empty", NoInk}, {"marker-ribbon-empty", NoInk},
	{"paused", Stopped}, {"stopped", Stopped},
	{"connecting-to-device", Connecting},
}

// silence is what CUPS 2.4's backends say while they try in vain to reach a printer; no keyword says it. They speak the language of the job, which is
// English here.
var silence = []string{
	"The printer may not exist or is unavailable", "The printer is not responding", "The printer is unreachable", "Unable to locate printer",
	"Waiting for printer to become available",
}

// The values of printer-state (RFC 8011 §5.4.11).
const idle, processing, stopped = 3, 4, 5

// judge makes one word of a printer's state, its reasons and CUPS's message. A reason that ends in "-report" hinders nothing, but for CUPS's
// "offline-report"; a warning about paper is believed, since virtual and cheap printers give no error for it.
func judge(state int, reasons []string, message string) State {
	for _, s := range silence {
		if state != idle && strings.HasPrefix(message, s) { // an idle printer's message is of a job that has ended
			return Offline
		}
	}
	for _, h := range hindrances {
		for _, r := range reasons {
			if strings.HasPrefix(r, h.begins) && (!strings.HasSuffix(r, "-report") || h.state == Offline) {
				return h.state
			}
		}
	}
	for _, r := range reasons {
		if strings.HasSuffix(r, "-error") {
			return Attention
		}
	}
	switch state {
	case idle:
		return Ready
	case processing:
		return Busy
	case stopped:
		return Stopped
	}
	return Attention
}
