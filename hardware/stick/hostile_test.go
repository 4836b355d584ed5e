package stick

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestDevices_SurvivesAHostileStick(t *testing.T) {
	picture := ext4(t)
	pfx := []byte{0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03, 0x30}
	prepared(t, picture, func(folder string) {
		in := func(name string) string { return filepath.Join(folder, name) }
		must(t, os.Symlink("/etc/shadow", in("link.p12")))
		must(t, os.Symlink("/", in("everything")))
		must(t, unix.Mkfifo(in("pipe.p12"), 0o600))
		must(t, unix.Mknod(in("zero.p12"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))))
		must(t, unix.Mknod(in("disk.p12"), unix.S_IFBLK|0o666, int(unix.Mkdev(7, 0))))
		must(t, os.WriteFile(in("key\u202e.p12"), pfx, 0o600))
		must(t, os.WriteFile(in("line\n.p12"), pfx, 0o600))
		must(t, os.WriteFile(in("\xff\xfe.p12"), pfx, 0o600))
		must(t, os.WriteFile(in("run.p12"), []byte("#!/bin/sh\ntrue\n"), 0o4777))
		must(t, os.WriteFile(in("huge.p12"), nil, 0o600))
		must(t, os.Truncate(in("huge.p12"), 1<<33))
		must(t, os.MkdirAll(in("a/b/c"), 0o700))
		must(t, os.WriteFile(in("a/key.p12"), pfx, 0o600))
		must(t, os.WriteFile(in("a/b/deep.p12"), pfx, 0o600))
		must(t, os.WriteFile(in("Ұлжан.p12"), pfx, 0o600))
	})
	m, d := kiosk(t)
	m.Plug(looped(t, picture))
	stands(t, d, StandingReady)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	found, err := d.KeyFiles(ctx)
	must(t, err)
	problems := map[string]Problem{}
	for _, f := range found {
		problems[f.Name] = f.Problem
	}
	for name, want := range map[string]Problem{
		"link.p12": ProblemLink, "pipe.p12": ProblemSpecial, "zero.p12": ProblemSpecial, "disk.p12": ProblemSpecial, "run.p12": ProblemNotKeyFile,
		"huge.p12": ProblemTooLarge, "a/key.p12": ProblemNone, "Ұлжан.p12": ProblemNone,
	} {
		if got, there := problems[name]; !there || got != want {
			t.Errorf("%s: %q (%t), want %q", name, got, there, want)
		}
		delete(problems, name)
	}
	for name := range problems {
		t.Errorf("%q is shown", name)
	}
	_, err = d.Read("link.p12", 1<<20)
	wantError(t, "read a link", err, ErrNotPlain)
	_, err = d.Read("zero.p12", 1<<20)
	wantError(t, "read a device", err, ErrNotPlain)
	_, err = d.Read("huge.p12", 1<<20)
	wantError(t, "read what is too large", err, ErrTooLarge)
	_, err = d.Read("everything/etc/passwd", 1<<20)
	wantError(t, "read through a link", err, ErrName)
	top, err := d.top()
	must(t, err)
	defer top.Close()
	// Even who does not check is barred by the mount.
	if fd, err := unix.Openat(int(top.Fd()), "zero.p12", unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
		unix.Close(fd)
		t.Error("a device on the stick can be opened")
	}
	err = unix.Exec(fmt.Sprintf("/proc/self/fd/%d/run.p12", top.Fd()), []string{"run"}, nil)
	wantError(t, "run a program of the stick", err, unix.EACCES)
	must(t, d.WriteNew("new.p12", pfx))
	if got, err := d.Read("new.p12", 100); err != nil || !bytes.Equal(got, pfx) {
		t.Errorf("%x, %v", got, err)
	}
}

// Folders that lead back to the top and to each other, as no driver would make them. ext4's driver notices, and bars the stick from writing.
func TestDevices_SurvivesFoldersInACircle(t *testing.T) {
	picture := ext4(t)
	prepared(t, picture, func(folder string) {
		for _, name := range []string{"a", "b"} {
			must(t, os.Mkdir(filepath.Join(folder, name), 0o700))
			must(t, os.WriteFile(filepath.Join(folder, name, name+".p12"), []byte("k"), 0o600))
		}
	})
	for _, link := range []string{"link <2> circle", "link a b/a", "link b a/b"} {
		run(t, "debugfs", "-w", "-R", link, picture)
	}
	m, d := kiosk(t)
	m.Plug(looped(t, picture))
	stands(t, d, StandingReady)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	found, err := d.KeyFiles(ctx)
	if err != nil {
		wantError(t, "KeyFiles", err, ErrDamaged)
	}
	for _, f := range found {
		if strings.Count(f.Name, "/") > 1 {
			t.Errorf("%q is more than one level down", f.Name)
		}
	}
	if err := d.WriteNew("new.p12", []byte("new")); err != nil {
		wantError(t, "write", err, ErrReadOnly)
	}
	must(t, d.Release(t.Context()))
}

func TestDevices_ListsNoMoreThanItsBoundsOfVeryManyFiles(t *testing.T) {
	many := maxSeen + 5000
	picture := image(t, 64<<20, "mkfs.ext4", "-q", "-F", "-b", "1024", "-N", fmt.Sprint(many+100))
	prepared(t, picture, func(folder string) {
		for i := range many {
			must(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%06d.p12", i)), nil, 0o600))
		}
	})
	m, d := kiosk(t)
	m.Plug(looped(t, picture))
	stands(t, d, StandingReady)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	found, err := d.KeyFiles(ctx)
	wantError(t, "KeyFiles", err, ErrTooMany)
	if len(found) != MaxListed {
		t.Errorf("%d files", len(found))
	}
	files, err := d.List()
	wantError(t, "List", err, ErrTooMany)
	if len(files) != MaxListed {
		t.Errorf("%d files", len(files))
	}
	must(t, d.WriteNew("new.p12", []byte("new")))
	must(t, d.Release(t.Context()))
}

// An ext4 whose inner tables were damaged at random, its superblock whole: whatever the driver makes of it, the kiosk goes on and answers.
func TestDevices_SurvivesDamageBehindTheSuperblock(t *testing.T) {
	picture := ext4(t)
	prepared(t, picture, func(folder string) {
		for i := range 50 {
			must(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.p12", i)), bytes.Repeat([]byte{'k'}, 3000), 0o600))
		}
	})
	whole, err := os.ReadFile(picture)
	must(t, err)
	chance := seeded(t)
	m, d := kiosk(t)
	for round := range 10 {
		damaged := bytes.Clone(whole)
		for range 1 << chance.IntN(12) {
			damaged[2048+chance.IntN(1<<20)] = byte(chance.IntN(256)) // descriptors, bitmaps, inodes, the first folders
		}
		file := filepath.Join(swift(t), "damaged")
		must(t, os.WriteFile(file, damaged, 0o600))
		disk := looped(t, file)
		m.Plug(disk)
		d.look(t.Context())
		switch s := d.State().Standing; s {
		case StandingReady:
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			found, _ := d.KeyFiles(ctx)
			cancel()
			for _, f := range found {
				_, _ = d.Read(f.Name, 1<<20)
			}
			_ = d.Replace("new.p12", []byte("new"))
			if err := d.Release(t.Context()); err != nil {
				t.Logf("round %d: %v", round, err)
			}
		case StandingDamaged, StandingOutOfOrder:
		default:
			t.Errorf("round %d: it stands %s", round, s)
		}
		m.Pull(disk)
		stands(t, d, StandingNone)
		free(t, disk)
	}
}
