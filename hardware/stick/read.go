package stick

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Read reads a plain file of at most limit bytes; "folder/file" is one in a folder. Errors: [ErrName], [ErrNotFound], [ErrNotPlain], [ErrTooLarge], [ErrAbsent], [ErrDamaged].
func (s *Stick) Read(name string, limit int64) ([]byte, error) {
	if err := checkFoundPath(name); err != nil {
		return nil, fmt.Errorf("read from the stick: %w", err)
	}
	folder, name, err := s.openFor(name)
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

// plainAt says whether name is a plain file: nil, ErrNotFound or ErrNotPlain.
func plainAt(at int, name string) (info unix.Stat_t, err error) {
	if err := unix.Fstatat(at, name, &info, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return info, meaning(err)
	}
	if info.Mode&unix.S_IFMT != unix.S_IFREG {
		return info, ErrNotPlain
	}
	return info, nil
}

// openPlain opens without following a link and without waiting for a pipe, and looks at what it opened.
func openPlain(at int, name string) (*os.File, error) {
	if _, err := plainAt(at, name); err != nil { // opening a device would already do something to it
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
	info, err := in.Stat()
	switch {
	case err != nil:
		err = meaning(err)
	case !info.Mode().IsRegular():
		err = ErrNotPlain
	default:
		return in, nil
	}
	in.Close()
	return nil, err
}

// readAt reads a plain file of at most limit bytes.
func readAt(at int, name string, limit int64) ([]byte, error) {
	in, err := openPlain(at, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, meaning(err)
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

// same reads a file back, compares, and gives what it read.
func same(at int, name string, data []byte) ([]byte, error) {
	got, err := readAt(at, name, int64(len(data)))
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return nil, err
	}
	if !bytes.Equal(got, data) {
		return nil, fmt.Errorf("%w: read back, it is another file", ErrDamaged)
	}
	return got, nil
}
