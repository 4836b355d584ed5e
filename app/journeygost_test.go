//go:build cgo

package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/gost"
	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

// TestJourney_GOSTKeyOnAStick goes from the choice of keys to the file that signs, looks into the file, changes its
// password, and hears of its revocation: with a real centre and a real stick's folder.
func TestJourney_GOSTKeyOnAStick(t *testing.T) {
	h := newHall(t)
	h.enrol()
	err := os.Mkdir(h.folder, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	h.toStorage(centretest.IINAigerim, nil)
	h.until("stick", func(s snapshot) bool { return data[app.ApplyStorageScreen](h, s).Stick.Usable })
	h.shows("apply.stick-warning", "apply.storage", fields{"kind": "stick"})
	s := h.shows("apply.set", "apply.stick-accept", nil)
	if sets := data[app.ApplySetScreen](h, s).Sets; len(sets) != 3 {
		t.Fatalf("sets %+v", sets)
	}
	h.shows("apply.agreement", "apply.set", fields{"code": "gost"})
	h.do("apply.agree", nil)
	number := h.submit()
	h.untilCentre(number, api.StatusWaiting)
	h.centre.Approve(number)
	h.untilIssued(number)
	h.shows("install.password", "status.install", nil)
	h.do("install.password", fields{"password": "Qwerty12", "again": "Qwerty12"})
	done := data[app.InstallDoneScreen](h, h.untilScreen("install.done"))
	if len(done.Files) != 1 || done.Files[0] != "GOST512_"+done.Certificates[0].KeyID+".p12" {
		t.Fatalf("files %v of %+v", done.Files, done.Certificates)
	}
	h.shows("attract", "finish", nil)
	h.untilEnded()
	h.untilCentre(number, api.StatusInstalled)

	path := filepath.Join(h.folder, done.Files[0])
	entry := readEntry(t, path, "Qwerty12")
	if _, is := entry.Key.(*gost.PrivateKey); !is {
		t.Fatalf("the key is a %T", entry.Key)
	}
	if _, err := pki.VerifyChain(entry.Certificate, h.centre.Roots, pki.NewPool(entry.Chain...), time.Time{}); err != nil {
		t.Fatal(err)
	}

	h.shows("menu", "start", fields{"lang": "en"})
	h.shows("files.list", "files", nil)
	h.shows("files.password", "files.open", fields{"file": 0})
	if s := h.do("files.password", fields{"password": "qwerty12"}); s.Notice == nil || s.Notice.Code != app.CodeFilePassword {
		t.Fatalf("a wrong password: %+v", s.Notice)
	}
	key := data[app.FilesDetailScreen](h, h.shows("files.detail", "files.password", fields{"password": "Qwerty12"})).Keys[0]
	if key.State != "valid" || key.Title != "GOST key: for signing in and signing" {
		t.Fatalf("%+v", key)
	}
	h.shows("files.change", "files.change", nil)
	h.do("files.new-password", fields{"old": "Qwerty12", "password": "Sunflower7", "again": "Sunflower7"})
	h.untilScreen("files.changed")
	if !readEntry(t, path, "Sunflower7").Certificate.Equal(entry.Certificate) {
		t.Fatal("another certificate")
	}

	look := func() string {
		h.shows("files.password", "files.open", fields{"file": 0})
		s := h.shows("files.detail", "files.password", fields{"password": "Sunflower7"})
		h.shows("files.list", "back", nil)
		return data[app.FilesDetailScreen](h, s).Keys[0].State
	}
	h.shows("files.list", "files.again", nil)
	h.centre.Stop()
	if state := look(); state != "unchecked" {
		t.Errorf("without the centre the key is %s", state)
	}
	h.centre.Restart()
	err = h.centre.Centre.RevokeCertificate(t.Context(), done.Certificates[0].Serial, "keyCompromise")
	if err != nil {
		t.Fatal(err)
	}
	if state := look(); state != "revoked" {
		t.Errorf("after its revocation the key is %s", state)
	}
	log := h.log.String()
	for _, secret := range []string{"Qwerty12", "Sunflower7", centretest.IINAigerim, centretest.Person(centretest.IINAigerim).Surname} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

func readEntry(t *testing.T, path, password string) keyfile.Entry {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := keyfile.Read(bytes.NewReader(raw), keyfile.NewPassword(password))
	if err != nil {
		t.Fatal(err)
	}
	return entry
}
