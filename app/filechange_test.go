package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
)

const freshPassword = "Sunflower7"

// toChange opens the only file and goes on to its new password.
func (p *pocket) toChange() {
	p.t.Helper()
	p.toPassword()
	p.opens(filePassword)
	p.shows("files.change", "files.change", nil)
}

// change enters everything and gives the screen that comes of it.
func (p *pocket) change(old, fresh string) picture {
	p.t.Helper()
	p.do("files.new-password", args{"old": old, "password": fresh, "again": fresh})
	return p.until("the end of the change", func(p picture) bool { return p.Screen.Name != "files.progress" })
}

func TestChange_NewPasswordOpensAndTheOldOneDoesNot(t *testing.T) {
	for _, folder := range []string{"", "Мои ключи"} {
		for _, template := range []string{"gost2015", "rsa-sign"} {
			p := newPocket(t)
			name, _ := p.layKey(folder, template, fakeCA(), p.now().Add(-time.Hour), p.now().AddDate(1, 0, 0))
			p.toChange()
			got := p.change(filePassword, freshPassword)
			if got.Screen.Name != "files.changed" || got.Notice != nil {
				t.Fatalf("%s", got)
			}
			var d FilesChangedScreen
			got.data(t, &d)
			if !d.TakeOut || d.File.Folder != folder {
				t.Errorf("%+v", d)
			}
			if p.holds(name, filePassword) || !p.holds(name, freshPassword) {
				t.Error("the file has not changed its password")
			}
			entries, err := os.ReadDir(filepath.Join(p.folder, folder))
			if err != nil || len(entries) != 1 {
				t.Errorf("left beside it: %v, %v", entries, err)
			}
			p.shows("files.list", "files.again", nil)
			p.shows("files.password", "files.open", args{"file": 0})
			p.refuses(CodeFilePassword, "files.password", args{"password": filePassword})
			p.opens(freshPassword)
		}
	}
}

func TestChange_RefusesBeforeTheStickIsTouched(t *testing.T) {
	p := newPocket(t)
	name, _ := p.own()
	p.toChange()
	touched := false
	p.stick.replacing = func() error { touched = true; return nil }
	with := func(old, fresh, again string) args { return args{"old": old, "password": fresh, "again": again} }
	p.refuses(CodeFilePasswordEmpty, "files.new-password", with("", freshPassword, freshPassword))
	p.refuses(CodeFileCyrillic, "files.new-password", with("Qwеrty12", freshPassword, freshPassword))
	p.refuses(CodePasswordRules, "files.new-password", with(filePassword, "qwerty", "qwerty"))
	p.refuses(CodePasswordRules, "files.new-password", with(filePassword, "Құпия123", "Құпия123"))
	p.refuses(CodePasswordDiffers, "files.new-password", with(filePassword, freshPassword, freshPassword+"8"))
	p.refuses(CodePasswordSame, "files.new-password", with(filePassword, filePassword, filePassword))
	got := p.change("Wrong123", freshPassword)
	if got.Screen.Name != "files.change" || got.code() != CodeFilePassword {
		t.Fatalf("%s", got)
	}
	if touched || !p.holds(name, filePassword) {
		t.Fatal("the stick was touched")
	}
	p.stick.replacing = nil
	if got := p.change(filePassword, freshPassword); got.Screen.Name != "files.changed" {
		t.Fatalf("the next right entry led to %s", got)
	}
}

// TestChange_BadLuckLeavesTheOldFileWhole: each has its number, the old password opens, and the next right entry works.
func TestChange_BadLuckLeavesTheOldFileWhole(t *testing.T) {
	for code, err := range map[Code]error{
		CodeChangeFull: stick.ErrFull, CodeChangeReadOnly: stick.ErrReadOnly, CodeChangeDamaged: stick.ErrDamaged,
		CodeChangeMeanwhile: keyfile.ErrReplaced, CodeChangeRefused: keyfile.ErrUnsupported,
	} {
		p := newPocket(t)
		name, _ := p.own()
		p.toChange()
		p.stick.replacing = func() error { return err }
		got := p.change(filePassword, freshPassword)
		if got.Screen.Name != "files.change" || got.code() != code {
			t.Errorf("%v: %s", err, got)
		}
		if !p.holds(name, filePassword) {
			t.Errorf("%v: the old file is gone", err)
		}
		p.stick.replacing = nil
		if got := p.change(filePassword, freshPassword); got.Screen.Name != "files.changed" || !p.holds(name, freshPassword) {
			t.Errorf("%v: the next entry led to %s", err, got)
		}
	}
}

func TestChange_StickPulledInTheMiddle(t *testing.T) {
	p := newPocket(t)
	name, _ := p.own()
	p.toChange()
	p.stick.replacing = func() error { p.out(); return nil }
	got := p.change(filePassword, freshPassword)
	if got.Screen.Name != "files.medium" || got.code() != CodeChangePulled {
		t.Fatalf("%s", got)
	}
	p.stick.replacing = nil
	p.untilStick(false)
	p.in()
	p.untilScreen("files.list")
	if !p.holds(name, filePassword) {
		t.Fatal("the old file is gone")
	}
	p.shows("files.password", "files.open", args{"file": 0})
	p.opens(filePassword)
	p.shows("files.change", "files.change", nil)
	if got := p.change(filePassword, freshPassword); got.Screen.Name != "files.changed" {
		t.Fatalf("%s", got)
	}
}

// TestChange_UnsettledSaysThatEitherMayBeThePassword: the medium failed after the new file took its place.
func TestChange_UnsettledSaysThatEitherMayBeThePassword(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toChange()
	p.stick.replacing = func() error { return stick.ErrUnsettled }
	got := p.change(filePassword, freshPassword)
	if got.Notice == nil || got.code() != CodeChangeUnsettled {
		t.Fatalf("%s", got)
	}
}

// TestChange_TakingTheStickOutAfterwardsIsNoFault: it is what the screen asks for.
func TestChange_TakingTheStickOutAfterwardsIsNoFault(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toChange()
	p.change(filePassword, freshPassword)
	p.out()
	got := p.until("taken out", func(p picture) bool {
		var d FilesChangedScreen
		p.data(t, &d)
		return p.Screen.Name == "files.changed" && !d.TakeOut
	})
	if got.Notice != nil {
		t.Fatalf("%s", got)
	}
	p.shows("files.medium", "files.again", nil)
	p.shows("menu", "back", nil)
}

// TestChange_CannotBeLeftHalfWay: idle and exit do not interrupt it.
func TestChange_CannotBeLeftHalfWay(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toChange()
	held, on := make(chan struct{}), make(chan struct{})
	p.stick.replacing = func() error { close(held); <-on; return nil }
	p.do("files.new-password", args{"old": filePassword, "password": freshPassword, "again": freshPassword})
	<-held
	p.pass(10 * time.Minute)
	if got := p.do("exit", nil); got.Screen.Name != "files.progress" || got.CanExit || got.CanBack || got.Dialog != nil {
		t.Fatalf("%s", got)
	}
	close(on)
	p.untilScreen("files.changed")
}
