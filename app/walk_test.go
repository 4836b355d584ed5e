//go:build cgo

package app_test

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/hardware/token/wire"
	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/api"
)

// TestJournal_KilledAtEveryStepLeavesNoHalfDoneWork kills a terminal with SIGKILL at every step of the device journal, and in the middle of
// the token's own acts, starts it again on what lies on the disk and on the token, and goes on as the citizen does. After each, an outside
// program looks at the token.
func TestJournal_KilledAtEveryStepLeavesNoHalfDoneWork(t *testing.T) {
	h, told := newMortalHall(t)
	here := h.mortal("here", told)
	h.plug("citizen")
	accepted := here.killMakingKeys()
	for _, number := range accepted {
		here.untilCentre(number, api.StatusWaiting)
		here.centre.Approve(number)
	}
	there := h.mortal("there", told)
	here.killRemoving(there, accepted)
	here.killInstalling(accepted[0])
	here.untilCentre(accepted[1], api.StatusIssued)
	there.killTakingUp(accepted[1])
	pin := here.killChangingPIN()

	for _, m := range []*mortalHall{here, there} {
		m.end(false)
		m.settled()
	}
	if numbers := h.numbersOf(h.look(pin)); len(numbers) != len(accepted) {
		t.Errorf("on the token: %v", numbers)
	}
	h.everyKeyCertified(pin, accepted...)
	for _, step := range app.JournalSteps {
		if !told.killed[step] {
			t.Errorf("nothing was killed at %s", step)
		}
	}
	for step := range told.passed {
		if !slices.Contains(app.JournalSteps, step) {
			t.Errorf("%s is none of the steps", step)
		}
	}
}

// restart kills a terminal that works, and starts it on what it left.
func (m *mortalHall) restart(next halt) {
	m.t.Helper()
	m.end(false)
	m.begin(next)
}

func (m *mortalHall) apply() {
	m.t.Helper()
	m.toStorage(applicant, nil)
	m.chooseToken()
	m.do("apply.pin", fields{"pin": citizenPIN})
	m.submit()
}

// openKeys goes from the attract screen to what the token's PIN leads to on the way to the list of keys.
func (m *mortalHall) openKeys(pin string) snapshot {
	m.t.Helper()
	m.shows("menu", "start", fields{"lang": "en"})
	m.shows("keys.medium", "keys", nil)
	s := m.until("token", func(s snapshot) bool { return len(data[app.KeysMediumScreen](m.hall, s).Tokens) == 1 })
	m.shows("keys.pin", "keys.token", fields{"insertion": data[app.KeysMediumScreen](m.hall, s).Tokens[0].Insertion})
	return m.do("keys.pin", fields{"pin": pin})
}

func (m *mortalHall) leave() {
	m.t.Helper()
	m.shows("attract", "finish", nil)
	m.untilEnded()
}

// ask answers the question about unfinished keys with the word to remove them. There must be so many; where there are none, there must be no question.
func (m *mortalHall) ask(count int, why string) {
	m.t.Helper()
	s := m.openKeys(citizenPIN)
	if count > 0 {
		asked := data[app.UnfinishedScreen](m.hall, s)
		if s.Screen.Name != "keys.unfinished" || len(asked.Keys) != count || asked.Keys[0].Why != why {
			m.t.Fatalf("%d unfinished pairs: %s %s", count, s.Screen.Name, s.Screen.Data)
		}
		s = m.do("keys.remove", nil)
	}
	if s.Screen.Name != "keys.list" || s.Notice != nil {
		m.t.Fatalf("%s %+v\n%s", s.Screen.Name, s.Notice, m.log)
	}
}

// loose counts the pairs on the token that no accepted application holds.
func (h *hall) loose(objects []object, accepted []string) int {
	h.t.Helper()
	count := 0
	for number, pairs := range h.numbersOf(objects) {
		switch {
		case !slices.Contains(accepted, number):
			count += pairs
		case pairs != 2:
			h.t.Errorf("%d pairs for an accepted application", pairs)
		}
	}
	return count
}

// tidy goes on as the citizen does after a sudden end, on what an outside program saw after it: what is unfinished is removed with his
// word, and nothing is left of it. The outside program is not run while a terminal begins: SoftHSM passes over a token that another process
// writes to while it looks for its tokens.
func (m *mortalHall) tidy(seen []object, accepted []string, elsewhere bool) {
	m.t.Helper()
	why := "stopped"
	if elsewhere {
		why = "elsewhere"
	}
	m.ask(m.loose(seen, accepted), why)
	if left := m.loose(m.look(citizenPIN), accepted); left > 0 {
		m.t.Errorf("%d pairs of no application are left on the token", left)
	}
	m.leave()
}

// killMakingKeys gives the numbers of the applications that were accepted before the terminal was killed.
func (m *mortalHall) killMakingKeys() []string {
	m.t.Helper()
	var accepted []string
	all := []halt{
		{Step: app.StepIntendKeys, Nth: 1}, {Step: app.StepMakeKeys, Nth: 1}, {Op: wire.OpGenerate, Nth: 1}, {Step: app.StepSignRequest, Nth: 1},
		{Op: wire.OpSign, Nth: 1}, {Step: app.StepIntendKeys, Nth: 2}, {Step: app.StepMakeKeys, Nth: 2}, {Op: wire.OpGenerate, Nth: 2},
		{Step: app.StepSignRequest, Nth: 2}, {Step: app.StepAccept, Nth: 1}, {Step: app.StepCloseKeys, Nth: 1}, {Step: app.StepCloseKeys, Nth: 2},
	}
	m.restart(all[0])
	for n, at := range all {
		m.killAt(at, m.apply)
		seen := m.look(citizenPIN)
		m.begin(following(all, n))
		if at.Step == app.StepCloseKeys {
			accepted = append(accepted, m.newest(accepted))
		}
		m.tidy(seen, accepted, false)
	}
	return accepted
}

// newest is the number of an application that the terminal has kept, as the citizen finds it who was not told it.
func (m *mortalHall) newest(known []string) string {
	m.t.Helper()
	s := m.openKeys(citizenPIN)
	number := ""
	for _, i := range data[app.KeysListScreen](m.hall, s).Items {
		n := strings.ReplaceAll(i.Number, " ", "")
		if i.State != "waiting" {
			m.t.Errorf("a key of an accepted application is %s", i.State)
		}
		if !slices.Contains(known, n) {
			number = n
		}
	}
	if number == "" {
		m.t.Fatalf("no new application: %s %s", s.Screen.Name, s.Screen.Data)
	}
	m.leave()
	return number
}

// killRemoving kills the terminal while unfinished keys are removed, and the other one, which knows nothing of them but what is on the token.
func (m *mortalHall) killRemoving(other *mortalHall, accepted []string) {
	m.t.Helper()
	removing := func(n *mortalHall) func() {
		return func() { n.openKeys(citizenPIN); n.do("keys.remove", nil) }
	}
	m.killAt(halt{Step: app.StepAccept, Nth: 1}, m.apply)
	for _, at := range []halt{{Step: app.StepRemoveKeys, Nth: 1}, {Op: wire.OpDelete, Nth: 1}, {Step: app.StepCloseRemoval, Nth: 1}, {Step: app.StepCloseRemoval, Nth: 2}} {
		m.begin(at)
		m.killAt(at, removing(m))
	}
	seen := m.look(citizenPIN)
	m.begin(halt{})
	m.tidy(seen, accepted, false)

	m.killAt(halt{Step: app.StepAccept, Nth: 1}, m.apply)
	for _, at := range []halt{{Step: app.StepIntendRemoval, Nth: 1}, {Step: app.StepRemoveKeys, Nth: 1}, {Op: wire.OpDelete, Nth: 1}, {Step: app.StepCloseRemoval, Nth: 1}} {
		other.restart(at)
		other.killAt(at, removing(other))
	}
	seen = m.look(citizenPIN)
	other.begin(halt{})
	other.tidy(seen, accepted, true)
	other.end(false)
	seen = m.look(citizenPIN)
	m.begin(halt{})
	m.tidy(seen, accepted, false)
}

// toInstall goes as far as the certificates of an application can be had.
func (m *mortalHall) toInstall(number string) {
	m.t.Helper()
	m.untilIssued(number)
	m.do("status.install", nil)
}

// install walks on to the certificates, wherever the keys were made.
func (m *mortalHall) install() {
	m.t.Helper()
	for range 8 {
		s := m.until("the next question", func(s snapshot) bool { return s.Screen.Name != "install.progress" && s.Screen.Name != "install.medium" })
		if s.Notice != nil {
			m.t.Fatalf("%s %+v\n%s", s.Screen.Name, s.Notice, m.log)
		}
		switch s.Screen.Name {
		case "install.take":
			s = m.until("token", func(s snapshot) bool { return len(data[app.InstallTakeScreen](m.hall, s).Tokens) == 1 })
			m.do("install.take", fields{"kind": "token", "insertion": data[app.InstallTakeScreen](m.hall, s).Tokens[0].Insertion})
		case "install.pin":
			m.do("install.pin", fields{"pin": citizenPIN})
		case "install.factory":
			m.do("install.keep-pin", nil)
		case "install.done":
			m.leave()
			return
		default:
			m.t.Fatalf("installing led to %s", s.Screen.Name)
		}
	}
	m.t.Fatal("it goes in circles")
}

func (m *mortalHall) killInstalling(number string) {
	m.t.Helper()
	written := 0
	for _, at := range []halt{
		{Step: app.StepIntendCertificate, Nth: 1}, {Step: app.StepWriteCertificate, Nth: 1}, {Op: wire.OpWrite, Nth: 1}, {Step: app.StepReadBack, Nth: 1},
		{Step: app.StepCloseCertificate, Nth: 1}, {Step: app.StepIntendCertificate, Nth: 2}, {Step: app.StepWriteCertificate, Nth: 2}, {Op: wire.OpWrite, Nth: 2},
		{Step: app.StepReadBack, Nth: 2}, {Step: app.StepCloseCertificate, Nth: 2}, {Step: app.StepMarkInstalled, Nth: 1}, {Step: app.StepInstalled, Nth: 1},
	} {
		m.restart(at)
		m.toInstall(number)
		m.killAt(at, m.install)
		objects := m.look(citizenPIN)
		m.numbersOf(objects)
		now := 0
		for _, o := range objects {
			if o.class == "Certificate" {
				now++
			}
		}
		if now < written {
			m.t.Errorf("%d certificates after %s, %d before", now, at, written)
		}
		written = now
	}
	m.begin(halt{})
	if s := m.status(number); s.Status != string(api.StatusInstalled) {
		m.t.Errorf("after everything the application is %s", s.Status)
	}
	m.leave()
	m.untilCentre(number, api.StatusInstalled)
}

func (m *mortalHall) status(number string) app.StatusWordScreen {
	m.t.Helper()
	m.shows("menu", "start", fields{"lang": "en"})
	m.shows("status.number", "status", nil)
	return data[app.StatusWordScreen](m.hall, m.shows("status.word", "status.find", fields{"number": number}))
}

// killTakingUp installs at a terminal at which nobody has applied.
func (m *mortalHall) killTakingUp(number string) {
	m.t.Helper()
	for _, at := range []halt{
		{Step: app.StepTakeUp, Nth: 1}, {Step: app.StepIntendCertificate, Nth: 1}, {Op: wire.OpWrite, Nth: 1}, {Step: app.StepWriteCertificate, Nth: 2},
		{Step: app.StepMarkInstalled, Nth: 1},
	} {
		m.restart(at)
		m.toInstall(number)
		m.killAt(at, m.install)
		m.numbersOf(m.look(citizenPIN))
	}
	m.begin(halt{})
	m.toInstall(number)
	m.install()
	m.untilCentre(number, api.StatusInstalled)
}

// killChangingPIN gives the PIN that holds at last: one of the two does, and which one an outside program finds.
func (m *mortalHall) killChangingPIN() string {
	m.t.Helper()
	pin, other := citizenPIN, ownPIN
	all := []halt{{Step: app.StepIntendPIN, Nth: 1}, {Step: app.StepChangePIN, Nth: 1}, {Op: wire.OpChangePIN, Nth: 1}, {Step: app.StepClosePIN, Nth: 1}}
	m.restart(all[0])
	for n, at := range all {
		m.killAt(at, func() {
			m.shows("menu", "start", fields{"lang": "en"})
			m.shows("password.medium", "password", nil)
			s := m.until("token", func(s snapshot) bool { return len(data[app.PasswordMediumScreen](m.hall, s).Tokens) == 1 })
			m.shows("password.pin", "password.medium", fields{"kind": "token", "insertion": data[app.PasswordMediumScreen](m.hall, s).Tokens[0].Insertion})
			m.do("password.pin", fields{"old": pin, "new": other, "again": other})
		})
		changed := at.Op != "" || at.Step == app.StepClosePIN
		if changed {
			pin, other = other, pin
			if other == citizenPIN {
				other = "9182736450" // the factory's is not taken
			}
		}
		if out, err := m.tool("--login", "--pin", pin, "-O"); err != nil {
			m.t.Fatalf("after %s: %v\n%s", at, err, out)
		}
		m.begin(following(all, n))
		if s := m.openKeys(pin); s.Screen.Name != "keys.list" {
			m.t.Fatalf("after %s: %s %+v", at, s.Screen.Name, s.Notice)
		}
		m.leave()
	}
	return pin
}

// everyKeyCertified fails unless each key of the applications has a certificate for it, as an outside program reads both.
func (h *hall) everyKeyCertified(pin string, numbers ...string) {
	h.t.Helper()
	dir, count := h.t.TempDir(), 0
	read := func(kind, id string) []byte {
		h.t.Helper()
		file := filepath.Join(dir, kind+id)
		out, err := h.tool("--login", "--pin", pin, "--read-object", "--type", kind, "--id", id, "-o", file)
		if err != nil {
			h.t.Fatalf("pkcs11-tool: %v\n%s", err, out)
		}
		der, err := os.ReadFile(file)
		if err != nil {
			h.t.Fatal(err)
		}
		return der
	}
	for _, o := range h.look(pin) {
		if o.class != "Private Key" {
			continue
		}
		cert, err := x509.ParseCertificate(read("cert", o.id))
		if err != nil {
			h.t.Fatal(err)
		}
		if string(cert.RawSubjectPublicKeyInfo) != string(read("pubkey", o.id)) || hex.EncodeToString(cert.SubjectKeyId) == "" {
			h.t.Errorf("the certificate of %s is for another key", o.label)
		}
		count++
	}
	if count != 2*len(numbers) {
		h.t.Errorf("%d certified keys", count)
	}
}

// settled fails where the terminal's database holds an open intent, or its audit chain is broken.
func (m *mortalHall) settled() {
	m.t.Helper()
	key, err := os.ReadFile(filepath.Join(m.state, "seal.key"))
	if err != nil {
		m.t.Fatal(err)
	}
	s, err := storage.Open(filepath.Join(m.state, "kiosk.db"), storage.Options{SealKey: key})
	if err != nil {
		m.t.Fatal(err)
	}
	defer s.Close()
	open, err := s.OpenIntents(context.Background())
	if err != nil || len(open) != 0 {
		m.t.Errorf("open intents %+v, %v", open, err)
	}
	report, err := s.VerifyAudit(context.Background())
	if err != nil || !report.Whole() {
		m.t.Errorf("audit %+v, %v", report, err)
	}
}
