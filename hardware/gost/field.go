package gost

import (
	"encoding/binary"
	"math/bits"
)

// fieldC is what 2^512 is congruent to modulo p = 2^512 − 569. RFC 7836 appendix A.1.
const fieldC = 569

// element is a number modulo p, lowest word first. Any value below 2^512 may stand for its residue: the 569
// values from p on are second spellings of small ones, and only [element.reduced] tells them apart.
// Every method takes the same steps whatever the numbers are.
type element [8]uint64

// mul sets z to x·y.
func (z *element) mul(x, y *element) {
	var t [16]uint64
	mulWide(&t, (*[8]uint64)(x), (*[8]uint64)(y))
	z.fold(&t)
}

// square sets z to x².
func (z *element) square(x *element) {
	var t [16]uint64
	squareWide(&t, (*[8]uint64)(x))
	z.fold(&t)
}

// fold sets z to t modulo p: the upper half counts 569 times.
func (z *element) fold(t *[16]uint64) {
	h0, l0 := bits.Mul64(t[8], fieldC)
	h1, l1 := bits.Mul64(t[9], fieldC)
	h2, l2 := bits.Mul64(t[10], fieldC)
	h3, l3 := bits.Mul64(t[11], fieldC)
	h4, l4 := bits.Mul64(t[12], fieldC)
	h5, l5 := bits.Mul64(t[13], fieldC)
	h6, l6 := bits.Mul64(t[14], fieldC)
	h7, l7 := bits.Mul64(t[15], fieldC)
	// The upper half times 569, nine words.
	var k uint64
	l1, k = bits.Add64(l1, h0, 0)
	l2, k = bits.Add64(l2, h1, k)
	l3, k = bits.Add64(l3, h2, k)
	l4, k = bits.Add64(l4, h3, k)
	l5, k = bits.Add64(l5, h4, k)
	l6, k = bits.Add64(l6, h5, k)
	l7, k = bits.Add64(l7, h6, k)
	h7 += k
	l0, k = bits.Add64(l0, t[0], 0)
	l1, k = bits.Add64(l1, t[1], k)
	l2, k = bits.Add64(l2, t[2], k)
	l3, k = bits.Add64(l3, t[3], k)
	l4, k = bits.Add64(l4, t[4], k)
	l5, k = bits.Add64(l5, t[5], k)
	l6, k = bits.Add64(l6, t[6], k)
	l7, k = bits.Add64(l7, t[7], k)
	// The ninth word is below 570, so once more with 569 gives less than 2^19.
	l0, k = bits.Add64(l0, (h7+k)*fieldC, 0)
	l1, k = bits.Add64(l1, 0, k)
	l2, k = bits.Add64(l2, 0, k)
	l3, k = bits.Add64(l3, 0, k)
	l4, k = bits.Add64(l4, 0, k)
	l5, k = bits.Add64(l5, 0, k)
	l6, k = bits.Add64(l6, 0, k)
	l7, k = bits.Add64(l7, 0, k)
	// A carry here leaves a number below 2^19: 569 more cannot carry again.
	z[0] = l0 + (-k & fieldC)
	z[1], z[2], z[3], z[4], z[5], z[6], z[7] = l1, l2, l3, l4, l5, l6, l7
}

// add sets z to x+y.
func (z *element) add(x, y *element) {
	l0, k := bits.Add64(x[0], y[0], 0)
	l1, k := bits.Add64(x[1], y[1], k)
	l2, k := bits.Add64(x[2], y[2], k)
	l3, k := bits.Add64(x[3], y[3], k)
	l4, k := bits.Add64(x[4], y[4], k)
	l5, k := bits.Add64(x[5], y[5], k)
	l6, k := bits.Add64(x[6], y[6], k)
	l7, k := bits.Add64(x[7], y[7], k)
	l0, k = bits.Add64(l0, -k&fieldC, 0)
	l1, k = bits.Add64(l1, 0, k)
	l2, k = bits.Add64(l2, 0, k)
	l3, k = bits.Add64(l3, 0, k)
	l4, k = bits.Add64(l4, 0, k)
	l5, k = bits.Add64(l5, 0, k)
	l6, k = bits.Add64(l6, 0, k)
	l7, k = bits.Add64(l7, 0, k)
	// A second carry leaves a number below 569.
	z[0] = l0 + (-k & fieldC)
	z[1], z[2], z[3], z[4], z[5], z[6], z[7] = l1, l2, l3, l4, l5, l6, l7
}

// sub sets z to x−y.
func (z *element) sub(x, y *element) {
	l0, k := bits.Sub64(x[0], y[0], 0)
	l1, k := bits.Sub64(x[1], y[1], k)
	l2, k := bits.Sub64(x[2], y[2], k)
	l3, k := bits.Sub64(x[3], y[3], k)
	l4, k := bits.Sub64(x[4], y[4], k)
	l5, k := bits.Sub64(x[5], y[5], k)
	l6, k := bits.Sub64(x[6], y[6], k)
	l7, k := bits.Sub64(x[7], y[7], k)
	l0, k = bits.Sub64(l0, -k&fieldC, 0)
	l1, k = bits.Sub64(l1, 0, k)
	l2, k = bits.Sub64(l2, 0, k)
	l3, k = bits.Sub64(l3, 0, k)
	l4, k = bits.Sub64(l4, 0, k)
	l5, k = bits.Sub64(l5, 0, k)
	l6, k = bits.Sub64(l6, 0, k)
	l7, k = bits.Sub64(l7, 0, k)
	// A second borrow leaves a number within 569 of 2^512.
	z[0] = l0 - (-k & fieldC)
	z[1], z[2], z[3], z[4], z[5], z[6], z[7] = l1, l2, l3, l4, l5, l6, l7
}

// negate sets z to −x.
func (z *element) negate(x *element) { z.sub(&element{}, x) }

// invert sets z to 1/x by Fermat, x^(p−2), and to 0 where x is 0. The exponent is public: 2^512 − 571 is
// 502 ones followed by 0111000101 (binary of 2^10 − 571 + …, checked by the tests).
func (z *element) invert(x *element) {
	// ones[i] = x^(2^n−1)
	var t, u element
	base := *x
	run := func(out, a *element, n int, b *element) { // out = a^(2^n)·b
		t = *a
		for range n {
			t.square(&t)
		}
		out.mul(&t, b)
	}
	var x2, x4, x5, x10, x20, x40, x80, x125, x250, x251, x502 element
	run(&x2, &base, 1, &base)
	run(&x4, &x2, 2, &x2)
	run(&x5, &x4, 1, &base)
	run(&x10, &x5, 5, &x5)
	run(&x20, &x10, 10, &x10)
	run(&x40, &x20, 20, &x20)
	run(&x80, &x40, 40, &x40)
	run(&u, &x80, 40, &x40) // 120
	run(&x125, &u, 5, &x5)
	run(&x250, &x125, 125, &x125)
	run(&x251, &x250, 1, &base)
	run(&x502, &x251, 251, &x251)
	// The last ten bits of 2^512 − 571: 1024 − 571 = 453 = 0b0111000101.
	u = x502
	for i := 9; i >= 0; i-- {
		u.square(&u)
		if (1024-571)>>i&1 == 1 {
			u.mul(&u, &base)
		}
	}
	*z = u
}

// reduced sets z to the only spelling of x below p.
func (z *element) reduced(x *element) {
	// x+569 carries exactly where x ≥ p, and is x−p then.
	var t element
	var k uint64
	t[0], k = bits.Add64(x[0], fieldC, 0)
	for i := 1; i < 8; i++ {
		t[i], k = bits.Add64(x[i], 0, k)
	}
	z.choose(k, &t, x)
}

// choose sets z to x where yes is 1 and to y where it is 0.
func (z *element) choose(yes uint64, x, y *element) {
	mask := -yes
	for i := range z {
		z[i] = y[i] ^ (mask & (x[i] ^ y[i]))
	}
}

// equal gives 1 where x and y are the same residue, else 0.
func (x *element) equal(y *element) uint64 {
	var d element
	d.sub(x, y)
	return d.zero()
}

// zero gives 1 where x is the residue 0, else 0.
func (x *element) zero() uint64 {
	var t element
	t.reduced(x)
	return isZero((*[8]uint64)(&t))
}

// setBytes reads 64 octets, lowest first, and says whether they are below p.
func (z *element) setBytes(b *[64]byte) bool {
	var t element
	for i := range t {
		t[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	z.reduced(&t)
	return *z == t
}

// bytes gives the 64 octets of the reduced number, lowest first.
func (x *element) bytes() (b [64]byte) {
	var t element
	t.reduced(x)
	for i, w := range t {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	return b
}

// isZero gives 1 where all words are 0, else 0.
func isZero(x *[8]uint64) uint64 {
	var or uint64
	for _, w := range x {
		or |= w
	}
	return 1 ^ ((or | -or) >> 63)
}

// addBelowP adds x and says whether the sum, as a plain number, is still below p.
func (z *element) addBelowP(x *element) bool {
	var k uint64
	for i := range z {
		z[i], k = bits.Add64(z[i], x[i], k)
	}
	var t element
	t.reduced(z)
	return k == 0 && t == *z
}
