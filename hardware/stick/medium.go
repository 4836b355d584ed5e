package stick

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// medium is where a stick's files are: a folder somebody else mounts, or a block device that is mounted here.
type medium interface {
	// top opens the top folder itself, so that everything after happens on one and the same medium. [ErrAbsent] where there is none.
	top() (*os.File, error)
	// identity tells one stay of a medium from the next; false where there is none.
	identity() (identity, bool)
	// changes tells that the medium may have come or gone, until ctx ends; nil where nobody tells it.
	changes(ctx context.Context) <-chan struct{}
	// unlock lets the medium be written until lock is called. One writing at a time asks for it.
	unlock() (lock func(), err error)
	// protected says whether a medium that is mounted with these flags (statfs) cannot be written to.
	protected(flags int64) bool
}

// identity tells one medium from the next: the device and inode of its folder, and which stay it is.
type identity struct{ device, inode, stay uint64 }

// folder is a medium that comes and goes by itself.
type folder string

func (f folder) top() (*os.File, error) {
	fd, err := unix.Open(string(f), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ELOOP):
		return nil, ErrAbsent
	case err != nil:
		return nil, meaning(err)
	}
	return os.NewFile(uintptr(fd), string(f)), nil
}

func (f folder) identity() (identity, bool) {
	var info unix.Stat_t
	if err := unix.Lstat(string(f), &info); err != nil || info.Mode&unix.S_IFMT != unix.S_IFDIR {
		return identity{}, false
	}
	return identity{device: uint64(info.Dev), inode: info.Ino}, true
}

func (folder) unlock() (func(), error) { return func() {}, nil }

func (folder) protected(flags int64) bool { return flags&unix.ST_RDONLY != 0 }
