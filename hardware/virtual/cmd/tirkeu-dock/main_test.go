package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tirkeu-dock": main, "status": status})
}

// status N COMMAND… is a program for the scripts: it fails unless the command ends with exactly that status.
func status() {
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if got := fmt.Sprint(cmd.ProcessState.ExitCode()); got != os.Args[1] {
		fmt.Fprintf(os.Stderr, "exit status %s, want %s\n", got, os.Args[1])
		os.Exit(1)
	}
}

// TestDock_KeepsItsCommandLine runs the scripts in testdata/script, each in a fresh folder, with the real worker and the real virtual module.
func TestDock_KeepsItsCommandLine(t *testing.T) {
	for _, program := range []string{"openssl", "pkcs11-tool", "jq"} {
		virtualtest.Need(t, program)
	}
	bench, config := virtualtest.StartForTest(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TIRKEU_SHIM", bench.Modules()[0].Path)
			env.Setenv("TIRKEU_TOKEN_WORKER", config.Worker)
			env.Setenv("TIRKEU_DOCK", env.WorkDir+"/house")
			env.Setenv("PATH", os.Getenv("PATH")+":"+env.Getenv("PATH"))
			return nil
		},
	})
}
