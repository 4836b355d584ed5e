package app

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/registry"
)

// elsewhere is what another terminal left: its medium, and what the centre has of the application.
type elsewhere struct {
	rack   *fakeRack
	stick  *fakeStick
	store  *fakeStore // stands for the centre's ledger
	number string
	taken  Adoption
	token  *fakeToken
	sealed map[string][]byte // files of the stick as they were left
}

// applyElsewhere applies at another terminal, with a token or a stick, and has the certificates issued.
func applyElsewhere(t *testing.T, onStick bool) *elsewhere {
	t.Helper()
	s := newStand(t)
	e := &elsewhere{rack: s.rack, stick: s.stick, store: s.store}
	if onStick {
		e.number = s.stickApplication("rsa")
	} else {
		e.token = s.token("kaztoken", "KZ-1")
		s.plug(e.token)
		e.number = s.applied(e.token)
	}
	r := e.store.records[e.number]
	e.taken = Adoption{Number: e.number, Kind: string(registry.KindNew), Document: r.Document, SealKey: e.store.seals[e.number]}
	for _, k := range r.Keys {
		key := storage.RecordKey{Certificate: k.Certificate, AcceptedKey: storage.AcceptedKey{Ordinal: k.Ordinal, Template: k.Template, SPKISHA256: k.SPKISHA256}}
		key.KeyID = mustParse(t, k.Certificate).SubjectKeyId
		e.taken.Keys = append(e.taken.Keys, key)
	}
	e.sealed = maps.Clone(e.stick.files)
	s.close()
	return e
}

// terminal is another terminal, before which the citizen stands now. The centre gives its seal key to the first one only.
func (e *elsewhere) terminal(t *testing.T, store *fakeStore, m *mortal) *stand {
	t.Helper()
	s := newStand(t, func(c *Config) {
		c.Rack, c.Stick, c.Store = mortalRack{e.rack, m}, mortalStick{e.stick, m}, mortalStore{store, m}
	})
	s.rack, s.stick, s.store = e.rack, e.stick, store
	s.line.store = e.store
	s.line.cabinet.taken[e.number] = e.taken
	s.line.cabinet.refuse["SealKey"] = ErrOtherPerson
	if e.token != nil {
		s.plug(e.token)
		return s
	}
	e.stick.plug(true)
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
	return s
}

// walk installs by the number, whatever the terminal remembers; false where something was said to have gone wrong.
func (s *stand) walk(e *elsewhere) bool {
	s.t.Helper()
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("status.number", "status", nil)
	p := s.do("status.find", args{"number": e.number})
	var w StatusWordScreen
	p.data(s.t, &w)
	if w.Status == string(registry.StatusInstalled) {
		return true // it died after the last thing that mattered
	}
	s.do("status.install", nil)
	for range 12 {
		p := s.until("progress to end", func(p picture) bool { return p.Screen.Name != "install.progress" })
		if p.Notice != nil {
			return false
		}
		switch p.Screen.Name {
		case "install.take":
			if e.token == nil {
				s.do("install.take", args{"kind": "stick"})
			} else {
				s.do("install.take", args{"kind": "token", "insertion": e.token.told().Insertion})
			}
		case "install.pin":
			s.do("install.pin", args{"pin": e.token.pin})
		case "install.password":
			s.do("install.password", args{"password": "Qwerty12", "again": "Qwerty12"})
		case "install.factory":
			s.do("install.keep-pin", nil)
		case "install.done":
			return true
		default:
			return false
		}
	}
	s.t.Fatal("it goes in circles")
	return false
}

// installed fails unless the certificates lie where they belong and the terminal knows it.
func (s *stand) installed(e *elsewhere) {
	s.t.Helper()
	r := s.store.records[e.number]
	if r == nil || r.Status != registry.StatusInstalled {
		s.t.Fatalf("the terminal has %+v", r)
	}
	s.until("the journal", func(picture) bool { s.store.mu.Lock(); defer s.store.mu.Unlock(); return len(s.store.intents) == 0 })
	if e.token == nil {
		if len(e.stick.files) != 2 {
			s.t.Fatalf("%d files on the stick", len(e.stick.files))
		}
		return
	}
	for i, k := range e.token.keys {
		if !bytes.Equal(k.cert, e.taken.Keys[i].Certificate) {
			s.t.Fatalf("certificate %d is not beside its key", i)
		}
	}
}

func TestTakeUp_InstallsAtAnotherTerminalAgainstTheKeysOnTheToken(t *testing.T) {
	e := applyElsewhere(t, false)
	s := e.terminal(t, newFakeStore(), &mortal{})
	p := s.toStatus(e.number)
	var w StatusWordScreen
	p.data(t, &w)
	if !w.CanInstall || bytes.Contains(p.Screen.Data, []byte("СЕРІК")) || bytes.Contains(p.Screen.Data, []byte(aigerim)) {
		t.Fatalf("the number alone told %+v", w)
	}
	s.do("finish", nil)
	s.untilEnded()
	if !s.walk(e) {
		t.Fatalf("%s", s.picture())
	}
	s.installed(e)
}

func TestTakeUp_InstallsAtAnotherTerminalAgainstTheSealedFile(t *testing.T) {
	e := applyElsewhere(t, true)
	s := e.terminal(t, newFakeStore(), &mortal{})
	if !s.walk(e) {
		t.Fatalf("%s", s.picture())
	}
	s.installed(e)
}

func TestTakeUp_GivesNothingToAnotherMedium(t *testing.T) {
	e := applyElsewhere(t, false)
	s := e.terminal(t, newFakeStore(), &mortal{})
	other := s.token("etoken", "ET-1")
	other.keys = []fakeKey{{id: []byte("x"), private: rsaKeys()[4]}}
	empty := s.token("jacarta", "JC-1")
	s.plug(other)
	s.plug(empty)
	s.toStatus(e.number)
	s.shows("install.take", "status.install", nil)
	for f, code := range map[*fakeToken]Code{other: CodeTakeUnproven, empty: CodeTakeOther} {
		s.shows("install.pin", "install.take", args{"kind": "token", "insertion": f.told().Insertion})
		p := s.do("install.pin", args{"pin": f.pin})
		if p.Screen.Name != "install.take" || p.code() != code {
			t.Fatalf("%s, not %s", p, code)
		}
	}
	if len(s.store.records) != 0 {
		t.Fatal("the application was taken up all the same")
	}
}

func TestTakeUp_AStickThatNamesNoKeysNeedsTheOwnerHimself(t *testing.T) {
	e := applyElsewhere(t, true)
	name := sealedName(e.number)
	old := bytes.Clone(e.stick.files[name])
	at := len("tirkeuSK")
	n := int(old[at+1])
	head := append([]byte("tirkeuSK"), 1, byte(n)) // as the first version wrote it, but for the lock, which is not tried here
	e.stick.files[name] = append(append(head, old[at+2:at+2+n]...), old[at+2+n+1+2*32:]...)
	s := e.terminal(t, newFakeStore(), &mortal{})
	s.toStatus(e.number)
	s.shows("install.take", "status.install", nil)
	s.refuses(CodeTakeOldStick, "install.take", args{"kind": "stick"})
	f := s.citizenToken("KZ-9", aigerim)
	s.do("finish", nil)
	s.do("exit", nil)
	s.untilEnded()
	s.plug(f)
	s.enter(f)
	s.shows("status.number", "status", nil)
	s.shows("status.word", "status.find", args{"number": e.number})
	s.shows("install.take", "status.install", nil)
	s.shows("install.password", "install.take", args{"kind": "stick"})
}

// The token pulled between two certificates: the number takes it up again.
func TestTakeUp_GoesOnAfterAPulledToken(t *testing.T) {
	e := applyElsewhere(t, false)
	store := newFakeStore()
	m := &mortal{}
	s := e.terminal(t, store, m)
	m.cut(func(op string) error {
		if op == "write" && e.token.keys[0].cert != nil {
			e.rack.pull(e.token)
			return &token.Error{Op: op, Err: token.ErrRemoved}
		}
		return nil
	})
	if s.walk(e) {
		t.Fatal("it was not pulled")
	}
	if p := s.picture(); p.code() != CodeTokenPulledWrite || e.token.keys[0].cert == nil || e.token.keys[1].cert != nil {
		t.Fatalf("%s", p)
	}
	m.cut(nil)
	s.do("exit", nil)
	s.untilEnded()
	s.plug(e.token)
	if !s.walk(e) {
		t.Fatalf("%s", s.picture())
	}
	s.installed(e)
}

func TestTakeUp_GoesOnAfterAPulledStick(t *testing.T) {
	e := applyElsewhere(t, true)
	m := &mortal{}
	s := e.terminal(t, newFakeStore(), m)
	wrote := 0
	m.cut(func(op string) error {
		if op != "replace" {
			return nil
		}
		if wrote++; wrote == 2 {
			e.stick.mu.Lock()
			e.stick.there = false
			e.stick.mu.Unlock()
			e.stick.changes <- false
		}
		return nil
	})
	if s.walk(e) {
		t.Fatal("it was not pulled")
	}
	if p := s.picture(); p.code() != CodeStickPulled {
		t.Fatalf("%s", p)
	}
	m.cut(nil)
	s.do("exit", nil)
	s.untilEnded()
	e.stick.plug(true)
	s.until("stick", func(picture) bool { s.k.mu.Lock(); defer s.k.mu.Unlock(); return s.k.stick })
	if !s.walk(e) {
		t.Fatalf("%s", s.picture())
	}
	s.installed(e)
}

// TestTakeUp_SurvivesADeathAtEachStep lets the program die before each act on token, stick or disk in turn: nothing after it takes
// place. The next start takes the installation up by the same number.
func TestTakeUp_SurvivesADeathAtEachStep(t *testing.T) {
	for name, onStick := range map[string]bool{"token": false, "stick": true} {
		t.Run(name, func(t *testing.T) {
			e := applyElsewhere(t, onStick)
			for step := 1; ; step++ {
				e.stick.mu.Lock()
				e.stick.files = maps.Clone(e.sealed)
				e.stick.mu.Unlock()
				if e.token != nil {
					e.rack.change(func() {
						for i := range e.token.keys {
							e.token.keys[i].cert = nil
						}
					})
				}
				store := newFakeStore()
				m := &mortal{after: step}
				s := e.terminal(t, store, m)
				whole := s.walk(e)
				died := m.died()
				s.close()
				if !died {
					if !whole {
						t.Fatalf("it ends with %s", s.picture())
					}
					if step < 8 {
						t.Fatalf("only %d steps were tried", step-1)
					}
					return
				}
				e.rack.Recycle(context.Background()) // a token's login ends with the process that held it
				again := e.terminal(t, store, &mortal{})
				if !again.walk(e) {
					t.Fatalf("after a death before step %d (%s): %s", step, m.last, again.picture())
				}
				again.installed(e)
				again.close()
			}
		})
	}
}

var errDead = errors.New("the program is dead")

// mortal dies before an act: from then on nothing reaches token, stick or disk.
type mortal struct {
	mu    sync.Mutex
	after int // acts until it dies before the last of them; 0: never
	done  int
	dead  bool
	last  string // what it died before
	hook  func(op string) error
}

func (m *mortal) cut(hook func(op string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = hook
}

func (m *mortal) died() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dead
}

func (m *mortal) lives(op string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDead
	}
	if m.hook != nil {
		return m.hook(op)
	}
	m.done++
	if m.after > 0 && m.done >= m.after {
		m.dead, m.last = true, op
		return errDead
	}
	return nil
}

type mortalStore struct {
	*fakeStore
	m *mortal
}

func (s mortalStore) Adopt(ctx context.Context, a Adoption) error {
	if err := s.m.lives("adopt"); err != nil {
		return err
	}
	return s.fakeStore.Adopt(ctx, a)
}

func (s mortalStore) Begin(ctx context.Context, i Intent) (int64, error) {
	if err := s.m.lives("begin"); err != nil {
		return 0, err
	}
	return s.fakeStore.Begin(ctx, i)
}

func (s mortalStore) Finish(ctx context.Context, id int64, outcome string) error {
	if err := s.m.lives("finish"); err != nil {
		return err
	}
	return s.fakeStore.Finish(ctx, id, outcome)
}

func (s mortalStore) MarkInstalled(ctx context.Context, number string, at time.Time) error {
	if err := s.m.lives("mark"); err != nil {
		return err
	}
	return s.fakeStore.MarkInstalled(ctx, number, at)
}

type mortalStick struct {
	*fakeStick
	m *mortal
}

func (s mortalStick) Replace(name string, data []byte) error {
	if err := s.m.lives("replace"); err != nil {
		return err
	}
	return s.fakeStick.Replace(name, data)
}

func (s mortalStick) Remove(name string) error {
	if err := s.m.lives("remove"); err != nil {
		return err
	}
	return s.fakeStick.Remove(name)
}

type mortalRack struct {
	*fakeRack
	m *mortal
}

func (r mortalRack) Login(ctx context.Context, n Insertion, pin token.PIN) (Login, error) {
	if err := r.m.lives("login"); err != nil {
		return nil, err
	}
	login, err := r.fakeRack.Login(ctx, n, pin)
	if err != nil {
		return nil, err
	}
	return mortalLogin{login, r.m}, nil
}

type mortalLogin struct {
	Login
	m *mortal
}

func (l mortalLogin) Keys(ctx context.Context) ([]Key, error) {
	if err := l.m.lives("keys"); err != nil {
		return nil, err
	}
	return l.Login.Keys(ctx)
}

func (l mortalLogin) WriteCertificate(ctx context.Context, id []byte, label string, der []byte) error {
	if err := l.m.lives("write"); err != nil {
		return err
	}
	return l.Login.WriteCertificate(ctx, id, label, der)
}

func (l mortalLogin) Certificates(ctx context.Context) ([]Certificate, error) {
	if err := l.m.lives("certificates"); err != nil {
		return nil, err
	}
	return l.Login.Certificates(ctx)
}
