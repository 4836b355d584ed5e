//go:build cgo

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/miekg/pkcs11"
	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/pipes"
	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// stackLimit is how many octets of stack a module gets, as much as Windows gives a program's first thread. OpenSC up to 0.25 calls itself without end
// when a reader is pulled while it reads a card (its issue 3139), eleven thousand times before eight MiB are full, with a question to pcscd each time;
// no slot is looked at meanwhile.
const stackLimit = 1 << 20

func init() {
	runtime.LockOSThread() // to the first thread, the only one whose stack grows up to the limit; and some modules keep state by thread
}

func main() {
	pipes.CloseStray(wire.AnswerFD + 1)
	flags := flag.NewFlagSet("tirkeu-token", flag.ExitOnError) // exits with 2 on wrong usage
	path := flags.String("module", "", "`path` of the PKCS#11 module to serve")
	every := flags.Duration("poll", 200*time.Millisecond, "how often to look at the slots, while something is to be expected of them")
	events := flags.Bool("events", false, "let a thread wait in the module for its slot events, which not every module survives")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: tirkeu-token --module PATH [--poll EVERY] [--events]\nServes a PKCS#11 module over descriptors 3 and 4; started by the kiosk.")
		flags.PrintDefaults()
	}
	_ = flags.Parse(os.Args[1:])
	if *path == "" || *every <= 0 || flags.NArg() > 0 {
		flags.Usage()
		os.Exit(2)
	}
	requests, answers, err := seal()
	if err != nil {
		fmt.Fprintf(os.Stderr, "tirkeu-token: take over descriptors: %v (it is started by the kiosk, not by hand)\n", err)
		os.Exit(2)
	}
	err = limitStack()
	if err != nil {
		fmt.Fprintf(os.Stderr, "tirkeu-token: limit the stack: %v\n", err)
		os.Exit(2)
	}
	m, err := load(*path, *every)
	if err != nil {
		_ = wire.Write(answers, wire.Hello{Version: wire.Version, Err: err.Error()})
		os.Exit(1)
	}
	err = wire.Write(answers, wire.Hello{Version: wire.Version, Library: m.library()})
	if err != nil {
		os.Exit(1)
	}
	if *events {
		m.sight.listen()
	}
	m.serve(requests, answers)
}

// seal takes the pipes, turns 0 and 1 away from whatever they were, and closes the ways in which a PIN could leave the process.
func seal() (requests, answers *os.File, err error) {
	for _, fd := range []int{wire.RequestFD, wire.AnswerFD} {
		var st unix.Stat_t
		if err = unix.Fstat(fd, &st); err != nil {
			return nil, nil, err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFIFO {
			return nil, nil, fmt.Errorf("descriptor %d is no pipe", fd)
		}
		unix.CloseOnExec(fd) // a module that forks must not keep the pipe open
	}
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, err
	}
	for _, fd := range []int{0, 1} {
		if err = unix.Dup3(null, fd, 0); err != nil {
			return nil, nil, err
		}
	}
	_ = unix.Close(null)
	// A crash in C ends the process with a trace of the stacks; registers and frames of a login are nobody's business.
	debug.SetTraceback("none")
	if err = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return nil, nil, err
	}
	if err = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return nil, nil, err
	}
	return os.NewFile(wire.RequestFD, "requests"), os.NewFile(wire.AnswerFD, "answers"), nil
}

// limitStack bounds the stack of the first thread; those that a module starts keep the size they would have had.
func limitStack() error {
	var stack unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_STACK, &stack)
	if err != nil {
		return err
	}
	stack.Cur = min(stack.Cur, stackLimit)
	return unix.Setrlimit(unix.RLIMIT_STACK, &stack)
}

// load opens and initializes the module.
func load(path string, every time.Duration) (*module, error) {
	p := pkcs11.New(path)
	if p == nil {
		return nil, fmt.Errorf("load module: %s is no PKCS#11 module, or a library it needs is missing", path)
	}
	err := p.Initialize()
	if err != nil {
		return nil, fmt.Errorf("initialize module: %s", code(err))
	}
	return &module{p: p, every: every, present: map[uint]*present{}, sight: openSight(path)}, nil
}

// library is what the module says of itself.
func (m *module) library() string {
	info, err := m.p.GetInfo()
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %s %d.%d", info.ManufacturerID, info.LibraryDescription, info.LibraryVersion.Major, info.LibraryVersion.Minor)
}
