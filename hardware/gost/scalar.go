package gost

import (
	"encoding/binary"
	"math/bits"
)

// scalar is a number below q, the order of the base point, lowest word first. Its methods take the same steps whatever the numbers are.
type scalar [8]uint64

// order is q = 2^512 − orderC. RFC 7836 appendix A.1; m = q, so the cofactor is 1.
var order = scalar{
	0xcacdb1411f10b275, 0x9b4b38abfad2b85d, 0x6ff22b8d4e056060, 0x27e69532f48d8911,
	0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
}

// orderC is what 2^512 is congruent to modulo q: a number of 256 bits.
var orderC = [4]uint64{0x35324ebee0ef4d8b, 0x64b4c754052d47a2, 0x900dd472b1fa9f9f, 0xd8196acd0b7276ee}

// reduce sets z to x modulo q. One subtraction is enough: 2^512 < 2q.
func (z *scalar) reduce(x *[8]uint64) { z.reduceCarry(x, 0) }

// reduceCarry sets z to carry·2^512 + x modulo q, for a value below 2q.
func (z *scalar) reduceCarry(x *[8]uint64, carry uint64) {
	// x−q = x+orderC−2^512.
	var t scalar
	var k uint64
	for i := range 4 {
		t[i], k = bits.Add64(x[i], orderC[i], k)
	}
	for i := 4; i < 8; i++ {
		t[i], k = bits.Add64(x[i], 0, k)
	}
	mask := -(k | carry)
	for i := range z {
		z[i] = x[i] ^ (mask & (x[i] ^ t[i]))
	}
}

// add sets z to x+y.
func (z *scalar) add(x, y *scalar) {
	var t [8]uint64
	var k uint64
	for i := range t {
		t[i], k = bits.Add64(x[i], y[i], k)
	}
	z.reduceCarry(&t, k)
}

// negate sets z to q−x, which is q itself where x is 0.
func (z *scalar) negate(x *scalar) {
	var k uint64
	for i := range z {
		z[i], k = bits.Sub64(order[i], x[i], k)
	}
}

// mul sets z to x·y.
func (z *scalar) mul(x, y *scalar) {
	var t [16]uint64
	mulWide(&t, (*[8]uint64)(x), (*[8]uint64)(y))
	z.fold(&t)
}

// fold sets z to t modulo q. What lies above 512 bits counts orderC times: 1024 bits become 768, then 513, then 512.
func (z *scalar) fold(t *[16]uint64) {
	var a [12]uint64 // (2^512−1)·(2^256−1) + 2^512−1 < 2^768
	copy(a[:8], t[:8])
	for i := range 8 {
		var carry uint64
		for j := range 4 {
			a[i+j], carry = mulAddCarry(t[8+i], orderC[j], a[i+j], carry)
		}
		a[i+4], carry = bits.Add64(a[i+4], carry, 0)
		for j := i + 5; j < 12; j++ {
			a[j], carry = bits.Add64(a[j], 0, carry)
		}
	}
	var b [9]uint64
	copy(b[:8], a[:8])
	for i := range 4 {
		var carry uint64
		for j := range 4 {
			b[i+j], carry = mulAddCarry(a[8+i], orderC[j], b[i+j], carry)
		}
		b[i+4], carry = bits.Add64(b[i+4], carry, 0)
		for j := i + 5; j < 9; j++ {
			b[j], carry = bits.Add64(b[j], 0, carry)
		}
	}
	// Below 2^513 − 2^257, so that orderC for the last bit does not carry again.
	mask := -b[8]
	var c [8]uint64
	var k uint64
	for i := range 4 {
		c[i], k = bits.Add64(b[i], mask&orderC[i], k)
	}
	for i := 4; i < 8; i++ {
		c[i], k = bits.Add64(b[i], 0, k)
	}
	z.reduce(&c)
}

// mulAddCarry gives x·y + a + carry as low word and high word.
func mulAddCarry(x, y, a, carry uint64) (low, high uint64) {
	h, l := bits.Mul64(x, y)
	l, k := bits.Add64(l, a, 0)
	h += k
	l, k = bits.Add64(l, carry, 0)
	return l, h + k
}

// zero gives 1 where x is 0, else 0.
func (x *scalar) zero() uint64 { return isZero((*[8]uint64)(x)) }

// setBytes reads 64 octets, lowest first, and gives 1 where they are below q, else 0. Whether they are is all that shows.
func (z *scalar) setBytes(b *[64]byte) uint64 {
	var k uint64
	for i := range z {
		z[i] = binary.LittleEndian.Uint64(b[8*i:])
		_, k = bits.Sub64(z[i], order[i], k)
	}
	return k
}

// bytes gives 64 octets, lowest first.
func (x *scalar) bytes() (b [64]byte) {
	for i, w := range x {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	return b
}

// reverse turns 64 octets round.
func reverse(b [64]byte) [64]byte {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return b
}
