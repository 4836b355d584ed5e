package gost

import "math/bits"

// muladd adds x·y to the three-word accumulator c2‖c1‖c0.
func muladd(c0, c1, c2, x, y uint64) (uint64, uint64, uint64) {
	h, l := bits.Mul64(x, y)
	c0, k := bits.Add64(c0, l, 0)
	c1, k = bits.Add64(c1, h, k)
	c2, _ = bits.Add64(c2, 0, k)
	return c0, c1, c2
}

// double doubles the three-word accumulator c2‖c1‖c0.
func double(c0, c1, c2 uint64) (uint64, uint64, uint64) {
	c0, k := bits.Add64(c0, c0, 0)
	c1, k = bits.Add64(c1, c1, k)
	c2, _ = bits.Add64(c2, c2, k)
	return c0, c1, c2
}

// mulWide sets t to x·y, column by column.
func mulWide(t *[16]uint64, x, y *[8]uint64) {
	var c0, c1, c2 uint64
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[0])
	t[0], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[1])
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[0])
	t[1], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[2])
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[1])
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[0])
	t[2], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[3])
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[2])
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[1])
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[0])
	t[3], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[4])
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[3])
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[2])
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[1])
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[0])
	t[4], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[5])
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[4])
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[3])
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[2])
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[1])
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[0])
	t[5], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[6])
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[5])
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[4])
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[3])
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[2])
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[1])
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[0])
	t[6], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[0], y[7])
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[6])
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[5])
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[4])
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[3])
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[2])
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[1])
	c0, c1, c2 = muladd(c0, c1, c2, x[7], y[0])
	t[7], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[1], y[7])
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[6])
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[5])
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[4])
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[3])
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[2])
	c0, c1, c2 = muladd(c0, c1, c2, x[7], y[1])
	t[8], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[2], y[7])
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[6])
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[5])
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[4])
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[3])
	c0, c1, c2 = muladd(c0, c1, c2, x[7], y[2])
	t[9], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[3], y[7])
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[6])
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[5])
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[4])
	c0, c1, c2 = muladd(c0, c1, c2, x[7], y[3])
	t[10], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[4], y[7])
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[6])
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[5])
	c0, c1, c2 = muladd(c0, c1, c2, x[7], y[4])
	t[11], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[5], y[7])
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[6])
	c0, c1, c2 = muladd(c0, c1, c2, x[7], y[5])
	t[12], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, c2 = muladd(c0, c1, c2, x[6], y[7])
	c0, c1, c2 = muladd(c0, c1, c2, x[7], y[6])
	t[13], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, _ = muladd(c0, c1, c2, x[7], y[7])
	t[14], t[15] = c0, c1
}

// squareWide sets t to x²: each product of two different words is taken once and counted twice.
func squareWide(t *[16]uint64, x *[8]uint64) {
	var c0, c1, c2, k uint64
	c0, c1, c2 = muladd(c0, c1, c2, x[0], x[0])
	t[0], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 := muladd(0, 0, 0, x[0], x[1])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	t[1], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[0], x[2])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	c0, c1, c2 = muladd(c0, c1, c2, x[1], x[1])
	t[2], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[0], x[3])
	d0, d1, d2 = muladd(d0, d1, d2, x[1], x[2])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	t[3], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[0], x[4])
	d0, d1, d2 = muladd(d0, d1, d2, x[1], x[3])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	c0, c1, c2 = muladd(c0, c1, c2, x[2], x[2])
	t[4], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[0], x[5])
	d0, d1, d2 = muladd(d0, d1, d2, x[1], x[4])
	d0, d1, d2 = muladd(d0, d1, d2, x[2], x[3])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	t[5], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[0], x[6])
	d0, d1, d2 = muladd(d0, d1, d2, x[1], x[5])
	d0, d1, d2 = muladd(d0, d1, d2, x[2], x[4])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	c0, c1, c2 = muladd(c0, c1, c2, x[3], x[3])
	t[6], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[0], x[7])
	d0, d1, d2 = muladd(d0, d1, d2, x[1], x[6])
	d0, d1, d2 = muladd(d0, d1, d2, x[2], x[5])
	d0, d1, d2 = muladd(d0, d1, d2, x[3], x[4])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	t[7], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[1], x[7])
	d0, d1, d2 = muladd(d0, d1, d2, x[2], x[6])
	d0, d1, d2 = muladd(d0, d1, d2, x[3], x[5])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	c0, c1, c2 = muladd(c0, c1, c2, x[4], x[4])
	t[8], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[2], x[7])
	d0, d1, d2 = muladd(d0, d1, d2, x[3], x[6])
	d0, d1, d2 = muladd(d0, d1, d2, x[4], x[5])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	t[9], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[3], x[7])
	d0, d1, d2 = muladd(d0, d1, d2, x[4], x[6])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	c0, c1, c2 = muladd(c0, c1, c2, x[5], x[5])
	t[10], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[4], x[7])
	d0, d1, d2 = muladd(d0, d1, d2, x[5], x[6])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	t[11], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[5], x[7])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	c0, c1, c2 = muladd(c0, c1, c2, x[6], x[6])
	t[12], c0, c1, c2 = c0, c1, c2, 0
	d0, d1, d2 = muladd(0, 0, 0, x[6], x[7])
	d0, d1, d2 = double(d0, d1, d2)
	c0, k = bits.Add64(c0, d0, 0)
	c1, k = bits.Add64(c1, d1, k)
	c2, _ = bits.Add64(c2, d2, k)
	t[13], c0, c1, c2 = c0, c1, c2, 0
	c0, c1, _ = muladd(c0, c1, c2, x[7], x[7])
	t[14], t[15] = c0, c1
}
