package gost

import "sync"

// The base point is multiplied with a number of 512 bits by adding one ready point for every window of five bits, and no doubling.
const (
	windowBits = 5
	windows    = (512 + windowBits - 1) / windowBits // 103; the last holds two bits
	oddPoints  = 1 << (windowBits - 1)               // 1, 3, 5, … 31 times
)

// baseTable holds (2i+1)·2^(5w)·P at [w][i]: 206 KiB, made at first use in about 2 ms.
var baseTable = sync.OnceValue(func() *[windows][oddPoints]affine {
	var at point
	at.setAffine(&affine{baseX, baseY})
	all := make([]point, 0, windows*oddPoints)
	for range windows {
		var twice, odd point
		twice.add(&at, &at)
		odd = at
		for range oddPoints {
			all = append(all, odd)
			odd.add(&odd, &twice)
		}
		at = twice
		for range windowBits - 1 {
			at.add(&at, &at)
		}
	}
	var table [windows][oddPoints]affine
	for i, a := range affineAll(all) {
		table[i/oddPoints][i%oddPoints] = a
	}
	return &table
})

// affineAll gives the coordinates of points of which none is infinity, with one inversion for all.
func affineAll(points []point) []affine {
	out := make([]affine, len(points))
	product := element{1}
	for i := range points {
		out[i].x = product // of all before
		product.mul(&product, &points[i].z)
	}
	var inverse element
	inverse.invert(&product)
	for i := len(points) - 1; i >= 0; i-- {
		var one element
		one.mul(&inverse, &out[i].x)
		inverse.mul(&inverse, &points[i].z)
		out[i].x.mul(&points[i].x, &one)
		out[i].y.mul(&points[i].y, &one)
		out[i].x.reduced(&out[i].x)
		out[i].y.reduced(&out[i].y)
	}
	return out
}

// mulBase sets z to k·P for k below q. The steps and the addresses are the same for every k.
//
// Every digit is odd, so that no window is skipped: with n odd, n = Σ dᵢ·2^(5i), where dᵢ is bits 5i … 5i+5 of n with the lowest
// set, less 32, and the last digit is what remains. An even k gives way to q−k, and the point to its opposite.
//
// The sum is made from the lowest digit up. What is there before digit i is an odd number of absolute value below 2^(5i), and what is added is an odd
// multiple of 2^(5i); both together stay below 2^510 < q. So they are never equal, opposite or zero modulo q, and the incomplete formula holds.
// With the last digit the sum may pass q: there the complete formula is used.
func (z *point) mulBase(k *scalar) {
	table := baseTable()
	var n, opposite scalar
	opposite.negate(k)
	even := 1 ^ (k[0] & 1)
	for i := range n {
		n[i] = k[i] ^ (-even & (k[i] ^ opposite[i]))
	}
	var one affine
	var sum jacobian
	for i := range windows - 1 {
		v := n.window(i) | 1
		negative := 1 ^ (v >> windowBits)
		size := ((v - 1<<windowBits) ^ -negative) + negative
		one.lookup(&table[i], size>>1, negative)
		if i == 0 { // i is public
			sum.setAffine(&one)
		} else {
			sum.addDifferent(&one)
		}
	}
	z.setJacobian(&sum)
	one.lookup(&table[windows-1], (n.window(windows-1)|1)>>1, 0)
	z.addAffine(z, &one)
	var y element
	y.negate(&z.y)
	z.y.choose(even, &y, &z.y)
}

// window gives bits 5i … 5i+5.
func (x *scalar) window(i int) uint64 {
	at := uint(windowBits * i)
	v := x[at/64] >> (at % 64)
	if at%64 > 64-windowBits-1 && at/64 < 7 { // i is public
		v |= x[at/64+1] << (64 - at%64)
	}
	return v & (2<<windowBits - 1)
}

// lookup sets z to row[index], or to its opposite where negative is 1. It reads the whole row every time.
func (z *affine) lookup(row *[oddPoints]affine, index, negative uint64) {
	z.x = element{}
	z.y = element{}
	for i := range row {
		different := uint64(i) ^ index
		mask := ((different | -different) >> 63) - 1
		z.x.or(&row[i].x, mask)
		z.y.or(&row[i].y, mask)
	}
	var y element
	y.negate(&z.y)
	z.y.choose(negative, &y, &z.y)
}

// or sets those bits of z that are in x and in every word's mask.
func (z *element) or(x *element, mask uint64) {
	z[0] |= x[0] & mask
	z[1] |= x[1] & mask
	z[2] |= x[2] & mask
	z[3] |= x[3] & mask
	z[4] |= x[4] & mask
	z[5] |= x[5] & mask
	z[6] |= x[6] & mask
	z[7] |= x[7] & mask
}
