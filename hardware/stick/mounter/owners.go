package mounter

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// standInName is the name under which the helper starts itself to stand in a user namespace.
const standInName = "tirkeu-mount: owners"

// StandIn is what a helper's main does first: when the program was started only to stand in a user namespace, it does that, and returns true when it is
// not needed any more.
func StandIn() bool {
	if os.Args[0] != standInName {
		return false
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return true
}

// lend lets the kiosk be the owner of whatever the owner of the stick's top folder owns, on ext, where files have owners that are strangers here: the two
// change places in an id-mapped mount (Linux 5.12), everybody else but root stays who he is. What is written is the stick's owner's when he has it back.
func lend(mount int, to owner) error {
	var top unix.Stat_t
	if err := unix.Fstatat(mount, "", &top, unix.AT_EMPTY_PATH); err != nil {
		return fmt.Errorf("look whose the stick is: %w", err)
	}
	if to.uid == 0 || top.Uid == to.uid && top.Gid == to.gid { // root needs nobody's leave
		return nil
	}
	users, err := exchange(owner{top.Uid, top.Gid}, to)
	if err != nil {
		return fmt.Errorf("make a user namespace: %w", err)
	}
	defer users.Close()
	err = unix.MountSetattr(mount, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(users.Fd())})
	if err != nil {
		return fmt.Errorf("lend the stick to the kiosk: %w", err)
	}
	return nil
}

// exchange gives a user namespace in which two change places. A namespace needs a process to be made; it stands still and ends at once.
func exchange(a, b owner) (*os.File, error) {
	c := exec.Cmd{Path: "/proc/self/exe", Args: []string{standInName}, Env: []string{}, SysProcAttr: &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: withoutRoot(swapped(a.uid, b.uid)), GidMappings: swapped(a.gid, b.gid), Pdeathsig: syscall.SIGKILL,
	}}
	input, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	err = c.Start()
	if err != nil {
		return nil, err
	}
	users, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", c.Process.Pid))
	_ = input.Close()
	_ = c.Process.Kill()
	_ = c.Wait()
	return users, err
}

// withoutRoot leaves out whoever would be root here: it needs no such right (Linux asks for CAP_SETFCAP), and what is nobody's here can be read as far as
// everybody may.
func withoutRoot(list []syscall.SysProcIDMap) (rest []syscall.SysProcIDMap) {
	for _, m := range list {
		if m.HostID == 0 {
			m.HostID, m.ContainerID, m.Size = m.HostID+1, m.ContainerID+1, m.Size-1
		}
		if m.Size > 0 {
			rest = append(rest, m)
		}
	}
	return rest
}

// swapped maps every number to itself but two, which change places.
func swapped(a, b uint32) (list []syscall.SysProcIDMap) {
	if a > b {
		a, b = b, a
	}
	add := func(inside, outside uint32, n int64) {
		if n > 0 {
			list = append(list, syscall.SysProcIDMap{ContainerID: int(inside), HostID: int(outside), Size: int(n)})
		}
	}
	const end = 1<<32 - 1 // the last number means none
	if a == b {
		add(0, 0, end)
		return list
	}
	add(0, 0, int64(a))
	add(a, b, 1)
	add(a+1, a+1, int64(b)-int64(a)-1)
	add(b, a, 1)
	add(b+1, b+1, end-int64(b)-1)
	return list
}
