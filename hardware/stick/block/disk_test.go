package block_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tirkeu/kiosk/hardware/stick/block"
	"github.com/tirkeu/kiosk/hardware/stick/block/blocktest"
)

const gib = 1 << 30

var (
	stick = blocktest.Disk{Name: "sdb", Number: block.Number{Major: 8, Minor: 16}, Size: 8 * gib, Parts: []blocktest.Part{{Name: "sdb1", Number: block.Number{Major: 8, Minor: 17}, Size: 7 * gib}}}
	whole = blocktest.Disk{Name: "sdc", Number: block.Number{Major: 8, Minor: 32}, Size: 4 * gib}
)

func list(t *testing.T, m *blocktest.Machine) []block.Disk {
	t.Helper()
	disks, err := m.Root().List()
	if err != nil {
		t.Fatal(err)
	}
	return disks
}

func TestList_GivesRemovableUSBDisksWithTheirParts(t *testing.T) {
	m := blocktest.New(t)
	if got := list(t, m); len(got) != 0 {
		t.Fatalf("on an empty machine: %+v", got)
	}
	m.Plug(whole)
	sequence := m.Plug(stick)
	got := list(t, m)
	if len(got) != 2 || got[0].Name != "sdb" || got[1].Name != "sdc" {
		t.Fatalf("%+v", got)
	}
	b, c := got[0], got[1]
	if b.Size != 8*gib || b.Sequence != sequence || b.Used || b.Protected || len(b.Parts) != 1 || b.Parts[0] != (block.Part{Name: "sdb1", Number: block.Number{Major: 8, Minor: 17}, Size: 7 * gib}) {
		t.Errorf("%+v", b)
	}
	if len(c.Parts) != 1 || c.Parts[0] != (block.Part{Name: "sdc", Number: c.Number, Size: c.Size}) {
		t.Errorf("a disk that is not divided is its own part: %+v", c.Parts)
	}
}

func TestList_LeavesOutEverythingElse(t *testing.T) {
	for what, change := range map[string]func(*blocktest.Disk){
		"a disk that is not removable":   func(d *blocktest.Disk) { d.Fixed = true },
		"a removable disk inside":        func(d *blocktest.Disk) { d.Inside = true },
		"a card reader without a card":   func(d *blocktest.Disk) { d.Size = 0 },
		"a disk that claims less than 0": func(d *blocktest.Disk) { d.Size = -4096 },
		"a disk of 2^62 octets":          func(d *blocktest.Disk) { d.Size = 1<<62 + 512 },
	} {
		t.Run(what, func(t *testing.T) {
			m := blocktest.New(t)
			d := stick
			change(&d)
			m.Plug(d)
			if got := list(t, m); len(got) != 0 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestList_SaysWhatIsInUse(t *testing.T) {
	for what, use := range map[string]func(*blocktest.Machine, *blocktest.Disk){
		"a part is mounted": func(m *blocktest.Machine, _ *blocktest.Disk) {
			m.Mount("36 35 8:17 / / rw,noatime - ext4 /dev/root rw\n")
		},
		"the whole is mounted": func(m *blocktest.Machine, _ *blocktest.Disk) { m.Mount("36 35 8:16 / /media rw - vfat /dev/sdb rw\n") },
		"a part is swapped to": func(m *blocktest.Machine, _ *blocktest.Disk) { m.Swap("/dev/sdb1 partition 1048572 0 -2\n") },
		"device mapper stands on a part": func(_ *blocktest.Machine, d *blocktest.Disk) {
			d.Parts = []blocktest.Part{d.Parts[0]}
			d.Parts[0].Held = true
		},
		"RAID stands on the whole": func(_ *blocktest.Machine, d *blocktest.Disk) { d.Held = true },
	} {
		t.Run(what, func(t *testing.T) {
			m := blocktest.New(t)
			d := stick
			use(m, &d)
			m.Plug(d)
			m.Plug(whole)
			got := list(t, m)
			if len(got) != 2 || !got[0].Used || got[1].Used {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestList_KnowsNothingWhereItCannotBeSaidWhatIsMounted(t *testing.T) {
	m := blocktest.New(t)
	m.Plug(stick)
	if err := os.Remove(filepath.Join(m.Folder, "proc/self/mountinfo")); err != nil {
		t.Fatal(err)
	}
	if got, err := m.Root().List(); err == nil {
		t.Errorf("%+v", got)
	}
}

func TestList_TriesTheFirmwaresPartLastAndOthersByNumber(t *testing.T) {
	m := blocktest.New(t)
	d := stick
	d.Parts = nil
	for i, label := range []string{"EFI System Partition", "data", "", "", "", "", "", "", "", "more"} {
		name := []string{"sdb1", "sdb2", "sdb3", "sdb4", "sdb5", "sdb6", "sdb7", "sdb8", "sdb9", "sdb10"}[i]
		d.Parts = append(d.Parts, blocktest.Part{Name: name, Number: block.Number{Major: 8, Minor: uint32(17 + i)}, Size: gib, Label: label})
	}
	m.Plug(d)
	got := list(t, m)
	if len(got) != 1 || len(got[0].Parts) != 10 || got[0].Parts[0].Name != "sdb2" || got[0].Parts[8].Name != "sdb10" || got[0].Parts[9].Name != "sdb1" {
		t.Errorf("%+v", got)
	}
}

func TestStill_TellsOneInsertionFromTheNext(t *testing.T) {
	m := blocktest.New(t)
	m.Plug(stick)
	first := list(t, m)[0]
	if !m.Root().Still(first) {
		t.Error("gone at once")
	}
	m.Pull(stick)
	if m.Root().Still(first) {
		t.Error("still there after the pull")
	}
	sequence := m.Plug(stick)
	if m.Root().Still(first) {
		t.Error("the second insertion counts as the first")
	}
	if _, there, err := m.Root().Find(stick.Number, first.Sequence); there || err != nil {
		t.Errorf("the first insertion is found: %v", err)
	}
	if found, there, err := m.Root().Find(stick.Number, sequence); !there || err != nil || !m.Root().Still(found) {
		t.Errorf("the second is not: %v", err)
	}
}

func FuzzParseNumber(f *testing.F) {
	f.Add("8:16")
	f.Add("../../etc")
	f.Add("8:16:1")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := block.ParseNumber(text)
		if err != nil {
			return
		}
		again, err := block.ParseNumber(n.String())
		if err != nil || again != n {
			t.Errorf("%q is %v, and that %v, %v", text, n, again, err)
		}
	})
}
