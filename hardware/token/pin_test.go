package token_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/hardware/virtual/virtualtest"
)

func TestPIN_HidesItself(t *testing.T) {
	pin := token.NewPIN("31415926")
	marshalled, err := json.Marshal(struct{ P token.PIN }{pin})
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "pin", pin, "in", struct{ P token.PIN }{pin})
	seen := string(marshalled) + logged.String() + fmt.Sprintf("%v %+v %#v %s %q %x %d %v %#v", pin, pin, pin, pin, pin, pin, pin, &pin, struct{ P token.PIN }{pin})
	for _, trace := range []string{"31415926", "3331343135393236", "51 49 52"} {
		if strings.Contains(seen, trace) {
			t.Errorf("printed: %s", seen)
		}
	}
	pin.Wipe()
	if pin.Equal("31415926") || pin.Len() != 8 {
		t.Error("not wiped")
	}
}

func TestLogin_MakesOneAttemptForOneEntry(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	a := s.plug("a")
	for i, entry := range []struct {
		pin   string
		want  error
		calls uint64
		tries int
	}{
		{"12345", token.ErrPINLength, 0, 3},
		{"", token.ErrPINLength, 0, 3},
		{strings.Repeat("1", 33), token.ErrPINLength, 0, 3},
		{"654321", token.ErrPINIncorrect, 1, 2},
		{"123456", nil, 2, 3},
		{"654321", token.ErrPINIncorrect, 3, 2},
	} {
		_, err := s.rack.Login(s.ctx, a.Insertion, token.NewPIN(entry.pin))
		if !errors.Is(err, entry.want) || (err == nil) != (entry.want == nil) {
			t.Errorf("entry %d: %v", i, err)
		}
		if calls := s.bench.Calls("a")["C_Login"]; calls != entry.calls {
			t.Errorf("entry %d: %d C_Login in all", i, calls)
		}
		if tries := s.tries("a"); tries != entry.tries {
			t.Errorf("entry %d: %d tries left", i, tries)
		}
	}
}

func TestPIN_OfOneEntryGoesToATokenOnce(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken), spec("b", token.Kaztoken))
	a, b := s.plug("a"), s.plug("b")
	entry := token.NewPIN("123456")
	both := make(chan error, 2)
	for range 2 { // a double tap
		go func() {
			_, err := s.rack.Login(s.ctx, a.Insertion, entry)
			both <- err
		}()
	}
	first, second := <-both, <-both
	if first != nil {
		first, second = second, first
	}
	if first != nil || !errors.Is(second, token.ErrSpent) {
		t.Errorf("a double tap: %v, %v", first, second)
	}
	if _, err := s.rack.Login(s.ctx, b.Insertion, entry); !errors.Is(err, token.ErrSpent) {
		t.Errorf("on another token: %v", err)
	}
	if n := s.bench.Calls("a")["C_Login"] + s.bench.Calls("b")["C_Login"]; n != 1 {
		t.Errorf("%d C_Login for one entry", n)
	}
	// The entry that opened a session may be given as the old PIN there, once.
	entry = token.NewPIN("123456")
	session, err := s.rack.Login(s.ctx, a.Insertion, entry)
	s.must(err)
	s.must(session.ChangePIN(s.ctx, entry, token.NewPIN("654321")))
	if err = session.ChangePIN(s.ctx, entry, token.NewPIN("123456")); !errors.Is(err, token.ErrSpent) || s.tries("a") != 3 {
		t.Errorf("twice as the old PIN: %v", err)
	}
	so := token.NewPIN("00000000")
	if err = s.rack.Unblock(s.ctx, a.Insertion, so, token.NewPIN("123456")); !errors.Is(err, token.ErrAdminPIN) {
		t.Errorf("a wrong administrator's PIN: %v", err)
	}
	if err = s.rack.Unblock(s.ctx, a.Insertion, so, token.NewPIN("123456")); !errors.Is(err, token.ErrSpent) {
		t.Errorf("and again: %v", err)
	}
	if _, err = s.rack.Login(s.ctx, b.Insertion, token.PIN{}); err == nil {
		t.Error("no PIN at all opened a token")
	}
}

// What was plugged in since the last look may be anybody's token.
func TestLogin_APINNeverGoesToATokenThatWasPluggedSinceTheLastLook(t *testing.T) {
	bench, config := virtualtest.StartForTest(t, spec("a", token.JaCarta), spec("b", token.JaCarta))
	config.PollEvery = time.Hour
	for _, name := range []string{"a", "b"} {
		if err := bench.Plug(name); err != nil {
			t.Fatal(err)
		}
	}
	rack, err := token.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rack.Close() }()
	before := rack.Tokens()
	if err = bench.Swap("a", "b"); err != nil {
		t.Fatal(err)
	}
	if _, err = rack.Login(t.Context(), before[0].Insertion, token.NewPIN("123456")); !errors.Is(err, token.ErrRemoved) {
		t.Errorf("log in: %v", err)
	}
	err = rack.Unblock(t.Context(), before[1].Insertion, token.NewPIN("87654321"), token.NewPIN("654321"))
	if !errors.Is(err, token.ErrRemoved) {
		t.Errorf("unblock: %v", err)
	}
	if n := bench.Calls("a")["C_Login"] + bench.Calls("b")["C_Login"]; n != 0 {
		t.Errorf("%d PINs went to another token", n)
	}
}

func TestLogin_IsNotRepeatedAfterCrashOrTimeout(t *testing.T) {
	for name, c := range map[string]struct {
		fault virtual.Fault
		want  error
	}{
		"crash":   {virtual.Fault{CrashOn: "C_Login"}, token.ErrWorker},
		"timeout": {virtual.Fault{HangOn: "C_Login"}, token.ErrTimeout},
		"removed": {virtual.Fault{FailCall: "C_Login:0x32"}, token.ErrRemoved},
		"general": {virtual.Fault{FailCall: "C_Login:0x5"}, token.ErrToken},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, brief, spec("a", token.Kaztoken))
			a := s.plug("a")
			s.must(s.bench.Fault("a", c.fault))
			_, err := s.rack.Login(s.ctx, a.Insertion, token.NewPIN("123456"))
			if !errors.Is(err, c.want) {
				t.Errorf("login: %v", err)
			}
			if c.want != token.ErrToken {
				a = s.wait(token.Inserted).Token // back, as a new insertion
			}
			if calls := s.bench.Calls("a")["C_Login"]; calls != 1 {
				t.Errorf("%d C_Login for one entry", calls)
			}
			s.must(s.bench.Fault("a", virtual.Fault{}))
			s.login(a, "123456")
			if calls := s.bench.Calls("a")["C_Login"]; calls != 2 {
				t.Errorf("%d C_Login for two entries", calls)
			}
		})
	}
}

func TestLogin_SaysLowFinalLockedAndTheLockOutlivesTheWorker(t *testing.T) {
	s := start(t, nil, spec("a", token.EToken))
	a := s.plug("a")
	wrong := func(want error, low, final, locked bool) {
		t.Helper()
		_, err := s.rack.Login(s.ctx, a.Insertion, token.NewPIN("9999"))
		now, lost := s.rack.Token(a.Insertion)
		if !errors.Is(err, want) || lost != nil || now.PINLow != low || now.PINFinal != final || now.PINLocked != locked {
			t.Errorf("%v; low %v, final %v, locked %v", err, now.PINLow, now.PINFinal, now.PINLocked)
		}
		if changed := s.wait(token.Changed).Token; changed != now {
			t.Errorf("changed to %+v", changed)
		}
	}
	wrong(token.ErrPINIncorrect, true, false, false)
	wrong(token.ErrPINIncorrect, true, true, false)
	wrong(token.ErrPINLocked, false, false, true)
	s.rack.Recycle(s.ctx)
	a = s.rack.Tokens()[0]
	if _, err := s.rack.Login(s.ctx, a.Insertion, token.NewPIN("123456")); !errors.Is(err, token.ErrPINLocked) || !a.PINLocked {
		t.Errorf("the right PIN on a locked token: %v, flag %v", err, a.PINLocked)
	}
	tool := pkcs11Tool(t, s.bench, token.EToken)
	if out, err := tool("--login", "--pin", "123456", "-O"); err == nil || !strings.Contains(out, "CKR_PIN_LOCKED") {
		t.Errorf("pkcs11-tool on a locked token: %v\n%s", err, out)
	}
	// The administrator's PIN lifts it, from another process; the rack notices by itself.
	if out, err := tool("--login", "--login-type", "so", "--so-pin", "87654321", "--init-pin", "--new-pin", "4321"); err != nil {
		t.Fatalf("unlock: %v\n%s", err, out)
	}
	for s.wait(token.Changed).Token.PINLocked {
	}
	s.rack.Recycle(s.ctx) // SoftHSM reads another process's new PIN only when it starts
	s.login(s.rack.Tokens()[0], "4321")
}

func TestChangePIN_WrongOldPINCostsATryAndLengthsAreCheckedBefore(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	session := s.login(s.plug("a"), "123456")
	change := func(old, new string) error {
		return session.ChangePIN(s.ctx, token.NewPIN(old), token.NewPIN(new))
	}
	for _, pair := range [][2]string{{"123", "654321"}, {"123456", "1"}} {
		if err := change(pair[0], pair[1]); !errors.Is(err, token.ErrPINLength) {
			t.Errorf("%v: %v", pair, err)
		}
	}
	if n := s.bench.Calls("a")["C_SetPIN"]; n != 0 {
		t.Errorf("%d C_SetPIN for PINs that cannot be right", n)
	}
	if err := change("999999", "654321"); !errors.Is(err, token.ErrPINIncorrect) || s.tries("a") != 2 {
		t.Errorf("wrong old PIN: %v, %d tries left", err, s.tries("a"))
	}
	if !session.Token().PINLow {
		t.Error("the session does not know of the wrong try")
	}
	s.must(change("123456", "654321"))
	if s.tries("a") != 3 {
		t.Errorf("%d tries after the right PIN", s.tries("a"))
	}
	s.must(session.Logout(s.ctx))
	if _, err := s.rack.Login(s.ctx, session.Token().Insertion, token.NewPIN("123456")); !errors.Is(err, token.ErrPINIncorrect) {
		t.Errorf("the old PIN: %v", err)
	}
	s.login(session.Token(), "654321")
}

func TestLogin_EndsTheSessionBefore(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	a := s.plug("a")
	first := s.login(a, "123456")
	s.generate(first, "k")
	if _, err := s.rack.Login(s.ctx, a.Insertion, token.NewPIN("000000")); !errors.Is(err, token.ErrPINIncorrect) {
		t.Fatalf("wrong PIN while somebody is logged in: %v", err)
	}
	if _, err := first.Keys(s.ctx); !errors.Is(err, token.ErrSessionClosed) {
		t.Errorf("the first session after another login: %v", err)
	}
	signer, err := s.login(a, "123456").Signer(s.ctx, []byte("k"))
	s.must(err)
	if _, err = signer.Sign(nil, make([]byte, 32), sha256Options); err != nil {
		t.Errorf("the key is not found again after another login: %v", err)
	}
}

// pkcs11Tool gives OpenSC's tool on a virtual module of the bench.
func pkcs11Tool(t *testing.T, bench *virtual.Bench, kind token.Kind) func(...string) (string, error) {
	t.Helper()
	path := virtualtest.Need(t, "pkcs11-tool")
	for _, m := range bench.Modules() {
		if m.Name != string(kind) {
			continue
		}
		return func(args ...string) (string, error) {
			command := exec.CommandContext(t.Context(), path, append([]string{"--module", m.Path}, args...)...)
			command.Env = append(command.Environ(), m.Env...)
			out, err := command.CombinedOutput()
			return string(out), err
		}
	}
	t.Fatalf("no module for %s", kind)
	return nil
}
