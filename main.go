//go:build cgo

// Command tirkeu is the kiosk program: the window and everything behind it, or a command without a window. Built with the tag training it is
// tirkeu-training, on which staff learn; see app/terminal/edition.go.
package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/app/terminal"
	"github.com/tirkeu/kiosk/app/window"
)

//go:embed all:frontend/dist
var page embed.FS

func main() { os.Exit(run(os.Args[1:])) }

// run is the whole program; it gives the exit status.
func run(args []string) int {
	for _, c := range terminal.Commands() {
		words := strings.Fields(c.Name)
		if len(args) >= len(words) && slices.Equal(args[:len(words)], words) {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return c.Run(ctx, args[len(words):], os.Stdin, os.Stdout, os.Stderr)
		}
	}
	if len(args) > 0 && args[0] == "version" {
		fmt.Println(terminal.Version())
		return terminal.Done
	}
	flags := flag.NewFlagSet(terminal.Program, flag.ContinueOnError)
	config := flags.String("config", "", "configuration `file` (default "+terminal.DefaultConfiguration+")")
	state := flags.String("state", terminal.DefaultState, "state `folder`")
	flags.Usage = func() { usage(flags) }
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return terminal.Done
	case err != nil:
		return terminal.Usage
	case flags.NArg() > 0:
		fmt.Fprintf(os.Stderr, "%s: there is no command %q (see %[1]s --help)\n", terminal.Program, flags.Arg(0))
		return terminal.Usage
	}
	err = show(*config, *state)
	if err != nil {
		fmt.Fprintln(os.Stderr, terminal.Program+":", err)
		return terminal.Failed
	}
	return terminal.Done
}

func usage(flags *flag.FlagSet) {
	w := flags.Output()
	fmt.Fprintf(w, "%s: %s\n\nusage: %[1]s [options]            opens the window\n       %[1]s COMMAND [options]\n", terminal.Program, terminal.About)
	for _, c := range terminal.Commands() {
		fmt.Fprintf(w, "  %-14s %s\n", c.Name, c.Synopsis)
	}
	fmt.Fprintln(w, "  version        print the version\n\noptions:")
	flags.PrintDefaults()
	fmt.Fprintln(w, "\nexit status: 0 done, 1 failed, 2 wrong usage")
}

// show holds the terminal, opens it beside its window, and returns when the window has closed.
func show(config, state string) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	configuration, err := terminal.ReadConfiguration(config)
	if err != nil {
		return err
	}
	assets, err := fs.Sub(page, "frontend/dist")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	t, err := terminal.Hold(ctx, configuration, state, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	var w *window.Window
	alive, ran := make(chan struct{}), make(chan error, 2)
	stands := firstScreen(ctx, alive)
	size := t.Display()
	w = window.New(window.Options{
		Assets: assets, Log: log, Width: size.WidthPx, Height: size.HeightPx, BandPx: t.BandPx(),
		Open: func() (window.Backend, error) { // beside the window's own start
			kiosk, err := open(t, stands, func() { w.Replace() })
			if err != nil {
				ran <- nil
				return nil, err
			}
			go func() { ran <- errors.Join(kiosk.Run(ctx), kiosk.Close()) }()
			return kiosk, nil
		},
		OnPainted: func() { log.Info("painted") },
		OnStuck:   func() { os.Exit(terminal.Failed) }, // what was accepted is in the database; a supervisor starts the program anew
		OnAlive:   func() { close(alive) },
	})
	go func() { ran <- openRack(ctx, t, stands, log) }()
	err = w.Run()
	stop()
	return errors.Join(err, <-ran, <-ran)
}

// firstScreen is closed once the first screen stands and lives: what delays it begins then. A page that is late delays that by so much at most.
func firstScreen(ctx context.Context, alive <-chan struct{}) <-chan struct{} {
	stands := make(chan struct{})
	go func() {
		late := time.NewTimer(5 * time.Second)
		defer late.Stop()
		select {
		case <-alive:
		case <-late.C:
		case <-ctx.Done():
		}
		close(stands)
	}()
	return stands
}

// open starts the terminal and makes what the window shows. The line to the centre is taken up once the first screen stands.
func open(t *terminal.Terminal, stands <-chan struct{}, onSessionEnd func()) (*app.Kiosk, error) {
	err := t.Start(stands)
	if err != nil {
		return nil, err
	}
	return t.Kiosk(onSessionEnd)
}

// openRack starts the token workers once the first screen stands.
func openRack(ctx context.Context, t *terminal.Terminal, stands <-chan struct{}, log *slog.Logger) error {
	<-stands
	if ctx.Err() != nil {
		return nil
	}
	err := t.OpenRack(ctx)
	if err != nil {
		log.Error("no token can be used", "error", err)
	}
	debug.FreeOSMemory() // what reading the words and starting took, and is not needed again
	return err
}
