// Package blocktest makes a machine out of a folder for the tests of sticks: sysfs and procfs as package block reads them, with disks that are plugged
// and pulled. The nodes are the machine's own: a disk that is to be opened is named and numbered as a loop device that is there.
package blocktest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tirkeu/kiosk/hardware/stick/block"
)

// Machine is the folder. Its methods fail the test.
type Machine struct {
	Folder string
	t      testing.TB
	seq    uint64
	events uint64
}

// Disk is what is plugged in. Sizes are in octets.
type Disk struct {
	Name      string
	Number    block.Number
	Size      int64
	Parts     []Part
	Fixed     bool // not removable
	Inside    bool // not on USB
	Protected bool
	Held      bool // something stands on it, as device mapper does
}

// Part is a partition. Label is its name in the partition table.
type Part struct {
	Name   string
	Number block.Number
	Size   int64
	Label  string
	Held   bool
}

// New makes a machine without disks, mounts and swap.
func New(t testing.TB) *Machine {
	t.Helper()
	m := &Machine{Folder: t.TempDir(), t: t}
	m.write("proc/self/mountinfo", "")
	m.write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n")
	m.write("sys/devices/pci0000:00/0000:00:14.0/usb1/uevent", "DEVTYPE=usb_device\n")
	for _, folder := range []string{"sys/block", "sys/bus/usb", "sys/bus/pci"} {
		m.must(os.MkdirAll(m.path(folder), 0o755))
	}
	return m
}

// Root is the machine as package block wants it.
func (m *Machine) Root() block.Root {
	return block.Root{Sys: m.path("sys"), Proc: m.path("proc"), Dev: "/dev"}
}

// Mount and Swap say what the machine has in use; the lines are those of proc(5).
func (m *Machine) Mount(lines string) { m.write("proc/self/mountinfo", lines) }

// Swap adds to /proc/swaps.
func (m *Machine) Swap(lines string) {
	m.write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"+lines)
}

// Plug plugs a disk in: everything is there before the link that leads to it. It gives the kernel's sequence number of the insertion.
func (m *Machine) Plug(d Disk) uint64 {
	m.t.Helper()
	m.seq++
	at := m.place(d)
	m.write(at+"/dev", d.Number.String()+"\n")
	m.write(at+"/removable", truth(!d.Fixed))
	m.write(at+"/ro", truth(d.Protected))
	m.write(at+"/size", fmt.Sprintln(d.Size/512))
	m.write(at+"/diskseq", fmt.Sprintln(m.seq))
	m.write(at+"/uevent", "DEVTYPE=disk\nDEVNAME="+d.Name+"\n")
	m.link(at+"/subsystem", "sys/class/block")
	m.hold(at, d.Held)
	for i, p := range d.Parts {
		below := at + "/" + p.Name
		m.write(below+"/dev", p.Number.String()+"\n")
		m.write(below+"/partition", fmt.Sprintln(i+1))
		m.write(below+"/size", fmt.Sprintln(p.Size/512))
		m.write(below+"/uevent", "DEVTYPE=partition\nDEVNAME="+p.Name+"\nPARTNAME="+p.Label+"\n")
		m.hold(below, p.Held)
	}
	m.link("sys/block/"+d.Name, at)
	m.link("sys/class/block/"+d.Name, at)
	return m.seq
}

// Pull pulls it: the link goes first, as in the kernel.
func (m *Machine) Pull(d Disk) {
	m.t.Helper()
	m.must(os.Remove(m.path("sys/block/" + d.Name)))
	m.must(os.Remove(m.path("sys/class/block/" + d.Name)))
	m.must(os.RemoveAll(m.path(m.place(d))))
}

// place is where a disk hangs: below a USB device of its own, or a SATA port.
func (m *Machine) place(d Disk) string {
	if d.Inside {
		return "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/" + d.Name
	}
	port := "sys/devices/pci0000:00/0000:00:14.0/usb1/1-" + d.Name
	m.link(port+"/subsystem", "sys/bus/usb")
	return port + "/1-" + d.Name + ":1.0/host6/target6:0:0/6:0:0:0/block/" + d.Name
}

func (m *Machine) hold(at string, held bool) {
	m.must(os.MkdirAll(m.path(at+"/holders"), 0o755))
	if held {
		m.write(at+"/holders/dm-0", "")
	}
}

func truth(b bool) string {
	if b {
		return "1\n"
	}
	return "0\n"
}

func (m *Machine) path(name string) string { return filepath.Join(m.Folder, name) }

func (m *Machine) write(name, text string) {
	m.t.Helper()
	m.must(os.MkdirAll(filepath.Dir(m.path(name)), 0o755))
	m.must(os.WriteFile(m.path(name), []byte(text), 0o644))
}

func (m *Machine) link(name, target string) {
	m.t.Helper()
	m.must(os.MkdirAll(filepath.Dir(m.path(name)), 0o755))
	relative, err := filepath.Rel(filepath.Dir(name), target)
	m.must(err)
	err = os.Symlink(relative, m.path(name))
	if !os.IsExist(err) {
		m.must(err)
	}
}

func (m *Machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}
