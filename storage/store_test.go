//go:build cgo

package storage

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

func testKey() []byte { return bytes.Repeat([]byte{7}, SealKeySize) }

// The citizen of the tests; none of this may be found in a file.
const (
	testIIN    = "900101300017"
	testName   = "ӘБДІҒАЛИЕВА"
	testGiven  = "Айгерім"
	testEmail  = "aigerim@example.kz"
	testSerial = "KZT-00017744"
)

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.LittleEndian.AppendUint64(b, r.Uint64())
	}
	return b[:n]
}

// acceptance is of the size of a real one: two RSA-2048 requests, a document of a kilobyte.
func acceptance(number string, r *rand.Rand) Acceptance {
	a := Acceptance{Number: number, IIN: testIIN}
	a.Document = fmt.Appendf(nil, `{"number":%q,"iin":%q,"name":{"surname":%q,"given":%q},"email":%q,"pad":"%x"}`,
		number, testIIN, testName, testGiven, testEmail, randomBytes(r, 400))
	for i := range 2 {
		csr := fmt.Appendf(nil, "CN=%s %s,SN=IIN%s,%s", testName, testGiven, testIIN, testEmail)
		a.Keys = append(a.Keys, AcceptedKey{Ordinal: i + 1, Template: []string{"rsa-auth", "rsa-sign"}[i],
			TransactionID: hex.EncodeToString(randomBytes(r, 16)), SPKISHA256: hex.EncodeToString(randomBytes(r, 32)),
			CSR: append(csr, randomBytes(r, 1000)...), Medium: testSerial, KeyID: randomBytes(r, 20)})
	}
	return a
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(3, 4)) }

func openTest(t *testing.T, o Options) (*Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kiosk.db")
	if o.SealKey == nil {
		o.SealKey = testKey()
	}
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, path
}

func reopen(t *testing.T, s *Store, path string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{SealKey: testKey()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRandOther() *rand.Rand { return rand.New(rand.NewPCG(30, 40)) }
