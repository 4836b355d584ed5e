package terminal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Folder is the state folder of one terminal, held by one program at a time.
//
//	kiosk.db      applications, outbox, device journal, audit (see storage)
//	seal.key      32 random bytes that seal personal data in kiosk.db; without it that data is lost
//	device.json   what the terminal is called and where its centre is
//	device.key    private key of the device (PKCS#8), mode 0600
//	device.pem    its certificate and chain; trust.pem the centre's root
//	lock          held by flock while the program runs
type Folder struct {
	path string
	lock *os.File
}

// ErrRunning: another program holds the folder.
var ErrRunning = errors.New("the terminal is already running on this state folder")

// OpenFolder makes the folder if it is missing and takes its lock. It is flock(2) on a file, not the session bus: a
// kiosk may have none, and then a lock on the bus silently does nothing.
func OpenFolder(path string) (*Folder, error) {
	err := os.MkdirAll(path, 0o700)
	if err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the state folder's lock: %w", err)
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil {
		_ = lock.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s", ErrRunning, path)
		}
		return nil, fmt.Errorf("locking the state folder: %w", err)
	}
	return &Folder{path: path, lock: lock}, nil
}

// Close gives the lock back.
func (f *Folder) Close() error { return f.lock.Close() }

// Path is the full path of a file in the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.path, name) }

// SealKey gives the key that seals personal data, and makes what it comes from at first use. When the database is there and the key is
// not, that is an error: a new key would not open what the old one sealed.
func (f *Folder) SealKey() ([]byte, error) {
	key, err := os.ReadFile(f.Path("seal.key"))
	if err == nil {
		if len(key) != 32 {
			return nil, fmt.Errorf("seal.key holds %d bytes instead of 32: restore it from the backup", len(key))
		}
		return sealKey(key)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading seal.key: %w", err)
	}
	_, err = os.Stat(f.Path("kiosk.db"))
	if err == nil {
		return nil, errors.New("seal.key is missing although kiosk.db is there: restore it from the backup")
	}
	key = make([]byte, 32)
	_, err = io.ReadFull(rand.Reader, key)
	if err != nil {
		return nil, fmt.Errorf("making seal.key: %w", err)
	}
	err = f.write("seal.key", key)
	if err != nil {
		return nil, err
	}
	return sealKey(key)
}

// write replaces a file of the folder whole, readable by the owner alone, and brings it to the disk.
func (f *Folder) write(name string, data []byte) error {
	temporary, err := os.CreateTemp(f.path, "."+name+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err == nil {
		err = temporary.Sync()
	}
	err = errors.Join(err, temporary.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	err = os.Rename(temporary.Name(), f.Path(name))
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	folder, err := os.Open(f.path)
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}
