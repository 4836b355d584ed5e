package gost

import (
	"crypto"
	"fmt"
	"math/big"
)

// PublicKey is a point of the curve: what a signature is verified with. It has been checked, so every one that exists is sound.
type PublicKey struct {
	at  affine
	raw [PublicKeySize]byte
}

// NewPublicKey takes x‖y, 64 octets each, lowest first. Anything but a point of the curve with coordinates below p is [ErrRange].
func NewPublicKey(raw []byte) (*PublicKey, error) {
	if len(raw) != PublicKeySize {
		return nil, fmt.Errorf("public key of %d octets instead of %d: %w", len(raw), PublicKeySize, ErrEncoding)
	}
	k := &PublicKey{raw: [PublicKeySize]byte(raw)}
	below := k.at.x.setBytes((*[64]byte)(k.raw[:64]))
	below = k.at.y.setBytes((*[64]byte)(k.raw[64:])) && below
	if !below {
		return nil, fmt.Errorf("public key with a coordinate not below p: %w", ErrRange)
	}
	// Infinity has no coordinates, and q = m: no smaller subgroup to fall into.
	if !k.at.onCurve() {
		return nil, fmt.Errorf("public key off the curve: %w", ErrRange)
	}
	return k, nil
}

// publicKey takes a point that is known to be sound, with reduced coordinates.
func publicKey(at affine) *PublicKey {
	k := &PublicKey{at: at}
	x, y := at.x.bytes(), at.y.bytes()
	copy(k.raw[:64], x[:])
	copy(k.raw[64:], y[:])
	return k
}

// Bytes gives x‖y, 64 octets each, lowest first.
func (k *PublicKey) Bytes() []byte { return append([]byte(nil), k.raw[:]...) }

// Equal says whether x is the same public key.
func (k *PublicKey) Equal(x crypto.PublicKey) bool {
	other, ok := x.(*PublicKey)
	return ok && other != nil && k.raw == other.raw
}

// bigOrder is q.
var bigOrder = new(big.Int).SetBytes(func() []byte { b := reverse(order.bytes()); return b[:] }())

// Verify says whether the signature, as the dialect writes it, is this key's over the digest of [Size] octets. RFC 7091 §6.2.
func (k *PublicKey) Verify(d Dialect, digest, signature []byte) bool {
	if len(digest) != Size || len(signature) != SignatureSize {
		return false
	}
	r, s, ok := d.split((*[SignatureSize]byte)(signature))
	if !ok {
		return false
	}
	e := digestScalar((*[Size]byte)(digest))
	// v = 1/e, z1 = s·v, z2 = −r·v.
	v := new(big.Int).ModInverse(e.big(), bigOrder)
	inverse := scalarOf(v)
	var z1, z2 scalar
	z1.mul(&s, &inverse)
	z2.mul(&r, &inverse)
	z2.negate(&z2) // r and v are not 0, so neither is their product
	var c jacobian
	c.combine(&z1, &z2, &k.at)
	return c.hasX(&r)
}

// split reads r and s and refuses what is not between 0 and q. RFC 7091 §6.2, step 1.
func (d Dialect) split(signature *[SignatureSize]byte) (r, s scalar, ok bool) {
	first, second := [64]byte(signature[:64]), [64]byte(signature[64:])
	below := uint64(1)
	if d == Russian { // s‖r, highest octet first: RFC 9215 §2
		first, second = reverse(second), reverse(first)
	}
	below &= r.setBytes(&first)
	below &= s.setBytes(&second)
	return r, s, below == 1 && r.zero() == 0 && s.zero() == 0
}

// join writes r and s.
func (d Dialect) join(r, s *scalar) []byte {
	first, second := r.bytes(), s.bytes()
	if d == Russian {
		first, second = reverse(second), reverse(first)
	}
	return append(first[:], second[:]...)
}

// digestScalar is e: the digest modulo q, and 1 for 0. RFC 7091 §6.1, step 2. The digest's first octet is the lowest.
func digestScalar(digest *[Size]byte) (e scalar) {
	e.setBytes(digest)
	e.reduce((*[8]uint64)(&e))
	if e.zero() == 1 {
		e = scalar{1}
	}
	return e
}

// big gives x for package math/big: never for a secret.
func (x *scalar) big() *big.Int {
	b := reverse(x.bytes())
	return new(big.Int).SetBytes(b[:])
}

// scalarOf takes a number below q from package math/big.
func scalarOf(x *big.Int) (z scalar) {
	var b [64]byte
	x.FillBytes(b[:])
	b = reverse(b)
	z.setBytes(&b)
	return z
}
