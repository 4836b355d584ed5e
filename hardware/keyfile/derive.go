package keyfile

import (
	"fmt"
	"hash"
)

// The purposes of RFC 7292 appendix B.3: the ID octet that keeps key, initial vector and MAC key apart.
const (
	purposeKey byte = 1
	purposeIV  byte = 2
	purposeMAC byte = 3
)

// derive is the key derivation of RFC 7292 appendix B.2: n octets for one purpose from a password in BMP form.
// v is the hash's block: 64 octets, for SHA-384 and SHA-512 128.
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

// meter counts the steps of key derivation that one reading spends, so that no file costs more than [MaxIterations] of them.
type meter struct{ spent int }

// spend takes n steps before they are made.
func (m *meter) spend(n int) error {
	if m.spent+n > MaxIterations {
		return tooSlow(m.spent + n)
	}
	m.spent += n
	return nil
}

func tooSlow(steps int) error {
	return fmt.Errorf("%w: it asks for %d steps of key derivation, %d at most are made", ErrUnsupported, steps, MaxIterations)
}

// rounds is how often a hash of so many octets is needed for n octets.
func rounds(n, size int) int { return (n + size - 1) / size }
