package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/tirkeu/kiosk/hardware/stick"
)

// stickPlugged says whether the stick is plugged in.
func (h house) stickPlugged() bool {
	info, err := os.Stat(h.stickIn())
	return err == nil && info.IsDir()
}

// moveStick plugs the stick in or pulls it: its folder appears under the name that the kiosk looks at, or goes from there, with everything on it.
// To do again what is done already is fine.
func (h house) moveStick(in bool) error {
	from, to, doing := h.stickIn(), h.stickOut(), "pull the stick"
	if in {
		from, to, doing = to, from, "plug the stick in"
	}
	if h.stickPlugged() == in {
		return nil
	}
	err := os.Rename(from, to)
	if errors.Is(err, os.ErrNotExist) {
		err = errNoHouse
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// stickFiles are the key files and sealed files on the stick, wherever it is. What cannot be listed is not there.
func (h house) stickFiles() []string {
	folder := h.stickOut()
	if h.stickPlugged() {
		folder = h.stickIn()
	}
	files, _ := stick.Open(folder).List()
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	return names
}
