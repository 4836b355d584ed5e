package keyfile

import (
	"crypto/hmac"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// verdict is what came of trying a password on something sealed.
type verdict int

const (
	closed  verdict = iota // nothing speaks for the password
	touched                // it begins as it should, but what follows was changed
	opened
)

// open proves the password and opens every sealed part and key. It tells a wrong password from damage in this order:
//
// Where the file has a MAC, the MAC is tried first. If it matches, the password is right and nothing was changed. If not, RFC 7292 §5.1 makes no
// difference between a wrong password and a changed file; but something that opens all the same proves the password, and so the damage.
// That chance lets a wrong password do so is less likely than one in 2^28 for each thing tried.
//
// Where the file has none, anything that opens proves the password, and what then does not open is damaged.
func (f *file) open(password Password, m *meter) error {
	if steps := f.cost(); steps > MaxIterations { // said before any of them is made
		return tooSlow(steps)
	}
	if f.mac != nil {
		ok, err := f.authentic(password, m)
		switch {
		case err != nil:
			return err
		case !ok:
			return f.blame(password, m)
		}
	}
	proven := f.mac != nil
	for i := range f.parts {
		p := &f.parts[i]
		if p.seal == nil {
			continue
		}
		plain, v, err := try(*p.seal, p.sealed, password, m, beginsAsBags)
		if err != nil {
			return err
		}
		if v != opened {
			return f.shut(v, proven, password, m)
		}
		proven = true
		if p.bags, err = readBags(plain, f.room()); err != nil {
			return err
		}
	}
	for i := range f.parts {
		for j := range f.parts[i].bags {
			b := &f.parts[i].bags[j]
			if b.seal == nil {
				continue
			}
			plain, v, err := try(*b.seal, b.sealed, password, m, beginsAsKey)
			if err != nil {
				return err
			}
			if v != opened {
				return f.shut(v, proven, password, m)
			}
			proven, b.key = true, plain
		}
	}
	return nil
}

// shut says what it means that something does not open although the rest of the file does not contradict the password.
func (f *file) shut(v verdict, proven bool, password Password, m *meter) error {
	switch {
	case f.mac != nil: // nothing was changed, so it was sealed like this
		return fmt.Errorf("%w: a part of it has a password of its own", ErrUnsupported)
	case proven || v == touched:
		return fmt.Errorf("%w: a sealed part of it was changed", ErrDamaged)
	}
	return f.blame(password, m) // something after it may open
}

// blame looks for anything that opens, or did before it was changed: the password is right then, and the file is damaged.
func (f *file) blame(password Password, m *meter) error {
	damaged := fmt.Errorf("%w: its contents were changed", ErrDamaged)
	for _, p := range f.parts {
		if p.seal != nil {
			_, v, err := try(*p.seal, p.sealed, password, m, beginsAsBags)
			if err != nil {
				return err
			}
			if v != closed {
				return damaged
			}
		}
		for _, b := range p.bags {
			if b.seal == nil {
				continue
			}
			plain, v, err := try(*b.seal, b.sealed, password, m, beginsAsKey)
			clear(plain)
			if err != nil {
				return err
			}
			if v != closed {
				return damaged
			}
		}
	}
	return ErrPassword
}

// cost is how many steps of key derivation it takes to open what is known of the file.
func (f *file) cost() int {
	total := 0
	for _, p := range f.parts {
		if p.seal != nil {
			total += p.seal.cost()
		}
		for _, b := range p.bags {
			if b.seal != nil {
				total += b.seal.cost()
			}
		}
	}
	if f.mac == nil {
		return 2 * total // once to open it, once to find what is to blame
	}
	return total + f.mac.cost()
}

func (m *macData) cost() int { return m.iterations } // as many octets as the hash gives: one round

// authentic checks the MAC.
func (f *file) authentic(password Password, m *meter) (bool, error) {
	if err := m.spend(f.mac.cost()); err != nil {
		return false, err
	}
	return hmac.Equal(f.mac.sum, macOf(f.mac.digest, password, f.mac.salt, f.mac.iterations, f.content)), nil
}

// macOf is the MAC of RFC 7292 §5.1 over the content octets of the AuthenticatedSafe.
func macOf(d digest, password Password, salt []byte, iterations int, content []byte) []byte {
	bmp := password.bmp()
	defer clear(bmp)
	mac := hmac.New(d.new, derive(d.new, bmp, salt, iterations, purposeMAC, d.size))
	mac.Write(content)
	return mac.Sum(nil)
}

// try opens something sealed. Opened, it is one whole SEQUENCE, given in DER.
func try(s scheme, sealed []byte, password Password, m *meter, begins func([]byte) bool) ([]byte, verdict, error) {
	plain, err := s.decrypt(password, m, sealed)
	if err != nil {
		return nil, closed, err
	}
	if bare, ok := s.unpadded(plain); ok && len(bare) > 0 && bare[0] == byte(cbasn1.SEQUENCE) {
		if der, err := definite(bare); err == nil {
			return der, opened, nil
		}
	}
	if fits(plain, s.cipher.block) && begins(plain) {
		return nil, touched, nil
	}
	return nil, closed, nil
}

// fits says whether plain begins with the header of a SEQUENCE that ends where the padding has room: 1 to block octets before the end.
// Only lengths of two octets and more are believed: they fit by chance once in 2^20 times for what is short, once in 2^28 for the rest;
// an indefinite length once in 2^16. What must follow the header (begins) makes that 2^28 and more in every case.
func fits(plain []byte, block int) bool {
	h, contents, err := new(rewriter).header(plain, 0)
	if err != nil || h.tag != byte(cbasn1.SEQUENCE) {
		return false
	}
	after := len(contents) - h.length
	return h.length < 0 || h.length >= 0x80 && 1 <= after && after <= block
}

// beginsAsBags: SafeContents are a SEQUENCE of SEQUENCEs, none of which is short.
func beginsAsBags(plain []byte) bool {
	_, contents, err := new(rewriter).header(plain, 0)
	return err == nil && len(contents) > 1 && contents[0] == byte(cbasn1.SEQUENCE) && contents[1]&0xf0 == 0x80
}

// beginsAsKey: PrivateKeyInfo is a SEQUENCE that begins with version 0 or 1 (RFC 5958 §2) and an AlgorithmIdentifier.
func beginsAsKey(plain []byte) bool {
	_, contents, err := new(rewriter).header(plain, 0)
	if err != nil {
		return false
	}
	in := cryptobyte.String(contents)
	var version int
	return in.ReadASN1Integer(&version) && (version == 0 || version == 1) && in.PeekASN1Tag(cbasn1.SEQUENCE)
}
