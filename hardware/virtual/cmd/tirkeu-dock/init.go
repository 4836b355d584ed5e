package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

// init makes the house. What an init left that was cut short is thrown away: people.json is written last.
func (d *dock) init(args []string) error {
	var shim string
	if err := none("init", args, func(f *flag.FlagSet) { f.StringVar(&shim, "shim", "", "") }); err != nil {
		return err
	}
	if d.stands() {
		return d.say("%s stands already", d.dir)
	}
	people, err := cast()
	if err != nil {
		return fmt.Errorf("invent the people: %w", err)
	}
	for _, leftover := range []string{d.tokens(), filepath.Dir(d.stickIn()), d.line()} {
		if err := os.RemoveAll(leftover); err != nil {
			return fmt.Errorf("clear what was left unfinished: %w", err)
		}
	}
	for _, folder := range []string{d.tokens(), d.stickOut()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return fmt.Errorf("set up %s: %w", d.dir, err)
		}
	}
	specs := append(owned(people), spares...)
	if err := d.createBench(specs, shim); err != nil {
		return fmt.Errorf("make the tokens: %w", err)
	}
	if err := d.setLine(lineState{kind: lineOpen}); err != nil {
		return err
	}
	var known []Registered
	for _, p := range people {
		if p.Role != stranger {
			known = append(known, Registered{p.IIN, p.Surname, p.Given, p.Patronymic})
		}
	}
	if err := writeJSON(d.register(), known); err != nil {
		return fmt.Errorf("write the register: %w", err)
	}
	if err := writeJSON(d.people(), people); err != nil {
		return fmt.Errorf("write the people: %w", err)
	}
	return d.say("%d tokens, a stick and %d people are in %s", len(specs), len(people), d.dir)
}

// createBench makes the tokens with the virtual module that was named, or with the one that [virtual.Create] finds or builds.
func (d *dock) createBench(specs []virtual.Spec, shim string) error {
	if shim == "" {
		_, err := virtual.Create(d.tokens(), specs)
		return err
	}
	shim, err := filepath.Abs(shim)
	if err == nil {
		_, err = os.Stat(shim)
	}
	if err != nil {
		return err
	}
	_, err = virtual.CreateWith(d.tokens(), specs, shim)
	return err
}

// shim compiles the virtual module.
func (d *dock) shim(args []string) error {
	var out string
	if err := none("shim", args, func(f *flag.FlagSet) { f.StringVar(&out, "out", "", "") }); err != nil {
		return err
	}
	if out == "" {
		return usage("shim needs --out FILE")
	}
	if err := virtual.BuildShim(out); err != nil {
		return err
	}
	return d.say("the virtual module is %s", out)
}

// kindOf is the kind of an owned token: the end of its name.
func kindOf(name string) token.Kind {
	return token.Kind(name[strings.LastIndex(name, "-")+1:])
}
