package stick

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name that is written, in bytes: every file system in use takes it. maxFound is the longest that is read.
const (
	maxName  = 120
	maxFound = 255
)

// checkWritten refuses names this program has no reason to write. FAT knows no difference between capitals and small letters,
// and Windows takes neither a dot at the end nor the names of its old devices: a citizen's stick goes there next.
func checkWritten(name string) error {
	if name == "" || len(name) > maxName || name[0] == '.' || name[0] == '-' || strings.HasSuffix(name, ".") {
		return fmt.Errorf("%w: %q", ErrName, shown(name))
	}
	for _, r := range name {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-' || r == '.') {
			return fmt.Errorf("%w: %q", ErrName, shown(name))
		}
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch {
	case stem == "CON", stem == "PRN", stem == "AUX", stem == "NUL",
		len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && '0' <= stem[3] && stem[3] <= '9':
		return fmt.Errorf("%w: %q", ErrName, shown(name))
	}
	return nil
}

// checkFound refuses names that could lead out of the folder, or deceive whoever reads them on the screen: letters that cannot be seen, that turn
// the direction of writing, that are not text. Cyrillic letters, blanks and brackets are a citizen's good right.
func checkFound(name string) error {
	if name == "" || len(name) > maxFound || name[0] == '.' || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00") {
		return fmt.Errorf("%w: %q", ErrName, shown(name))
	}
	for _, r := range name {
		if !unicode.IsPrint(r) { // control, format (bidirectional marks), private use, every blank but the plain one
			return fmt.Errorf("%w: %q", ErrName, shown(name))
		}
	}
	return nil
}

// checkPath checks the name of a file to be written. found: one that somebody else chose will do, "folder/file" too; ours says whether this program
// could have chosen it.
func checkPath(path string, found bool) (ours bool, err error) {
	err = checkWritten(path)
	if err == nil || !found {
		return err == nil, err
	}
	return false, checkFoundPath(path)
}

// checkFoundPath checks a file's name, or "folder/file".
func checkFoundPath(path string) error {
	folder, file, below := strings.Cut(path, "/")
	if !below {
		return checkFound(path)
	}
	if err := checkFound(folder); err != nil {
		return err
	}
	return checkFound(file)
}

// shown shortens a name for an error's text; %q does the rest.
func shown(name string) string {
	if len(name) > 40 {
		return name[:40] + "…"
	}
	return name
}

// kept says whether a name has one of the endings this program cares for.
func kept(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, ".p12") || strings.HasSuffix(lower, ".sealed")
}
