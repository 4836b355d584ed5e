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
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// errUsage marks what the caller got wrong.
var errUsage = errors.New("wrong usage")

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

// dock is one run of the program.
type dock struct {
	house
	ctx context.Context
	in  io.Reader
	out io.Writer
}

// command is one word of the command line. usage is what follows it, does the sentence that help prints.
type command struct {
	name, usage, does string
	run               func(*dock, []string) error
}

// commands in the order in which help prints them. A function, for shell and help refer back to it.
func commands() []command {
	return []command{
		{"init", "[--shim FILE]", "make tokens, stick and people; where they stand already nothing happens", (*dock).init},
		{"list", "[--json]", "say which tokens there are and what is plugged in", (*dock).list},
		{"people", "[--json]", "say who can be played, with IINs and PINs", (*dock).listPeople},
		{"plug", "NAME", "plug a token in", (*dock).plug},
		{"pull", "NAME", "pull a token out", (*dock).pull},
		{"fault", "NAME [--keygen-delay D] [--slow D] [--full] [--tries-left N] [--fail CALL:CODE] [--crash CALL] [--hang CALL]",
			"make things go wrong with a token; without options all is well again", (*dock).fault},
		{"trait", "NAME [--pairs N] [--erases] [--gost] [--no-rsa]",
			"change how many key pairs a token has room for (-1: no limit), whether one too many erases the others, which keys it claims to make; without options it is as its kind is", (*dock).trait},
		{"stick", "in | out", "plug the stick in, pull it out", (*dock).stick},
		{"line", "cut | restore | slow D | silent | garbled | state", "change the line to the centre", (*dock).lineCommand},
		{"line serve", "--listen HOST:PORT --to HOST:PORT", "be the line to the centre until told to end", nil},
		{"modules", "", "print the [[module]] tables for the kiosk's configuration", (*dock).modules},
		{"request", "NAME --out FILE", "make a key pair on a token and write a certificate request (PKCS#10, PEM)", (*dock).request},
		{"install", "NAME FILE", "write a certificate (PEM) beside its key on a token", (*dock).install},
		{"shim", "--out FILE", "compile the virtual vendor module that init takes; needs no folder", (*dock).shim},
		{"shell", "", "show everything on the screen and take one-key commands", (*dock).shell},
	}
}

// run is the whole program without the process around it.
func run(ctx context.Context, args []string, in io.Reader, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("tirkeu-dock", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dir := flags.String("dir", os.Getenv("TIRKEU_DOCK"), "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) || err == nil && flags.NArg() > 0 && (flags.Arg(0) == "help" || asksHelp(flags.Args()[1:])) {
		help(out)
		return 0
	}
	d := &dock{house: house{*dir}, ctx: ctx, in: in, out: out}
	switch {
	case err != nil:
		err = usage("%v", err)
	case flags.NArg() == 0:
		err = usage("no command")
	case *dir == "" && flags.Arg(0) != "shim":
		err = usage("no folder: give --dir DIR, or set TIRKEU_DOCK")
	default:
		err = d.do(flags.Args())
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintf(complaints, "tirkeu-dock: %v (see tirkeu-dock --help)\n", err)
		return 2
	default:
		fmt.Fprintf(complaints, "tirkeu-dock: %v\n", err)
		return 1
	}
}

// do runs one command line.
func (d *dock) do(words []string) error {
	for _, c := range commands() {
		if c.name == words[0] {
			return c.run(d, words[1:])
		}
	}
	return usage("there is no command %q", words[0])
}

func asksHelp(args []string) bool {
	for _, a := range args {
		if a == "--help" || a == "-help" || a == "-h" {
			return true
		}
	}
	return false
}

func help(out io.Writer) {
	fmt.Fprint(out, "tirkeu-dock: the virtual tokens, stick, people and line of a kiosk without hardware (demonstration only)\n\n"+
		"usage: tirkeu-dock --dir DIR COMMAND   (or TIRKEU_DOCK=DIR)\n\n")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %s\n      %s\n", strings.TrimSpace(c.name+" "+c.usage), c.does)
	}
	fmt.Fprint(out, "\nrequest and install need the program tirkeu-token beside this one, or where TIRKEU_TOKEN_WORKER says.\n"+
		"exit status: 0 done, 1 failed, 2 wrong usage\n")
}

// options parses a command's own options, which may stand before or after its words, and returns the words.
func options(name string, args []string, define func(*flag.FlagSet)) ([]string, error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if define != nil {
		define(flags)
	}
	var words []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, usage("%s: %v", name, err)
		}
		if flags.NArg() == 0 {
			return words, nil
		}
		words, args = append(words, flags.Arg(0)), flags.Args()[1:]
	}
}

// one is options for a command that takes exactly one word.
func one(name, what string, args []string, define func(*flag.FlagSet)) (string, error) {
	words, err := options(name, args, define)
	if err != nil {
		return "", err
	}
	if len(words) != 1 {
		return "", usage("%s needs %s", name, what)
	}
	return words[0], nil
}

// none is options for a command that takes no word.
func none(name string, args []string, define func(*flag.FlagSet)) error {
	words, err := options(name, args, define)
	if err != nil {
		return err
	}
	if len(words) != 0 {
		return usage("%s takes no %q", name, words[0])
	}
	return nil
}

// say prints one short sentence.
func (d *dock) say(format string, args ...any) error {
	_, err := fmt.Fprintf(d.out, format+"\n", args...)
	return err
}
