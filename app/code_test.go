package app

import (
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// beforeCode stands before the choice of how the one-time code shall come.
func beforeCode(t *testing.T) (*stand, *fakeToken) {
	t.Helper()
	s := newStand(t)
	f := s.citizenToken("KZ-1", aigerim)
	s.plug(f)
	s.insert()
	s.enter(f)
	s.reissueTo()
	s.keysOnStick()
	var method CodeMethodScreen
	s.shows("code.method", "apply.submit", args{"consent": true}).data(t, &method)
	if len(method.Methods) != 2 || method.Methods[0] != registry.MethodSMS {
		t.Fatalf("methods %v", method.Methods)
	}
	return s, f
}

func TestCode_ThreeWrongOnesLockAndNoneIsKept(t *testing.T) {
	s, _ := beforeCode(t)
	s.refuses(CodeNotOffered, "code.ask", args{"method": "pigeon"})
	var entry CodeEntryScreen
	s.shows("code.entry", "code.ask", args{"method": "sms"}).data(t, &entry)
	if entry.SentTo != "…4567" || entry.Left != -1 || entry.ExpiresAt != s.now().Add(3*time.Minute).UnixMilli() || entry.Locked {
		t.Fatalf("entry %+v", entry)
	}
	for _, odd := range []string{"", "12345", "1234567", "12345x", "１２３４５６"} {
		s.refuses(CodeCodeDigits, "code.tell", args{"code": odd})
	}
	if s.line.cabinet.wrong != 0 {
		t.Fatal("what is no code was tried")
	}
	s.refuses(CodeCodeWrong, "code.tell", args{"code": "654321"}).data(t, &entry)
	if entry.Left != 2 {
		t.Fatalf("entry %+v", entry)
	}
	s.refuses(CodeCodeWrong, "code.tell", args{"code": "654321"})
	p := s.refuses(CodeCodeLocked, "code.tell", args{"code": "654321"})
	p.data(t, &entry)
	if !entry.Locked || entry.Left != 0 || !strings.Contains(p.Notice.Text, "15") {
		t.Fatalf("entry %+v, %+v", entry, p.Notice)
	}
	s.refuses(CodeCodeLocked, "code.tell", args{"code": "123456"})
	s.refuses(CodeCodeLocked, "code.resend", nil)
	if s.line.cabinet.wrong != 3 {
		t.Fatalf("%d tries reached the centre", s.line.cabinet.wrong)
	}
	if log := s.log.String(); strings.Contains(log, "654321") || strings.Contains(log, "123456") || strings.Contains(string(s.k.State()), "654321") {
		t.Error("a code is kept")
	}
}

func TestCode_IsSentAgainAndCountsOn(t *testing.T) {
	s, f := beforeCode(t)
	s.shows("code.entry", "code.ask", args{"method": "sms"})
	s.refuses(CodeCodeWrong, "code.tell", args{"code": "000000"})
	var entry CodeEntryScreen
	s.shows("code.entry", "code.resend", nil).data(t, &entry)
	if entry.Resends != 1 || entry.Left != 2 {
		t.Fatalf("entry %+v", entry)
	}
	s.line.mu.Lock()
	s.line.cabinet.refuse["VerifyCode"] = &Refusal{Err: ErrCodeExpired, Left: -1}
	s.line.mu.Unlock()
	s.refuses(CodeCodeExpired, "code.tell", args{"code": "123456"})
	s.line.mu.Lock()
	delete(s.line.cabinet.refuse, "VerifyCode")
	s.line.cabinet.refuse["ResendCode"] = &Refusal{Err: ErrCodeLimit, Left: -1, Wait: 20 * time.Second}
	s.line.mu.Unlock()
	s.refuses(CodeCodeLimit, "code.resend", nil)
	s.shows("code.method", "back", nil)
	s.shows("apply.summary", "back", nil)
	s.shows("code.method", "apply.submit", args{"consent": true})
	s.shows("code.entry", "code.ask", args{"method": "digital-document"}).data(t, &entry)
	if entry.Method != registry.MethodDocument {
		t.Fatalf("entry %+v", entry)
	}
	s.shows("sign.medium", "code.tell", args{"code": "123456"})
	_, document := s.signWith(f)
	if document.SecondFactor == "" {
		t.Error("the application names no code")
	}
}

func TestCode_NobodyIsAskedWhomTheCentreExempts(t *testing.T) {
	s, f := beforeCode(t)
	s.line.mu.Lock()
	s.line.cabinet.needed = false
	s.line.mu.Unlock()
	p := s.do("code.ask", args{"method": "sms"})
	if p.Screen.Name != "sign.medium" || p.code() != CodeCodeExempt || p.Notice.Severity != "info" {
		t.Fatalf("it shows %s", p)
	}
	_, document := s.signWith(f)
	if document.SecondFactor != "" {
		t.Error("the application names a code")
	}
}

// Who is slow is asked for another code; the keys stay.
func TestCode_RunsOutBeforeTheSignature(t *testing.T) {
	s, f := beforeCode(t)
	s.shows("code.entry", "code.ask", args{"method": "sms"})
	s.shows("sign.medium", "code.tell", args{"code": "123456"})
	s.shows("apply.summary", "back", nil)
	s.shows("sign.medium", "apply.submit", args{"consent": true}) // it still stands
	for range 7 {
		s.pass(90 * time.Second)
		s.do("stay", nil)
	}
	s.unlock(f)
	p := s.do("sign.go", args{"key": 1})
	if p.Screen.Name != "code.method" || p.code() != CodeGrantOver || len(s.store.records) != 0 {
		t.Fatalf("it shows %s", p)
	}
	s.shows("code.entry", "code.ask", args{"method": "sms"})
	s.shows("sign.medium", "code.tell", args{"code": "123456"})
	s.signWith(f)
}

// The line goes while the citizen reads the code: nothing is lost, he tries again.
func TestCode_LineLostBetweenSummaryAndSignature(t *testing.T) {
	s, f := beforeCode(t)
	s.line.cut(ErrLineDown)
	s.refuses(CodeLineDown, "code.ask", args{"method": "sms"})
	s.line.cut(nil)
	s.shows("code.entry", "code.ask", args{"method": "sms"})
	s.line.cut(ErrLineDown)
	s.refuses(CodeLineDown, "code.tell", args{"code": "123456"})
	s.line.cut(nil)
	s.shows("sign.medium", "code.tell", args{"code": "123456"})
	s.line.cut(ErrLineDown) // with the code told, the signature is accepted here and sent later
	s.signWith(f)
}

func TestCode_SessionOverGivesTheKeysUp(t *testing.T) {
	s, _ := beforeCode(t)
	s.line.mu.Lock()
	s.line.cabinet.over = true
	s.line.mu.Unlock()
	p := s.do("code.ask", args{"method": "sms"})
	if p.Screen.Name != "menu" || p.code() != CodeCabinetOver {
		t.Fatalf("it shows %s", p)
	}
	s.until("no keys left", func(picture) bool {
		s.stick.mu.Lock()
		defer s.stick.mu.Unlock()
		s.store.mu.Lock()
		defer s.store.mu.Unlock()
		return len(s.stick.files) == 0 && len(s.store.intents) == 0
	})
}
