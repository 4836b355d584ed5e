package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/kit"
	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
)

// errUsage marks what the caller got wrong.
var errUsage = errors.New("wrong usage")

// command is one word of the command line.
type command struct {
	name, usage, does string
	words             [2]int // how many follow, least and most
	run               func(ctx context.Context, r *rig, words []string) (string, error)
}

// Secrets of cards that are made without any: fictional, and printed by help.
const (
	usualPIN = "123456"
	usualPUK = "1234567812345678"
)

func commands() []command {
	return []command{
		{"card", "NAME [LABEL [PIN [PUK [MAKER [SERIAL]]]]]", "make a card out; PIN " + usualPIN + ", PUK " + usualPUK + ", a serial number of chance unless said", [2]int{1, 6}, makeCard},
		{"plug", "PORT MODEL [CARD [SERIAL]]", "plug a token with a card inside, or a reader (CARD -), into a port such as 1-2", [2]int{2, 4}, plug},
		{"other", "PORT VENDOR:PRODUCT [NAME [SERIAL]]", "plug a device that is neither token nor reader and does nothing; four hexadecimal digits each", [2]int{2, 4}, other},
		{"pull", "PORT", "pull what is in a port", [2]int{1, 1}, onPort((*rig).pull)},
		{"insert", "PORT KIND CARD", "put an identity card into the reader in a port", [2]int{3, 3}, insert},
		{"withdraw", "PORT", "take the card out of a reader", [2]int{1, 1}, onPort((*rig).withdraw)},
		{"fault", "CARD [tries N] [keygen D]", "let a card have so many tries left, or take so long for a key; alone: all is well again", [2]int{1, 5}, fault},
		{"list", "", "say what is plugged: port, model, card, tries left", [2]int{}, func(_ context.Context, r *rig, _ []string) (string, error) { return r.list(), nil }},
		{"models", "", "say which models and kinds of card there are", [2]int{}, models},
		{"daemon", "kill | restart | log", "let pcscd crash, start it again, or say what it complained of", [2]int{1, 1}, daemon},
	}
}

// do runs one command line on a rig.
func do(ctx context.Context, r *rig, words []string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range commands() {
		if len(words) == 0 || c.name != words[0] {
			continue
		}
		if n := len(words) - 1; n < c.words[0] || n > c.words[1] {
			return "", fmt.Errorf("%w: %s %s", errUsage, c.name, c.usage)
		}
		return c.run(ctx, r, words[1:])
	}
	return "", fmt.Errorf("%w: there is no command %q", errUsage, strings.Join(words, " "))
}

func parsePort(word string) (bus.Port, error) {
	a, b, found := strings.Cut(word, "-")
	n, first := strconv.Atoi(a)
	m, second := strconv.Atoi(b)
	if !found || first != nil || second != nil {
		return bus.Port{}, fmt.Errorf("%w: a port is a bus and a port, 1-2, not %q", errUsage, word)
	}
	return bus.Port{Bus: n, Port: m}, nil
}

func onPort(act func(*rig, bus.Port) error) func(context.Context, *rig, []string) (string, error) {
	return func(_ context.Context, r *rig, words []string) (string, error) {
		port, err := parsePort(words[0])
		if err != nil {
			return "", err
		}
		return "", act(r, port)
	}
}

// word gives the nth word, or a usual one where there is none.
func word(words []string, n int, usual string) string {
	if n < len(words) && words[n] != "-" {
		return words[n]
	}
	return usual
}

func makeCard(ctx context.Context, r *rig, words []string) (string, error) {
	return "", r.make(ctx, words[0], pcsc.Holder{
		Label: word(words, 1, words[0]), PIN: word(words, 2, usualPIN), PUK: word(words, 3, usualPUK), Manufacturer: word(words, 4, ""), Serial: word(words, 5, serial()),
	})
}

func plug(_ context.Context, r *rig, words []string) (string, error) {
	port, err := parsePort(words[0])
	if err != nil {
		return "", err
	}
	return "", r.plug(port, words[1], word(words, 2, ""), word(words, 3, ""))
}

func other(_ context.Context, r *rig, words []string) (string, error) {
	port, err := parsePort(words[0])
	if err != nil {
		return "", err
	}
	a, b, _ := strings.Cut(words[1], ":")
	vendor, first := strconv.ParseUint(a, 16, 16)
	product, second := strconv.ParseUint(b, 16, 16)
	if first != nil || second != nil {
		return "", fmt.Errorf("%w: a device is its vendor and product, 0529:0600, not %q", errUsage, words[1])
	}
	return "", r.other(port, bus.Device{Vendor: uint16(vendor), Product: uint16(product), Name: word(words, 2, ""), Serial: word(words, 3, "")})
}

func insert(_ context.Context, r *rig, words []string) (string, error) {
	port, err := parsePort(words[0])
	if err != nil {
		return "", err
	}
	return "", r.insert(port, words[1], words[2])
}

// fault reads the pairs of words after a card's name.
func fault(_ context.Context, r *rig, words []string) (string, error) {
	f := ill{tries: allTries}
	for rest := words[1:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 {
			return "", fmt.Errorf("%w: fault: %s needs a value", errUsage, rest[0])
		}
		var err error
		switch rest[0] {
		case "tries":
			f.tries, err = strconv.Atoi(rest[1])
		case "keygen":
			f.keygen, err = time.ParseDuration(rest[1])
		default:
			err = errors.New("it is tries or keygen")
		}
		if err != nil {
			return "", fmt.Errorf("%w: fault %s: %w", errUsage, rest[0], err)
		}
	}
	return "", r.fault(words[0], f)
}

func models(context.Context, *rig, []string) (string, error) {
	var lines []string
	for _, m := range kit.Models {
		kind := string(m.Kind)
		if kind == "" {
			kind = "reader"
		}
		lines = append(lines, fmt.Sprintf("%-16s %-9s %04x:%04x %s", m.Code, kind, m.Vendor, m.Product, m.Name))
	}
	for _, c := range kit.Cards {
		lines = append(lines, fmt.Sprintf("%-16s card", c.Code))
	}
	return strings.Join(lines, "\n"), nil
}

func daemon(ctx context.Context, r *rig, words []string) (string, error) {
	switch words[0] {
	case "kill":
		r.daemon.Kill()
		return "", nil
	case "restart":
		return "", r.daemon.Restart(ctx)
	case "log":
		return r.daemon.Log(), nil
	}
	return "", fmt.Errorf("%w: daemon kill | restart | log", errUsage)
}
