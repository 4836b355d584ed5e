package superblock

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// made is an image that a program of the system made, as its size says.
func made(t testing.TB, size int64, program string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("TIRKEU_TEST_ALL") == "1" {
			t.Fatalf("%s is missing", program)
		}
		t.Skipf("%s is missing", program)
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, size); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "IMAGE", image)
	}
	if said, err := exec.Command(path, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, said)
	}
	return image
}

func recognised(t testing.TB, image string) System {
	t.Helper()
	s := startOf(t, image)
	found, err := Recognise(bytes.NewReader(s.octets), s.size)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// start is the beginning of an image, and how large the whole is.
type start struct {
	octets []byte
	size   int64
}

func startOf(t testing.TB, image string) start {
	t.Helper()
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s := start{make([]byte, min(Looked, info.Size())), info.Size()}
	if _, err := f.ReadAt(s.octets, 0); err != nil {
		t.Fatal(err)
	}
	return s
}

// formats are what other people's programs make of a stick.
var formats = []struct {
	kind    Kind
	driver  string
	size    int64
	program string
	args    []string
}{
	{FAT12, "vfat", 2 << 20, "mkfs.fat", []string{"-F", "12", "IMAGE"}},
	{FAT16, "vfat", 64 << 20, "mkfs.fat", []string{"-F", "16", "IMAGE"}},
	{FAT32, "vfat", 300 << 20, "mkfs.fat", []string{"-F", "32", "IMAGE"}},
	{FAT32, "vfat", 8 << 30, "mkfs.fat", []string{"-s", "64", "IMAGE"}},
	{FAT32, "vfat", 1 << 30, "mkfs.fat", []string{"-F", "32", "-S", "4096", "IMAGE"}},
	{ExFAT, "exfat", 64 << 20, "mkfs.exfat", []string{"IMAGE"}},
	{ExFAT, "exfat", 64 << 30, "mkfs.exfat", []string{"-L", "ТІРКЕУ", "IMAGE"}},
	{Ext2, "ext4", 16 << 20, "mkfs.ext2", []string{"-q", "-F", "IMAGE"}},
	{Ext3, "ext4", 16 << 20, "mkfs.ext3", []string{"-q", "-F", "IMAGE"}},
	{Ext4, "ext4", 16 << 20, "mkfs.ext4", []string{"-q", "-F", "IMAGE"}},
	{Ext4, "ext4", 16 << 20, "mkfs.ext4", []string{"-q", "-F", "-O", "^metadata_csum", "-b", "1024", "IMAGE"}},
	{Linux, "", 16 << 20, "mkfs.ext4", []string{"-q", "-F", "-O", "journal_dev", "IMAGE"}},
	{Linux, "", 16 << 20, "mkswap", []string{"IMAGE"}},
	{NTFS, "", 16 << 20, "mkfs.ntfs", []string{"-F", "-q", "IMAGE"}},
	{LUKS, "", 64 << 20, "cryptsetup", []string{"-q", "luksFormat", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000", "--key-file", "/proc/self/exe", "--keyfile-size", "64", "IMAGE"}},
	{Disc, "", 0, "genisoimage", []string{"-quiet", "-o", "IMAGE", "/etc/hostname"}},
	{None, "", 16 << 20, "true", nil},
}

func TestRecognise_NamesWhatOtherProgramsMade(t *testing.T) {
	for _, f := range formats {
		t.Run(string(f.kind)+" "+strings.Join(f.args, " "), func(t *testing.T) {
			found := recognised(t, made(t, f.size, f.program, append([]string(nil), f.args...)...))
			if found.Kind != f.kind || found.Damage != "" || found.Driver() != f.driver {
				t.Errorf("%+v with driver %q, want %s with %q", found, found.Driver(), f.kind, f.driver)
			}
		})
	}
}

func TestRecognise_GivesNoDriverToWhatIsLargerThanItsDevice(t *testing.T) {
	for _, f := range formats {
		if f.driver == "" {
			continue
		}
		t.Run(string(f.kind)+" "+strings.Join(f.args, " "), func(t *testing.T) {
			image := made(t, f.size, f.program, append([]string(nil), f.args...)...)
			if err := os.Truncate(image, f.size/2); err != nil {
				t.Fatal(err)
			}
			if found := recognised(t, image); found.Kind != f.kind || found.Damage == "" || found.Driver() != "" {
				t.Errorf("half of a %s: %+v", f.kind, found)
			}
		})
	}
}

func TestRecognise_GivesNoDriverToALyingSuperblock(t *testing.T) {
	images := map[Kind]start{}
	for _, f := range formats {
		if _, have := images[f.kind]; f.driver == "" || have {
			continue
		}
		images[f.kind] = startOf(t, made(t, f.size, f.program, append([]string(nil), f.args...)...))
	}
	for _, lie := range []struct {
		of     Kind
		what   string
		offset int
		octets []byte
	}{
		{FAT32, "no octets in a sector", 11, []byte{0, 0}},
		{FAT32, "three octets in a sector", 11, []byte{3, 0}},
		{FAT32, "no sectors in a cluster", 13, []byte{0}},
		{FAT32, "no reserved sectors", 14, []byte{0, 0}},
		{FAT32, "no table", 16, []byte{0}},
		{FAT32, "nine tables", 16, []byte{9}},
		{FAT32, "a table beyond the end", 36, []byte{0xff, 0xff, 0xff, 0xff}},
		{FAT32, "a top folder in cluster 0", 44, []byte{0, 0, 0, 0}},
		{FAT32, "a top folder beyond the end", 44, []byte{0xff, 0xff, 0xff, 0x0f}},
		{FAT32, "four thousand million sectors", 32, []byte{0xff, 0xff, 0xff, 0xff}},
		{FAT32, "a version to come", 42, []byte{1, 0}},
		{FAT16, "no top folder", 17, []byte{0, 0}},
		{FAT16, "a table over everything", 22, []byte{0xff, 0xff}},
		{FAT12, "no sectors", 19, []byte{0, 0}},
		{ExFAT, "sectors of 2^255 octets", 108, []byte{0xff}},
		{ExFAT, "clusters of 2^255 octets", 109, []byte{0xff}},
		{ExFAT, "no table", 110, []byte{0}},
		{ExFAT, "a table beyond the end", 80, []byte{0xff, 0xff, 0xff, 0xff}},
		{ExFAT, "all clusters there can be", 92, []byte{0xff, 0xff, 0xff, 0xff}},
		{ExFAT, "a top folder in cluster 1", 96, []byte{1, 0, 0, 0}},
		{ExFAT, "another serial number than was summed", 100, []byte("ABCD")},
		{Ext4, "blocks of 2^265 octets", 1024 + 24, []byte{0xff, 0, 0, 0}},
		{Ext4, "no blocks", 1024 + 4, []byte{0, 0, 0, 0}},
		{Ext2, "no blocks in a group", 1024 + 32, []byte{0, 0, 0, 0}},
		{Ext3, "groups without inodes", 1024 + 40, []byte{0, 0, 0, 0}},
		{Ext2, "groups that no bitmap counts", 1024 + 40, []byte{0xff, 0xff, 0xff, 0x7f}},
		{Ext2, "a beginning beyond the end", 1024 + 20, []byte{0xff, 0xff, 0xff, 0x7f}},
		{Ext4, "another label than was summed", 1024 + 120, []byte("other")},
	} {
		t.Run(string(lie.of)+" with "+lie.what, func(t *testing.T) {
			lying := images[lie.of]
			if found, err := Recognise(bytes.NewReader(lying.octets), lying.size); err != nil || found.Driver() == "" {
				t.Fatalf("without the lie: %+v, %v", found, err)
			}
			lying.octets = bytes.Clone(lying.octets)
			copy(lying.octets[lie.offset:], lie.octets)
			found, err := Recognise(bytes.NewReader(lying.octets), lying.size)
			if err != nil {
				t.Fatal(err)
			}
			if found.Driver() != "" {
				t.Errorf("it would be mounted: %+v", found)
			}
		})
	}
}

func TestRecognise_TakesFATOverOlderMarksBehindIt(t *testing.T) {
	image := made(t, 300<<20, "mkfs.fat", "-F", "32", "IMAGE")
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0x53, 0xef}, 1024+56); err != nil {
		t.Fatal(err)
	}
	if found := recognised(t, image); found.Kind != FAT32 || found.Damage != "" {
		t.Errorf("%+v", found)
	}
}

func TestRecognise_NamesWhatIsLocked(t *testing.T) {
	locked := make([]byte, 4096)
	copy(locked, "\xeb\x58\x90-FVE-FS-")
	if found, err := Recognise(bytes.NewReader(locked), 4096); err != nil || found.Kind != BitLocker {
		t.Errorf("BitLocker: %+v, %v", found, err)
	}
	image := made(t, 300<<20, "mkfs.fat", "-F", "32", "IMAGE")
	data := startOf(t, image)
	copy(data.octets[424:], toGo)
	if found, err := Recognise(bytes.NewReader(data.octets), data.size); err != nil || found.Kind != BitLocker {
		t.Errorf("BitLocker To Go, which looks like FAT32: %+v, %v", found, err)
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, errors.New("input/output error") }

func TestRecognise_SaysThatAMediumCannotBeRead(t *testing.T) {
	if found, err := Recognise(broken{}, 1<<30); err == nil {
		t.Errorf("%+v of a medium that gives nothing", found)
	}
	if found, err := Recognise(bytes.NewReader(nil), 0); err != nil || found.Kind != None {
		t.Errorf("a reader without a card: %+v, %v", found, err)
	}
	if found, err := Recognise(bytes.NewReader(nil), -1); err != nil || found.Kind != None {
		t.Errorf("less than nothing: %+v, %v", found, err)
	}
}

// counted tells how far a medium was read.
type counted struct {
	inner    *bytes.Reader
	furthest int64
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	c.furthest = max(c.furthest, at+int64(len(p)))
	return c.inner.ReadAt(p, at)
}

// The seeds in testdata are the first sectors of what mkfs.fat, mkfs.exfat and mkfs.ext4 made.
func FuzzRecognise(f *testing.F) {
	f.Fuzz(func(t *testing.T, octets []byte, size int64) {
		medium := &counted{inner: bytes.NewReader(octets)}
		found, err := Recognise(medium, size)
		if medium.furthest > Looked {
			t.Errorf("%d octets were read", medium.furthest)
		}
		if err != nil {
			return
		}
		if found.Kind == "" {
			t.Error("no word for it")
		}
		if found.Driver() == "" {
			return
		}
		// What is mounted says itself how large it is, and that is not more than there is.
		var claimed uint64
		switch found.Kind {
		case ExFAT:
			claimed = image(octets).u64(72) << image(octets).u8(108)
		case Ext2, Ext3, Ext4:
			claimed = image(octets).u32(1024+4) << (10 + image(octets).u32(1024+24))
		default:
			claimed = max(image(octets).u16(19), uint64(binary.LittleEndian.Uint32(image(octets).at(32, 4))))
			if short := image(octets).u16(19); short != 0 {
				claimed = short
			}
			claimed *= image(octets).u16(11)
		}
		if claimed == 0 || claimed > uint64(size) {
			t.Errorf("%s of %d octets would be mounted from a device of %d", found.Kind, claimed, size)
		}
	})
}
