// Package block says which removable USB disks are plugged into the machine, how they are divided, whether anything else uses them, and when that
// may have changed. It reads sysfs and procfs below a root that can be named, and never opens a device.
//
// A disk is what the kernel says it is: one below a USB device in the kernel's own tree, marked removable, with a medium in it. Names, labels and
// what the device says of itself play no part. The machine's own disks are not removable USB ones; one that is, and holds the running system, is in
// use. What cannot be read is left out, and never counted as free.
//
// Whoever is about to mount must ask the kernel once more, by opening the device exclusively: what another mount namespace holds is not seen here.
package block

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Bounds of what is looked at.
const (
	maxDisks = 64
	maxParts = 64
	maxFile  = 4 << 20 // mountinfo of a busy machine has some hundred kB
)

// Root is where the kernel's file systems are found: Machine, but in tests.
type Root struct{ Sys, Proc, Dev string }

// Machine is the machine this program runs on.
var Machine = Root{Sys: "/sys", Proc: "/proc", Dev: "/dev"}

// Number is the kernel's number of a block device.
type Number struct{ Major, Minor uint32 }

func (n Number) String() string { return fmt.Sprintf("%d:%d", n.Major, n.Minor) }

// Device is the number as stat(2) gives it.
func (n Number) Device() uint64 { return unix.Mkdev(n.Major, n.Minor) }

// ParseNumber reads "8:16".
func ParseNumber(text string) (Number, error) {
	major, minor, found := strings.Cut(text, ":")
	a, err := strconv.ParseUint(major, 10, 12) // Linux has 12 bits of major and 20 of minor
	if err != nil || !found {
		return Number{}, fmt.Errorf("%q is no device number", text)
	}
	b, err := strconv.ParseUint(minor, 10, 20)
	if err != nil {
		return Number{}, fmt.Errorf("%q is no device number", text)
	}
	return Number{uint32(a), uint32(b)}, nil
}

// Identity tells one insertion from every other: numbers are given again, the kernel's sequence (since Linux 5.15) is not; before that the place in
// sysfs, which is made anew with each insertion, has to do.
type Identity struct {
	Number   Number
	Sequence uint64
	Inode    uint64
}

// Disk is a removable USB disk with a medium in it. Sizes are in octets.
type Disk struct {
	Identity
	Name      string // as the kernel calls it, "sdb"
	Size      int64
	Parts     []Part // what may hold a file system, in the order to try; the whole disk where it is not divided
	Protected bool   // it cannot be written to
	Used      bool   // mounted, swapped to, or part of something larger
}

// Part is a partition, or the whole disk.
type Part struct {
	Name   string
	Number Number
	Size   int64
}

// List gives the removable USB disks by name. An error says that sysfs or the list of mounts could not be read: then nothing is known of any disk.
func (r Root) List() ([]Disk, error) {
	folder := filepath.Join(r.Sys, "block")
	names, err := readNames(folder, 1<<12)
	if err != nil {
		return nil, fmt.Errorf("list block devices: %w", err)
	}
	uses, err := r.uses()
	if err != nil {
		return nil, fmt.Errorf("list what is mounted: %w", err)
	}
	sort.Strings(names)
	var disks []Disk
	for _, name := range names {
		d, ok := r.disk(filepath.Join(folder, name), name, uses)
		if ok && len(disks) < maxDisks {
			disks = append(disks, d)
		}
	}
	return disks, nil
}

// Find gives one disk as it is now; ok is false if it is gone, or was none of those that List gives.
func (r Root) Find(n Number, sequence uint64) (d Disk, ok bool, err error) {
	disks, err := r.List()
	if err != nil {
		return Disk{}, false, err
	}
	for _, d := range disks {
		if d.Number == n && d.Sequence == sequence {
			return d, true, nil
		}
	}
	return Disk{}, false, nil
}

// Still says whether this very insertion is there and has its medium.
func (r Root) Still(d Disk) bool {
	folder := filepath.Join(r.Sys, "block", d.Name)
	now, ok := identity(folder)
	return ok && now == d.Identity && size(folder) > 0
}

func (r Root) disk(folder, name string, uses uses) (Disk, bool) {
	d := Disk{Name: name, Size: size(folder)}
	var ok bool
	if d.Identity, ok = identity(folder); !ok || d.Size == 0 { // a card reader without a card is a disk of no size
		return d, false
	}
	if read(folder, "removable") != "1" || read(folder, "hidden") == "1" || !r.onUSB(folder) {
		return d, false
	}
	d.Protected = read(folder, "ro") == "1"
	d.Used = uses.hold(folder, name, d.Number)
	entries, err := readNames(folder, 1<<10)
	if err != nil {
		return d, false
	}
	for _, entry := range entries {
		below := filepath.Join(folder, entry)
		number, err := ParseNumber(read(below, "dev"))
		if read(below, "partition") == "" || err != nil {
			continue
		}
		d.Used = d.Used || uses.hold(below, entry, number)
		if p := (Part{entry, number, size(below)}); p.Size > 0 && len(d.Parts) < maxParts {
			d.Parts = append(d.Parts, p)
		}
	}
	sort.Slice(d.Parts, func(i, j int) bool {
		a, b := d.Parts[i], d.Parts[j]
		if x, y := firmware(filepath.Join(folder, a.Name)), firmware(filepath.Join(folder, b.Name)); x != y {
			return y
		}
		return number(a.Name) < number(b.Name)
	})
	if len(d.Parts) == 0 {
		d.Parts = []Part{{d.Name, d.Number, d.Size}}
	}
	return d, true
}

// firmware says whether a partition is named as the one for the firmware, which macOS puts before the citizen's own on every stick it divides by GPT.
func firmware(folder string) bool {
	for line := range strings.Lines(read(folder, "uevent")) {
		if label, ok := strings.CutPrefix(strings.TrimSpace(line), "PARTNAME="); ok {
			return strings.HasPrefix(strings.ToLower(label), "efi system")
		}
	}
	return false
}

// number is the number at the end of a partition's name.
func number(name string) int {
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

func identity(folder string) (Identity, bool) {
	number, err := ParseNumber(read(folder, "dev"))
	if err != nil {
		return Identity{}, false
	}
	info, err := os.Stat(folder)
	if err != nil {
		return Identity{}, false
	}
	sequence, err := strconv.ParseUint(read(folder, "diskseq"), 10, 64)
	if err != nil {
		sequence = 0 // before Linux 5.15
	}
	return Identity{number, sequence, inode(info)}, true
}

// size is in octets; sysfs counts sectors of 512 whatever the device has.
func size(folder string) int64 {
	sectors, err := strconv.ParseInt(read(folder, "size"), 10, 64)
	if err != nil || sectors < 0 || sectors > 1<<53 {
		return 0
	}
	return sectors * 512
}

// onUSB climbs the kernel's tree from the disk: one of the devices above must be a USB one.
func (r Root) onUSB(folder string) bool {
	at, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return false
	}
	top, err := filepath.EvalSymlinks(filepath.Join(r.Sys, "devices"))
	if err != nil {
		return false
	}
	for at = filepath.Dir(at); strings.HasPrefix(at, top+"/"); at = filepath.Dir(at) {
		subsystem, err := os.Readlink(filepath.Join(at, "subsystem"))
		if err == nil && filepath.Base(subsystem) == "usb" {
			return true
		}
	}
	return false
}
