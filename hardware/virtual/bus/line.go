package bus

import (
	"encoding/binary"
	"io"
	"net"
	"syscall"
)

// What the preloaded library and we say to each other about one open device node (umockdev, src/libumockdev-preload.c, IOCTL_REQ_* and IOCTL_RES_*).
// Each message is three unsigned longs of the machine: command and two arguments.
const (
	sayIoctl    = 1 // program: ioctl(request, address)
	sayResult   = 2 // program: the result of what it was told to run, and errno
	tellDone    = 3 // us: return this result, with this errno
	tellRun     = 4 // us: do it really, on the file
	tellRead    = 5 // us: send me the memory at address, of this length
	tellWrite   = 6 // us: what follows belongs at address, with this length
	wordSize    = 8
	messageSize = 3 * wordSize
	maxMemory   = 1 << 20 // octets of one transfer that are taken; libccid reads 64 KiB at once
)

// line is one program's open node. One goroutine owns it, for the program's calls on it come one after the other.
type line struct {
	connection *net.UnixConn
	device     *plugged
	done       []uint64 // addresses of finished URBs that the program has not reaped, oldest first
	err        error    // of the line; then it ends
}

// serve answers a program's calls until it closes its node.
func (b *Bus) serve(p *plugged, connection *net.UnixConn) {
	b.lines.Store(connection, nil)
	defer b.lines.Delete(connection)
	defer func() { _ = connection.Close() }()
	if b.ended.Load() {
		return
	}
	l := &line{connection: connection, device: p}
	for {
		command, request, address, err := l.receive()
		if err != nil {
			return
		}
		var result int64
		var errno syscall.Errno
		if command == sayIoctl {
			errno = l.ioctl(uint32(request), address)
			if errno != 0 {
				result = -1
			}
		} else { // read or write, which a program may do really: the file holds the descriptors
			result, errno = l.run()
		}
		l.tell(tellDone, uint64(result), uint64(errno))
		if l.err != nil {
			return
		}
	}
}

func (l *line) receive() (command, first, second uint64, err error) {
	message := make([]byte, messageSize)
	if _, err = io.ReadFull(l.connection, message); err != nil {
		return 0, 0, 0, err
	}
	order := binary.NativeEndian
	return order.Uint64(message), order.Uint64(message[wordSize:]), order.Uint64(message[2*wordSize:]), nil
}

func (l *line) tell(command, first, second uint64) {
	order := binary.NativeEndian
	message := order.AppendUint64(order.AppendUint64(order.AppendUint64(nil, command), first), second)
	l.write(message)
}

func (l *line) write(octets []byte) {
	if l.err == nil {
		_, l.err = l.connection.Write(octets)
	}
}

// run lets the program do its call on the real file.
func (l *line) run() (int64, syscall.Errno) {
	l.tell(tellRun, 0, 0)
	if l.err != nil {
		return -1, syscall.EIO
	}
	command, result, errno, err := l.receive()
	if err != nil || command != sayResult {
		l.err = io.ErrUnexpectedEOF
	}
	return int64(result), syscall.Errno(errno)
}

// memory reads the program's memory.
func (l *line) memory(address uint64, length int) []byte {
	out := make([]byte, length)
	if length == 0 {
		return out
	}
	l.tell(tellRead, address, uint64(length))
	if l.err == nil {
		_, l.err = io.ReadFull(l.connection, out)
	}
	return out
}

// setMemory writes the program's memory.
func (l *line) setMemory(address uint64, octets []byte) {
	if len(octets) == 0 {
		return
	}
	l.tell(tellWrite, address, uint64(len(octets)))
	l.write(octets)
}
