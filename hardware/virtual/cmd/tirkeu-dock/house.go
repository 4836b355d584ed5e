package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

// house is the folder where the demonstration's things lie:
//
//	people.json    who plays, with tokens and PINs; written last, so that its being there means that the house is whole
//	register.json  the same people without the strangers, as the centre's register imports them
//	tokens/        the bench of virtual tokens
//	stick/in       the stick while it is plugged in, stick/out while it is not
//	bus/           the virtual USB bus with cards and readers, where there is one
//	line           the state of the line to the centre
//	line.asked     the socket on which who serves the line tells that it is in that state
//
// All of it may be lost: `init` makes it anew.
type house struct{ dir string }

func (h house) people() string    { return filepath.Join(h.dir, "people.json") }
func (h house) register() string  { return filepath.Join(h.dir, "register.json") }
func (h house) tokens() string    { return filepath.Join(h.dir, "tokens") }
func (h house) stickIn() string   { return filepath.Join(h.dir, "stick", "in") }
func (h house) stickOut() string  { return filepath.Join(h.dir, "stick", "out") }
func (h house) line() string      { return filepath.Join(h.dir, "line") }
func (h house) lineAsked() string { return filepath.Join(h.dir, "line.asked") }

var (
	errNoHouse = errors.New("nothing is set up there yet: run `tirkeu-dock --dir DIR init` first")
	errNoToken = errors.New("there is no token of that name: see `tirkeu-dock list`")
)

// stands says whether the house was made whole.
func (h house) stands() bool {
	_, err := os.Stat(h.people())
	return err == nil
}

// spares are the tokens nobody owns.
var spares = []virtual.Spec{
	{Name: "spare-akey", Kind: "akey", Label: "AKey", Serial: "AK00000007", PIN: "1234567890", Initialized: true},
	{Name: "blank-etoken", Kind: "etoken", Serial: "ET00000008"},
	{Name: lockedToken, Kind: "jacarta", Label: "JaCarta", Serial: "JC00000009", PIN: "1234567890", Initialized: true, Locked: true},
}

// lockedToken is the one whose PIN is locked from the start.
const lockedToken = "locked-jacarta"

// owned are the specifications of the people's tokens: the token's kind is the end of its name.
func owned(people []Person) []virtual.Spec {
	labels := map[token.Kind][2]string{"kaztoken": {"Kaztoken", "KZ"}, "etoken": {"eToken", "ET"}, "jacarta": {"JaCarta", "JC"}, "akey": {"AKey", "AK"}, "idcard": {"KZ ID", "ID"}}
	var specs []virtual.Spec
	for _, p := range people {
		if p.Token == "" {
			continue
		}
		kind := kindOf(p.Token)
		specs = append(specs, virtual.Spec{Name: p.Token, Kind: kind, Label: labels[kind][0],
			Serial: fmt.Sprintf("%s%08d", labels[kind][1], len(specs)+1), PIN: p.PIN, Initialized: true})
	}
	return specs
}

// cast reads who plays.
func (h house) cast() ([]Person, error) {
	var people []Person
	data, err := os.ReadFile(h.people())
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the people of %s: %w", h.dir, errNoHouse)
	}
	if err != nil {
		return nil, fmt.Errorf("read the people: %w", err)
	}
	if err := json.Unmarshal(data, &people); err != nil {
		return nil, fmt.Errorf("read the people: %w", err)
	}
	return people, nil
}

// bench opens the virtual tokens.
func (h house) bench() (*virtual.Bench, error) {
	if !h.stands() {
		return nil, fmt.Errorf("open the tokens of %s: %w", h.dir, errNoHouse)
	}
	bench, err := virtual.Open(h.tokens())
	if err != nil {
		return nil, fmt.Errorf("open the tokens: %w", err)
	}
	return bench, nil
}

// writeFile puts a whole file in place of another.
func writeFile(path string, data []byte) error {
	beside := path + ".new"
	if err := os.WriteFile(beside, data, 0o600); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

// writeJSON writes v readably.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(data, '\n'))
}
