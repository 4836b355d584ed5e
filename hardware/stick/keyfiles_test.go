package stick

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// pfx is how a PKCS#12 file begins.
var pfx = []byte{0x30, 0x82, 0x0d, 0x63, 2, 1, 3, 0x30}

// put lays a file onto the stick, as the citizen's own computer did.
func put(t *testing.T, s *Stick, name string, data []byte) {
	t.Helper()
	path := filepath.Join(s.Folder(), name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, data, 0o644))
}

func TestKeyFiles_FindsThemAtTheTopAndOneFolderBelow(t *testing.T) {
	s, _, _ := plugged(t)
	for _, name := range []string{"b.p12", "A.PFX", "ЭЦП/RSA256_11.p12", "ЭЦП/AUTH_RSA256_22.P12", "ключ (көшірме).p12"} {
		put(t, s, name, pfx)
	}
	for _, name := range []string{"note.txt", "p12", ".hidden.p12", "._b.p12", ".Trash-1000/c.p12", "$RECYCLE.BIN/$R1.p12", "RECYCLER/d.p12", "deep/er/e.p12", "x\u202e21p.p12", "b.p12.bak", "k.sealed"} {
		put(t, s, name, pfx)
	}
	found, err := s.KeyFiles(context.Background())
	must(t, err)
	want := "[{A.PFX 8 } {b.p12 8 } {ЭЦП/AUTH_RSA256_22.P12 8 } {ЭЦП/RSA256_11.p12 8 } {ключ (көшірме).p12 8 }]"
	if fmt.Sprint(found) != want {
		t.Errorf("found %v\nwant  %s", found, want)
	}
	for _, one := range found { // whatever is found can be read under its name
		if data, err := s.Read(one.Name, MaxKeyFile); err != nil || !bytes.Equal(data, pfx) {
			t.Errorf("%s: read %x, %v", one.Name, data, err)
		}
	}
}

func TestKeyFiles_NamesWhatIsNoKeyFile(t *testing.T) {
	s, _, _ := plugged(t)
	in := func(name string) string { return filepath.Join(s.Folder(), name) }
	secret := filepath.Join(t.TempDir(), "secret.p12")
	must(t, os.WriteFile(secret, pfx, 0o600))
	must(t, os.Symlink(secret, in("link.p12")))
	must(t, os.Symlink(filepath.Dir(secret), in("linked folder"))) // its files are not on the stick
	must(t, os.Symlink("nowhere", in("broken.pfx")))
	must(t, os.Mkdir(in("folder.p12"), 0o700))
	must(t, unix.Mkfifo(in("pipe.p12"), 0o600))
	huge, err := os.Create(in("4 GB.p12"))
	must(t, err)
	must(t, huge.Truncate(4<<30))
	must(t, huge.Close())
	put(t, s, "empty.p12", nil)
	put(t, s, "short.p12", pfx[:3])
	put(t, s, "text.p12", []byte("-----BEGIN CERTIFICATE-----"))
	put(t, s, "certificate.p12", []byte{0x30, 0x82, 1, 0, 0x30, 0x81, 0xf0, 2, 1, 3})
	put(t, s, "largest.p12", append(bytes.Clone(pfx), make([]byte, MaxKeyFile-len(pfx))...))
	put(t, s, "larger.p12", append(bytes.Clone(pfx), make([]byte, MaxKeyFile-len(pfx)+1)...))
	put(t, s, "indefinite.p12", []byte{0x30, 0x80, 2, 1, 3, 0x30, 0x80})
	want := map[string]Problem{
		"link.p12": ProblemLink, "broken.pfx": ProblemLink, "folder.p12": ProblemSpecial, "pipe.p12": ProblemSpecial, "4 GB.p12": ProblemTooLarge, "larger.p12": ProblemTooLarge,
		"empty.p12": ProblemNotKeyFile, "short.p12": ProblemNotKeyFile, "text.p12": ProblemNotKeyFile, "certificate.p12": ProblemNotKeyFile,
		"largest.p12": ProblemNone, "indefinite.p12": ProblemNone,
	}
	if unix.Mknod(in("device.p12"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) == nil {
		want["device.p12"] = ProblemSpecial
	}
	put(t, s, "not mine.p12", pfx)
	must(t, os.Chmod(in("not mine.p12"), 0))
	want["not mine.p12"] = ProblemUnreadable
	if os.Getuid() == 0 { // who may read everything reads as nobody, in this thread alone
		must(t, os.Chmod(s.Folder(), 0o755))
		must(t, os.Chmod(filepath.Dir(s.Folder()), 0o755))
		must(t, os.Chmod(filepath.Dir(filepath.Dir(s.Folder())), 0o755))
		for _, name := range []string{"largest.p12", "indefinite.p12"} {
			must(t, os.Chmod(in(name), 0o644))
		}
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		must(t, unix.Setfsuid(65534))
		defer unix.Setfsuid(0)
	}
	found, err := s.KeyFiles(context.Background())
	must(t, err)
	got := map[string]Problem{}
	for _, one := range found {
		got[one.Name] = one.Problem
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("found %v\nwant  %v", got, want)
	}
}

func TestKeyFiles_StaysInsideItsBounds(t *testing.T) {
	s, _, _ := plugged(t)
	for i := range MaxListed + 1 {
		put(t, s, fmt.Sprintf("f%d/%04d.p12", i%7, i), nil)
	}
	found, err := s.KeyFiles(context.Background())
	wantError(t, "too many key files", err, ErrTooMany)
	if len(found) != MaxListed {
		t.Errorf("%d files", len(found))
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_, err = s.KeyFiles(ctx)
	wantError(t, "stopped", err, context.Canceled)
}

func TestKeyFiles_GivesUpAmongTooManyOthers(t *testing.T) {
	s := mounted(t, "size=64m")
	put(t, s, "a.p12", pfx)
	for i := range maxSeen + 1 {
		fd, err := unix.Open(filepath.Join(s.Folder(), fmt.Sprint(i)), unix.O_CREAT|unix.O_WRONLY, 0o600)
		must(t, err)
		unix.Close(fd)
	}
	_, err := s.KeyFiles(context.Background())
	wantError(t, "too many others", err, ErrTooMany)
}

func TestKeyFiles_DoesNotEnterAnotherMedium(t *testing.T) {
	s := mounted(t, "size=1m")
	must(t, os.Mkdir(filepath.Join(s.Folder(), "other"), 0o700))
	if err := unix.Mount("tmpfs", filepath.Join(s.Folder(), "other"), "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(filepath.Join(s.Folder(), "other"), unix.MNT_DETACH) })
	put(t, s, "other/a.p12", pfx)
	found, err := s.KeyFiles(context.Background())
	if err != nil || len(found) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
	_, err = s.Read("other/a.p12", 100)
	wantError(t, "Read", err, ErrNotPlain)
}

func TestKeyFiles_SaysAbsent(t *testing.T) {
	s, out, _ := plugged(t)
	out()
	_, err := s.KeyFiles(context.Background())
	wantError(t, "KeyFiles", err, ErrAbsent)
}

func TestReplace_TakesThePlaceOfAFileInAFolder(t *testing.T) {
	s, _, _ := plugged(t)
	put(t, s, "ЭЦП 2026/мой ключ.p12", []byte("old"))
	must(t, s.Replace("ЭЦП 2026/мой ключ.p12", []byte("new")))
	if got, err := s.Read("ЭЦП 2026/мой ключ.p12", 10); err != nil || string(got) != "new" {
		t.Errorf("read %q, %v", got, err)
	}
	path := filepath.Join(s.Folder(), "ЭЦП 2026")
	if entries, err := os.ReadDir(path); err != nil || len(entries) != 1 {
		t.Errorf("in the folder: %v, %v", entries, err)
	}
	if info, err := os.Stat(filepath.Join(path, "мой ключ.p12")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("whoever could read it cannot any more: %v, %v", info.Mode(), err)
	}
	// Names that others chose are taken for files that are there, not for new ones; folders are never made.
	wantError(t, "a new file of a foreign name", s.Replace("тағы бір.p12", []byte("x")), ErrNotFound)
	wantError(t, "a new file in a folder", s.Replace("ЭЦП 2026/new.p12", []byte("x")), ErrNotFound)
	wantError(t, "a folder that is not there", s.Replace("none/new.p12", []byte("x")), ErrNotFound)
	must(t, os.Symlink(path, filepath.Join(s.Folder(), "link")))
	wantError(t, "through a link", s.Replace("link/мой ключ.p12", []byte("x")), ErrNotPlain)
	_, err := s.Read("link/мой ключ.p12", 10)
	wantError(t, "read through a link", err, ErrNotPlain)
}

func TestReplaceChecked_KeepsTheOldFileUntilTheNewOneHasProvenItself(t *testing.T) {
	s, _, _ := plugged(t)
	put(t, s, "key.p12", []byte("old"))
	refused := errors.New("it does not open")
	err := s.ReplaceChecked("key.p12", []byte("new"), func(back []byte) error {
		if string(back) != "new" {
			t.Errorf("read back %q", back)
		}
		if got, err := s.Read("key.p12", 10); err != nil || string(got) != "old" {
			t.Errorf("meanwhile %q, %v", got, err)
		}
		return refused
	})
	wantError(t, "refused", err, refused)
	if got := whole(t, s); len(got) != 1 || got["key.p12"] != "old" {
		t.Errorf("on the stick: %q", got)
	}
	must(t, s.ReplaceChecked("key.p12", []byte("new"), func([]byte) error { return nil }))
	if got := whole(t, s); len(got) != 1 || got["key.p12"] != "new" {
		t.Errorf("on the stick: %q", got)
	}
	wantError(t, "what is not there", s.ReplaceChecked("none.p12", nil, func([]byte) error { return nil }), ErrNotFound)
}

func TestReplace_SaysUnsettledOnlyAfterTheNewFileTookItsPlace(t *testing.T) {
	for at := stepCreated; at <= stepNamed; at++ {
		s, out, in := plugged(t)
		put(t, s, "key.p12", []byte("old"))
		s.step = func(reached step) {
			if reached == at {
				out()
			}
		}
		err := s.Replace("key.p12", []byte("new"))
		wantError(t, "pulled", err, ErrAbsent)
		if errors.Is(err, ErrUnsettled) != (at == stepNamed) {
			t.Errorf("step %d: %v", at, err)
		}
		s.step = nil
		in()
		got, err := s.Read("key.p12", 10)
		must(t, err)
		if want := map[bool]string{true: "new", false: "old"}[at == stepNamed]; string(got) != want {
			t.Errorf("step %d: %q is there", at, got)
		}
	}
}
