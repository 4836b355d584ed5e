package gost

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"fmt"
	"io"
)

// nonces draws the secret numbers k of signatures: HMAC-DRBG over the key, the digest and 64 fresh random octets, RFC 6979 §3.2 with the
// additional input of §3.6. A source that repeats itself gives the deterministic nonces of RFC 6979, which are safe: equal ones only for
// equal digests. A source that is known to an attacker tells nothing without the key.
//
// The hash is SHA-512, which §3.6 allows: Streebog looks up tables by what it hashes, and here it would hash the key.
type nonces struct{ key, value []byte }

// newNonces is RFC 6979 §3.2, steps a to g. q and the hash have 512 bits both, so that bits2int cuts nothing off.
func newNonces(random io.Reader, d, e *scalar) (*nonces, error) {
	if random == nil {
		random = rand.Reader
	}
	var fresh [64]byte
	if _, err := io.ReadFull(random, fresh[:]); err != nil {
		return nil, fmt.Errorf("draw randomness: %w", err)
	}
	n := &nonces{key: make([]byte, sha512.Size), value: make([]byte, sha512.Size)}
	for i := range n.value {
		n.value[i] = 1
	}
	x, h := reverse(d.bytes()), reverse(e.bytes()) // int2octets(d), bits2octets(digest)
	defer clear(x[:])
	n.update(0, x[:], h[:], fresh[:])
	n.update(1, x[:], h[:], fresh[:])
	return n, nil
}

// update is K = HMAC_K(V ‖ step ‖ more), V = HMAC_K(V).
func (n *nonces) update(step byte, more ...[]byte) {
	mac := hmac.New(sha512.New, n.key)
	mac.Write(n.value)
	mac.Write([]byte{step})
	for _, m := range more {
		mac.Write(m)
	}
	n.key = mac.Sum(nil)
	n.again()
}

// again is V = HMAC_K(V).
func (n *nonces) again() {
	mac := hmac.New(sha512.New, n.key)
	mac.Write(n.value)
	n.value = mac.Sum(nil)
}

// next is step h. That a candidate is thrown away shows; it happens once in 2^256 draws and tells only of the candidate.
func (n *nonces) next() (k scalar) {
	for {
		n.again()
		candidate := reverse([64]byte(n.value))
		below := k.setBytes(&candidate)
		n.update(0)
		if below == 1 && k.zero() == 0 {
			return k
		}
	}
}
