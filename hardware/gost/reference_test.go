package gost

import "math/big"

// curve is GOST R 34.10 on any curve by the letter of RFC 7091, with package math/big and affine coordinates: slow, plain, and what
// everything else here is held against.
type curve struct {
	p, a, b, q *big.Int
	x, y       *big.Int // the base point
}

// place is a point; infinity has no coordinates.
type place struct{ x, y *big.Int }

func hexInt(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("not a number: " + s)
	}
	return n
}

// setA is tc26 512-A, RFC 7836 appendix A.1; example256 is RFC 7091 §7.1, example512 RFC 9215 appendix E.
var (
	setA = curve{
		p: hexInt("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC7"),
		a: hexInt("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFDC4"),
		b: hexInt("E8C2505DEDFC86DDC1BD0B2B6667F1DA34B82574761CB0E879BD081CFD0B6265EE3CB090F30D27614CB4574010DA90DD862EF9D4EBEE4761503190785A71C760"),
		q: hexInt("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF27E69532F48D89116FF22B8D4E0560609B4B38ABFAD2B85DCACDB1411F10B275"),
		x: big.NewInt(3),
		y: hexInt("7503CFE87A836AE3A61B8816E25450E6CE5E1C93ACF1ABC1778064FDCBEFA921DF1626BE4FD036E93D75E6A50E3A41E98028FE5FC235F5B889A589CB5215F2A4"),
	}
	example256 = curve{
		p: hexInt("8000000000000000000000000000000000000000000000000000000000000431"),
		a: big.NewInt(7),
		b: hexInt("5FBFF498AA938CE739B8E022FBAFEF40563F6E6A3472FC2A514C0CE9DAE23B7E"),
		q: hexInt("8000000000000000000000000000000150FE8A1892976154C59CFC193ACCF5B3"),
		x: big.NewInt(2),
		y: hexInt("8E2A8A0E65147D4BD6316030E16D19C85C97F0A9CA267122B96ABBCEA7E8FC8"),
	}
	example512 = curve{
		p: hexInt("4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DF1D852741AF4704A0458047E80E4546D35B8336FAC224DD81664BBF528BE6373"),
		a: big.NewInt(7),
		b: hexInt("1CFF0806A31116DA29D8CFA54E57EB748BC5F377E49400FDD788B649ECA1AC4361834013B2AD7322480A89CA58E0CF74BC9E540C2ADD6897FAD0A3084F302ADC"),
		q: hexInt("4531ACD1FE0023C7550D267B6B2FEE80922B14B2FFB90F04D4EB7C09B5D2D15DA82F2D7ECB1DBAC719905C5EECC423F1D86E25EDBE23C595D644AAF187E6E6DF"),
		x: hexInt("24D19CC64572EE30F396BF6EBBFD7A6C5213B3B3D7057CC825F91093A68CD762FD60611262CD838DC6B60AA7EEE804E28BC849977FAC33B4B530F1B120248A9A"),
		y: hexInt("2BB312A43BD2CE6E0D020613C857ACDDCFBF061E91E5F2C3F32447C259F39B2C83AB156D77F1496BF7EB3351E1EE4E43DC1A18B91B24640B6DBB92CB1ADD371E"),
	}
)

func (c *curve) base() place { return place{c.x, c.y} }

func (c *curve) mod(x *big.Int) *big.Int { return x.Mod(x, c.p) }

func (c *curve) on(a place) bool {
	left := c.mod(new(big.Int).Mul(a.y, a.y))
	right := new(big.Int).Mul(a.x, a.x)
	right.Add(right, c.a).Mul(right, a.x).Add(right, c.b)
	return left.Cmp(c.mod(right)) == 0
}

func (c *curve) add(a, b place) place {
	if a.x == nil {
		return b
	}
	if b.x == nil {
		return a
	}
	var over, under *big.Int
	if a.x.Cmp(b.x) == 0 {
		if c.mod(new(big.Int).Add(a.y, b.y)).Sign() == 0 {
			return place{}
		}
		over = new(big.Int).Mul(a.x, a.x)
		over.Mul(over, big.NewInt(3)).Add(over, c.a)
		under = new(big.Int).Lsh(a.y, 1)
	} else {
		over = new(big.Int).Sub(b.y, a.y)
		under = new(big.Int).Sub(b.x, a.x)
	}
	slope := over.Mul(over, under.ModInverse(c.mod(under), c.p))
	c.mod(slope)
	x := new(big.Int).Mul(slope, slope)
	c.mod(x.Sub(x, a.x).Sub(x, b.x))
	y := new(big.Int).Sub(a.x, x)
	c.mod(y.Mul(y, slope).Sub(y, a.y))
	return place{x, y}
}

func (c *curve) multiple(k *big.Int, a place) (sum place) {
	for i := k.BitLen() - 1; i >= 0; i-- {
		sum = c.add(sum, sum)
		if k.Bit(i) == 1 {
			sum = c.add(sum, a)
		}
	}
	return sum
}

// number is step 2 of both algorithms: e of a digest read as a number.
func (c *curve) number(digest *big.Int) *big.Int {
	e := new(big.Int).Mod(digest, c.q)
	if e.Sign() == 0 {
		e.SetInt64(1)
	}
	return e
}

// sign is RFC 7091 §6.1, steps 4 to 6.
func (c *curve) sign(d, e, k *big.Int) (r, s *big.Int) {
	r = new(big.Int).Mod(c.multiple(k, c.base()).x, c.q)
	s = new(big.Int).Mul(r, d)
	s.Add(s, new(big.Int).Mul(k, e))
	return r, s.Mod(s, c.q)
}

// verify is RFC 7091 §6.2.
func (c *curve) verify(q place, e, r, s *big.Int) bool {
	if r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(c.q) >= 0 || s.Cmp(c.q) >= 0 {
		return false
	}
	v := new(big.Int).ModInverse(e, c.q)
	z1 := new(big.Int).Mul(s, v)
	z2 := new(big.Int).Mul(r, v)
	z1.Mod(z1, c.q)
	z2.Neg(z2).Mod(z2, c.q)
	at := c.add(c.multiple(z1, c.base()), c.multiple(z2, q))
	return at.x != nil && new(big.Int).Mod(at.x, c.q).Cmp(r) == 0
}
