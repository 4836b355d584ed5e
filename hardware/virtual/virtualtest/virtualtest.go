// Package virtualtest gives tests a bench of virtual tokens and the configuration of a rack over it.
package virtualtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

// StartForTest makes a bench with these tokens in a temporary folder, all of them plugged out, and gives the configuration of a rack that
// serves the modules of their kinds: token.Open(ctx, config) then bench.Plug(name). The virtual module and tirkeu-token are built once and
// kept in the machine's cache. The test is skipped where softhsm2, gcc or libp11-kit-dev are missing, and fails there if TIRKEU_TEST_ALL=1.
func StartForTest(t testing.TB, specs ...virtual.Spec) (*virtual.Bench, token.Config) {
	t.Helper()
	for _, program := range []string{"softhsm2-util", "gcc"} {
		Need(t, program)
	}
	if _, err := os.Stat("/usr/include/p11-kit-1/p11-kit/pkcs11.h"); err != nil {
		Missing(t, "libp11-kit-dev")
	}
	shim, worker := build(t)
	bench, err := virtual.CreateWith(t.TempDir(), specs, shim)
	if err != nil {
		t.Fatal(err)
	}
	config := token.Config{Worker: worker, PollEvery: 20 * time.Millisecond, CallTimeout: 20 * time.Second}
	kinds := map[string]bool{}
	for _, s := range specs {
		kinds[string(s.Kind)] = true
	}
	for _, m := range bench.Modules() {
		if kinds[m.Name] {
			config.Modules = append(config.Modules, m)
		}
	}
	return bench, config
}

// Worker gives the path of tirkeu-token, built from the sources as they are, for a rack over other modules than the bench's.
func Worker(t testing.TB) string {
	t.Helper()
	_, worker := build(t)
	return worker
}

// Need skips the test, or fails it if TIRKEU_TEST_ALL=1, when an outside program is missing.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		Missing(t, program)
	}
	return path
}

// Missing says that something the test needs is not installed.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("TIRKEU_TEST_ALL") == "1" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s is missing", what)
}

// Memory is one of the sums of a process's memory, in kB (proc(5), smaps_rollup): "Pss" is its proportional share, "Anonymous" what no file and no other
// process has. The test fails where it cannot be read.
func Memory(t testing.TB, pid int, sum string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == sum+":" {
			n, err := strconv.Atoi(f[1])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("process %d has no %s", pid, sum)
	return 0
}

// build gives the virtual module and the worker, built from the sources as they are.
func build(t testing.TB) (shim, worker string) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(filepath.Dir(filepath.Dir(here)))) // of the module
	version := fingerprint(t, filepath.Join(root, "go.mod"), filepath.Join(root, "hardware", "virtual", "shim"),
		filepath.Join(root, "hardware", "token", "wire"), filepath.Join(root, "hardware", "cmd", "tirkeu-token"))
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "tirkeu-test")
	dir := filepath.Join(cache, version)
	shim, worker = filepath.Join(dir, virtual.ShimName), filepath.Join(dir, "tirkeu-token")
	if err = os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	guard, err := os.OpenFile(filepath.Join(cache, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = guard.Close() }()
	if err = syscall.Flock(int(guard.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err = os.Stat(shim); err != nil {
		if err = virtual.BuildShim(shim); err != nil {
			t.Fatal(err)
		}
	}
	if _, err = os.Stat(worker); err != nil {
		command := exec.Command("go", "build", "-o", worker, "./hardware/cmd/tirkeu-token")
		command.Dir = root
		command.Env = append(os.Environ(), "CGO_ENABLED=1")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("build tirkeu-token: %v\n%s", err, output)
		}
		sweep(cache, version)
	}
	return shim, worker
}

// sweep removes what older sources gave.
func sweep(cache, keep string) {
	entries, _ := os.ReadDir(cache)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && e.Name() != keep && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(filepath.Join(cache, e.Name()))
		}
	}
}

// fingerprint hashes files and folders of sources.
func fingerprint(t testing.TB, paths ...string) string {
	t.Helper()
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOARCH)
	for _, path := range paths {
		err := filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			fmt.Fprintln(sum, name, len(text))
			_, err = sum.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:12])
}
