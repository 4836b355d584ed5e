//go:build cgo

package terminal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// hands does with a token what the command's output asks for, and keeps the output.
type hands struct {
	bench *virtual.Bench
	text  bytes.Buffer
	seen  int
}

func (h *hands) Write(p []byte) (int, error) {
	h.text.Write(p)
	for line := range strings.Lines(h.text.String()[h.seen:]) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		h.seen += len(line)
		var err error
		switch {
		case strings.HasPrefix(line, "Pull the token"):
			err = h.bench.Pull("a")
		case strings.HasPrefix(line, "Plug it in again"):
			err = h.bench.Plug("a")
		}
		if err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// doctorOn makes a configuration over one virtual token and gives the command on it.
func doctorOn(t *testing.T) (bench *virtual.Bench, config, state string, run func(in string, args ...string) (int, string, string)) {
	t.Helper()
	bench, worker := virtualtest.StartForTest(t, virtual.Spec{Name: "a", Kind: token.Kaztoken, PIN: "246802", Initialized: true})
	if err := bench.Plug("a"); err != nil {
		t.Fatal(err)
	}
	state = t.TempDir()
	config = filepath.Join(state, "kiosk.toml")
	writeConfiguration(t, config, worker, "")
	return bench, config, state, func(in string, args ...string) (int, string, string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, errs := &hands{bench: bench}, &bytes.Buffer{}
		status := examineOffered(ctx, onBench, append([]string{"--config", config, "--state", state}, args...), io.Reader(strings.NewReader(in)), out, errs)
		return status, out.text.String(), errs.String()
	}
}

// onBench reads a configuration as an edition with a virtual bench does.
func onBench(path string) (Configuration, error) { return readConfiguration(path, true) }

func writeConfiguration(t *testing.T, path string, c token.Config, profile string) {
	t.Helper()
	m := c.Modules[0]
	var env []string
	for _, e := range m.Env {
		env = append(env, fmt.Sprintf("%q", e))
	}
	text := fmt.Sprintf("worker = %q\n[[module]]\nname = %q\npath = %q\nenv = [%s]\n", c.Worker, m.Name, m.Path, strings.Join(env, ", "))
	if profile != "" {
		text += fmt.Sprintf("profile = %q\n", profile)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDoctorTokens_ExaminesReportsAndWritesAProfileTheConfigurationTakes(t *testing.T) {
	bench, config, state, run := doctorOn(t)
	report := filepath.Join(state, "report.txt")
	status, out, errs := run("246802\n246802\n", "--yes", "--report", report)
	if status != Done || errs != "" {
		t.Fatalf("status %d: %s\n%s", status, errs, out)
	}
	text, err := os.ReadFile(report)
	if err != nil || !strings.Contains(out, string(text)) || !strings.Contains(string(text), "0 to look after") {
		t.Errorf("report %v:\n%s\nin\n%s", err, text, out)
	}
	if strings.Contains(out, "246802") {
		t.Error("the PIN is on the screen")
	}
	profile := filepath.Join(state, "profiles", "kaztoken.toml")
	writeConfiguration(t, config, token.Config{Worker: "/worker", Modules: bench.Modules()[:1]}, profile)
	c, err := onBench(config)
	if err != nil {
		t.Fatal(err)
	}
	if m := c.modules()[0]; m.Profile.KeygenTimeout < 2*time.Minute || m.Profile.Replug != "noticed" {
		t.Errorf("the module is run by %+v", m.Profile)
	}
	writeConfiguration(t, config, token.Config{Worker: "/worker", Modules: bench.Modules()[:1]}, profile+".gone")
	if _, err = onBench(config); err == nil {
		t.Error("a profile that is not there was taken")
	}
}

func TestDoctorTokens_AsksBeforeEveryStepThatCostsSomething(t *testing.T) {
	bench, _, _, run := doctorOn(t)
	status, out, errs := run("y\nn\n246802\nno\n\n")
	if status != Done {
		t.Errorf("status %d: %s\n%s", status, errs, out)
	}
	calls := bench.Calls("a")
	if calls["C_GenerateKeyPair"] != 0 || calls["C_Login"] != 1 || strings.Count(out, "[y/N]") != 4 || strings.Count(out, "not agreed to") != 3 {
		t.Errorf("%v\n%s", calls, out)
	}
	if status, _, errs = run("n\n"); status != Failed || !strings.Contains(errs, "none was offered") {
		t.Errorf("nothing was offered: status %d, %s", status, errs)
	}
	if status, _, errs = run("", "--module", "other"); status != Usage || errs == "" {
		t.Errorf("no such module: status %d, %s", status, errs)
	}
}
