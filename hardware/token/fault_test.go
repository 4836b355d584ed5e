package token_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/hardware/virtual"
)

const sha256Options = crypto.SHA256

// brief makes a hanging module be noticed soon.
func brief(c *token.Config) { c.CallTimeout = time.Second }

// gone says nil once a process does not exist any more.
func gone(pid int) error {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return errors.New("still there")
}

func TestRack_OutlivesACrashOfTheModule(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken), spec("b", token.EToken))
	other := s.login(s.plug("b"), "123456")
	session := s.login(s.plug("a"), "123456")
	s.generate(session, "k")
	signer, err := session.Signer(s.ctx, []byte("k"))
	s.must(err)
	s.must(s.bench.Fault("a", virtual.Fault{CrashOn: "C_SignInit"}))
	_, err = signer.Sign(nil, make([]byte, 32), sha256Options)
	var detail *token.Error
	if !errors.Is(err, token.ErrWorker) || !errors.As(err, &detail) || !strings.Contains(detail.Code, "segmentation fault") {
		t.Errorf("the call in which the module crashed: %v", err)
	}
	if _, err = session.Keys(s.ctx); !errors.Is(err, token.ErrRemoved) {
		t.Errorf("the session after the crash: %v", err)
	}
	s.must(s.bench.Fault("a", virtual.Fault{}))
	s.wait(token.WorkerDied)
	s.wait(token.WorkerBack)
	keys, err := s.login(s.wait(token.Inserted).Token, "123456").Keys(s.ctx)
	s.must(err)
	if len(keys) != 1 {
		t.Errorf("%d keys after the crash", len(keys))
	}
	if _, err = other.Keys(s.ctx); err != nil {
		t.Errorf("the other module's session: %v", err)
	}
}

func TestRack_KillsAModuleThatHangs(t *testing.T) {
	s := start(t, brief, spec("a", token.Kaztoken))
	a := s.plug("a")
	pid := s.rack.Modules()[0].PID
	s.must(s.bench.Fault("a", virtual.Fault{HangOn: "C_FindObjectsInit"}))
	_, err := s.rack.Certificates(s.ctx, a.Insertion)
	if !errors.Is(err, token.ErrTimeout) {
		t.Errorf("a hanging call: %v", err)
	}
	s.must(gone(pid))
	s.must(s.bench.Fault("a", virtual.Fault{}))
	a = s.wait(token.Inserted).Token
	_, err = s.rack.Certificates(s.ctx, a.Insertion)
	s.must(err)
	// A poll that hangs is noticed without anybody calling.
	s.must(s.bench.ModuleFault(token.Kaztoken, virtual.Fault{HangOn: "C_GetSlotList"}))
	s.wait(token.WorkerDied)
	s.must(s.bench.ModuleFault(token.Kaztoken, virtual.Fault{}))
	s.wait(token.WorkerBack)
	s.wait(token.Inserted)
}

func TestRack_AModuleThatPrintsDisturbsNobody(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	s.must(s.bench.ModuleFault(token.Kaztoken, virtual.Fault{PrintOn: "*"}))
	s.must(s.bench.Fault("a", virtual.Fault{PrintOn: "*"}))
	s.rack.Recycle(s.ctx) // it prints while it is loaded, too
	session := s.login(s.plug("a"), "123456")
	s.generate(session, "k")
	s.must(session.WriteCertificate(s.ctx, []byte("k"), "k", s.certify(session, "k")))
	if m := s.rack.Modules()[0]; m.Starts != 2 {
		t.Errorf("the worker was started %d times", m.Starts)
	}
}

func TestRack_CancelledCallEndsAtOnceAndLeavesNoStuckWorker(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	session := s.login(s.plug("a"), "123456")
	pid := s.rack.Modules()[0].PID
	s.must(s.bench.Fault("a", virtual.Fault{KeygenDelay: time.Hour}))
	ctx, cancel := context.WithCancel(s.ctx)
	begun := s.bench.Calls("a")["C_GenerateKeyPair"]
	go func() {
		for s.bench.Calls("a")["C_GenerateKeyPair"] == begun && s.ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	_, err := session.GenerateRSA(ctx, []byte("k"), "k", 2048)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
	s.must(gone(pid))
	s.must(s.bench.Fault("a", virtual.Fault{}))
	keys, err := s.login(s.wait(token.Inserted).Token, "123456").Keys(s.ctx)
	s.must(err)
	if len(keys) != 0 {
		t.Errorf("%d keys after a cancelled generation", len(keys))
	}
	if _, err = s.rack.Login(ctx, s.rack.Tokens()[0].Insertion, token.NewPIN("123456")); !errors.Is(err, context.Canceled) {
		t.Errorf("a call whose context ended before: %v", err)
	}
	deadline, stop := context.WithTimeout(s.ctx, time.Nanosecond)
	defer stop()
	<-deadline.Done()
	if _, err = s.rack.Certificates(deadline, s.rack.Tokens()[0].Insertion); !errors.Is(err, token.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call whose deadline has passed: %v", err)
	}
}

func TestGenerateRSA_PulledInTheMiddle(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	session := s.login(s.plug("a"), "123456")
	s.must(s.bench.Fault("a", virtual.Fault{KeygenDelay: time.Hour}))
	begun := s.bench.Calls("a")["C_GenerateKeyPair"]
	go func() {
		for s.bench.Calls("a")["C_GenerateKeyPair"] == begun && s.ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		_ = s.bench.Pull("a")
	}()
	_, err := session.GenerateRSA(s.ctx, []byte("k"), "k", 2048)
	if !errors.Is(err, token.ErrRemoved) {
		t.Errorf("pulled while the key was made: %v", err)
	}
	s.wait(token.Removed)
	s.must(s.bench.Fault("a", virtual.Fault{}))
	session = s.login(s.plug("a"), "123456")
	keys, err := session.Keys(s.ctx)
	s.must(err)
	if len(keys) != 0 {
		t.Errorf("%d keys", len(keys))
	}
	s.generate(session, "k")
}

func TestGenerateRSA_LostAnswerLeavesAKeyThatIsFoundAgain(t *testing.T) {
	s := start(t, nil, spec("a", token.Kaztoken))
	session := s.login(s.plug("a"), "123456")
	s.must(s.bench.Fault("a", virtual.Fault{LoseAnswer: "C_GenerateKeyPair:0x32"}))
	_, err := session.GenerateRSA(s.ctx, []byte("k"), "k", 2048)
	if !errors.Is(err, token.ErrRemoved) {
		t.Errorf("lost answer: %v", err)
	}
	keys, err := s.login(s.wait(token.Inserted).Token, "123456").Keys(s.ctx)
	s.must(err)
	if len(keys) != 1 || string(keys[0].ID) != "k" || keys[0].SPKI == nil {
		t.Errorf("keys: %+v", keys)
	}
}

func TestSession_EachRefusalHasItsName(t *testing.T) {
	empty := spec("empty", token.AKey)
	empty.Initialized = false
	s := start(t, nil, spec("a", token.Kaztoken), empty)
	e := s.plug("empty")
	if _, err := s.rack.Login(s.ctx, e.Insertion, token.NewPIN("123456")); !errors.Is(err, token.ErrNotInitialized) || e.Initialized || e.Kind != token.AKey {
		t.Errorf("login on an uninitialized token: %v (%+v)", err, e)
	}
	if _, err := s.rack.Certificates(s.ctx, e.Insertion); !errors.Is(err, token.ErrNotInitialized) {
		t.Errorf("certificates of an uninitialized token: %v", err)
	}
	session := s.login(s.plug("a"), "123456")
	s.generate(session, "k")
	der := s.certify(session, "k")
	s.generate(session, "other")

	refused := func(want error, what string, err error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := session.GenerateRSA(s.ctx, []byte("odd"), "odd", 100)
	refused(token.ErrNoMechanism, "RSA-100", err)
	refused(token.ErrKeyMismatch, "another key's certificate", session.WriteCertificate(s.ctx, []byte("other"), "", der))
	refused(token.ErrKeyMismatch, "no certificate", session.WriteCertificate(s.ctx, []byte("k"), "", []byte("text")))
	refused(token.ErrNotFound, "no key", session.WriteCertificate(s.ctx, []byte("none"), "", der))
	_, err = session.Signer(s.ctx, []byte("none"))
	refused(token.ErrNotFound, "signer without a key", err)

	s.must(s.bench.Fault("a", virtual.Fault{Full: true}))
	_, err = session.GenerateRSA(s.ctx, []byte("third"), "", 2048)
	refused(token.ErrFull, "generate on a full token", err)
	refused(token.ErrFull, "write on a full token", session.WriteCertificate(s.ctx, []byte("k"), "", der))
	s.must(s.bench.Fault("a", virtual.Fault{FailCall: "C_CreateObject:0x30"}))
	err = session.WriteCertificate(s.ctx, []byte("k"), "", der)
	var detail *token.Error
	if !errors.As(err, &detail) || detail.Code != "CKR_DEVICE_ERROR" || detail.Err != token.ErrToken {
		t.Errorf("what no sentinel names: %v", err)
	}
	s.must(s.bench.Fault("a", virtual.Fault{}))
	s.must(session.WriteCertificate(s.ctx, []byte("k"), "", der))
}

func TestRack_LogNeverHoldsAPIN(t *testing.T) {
	log := &logged{}
	s := start(t, func(c *token.Config) {
		c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, virtual.Spec{Name: "a", Kind: token.Kaztoken, PIN: "31415926", Initialized: true})
	a := s.plug("a")
	_, err := s.rack.Login(s.ctx, a.Insertion, token.NewPIN("27182818"))
	if err == nil || strings.Contains(err.Error(), "27182818") {
		t.Errorf("error: %v", err)
	}
	session := s.login(a, "31415926")
	s.must(s.bench.Fault("a", virtual.Fault{CrashOn: "C_SetPIN"}))
	if err = session.ChangePIN(s.ctx, token.NewPIN("31415926"), token.NewPIN("16180339")); !errors.Is(err, token.ErrWorker) {
		t.Errorf("change: %v", err)
	}
	s.wait(token.WorkerBack)
	text := log.String()
	if !strings.Contains(text, "segmentation fault") {
		t.Errorf("the crash is not in the log:\n%s", text)
	}
	for _, pin := range []string{"31415926", "27182818", "16180339", "MzE0MTU5MjY"} {
		if strings.Contains(text, pin) {
			t.Errorf("the log holds a PIN:\n%s", text)
		}
	}
}

type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps what is logged.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String gives all that was logged.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
