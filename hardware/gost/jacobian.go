package gost

// jacobian is a point (X/Z², Y/Z³): fewer multiplications than [point], but formulas with exceptions. All but [jacobian.addDifferent] look at
// the numbers and part ways, so they are for verification, where nothing is secret.
type jacobian struct {
	x, y, z  element
	infinity bool
}

// setAffine makes z the point a.
func (z *jacobian) setAffine(a *affine) { *z = jacobian{x: a.x, y: a.y, z: element{1}} }

// setJacobian makes z the point p, which is not infinity: X/Z² is XZ/Z³.
func (z *point) setJacobian(p *jacobian) {
	var zz element
	zz.square(&p.z)
	z.x.mul(&p.x, &p.z)
	z.y = p.y
	z.z.mul(&zz, &p.z)
}

// addDifferent adds q, with the same steps whatever the numbers are. Neither is z infinity, nor q equal to z or its opposite: the caller knows.
func (z *jacobian) addDifferent(q *affine) {
	var zz, h, r, hh, v, t element
	zz.square(&z.z)
	h.mul(&q.x, &zz)
	h.sub(&h, &z.x)
	zz.mul(&zz, &z.z)
	r.mul(&q.y, &zz)
	r.sub(&r, &z.y)
	hh.square(&h)
	z.z.mul(&z.z, &h)
	v.mul(&z.x, &hh)
	hh.mul(&hh, &h)
	// X3 = R² − H³ − 2V
	t.square(&r)
	t.sub(&t, &hh)
	t.sub(&t, &v)
	z.x.sub(&t, &v)
	// Y3 = R·(V − X3) − Y1·H³
	v.sub(&v, &z.x)
	v.mul(&v, &r)
	hh.mul(&hh, &z.y)
	z.y.sub(&v, &hh)
}

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
