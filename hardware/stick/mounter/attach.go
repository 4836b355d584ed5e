package mounter

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/superblock"
)

// createExclusive makes a file system's instance, and fails where one of the same device is there already (FSCONFIG_CMD_CREATE_EXCL, Linux 6.6).
const createExclusive = 8

// releaseWithin is how long a release waits for the last reader, and looked at how often.
const (
	releaseWithin = 3 * time.Second
	releaseLook   = 10 * time.Millisecond
)

// owner is whose files those of FAT and exFAT are, where files have no owner.
type owner struct{ uid, gid uint32 }

// attached is one mount.
type attached struct {
	lent  error // why the kiosk could not be made the owner of the stick's files; it reads then what everybody may
	part  block.Part
	node  *os.File // of the device, opened by no more than its name (O_PATH)
	mount int
}

// refused is a refusal with its reason.
type refused struct {
	why    Refusal
	kind   superblock.Kind
	reason error
}

func (r refused) Error() string { return fmt.Sprintf("%s: %v", r.why, r.reason) }

// attach finds the first part of the disk with a file system that is mounted here, and mounts it. The other parts are not touched.
func attach(root block.Root, d block.Disk, who owner) (*attached, superblock.Kind, error) {
	if d.Used {
		return nil, "", refused{InUse, "", errors.New("mounted, swapped to, or part of something larger")}
	}
	var first error // what the first part of all was, where none is mounted
	for _, p := range d.Parts {
		node, system, err := look(root, p)
		if err != nil {
			var r refused
			if errors.As(err, &r) && r.why != Damaged {
				return nil, "", err // gone, in use or forbidden: so is the whole disk
			}
			first = firstOf(first, err)
			continue
		}
		driver := system.Driver()
		if driver == "" {
			node.Close()
			why := Unreadable
			if system.Damage != "" {
				why = Damaged
			}
			first = firstOf(first, refused{why, system.Kind, errors.New(string(system.Kind) + " " + system.Damage)})
			continue
		}
		mount, err := mount(driver, node, who)
		if err != nil {
			node.Close()
			return nil, system.Kind, refused{meaning(err), system.Kind, err}
		}
		at := &attached{part: p, node: node, mount: mount}
		if driver == "ext4" {
			at.lent = lend(mount, who)
		}
		return at, system.Kind, nil
	}
	return nil, "", first
}

// firstOf keeps what is to be said: a part that holds something before one that holds nothing.
func firstOf(before, now error) error {
	var r refused
	if before == nil || errors.As(before, &r) && r.kind == superblock.None {
		return now
	}
	return before
}

// look opens a part's node, sees that it is the device that was meant, and that nobody has it, and recognises what lies there.
func look(root block.Root, p block.Part) (*os.File, superblock.System, error) {
	fail := func(why Refusal, err error) (*os.File, superblock.System, error) {
		return nil, superblock.System{}, refused{why, "", err}
	}
	fd, err := unix.Open(filepath.Join(root.Dev, p.Name), unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return fail(Gone, fmt.Errorf("open the device's node: %w", err))
	}
	node := os.NewFile(uintptr(fd), p.Name)
	var info unix.Stat_t
	err = unix.Fstat(fd, &info)
	if err != nil || info.Mode&unix.S_IFMT != unix.S_IFBLK || info.Rdev != p.Number.Device() {
		node.Close()
		return fail(Gone, fmt.Errorf("the node is of another device (%v)", err))
	}
	// An exclusive look is refused while anything has the device, in whatever mount namespace: the kernel's own word.
	in, err := os.OpenFile(self(fd), unix.O_RDONLY|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		node.Close()
		why := meaning(err)
		if why == Protected { // it was opened for reading only: the right to it is missing
			why = Forbidden
		}
		return fail(why, fmt.Errorf("open the device: %w", err))
	}
	defer in.Close()
	system, err := superblock.Recognise(in, p.Size)
	if err != nil {
		node.Close()
		return fail(Damaged, err)
	}
	return node, system, nil
}

func self(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// mount makes the file system's instance and a mount of it that has no place in the tree.
func mount(driver string, node *os.File, who owner) (int, error) {
	fs, err := unix.Fsopen(driver, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, fmt.Errorf("open the driver %s: %w", driver, err)
	}
	defer unix.Close(fs)
	options := [][2]string{{"source", self(int(node.Fd()))}, {"errors", "remount-ro"}}
	flags := []string{"ro"}
	if driver == "vfat" || driver == "exfat" {
		options = append(options, [2]string{"uid", fmt.Sprint(who.uid)}, [2]string{"gid", fmt.Sprint(who.gid)}, [2]string{"umask", "0077"})
	}
	switch driver {
	case "vfat":
		flags = append(flags, "utf8")
	case "exfat":
		options = append(options, [2]string{"iocharset", "utf8"})
	}
	for _, o := range options {
		if err := unix.FsconfigSetString(fs, o[0], o[1]); err != nil {
			return -1, fmt.Errorf("set %s: %w", o[0], said(fs, err))
		}
	}
	for _, f := range flags {
		if err := unix.FsconfigSetFlag(fs, f); err != nil {
			return -1, fmt.Errorf("set %s: %w", f, said(fs, err))
		}
	}
	_, _, no := unix.Syscall6(unix.SYS_FSCONFIG, uintptr(fs), createExclusive, 0, 0, 0, 0)
	if no == unix.EOPNOTSUPP { // before Linux 6.6, which leaves the instance as it was
		err = unix.FsconfigCreate(fs)
	} else if no != 0 {
		err = no
	}
	if err != nil {
		return -1, fmt.Errorf("mount: %w", said(fs, err))
	}
	const bars = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_NOATIME
	at, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, bars|unix.MOUNT_ATTR_NOSYMFOLLOW)
	if errors.Is(err, unix.EINVAL) { // before Linux 5.14; package stick follows no links either way
		at, err = unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, bars)
	}
	if err != nil {
		return -1, fmt.Errorf("mount: %w", err)
	}
	return at, nil
}

// said adds what the driver itself said (fsopen's descriptor gives its messages when read).
func said(fs int, err error) error {
	text := make([]byte, 256)
	n, wrong := unix.Read(fs, text)
	if wrong != nil || n <= 0 {
		return err
	}
	return fmt.Errorf("%w (%s)", err, strings.TrimSpace(string(text[:n])))
}

// unlock lets the stick be written: first the file system, then the mount.
func (a *attached) unlock() error {
	if err := a.reconfigure("rw"); err != nil {
		return err
	}
	err := unix.MountSetattr(a.mount, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY})
	if err != nil {
		return fmt.Errorf("let the mount be written: %w", err)
	}
	return nil
}

// lock brings everything to the medium and bars writing: first the mount, which nobody else shares, then the file system, which so becomes clean.
func (a *attached) lock() error {
	err := unix.MountSetattr(a.mount, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if err != nil {
		return fmt.Errorf("bar the mount from writing: %w", err)
	}
	return a.reconfigure("ro")
}

func (a *attached) reconfigure(flag string) error {
	fs, err := unix.Fspick(a.mount, "", unix.FSPICK_EMPTY_PATH|unix.FSPICK_CLOEXEC)
	if err != nil {
		return fmt.Errorf("pick the file system: %w", err)
	}
	defer unix.Close(fs)
	err = unix.FsconfigSetFlag(fs, flag)
	if err == nil {
		err = unix.FsconfigReconfigure(fs)
	}
	if err != nil {
		return fmt.Errorf("make the file system %s: %w", flag, said(fs, err))
	}
	return nil
}

// detach lets go of the mount. What is left of it ends with its last reader.
func (a *attached) detach() {
	if a.mount >= 0 {
		unix.Close(a.mount)
		a.mount = -1
	}
}

// released says whether nobody has the device any more, after waiting a little for the last reader.
func (a *attached) released() bool {
	for end := time.Now().Add(releaseWithin); ; {
		fd, err := unix.Open(self(int(a.node.Fd())), unix.O_RDONLY|unix.O_EXCL|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err == nil {
			unix.Close(fd)
		}
		if !errors.Is(err, unix.EBUSY) { // a device that is gone has nobody either
			return true
		}
		if time.Now().After(end) {
			return false
		}
		time.Sleep(releaseLook)
	}
}

// meaning turns what the kernel said into a refusal.
func meaning(err error) Refusal {
	switch {
	case errors.Is(err, unix.EBUSY):
		return InUse
	case errors.Is(err, unix.ENODEV):
		return NoDriver
	case errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENOMEDIUM), errors.Is(err, unix.ENOENT):
		return Gone
	case errors.Is(err, unix.EROFS), errors.Is(err, unix.EACCES):
		return Protected
	case errors.Is(err, unix.EPERM):
		return Forbidden
	}
	return Damaged
}
