//go:build cgo

package app_test

import (
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/virtual"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

// The administrator's PIN of the virtual tokens, and a PIN that a citizen thinks of.
const (
	adminPIN   = "87654321"
	thoughtPIN = "2718281828"
)

// anywhere is what of a screen's data says which token may be pressed.
type anywhere struct {
	Tokens []app.TokenCard `json:"tokens"`
}

// onlyInsertion waits until one citizen's token shows on the screen and gives its number.
func (h *hall) onlyInsertion() uint64 {
	h.t.Helper()
	s := h.until("token", func(s snapshot) bool { return len(data[anywhere](h, s).Tokens) == 1 })
	return data[anywhere](h, s).Tokens[0].Insertion
}

func (h *hall) refuses(code app.Code, action string, args any) {
	h.t.Helper()
	s := h.do(action, args)
	if s.Notice == nil || s.Notice.Code != code {
		h.t.Fatalf("%s led to %s with %+v, not to %s\n%s", action, s.Screen.Name, s.Notice, code, h.log)
	}
}

// TestDesk_WalksWithRealParts: a citizen with certificates changes the PIN, forgets it until the token locks, gets it unblocked, and
// has the certificates revoked at the desk when the token is lost. Before that the application, filed at one terminal, is installed at another.
func TestDesk_WalksWithRealParts(t *testing.T) {
	h := newHall(t)
	h.makeOperator(centretest.IINDana)
	h.enrol()
	h.plug("citizen")
	h.toStorage(centretest.IINAigerim, nil)
	h.chooseToken()
	h.do("apply.pin", fields{"pin": citizenPIN})
	number := h.submit()
	h.untilCentre(number, api.StatusWaiting)
	h.centre.Approve(number)
	h.untilCentre(number, api.StatusIssued)

	// The other terminal knows nothing but the number.
	h.stop()
	h.state = t.TempDir()
	h.start()
	h.enrolAs("hall-2")
	h.shows("menu", "start", fields{"lang": "kk"})
	h.shows("status.number", "status", nil)
	s := h.shows("status.word", "status.find", fields{"number": number})
	if body := string(s.Screen.Data); strings.Contains(body, centretest.Person(centretest.IINAigerim).Surname) || strings.Contains(body, centretest.IINAigerim) {
		t.Fatalf("the number alone told %s", body)
	}
	h.shows("install.take", "status.install", nil)
	h.shows("install.pin", "install.take", fields{"kind": "token", "insertion": h.onlyInsertion()})
	h.do("install.pin", fields{"pin": citizenPIN})
	h.untilScreen("install.factory")
	h.shows("install.done", "install.keep-pin", nil)
	h.shows("attract", "finish", nil)
	h.untilEnded()
	h.untilCentre(number, api.StatusInstalled)

	// The PIN is changed.
	h.shows("menu", "start", fields{"lang": "ru"})
	h.shows("password.medium", "password", nil)
	h.shows("password.pin", "password.medium", fields{"kind": "token", "insertion": h.onlyInsertion()})
	h.refuses(app.CodePINSame, "password.pin", fields{"old": ownPIN, "new": citizenPIN, "again": citizenPIN})
	h.refuses(app.CodePINLow, "password.pin", fields{"old": ownPIN, "new": thoughtPIN, "again": thoughtPIN})
	h.shows("password.done", "password.pin", fields{"old": citizenPIN, "new": ownPIN, "again": ownPIN})
	h.shows("attract", "finish", nil)
	h.untilEnded()

	// It is forgotten, and the token locks.
	err := h.bench.Fault("citizen", virtual.Fault{PINTriesLeft: 1})
	if err != nil {
		t.Fatal(err)
	}
	h.shows("menu", "start", fields{"lang": "en"})
	h.shows("password.medium", "password", nil)
	h.shows("password.pin", "password.medium", fields{"kind": "token", "insertion": h.onlyInsertion()})
	forgotten := fields{"old": citizenPIN, "new": thoughtPIN, "again": thoughtPIN}
	s = h.do("password.pin", forgotten)
	if s.Notice != nil && s.Notice.Code == app.CodePINLast {
		s = h.do("password.pin", forgotten)
	}
	if s.Notice == nil || s.Notice.Code != app.CodePINLocked {
		t.Fatalf("notice %+v", s.Notice)
	}
	h.shows("attract", "exit", nil)
	h.untilEnded()

	// Staff unblock it; the citizen types a PIN of his own.
	h.plug("staff")
	h.untilScreen("staff.pin")
	h.shows("staff.queue", "staff.pin", fields{"pin": operatorPIN})
	h.shows("staff.unblock", "staff.unblock", nil)
	h.shows("staff.unblock-admin", "staff.unblock-token", fields{"insertion": h.onlyInsertion()})
	h.shows("staff.unblock-turn", "staff.unblock-admin", fields{"pin": "11223344"})
	h.shows("staff.unblock-pin", "staff.turned", nil)
	h.refuses(app.CodeAdminPIN, "staff.unblock-pin", fields{"new": thoughtPIN, "again": thoughtPIN})
	h.shows("staff.unblock-turn", "staff.unblock-admin", fields{"pin": adminPIN})
	h.shows("staff.unblock-pin", "staff.turned", nil)
	h.shows("staff.unblocked", "staff.unblock-pin", fields{"new": thoughtPIN, "again": thoughtPIN})

	// The token is lost: its certificates are revoked by order, and everybody can see it.
	h.pull("citizen")
	h.shows("staff.queue", "staff.queue", nil)
	h.shows("staff.people", "staff.people", nil)
	s = h.shows("staff.people", "staff.find", fields{"query": centretest.Person(centretest.IINAigerim).Surname})
	if people := data[app.StaffPeopleScreen](h, s).Items; len(people) != 1 {
		t.Fatalf("found %d people", len(people))
	}
	s = h.shows("staff.person", "staff.person", fields{"person": 0})
	if person := data[app.StaffPersonScreen](h, s); len(person.Certificates) != 2 || len(person.Applications) != 1 || !person.CanRevoke {
		t.Fatalf("%+v", person)
	}
	h.shows("staff.revoke", "staff.revoke", nil)
	s = h.shows("staff.revoked", "staff.order", fields{"certificates": []int{0, 1}, "reason": "medium-lost", "note": "", "document": fields{"type": "id-card", "number": "012345678"}})
	for _, item := range data[app.StaffRevokedScreen](h, s).Items {
		if !item.Seen {
			t.Errorf("others are not told of %s", item.Serial)
		}
	}
	s = h.shows("staff.person", "staff.back", nil)
	if data[app.StaffPersonScreen](h, s).CanRevoke {
		t.Error("they could be revoked again")
	}
	h.shows("staff.people", "back", nil)
	s = h.shows("staff.report", "staff.report", nil)
	report := data[app.StaffReportScreen](h, s)
	if len(report.Totals) != 5 || report.Totals[4].Value != "2" || !report.Today {
		t.Errorf("the day's report: %+v", report)
	}
	h.pull("staff")
	h.until("locked", func(s snapshot) bool { return s.Role == app.RoleNone })
	h.untilEnded()

	// The token that was found again opens by the PIN its owner thought of.
	h.plug("citizen")
	h.shows("menu", "start", fields{"lang": "kk"})
	h.shows("password.medium", "password", nil)
	h.shows("password.pin", "password.medium", fields{"kind": "token", "insertion": h.onlyInsertion()})
	h.shows("password.done", "password.pin", fields{"old": thoughtPIN, "new": ownPIN, "again": ownPIN})
	h.stop()
	for _, secret := range []string{adminPIN, thoughtPIN, ownPIN, centretest.IINAigerim, centretest.Person(centretest.IINAigerim).Surname} {
		if strings.Contains(h.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	h.examine(number)
}
