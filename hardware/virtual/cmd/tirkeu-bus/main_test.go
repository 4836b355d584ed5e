package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/virtual/pcsc"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// serving starts the program in a folder; the result stops it.
func serving(t *testing.T, dir string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- serve(ctx, dir, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// told runs a command line and expects its exit status.
func told(t *testing.T, dir string, status int, words ...string) string {
	t.Helper()
	var out, complaints bytes.Buffer
	if got := run(t.Context(), append([]string{"--dir", dir}, words...), &out, &complaints); got != status {
		t.Fatalf("%v: exit status %d, want %d: %s%s", words, got, status, out.String(), complaints.String())
	}
	return out.String() + complaints.String()
}

func TestProgram_PlugsWhatOpenSCSees(t *testing.T) {
	if err := pcsc.Missing(); err != nil {
		virtualtest.Missing(t, err.Error())
	}
	virtualtest.Need(t, "pkcs15-init")
	dir, err := os.MkdirTemp("/tmp", "tirkeu-rig-") // for the sockets' short addresses
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	stop := serving(t, dir)
	told(t, dir, 0, "card", "aigerim", "Айгерім", "2468", "-", "SOMA")
	told(t, dir, 1, "card", "aigerim")
	told(t, dir, 0, "card", "staff")
	told(t, dir, 0, "plug", "1-1", "acr39u")
	told(t, dir, 0, "insert", "1-1", "id-2022", "aigerim")
	told(t, dir, 0, "plug", "1-2", "etoken-5100", "staff", "0A0B")
	told(t, dir, 0, "other", "1-4", "1a2b:3c4d", "Lamp", "L-7")
	if got := told(t, dir, 0, "list"); got != "1-1 acr39u aigerim 3\n1-2 etoken-5100 staff 3\n1-4 1a2b:3c4d -\n" {
		t.Errorf("%q", got)
	}
	for _, wrong := range []struct {
		status int
		words  string
	}{
		{1, "plug 1-2 jacarta aigerim"}, {1, "plug 1-3 jacarta aigerim"}, {1, "plug 1-3 jacarta"}, {1, "plug 1-3 lamp"}, {1, "plug 1-3 acr39u staff"}, {1, "pull 1-3"},
		{1, "insert 1-2 id-2022 staff"}, {1, "insert 1-1 id-2022 nobody"}, {1, "withdraw 1-2"}, {1, "insert 1-4 id-2022 staff"}, {1, "other 1-4 1:2"}, {1, "card ../x"},
		{2, "plug 1 acr39u"}, {2, "plug 1-3"}, {2, "fly"}, {2, "daemon x"}, {2, "list all"}, {2, "other 1-5 lamp"}, {2, "other 1-5 12345:1"},
	} {
		told(t, dir, wrong.status, strings.Fields(wrong.words)...)
	}
	told(t, dir, 0, "pull", "1-4")
	// As a shell reaches it: through the file of assignments.
	shell := func(script string) string {
		command := exec.Command("/bin/sh", "-c", ". "+filepath.Join(dir, "env")+"; "+script)
		out, _ := command.CombinedOutput()
		return string(out)
	}
	await := func(word string) {
		t.Helper()
		out := ""
		for range 100 {
			if out = shell("pkcs11-tool --module " + pcsc.Module + " -L"); strings.Contains(out, word) {
				return
			}
		}
		t.Fatalf("%q is not in\n%s", word, out)
	}
	await("Айгерім")
	await("SafeNet eToken 5100 (0A0B)")
	if out := shell("pkcs11-tool --module " + pcsc.Module + " --token-label 'Айгерім (User PIN)' --login --pin 1111 -O"); !strings.Contains(out, "CKR_PIN_INCORRECT") {
		t.Error(out)
	}
	told(t, dir, 0, "daemon", "kill")
	told(t, dir, 0, "daemon", "restart")
	await("Айгерім")
	told(t, dir, 0, "withdraw", "1-1")
	told(t, dir, 0, "pull", "1-2")
	told(t, dir, 0, "plug", "2-7", "kaztoken", "aigerim")
	if got := told(t, dir, 0, "list"); got != "1-1 acr39u -\n2-7 kaztoken aigerim 2\n" {
		t.Errorf("a wrong PIN before, another body now: %q", got)
	}
	told(t, dir, 0, "fault", "aigerim", "tries", "0", "keygen", "1ms")
	if got := told(t, dir, 0, "list"); got != "1-1 acr39u -\n2-7 kaztoken aigerim 0\n" {
		t.Errorf("locked by hand: %q", got)
	}
	told(t, dir, 0, "fault", "staff", "tries", "1") // not plugged
	told(t, dir, 0, "fault", "aigerim", "tries", "2")
	for _, wrong := range []string{"fault aigerim tries", "fault aigerim tries x", "fault aigerim colour 1", "fault aigerim keygen 5"} {
		told(t, dir, 2, strings.Fields(wrong)...)
	}
	told(t, dir, 1, "fault", "nobody")
	if err := serve(t.Context(), dir, nil); err == nil {
		t.Error("two buses serve in one folder")
	}
	stop()
	for _, name := range []string{"env", "env.usb", "control", "pcscd.comm"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left behind", name)
		}
	}
	told(t, dir, 1, "list")
	// The cards stay.
	stop = serving(t, dir)
	defer stop()
	told(t, dir, 0, "plug", "1-1", "jacarta", "aigerim")
	if got := told(t, dir, 0, "list"); got != "1-1 jacarta aigerim 2\n" {
		t.Errorf("%q", got)
	}
}

func TestProgram_SaysHowItIsUsed(t *testing.T) {
	t.Setenv("TIRKEU_BUS", "")
	var out, complaints bytes.Buffer
	if run(t.Context(), []string{"--help"}, &out, &complaints) != 0 || !strings.Contains(out.String(), "withdraw PORT") {
		t.Error(out.String())
	}
	if run(t.Context(), []string{"list"}, &out, &complaints) != 2 || !strings.Contains(complaints.String(), "--dir") {
		t.Error(complaints.String())
	}
	if out := told(t, t.TempDir(), 0, "help"); !strings.Contains(out, "exit status") {
		t.Error(out)
	}
}
