//go:build cgo

package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

// mortalHall is a hall whose terminal is a process of its own, which is killed with SIGKILL where it stands still.
type mortalHall struct {
	*hall
	play   play
	child  *child
	orders int
	told   *told
}

// told is what the terminals of a test have passed and where they were killed.
type told struct {
	mu     sync.Mutex
	passed map[app.JournalStep]bool
	killed map[app.JournalStep]bool
}

// child is a running terminal.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     chan []byte // snapshots; closed when the process has ended
	halted  chan struct{}
	deaf    chan struct{} // closed when nobody listens any more
}

// halted is thrown where the terminal stands still.
type halted struct{}

// mortal makes a terminal of its own, enrolled at the hall's centre, over the hall's tokens.
func (h *hall) mortal(name string, told *told) *mortalHall {
	h.t.Helper()
	dir := h.t.TempDir()
	m := &mortalHall{
		hall: &hall{t: h.t, bench: h.bench, rack: h.rack, centre: h.centre, state: filepath.Join(dir, "state"), folder: h.folder, ended: make(chan struct{}, 32), log: &logged{}},
		told: told,
	}
	m.play = play{State: m.state, Folder: m.folder, Modules: h.rack.Modules, Worker: h.rack.Worker, Tell: filepath.Join(dir, "tell"), Halt: filepath.Join(dir, "halt")}
	err := syscall.Mkfifo(m.play.Tell, 0o600)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { m.end(false) })
	m.begin(halt{})
	m.enrolAs(name)
	return m
}

// following is what comes after the n-th of some places to halt; nothing after the last one.
func following(all []halt, n int) halt {
	if n+1 < len(all) {
		return all[n+1]
	}
	return halt{}
}

// begin starts the terminal; where it shall be cut off in the middle of a worker's answer, with a worker that can be.
func (m *mortalHall) begin(next halt) {
	m.t.Helper()
	m.play.Proxied = next.Op != ""
	m.order(halt{})
	file := m.play.Halt + ".play"
	m.write(file, m.play)
	tell, err := os.OpenFile(m.play.Tell, os.O_RDWR, 0) // both ways, so that it never ends
	if err != nil {
		m.t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	c := &child{command: exec.Command(program), out: make(chan []byte), halted: make(chan struct{}, 1), deaf: make(chan struct{})}
	c.command.Env = append(os.Environ(), partVariable+"="+partTerminal, playVariable+"="+file)
	c.command.Stderr = m.log
	c.in, err = c.command.StdinPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	err = c.command.Start()
	if err != nil {
		m.t.Fatal(err)
	}
	go m.listen(tell, c)
	go func() {
		defer close(c.out)
		lines := bufio.NewReader(out)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			c.out <- line
		}
	}()
	m.child, m.kiosk = c, m
}

// listen takes in what a terminal tells, until it is closed.
func (m *mortalHall) listen(tell *os.File, c *child) {
	defer close(c.deaf)
	defer tell.Close()
	lines := bufio.NewScanner(tell)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "halt":
			c.halted <- struct{}{}
		case "ended":
			m.ended <- struct{}{}
		case "over":
			return
		case "step":
			m.told.mu.Lock()
			m.told.passed[app.JournalStep(rest)] = true
			m.told.mu.Unlock()
		}
	}
}

func (m *mortalHall) write(file string, what any) {
	m.t.Helper()
	raw, err := json.Marshal(what)
	if err == nil {
		err = os.WriteFile(file+".new", raw, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *mortalHall) order(h halt) {
	m.t.Helper()
	m.orders++
	h.Order = m.orders
	m.write(m.play.Halt, h)
}

// Do is a touch in the terminal's process.
func (m *mortalHall) Do(action string, args []byte) []byte {
	touch, err := json.Marshal(map[string]any{"action": action, "args": json.RawMessage(args)})
	if err == nil {
		_, err = m.child.in.Write(append(touch, '\n'))
	}
	if err != nil {
		m.t.Fatalf("touch %s: %v\n%s", action, err, m.log)
	}
	select {
	case body, alive := <-m.child.out:
		if !alive {
			m.t.Fatalf("the terminal ended by itself at %s\n%s", action, m.log)
		}
		return body
	case <-m.child.halted:
		panic(halted{})
	case <-time.After(60 * time.Second):
		m.t.Fatalf("no answer to %s\n%s", action, m.log)
		return nil
	}
}

// State is what the terminal shows.
func (m *mortalHall) State() []byte { return m.Do("", []byte("{}")) }

// killAt lets a citizen walk until the terminal stands where it was told to, and kills it there. Nothing it had started may live on.
func (m *mortalHall) killAt(at halt, walk func()) {
	m.t.Helper()
	m.order(at)
	func() {
		defer func() {
			thrown := recover()
			if _, is := thrown.(halted); thrown != nil && !is {
				panic(thrown)
			}
		}()
		walk()
		m.t.Fatalf("the walk did not come to %s\n%s", at, m.log)
	}()
	m.told.mu.Lock()
	m.told.killed[at.Step] = true
	m.told.mu.Unlock()
	m.end(true)
}

// end kills the terminal, and waits until it and its workers are gone.
func (m *mortalHall) end(check bool) {
	c := m.child
	if c == nil {
		return
	}
	m.child = nil
	var watched []int
	for _, pid := range offspring(c.command.Process.Pid) {
		fd, err := unix.PidfdOpen(pid, 0)
		if err == nil {
			watched = append(watched, fd)
		}
	}
	if check && len(watched) == 0 {
		m.t.Error("the terminal had no worker")
	}
	_ = c.command.Process.Kill() // SIGKILL
	for range c.out {            // until the pipe ends
	}
	_ = c.command.Wait()
	for _, fd := range watched {
		gone := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(gone, 10_000)
		for err == unix.EINTR {
			n, err = unix.Poll(gone, 10_000)
		}
		if n != 1 {
			m.t.Errorf("a worker outlives the killed terminal: %v", err)
		}
		_ = unix.Close(fd)
	}
	over, err := os.OpenFile(m.play.Tell, os.O_WRONLY|unix.O_NONBLOCK, 0)
	if err == nil {
		_, _ = over.WriteString("over\n")
		_ = over.Close()
		<-c.deaf
	}
}

// offspring are the processes that a process has started, and those that they have.
func offspring(pid int) []int {
	var all []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(text)) {
			n, err := strconv.Atoi(field)
			if err == nil {
				all = append(append(all, n), offspring(n)...)
			}
		}
	}
	return all
}

// object is what an outside program sees on a token.
type object struct{ class, label, id string }

// look has pkcs11-tool list a token.
func (h *hall) look(pin string) []object {
	h.t.Helper()
	out, err := h.tool("--login", "--pin", pin, "-O")
	if err != nil {
		h.t.Fatalf("pkcs11-tool: %v\n%s", err, out)
	}
	var all []object
	for line := range strings.Lines(out) {
		class, _, found := strings.Cut(line, " Object; ")
		if found && !strings.HasPrefix(line, " ") {
			all = append(all, object{class: class})
			continue
		}
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if !found || len(all) == 0 {
			continue
		}
		switch last := &all[len(all)-1]; name {
		case "label":
			last.label = strings.TrimSpace(value)
		case "ID":
			last.id = strings.TrimSpace(value)
		}
	}
	return all
}

// tool runs pkcs11-tool on the token that is plugged in.
func (h *hall) tool(args ...string) (string, error) {
	for _, module := range h.rack.Modules {
		if module.Name != string(token.Kaztoken) {
			continue
		}
		command := exec.CommandContext(h.t.Context(), "pkcs11-tool", append([]string{"--module", module.Path}, args...)...)
		command.Env = append(command.Environ(), module.Env...)
		out, err := command.CombinedOutput()
		return string(out), err
	}
	return "", fmt.Errorf("no module")
}

// numbersOf are the numbers of the applications for which there are private keys, with how many there are; it fails where a half of a
// pair is missing, a certificate has no key, or an application has two keys for one purpose.
func (h *hall) numbersOf(objects []object) map[string]int {
	h.t.Helper()
	count := map[string]map[string]int{}
	for _, o := range objects {
		if count[o.id] == nil {
			count[o.id] = map[string]int{}
		}
		count[o.id][o.class]++
	}
	for id, by := range count {
		if by["Private Key"] != 1 || by["Public Key"] != 1 || by["Certificate"] > 1 {
			h.t.Errorf("under %s lie %v", id, by)
		}
	}
	numbers, labels := map[string]int{}, map[string]bool{}
	for _, o := range objects {
		if o.class != "Private Key" {
			continue
		}
		if labels[o.label] {
			h.t.Errorf("two pairs are called %s", o.label)
		}
		labels[o.label] = true
		_, number, _ := strings.Cut(o.label, " ")
		numbers[number]++
	}
	return numbers
}

// people are in the register; one applies, again and again.
const applicant = centretest.IINAigerim

// newMortalHall is a hall with two terminals at one centre.
func newMortalHall(t *testing.T) (*hall, *told) {
	t.Helper()
	h := &hall{t: t, folder: filepath.Join(t.TempDir(), "stick")}
	h.tokens()
	h.centre = centretest.Start(t)
	h.register()
	return h, &told{passed: map[app.JournalStep]bool{}, killed: map[app.JournalStep]bool{}}
}
