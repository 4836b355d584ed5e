package stick

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
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
	stepNamed               // it has its name
)

// WriteNew writes a new file and reads it back. When it returns nil the file is whole on the medium; on any error nothing of it is left
// under its name, except where the stick was pulled between the naming and the return: then it is there and whole.
// Errors: [ErrName], [ErrExists], [ErrFull], [ErrReadOnly], [ErrAbsent], [ErrDamaged].
func (s *Stick) WriteNew(name string, data []byte) error {
	if err := s.write(name, data, false); err != nil {
		return fmt.Errorf("write to the stick: %w", err)
	}
	return nil
}

// Replace is WriteNew that takes the place of an older file, if there is one. Until the new file is whole the older one stands.
func (s *Stick) Replace(name string, data []byte) error {
	if err := s.write(name, data, true); err != nil {
		return fmt.Errorf("write to the stick: %w", err)
	}
	return nil
}

func (s *Stick) write(name string, data []byte, replace bool) error {
	if err := checkWritten(name); err != nil {
		return err
	}
	if len(data) > maxWrite {
		return ErrTooLarge
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	folder, err := s.open()
	if err != nil {
		return err
	}
	defer folder.Close()
	at := int(folder.Fd())
	clearUnfinished(folder)
	switch err := plainAt(at, name); {
	case err == nil && !replace:
		return ErrExists
	case err != nil && !errors.Is(err, ErrNotFound):
		return err // a link or a device of that name is neither followed nor replaced
	}
	beside := unfinished + randomName() + ".part"
	if err := s.create(at, beside, data); err != nil {
		unix.Unlinkat(at, beside, 0)
		return s.orAbsent(err)
	}
	s.reached(stepWritten)
	if err := rename(at, beside, name, replace); err != nil {
		unix.Unlinkat(at, beside, 0)
		return s.orAbsent(meaning(err))
	}
	s.reached(stepNamed)
	if err := syncFolder(at); err != nil {
		return s.orAbsent(meaning(err))
	}
	if err := same(at, name, data); err != nil {
		if errors.Is(err, ErrDamaged) && !replace {
			unix.Unlinkat(at, name, 0)
		}
		return s.orAbsent(err)
	}
	// The folder that was written to must still be the stick that is plugged in.
	if !s.Present() {
		return ErrAbsent
	}
	return nil
}

// create writes data beside its place, brings it to the medium and reads it back from there.
func (s *Stick) create(at int, beside string, data []byte) error {
	fd, err := unix.Openat(at, beside, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return meaning(err)
	}
	s.reached(stepCreated)
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
		return meaning(err)
	}
	return same(at, beside, data)
}

// Read reads a plain file of at most limit bytes. Errors: [ErrName], [ErrNotFound], [ErrNotPlain], [ErrTooLarge], [ErrAbsent], [ErrDamaged].
func (s *Stick) Read(name string, limit int64) ([]byte, error) {
	if err := checkFound(name); err != nil {
		return nil, fmt.Errorf("read from the stick: %w", err)
	}
	folder, err := s.open()
	if err != nil {
		return nil, fmt.Errorf("read from the stick: %w", err)
	}
	defer folder.Close()
	data, err := readAt(int(folder.Fd()), name, limit)
	if err != nil {
		return nil, fmt.Errorf("read from the stick: %w", s.orAbsent(err))
	}
	return data, nil
}

// Remove removes a plain file and brings that to the medium. A file that is not there is [ErrNotFound].
func (s *Stick) Remove(name string) error {
	if err := checkFound(name); err != nil {
		return fmt.Errorf("remove from the stick: %w", err)
	}
	folder, err := s.open()
	if err != nil {
		return fmt.Errorf("remove from the stick: %w", err)
	}
	defer folder.Close()
	at := int(folder.Fd())
	err = plainAt(at, name)
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

// open opens the folder itself, so that everything after happens on one and the same medium.
func (s *Stick) open() (*os.File, error) {
	fd, err := unix.Open(s.folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ELOOP):
		return nil, ErrAbsent
	case err != nil:
		return nil, meaning(err)
	}
	return os.NewFile(uintptr(fd), s.folder), nil
}

// orAbsent says the plainest reason: whatever failed, a stick that is gone is gone.
func (s *Stick) orAbsent(err error) error {
	if !s.Present() {
		return fmt.Errorf("%w (%v)", ErrAbsent, err)
	}
	return err
}

func (s *Stick) reached(at step) {
	if s.step != nil {
		s.step(at)
	}
}

// plainAt says whether name is a plain file: nil, ErrNotFound or ErrNotPlain.
func plainAt(at int, name string) error {
	var info unix.Stat_t
	if err := unix.Fstatat(at, name, &info, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return meaning(err)
	}
	if info.Mode&unix.S_IFMT != unix.S_IFREG {
		return ErrNotPlain
	}
	return nil
}

// readAt opens without following a link and without waiting for a pipe, looks at what it opened, and reads no more than limit.
func readAt(at int, name string, limit int64) ([]byte, error) {
	if err := plainAt(at, name); err != nil { // opening a device would already do something to it
		return nil, err
	}
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		return nil, err // not a matter of writing
	}
	if err != nil {
		return nil, meaning(err)
	}
	in := os.NewFile(uintptr(fd), name)
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, meaning(err)
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotPlain
	}
	if info.Size() > limit {
		return nil, ErrTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, meaning(err)
	}
	if int64(len(data)) > limit {
		return nil, ErrTooLarge
	}
	return data, nil
}

// same reads a file back and compares.
func same(at int, name string, data []byte) error {
	got, err := readAt(at, name, int64(len(data)))
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return err
	}
	if !bytes.Equal(got, data) {
		return fmt.Errorf("%w: read back, it is another file", ErrDamaged)
	}
	return nil
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
		if strings.HasPrefix(name, unfinished) && strings.HasSuffix(name, ".part") && plainAt(int(folder.Fd()), name) == nil {
			unix.Unlinkat(int(folder.Fd()), name, 0)
		}
	}
}

func randomName() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
