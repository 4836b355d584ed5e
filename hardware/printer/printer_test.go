package printer

import (
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/OpenPrinting/goipp"
)

// fake answers like CUPS 2.4 about these printers.
type fake struct {
	printers  []Printer // State is not looked at
	byDefault string
	status    goipp.Status
	raw       func(w http.ResponseWriter)
}

func (f fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m goipp.Message
	body, err := io.ReadAll(r.Body)
	if err != nil || m.DecodeBytes(body) != nil {
		panic(http.ErrAbortHandler)
	}
	if f.raw != nil {
		f.raw(w)
		return
	}
	groups := goipp.Groups{{Tag: goipp.TagOperationGroup, Attrs: request(0).Operation}}
	status := f.status
	printer := func(name string, takes bool) {
		var attrs goipp.Attributes
		add(&attrs, "printer-name", goipp.TagName, name)
		attrs.Add(goipp.MakeAttribute("printer-state", goipp.TagEnum, goipp.Integer(3)))
		attrs.Add(goipp.MakeAttribute("printer-is-accepting-jobs", goipp.TagBoolean, goipp.Boolean(takes)))
		add(&attrs, "printer-state-reasons", goipp.TagKeyword, "none")
		groups = append(groups, goipp.Group{Tag: goipp.TagPrinterGroup, Attrs: attrs})
	}
	switch {
	case status != 0:
	case goipp.Op(m.Code) == goipp.OpCupsGetPrinters:
		if len(f.printers) == 0 {
			status = goipp.StatusErrorNotFound // "No destinations added."
		}
		for _, p := range f.printers {
			printer(p.Name, p.Takes)
		}
	case f.byDefault == "":
		status = goipp.StatusErrorNotFound
	default:
		printer(f.byDefault, true)
	}
	answer := goipp.NewMessageWithGroups(goipp.DefaultVersion, goipp.Code(status), m.RequestID, groups)
	answer.Encode(w)
}

func TestPresent_NamesThePrinterThatTakesJobs(t *testing.T) {
	front, back, out := Printer{Name: "Front", Takes: true}, Printer{Name: "Back", Takes: true}, Printer{Name: "Out"}
	for name, c := range map[string]struct {
		cups  fake
		want  string
		fails bool
	}{
		"no printer":               {fake{}, "", false},
		"the default one":          {fake{printers: []Printer{front, back}, byDefault: "Back"}, "Back", false},
		"no default":               {fake{printers: []Printer{front, back}}, "Front", false},
		"the default one is out":   {fake{printers: []Printer{out, back}, byDefault: "Out"}, "Back", false},
		"none takes jobs":          {fake{printers: []Printer{out}}, "", false},
		"CUPS forbids it":          {fake{status: goipp.StatusErrorForbidden}, "", true},
		"CUPS answers strangely":   {fake{raw: func(w http.ResponseWriter) { io.WriteString(w, "hello") }}, "", true},
		"CUPS fails without word":  {fake{raw: func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) }}, "", true},
		"it never stops answering": {fake{raw: endless}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			serve(t, short(t), c.cups)
			got, ok, err := Present()
			if err != nil {
				t.Log(err)
			}
			if got != c.want || ok != (c.want != "") || (err != nil) != c.fails {
				t.Errorf("%q, %t, %v", got, ok, err)
			}
		})
	}
}

func endless(w http.ResponseWriter) {
	for {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			return
		}
	}
}

func TestPresent_DoesNotWaitForACUPSThatIsSilent(t *testing.T) {
	serve(t, short(t), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	began := time.Now()
	if name, ok, err := Present(); ok || CodeOf(err) != Silent {
		t.Errorf("%q, %v", name, err)
	}
	if took := time.Since(began); took > 5*answerWithin { // a hang, not a pace
		t.Errorf("it took %v", took)
	}
}

func TestPresent_FindsNoPrinterWhereThereIsNoCUPS(t *testing.T) {
	t.Setenv("CUPS_SERVER", filepath.Join(t.TempDir(), "none"))
	if name, ok, err := Present(); name != "" || ok || err != nil {
		t.Errorf("%q, %t, %v", name, ok, err)
	}
	if job, err := Open("Receipt").Print(long(t), Document{Title: "receipt", PDF: page()}); job != nil || CodeOf(err) != Absent {
		t.Errorf("%v", err)
	}
	if _, err := Open("Receipt").Printer(long(t)); CodeOf(err) != Absent {
		t.Errorf("%v", err)
	}
}

func TestJudge_TellsTheHindranceFirst(t *testing.T) {
	for _, c := range []struct {
		state   int
		reasons []string
		want    State
	}{
		{3, nil, Ready}, {3, []string{"none"}, Ready}, {4, []string{"none"}, Busy}, {5, []string{"none"}, Stopped}, {0, nil, Attention},
		{4, []string{"media-empty-error"}, OutOfPaper}, {4, []string{"media-empty-warning"}, OutOfPaper}, {3, []string{"media-empty"}, OutOfPaper}, {5, []string{"media-needed"}, OutOfPaper},
		{3, []string{"media-empty-report"}, Ready}, {3, []string{"media-low-warning"}, Ready},
		{5, []string{"paused", "media-jam-error"}, Jam}, {5, []string{"door-open-error"}, CoverOpen}, {5, []string{"cover-open", "media-empty-error"}, CoverOpen},
		{4, []string{"toner-empty-error"}, NoInk}, {4, []string{"marker-supply-low-warning"}, Busy},
		{3, []string{"offline-report"}, Offline}, {4, []string{"connecting-to-device"}, Connecting}, {5, []string{"paused"}, Stopped},
		{4, []string{"cups-waiting-for-job-completed"}, Busy}, {5, []string{"fuser-over-temp-error"}, Attention},
	} {
		if got := judge(c.state, c.reasons, "Printing."); got != c.want {
			t.Errorf("%d %v: %q, not %q", c.state, c.reasons, got, c.want)
		}
	}
}

func TestJudge_BelievesAMessageOfSilenceOnlyWhileThereIsAJob(t *testing.T) {
	const message = "The printer may not exist or is unavailable at this time."
	for state, want := range map[int]State{idle: Ready, processing: Offline, stopped: Offline} {
		if got := judge(state, nil, message); got != want {
			t.Errorf("%d: %q, not %q", state, got, want)
		}
	}
}

func TestChoose_AsksOnlyForPaperThatThePrinterCanHave(t *testing.T) {
	roll := []string{"custom_min_25.4x25.4mm", "custom_max_80x2000mm", "custom_roll_80x200mm"}
	office := []string{"iso_a4_210x297mm", "na_letter_8.5x11in", "strange", "custom_x"}
	for _, c := range []struct {
		supported     []string
		width, height int
		want          string
	}{
		{roll, 80, 158, "custom_80x158mm_80x158mm"}, {roll, 80, 200, "custom_roll_80x200mm"}, {roll, 80, 2001, ""}, {roll, 112, 200, ""}, {roll, 20, 100, ""},
		{office, 80, 158, ""}, {office, 210, 297, "iso_a4_210x297mm"}, {office, 216, 279, "na_letter_8.5x11in"}, {nil, 80, 158, ""},
	} {
		if got := choose(c.supported, c.width, c.height); got != c.want {
			t.Errorf("%d×%d of %v: %q, not %q", c.width, c.height, c.supported, got, c.want)
		}
	}
}
