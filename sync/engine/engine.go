package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Store is what the engine needs of storage.
type Store interface {
	Application(ctx context.Context, number string) (storage.Record, error)
	Letter(ctx context.Context, number string, ordinal int) ([]byte, error)
	Due(ctx context.Context, now time.Time, limit int) ([]storage.Task, error)
	NextDue(ctx context.Context) (time.Time, bool, error)
	Pending(ctx context.Context) (int, error)
	Note(ctx context.Context, id storage.TaskID, state []byte) error
	Done(ctx context.Context, id storage.TaskID, step storage.Step) error
	Keep(ctx context.Context, id storage.TaskID, state []byte, dueAt time.Time, step storage.Step) error
	Retry(ctx context.Context, id storage.TaskID, dueAt time.Time, problem string) error
	Hasten(ctx context.Context, number string) error
	Forget(ctx context.Context, before time.Time) (int, error)
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, value []byte) error
}

// Centre is what the engine needs of the centre by REST; *Line is one.
type Centre interface {
	File(ctx context.Context, number string, document, sealKey, signature []byte) (registry.Status, error)
	Status(ctx context.Context, number string) (registry.Status, error)
	Transaction(ctx context.Context, id []byte) (state string, certificate []byte, err error)
	Installed(ctx context.Context, number string, at time.Time, serials []string) (registry.Status, error)
	Letter(ctx context.Context, number string, letter registry.Letter) error
	Heartbeat(ctx context.Context, pending int, version string, now time.Time) (directory string, centre time.Time, err error)
	Directory(ctx context.Context) (*registry.Directory, error)
}

// Config of an engine. Store, Centre, CMP and Roots are needed.
type Config struct {
	Store  Store
	Centre Centre
	CMP    func(template string) *cmp.Client // Line.CMP
	Roots  *pki.Pool                         // what issued certificates must lead to: Line.Roots

	Intermediates *pki.Pool     // beside those the answers bring along: Line.Intermediates
	Profiles      *pki.Profiles // nil: pki.DefaultProfiles
	Version       string        // of this program, for the heartbeat

	Now  func() time.Time // nil: time.Now
	Rand *rand.Rand       // for jitter; nil: a random seed
	Log  *slog.Logger     // nil: discarded

	HeartbeatEvery time.Duration // 0: 30 s
	RoundEvery     time.Duration // pause between full rounds while a backlog goes out; 0: 2 s
	KeepFor        time.Duration // final applications are forgotten after so long; 0: 30 days
}

// Bounds of the engine.
const (
	roundTasks  = 8                // tasks in one round
	lineFirst   = time.Second      // pause after the line failed, doubled each time
	lineMax     = time.Minute      // up to here
	taskFirst   = 5 * time.Second  // the same for a task whose answer is no verdict or an unexpected one
	taskMax     = 15 * time.Minute //
	urgentMax   = time.Minute      // the same for a revocation, which is tried more often
	refusedMax  = 3                // refusals of a message, in a row, after which it is taken for one of the request
	pollMin     = 2 * time.Second  // between polls of one key
	pollMax     = 15 * time.Minute // the older an application, the rarer
	forgetEvery = 24 * time.Hour
)

// State is the line to the centre as the engine sees it.
type State struct {
	Online      bool      // the last call reached the centre and its answer was the centre's
	LastContact time.Time // zero: never since the start
	Pending     int       // applications that the centre does not have yet
	Problem     Problem   // of the last call; "" when Online
}

// Engine sends what storage holds. Its methods may be called from many goroutines; Run runs once.
type Engine struct {
	cfg  Config
	kick chan struct{}

	mu        sync.Mutex // guards what follows, for moments
	state     State
	watchers  map[chan struct{}]bool
	directory *registry.Directory

	// Owned by Run's goroutine.
	failures   int       // of the line, in a row
	lineAt     time.Time // not before, after the line failed
	heartAt    time.Time // next heartbeat
	forgetAt   time.Time
	storeFault int // failures of storage in a row
}

// New makes an engine and reads the directory kept from before. It sends nothing until Run.
func New(cfg Config) *Engine {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.HeartbeatEvery == 0 {
		cfg.HeartbeatEvery = 30 * time.Second
	}
	if cfg.RoundEvery == 0 {
		cfg.RoundEvery = 2 * time.Second
	}
	if cfg.KeepFor == 0 {
		cfg.KeepFor = 30 * 24 * time.Hour
	}
	e := &Engine{cfg: cfg, kick: make(chan struct{}, 1), watchers: map[chan struct{}]bool{}}
	e.directory = e.keptDirectory()
	return e
}

// State gives the line as it is now.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

// Watch says that the state changed; what it is now, State tells. A slow watcher misses nothing but intermediate states.
func (e *Engine) Watch() (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	e.mu.Lock()
	e.watchers[c] = true
	e.mu.Unlock()
	return c, func() {
		e.mu.Lock()
		delete(e.watchers, c)
		e.mu.Unlock()
	}
}

// Kick makes the engine look at once: something was accepted or installed, or the line may be back.
func (e *Engine) Kick() {
	select {
	case e.kick <- struct{}{}:
	default:
	}
}

// Hurry makes what an application waits for due now, and kicks: its citizen stands at the kiosk, or staff have decided.
func (e *Engine) Hurry(ctx context.Context, number string) error {
	if err := e.cfg.Store.Hasten(ctx, number); err != nil {
		return err
	}
	e.Kick()
	return nil
}

// Run sends and fetches until ctx ends; it ends soon after. Its error is that of ctx.
func (e *Engine) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-e.kick:
			e.lineAt = time.Time{}
		case <-timer.C:
		}
		timer.Reset(e.Step(ctx))
	}
}

// Step does one bounded round of what is due and tells how long there is nothing to do. Run calls it; a simulation calls
// it with a clock of its own instead.
func (e *Engine) Step(ctx context.Context) (pause time.Duration) {
	defer e.count(ctx)
	now := e.cfg.Now()
	if wait := e.lineAt.Sub(now); wait > 0 {
		return min(wait, lineMax)
	}
	full, err := e.round(ctx)
	if err == nil {
		err = e.beat(ctx)
	}
	if err == nil {
		err = e.forget(ctx)
	}
	line := (*LineError)(nil)
	switch {
	case ctx.Err() != nil:
		return 0
	case errors.As(err, &line):
		return e.offline(line)
	case err != nil:
		e.storeFault++
		e.cfg.Log.Error("sync failed", "cause", err)
		return e.backoff(lineFirst, lineMax, e.storeFault)
	}
	e.storeFault = 0
	if full {
		return e.jitter(e.cfg.RoundEvery)
	}
	return e.idle(ctx)
}

// idle is the time to the next task or heartbeat.
func (e *Engine) idle(ctx context.Context) time.Duration {
	now := e.cfg.Now()
	pause := e.heartAt.Sub(now)
	if at, some, err := e.cfg.Store.NextDue(ctx); err == nil && some {
		pause = min(pause, at.Sub(now))
	}
	return min(max(pause, 10*time.Millisecond), e.cfg.HeartbeatEvery)
}

// round does what is due, up to roundTasks; full says that there may be more. An error ends it: a *LineError, or one of storage.
func (e *Engine) round(ctx context.Context) (full bool, err error) {
	due, err := e.cfg.Store.Due(ctx, e.cfg.Now(), roundTasks)
	if err != nil {
		return false, err
	}
	for _, task := range due {
		if err := e.do(ctx, task); err != nil {
			return false, err
		}
	}
	return len(due) == roundTasks, nil
}

// do does a task. What is wrong with the task alone puts only it off; its error is the line's or storage's.
func (e *Engine) do(ctx context.Context, task storage.Task) error {
	var err error
	switch task.Kind {
	case storage.TaskFile:
		err = e.file(ctx, task)
	case storage.TaskCertify:
		err = e.certify(ctx, task)
	case storage.TaskRevoke:
		err = e.revoke(ctx, task)
	case storage.TaskReport:
		err = e.report(ctx, task)
	case storage.TaskLetter:
		err = e.letter(ctx, task)
	default:
		err = &taskError{code: "unknown-task", wait: taskMax}
	}
	late := (*taskError)(nil)
	line := (*LineError)(nil)
	final := (*finalError)(nil)
	switch {
	case errors.As(err, &final):
		e.online()
		return e.giveUp(ctx, task, final)
	case err == nil:
		e.online()
		return nil
	case errors.Is(err, storage.ErrNotFound):
		return nil // done or dropped meanwhile
	case errors.As(err, &late):
		e.online()
	case errors.As(err, &line) && (line.Problem == ProblemGarbage || line.Problem == ProblemFailed):
		// The line carries something; perhaps only this answer is wrong. Others may have their turn, later this one again.
		late = &taskError{code: string(line.Problem), err: err}
	default:
		return err
	}
	wait := max(late.wait, e.backoff(taskFirst, taskMax, task.Attempts+1))
	if task.Urgent {
		wait = min(wait, e.jitter(urgentMax))
	}
	e.cfg.Log.Warn("put off", "task", task.Kind, "number", task.Number, "key", task.Ordinal, "problem", late.code, "attempt", task.Attempts+1, "again", wait, "cause", late.err)
	if err := e.cfg.Store.Retry(ctx, task.TaskID, e.cfg.Now().Add(wait), late.code); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if line != nil {
		return line
	}
	return nil
}

// taskError says that a task cannot be done now, though the line is well.
type taskError struct {
	code string        // for storage and the log; no personal data
	wait time.Duration // at least
	err  error
}

func (t *taskError) Error() string { return fmt.Sprintf("%s: %v", t.code, t.err) }
func (t *taskError) Unwrap() error { return t.err }

// backoff doubles first up to most, and takes a random share between half and all of it, so that kiosks do not come in step.
func (e *Engine) backoff(first, most time.Duration, failures int) time.Duration {
	d := first
	for range failures - 1 {
		if d >= most {
			break
		}
		d *= 2
	}
	return e.jitter(min(d, most))
}

func (e *Engine) jitter(d time.Duration) time.Duration {
	return d/2 + time.Duration(e.cfg.Rand.Int64N(int64(d/2)+1))
}
