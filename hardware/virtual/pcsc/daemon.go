package pcsc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tirkeu/kiosk/hardware/virtual/bus"
)

// stopWithin is how long a daemon may take to end by itself.
const stopWithin = 3 * time.Second

// maxLog is how much of what the daemon says is kept, in octets.
const maxLog = 1 << 20

// ErrMissing says that pcscd, libccid or umockdev are not installed.
var ErrMissing = errors.New("not installed (Debian packages pcscd, libccid, umockdev)")

// Daemon is a running pcscd.
type Daemon struct {
	dir  string
	bus  *bus.Bus
	view *bus.View
	log  journal

	mu      sync.Mutex // for a start or a stop
	command *exec.Cmd  // nil when it does not run
	ended   chan struct{}
}

// inside is what starts the daemon. In a namespace of its own it hides the machine's /run; everywhere it names itself as the one for whom the
// socket is (LISTEN_PID is the daemon's own number, which nobody knows before).
const inside = `if [ "$TIRKEU_OWN_RUN" = 1 ]; then LD_PRELOAD= mount -t tmpfs -o mode=0755 tmpfs /run; fi
export LISTEN_PID=$$ LISTEN_FDS=1
exec "$@"`

// namespace gives a process mounts of its own; an ordinary user needs a user namespace for that.
func namespace() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		attributes.Cloneflags = syscall.CLONE_NEWUSER
		attributes.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attributes.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return attributes
}

// ownRun says whether this machine lets a daemon have a /run of its own. Where it does not, the daemon writes its number into the machine's
// /run/pcscd and removes it at its end; nothing else of the machine's own pcscd is touched.
var ownRun = sync.OnceValue(func() bool {
	command := exec.Command("/bin/sh", "-c", "mount -t tmpfs tmpfs /run")
	command.SysProcAttr = namespace()
	return command.Run() == nil
})

// Missing says what of the programs that it needs is not installed, or nil.
func Missing() error {
	for _, p := range []string{"pcscd", "umockdev-wrapper"} {
		if _, err := find(p); err != nil {
			return fmt.Errorf("%s: %w", p, ErrMissing)
		}
	}
	if found, _ := filepath.Glob("/usr/lib/pcsc/drivers/ifd-ccid.bundle"); len(found) == 0 {
		return fmt.Errorf("libccid: %w", ErrMissing)
	}
	return nil
}

// find looks where daemons lie too, which an ordinary user's PATH leaves out.
func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + program)
	}
	return path, err
}

// Start runs a daemon on a bus, with its socket in a folder dir. It returns when the daemon runs and listens for the bus's events; readers that are
// plugged in already appear a little later, as they do after a real start.
func Start(ctx context.Context, b *bus.Bus, dir string) (*Daemon, error) {
	if err := Missing(); err != nil {
		return nil, fmt.Errorf("start pcscd: %w", err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start pcscd: %w", err)
	}
	d := &Daemon{dir: dir, bus: b}
	if err := os.MkdirAll(filepath.Join(dir, "readers"), 0o755); err != nil { // serial readers: none, whatever the machine has
		return nil, fmt.Errorf("start pcscd: %w", err)
	}
	if err := settle(dir); err != nil {
		return nil, fmt.Errorf("start pcscd: %w", err)
	}
	if err := d.Restart(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Daemon) socket() string { return filepath.Join(d.dir, "pcscd.comm") }

// Env is what a program's environment needs to speak to the daemon of a folder, OpenSC's module included.
func Env(dir string) []string {
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return []string{"PCSCLITE_CSOCK_NAME=" + filepath.Join(dir, "pcscd.comm"), "OPENSC_CONF=" + filepath.Join(dir, "opensc.conf")}
}

// Env is [Env] of this daemon's folder.
func (d *Daemon) Env() []string { return Env(d.dir) }

// moduleSettings is the configuration of OpenSC's module. By itself it has four slots for each name a reader ever had and sixteen in all, and a fifth name,
// which a reader with its serial number in the name easily has, would never be seen until the program is started anew. By itself it also unblocks no PIN;
// as set here it takes a card's PUK for the administrator's PIN, and C_InitPIN sets the user's with it (opensc.conf, user_pin_unblock_style).
const moduleSettings = "app opensc-pkcs11 {\n\tpkcs11 {\n\t\tslots_per_card = 1;\n\t\tmax_virtual_slots = 256;\n\t\tuser_pin_unblock_style = init_pin_in_so_session;\n\t}\n}\n"

// settle writes the configuration of OpenSC's module, where it is installed with profiles that leave room on a card.
func settle(dir string) error {
	settings, room := moduleSettings, filepath.Join(dir, "profiles")
	if _, err := os.Stat(filepath.Join(profileDir, profile)); err == nil {
		if err := os.MkdirAll(room, 0o755); err != nil {
			return err
		}
		if err := copyProfiles(room, roomy); err != nil {
			return err
		}
		settings += "app default {\n\tprofile_dir = \"" + room + "\";\n}\n"
	}
	return os.WriteFile(filepath.Join(dir, "opensc.conf"), []byte(settings), 0o644)
}

// PID is the daemon's process number, 0 when it does not run.
func (d *Daemon) PID() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.command == nil {
		return 0
	}
	return d.command.Process.Pid
}

// Restart starts a daemon that was stopped or killed; it does nothing to one that runs.
func (d *Daemon) Restart(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.command != nil {
		select {
		case <-d.ended:
			d.clear()
		default:
			return nil
		}
	}
	err := d.start()
	if err == nil {
		err = d.ready(ctx)
	}
	if err != nil {
		d.end(syscall.SIGKILL)
		return fmt.Errorf("start pcscd: %w\n%s", err, d.log.tail())
	}
	return nil
}

// start makes socket and process. d.mu is held.
func (d *Daemon) start() error {
	_ = os.Remove(d.socket())
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: d.socket(), Net: "unix"})
	if err != nil {
		return err
	}
	listener.SetUnlinkOnClose(false)
	defer func() { _ = listener.Close() }()
	file, err := listener.File()
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	pcscd, err := find("pcscd")
	if err != nil {
		return err
	}
	if d.view, err = d.bus.View(); err != nil {
		return err
	}
	command := exec.Command("/bin/sh", "-c", inside, "pcscd", pcscd, "--foreground", "--config", filepath.Join(d.dir, "readers"))
	command.Env = append(os.Environ(), d.view.Env()...)
	command.ExtraFiles = []*os.File{file} // descriptor 3, SD_LISTEN_FDS_START
	command.Stdout, command.Stderr = &d.log, &d.log
	command.SysProcAttr = &syscall.SysProcAttr{}
	if ownRun() {
		command.Env = append(command.Env, "TIRKEU_OWN_RUN=1")
		command.SysProcAttr = namespace()
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread() // the death signal belongs to the thread that starts the process: it must live as long
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		d.bus.Discard(d.view)
		return err
	}
	d.command, d.ended = command, ended
	return nil
}

// ready waits until the daemon listens to the bus. d.mu is held.
func (d *Daemon) ready(ctx context.Context) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !d.view.Watched() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.ended:
			return errors.New("it ended at once")
		case <-tick.C:
		}
	}
	return nil
}

// end ends the process and waits for its end. d.mu is held.
func (d *Daemon) end(signal syscall.Signal) {
	if d.command == nil {
		return
	}
	_ = d.command.Process.Signal(signal)
	limit := time.NewTimer(stopWithin)
	defer limit.Stop()
	select {
	case <-d.ended:
	case <-limit.C:
		_ = d.command.Process.Kill()
		<-d.ended
	}
	d.clear()
}

func (d *Daemon) clear() {
	d.bus.Discard(d.view)
	d.command = nil
}

// Kill ends the daemon as a crash would: its socket stays behind, and nobody listens.
func (d *Daemon) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end(syscall.SIGKILL)
}

// Stop ends the daemon and removes its socket.
func (d *Daemon) Stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.end(syscall.SIGTERM)
	_ = os.Remove(d.socket())
}

// Log is what the daemon said lately.
func (d *Daemon) Log() string { return d.log.tail() }

// journal keeps the latest of what a process says.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.text.Len()+len(p) > maxLog {
		j.text.Reset()
	}
	return j.text.Write(p)
}

func (j *journal) tail() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.TrimSpace(j.text.String())
}
