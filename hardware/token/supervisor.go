package token

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

const (
	aliveEvery   = 25                     // so many polls of the worker's own to one the kiosk asks for, to see that it still answers
	byeTimeout   = 300 * time.Millisecond // for logging out before an orderly kill
	stableAfter  = 10 * time.Second       // a worker that lived longer starts again at once
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 30 * time.Second
)

// supervisor keeps the worker of one module running. It alone starts and kills it, and hears its news; calls speak to the worker themselves, in
// turn with the supervisor's polls.
type supervisor struct {
	rack     *Rack
	module   Module
	restarts chan chan struct{}
	ready    chan struct{} // closed after the first start, successful or not

	waiting []chan struct{} // who asked for the restart under way; only run touches it
	died    bool            // WorkerDied was told and WorkerBack not yet; only run touches it

	mu  sync.Mutex // guards now, for a read or a write
	now ModuleState
}

// The reasons for which a worker is given up on purpose.
var (
	errRecycled  = errors.New("recycled")
	errCancelled = errors.New("a call was cancelled")
	errClosing   = errors.New("the rack is closing")
)

func newSupervisor(r *Rack, m Module) *supervisor {
	return &supervisor{
		rack: r, module: m, restarts: make(chan chan struct{}), ready: make(chan struct{}),
		now: ModuleState{Name: m.Name, Path: m.Path},
	}
}

func (s *supervisor) state() ModuleState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *supervisor) set(change func(*ModuleState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.now)
}

// restart asks for a new worker and waits until it has looked at its slots.
func (s *supervisor) restart(ctx context.Context) {
	done := make(chan struct{})
	select {
	case s.restarts <- done:
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// run starts workers until ctx ends: at once after an orderly end or a long life, with growing pauses while they keep failing.
func (s *supervisor) run(ctx context.Context) {
	defer s.settle()
	first, failures := true, 0
	for ctx.Err() == nil {
		began := time.Now()
		p, err := s.start(ctx)
		if first {
			first = false
			close(s.ready)
		}
		s.settle()
		if err == nil {
			err = s.serve(ctx, p)
			s.end(p, err)
		}
		if ctx.Err() != nil {
			break
		}
		s.set(func(m *ModuleState) { m.Running, m.PID, m.Error = false, 0, err.Error() })
		if errors.Is(err, errRecycled) || errors.Is(err, errCancelled) {
			failures = 0
			continue
		}
		if !s.died {
			s.died = true
			s.rack.log.Warn("token worker lost", "module", s.module.Name, "reason", err)
			s.tell(WorkerDied)
		}
		if time.Since(began) > stableAfter {
			failures = 0
		}
		failures++
		if s.pause(ctx, failures) {
			failures = 0
		}
	}
	s.set(func(m *ModuleState) { m.Running, m.PID, m.Error = false, 0, ErrClosed.Error() })
}

// settle tells everybody who asked for a restart that it is done.
func (s *supervisor) settle() {
	for _, done := range s.waiting {
		close(done)
	}
	s.waiting = nil
}

// pause waits before the next start; the first repetition comes at once. It says whether somebody asked for a restart meanwhile.
func (s *supervisor) pause(ctx context.Context, failures int) bool {
	if failures <= 1 {
		return false
	}
	after := min(firstBackoff<<min(failures-2, 10), lastBackoff)
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case asked := <-s.restarts:
		s.waiting = append(s.waiting, asked)
		return true
	}
	return false
}

// start launches a worker and takes the first look at its slots.
func (s *supervisor) start(ctx context.Context) (*process, error) {
	s.set(func(m *ModuleState) { m.Starts++ })
	p, err := launch(ctx, s.rack.launch, s.rack.config, s.module, s.rack.log.With("module", s.module.Name))
	if err != nil {
		return nil, err
	}
	s.set(func(m *ModuleState) {
		m.Running, m.Error, m.Library, m.PID = true, "", p.hello.Library, p.cmd.Process.Pid
	})
	if s.died {
		s.died = false
		s.tell(WorkerBack)
	}
	go p.listen()
	err = s.poll(ctx, p)
	if err != nil {
		s.end(p, err)
		return nil, err
	}
	return p, nil
}

// end kills a worker and takes its tokens off the rack before any caller hears of it, so that whoever asks next finds the token gone.
func (s *supervisor) end(p *process, reason error) {
	p.kill(reason)
	s.rack.update(s, nil, 0, nil)
	p.release()
}

// serve polls a worker and hears its news until it is lost; the error says why.
func (s *supervisor) serve(ctx context.Context, p *process) error {
	ticker := time.NewTicker(s.rack.config.PollEvery * aliveEvery)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			s.bye(p)
			return errClosing
		case asked := <-s.restarts:
			s.waiting = append(s.waiting, asked)
			s.bye(p)
			return errRecycled
		case err = <-p.lost:
			err = s.explain(p, err)
		case <-p.exited:
			err = s.explain(p, errEnded)
		case <-ticker.C:
			err = s.poll(ctx, p)
		case <-p.look:
			err = s.poll(ctx, p)
		case news, open := <-p.news:
			if !open {
				err = s.explain(p, errEnded)
				break
			}
			s.learn(p, news)
		}
		if err != nil {
			return err
		}
	}
}

// poll looks at the slots; an error means that the worker is lost, or is to be given up.
func (s *supervisor) poll(ctx context.Context, p *process) error {
	select {
	case <-p.turn:
	case err := <-p.lost:
		return s.explain(p, err)
	case <-p.exited:
		return s.explain(p, errEnded)
	case asked := <-s.restarts:
		s.waiting = append(s.waiting, asked)
		return errRecycled
	case <-ctx.Done():
		return errClosing
	}
	answer, err := s.look(ctx, p)
	if err != nil {
		p.kill(err) // before the turn is anybody's: it is half heard
	}
	p.turn <- struct{}{}
	if err != nil {
		return err
	}
	s.learn(p, answer)
	return nil
}

// look asks for the slots, in its turn. Unlike a call it is given up as soon as the supervisor is wanted elsewhere.
func (s *supervisor) look(ctx context.Context, p *process) (*wire.Answer, error) {
	life, giveUp := context.WithCancel(ctx)
	defer giveUp()
	defer context.AfterFunc(life, p.pipes.nudge)()
	var answer *wire.Answer
	done := make(chan error, 1)
	go func() {
		var err error
		answer, err = p.exchange(life, &wire.Request{Op: wire.OpPoll, Known: p.known}, time.Now().Add(s.rack.config.CallTimeout))
		done <- err
	}()
	select {
	case err := <-done:
		switch {
		case ctx.Err() != nil:
			return nil, errClosing
		case err != nil:
			return nil, s.explain(p, err)
		case answer.Fault != "":
			return nil, fmt.Errorf("%w: look at slots: %s", ErrWorker, answer.Code)
		}
		return answer, nil
	case asked := <-s.restarts:
		s.waiting = append(s.waiting, asked)
		giveUp()
		<-done
		return nil, errRecycled
	}
}

// learn takes over what a worker tells of its slots.
func (s *supervisor) learn(p *process, news *wire.Answer) {
	if news.Known > p.known && s.rack.update(s, p, news.Known, news.Slots) {
		p.known = news.Known
	}
}

// explain says why a worker that ended, or spoke out of turn, is given up.
func (s *supervisor) explain(p *process, err error) error {
	switch {
	case errors.Is(err, ErrTimeout), errors.Is(err, errCancelled):
		return err
	case !errors.Is(err, errEnded):
		p.because(err.Error())
	}
	p.kill(ErrWorker) // waits for the exit status
	return fmt.Errorf("%w: %s", ErrWorker, p.why())
}

// bye lets a worker that is not at work log out of its tokens before it is killed: a card keeps its security state until it is reset.
func (s *supervisor) bye(p *process) {
	select {
	case <-p.turn:
	default:
		return
	}
	// Not the rack's context: at Close that one has ended already.
	_, _ = p.exchange(context.Background(), &wire.Request{Op: wire.OpBye}, time.Now().Add(byeTimeout))
	p.turn <- struct{}{}
}

// tell emits an event about the worker itself.
func (s *supervisor) tell(kind EventKind) {
	s.rack.mu.Lock()
	defer s.rack.mu.Unlock()
	s.rack.emit(Event{Kind: kind, Module: s.module.Name})
}
