package token

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// helloTimeout bounds how long a module may take to load and initialize; a middleware that asks a slow reader takes seconds.
const helloTimeout = 20 * time.Second

// stderrDelay is how long the last words of a worker that has ended are waited for.
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

// process is one running tirkeu-token. Whoever holds its turn speaks to it; only its supervisor kills it.
type process struct {
	cmd    *exec.Cmd
	pipes  *pipes
	turn   chan struct{}     // capacity 1; who takes what is in it may speak, and puts it back
	next   uint64            // id of the next request; with the turn
	more   []byte            // read after an answer, where nothing should be; with the turn
	news   chan *wire.Answer // closed when that pipe ended or held garbage
	hello  wire.Hello
	known  uint64        // generation of the slots the kiosk has; the supervisor's
	ahead  uint64        // generation a call has told of a token; older news is stale. Guarded by the rack's mu
	look   chan struct{} // capacity 1: a call found its token gone, the slots want to be looked at
	lost   chan error    // capacity 1: why who holds the turn gives the process up
	dead   chan struct{} // closed once nothing will be served any more
	gone   chan struct{} // closed once it was waited for and its tokens are off the rack
	exited chan struct{} // closed once the process was waited for

	reason  atomic.Pointer[string]
	given   error       // why the supervisor gave it up; set before dead is closed
	private atomic.Bool // a PIN was sent: what the module prints is no longer logged
}

// launch starts a worker and waits for its greeting. News is read from the moment listen is called.
func launch(ctx context.Context, l *launcher, config Config, m Module, log *slog.Logger) (*process, error) {
	if _, err := os.Stat(m.Path); err != nil {
		return nil, fmt.Errorf("find module: %w", err)
	}
	own, theirs, err := openPipes()
	if err != nil {
		return nil, fmt.Errorf("make pipes: %w", err)
	}
	p := &process{
		pipes: own, turn: make(chan struct{}, 1), news: make(chan *wire.Answer, 1), look: make(chan struct{}, 1), lost: make(chan error, 1),
		dead: make(chan struct{}), gone: make(chan struct{}), exited: make(chan struct{}),
	}
	p.cmd = exec.Command(config.Worker, "--module", m.Path, "--poll", config.PollEvery.String())
	p.cmd.Env = append(os.Environ(), m.Env...)
	p.cmd.ExtraFiles = theirs // descriptors 3, 4 and 5
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p.cmd.Stderr = &complaints{log: log, private: &p.private}
	p.cmd.WaitDelay = stderrDelay
	err = l.start(p.cmd)
	for _, f := range theirs {
		_ = f.Close()
	}
	if err != nil {
		own.close()
		return nil, fmt.Errorf("start worker: %w", err)
	}
	go p.await()
	stop := context.AfterFunc(ctx, own.nudge)
	err = p.greet(ctx)
	stop()
	p.turn <- struct{}{}
	if err != nil {
		p.kill(err)
		p.release()
		return nil, err
	}
	return p, nil
}

// greet reads the worker's first frame and judges it.
func (p *process) greet(ctx context.Context) error {
	body, err := p.frame(ctx, time.Now().Add(helloTimeout))
	switch {
	case errors.Is(err, errEnded):
		<-p.exited
		return fmt.Errorf("%w: %s while loading the module", ErrWorker, p.why())
	case errors.Is(err, ErrTimeout):
		return fmt.Errorf("%w: the module did not load within %v", ErrTimeout, helloTimeout)
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		err = wire.Decode(body, &p.hello)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrWorker, err)
	case p.hello.Err != "":
		return errors.New(p.hello.Err)
	case p.hello.Version != wire.Version:
		return fmt.Errorf("the worker speaks version %d, the kiosk %d", p.hello.Version, wire.Version)
	}
	return nil
}

// listen turns frames of news into answers until their pipe ends.
func (p *process) listen() {
	defer close(p.news)
	in := bufio.NewReader(p.pipes.news)
	for {
		answer := new(wire.Answer)
		err := wire.Read(in, answer)
		if err != nil {
			if errors.Is(err, wire.ErrFrame) {
				p.because(err.Error())
			}
			return
		}
		if answer.ID != 0 {
			p.because("it spoke out of turn")
			return
		}
		select {
		case p.news <- answer:
		case <-p.dead:
			return
		}
	}
}

// await waits for the end of the process, and not for whatever a module may have left running with the worker's standard error in hand.
func (p *process) await() {
	_ = p.cmd.Wait()
	p.because(p.cmd.ProcessState.String())
	close(p.exited)
	p.pipes.nudge()
}

// because keeps the first reason for which the process is lost.
func (p *process) because(reason string) { p.reason.CompareAndSwap(nil, &reason) }

func (p *process) why() string {
	if reason := p.reason.Load(); reason != nil {
		return *reason
	}
	return "gone"
}

// kill ends the process group, so that whatever the module forked goes with it, waits until it is gone, and wakes whoever speaks to it. reason is
// what the caller of a call under way is to hear. Only the supervisor calls it; a second call does nothing.
func (p *process) kill(reason error) {
	select {
	case <-p.dead:
		return
	default:
		p.given = reason
		close(p.dead)
	}
	select {
	case <-p.exited: // waited for: its number may be another's by now
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
	<-p.exited
	p.pipes.nudge()
}

// release lets the callers of a killed process go, and closes the pipes when the last has left them.
func (p *process) release() {
	close(p.gone)
	<-p.turn
	p.pipes.close()
}
