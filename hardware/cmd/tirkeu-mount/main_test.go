package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/mounter"
)

// The program itself is this test program, started once more.
const asProgram = "TIRKEU_MOUNT_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

func TestProgram_IsNotForHands(t *testing.T) {
	for _, c := range []struct {
		args   []string
		status int
	}{{[]string{"--help"}, 2}, {[]string{"/dev/sda1", "/mnt"}, 2}, {nil, 1}} {
		p := program(c.args...)
		p.Stdin = strings.NewReader("mount\n")
		said, err := p.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != c.status || !strings.Contains(string(said), "tirkeu-mount: ") {
			t.Errorf("%q: %v, saying %q", c.args, err, said)
		}
	}
}

func TestProgram_ServesItsLineAndMountsNoDiskOfThisMachine(t *testing.T) {
	entries, err := os.ReadDir("/sys/class/block")
	if err != nil {
		t.Skipf("no block devices here: %v", err)
	}
	for _, e := range entries {
		text, err := os.ReadFile("/sys/class/block/" + e.Name() + "/dev")
		if err != nil {
			continue
		}
		number, err := block.ParseNumber(strings.TrimSpace(string(text)))
		if err != nil {
			t.Errorf("%s: %v", e.Name(), err)
			continue
		}
		if removable, _ := os.ReadFile("/sys/class/block/" + e.Name() + "/removable"); strings.TrimSpace(string(removable)) == "1" {
			continue // somebody's real stick is left alone
		}
		line, err := mounter.Start(program())
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = line.Mount(t.Context(), number, 0)
		line.Close()
		var no mounter.Error
		if !errors.As(err, &no) || no.Refusal != mounter.Gone {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
}
