package stick

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fused mounts an image by a driver outside the kernel (FUSE): the only way to try FAT where the kernel has none. It is not the driver of a terminal.
func fused(t *testing.T, program, node string, options ...string) (s *Stick, unmount func()) {
	t.Helper()
	needs(t, program)
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skip("this kernel has no FUSE")
	}
	folder := t.TempDir()
	// The drivers put themselves into the background and keep their output open: it must not be a pipe that is waited for.
	c := exec.Command(program, append(options, node, folder)...)
	must(t, c.Run())
	mounted := true
	unmount = func() {
		if !mounted {
			return
		}
		mounted = false
		limit := time.After(30 * time.Second)
		for tick := time.Tick(5 * time.Millisecond); ; {
			err := unix.Unmount(folder, 0)
			if err == nil {
				return
			}
			select {
			case <-tick:
			case <-limit:
				_ = unix.Unmount(folder, unix.MNT_DETACH)
				t.Fatalf("unmount: %v", err)
			}
		}
	}
	t.Cleanup(unmount)
	return Open(folder), unmount
}

// used writes, replaces and removes as the kiosk does; old.p12 lies there from before.
func used(t *testing.T, s *Stick) {
	t.Helper()
	if got, err := s.Read("old.p12", 100); err != nil || string(got) != "old" {
		t.Errorf("a file from before: %q, %v", got, err)
	}
	long := bytes.Repeat([]byte{'k'}, 20_000)
	must(t, s.WriteNew("RSA256_0123456789abcdef0123456789abcdef01234567.p12", long))
	wantError(t, "a second of that name", s.WriteNew("RSA256_0123456789abcdef0123456789abcdef01234567.p12", nil), ErrExists)
	must(t, s.Replace("fresh.p12", []byte("first")))
	must(t, s.Replace("fresh.p12", []byte("second")))
	must(t, s.ReplaceChecked("old.p12", []byte("replaced"), func(back []byte) error {
		if string(back) != "replaced" {
			t.Errorf("read back %q", back)
		}
		return nil
	}))
	refused := errors.New("refused")
	wantError(t, "a check that fails", s.ReplaceChecked("fresh.p12", []byte("third"), func([]byte) error { return refused }), refused)
	must(t, s.WriteNew("gone.p12", nil))
	must(t, s.Remove("gone.p12"))
	files, err := s.KeyFiles(t.Context())
	must(t, err)
	if len(files) != 3 {
		t.Errorf("%+v", files)
	}
}

func TestStick_OnFAT32KeepsWhatItWroteForOtherPrograms(t *testing.T) {
	needs(t, "mcopy", "mtype", "mdir")
	picture := image(t, 64<<20, "mkfs.fat", "-F", "32")
	before := filepath.Join(t.TempDir(), "before")
	must(t, os.WriteFile(before, []byte("old"), 0o600))
	run(t, "mcopy", "-i", picture, before, "::old.p12")
	s, unmount := fused(t, "fusefat", picture, "-o", "rw+")
	used(t, s)
	unmount()
	for name, want := range map[string]string{"fresh.p12": "second", "old.p12": "replaced", "RSA256_0123456789abcdef0123456789abcdef01234567.p12": strings.Repeat("k", 20_000)} {
		if got := run(t, "mtype", "-i", picture, "::"+name); got != want {
			t.Errorf("mtools find %.40q in %s", got, name)
		}
	}
	if listed := run(t, "mdir", "-a", "-b", "-i", picture, "::"); strings.Contains(listed, unfinished) || strings.Count(listed, "\n") != 2 {
		t.Errorf("mtools list:\n%s", listed)
	}
}

func TestStick_OnExFATKeepsWhatItWrote(t *testing.T) {
	needs(t, "fsck.exfat", "mkfs.exfat")
	picture := image(t, 64<<20, "mkfs.exfat")
	disk := looped(t, picture)
	s, unmount := fused(t, "mount.exfat-fuse", "/dev/"+disk.Name)
	must(t, os.WriteFile(filepath.Join(s.Folder(), "old.p12"), []byte("old"), 0o600))
	used(t, s)
	unmount()
	free(t, disk)
	run(t, "fsck.exfat", "-n", picture)
	s, _ = fused(t, "mount.exfat-fuse", "/dev/"+disk.Name)
	if got := whole(t, s); len(got) != 3 || got["fresh.p12"] != "second" || got["old.p12"] != "replaced" {
		t.Errorf("%d files: %.200q", len(got), got)
	}
}
