package keyfile

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
)

// Medium is where a key file lies; *stick.Stick is one. Both methods answer for the same file under the same name.
type Medium interface {
	// Read reads a file of at most limit bytes.
	Read(name string, limit int64) ([]byte, error)
	// ReplaceChecked writes data beside the file, brings it to the medium, gives check what it reads back from there, and only then, if check
	// returns nil, lets it take the file's place. On any error before that moment the file stands as it was. check may call Read.
	ReplaceChecked(name string, data []byte, check func(back []byte) error) error
}

// What can go wrong with a change besides what can go wrong with reading, and with the medium. The old file stands after each of them.
var (
	ErrUnproven = errors.New("the new key file did not prove itself")
	ErrReplaced = errors.New("the key file was changed by somebody else meanwhile")
)

// ChangePassword gives one key file a new password. The new file is written beside the old one, brought to the medium, read back, opened with the
// new password, held against the old one thing by thing, and each key in it signs once, which its certificate verifies; then it takes the old one's place.
// Until that moment the old file is whole and opens with the old password; afterwards the new one is. Only an error of the medium itself after that moment
// leaves both possible (stick.ErrUnsettled).
//
// Everything is carried over as it lies: keys, certificates, revocation lists, their order and attributes (friendlyName, localKeyID, whatever else).
// What lay in the open lies in the open, but a key is always sealed. Seals and MAC are new, as options say. A file that holds what cannot be carried over completely,
// or a key that cannot be tried here, is [ErrUnsupported] and left alone. The new password is not held against the rules here: see [CheckPassword].
//
// Errors: those of [Open], [ErrUnproven], [ErrReplaced], the medium's, ctx's.
func ChangePassword(ctx context.Context, m Medium, name string, old, new Password, options Options) error {
	if err := changePassword(ctx, m, name, old, new, options); err != nil {
		return fmt.Errorf("change the password of a key file: %w", err)
	}
	return nil
}

func changePassword(ctx context.Context, m Medium, name string, old, new Password, options Options) error {
	if err := new.usable(); err != nil || new.Empty() {
		return errors.New("the new password cannot be one")
	}
	data, err := m.Read(name, MaxSize)
	if err != nil {
		return err
	}
	before, err := decode(data, old, &meter{})
	if err != nil {
		return err
	}
	defer before.wipe()
	if err := before.portable(); err != nil {
		return err
	}
	if err := before.use(); err != nil { // a key that fails already is no fault of the new file
		return err
	}
	der, err := encode(before.parts, new, options)
	if err != nil {
		return err
	}
	if len(der) > MaxSize {
		return ErrTooLarge
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.ReplaceChecked(name, der, func(back []byte) error {
		if err := prove(back, new, before); err != nil {
			return fmt.Errorf("%w: %v", ErrUnproven, err) // not as what it would mean of the old file
		}
		now, err := m.Read(name, MaxSize)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, data) {
			return ErrReplaced
		}
		return ctx.Err()
	})
}

// prove opens the new file as its owner will, and uses it.
func prove(back []byte, new Password, before *file) error {
	after, err := decode(back, new, &meter{})
	if err != nil {
		return err
	}
	defer after.wipe()
	if !after.holds(before) {
		return errors.New("it does not hold what the old one holds")
	}
	return after.use()
}

// portable refuses what cannot be carried over completely: things that may be sealed inside with the old password, or that are not known at all.
func (f *file) portable() error {
	for _, p := range f.parts {
		if p.more {
			return fmt.Errorf("%w: a part of it has attributes of its own", ErrUnsupported)
		}
	}
	for b := range f.bags {
		if !b.isKey() && !b.kind.Equal(oidCertBag) && !b.kind.Equal(oidCRLBag) {
			return fmt.Errorf("%w: it holds something that cannot be carried over (%v)", ErrUnsupported, b.kind)
		}
	}
	return nil
}

// use lets every key sign once, and its certificate verify that; a key without one is held against its own public half.
func (f *file) use() error {
	var certs []*held
	for b := range f.bags {
		if cert, err := x509.ParseCertificate(b.cert); err == nil {
			certs = append(certs, &held{cert: cert, id: b.id})
		}
	}
	for b := range f.bags {
		if !b.isKey() {
			continue
		}
		key, err := parsePrivate(b.key)
		if err != nil {
			return err
		}
		entry := KeyEntry{Key: key, LocalKeyID: b.id}
		entry.take(certs)
		public := key.Public()
		if entry.Certificate != nil {
			public = publicOf(entry.Certificate)
		}
		err = use(key, public)
		if key, ok := key.(interface{ Wipe() }); ok { // crypto/rsa and crypto/ecdsa keep theirs
			key.Wipe()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// holds says whether f holds the same things as other, in the same order, named alike; only seals differ.
func (f *file) holds(other *file) bool {
	if len(f.parts) != len(other.parts) {
		return false
	}
	for i, p := range f.parts {
		q := other.parts[i]
		if (p.seal == nil) != (q.seal == nil) || len(p.bags) != len(q.bags) {
			return false
		}
		for j := range p.bags {
			if !p.bags[j].like(&q.bags[j]) {
				return false
			}
		}
	}
	return true
}

// like says whether two bags hold the same. A key that lay open before lies shrouded now.
func (b *bag) like(other *bag) bool {
	return (b.kind.Equal(other.kind) || b.isKey() && other.isKey()) &&
		bytes.Equal(b.value, other.value) && bytes.Equal(b.key, other.key) && bytes.Equal(b.attributes, other.attributes)
}
