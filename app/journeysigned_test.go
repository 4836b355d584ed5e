//go:build cgo

package app_test

import (
	"crypto/rsa"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// firstKeys gives the citizen's token a certified RSA pair, the way a person without keys gets them.
func (h *hall) firstKeys() {
	h.t.Helper()
	h.plug("citizen")
	h.toStorage(centretest.IINAigerim, nil)
	h.chooseToken()
	h.do("apply.pin", fields{"pin": citizenPIN})
	number := h.submit()
	h.untilCentre(number, api.StatusWaiting)
	h.centre.Approve(number)
	h.untilIssued(number)
	h.shows("install.pin", "status.install", nil)
	h.do("install.pin", fields{"pin": citizenPIN})
	h.untilScreen("install.factory")
	h.shows("install.done", "install.keep-pin", nil)
	h.shows("attract", "finish", nil)
	h.untilEnded()
}

// insertion waits for a token with a serial number on a screen that lists tokens.
func (h *hall) insertion(serial string) (n uint64) {
	h.t.Helper()
	h.until("token "+serial, func(s snapshot) bool {
		for _, t := range data[struct {
			Tokens []app.TokenCard `json:"tokens"`
		}](h, s).Tokens {
			if t.Serial == serial && t.Usable {
				n = t.Insertion
				return true
			}
		}
		return false
	})
	return n
}

// unlockToken goes from the choice of medium to the keys of a token.
func (h *hall) unlockToken(serial, pin string) {
	h.t.Helper()
	h.untilScreen("sign.medium")
	h.shows("sign.secret", "sign.medium", fields{"kind": "token", "insertion": h.insertion(serial)})
	h.shows("sign.keys", "sign.secret", fields{"pin": pin})
}

// signKey picks the key that serves, as the screen does, and signs.
func (h *hall) signKey(screen string) snapshot {
	h.t.Helper()
	keys := data[app.SignKeysScreen](h, h.read(h.kiosk.State()))
	return h.shows(screen, "sign.go", fields{"key": keys.Chosen})
}

func (h *hall) fromRegion(action string, a any) {
	h.t.Helper()
	s := h.shows("apply.region", action, a)
	s = h.shows("apply.locality", "apply.region", fields{"code": data[app.ApplyRegionScreen](h, s).Regions[0].Code})
	h.shows("apply.storage", "apply.locality", fields{"code": data[app.ApplyLocalityScreen](h, s).Localities[0].Code})
}

// untilLoadable waits on the last screen for the certificates and begins to load them.
func (h *hall) untilLoadable(s snapshot) (number string) {
	h.t.Helper()
	number = strings.ReplaceAll(data[app.ApplyDoneScreen](h, s).Number, " ", "")
	h.until("certificates", func(s snapshot) bool {
		d := data[app.ApplyDoneScreen](h, s)
		if d.State == "rejected" {
			h.t.Fatalf("the centre says: %s", d.Why)
		}
		return d.State == "issued"
	})
	return number
}

// onStickSigned makes a key in a file, signs with the token, and installs; it gives the file's path.
func (h *hall) onStickSigned() string {
	h.t.Helper()
	h.shows("apply.stick-warning", "apply.storage", fields{"kind": "stick"})
	h.shows("apply.agreement", "apply.stick-accept", nil)
	h.do("apply.agree", nil)
	h.untilScreen("apply.summary")
	h.shows("sign.medium", "apply.submit", fields{"consent": true})
	h.unlockToken("KZ0001", citizenPIN)
	number := h.untilLoadable(h.signKey("apply.done"))
	h.shows("install.password", "status.install", nil)
	h.do("install.password", fields{"password": "Qwerty12", "again": "Qwerty12"})
	done := data[app.InstallDoneScreen](h, h.untilScreen("install.done"))
	if len(done.Files) != 1 {
		h.t.Fatalf("files %v", done.Files)
	}
	h.untilCentre(number, api.StatusInstalled)
	h.shows("cabinet.home", "cabinet", nil)
	return filepath.Join(h.folder, done.Files[0])
}

// TestJourney_SignedApplications walks what a citizen with keys asks for: new ones on another token with a code by SMS, one
// by GOST and one for an information system on a stick, and what was filed on the web.
func TestJourney_SignedApplications(t *testing.T) {
	h := newHall(t)
	h.enrol()
	h.firstKeys()
	if err := h.centre.AddSystem(t.Context(), centre.SystemRow{OID: "1.2.398.9.1", IIN: centretest.IINAigerim, Name: registry.Words{KK: "Ж", RU: "С", EN: "S"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(h.folder, 0o755); err != nil {
		t.Fatal(err)
	}
	h.plug("second")
	h.shows("menu", "start", fields{"lang": "ru"})
	h.shows("sign.medium", "cabinet", nil)
	h.unlockToken("KZ0001", citizenPIN)
	h.signKey("cabinet.home")

	// Reissue onto another token.
	h.shows("apply.name", "reissue", nil)
	h.shows("apply.email", "apply.name", nil)
	h.fromRegion("apply.email", fields{"email": "aigerim@example.kz"})
	h.shows("apply.agreement", "apply.storage", fields{"kind": "token", "insertion": h.insertion("KZ0002")})
	h.shows("apply.pin", "apply.agree", nil)
	h.do("apply.pin", fields{"pin": ownPIN})
	h.untilScreen("apply.summary")
	h.shows("code.method", "apply.submit", fields{"consent": true})
	h.shows("code.entry", "code.ask", fields{"method": "sms"})
	if s := h.do("code.tell", fields{"code": "000000"}); s.Notice == nil || s.Notice.Code != app.CodeCodeWrong || data[app.CodeEntryScreen](h, s).Left != 2 {
		t.Fatalf("a wrong code: %+v", s.Notice)
	}
	code := h.centre.LastCode()
	h.shows("sign.medium", "code.tell", fields{"code": code})
	h.unlockToken("KZ0001", citizenPIN)
	h.untilLoadable(h.signKey("apply.done"))
	h.shows("install.pin", "status.install", nil)
	h.do("install.pin", fields{"pin": ownPIN})
	done := data[app.InstallDoneScreen](h, h.untilScreen("install.done"))
	if len(done.Certificates) != 2 || !done.Revoke {
		t.Fatalf("installed %+v", done)
	}
	h.shows("cabinet.home", "cabinet", nil)

	// The same key again: told before anything is made.
	if s := h.do("reissue", nil); s.Screen.Name != "apply.name" { // the new pair may be reissued, so it begins
		t.Fatalf("reissue of the new keys: %s %+v", s.Screen.Name, s.Notice)
	}
	h.shows("cabinet.home", "back", nil)

	// GOST on a stick.
	h.shows("gost.info", "gost", nil)
	h.fromRegion("gost.confirm", nil)
	for _, c := range data[app.ApplyStorageScreen](h, h.read(h.kiosk.State())).Tokens {
		if c.Usable || c.Why == "" {
			t.Errorf("a token without GOST is offered: %+v", c)
		}
	}
	path := h.onStickSigned()
	entry := readEntry(t, path, "Qwerty12")
	if _, is := entry.Key.(*gost.PrivateKey); !is || !strings.HasPrefix(filepath.Base(path), "GOST512_") {
		t.Errorf("%s holds a %T", filepath.Base(path), entry.Key)
	}

	// A key of an information system on a stick.
	s := h.shows("system.list", "system", nil)
	if list := data[app.SystemListScreen](h, s); len(list.Systems) != 1 || list.Systems[0].Name != "С" {
		t.Fatalf("systems %+v", list)
	}
	h.fromRegion("system.choose", fields{"code": "1.2.398.9.1"})
	entry = readEntry(t, h.onStickSigned(), "Qwerty12")
	if _, is := entry.Key.(*rsa.PrivateKey); !is {
		t.Errorf("it holds a %T", entry.Key)
	}
	if template, _ := pki.DefaultProfiles().TemplateOf(entry.Certificate); template != pki.TemplateSystem {
		t.Errorf("the certificate is of the template %q", template)
	}
	if _, err := pki.VerifyChain(entry.Certificate, h.centre.Roots, pki.NewPool(entry.Chain...), time.Time{}); err != nil {
		t.Error(err)
	}
	h.shows("attract", "cabinet.leave", nil)
	h.untilEnded()
	log := h.log.String()
	for _, secret := range []string{code, "Qwerty12", centretest.IINAigerim, centretest.Person(centretest.IINAigerim).Surname} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}
