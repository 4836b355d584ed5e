//go:build cgo

package app_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

// certified puts a certified RSA pair of a person onto the citizen's token, which stays plugged in.
func (h *hall) certified(iin string) {
	h.t.Helper()
	h.plug("citizen")
	h.toStorage(iin, nil)
	h.chooseToken()
	h.do("apply.pin", fields{"pin": citizenPIN})
	number := h.submit()
	h.untilCentre(number, api.StatusWaiting)
	h.centre.Approve(number)
	h.untilIssued(number)
	h.do("status.install", nil)
	h.untilScreen("install.pin")
	h.do("install.pin", fields{"pin": citizenPIN})
	h.untilScreen("install.factory")
	h.shows("install.done", "install.keep-pin", nil)
	h.shows("attract", "finish", nil)
	h.untilEnded()
	h.untilCentre(number, api.StatusInstalled)
}

// unlocked goes from the choice of medium to the keys of the only token.
func (h *hall) unlocked() app.SignKeysScreen {
	h.t.Helper()
	s := h.until("token", func(s snapshot) bool {
		return s.Screen.Name == "sign.medium" && len(data[app.SignMediumScreen](h, s).Tokens) == 1
	})
	h.shows("sign.secret", "sign.medium", fields{"kind": "token", "insertion": data[app.SignMediumScreen](h, s).Tokens[0].Insertion})
	s = h.shows("sign.keys", "sign.secret", fields{"pin": citizenPIN})
	return data[app.SignKeysScreen](h, s)
}

// signedIn opens the cabinet with the token.
func (h *hall) signedIn() app.CabinetHomeScreen {
	h.t.Helper()
	h.shows("menu", "start", fields{"lang": "en"})
	h.shows("sign.medium", "cabinet", nil)
	keys := h.unlocked()
	return data[app.CabinetHomeScreen](h, h.shows("cabinet.home", "sign.go", fields{"key": keys.Chosen}))
}

// revokes goes from the cabinet to the accepted application and gives its number.
func (h *hall) revokes(reason string, keys ...int) string {
	h.t.Helper()
	h.shows("revoke.list", "revoke", nil)
	h.shows("revoke.reason", "revoke.choose", fields{"keys": keys})
	h.shows("revoke.confirm", "revoke.reason", fields{"code": reason})
	h.shows("sign.medium", "revoke.go", fields{"consent": true})
	s := h.shows("revoke.done", "sign.go", fields{"key": h.unlocked().Chosen})
	return strings.ReplaceAll(data[app.RevokeDoneScreen](h, s).Number, " ", "")
}

// untilRevocation waits for a state of the revocation's screen.
func (h *hall) untilRevocation(state string) app.RevokeDoneScreen {
	h.t.Helper()
	s := h.until("the revocation "+state, func(s snapshot) bool {
		return s.Screen.Name == "revoke.done" && data[app.RevokeDoneScreen](h, s).State == state
	})
	return data[app.RevokeDoneScreen](h, s)
}

// TestJourney_RevokesAtOnce: both keys of a pair, seen in the list, by OCSP and in the CRL; the token then opens nothing.
func TestJourney_RevokesAtOnce(t *testing.T) {
	h := newHall(t)
	h.enrol()
	h.certified(centretest.IINAigerim)
	if home := h.signedIn(); home.Offline {
		t.Fatal("the cabinet is offline")
	}
	h.shows("certificates.list", "certificates", nil)
	list := data[app.CertificatesListScreen](h, h.read(h.kiosk.State()))
	if len(list.Keys) != 2 || !list.Whole || list.Keys[0].State != "valid" {
		t.Fatalf("%+v", list)
	}
	h.savesReport()
	h.shows("cabinet.home", "cabinet", nil)
	number := h.revokes("compromise", 0, 1)
	d := h.untilRevocation("revoked")
	for _, p := range d.Proofs {
		if !p.Seen {
			t.Errorf("not seen: %+v", p)
		}
	}
	if len(d.Proofs) != 3 || d.Home {
		t.Errorf("%+v", d)
	}
	h.shows("attract", "finish", nil)
	h.untilEnded()
	h.untilCentre(number, api.StatusRevoked)
	h.publishedRevoked(number)

	h.shows("menu", "start", fields{"lang": "kk"})
	h.shows("sign.medium", "cabinet", nil)
	keys := h.unlocked()
	if keys.Chosen != -1 {
		t.Fatalf("a revoked key may sign in: %+v", keys)
	}
	s := h.do("sign.go", fields{"key": 0})
	if s.Notice == nil || s.Notice.Code != app.CodeKeyRevoked {
		t.Errorf("%+v", s.Notice)
	}
}

// savesReport saves the list as a PDF, which holds the person's name and lies nowhere but on the stick.
func (h *hall) savesReport() {
	h.t.Helper()
	err := os.Mkdir(h.folder, 0o755)
	if err != nil {
		h.t.Fatal(err)
	}
	h.shows("certificates.report", "certificates.report", nil)
	h.until("stick", func(s snapshot) bool { return data[app.CertificatesReportScreen](h, s).Stick.Usable })
	s := h.shows("certificates.report", "report.save", nil)
	r := data[app.CertificatesReportScreen](h, s)
	pdf, err := os.ReadFile(filepath.Join(h.folder, r.Text))
	if err != nil || r.Phase != "saved" || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		h.t.Fatalf("%+v: %v", r, err)
	}
	left, err := os.ReadDir(h.folder)
	if err != nil || len(left) != 1 {
		h.t.Errorf("on the stick: %v, %v", left, err)
	}
	err = filepath.WalkDir(h.state, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err == nil && bytes.Contains(body, []byte("%PDF-")) {
			h.t.Errorf("%s holds a PDF", path)
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}

// publishedRevoked asks OCSP and CRL of the centre's, past the terminal.
func (h *hall) publishedRevoked(number string) {
	h.t.Helper()
	h.stop()
	key, err := os.ReadFile(filepath.Join(h.state, "seal.key"))
	if err != nil {
		h.t.Fatal(err)
	}
	s, err := storage.Open(filepath.Join(h.state, "kiosk.db"), storage.Options{SealKey: key})
	if err != nil {
		h.t.Fatal(err)
	}
	installed, err := s.ByMedium(context.Background(), "KZ0001")
	if err != nil || len(installed) == 0 {
		h.t.Fatalf("%v, %v", installed, err)
	}
	for _, k := range installed[0].Keys {
		cert, err := x509.ParseCertificate(k.Certificate)
		if err != nil {
			h.t.Fatal(err)
		}
		issuer, err := x509.ParseCertificate(k.Chain[0])
		if err != nil {
			h.t.Fatal(err)
		}
		for _, source := range []pki.Source{&pki.OCSPSource{}, &pki.CRLSource{}} {
			if a := pki.Check(h.t.Context(), cert, issuer, source); a.State != pki.Revoked {
				h.t.Errorf("%T says %v: %v", source, a.State, a.Err)
			}
		}
	}
	err = s.Close()
	if err != nil {
		h.t.Error(err)
	}
	h.start()
	h.until("line", func(s snapshot) bool { return s.Online })
}

// TestJourney_RevokesWhileTheLineIsDown: it is queued first of all, and done when the line is back.
func TestJourney_RevokesWhileTheLineIsDown(t *testing.T) {
	h := newHall(t)
	h.enrol()
	h.certified(centretest.IINAigerim)
	h.centre.Stop()
	h.until("line down", func(s snapshot) bool { return !s.Online })
	if home := h.signedIn(); !home.Offline {
		t.Fatal("the cabinet speaks of a centre that is down")
	}
	signing := -1
	for _, k := range data[app.RevokeListScreen](h, h.shows("revoke.list", "revoke", nil)).Keys {
		if k.Title == "Key for signing documents" {
			signing = k.Key
		}
	}
	h.shows("cabinet.home", "back", nil)
	number := h.revokes("medium-lost", signing)
	h.untilRevocation("queued")
	h.centre.Restart()
	d := h.untilRevocation("revoked")
	if len(d.Proofs) != 2 {
		t.Errorf("%+v", d.Proofs)
	}
	h.untilCentre(number, api.StatusRevoked)
	h.shows("cabinet.home", "cabinet", nil)
	s := h.shows("revoke.list", "revoke", nil)
	for _, k := range data[app.RevokeListScreen](h, s).Keys {
		if k.Key == signing && k.Usable {
			t.Errorf("it is offered again: %+v", k)
		}
	}
}
