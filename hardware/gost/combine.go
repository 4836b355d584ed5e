package gost

// Widths of the signed digits: odd multiples of the base point come ready from the table's first row, of the key's from eight additions.
const (
	baseWidth = windowBits + 1 // digits up to 31
	keyWidth  = 5              // digits up to 15
)

// digits gives x as Σ dᵢ·2^i with every dᵢ zero or odd below 2^(width−1), and of width neighbours at most one not zero (width-w NAF).
func (x *scalar) digits(width uint) (d [513]int8) {
	at := func(i uint) uint64 {
		if i >= 512 {
			return 0
		}
		v := x[i/64] >> (i % 64)
		if i%64 != 0 && i/64 < 7 {
			v |= x[i/64+1] << (64 - i%64)
		}
		return v
	}
	var carry uint64
	for i := uint(0); i < 513; {
		v := at(i)&(1<<width-1) + carry
		if v&1 == 0 {
			i++
			continue
		}
		carry = 0
		if v >= 1<<(width-1) {
			carry = 1
			d[i] = int8(int64(v) - 1<<width)
		} else {
			d[i] = int8(v)
		}
		i += width
	}
	return d
}

// combine sets z to a·P + b·Q, P the base point. Not for secrets.
func (z *jacobian) combine(a, b *scalar, q *affine) {
	var odd [1 << (keyWidth - 2)]jacobian // 1, 3, … 15 times Q
	var twice jacobian
	odd[0].setAffine(q)
	twice.double(&odd[0])
	for i := 1; i < len(odd); i++ {
		odd[i].add(&odd[i-1], &twice)
	}
	base := &baseTable()[0]
	da, db := a.digits(baseWidth), b.digits(keyWidth)
	*z = jacobian{infinity: true}
	for i := len(da) - 1; i >= 0; i-- {
		z.double(z)
		if d := da[i]; d > 0 {
			z.addAffine(z, &base[d>>1])
		} else if d < 0 {
			one := base[-d>>1]
			one.y.negate(&one.y)
			z.addAffine(z, &one)
		}
		if d := db[i]; d > 0 {
			z.add(z, &odd[d>>1])
		} else if d < 0 {
			one := odd[-d>>1]
			one.y.negate(&one.y)
			z.add(z, &one)
		}
	}
}

// hasX says whether p's x coordinate, modulo q, is r: X = r·Z², or (r+q)·Z² where r+q is still below p.
func (p *jacobian) hasX(r *scalar) bool {
	if p.infinity {
		return false
	}
	var zz, t element
	zz.square(&p.z)
	t.mul((*element)(r), &zz)
	if t.equal(&p.x) == 1 {
		return true
	}
	// r+q < p: only for r below p−q, a number of 256 bits.
	sum := element(order)
	if !sum.addBelowP((*element)(r)) {
		return false
	}
	t.mul(&sum, &zz)
	return t.equal(&p.x) == 1
}
