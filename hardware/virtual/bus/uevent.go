package bus

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// eventsWaiting bounds how many events wait for a program that does not read them; what comes then is lost to it, as with the kernel.
const eventsWaiting = 4096

// askEvery is how often is looked whether the view of a program that does not read still stands.
const askEvery = 200 * time.Millisecond

// monitorMagic marks udevd's messages to libudev (systemd, src/libsystemd/sd-device/device-monitor.c).
const monitorMagic = 0xfeedcafe

// announce tells every program on the bus of an event, in the form in which udevd tells libudev. It does not wait for them: pcscd takes up to 400 ms
// for each pull. The bus's lock is held, so that all programs see events in one order.
func (b *Bus) announce(action, sys, devtype string, properties []string) {
	b.events++
	body := []string{"ACTION=" + action, "DEVPATH=" + strings.TrimPrefix(sys, "/sys"), "SUBSYSTEM=usb", "SEQNUM=" + strconv.FormatUint(b.events, 10)}
	text := strings.Join(append(body, properties...), "\x00") + "\x00"
	header := make([]byte, 40)
	copy(header, "libudev\x00")
	binary.BigEndian.PutUint32(header[8:], monitorMagic)
	binary.NativeEndian.PutUint32(header[12:], uint32(len(header)))
	binary.NativeEndian.PutUint32(header[16:], uint32(len(header)))
	binary.NativeEndian.PutUint32(header[20:], uint32(len(text)))
	binary.BigEndian.PutUint32(header[24:], hash("usb"))
	binary.BigEndian.PutUint32(header[28:], hash(devtype))
	message := append(header, text...)
	for _, v := range b.views {
		select {
		case v.events <- message:
		default:
		}
	}
}

// deliver hands a view's events to the programs in it until the view is discarded.
func (v *View) deliver() {
	for {
		select {
		case message := <-v.events:
			for _, path := range v.listeners() {
				v.send(path, message)
			}
		case <-v.done:
			return
		}
	}
}

// send gives one program one event. A socket nobody listens to any more is removed.
func (v *View) send(path string, message []byte) {
	connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			_ = os.Remove(path)
		}
		return
	}
	defer func() { _ = connection.Close() }()
	for {
		_ = connection.SetWriteDeadline(time.Now().Add(askEvery))
		_, err = connection.Write(message)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		select {
		case <-v.done:
			return
		default:
		}
	}
}

// hash is MurmurHash2 with seed 0, by which libudev's socket filters tell subsystems and device types (systemd, src/basic/MurmurHash2.c).
func hash(s string) uint32 {
	const m, r = 0x5bd1e995, 24
	h := uint32(len(s))
	data := []byte(s)
	for ; len(data) >= 4; data = data[4:] {
		k := binary.LittleEndian.Uint32(data) * m
		k ^= k >> r
		h = h*m ^ k*m
	}
	for i := len(data) - 1; i >= 0; i-- {
		h ^= uint32(data[i]) << (8 * i)
	}
	if len(data) > 0 {
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
