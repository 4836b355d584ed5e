package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// busIn starts the real tirkeu-bus for a house.
func busIn(t *testing.T, dir string) {
	t.Helper()
	if err := pcsc.Missing(); err != nil {
		virtualtest.Missing(t, err.Error())
	}
	virtualtest.Need(t, "pkcs15-init")
	program := filepath.Join(t.TempDir(), "tirkeu-bus")
	if out, err := exec.Command("go", "build", "-o", program, "../tirkeu-bus").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("TIRKEU_BUS_PROGRAM", program)
	bus := exec.Command(program, "--dir", house{dir}.bus(), "serve")
	out, err := bus.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = bus.Process.Signal(os.Interrupt)
		_ = bus.Wait()
	})
	said := make([]byte, 256)
	if n, _ := out.Read(said); !strings.Contains(string(said[:n]), "serves") {
		t.Fatalf("the bus said %q", said[:n])
	}
}

// The chips of the house are in its list beside the other tokens, come and go by the same words, and know the ills that a card can have.
func TestDock_PlugsCardsIntoTheVirtualBus(t *testing.T) {
	bench, _ := virtualtest.StartForTest(t)
	dir, err := os.MkdirTemp("/tmp", "tirkeu-dock-") // for the sockets' short addresses
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	do := func(status int, words ...string) string {
		t.Helper()
		var out, complaints bytes.Buffer
		if got := run(t.Context(), append([]string{"--dir", dir}, words...), nil, &out, &complaints); got != status {
			t.Fatalf("%v: exit status %d, want %d: %s%s", words, got, status, out.String(), complaints.String())
		}
		return out.String() + complaints.String()
	}
	view := func(name string) tokenView {
		t.Helper()
		var list struct {
			Tokens []tokenView `json:"tokens"`
		}
		if err := json.Unmarshal([]byte(do(0, "list", "--json")), &list); err != nil {
			t.Fatal(err)
		}
		for _, v := range list.Tokens {
			if v.Name == name {
				return v
			}
		}
		return tokenView{}
	}
	do(0, "init", "--shim", bench.Modules()[0].Path)
	card, other, token := chips[0].name, chips[1].name, chips[2].name
	if view(card).Name != "" {
		t.Error("a card without a bus")
	}
	do(1, "plug", card)
	do(1, "cards")
	busIn(t, dir)
	if said := do(0, "cards"); !strings.Contains(said, fmt.Sprintf("%d made out now", len(chips))) {
		t.Error(said)
	}
	if said := do(0, "cards"); !strings.Contains(said, "0 made out now") {
		t.Error(said)
	}
	if said := do(0, "modules"); !strings.Contains(said, `name = "opensc"`) || !strings.Contains(said, "PCSCLITE_CSOCK_NAME="+dir) {
		t.Error(said)
	}
	for range 2 {
		do(0, "plug", card)
		do(0, "plug", token)
	}
	if v := view(card); !v.Plugged || v.Kind != "idcard" || v.Owner == "" || !v.Bus || v.TriesLeft != 3 {
		t.Errorf("%+v", v)
	}
	if said := do(1, "plug", other); !strings.Contains(said, card) || view(other).Plugged {
		t.Errorf("two cards in one reader: %s", said)
	}
	// A program for PKCS#11 finds each by the serial number that the list gives, once pcscd has given its card power.
	path, env := house{dir}.busModule()
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		look := exec.Command("pkcs11-tool", "--module", path, "-L")
		look.Env = append(os.Environ(), env...)
		out, err := look.CombinedOutput()
		if err == nil && strings.Contains(string(out), view(card).Serial) && strings.Contains(string(out), view(token).Serial) {
			break
		}
		if err != nil || time.Now().After(late) {
			t.Fatalf("%v: %s", err, out)
		}
	}
	do(0, "fault", card, "--tries-left", "0")
	if v := view(card); v.State != "locked" || v.TriesLeft != 0 {
		t.Errorf("%+v", v)
	}
	do(0, "fault", card)
	if v := view(card); v.State != "ready" || v.TriesLeft != 3 {
		t.Errorf("%+v", v)
	}
	do(0, "fault", token, "--keygen-delay", "2s")
	do(2, "fault", token, "--full")
	do(0, "cards", "--daemon", "kill")
	do(0, "cards", "--daemon", "restart")
	for range 2 {
		do(0, "pull", card)
		do(0, "pull", token)
	}
	if view(card).Plugged || view(token).Plugged {
		t.Error("still in")
	}
}
