//go:build cgo

package terminal

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/storage"
)

// Exit statuses of every command.
const (
	Done   = 0
	Failed = 1
	Usage  = 2
)

// Command is a command without a window.
type Command struct {
	Name, Synopsis string
	Run            func(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int
}

// Commands are all of them.
func Commands() []Command {
	return []Command{
		{"provision", "enrol this terminal at its centre; the secret is read from standard input", provision},
		{"doctor tokens", "examine a plugged token and its module with a technician's help, and write a profile for the module", doctorTokens},
		{"doctor", "test every part of this terminal and say for each: well, or what to do", doctor},
		{"audit verify", "say whether the audit chain is whole, or where it breaks", auditVerify},
		{"audit export", "print the audit chain, one JSON object a line", auditExport},
		{"keyfile show", "say what a key file holds; its password is read from standard input", keyfileShow},
	}
}

// flags are those that every command knows.
type flags struct {
	*flag.FlagSet
	config, state string
}

func newFlags(name string, errs io.Writer) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(Program+" "+name, flag.ContinueOnError)}
	f.SetOutput(errs)
	f.StringVar(&f.config, "config", "", "configuration `file` (default "+DefaultConfiguration+")")
	f.StringVar(&f.state, "state", DefaultState, "state `folder`")
	return f
}

// parse gives false, and the exit status, when there is nothing to run.
func (f *flags) parse(args []string) (bool, int) {
	err := f.FlagSet.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return false, Done
	case err != nil:
		return false, Usage
	case f.NArg() > 0:
		fmt.Fprintf(f.Output(), "%s: %q is not understood (see --help)\n", f.Name(), f.Arg(0))
		return false, Usage
	}
	return true, Done
}

func provision(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	f := newFlags("provision", errs)
	centre := f.String("centre", "", "the centre's `address`, https://HOST:PORT")
	reference := f.String("reference", "", "the reference that the centre gave")
	display := f.String("display", "l21", "p21 (1080×1920), l21 (1920×1080) or l10 (1280×800)")
	languages := f.String("languages", "kk,ru,en", "order of the languages")
	ok, status := f.parse(args)
	if !ok {
		return status
	}
	size, known := app.DisplayNamed(*display)
	var order []app.Lang
	for l := range strings.SplitSeq(*languages, ",") {
		order = append(order, app.Lang(strings.TrimSpace(l)))
	}
	sorted := slices.Sorted(slices.Values(order))
	if *centre == "" || *reference == "" || !known || !slices.Equal(sorted, []app.Lang{app.English, app.Kazakh, app.Russian}) {
		fmt.Fprintln(errs, Program+" provision: needs --centre, --reference, a known --display, and each language once (see --help)")
		return Usage
	}
	secret, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fail(errs, "reading the secret from standard input", err)
	}
	c, err := ReadConfiguration(f.config)
	if err != nil {
		return fail(errs, "enrolling this terminal", err)
	}
	t, err := Open(ctx, c, f.state, slog.New(slog.NewTextHandler(errs, nil)))
	if err != nil {
		return fail(errs, "enrolling this terminal", err)
	}
	defer t.Close()
	if t.why != nil {
		return fail(errs, "enrolling this terminal", t.why)
	}
	if t.device != nil {
		fmt.Fprintf(errs, "this terminal is enrolled already, as %s: remove device.json from %s to enrol it anew\n", t.device.Name, f.state)
		return Failed
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	joined, err := t.Enrol(ctx, app.Enrolment{Centre: *centre, Reference: *reference, Secret: strings.TrimSpace(secret), Display: size, Languages: order})
	if err != nil {
		return fail(errs, "enrolling this terminal", err)
	}
	t.settle(ctx, joined)
	fmt.Fprintf(out, "enrolled as %s, numbers begin with %s\n", joined.Device, joined.Prefix)
	return Done
}

// settle waits until the engine has the centre's directory, so that the terminal can work with the line down from now on.
func (t *Terminal) settle(ctx context.Context, joined *app.Joined) {
	changed, stop := joined.Engine.Watch()
	defer stop()
	limit := time.NewTimer(15 * time.Second)
	defer limit.Stop()
	for joined.Directory() == nil || !joined.Engine.State().Online {
		select {
		case <-changed:
		case <-limit.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func fail(errs io.Writer, doing string, err error) int {
	fmt.Fprintf(errs, "%s: %v\n", doing, err)
	return Failed
}

// openStore opens the database beside a kiosk that may be running; SQLite lets several processes read.
func openStore(state string) (*storage.Store, error) {
	f := &Folder{path: state}
	_, err := os.Stat(f.Path("kiosk.db"))
	if err != nil {
		return nil, err
	}
	return f.openStore()
}

func auditVerify(ctx context.Context, args []string, _ io.Reader, out, errs io.Writer) int {
	f := newFlags("audit verify", errs)
	ok, status := f.parse(args)
	if !ok {
		return status
	}
	s, err := openStore(f.state)
	if err != nil {
		return fail(errs, "verifying the audit chain", err)
	}
	defer s.Close()
	report, err := s.VerifyAudit(ctx)
	if err != nil {
		return fail(errs, "verifying the audit chain", err)
	}
	if !report.Whole() {
		fmt.Fprintf(out, "the audit chain breaks at row %d: %s\n", report.BrokenAt, report.Why)
		return Failed
	}
	fmt.Fprintf(out, "the audit chain is whole: %d rows\n", report.Rows)
	return Done
}

func auditExport(ctx context.Context, args []string, _ io.Reader, out, errs io.Writer) int {
	f := newFlags("audit export", errs)
	ok, status := f.parse(args)
	if !ok {
		return status
	}
	s, err := openStore(f.state)
	if err != nil {
		return fail(errs, "exporting the audit chain", err)
	}
	defer s.Close()
	err = s.ExportAudit(ctx, out)
	if err != nil {
		return fail(errs, "exporting the audit chain", err)
	}
	return Done
}

// doctor says for each part well or what to do. It may run beside the kiosk.
func doctor(ctx context.Context, args []string, _ io.Reader, out, errs io.Writer) int {
	f := newFlags("doctor", errs)
	ok, status := f.parse(args)
	if !ok {
		return status
	}
	c, err := ReadConfiguration(f.config)
	if err != nil {
		return fail(errs, "examining this terminal", err)
	}
	bad := 0
	say := func(part string, well bool, text string) {
		mark := "well"
		if !well {
			mark = "ATTENTION"
			bad++
		}
		fmt.Fprintf(out, "%-10s %-9s %s\n", part, mark, text)
	}
	s, err := openStore(f.state)
	switch {
	case errors.Is(err, os.ErrNotExist):
		say("database", false, "there is none yet: enrol this terminal first ("+Program+" provision, or the first-start screen)")
	case errors.Is(err, storage.ErrForeign):
		say("database", false, err.Error())
	case err != nil:
		say("database", false, err.Error()+"; the file was left as it is: restore kiosk.db and seal.key from the backup")
	default:
		err = s.Check(ctx)
		say("database", err == nil, textOf(err, "read through and whole"))
		_ = s.Close()
	}
	examineCentre(ctx, &Folder{path: f.state}, say)
	examineTokens(ctx, c, say)
	for name, probe := range probes() {
		found := probe(ctx)
		say(name, found.State != "attention", map[string]string{"absent": "not present", "well": "present: " + found.Detail, "attention": "does not answer"}[found.State])
	}
	if bad > 0 {
		return Failed
	}
	return Done
}

func textOf(err error, well string) string {
	if err != nil {
		return err.Error()
	}
	return well
}

func examineCentre(ctx context.Context, f *Folder, say func(string, bool, string)) {
	d, id, err := f.device()
	if err != nil {
		say("device", false, err.Error())
		return
	}
	if d == nil {
		say("device", false, "not enrolled: use "+Program+" provision or the first-start screen")
		return
	}
	say("device", time.Now().Before(id.chain[0].NotAfter), fmt.Sprintf("%s, numbers %s…, certificate until %s", d.Name, d.Prefix, id.chain[0].NotAfter.Format(time.DateOnly)))
	link, err := connect(*d, id)
	if err != nil {
		say("centre", false, err.Error())
		return
	}
	defer link.Close()
	began := time.Now()
	there, err := link.Time(ctx)
	say("centre", err == nil, textOf(err, d.Centre+" answers"))
	if err == nil {
		apart := there.Sub(began).Abs().Round(time.Second)
		say("clock", apart < 2*time.Minute, fmt.Sprintf("%s from the centre's", apart))
	}
}

func examineTokens(ctx context.Context, c Configuration, say func(string, bool, string)) {
	if len(c.Modules) == 0 {
		say("tokens", false, "the configuration names no PKCS#11 module: add [[module]] with name and path")
		return
	}
	r, err := token.Open(ctx, token.Config{Worker: c.Worker, Modules: c.modules(), Devices: c.Devices})
	if err != nil {
		say("tokens", false, err.Error())
		return
	}
	defer r.Close()
	for _, m := range r.Modules() {
		say("module", m.Running, fmt.Sprintf("%s (%s) %s%s", m.Name, m.Path, m.Library, m.Error))
	}
}
