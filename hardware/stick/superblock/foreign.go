package superblock

// encrypted knows what hides behind a lock by its first sector.
func encrypted(b image, _ uint64) (System, bool) {
	switch {
	case b.says(3, "-FVE-FS-"), b.says(424, toGo) && b.u16(510) == 0xaa55:
		return System{Kind: BitLocker}, true
	case b.says(0, "LUKS\xba\xbe"):
		return System{Kind: LUKS}, true
	}
	return System{}, false
}

// marks are file systems that are named and never mounted, by where their mark stands.
var marks = []struct {
	offset int
	text   string
	kind   Kind
}{
	{3, "NTFS    ", NTFS},
	{32769, "CD001", Disc}, // ECMA-119 §8.1
	{32769, "BEA01", Disc}, // ECMA-167 2/9.2
	{1024, "H+", Apple},    // Apple TN1150
	{1024, "HX", Apple},    //
	{32, "NXSB", Apple},    // Apple File System Reference, nx_superblock_t
	{0, "XFSB", Linux},     // xfs_sb.h
	{0x10040, "_BHRfS_M", Linux},
	{1024, "\x10\x20\xf5\xf2", Linux}, // F2FS
	{512, "LABELONE", Linux},          // LVM2, in any of the first four sectors, mostly here
	{0, "\xfc\x4e\x2b\xa9", Linux},    // RAID, metadata 1.1
	{4096, "\xfc\x4e\x2b\xa9", Linux}, // RAID, metadata 1.2
	{4086, "SWAPSPACE2", Linux},
}

func foreign(b image, _ uint64) (System, bool) {
	for _, m := range marks {
		if b.says(m.offset, m.text) {
			return System{Kind: m.kind}, true
		}
	}
	return System{}, false
}
