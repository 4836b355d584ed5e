package stick

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// MaxKeyFile is the largest file, in bytes, that can be a key file. Those of the authority have about 4 kB.
const MaxKeyFile = 256 << 10

// Problem says in a word why a file cannot be used as a key file.
type Problem string

// What can be seen of a file without its password.
const (
	ProblemNone       Problem = ""
	ProblemLink       Problem = "link"         // a symbolic link: it is not followed
	ProblemSpecial    Problem = "special"      // a device, a pipe, a socket or a folder: it is not opened
	ProblemTooLarge   Problem = "too-large"    // more than [MaxKeyFile]
	ProblemUnreadable Problem = "unreadable"   // the medium, or the file's owner, does not give it out
	ProblemNotKeyFile Problem = "not-key-file" // it does not begin as a PKCS#12 file does
)

// Found is something on the stick that is named like a key file. Name is what [Stick.Read] and [Stick.Replace] take: "folder/file" where it
// lies in a folder. Size is in bytes.
type Found struct {
	Name    string
	Size    int64
	Problem Problem
}

// KeyFiles names what ends in .p12 or .pfx, in capitals or not, at the top of the stick and in the folders there, sorted by name. The authority's client leaves key files
// in folders. Links are not followed, other media that are mounted below are not entered, nothing but a plain file is opened, and of that the first bytes only.
// Hidden files and folders, waste baskets, and names that could deceive are left out.
//
// More than [MaxListed] files, or too many entries to look at, are [ErrTooMany], together with what was found first. Errors: [ErrAbsent], [ErrTooMany], ctx's.
func (s *Stick) KeyFiles(ctx context.Context) ([]Found, error) {
	top, err := s.open()
	if err != nil {
		return nil, fmt.Errorf("look for key files: %w", err)
	}
	defer top.Close()
	search := search{ctx: ctx}
	folders, err := search.folder(top, "")
	for _, name := range folders {
		if err != nil {
			break
		}
		below, wrong := enter(top, name)
		if wrong != nil {
			continue // gone meanwhile, a medium of its own, or not for us: its files are not there
		}
		_, err = search.folder(below, name)
		below.Close()
	}
	sort.Slice(search.found, func(i, j int) bool { return search.found[i].Name < search.found[j].Name })
	if err != nil && !errors.Is(err, ErrTooMany) {
		return nil, fmt.Errorf("look for key files: %w", s.orAbsent(err))
	}
	if !s.Present() { // whatever was found, it cannot be read any more
		return nil, fmt.Errorf("look for key files: %w", ErrAbsent)
	}
	if err != nil {
		return search.found, fmt.Errorf("look for key files: %w", err)
	}
	return search.found, nil
}

// search is one search for key files, bounded over all folders.
type search struct {
	ctx   context.Context
	seen  int // entries looked at
	found []Found
}

// folder looks through one folder, and names the folders in it.
func (s *search) folder(in *os.File, name string) (folders []string, err error) {
	at := int(in.Fd())
	for {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		names, err := in.Readdirnames(256)
		for _, entry := range names {
			if s.seen++; s.seen > maxSeen {
				return folders, ErrTooMany
			}
			if checkFound(entry) != nil {
				continue
			}
			var info unix.Stat_t
			if unix.Fstatat(at, entry, &info, unix.AT_SYMLINK_NOFOLLOW) != nil {
				continue // gone meanwhile
			}
			if info.Mode&unix.S_IFMT == unix.S_IFDIR && !isKeyFile(entry) {
				if name == "" && !waste(entry) {
					folders = append(folders, entry)
				}
				continue
			}
			if !isKeyFile(entry) {
				continue
			}
			if len(s.found) >= MaxListed {
				return folders, ErrTooMany
			}
			full := entry
			if name != "" {
				full = name + "/" + entry
			}
			s.found = append(s.found, Found{Name: full, Size: info.Size, Problem: problem(at, entry, info)})
		}
		if len(names) == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, meaning(err)
			}
			return folders, nil
		}
	}
}

// problem looks at one file as cheaply as can be.
func problem(at int, name string, info unix.Stat_t) Problem {
	switch {
	case info.Mode&unix.S_IFMT == unix.S_IFLNK:
		return ProblemLink
	case info.Mode&unix.S_IFMT != unix.S_IFREG:
		return ProblemSpecial
	case info.Size > MaxKeyFile:
		return ProblemTooLarge
	}
	in, err := openPlain(at, name)
	if errors.Is(err, ErrNotPlain) {
		return ProblemSpecial
	}
	if err != nil {
		return ProblemUnreadable
	}
	defer in.Close()
	var first [16]byte
	n, err := io.ReadFull(in, first[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return ProblemUnreadable
	}
	if !beginsAsPFX(first[:n]) {
		return ProblemNotKeyFile
	}
	return ProblemNone
}

// beginsAsPFX: a SEQUENCE, its length definite or not (X.690 §8.1.3), and in it INTEGER 3 (RFC 7292 §4).
func beginsAsPFX(first []byte) bool {
	if len(first) < 2 || first[0] != 0x30 {
		return false
	}
	rest := first[2:]
	if n := int(first[1] & 0x7f); first[1] > 0x80 {
		if n > 4 || n > len(rest) {
			return false
		}
		rest = rest[n:]
	}
	return len(rest) >= 3 && rest[0] == 2 && rest[1] == 1 && rest[2] == 3
}

// isKeyFile says whether a name has one of the endings of PKCS#12 files.
func isKeyFile(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, ".p12") || strings.HasSuffix(lower, ".pfx")
}

// waste says whether a folder is the place where systems keep what was thrown away. Most such names are hidden ones.
func waste(name string) bool {
	return name[0] == '$' || strings.EqualFold(name, "RECYCLER") || strings.EqualFold(name, "RECYCLED")
}

// enter opens a folder at the top of the stick, if it is a folder and on the same medium.
func enter(top *os.File, name string) (*os.File, error) {
	fd, err := unix.Openat(int(top.Fd()), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil, ErrNotPlain // a link, or a file
	}
	if err != nil {
		return nil, meaning(err)
	}
	below := os.NewFile(uintptr(fd), name)
	var outer, inner unix.Stat_t
	if err := errors.Join(unix.Fstat(int(top.Fd()), &outer), unix.Fstat(fd, &inner)); err != nil || outer.Dev != inner.Dev {
		below.Close()
		return nil, ErrNotPlain
	}
	return below, nil
}
