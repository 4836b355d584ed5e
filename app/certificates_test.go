package app

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/registry"
)

// fakePrinter prints into memory, or fails.
type fakePrinter struct {
	failing error
	printed [][]byte
	titles  []string
}

func (p *fakePrinter) Present(context.Context) bool { return true }

func (p *fakePrinter) Print(_ context.Context, what Paper, told func(string)) error {
	told("out-of-paper")
	if p.failing != nil {
		return p.failing
	}
	p.printed, p.titles = append(p.printed, what.PDF), append(p.titles, what.Title)
	return nil
}

// inCabinet is a stand with a citizen signed in who has an RSA pair, an expired and a revoked key.
func inCabinet(t *testing.T, change ...func(*Config)) (*stand, *fakeToken) {
	s := newStand(t, change...)
	f := s.citizenToken("KZ-1", aigerim)
	s.certified(f, aigerim)
	s.plug(f)
	s.enter(f)
	return s, f
}

func TestCertificates_AreSifted(t *testing.T) {
	s, _ := inCabinet(t)
	s.shows("certificates.list", "certificates", nil)
	var list CertificatesListScreen
	for sieve, want := range map[string]int{"": 4, "valid": 2, "revoked": 1, "expired": 1, "not-yet": 0} {
		p := s.shows("certificates.list", "certificates.sift", args{"code": sieve})
		p.data(t, &list)
		if len(list.Keys) != want || list.Total != 4 || len(list.Sieves) != 4 || list.Sieve != sieve {
			t.Errorf("%q: %d keys, %+v", sieve, len(list.Keys), list.Sieves)
		}
	}
	s.shows("certificates.list", "certificates.sift", args{"code": "revoked"})
	s.picture().data(t, &list)
	text := ""
	for _, r := range list.Keys[0].Rows {
		text += r.Value + "\n"
	}
	for _, want := range []string{"Получены новые ключи", "В центре регистрации", "22 ноября 2026"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said of a revoked key: %s", want, text)
		}
	}
}

func TestCertificates_ReportGoesToTheStickAndOverwritesNothing(t *testing.T) {
	s, _ := inCabinet(t)
	s.shows("certificates.list", "certificates", nil)
	p := s.shows("certificates.report", "certificates.report", nil)
	var r CertificatesReportScreen
	p.data(t, &r)
	if r.Printer || r.Stick.Usable {
		t.Fatalf("%+v", r)
	}
	s.refuses(CodePrinterAbsent, "report.print", nil)
	s.refuses(CodeStickAbsent, "report.save", nil)
	s.stick.plug(true)
	s.until("stick", func(p picture) bool { p.data(t, &r); return r.Stick.Usable })
	const name, second = "keys-2026-11-22.pdf", "keys-2026-11-22-2.pdf"
	s.stick.files[name] = []byte("somebody's own")
	s.shows("certificates.report", "report.save", nil)
	s.picture().data(t, &r)
	if r.Phase != "saved" || r.Text != second {
		t.Fatalf("%+v", r)
	}
	if string(s.stick.files[name]) != "somebody's own" || !bytes.HasPrefix(s.stick.files[second], []byte("%PDF-")) {
		t.Error("the stick has something else")
	}
	s.stick.mu.Lock()
	s.stick.failing = stick.ErrFull
	s.stick.mu.Unlock()
	p = s.do("report.save", nil)
	if p.code() != CodeStickFull {
		t.Errorf("%s", p)
	}
	s.picture().data(t, &r)
	if r.Phase != "choose" {
		t.Errorf("after a full stick: %+v", r)
	}
}

func TestCertificates_ReportIsPrinted(t *testing.T) {
	paper := &fakePrinter{}
	s, _ := inCabinet(t, func(c *Config) { c.Printer = paper })
	s.shows("certificates.list", "certificates", nil)
	s.shows("certificates.report", "certificates.report", nil)
	s.do("report.print", nil)
	s.until("printed", func(p picture) bool { return strings.Contains(string(p.Screen.Data), `"printed"`) })
	if len(paper.printed) != 1 || !bytes.HasPrefix(paper.printed[0], []byte("%PDF-")) || strings.Contains(paper.titles[0], "СЕРІК") || strings.Contains(paper.titles[0], aigerim) {
		t.Fatalf("%d printed as %q", len(paper.printed), paper.titles)
	}
	for err, code := range map[error]Code{ErrNotPrinted: CodeNotPrinted, ErrMaybePrinted: CodeMaybePrinted, ErrPrinterAbsent: CodePrinterAbsent} {
		paper.failing = err
		s.do("report.print", nil)
		if p := s.until("the failure", func(p picture) bool { return p.Notice != nil }); p.code() != code {
			t.Errorf("%v: %s", err, p)
		}
		s.do("notice.dismiss", nil)
	}
}

func TestProfile_SavesAndSaysSo(t *testing.T) {
	s, _ := inCabinet(t)
	var v ProfileScreen
	p := s.shows("profile.view", "profile", nil)
	p.data(t, &v)
	if strings.Contains(string(p.Screen.Data), aigerim[4:8]) || v.Saved {
		t.Fatalf("%s", p.Screen.Data)
	}
	s.shows("profile.view", "profile.show", nil).data(t, &v)
	if !v.Open || v.Rows[1].Value != spacedIIN(aigerim) {
		t.Errorf("%+v", v.Rows)
	}
	s.refuses(CodeNoticesNoEmail, "profile.notices", args{"on": true})
	s.shows("profile.email", "profile.email", nil)
	s.refuses(CodeEmail, "profile.save-email", args{"email": "not one"})
	s.shows("profile.view", "profile.save-email", args{"email": "new@example.kz"}).data(t, &v)
	if !v.Saved || v.Email != "new@example.kz" {
		t.Errorf("%+v", v)
	}
	s.shows("profile.view", "profile.notices", args{"on": true}).data(t, &v)
	if !v.Saved || !v.Notices {
		t.Errorf("%+v", v)
	}
	s.shows("profile.email", "profile.email", nil)
	s.shows("profile.view", "profile.save-email", args{"email": ""}).data(t, &v)
	if v.Notices || v.Email != "" {
		t.Errorf("without an address: %+v", v)
	}
	s.line.cut(ErrLineDown)
	if p := s.do("profile.notices", args{"on": false}); p.code() != CodeLineDown || p.Screen.Name != "profile.view" {
		t.Errorf("%s", p)
	}
	s.do("cabinet.leave", nil)
	s.untilEnded()
}

func TestApplications_AreSiftedAndOpened(t *testing.T) {
	s, _ := inCabinet(t)
	now := s.now()
	s.line.mu.Lock()
	item := func(n uint64, kind registry.Kind, status registry.Status, hours int) OwnApplication {
		return OwnApplication{OwnItem: OwnItem{Number: registry.NewNumber("1001", n), Kind: kind, Status: status, Origin: "kiosk", Storage: registry.StorageKaztoken, CreatedAt: now.Add(-time.Duration(hours) * time.Hour)}}
	}
	rejected := item(2, registry.KindNew, registry.StatusRejected, 2)
	rejected.Reason = "no-document"
	web := item(3, registry.KindNew, registry.StatusWaiting, 1)
	web.Origin, web.Confirmable, web.ExpiresAt = "web", true, now.AddDate(0, 0, 3)
	web.Request = &engine.WebRequest{Kind: registry.KindNew, Email: "aigerim@example.kz", Region: "almaty", Locality: "almaty", Storage: registry.StorageKaztoken, Set: "rsa"}
	s.line.cabinet.items[aigerim] = []OwnApplication{item(1, registry.KindReissue, registry.StatusInstalled, 3), rejected, web}
	s.line.mu.Unlock()
	var list ApplicationsListScreen
	s.shows("applications.list", "applications", nil).data(t, &list)
	if len(list.Items) != 3 || list.Items[0].Number != web.Number || !list.Items[0].Todo || len(list.Statuses) != 3 || len(list.Kinds) != 2 {
		t.Fatalf("%+v", list)
	}
	s.shows("applications.list", "applications.sift", args{"status": "rejected", "kind": "new"}).data(t, &list)
	if len(list.Items) != 1 || list.Total != 3 {
		t.Fatalf("%+v", list)
	}
	p := s.shows("applications.detail", "applications.open", args{"number": rejected.Number})
	var detail ApplicationsDetailScreen
	p.data(t, &detail)
	if !strings.Contains(string(p.Screen.Data), "Документ, удостоверяющий личность, не предъявлен") || detail.CanInstall || detail.CanConfirm {
		t.Errorf("%s", p.Screen.Data)
	}
	s.shows("applications.list", "back", nil).data(t, &list)
	if list.Status != "rejected" {
		t.Error("the filter is forgotten")
	}
	s.refuses(CodeNumberUnknown, "applications.open", args{"number": registry.NewNumber("1001", 99)})
	s.shows("applications.detail", "applications.open", args{"number": web.Number}).data(t, &detail)
	if !detail.CanConfirm {
		t.Fatalf("what was filed on the web cannot be confirmed: %+v", detail)
	}
	s.refuses(CodeConsent, "applications.confirm", args{"consent": false})
	s.shows("apply.storage", "applications.confirm", args{"consent": true})
}
