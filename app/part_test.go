//go:build cgo

package app_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/app/terminal"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// What the test's binary plays when it is started again by a test: a whole terminal, or a worker that keeps an answer back.
const (
	partVariable = "TIRKEU_TEST_PART"
	partTerminal = "terminal"
	partWorker   = "worker"
	playVariable = "TIRKEU_TEST_PLAY" // the file of a play
)

func TestMain(m *testing.M) {
	switch os.Getenv(partVariable) {
	case partTerminal:
		playTerminal()
	case partWorker:
		playWorker()
	default:
		os.Exit(m.Run())
	}
}

// play is what a part needs to know.
type play struct {
	State, Folder string
	Modules       []token.Module
	Proxied       bool   // the worker is played, too
	Worker        string // the real one
	Tell          string // named pipe: what is told to the test, line by line
	Halt          string // file: where to halt
}

// halt is where a part stands still for ever, so that it can be killed there. The file is replaced as a whole.
type halt struct {
	Order int             // of halts
	Step  app.JournalStep // before it is taken
	Op    wire.Op         // or: the token has done it, and the kiosk has not heard its answer
	Nth   int             // time, from 1, since the order was given
}

func (h halt) String() string {
	if h.Op != "" {
		return fmt.Sprintf("the answer to %s, %d", h.Op, h.Nth)
	}
	return fmt.Sprintf("%s, %d", h.Step, h.Nth)
}

func readPlay() play {
	var p play
	raw, err := os.ReadFile(os.Getenv(playVariable))
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "read play:", err)
		os.Exit(2)
	}
	return p
}

// teller tells the test what happens in a part, and stands still where it is told to.
type teller struct {
	mu    sync.Mutex
	to    *os.File
	halt  string
	order int
	count int
}

func newTeller(p play) *teller {
	to, err := os.OpenFile(p.Tell, os.O_WRONLY, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, "open pipe:", err)
		os.Exit(2)
	}
	return &teller{to: to, halt: p.Halt}
}

func (t *teller) tell(line string) { _, _ = t.to.WriteString(line + "\n") }

// pass goes by a point, or halts there.
func (t *teller) pass(is func(halt) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var h halt
	raw, err := os.ReadFile(t.halt)
	if err != nil || json.Unmarshal(raw, &h) != nil {
		return
	}
	if h.Order != t.order {
		t.order, t.count = h.Order, 0
	}
	if !is(h) {
		return
	}
	if t.count++; t.count == h.Nth {
		t.tell("halt")
		select {}
	}
}

// playTerminal is a terminal as main starts it, without a window: touches come in on standard input, snapshots go out.
func playTerminal() {
	p := readPlay()
	t := newTeller(p)
	cfg := terminal.Configuration{Worker: p.Worker, Stick: p.Folder}
	part := ""
	if p.Proxied {
		cfg.Worker, _ = os.Executable()
		part = partWorker
	}
	for _, m := range p.Modules {
		cfg.Modules = append(cfg.Modules, terminal.Module{Name: m.Name, Path: m.Path, Env: append(m.Env, partVariable+"="+part)})
	}
	log := slog.New(steps{slog.NewTextHandler(os.Stderr, nil), t})
	opened, err := terminal.Open(context.Background(), cfg, p.State, log)
	if err == nil {
		err = opened.OpenRack(context.Background())
	}
	var kiosk *app.Kiosk
	if err == nil {
		kiosk, err = opened.Kiosk(func() { t.tell("ended") })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "open terminal:", err)
		os.Exit(2)
	}
	go func() { _ = kiosk.Run(context.Background()) }()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var touch struct {
			Action string
			Args   json.RawMessage
		}
		if json.Unmarshal(in.Bytes(), &touch) != nil {
			os.Exit(2)
		}
		body := kiosk.State()
		if touch.Action != "" {
			body = kiosk.Do(touch.Action, touch.Args)
		}
		_, err = os.Stdout.Write(append(append([]byte{}, body...), '\n'))
		if err != nil {
			os.Exit(2)
		}
	}
}

// steps is a log that halts at a step of the device journal.
type steps struct {
	slog.Handler
	t *teller
}

func (s steps) Handle(ctx context.Context, r slog.Record) error {
	err := s.Handler.Handle(ctx, r)
	r.Attrs(func(a slog.Attr) bool {
		if step, is := a.Value.Any().(app.JournalStep); is {
			s.t.tell("step " + string(step))
			s.t.pass(func(h halt) bool { return h.Step == step })
		}
		return true
	})
	return err
}

// playWorker stands between the kiosk and the real worker. It keeps an answer back where it is told to: the token has done its work, and
// the kiosk will never hear of it.
func playWorker() {
	p := readPlay()
	t := newTeller(p)
	runtime.LockOSThread() // the worker dies with the thread that started it
	in, toWorker := pipe()
	fromWorker, out := pipe()
	cmd := exec.Command(p.Worker, os.Args[1:]...)
	cmd.ExtraFiles = []*os.File{in, out}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Start()
	if err != nil {
		os.Exit(2)
	}
	_, _ = in.Close(), out.Close()
	requests, answers := os.NewFile(wire.RequestFD, "requests"), os.NewFile(wire.AnswerFD, "answers")
	var mu sync.Mutex
	asked := map[uint64]wire.Op{}
	go func() {
		relay(requests, toWorker, func(body []byte) {
			var r wire.Request
			_ = json.Unmarshal(body, &r)
			mu.Lock()
			defer mu.Unlock()
			asked[r.ID] = r.Op
		})
		_ = toWorker.Close()
	}()
	relay(fromWorker, answers, func(body []byte) {
		var a wire.Answer
		_ = json.Unmarshal(body, &a)
		mu.Lock()
		op := asked[a.ID]
		delete(asked, a.ID)
		mu.Unlock()
		if op != "" && a.Fault == "" {
			t.pass(func(h halt) bool { return h.Op == op })
		}
	})
	_ = cmd.Wait()
}

func pipe() (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		os.Exit(2)
	}
	return r, w
}

// relay hands frames on (wire.Write) after they were seen.
func relay(from io.Reader, to io.Writer, see func(body []byte)) {
	for {
		var head [4]byte
		_, err := io.ReadFull(from, head[:])
		if err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:]))
		_, err = io.ReadFull(from, body)
		if err != nil {
			return
		}
		see(body)
		_, err = to.Write(append(head[:], body...))
		if err != nil {
			return
		}
	}
}
