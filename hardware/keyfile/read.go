package keyfile

import (
	"crypto/rsa"
	"fmt"
	"io"

	"github.com/tirkeu/kiosk/hardware/gost"
)

// Read opens a key file of any dialect that holds one key, RSA or GOST, with its certificate. Errors are those of [Open];
// a file that holds no key or several, or no certificate for its key, is [ErrUnsupported].
func Read(r io.Reader, password Password) (Entry, error) {
	f, err := Open(r, password)
	if err != nil {
		return Entry{}, err
	}
	if len(f.Keys) != 1 {
		return Entry{}, fmt.Errorf("read key file: %w: %d keys in one file", ErrUnsupported, len(f.Keys))
	}
	key := f.Keys[0]
	switch key.Key.(type) {
	case *rsa.PrivateKey, *gost.PrivateKey:
	default:
		return Entry{}, fmt.Errorf("read key file: %w: its key is of a kind that is not used here (%s)", ErrUnsupported, key.Algorithm)
	}
	if key.Certificate == nil {
		return Entry{}, fmt.Errorf("read key file: %w: it has no certificate for its key", ErrUnsupported)
	}
	return Entry{Key: key.Key, Certificate: key.Certificate, Chain: key.Chain}, nil
}
