package gost

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// backwards: RFC 6986 prints strings highest octet first, programs keep them lowest first.
func backwards(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

// The examples of RFC 6986 §10.
var streebogExamples = []struct{ name, message, sum512, sum256 string }{
	{"10.1", `32313039383736353433323130393837 36353433323130393837363534333231 30393837363534333231303938373635 343332313039383736353433323130`,
		`486f64c1917879417fef082b3381a4e2 11c324f074654c38823a7b76f830ad00 fa1fbae42b1285c0352f227524bc9ab1 6254288dd6863dccd5b9f54a1ad0541b`,
		`00557be5e584fd52a449b16b0251d05d 27f94ab76cbaa6da890b59d8ef1e159d`},
	{"10.2", `fbe2e5f0eee3c820fbeafaebef20fffb f0e1e0f0f520e0ed20e8ece0ebe5f0f2 f120fff0eeec20f120faf2fee5e2202c e8f6f3ede220e8e6eee1e8f0f2d1202c e8f0f2e5e220e5d1`,
		`28fbc9bada033b1460642bdcddb90c3f b3e56c497ccd0f62b8a2ad4935e85f03 7613966de4ee00531ae60f3b5a47f8da e06915d5f2f194996fcabf2622e6881e`,
		`508f7e553c06501d749a66fc28c6cac0 b005746d97537fa85d9e40904efed29d`},
}

func TestStreebog_GivesTheExamplesOfRFC6986(t *testing.T) {
	for _, e := range streebogExamples {
		message := backwards(unhex(t, e.message))
		if got := Sum512(message); !bytes.Equal(got[:], backwards(unhex(t, e.sum512))) {
			t.Errorf("%s, 512 bits: %x", e.name, got)
		}
		if got := Sum256(message); !bytes.Equal(got[:], backwards(unhex(t, e.sum256))) {
			t.Errorf("%s, 256 bits: %x", e.name, got)
		}
	}
}

func TestStreebog_DoesNotMindHowTheMessageIsCut(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	message := make([]byte, 1000)
	for i := range message {
		message[i] = byte(chance.Uint32())
	}
	for length := range 200 {
		whole512, whole256 := Sum512(message[:length]), Sum256(message[:length])
		for range 3 {
			h, g := New512(), New256()
			h.Write([]byte("something before"))
			h.Reset()
			for rest := message[:length]; len(rest) > 0; {
				n := 1 + chance.IntN(len(rest))
				if written, err := h.Write(rest[:n]); written != n || err != nil {
					t.Fatalf("wrote %d of %d: %v", written, n, err)
				}
				g.Write(rest[:n])
				rest = rest[n:]
				h.Sum(nil) // asking early changes nothing
			}
			if !bytes.Equal(h.Sum([]byte{7}), append([]byte{7}, whole512[:]...)) || !bytes.Equal(g.Sum(nil), whole256[:]) {
				t.Fatalf("%d octets, cut: another digest", length)
			}
		}
	}
	if h := New512(); h.Size() != Size || h.BlockSize() != BlockSize || New256().Size() != Size256 {
		t.Error("sizes")
	}
}
