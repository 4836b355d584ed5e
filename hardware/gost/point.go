package gost

// The curve y² = x³ − 3x + b over p, with the base point (3, baseY). RFC 7836 appendix A.1.
var (
	curveB = element{
		0x503190785a71c760, 0x862ef9d4ebee4761, 0x4cb4574010da90dd, 0xee3cb090f30d2761,
		0x79bd081cfd0b6265, 0x34b82574761cb0e8, 0xc1bd0b2b6667f1da, 0xe8c2505dedfc86dd,
	}
	baseX = element{3}
	baseY = element{
		0x89a589cb5215f2a4, 0x8028fe5fc235f5b8, 0x3d75e6a50e3a41e9, 0xdf1626be4fd036e9,
		0x778064fdcbefa921, 0xce5e1c93acf1abc1, 0xa61b8816e25450e6, 0x7503cfe87a836ae3,
	}
)

// affine is a point other than infinity by its coordinates.
type affine struct{ x, y element }

// onCurve says whether the coordinates meet the curve's equation.
func (a *affine) onCurve() bool {
	var left, right, t element
	left.square(&a.y)
	right.square(&a.x)
	t = element{3}
	right.sub(&right, &t)
	right.mul(&right, &a.x)
	right.add(&right, &curveB)
	return left.equal(&right) == 1
}

// point is a point in homogeneous coordinates (X/Z, Y/Z); infinity is (0, 1, 0).
// Its formulas are those of Renes, Costello and Batina (Complete addition formulas for prime order elliptic curves, 2016, algorithms 4 and 5
// for a = −3): on a curve of odd order they hold for every pair of points, equal, opposite or infinity, with no case set apart.
type point struct{ x, y, z element }

// setInfinity makes z the neutral point.
func (z *point) setInfinity() { *z = point{y: element{1}} }

// setAffine makes z the point a.
func (z *point) setAffine(a *affine) { *z = point{a.x, a.y, element{1}} }

// add sets z to p+q. Algorithm 4.
func (z *point) add(p, q *point) {
	var t0, t1, t2, t3, t4, s, u element
	t0.mul(&p.x, &q.x)
	t1.mul(&p.y, &q.y)
	t2.mul(&p.z, &q.z)
	// t3 = X1·Y2 + X2·Y1
	t3.add(&p.x, &p.y)
	s.add(&q.x, &q.y)
	t3.mul(&t3, &s)
	t3.sub(&t3, &t0)
	t3.sub(&t3, &t1)
	// t4 = Y1·Z2 + Y2·Z1
	t4.add(&p.y, &p.z)
	s.add(&q.y, &q.z)
	t4.mul(&t4, &s)
	t4.sub(&t4, &t1)
	t4.sub(&t4, &t2)
	// u = X1·Z2 + X2·Z1
	u.add(&p.x, &p.z)
	s.add(&q.x, &q.z)
	u.mul(&u, &s)
	u.sub(&u, &t0)
	u.sub(&u, &t2)
	z.finish(&t0, &t1, &t2, &t3, &t4, &u)
}

// addAffine sets z to p+q. Algorithm 5.
func (z *point) addAffine(p *point, q *affine) {
	var t0, t1, t2, t3, t4, s, u element
	t0.mul(&p.x, &q.x)
	t1.mul(&p.y, &q.y)
	t2 = p.z
	t3.add(&p.x, &p.y)
	s.add(&q.x, &q.y)
	t3.mul(&t3, &s)
	t3.sub(&t3, &t0)
	t3.sub(&t3, &t1)
	t4.mul(&q.y, &p.z)
	t4.add(&t4, &p.y)
	u.mul(&q.x, &p.z)
	u.add(&u, &p.x)
	z.finish(&t0, &t1, &t2, &t3, &t4, &u)
}

// finish is what algorithms 4 and 5 share: t0 = X1·X2, t1 = Y1·Y2, t2 = Z1·Z2, and the three mixed sums. It may overwrite them.
func (z *point) finish(t0, t1, t2, t3, t4, u *element) {
	var x, y, w, s element
	// w = 3·(u − b·t2), then Y1·Y2 ∓ that.
	s.mul(&curveB, t2)
	s.sub(u, &s)
	w.add(&s, &s)
	w.add(&w, &s)
	x.add(t1, &w)
	w.sub(t1, &w)
	// y = 3·(b·u − 3·t2 − t0)
	s.add(t2, t2)
	t2.add(&s, t2)
	y.mul(&curveB, u)
	y.sub(&y, t2)
	y.sub(&y, t0)
	s.add(&y, &y)
	y.add(&s, &y)
	// t0 = 3·t0 − 3·t2
	s.add(t0, t0)
	t0.add(&s, t0)
	t0.sub(t0, t2)
	// X3 = t3·x − t4·y, Y3 = x·w + t0·y, Z3 = t4·w + t3·t0
	z.y.mul(&x, &w)
	s.mul(t0, &y)
	z.y.add(&z.y, &s)
	z.x.mul(t3, &x)
	s.mul(t4, &y)
	z.x.sub(&z.x, &s)
	z.z.mul(t4, &w)
	s.mul(t3, t0)
	z.z.add(&z.z, &s)
}

// affine gives the coordinates, reduced; for infinity (0, 0), which lies on no point of the curve.
func (p *point) affine() (a affine) {
	var inverse element
	inverse.invert(&p.z)
	a.x.mul(&p.x, &inverse)
	a.y.mul(&p.y, &inverse)
	a.x.reduced(&a.x)
	a.y.reduced(&a.y)
	return a
}
