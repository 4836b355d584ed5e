package stick

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
	"github.com/tirkeu/kiosk/hardware/stick/mounter"
)

// This test program started once more, as one of these.
const (
	childRole    = "TIRKEU_STICK_CHILD"
	childMounter = "mounter" // the helper, on a machine made of a folder
	childWriter  = "writer"  // a kiosk that replaces one file over and over
	childNobody  = "nobody"  // a kiosk without any right, which reaches the helper over a socket
	childFolder  = "TIRKEU_STICK_MACHINE"
)

func TestMain(m *testing.M) {
	if mounter.StandIn() {
		return
	}
	switch os.Getenv(childRole) {
	case childMounter:
		mounterAsChild()
	case childWriter:
		writerAsChild()
	case childNobody:
		nobodyAsChild()
	default:
		os.Exit(m.Run())
	}
}

func rootOf(folder string) block.Root {
	return block.Root{Sys: filepath.Join(folder, "sys"), Proc: filepath.Join(folder, "proc"), Dev: "/dev"}
}

func mounterAsChild() {
	conn, err := net.FileConn(os.Stdin)
	if err == nil {
		err = os.Stdin.Close()
	}
	if err == nil {
		err = mounter.Serve(conn.(*net.UnixConn), rootOf(os.Getenv(childFolder)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mounter:", err)
		os.Exit(1)
	}
}

// child is a command that starts this program in another role.
func child(role, folder string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childRole+"="+role, childFolder+"="+folder)
	c.Stderr = os.Stderr
	return c
}

// helperOf starts the helper on a machine made of a folder.
func helperOf(folder string) func() *exec.Cmd {
	return func() *exec.Cmd { return child(childMounter, folder) }
}

// needs skips the test, or fails it if TIRKEU_TEST_ALL=1 and root runs it, where block devices cannot be made and mounted.
func needs(t testing.TB, programs ...string) {
	t.Helper()
	missing := ""
	for _, p := range append(programs, "losetup") {
		if _, err := exec.LookPath(p); err != nil {
			missing = p + " is missing"
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		missing = "this kernel has no loop devices"
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make block devices and mount them")
	}
	if missing == "" {
		return
	}
	if os.Getenv("TIRKEU_TEST_ALL") == "1" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}

func run(t testing.TB, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// swift is a temporary folder for images, in memory where there is such a place.
func swift(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("/dev/shm", "tirkeu-stick-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// image makes a file of a file system.
func image(t testing.TB, size int64, program string, args ...string) string {
	t.Helper()
	needs(t, program)
	path := filepath.Join(swift(t), "image")
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, os.Truncate(path, size))
	run(t, program, append(args, path)...)
	return path
}

func ext4(t testing.TB) string {
	return image(t, 16<<20, "mkfs.ext4", "-q", "-F", "-b", "1024")
}

// looped makes a loop device of an image, to the end of the test. It is a disk as blocktest plugs it in.
func looped(t testing.TB, image string, options ...string) blocktest.Disk {
	t.Helper()
	needs(t)
	node := run(t, "losetup", append(options, "-f", "--show", image)...)
	t.Cleanup(func() { _ = exec.Command("losetup", "-d", node).Run() })
	var info unix.Stat_t
	must(t, unix.Stat(node, &info))
	name := filepath.Base(node)
	text, err := os.ReadFile("/sys/block/" + name + "/size")
	must(t, err)
	sectors, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	must(t, err)
	return blocktest.Disk{Name: name, Number: block.Number{Major: unix.Major(info.Rdev), Minor: unix.Minor(info.Rdev)}, Size: sectors * 512}
}

// free waits until nobody has a device any more.
func free(t testing.TB, d blocktest.Disk) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for tick := time.Tick(time.Millisecond); ; {
		fd, err := unix.Open("/dev/"+d.Name, unix.O_RDONLY|unix.O_EXCL|unix.O_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
			return
		}
		select {
		case <-tick:
		case <-limit:
			t.Fatalf("%s stays in use: %v", d.Name, err)
		}
	}
}

// prepared mounts an image in the ordinary way for a moment, as the citizen's own computer would.
func prepared(t testing.TB, image string, with func(folder string)) {
	t.Helper()
	d := looped(t, image)
	folder := t.TempDir()
	must(t, unix.Mount("/dev/"+d.Name, folder, "ext4", 0, ""))
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) }) // where the test ended before
	with(folder)
	must(t, unix.Unmount(folder, 0))
	run(t, "losetup", "-d", "/dev/"+d.Name)
}

// kiosk is a machine with a kiosk that watches for sticks.
func kiosk(t testing.TB) (*blocktest.Machine, *Devices) {
	t.Helper()
	needs(t)
	m := blocktest.New(t)
	return m, kioskOn(t, m)
}

func kioskOn(t testing.TB, m *blocktest.Machine) *Devices {
	d := OpenDevices(Configuration{Root: m.Root(), command: helperOf(m.Folder)})
	t.Cleanup(func() { must(t, d.Close()) })
	return d
}

// stands waits until it stands so with the stick; the kiosk is told to look, as udev would tell it.
func stands(t testing.TB, d *Devices, want Standing) State {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	d.nudge()
	for s := range d.States(ctx) {
		if s.Standing == want {
			return s
		}
	}
	t.Fatalf("it stands %+v, want %s", d.State(), want)
	return State{}
}

// onStick is what lies at the top of the stick in use, hidden names too; lost+found is ext's own.
func onStick(t testing.TB, d *Devices) map[string]string {
	t.Helper()
	top, err := d.top()
	must(t, err)
	defer top.Close()
	names, err := top.Readdirnames(-1)
	must(t, err)
	found := map[string]string{}
	for _, name := range names {
		if name == "lost+found" {
			continue
		}
		data, err := readAt(int(top.Fd()), name, 1<<20)
		must(t, err)
		found[name] = string(data)
	}
	return found
}

// yank ends the medium under the file system, as a pull does: nothing that is not on it comes on it any more, and everything fails with an input error.
func yank(t testing.TB, d *Devices) {
	t.Helper()
	const shutdown, withoutLog = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH (Linux, fs/ext4/ext4.h)
	top, err := d.top()
	must(t, err)
	defer top.Close()
	must(t, unix.IoctlSetPointerInt(int(top.Fd()), shutdown, withoutLog))
}
