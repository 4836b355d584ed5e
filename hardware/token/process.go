package token

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// helloTimeout bounds how long a module may take to load and initialize; a middleware that asks a slow reader takes seconds.
const helloTimeout = 20 * time.Second

// stderrDelay is how long the last words of a worker that has ended are waited for, on its pipe and on its standard error.
const stderrDelay = 100 * time.Millisecond

// launcher starts processes from one thread that lives as long as the rack. PR_SET_PDEATHSIG is bound to the thread that forked, not to
// the process: were workers started from a passing thread, they would be killed when Go retires it (golang.org/issue/27505).
type launcher struct{ requests chan func() }

func newLauncher() *launcher {
	l := &launcher{requests: make(chan func())}
	go func() {
		// Never unlocked: the thread ends with the goroutine, and what it forked ends with the thread.
		runtime.LockOSThread()
		for request := range l.requests {
			request()
		}
	}()
	return l
}

func (l *launcher) start(cmd *exec.Cmd) error {
	done := make(chan error, 1)
	l.requests <- func() { done <- cmd.Start() }
	return <-done
}

// stop ends the thread. No start may follow.
func (l *launcher) stop() { close(l.requests) }

// process is one running tirkeu-token. Only its supervisor writes to it.
type process struct {
	worker  Worker
	answers chan *wire.Answer // closed when the pipe ended or held garbage
	hello   wire.Hello
	known   uint64        // generation of the slots the kiosk has
	next    uint64        // id of the next request
	dead    chan struct{} // closed once nothing will be served any more
	exited  chan struct{} // closed once the process was waited for
	reason  atomic.Pointer[string]
	private atomic.Bool // a PIN was sent: what the module prints is no longer logged
}

// launch starts a worker and waits for its greeting.
func launch(ctx context.Context, l *launcher, config Config, m Module, events bool, log *slog.Logger) (*process, error) {
	p := &process{answers: make(chan *wire.Answer, 1), dead: make(chan struct{}), exited: make(chan struct{})}
	var err error
	if config.Start != nil {
		p.worker, err = config.Start(m)
	} else {
		p.worker, err = l.program(config, m, events, &complaints{log: log, private: &p.private})
	}
	if err != nil {
		return nil, err
	}
	greeted := make(chan error, 1)
	go p.receive(greeted)
	go p.await()

	timer := time.NewTimer(helloTimeout)
	defer timer.Stop()
	select {
	case err = <-greeted:
	case <-timer.C:
		err = fmt.Errorf("%w: the module did not load within %v", ErrTimeout, helloTimeout)
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// program starts tirkeu-token.
func (l *launcher) program(config Config, m Module, events bool, complain io.Writer) (Worker, error) {
	if _, err := os.Stat(m.Path); err != nil {
		return Worker{}, fmt.Errorf("find module: %w", err)
	}
	workerIn, requests, err := os.Pipe()
	if err != nil {
		return Worker{}, fmt.Errorf("make pipe: %w", err)
	}
	answers, workerOut, err := os.Pipe()
	if err != nil {
		_ = workerIn.Close()
		_ = requests.Close()
		return Worker{}, fmt.Errorf("make pipe: %w", err)
	}
	cmd := exec.Command(config.Worker, "--module", m.Path, "--poll", config.PollEvery.String())
	if events {
		cmd.Args = append(cmd.Args, "--events")
	}
	cmd.Env = append(os.Environ(), m.Env...)
	cmd.ExtraFiles = []*os.File{workerIn, workerOut} // descriptors 3 and 4
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.Stderr = complain
	cmd.WaitDelay = stderrDelay
	err = l.start(cmd)
	_ = workerIn.Close()
	_ = workerOut.Close()
	if err != nil {
		_ = requests.Close()
		_ = answers.Close()
		return Worker{}, fmt.Errorf("start worker: %w", err)
	}
	return Worker{
		PID: cmd.Process.Pid, Requests: requests, Answers: answers,
		Wait: func() string {
			// Ended, but its number still its own: what the module forked is ended by the group's number now, which may be another's later.
			for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
			}
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait() // and not for whatever a module may have left running with the worker's standard error in hand
			return cmd.ProcessState.String()
		},
		Kill: func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }, // whatever the module forked goes with it
	}, nil
}

// receive turns frames into answers until the pipe ends.
func (p *process) receive(greeted chan<- error) {
	defer close(p.answers)
	defer func() { _ = p.worker.Answers.Close() }()
	in := bufio.NewReader(p.worker.Answers)
	err := wire.Read(in, &p.hello)
	switch {
	case errors.Is(err, io.EOF):
		<-p.exited
		greeted <- fmt.Errorf("%w: %s while loading the module", ErrWorker, p.why())
		return
	case err != nil:
		greeted <- fmt.Errorf("%w: %w", ErrWorker, err)
		return
	case p.hello.Err != "":
		greeted <- errors.New(p.hello.Err)
		return
	case p.hello.Version != wire.Version:
		greeted <- fmt.Errorf("the worker speaks version %d, the kiosk %d", p.hello.Version, wire.Version)
		return
	}
	greeted <- nil
	for {
		answer := new(wire.Answer)
		err = wire.Read(in, answer)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.because(err.Error())
			}
			return
		}
		select {
		case p.answers <- answer:
		case <-p.dead:
			return
		}
	}
}

// await waits for the end of the worker. A process that the module forked may hold the pipe open for ever: what the worker has not said soon after
// its end it did not say.
func (p *process) await() {
	p.because(p.worker.Wait())
	_ = p.worker.Answers.SetReadDeadline(time.Now().Add(stderrDelay))
	close(p.exited)
}

// because keeps the first reason for which the process is lost.
func (p *process) because(reason string) { p.reason.CompareAndSwap(nil, &reason) }

func (p *process) why() string {
	if reason := p.reason.Load(); reason != nil {
		return *reason
	}
	return "gone"
}

// kill ends the process group, so that whatever the module forked goes with it, and waits until it is gone.
func (p *process) kill() {
	select {
	case <-p.dead:
		<-p.exited
		return
	default:
		close(p.dead)
	}
	select {
	case <-p.exited: // waited for: its number may be another's by now
	default:
		p.worker.Kill()
	}
	_ = p.worker.Requests.Close()
	<-p.exited
}
