package engine

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// Store is the part of storage that the engine works on.
type Store interface {
	Due(ctx context.Context, now time.Time, limit int) ([]storage.Task, error)
	NextDue(ctx context.Context) (time.Time, bool, error)
	Pending(ctx context.Context) (int, error)
	Note(ctx context.Context, id storage.TaskID, state []byte) error
	Done(ctx context.Context, id storage.TaskID, step storage.Step) error
	Keep(ctx context.Context, id storage.TaskID, state []byte, dueAt time.Time, step storage.Step) error
	Retry(ctx context.Context, id storage.TaskID, dueAt time.Time, problem string) error
	Hasten(ctx context.Context) error
	Application(ctx context.Context, number string) (storage.Record, error)
	Put(ctx context.Context, key string, value []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
}

// Config says what an engine works with.
type Config struct {
	Store Store
	API   api.ClientWithResponsesInterface
	// CMP gives the client for a template's profile. The engine sets its Keep.
	CMP   func(template string) cmp.Client
	Roots *x509.CertPool
	// Version of this program, for the heartbeat.
	Version string
	Now     func() time.Time
	Log     *slog.Logger

	Heartbeat   time.Duration // while all is well; 0 means 15 s
	Reconnect   time.Duration // while it is not; 0 means 3 s
	CallTimeout time.Duration // of one call to the centre; 0 means 20 s
	MaxPause    time.Duration // longest wait before a failed task is tried again; 0 means 5 min
}

// State is the line as it stands.
type State struct {
	Online      bool
	LastContact time.Time // of the centre's last good answer; zero if there was none
	Pending     int       // applications the centre does not have yet
	Problem     Problem
}

// Engine drains one outbox. Run it once.
type Engine struct {
	cfg  Config
	kick chan struct{}

	mu       sync.Mutex // guards what follows; held for a few instructions
	state    State
	watchers map[chan State]struct{}
}

// DirectoryKey is where the centre's directory lies in the store's settings.
const DirectoryKey = "directory"

const batch = 32

// New prepares an engine.
func New(cfg Config) *Engine {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&cfg.Heartbeat, 15*time.Second)
	set(&cfg.Reconnect, 3*time.Second)
	set(&cfg.CallTimeout, 20*time.Second)
	set(&cfg.MaxPause, 5*time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Engine{cfg: cfg, kick: make(chan struct{}, 1), watchers: map[chan State]struct{}{}}
}

// State is the line as it stands now.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// Watch delivers each new state until stop is called; a slow reader gets the newest only.
func (e *Engine) Watch() (states <-chan State, stop func()) {
	c := make(chan State, 1)
	e.mu.Lock()
	e.watchers[c] = struct{}{}
	e.mu.Unlock()
	return c, func() {
		e.mu.Lock()
		delete(e.watchers, c)
		e.mu.Unlock()
	}
}

func (e *Engine) set(change func(*State)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	old := e.state
	change(&e.state)
	if e.state.Online == old.Online && e.state.Pending == old.Pending && e.state.Problem == old.Problem {
		return // LastContact alone wakes nobody
	}
	for c := range e.watchers {
		select {
		case <-c: // the state that was not read yet is old now
		default:
		}
		c <- e.state
	}
}

// Kick makes the engine look at the outbox now.
func (e *Engine) Kick() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// Run works until ctx ends.
func (e *Engine) Run(ctx context.Context) {
	var beatAt time.Time
	for ctx.Err() == nil {
		e.count(ctx)
		if now := e.cfg.Now(); !now.Before(beatAt) {
			wait := e.cfg.Heartbeat
			if !e.beat(ctx) {
				wait = e.cfg.Reconnect
			}
			beatAt = now.Add(wait)
		}
		if e.State().Online && !e.drain(ctx) {
			beatAt = e.cfg.Now().Add(e.cfg.Reconnect)
		}
		e.count(ctx)
		e.rest(ctx, beatAt)
	}
}

// rest waits until something is due, somebody kicks, or ctx ends.
func (e *Engine) rest(ctx context.Context, until time.Time) {
	if e.State().Online {
		due, some, err := e.cfg.Store.NextDue(ctx)
		if err == nil && some && due.Before(until) {
			until = due
		}
	}
	t := time.NewTimer(max(until.Sub(e.cfg.Now()), 10*time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-e.kick:
	case <-t.C:
	}
}

func (e *Engine) count(ctx context.Context) {
	n, err := e.cfg.Store.Pending(ctx)
	if err == nil {
		e.set(func(s *State) { s.Pending = n })
	}
}

// beat says that this terminal lives, and learns whether the directory has changed.
func (e *Engine) beat(ctx context.Context) bool {
	within, cancel := context.WithTimeout(ctx, e.cfg.CallTimeout)
	defer cancel()
	answer, err := e.cfg.API.HeartbeatWithResponse(within, api.Heartbeat{Pending: e.State().Pending, Version: e.cfg.Version, Time: e.cfg.Now().UTC()})
	if err == nil {
		err = answered(answer.HTTPResponse, answer.JSON200 != nil, answer.JSONDefault)
	}
	if !e.contact(ctx, err) {
		return false
	}
	if err != nil {
		return true // refused, but over a line that is well
	}
	e.fetchDirectory(within, answer.JSON200.DirectoryVersion)
	return true
}

// contact notes how a call went; it reports whether the line is well. A refusal that is a verdict means that it is.
func (e *Engine) contact(ctx context.Context, err error) bool {
	problem := ProblemOf(err)
	if ctx.Err() != nil {
		return false
	}
	if problem == Busy {
		problem = None
	}
	was := e.State()
	e.set(func(s *State) {
		s.Online, s.Problem = problem == None, problem
		if problem == None {
			s.LastContact = e.cfg.Now()
		}
	})
	if problem == None && !was.Online {
		herr := e.cfg.Store.Hasten(ctx)
		if herr != nil {
			e.cfg.Log.Warn("the outbox could not be hastened", "error", herr)
		}
		e.cfg.Log.Info("the line to the centre is up")
	}
	if problem != None && was.Problem != problem {
		e.cfg.Log.Warn("the line to the centre is not well", "problem", problem)
	}
	return problem == None
}

// fetchDirectory keeps the centre's directory when it has another version than the one here.
func (e *Engine) fetchDirectory(ctx context.Context, version string) {
	have, err := e.cfg.Store.Get(ctx, DirectoryKey+".version")
	if err == nil && string(have) == version {
		return
	}
	answer, err := e.cfg.API.GetDirectoryWithResponse(ctx)
	if err == nil {
		err = answered(answer.HTTPResponse, answer.JSON200 != nil, answer.JSONDefault)
	}
	if err == nil {
		err = e.cfg.Store.Put(ctx, DirectoryKey, *answer.JSON200)
	}
	if err == nil {
		err = e.cfg.Store.Put(ctx, DirectoryKey+".version", []byte(version))
	}
	if err != nil {
		e.cfg.Log.Warn("the directory could not be fetched", "problem", ProblemOf(err))
	}
}

// drain does what is due. It reports whether the line held.
func (e *Engine) drain(ctx context.Context) bool {
	for {
		due, err := e.cfg.Store.Due(ctx, e.cfg.Now(), batch)
		if err != nil {
			e.cfg.Log.Error("the outbox cannot be read", "error", err)
			return true
		}
		for _, task := range due {
			within, cancel := context.WithTimeout(ctx, e.cfg.CallTimeout)
			err := e.do(within, task)
			cancel()
			if errors.Is(err, storage.ErrNotFound) {
				continue // dropped meanwhile
			}
			if ctx.Err() != nil {
				return false
			}
			if err != nil {
				e.putOff(ctx, task, err)
				if !e.contact(ctx, err) {
					return false
				}
			}
		}
		if len(due) < batch {
			return true
		}
	}
}

// putOff tries a task again later: after 2 s, 4 s, 8 s … MaxPause, each a fifth more or less by chance.
func (e *Engine) putOff(ctx context.Context, task storage.Task, cause error) {
	pause := min(2*time.Second<<min(task.Attempts, 20), e.cfg.MaxPause)
	pause += time.Duration((rand.Float64() - 0.5) * 0.4 * float64(pause))
	var refusal *api.Error
	if errors.As(cause, &refusal) {
		pause = max(pause, refusal.Wait())
	}
	code := string(ProblemOf(cause))
	if code == "" {
		code = verdictCode(cause)
		e.cfg.Log.Error("a task was refused", "number", task.Number, "task", task.Kind, "code", code)
	}
	err := e.cfg.Store.Retry(ctx, task.TaskID, e.cfg.Now().Add(pause), code)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		e.cfg.Log.Error("a task could not be put off", "number", task.Number, "error", err)
	}
}

// verdictCode is a word for staff; it holds nothing personal.
func verdictCode(err error) string {
	var refusal *api.Error
	var verdict *cmp.StatusError
	switch {
	case errors.As(err, &refusal):
		return string(refusal.Code)
	case errors.As(err, &verdict):
		return "cmp: " + verdict.Info.Fail.String()
	case errors.Is(err, errProfile):
		return "certificate not as asked for"
	}
	return "refused"
}

// answered turns an answer into an error: nil only for 2xx with a body of the contract's form.
func answered(answer *http.Response, whole bool, refused *api.Error) error {
	err := api.Refusal(answer, refused)
	if err == nil && !whole {
		return errors.New("the centre's answer has no body of the contract's form")
	}
	return err
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
