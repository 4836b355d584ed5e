package gost

import (
	"crypto"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// PrivateKey is a number d with its public half. It is a crypto.Signer, and hides itself however it is printed.
type PrivateKey struct {
	d      scalar
	public *PublicKey
	wiped  bool
}

// NewPrivateKey takes d, 64 octets, lowest first. 0 and what is not below q is [ErrRange].
func NewPrivateKey(d []byte) (*PrivateKey, error) {
	if len(d) != PrivateKeySize {
		return nil, fmt.Errorf("private key of %d octets instead of %d: %w", len(d), PrivateKeySize, ErrEncoding)
	}
	k := new(PrivateKey)
	if k.d.setBytes((*[64]byte)(d)) != 1 || k.d.zero() == 1 {
		k.d = scalar{}
		return nil, fmt.Errorf("private key outside 1 … q−1: %w", ErrRange)
	}
	k.public = derive(&k.d)
	return k, nil
}

// derive works out the public half, Q = d·P.
func derive(d *scalar) *PublicKey {
	var q point
	q.mulBase(d)
	return publicKey(q.affine())
}

// maxDraws bounds drawing a number below q: a draw fails once in 2^256, so that a second failure tells of a broken source.
const maxDraws = 8

// errSource: a random source that gives the same unusable number again and again.
var errSource = errors.New("the random source gives no usable number")

// GenerateKey makes a key from 64 octets of randomness (nil: the system's), drawing anew in the one case of 2^256 in which they are no key.
func GenerateKey(random io.Reader) (*PrivateKey, error) {
	if random == nil {
		random = rand.Reader
	}
	var d [PrivateKeySize]byte
	defer clear(d[:])
	for range maxDraws {
		if _, err := io.ReadFull(random, d[:]); err != nil {
			return nil, fmt.Errorf("draw a private key: %w", err)
		}
		if k, err := NewPrivateKey(d[:]); err == nil {
			return k, nil
		}
	}
	return nil, fmt.Errorf("draw a private key: %w", errSource)
}

// Public gives the *[PublicKey].
func (k *PrivateKey) Public() crypto.PublicKey { return k.public }

// Bytes gives d, 64 octets, lowest first. The caller wipes them.
func (k *PrivateKey) Bytes() []byte {
	b := k.d.bytes()
	return append([]byte(nil), b[:]...)
}

// Equal says whether x is the same private key, in a time that does not depend on where they differ.
func (k *PrivateKey) Equal(x crypto.PrivateKey) bool {
	other, ok := x.(*PrivateKey)
	if !ok || other == nil {
		return false
	}
	a, b := k.d.bytes(), other.d.bytes()
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Wipe overwrites d. The key signs no more. Copies that Go made elsewhere are out of reach.
func (k *PrivateKey) Wipe() {
	k.d = scalar{}
	k.wiped = true
}

// Sign signs a digest of Streebog-512, [Size] octets, and writes the signature in the dialect that opts is; nil, or opts of another type without
// a hash of their own, mean [Kazakh]. Random (nil: the system's) gives 64 octets that go into the nonce beside key and digest.
// RFC 7091 §6.1.
func (k *PrivateKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	dialect, _ := opts.(Dialect)
	switch {
	case k.wiped:
		return nil, fmt.Errorf("sign: %w", ErrWiped)
	case opts != nil && opts.HashFunc() != 0:
		return nil, fmt.Errorf("sign a digest of %v: %w", opts.HashFunc(), ErrDigest)
	case len(digest) != Size:
		return nil, fmt.Errorf("sign a digest of %d octets instead of %d: %w", len(digest), Size, ErrDigest)
	}
	e := digestScalar((*[Size]byte)(digest))
	nonces, err := newNonces(random, &k.d, &e)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	for range maxDraws {
		n := nonces.next()
		r, s := sign(&k.d, &e, &n)
		n = scalar{}
		if r.zero() == 0 && s.zero() == 0 { // RFC 7091 §6.1, steps 5 and 6
			return dialect.join(&r, &s), nil
		}
	}
	return nil, fmt.Errorf("sign: %w", errSource)
}

// sign gives r = x of k·P modulo q, and s = r·d + k·e modulo q. RFC 7091 §6.1, steps 4 to 6. It divides by nothing secret but Z, by Fermat.
func sign(d, e, k *scalar) (r, s scalar) {
	var c point
	c.mulBase(k)
	at := c.affine()
	r.reduce((*[8]uint64)(&at.x))
	var t scalar
	t.mul(k, e)
	s.mul(&r, d)
	s.add(&s, &t)
	return r, s
}

// hidden stands wherever a private key would be printed.
const hidden = "(hidden)"

// String hides the key.
func (k *PrivateKey) String() string { return hidden }

// GoString hides the key from %#v.
func (k *PrivateKey) GoString() string { return hidden }

// Format hides the key from every verb.
func (k *PrivateKey) Format(s fmt.State, _ rune) { io.WriteString(s, hidden) }

// LogValue hides the key from slog.
func (k *PrivateKey) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the key from encoders.
func (k *PrivateKey) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// MarshalJSON hides the key from JSON.
func (k *PrivateKey) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
