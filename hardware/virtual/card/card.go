package card

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// applet is the AID by which OpenSC finds the applet.
var applet = []byte{0xf2, 0x76, 0xa2, 0x88, 0xbc, 0xfb, 0xa6, 0x9d, 0x34, 0xf3, 0x10, 0x01}

// features is the applet's bit mask: secure random numbers; no extended APDUs, no elliptic curves.
const features = 0x02

// Instructions (ISO/IEC 7816-4 table 5).
const (
	insVerify          = 0x20
	insEnvironment     = 0x22
	insChangeReference = 0x24
	insOperation       = 0x2a
	insResetRetry      = 0x2c
	insGenerate        = 0x46
	insChallenge       = 0x84
	insSelect          = 0xa4
	insReadBinary      = 0xb0
	insGetResponse     = 0xc0
	insUpdateBinary    = 0xd6
	insCreateFile      = 0xe0
	insDeleteFile      = 0xe4
)

// Card is one card.
type Card struct {
	// KeygenAfter is how long a key pair takes at least; real cards take up to a minute and more. Set before the card is used.
	KeygenAfter time.Duration

	atr  []byte
	path string // empty: nothing is kept

	mu     sync.Mutex // for the length of a command: a card does one thing at a time
	kept   kept
	counts Counts
	left   atomic.Int32 // kept.Tries, for who asks while the card computes
	making atomic.Bool  // a key pair, now
	pairs  map[byte]*rsa.PrivateKey

	changed        bool // kept, by the command under way
	current        *file
	folder         *file
	verified       bool
	algorithm, key byte
	chained        []byte
	rest           []byte // of an answer, for GET RESPONSE
}

// kept is what survives without power.
type kept struct {
	Root     *file           `json:"root"`
	PIN      []byte          `json:"pin,omitempty"` // nil until the card is personalised
	PUK      []byte          `json:"puk,omitempty"`
	Tries    int             `json:"tries"`
	PUKTries int             `json:"puk_tries"`
	Keys     map[byte][]byte `json:"keys,omitempty"` // PKCS #1
}

// Counts says what a card was asked for since it was opened.
type Counts struct {
	Commands  uint64 // APDUs
	Verified  uint64 // PINs presented, right or wrong, also to be changed
	Wrong     uint64 // of them wrong
	Generated uint64 // key pairs
	Signed    uint64
}

// New makes a blank card that keeps nothing.
func New(atr []byte) *Card {
	c := &Card{atr: bytes.Clone(atr), kept: kept{Root: &file{ID: masterFile, Folder: true}}, pairs: map[byte]*rsa.PrivateKey{}}
	c.wake()
	return c
}

// Open takes up the card that the file at path keeps, or makes a blank one that will be kept there.
func Open(path string, atr []byte) (*Card, error) {
	c := New(atr)
	c.path = path
	octets, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = c.load(octets)
	}
	if err != nil {
		return nil, fmt.Errorf("open virtual card: %w", err)
	}
	return c, nil
}

func (c *Card) load(octets []byte) error {
	var k kept
	if err := json.Unmarshal(octets, &k); err != nil {
		return err
	}
	if k.Root == nil || !k.Root.Folder {
		return errors.New("the file holds no card")
	}
	k.Root.adopt()
	for ref, der := range k.Keys {
		pair, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			return err
		}
		c.pairs[ref] = pair
	}
	c.kept = k
	c.left.Store(int32(k.Tries))
	c.wake()
	return nil
}

// save keeps what a command changed. The caller holds the lock.
func (c *Card) save() error {
	c.left.Store(int32(c.kept.Tries))
	if c.path == "" {
		return nil
	}
	octets, err := json.Marshal(c.kept)
	if err == nil {
		err = os.WriteFile(c.path+".new", octets, 0o600)
	}
	if err == nil {
		err = os.Rename(c.path+".new", c.path)
	}
	return err
}

// ATR is the answer to reset.
func (c *Card) ATR() []byte { return c.atr }

// Counts says what it was asked for.
func (c *Card) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// TriesLeft says how many wrong PINs in a row it would take to lock the card; 0 when it is locked, and on a blank card.
func (c *Card) TriesLeft() int {
	return int(c.left.Load())
}

// Making says whether the card makes a key pair now.
func (c *Card) Making() bool { return c.making.Load() }

// SetTries leaves the PIN so many tries, 0 locks it. A blank card has none to set.
func (c *Card) SetTries(n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept.PIN == nil || n < 0 || n > pinTries {
		return fmt.Errorf("set tries of a virtual card: %d, and there are up to %d on one with a PIN", n, pinTries)
	}
	c.kept.Tries, c.verified = n, false
	return c.save()
}

// Delay sets how long a key pair takes at least, from now on.
func (c *Card) Delay(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.KeygenAfter = d
}

// Reset takes the card back to where it is after power on.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake()
}

// wake is Reset under the lock.
func (c *Card) wake() {
	c.current, c.folder = c.kept.Root, c.kept.Root
	c.verified, c.algorithm, c.key, c.chained, c.rest = false, 0, 0, nil, nil
	if c.kept.Keys == nil {
		c.kept.Keys = map[byte][]byte{}
	}
}

// Transmit answers a command APDU. When ctx has ended, what the answer is does not matter, for nobody is there to take it.
func (c *Card) Transmit(ctx context.Context, octets []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Commands++
	answer, sw := c.command(ctx, octets)
	if c.changed {
		c.changed = false
		if err := c.save(); err != nil {
			answer, sw = nil, statusMemory
		}
	}
	if len(answer) > maxAnswerInOneAPDU {
		c.rest, answer = answer[maxAnswerInOneAPDU:], answer[:maxAnswerInOneAPDU]
		sw = statusMore | remaining(c.rest)
	}
	return append(bytes.Clone(answer), byte(sw>>8), byte(sw))
}

// remaining is SW2 of statusMore: 0 stands for 256 and more.
func remaining(rest []byte) status {
	if len(rest) > 255 {
		return 0
	}
	return status(len(rest))
}

func (c *Card) command(ctx context.Context, octets []byte) ([]byte, status) {
	cmd, err := parseCommand(octets)
	if err != nil {
		return nil, statusLength
	}
	if cmd.class&^chainingBit != 0 { // no secure messaging, no logical channels
		return nil, statusClass
	}
	if len(c.chained)+len(cmd.data) > maxChained {
		c.chained = nil
		return nil, statusLength
	}
	if cmd.class&chainingBit != 0 {
		c.chained = append(c.chained, cmd.data...)
		return nil, statusOK
	}
	if c.chained != nil {
		cmd.data, c.chained = append(c.chained, cmd.data...), nil
	}
	if cmd.instruction == insGetResponse {
		n := min(len(c.rest), cmd.expected)
		answer := c.rest[:n]
		if c.rest = c.rest[n:]; len(c.rest) > 0 {
			return answer, statusMore | remaining(c.rest)
		}
		return answer, statusOK
	}
	c.rest = nil
	switch cmd.instruction {
	case insSelect:
		return c.selectFile(cmd)
	case insReadBinary:
		return c.readBinary(cmd)
	case insUpdateBinary:
		return c.updateBinary(cmd)
	case insCreateFile:
		return c.createFile(cmd)
	case insDeleteFile:
		return c.deleteFile(cmd)
	case insVerify:
		return c.verify(cmd)
	case insChangeReference:
		return c.changeReference(cmd)
	case insResetRetry:
		return c.resetRetry(cmd)
	case insEnvironment:
		return c.setEnvironment(cmd)
	case insGenerate:
		return c.generate(ctx)
	case insOperation:
		return c.operate(cmd)
	case insChallenge:
		out := make([]byte, min(cmd.expected, 256))
		_, _ = rand.Read(out) // never fails (crypto/rand)
		return out, statusOK
	}
	return nil, statusInstruction
}
