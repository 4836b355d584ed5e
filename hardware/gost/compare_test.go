package gost

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// seeded gives randomness that can be had again; the seed is printed with what fails.
func seeded(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// cases is how often a comparison with the slow reference is made: thousands of times where everything is tested.
func cases(n int) int {
	if os.Getenv("TIRKEU_TEST_ALL") == "1" {
		return 5 * n
	}
	return n
}

var two512 = new(big.Int).Lsh(big.NewInt(1), 512)

// numbers gives edges and random numbers of 512 bits, none of 2^512 or more: small ones, those around p, q, 2^512 and every word's border, ones in runs.
func numbers(chance *rand.Rand, random int) (all []*big.Int) {
	near := []*big.Int{new(big.Int), setA.p, setA.q, two512, new(big.Int).Sub(setA.p, setA.q), new(big.Int).Rsh(setA.q, 1), new(big.Int).Rsh(setA.p, 1), new(big.Int).Lsh(setA.q, 1)}
	for i := uint(8); i < 512; i += 8 {
		near = append(near, new(big.Int).Lsh(big.NewInt(1), i))
	}
	for _, n := range near {
		for _, d := range []int64{-600, -570, -569, -568, -2, -1, 0, 1, 2, 3, 568, 569, 570, 600} {
			if x := new(big.Int).Add(n, big.NewInt(d)); x.Sign() >= 0 && x.Cmp(two512) < 0 {
				all = append(all, x)
			}
		}
	}
	for range random {
		all = append(all, anyNumber(chance))
	}
	return all
}

// anyNumber gives a random number of 512 bits; every second has long runs of zeros or ones.
func anyNumber(chance *rand.Rand) *big.Int {
	var b [64]byte
	runs := chance.IntN(2) == 1
	for i := range b {
		b[i] = byte(chance.Uint32())
		if runs && i > 0 && chance.IntN(8) > 0 {
			b[i] = -(b[i-1] >> 7) // 0x00 or 0xff
		}
	}
	return new(big.Int).SetBytes(b[:])
}

func words(x *big.Int) (w [8]uint64) {
	var b [64]byte
	x.FillBytes(b[:])
	var z scalar
	low := reverse(b)
	z.setBytes(&low)
	return z
}

func (x *element) big() *big.Int { s := scalar(*x); return s.big() }

func modulo(x, m *big.Int) *big.Int { return new(big.Int).Mod(x, m) }

// The field takes second spellings, from p on, everywhere.
func TestField_IsArithmeticModuloP(t *testing.T) {
	chance := seeded(t)
	all := numbers(chance, 3000)
	for i, a := range all {
		b := all[chance.IntN(len(all))]
		if i%7 == 0 {
			b = a
		}
		x, y := element(words(a)), element(words(b))
		is := func(what string, want *big.Int, do func(z *element)) {
			t.Helper()
			z := x // what is written over is also read
			do(&z)
			var reduced element
			reduced.reduced(&z)
			if reduced.big().Cmp(modulo(want, setA.p)) != 0 {
				t.Fatalf("%s of %x and %x: %x", what, a, b, z.big())
			}
		}
		is("product", new(big.Int).Mul(a, b), func(z *element) { z.mul(z, &y) })
		is("square", new(big.Int).Mul(a, a), func(z *element) { z.square(z) })
		is("sum", new(big.Int).Add(a, b), func(z *element) { z.add(z, &y) })
		is("difference", new(big.Int).Sub(a, b), func(z *element) { z.sub(z, &y) })
		is("opposite", new(big.Int).Neg(a), func(z *element) { z.negate(z) })
		is("choice", a, func(z *element) { z.choose(1, z, &y) })
		is("other choice", b, func(z *element) { z.choose(0, z, &y) })
		if i%40 == 0 {
			is("inverse", new(big.Int).Exp(a, new(big.Int).Sub(setA.p, big.NewInt(2)), setA.p), func(z *element) { z.invert(z) })
		}
		same := modulo(a, setA.p).Cmp(modulo(b, setA.p)) == 0
		if (x.equal(&y) == 1) != same || (x.zero() == 1) != (modulo(a, setA.p).Sign() == 0) {
			t.Fatalf("equality of %x and %x", a, b)
		}
		octets := x.bytes()
		var back element
		if !back.setBytes(&octets) || back.big().Cmp(modulo(a, setA.p)) != 0 {
			t.Fatalf("octets of %x", a)
		}
		s := scalar(x)
		octets = s.bytes()
		if back.setBytes(&octets) != (a.Cmp(setA.p) < 0) {
			t.Fatalf("%x taken for below p, or the other way round", a)
		}
		sum := new(big.Int).Add(a, b)
		if z := x; z.addBelowP(&y) != (sum.Cmp(setA.p) < 0) || sum.Cmp(setA.p) < 0 && z.big().Cmp(sum) != 0 {
			t.Fatalf("plain sum of %x and %x", a, b)
		}
	}
}

func TestScalar_IsArithmeticModuloQ(t *testing.T) {
	chance := seeded(t)
	all := numbers(chance, 3000)
	for i, a := range all {
		raw := words(a)
		var x scalar
		x.reduce(&raw)
		if x.big().Cmp(modulo(a, setA.q)) != 0 {
			t.Fatalf("%x reduced to %x", a, x.big())
		}
		unreduced := scalar(raw)
		octets := unreduced.bytes()
		var read scalar
		if (read.setBytes(&octets) == 1) != (a.Cmp(setA.q) < 0) {
			t.Fatalf("%x taken for below q, or the other way round", a)
		}
		b := all[chance.IntN(len(all))]
		if i%7 == 0 {
			b = a
		}
		raw = words(b)
		var y, z scalar
		y.reduce(&raw)
		if z.mul(&x, &y); z.big().Cmp(modulo(new(big.Int).Mul(a, b), setA.q)) != 0 {
			t.Fatalf("product of %x and %x: %x", a, b, z.big())
		}
		if z.add(&x, &y); z.big().Cmp(modulo(new(big.Int).Add(a, b), setA.q)) != 0 {
			t.Fatalf("sum of %x and %x: %x", a, b, z.big())
		}
		if z.negate(&x); z.big().Cmp(new(big.Int).Sub(setA.q, x.big())) != 0 {
			t.Fatalf("opposite of %x: %x", a, z.big())
		}
		// Any 1024 bits fold to the right residue.
		var wide [16]uint64
		wa, wb := words(a), words(b)
		copy(wide[:8], wa[:])
		copy(wide[8:], wb[:])
		z.fold(&wide)
		if want := new(big.Int).Add(a, new(big.Int).Mul(b, two512)); z.big().Cmp(modulo(want, setA.q)) != 0 {
			t.Fatalf("fold of %x and %x: %x", b, a, z.big())
		}
		for _, width := range []uint{2, baseWidth, keyWidth} {
			digits, sum, quiet := x.digits(width), new(big.Int), uint(width)
			for at, d := range slices.Backward(digits[:]) {
				sum.Lsh(sum, 1).Add(sum, big.NewInt(int64(d)))
				quiet++
				if d != 0 && (d&1 == 0 || int(d) >= 1<<(width-1) || int(d) <= -1<<(width-1) || quiet < width) {
					t.Fatalf("digit %d of %x is %d", at, a, d)
				}
				if d != 0 {
					quiet = 0
				}
			}
			if sum.Cmp(x.big()) != 0 {
				t.Fatalf("digits of %x make %x", a, sum)
			}
		}
	}
}

// ladder holds 2^i times a point, so that the reference multiplies by additions alone.
type ladder []place

func (c *curve) ladder(a place) (l ladder) {
	for range 512 {
		l = append(l, a)
		a = c.add(a, a)
	}
	return l
}

func (l ladder) times(k *big.Int) (sum place) {
	for i := range l {
		if k.Bit(i) == 1 {
			sum = setA.add(sum, l[i])
		}
	}
	return sum
}

func samePlace(a affine, b place) bool {
	if b.x == nil {
		return a == affine{} // (0, 0) is no point of the curve
	}
	return a.x.big().Cmp(b.x) == 0 && a.y.big().Cmp(b.y) == 0
}

func (p *jacobian) toAffine() (a affine) {
	if p.infinity {
		return a
	}
	var i, ii element
	i.invert(&p.z)
	ii.square(&i)
	a.x.mul(&p.x, &ii)
	ii.mul(&ii, &i)
	a.y.mul(&p.y, &ii)
	a.x.reduced(&a.x)
	a.y.reduced(&a.y)
	return a
}

func toAffine(b place) affine { return affine{element(words(b.x)), element(words(b.y))} }

// Zero and all neighbours of 0, q, q/2 and of every eighth power of 2 are among them.
func TestMulBase_AgreesWithTheReference(t *testing.T) {
	chance := seeded(t)
	base := setA.ladder(setA.base())
	// The numbers for which the last of all additions adds a point to itself: only the complete formula holds there.
	itself := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 511), new(big.Int).Sub(two512, setA.q))
	for _, k := range append(numbers(chance, cases(300)), itself, new(big.Int).Sub(setA.q, itself)) {
		if k.Cmp(setA.q) >= 0 {
			continue
		}
		n := scalarOf(k)
		var p point
		p.mulBase(&n)
		if !samePlace(p.affine(), base.times(k)) {
			t.Fatalf("%x times the base point is wrong", k)
		}
	}
}

// Equal, opposite and neutral points, in every pairing, by all three formulas.
func TestAddition_HoldsForEveryPair(t *testing.T) {
	var multiples []place // −6 … 6 times the base point
	for k := range int64(13) {
		multiples = append(multiples, setA.multiple(modulo(big.NewInt(k-6), setA.q), setA.base()))
	}
	chance := seeded(t)
	project := func(a place) (p point, j jacobian) {
		if a.x == nil {
			z := element(words(anyNumber(chance)))
			return point{y: z}, jacobian{infinity: true}
		}
		at := toAffine(a)
		// Another spelling of the same point: Z is any number.
		z := element(words(anyNumber(chance)))
		for z.zero() == 1 {
			z = element(words(anyNumber(chance)))
		}
		p.x.mul(&at.x, &z)
		p.y.mul(&at.y, &z)
		p.z = z
		var zz element
		zz.square(&z)
		j.x.mul(&at.x, &zz)
		zz.mul(&zz, &z)
		j.y.mul(&at.y, &zz)
		j.z = z
		return p, j
	}
	for i, a := range multiples {
		for k, b := range multiples {
			want := setA.add(a, b)
			p, j := project(a)
			q, l := project(b)
			var sum point
			if sum.add(&p, &q); !samePlace(sum.affine(), want) {
				t.Errorf("%d + %d, homogeneous", i-6, k-6)
			}
			var total jacobian
			if total.add(&j, &l); !samePlace(total.toAffine(), want) {
				t.Errorf("%d + %d, Jacobian", i-6, k-6)
			}
			if b.x == nil {
				continue
			}
			at := toAffine(b)
			if sum.addAffine(&p, &at); !samePlace(sum.affine(), want) {
				t.Errorf("%d + %d, homogeneous and affine", i-6, k-6)
			}
			if total.addAffine(&j, &at); !samePlace(total.toAffine(), want) {
				t.Errorf("%d + %d, Jacobian and affine", i-6, k-6)
			}
			if total = j; total.infinity {
				continue
			}
			if total.double(&total); !samePlace(total.toAffine(), setA.add(a, a)) {
				t.Errorf("twice %d", i-6)
			}
		}
	}
}

// Points and numbers so small that the sums meet themselves and their opposites on the way.
func TestCombine_MeetsItselfOnTheWay(t *testing.T) {
	small := []int64{0, 1, 2, 3, 4, 5, 7, 15, 16, 17, 31, 32, 33, 63, 64, -1, -2, -3, -16, -31, -32}
	for _, m := range []int64{1, 2, 3, 5, 15, 16, 31, 32, -1, -2, -15, -31} {
		q := toAffine(setA.multiple(modulo(big.NewInt(m), setA.q), setA.base()))
		for _, a := range small {
			for _, b := range small {
				x, y := scalarOf(modulo(big.NewInt(a), setA.q)), scalarOf(modulo(big.NewInt(b), setA.q))
				var got jacobian
				got.combine(&x, &y, &q)
				sum := scalarOf(modulo(big.NewInt(a+b*m), setA.q))
				var want point
				want.mulBase(&sum)
				if got.toAffine() != want.affine() {
					t.Fatalf("%d·P + %d·(%d·P)", a, b, m)
				}
			}
		}
	}
}

// Signatures with nonces that are given, and verdicts on them and on what is near them, both as the reference has them.
func TestSignature_AgreesWithTheReference(t *testing.T) {
	chance := seeded(t)
	base := setA.ladder(setA.base())
	below := func() *big.Int {
		for {
			if x := anyNumber(chance); x.Sign() > 0 && x.Cmp(setA.q) < 0 {
				return x
			}
		}
	}
	one := big.NewInt(1)
	last := new(big.Int).Sub(setA.q, one)
	edges := []*big.Int{one, big.NewInt(2), big.NewInt(3), last, new(big.Int).Sub(last, one), new(big.Int).Rsh(setA.q, 1)}
	for range cases(10) {
		d := below()
		if chance.IntN(3) == 0 {
			d = edges[chance.IntN(len(edges))]
		}
		n := scalarOf(d)
		key, err := NewPrivateKey(func() []byte { b := n.bytes(); return b[:] }())
		if err != nil {
			t.Fatal(err)
		}
		q := base.times(d)
		if !samePlace(key.public.at, q) {
			t.Fatalf("public key of %x", d)
		}
		public := setA.ladder(q)
		for range 50 {
			e, k := below(), below()
			if chance.IntN(10) == 0 {
				k = edges[chance.IntN(len(edges))]
			}
			if chance.IntN(10) == 0 {
				e = edges[chance.IntN(len(edges))]
			}
			ne, nk := scalarOf(e), scalarOf(k)
			r, s := sign(&n, &ne, &nk)
			wantR := modulo(base.times(k).x, setA.q)
			wantS := new(big.Int).Mul(wantR, d)
			wantS.Add(wantS, new(big.Int).Mul(k, e)).Mod(wantS, setA.q)
			if r.big().Cmp(wantR) != 0 || s.big().Cmp(wantS) != 0 {
				t.Fatalf("signature by %x with %x of %x", d, k, e)
			}
			// Ours, and one number of it changed.
			digest := ne.bytes()
			for i, tried := range [][2]scalar{{r, s}, {s, r}, {r, scalarOf(below())}} {
				// The reference's verdict, with ladders.
				v := new(big.Int).ModInverse(e, setA.q)
				z1 := modulo(new(big.Int).Mul(tried[1].big(), v), setA.q)
				z2 := modulo(new(big.Int).Neg(new(big.Int).Mul(tried[0].big(), v)), setA.q)
				if i > 0 && chance.IntN(10) > 0 {
					continue
				}
				at := setA.add(base.times(z1), public.times(z2))
				want := at.x != nil && modulo(at.x, setA.q).Cmp(tried[0].big()) == 0
				var c jacobian
				x, y := scalarOf(z1), scalarOf(z2)
				if c.combine(&x, &y, &key.public.at); !samePlace(c.toAffine(), at) {
					t.Fatalf("combination of %x and %x", z1, z2)
				}
				for _, dialect := range dialects {
					if s := tried[1]; tried[0].zero() == 0 && s.zero() == 0 && key.public.Verify(dialect, digest[:], dialect.join(&tried[0], &s)) != want {
						t.Fatalf("verdict on %x, %x for %x by %x", tried[0].big(), s.big(), e, d)
					}
				}
				if i == 0 && !want && r.zero() == 0 && s.zero() == 0 {
					t.Fatal("the reference refuses a good signature")
				}
			}
		}
	}
}

// A digest of q, or of 0, counts as 1: RFC 7091 §6.1, step 2. Digests from q on are reduced.
func TestDigest_IsTakenModuloQ(t *testing.T) {
	for _, n := range numbers(seeded(t), 200) {
		w := scalar(words(n))
		digest := w.bytes()
		if e := digestScalar(&digest); e.big().Cmp(setA.number(n)) != 0 {
			t.Errorf("%x: %x", n, e.big())
		}
	}
	key := makeKey(t)
	q := order.bytes()
	for _, digest := range [][]byte{make([]byte, 64), q[:], append([]byte{1}, make([]byte, 63)...)} {
		signature, err := key.Sign(nil, digest, Kazakh)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range [][]byte{make([]byte, 64), q[:], append([]byte{1}, make([]byte, 63)...)} {
			if !key.public.Verify(Kazakh, other, signature) {
				t.Errorf("digest %x refused", other)
			}
		}
		if key.public.Verify(Kazakh, bytes.Repeat([]byte{255}, 64), signature) {
			t.Error("another digest taken")
		}
	}
}
