package stick

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
	"github.com/tirkeu/kiosk/hardware/stick/superblock"
)

// flags are how the stick in use is mounted.
func flags(t *testing.T, d *Devices) int64 {
	t.Helper()
	top, err := d.top()
	must(t, err)
	defer top.Close()
	var info unix.Statfs_t
	must(t, unix.Fstatfs(int(top.Fd()), &info))
	return info.Flags
}

// canWrite tries to make a file behind the kiosk's back.
func canWrite(t *testing.T, d *Devices) bool {
	t.Helper()
	top, err := d.top()
	must(t, err)
	defer top.Close()
	fd, err := unix.Openat(int(top.Fd()), "tried", unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	if errors.Is(err, unix.EROFS) {
		return false
	}
	must(t, err)
	unix.Close(fd)
	must(t, unix.Unlinkat(int(top.Fd()), "tried", 0))
	return true
}

func TestDevices_MountsReadOnlyUntilSomethingIsWritten(t *testing.T) {
	m, d := kiosk(t)
	m.Plug(looped(t, ext4(t)))
	if s := stands(t, d, StandingReady); s != (State{Standing: StandingReady, Format: superblock.Ext4}) {
		t.Errorf("%+v", s)
	}
	const noSymfollow = 0x2000 // ST_NOSYMFOLLOW
	const bars = unix.ST_RDONLY | unix.ST_NOSUID | unix.ST_NODEV | unix.ST_NOEXEC | unix.ST_NOATIME
	if got := flags(t, d); got&bars != bars {
		t.Errorf("mounted with %#x, want %#x", got, bars)
	} else if got&noSymfollow == 0 {
		t.Logf("this kernel does not bar links: %#x", got)
	}
	if canWrite(t, d) {
		t.Error("it can be written at rest")
	}
	during := false
	d.step = func(at step) {
		if at == stepWritten {
			during = canWrite(t, d)
		}
	}
	for what, write := range map[string]func() error{
		"WriteNew": func() error { return d.WriteNew("a.p12", []byte("a")) },
		"Replace":  func() error { return d.Replace("b.p12", []byte("b")) },
		"ReplaceChecked": func() error {
			must(t, d.Replace("c.p12", nil))
			return d.ReplaceChecked("c.p12", []byte("c"), func([]byte) error { return nil })
		},
	} {
		during = false
		must(t, write())
		if !during || canWrite(t, d) {
			t.Errorf("%s: written to %t while writing, and after it %t", what, during, canWrite(t, d))
		}
	}
	must(t, d.Remove("b.p12"))
	if canWrite(t, d) {
		t.Error("it can be written after Remove")
	}
	wantError(t, "a refused name", d.WriteNew("../x.p12", nil), ErrName)
	wantError(t, "a second of that name", d.WriteNew("a.p12", nil), ErrExists)
	if canWrite(t, d) {
		t.Error("it can be written after a refusal")
	}
	if got := onStick(t, d); len(got) != 2 || got["a.p12"] != "a" || got["c.p12"] != "c" {
		t.Errorf("on the stick: %q", got)
	}
	if left, err := d.Free(); err != nil || left <= 0 || left > 16<<20 {
		t.Errorf("%d octets free, %v", left, err)
	}
}

func TestDevices_ShowsTheStickToNobodyElse(t *testing.T) {
	m, d := kiosk(t)
	disk := looped(t, ext4(t))
	m.Plug(disk)
	stands(t, d, StandingReady)
	for _, list := range []string{"/proc/self/mountinfo", "/proc/1/mountinfo"} {
		mounts, err := os.ReadFile(list)
		if err != nil {
			t.Logf("%v", err)
			continue
		}
		if strings.Contains(string(mounts), disk.Name) {
			t.Errorf("%s is in %s", disk.Name, list)
		}
	}
}

func TestDevices_ReleaseLetsGoOfACleanStickAndSaysSo(t *testing.T) {
	m, d := kiosk(t)
	picture := ext4(t)
	disk := looped(t, picture)
	m.Plug(disk)
	stands(t, d, StandingReady)
	must(t, d.WriteNew("a.p12", []byte("a")))
	must(t, d.Release(t.Context()))
	if s := d.State(); s.Standing != StandingReleased || d.Present() {
		t.Errorf("%+v, present %t", s, d.Present())
	}
	fd, err := unix.Open("/dev/"+disk.Name, unix.O_RDONLY|unix.O_EXCL|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Errorf("somebody still has it: %v", err)
	}
	unix.Close(fd)
	if said := run(t, "dumpe2fs", "-h", picture); !strings.Contains(said, "clean") || strings.Contains(said, "needs_recovery") {
		t.Errorf("it was left unclean:\n%s", said)
	}
	run(t, "e2fsck", "-f", "-n", picture)
	_, err = d.Read("a.p12", 10)
	wantError(t, "read", err, ErrAbsent)
	wantError(t, "write", d.WriteNew("b.p12", nil), ErrAbsent)
	wantError(t, "release again", d.Release(t.Context()), ErrAbsent)
	d.look(t.Context())
	if s := d.State(); s.Standing != StandingReleased {
		t.Errorf("taken up again by itself: %+v", s)
	}
	m.Pull(disk)
	stands(t, d, StandingNone)
	m.Plug(disk)
	stands(t, d, StandingReady)
	if got := onStick(t, d); got["a.p12"] != "a" {
		t.Errorf("on the stick: %q", got)
	}
	must(t, d.Release(t.Context()))
	d.Resume()
	stands(t, d, StandingReady)
}

func TestDevices_ReleaseIsSafeWhileSomebodyStillReads(t *testing.T) {
	m, d := kiosk(t)
	picture := ext4(t)
	disk := looped(t, picture)
	m.Plug(disk)
	stands(t, d, StandingReady)
	must(t, d.WriteNew("a.p12", []byte("a")))
	reader, err := d.top()
	must(t, err)
	must(t, d.Release(t.Context()))
	if said := run(t, "dumpe2fs", "-h", picture); strings.Contains(said, "needs_recovery") {
		t.Errorf("it was left unclean:\n%s", said)
	}
	if _, err := readAt(int(reader.Fd()), "a.p12", 10); err != nil {
		t.Errorf("the reader lost it: %v", err)
	}
	must(t, reader.Close())
	free(t, disk)
}

func TestDevices_ReleaseWaitsForTheWriting(t *testing.T) {
	m, d := kiosk(t)
	m.Plug(looped(t, ext4(t)))
	stands(t, d, StandingReady)
	released := make(chan error, 1)
	d.step = func(at step) {
		if at == stepCreated {
			go func() { released <- d.Release(context.Background()) }()
		}
	}
	must(t, d.WriteNew("a.p12", []byte("a")))
	must(t, <-released)
	d.step = nil
	d.Resume()
	stands(t, d, StandingReady)
	if got := onStick(t, d); len(got) != 1 || got["a.p12"] != "a" {
		t.Errorf("on the stick: %q", got)
	}
}

func TestDevices_PulledInTheMiddleKeepsOldFilesWhole(t *testing.T) {
	for at := stepCreated; at <= stepNamed; at++ {
		for _, replace := range []bool{false, true} {
			t.Run(fmt.Sprintf("step %d, replace %t", at, replace), func(t *testing.T) {
				m, d := kiosk(t)
				picture := ext4(t)
				disk := looped(t, picture)
				m.Plug(disk)
				stands(t, d, StandingReady)
				must(t, d.WriteNew("old.p12", []byte("old")))
				d.step = func(reached step) {
					if reached == at {
						yank(t, d)
						m.Pull(disk)
					}
				}
				name, write := "new.p12", d.WriteNew
				if replace {
					name, write = "old.p12", d.Replace
				}
				wantError(t, "write", write(name, []byte("fresh")), ErrAbsent)
				d.step = nil
				stands(t, d, StandingNone)
				free(t, disk)
				m.Plug(disk)
				stands(t, d, StandingReady)
				got := onStick(t, d)
				if old := got["old.p12"]; old != "old" && !(replace && at >= stepNamed && old == "fresh") {
					t.Errorf("the old file holds %q", old)
				}
				if fresh, there := got["new.p12"]; there && fresh != "fresh" {
					t.Errorf("the new file holds %q", fresh)
				}
				must(t, d.WriteNew("next.p12", []byte("next")))
				for left := range onStick(t, d) {
					if strings.HasPrefix(left, unfinished) {
						t.Errorf("%s was left", left)
					}
				}
				must(t, d.Release(t.Context()))
				run(t, "e2fsck", "-f", "-n", picture)
			})
		}
	}
}

func TestDevices_PulledAtRestIsToldAndCleanedUp(t *testing.T) {
	m, d := kiosk(t)
	disk := looped(t, ext4(t))
	m.Plug(disk)
	stands(t, d, StandingReady)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	events := d.Watch(ctx)
	if !<-events {
		t.Error("not there at first")
	}
	yank(t, d)
	m.Pull(disk)
	if <-events {
		t.Error("the pull was not told")
	}
	_, err := d.KeyFiles(ctx)
	wantError(t, "KeyFiles", err, ErrAbsent)
	stands(t, d, StandingNone)
	free(t, disk)
	m.Plug(disk)
	d.nudge()
	if !<-events {
		t.Error("the next plug was not told")
	}
}

func TestDevices_FailingMediumIsNotWrittenAndLetGoOf(t *testing.T) {
	m, d := kiosk(t)
	disk := looped(t, ext4(t))
	m.Plug(disk)
	stands(t, d, StandingReady)
	must(t, d.WriteNew("a.p12", []byte("a")))
	yank(t, d)                                                           // but nobody pulled it
	wantError(t, "write", d.WriteNew("b.p12", []byte("b")), ErrReadOnly) // the kernel has barred it from writing: errors=remount-ro
	must(t, d.Release(t.Context()))
	free(t, disk)
}

func TestDevices_TellsSeveralSticksAndUsesNoneOfThem(t *testing.T) {
	m := blocktest.New(t)
	one, two := looped(t, ext4(t)), looped(t, ext4(t))
	m.Plug(one)
	m.Plug(two)
	d := kioskOn(t, m)
	if s := stands(t, d, StandingSeveral); s.Others != 2 || d.Present() {
		t.Errorf("%+v, present %t", s, d.Present())
	}
	wantError(t, "write", d.WriteNew("a.p12", nil), ErrAbsent)
	m.Pull(two)
	stands(t, d, StandingReady)
	must(t, d.WriteNew("one.p12", nil))
	m.Plug(two) // the first is in use, and stays so
	d.look(t.Context())
	if s := d.State(); s.Standing != StandingReady || s.Others != 1 {
		t.Errorf("%+v", s)
	}
	if got := onStick(t, d); len(got) != 1 {
		t.Errorf("another stick: %q", got)
	}
	must(t, d.Release(t.Context()))
	m.Pull(one)
	stands(t, d, StandingReady)
	if got := onStick(t, d); len(got) != 0 {
		t.Errorf("the first stick's files on the second: %q", got)
	}
}

func TestDevices_NamesWhatCannotBeUsed(t *testing.T) {
	m, d := kiosk(t)
	lying := image(t, 64<<20, "mkfs.fat", "-F", "32")
	f, err := os.OpenFile(lying, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte{0xff, 0xff, 0xff, 0x7f}, 32) // 2^31 sectors
	must(t, err)
	must(t, f.Close())
	truncated := ext4(t)
	must(t, os.Truncate(truncated, 8<<20))
	locked := image(t, 1<<20, "true")
	volume := make([]byte, 1<<20)
	copy(volume, "\xeb\x58\x90-FVE-FS-")
	must(t, os.WriteFile(locked, volume, 0o600))
	for what, c := range map[string]struct {
		image string
		want  State
	}{
		"NTFS":         {image(t, 16<<20, "mkfs.ntfs", "-F", "-q"), State{Standing: StandingUnreadable, Format: superblock.NTFS}},
		"BitLocker":    {locked, State{Standing: StandingUnreadable, Format: superblock.BitLocker}},
		"nothing":      {image(t, 16<<20, "true"), State{Standing: StandingUnreadable, Format: superblock.None}},
		"a lying FAT":  {lying, State{Standing: StandingDamaged, Format: superblock.FAT32}},
		"half an ext4": {truncated, State{Standing: StandingDamaged, Format: superblock.Ext4}},
	} {
		t.Run(what, func(t *testing.T) {
			disk := looped(t, c.image)
			m.Plug(disk)
			if s := stands(t, d, c.want.Standing); s != c.want || d.Present() {
				t.Errorf("%+v, want %+v", s, c.want)
			}
			m.Pull(disk)
			stands(t, d, StandingNone)
			free(t, disk)
		})
	}
}

// A kernel without the driver says so; one that has it mounts what mkfs made.
func TestDevices_FATIsMountedOrTheKernelLacksIt(t *testing.T) {
	known, err := os.ReadFile("/proc/filesystems")
	must(t, err)
	for _, c := range []struct {
		driver string
		kind   superblock.Kind
		make   []string
	}{{"vfat", superblock.FAT32, []string{"mkfs.fat", "-F", "32"}}, {"exfat", superblock.ExFAT, []string{"mkfs.exfat"}}} {
		t.Run(string(c.kind), func(t *testing.T) {
			m, d := kiosk(t)
			m.Plug(looped(t, image(t, 64<<20, c.make[0], c.make[1:]...)))
			if !strings.Contains(string(known), "\t"+c.driver+"\n") {
				t.Logf("this kernel has no %s: only the refusal is tried", c.driver)
				if s := stands(t, d, StandingOutOfOrder); s.Format != c.kind {
					t.Errorf("%+v", s)
				}
				return
			}
			stands(t, d, StandingReady)
			must(t, d.WriteNew("a.p12", []byte("a")))
			must(t, d.Replace("a.p12", []byte("b")))
			if got := onStick(t, d); got["a.p12"] != "b" {
				t.Errorf("on the stick: %q", got)
			}
			must(t, d.Release(t.Context()))
		})
	}
}

func TestDevices_TakesTheFirstPartThatCanBeMounted(t *testing.T) {
	m, d := kiosk(t)
	picture := ext4(t)
	firmware := looped(t, image(t, 4<<20, "mkfs.fat"))
	nothing, data := looped(t, image(t, 4<<20, "true")), looped(t, picture)
	disk := looped(t, image(t, 32<<20, "true"))
	for i, p := range []blocktest.Disk{firmware, nothing, data} {
		label := ""
		if i == 0 {
			label = "EFI System Partition"
		}
		disk.Parts = append(disk.Parts, blocktest.Part{Name: p.Name, Number: p.Number, Size: p.Size, Label: label})
	}
	m.Plug(disk)
	stands(t, d, StandingReady)
	must(t, d.WriteNew("a.p12", nil))
	must(t, d.Release(t.Context()))
	prepared(t, picture, func(folder string) {
		if _, err := os.Stat(filepath.Join(folder, "a.p12")); err != nil {
			t.Error(err)
		}
	})
}

func TestDevices_LeavesAloneWhatTheMachineUses(t *testing.T) {
	m, d := kiosk(t)
	disk := looped(t, ext4(t))
	elsewhere := t.TempDir()
	must(t, unix.Mount("/dev/"+disk.Name, elsewhere, "ext4", 0, ""))
	t.Cleanup(func() { unix.Unmount(elsewhere, unix.MNT_DETACH) })
	m.Plug(disk) // this machine's own list of mounts does not name it: the kernel is asked
	if s := stands(t, d, StandingInUse); d.Present() {
		t.Errorf("%+v", s)
	}
	must(t, os.WriteFile(filepath.Join(elsewhere, "still"), []byte("writable"), 0o600))
}

func TestDevices_RefusesANodeOfAnotherDevice(t *testing.T) {
	m, d := kiosk(t)
	disk := looped(t, ext4(t))
	other := disk
	other.Number = block.Number{Major: 253, Minor: 77}
	m.Plug(other)
	d.look(t.Context())
	if d.Present() || d.State().Standing == StandingReady {
		t.Errorf("%+v", d.State())
	}
	free(t, disk)
}

func TestDevices_WriteProtectedStickIsReadOnly(t *testing.T) {
	m, d := kiosk(t)
	picture := ext4(t)
	prepared(t, picture, func(folder string) { must(t, os.WriteFile(filepath.Join(folder, "a.p12"), []byte("a"), 0o600)) })
	disk := looped(t, picture, "-r")
	disk.Protected = true
	m.Plug(disk)
	if s := stands(t, d, StandingReady); !s.Protected {
		t.Errorf("%+v", s)
	}
	wantError(t, "write", d.WriteNew("b.p12", nil), ErrReadOnly)
	wantError(t, "remove", d.Remove("a.p12"), ErrReadOnly)
	if left, err := d.Free(); left != 0 || err != nil {
		t.Errorf("%d octets free, %v", left, err)
	}
	if got, err := d.Read("a.p12", 10); err != nil || string(got) != "a" {
		t.Errorf("%q, %v", got, err)
	}
	must(t, d.Release(t.Context()))
}

func TestDevices_HelperThatEndsIsReplaced(t *testing.T) {
	m, d := kiosk(t)
	disk := looped(t, ext4(t))
	m.Plug(disk)
	stands(t, d, StandingReady)
	must(t, d.WriteNew("a.p12", []byte("a")))
	d.mu.Lock()
	d.now.line.Close() // the helper ends with its line
	d.mu.Unlock()
	wantError(t, "write", d.WriteNew("b.p12", nil), ErrAbsent)
	stands(t, d, StandingReady)
	must(t, d.WriteNew("b.p12", nil))
	if got := onStick(t, d); len(got) != 2 || got["a.p12"] != "a" {
		t.Errorf("on the stick: %q", got)
	}
}

func TestDevices_ProgramsEndLetsGo(t *testing.T) {
	m := blocktest.New(t)
	disk := looped(t, ext4(t))
	m.Plug(disk)
	d := kioskOn(t, m)
	stands(t, d, StandingReady)
	must(t, d.Close())
	free(t, disk)
}
