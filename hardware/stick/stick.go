package stick

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// What can be wrong with a stick. Every error of this package is one of these, or what the system said of a defective medium.
var (
	ErrAbsent   = errors.New("there is no stick")
	ErrFull     = errors.New("the stick is full")
	ErrReadOnly = errors.New("the stick cannot be written to")
	ErrExists   = errors.New("a file of that name is on the stick already")
	ErrNotFound = errors.New("there is no such file on the stick")
	ErrDamaged  = errors.New("the stick does not keep what is written to it")
	ErrName     = errors.New("that is not a name for a file on a stick")
	ErrNotPlain = errors.New("that is not a plain file")
	ErrTooLarge = errors.New("the file is too large")
	ErrTooMany  = errors.New("there are too many files on the stick")

	// ErrUnsettled comes together with one of the others: the new file had taken the place of the old one, but whether the medium keeps that is not known.
	ErrUnsettled = errors.New("the old file or the new one may be there")
)

// Bounds of what is looked at.
const (
	MaxListed = 1000     // files that List names
	maxSeen   = 20_000   // entries that List looks at before it gives up
	maxWrite  = 16 << 20 // bytes in one written file
)

// watchEvery is how often Watch looks. A folder on a stick costs one system call to look at, and the kiosk's waking up more than that: where a medium
// that is not there tells when it comes, it is looked for every watchSeldom only.
const (
	watchEvery  = 300 * time.Millisecond
	watchSeldom = 2 * time.Second
)

// Stick is the place where a citizen's stick is found when one is plugged in. It may be used by several goroutines at once.
type Stick struct {
	medium  medium
	every   time.Duration
	step    func(step) // tests stop here to pull the stick; nil otherwise
	writing sync.Mutex // held for one whole writing, so that none clears away another's unfinished file
}

// Open names the folder where somebody else mounts it. It need not be there: a stick comes and goes.
func Open(path string) *Stick { return &Stick{medium: folder(path), every: watchEvery} }

// Folder is the folder that was named; a stick on a device has none.
func (s *Stick) Folder() string {
	f, _ := s.medium.(folder)
	return string(f)
}

// Present says whether a stick is plugged in.
func (s *Stick) Present() bool {
	_, ok := s.medium.identity()
	return ok
}

// Watch says at once whether a stick is there, and then whenever that changes, until ctx ends, when the channel closes.
// Another stick in the place of the first is told as gone and come. A slow reader is not hurried: it gets the next change when it comes for it.
func (s *Stick) Watch(ctx context.Context) <-chan bool {
	out := make(chan bool)
	go func() {
		defer close(out)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		changes := s.medium.changes(ctx)
		next := time.NewTimer(s.every)
		defer next.Stop()
		tell := func(there bool) bool {
			select {
			case out <- there:
				return true
			case <-ctx.Done():
				return false
			}
		}
		last, there := s.medium.identity()
		if !tell(there) {
			return
		}
		for {
			every := s.every
			if changes != nil && !there {
				every = max(every, watchSeldom)
			}
			next.Reset(every)
			select {
			case <-ctx.Done():
				return
			case <-changes:
			case <-next.C:
			}
			now, is := s.medium.identity()
			if there && (!is || now != last) && !tell(false) {
				return
			}
			if is && (!there || now != last) && !tell(true) {
				return
			}
			last, there = now, is
		}
	}()
	return out
}

// Free is how many bytes can still be written.
func (s *Stick) Free() (int64, error) {
	top, err := s.open()
	if err != nil {
		return 0, fmt.Errorf("measure the stick: %w", err)
	}
	defer top.Close()
	var info unix.Statfs_t
	if err := unix.Fstatfs(int(top.Fd()), &info); err != nil {
		return 0, fmt.Errorf("measure the stick: %w", s.orAbsent(meaning(err)))
	}
	if s.medium.protected(info.Flags) {
		return 0, nil
	}
	return int64(info.Bavail) * int64(info.Bsize), nil
}

// File is one file on the stick, with its size in bytes.
type File struct {
	Name string
	Size int64
}

// List names the key files (*.p12) and sealed files (*.sealed) on the stick, by name. Links, folders, devices and names that could deceive are left out.
// More than [MaxListed] of them are [ErrTooMany], together with those that were found first.
func (s *Stick) List() ([]File, error) {
	folder, err := s.open()
	if err != nil {
		return nil, fmt.Errorf("list the stick: %w", err)
	}
	defer folder.Close()
	var files []File
	for seen := 0; ; {
		names, err := folder.Readdirnames(256)
		for _, name := range names {
			if !kept(name) || checkFound(name) != nil {
				continue
			}
			var info unix.Stat_t
			if err := unix.Fstatat(int(folder.Fd()), name, &info, unix.AT_SYMLINK_NOFOLLOW); err != nil || info.Mode&unix.S_IFMT != unix.S_IFREG {
				continue
			}
			files = append(files, File{Name: name, Size: info.Size})
		}
		seen += len(names)
		sort.Slice(files, func(i, j int) bool { return files[i].Name < files[j].Name })
		switch {
		case len(files) > MaxListed:
			return files[:MaxListed], fmt.Errorf("list the stick: %w", ErrTooMany)
		case seen > maxSeen:
			return files, fmt.Errorf("list the stick: %w", ErrTooMany)
		case len(names) == 0 && err != nil:
			if !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("list the stick: %w", meaning(err))
			}
			return files, nil
		}
	}
}

// meaning turns what the system said into one of this package's errors, and keeps the system's own word beside it.
func meaning(err error) error {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return err
	}
	var kind error
	switch no {
	case unix.ENOSPC, unix.EDQUOT, unix.EFBIG:
		kind = ErrFull
	case unix.EROFS, unix.EACCES, unix.EPERM:
		kind = ErrReadOnly
	case unix.EEXIST:
		kind = ErrExists
	case unix.ENODEV, unix.ENXIO, unix.ENOTDIR, unix.ESTALE, unix.ENOTCONN, unix.ESHUTDOWN:
		kind = ErrAbsent
	case unix.EIO, unix.EUCLEAN:
		kind = ErrDamaged
	case unix.ELOOP, unix.EISDIR:
		kind = ErrNotPlain
	case unix.ENAMETOOLONG, unix.EINVAL:
		kind = ErrName
	case unix.ENOENT:
		kind = ErrNotFound
	default:
		return err
	}
	return fmt.Errorf("%w (%w)", kind, no)
}
