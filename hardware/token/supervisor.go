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
	aliveEvery    = 75                     // so many times PollEvery to one poll the kiosk asks for, to see that the worker still answers
	byeTimeout    = 300 * time.Millisecond // for logging out before an orderly kill
	stableAfter   = 10 * time.Second       // a worker that lived longer starts again at once
	firstBackoff  = 100 * time.Millisecond
	lastBackoff   = 30 * time.Second
	accountWithin = time.Second // so long a caller waits to hear whether the token is still there after a crash
)

// supervisor keeps the worker of one module running and is the only one who speaks to it: calls and polls go through its loop one at a time.
type supervisor struct {
	rack     *Rack
	module   Module
	config   Config // the rack's, with the module's profile laid over it
	jobs     chan *job
	restarts chan chan struct{}
	soon     chan struct{} // capacity 1: the slots are to be looked at now
	ready    chan struct{} // closed after the first start, successful or not

	waiting []chan struct{} // who asked for the restart under way; only run touches it
	died    bool            // WorkerDied was told and WorkerBack not yet; only run touches it
	deaf    bool            // the module is not let wait for its slot events any more: a worker that did was lost early or hung; only run touches it
	crashed *job            // whose worker crashed under it, until it is known whether its token is still there; only run touches it

	mu  sync.Mutex // guards now, for a read or a write
	now ModuleState
}

// job is one request on its way.
type job struct {
	process   *process // the worker it was meant for; another one knows nothing of its sessions
	token     Token    // as it was when the job was given
	request   *wire.Request
	timeout   time.Duration
	done      chan result   // capacity 1
	cancelled chan struct{} // closed: kill the worker
	blamed    result        // of a job under which the worker crashed
}

// result of a job: an answer, or a sentinel and its code.
type result struct {
	answer *wire.Answer
	err    error
	code   string
}

// The reasons for which a worker is given up on purpose.
var (
	errRecycled  = errors.New("recycled")
	errCancelled = errors.New("a call was cancelled")
)

func newSupervisor(r *Rack, m Module) *supervisor {
	return &supervisor{
		rack: r, module: m, config: m.Profile.under(r.config), jobs: make(chan *job), restarts: make(chan chan struct{}), soon: make(chan struct{}, 1), ready: make(chan struct{}),
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
			p.kill()
			s.rack.update(s, nil, nil)
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
		long := time.Since(began) > stableAfter
		if s.hears() && (!long || errors.Is(err, ErrTimeout)) {
			s.deaf = true
			s.rack.log.Warn("the module's slot events are not waited for any more", "module", s.module.Name)
		}
		if long {
			failures = 0
		}
		failures++
		if s.pause(ctx, failures) {
			failures = 0
		}
	}
	s.set(func(m *ModuleState) { m.Running, m.PID, m.Error = false, 0, ErrClosed.Error() })
}

// account tells the caller of a call under which the worker crashed what became of it. Some modules crash because the token was pulled: it is a
// crash to the caller only where the next worker sees the token again.
func (s *supervisor) account() {
	j := s.crashed
	if j == nil {
		return
	}
	s.crashed = nil
	if s.state().Running && !s.rack.sees(s, j.token) {
		j.blamed.err = ErrRemoved
	}
	j.done <- j.blamed
}

// settle tells everybody who asked for a restart that it is done.
func (s *supervisor) settle() {
	s.account()
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
	if after > accountWithin {
		s.account()
	}
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

// hears says whether a worker lets its module wait for slot events: only where an examination has seen that it has them, and nothing speaks against it.
func (s *supervisor) hears() bool { return s.module.Profile.SlotEvents == slotEventsYes && !s.deaf }

// start launches a worker and takes the first look at its slots.
func (s *supervisor) start(ctx context.Context) (*process, error) {
	s.set(func(m *ModuleState) { m.Starts++ })
	p, err := launch(ctx, s.rack.launch, s.config, s.module, s.hears(), s.rack.log.With("module", s.module.Name))
	if err != nil {
		return nil, err
	}
	s.set(func(m *ModuleState) {
		m.Running, m.Error, m.Library, m.PID = true, "", p.hello.Library, p.worker.PID
	})
	if s.died {
		s.died = false
		s.tell(WorkerBack)
	}
	err = s.poll(ctx, p, false)
	if err != nil {
		p.kill()
		s.rack.update(s, nil, nil)
		return nil, err
	}
	return p, nil
}

// serve passes calls and polls to a worker until it is lost; the error says why.
func (s *supervisor) serve(ctx context.Context, p *process) error {
	ticker := time.NewTicker(s.config.PollEvery * aliveEvery)
	defer ticker.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			s.bye(p)
			return ctx.Err()
		case asked := <-s.restarts:
			s.waiting = append(s.waiting, asked)
			s.bye(p)
			return errRecycled
		case j := <-s.jobs:
			err = s.do(ctx, p, j)
		case <-ticker.C:
			err = s.poll(ctx, p, false)
		case <-s.soon:
			err = s.poll(ctx, p, true)
		case news, open := <-p.answers:
			if !open || news.ID != 0 {
				err = s.lost(p, open)
				break
			}
			s.learn(p, news)
		}
		if err != nil {
			return err
		}
	}
}

// do carries one job out; an error means that the worker is lost.
func (s *supervisor) do(ctx context.Context, p *process, j *job) error {
	if j.process != p {
		j.done <- result{err: ErrRemoved}
		return nil
	}
	if j.request.PIN != nil {
		p.private.Store(true)
	}
	answer, err := s.exchange(ctx, p, j.request, j.timeout, j.cancelled)
	if err != nil {
		// Killed and taken off the rack before the caller hears of it, so that whoever asks next finds the token gone.
		p.kill()
		s.rack.update(s, nil, nil)
		r := blame(p, err)
		if errors.Is(r.err, ErrWorker) {
			j.blamed, s.crashed = r, j
			return err
		}
		j.done <- r
		return err
	}
	removed := answer.Fault == wire.FaultRemoved
	j.done <- result{answer: answer}
	switch {
	case removed && j.request.Op == wire.OpGenerate:
		return errRecycled // OpenSC 0.23 makes no key any more in a process that lost a card while one was made
	case removed:
		return s.poll(ctx, p, false)
	}
	return nil
}

// blame makes of the reason a worker was lost what the caller of the lost call is told.
func blame(p *process, err error) result {
	switch {
	case errors.Is(err, ErrTimeout):
		return result{err: ErrTimeout}
	case errors.Is(err, errRecycled), errors.Is(err, errCancelled), errors.Is(err, context.Canceled):
		return result{err: ErrRemoved}
	default:
		return result{err: ErrWorker, code: p.why()}
	}
}

// poll looks at the slots; an error means that the worker is lost. soon: something was plugged or pulled just now.
func (s *supervisor) poll(ctx context.Context, p *process, soon bool) error {
	answer, err := s.exchange(ctx, p, &wire.Request{Op: wire.OpPoll, Known: p.known, Soon: soon}, s.config.CallTimeout, nil)
	if err != nil {
		return err
	}
	if answer.Fault != "" {
		return fmt.Errorf("%w: look at slots: %s", ErrWorker, answer.Code)
	}
	s.learn(p, answer)
	return nil
}

// learn takes over what a worker tells of its slots.
func (s *supervisor) learn(p *process, news *wire.Answer) {
	if news.Known != p.known {
		p.known = news.Known
		s.rack.update(s, p, news.Slots)
	}
}

// exchange sends one request and waits for its answer. Every error means that the worker is lost.
func (s *supervisor) exchange(ctx context.Context, p *process, request *wire.Request, timeout time.Duration, cancelled <-chan struct{}) (*wire.Answer, error) {
	p.next++
	request.ID = p.next
	_ = p.worker.Requests.SetWriteDeadline(time.Now().Add(timeout))
	err := wire.Write(p.worker.Requests, request)
	if err != nil {
		return nil, s.lost(p, true)
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		select {
		case answer, open := <-p.answers:
			switch {
			case !open:
				return nil, s.lost(p, false)
			case answer.ID == request.ID:
				return answer, nil
			case answer.ID != 0:
				p.because("an answer to another request")
				return nil, s.lost(p, true)
			}
			s.learn(p, answer)
		case <-timer.C:
			return nil, fmt.Errorf("%w: %s took longer than %v", ErrTimeout, request.Op, timeout)
		case <-cancelled:
			return nil, errCancelled
		case asked := <-s.restarts:
			s.waiting = append(s.waiting, asked)
			return nil, errRecycled
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// lost says why a worker that ended its pipe, or spoke out of turn, is given up.
func (s *supervisor) lost(p *process, spoke bool) error {
	if spoke {
		p.because("it spoke out of turn or took no request")
	}
	p.kill() // waits for the exit status
	return fmt.Errorf("%w: %s", ErrWorker, p.why())
}

// bye lets the worker log out of its tokens before it is killed: a card keeps its security state until it is reset.
func (s *supervisor) bye(p *process) {
	// Not the rack's context: at Close that one has ended already.
	_, _ = s.exchange(context.Background(), p, &wire.Request{Op: wire.OpBye}, byeTimeout, nil)
}

// tell emits an event about the worker itself.
func (s *supervisor) tell(kind EventKind) {
	s.rack.mu.Lock()
	defer s.rack.mu.Unlock()
	s.rack.emit(Event{Kind: kind, Module: s.module.Name})
}
