package gost

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"testing"
)

func lowFirst(x *big.Int) []byte {
	var b [64]byte
	x.FillBytes(b[:])
	b = reverse(b)
	return b[:]
}

func plus(x *big.Int, d int64) *big.Int { return new(big.Int).Add(x, big.NewInt(d)) }

func TestNewPrivateKey_TakesWhatLiesBetween0AndQ(t *testing.T) {
	for _, d := range []*big.Int{big.NewInt(1), big.NewInt(2), plus(setA.q, -1), plus(setA.q, -2)} {
		key, err := NewPrivateKey(lowFirst(d))
		if err != nil || !samePlace(key.public.at, setA.multiple(d, setA.base())) || !bytes.Equal(key.Bytes(), lowFirst(d)) {
			t.Errorf("%x: %v", d, err)
		}
	}
	for _, d := range []*big.Int{new(big.Int), setA.q, plus(setA.q, 1), setA.p, plus(two512, -1)} {
		if key, err := NewPrivateKey(lowFirst(d)); !errors.Is(err, ErrRange) || key != nil {
			t.Errorf("%x: %v", d, err)
		}
	}
	for _, n := range []int{0, 32, 63, 65, 128} {
		if key, err := NewPrivateKey(bytes.Repeat([]byte{1}, n)); !errors.Is(err, ErrEncoding) || key != nil {
			t.Errorf("%d octets: %v", n, err)
		}
	}
}

// The curve has a prime number of points, q, so there is no point of small order to refuse: RFC 7836 gives m = q, cofactor 1. That number is not
// taken on trust: by Hasse it lies within 2·√p of p+1, and no second multiple of the base point's order q does.
func TestCurve_HasNoSmallSubgroup(t *testing.T) {
	if !setA.p.ProbablyPrime(20) || !setA.q.ProbablyPrime(20) {
		t.Fatal("p or q is no prime")
	}
	if setA.multiple(setA.q, setA.base()).x != nil {
		t.Fatal("the base point is not of order q")
	}
	width := new(big.Int).Sqrt(setA.p)
	width.Add(width, big.NewInt(1)).Lsh(width, 1)
	lowest, highest := new(big.Int).Sub(plus(setA.p, 1), width), new(big.Int).Add(plus(setA.p, 1), width)
	if setA.q.Cmp(lowest) < 0 || setA.q.Cmp(highest) > 0 || new(big.Int).Lsh(setA.q, 1).Cmp(highest) <= 0 {
		t.Error("the number of points may be another multiple of q")
	}
	for _, n := range []int64{2, 4} { // 2- and 4-torsion would need an even number of points
		if new(big.Int).Mod(setA.q, big.NewInt(n)).Sign() == 0 {
			t.Errorf("points of order %d", n)
		}
	}
}

func TestNewPublicKey_RefusesWhatIsNoPointOfTheCurve(t *testing.T) {
	x, y := setA.x, setA.y
	minus := new(big.Int).Sub(setA.p, y)
	pair := func(x, y *big.Int) []byte { return append(lowFirst(x), lowFirst(y)...) }
	for name, raw := range map[string][]byte{"base point": pair(x, y), "its opposite": pair(x, minus)} {
		key, err := NewPublicKey(raw)
		if err != nil || !bytes.Equal(key.Bytes(), raw) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, raw := range map[string][]byte{
		"(0, 0)":                    pair(new(big.Int), new(big.Int)),
		"(0, 1)":                    pair(new(big.Int), big.NewInt(1)),
		"(1, 0)":                    pair(big.NewInt(1), new(big.Int)),
		"y+1":                       pair(x, plus(y, 1)),
		"x+1":                       pair(plus(x, 1), y),
		"exchanged":                 pair(y, x),
		"highest first":             append(backwards(lowFirst(x)), backwards(lowFirst(y))...),
		"x+p, the same residue":     pair(new(big.Int).Add(x, setA.p), y),
		"p, 0":                      pair(setA.p, new(big.Int)),
		"all ones":                  bytes.Repeat([]byte{255}, 128),
		"on a curve with another b": pair(example512.x, example512.y),
	} {
		if key, err := NewPublicKey(raw); !errors.Is(err, ErrRange) || key != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, n := range []int{0, 64, 127, 129, 256} {
		if key, err := NewPublicKey(bytes.Repeat([]byte{1}, n)); !errors.Is(err, ErrEncoding) || key != nil {
			t.Errorf("%d octets: %v", n, err)
		}
	}
}

// An x below 569 could be written as x+p too, still below 2^512: the field would take it, so the key must not.
func TestNewPublicKey_RefusesTheSecondSpellingOfACoordinate(t *testing.T) {
	found := 0
	for small := range int64(569) {
		x := big.NewInt(small)
		right := new(big.Int).Mul(x, x)
		right.Add(right, setA.a).Mul(right, x).Add(right, setA.b)
		y := new(big.Int).ModSqrt(modulo(right, setA.p), setA.p)
		if y == nil {
			continue
		}
		found++
		if _, err := NewPublicKey(append(lowFirst(x), lowFirst(y)...)); err != nil {
			t.Fatalf("x = %d: %v", small, err)
		}
		if _, err := NewPublicKey(append(lowFirst(new(big.Int).Add(x, setA.p)), lowFirst(y)...)); !errors.Is(err, ErrRange) {
			t.Fatalf("x = %d + p: %v", small, err)
		}
	}
	if found < 100 {
		t.Errorf("only %d points found", found)
	}
}

func TestVerify_RefusesNumbersOutsideTheirRange(t *testing.T) {
	key := makeKey(t)
	digest := Sum512([]byte("message"))
	signature, err := key.Sign(nil, digest[:], Kazakh)
	if err != nil {
		t.Fatal(err)
	}
	r, s, _ := Kazakh.split((*[SignatureSize]byte)(signature))
	numbers := map[string]*big.Int{"0": new(big.Int), "1": big.NewInt(1), "q−1": plus(setA.q, -1), "q": setA.q, "q+1": plus(setA.q, 1), "2^512−1": plus(two512, -1),
		"r": r.big(), "s": s.big(), "q−r": new(big.Int).Sub(setA.q, r.big()), "q−s": new(big.Int).Sub(setA.q, s.big())}
	for name, n := range map[string]*big.Int{"r+q": new(big.Int).Add(r.big(), setA.q), "s+q": new(big.Int).Add(s.big(), setA.q)} {
		if n.Cmp(two512) < 0 {
			numbers[name] = n
		}
	}
	for nameR, tryR := range numbers {
		for nameS, tryS := range numbers {
			both := append(lowFirst(tryR), lowFirst(tryS)...)
			if got := key.public.Verify(Kazakh, digest[:], both); got != (nameR == "r" && nameS == "s") {
				t.Errorf("r = %s, s = %s: %v", nameR, nameS, got)
			}
			if got := key.public.Verify(Russian, digest[:], backwards(both)); got != (nameR == "r" && nameS == "s") {
				t.Errorf("russian r = %s, s = %s: %v", nameR, nameS, got)
			}
		}
	}
}

// Verification ends at infinity where s·P = r·Q: with d known, s = r·d is such a signature, for every digest.
func TestVerify_RefusesInfinity(t *testing.T) {
	key := makeKey(t)
	r := scalar{12345}
	var s scalar
	s.mul(&r, &key.d)
	digest := Sum512([]byte("message"))
	for _, dialect := range dialects {
		if key.public.Verify(dialect, digest[:], dialect.join(&r, &s)) {
			t.Errorf("%v: taken", dialect)
		}
	}
}

// x of k·P may be from q on, below p: then r = x−q, and both spellings of x must be tried. Such points are too rare to be met by chance
// (one in 2^256), so one is made: an x near p with a y, and a digest and s for which the sum ends there.
func TestVerify_KnowsAnXFromQOn(t *testing.T) {
	x := plus(setA.p, -1)
	var y *big.Int
	for ; ; x = plus(x, -1) {
		right := new(big.Int).Mul(x, x)
		right.Add(right, setA.a).Mul(right, x).Add(right, setA.b)
		if y = new(big.Int).ModSqrt(modulo(right, setA.p), setA.p); y != nil {
			break
		}
	}
	at := jacobian{x: element(words(x)), y: element(words(y)), z: element{1}}
	r := scalarOf(new(big.Int).Sub(x, setA.q))
	if !at.hasX(&r) {
		t.Error("x−q is not known")
	}
	for _, z := range []element{{7}, element(words(plus(setA.p, -3)))} {
		var zz element
		zz.square(&z)
		scaled := jacobian{z: z}
		scaled.x.mul(&at.x, &zz)
		if !scaled.hasX(&r) {
			t.Errorf("x−q is not known over Z = %x", z.big())
		}
	}
	wrong := scalarOf(new(big.Int).Sub(x, plus(setA.q, -1)))
	if at.hasX(&wrong) || (&jacobian{infinity: true}).hasX(&r) {
		t.Error("another r, or infinity, taken")
	}
	if high := scalarOf(plus(setA.q, -1)); at.hasX(&high) {
		t.Error("r+q past p taken")
	}
	// As a whole signature: with that point as k·P and a key Q chosen so that z1·P + z2·Q ends there. From s and e any, Q = (C − z1·P)/z2.
	e, s := big.NewInt(77), big.NewInt(99)
	v := new(big.Int).ModInverse(e, setA.q)
	z1 := modulo(new(big.Int).Mul(s, v), setA.q)
	z2 := modulo(new(big.Int).Neg(new(big.Int).Mul(r.big(), v)), setA.q)
	c := setA.multiple(z1, setA.base())
	c.y = modulo(new(big.Int).Neg(c.y), setA.p)
	q := setA.multiple(new(big.Int).ModInverse(z2, setA.q), setA.add(place{x, y}, c))
	if !setA.verify(q, e, r.big(), s) {
		t.Fatal("the reference refuses what was made")
	}
	key, err := NewPublicKey(append(lowFirst(q.x), lowFirst(q.y)...))
	if err != nil {
		t.Fatal(err)
	}
	if !key.Verify(Kazakh, lowFirst(e), append(lowFirst(r.big()), lowFirst(s)...)) {
		t.Error("signature with x from q on refused")
	}
}

// stuck gives the same octet for ever, and counts.
type stuck struct {
	octet byte
	read  int
}

func (s *stuck) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = s.octet
	}
	s.read += len(p)
	return len(p), nil
}

func TestSign_KeepsItsNoncesApartWithABrokenSource(t *testing.T) {
	key, other := makeKey(t), makeKey(t)
	seen := map[string]string{}
	for _, name := range []string{"one", "two", "three"} {
		digest := Sum512([]byte(name))
		for who, key := range map[string]*PrivateKey{"key": key, "other": other} {
			signature, err := key.Sign(&stuck{}, digest[:], Kazakh)
			if err != nil || !key.public.Verify(Kazakh, digest[:], signature) {
				t.Fatalf("%s: %v", name, err)
			}
			r := hex.EncodeToString(signature[:64])
			if before, used := seen[r]; used {
				t.Errorf("%s by %s has the nonce of %s", name, who, before)
			}
			seen[r] = name + " by " + who
			// RFC 6979: the same again is the same signature, which gives nothing away.
			again, err := key.Sign(&stuck{}, digest[:], Kazakh)
			if err != nil || !bytes.Equal(again, signature) {
				t.Errorf("%s: not repeated: %v", name, err)
			}
			// Randomness, where there is some, goes in.
			fresh, err := key.Sign(&stuck{octet: 1}, digest[:], Kazakh)
			if err != nil || bytes.Equal(fresh[:64], signature[:64]) {
				t.Errorf("%s: the random source is not used: %v", name, err)
			}
		}
	}
	digest := Sum512(nil)
	if _, err := key.Sign(bytes.NewReader(make([]byte, 63)), digest[:], Kazakh); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that ends: %v", err)
	}
}

func TestGenerateKey_StopsWhereTheSourceGivesNoNumber(t *testing.T) {
	for _, octet := range []byte{0, 255} {
		source := &stuck{octet: octet}
		if key, err := GenerateKey(source); err == nil || key != nil || source.read > 64*maxDraws {
			t.Errorf("all %02x: %v after %d octets", octet, err, source.read)
		}
	}
	if _, err := GenerateKey(bytes.NewReader(make([]byte, 10))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that ends: %v", err)
	}
	// One draw of q and one of a number below it: the second is the key.
	source := io.MultiReader(bytes.NewReader(lowFirst(setA.q)), bytes.NewReader(lowFirst(plus(setA.q, -5))))
	if key, err := GenerateKey(source); err != nil || !bytes.Equal(key.Bytes(), lowFirst(plus(setA.q, -5))) {
		t.Errorf("second draw: %v", err)
	}
}
