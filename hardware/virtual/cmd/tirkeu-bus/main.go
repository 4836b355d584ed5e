package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the whole program without the process around it.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("tirkeu-bus", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dir := flags.String("dir", os.Getenv("TIRKEU_BUS"), "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp) || err == nil && flags.Arg(0) == "help":
		help(out)
		return 0
	case err != nil:
		err = fmt.Errorf("%w: %w", errUsage, err)
	case *dir == "":
		err = fmt.Errorf("%w: no folder: give --dir DIR, or set TIRKEU_BUS", errUsage)
	case flags.NArg() == 1 && flags.Arg(0) == "serve":
		err = serve(ctx, *dir, func() { fmt.Fprintf(out, "the bus serves in %s\n", *dir) })
	case flags.NArg() == 0:
		err = fmt.Errorf("%w: no command", errUsage)
	default:
		var said string
		if said, err = tell(*dir, flags.Args()); said != "" {
			fmt.Fprintln(out, said)
		}
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(complaints, "tirkeu-bus: %v (see tirkeu-bus --help)\n", err)
		return 2
	}
	fmt.Fprintf(complaints, "tirkeu-bus: %v\n", err)
	return 1
}

func help(out io.Writer) {
	var text strings.Builder
	text.WriteString("tirkeu-bus: USB tokens, card readers and identity cards that are not there (demonstration, training and tests only)\n\n" +
		"usage: tirkeu-bus --dir DIR COMMAND   (or TIRKEU_BUS=DIR)\n\n  serve\n      be the bus, with a pcscd of its own, until told to end; DIR/env and DIR/env.usb say how to reach it\n")
	for _, c := range commands() {
		fmt.Fprintf(&text, "  %s\n      %s\n", strings.TrimSpace(c.name+" "+c.usage), c.does)
	}
	text.WriteString("\nIt needs the Debian packages umockdev, pcscd, libccid and opensc.\nexit status: 0 done, 1 failed, 2 wrong usage\n")
	_, _ = io.WriteString(out, text.String())
}
