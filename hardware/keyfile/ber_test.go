package keyfile

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	out, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDefinite_GivesDER(t *testing.T) {
	for ber, want := range map[string]string{
		"0500":                           "0500",
		"3000":                           "3000",
		"30800000":                       "3000",
		"3080020103":                     "", // no end
		"30800201030000":                 "3003020103",
		"3081030201 03":                  "3003020103", // a length longer than need be
		"308400000003020103":             "3003020103",
		"30803080308000000000 0000":      "300430023000",
		"2480040141040142 0000":          "04024142",         // pieces
		"24060401410401 42":              "04024142",         // pieces, definite
		"248024800401410000 04014200 00": "04024142",         // pieces of pieces
		"24800000":                       "0400",             // no piece at all
		"a080040141040142 0000":          "a006040141040142", // implicitly tagged: not for this reader to join
		"0404308000 00":                  "040430800000",     // what lies inside an octet string is not touched
		"30802480040430800000 0000 0000": "3006040430800000",
		"":                               "", "30": "", "3001": "", "3081": "", "30850100000000": "", "30ff": "",
		"0480": "", "04800000": "", // a primitive cannot be indefinite
		"0000": "", "30020000": "", // an end without a beginning
		"1f8101 00": "", "2403020100": "", "248030000000": "", // high tags, strangers in an octet string
		"050000": "", "30000000": "", // too much
	} {
		in := unhex(t, strings.ReplaceAll(ber, " ", ""))
		got, err := definite(in)
		if hex.EncodeToString(got) != want || (want == "") != (err != nil) {
			t.Errorf("%s: %x, %v, want %s", ber, got, err, want)
		}
		if err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", ber, err)
		}
	}
}

// loosen writes DER as somebody might: lengths indefinite or longer than need be, octet strings in pieces.
func loosen(random *rand.Rand, der cryptobyte.String, depth int) []byte {
	var out []byte
	for !der.Empty() {
		var one cryptobyte.String
		var tag cbasn1.Tag
		if !der.ReadAnyASN1(&one, &tag) {
			panic("not DER")
		}
		value := []byte(one)
		first := byte(tag)
		switch {
		case first&bitConstructed != 0:
			value = loosen(random, one, depth+1)
		case first == tagOctets && depth < 12 && random.IntN(3) == 0:
			first, value = tagOctetsMany, nil
			for rest := []byte(one); len(rest) > 0; {
				n := 1 + random.IntN(len(rest))
				piece := node(tagOctets)
				piece.value = rest[:n]
				value = append(value, loosen(random, piece.der(), depth+4)...)
				rest = rest[n:]
			}
		}
		switch {
		case first&bitConstructed != 0 && random.IntN(2) == 0:
			out = append(append(append(out, first, 0x80), value...), 0, 0)
		case random.IntN(4) == 0:
			out = append(append(out, first, 0x84, 0, byte(len(value)>>16), byte(len(value)>>8), byte(len(value))), value...)
		default:
			out = append(appendHeader(out, first, len(value)), value...)
		}
	}
	return out
}

func TestDefinite_UndoesEveryWayOfWriting(t *testing.T) {
	seed := [2]uint64{rand.Uint64(), rand.Uint64()}
	random := rand.New(rand.NewPCG(seed[0], seed[1]))
	for _, der := range [][]byte{written(t, few), signPerson().Certificate.Raw, gostPerson().Certificate.Raw} {
		for range 200 {
			if got, err := definite(loosen(random, der, 0)); err != nil || !bytes.Equal(got, der) {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
}

// What is read is the same however it was written: the whole file, loosened at every level that a password does not close.
func TestOpen_ReadsEveryWayOfWriting(t *testing.T) {
	seed := [2]uint64{rand.Uint64(), rand.Uint64()}
	random := rand.New(rand.NewPCG(seed[0], seed[1]))
	entry := signPerson()
	r := ncaRecipe(t, entry)
	r.iterations, r.pieces = 1, 100
	for range 50 {
		whole := r.bake(t)
		if got, err := Read(bytes.NewReader(loosen(random, mustDER(t, whole), 0)), NewPassword(testPassword)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		} else {
			compareEntries(t, got, entry)
		}
	}
}

func mustDER(t testing.TB, ber []byte) []byte {
	t.Helper()
	der, err := definite(ber)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestDefinite_IsBoundedInDepthAndNumber(t *testing.T) {
	deep := func(n int) []byte {
		return append(bytes.Repeat([]byte{0x30, 0x80}, n), bytes.Repeat([]byte{0, 0}, n)...)
	}
	if _, err := definite(deep(maxDepth + 1)); err != nil {
		t.Errorf("%d levels: %v", maxDepth+1, err)
	}
	for _, n := range []int{maxDepth + 2, 1000, MaxSize / 4} {
		if _, err := definite(deep(n)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d levels: %v", n, err)
		}
	}
	pieces := append([]byte{0x24, 0x80}, bytes.Repeat([]byte{0x24, 0x80}, 1000)...)
	if _, err := definite(pieces); !errors.Is(err, ErrDamaged) {
		t.Errorf("pieces of pieces: %v", err)
	}
	many := node(0x30)
	many.value = bytes.Repeat([]byte{5, 0}, maxElements)
	if _, err := definite(many.der()); !errors.Is(err, ErrDamaged) {
		t.Errorf("%d elements: %v", maxElements+1, err)
	}
}

func FuzzDefinite(f *testing.F) {
	f.Add([]byte{0x30, 0x80, 0x24, 0x80, 4, 1, 0x41, 4, 1, 0x42, 0, 0, 0, 0})
	f.Add([]byte{0x30, 0x84, 0, 0, 0, 3, 2, 1, 3})
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		der, err := definite(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) || der != nil {
				t.Fatalf("%v, and %d octets", err, len(der))
			}
			return
		}
		if len(der) > 2*len(data) {
			t.Fatalf("%d octets became %d", len(data), len(der))
		}
		if again, err := definite(der); err != nil || !bytes.Equal(again, der) {
			t.Fatalf("not in its last form: %x, then %x, %v", der, again, err)
		}
		strict(t, der)
	})
}

// strict reads DER to the bottom with another reader than ours.
func strict(t *testing.T, der cryptobyte.String) {
	for !der.Empty() {
		var one cryptobyte.String
		var tag cbasn1.Tag
		if !der.ReadAnyASN1(&one, &tag) {
			t.Fatalf("not DER: %x", der)
		}
		if byte(tag)&bitConstructed != 0 {
			strict(t, one)
		}
	}
}
