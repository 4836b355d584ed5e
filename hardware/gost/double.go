package gost

// jacobian is a point (X/Z², Y/Z³) for verification, where nothing is secret: its methods look at the numbers and part ways.
// Infinity has Z = 0.
type jacobian struct {
	x, y, z  element
	infinity bool
}

func (z *jacobian) setAffine(a *affine) { *z = jacobian{x: a.x, y: a.y, z: element{1}} }

// double sets z to 2p. dbl-2001-b of the Explicit-Formulas Database, for a = −3. No point of odd order has Y = 0.
func (z *jacobian) double(p *jacobian) {
	if p.infinity {
		*z = *p
		return
	}
	var delta, gamma, beta, alpha, t, u element
	delta.square(&p.z)
	gamma.square(&p.y)
	beta.mul(&p.x, &gamma)
	t.sub(&p.x, &delta)
	u.add(&p.x, &delta)
	t.mul(&t, &u)
	alpha.add(&t, &t)
	alpha.add(&alpha, &t)
	// Z3 = (Y+Z)² − γ − δ, before Y and Z may be overwritten.
	u.add(&p.y, &p.z)
	u.square(&u)
	u.sub(&u, &gamma)
	z.z.sub(&u, &delta)
	// X3 = α² − 8β
	beta.add(&beta, &beta)
	beta.add(&beta, &beta)
	t.add(&beta, &beta)
	u.square(&alpha)
	z.x.sub(&u, &t)
	// Y3 = α·(4β − X3) − 8γ²
	beta.sub(&beta, &z.x)
	beta.mul(&beta, &alpha)
	gamma.add(&gamma, &gamma)
	gamma.square(&gamma)
	gamma.add(&gamma, &gamma)
	z.y.sub(&beta, &gamma)
	z.infinity = false
}

// add sets z to p+q. add-2007-bl.
func (z *jacobian) add(p, q *jacobian) {
	if p.infinity || q.infinity {
		if p.infinity {
			p = q
		}
		*z = *p
		return
	}
	var z1z1, z2z2, u1, u2, s1, s2, w element
	z1z1.square(&p.z)
	z2z2.square(&q.z)
	u1.mul(&p.x, &z2z2)
	u2.mul(&q.x, &z1z1)
	s1.mul(&p.y, &q.z)
	s1.mul(&s1, &z2z2)
	s2.mul(&q.y, &p.z)
	s2.mul(&s2, &z1z1)
	w.add(&p.z, &q.z)
	w.square(&w)
	w.sub(&w, &z1z1)
	w.sub(&w, &z2z2)
	z.join(p, &u1, &u2, &s1, &s2, &w)
}

// addAffine sets z to p+q. madd-2007-bl, with Z2 = 1.
func (z *jacobian) addAffine(p *jacobian, q *affine) {
	if p.infinity {
		z.setAffine(q)
		return
	}
	var z1z1, u2, s2, w element
	z1z1.square(&p.z)
	u2.mul(&q.x, &z1z1)
	s2.mul(&q.y, &p.z)
	s2.mul(&s2, &z1z1)
	w.add(&p.z, &p.z)
	u1, s1 := p.x, p.y
	z.join(p, &u1, &u2, &s1, &s2, &w)
}

// join is what both additions share: u1, u2 and s1, s2 are the two points' X and Y over one denominator, w is 2·Z1·Z2.
func (z *jacobian) join(p *jacobian, u1, u2, s1, s2, w *element) {
	var h, i, j, r, v, t element
	h.sub(u2, u1)
	r.sub(s2, s1)
	if h.zero() == 1 {
		if r.zero() == 1 {
			z.double(p)
			return
		}
		*z = jacobian{infinity: true}
		return
	}
	i.add(&h, &h)
	i.square(&i)
	j.mul(&h, &i)
	r.add(&r, &r)
	v.mul(u1, &i)
	z.z.mul(w, &h)
	t.square(&r)
	t.sub(&t, &j)
	t.sub(&t, &v)
	z.x.sub(&t, &v)
	t.sub(&v, &z.x)
	t.mul(&t, &r)
	s1.mul(s1, &j)
	s1.add(s1, s1)
	z.y.sub(&t, s1)
	z.infinity = false
}

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
