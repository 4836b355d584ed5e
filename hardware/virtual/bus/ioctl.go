package bus

import (
	"context"
	"encoding/binary"
	"errors"
	"syscall"
)

// The ioctls of usbfs (linux/usbdevice_fs.h), as they are numbered on 64-bit machines with Linux's generic scheme (amd64, arm64).
const (
	usbClaim          = 0x8004550f
	usbRelease        = 0x80045510
	usbSetConfig      = 0x80045505
	usbSetInterface   = 0x80085504
	usbClearHalt      = 0x80045515
	usbResetEndpoint  = 0x80045503
	usbReset          = 0x00005514
	usbCapabilities   = 0x8004551a
	usbGetDriver      = 0x41045508
	usbDriverIoctl    = 0xc0105512
	usbClaimDetaching = 0x8108551b
	usbSubmit         = 0x8038550a
	usbDiscard        = 0x0000550b
	usbReap           = 0x4008550c
	usbReapNow        = 0x4008550d
)

// wholeTransfers are the capabilities that let libusb make one URB of a transfer (USBDEVFS_CAP_NO_PACKET_SIZE_LIM, USBDEVFS_CAP_BULK_SCATTER_GATHER). It
// would cut a long one into several, expecting those after a short answer to be dropped; here the second would take the device's next answer, and lose it.
const wholeTransfers = 0x04 | 0x08

// A URB as the program keeps it (struct usbdevfs_urb, 64-bit).
const (
	urbSize     = 56
	urbEndpoint = 1
	urbStatus   = 4
	urbBuffer   = 16
	urbLength   = 24
	urbActual   = 28

	urbInterrupt   = 1
	urbControlType = 2
	urbBulkType    = 3
	setupSize      = 8
	towardsTheHost = 0x80
)

// ioctl answers one call. Of a pulled device finished URBs can still be reaped, as from the kernel: libusb would wait for them for ever.
func (l *line) ioctl(request uint32, address uint64) syscall.Errno {
	if (request == usbReap || request == usbReapNow) && len(l.done) > 0 {
		l.setMemory(address, binary.NativeEndian.AppendUint64(nil, l.done[0]))
		l.done = append(l.done[:0], l.done[1:]...)
		return 0
	}
	if l.device.ctx.Err() != nil {
		return syscall.ENODEV
	}
	switch request {
	case usbClaim, usbRelease, usbSetConfig, usbSetInterface, usbClearHalt, usbResetEndpoint, usbReset, usbClaimDetaching:
		return 0
	case usbCapabilities:
		l.setMemory(address, binary.NativeEndian.AppendUint32(nil, wholeTransfers))
		return 0
	case usbGetDriver, usbDriverIoctl: // no kernel driver holds the interface
		return syscall.ENODATA
	case usbDiscard: // every URB is finished when its submission returns
		return syscall.EINVAL
	case usbSubmit:
		return l.submit(address)
	case usbReap, usbReapNow:
		return syscall.EAGAIN
	}
	return syscall.ENOTTY // also the synchronous transfers and the speed, which libusb on Linux does not ask for
}

// submit carries out a URB. It is finished when this returns, for the node is a plain file, on which poll(2) never waits: libusb would ask for an
// unfinished one without end.
func (l *line) submit(address uint64) syscall.Errno {
	order := binary.NativeEndian
	urb := l.memory(address, urbSize)
	length := int(int32(order.Uint32(urb[urbLength:])))
	if l.err != nil || length < 0 || length > maxMemory {
		return syscall.EINVAL
	}
	buffer := order.Uint64(urb[urbBuffer:])
	endpoint := urb[urbEndpoint]
	var actual int
	var err error
	switch urb[0] {
	case urbControlType:
		if length < setupSize {
			return syscall.EINVAL
		}
		var answer []byte
		answer, actual, err = l.control(l.memory(buffer, length))
		l.setMemory(buffer+setupSize, answer)
	case urbBulkType, urbInterrupt:
		actual, err = l.data(endpoint, buffer, length)
	default:
		return syscall.EINVAL
	}
	if l.device.ctx.Err() != nil {
		return syscall.ENODEV
	}
	order.PutUint32(urb[urbStatus:], uint32(-int32(statusOf(err))))
	order.PutUint32(urb[urbActual:], uint32(actual))
	l.setMemory(address+urbStatus, urb[urbStatus:urbStatus+4])
	l.setMemory(address+urbActual, urb[urbActual:urbActual+4])
	l.done = append(l.done, address)
	return 0
}

// data moves octets through an endpoint and says how many.
func (l *line) data(endpoint byte, buffer uint64, length int) (int, error) {
	if endpoint&towardsTheHost == 0 {
		return length, l.device.device.Function.Out(l.device.ctx, endpoint, l.memory(buffer, length))
	}
	octets, err := l.device.device.Function.In(l.device.ctx, endpoint, length)
	octets = octets[:min(len(octets), length)]
	if l.device.ctx.Err() == nil {
		l.setMemory(buffer, octets)
	}
	return len(octets), err
}

// control carries out a control transfer: set-up packet, then data. actual is the length of the data.
func (l *line) control(octets []byte) (answer []byte, actual int, err error) {
	order := binary.LittleEndian
	s := Setup{octets[0], octets[1], order.Uint16(octets[2:]), order.Uint16(octets[4:]), order.Uint16(octets[6:])}
	answer, known := l.device.device.standard(s)
	switch {
	case known:
	case s.RequestType&towardsTheHost == 0:
		sent := octets[setupSize:]
		_, err = l.device.device.Function.Control(l.device.ctx, s, sent)
		return nil, len(sent), err
	default:
		answer, err = l.device.device.Function.Control(l.device.ctx, s, nil)
	}
	answer = answer[:min(len(answer), int(s.Length), len(octets)-setupSize)]
	return answer, len(answer), err
}

// statusOf is how the kernel names what went wrong (Documentation/driver-api/usb/error-codes.rst).
func statusOf(err error) syscall.Errno {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrStall):
		return syscall.EPIPE
	case errors.Is(err, context.DeadlineExceeded):
		return syscall.ETIMEDOUT
	}
	return syscall.EPROTO
}
