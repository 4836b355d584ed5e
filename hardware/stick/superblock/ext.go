package superblock

import "hash/crc32"

// Features by which ext2, ext3 and ext4 differ (Linux, Documentation/filesystems/ext4/super.rst).
const (
	compatJournal     = 0x4
	incompatRecover   = 0x4
	incompatJournal   = 0x8 // the device holds nothing but another file system's journal
	incompatOfExt3    = 0x2 | incompatRecover | incompatJournal | 0x10
	roCompatOfExt3    = 0x1 | 0x2 | 0x4
	roCompatChecksums = 0x400
	incompatWide      = 0x80 // block numbers of 64 bits
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ext recognises ext2, ext3 and ext4 by the superblock at octet 1024.
func ext(b image, size uint64) (System, bool) {
	const super = 1024
	if b.u16(super+56) != 0xef53 {
		return System{}, false
	}
	compat, incompat, roCompat := b.u32(super+92), b.u32(super+96), b.u32(super+100)
	if incompat&incompatJournal != 0 {
		return System{Kind: Linux}, true
	}
	found := System{Kind: Ext2}
	switch {
	case incompat&^uint64(incompatOfExt3) != 0 || roCompat&^uint64(roCompatOfExt3) != 0:
		found.Kind = Ext4
	case compat&compatJournal != 0:
		found.Kind = Ext3
	}
	shift := b.u32(super+24) + 10
	blocks := b.u32(super + 4)
	if incompat&incompatWide != 0 {
		blocks |= b.u32(super+0x150) << 32
	}
	inodes, inodesPerGroup, blocksPerGroup := b.u32(super), b.u32(super+40), b.u32(super+32)
	switch {
	case shift > 16:
		found.Damage = "blocks of an impossible size"
	case blocks == 0 || blocks > size>>shift:
		found.Damage = "it is larger than the device"
	case inodes == 0 || inodesPerGroup == 0 || blocksPerGroup == 0 || blocksPerGroup > 8<<shift || inodesPerGroup > 8<<shift:
		found.Damage = "groups of an impossible size" // a bitmap of one block counts a group
	case b.u32(super+20) > 1 || b.u32(super+20) >= blocks:
		found.Damage = "it begins outside"
	case roCompat&roCompatChecksums != 0 && ^crc32.Checksum(b.at(super, 1020), castagnoli) != uint32(b.u32(super+1020)):
		found.Damage = "the superblock's checksum is wrong"
	}
	return found, true
}
