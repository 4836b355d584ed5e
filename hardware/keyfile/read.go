package keyfile

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/x509"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Read opens a PKCS#12 file in DER with an RSA key: the files [Write] makes, and what OpenSSL 3 and Java write by themselves.
// At most [MaxSize] bytes are read and [MaxIterations] steps of key derivation spent.
//
// Errors: [ErrPassword] when the password is wrong; [ErrDamaged] when the file is not whole, also when its MAC does not match although
// the password opens one of its parts; [ErrUnsupported] for RC2, for indefinite lengths, for other kinds of key; [ErrTooLarge].
func Read(r io.Reader, password Password) (Entry, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return Entry{}, fmt.Errorf("read key file: %w", err)
	}
	if len(data) > MaxSize {
		return Entry{}, fmt.Errorf("read key file: %w", ErrTooLarge)
	}
	entry, err := decode(data, password)
	if err != nil {
		return Entry{}, fmt.Errorf("read key file: %w", err)
	}
	return entry, nil
}

func decode(data []byte, password Password) (Entry, error) {
	if err := password.usable(); err != nil {
		return Entry{}, err
	}
	f, err := parseFile(data)
	if err != nil {
		return Entry{}, err
	}
	if f.cost() > MaxIterations {
		return Entry{}, fmt.Errorf("%w: it asks for %d steps of key derivation", ErrUnsupported, f.cost())
	}
	if !f.authentic(password) {
		// RFC 7292 §5.1 makes no difference between a wrong password and a changed file. A part that still opens does.
		if f.opensAnyPart(password) {
			return Entry{}, fmt.Errorf("%w: its contents were changed", ErrDamaged)
		}
		return Entry{}, ErrPassword
	}
	return f.open(password)
}

// cost is how many steps of key derivation it takes to open what is known of the file: each part needs a key and an initial vector.
func (f *file) cost() int {
	total := f.macRounds
	for _, part := range f.safes {
		total += 2 * part.scheme.iterations
	}
	for _, part := range f.keys {
		total += 2 * part.scheme.iterations
	}
	return total
}

// authentic checks the MAC.
func (f *file) authentic(password Password) bool {
	return hmac.Equal(f.mac, macOf(f.macDigest, password, f.macSalt, f.macRounds, f.content))
}

// opensAnyPart says whether the password decrypts at least one part to something well formed.
func (f *file) opensAnyPart(password Password) bool {
	for _, key := range f.keys {
		if plain, err := key.scheme.decrypt(password, key.data); err == nil && isSequence(plain) {
			return true
		}
	}
	for _, safe := range f.safes {
		if plain, err := safe.scheme.decrypt(password, safe.data); err == nil && isSequence(plain) {
			return true
		}
	}
	return false
}

// isSequence says whether der is exactly one SEQUENCE: chance gives that to fewer than one wrong password in a million,
// after a padding that chance gives to one in 256.
func isSequence(der []byte) bool {
	in := cryptobyte.String(der)
	var inner cryptobyte.String
	return in.ReadASN1(&inner, cbasn1.SEQUENCE) && in.Empty()
}

// open decrypts an authentic file and puts key, certificate and chain together.
func (f *file) open(password Password) (Entry, error) {
	opened := &file{keys: f.keys, plainCerts: f.plainCerts, macRounds: f.cost()}
	for _, safe := range f.safes {
		plain, err := safe.scheme.decrypt(password, safe.data)
		if err != nil {
			return Entry{}, fmt.Errorf("%w: an authentic part does not open", ErrDamaged)
		}
		if err := opened.parseBags(plain); err != nil {
			return Entry{}, err
		}
	}
	if opened.cost() > 2*MaxIterations { // keys may lie inside an encrypted part, and are known only now
		return Entry{}, fmt.Errorf("%w: it asks for %d steps of key derivation", ErrUnsupported, opened.cost())
	}
	if len(opened.keys) != 1 {
		return Entry{}, fmt.Errorf("%w: %d keys in one file", ErrUnsupported, len(opened.keys))
	}
	key, err := openKey(opened.keys[0], password)
	if err != nil {
		return Entry{}, err
	}
	return assemble(key, opened.keys[0].id, opened.plainCerts)
}

func openKey(part sealedPart, password Password) (crypto.Signer, error) {
	plain, err := part.scheme.decrypt(password, part.data)
	if err != nil {
		return nil, fmt.Errorf("%w: its key does not open", ErrDamaged)
	}
	defer clear(plain)
	return parsePrivate(plain)
}

// assemble finds the certificate of the key (by public key, the one proof there is) and orders the rest from issuer to root.
func assemble(key crypto.Signer, id []byte, bags []bag) (Entry, error) {
	entry := Entry{Key: key}
	var rest []*x509.Certificate
	for _, b := range bags {
		if Belongs(b.cert, key) && (entry.Certificate == nil || id != nil && bytes.Equal(b.id, id)) {
			if entry.Certificate != nil {
				rest = append(rest, entry.Certificate)
			}
			entry.Certificate = b.cert
			continue
		}
		rest = append(rest, b.cert)
	}
	if entry.Certificate == nil {
		return Entry{}, fmt.Errorf("%w: it has no certificate for its key", ErrUnsupported)
	}
	for last := entry.Certificate; len(rest) > 0; {
		next := 0 // where no issuer is found the order of the file stands
		for i, cert := range rest {
			if bytes.Equal(cert.RawSubject, last.RawIssuer) {
				next = i
				break
			}
		}
		last = rest[next]
		entry.Chain = append(entry.Chain, last)
		rest = append(rest[:next], rest[next+1:]...)
	}
	return entry, nil
}
