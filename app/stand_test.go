package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// People of the tests; the numbers have right check digits and belong to nobody.
const (
	aigerim  = "900215450119"
	operator = "850704350021"
)

// stand is a kiosk on fakes with a clock of its own.
type stand struct {
	t      *testing.T
	k      *Kiosk
	rack   *fakeRack
	stick  *fakeStick
	store  *fakeStore
	line   *fakeLine
	engine *fakeEngine
	log    *safeBuffer
	mu     sync.Mutex
	clock  time.Time
	ended  chan struct{}
	gone   chan struct{} // closed when the kiosk hears nothing any more
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *stand) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

// pass lets time pass and tells the kiosk.
func (s *stand) pass(d time.Duration) {
	s.mu.Lock()
	s.clock = s.clock.Add(d)
	s.mu.Unlock()
	s.k.tick()
}

func newStand(t *testing.T, change ...func(*Config)) *stand {
	t.Helper()
	s := &stand{
		t: t, rack: newFakeRack(), stick: newFakeStick(), store: newFakeStore(), log: &safeBuffer{},
		clock: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), ended: make(chan struct{}, 16),
	}
	s.engine = &fakeEngine{state: LinkState{Online: true}, changed: make(chan struct{}, 1)}
	s.line = &fakeLine{
		store: s.store, now: s.now, cabinet: newFakeCabinet(), decided: map[string]registry.Decision{}, operators: map[string]string{"ОМАРОВ ЕРЛАН": operator},
		people: map[string]registry.Name{aigerim: {Surname: "СЕРІК", Given: "АЙГЕРІМ", Patronymic: "БОЛАТҚЫЗЫ"}},
	}
	cfg := Config{
		Rack: s.rack, Stick: s.stick, Store: s.store, Now: s.now, Location: time.UTC,
		Log:          slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Joined:       s.joined(),
		OnSessionEnd: func() { s.ended <- struct{}{} },
		BuiltAt:      time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
	for _, c := range change {
		c(&cfg)
	}
	k, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.k = k
	ctx, cancel := context.WithCancel(t.Context())
	s.gone = make(chan struct{})
	go func() {
		defer close(s.gone)
		err := k.Run(ctx)
		if err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() {
		err := k.Close()
		if err != nil {
			t.Error(err)
		}
		cancel()
		<-s.gone
	})
	return s
}

// close ends the kiosk before the test does: what it watches is another's then.
func (s *stand) close() {
	s.t.Helper()
	err := s.k.Close()
	if err != nil {
		s.t.Fatal(err)
	}
	<-s.gone
}

func (s *stand) joined() *Joined {
	return &Joined{
		Device: "kiosk-01", Prefix: "1001", Centre: map[Lang]string{Kazakh: "Орталық", Russian: "Центр", English: "Centre"},
		Line: s.line, Engine: s.engine,
	}
}

// picture is a snapshot as the page reads it.
type picture struct {
	Seq      uint64    `json:"seq"`
	Lang     Lang      `json:"lang"`
	Role     Role      `json:"role"`
	Prefs    Prefs     `json:"prefs"`
	Session  *Session  `json:"session"`
	Progress *Progress `json:"progress"`
	Screen   struct {
		Name string          `json:"name"`
		Data json.RawMessage `json:"data"`
	} `json:"screen"`
	CanBack bool    `json:"canBack"`
	CanExit bool    `json:"canExit"`
	Notice  *Notice `json:"notice"`
	Dialog  *Dialog `json:"dialog"`
}

func (p picture) data(t *testing.T, into any) {
	t.Helper()
	err := json.Unmarshal(p.Screen.Data, into)
	if err != nil {
		t.Fatal(err)
	}
}

func (p picture) code() Code {
	if p.Notice == nil {
		return ""
	}
	return p.Notice.Code
}

func read(t *testing.T, body []byte) picture {
	t.Helper()
	var p picture
	err := json.Unmarshal(body, &p)
	if err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, s := range screenData {
		if s.name != p.Screen.Name {
			continue
		}
		// Exactly the fields of the contract: none missing, none besides.
		into := reflect.New(reflect.TypeOf(s.data))
		strict := json.NewDecoder(bytes.NewReader(p.Screen.Data))
		strict.DisallowUnknownFields()
		err = strict.Decode(into.Interface())
		if err != nil {
			t.Fatalf("screen %s: %v", s.name, err)
		}
		again, err := json.Marshal(into.Elem().Interface())
		if err != nil || !bytes.Equal(again, p.Screen.Data) {
			t.Fatalf("screen %s is %s, not of the contract's type", s.name, p.Screen.Data)
		}
		return p
	}
	t.Fatalf("no screen of the contract is called %q", p.Screen.Name)
	return p
}

func (s *stand) picture() picture {
	s.t.Helper()
	return read(s.t, s.k.State())
}

// do is one touch.
func (s *stand) do(action string, args any) picture {
	s.t.Helper()
	body, err := json.Marshal(args)
	if err != nil {
		s.t.Fatal(err)
	}
	return read(s.t, s.k.Do(action, body))
}

// shows is one touch that must lead to a screen without a notice.
func (s *stand) shows(screen, action string, args any) picture {
	s.t.Helper()
	p := s.do(action, args)
	if p.Screen.Name != screen || p.Notice != nil {
		s.t.Fatalf("%s led to %s with notice %+v, not to %s", action, p.Screen.Name, p.Notice, screen)
	}
	return p
}

// refuses is one touch that must stay where it is, with a notice.
func (s *stand) refuses(code Code, action string, args any) picture {
	s.t.Helper()
	before := s.picture().Screen.Name
	p := s.do(action, args)
	if p.Screen.Name != before || p.code() != code {
		s.t.Fatalf("%s led from %s to %s with notice %+v, not to %s", action, before, p.Screen.Name, p.Notice, code)
	}
	return p
}

// until waits for a snapshot.
func (s *stand) until(what string, ok func(picture) bool) picture {
	s.t.Helper()
	snapshots, stop := s.k.Watch()
	defer stop()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	look := time.NewTicker(2 * time.Millisecond) // some changes do not show
	defer look.Stop()
	for {
		p := s.picture()
		if ok(p) {
			return p
		}
		select {
		case <-snapshots:
		case <-look.C:
		case <-limit.C:
			s.t.Fatalf("waiting for %s; screen is %s, notice %+v, dialog %+v", what, p.Screen.Name, p.Notice, p.Dialog)
		}
	}
}

func (s *stand) untilScreen(name string) picture {
	s.t.Helper()
	return s.until("screen "+name, func(p picture) bool { return p.Screen.Name == name })
}

// untilEnded waits until a session is over and cleaned.
func (s *stand) untilEnded() {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(10 * time.Second):
		s.t.Fatal("the session's end was not told")
	}
	s.until("the rack", func(picture) bool {
		s.k.mu.Lock()
		defer s.k.mu.Unlock()
		return s.k.recycling == nil
	})
}

type args = map[string]any

// token makes a fake token of a kind; its PIN is 12345678, Kaztoken's factory PIN.
func (s *stand) token(kind, serial string) *fakeToken {
	return s.rack.add(&fakeToken{pin: "12345678", token: Token{
		Kind: tokenKind(kind), Name: "Kaztoken", Model: "Kaztoken", Serial: serial, Initialized: true, PINMin: 6, PINMax: 16, FactoryPIN: "12345678",
	}})
}

// plug plugs a token and waits until the kiosk has seen it.
func (s *stand) plug(f *fakeToken) uint64 {
	s.t.Helper()
	s.rack.plug(f)
	var n Insertion
	s.until("token "+f.token.Serial, func(picture) bool {
		s.k.mu.Lock()
		defer s.k.mu.Unlock()
		t, there := s.k.find(refOf(f.told()))
		n = t.Insertion
		return there && s.k.known[n].read
	})
	return uint64(n)
}

func (s *stand) pull(f *fakeToken) {
	s.t.Helper()
	s.rack.pull(f)
	s.until("token gone", func(picture) bool {
		s.k.mu.Lock()
		defer s.k.mu.Unlock()
		_, there := s.k.find(refOf(f.told()))
		return !there
	})
}

// operatorToken is a staff token.
func (s *stand) operatorToken() *fakeToken {
	f := s.token("jacarta", "OP-1")
	key := rsaKeys()[5]
	f.keys = []fakeKey{{id: []byte("op"), private: key, cert: fakeCertificate(s.t, key.Public(), operator, "operator", s.now())}}
	return f
}

// toStorage goes from the attract screen to the choice of storage.
func (s *stand) toStorage() {
	s.t.Helper()
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	s.shows("apply.name", "apply.iin", args{"iin": aigerim})
	s.toStorageFromName(nil)
}

func (s *stand) toStorageFromName(name args) {
	s.t.Helper()
	s.shows("apply.email", "apply.name", name)
	s.shows("apply.region", "apply.email", args{"email": "aigerim@example.kz"})
	var regions ApplyRegionScreen
	s.picture().data(s.t, &regions)
	p := s.shows("apply.locality", "apply.region", args{"code": regions.Regions[0].Code})
	var localities ApplyLocalityScreen
	p.data(s.t, &localities)
	s.shows("apply.storage", "apply.locality", args{"code": localities.Localities[0].Code})
}

// toPIN goes on to the PIN of a token.
func (s *stand) toPIN(insertion uint64) {
	s.t.Helper()
	s.toStorage()
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": insertion})
	s.shows("apply.pin", "apply.agree", nil)
}

// apply makes an application with a token and gives its number.
func (s *stand) apply(f *fakeToken) string {
	s.t.Helper()
	s.toPIN(uint64(f.told().Insertion))
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	p := s.shows("apply.done", "apply.submit", args{"consent": true})
	var done ApplyDoneScreen
	p.data(s.t, &done)
	number, f2 := numberOf(done.Number)
	if f2 != nil {
		s.t.Fatalf("number %q: %v", done.Number, f2.code)
	}
	return number
}

func (p picture) String() string { return fmt.Sprintf("%s %s", p.Screen.Name, p.code()) }
