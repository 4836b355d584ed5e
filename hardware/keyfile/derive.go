package keyfile

import (
	"crypto/sha1"
	"crypto/sha256"
	"hash"
)

// The purposes of RFC 7292 appendix B.3: the ID octet that keeps key, initial vector and MAC key apart.
const (
	purposeKey byte = 1
	purposeIV  byte = 2
	purposeMAC byte = 3
)

// derive is the key derivation of RFC 7292 appendix B.2: n octets for one purpose from a password in BMP form.
// Both hashes used here (SHA-1, SHA-256) have v = 64 octets.
func derive(newHash func() hash.Hash, bmp, salt []byte, iterations int, purpose byte, n int) []byte {
	h := newHash()
	v := h.BlockSize()
	// Steps 1 to 4: D is v copies of the purpose; I is S then P, each repeated up to a multiple of v.
	d := make([]byte, v)
	for i := range d {
		d[i] = purpose
	}
	in := append(repeated(salt, v), repeated(bmp, v)...)
	out := make([]byte, 0, n+h.Size())
	a := make([]byte, 0, h.Size())
	b := make([]byte, v)
	for {
		// Step 6 A: A_i = H^r(D || I).
		h.Reset()
		h.Write(d)
		h.Write(in)
		a = h.Sum(a[:0])
		for range iterations - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		out = append(out, a...)
		if len(out) >= n {
			clear(in)
			return out[:n]
		}
		// Step 6 B and C: every block of I grows by B + 1, modulo 2^(8v), B being A repeated up to v octets.
		for i := range b {
			b[i] = a[i%len(a)]
		}
		for block := in; len(block) > 0; block = block[v:] {
			carry := uint(1)
			for i := v - 1; i >= 0; i-- {
				carry += uint(block[i]) + uint(b[i])
				block[i] = byte(carry)
				carry >>= 8
			}
		}
	}
}

// repeated is pattern over and over up to the next multiple of v octets; nothing stays nothing.
func repeated(pattern []byte, v int) []byte {
	n := (len(pattern) + v - 1) / v * v
	out := make([]byte, n)
	for i := range out {
		out[i] = pattern[i%len(pattern)]
	}
	return out
}

// digest is a hash together with its ASN.1 name.
type digest struct {
	new  func() hash.Hash
	size int
}

var (
	digestSHA1   = digest{sha1.New, sha1.Size}
	digestSHA256 = digest{sha256.New, sha256.Size}
)
