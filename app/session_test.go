package app

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/registry"
)

func TestIdle_WarnsThenWipes(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	s.shows("apply.name", "apply.iin", args{"iin": aigerim})
	s.do("prefs", args{"contrast": "high", "text": 2})
	s.pass(119 * time.Second)
	if s.picture().Dialog != nil {
		t.Fatal("warned too early")
	}
	s.pass(time.Second)
	p := s.picture()
	if p.Dialog == nil || p.Dialog.Name != "idle" || p.Session.IdleSeconds == nil || *p.Session.IdleSeconds != 30 {
		t.Fatalf("dialog %+v, session %+v", p.Dialog, p.Session)
	}
	s.pass(10 * time.Second)
	if p = s.picture(); *p.Session.IdleSeconds != 20 {
		t.Fatalf("%d seconds left", *p.Session.IdleSeconds)
	}
	p = s.do("stay", nil)
	if p.Dialog != nil || p.Screen.Name != "apply.name" {
		t.Fatalf("after stay: %s", p)
	}
	s.pass(149 * time.Second)
	s.pass(time.Second)
	p = s.picture()
	if p.Screen.Name != "attract" || p.Lang != Kazakh || p.Prefs.Contrast != "normal" || p.Prefs.Text != 0 || p.Dialog != nil {
		t.Fatalf("after the end: %+v", p)
	}
	s.untilEnded()
	if s.rack.recycled != 1 {
		t.Fatal("the token processes were not replaced")
	}
	if strings.Contains(string(s.k.State()), aigerim) {
		t.Fatal("the IIN is still in the snapshot")
	}
}

func TestSession_EmptyOneIsCleanedToo(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "en"})
	s.shows("attract", "exit", nil)
	s.untilEnded()
	s.rack.mu.Lock()
	defer s.rack.mu.Unlock()
	if s.rack.recycled != 1 {
		t.Fatalf("the token processes were replaced %d times", s.rack.recycled)
	}
}

func TestToken_PulledWithoutASessionLeavesNothingInItsProcess(t *testing.T) {
	s := newStand(t)
	stays, goes := s.token("kaztoken", "KZ-1"), s.token("etoken", "ET-1")
	s.plug(stays)
	s.plug(goes)
	s.rack.pull(goes)
	s.until("the token processes replaced", func(picture) bool {
		s.rack.mu.Lock()
		defer s.rack.mu.Unlock()
		return s.rack.recycled == 1
	})
	s.until("the other token known again", func(picture) bool {
		s.k.mu.Lock()
		defer s.k.mu.Unlock()
		t, there := s.k.find(refOf(stays.told()))
		return there && s.k.recycling == nil && s.k.known[t.Insertion].read && len(s.k.known) == 1
	})
	s.rack.mu.Lock()
	defer s.rack.mu.Unlock()
	if s.rack.recycled != 1 {
		t.Fatalf("the token processes were replaced %d times", s.rack.recycled)
	}
}

func TestIdle_NotWhileKeysAreMade(t *testing.T) {
	s := newStand(t)
	f, _ := s.makingKeys()
	s.untilScreen("apply.keys")
	for range 20 {
		s.pass(time.Minute)
	}
	if p := s.picture(); p.Screen.Name != "apply.keys" || p.Dialog != nil {
		t.Fatalf("while keys are made: %s", p)
	}
	if p := s.do("exit", nil); p.Screen.Name != "apply.keys" {
		t.Fatal("left while keys were made")
	}
	close(f.hold)
	s.untilScreen("apply.summary")
	s.pass(time.Minute)
	if s.picture().Dialog != nil {
		t.Fatal("the time of key making was counted")
	}
}

func TestLogin_PulledTokenStepsBack(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	s.toPIN(s.plug(f))
	s.rack.pull(f)
	p := s.untilScreen("apply.storage")
	if p.code() != CodeTokenAbsent {
		t.Fatalf("notice %+v", p.Notice)
	}
}

func TestResult_OfAnEndedSessionIsDropped(t *testing.T) {
	s := newStand(t)
	asked, answer := make(chan struct{}), make(chan struct{})
	s.k.mu.Lock()
	s.k.joined.Line = &slowLine{fakeLine: s.line, asked: asked, answer: answer}
	s.k.mu.Unlock()
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	done := make(chan picture, 1)
	go func() { done <- s.do("apply.iin", args{"iin": aigerim}) }()
	<-asked
	s.do("exit", nil)
	s.shows("attract", "exit.confirm", nil)
	<-done // nobody waits for what the session asked
	s.shows("menu", "start", args{"lang": "en"})
	close(answer)
	s.untilEnded()
	if p := s.picture(); p.Screen.Name != "menu" || strings.Contains(string(s.k.State()), "СЕРІК") {
		t.Fatalf("the next citizen sees %s", p)
	}
}

// slowLine is a fakeLine whose register answers when it is told to.
type slowLine struct {
	*fakeLine
	asked, answer chan struct{}
}

func (l *slowLine) Lookup(ctx context.Context, iin string) (registry.Name, error) {
	close(l.asked)
	<-l.answer
	return l.fakeLine.Lookup(ctx, iin)
}

func TestDo_NeverPanics(t *testing.T) {
	s := newStand(t)
	s.k.mu.Lock()
	s.k.ses, s.k.at = nil, &applyIIN{} // cannot be: a session is missing
	s.k.mu.Unlock()
	p := read(t, s.k.Do("apply.iin", []byte(`{"iin":"`+aigerim+`"}`)))
	if p.code() != CodeInternal || p.Screen.Name != "attract" {
		t.Fatalf("%s", p)
	}
	if strings.Contains(s.log.String(), aigerim) {
		t.Fatal("the log has what was typed")
	}
}

func TestDo_TakesAnyArguments(t *testing.T) {
	s := newStand(t)
	for _, a := range actionArgs {
		for _, body := range []string{"", "null", "[]", `"x"`, `{"seq":"x"}`, `{`, `{"pin":5}`} {
			read(t, s.k.Do(a.name, []byte(body)))
		}
	}
}

func TestPanic_InSlowWorkIsInternal(t *testing.T) {
	s := newStand(t)
	s.k.mu.Lock()
	s.k.joined.Line = nil
	s.k.mu.Unlock()
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	s.refuses(CodeInternal, "apply.iin", args{"iin": aigerim})
}

func TestClock_BeforeTheBuildIsOutOfServiceUntilItIsRight(t *testing.T) {
	var wrong atomic.Bool
	wrong.Store(true)
	s := newStand(t, func(c *Config) {
		right := c.Now
		c.Now = func() time.Time {
			if wrong.Load() {
				return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
			}
			return right()
		}
	})
	p := s.picture()
	var f FaultScreen
	p.data(t, &f)
	if p.Screen.Name != "fault" || f.Code != CodeClock || f.Advice == "" {
		t.Fatalf("%s %+v", p, f)
	}
	if p := s.do("start", args{"lang": "ru"}); p.Screen.Name != "fault" {
		t.Fatal("a session began")
	}
	wrong.Store(false)
	s.untilScreen("attract")
	s.shows("menu", "start", args{"lang": "ru"})
	wrong.Store(true)
	s.untilScreen("fault")
	wrong.Store(false)
	s.untilScreen("attract")
}

func TestFault_DamagedDatabaseKeepsOutOfService(t *testing.T) {
	k, err := New(Config{Broken: CodeDatabaseDamaged})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- k.Run(ctx) }()
	p := read(t, k.Do("start", []byte(`{"lang":"ru"}`)))
	if p.Screen.Name != "fault" {
		t.Fatalf("%s", p)
	}
	cancel()
	err = errors.Join(<-ran, k.Close())
	if err != nil {
		t.Fatal(err)
	}
}

func TestSetup_EnrolsThenTestsThenServes(t *testing.T) {
	var s *stand
	enrolments := []error{ErrSecret, ErrSecretSpent, ErrLineDown, ErrCentreForeign, nil}
	s = newStand(t, func(c *Config) {
		c.Joined = nil
		c.Probes = map[string]Probe{"usb": func(context.Context) Finding { panic("broken") }}
		c.Enrol = func(_ context.Context, e Enrolment) (*Joined, error) {
			err := enrolments[0]
			enrolments = enrolments[1:]
			if err != nil {
				return nil, err
			}
			return &Joined{Device: "kiosk-01", Prefix: "1001", Centre: map[Lang]string{}, Line: s.line, Engine: s.engine}, nil
		}
	})
	if p := s.picture(); p.Screen.Name != "setup" || p.Role != RoleTechnician {
		t.Fatalf("%s", p)
	}
	good := args{"centre": "https://centre.example.kz:8443", "reference": "r", "secret": "s3cret", "display": "l10", "languages": []string{"ru", "kk", "en"}}
	bad := args{"centre": "http://x", "reference": "r", "secret": "s3cret", "display": "l10", "languages": []string{"ru", "kk", "en"}}
	s.refuses(CodeCentreAddress, "setup.enrol", bad)
	s.refuses(CodeSecret, "setup.enrol", good)
	s.refuses(CodeSecretSpent, "setup.enrol", good)
	s.refuses(CodeLineDown, "setup.enrol", good)
	s.refuses(CodeCentreForeign, "setup.enrol", good)
	s.do("setup.enrol", good)
	var d SelftestScreen
	p := s.until("self-test", func(p picture) bool {
		if p.Screen.Name != "selftest" {
			return false
		}
		p.data(t, &d)
		return !d.Running
	})
	states := map[string]string{}
	for _, part := range d.Parts {
		states[part.Name] = part.State
		if part.Title == "" || part.Text == "" || strings.HasPrefix(part.Text, "selftest.") {
			t.Errorf("%+v", part)
		}
	}
	if states["window"] != "well" || states["centre"] != "well" || states["clock"] != "well" || states["usb"] != "attention" || states["printer"] != "absent" {
		t.Fatalf("%v", states)
	}
	if p.Role != RoleTechnician || strings.Contains(s.log.String(), "s3cret") {
		t.Fatal("role or log")
	}
	p = s.shows("attract", "selftest.finish", nil)
	if p.Lang != Russian {
		t.Fatalf("language %s", p.Lang)
	}
}

// TestLog_HoldsNothingPersonal walks every journey and looks for what was typed.
func TestLog_HoldsNothingPersonal(t *testing.T) {
	s := newStand(t)
	f, op := s.token("kaztoken", "KZ-1"), s.operatorToken()
	f.pin = "Жасырын-773311"
	f.token.PINMax = 40
	s.plug(f)
	s.toPIN(uint64(f.told().Insertion))
	s.do("apply.pin", args{"pin": "қате-888222"})
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	p := s.shows("apply.done", "apply.submit", args{"consent": true})
	var done ApplyDoneScreen
	p.data(t, &done)
	number, _ := numberOf(done.Number)
	s.do("finish", nil)
	s.untilEnded()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
	s.shows("staff.application", "staff.open", args{"number": number})
	s.shows("staff.decided", "staff.confirm", args{"document": args{"type": "id-card", "number": "987654321"}})
	s.rack.pull(op)
	s.untilScreen("attract")
	s.untilEnded()
	s.line.issue(t, number, publicOf)
	s.toStatus(number)
	s.shows("install.pin", "status.install", nil)
	s.rack.change(func() { f.failing["write"] = errors.New("unexpected") })
	s.do("install.pin", args{"pin": f.pin})
	s.until("notice", func(p picture) bool { return p.Notice != nil })
	s.rack.change(func() { delete(f.failing, "write") })
	s.do("install.go", nil)
	s.do("install.pin", args{"pin": f.pin})
	s.untilScreen("install.done")
	s.do("finish", nil)
	s.untilEnded()
	log := s.log.String()
	for _, secret := range []string{
		aigerim, operator, "СЕРІК", "АЙГЕРІМ", "БОЛАТҚЫЗЫ", "ОМАРОВ", f.pin, "773311", "қате", "888222", op.pin, "aigerim@example.kz", "987654321",
	} {
		if strings.Contains(strings.ToUpper(log), strings.ToUpper(secret)) {
			t.Errorf("the log has %q", secret)
		}
	}
	if regexp.MustCompile(`\b\d{12}\b`).MatchString(log) {
		t.Error("the log has a number of 12 digits")
	}
	if !strings.Contains(log, "application accepted") {
		t.Error("the log has nothing of the journey")
	}
}

func TestWords_SnapshotFollowsTheLanguage(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	p := s.do("apply.iin", args{"iin": "1"})
	ru := p.Notice.Title
	p = s.do("language", args{"lang": "kk"})
	if p.Notice == nil || p.Notice.Title == ru || p.Lang != Kazakh {
		t.Fatalf("%+v", p.Notice)
	}
	if p = s.do("language", args{"lang": "de"}); p.Lang != Kazakh {
		t.Fatalf("language %s", p.Lang)
	}
	if p = s.do("notice.dismiss", nil); p.Notice != nil {
		t.Fatal("the notice stays")
	}
}

func TestWatch_SlowReaderGetsTheNewest(t *testing.T) {
	s := newStand(t)
	snapshots, stop := s.k.Watch()
	defer stop()
	s.do("start", args{"lang": "ru"})
	last := s.do("apply", nil)
	if p := read(t, <-snapshots); p.Seq < last.Seq {
		t.Fatalf("got %d, newest is %d", p.Seq, last.Seq)
	}
}

func TestFault_EachRoomsErrorHasANumber(t *testing.T) {
	for _, err := range []error{
		token.ErrRemoved, token.ErrPINLocked, token.ErrFull, token.ErrNotInitialized, token.ErrTimeout, token.ErrWorker,
		ErrLineDown, ErrLineSlow, ErrGarbage, ErrCentreExpired, ErrCentreForeign, ErrDecided, ErrExpired, ErrDiskFull,
	} {
		if f := faultOf(err); f.code == CodeInternal {
			t.Errorf("%v has no sentence", err)
		}
	}
	if !slices.IsSortedFunc(codes, func(a, b Code) int { return strings.Compare(string(a), string(b)) }) {
		t.Error("the list of codes is out of order")
	}
}

// A session has just ended, and the token processes are still being replaced when the program is told to end.
func TestClose_DoesNotWaitForTokenProcessesThatAreSlowToBeReplaced(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "kk"})
	s.rack.change(func() { s.rack.hold = make(chan struct{}) })
	s.do("exit", nil)
	s.until("the processes being replaced", func(picture) bool { s.rack.mu.Lock(); defer s.rack.mu.Unlock(); return s.rack.held })
	if err := s.k.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestClose_WhileKeysAreMadeLeavesThemToTheNextStart(t *testing.T) {
	s := newStand(t)
	s.makingKeys()
	s.untilScreen("apply.keys")
	err := s.k.Close()
	if err != nil {
		t.Fatal(err)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if len(s.store.intents) != 1 || len(s.store.records) != 0 {
		t.Fatalf("%d open intents, %d applications", len(s.store.intents), len(s.store.records))
	}
}

// What the page begins with is short where it begins most often, and whole where anything may be said.
func TestKiosk_FirstStateHasTheWordsOfItsScreen(t *testing.T) {
	s := newStand(t)
	first := func() (words map[string]map[string]any, whole bool) {
		var f struct {
			State struct{ Seq uint64 }
			Words map[string]map[string]any
			Whole bool
		}
		err := json.Unmarshal(s.k.First(), &f)
		if err != nil || f.State.Seq == 0 {
			t.Fatalf("%v: %+v", err, f.State)
		}
		return f.Words, f.Whole
	}
	words, whole := first()
	for _, lang := range []string{"kk", "ru", "en"} {
		if _, there := words[lang]["page.attract.title"]; !there || len(words[lang]) > 30 {
			t.Errorf("%s: %d words, the title among them: %v", lang, len(words[lang]), there)
		}
	}
	if whole {
		t.Error("said to be whole")
	}
	s.shows("menu", "start", args{"lang": "ru"})
	words, whole = first()
	var all map[string]any
	err := json.Unmarshal(s.k.Words("ru"), &all)
	if err != nil || !whole || len(words["ru"]) != len(all) {
		t.Errorf("%v: whole %v, %d of %d words", err, whole, len(words["ru"]), len(all))
	}
}
