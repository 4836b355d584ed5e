package pki

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// listFile is a revocation list in a file that stays open, so a newer one may take its name while it is
// being read.
type listFile struct {
	file   *os.File
	path   string // empty: it has no name any more, or never had
	size   int64
	failed error // why it cannot be kept
}

// newListFile makes an empty file, in folder or, without a name, in the temporary folder.
func newListFile(folder string) *listFile {
	file, err := os.CreateTemp(folder, partPattern) // mode 0600
	if err != nil {
		return &listFile{failed: err}
	}
	made := &listFile{file: file, path: file.Name()}
	if folder == "" {
		made.failed = os.Remove(made.path)
		made.path = ""
	}
	return made
}

// partPattern names files that are being written.
const partPattern = "list-*.part"

// sweepParts removes what a process left that ended while it was writing.
func sweepParts(folder string) {
	if folder == "" {
		return
	}
	left, err := filepath.Glob(filepath.Join(folder, partPattern))
	if err != nil {
		return
	}
	for _, path := range left {
		os.Remove(path)
	}
}

// Write never fails: a list that cannot be kept can still be read.
func (f *listFile) Write(p []byte) (int, error) {
	if f.failed == nil {
		_, f.failed = f.file.Write(p)
	}
	return len(p), nil
}

// settle gives a whole list its name. It may be lost with the power: then it is asked for anew.
func (f *listFile) settle(folder, key string) error {
	if f.failed == nil {
		f.size, f.failed = f.file.Seek(0, io.SeekEnd)
	}
	if f.failed == nil && folder != "" {
		path := listPath(folder, key)
		if f.failed = os.Rename(f.path, path); f.failed == nil {
			f.path = path
		}
	}
	if f.failed != nil {
		f.drop()
	}
	return f.failed
}

func listPath(folder, key string) string { return filepath.Join(folder, key+".crl") }

// openListFile opens what settle left, if there is a plain file.
func openListFile(folder, key string) (*listFile, bool) {
	if folder == "" {
		return nil, false
	}
	path := listPath(folder, key)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > MaxCRL {
		return nil, false
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	return &listFile{file: file, path: path, size: info.Size()}, true
}

// scan reads the list from its beginning; several may do so at once.
func (f *listFile) scan(issuer, cert *x509.Certificate) (*listScan, error) {
	if f.failed != nil {
		return nil, errors.Join(errors.New("read kept list"), f.failed)
	}
	list, err := scanList(io.NewSectionReader(f.file, 0, f.size), issuer, cert.SerialNumber)
	if err != nil {
		return nil, fmt.Errorf("read kept list: %w", err)
	}
	return list, nil
}

// drop forgets the list. The file itself is closed by the runtime once nobody reads it any more.
func (f *listFile) drop() {
	if f.path != "" {
		os.Remove(f.path)
	}
}
