package token_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

// backWithin is five times what a worker may take to be back after its module failed.
const backWithin = 5 * time.Second

// What a module may do to the process that loads it, in the middle of an entered PIN and of a signature: the fault is told, everything else lives on,
// the worker is back, and no PIN is sent again by itself.
func TestRack_OutlivesWhateverAModuleDoes(t *testing.T) {
	adoptOrphans(t)
	for name, c := range map[string]struct {
		fault func(call string) virtual.Fault
		want  error // nil: the call goes well
	}{
		"crash":   {func(call string) virtual.Fault { return virtual.Fault{CrashOn: call} }, token.ErrWorker},
		"hang":    {func(call string) virtual.Fault { return virtual.Fault{HangOn: call} }, token.ErrTimeout},
		"exit":    {deed("exit"), token.ErrWorker},
		"garbage": {deed("garbage"), token.ErrWorker}, // writes on the worker's own pipe
		"close":   {deed("close"), token.ErrWorker},   // closes every descriptor
		"abandon": {deed("abandon"), token.ErrWorker}, // forks what holds the pipe open, then ends
		"fork":    {deed("fork"), nil},                // and what was forked ends with the worker
		"daemon":  {deed("daemon"), nil},              // in a session of its own
		"print":   {func(call string) virtual.Fault { return virtual.Fault{PrintOn: call} }, nil},
		"stderr":  {deed("stderr"), nil}, // hundreds of kilobytes
		"read":    {deed("read"), nil},   // from standard input
		"chdir":   {deed("chdir"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { // runs after the rack is closed
				left := endOrphans(t)
				if (left > 0) != (name == "daemon" || name == "abandon") {
					t.Errorf("%d processes outlived their worker", left)
				}
			})
			s := start(t, func(c *token.Config) { c.CallTimeout = 3 * time.Second }, spec("a", token.Kaztoken), spec("b", token.EToken))
			other := s.login(s.plug("b"), "123456")
			a := s.plug("a")
			for round, call := range []string{"C_Login", "C_SignInit"} {
				entered := s.bench.Calls("a")["C_Login"]
				var session *token.Session
				if call == "C_SignInit" {
					session = s.login(a, "123456")
					s.generate(session, name)
				}
				s.must(s.bench.Fault("a", c.fault(call)))
				var err error
				if call == "C_Login" {
					_, err = s.rack.Login(s.ctx, a.Insertion, token.NewPIN("123456"))
				} else {
					_, err = s.certifyBy(session, name)
				}
				if !errors.Is(err, c.want) {
					t.Errorf("%s: %v", call, err)
				}
				s.must(s.bench.Fault("a", virtual.Fault{}))
				if c.want != nil {
					a = s.back(a)
				}
				// By crash and hang in C_Login the call was counted; what ends before the count was made spends nothing. In no case more than one.
				if n := s.bench.Calls("a")["C_Login"] - entered; n > 1 {
					t.Errorf("round %d: %d C_Login for one entry", round, n)
				}
				entered = s.bench.Calls("a")["C_Login"]
				s.login(a, "123456")
				if n := s.bench.Calls("a")["C_Login"] - entered; n != 1 {
					t.Errorf("%d C_Login for the entry after it", n)
				}
				if _, err = other.Keys(s.ctx); err != nil {
					t.Errorf("the other module's session: %v", err)
				}
			}
			leader := s.rack.Modules()[0].PID
			pids := descendants(t, leader)
			if name == "fork" && len(pids) == 0 {
				t.Error("nothing was forked")
			}
			s.must(s.rack.Close())
			for _, pid := range pids {
				s.until("a process that the module forked to end", func() bool {
					group, err := syscall.Getpgid(pid)
					return !running(pid) || err == nil && group != leader // it was seen just before it went into a session of its own
				})
			}
		})
	}
}

func deed(what string) func(string) virtual.Fault {
	return func(call string) virtual.Fault { return virtual.Fault{Deed: call + ":" + what} }
}

// certifyBy makes the token sign, and gives the failure.
func (s *stand) certifyBy(session *token.Session, id string) ([]byte, error) {
	signer, err := session.Signer(s.ctx, []byte(id))
	if err != nil {
		return nil, err
	}
	return signer.Sign(nil, make([]byte, 32), sha256Options)
}

// back waits until a token is there again after its worker was lost.
func (s *stand) back(before token.Token) token.Token {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, backWithin)
	defer cancel()
	for {
		select {
		case e := <-s.watch:
			if e.Kind == token.Inserted && e.Token.Serial == before.Serial {
				if e.Token.Insertion <= before.Insertion {
					s.Errorf("insertion %d after %d", e.Token.Insertion, before.Insertion)
				}
				return e.Token
			}
		case <-ctx.Done():
			s.Fatalf("%s is not back", before.Serial)
		}
	}
}

// until waits for what no event tells.
func (s *stand) until(what string, done func() bool) {
	s.Helper()
	for !done() {
		select {
		case <-s.ctx.Done():
			s.Fatalf("waited in vain for %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

// processes are those of this machine for which the question is answered by yes.
func processes(t *testing.T, is func(pid int) bool) (pids []int) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && is(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// descendants are the processes of a worker's group that it forked.
func descendants(t *testing.T, leader int) []int {
	t.Helper()
	return processes(t, func(pid int) bool {
		group, err := syscall.Getpgid(pid)
		return err == nil && group == leader && pid != leader
	})
}

// adoptOrphans makes this process the parent of those whose own has ended (prctl(2), PR_SET_CHILD_SUBREAPER), so that it can tell and end them.
func adoptOrphans(t *testing.T) {
	t.Helper()
	err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
}

// endOrphans ends what a module left behind in a session of its own, where the end of its worker's group does not reach it, and says how many those were.
func endOrphans(t *testing.T) int {
	t.Helper()
	orphans := processes(t, func(pid int) bool {
		session, err := unix.Getsid(pid)
		return err == nil && session == pid && parentOf(pid) == os.Getpid()
	})
	for _, pid := range orphans {
		err := syscall.Kill(pid, syscall.SIGKILL)
		if err == nil {
			_, err = syscall.Wait4(pid, nil, 0, nil)
		}
		if err != nil {
			t.Errorf("end what a module left behind: %v", err)
		}
	}
	return len(orphans)
}

// parentOf is the parent of a process, 0 where there is no such process (proc_pid_stat(5)).
func parentOf(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(text), ") ")
	var state string
	var parent int
	_, _ = fmt.Sscan(after, &state, &parent)
	return parent
}

// A key may take minutes on a card: as long as the limit for it has not passed nobody is cut short, then the worker is replaced.
func TestGenerateRSA_MayTakeLongerThanAnyOtherCallButNotForEver(t *testing.T) {
	s := start(t, func(c *token.Config) { c.CallTimeout, c.KeygenTimeout = 2*time.Second, 20*time.Second }, spec("a", token.Kaztoken), spec("b", token.EToken))
	other := s.login(s.plug("b"), "123456")
	session := s.login(s.plug("a"), "123456")
	s.must(s.bench.Fault("a", virtual.Fault{KeygenDelay: 4 * time.Second})) // twice the limit of a call
	made := make(chan error, 1)
	begun := s.bench.Calls("a")["C_GenerateKeyPair"]
	go func() {
		_, err := session.GenerateRSA(s.ctx, []byte("slow"), "slow", 2048)
		made <- err
	}()
	s.until("the key generation", func() bool { return s.bench.Calls("a")["C_GenerateKeyPair"] > begun })
	if _, err := other.Keys(s.ctx); err != nil {
		t.Errorf("another module meanwhile: %v", err)
	}
	select {
	case err := <-made:
		t.Errorf("done before its time: %v", err)
	default:
	}
	s.must(<-made)

	limited := start(t, func(c *token.Config) { c.CallTimeout, c.KeygenTimeout = 20*time.Second, time.Second }, spec("a", token.Kaztoken))
	a := limited.plug("a")
	session = limited.login(a, "123456")
	limited.must(limited.bench.Fault("a", virtual.Fault{KeygenDelay: time.Hour}))
	if _, err := session.GenerateRSA(limited.ctx, []byte("k"), "k", 2048); !errors.Is(err, token.ErrTimeout) {
		t.Errorf("a key that takes for ever: %v", err)
	}
	limited.must(limited.bench.Fault("a", virtual.Fault{}))
	keys, err := limited.login(limited.back(a), "123456").Keys(limited.ctx)
	limited.must(err)
	if len(keys) != 0 {
		t.Errorf("%d keys of a generation that was cut short", len(keys))
	}
}

// One library, loaded twice with another configuration each, and once with none: what is given to one reaches no other, nor the kiosk itself.
func TestRack_EachModuleHasItsOwnEnvironment(t *testing.T) {
	s := start(t, func(c *token.Config) {
		c.Modules = append(c.Modules, token.Module{Name: "without", Path: c.Modules[0].Path})
	}, spec("a", token.Kaztoken), spec("b", token.EToken))
	a, b := s.plug("a"), s.plug("b")
	if a.Kind != token.Kaztoken || b.Kind != token.EToken {
		t.Errorf("%+v, %+v", a, b)
	}
	for _, m := range s.rack.Modules() {
		if m.Name == "without" && strings.Contains(m.Library, "PKCS#11") {
			t.Errorf("a module without configuration says it is %q", m.Library)
		}
	}
	if n := len(s.rack.Tokens()); n != 2 {
		t.Errorf("%d tokens", n)
	}
	if value, set := os.LookupEnv("TIRKEU_SHIM_CTL"); set {
		t.Errorf("the kiosk has a module's variable: %s", value)
	}
}

// What the kiosk serves its page through must not be held open by a worker that was started meanwhile: the page would wait for its end.
func TestRack_WorkersHoldNoPipeOfTheKiosk(t *testing.T) {
	var p [2]int
	err := unix.Pipe2(p[:], 0) // as Wails makes them: whoever is started inherits them
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	s := start(t, nil, spec("a", token.Kaztoken))
	s.must(unix.Close(p[1]))
	s.plug("a")
	ready, err := unix.Poll([]unix.PollFd{{Fd: int32(p[0]), Events: unix.POLLIN}}, int(backWithin.Milliseconds()))
	if err != nil || ready == 0 {
		t.Errorf("the pipe does not end: %v", err)
	}
}
