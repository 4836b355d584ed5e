package card

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"time"
)

// Algorithms by the applet's numbers. Others are not on this card.
const (
	generateRSA2048 = 0xf3
	padPKCS1        = 0x11
)

// lastKey is the highest reference of a key.
const lastKey = 15

// setEnvironment is MANAGE SECURITY ENVIRONMENT, SET (ISO/IEC 7816-4 §7.5.11): algorithm and key of the commands that follow.
func (c *Card) setEnvironment(cmd command) ([]byte, status) {
	if cmd.p1 != 0x41 {
		return nil, statusP1P2
	}
	given := parseTLV(cmd.data)
	if v := given[0x80]; len(v) == 1 {
		c.algorithm = v[0]
	}
	if v := given[0x84]; len(v) == 1 {
		if v[0] > lastKey {
			return nil, statusNoKey
		}
		c.key = v[0]
	}
	return nil, statusOK
}

// generate is GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8 §5.1). The key takes the place of one under the same reference.
func (c *Card) generate(ctx context.Context) ([]byte, status) {
	switch {
	case !c.verified:
		return nil, statusSecurity
	case c.algorithm != generateRSA2048:
		return nil, statusUnsupported
	}
	c.making.Store(true)
	defer c.making.Store(false)
	if c.KeygenAfter > 0 {
		wait := time.NewTimer(c.KeygenAfter)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-ctx.Done():
		}
	}
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, statusMemory
	}
	if ctx.Err() != nil { // the power went meanwhile
		return nil, statusMemory
	}
	c.kept.Keys[c.key] = x509.MarshalPKCS1PrivateKey(pair)
	c.pairs[c.key] = pair
	c.counts.Generated++
	c.changed = true
	modulus := pair.N.FillBytes(make([]byte, pair.Size()))
	return tlv(0x7f49, append(tlv(0x81, modulus), tlv(0x82, big.NewInt(int64(pair.E)).Bytes())...)), statusOK
}

// operate is PERFORM SECURITY OPERATION (ISO/IEC 7816-8 §5.2): sign a DigestInfo, or decipher.
func (c *Card) operate(cmd command) ([]byte, status) {
	if !c.verified {
		return nil, statusSecurity
	}
	pair := c.pairs[c.key]
	if pair == nil {
		return nil, statusNoKey
	}
	if c.algorithm != padPKCS1 {
		return nil, statusUnsupported
	}
	switch uint16(cmd.p1)<<8 | uint16(cmd.p2) {
	case 0x9e9a:
		signature, err := rsa.SignPKCS1v15(nil, pair, 0, cmd.data)
		if err != nil {
			return nil, statusLength
		}
		c.counts.Signed++
		return signature, statusOK
	case 0x8086:
		if len(cmd.data) != pair.Size()+1 || cmd.data[0] != 0 { // padding indicator: none (ISO/IEC 7816-4 table 41)
			return nil, statusWrongData
		}
		//lint:ignore SA1019 the card does what cards do, at whoever's wish; nothing else here deciphers by it
		plain, err := rsa.DecryptPKCS1v15(nil, pair, cmd.data[1:])
		if err != nil {
			return nil, statusDataInvalid
		}
		return plain, statusOK
	}
	return nil, statusP1P2
}
