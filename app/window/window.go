// Package window shows the page to people and carries its calls to Go. It is the only package that knows Wails.
//
// It promises: one page, full screen, no navigation away, no context menu, no drop; a dead or silent page is
// replaced while the session in Go goes on; a signal ends the program in about a second although the window
// manager cannot close it. It must never see what a call carries: arguments may hold a PIN, so nothing that
// passes the bridge is logged (Wails would log a failed call with its arguments: see log.go).
package window

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/runtime"
)

// Backend is what the window serves: JSON in, JSON out. Every method may be called from several goroutines.
type Backend interface {
	// Do carries out one touch and answers with the snapshot that came of it.
	Do(action string, args []byte) []byte
	// First is what the page shows its first screen by, as JSON with < written as an escape, so that nothing in it ends the element it is put in.
	First() []byte
	// State is the present snapshot.
	State() []byte
	// Words are the page's words in one language.
	Words(lang string) []byte
	// Watch delivers each new snapshot until stop is called; a slow reader gets the newest only.
	Watch() (snapshots <-chan []byte, stop func())
}

// Options say what to show.
type Options struct {
	Assets fs.FS
	// Open makes what the window serves. It is called once, beside the window's own start; when it fails the window ends.
	Open func() (Backend, error)
	Log  *slog.Logger
	// Width and Height of the display in pixels, as far as it is known; the window covers the whole screen either way.
	Width, Height int
	// BandPx is the height of the training program's band.
	BandPx int
	// Silent is how long the page may say nothing before it is replaced; zero means ten seconds.
	Silent time.Duration
	// OnStuck is called when GTK stands still: the window has not come, or does not go. Run will not return then, so the program should end itself.
	OnStuck func()
	// OnPainted is called once, when the page has painted its first screen; OnAlive once, when all of the page is there.
	OnPainted, OnAlive func()
}

// ErrPageDies is returned by Run when the page could not be kept alive; a supervisor should start the program anew.
var ErrPageDies = errors.New("the page's process dies again and again")

// maxDeaths within deathSpan end the program.
const (
	maxDeaths = 6
	deathSpan = time.Minute
)

// GTK has so long to open the window, and to end it.
const (
	opensWithin = 30 * time.Second
	endsWithin  = 10 * time.Second
)

// Window is one running window.
type Window struct {
	opt      Options
	ctx      context.Context
	opened   chan struct{} // closed once backend is set, or failed
	backend  Backend       // nil until opened, and when it could not be opened
	looping  chan struct{} // closed once the page was asked for: GTK's loop runs then, and can be quit
	asked    sync.Once     // guards looping
	began    chan struct{} // closed once the window is made
	ended    chan struct{} // closed once Run is over
	quitting atomic.Bool
	heard    atomic.Int64 // Unix milliseconds of the page's last sign of life
	painted  sync.Once
	alive    sync.Once
	mu       sync.Mutex // guards deaths and failed; held for a few instructions
	deaths   []time.Time
	failed   error
}

// New prepares a window; Run shows it.
func New(opt Options) *Window {
	if opt.Silent == 0 {
		opt.Silent = 10 * time.Second
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Window{opt: opt, opened: make(chan struct{}), looping: make(chan struct{}), began: make(chan struct{}), ended: make(chan struct{})}
}

// Run shows the window and returns when it has ended: by Quit, by SIGTERM, SIGINT or SIGHUP, or with ErrPageDies.
// It must be called from the main goroutine, once.
func (w *Window) Run() error {
	onRendererGone = w.rendererGone
	prepareEnvironment()
	prepareBand(w.opt)
	go w.open()
	go w.within(opensWithin, w.began, "the window has not opened")
	defer close(w.ended)
	err := wails.Run(&options.App{
		Title:            title,
		Width:            w.opt.Width,
		Height:           w.opt.Height,
		Frameless:        true,
		WindowStartState: options.Fullscreen,
		BackgroundColour: options.NewRGB(250, 247, 240),
		AssetServer:      &assetserver.Options{Assets: first{w.opt.Assets, w}},
		Logger:           quiet{w.opt.Log},
		OnStartup:        w.startup,
		OnBeforeClose:    func(context.Context) bool { return !w.quitting.Load() },
		Bind:             []any{&Bridge{w}},
		DragAndDrop:      &options.DragAndDrop{DisableWebViewDrop: true},
		// Never is the one GPU policy that means what it says, and it saves 80 MB where there is no GPU.
		Linux: &linux.Options{WebviewGpuPolicy: linux.WebviewGpuPolicyNever, ProgramName: programName},
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	return err
}

// within tells when GTK stands still: in its own start, for instance, where the display takes a connection and then says nothing.
func (w *Window) within(limit time.Duration, done <-chan struct{}, otherwise string) {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-done:
	case <-w.ended:
	case <-late.C:
		w.opt.Log.Error(otherwise, "after", limit)
		if w.opt.OnStuck != nil {
			w.opt.OnStuck()
		}
	}
}

// open makes the backend while the window and the page's process start: neither waits for the other.
func (w *Window) open() {
	b, err := w.opt.Open()
	if err != nil {
		w.mu.Lock()
		w.failed = err
		w.mu.Unlock()
	} else {
		w.backend = b
	}
	close(w.opened)
}

// serves is the backend once it stands; nil when there will be none.
func (w *Window) serves() Backend {
	<-w.opened
	return w.backend
}

// Quit ends Run.
func (w *Window) Quit() {
	if w.ctx != nil && w.quitting.CompareAndSwap(false, true) {
		go w.within(endsWithin, w.ended, "the window has not ended")
		runtime.Quit(w.ctx)
	}
}

// Replace ends the page's process and starts a new one on the same address: it heals a dead page, and it takes
// what the old one had in memory with it. The session's state lives in Go and is shown again.
func (w *Window) Replace() {
	if w.quitting.Load() {
		return
	}
	w.heard.Store(time.Now().UnixMilli())
	replacePage()
}

func (w *Window) startup(ctx context.Context) {
	close(w.began)
	w.ctx = ctx
	w.heard.Store(time.Now().UnixMilli())
	go w.untilSignal()
	go w.push()
	go w.guard()
}

// untilSignal quits on the signals that end a service. Wails listens for them too, asks OnBeforeClose and quits beside
// us; two quits crash GTK (gtk_main_quit without a loop). So Wails' listener is taken off first.
func (w *Window) untilSignal() {
	signal.Reset(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	select {
	case <-c:
		w.Quit()
	case <-w.ctx.Done():
	}
}

func (w *Window) push() {
	backend := w.serves()
	if backend == nil {
		select { // a quit before the loop is lost
		case <-w.looping:
			w.Quit()
		case <-w.ctx.Done():
		}
		return
	}
	snapshots, stop := backend.Watch()
	defer stop()
	for {
		select {
		case <-w.ctx.Done():
			return
		case s, ok := <-snapshots:
			if !ok {
				return
			}
			runtime.EventsEmit(w.ctx, "state", string(s))
		}
	}
}

// guard replaces a page that has gone silent.
func (w *Window) guard() {
	t := time.NewTicker(w.opt.Silent / 5)
	defer t.Stop()
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-t.C:
			since := time.Since(time.UnixMilli(w.heard.Load()))
			if since > w.opt.Silent {
				w.opt.Log.Warn("page is silent: replacing it", "silent", since.Round(time.Millisecond))
				w.died()
				w.Replace()
			}
		}
	}
}

// rendererGone is called on the main thread when the page's process has ended by itself.
func (w *Window) rendererGone(reason string) {
	if w.quitting.Load() {
		return
	}
	w.opt.Log.Warn("page's process ended: replacing it", "reason", reason)
	w.died()
	go w.Replace()
}

// died counts deaths and ends the program when there are too many: then only a new start can help.
func (w *Window) died() {
	now := time.Now()
	w.mu.Lock()
	kept := w.deaths[:0]
	for _, at := range w.deaths {
		if now.Sub(at) < deathSpan {
			kept = append(kept, at)
		}
	}
	w.deaths = append(kept, now)
	over := len(w.deaths) >= maxDeaths
	if over {
		w.failed = ErrPageDies
	}
	w.mu.Unlock()
	if over {
		go w.Quit()
	}
}
