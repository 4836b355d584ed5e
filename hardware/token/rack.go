package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tirkeu/kiosk/hardware/device"
	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// insertions counts for the whole program, so that a number of one rack is never a number of another.
var insertions atomic.Uint64

// Rack is all tokens of the kiosk. Its methods may be called from any goroutine.
type Rack struct {
	config  Config
	devices *device.Table
	log     *slog.Logger
	launch  *launcher
	cancel  context.CancelFunc
	running sync.WaitGroup
	workers []*supervisor

	// mu guards what follows. It is held for reads and writes of memory only, never over a call to a worker.
	mu       sync.Mutex
	tokens   map[Insertion]*plugged
	watchers map[*watcher]struct{}
	closed   bool
}

// plugged is a token and where it is served.
type plugged struct {
	token      Token
	seen       uint64 // the worker's number of this appearance
	supervisor *supervisor
	process    *process
}

// Open starts a worker for each module and returns once each has looked at its slots or has failed to start: a module that does not
// work is no error of Open but a [ModuleState], and is tried again from time to time. ctx bounds the start only.
func Open(ctx context.Context, config Config) (*Rack, error) {
	config = config.withDefaults()
	devices, err := device.Load(config.Devices)
	if err != nil {
		return nil, err
	}
	if config.Start == nil {
		_, err = os.Stat(config.Worker)
		if err != nil {
			return nil, fmt.Errorf("find token worker: %w", err)
		}
	}
	names := map[string]bool{}
	for _, m := range config.Modules {
		if m.Name == "" || m.Path == "" && config.Start == nil || names[m.Name] {
			return nil, fmt.Errorf("configure token modules: %q: name and path must be given, each name once", m.Name)
		}
		err = m.Profile.check()
		if err != nil {
			return nil, fmt.Errorf("configure token module %s: %w", m.Name, err)
		}
		names[m.Name] = true
	}
	life, cancel := context.WithCancel(context.Background())
	r := &Rack{
		config: config, devices: devices, log: config.Log, launch: newLauncher(), cancel: cancel,
		tokens: map[Insertion]*plugged{}, watchers: map[*watcher]struct{}{},
	}
	for _, m := range config.Modules {
		s := newSupervisor(r, m)
		r.workers = append(r.workers, s)
		r.running.Go(func() { s.run(life) })
	}
	for _, s := range r.workers {
		select {
		case <-s.ready:
		case <-ctx.Done():
			_ = r.Close()
			return nil, fmt.Errorf("start token workers: %w", ctx.Err())
		}
	}
	return r, nil
}

// Close ends every worker and every watcher. Calls under way end with an error.
func (r *Rack) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil
	}
	r.closed = true
	for w := range r.watchers {
		w.stop()
	}
	clear(r.watchers)
	r.mu.Unlock()
	r.cancel()
	r.running.Wait()
	r.launch.stop()
	return nil
}

// Tokens lists what is plugged in, in the order of insertion.
func (r *Rack) Tokens() []Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	tokens := make([]Token, 0, len(r.tokens))
	for _, p := range r.tokens {
		tokens = append(tokens, p.token)
	}
	slices.SortFunc(tokens, func(a, b Token) int { return int(a.Insertion) - int(b.Insertion) })
	return tokens
}

// Token gives one token as it is now: [ErrRemoved] when it was pulled, [ErrUnknownInsertion] when there never was one.
func (r *Rack) Token(n Insertion) (Token, error) {
	p, err := r.find("look at token", n)
	if err != nil {
		return Token{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return p.token, nil
}

// Modules says how each module is doing.
func (r *Rack) Modules() []ModuleState {
	states := make([]ModuleState, 0, len(r.workers))
	for _, s := range r.workers {
		states = append(states, s.state())
	}
	return states
}

// LookSoon says that something was plugged or pulled just now: slots are looked at as soon as their worker is free, and often for a while after. A worker
// that the machine or its module tells of changes waits for that word. LookSoon does not wait.
func (r *Rack) LookSoon() {
	for _, s := range r.workers {
		select {
		case s.soon <- struct{}{}:
		default: // it knows already
		}
	}
}

// Recycle ends every worker and starts it anew, which wipes what modules and bindings remember of a citizen; it returns when all have
// looked at their slots again, or when ctx ends. Every token gets a new insertion, a call under way ends with an error.
func (r *Rack) Recycle(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range r.workers {
		all.Go(func() { s.restart(ctx) })
	}
	all.Wait()
}

// find looks an insertion up. A number that was given out and is not there any more is of a removed token.
func (r *Rack) find(op string, n Insertion) (*plugged, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p, there := r.tokens[n]; there {
		return p, nil
	}
	if n == 0 || uint64(n) > insertions.Load() {
		return nil, &Error{Op: op, Err: ErrUnknownInsertion}
	}
	return nil, &Error{Op: op, Err: ErrRemoved}
}

// update makes the rack's tokens of one worker those the worker sees: events for what went, what came, and what changed.
func (r *Rack) update(s *supervisor, p *process, slots []wire.Slot) {
	seen := make(map[uint64]wire.Slot, len(slots))
	for _, slot := range slots {
		seen[slot.Seen] = slot
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for n, held := range r.tokens {
		if held.supervisor != s {
			continue
		}
		slot, there := seen[held.seen]
		if !there || held.process != p {
			delete(r.tokens, n)
			r.emit(Event{Kind: Removed, Token: held.token, Module: s.module.Name})
			continue
		}
		delete(seen, held.seen)
		r.refresh(held, slot)
	}
	for _, slot := range slots {
		if _, fresh := seen[slot.Seen]; !fresh {
			continue
		}
		n := Insertion(insertions.Add(1))
		held := &plugged{token: r.tokenOf(slot, n, s.module.Name), seen: slot.Seen, supervisor: s, process: p}
		r.tokens[n] = held
		r.emit(Event{Kind: Inserted, Token: held.token, Module: s.module.Name})
	}
}

// refresh takes over a token's flags; r.mu is held.
func (r *Rack) refresh(held *plugged, slot wire.Slot) {
	now := r.tokenOf(slot, held.token.Insertion, held.token.Module)
	if now != held.token {
		held.token = now
		r.emit(Event{Kind: Changed, Token: now, Module: now.Module})
	}
}

// sees says whether a worker sees a token like that one: it is in the same reader still, or again.
func (r *Rack) sees(s *supervisor, like Token) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, held := range r.tokens {
		if t := held.token; held.supervisor == s && t.Serial == like.Serial && t.Manufacturer == like.Manufacturer && t.Model == like.Model {
			return true
		}
	}
	return false
}

func (r *Rack) copyOf(held *plugged) Token {
	r.mu.Lock()
	defer r.mu.Unlock()
	return held.token
}

// lose takes one token off the rack before the next poll would.
func (r *Rack) lose(n Insertion) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if held, there := r.tokens[n]; there {
		delete(r.tokens, n)
		r.emit(Event{Kind: Removed, Token: held.token, Module: held.token.Module})
	}
}

// call does one request on a token. killing says that the request cannot be taken back once sent: when ctx ends first, the worker is
// killed, for nobody could say what became of it.
func (r *Rack) call(ctx context.Context, op string, n Insertion, request wire.Request, killing bool) (*wire.Answer, error) {
	defer request.Wipe()
	held, err := r.find(op, n)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, givenUp(op, ctx)
	}
	request.Seen = held.seen
	j := &job{process: held.process, token: r.copyOf(held), request: &request, timeout: held.supervisor.config.CallTimeout, done: make(chan result, 1), cancelled: make(chan struct{})}
	if request.Op == wire.OpGenerate {
		j.timeout = held.supervisor.config.KeygenTimeout
	}
	select {
	case held.supervisor.jobs <- j:
	case <-held.process.dead:
		return nil, &Error{Op: op, Err: ErrRemoved}
	case <-ctx.Done():
		return nil, givenUp(op, ctx)
	}
	var res result
	select {
	case res = <-j.done:
	case <-ctx.Done():
		if killing {
			close(j.cancelled)
		}
		if killing || request.PIN != nil {
			<-j.done
		}
		return nil, givenUp(op, ctx)
	}
	if res.err != nil {
		return nil, &Error{Op: op, Code: res.code, Err: res.err}
	}
	if res.answer.Slot != nil {
		r.mu.Lock()
		if r.tokens[n] == held {
			r.refresh(held, *res.answer.Slot)
		}
		r.mu.Unlock()
	}
	err = failure(op, res.answer)
	if errors.Is(err, ErrRemoved) {
		r.lose(n)
	}
	return res.answer, err
}
