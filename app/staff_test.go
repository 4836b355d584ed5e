package app

import (
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

func TestStaff_ConfirmsWithTheDocumentThatWasChecked(t *testing.T) {
	s := newStand(t)
	f, op := s.token("kaztoken", "KZ-1"), s.operatorToken()
	s.plug(f)
	number := s.apply(f)
	s.do("finish", nil)
	s.untilEnded()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.refuses(CodePINLow, "staff.pin", args{"pin": "00000000"})
	p := s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
	var q StaffQueueScreen
	p.data(t, &q)
	if q.Operator == "" || len(q.Items) != 1 || strings.Contains(q.Items[0].IIN, aigerim) {
		t.Fatalf("%+v", q)
	}
	p = s.shows("staff.queue", "staff.search", args{"query": registry.FormatNumber(number)})
	p.data(t, &q)
	if len(q.Items) != 1 {
		t.Fatalf("%+v", q)
	}
	s.shows("staff.application", "staff.open", args{"number": number})
	s.refuses(CodeDocument, "staff.confirm", args{"document": args{"type": "id-card", "number": ""}})
	s.refuses(CodeReason, "staff.reject", args{"reason": "other"})
	s.refuses(CodeReason, "staff.reject", args{"reason": "no-such"})
	s.shows("staff.decided", "staff.confirm", args{"document": args{"type": "id-card", "number": "012345678"}})
	d := s.line.decided[number]
	if d.Verdict != registry.VerdictConfirm || d.Document.Number != "012345678" || d.ApplicationSHA256 != registry.Hash(s.store.records[number].Document) {
		t.Fatalf("%+v", d)
	}
	s.shows("staff.queue", "staff.back", nil)
	s.shows("staff.application", "staff.open", args{"number": number})
	s.refuses(CodeDecided, "staff.reject", args{"reason": "no-document"})
	s.shows("staff.queue", "staff.close", nil)
	s.shows("attract", "staff.leave-mode", nil)
	s.untilEnded()
	// The token still stuck in opens nothing until it was pulled.
	s.pass(5 * time.Second)
	if p := s.picture(); p.Screen.Name != "attract" {
		t.Fatalf("the token left behind opened %s", p)
	}
	s.pull(op)
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	// So does one whose PIN was not given.
	s.shows("attract", "exit", nil)
	s.pass(5 * time.Second)
	if p := s.picture(); p.Screen.Name != "attract" {
		t.Fatalf("the token left behind opened %s", p)
	}
}

// A staff token pulled and put back while its process is still being replaced was pulled all the same.
func TestStaff_TokenBackBeforeItsProcessIsReplacedOpensAgain(t *testing.T) {
	s := newStand(t)
	op := s.operatorToken()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.shows("attract", "exit", nil)
	s.untilEnded()
	hold := make(chan struct{})
	s.rack.change(func() { s.rack.hold = hold })
	s.pull(op)
	s.rack.plug(op)
	close(hold)
	s.untilScreen("staff.pin")
}

func TestStaff_PulledTokenLocksAtOnce(t *testing.T) {
	s := newStand(t)
	op := s.operatorToken()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
	s.rack.pull(op)
	p := s.untilScreen("attract")
	if p.code() != CodeStaffTokenPulled || p.Role != RoleNone {
		t.Fatalf("%+v", p)
	}
}

func TestStaff_NeedsTheLineAndSpendsNoTry(t *testing.T) {
	s := newStand(t)
	s.line.cut(ErrLineDown)
	op := s.operatorToken()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.refuses(CodeStaffLine, "staff.pin", args{"pin": op.pin})
	if op.logins != 0 {
		t.Fatal("a try was spent")
	}
}

func TestStaff_CitizensTokenOpensNothing(t *testing.T) {
	s := newStand(t)
	f := s.token("kaztoken", "KZ-1")
	key := rsaKeys()[4]
	f.keys = []fakeKey{{id: []byte("c"), private: key, cert: fakeCertificate(t, key.Public(), aigerim, "rsa-sign", s.now())}}
	s.plug(f)
	s.pass(time.Second)
	if p := s.picture(); p.Screen.Name != "attract" {
		t.Fatalf("a citizen's token opened %s", p)
	}
}

func TestStaff_UnknownOperatorIsRefused(t *testing.T) {
	s := newStand(t)
	s.line.operators = map[string]string{}
	op := s.operatorToken()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.refuses(CodeNotOperator, "staff.pin", args{"pin": op.pin})
}

func TestStaff_OwnApplicationIsNotDecided(t *testing.T) {
	s := newStand(t)
	s.line.people[operator] = registry.Name{Surname: "ОМАРОВ", Given: "ЕРЛАН"}
	f, op := s.token("kaztoken", "KZ-1"), s.operatorToken()
	n := s.plug(f)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	s.shows("apply.name", "apply.iin", args{"iin": operator})
	s.toStorageFromName(nil)
	s.shows("apply.agreement", "apply.storage", args{"kind": "token", "insertion": n})
	s.shows("apply.pin", "apply.agree", nil)
	s.do("apply.pin", args{"pin": f.pin})
	s.untilScreen("apply.summary")
	p := s.shows("apply.done", "apply.submit", args{"consent": true})
	var done ApplyDoneScreen
	p.data(t, &done)
	s.do("finish", nil)
	s.untilEnded()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
	p = s.shows("staff.application", "staff.open", args{"number": done.Number})
	var a StaffApplicationScreen
	p.data(t, &a)
	if !a.Own {
		t.Fatal("not said to be one's own")
	}
	s.refuses(CodeOwn, "staff.confirm", args{"document": args{"type": "id-card", "number": "012345678"}})
	s.refuses(CodeOwn, "staff.reject", args{"reason": "no-document"})
}

func TestStaff_EndsACitizensSessionAfterAQuestion(t *testing.T) {
	s := newStand(t)
	s.shows("menu", "start", args{"lang": "ru"})
	s.shows("apply.iin", "apply", nil)
	s.shows("apply.name", "apply.iin", args{"iin": aigerim})
	op := s.operatorToken()
	s.rack.plug(op)
	p := s.until("dialog", func(p picture) bool { return p.Dialog != nil })
	if p.Dialog.Name != "staff-ends-session" || p.Dialog.Data.Token == nil || p.Screen.Name != "apply.name" {
		t.Fatalf("dialog %+v", p.Dialog)
	}
	s.shows("apply.name", "staff.leave", nil)
	s.pass(time.Second)
	if s.picture().Dialog != nil {
		t.Fatal("asked again")
	}
	s.rack.plug(op) // pulled and back before anybody looked
	s.until("dialog", func(p picture) bool { return p.Dialog != nil })
	s.shows("apply.name", "staff.leave", nil)
	s.pull(op)
	s.rack.plug(op)
	s.until("dialog", func(p picture) bool { return p.Dialog != nil })
	s.shows("staff.pin", "staff.end", nil)
	s.untilEnded()
	s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
}

func TestStaff_IdleFiveMinutes(t *testing.T) {
	s := newStand(t)
	op := s.operatorToken()
	s.rack.plug(op)
	s.untilScreen("staff.pin")
	s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
	s.pass(299 * time.Second)
	if s.picture().Dialog != nil {
		t.Fatal("warned too early")
	}
	s.pass(31 * time.Second)
	if p := s.picture(); p.Screen.Name != "attract" {
		t.Fatalf("after five minutes and a half: %s", p)
	}
	s.untilEnded()
	s.pass(time.Second)
	if p := s.picture(); p.Screen.Name != "attract" {
		t.Fatalf("the token that was left in opened %s", p.Screen.Name)
	}
	s.rack.plug(op) // pulled and back before anybody looked
	s.untilScreen("staff.pin")
}
