package stick

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// unfinished begins the names of files that are being written. They are hidden from everybody but the next writing.
const unfinished = ".tirkeu-"

// step names the moments of a writing between which a stick can be pulled.
type step int

const (
	stepCreated step = iota // an empty file stands beside its place
	stepWritten             // it is whole and on the medium
	stepChecked             // the caller has tried what was read back
	stepNamed               // it has its name
)

// WriteNew writes a new file and reads it back. When it returns nil the file is whole on the medium; on any error nothing of it is left
// under its name, except where the stick was pulled between the naming and the return: then it is there and whole.
// Errors: [ErrName], [ErrExists], [ErrFull], [ErrReadOnly], [ErrAbsent], [ErrDamaged].
func (s *Stick) WriteNew(name string, data []byte) error {
	if err := s.write(name, data, writing{}); err != nil {
		return fmt.Errorf("write to the stick: %w", err)
	}
	return nil
}

// Replace is WriteNew that takes the place of an older file, if there is one. Until the new file is whole the older one stands.
// The name may be one that somebody else chose, and in a folder ("folder/file"), if the older file is there.
// An error after the new file took its place is [ErrUnsettled] too: both the old and the new file are possible then.
func (s *Stick) Replace(name string, data []byte) error {
	if err := s.write(name, data, writing{replace: true}); err != nil {
		return fmt.Errorf("write to the stick: %w", err)
	}
	return nil
}

// ReplaceChecked is Replace of a file that must be there ([ErrNotFound]), with a last word for the caller: when the new file is whole on the medium, beside its place,
// check gets what was read back from there. Only if it returns nil does the new file take the place of the older one; else the older one
// stands and check's error comes back. check may read from the stick, but not write to it.
func (s *Stick) ReplaceChecked(name string, data []byte, check func(back []byte) error) error {
	if err := s.write(name, data, writing{replace: true, must: true, check: check}); err != nil {
		return fmt.Errorf("write to the stick: %w", err)
	}
	return nil
}

// writing says how a file is written.
type writing struct {
	replace bool // it may take the place of an older file
	must    bool // there must be an older file
	check   func(back []byte) error
}

func (s *Stick) write(name string, data []byte, how writing) error {
	ours, err := checkPath(name, how.replace)
	if err != nil {
		return err
	}
	if len(data) > maxWrite {
		return ErrTooLarge
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	lock, err := s.medium.unlock()
	if err != nil {
		return s.orAbsent(err)
	}
	defer lock() // when the folder is closed
	folder, name, err := s.openFor(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	at := int(folder.Fd())
	clearUnfinished(folder)
	mode := uint32(0o600)
	older, err := plainAt(at, name)
	switch {
	case err == nil && !how.replace:
		return ErrExists
	case err == nil:
		mode = older.Mode & 0o777 // whoever could read it before can read it after
	case !errors.Is(err, ErrNotFound):
		return s.orAbsent(err) // a link or a device of that name is neither followed nor replaced
	case how.must || !ours:
		return s.orAbsent(err)
	}
	beside := unfinished + randomName() + ".part"
	back, err := s.create(at, beside, data, mode)
	if err == nil {
		s.reached(stepWritten)
		if how.check != nil {
			err = how.check(back)
		}
	}
	if err != nil {
		unix.Unlinkat(at, beside, 0)
		return s.orAbsent(err)
	}
	s.reached(stepChecked)
	err = ErrAbsent // a folder that is not the stick's any more still takes names, for nobody
	if s.Present() {
		err = rename(at, beside, name, how.replace)
	}
	if err != nil {
		unix.Unlinkat(at, beside, 0)
		return s.orAbsent(meaning(err))
	}
	s.reached(stepNamed)
	err = s.settle(at, name, data)
	switch {
	case err == nil:
		return nil
	case how.replace:
		return fmt.Errorf("%w (%w)", s.orAbsent(err), ErrUnsettled)
	case errors.Is(err, ErrDamaged):
		unix.Unlinkat(at, name, 0)
	}
	return s.orAbsent(err)
}

// settle brings the new name to the medium and sees what stands under it.
func (s *Stick) settle(at int, name string, data []byte) error {
	if err := syncFolder(at); err != nil {
		return meaning(err)
	}
	if _, err := same(at, name, data); err != nil {
		return err
	}
	// The folder that was written to must still be the stick that is plugged in.
	if !s.Present() {
		return ErrAbsent
	}
	return nil
}

// create writes data beside its place, brings it to the medium and gives what it reads back from there, which is the same.
func (s *Stick) create(at int, beside string, data []byte, mode uint32) ([]byte, error) {
	fd, err := unix.Openat(at, beside, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, meaning(err)
	}
	s.reached(stepCreated)
	if mode != 0o600 {
		unix.Fchmod(fd, mode) // FAT knows no modes, and says so: the file is as readable there as any other
	}
	out := os.NewFile(uintptr(fd), beside)
	_, err = out.Write(data)
	if err == nil {
		err = out.Sync()
	}
	// What was written is dropped from the cache, so that reading back asks the medium. Where that is not possible reading back is only weaker.
	unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED)
	if closed := out.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, meaning(err)
	}
	return same(at, beside, data)
}

// Remove removes a plain file and brings that to the medium. A file that is not there is [ErrNotFound].
func (s *Stick) Remove(name string) error {
	if err := checkFoundPath(name); err != nil {
		return fmt.Errorf("remove from the stick: %w", err)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	lock, err := s.medium.unlock()
	if err != nil {
		return fmt.Errorf("remove from the stick: %w", s.orAbsent(err))
	}
	defer lock()
	folder, name, err := s.openFor(name)
	if err != nil {
		return fmt.Errorf("remove from the stick: %w", err)
	}
	defer folder.Close()
	at := int(folder.Fd())
	_, err = plainAt(at, name)
	if err == nil {
		err = unix.Unlinkat(at, name, 0)
	}
	if err == nil {
		err = syncFolder(at)
	}
	if err != nil {
		return fmt.Errorf("remove from the stick: %w", s.orAbsent(meaning(err)))
	}
	return nil
}

// open opens the top folder.
func (s *Stick) open() (*os.File, error) { return s.medium.top() }

// openFor opens the folder a file lies in, the top or one below it, and gives the file's name there.
func (s *Stick) openFor(name string) (*os.File, string, error) {
	top, err := s.open()
	if err != nil {
		return nil, "", err
	}
	folder, file, below := strings.Cut(name, "/")
	if !below {
		return top, name, nil
	}
	defer top.Close()
	in, err := enter(top, folder)
	if err != nil {
		return nil, "", s.orAbsent(err)
	}
	return in, file, nil
}

// orAbsent says the plainest reason: whatever failed, a stick that is gone is gone.
func (s *Stick) orAbsent(err error) error {
	if !errors.Is(err, ErrAbsent) && !s.Present() {
		return fmt.Errorf("%w (%v)", ErrAbsent, err)
	}
	return err
}

func (s *Stick) reached(at step) {
	if s.step != nil {
		s.step(at)
	}
}

// rename gives the file its name. Where nothing may be replaced the system is asked to see to it (vfat, exfat, ext4 and tmpfs do);
// a file system that cannot is asked first and renamed after, which leaves a gap no other writer of this stick is there to use.
func rename(at int, beside, name string, replace bool) error {
	if replace {
		return unix.Renameat(at, beside, at, name)
	}
	err := unix.Renameat2(at, beside, at, name, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	var info unix.Stat_t
	if err := unix.Fstatat(at, name, &info, unix.AT_SYMLINK_NOFOLLOW); err == nil {
		return unix.EEXIST
	}
	return unix.Renameat(at, beside, at, name)
}

// syncFolder brings the folder's entries to the medium. Some file systems over FUSE do not know how for a folder: syncfs does it then.
func syncFolder(at int) error {
	err := unix.Fsync(at)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return unix.Syncfs(at)
	}
	return err
}

// clearUnfinished removes what a writing left that was cut short. It is a courtesy: what cannot be removed stays.
func clearUnfinished(folder *os.File) {
	names, err := folder.Readdirnames(maxSeen)
	if err != nil {
		return
	}
	for _, name := range names {
		if !strings.HasPrefix(name, unfinished) || !strings.HasSuffix(name, ".part") {
			continue
		}
		if _, err := plainAt(int(folder.Fd()), name); err == nil {
			unix.Unlinkat(int(folder.Fd()), name, 0)
		}
	}
}

func randomName() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
