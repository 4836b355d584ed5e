package gost

import (
	"bytes"
	"errors"
	"math/big"
	"testing"
)

// fixedKey is one that is the same in every run, so that a corpus keeps its meaning.
func fixedKey(t testing.TB, seed string) *PrivateKey {
	t.Helper()
	d := Sum512([]byte(seed))
	d[63] = 0x7f // below q
	key, err := NewPrivateKey(d[:])
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// known says whether an error is one of those promised.
func known(err error) bool {
	return errors.Is(err, ErrEncoding) || errors.Is(err, ErrKey) || errors.Is(err, ErrParameters) || errors.Is(err, ErrRange)
}

// seeds adds what is well formed, and the same cut and bent.
func seeds(f *testing.F, whole ...[]byte) {
	for _, w := range whole {
		f.Add(w)
		for _, at := range []int{1, len(w) / 4, len(w) / 2, len(w) - 1} {
			f.Add(w[:at])
			bent := bytes.Clone(w)
			bent[at] ^= 0x80
			f.Add(bent)
		}
	}
}

func FuzzParsePublicKey(f *testing.F) {
	key := fixedKey(f, "public")
	kazakh, _ := MarshalPublicKey(key.public, Kazakh)
	russian, _ := MarshalPublicKey(key.public, Russian)
	seeds(f, kazakh, russian, append(unhex(f, bareHeader), basePoint()...))
	f.Fuzz(func(t *testing.T, der []byte) {
		key, dialect, err := ParsePublicKey(der)
		if err != nil {
			if !known(err) || key != nil {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if !setA.on(place{key.at.x.big(), key.at.y.big()}) {
			t.Fatal("a key off the curve")
		}
		again, err := MarshalPublicKey(key, dialect)
		if err != nil {
			t.Fatal(err)
		}
		// The one freedom is the digest that may be left out.
		if !bytes.Equal(again, der) && len(again) == len(der) {
			t.Fatalf("%x was taken for %x", der, again)
		}
	})
}

func FuzzParsePrivateKey(f *testing.F) {
	key := fixedKey(f, "private")
	kazakh, _ := MarshalPrivateKey(key, Kazakh)
	russian, _ := MarshalPrivateKey(key, Russian)
	seeds(f, kazakh, russian)
	f.Fuzz(func(t *testing.T, der []byte) {
		key, dialect, err := ParsePrivateKey(der)
		if err != nil {
			if !known(err) || key != nil {
				t.Fatalf("unknown error %v", err)
			}
			return
		}
		if !bytes.Contains(der, key.Bytes()) {
			t.Fatal("a key that does not stand there")
		}
		again, err := MarshalPrivateKey(key, dialect)
		if err != nil {
			t.Fatal(err)
		}
		if back, got, err := ParsePrivateKey(again); err != nil || got != dialect || !back.Equal(key) {
			t.Fatalf("another key came back: %v", err)
		}
	})
}

// Every verdict is also the reference's.
func FuzzVerify(f *testing.F) {
	key := fixedKey(f, "verify")
	base := setA.ladder(setA.base())
	digest := Sum512([]byte("verify"))
	for _, dialect := range dialects {
		signature, err := key.Sign(&stuck{}, digest[:], dialect)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(digest[:], signature, dialect == Russian)
		for _, n := range []*big.Int{new(big.Int), big.NewInt(1), setA.q, plus(setA.q, -1), plus(two512, -1)} {
			f.Add(digest[:], append(lowFirst(n), signature[64:]...), dialect == Russian)
			f.Add(digest[:], append(bytes.Clone(signature[:64]), lowFirst(n)...), dialect == Russian)
			f.Add(lowFirst(n), signature, dialect == Russian)
		}
		f.Add(digest[:32], signature, dialect == Russian)
		f.Add(digest[:], signature[:127], dialect == Russian)
	}
	f.Fuzz(func(t *testing.T, digest, signature []byte, russian bool) {
		want := false
		if len(digest) == Size && len(signature) == SignatureSize {
			r, s := signature[:64], signature[64:]
			if russian {
				r, s = backwards(s), backwards(r)
			}
			number := func(b []byte) *big.Int { return new(big.Int).SetBytes(backwards(b)) }
			want = verdict(base, key.d.big(), setA.number(number(digest)), number(r), number(s))
		}
		dialect := Kazakh
		if russian {
			dialect = Russian
		}
		if got := key.public.Verify(dialect, digest, signature); got != want {
			t.Fatalf("%v instead of %v", got, want)
		}
	})
}

// verdict is RFC 7091 §6.2 with the private key known: z1·P + z2·Q is (z1 + z2·d)·P, which a ladder of P is quick with.
func verdict(base ladder, d, e, r, s *big.Int) bool {
	if r.Sign() <= 0 || s.Sign() <= 0 || r.Cmp(setA.q) >= 0 || s.Cmp(setA.q) >= 0 {
		return false
	}
	v := new(big.Int).ModInverse(e, setA.q)
	sum := new(big.Int).Mul(r, d)
	sum.Sub(s, sum).Mul(sum, v)
	at := base.times(modulo(sum, setA.q))
	return at.x != nil && modulo(at.x, setA.q).Cmp(r) == 0
}
