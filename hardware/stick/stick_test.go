package stick

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// plugged is a stick in a fresh folder; out pulls it and in plugs it, as the dock does.
func plugged(t *testing.T) (s *Stick, out, in func()) {
	t.Helper()
	dir := t.TempDir()
	here, away := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.Mkdir(here, 0o700); err != nil {
		t.Fatal(err)
	}
	move := func(from, to string) func() {
		return func() {
			if err := os.Rename(from, to); err != nil {
				t.Error(err)
			}
		}
	}
	return Open(here), move(here, away), move(away, here)
}

// mounted is a stick on a file system of its own. It skips where mounting is not allowed.
func mounted(t *testing.T, options string) *Stick {
	t.Helper()
	folder := t.TempDir()
	if err := unix.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" && os.Getuid() == 0 {
			t.Fatalf("mount a tmpfs: %v", err)
		}
		t.Skipf("a tmpfs cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(folder, unix.MNT_DETACH) })
	return Open(folder)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// whole is what lies in the folder, hidden names too.
func whole(t *testing.T, s *Stick) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(s.Folder())
	must(t, err)
	found := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(s.Folder(), e.Name()))
		must(t, err)
		found[e.Name()] = string(data)
	}
	return found
}

func TestWriteNew_KeepsFileAndNothingElse(t *testing.T) {
	s, _, _ := plugged(t)
	must(t, s.WriteNew("RSA256_00ff.p12", []byte("key")))
	if got := whole(t, s); len(got) != 1 || got["RSA256_00ff.p12"] != "key" {
		t.Errorf("on the stick: %q", got)
	}
	wantError(t, "a second of that name", s.WriteNew("RSA256_00ff.p12", []byte("other")), ErrExists)
	if got, err := s.Read("RSA256_00ff.p12", 10); err != nil || string(got) != "key" {
		t.Errorf("read %q, %v", got, err)
	}
	must(t, s.Replace("RSA256_00ff.p12", []byte("new")))
	if got := whole(t, s); len(got) != 1 || got["RSA256_00ff.p12"] != "new" {
		t.Errorf("after replacing: %q", got)
	}
	must(t, s.Remove("RSA256_00ff.p12"))
	wantError(t, "remove again", s.Remove("RSA256_00ff.p12"), ErrNotFound)
	_, err := s.Read("RSA256_00ff.p12", 10)
	wantError(t, "read after removal", err, ErrNotFound)
}

func TestStick_SaysAbsentWhereThereIsNone(t *testing.T) {
	s, out, in := plugged(t)
	must(t, s.WriteNew("a.p12", []byte("a")))
	out()
	if s.Present() {
		t.Error("present")
	}
	_, err := s.Free()
	wantError(t, "Free", err, ErrAbsent)
	_, err = s.List()
	wantError(t, "List", err, ErrAbsent)
	_, err = s.Read("a.p12", 10)
	wantError(t, "Read", err, ErrAbsent)
	wantError(t, "WriteNew", s.WriteNew("b.p12", nil), ErrAbsent)
	wantError(t, "Remove", s.Remove("a.p12"), ErrAbsent)
	in()
	if files, err := s.List(); err != nil || len(files) != 1 {
		t.Errorf("after plugging it in again: %v, %v", files, err)
	}
	// A link in the folder's place is no stick: it could lead anywhere.
	out()
	must(t, os.Symlink(t.TempDir(), s.Folder()))
	if s.Present() {
		t.Error("a link counts as a stick")
	}
	wantError(t, "WriteNew through a link", s.WriteNew("b.p12", nil), ErrAbsent)
}

func TestWriteNew_PulledInTheMiddleKeepsOldFilesWhole(t *testing.T) {
	for at := stepCreated; at <= stepNamed; at++ {
		for _, replace := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d, replace %t", at, replace), func(t *testing.T) {
				s, out, in := plugged(t)
				must(t, s.WriteNew("old.p12", []byte("old")))
				s.step = func(reached step) {
					if reached == at {
						out()
					}
				}
				name, write := "new.p12", s.WriteNew
				if replace {
					name, write = "old.p12", s.Replace
				}
				wantError(t, "write", write(name, []byte("fresh")), ErrAbsent)
				s.step = nil
				in()
				got := whole(t, s)
				if old := got["old.p12"]; old != "old" && !(replace && old == "fresh") {
					t.Errorf("the old file holds %q", old)
				}
				if fresh, there := got["new.p12"]; there && fresh != "fresh" {
					t.Errorf("the new file holds %q", fresh)
				}
				must(t, s.WriteNew("next.p12", []byte("next")))
				for left := range whole(t, s) {
					if strings.HasPrefix(left, unfinished) {
						t.Errorf("%s was left", left)
					}
				}
			})
		}
	}
}

// A real medium goes away with everything on it: unmounted under the writing.
func TestWriteNew_SaysAbsentWhenTheMediumIsUnmounted(t *testing.T) {
	s := mounted(t, "size=1m")
	s.step = func(reached step) {
		if reached == stepWritten {
			must(t, unix.Unmount(s.Folder(), unix.MNT_DETACH))
			must(t, os.Remove(s.Folder()))
		}
	}
	wantError(t, "write", s.WriteNew("new.p12", []byte("fresh")), ErrAbsent)
}

func TestWriteNew_ClearsWhatAPulledStickKept(t *testing.T) {
	s, _, _ := plugged(t)
	must(t, os.WriteFile(filepath.Join(s.Folder(), unfinished+"0011.part"), []byte("half"), 0o600))
	must(t, os.WriteFile(filepath.Join(s.Folder(), ".tirkeu-mine"), []byte("not ours to clear"), 0o600))
	must(t, s.WriteNew("a.p12", nil))
	if got := whole(t, s); len(got) != 2 || got[".tirkeu-mine"] == "" {
		t.Errorf("on the stick: %q", got)
	}
}

func TestWriteNew_SaysReadOnly(t *testing.T) {
	s := mounted(t, "size=1m")
	must(t, s.WriteNew("a.p12", []byte("a")))
	must(t, unix.Mount("", s.Folder(), "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	wantError(t, "WriteNew", s.WriteNew("b.p12", []byte("b")), ErrReadOnly)
	wantError(t, "Replace", s.Replace("a.p12", []byte("b")), ErrReadOnly)
	wantError(t, "Remove", s.Remove("a.p12"), ErrReadOnly)
	if free, err := s.Free(); free != 0 || err != nil {
		t.Errorf("%d bytes free, %v", free, err)
	}
	if got, err := s.Read("a.p12", 10); err != nil || string(got) != "a" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestWriteNew_SaysFullAndLeavesNothing(t *testing.T) {
	s := mounted(t, "size=64k,nr_inodes=8")
	must(t, s.WriteNew("a.p12", []byte("a")))
	before, err := s.Free()
	must(t, err)
	if before <= 0 || before > 64<<10 {
		t.Errorf("%d bytes free of 64 KiB", before)
	}
	wantError(t, "WriteNew", s.WriteNew("b.p12", make([]byte, 100<<10)), ErrFull)
	wantError(t, "Replace", s.Replace("a.p12", make([]byte, 100<<10)), ErrFull)
	if got := whole(t, s); len(got) != 1 || got["a.p12"] != "a" {
		t.Errorf("on the stick: %d files", len(got))
	}
	if after, err := s.Free(); err != nil || after != before {
		t.Errorf("%d bytes free, %d before, %v", after, before, err)
	}
	for i := 0; ; i++ { // full of names, not of bytes
		if err := s.WriteNew(fmt.Sprintf("n%d.p12", i), nil); err != nil {
			wantError(t, "no names left", err, ErrFull)
			break
		}
	}
}

func TestRead_RefusesLinksDevicesPipesAndHugeFiles(t *testing.T) {
	s, _, _ := plugged(t)
	in := func(name string) string { return filepath.Join(s.Folder(), name) }
	secret := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(secret, []byte("not the citizen's"), 0o600))
	must(t, os.Symlink(secret, in("link.p12")))
	must(t, os.Symlink("/dev/zero", in("zero.sealed")))
	must(t, os.Mkdir(in("folder.p12"), 0o700))
	must(t, unix.Mkfifo(in("pipe.p12"), 0o600))
	must(t, os.WriteFile(in("real.P12"), []byte("real"), 0o600))
	huge, err := os.Create(in("huge.p12"))
	must(t, err)
	must(t, huge.Truncate(1<<40))
	must(t, huge.Close())
	if err := unix.Mknod(in("device.p12"), unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))); err != nil {
		t.Logf("no device can be made here: %v", err)
		must(t, unix.Mkfifo(in("device.p12"), 0o600))
	}
	for _, name := range []string{"link.p12", "zero.sealed", "folder.p12", "pipe.p12", "device.p12"} {
		_, err := s.Read(name, 1<<20)
		wantError(t, "read "+name, err, ErrNotPlain)
		wantError(t, "remove "+name, s.Remove(name), ErrNotPlain)
		if name != "zero.sealed" {
			wantError(t, "replace "+name, s.Replace(name, []byte("x")), ErrNotPlain)
		}
	}
	_, err = s.Read("huge.p12", 1<<20)
	wantError(t, "read a huge file", err, ErrTooLarge)
	files, err := s.List()
	must(t, err)
	if fmt.Sprint(files) != "[{huge.p12 1099511627776} {real.P12 4}]" {
		t.Errorf("listed: %v", files)
	}
	if data, err := os.ReadFile(secret); err != nil || string(data) != "not the citizen's" {
		t.Errorf("the file behind the link: %q, %v", data, err)
	}
}

func TestStick_RefusesHostileNames(t *testing.T) {
	s, _, _ := plugged(t)
	for _, name := range []string{"", ".", "..", "../x.p12", "/etc/passwd", "a/b/c.p12", "a/../b.p12", "./b.p12", "a//b.p12", "a/", "/b.p12", "a\\b.p12", "a\x00.p12", "a\n.p12", ".hidden.p12",
		"\xff.p12", "key\u202e21p.exe.p12", "a\u200b.p12", "a\u00a0.p12", "\x1b[2J.p12", strings.Repeat("x", 300) + ".p12"} {
		wantError(t, fmt.Sprintf("write %q", name), s.WriteNew(name, nil), ErrName)
		_, err := s.Read(name, 10)
		wantError(t, fmt.Sprintf("read %q", name), err, ErrName)
		wantError(t, fmt.Sprintf("remove %q", name), s.Remove(name), ErrName)
	}
	for _, name := range []string{"CON.p12", "a/b.p12", "nul", "com1.p12", "-rf.p12", "ключ.p12", "a b.p12", "a.", "a:b.p12", strings.Repeat("x", maxName) + "x"} {
		wantError(t, fmt.Sprintf("write %q", name), s.WriteNew(name, nil), ErrName)
	}
	// What a citizen may have on his stick is listed and read; what could deceive on the screen is not listed.
	must(t, os.WriteFile(filepath.Join(s.Folder(), "Ұлжан (көшірме 1).p12"), []byte("k"), 0o600))
	must(t, os.WriteFile(filepath.Join(s.Folder(), "key\u202e.p12"), []byte("k"), 0o600))
	must(t, os.WriteFile(filepath.Join(s.Folder(), "a\n.p12"), []byte("k"), 0o600))
	must(t, os.WriteFile(filepath.Join(s.Folder(), "photo.jpg"), []byte("k"), 0o600))
	files, err := s.List()
	must(t, err)
	if len(files) != 1 || files[0].Name != "Ұлжан (көшірме 1).p12" {
		t.Errorf("listed: %v", files)
	}
	if got, err := s.Read(files[0].Name, 10); err != nil || string(got) != "k" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestList_IsBounded(t *testing.T) {
	s := mounted(t, "")
	for i := range MaxListed + 5 {
		must(t, os.WriteFile(filepath.Join(s.Folder(), fmt.Sprintf("%05d.p12", i)), nil, 0o600))
	}
	files, err := s.List()
	wantError(t, "List", err, ErrTooMany)
	if len(files) != MaxListed {
		t.Errorf("%d files", len(files))
	}
}

func TestWriteNew_SaysDamagedWhenTheMediumLies(t *testing.T) {
	s, _, _ := plugged(t)
	s.step = func(reached step) {
		if reached == stepNamed { // a medium that loses a bit after the file has its name
			must(t, os.WriteFile(filepath.Join(s.Folder(), "a.p12"), []byte("kex"), 0o600))
		}
	}
	wantError(t, "write", s.WriteNew("a.p12", []byte("key")), ErrDamaged)
	if got := whole(t, s); len(got) != 0 {
		t.Errorf("left on the stick: %q", got)
	}
}

func TestWriteNew_NeverTakesTheNameOfAFileThatCameMeanwhile(t *testing.T) {
	s, _, _ := plugged(t)
	s.step = func(reached step) {
		if reached == stepWritten {
			must(t, os.WriteFile(filepath.Join(s.Folder(), "a.p12"), []byte("theirs"), 0o600))
		}
	}
	wantError(t, "write", s.WriteNew("a.p12", []byte("ours")), ErrExists)
	if got := whole(t, s); len(got) != 1 || got["a.p12"] != "theirs" {
		t.Errorf("on the stick: %q", got)
	}
}

func TestWriteNew_WritersDoNotClearEachOther(t *testing.T) {
	s, _, _ := plugged(t)
	done := make(chan error)
	for i := range 8 {
		go func() { done <- s.WriteNew(fmt.Sprintf("%d.p12", i), bytes.Repeat([]byte{byte(i)}, 1000)) }()
	}
	for range 8 {
		must(t, <-done)
	}
	if got := whole(t, s); len(got) != 8 {
		t.Errorf("%d files", len(got))
	}
}

func TestWatch_TellsEveryChangeAndEnds(t *testing.T) {
	s, out, in := plugged(t)
	s.every = time.Millisecond
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	events := s.Watch(ctx)
	next := func(want bool) {
		t.Helper()
		if got, open := <-events; got != want || !open {
			t.Fatalf("told %t (open %t), want %t", got, open, want)
		}
	}
	next(true)
	out()
	next(false)
	in()
	next(true)
	// Another stick in its place within one look: gone and come.
	other := filepath.Join(filepath.Dir(s.Folder()), "other")
	must(t, os.Mkdir(other, 0o700))
	must(t, unix.Renameat2(unix.AT_FDCWD, other, unix.AT_FDCWD, s.Folder(), unix.RENAME_EXCHANGE))
	next(false)
	next(true)
	cancel()
	if _, open := <-events; open {
		t.Error("told something after the end")
	}
}

func FuzzNames(f *testing.F) {
	f.Add("RSA256_00.p12")
	f.Add("../x")
	f.Add("a\u202eb")
	f.Fuzz(func(t *testing.T, name string) {
		if checkWritten(name) == nil && checkFound(name) != nil {
			t.Errorf("%q can be written and not read", name)
		}
		if checkFound(name) == nil && filepath.Join("/stick", name) != "/stick/"+name {
			t.Errorf("%q leads elsewhere", name)
		}
	})
}
