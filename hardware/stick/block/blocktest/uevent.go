package blocktest

import (
	"encoding/binary"
	"fmt"
	"net"
	"path/filepath"
	"strings"
)

// Marks of udevd's messages to libudev (systemd, src/libsystemd/sd-device/device-monitor.c); the second is MurmurHash2 of "block".
const (
	monitorMagic = 0xfeedcafe
	hashOfBlock  = 0xf0031db7
)

// Env is what a program's environment needs to see this machine through libudev: umockdev's preloaded library. One program at a time.
func (m *Machine) Env() []string {
	return []string{"LD_PRELOAD=libumockdev-preload.so.0", "UMOCKDEV_DIR=" + m.Folder}
}

// Listeners says how many monitors of uevents are open.
func (m *Machine) Listeners() int { return len(m.listeners()) }

func (m *Machine) listeners() []string {
	found, _ := filepath.Glob(m.path("event[0-9]*"))
	return found
}

// Tell sends the uevent of a disk, in the form in which udevd tells libudev, to all who listen.
func (m *Machine) Tell(action string, d Disk) {
	m.t.Helper()
	m.events++
	text := strings.Join([]string{
		"ACTION=" + action, "DEVPATH=" + strings.TrimPrefix(m.place(d), "sys"), "SUBSYSTEM=block", fmt.Sprintf("SEQNUM=%d", m.events), "DEVTYPE=disk",
		"DEVNAME=/dev/" + d.Name, fmt.Sprintf("MAJOR=%d", d.Number.Major), fmt.Sprintf("MINOR=%d", d.Number.Minor),
	}, "\x00") + "\x00"
	header := make([]byte, 40)
	copy(header, "libudev\x00")
	binary.BigEndian.PutUint32(header[8:], monitorMagic)
	binary.NativeEndian.PutUint32(header[12:], uint32(len(header)))
	binary.NativeEndian.PutUint32(header[16:], uint32(len(header)))
	binary.NativeEndian.PutUint32(header[20:], uint32(len(text)))
	binary.BigEndian.PutUint32(header[24:], hashOfBlock)
	for _, path := range m.listeners() {
		conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
		m.must(err)
		_, err = conn.Write(append(header, text...))
		m.must(err)
		m.must(conn.Close())
	}
}
