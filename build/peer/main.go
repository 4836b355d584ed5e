//go:build cgo

// Peer says when libusb, or a PKCS#11 module, knows that something was plugged or pulled: what the kiosk is measured beside. It prints a line of JSON for
// each change, until its input ends.
//
//	peer usb           libusb's callback
//	peer module PATH   the module, waited for in C_WaitForSlotEvent; a token is known once C_GetTokenInfo says who it is
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/usb"
)

// line is one change. There is what stands since At, in milliseconds since 1970: so many devices or tokens.
type line struct {
	At    float64 `json:"at"`
	There int     `json:"there"`
}

func main() {
	var err error
	switch {
	case len(os.Args) == 2 && os.Args[1] == "usb":
		err = watchUSB()
	case len(os.Args) == 3 && os.Args[1] == "module":
		err = watchModule(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: peer usb | peer module PATH")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peer:", err)
		os.Exit(1)
	}
}

func print(at time.Time, there int) {
	_ = json.NewEncoder(os.Stdout).Encode(line{float64(at.UnixMicro()) / 1000, there})
}

// untilInputEnds ends the program with the one that started it, whatever a module is doing.
func untilInputEnds() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func watchUSB() error {
	go untilInputEnds()
	events, err := usb.Watch(context.Background(), nil)
	if err != nil {
		return err
	}
	there := 0
	print(time.Now(), there)
	for e := range events {
		switch e.Kind {
		case usb.Arrived:
			there++
		case usb.Left:
			there--
		case usb.Described, usb.Lost:
			continue
		}
		print(e.At, there)
	}
	return nil
}

func watchModule(path string) error {
	module := pkcs11.New(path)
	if module == nil {
		return fmt.Errorf("load %s", path)
	}
	err := module.Initialize()
	if err != nil {
		return err
	}
	go untilInputEnds()
	last := -1
	for {
		there := known(module)
		if there != last {
			last = there
			print(time.Now(), there)
		}
		<-module.WaitForSlotEvent(0)
	}
}

// known counts the tokens that say who they are.
func known(module *pkcs11.Ctx) int {
	list, err := module.GetSlotList(true)
	if err != nil {
		return 0
	}
	n := 0
	for _, slot := range list {
		_, err = module.GetTokenInfo(slot)
		if err == nil {
			n++
		}
	}
	return n
}
