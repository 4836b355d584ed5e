package centre

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maildir is where letters wait for the mail system of the centre's operator: a maildir (maildir(5)), whose messages are whole e-mails for the address in
// their To. A message is written in tmp and brought to the disk before it gets its name in new, so that a reader never sees half of one; the reader moves
// or removes what it has taken over, and this program looks at none again. Mode 0700, its messages 0600: the addresses in them are people's.
type maildir struct{ dir string }

// lay puts a message into new under a name that is its own.
func (m maildir) lay(name string, text []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("laying a letter into %s: %w", m.dir, err)
		}
	}()
	for _, d := range []string{"tmp", "new", "cur"} {
		if err := os.MkdirAll(filepath.Join(m.dir, d), 0o700); err != nil {
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Join(m.dir, "tmp"), name+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(m.dir, "new", name)); err != nil {
		return err
	}
	return state{dir: filepath.Join(m.dir, "new")}.sync()
}
