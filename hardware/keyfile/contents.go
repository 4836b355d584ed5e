package keyfile

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
)

// File is all that a key file holds, as far as it can be told.
type File struct {
	Dialect      Dialect
	FriendlyName string              // of the first key that has one, else of the first certificate
	Keys         []KeyEntry          // in the order of the file
	Loose        []*x509.Certificate // certificates that belong to no key and stand above no key's certificate
	Unread       int                 // what else lies in it and is not looked into: revocation lists, secrets, certificates that are none
	Protection   Protection
}

// KeyEntry is one private key and what goes with it.
type KeyEntry struct {
	Key          crypto.Signer       // *rsa.PrivateKey, *gost.PrivateKey or *ecdsa.PrivateKey; nil: of a kind that is not used here
	Algorithm    Algorithm           // of the key, also where it is not used
	Bits         int                 // 0: not known
	Certificate  *x509.Certificate   // nil: the file holds none for this key
	Chain        []*x509.Certificate // above it, issuer first
	FriendlyName string
	LocalKeyID   []byte
}

// Protection says how a file is sealed, in names for people who look after it: "SHA-1", "3DES", "RC2-40", "AES-256", "" for not at all.
type Protection struct {
	MAC          string
	Keys         string
	Certificates string
	Iterations   int // of the MAC; of the keys where there is no MAC
}

// Open reads a key file of any dialect into all it holds. At most [MaxSize] bytes are read and [MaxIterations] steps of key derivation spent.
//
// Errors: [ErrPassword] when the password is wrong; [ErrDamaged] when the file is not whole, also when its MAC does not match although
// the password opens one of its parts; [ErrUnsupported] for ciphers that are not read here, for parts with a password of their own, for files
// that ask for more work than any program writes; [ErrTooLarge]. A key of a kind that is not used here is no error: [KeyEntry.Key] is nil then.
func Open(r io.Reader, password Password) (File, error) {
	data, err := readAll(r)
	if err != nil {
		return File{}, err
	}
	f, err := decode(data, password, &meter{})
	if err != nil {
		return File{}, fmt.Errorf("read key file: %w", err)
	}
	defer f.wipe()
	return f.contents(), nil
}

func readAll(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if len(data) > MaxSize {
		return nil, fmt.Errorf("read key file: %w", ErrTooLarge)
	}
	return data, nil
}

// decode takes a file apart and opens all of it.
func decode(data []byte, password Password, m *meter) (*file, error) {
	if err := password.usable(); err != nil {
		return nil, err
	}
	f, err := parseFile(data)
	if err != nil {
		return nil, err
	}
	if err := f.open(password, m); err != nil {
		f.wipe()
		return nil, err
	}
	return f, nil
}

// wipe clears the keys that lie open. What was parsed from them lives on.
func (f *file) wipe() {
	for b := range f.bags {
		clear(b.key)
	}
}

// bags goes through all bags in the order of the file.
func (f *file) bags(yield func(*bag) bool) {
	for i := range f.parts {
		for j := range f.parts[i].bags {
			if !yield(&f.parts[i].bags[j]) {
				return
			}
		}
	}
}

// held is a certificate as it lies in the file.
type held struct {
	cert  *x509.Certificate
	id    []byte
	taken bool // it is a key's own, or stands above one
}

// contents puts keys, certificates and chains together.
func (f *file) contents() File {
	out := File{Protection: f.protection()}
	var certs []*held
	var name string // of a certificate
	for b := range f.bags {
		switch {
		case b.isKey():
			key, err := parsePrivate(b.key)
			if err != nil {
				key = nil
			}
			entry := KeyEntry{Key: key, FriendlyName: b.name, LocalKeyID: bytes.Clone(b.id)}
			entry.Algorithm, entry.Bits = kindOfPrivate(b.key)
			if entry.Bits == 0 && key != nil {
				entry.Bits = bitsOf(key.Public())
			}
			if out.FriendlyName == "" {
				out.FriendlyName = b.name
			}
			out.Keys = append(out.Keys, entry)
		case b.cert != nil:
			cert, err := x509.ParseCertificate(b.cert)
			if err != nil {
				out.Unread++
				continue
			}
			if name == "" {
				name = b.name
			}
			if !has(certs, cert) {
				certs = append(certs, &held{cert: cert, id: b.id})
			}
		default:
			out.Unread++
		}
	}
	if out.FriendlyName == "" {
		out.FriendlyName = name
	}
	for i := range out.Keys {
		out.Keys[i].take(certs)
	}
	for i := range out.Keys {
		out.Keys[i].climb(certs)
	}
	for _, h := range certs {
		if !h.taken {
			out.Loose = append(out.Loose, h.cert)
		}
	}
	out.Dialect = f.dialect(out)
	return out
}

func has(certs []*held, cert *x509.Certificate) bool {
	for _, h := range certs {
		if h.cert.Equal(cert) {
			return true
		}
	}
	return false
}

// take finds the key's own certificate: by the public key, the one proof there is; for a key that cannot be used by localKeyID, which is only a claim.
// Of several the one that localKeyID names is taken, else the first.
func (k *KeyEntry) take(certs []*held) {
	var own *held
	for _, h := range certs {
		named := k.LocalKeyID != nil && bytes.Equal(h.id, k.LocalKeyID)
		fits := Belongs(h.cert, k.Key)
		if k.Key == nil {
			algorithm, _ := kindOfCertificate(h.cert)
			fits = named && algorithm == k.Algorithm
		}
		if fits && (own == nil || named) {
			own = h
		}
	}
	if own == nil {
		return
	}
	own.taken, k.Certificate = true, own.cert
	if _, bits := kindOfCertificate(own.cert); bits > 0 {
		k.Bits = bits
	}
}

// climb finds the certificates above the key's own, each at most once, however they name one another.
func (k *KeyEntry) climb(certs []*held) {
	used := map[*held]bool{}
	for last := k.Certificate; last != nil && !bytes.Equal(last.RawIssuer, last.RawSubject); {
		var next *held
		for _, h := range certs {
			if !used[h] && h.cert != k.Certificate && issues(h.cert, last) && (next == nil || bytes.Equal(h.cert.SubjectKeyId, last.AuthorityKeyId)) {
				next = h
			}
		}
		if next == nil {
			return
		}
		used[next], next.taken = true, true
		k.Chain = append(k.Chain, next.cert)
		last = next.cert
	}
}

// issues says whether parent may have issued child, by name and key identifier (RFC 5280 §6.1.3, §4.2.1.1). The signature is not checked here.
func issues(parent, child *x509.Certificate) bool {
	return bytes.Equal(parent.RawSubject, child.RawIssuer) &&
		(len(parent.SubjectKeyId) == 0 || len(child.AuthorityKeyId) == 0 || bytes.Equal(parent.SubjectKeyId, child.AuthorityKeyId))
}
