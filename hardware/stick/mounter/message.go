package mounter

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/superblock"
)

// maxMessage is the longest message in octets; the socket keeps them apart (SOCK_SEQPACKET).
const maxMessage = 1024

// Act is what the kiosk may ask for.
type Act string

// The acts, in the order of a stick's stay.
const (
	ActMount   Act = "mount"   // read-only; the answer carries the mount
	ActWrite   Act = "write"   // let it be written
	ActRead    Act = "read"    // bring everything to the medium, and let it be read only
	ActRelease Act = "release" // the same, and let go of it; the kiosk has closed its own descriptor before
)

// Refusal says in a word why something was not done.
type Refusal string

// The refusals. Done is none.
const (
	Done        Refusal = ""
	Gone        Refusal = "gone"        // that insertion is over
	InUse       Refusal = "in-use"      // somebody else has it
	Unreadable  Refusal = "unreadable"  // a file system that is not mounted, or none
	Damaged     Refusal = "damaged"     // its file system cannot be true, or the medium fails
	NoDriver    Refusal = "no-driver"   // this machine's kernel cannot mount it
	Protected   Refusal = "protected"   // it cannot be written to
	Busy        Refusal = "busy"        // files are still open
	Forbidden   Refusal = "forbidden"   // the helper has not the right
	Meaningless Refusal = "meaningless" // the request makes no sense
	NoAnswer    Refusal = "no-answer"   // said by the kiosk's side: the helper is gone or hangs
)

// request is one of the kiosk's.
type request struct {
	Act      Act
	Disk     string `json:",omitempty"` // "8:16"
	Sequence uint64 `json:",omitempty"` // of the insertion
}

// Answer is the helper's. Detail is for the log; it names no file.
type Answer struct {
	Refusal   Refusal         `json:",omitempty"`
	Kind      superblock.Kind `json:",omitempty"` // what was found, also where it is not mounted
	Protected bool            `json:",omitempty"`
	Lingers   bool            `json:",omitempty"` // released, but somebody still reads: it is in order, and ends with them
	Detail    string          `json:",omitempty"`
}

// send sends a message, and a descriptor with it unless it is negative.
func send(conn *net.UnixConn, message any, fd int) error {
	data, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	var rights []byte
	if fd >= 0 {
		rights = unix.UnixRights(fd)
	}
	_, _, err = conn.WriteMsgUnix(data, rights, nil)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// receive takes a message, and the descriptor that came with it or -1. More than one descriptor, or a message cut short, is an error.
func receive(conn *net.UnixConn, into any) (fd int, err error) {
	data, rights := make([]byte, maxMessage), make([]byte, unix.CmsgSpace(4))
	n, rn, flags, _, err := conn.ReadMsgUnix(data, rights)
	if err != nil {
		return -1, fmt.Errorf("receive: %w", err)
	}
	fds, err := descriptors(rights[:rn])
	if err != nil {
		return -1, fmt.Errorf("receive: %w", err)
	}
	fd = -1
	if len(fds) == 1 {
		fd = fds[0]
	}
	switch {
	case n == 0:
		err = os.ErrClosed
	case flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 || len(fds) > 1:
		err = errors.New("a message that is too long")
	default:
		err = json.Unmarshal(data[:n], into)
	}
	if err != nil {
		for _, fd := range fds {
			unix.Close(fd)
		}
		return -1, fmt.Errorf("receive: %w", err)
	}
	return fd, nil
}

func descriptors(rights []byte) ([]int, error) {
	if len(rights) == 0 {
		return nil, nil
	}
	controls, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, err
	}
	var fds []int
	for _, c := range controls {
		got, err := unix.ParseUnixRights(&c)
		if err != nil {
			continue // credentials, which nobody asked for
		}
		for _, fd := range got {
			unix.CloseOnExec(fd)
		}
		fds = append(fds, got...)
	}
	return fds, nil
}

func parse(r request) (block.Number, error) { return block.ParseNumber(r.Disk) }
