package token_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/token/wire"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

// TestMain lets the test binary stand in for a worker that misbehaves, and for a kiosk that is killed.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv("TIRKEU_TEST_WORKER") != "":
		badWorker(os.Getenv("TIRKEU_TEST_WORKER"))
	case os.Getenv("TIRKEU_TEST_KIOSK") != "":
		doomedKiosk(os.Getenv("TIRKEU_TEST_KIOSK"), os.Getenv("TIRKEU_TEST_PROGRAM"))
	default:
		os.Exit(m.Run())
	}
}

// badWorker greets as a good worker does, answers polls while it behaves, then does what its mode says.
func badWorker(mode string) {
	in, out := bufio.NewReader(os.NewFile(wire.RequestFD, "in")), os.NewFile(wire.AnswerFD, "out")
	if mode == "old" {
		_ = wire.Write(out, wire.Hello{Version: wire.Version + 1})
		select {}
	}
	if mode == "mute" {
		os.Exit(7)
	}
	if mode == "babble" {
		_, _ = out.WriteString("Loading vendor module, please wait...\n")
		select {}
	}
	_ = wire.Write(out, wire.Hello{Version: wire.Version})
	for polls := 1; ; polls++ {
		var r wire.Request
		if wire.Read(in, &r) != nil {
			os.Exit(0)
		}
		a := wire.Answer{ID: r.ID, Known: 1, Slots: []wire.Slot{{Seen: 1, Manufacturer: "KAZTOKEN", Initialized: true}}}
		if r.Op == wire.OpPoll {
			_ = wire.Write(out, a)
			continue
		}
		switch mode {
		case "daemon": // leaves something running that holds its standard error, in a session of its own
			left := exec.Command("sleep", "300")
			left.Stderr = os.Stderr
			left.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if left.Start() == nil {
				_ = os.WriteFile(os.Getenv("TIRKEU_TEST_LEFT"), []byte(strconv.Itoa(left.Process.Pid)), 0o600)
			}
			os.Exit(0)
		case "garbage":
			_, _ = out.WriteString("Segmentation fault? no, only chatter\n")
		case "huge":
			_ = binary.Write(out, binary.BigEndian, uint32(1<<31))
		case "not json":
			_, _ = out.Write([]byte("\x00\x00\x00\x04{\"a\""))
		case "half":
			_, _ = out.Write([]byte("\x00\x00\x00\xff{"))
			os.Exit(0)
		case "stranger":
			a.ID += 5
			_ = wire.Write(out, a)
		case "twice":
			_ = wire.Write(out, a)
			_ = wire.Write(out, a)
		}
	}
}

func TestRack_GivesUpAWorkerThatAnswersGarbage(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"garbage", "huge", "not json", "half", "stranger", "twice", "daemon"} {
		t.Run(mode, func(t *testing.T) {
			left := filepath.Join(t.TempDir(), "left")
			defer func() {
				if text, err := os.ReadFile(left); err == nil {
					pid, _ := strconv.Atoi(string(text))
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			rack, err := token.Open(ctx, token.Config{
				Worker: program, PollEvery: 10 * time.Millisecond,
				Modules: []token.Module{{Name: "m", Path: program, Env: []string{"TIRKEU_TEST_WORKER=" + mode, "TIRKEU_TEST_LEFT=" + left}}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = rack.Close() }()
			s := &stand{T: t, ctx: ctx, rack: rack}
			s.watch, _ = rack.Watch()
			before := rack.Tokens()[0]
			_, err = rack.Certificates(ctx, before.Insertion)
			if (err == nil) != (mode == "twice") {
				t.Errorf("a call: %v", err)
			}
			s.wait(token.WorkerDied)
			s.wait(token.WorkerBack)
			if after := s.wait(token.Inserted).Token; after.Insertion <= before.Insertion {
				t.Errorf("insertion %d after %d", after.Insertion, before.Insertion)
			}
		})
	}
}

func TestOpen_WorkerThatDoesNotGreetIsAStateNotAnError(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for mode, why := range map[string]string{"old": "version", "mute": "exit status 7", "babble": "malformed frame"} {
		rack, err := token.Open(t.Context(), token.Config{
			Worker: program, Modules: []token.Module{{Name: "m", Path: program, Env: []string{"TIRKEU_TEST_WORKER=" + mode}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		for m := rack.Modules()[0]; !strings.Contains(m.Error, why); m = rack.Modules()[0] {
			if ctx.Err() != nil {
				t.Fatalf("%s: %+v", mode, m)
			}
			time.Sleep(time.Millisecond)
		}
		cancel()
		_ = rack.Close()
	}
}

// doomedKiosk opens a rack, says who its workers are, and in the second mode has one of them hang.
func doomedKiosk(dir, worker string) {
	bench, err := virtual.Open(dir)
	if err != nil {
		panic(err)
	}
	rack, err := token.Open(context.Background(), token.Config{Worker: worker, Modules: bench.Modules(), CallTimeout: time.Hour})
	if err != nil {
		panic(err)
	}
	for _, t := range rack.Tokens() {
		go func() { _, _ = rack.Certificates(context.Background(), t.Insertion) }()
	}
	for _, m := range rack.Modules() {
		fmt.Println(m.PID)
	}
	fmt.Println("ready")
	select {}
}

func TestWorker_EndsWithTheKioskEvenWhileTheModuleHangs(t *testing.T) {
	bench, config := virtualtest.StartForTest(t, spec("a", token.Kaztoken))
	if err := bench.Plug("a"); err != nil {
		t.Fatal(err)
	}
	if err := bench.Fault("a", virtual.Fault{HangOn: "C_FindObjectsInit"}); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	kiosk := exec.Command(program)
	kiosk.Env = append(os.Environ(), "TIRKEU_TEST_KIOSK="+bench.Dir(), "TIRKEU_TEST_PROGRAM="+config.Worker)
	out, err := kiosk.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err = kiosk.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "ready"; {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for bench.Calls("a")["C_FindObjectsInit"] == 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	if err = kiosk.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = kiosk.Wait()
	if len(pids) != 5 {
		t.Fatalf("workers %v", pids)
	}
	for _, pid := range pids {
		for running(pid) {
			if ctx.Err() != nil {
				t.Fatalf("worker %d outlived its kiosk", pid)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// running says whether a process runs; one that ended and that nobody has waited for does not.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(after, "Z")
}

func TestWorker_EndsWithItsPipeAndIsNotStartedByHand(t *testing.T) {
	bench, config := virtualtest.StartForTest(t, spec("a", token.Kaztoken))
	module := bench.Modules()[0]
	code := func(args ...string) int {
		err := exec.Command(config.Worker, args...).Run()
		if err == nil {
			return 0
		}
		return err.(*exec.ExitError).ExitCode()
	}
	if code() != 2 || code("--module", module.Path) != 2 || code("--unknown") != 2 || code("--help") != 0 {
		t.Error("wrong usage does not end with 2, or help not with 0")
	}
	in, requests, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	worker := exec.Command(config.Worker, "--module", module.Path)
	worker.Env = append(os.Environ(), module.Env...)
	worker.ExtraFiles = []*os.File{in, out}
	if err = worker.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = in.Close(), out.Close()
	var hello wire.Hello
	if err = wire.Read(answers, &hello); err != nil || hello.Version != wire.Version {
		t.Fatalf("greeting %+v, %v", hello, err)
	}
	for fd, want := range map[int]string{0: os.DevNull, 1: os.DevNull} {
		if target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", worker.Process.Pid, fd)); err == nil && target != want {
			t.Errorf("descriptor %d is %s", fd, target)
		}
	}
	_ = requests.Close()
	if err = worker.Wait(); err != nil {
		t.Errorf("the end of the pipe: %v", err)
	}
	if worker.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
		t.Error("ended by a signal")
	}
}
