// Command tirkeu-centre is the central registration authority behind the kiosks, with a sandbox certification authority,
// and the operators' tool for it. See tirkeu-centre --help.
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
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errUsage is wrong usage: exit status 2.
var errUsage = errors.New("wrong usage")

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

// call is one call of a command: its flags, its arguments and where it prints.
type call struct {
	ctx      context.Context
	out, err io.Writer
	args     []string
	flags    *flag.FlagSet
	db       string
	state    string
	json     bool
}

// command is one thing the program does. words name it; args says what it takes besides flags.
type command struct {
	words string
	args  string
	least int // arguments
	most  int
	help  string
	data  bool // prints data, so takes --json
	setup func(*call) func() error
}

func run(ctx context.Context, args []string, out, err io.Writer) int {
	cmd, rest, found := find(args)
	if !found {
		return noCommand(args, out, err)
	}
	c := &call{ctx: ctx, out: out, err: err, flags: flag.NewFlagSet("tirkeu-centre "+cmd.words, flag.ContinueOnError)}
	c.flags.SetOutput(io.Discard)
	c.flags.StringVar(&c.db, "db", "sqlite:/var/lib/tirkeu/centre/centre.db", "the database: sqlite:PATH or postgres://…")
	c.flags.StringVar(&c.state, "state", "", "folder of the authority's keys (default: beside the SQLite file)")
	if cmd.data {
		c.flags.BoolVar(&c.json, "json", false, "print JSON")
	}
	act := cmd.setup(c)
	failure := c.parse(cmd, rest)
	if errors.Is(failure, flag.ErrHelp) {
		c.help(cmd, out)
		return 0
	}
	if failure == nil {
		failure = act()
	}
	switch {
	case failure == nil:
		return 0
	case errors.Is(failure, errUsage):
		fmt.Fprintf(err, "tirkeu-centre %s: %v\nSee tirkeu-centre %s --help.\n", cmd.words, failure, cmd.words)
		return 2
	}
	fmt.Fprintf(err, "tirkeu-centre %s: %v\n", cmd.words, failure)
	return 1
}

// find takes the words of a command off the arguments, the longest name first.
func find(args []string) (command, []string, bool) {
	for n := min(2, len(args)); n > 0; n-- {
		for _, c := range commands {
			if c.words == strings.Join(args[:n], " ") {
				return c, args[n:], true
			}
		}
	}
	return command{}, nil, false
}

func noCommand(args []string, out, err io.Writer) int {
	if len(args) > 0 {
		last := args[len(args)-1]
		if last == "--help" || last == "-h" || last == "-help" || args[0] == "help" {
			overview(out)
			return 0
		}
		fmt.Fprintf(err, "tirkeu-centre: there is no command %q\n", strings.Join(args, " "))
	}
	overview(err)
	return 2
}

func overview(w io.Writer) {
	fmt.Fprint(w, "tirkeu-centre: the central registration authority behind the kiosks, with a sandbox certification authority.\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  tirkeu-centre %-34s %s\n", strings.TrimSpace(c.words+" "+c.args), firstLine(c.help))
	}
	fmt.Fprint(w, "\nEvery command takes --db sqlite:PATH | postgres://…, --state DIR and --help; those that print data take --json.\nExit status: 0 done, 1 failed, 2 wrong usage.\n")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func (c *call) help(cmd command, w io.Writer) {
	fmt.Fprintf(w, "usage: tirkeu-centre %s [flags]\n\n%s\n\nflags:\n", strings.TrimSpace(cmd.words+" "+cmd.args), cmd.help)
	c.flags.SetOutput(w)
	c.flags.PrintDefaults()
}

// parse takes flags before, between and after the arguments.
func (c *call) parse(cmd command, args []string) error {
	for {
		if err := c.flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return err
			}
			return usage("%v", err)
		}
		if c.flags.NArg() == 0 {
			break
		}
		c.args = append(c.args, c.flags.Arg(0))
		args = c.flags.Args()[1:]
	}
	if len(c.args) < cmd.least || len(c.args) > cmd.most {
		return usage("it takes %s", argsText(cmd))
	}
	return nil
}

func argsText(cmd command) string {
	if cmd.args == "" {
		return "no arguments"
	}
	return cmd.args
}
