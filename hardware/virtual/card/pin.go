package card

import (
	"bytes"
	"crypto/subtle"
)

// References of the secrets (the applet's own), and how long they are: shorter ones come padded with zeros.
const (
	refPIN    = 1
	refPUK    = 2
	pinLength = 16
)

// Tries that a PIN and a PUK have. OpenSC's profile says three as well.
const (
	pinTries = 3
	pukTries = 5
)

func padded(secret []byte) []byte {
	out := make([]byte, pinLength)
	copy(out, secret)
	return out
}

// check compares a PIN and counts.
func (c *Card) check(pin []byte) status {
	if c.kept.Tries == 0 {
		return statusBlocked
	}
	c.verified = false
	c.kept.Tries--
	c.changed = true
	if len(pin) > pinLength || subtle.ConstantTimeCompare(padded(pin), c.kept.PIN) != 1 {
		c.counts.Wrong++
		return statusTriesLeft | status(c.kept.Tries)
	}
	c.kept.Tries = pinTries
	c.verified = true
	return statusOK
}

// verify is VERIFY (ISO/IEC 7816-4 §7.5.6): without data it says how many tries are left.
func (c *Card) verify(cmd command) ([]byte, status) {
	switch {
	case cmd.p2 != refPIN:
		return nil, statusNoKey
	case cmd.p1 == 0xff:
		c.verified = false
		return nil, statusOK
	case cmd.p1 != 0:
		return nil, statusP1P2
	case c.kept.PIN == nil:
		return nil, statusConditions
	case len(cmd.data) > 0:
		c.counts.Verified++
		return nil, c.check(cmd.data)
	case c.verified:
		return nil, statusOK
	case c.kept.Tries == 0:
		return nil, statusBlocked
	}
	return nil, statusTriesLeft | status(c.kept.Tries)
}

// changeReference is CHANGE REFERENCE DATA (§7.5.7). P1 = 1 sets a secret for the first time, the PUK before the PIN.
func (c *Card) changeReference(cmd command) ([]byte, status) {
	switch {
	case cmd.p1 == 1 && cmd.p2 == refPUK && c.kept.PIN == nil:
		if len(cmd.data) != pinLength {
			return nil, statusLength
		}
		c.kept.PUK, c.kept.PUKTries = bytes.Clone(cmd.data), pukTries
	case cmd.p1 == 1 && cmd.p2 == refPIN && c.kept.PIN == nil:
		if len(cmd.data) == 0 || len(cmd.data) > pinLength {
			return nil, statusLength
		}
		c.kept.PIN, c.kept.Tries = padded(cmd.data), pinTries
	case cmd.p1 == 0 && cmd.p2 == refPIN && c.kept.PIN != nil:
		if len(cmd.data) != 2*pinLength {
			return nil, statusLength
		}
		c.counts.Verified++
		if sw := c.check(cmd.data[:pinLength]); sw != statusOK {
			return nil, sw
		}
		c.kept.PIN = bytes.Clone(cmd.data[pinLength:])
	default:
		return nil, statusP1P2
	}
	c.changed = true
	return nil, statusOK
}

// resetRetry is RESET RETRY COUNTER (§7.5.10): the PUK and a new PIN.
func (c *Card) resetRetry(cmd command) ([]byte, status) {
	switch {
	case cmd.p1 != 0 || cmd.p2 != refPIN:
		return nil, statusP1P2
	case c.kept.PUK == nil:
		return nil, statusConditions
	case c.kept.PUKTries == 0:
		return nil, statusBlocked
	case len(cmd.data) != 2*pinLength:
		return nil, statusLength
	}
	c.changed = true
	c.kept.PUKTries--
	if subtle.ConstantTimeCompare(cmd.data[:pinLength], c.kept.PUK) != 1 {
		return nil, statusTriesLeft | status(c.kept.PUKTries)
	}
	c.kept.PIN, c.kept.Tries, c.kept.PUKTries = bytes.Clone(cmd.data[pinLength:]), pinTries, pukTries
	return nil, statusOK
}
