package engine

import (
	"context"
	"errors"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/registry"
)

// change changes the state and tells the watchers if it is another one.
func (e *Engine) change(f func(*State)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.state
	f(&e.state)
	if e.state.Online == before.Online && e.state.Pending == before.Pending && e.state.Problem == before.Problem {
		return // the time of the last contact alone is no news
	}
	for c := range e.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// online notes an answer that was the centre's.
func (e *Engine) online() {
	if e.failures > 0 || !e.State().Online {
		e.cfg.Log.Info("line is up")
	}
	e.failures, e.lineAt = 0, time.Time{}
	e.change(func(s *State) { s.Online, s.Problem, s.LastContact = true, "", e.cfg.Now() })
}

// note shows a problem.
func (e *Engine) note(p Problem) {
	e.change(func(s *State) { s.Online, s.Problem = false, p })
}

// offline notes that the line failed and tells how long to leave it alone.
func (e *Engine) offline(l *LineError) time.Duration {
	e.failures++
	if e.State().Problem != l.Problem {
		e.cfg.Log.Warn("line is not up", "problem", l.Problem, "cause", l.Err)
	}
	e.note(l.Problem)
	wait := e.backoff(lineFirst, lineMax, e.failures)
	e.lineAt = e.cfg.Now().Add(wait)
	return wait
}

// count brings Pending up to date.
func (e *Engine) count(ctx context.Context) {
	n, err := e.cfg.Store.Pending(ctx)
	if err != nil {
		return // said where it is acted upon
	}
	e.change(func(s *State) { s.Pending = n })
}

// beat sends the heartbeat when its time has come, and fetches the directory when the centre has another.
func (e *Engine) beat(ctx context.Context) error {
	now := e.cfg.Now()
	if now.Before(e.heartAt) {
		return nil
	}
	pending, err := e.cfg.Store.Pending(ctx)
	if err != nil {
		return err
	}
	version, _, err := e.cfg.Centre.Heartbeat(ctx, pending, e.cfg.Version, now)
	if err := explain(ctx, err); err != nil {
		return asLine(err)
	}
	e.online()
	e.heartAt = now.Add(e.jitter(e.cfg.HeartbeatEvery))
	if version == "" || version == e.Directory().Version {
		return nil
	}
	d, err := e.cfg.Centre.Directory(ctx)
	if err := explain(ctx, err); err != nil {
		return asLine(err)
	}
	return e.keepDirectory(ctx, d)
}

// asLine takes an unexpected refusal of a call that is never refused for a failure of the centre.
func asLine(err error) error {
	if line := (*LineError)(nil); errors.As(err, &line) || errors.Is(err, context.Canceled) {
		return err
	}
	return &LineError{Problem: ProblemFailed, Err: err}
}

// directorySetting is where the centre's directory is kept.
const directorySetting = "directory"

// Directory gives the centre's directory as last received, or the one this program was built with. It is shared: not to be changed.
func (e *Engine) Directory() *registry.Directory {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.directory
}

func (e *Engine) keptDirectory() *registry.Directory {
	built := registry.Default()
	data, err := e.cfg.Store.Get(context.Background(), directorySetting)
	if errors.Is(err, storage.ErrNotFound) {
		return built
	}
	if err == nil {
		var kept *registry.Directory
		if kept, err = registry.ParseDirectory(data); err == nil {
			return kept
		}
	}
	e.cfg.Log.Warn("kept directory is not readable; the built-in one serves", "cause", err)
	return built
}

func (e *Engine) keepDirectory(ctx context.Context, d *registry.Directory) error {
	data, err := d.Encode()
	if err != nil {
		return &LineError{Problem: ProblemGarbage, Err: err}
	}
	if err := e.cfg.Store.Put(ctx, directorySetting, data); err != nil {
		return err
	}
	e.mu.Lock()
	e.directory = d
	e.mu.Unlock()
	e.cfg.Log.Info("directory replaced", "version", d.Version)
	return nil
}

// forget lets storage drop what is long final, once a day.
func (e *Engine) forget(ctx context.Context) error {
	now := e.cfg.Now()
	if now.Before(e.forgetAt) {
		return nil
	}
	n, err := e.cfg.Store.Forget(ctx, now.Add(-e.cfg.KeepFor))
	if err != nil {
		return err
	}
	e.forgetAt = now.Add(forgetEvery)
	if n > 0 {
		e.cfg.Log.Info("old applications forgotten", "count", n)
	}
	return nil
}
