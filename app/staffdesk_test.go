package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/registry"
)

// supervise opens supervisor mode.
func (s *stand) supervise() *fakeToken {
	s.t.Helper()
	op := s.operatorToken()
	s.plug(op)
	s.untilScreen("staff.pin")
	s.shows("staff.queue", "staff.pin", args{"pin": op.pin})
	return op
}

// certified gives a person certificates at the centre.
func (s *stand) haveCertificates(iin string) {
	s.t.Helper()
	for n, template := range []string{"rsa-auth", "rsa-sign"} {
		cert := mustParse(s.t, fakeCertificate(s.t, rsaKeys()[n].Public(), iin, template, s.now()))
		serial := serialHex(cert)
		s.line.cabinet.certs[iin] = append(s.line.cabinet.certs[iin], OwnCertificate{
			Ref: registry.CertificateRef{Issuer: cert.RawIssuer, Serial: serial}, Template: registry.Template(template), Standing: "good", Number: "10010000015",
			NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, DER: cert.Raw,
		})
	}
}

func TestDesk_FindsPeopleByNumberAndName(t *testing.T) {
	s := newStand(t)
	s.haveCertificates(aigerim)
	s.supervise()
	s.shows("staff.people", "staff.people", nil)
	s.refuses(CodeStaffQuery, "staff.find", args{"query": "СЕ"})
	s.refuses(CodeIINLength, "staff.find", args{"query": "9002"})
	p := s.shows("staff.people", "staff.find", args{"query": "НИКТО"})
	var d StaffPeopleScreen
	p.data(t, &d)
	if !d.Asked || len(d.Items) != 0 {
		t.Fatalf("%+v", d)
	}
	p = s.shows("staff.people", "staff.find", args{"query": "СЕРІК"})
	p.data(t, &d)
	if len(d.Items) != 1 || strings.Contains(d.Items[0].IIN, aigerim) {
		t.Fatalf("%+v", d)
	}
	p = s.shows("staff.person", "staff.person", args{"person": 0})
	var person StaffPersonScreen
	p.data(t, &person)
	if len(person.Certificates) != 2 || person.Own || !person.CanRevoke || person.Certificates[0].StateText == "" {
		t.Fatalf("%+v", person)
	}
	s.shows("staff.people", "back", nil)
	s.shows("staff.person", "staff.find", args{"query": spacedIIN(aigerim)})
	s.shows("staff.people", "back", nil)
	s.refuses(CodePersonUnknown, "staff.find", args{"query": strangers(t, 1)[0]})
	s.line.cut(ErrRateLimited)
	s.refuses(CodeRateLimited, "staff.find", args{"query": "СЕРІК"})
}

func TestDesk_OrdersARevocationThatTheStaffTokenSigned(t *testing.T) {
	s := newStand(t)
	s.haveCertificates(aigerim)
	s.supervise()
	s.shows("staff.people", "staff.people", nil)
	s.shows("staff.person", "staff.find", args{"query": aigerim})
	p := s.shows("staff.revoke", "staff.revoke", nil)
	var d StaffRevokeScreen
	p.data(t, &d)
	if len(d.Reasons) != len(builtIn.RevocationReasons) || len(d.Certificates) != 2 {
		t.Fatalf("%d reasons, %d certificates", len(d.Reasons), len(d.Certificates))
	}
	document := args{"type": "id-card", "number": "012345678"}
	order := func(certificates []int, reason string, document args) args {
		return args{"certificates": certificates, "reason": reason, "note": "", "document": document}
	}
	s.refuses(CodeRevokeChoice, "staff.order", order(nil, "medium-lost", document))
	s.refuses(CodeRevokeChoice, "staff.order", order([]int{0, 0}, "medium-lost", document))
	s.refuses(CodeRevokeChoice, "staff.order", order([]int{2}, "medium-lost", document))
	s.refuses(CodeReason, "staff.order", order([]int{0}, "no-such", document))
	s.refuses(CodeDocument, "staff.order", order([]int{0}, "medium-lost", args{"type": "id-card", "number": ""}))
	if len(s.line.cabinet.orders) != 0 {
		t.Fatal("an order was sent")
	}
	s.line.mu.Lock()
	s.line.issued = []Issued{{Serial: s.line.cabinet.certs[aigerim][1].Ref.Serial, Revoked: true}} // what the world is told
	s.line.mu.Unlock()
	p = s.shows("staff.revoked", "staff.order", order([]int{0, 1}, "owner-died", document))
	var done StaffRevokedScreen
	p.data(t, &done)
	if len(done.Items) != 2 || done.Items[0].Seen || !done.Items[1].Seen {
		t.Fatalf("%+v", done)
	}
	o := s.line.cabinet.orders[0]
	if o.IIN != aigerim || o.Reason != "owner-died" || len(o.Certificates) != 2 || o.Document.Number != "012345678" || o.Device != "kiosk-01" {
		t.Fatalf("%+v", o)
	}
	s.shows("staff.person", "staff.back", nil)
}

func TestDesk_NobodyOrdersAboutHimself(t *testing.T) {
	s := newStand(t)
	s.line.people[operator] = registry.Name{Surname: "ОМАРОВ", Given: "ЕРЛАН"}
	s.haveCertificates(operator)
	s.supervise()
	s.shows("staff.people", "staff.people", nil)
	p := s.shows("staff.person", "staff.find", args{"query": operator})
	var d StaffPersonScreen
	p.data(t, &d)
	if !d.Own || d.CanRevoke {
		t.Fatalf("%+v", d)
	}
	s.refuses(CodeOwnRevoke, "staff.revoke", nil)
}

// blocked is a citizen's token whose PIN is locked.
func (s *stand) blocked() *fakeToken {
	f := s.token("kaztoken", "KZ-1")
	f.token.PINLocked, f.tries = true, 3
	return f
}

func TestUnblock_TheCitizenTypesHisOwnPIN(t *testing.T) {
	s := newStand(t)
	f := s.blocked()
	s.supervise()
	s.shows("staff.unblock", "staff.unblock", nil)
	n := s.plug(f)
	p := s.picture()
	var d StaffUnblockScreen
	p.data(t, &d)
	if len(d.Tokens) != 1 || !d.Tokens[0].Usable || d.Tokens[0].Why == "" {
		t.Fatalf("%+v", d)
	}
	s.shows("staff.unblock-admin", "staff.unblock-token", args{"insertion": n})
	s.refuses(CodeAdminPINLength, "staff.unblock-admin", args{"pin": ""})
	s.shows("staff.unblock-turn", "staff.unblock-admin", args{"pin": "11112222"})
	s.shows("staff.unblock-pin", "staff.turned", nil)
	s.refuses(CodePINDiffers, "staff.unblock-pin", args{"new": "87654321", "again": "87654320"})
	s.refuses(CodePINShort, "staff.unblock-pin", args{"new": "87", "again": "87"})
	s.refuses(CodePINSame, "staff.unblock-pin", args{"new": "12345678", "again": "12345678"})
	if f.unblocks != 0 {
		t.Fatal("a try of the administrator's PIN was spent for nothing")
	}
	p = s.do("staff.unblock-pin", args{"new": "87654321", "again": "87654321"})
	if p.Screen.Name != "staff.unblock-admin" || p.code() != CodeAdminPIN || f.unblocks != 1 {
		t.Fatalf("%s after %d tries", p, f.unblocks)
	}
	s.shows("staff.unblock-turn", "staff.unblock-admin", args{"pin": "87650000"})
	s.shows("staff.unblock-pin", "staff.turned", nil)
	s.shows("staff.unblocked", "staff.unblock-pin", args{"new": "87654321", "again": "87654321"})
	if f.unblocks != 2 || f.pin != "87654321" || f.token.PINLocked {
		t.Fatalf("%d tries, changed %v", f.unblocks, f.pin == "87654321")
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.store.outcomes[1] != outcomeFailed || s.store.outcomes[2] != outcomeDone || len(s.store.intents) != 0 {
		t.Fatalf("journal: %v", s.store.outcomes)
	}
	if log := s.log.String(); strings.Contains(log, "87654321") || strings.Contains(log, "87650000") || strings.Contains(log, "11112222") {
		t.Fatal("a PIN is in the log")
	}
}

func TestUnblock_WarnsOfTheLastTryAndSaysWhenNobodyKnows(t *testing.T) {
	s := newStand(t)
	f := s.blocked()
	f.token.AdminPINFinal, f.unblocks = true, 1
	s.supervise()
	s.shows("staff.unblock", "staff.unblock", nil)
	n := s.plug(f)
	s.shows("staff.unblock-admin", "staff.unblock-token", args{"insertion": n})
	s.refuses(CodeAdminPINLast, "staff.unblock-admin", args{"pin": "87650000"})
	s.shows("staff.unblock-turn", "staff.unblock-admin", args{"pin": "87650000"})
	s.shows("staff.unblock-pin", "staff.turned", nil)
	s.rack.change(func() { f.failing["unblock"] = token.ErrTimeout })
	p := s.do("staff.unblock-pin", args{"new": "87654321", "again": "87654321"})
	if p.Screen.Name != "staff.unblock" || p.code() != CodePINUnsettled {
		t.Fatalf("%s", p)
	}
	s.rack.change(func() { f.token.AdminPINLocked = true })
	s.rack.signal()
	s.until("dead", func(p picture) bool {
		var d StaffUnblockScreen
		p.data(t, &d)
		return len(d.Tokens) == 1 && !d.Tokens[0].Usable
	})
	s.refuses(CodeAdminPINLocked, "staff.unblock-token", args{"insertion": n})
}

func TestUnblock_PulledTokenForgetsTheAdministratorsPIN(t *testing.T) {
	s := newStand(t)
	f := s.blocked()
	s.supervise()
	s.shows("staff.unblock", "staff.unblock", nil)
	n := s.plug(f)
	s.shows("staff.unblock-admin", "staff.unblock-token", args{"insertion": n})
	s.shows("staff.unblock-turn", "staff.unblock-admin", args{"pin": "87650000"})
	s.pull(f)
	p := s.untilScreen("staff.unblock")
	if p.code() != CodeTokenAbsent {
		t.Fatalf("%s", p)
	}
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if s.k.ses.admin.Len() != 0 {
		t.Fatal("the PIN is still there")
	}
}

// paper is a printer that keeps what it printed.
type paper struct {
	there   bool
	failing error
	printed []string
}

func (p *paper) Present(context.Context) bool { return p.there }
func (p *paper) Print(_ context.Context, what Paper, _ func(string)) error {
	if p.failing == nil {
		p.printed = append(p.printed, what.Title+string(what.PDF[:5]))
	}
	return p.failing
}

func TestReport_OfADayGoesToScreenStickAndPaper(t *testing.T) {
	out := &paper{there: true}
	s := newStand(t, func(c *Config) { c.Printer = out })
	s.line.cabinet.day = func(day string) DayReport {
		return DayReport{Day: day, Filed: 2, Decided: 1, Rows: []engine.ReportRow{{
			Number: "10010000015", Kind: registry.KindNew, Storage: "kaztoken", Status: registry.StatusIssued, Device: "1001", FiledAt: s.now(), Operator: "ОМАРОВ ЕРЛАН",
		}}, Decisions: []engine.ReportOperator{{Operator: "ОМАРОВ ЕРЛАН", Confirmed: 1}}}
	}
	s.supervise()
	p := s.shows("staff.report", "staff.report", nil)
	var d StaffReportScreen
	p.data(t, &d)
	if !d.Today || d.Totals[0].Value != "2" || len(d.Rows) != 1 || d.Rows[0].Kind == "" || len(d.Operators) != 1 || !d.Printer || d.Stick {
		t.Fatalf("%+v", d)
	}
	today := d.Day
	s.do("staff.report-day", args{"step": 1})
	p = s.shows("staff.report", "staff.report-day", args{"step": -1})
	p.data(t, &d)
	if d.Today || d.Day == today {
		t.Fatalf("the day before %s is %s", today, d.Day)
	}
	p = s.shows("staff.report", "staff.report-day", args{"step": 0})
	p.data(t, &d)
	if !d.Today || d.Day != today {
		t.Fatalf("today is %s", d.Day)
	}
	s.refuses(CodeStickAbsent, "staff.report-save", args{"code": "pdf"})
	s.stick.plug(true)
	s.until("stick", func(p picture) bool { p.data(t, &d); return d.Stick })
	for range 2 { // the later one replaces the earlier
		s.shows("staff.report", "staff.report-save", args{"code": "pdf"})
	}
	p = s.shows("staff.report", "staff.report-save", args{"code": "csv"})
	p.data(t, &d)
	if d.Saved == "" || !strings.HasPrefix(string(s.stick.files["report-2026-11-22.pdf"]), "%PDF-") || !strings.Contains(string(s.stick.files["report-2026-11-22.csv"]), "1001") {
		t.Fatalf("%q, %d files", d.Saved, len(s.stick.files))
	}
	s.shows("staff.report", "staff.report-print", nil)
	if len(out.printed) != 1 || !strings.HasSuffix(out.printed[0], "%PDF-") {
		t.Fatalf("%q", out.printed)
	}
	for err, code := range map[error]Code{ErrPrinterAbsent: CodeStaffNoPrinter, ErrNotPrinted: CodeStaffNotPrinted, ErrMaybePrinted: CodeStaffMaybePrinted} {
		out.failing = err
		s.refuses(code, "staff.report-print", nil)
	}
}

// The token pulled ends each part of supervisor mode at once, and a citizen's answer on the way is not waited for.
func TestDesk_PulledStaffTokenLocksEveryScreen(t *testing.T) {
	for name, walk := range map[string]func(s *stand, f *fakeToken){
		"staff.people": func(s *stand, _ *fakeToken) { s.shows("staff.people", "staff.people", nil) },
		"staff.person": func(s *stand, _ *fakeToken) {
			s.shows("staff.people", "staff.people", nil)
			s.shows("staff.person", "staff.find", args{"query": aigerim})
		},
		"staff.revoke": func(s *stand, _ *fakeToken) {
			s.shows("staff.people", "staff.people", nil)
			s.shows("staff.person", "staff.find", args{"query": aigerim})
			s.shows("staff.revoke", "staff.revoke", nil)
		},
		"staff.unblock": func(s *stand, _ *fakeToken) { s.shows("staff.unblock", "staff.unblock", nil) },
		"staff.unblock-admin": func(s *stand, f *fakeToken) {
			s.shows("staff.unblock", "staff.unblock", nil)
			s.shows("staff.unblock-admin", "staff.unblock-token", args{"insertion": f.told().Insertion})
		},
		"staff.unblock-turn": func(s *stand, f *fakeToken) {
			s.shows("staff.unblock", "staff.unblock", nil)
			s.shows("staff.unblock-admin", "staff.unblock-token", args{"insertion": f.told().Insertion})
			s.shows("staff.unblock-turn", "staff.unblock-admin", args{"pin": "87650000"})
		},
		"staff.unblock-pin": func(s *stand, f *fakeToken) {
			s.shows("staff.unblock", "staff.unblock", nil)
			s.shows("staff.unblock-admin", "staff.unblock-token", args{"insertion": f.told().Insertion})
			s.shows("staff.unblock-turn", "staff.unblock-admin", args{"pin": "87650000"})
			s.shows("staff.unblock-pin", "staff.turned", nil)
		},
		"staff.report": func(s *stand, _ *fakeToken) { s.shows("staff.report", "staff.report", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			s.haveCertificates(aigerim)
			f := s.blocked()
			op := s.supervise()
			s.plug(f)
			walk(s, f)
			s.k.mu.Lock()
			ses := s.k.ses
			s.k.mu.Unlock()
			s.rack.pull(op)
			p := s.untilScreen("attract")
			if p.code() != CodeStaffTokenPulled || p.Role != RoleNone {
				t.Fatalf("%s", p)
			}
			if !ses.admin.Equal(strings.Repeat("\x00", ses.admin.Len())) {
				t.Error("the administrator's PIN was not wiped")
			}
			s.pass(time.Second)
		})
	}
}
