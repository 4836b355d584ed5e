package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

// tokenView is a token of the house with its owner.
type tokenView struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Serial    string `json:"serial"`
	PIN       string `json:"pin"`    // as it was made: the kiosk may have changed it since
	SOPIN     string `json:"so_pin"` // the administrator's
	Plugged   bool   `json:"plugged"`
	State     string `json:"state"` // ready, blank (not initialised), locked, faulty
	TriesLeft int    `json:"tries_left"`
	Owner     string `json:"owner,omitempty"`
	Role      string `json:"role,omitempty"`
	Fault     string `json:"fault,omitempty"`
	Making    bool   `json:"making,omitempty"` // a key pair, now
	Bus       bool   `json:"bus,omitempty"`    // plugged into the virtual USB bus, and seen through pcscd and OpenSC
}

// words for kinds, as they are printed on the devices.
var kindWords = map[string]string{"kaztoken": "Kaztoken", "etoken": "eToken", "jacarta": "JaCarta", "akey": "AKey", "idcard": "ID card"}

// tokensNow says how every token is.
func (h house) tokensNow() ([]tokenView, error) {
	bench, err := h.bench()
	if err != nil {
		return nil, err
	}
	people, err := h.cast()
	if err != nil {
		return nil, err
	}
	owners := map[string]Person{}
	for _, p := range people {
		if p.Token != "" {
			owners[p.Token] = p
		}
	}
	var views []tokenView
	for _, t := range bench.Tokens() {
		v := tokenView{Name: t.Name, Kind: string(t.Kind), Serial: t.Serial, PIN: t.PIN, SOPIN: t.SOPIN, Plugged: t.Plugged, State: "ready", TriesLeft: t.TriesLeft}
		if p, ok := owners[t.Name]; ok {
			v.Owner, v.Role = p.Surname+" "+p.Given, p.Role
		}
		switch {
		case !t.Initialized:
			v.State = "blank"
		case t.TriesLeft == 0:
			v.State = "locked"
		case t.Fault != virtual.Fault{}:
			v.State = "faulty"
		}
		if t.Fault != (virtual.Fault{}) {
			said, err := json.Marshal(t.Fault)
			if err != nil {
				return nil, err
			}
			v.Fault = string(said)
		}
		views = append(views, v)
	}
	onBus, err := h.chipsNow(people)
	return append(views, onBus...), err
}

func (d *dock) list(args []string) error {
	var asJSON bool
	if err := none("list", args, func(f *flag.FlagSet) { f.BoolVar(&asJSON, "json", false, "") }); err != nil {
		return err
	}
	views, err := d.tokensNow()
	if err != nil {
		return err
	}
	line, err := d.lineIs()
	if err != nil {
		return err
	}
	stick := "out"
	if d.stickPlugged() {
		stick = "in"
	}
	if asJSON {
		return d.print(map[string]any{"tokens": views, "stick": stick, "line": line.String()})
	}
	table := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TOKEN\tKIND\tPLUGGED\tSTATE\tPIN\tROLE\tOWNER")
	for _, v := range views {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.Name, kindWords[v.Kind], inOut(v.Plugged), v.State, orDash(v.PIN), orDash(v.Role), orDash(v.Owner))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := d.say("\nthe administrator's PIN of every token is %s", adminPIN(views)); err != nil {
		return err
	}
	if d.busServes() {
		if err := d.say("of those on the virtual USB bus it is their PUK, %s", chipPUK); err != nil {
			return err
		}
	}
	return d.say("the stick is %s, the line is %s", stick, line)
}

// adminPIN is the administrator's PIN that all the tokens of a house share.
func adminPIN(views []tokenView) string {
	if len(views) == 0 {
		return "-"
	}
	return views[0].SOPIN
}

// print prints data for programs.
func (d *dock) print(v any) error {
	out := json.NewEncoder(d.out)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

func inOut(in bool) string {
	if in {
		return "in"
	}
	return "out"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (d *dock) listPeople(args []string) error {
	var asJSON bool
	if err := none("people", args, func(f *flag.FlagSet) { f.BoolVar(&asJSON, "json", false, "") }); err != nil {
		return err
	}
	people, err := d.cast()
	if err != nil {
		return err
	}
	if asJSON {
		return d.print(map[string]any{"people": people})
	}
	table := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "IIN\tNAME\tROLE\tTOKEN\tPIN")
	for _, p := range people {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.IIN, p.Name(), p.Role, orDash(p.Token), orDash(p.PIN))
	}
	return table.Flush()
}

func (d *dock) plug(args []string) error {
	name, err := one("plug", "the name of a token", args, nil)
	if err != nil {
		return err
	}
	return d.moveToken(name, true)
}

func (d *dock) pull(args []string) error {
	name, err := one("pull", "the name of a token", args, nil)
	if err != nil {
		return err
	}
	return d.moveToken(name, false)
}

// moveToken plugs a token in or pulls it.
func (d *dock) moveToken(name string, in bool) error {
	if c, known := chipNamed(name); known && d.busServes() {
		return d.moveChip(c, in)
	}
	bench, err := d.bench()
	if err != nil {
		return err
	}
	if in {
		err = bench.Plug(name)
	} else {
		err = bench.Pull(name)
	}
	if err != nil {
		return named(err)
	}
	return d.say("%s is %s", name, inOut(in))
}

// named adds what to do to an unknown name.
func named(err error) error {
	if errors.Is(err, virtual.ErrNoToken) {
		return fmt.Errorf("%w: see `tirkeu-dock list`", err)
	}
	return err
}

func (d *dock) fault(args []string) error {
	var fault virtual.Fault
	triesLeft := -1
	name, err := one("fault", "the name of a token", args, func(f *flag.FlagSet) {
		f.DurationVar(&fault.KeygenDelay, "keygen-delay", 0, "")
		f.DurationVar(&fault.Slow, "slow", 0, "")
		f.BoolVar(&fault.Full, "full", false, "")
		f.IntVar(&triesLeft, "tries-left", -1, "")
		f.StringVar(&fault.FailCall, "fail", "", "")
		f.StringVar(&fault.LoseAnswer, "lose", "", "")
		f.StringVar(&fault.CrashOn, "crash", "", "")
		f.StringVar(&fault.HangOn, "hang", "", "")
	})
	if err != nil {
		return err
	}
	if fault.KeygenDelay < 0 || fault.Slow < 0 || fault.KeygenDelay > time.Hour || fault.Slow > time.Hour {
		return usage("fault: a delay lies between nothing and an hour")
	}
	if c, known := chipNamed(name); known && d.busServes() {
		others := fault
		others.KeygenDelay = 0
		return d.faultOfChip(c, triesLeft, fault.KeygenDelay, others != virtual.Fault{})
	}
	switch {
	case triesLeft == 0:
		fault.PINTriesLeft = -1
	case triesLeft > 0:
		fault.PINTriesLeft = triesLeft
	}
	bench, err := d.bench()
	if err != nil {
		return err
	}
	if err := bench.Fault(name, fault); err != nil {
		return named(err)
	}
	if fault == (virtual.Fault{}) {
		return d.say("%s is well", name)
	}
	return d.say("%s is faulty", name)
}

// trait changes what a token can do and has room for.
func (d *dock) trait(args []string) error {
	var trait virtual.Trait
	name, err := one("trait", "the name of a token", args, func(f *flag.FlagSet) {
		f.IntVar(&trait.Pairs, "pairs", 0, "")
		f.BoolVar(&trait.Erases, "erases", false, "")
		f.BoolVar(&trait.GOST, "gost", false, "")
		f.BoolVar(&trait.NoRSA, "no-rsa", false, "")
	})
	if err != nil {
		return err
	}
	bench, err := d.bench()
	if err != nil {
		return err
	}
	if err := bench.Alter(name, trait); err != nil {
		return named(err)
	}
	if trait == (virtual.Trait{}) {
		return d.say("%s is as its kind is", name)
	}
	return d.say("%s is altered", name)
}

// modules prints the modules as the kiosk's configuration names them.
func (d *dock) modules(args []string) error {
	if err := none("modules", args, nil); err != nil {
		return err
	}
	bench, err := d.bench()
	if err != nil {
		return err
	}
	type module struct {
		Name string   `toml:"name"`
		Path string   `toml:"path"`
		Env  []string `toml:"env"`
	}
	var tables struct {
		Module []module `toml:"module"`
	}
	for _, m := range bench.Modules() {
		tables.Module = append(tables.Module, module{m.Name, m.Path, m.Env})
	}
	if d.busServes() {
		path, env := d.busModule()
		tables.Module = append(tables.Module, module{"opensc", path, env})
	}
	out := toml.NewEncoder(d.out)
	out.Indent = ""
	return out.Encode(tables)
}

func (d *dock) stick(args []string) error {
	word, err := one("stick", "in or out", args, nil)
	if err != nil {
		return err
	}
	if word != "in" && word != "out" {
		return usage("stick goes in or out, not %q", word)
	}
	if err := d.moveStick(word == "in"); err != nil {
		return err
	}
	return d.say("the stick is %s", word)
}

// lineCommand changes the line, or serves it.
func (d *dock) lineCommand(args []string) error {
	if len(args) == 0 {
		return usage("line needs one of cut, restore, slow D, silent, garbled, state, serve")
	}
	switch args[0] {
	case "serve":
		return d.lineServe(args[1:])
	case "state":
		state, err := d.lineIs()
		if err != nil {
			return err
		}
		return d.say("%s", state)
	}
	word := strings.Join(args, " ")
	if word == "restore" {
		word = lineOpen
	}
	state, err := parseLine(word)
	if err != nil {
		return usage("%v", err)
	}
	if !d.stands() {
		return fmt.Errorf("change the line of %s: %w", d.dir, errNoHouse)
	}
	if err := d.setLine(state); err != nil {
		return err
	}
	return d.say("the line is %s", state)
}
