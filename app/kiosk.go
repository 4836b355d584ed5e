package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/app/locales"
	"github.com/tirkeu/kiosk/hardware/stick"
)

// Config is what a Kiosk is built from. Rack, Stick and Store are required unless Broken says why they are missing.
type Config struct {
	Rack  Rack
	Stick Stick
	Store Store
	// USB tells what is plugged in; nil where nobody looks.
	USB USB
	// Printer is nil where the terminal has none.
	Printer Printer
	// Joined is nil until the terminal is enrolled; then Enrol makes it.
	Joined *Joined
	Enrol  func(ctx context.Context, e Enrolment) (*Joined, error)
	// Probes of the self-test by the part's name: "window", "usb", "printer", … Parts the kiosk can judge by itself
	// need none.
	Probes map[string]Probe
	// Broken keeps the terminal out of service from the start: CodeDatabaseDamaged and the like.
	Broken Code
	// BuiltAt: a clock that shows an earlier time is wrong, and nothing is signed or accepted by it.
	BuiltAt time.Time

	CentreAddress string // fills the field of the first-start screen; may be empty

	Display   Display
	Languages []Lang // order of the buttons; the first one is spoken to nobody in particular
	Training  bool   // what is done here has no legal force: papers say so, and the header where there is no band
	// Band is how many pixels of the display's height the window keeps for itself, to say so over every screen; nil: none.
	Band func(Display) int

	IdleAfter      time.Duration // citizen: silence until the warning; 0 means 120 s
	StaffIdleAfter time.Duration // staff: the same; 0 means 5 min
	IdleWarning    time.Duration // from the warning to the end; 0 means 30 s
	// PrinterPatience is how long a receipt waits for a printer that waits for a person; 0 means 4 s.
	PrinterPatience time.Duration
	PrintWithin     time.Duration // how long a receipt may take to print; 0 means a minute
	AnswerWithin    time.Duration // how long Do waits for slow work before it answers with what stands; 0 means 60 s

	Now      func() time.Time
	Rand     io.Reader
	Location *time.Location // for what people read; nil means time.Local
	Log      *slog.Logger
	// OnSessionEnd is called, outside every lock, when a session has ended and the page shows the attract screen:
	// the time to replace the page's process. The token processes have been asked to go by then.
	OnSessionEnd func()
}

// Kiosk is the terminal's state and everything that changes it.
type Kiosk struct {
	cfg   Config
	log   *slog.Logger
	words *locales.Words

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // every goroutine of ours
	once   sync.Once

	mu sync.Mutex // guards all below; held for memory work only, never over a call to token, stick, disk or line

	joined *Joined
	lang   Lang
	prefs  Prefs
	at     state
	ses    *session // nil: nobody
	ids    uint64   // of sessions
	job    *job     // nil: no slow work
	notice *fault
	dialog dialog

	plugs      plugs
	tokens     []Token
	known      map[Insertion]facts
	ignored    map[ref]Insertion   // staff tokens that shall open nothing until they are pulled, as they were plugged then
	doubtful   map[string]bool     // serials of the tokens whose PIN was being set when the program or the power ended: it is the old one or the new one
	recycling  chan struct{}       // non-nil while the token processes are being replaced; closed after
	closing    chan struct{}       // closed when the last log-out is through; nil when there was none
	stick      bool                // present
	stickState stick.State         // of real sticks, as last told; zero where sticks are a folder
	printer    bool                // there was one when it was last looked for
	link       LinkState           // as last seen
	asked      []time.Time         // when the register was asked about somebody who did not apply
	touchedAt  time.Time           // last sign of a person while there is no session
	watchers   map[int]chan []byte // newest snapshot each
	watcher    int                 // next watcher's number
	seq        uint64              // of the last snapshot
	shown      uint64              // seq of the first snapshot of the present screen
	lastAt     state               // screen of the last snapshot
	body       []byte              // last snapshot without its number
	latest     []byte              // last snapshot
}

// New builds the kiosk and shows its first screen: setup when not enrolled, fault when broken, attract otherwise.
func New(cfg Config) (*Kiosk, error) {
	words, err := locales.Load()
	if err != nil {
		return nil, err
	}
	def(&cfg.IdleAfter, 120*time.Second)
	def(&cfg.StaffIdleAfter, 5*time.Minute)
	def(&cfg.IdleWarning, 30*time.Second)
	def(&cfg.AnswerWithin, 60*time.Second)
	def(&cfg.PrinterPatience, printerPatience)
	def(&cfg.PrintWithin, receiptWithin)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Location == nil {
		cfg.Location = time.Local
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if len(cfg.Languages) == 0 {
		cfg.Languages = []Lang{Kazakh, Russian, English}
	}
	for _, l := range cfg.Languages {
		if !slices.Contains(locales.Languages, string(l)) {
			return nil, fmt.Errorf("languages: no words for %q", l)
		}
	}
	if cfg.Display == (Display{}) {
		cfg.Display = displays[0].size()
	}
	k := &Kiosk{
		cfg: cfg, log: cfg.Log, words: words,
		joined: cfg.Joined, known: map[Insertion]facts{}, ignored: map[ref]Insertion{}, doubtful: map[string]bool{}, watchers: map[int]chan []byte{},
	}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	k.reset()
	switch {
	case cfg.Broken != "":
		k.at = &outOfService{code: cfg.Broken}
	case cfg.Rack == nil || cfg.Stick == nil || cfg.Store == nil:
		return nil, errors.New("kiosk: rack, stick and store are needed")
	case cfg.Now().Before(cfg.BuiltAt):
		k.at = &outOfService{code: CodeClock}
	default:
		k.welcome()
	}
	k.mu.Lock()
	k.publish()
	k.mu.Unlock()
	return k, nil
}

// welcome shows the first screen of a terminal that works: setup when it belongs to no centre yet, attract otherwise.
func (k *Kiosk) welcome() {
	k.reset()
	if k.joined == nil {
		k.begin(RoleTechnician)
		k.at = &setup{centre: k.cfg.CentreAddress, display: k.displayID()}
	}
}

func def(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Do carries out one touch and answers with the snapshot that came of it. Slow work it began is waited for, except
// where the page shows its progress. A touch that does not belong to the present screen, comes twice or comes late
// changes nothing. It never panics.
func (k *Kiosk) Do(action string, args []byte) []byte {
	begun := k.touch(action, args)
	limit := time.NewTimer(k.cfg.AnswerWithin)
	defer limit.Stop()
	for begun != nil {
		select {
		case <-begun.done:
			begun = k.next(begun)
		case <-begun.over: // the session has ended; nobody waits for its results
			return k.State()
		case <-limit.C:
			return k.State()
		}
	}
	return k.State()
}

// State is the present snapshot as JSON.
func (k *Kiosk) State() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.latest
}

// First is what the page shows its first screen by, as JSON: {"state": snapshot, "words": {language: words}, "whole": whether all words are there}.
// On the attract screen, which stands there after each start and each session, it is some 3 kB instead of 200, of which the page's process would
// have to be told octet by octet before it shows anything.
func (k *Kiosk) First() []byte {
	var first struct {
		State json.RawMessage            `json:"state"`
		Words map[string]json.RawMessage `json:"words"`
		Whole bool                       `json:"whole"`
	}
	k.mu.Lock()
	_, few := k.at.(*attract)
	first.State = k.latest
	k.mu.Unlock()
	first.Words, first.Whole = map[string]json.RawMessage{}, !few
	for _, lang := range k.cfg.Languages {
		if few {
			first.Words[string(lang)] = k.words.Attract(string(lang))
		} else {
			first.Words[string(lang)] = k.words.Page(string(lang))
		}
	}
	text, err := json.Marshal(first)
	if err != nil {
		panic(fmt.Sprintf("app: write the first state: %v", err)) // these types can always be written
	}
	return text
}

// Words are the page's words in one language as JSON.
func (k *Kiosk) Words(lang string) []byte { return k.words.Page(lang) }

// Watch delivers each new snapshot until stop is called; a slow reader gets the newest only.
func (k *Kiosk) Watch() (snapshots <-chan []byte, stop func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id := k.watcher
	k.watcher++
	c := make(chan []byte, 1)
	k.watchers[id] = c
	return c, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.watchers, id)
	}
}

// errStillRunning: the work did not end in time; what it leaves open is settled at the next start.
var errStillRunning = errors.New("closing the kiosk: its work did not end in time")

// Close ends the session, waits two seconds at most for what is running and lets go. The rooms below are the caller's to
// close, after this.
func (k *Kiosk) Close() error {
	ended := make(chan struct{})
	k.once.Do(func() {
		k.cancel()
		k.mu.Lock()
		if k.ses != nil {
			k.end("closing")
		}
		k.mu.Unlock()
	})
	go func() {
		k.work.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-time.After(2 * closeWithin):
		return errStillRunning
	}
}

// touch is Do's part under the lock; it gives the slow work that the touch began and Do waits for.
func (k *Kiosk) touch(action string, args []byte) *job {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.publish()
	before, screen := k.job, k.at
	k.guard(func() { k.act(action, args) })
	if k.at != screen {
		k.takeUp()
	}
	if k.job == nil || k.job == before || !k.job.awaits {
		return nil
	}
	return k.job
}

// guard keeps a panic from leaving. What was thrown may hold what somebody typed, so only its type is logged.
func (k *Kiosk) guard(f func()) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		k.log.Error("panic", "code", CodeInternal, "type", fmt.Sprintf("%T", thrown), "stack", string(debug.Stack()))
		k.notice = &fault{code: CodeInternal}
	}()
	f()
}

// act chooses what a touch means.
func (k *Kiosk) act(action string, args []byte) {
	_, warned := k.dialog.(*idleDialog)
	k.touched()
	switch action {
	case "language":
		k.language(args)
		return
	case "prefs":
		k.prefer(args)
		return
	case "stay":
		return
	case "notice.dismiss":
		k.notice = nil
		return
	case "exit":
		k.exit(warned)
		return
	case "exit.confirm", "exit.cancel", "staff.end", "staff.leave":
		k.answer(action)
		return
	}
	if k.dialog != nil || k.job != nil || k.stale(args) {
		return
	}
	k.notice = nil
	if action == "back" {
		if b, ok := k.at.(backer); ok {
			k.at = b.back(k)
		}
		return
	}
	f := k.at.act(k, action, args)
	if f != nil {
		k.fail(f)
	}
}

// stale tells whether a touch was meant for an earlier screen.
func (k *Kiosk) stale(args []byte) bool {
	var n struct {
		Seq *uint64 `json:"seq"`
	}
	err := json.Unmarshal(args, &n)
	return err == nil && n.Seq != nil && *n.Seq < k.shown
}

func (k *Kiosk) language(args []byte) {
	var a LanguageArgs
	if decode(args, &a) == nil && slices.Contains(k.cfg.Languages, a.Lang) {
		k.lang = a.Lang
	}
}

func (k *Kiosk) prefer(args []byte) {
	var a PrefsArgs
	if decode(args, &a) != nil {
		return
	}
	if a.Contrast != nil && (*a.Contrast == "normal" || *a.Contrast == "high") {
		k.prefs.Contrast = *a.Contrast
	}
	if a.Text != nil && *a.Text >= 0 && *a.Text <= 2 {
		k.prefs.Text = *a.Text
	}
	if a.Motion != nil {
		k.prefs.Motion = *a.Motion
	}
}

// reset is how the terminal looks when nobody stands before it.
func (k *Kiosk) reset() {
	k.lang = k.cfg.Languages[0]
	k.prefs = Prefs{Contrast: "normal", Motion: true}
	k.at = &attract{}
	k.ses = nil
	k.job = nil
	k.notice = nil
	k.dialog = nil
}

// fail shows a fault and logs its number. What is unknown is internal: its cause goes to the log only.
func (k *Kiosk) fail(f *fault) {
	k.notice = f
	if f.severity() != "error" {
		return
	}
	k.log.Warn("notice", "code", f.code, "screen", k.at.name(), "cause", f.cause())
}

// decode reads arguments; absent ones are an empty object.
func decode(args []byte, into any) error {
	if len(args) == 0 {
		return nil
	}
	err := json.Unmarshal(args, into)
	if err != nil {
		return errors.New("arguments make no sense") // the cause may quote them
	}
	return nil
}
