package stick

import (
	"context"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// changes tells whenever the folder may have come or gone, until ctx ends: whatever happens to a name beside it. Nil where the system tells nothing.
// What is mounted over the folder is not told of.
func (f folder) changes(ctx context.Context) <-chan struct{} {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil
	}
	file := os.NewFile(uintptr(fd), "inotify")
	_, err = unix.InotifyAddWatch(fd, filepath.Dir(string(f)), unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_DELETE|unix.IN_MOVED_FROM|unix.IN_ONLYDIR)
	if err != nil {
		_ = file.Close()
		return nil
	}
	out := make(chan struct{}, 1)
	context.AfterFunc(ctx, func() { _ = file.Close() })
	go func() {
		events := make([]byte, 4096)
		for {
			_, err := file.Read(events)
			if err != nil {
				return
			}
			tell(out)
		}
	}()
	return out
}

// changes tells whenever the state is another one, until ctx ends.
func (d *Devices) changes(ctx context.Context) <-chan struct{} {
	out := make(chan struct{}, 1)
	go func() {
		for range d.States(ctx) {
			tell(out)
		}
	}()
	return out
}

// tell never blocks: what is not fetched becomes one.
func tell(out chan<- struct{}) {
	select {
	case out <- struct{}{}:
	default:
	}
}
