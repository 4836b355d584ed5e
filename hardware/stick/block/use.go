package block

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// uses is what the machine has in use: numbers that are mounted, names that are swapped to.
type uses struct {
	mounted map[string]bool
	swapped map[string]bool
}

// hold says whether a disk or partition is mounted, swapped to, or part of a device mapper, RAID or other device that stands on it.
func (u uses) hold(folder, name string, number Number) bool {
	if u.mounted[number.String()] || u.swapped[name] {
		return true
	}
	holders, err := readNames(filepath.Join(folder, "holders"), 1)
	return err != nil || len(holders) > 0
}

func (r Root) uses() (uses, error) {
	u := uses{map[string]bool{}, map[string]bool{}}
	mounts, err := readFile(filepath.Join(r.Proc, "self", "mountinfo"))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(mounts) {
		if fields := strings.Fields(line); len(fields) > 2 { // proc(5): id, parent, major:minor, …
			u.mounted[fields[2]] = true
		}
	}
	swaps, err := readFile(filepath.Join(r.Proc, "swaps"))
	if err != nil && !os.IsNotExist(err) { // a kernel without swap has no such file
		return u, err
	}
	for line := range strings.Lines(swaps) {
		if fields := strings.Fields(line); len(fields) > 0 {
			u.swapped[filepath.Base(fields[0])] = true
		}
	}
	return u, nil
}

// read reads an attribute; what cannot be read is empty.
func read(folder, name string) string {
	text, err := readFile(filepath.Join(folder, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(text)
}

func readFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	return string(text), err
}

func readNames(folder string, most int) ([]string, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(most)
	if err == io.EOF {
		err = nil
	}
	return names, err
}

func inode(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
