//go:build cgo

package terminal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/token"
	tokendoctor "github.com/tirkeu/kiosk/hardware/token/doctor"
)

// While a module is examined its calls may take long: how long they do is what is to be found out.
const (
	examinedCall   = 30 * time.Second
	examinedKeygen = 10 * time.Minute
)

// doctorTokens examines one token with the technician's help.
func doctorTokens(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	return examineOffered(ctx, ReadConfiguration, args, in, out, errs)
}

// examineOffered is doctorTokens on a configuration that read reads.
func examineOffered(ctx context.Context, read func(path string) (Configuration, error), args []string, in io.Reader, out, errs io.Writer) int {
	f := newFlags("doctor tokens", errs)
	only := f.String("module", "", "`name` of the one module to examine (default: every one that is configured)")
	profile := f.String("profile", "", "write the profile to this `file` (default profiles/MODULE.toml in the state folder)")
	written := f.String("report", "", "write the report to this `file` as well")
	agreed := f.Bool("yes", false, "agree to every step, also to those that change the token; for tests")
	ok, status := f.parse(args)
	if !ok {
		return status
	}
	const doing = "examining a token"
	c, err := read(f.config)
	if err != nil {
		return fail(errs, doing, err)
	}
	var modules []token.Module
	for _, m := range c.modules() {
		if *only == "" || m.Name == *only {
			m.Profile = token.Profile{} // an older one must not rule what is found now
			modules = append(modules, m)
		}
	}
	if len(modules) == 0 {
		fmt.Fprintln(errs, Program+" doctor tokens: the configuration names no such PKCS#11 module: add [[module]] with name and path")
		return Usage
	}
	rack, err := token.Open(ctx, token.Config{Worker: c.Worker, Modules: modules, Devices: c.Devices, CallTimeout: examinedCall, KeygenTimeout: examinedKeygen,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fail(errs, doing, err)
	}
	defer rack.Close()
	for _, m := range rack.Modules() {
		if !m.Running {
			fmt.Fprintf(errs, "module %s (%s) does not run: %s\n", m.Name, m.Path, m.Error)
		}
	}
	e := &tokendoctor.Examination{Rack: rack, Technician: &technician{in: bufio.NewReader(in), from: in, out: out, agreed: *agreed}}
	report, err := e.Run(ctx)
	if err != nil {
		return fail(errs, doing, err)
	}
	fmt.Fprintln(out)
	_, _ = report.WriteTo(out)
	if *profile == "" {
		*profile = filepath.Join(f.state, "profiles", filepath.Base(report.Module.Name)+".toml")
	}
	err = report.Profile.Save(*profile)
	if err == nil && *written != "" {
		err = saveReport(report, *written)
	}
	if err != nil {
		return fail(errs, doing, err)
	}
	fmt.Fprintf(out, "\nThe profile is in %s. It is used once the configuration's [[module]] %q says: profile = %q\n", *profile, report.Module.Name, *profile)
	if !report.Sound() {
		return Failed
	}
	return Done
}

func saveReport(r *tokendoctor.Report, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = r.WriteTo(file)
	closing := file.Close()
	if err == nil {
		err = closing
	}
	return err
}

// technician is whoever sits at the terminal.
type technician struct {
	in     *bufio.Reader
	from   io.Reader // what in reads
	out    io.Writer
	agreed bool // to everything
}

// Tell prints a line.
func (p *technician) Tell(line string) { fmt.Fprintln(p.out, line) }

// Agrees asks for y; everything else, and the end of the input, is no.
func (p *technician) Agrees(question string) bool {
	fmt.Fprintf(p.out, "%s [y/N] ", question)
	if p.agreed {
		fmt.Fprintln(p.out, "y (--yes)")
		return true
	}
	answer, _ := p.in.ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true
	}
	return false
}

// Secret reads a line that a terminal does not show.
func (p *technician) Secret(prompt string) (string, error) {
	fmt.Fprint(p.out, prompt)
	if file, isFile := p.from.(*os.File); isFile {
		if shown, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err == nil {
			hidden := *shown
			hidden.Lflag &^= unix.ECHO
			if err = unix.IoctlSetTermios(int(file.Fd()), unix.TCSETS, &hidden); err != nil {
				return "", fmt.Errorf("hide what is typed: %w", err)
			}
			defer func() { _ = unix.IoctlSetTermios(int(file.Fd()), unix.TCSETS, shown) }()
		}
	}
	line, err := p.in.ReadString('\n')
	fmt.Fprintln(p.out)
	if err != nil && line == "" {
		return "", fmt.Errorf("read the PIN: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
