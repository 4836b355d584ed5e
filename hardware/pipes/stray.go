// Package pipes keeps a program that the kiosk starts from holding what is not its own.
package pipes

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// CloseStray closes the pipes from a descriptor on that this program was given unawares. Wails serves the page through pipes that every program inherits
// which is started meanwhile (pipe2(2) without O_CLOEXEC), and the page would wait for their end as long as that program lives. What this program has
// opened itself ends with it (FD_CLOEXEC) and is left alone.
func CloseStray(from int) {
	own, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return // no /proc, and nobody to tell
	}
	for _, entry := range own {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd < from {
			continue
		}
		var st unix.Stat_t
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 && unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFIFO {
			_ = unix.Close(fd)
		}
	}
}
