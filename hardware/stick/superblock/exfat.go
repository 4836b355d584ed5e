package superblock

// exfat recognises exFAT (Microsoft, "exFAT file system specification" §3.1) and takes nothing that its boot checksum (§3.4) does not cover.
func exfat(b image, size uint64) (System, bool) {
	if !b.says(0, "\xeb\x76\x90EXFAT   ") {
		return System{}, false
	}
	found := System{Kind: ExFAT}
	damaged := func(why string) (System, bool) {
		found.Damage = why
		return found, true
	}
	sectorShift, clusterShift, tables := b.u8(108), b.u8(109), b.u8(110)
	if sectorShift < 9 || sectorShift > 12 || clusterShift > 25-sectorShift || tables == 0 || tables > 2 {
		return damaged("sectors, clusters or tables of an impossible size")
	}
	sectors, table, tableLength, heap, clusters, root := b.u64(72), b.u32(80), b.u32(84), b.u32(88), b.u32(92), b.u32(96)
	switch {
	case sectors < 1<<(20-sectorShift) || sectors > size>>sectorShift: // §3.1.6
		return damaged("it is larger than the device, or smaller than exFAT can be")
	case table < 24 || tableLength == 0 || table+tables*tableLength > heap: // §3.1.7
		return damaged("the tables lie outside their place")
	case clusters == 0 || clusters > 1<<32-11 || heap+clusters<<clusterShift > sectors: // §3.1.9
		return damaged("the clusters lie outside")
	case root < 2 || root > clusters+1: // §3.1.10
		return damaged("the top folder lies outside")
	case b.u16(510) != 0xaa55:
		return damaged("the boot sector has no end")
	case bootChecksum(b, int(sectorShift)) != uint32(b.u32(11<<sectorShift)):
		return damaged("the boot checksum is wrong")
	}
	return found, true
}

// bootChecksum goes over the first eleven sectors, without the flags and the percentage in use, which change (§3.4, figure 1).
func bootChecksum(b image, sectorShift int) uint32 {
	var sum uint32
	for i, octet := range b.at(0, 11<<sectorShift) {
		if i == 106 || i == 107 || i == 112 {
			continue
		}
		sum = sum<<31 | sum>>1
		sum += uint32(octet)
	}
	return sum
}
