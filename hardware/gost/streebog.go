package gost

import (
	"encoding/binary"
	"hash"
	"math/bits"
)

// block is 512 bits, lowest word first.
type block [8]uint64

// tables joins the transformations S, P and L (RFC 6986 §7): the word i of LPS(x) is the sum over j of tables[j][octet i of word j of x].
var tables = func() *[8][256]uint64 {
	var t [8][256]uint64
	for j := range t {
		for b, s := range substitution {
			for k := range 8 {
				if s>>k&1 == 1 {
					t[j][b] ^= linear[63-8*j-k]
				}
			}
		}
	}
	return &t
}()

// lps sets z to LPS(x⊕y). RFC 6986 §7.
func (z *block) lps(x, y *block) {
	t := tables
	x0, x1, x2, x3 := x[0]^y[0], x[1]^y[1], x[2]^y[2], x[3]^y[3]
	x4, x5, x6, x7 := x[4]^y[4], x[5]^y[5], x[6]^y[6], x[7]^y[7]
	for i := range z {
		z[i] = t[0][byte(x0)] ^ t[1][byte(x1)] ^ t[2][byte(x2)] ^ t[3][byte(x3)] ^
			t[4][byte(x4)] ^ t[5][byte(x5)] ^ t[6][byte(x6)] ^ t[7][byte(x7)]
		x0, x1, x2, x3 = x0>>8, x1>>8, x2>>8, x3>>8
		x4, x5, x6, x7 = x4>>8, x5>>8, x6>>8, x7>>8
	}
}

// compress is the round function g_n: it sets h to g_n(h, m). RFC 6986 §8.
func (h *block) compress(n, m *block) {
	var key, state block
	key.lps(h, n)
	state = *m
	for i := range iteration {
		state.lps(&state, &key)
		key.lps(&key, &iteration[i])
	}
	for i := range h {
		h[i] ^= state[i] ^ key[i] ^ m[i]
	}
}

// plus adds x modulo 2^512.
func (z *block) plus(x *block) {
	var k uint64
	for i := range z {
		z[i], k = bits.Add64(z[i], x[i], k)
	}
}

// set reads 64 octets, lowest first.
func (z *block) set(b []byte) {
	_ = b[BlockSize-1]
	for i := range z {
		z[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
}

// streebog is a hash under way. RFC 6986 §9: h, N and Σ.
type streebog struct {
	h, n, sigma block
	rest        [BlockSize]byte // what does not fill a block yet
	held        int             // octets in rest
	size        int
}

// New512 makes a Streebog-512 hash. Its digest is in the octet order of НУЦ and RFC 9215: the reverse of the numbers printed in RFC 6986.
func New512() hash.Hash { return newStreebog(Size) }

// New256 makes a Streebog-256 hash.
func New256() hash.Hash { return newStreebog(Size256) }

// Sum512 gives the Streebog-512 digest of b.
func Sum512(b []byte) (sum [Size]byte) {
	s := newStreebog(Size)
	s.Write(b)
	s.sum(sum[:])
	return sum
}

// Sum256 gives the Streebog-256 digest of b.
func Sum256(b []byte) (sum [Size256]byte) {
	s := newStreebog(Size256)
	s.Write(b)
	s.sum(sum[:])
	return sum
}

func newStreebog(size int) *streebog {
	s := &streebog{size: size}
	s.Reset()
	return s
}

// Reset starts anew. The start is 0 for 512 bits and 00000001 in every octet for 256. RFC 6986 §6.1.
func (s *streebog) Reset() {
	*s = streebog{size: s.size}
	if s.size == Size256 {
		for i := range s.h {
			s.h[i] = 0x0101010101010101
		}
	}
}

// Size is the digest's length in octets.
func (s *streebog) Size() int { return s.size }

// BlockSize is 64 octets.
func (s *streebog) BlockSize() int { return BlockSize }

// Write never fails.
func (s *streebog) Write(p []byte) (int, error) {
	written := len(p)
	if s.held > 0 {
		n := copy(s.rest[s.held:], p)
		s.held += n
		p = p[n:]
		if s.held < BlockSize {
			return written, nil
		}
		s.whole(s.rest[:])
		s.held = 0
	}
	for len(p) >= BlockSize {
		s.whole(p[:BlockSize])
		p = p[BlockSize:]
	}
	s.held = copy(s.rest[:], p)
	return written, nil
}

// whole takes one whole block. RFC 6986 §9.2, stage 2.
func (s *streebog) whole(b []byte) {
	var m block
	m.set(b)
	s.h.compress(&s.n, &m)
	s.n.plus(&block{8 * BlockSize})
	s.sigma.plus(&m)
}

// Sum appends the digest of what was written so far; more can be written afterwards.
func (s *streebog) Sum(b []byte) []byte {
	var sum [Size]byte
	copied := *s
	copied.sum(sum[:s.size])
	return append(b, sum[:s.size]...)
}

// sum is RFC 6986 §9.3, stage 3. Of 512 bits the upper half is the digest of 256.
func (s *streebog) sum(out []byte) {
	s.rest[s.held] = 1
	clear(s.rest[s.held+1:])
	var m, zero block
	m.set(s.rest[:])
	s.h.compress(&s.n, &m)
	s.n.plus(&block{8 * uint64(s.held)})
	s.sigma.plus(&m)
	s.h.compress(&zero, &s.n)
	s.h.compress(&zero, &s.sigma)
	for i, w := range s.h[8-s.size/8:] {
		binary.LittleEndian.PutUint64(out[8*i:], w)
	}
}
