// Package superblock says which file system lies on a block device or in an image, from its first blocks alone, so that a kernel driver is only ever
// given a medium that looks whole, and so that a citizen whose stick cannot be used is told why.
//
// It reads at most [Looked] octets, writes nothing, follows no pointer and allocates nothing that the medium asks for: whatever lies there, it answers in
// one bounded look. What must be true of the numbers before they are believed is said with each file system. Claims beyond the device's own end are
// damage.
//
// It does not stop a medium whose first blocks are in order and whose directories or chains are not: those are the kernel driver's to survive.
package superblock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Kind is what lies on a medium. The words are kept: they go over the wire and to the screen.
type Kind string

// What is read, what is only named, and nothing at all.
const (
	FAT12 Kind = "fat12"
	FAT16 Kind = "fat16"
	FAT32 Kind = "fat32"
	ExFAT Kind = "exfat"
	Ext2  Kind = "ext2"
	Ext3  Kind = "ext3"
	Ext4  Kind = "ext4"

	NTFS      Kind = "ntfs"
	BitLocker Kind = "bitlocker"
	LUKS      Kind = "luks"
	Disc      Kind = "disc"  // ISO 9660 or UDF: a copied disc, which nobody can write to
	Apple     Kind = "apple" // HFS+ or APFS
	Linux     Kind = "linux" // Btrfs, XFS, F2FS, LVM, RAID, swap, the journal of another device
	None      Kind = "none"  // nothing that is known: empty, or encrypted from its first octet
)

// Looked is how many octets from the start are read at most: Btrfs' mark is the last that is looked for.
const Looked = 68 << 10

// System is what was recognised. Damage says in English, for a log, why the numbers cannot be true; empty when they can.
type System struct {
	Kind   Kind
	Damage string
}

// Driver names the kernel's file system for it, or is empty where it is not one of those that are mounted. ext4's driver mounts ext2 and ext3 too.
func (s System) Driver() string {
	if s.Damage != "" {
		return ""
	}
	switch s.Kind {
	case FAT12, FAT16, FAT32:
		return "vfat"
	case ExFAT:
		return "exfat"
	case Ext2, Ext3, Ext4:
		return "ext4"
	case NTFS, BitLocker, LUKS, Disc, Apple, Linux, None:
	}
	return ""
}

// Recognise looks at a medium of size octets. An error is the medium's own: it could not be read at all.
func Recognise(medium io.ReaderAt, size int64) (System, error) {
	start := make(image, max(0, min(size, Looked)))
	n, err := medium.ReadAt(start, 0)
	if err != nil && !errors.Is(err, io.EOF) && n < 4096 { // a bad spot further on hides marks, no more
		return System{}, fmt.Errorf("read the first blocks: %w", err)
	}
	start = start[:n]
	// What stands in the first sector comes first: whoever formats with FAT leaves older marks behind it, whoever formats with ext wipes the sector.
	for _, look := range []func(image, uint64) (System, bool){encrypted, exfat, fat, ext, foreign} {
		if found, ok := look(start, uint64(max(0, size))); ok {
			return found, nil
		}
	}
	return System{Kind: None}, nil
}

// image is the start of a medium. What lies beyond its end reads as zero.
type image []byte

func (b image) at(offset, n int) []byte {
	out := make([]byte, n)
	if offset < len(b) {
		copy(out, b[offset:])
	}
	return out
}

func (b image) u8(offset int) uint64  { return uint64(b.at(offset, 1)[0]) }
func (b image) u16(offset int) uint64 { return uint64(binary.LittleEndian.Uint16(b.at(offset, 2))) }
func (b image) u32(offset int) uint64 { return uint64(binary.LittleEndian.Uint32(b.at(offset, 4))) }
func (b image) u64(offset int) uint64 { return binary.LittleEndian.Uint64(b.at(offset, 8)) }

// says tells whether a text stands at an offset.
func (b image) says(offset int, text string) bool { return string(b.at(offset, len(text))) == text }

func powerOfTwo(n, least, most uint64) bool { return n >= least && n <= most && n&(n-1) == 0 }
