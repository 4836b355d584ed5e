package pcsc

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
	"github.com/tirkeu/kiosk/hardware/virtual/card"
	"github.com/tirkeu/kiosk/hardware/virtual/ccid"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// started gives a bus with a daemon on it.
func started(t *testing.T) (*bus.Bus, *Daemon) {
	t.Helper()
	if err := Missing(); err != nil {
		virtualtest.Missing(t, err.Error())
	}
	b, err := bus.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	dir, err := os.MkdirTemp("/tmp", "tirkeu-pcsc-") // a socket's address is short, t.TempDir may not be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d, err := Start(t.Context(), b, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Stop)
	return b, d
}

// run lets a program speak to the daemon.
func run(t *testing.T, d *Daemon, program string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), virtualtest.Need(t, program), args...)
	command.Env = append(os.Environ(), d.Env()...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// until asks again and again, for a program has no other way to wait; 15 seconds at most.
func until(t *testing.T, d *Daemon, word string, program string, args ...string) string {
	t.Helper()
	limit := time.NewTimer(15 * time.Second)
	defer limit.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := run(t, d, program, args...)
		if strings.Contains(out, word) {
			return out
		}
		select {
		case <-limit.C:
			t.Fatalf("%s %v never says %q: %v\n%s\n%s", program, args, word, err, out, d.Log())
		case <-tick.C:
		}
	}
}

func TestDaemon_ShowsARealReaderWithItsCardToOpenSC(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	atr := []byte{0x3b, 0xd5, 0x18, 0x00, 0x81, 0x31, 0xfe, 0x7d, 0x80, 0x73, 0xc8, 0x21, 0x10, 0xf4}
	token := &ccid.Reader{}
	token.Insert(card.New(atr))
	at := bus.Port{Bus: 1, Port: 1}
	if err := b.Plug(at, bus.Device{Vendor: 0x0529, Product: 0x0620, Manufacturer: "SafeNet", Name: "eToken 5100", Function: token}); err != nil {
		t.Fatal(err)
	}
	until(t, d, "Yes             SafeNet eToken 5100 00 00", "opensc-tool", "-l")
	if out, err := run(t, d, "opensc-tool", "-a"); err != nil || !strings.Contains(out, "3b:d5:18:00:81:31:fe:7d:80:73:c8:21:10:f4") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := b.Pull(at); err != nil {
		t.Fatal(err)
	}
	until(t, d, "No smart card readers found", "opensc-tool", "-l")
}

func TestDaemon_LeavesTheMachinesOwnAlone(t *testing.T) {
	t.Parallel()
	if err := Missing(); err != nil {
		virtualtest.Missing(t, err.Error())
	}
	if !ownRun() {
		t.Skip("this machine lets no process have mounts of its own")
	}
	look := func() string {
		out, _ := exec.Command("/bin/sh", "-c", "ls -la --time-style=full-iso /run/pcscd; cat /run/pcscd/pcscd.pid").CombinedOutput()
		return string(out)
	}
	before := look()
	_, d := started(t)
	_, other := started(t) // and two live side by side
	if d.PID() == 0 || other.PID() == 0 || d.PID() == other.PID() {
		t.Errorf("%d and %d", d.PID(), other.PID())
	}
	d.Stop()
	other.Stop()
	if d.PID() != 0 {
		t.Error("stopped, it still has a number")
	}
	if after := look(); after != before {
		t.Errorf("/run/pcscd was:\n%s\nnow:\n%s", before, after)
	}
}

func TestDaemon_IsBackAfterItWasKilled(t *testing.T) {
	t.Parallel()
	b, d := started(t)
	reader := &ccid.Reader{}
	if err := b.Plug(bus.Port{Bus: 1, Port: 4}, bus.Device{Vendor: 0x072f, Product: 0xb100, Function: reader}); err != nil {
		t.Fatal(err)
	}
	until(t, d, "ACS ACR39U", "opensc-tool", "-l")
	d.Kill()
	if out, _ := run(t, d, "opensc-tool", "-l"); strings.Contains(out, "ACS") {
		t.Errorf("killed, it answers:\n%s", out)
	}
	if err := d.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, d, "No              ACS ACR39U ICC Reader 00 00", "opensc-tool", "-l")
	reader.Insert(card.New([]byte{0x3b, 0x8c, 0x80, 0x01, 0x50, 0xf5, 0x6f, 0xf8, 0x2b, 0xe1, 0xf3, 0x5e, 0x11, 0x33, 0x81, 0xc7, 0x3c}))
	until(t, d, "Yes             ACS ACR39U ICC Reader 00 00", "opensc-tool", "-l")
	reader.Withdraw()
	until(t, d, "No              ACS ACR39U ICC Reader 00 00", "opensc-tool", "-l")
}
