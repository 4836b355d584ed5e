package bus

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// echo gives back on 0x81 what came on 0x02, and waits while nothing did.
type echo struct{ said chan []byte }

func (echo) Interface() Interface {
	return Interface{Class: 0xff, Endpoints: []byte{0x81, 0x02}}
}

func (echo) Control(_ context.Context, s Setup, data []byte) ([]byte, error) {
	if s.Request != 0x42 {
		return nil, ErrStall
	}
	return append([]byte{byte(s.Value), byte(s.Index)}, data...), nil
}

func (e echo) Out(_ context.Context, _ byte, data []byte) error {
	e.said <- append([]byte(nil), data...)
	return nil
}

func (e echo) In(ctx context.Context, _ byte, _ int) ([]byte, error) {
	select {
	case data := <-e.said:
		return data, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newEcho() Device {
	return Device{Vendor: 0x1234, Product: 0x5678, Manufacturer: "Қазақ", Name: "Echo", Function: echo{make(chan []byte, 4)}}
}

// program is one on the bus, as the preloaded library speaks for it. Its memory begins at address 0x1000.
type program struct {
	*testing.T
	connection net.Conn
	memory     []byte
}

const base = 0x1000

func enter(t *testing.T, v *View, node string) *program {
	t.Helper()
	connection, err := net.Dial("unix", v.path("/ioctl"+node))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return &program{t, connection, make([]byte, 1024)}
}

func (p *program) start(request, argument uint64) {
	p.Helper()
	order := binary.NativeEndian
	if _, err := p.connection.Write(order.AppendUint64(order.AppendUint64(order.AppendUint64(nil, sayIoctl), request), argument)); err != nil {
		p.Fatal(err)
	}
}

// finish lets the bus read and write memory until the call is done, and gives its result.
func (p *program) finish() (int64, syscall.Errno) {
	p.Helper()
	order := binary.NativeEndian
	for {
		message := make([]byte, messageSize)
		if _, err := io.ReadFull(p.connection, message); err != nil {
			p.Fatal(err)
		}
		first, second := order.Uint64(message[8:]), order.Uint64(message[16:])
		switch order.Uint64(message) {
		case tellDone:
			return int64(first), syscall.Errno(second)
		case tellRead:
			if _, err := p.connection.Write(p.memory[first-base : first-base+second]); err != nil {
				p.Fatal(err)
			}
		case tellWrite:
			if _, err := io.ReadFull(p.connection, p.memory[first-base:first-base+second]); err != nil {
				p.Fatal(err)
			}
		}
	}
}

func (p *program) call(request, argument uint64) syscall.Errno {
	p.Helper()
	p.start(request, argument)
	_, errno := p.finish()
	return errno
}

// urb puts one at the beginning of memory, with its buffer behind.
func (p *program) urb(kind, endpoint byte, buffer []byte) {
	clear(p.memory)
	order := binary.NativeEndian
	p.memory[0], p.memory[urbEndpoint] = kind, endpoint
	order.PutUint64(p.memory[urbBuffer:], base+128)
	order.PutUint32(p.memory[urbLength:], uint32(len(buffer)))
	copy(p.memory[128:], buffer)
}

// ended gives status and data of a finished URB after it was reaped.
func (p *program) ended() (int32, string) {
	p.Helper()
	if errno := p.call(usbReapNow, base+512); errno != 0 {
		p.Fatal(errno)
	}
	order := binary.NativeEndian
	if at := order.Uint64(p.memory[512:]); at != base {
		p.Fatalf("%x was reaped", at)
	}
	actual := order.Uint32(p.memory[urbActual:])
	return int32(order.Uint32(p.memory[urbStatus:])), string(p.memory[128 : 128+actual])
}

func newBus(t *testing.T) (*Bus, *View) {
	t.Helper()
	b, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(b.dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is still there: %v", err)
		}
	})
	v, err := b.View()
	if err != nil {
		t.Fatal(err)
	}
	return b, v
}

func TestBus_CarriesTransfers(t *testing.T) {
	b, v := newBus(t)
	if err := b.Plug(Port{1, 1}, newEcho()); err != nil {
		t.Fatal(err)
	}
	p := enter(t, v, "/dev/bus/usb/001/002")
	if errno := p.call(usbReapNow, base); errno != syscall.EAGAIN {
		t.Errorf("nothing to reap: %v", errno)
	}
	p.urb(urbBulkType, 0x02, []byte("hello"))
	if errno := p.call(usbSubmit, base); errno != 0 {
		t.Fatal(errno)
	}
	if status, _ := p.ended(); status != 0 {
		t.Error(status)
	}
	p.urb(urbBulkType, 0x81, make([]byte, 3)) // less room than there is to say
	if errno := p.call(usbSubmit, base); errno != 0 {
		t.Fatal(errno)
	}
	if status, data := p.ended(); status != 0 || data != "hel" {
		t.Errorf("%d %q", status, data)
	}
	for _, c := range []struct {
		setup  string
		status int32
		want   string // behind the set-up packet
	}{
		{"\x80\x06\x00\x03\x00\x00\xff\x00", 0, "\x04\x03\x09\x04"},
		{"\x80\x06\x01\x03\x09\x04\xff\x00", 0, "\x0c\x03\x9a\x04\x30\x04\x37\x04\x30\x04\x9b\x04"},
		{"\x80\x06\x01\x03\x09\x04\x04\x00", 0, "\x0c\x03\x9a\x04"},
		{"\x80\x06\x03\x03\x09\x04\xff\x00", -int32(syscall.EPIPE), ""}, // no serial number
		{"\xc0\x42\x07\x00\x09\x00\x10\x00", 0, "\x07\x09"},
		{"\xc0\x43\x07\x00\x09\x00\x10\x00", -int32(syscall.EPIPE), ""},
	} {
		p.urb(urbControlType, 0, append([]byte(c.setup), make([]byte, 255)...))
		if errno := p.call(usbSubmit, base); errno != 0 {
			t.Fatal(errno)
		}
		status, _ := p.ended()
		if got := string(p.memory[136 : 136+len(c.want)]); status != c.status || got != c.want || p.memory[136+len(c.want)] != 0 {
			t.Errorf("%x: %d %x, want %d %x", c.setup, status, got, c.status, c.want)
		}
	}
}

func TestBus_PullEndsWhatIsUnderWayWithENODEV(t *testing.T) {
	b, v := newBus(t)
	if err := b.Plug(Port{1, 1}, newEcho()); err != nil {
		t.Fatal(err)
	}
	if err := b.Plug(Port{1, 2}, newEcho()); err != nil {
		t.Fatal(err)
	}
	p, other := enter(t, v, "/dev/bus/usb/001/002"), enter(t, v, "/dev/bus/usb/001/003")
	p.urb(urbBulkType, 0x81, make([]byte, 10))
	p.start(usbSubmit, base)
	// The other device is not held up by it.
	other.urb(urbBulkType, 0x02, []byte("x"))
	if errno := other.call(usbSubmit, base); errno != 0 {
		t.Error(errno)
	}
	if err := b.Pull(Port{1, 1}); err != nil {
		t.Fatal(err)
	}
	if result, errno := p.finish(); result != -1 || errno != syscall.ENODEV {
		t.Errorf("%d %v", result, errno)
	}
	for _, request := range []uint64{usbClaim, usbSubmit, usbReapNow, usbCapabilities} {
		if errno := p.call(request, base); errno != syscall.ENODEV {
			t.Errorf("%x: %v", request, errno)
		}
	}
	if errno := other.call(usbClaim, base); errno != 0 {
		t.Error(errno)
	}
}

func TestBus_FinishedTransferCanBeReapedAfterThePull(t *testing.T) {
	b, v := newBus(t)
	if err := b.Plug(Port{1, 1}, newEcho()); err != nil {
		t.Fatal(err)
	}
	p := enter(t, v, "/dev/bus/usb/001/002")
	p.urb(urbBulkType, 0x02, []byte("x"))
	if errno := p.call(usbSubmit, base); errno != 0 {
		t.Fatal(errno)
	}
	if err := b.Pull(Port{1, 1}); err != nil {
		t.Fatal(err)
	}
	if status, _ := p.ended(); status != 0 {
		t.Error(status)
	}
	if errno := p.call(usbReapNow, base); errno != syscall.ENODEV {
		t.Error(errno)
	}
}

// A program that lags behind by more plugs than there are addresses keeps what it has open: to lose it would end it.
func TestBus_NodeStaysOpenWhenItsAddressIsGivenAgain(t *testing.T) {
	b, v := newBus(t)
	at := Port{1, 1}
	if err := b.Plug(at, newEcho()); err != nil {
		t.Fatal(err)
	}
	p := enter(t, v, "/dev/bus/usb/001/002")
	for range lastAddress - 1 {
		if err := b.Pull(at); err != nil {
			t.Fatal(err)
		}
		if err := b.Plug(at, newEcho()); err != nil {
			t.Fatal(err)
		}
	}
	if errno := p.call(usbClaim, base); errno != syscall.ENODEV {
		t.Errorf("the old device: %v", errno)
	}
	if errno := enter(t, v, "/dev/bus/usb/001/002").call(usbClaim, base); errno != 0 {
		t.Errorf("the new one: %v", errno)
	}
}

func TestBus_RefusesWhatCannotBe(t *testing.T) {
	b, _ := newBus(t)
	at := Port{1, 1}
	if err := b.Pull(at); !errors.Is(err, ErrEmpty) {
		t.Error(err)
	}
	if err := b.Plug(at, newEcho()); err != nil {
		t.Fatal(err)
	}
	if err := b.Plug(at, newEcho()); !errors.Is(err, ErrTaken) {
		t.Error(err)
	}
	for _, port := range []Port{{0, 1}, {1, 0}, {128, 1}, {1, 128}} {
		if err := b.Plug(port, newEcho()); err == nil {
			t.Errorf("%s was taken", port)
		}
	}
	if err := b.Plug(Port{1, 2}, Device{}); err == nil {
		t.Error("a device without a function was taken")
	}
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 80))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := New(long); err == nil {
		t.Error("a folder too deep for a socket was taken")
	}
}

// However often something is plugged, the folder does not grow.
func TestBus_LeavesNothingBehindOfWhatWasPulled(t *testing.T) {
	b, v := newBus(t)
	after := func(plugs int) (files int) {
		for range plugs {
			if err := b.Plug(Port{1, 1}, newEcho()); err != nil {
				t.Fatal(err)
			}
			if err := b.Pull(Port{1, 1}); err != nil {
				t.Fatal(err)
			}
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, p := range b.old {
			p.unlink() // what happens by itself a moment after each pull
		}
		_ = filepath.WalkDir(v.dir, func(string, fs.DirEntry, error) error { files++; return nil })
		return files
	}
	one := after(1)
	if many := after(2 * lastAddress); many != one {
		t.Errorf("%d files after one plug, %d after many", one, many)
	}
	if len(b.old) > lastAddress {
		t.Errorf("%d pulled devices are remembered", len(b.old))
	}
}

// The values are those of the reference implementation of MurmurHash2 with seed 0, compiled.
func TestHash_IsLibudevs(t *testing.T) {
	for text, want := range map[string]uint32{"": 0, "usb": 0x0577c5e5, "usb_device": 0x27f8f50c, "usb_interface": 0xb1024765} {
		if got := hash(text); got != want {
			t.Errorf("hash(%q) = %#08x, want %#08x", text, got, want)
		}
	}
}
