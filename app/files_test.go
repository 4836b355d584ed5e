package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/hardware/stick"
)

func TestFiles_StickIsAskedForAndListedByItself(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.out()
	p.untilStick(false)
	p.shows("menu", "start", args{"lang": "ru"})
	p.shows("files.medium", "files", nil)
	p.refuses(CodeStickAbsent, "files.look", nil)
	p.in()
	var d FilesListScreen
	p.untilScreen("files.list").data(t, &d)
	if len(d.Files) != 1 || !d.Files[0].Usable {
		t.Fatalf("%+v", d)
	}
	p.shows("menu", "back", nil)
}

func TestFiles_NamesAreMadeReadable(t *testing.T) {
	p := newPocket(t)
	whole := keyFile(t, rsaKeys()[0], p.someCertificate())
	for _, name := range []string{
		"GOST512_4bb0b7b3bd2ceb6cd30d0b6f2cfe1e0f3e1f12d0.p12", "GOSTKNCA_0d0b6f2cfe1e0f3e1f12dab12.p12", "RSA256_aaaa1.p12", "AUTH_RSA256_bbbbbbb2.p12",
		"Мои ключи.pfx", "Ключи 2026/gost512_cc3.P12", strings.Repeat("x", 90) + "-end.p12",
	} {
		p.lay(name, whole)
	}
	want := map[string]string{
		"Ключ ГОСТ · …1f12d0": "", "Ключ ГОСТ · …2dab12": "", "Ключ для подписи (RSA) · …aaaa1": "", "Ключ для входа (RSA) · …bbbbb2": "",
		"Мои ключи.pfx": "", "Ключ ГОСТ · …cc3": "Ключи 2026",
	}
	d := p.toList()
	for _, f := range d.Files {
		folder, known := want[f.Title]
		if !known {
			if !strings.HasPrefix(f.Title, "xxx") || !strings.HasSuffix(f.Title, "-end.p12") || len([]rune(f.Title)) > shownName {
				t.Errorf("%+v", f)
			}
			continue
		}
		if f.Folder != folder || !f.Usable {
			t.Errorf("%+v", f)
		}
		delete(want, f.Title)
	}
	if len(want) != 0 || d.More {
		t.Fatalf("not listed: %v", want)
	}
}

func TestFiles_NamesCannotDeceive(t *testing.T) {
	for name, want := range map[string]string{
		"a\u202egpj.p12": "a·gpj.p12", "b\x07.p12": "b·.p12", "\xff.p12": "·.p12", "c\u00a0d.p12": "c·d.p12",
	} {
		if got := shortened(name); got != want {
			t.Errorf("%q is shown as %q", name, got)
		}
	}
}

// TestFiles_WhatIsNoKeyFileIsNamedAndCannotBeOpened lays everything that only looks like one on the stick.
func TestFiles_WhatIsNoKeyFileIsNamedAndCannotBeOpened(t *testing.T) {
	p := newPocket(t)
	name, _ := p.own()
	do := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	p.lay("letter.p12", []byte("Dear Sirs"))
	p.lay("empty.p12", nil)
	do(os.Symlink(filepath.Join(p.folder, name), filepath.Join(p.folder, "link.p12")))
	do(os.Mkdir(filepath.Join(p.folder, "folder.p12"), 0o755))
	do(syscall.Mkfifo(filepath.Join(p.folder, "pipe.p12"), 0o644))
	huge, err := os.Create(filepath.Join(p.folder, "huge.p12"))
	do(err)
	do(huge.Truncate(4 << 30))
	do(huge.Close())
	want := map[string]Code{
		"letter.p12": CodeNotKeyFile, "empty.p12": CodeNotKeyFile, "link.p12": CodeFileLink, "folder.p12": CodeFileSpecial,
		"pipe.p12": CodeFileSpecial, "huge.p12": CodeFileTooLarge,
	}
	d := p.toList()
	if len(d.Files) != len(want)+1 || !d.Files[0].Usable || d.Files[0].Name != name {
		t.Fatalf("what can be opened does not stand first: %+v", d.Files)
	}
	for n, f := range d.Files[1:] {
		code := want[f.Name]
		words := (&fault{code: code}).words(p.k)
		if f.Usable || f.Why != words.Title || f.Advice != words.Hint {
			t.Errorf("%s: %+v", f.Name, f)
		}
		p.refuses(code, "files.open", args{"file": n + 1})
	}
	p.refuses(CodeFileGone, "files.open", args{"file": 99})
	p.refuses(CodeFileGone, "files.open", args{"file": -1})
	p.shows("files.password", "files.open", args{"file": 0})
	p.opens(filePassword)
}

func TestFiles_NoneIsSaidAndLookedForAgain(t *testing.T) {
	p := newPocket(t)
	p.lay("holiday.jpg", []byte{0xff, 0xd8})
	if d := p.toList(); len(d.Files) != 0 || d.More {
		t.Fatalf("%+v", d)
	}
	p.own()
	var d FilesListScreen
	p.shows("files.list", "files.look", nil).data(t, &d)
	if len(d.Files) != 1 {
		t.Fatalf("%+v", d)
	}
}

// crowded is a stick with more files than anybody lists.
type crowded struct {
	*stick.Stick
	n   int
	err error
}

func (c crowded) KeyFiles(context.Context) ([]stick.Found, error) {
	var out []stick.Found
	for i := range c.n {
		out = append(out, stick.Found{Name: fmt.Sprintf("%04d.p12", i)})
	}
	return out, c.err
}

func TestFiles_VeryManyAreSaidToBeMore(t *testing.T) {
	for n, c := range map[int]crowded{
		maxListed: {n: maxListed}, maxListed + 1: {n: maxListed + 1}, 7: {n: 7, err: fmt.Errorf("list: %w", stick.ErrTooMany)},
	} {
		folder := t.TempDir()
		c.Stick = stick.Open(folder)
		p := &pocket{folder: folder}
		p.stand = newStand(t, func(cfg *Config) { cfg.Stick = c })
		p.untilStick(true)
		d := p.toList()
		if len(d.Files) != min(n, maxListed) || d.More != (n != maxListed) {
			t.Errorf("%d files: %d shown, more %v", n, len(d.Files), d.More)
		}
	}
}

// TestFiles_StickThatCannotBeLookedThrough says so, and is looked at again when that is asked for.
func TestFiles_StickThatCannotBeLookedThrough(t *testing.T) {
	folder := t.TempDir()
	p := &pocket{folder: folder}
	p.stand = newStand(t, func(cfg *Config) { cfg.Stick = crowded{stick.Open(folder), 0, stick.ErrDamaged} })
	p.untilStick(true)
	p.shows("menu", "start", args{"lang": "ru"})
	for _, action := range []string{"files", "files.look"} {
		got := p.do(action, nil)
		if got.Screen.Name != "files.medium" || got.code() != CodeStickUnread {
			t.Fatalf("%s led to %s", action, got)
		}
	}
}

// TestFiles_StickPulledIsToldOnEachScreen, and the next stick goes on by itself.
func TestFiles_StickPulledIsToldOnEachScreen(t *testing.T) {
	p := newPocket(t)
	p.own()
	steps := []func(){
		func() {},
		func() { p.shows("files.password", "files.open", args{"file": 0}) },
		func() { p.opens(filePassword) },
		func() { p.shows("files.change", "files.change", nil) },
	}
	p.toList()
	for n := range steps {
		for _, step := range steps[:n+1] {
			step()
		}
		p.out()
		got := p.untilScreen("files.medium")
		if got.code() != CodeStickAbsent {
			t.Errorf("after %d steps: %s", n, got)
		}
		p.in()
		p.untilScreen("files.list")
	}
}

// TestFiles_StickPulledBeforeItIsTold: the terminal hears of it by the file that cannot be read; where it is told first after all, the touch was
// meant for an earlier screen, and what it says stays.
func TestFiles_StickPulledBeforeItIsTold(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toPassword()
	seq := p.picture().Seq
	p.out()
	got := p.do("files.password", args{"password": filePassword, "seq": seq})
	if got.Screen.Name != "files.medium" || got.code() != CodeStickAbsent {
		t.Fatalf("%s", got)
	}
}

// TestFiles_LogNamesNoFileAndNoPerson: files are often called by their owner.
func TestFiles_LogNamesNoFileAndNoPerson(t *testing.T) {
	p := newPocket(t)
	p.lay("СЕРІК.p12", keyFile(t, rsaKeys()[0], p.someCertificate()))
	p.toPassword()
	p.refuses(CodeFilePassword, "files.password", args{"password": "Wrong123"})
	p.opens(filePassword)
	p.shows("files.list", "back", nil)
	err := os.Remove(filepath.Join(p.folder, "СЕРІК.p12"))
	if err != nil {
		t.Fatal(err)
	}
	p.shows("files.password", "files.open", args{"file": 0})
	p.refuses(CodeFileGone, "files.password", args{"password": filePassword})
	log := p.log.String()
	for _, secret := range []string{"СЕРІК", aigerim, filePassword, "Wrong123"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if state := p.k.State(); bytes.Contains(state, []byte(filePassword)) || bytes.Contains(state, []byte("Wrong123")) {
		t.Error("the snapshot has a password")
	}
}

func TestFiles_LateTapOnAnotherListOpensNothing(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toList()
	seq := p.picture().Seq
	p.shows("files.list", "files.look", nil)
	if got := p.do("files.open", args{"file": 0, "seq": seq}); got.Screen.Name != "files.list" {
		t.Fatalf("%s", got)
	}
}

func TestFiles_IdleEndsTheSession(t *testing.T) {
	p := newPocket(t)
	p.own()
	p.toPassword()
	p.opens(filePassword)
	p.pass(3 * time.Minute)
	p.untilScreen("attract")
	p.untilEnded()
}
