package centre

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// state is the folder of what must not lie in the database: private keys, the key that seals secrets in the database,
// and the highest device prefix ever given. Mode 0700, its files 0600.
//
// Its loss costs the authority (no certificate, no CRL, no OCSP answer any more) and every seal key; whoever reads it
// is the authority. It must be backed up apart from the database.
type state struct{ dir string }

// Names within the folder.
const (
	fileSeal    = "seal.key"
	filePrefix  = "prefix"
	fileTLSKey  = "tls.key"
	fileTLSCert = "tls.pem"
	folderMail  = "mail" // a maildir of letters that wait
)

// stateFolder is where the state lies when nobody says: beside the SQLite file.
func stateFolder(db, folder string) (string, error) {
	if folder != "" {
		return filepath.Abs(folder)
	}
	path, sqlite := strings.CutPrefix(db, "sqlite:")
	if !sqlite && !strings.HasPrefix(db, "postgres") {
		return "", ledger.ErrName
	}
	if !sqlite {
		return "", fmt.Errorf("where the authority's keys lie is unknown: PostgreSQL needs --state DIR")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(path, filepath.Ext(path)) + "-keys", nil
}

func makeState(dir string) (state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return state{}, fmt.Errorf("making the folder of the authority's keys: %w", err)
	}
	return state{dir: dir}, nil
}

func openState(dir string) (state, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, fmt.Errorf("there is no authority at %s: run tirkeu-centre init first, or name its folder with --state", dir)
	}
	if err != nil {
		return state{}, fmt.Errorf("opening the folder of the authority's keys: %w", err)
	}
	if !info.IsDir() {
		return state{}, fmt.Errorf("opening the folder of the authority's keys: %s is no folder", dir)
	}
	return state{dir: dir}, nil
}

func (s state) path(name string) string { return filepath.Join(s.dir, name) }

func (s state) read(name string) ([]byte, error) { return os.ReadFile(s.path(name)) }

// write replaces a file at once or not at all, and returns when it is on the disk.
func (s state) write(name string, data []byte) error {
	f, err := os.CreateTemp(s.dir, name+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), s.path(name)); err != nil {
		return err
	}
	return s.sync()
}

// writeNew is write for a file that must not be there yet; else fs.ErrExist, and nothing is changed.
func (s state) writeNew(name string, data []byte) error {
	f, err := os.CreateTemp(s.dir, name+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), s.path(name)); err != nil {
		return err
	}
	return s.sync()
}

// sync returns when the folder's names are on the disk.
func (s state) sync() error {
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// highestPrefix is the highest device prefix ever given here, or 0. It survives a database restored from a backup.
func (s state) highestPrefix() (int64, error) {
	text, err := s.read(filePrefix)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

func (s state) notePrefix(n int64) error {
	return s.write(filePrefix, []byte(strconv.FormatInt(n, 10)+"\n"))
}

// sealer seals secrets for the database with XChaCha20-Poly1305; what a value belongs to is authenticated with it.
type sealer struct {
	aead cipher.AEAD
	rand io.Reader
}

// loadSealer reads the key, or makes it where none is.
func (s state) loadSealer(random io.Reader) (sealer, error) {
	key, err := s.read(fileSeal)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, chacha20poly1305.KeySize)
		if _, err := io.ReadFull(rand.Reader, key); err != nil {
			return sealer{}, err
		}
		err = s.write(fileSeal, key)
	}
	if err != nil {
		return sealer{}, fmt.Errorf("reading the seal key: %w", err)
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return sealer{}, fmt.Errorf("reading the seal key: %w", err)
	}
	return sealer{aead: aead, rand: random}, nil
}

// nonceKey is what CMP nonces are recognised by, derived from the seal key.
func (s state) nonceKey() ([]byte, error) {
	key, err := s.read(fileSeal)
	if err != nil {
		return nil, fmt.Errorf("reading the seal key: %w", err)
	}
	return hkdf.Key(sha256.New, key, nil, "tirkeu cmp nonces", 32)
}

func (s sealer) seal(secret []byte, owner string) ([]byte, error) {
	nonce := make([]byte, s.aead.NonceSize())
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return s.aead.Seal(nonce, nonce, secret, []byte(owner)), nil
}

func (s sealer) open(sealed []byte, owner string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("unsealing: the value is cut short")
	}
	secret, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(owner))
	if err != nil {
		return nil, fmt.Errorf("unsealing: the value was changed, or sealed with another key")
	}
	return secret, nil
}
