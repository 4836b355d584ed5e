package superblock

// BitLocker To Go dresses its volume as FAT32, with this identifier in the boot code (Microsoft, "BitLocker Drive Encryption": 4967d63b-2e29-4ad8-8399-f6a339e3d001).
const toGo = "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01"

// fat recognises FAT12, FAT16 and FAT32 by the BIOS parameter block (Microsoft, "FAT: General Overview of On-Disk Format" 1.03, "Boot Sector and BPB").
// There is no mark that must be there, so that every number must make sense.
func fat(b image, size uint64) (System, bool) {
	sector, cluster, reserved, tables := b.u16(11), b.u8(13), b.u16(14), b.u8(16)
	media := b.u8(21)
	jump := b.u8(0) == 0xeb || b.u8(0) == 0xe9
	if !jump || !powerOfTwo(sector, 512, 4096) || !powerOfTwo(cluster, 1, 128) || reserved == 0 || tables == 0 || tables > 2 || media < 0xf8 && media != 0xf0 {
		return System{}, false
	}
	sectors := b.u16(19)
	if sectors == 0 {
		sectors = b.u32(32)
	}
	table, is32 := b.u16(22), false
	if table == 0 {
		table, is32 = b.u32(36), true
	}
	rootEntries := b.u16(17)
	if sectors == 0 || table == 0 || is32 && rootEntries != 0 {
		return System{}, false
	}
	found := System{Kind: FAT32}
	before := reserved + tables*table + (rootEntries*32+sector-1)/sector
	if before >= sectors {
		found.Damage = "the tables fill more than the whole file system"
		if !is32 {
			found.Kind = FAT16
		}
		return found, true
	}
	clusters := (sectors - before) / cluster
	switch {
	case is32:
		if root := b.u32(44); root < 2 || root >= clusters+2 {
			found.Damage = "the top folder lies outside"
		}
		if version := b.u16(42); version != 0 {
			found.Damage = "a version of FAT32 that nobody has defined"
		}
	case clusters < 4085: // the specification's own limit, "FAT Type Determination"
		found.Kind = FAT12
	default:
		found.Kind = FAT16
	}
	switch {
	case clusters == 0:
		found.Damage = "there is no room for a file"
	case !is32 && rootEntries == 0:
		found.Damage = "there is no top folder"
	case is32 && clusters > 0x0ffffff5:
		found.Damage = "more clusters than FAT32 can number"
	case found.Kind == FAT16 && clusters > 0xfff5:
		found.Damage = "more clusters than FAT16 can number"
	case sectors*sector > size:
		found.Damage = "it is larger than the device"
	}
	return found, true
}
