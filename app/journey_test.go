//go:build cgo

package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// TestJourney_FromFirstStartToCertificatesOnTheToken is the whole way, once.
func TestJourney_FromFirstStartToCertificatesOnTheToken(t *testing.T) {
	h := newHall(t)
	h.makeOperator(centretest.IINDana)
	h.enrol()

	h.plug("citizen")
	h.toStorage(centretest.IINAigerim, nil)
	h.chooseToken()
	s := h.do("apply.pin", fields{"pin": "00000000"})
	if s.Notice == nil || s.Notice.Code != app.CodePINLow {
		t.Fatalf("a wrong PIN: %+v", s.Notice)
	}
	s = h.do("apply.pin", fields{"pin": "1"})
	if s.Notice == nil || s.Notice.Code != app.CodePINShort {
		t.Fatalf("a short PIN: %+v", s.Notice)
	}
	h.do("apply.pin", fields{"pin": citizenPIN})
	number := h.submit()
	h.pull("citizen")
	h.untilCentre(number, api.StatusWaiting)

	h.plug("staff")
	h.untilScreen("staff.pin")
	s = h.shows("staff.queue", "staff.pin", fields{"pin": operatorPIN})
	items := data[app.StaffQueueScreen](h, s).Items
	if len(items) != 1 || items[0].Number != number {
		t.Fatalf("queue %+v", items)
	}
	h.shows("staff.application", "staff.open", fields{"number": number})
	h.shows("staff.decided", "staff.confirm", fields{"document": fields{"type": "id-card", "number": "012345678"}})
	h.pull("staff")
	h.until("locked", func(s snapshot) bool { return s.Role == app.RoleNone })
	h.untilEnded()

	h.untilIssued(number)
	h.shows("install.medium", "status.install", nil)
	h.plug("second")
	h.until("wrong token", func(s snapshot) bool { return data[app.InstallMediumScreen](h, s).Wrong })
	h.pull("second")
	h.plug("citizen")
	h.untilScreen("install.pin")
	h.do("install.pin", fields{"pin": citizenPIN})
	h.untilScreen("install.factory")
	s = h.shows("install.done", "install.change-pin", fields{"new": ownPIN, "again": ownPIN})
	if certs := data[app.InstallDoneScreen](h, s).Certificates; len(certs) != 2 {
		t.Fatalf("certificates %+v", certs)
	}
	h.shows("attract", "finish", nil)
	h.untilEnded()
	h.untilCentre(number, api.StatusInstalled)

	h.shows("menu", "start", fields{"lang": "en"})
	h.shows("keys.medium", "keys", nil)
	s = h.until("token", func(s snapshot) bool { return len(data[app.KeysMediumScreen](h, s).Tokens) == 1 })
	h.shows("keys.pin", "keys.token", fields{"insertion": data[app.KeysMediumScreen](h, s).Tokens[0].Insertion})
	s = h.shows("keys.list", "keys.pin", fields{"pin": ownPIN})
	list := data[app.KeysListScreen](h, s)
	if !list.CentreAsked || len(list.Items) != 2 {
		t.Fatalf("keys %+v\n%s", list, h.log)
	}
	for _, i := range list.Items {
		if i.State != "valid" || !i.OnToken || !i.AtCentre {
			t.Errorf("key %+v", i)
		}
	}
	h.shows("attract", "finish", nil)
	h.untilEnded()

	h.stop()
	h.examine(number)
}

// examine looks at what is left: the audit chain, the journal, the log.
func (h *hall) examine(number string) {
	h.t.Helper()
	key, err := os.ReadFile(filepath.Join(h.state, "seal.key"))
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := storage.Open(filepath.Join(h.state, "kiosk.db"), storage.Options{SealKey: key})
	if err != nil {
		h.t.Fatal(err)
	}
	defer s.Close()
	report, err := s.VerifyAudit(context.Background())
	if err != nil || !report.Whole() {
		h.t.Errorf("audit %+v, %v", report, err)
	}
	open, err := s.OpenIntents(context.Background())
	if err != nil || len(open) != 0 {
		h.t.Errorf("open intents %+v, %v", open, err)
	}
	r, err := s.Application(context.Background(), number)
	if err != nil || r.Status != storage.Installed {
		h.t.Errorf("application %s, %v", r.Status, err)
	}
	a, err := registry.ParseApplication(r.Document)
	if err != nil {
		h.t.Fatal(err)
	}
	log := h.log.String()
	for _, secret := range []string{a.IIN, a.Name.Surname, a.Name.Given, citizenPIN, ownPIN, operatorPIN, centretest.IINDana, centretest.Person(centretest.IINDana).Surname} {
		if strings.Contains(log, secret) {
			h.t.Errorf("the log has %q", secret)
		}
	}
}

// TestJourney_StickWhileTheCentreIsDown applies without a line, goes on after a restart, and installs key files.
func TestJourney_StickWhileTheCentreIsDown(t *testing.T) {
	h := newHall(t)
	h.enrol()
	h.centre.Stop()
	h.until("line down", func(s snapshot) bool { return !s.Online })
	err := os.Mkdir(h.folder, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	h.toStorage(centretest.IINBolat, fields{"surname": "Оспан", "given": "Болат", "patronymic": ""})
	h.until("stick", func(s snapshot) bool { return data[app.ApplyStorageScreen](h, s).Stick.Usable })
	h.shows("apply.stick-warning", "apply.storage", fields{"kind": "stick"})
	h.shows("apply.set", "apply.stick-accept", nil)
	h.shows("apply.agreement", "apply.set", fields{"code": "rsa"})
	h.do("apply.agree", nil)
	number := h.submit()

	h.stop()
	h.centre.Restart()
	h.start()
	h.untilCentre(number, api.StatusWaiting)
	h.centre.Approve(number)
	h.untilIssued(number)
	h.shows("install.password", "status.install", nil)
	h.do("install.password", fields{"password": "Qwerty12", "again": "Qwerty12"})
	s := h.untilScreen("install.done")
	files := data[app.InstallDoneScreen](h, s).Files
	if len(files) != 2 {
		t.Fatalf("files %v", files)
	}
	for _, name := range files {
		raw, err := os.ReadFile(filepath.Join(h.folder, name))
		if err != nil {
			t.Fatal(err)
		}
		e, err := keyfile.Read(bytes.NewReader(raw), keyfile.NewPassword("Qwerty12"))
		if err != nil {
			t.Fatal(err)
		}
		if surname, _, _ := pki.SubjectName(e.Certificate); surname != strings.ToUpper(centretest.Person(centretest.IINBolat).Surname) {
			t.Errorf("the certificate names %q: the register's name must win", surname)
		}
		if _, err := pki.VerifyChain(e.Certificate, h.centre.Roots, pki.NewPool(e.Chain...), time.Time{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := os.ReadDir(h.folder)
	if err != nil || len(left) != 2 {
		t.Errorf("on the stick: %v, %v", left, err)
	}
	h.untilCentre(number, api.StatusInstalled)
}

// TestJourney_TokenPulledWhileKeysAreMade leaves nothing half done, and what was made is removed when the token is back.
func TestJourney_TokenPulledWhileKeysAreMade(t *testing.T) {
	h := newHall(t)
	h.enrol()
	h.plug("citizen")
	err := h.bench.Fault("citizen", virtual.Fault{KeygenDelay: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	h.toStorage(centretest.IINAigerim, nil)
	h.chooseToken()
	h.do("apply.pin", fields{"pin": citizenPIN})
	h.until("second key", func(s snapshot) bool {
		return s.Screen.Name == "apply.keys" && data[app.ApplyKeysScreen](h, s).Key == 2
	})
	h.pull("citizen")
	s := h.untilScreen("apply.storage")
	if s.Notice == nil || s.Notice.Code != app.CodeTokenPulled {
		t.Fatalf("notice %+v", s.Notice)
	}
	err = h.bench.Fault("citizen", virtual.Fault{})
	if err != nil {
		t.Fatal(err)
	}
	h.plug("citizen")
	h.chooseToken()
	h.do("apply.pin", fields{"pin": citizenPIN})
	number := h.submit()
	h.shows("menu", "start", fields{"lang": "en"})
	h.shows("keys.medium", "keys", nil)
	s = h.until("token", func(s snapshot) bool { return len(data[app.KeysMediumScreen](h, s).Tokens) == 1 })
	h.shows("keys.pin", "keys.token", fields{"insertion": data[app.KeysMediumScreen](h, s).Tokens[0].Insertion})
	s = h.shows("keys.list", "keys.pin", fields{"pin": citizenPIN})
	items := data[app.KeysListScreen](h, s).Items
	if len(items) != 2 {
		t.Fatalf("%d keys on the token: %+v", len(items), items)
	}
	for _, i := range items {
		if i.State != "waiting" || strings.ReplaceAll(i.Number, " ", "") != number {
			t.Errorf("key %+v", i)
		}
	}
}

// TestJourney_NobodyConfirmsHisOwn: the operator stands before an application he has made himself.
func TestJourney_NobodyConfirmsHisOwn(t *testing.T) {
	h := newHall(t)
	h.makeOperator(centretest.IINDana)
	h.enrol()
	h.shows("menu", "start", fields{"lang": "kk"})
	h.shows("apply.iin", "apply", nil)
	const nobody = "850704350021"
	s := h.do("apply.iin", fields{"iin": nobody})
	if s.Notice == nil || s.Notice.Code != app.CodeIINUnknown {
		t.Fatalf("an unknown IIN: %+v", s.Notice)
	}
	if strings.Contains(h.log.String(), nobody) {
		t.Error("the log has the IIN")
	}
	h.do("exit", nil)
	h.shows("attract", "exit.confirm", nil)
	h.untilEnded()
	h.plug("citizen")
	h.toStorage(centretest.IINDana, nil)
	h.chooseToken()
	h.do("apply.pin", fields{"pin": citizenPIN})
	number := h.submit()
	h.pull("citizen")
	h.untilCentre(number, api.StatusWaiting)
	h.plug("staff")
	h.untilScreen("staff.pin")
	h.shows("staff.queue", "staff.pin", fields{"pin": operatorPIN})
	s = h.shows("staff.application", "staff.open", fields{"number": number})
	if !data[app.StaffApplicationScreen](h, s).Own {
		t.Error("not said to be one's own")
	}
	s = h.do("staff.confirm", fields{"document": fields{"type": "id-card", "number": "012345678"}})
	if s.Notice == nil || s.Notice.Code != app.CodeOwn || h.centre.Status(number) != api.StatusWaiting {
		t.Fatalf("notice %+v", s.Notice)
	}
}
