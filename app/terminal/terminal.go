//go:build cgo

package terminal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/usb"
	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Terminal is one terminal with all its rooms open. It holds its state folder until Close.
type Terminal struct {
	configuration Configuration
	folder        *Folder
	log           *slog.Logger
	store         *storage.Store
	rack          *rack
	sticks        *stick.Devices // nil until the kiosk is made, and where a folder is the stick
	usb           *usb.Source
	broken        app.Code
	why           error // broken, in words for a technician

	device   *Device // nil until the terminal is enrolled
	identity *identity
	joined   *app.Joined

	ctx     context.Context // of the engine; ends with Close
	cancel  context.CancelFunc
	working sync.WaitGroup
	looking sync.Once       // USB
	begin   <-chan struct{} // the engine's work; nil: at once
}

// Open holds a state folder and starts the terminal on it.
func Open(ctx context.Context, c Configuration, state string, log *slog.Logger) (*Terminal, error) {
	t, err := Hold(ctx, c, state, log)
	if err != nil {
		return nil, err
	}
	err = t.Start(nil)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Hold takes the state folder and reads what enrolment left in it; that is a matter of a millisecond, so that a window need not wait for the rest.
// ErrRunning: another program holds the state folder. A folder of another edition does not fail it: the screen says so.
func Hold(ctx context.Context, c Configuration, state string, log *slog.Logger) (*Terminal, error) {
	folder, err := OpenFolder(state)
	if err != nil {
		return nil, err
	}
	t := &Terminal{configuration: c, folder: folder, log: log, rack: newRack(c.modules())}
	t.ctx, t.cancel = context.WithCancel(ctx)
	devices, err := c.devices()
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	t.usb = usb.NewSource(devices)
	t.device, t.identity, err = folder.device()
	switch {
	case errors.Is(err, errOtherEdition):
		t.refuse(app.CodeFolderOther, err)
	case errors.Is(err, errNotSandbox):
		t.refuse(app.CodeCentreReal, err)
	case err != nil:
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Start opens the database and begins to work for the centre; before it, nothing is accepted. A database that cannot be used does not fail it: the
// terminal then says on its screen that it is out of service, which helps more than a black one. It must end before Close begins.
// The engine waits until begin is closed; nil: it does not wait.
func (t *Terminal) Start(begin <-chan struct{}) error {
	t.begin = begin
	if t.broken != "" {
		return nil
	}
	var err error
	t.store, err = t.folder.openStore()
	if err != nil {
		t.store = nil
		t.refuse(brokenCode(err), err)
	}
	if t.device == nil || t.store == nil {
		return nil
	}
	t.joined, err = t.join(*t.device, t.identity)
	return err
}

// OpenRack starts the token workers, and the watch on USB. Until then, and in commands that need no tokens, none is seen.
func (t *Terminal) OpenRack(ctx context.Context) error {
	t.looking.Do(func() {
		t.working.Go(func() { t.usb.Run(t.ctx) })
		t.working.Go(func() { t.rack.follow(t.ctx, t.usb) })
	})
	return t.rack.start(ctx, token.Config{Worker: t.configuration.Worker, Modules: t.configuration.modules(), Devices: t.configuration.Devices, Log: t.log})
}

// refuse keeps the terminal out of service. What it found is left as it is.
func (t *Terminal) refuse(code app.Code, why error) {
	t.broken, t.why = code, why
	t.log.Error("out of service; what was found is left as it is", "folder", t.folder.path, "error", why)
}

// openStore opens the database; SQLite lets a command read it beside a kiosk that is running.
func (f *Folder) openStore() (*storage.Store, error) {
	key, err := f.SealKey()
	if err != nil {
		return nil, err
	}
	s, err := storage.Open(f.Path("kiosk.db"), storage.Options{SealKey: key, Application: fileMark})
	if errors.Is(err, storage.ErrForeign) {
		return nil, fmt.Errorf("%w: %w", err, errOtherEdition)
	}
	return s, err
}

func brokenCode(err error) app.Code {
	switch {
	case errors.Is(err, storage.ErrForeign):
		return app.CodeFolderOther
	case errors.Is(err, storage.ErrDamaged), errors.Is(err, storage.ErrKey):
		return app.CodeDatabaseDamaged
	case errors.Is(err, storage.ErrFull):
		return app.CodeDiskFull
	}
	return app.CodeDatabase
}

// join connects an enrolled terminal to its centre and starts the engine.
func (t *Terminal) join(d Device, id *identity) (*app.Joined, error) {
	link, err := connect(d, id)
	if err != nil {
		return nil, err
	}
	e := engine.New(engine.Config{Store: t.store, Centre: link, CMP: link.CMP, Roots: link.Roots(), Intermediates: link.Intermediates(), Version: Version(), Log: t.log, HeartbeatEvery: 10 * time.Second})
	t.working.Go(func() {
		if t.begin != nil {
			select {
			case <-t.begin:
			case <-t.ctx.Done():
			}
		}
		e.Run(t.ctx)
	})
	names := map[app.Lang]string{}
	for lang, name := range d.Names {
		names[app.Lang(lang)] = name
	}
	return &app.Joined{
		Device: d.Name, Prefix: d.Prefix, Centre: names, Line: line{link, &pki.CRLSource{}, &pki.CRLSource{KeepFor: time.Second}}, Engine: sender{e},
		Directory: func() *registry.Directory { return e.Directory() },
	}, nil
}

func connect(d Device, id *identity) (*engine.Line, error) {
	return engine.Connect(engine.Connection{Centre: d.Centre, Certificate: id.chain[0], Chain: id.chain[1:], Key: id.key, Root: id.root})
}

// stick is where the citizen's stick is found.
func (t *Terminal) stick() app.Stick {
	if t.configuration.Sticks != sticksDevices {
		return stick.Open(t.configuration.Stick)
	}
	if t.sticks == nil {
		t.sticks = stick.OpenDevices(stick.Configuration{Helper: t.configuration.Mounter, Log: t.log})
	}
	return t.sticks
}

// Kiosk makes the terminal's app.
func (t *Terminal) Kiosk(onSessionEnd func()) (*app.Kiosk, error) {
	cfg := app.Config{
		Rack: t.rack, USB: t.usb, Stick: t.stick(), Printer: paper{}, Joined: t.joined, Enrol: t.Enrol,
		Probes: probes(), Broken: t.broken, BuiltAt: BuiltAt(),
		Display: app.Display{WidthPx: 1920, HeightPx: 1080, DiagonalIn: 21.5}, Languages: []app.Lang{app.Kazakh, app.Russian, app.English},
		CentreAddress: t.configuration.Centre, Training: virtualBench, Band: band,
		IdleAfter: seconds(t.configuration.IdleSeconds), StaffIdleAfter: seconds(t.configuration.StaffIdleSeconds), IdleWarning: seconds(t.configuration.IdleWarningSeconds),
		Log: t.log, OnSessionEnd: onSessionEnd,
	}
	if t.store != nil {
		cfg.Store = store{t.store}
	}
	if t.device != nil {
		cfg.Display = t.device.Display
		if len(t.device.Languages) == 3 {
			cfg.Languages = t.device.Languages
		}
	}
	return app.New(cfg)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Display is the size of the enrolled terminal's display; the default before enrolment.
func (t *Terminal) Display() app.Display {
	if t.device != nil {
		return t.device.Display
	}
	return app.Display{WidthPx: 1920, HeightPx: 1080, DiagonalIn: 21.5}
}

// BandPx is the height of the band over every screen; 0 where the edition has none.
func (t *Terminal) BandPx() int {
	if band == nil {
		return 0
	}
	return band(t.Display())
}

// Close ends the engine and the token workers, lets go of the stick, closes the database and gives the state folder back.
func (t *Terminal) Close() error {
	t.cancel()
	t.working.Wait()
	errs := []error{t.rack.close()}
	if t.sticks != nil {
		errs = append(errs, t.sticks.Close())
	}
	if t.store != nil {
		errs = append(errs, t.store.Close())
	}
	return errors.Join(append(errs, t.folder.Close())...)
}

// Version is the program's version as the build left it in the program.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return s.Value[:12]
		}
	}
	return info.Main.Version
}

// BuiltAt is the time of the commit the program was built from; zero when the build did not know. No clock may be before it.
func BuiltAt() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, err := time.Parse(time.RFC3339, s.Value)
			if err == nil {
				return at
			}
		}
	}
	return time.Time{}
}
