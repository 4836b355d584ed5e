package keyfile

import (
	"bytes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// scheme is one password-based encryption with its parameters, as an AlgorithmIdentifier tells it.
type scheme struct {
	cipher     symmetric
	salt       []byte
	iterations int
	iv         []byte  // PBES2 only: RFC 7292 derives it
	prf        *digest // PBES2 only
}

// cost is how many steps of key derivation it takes to come to key and initial vector.
func (s scheme) cost() int {
	if s.prf != nil {
		return rounds(s.cipher.key, s.prf.size) * s.iterations
	}
	return (rounds(s.cipher.key, digestSHA1.size) + rounds(s.cipher.block, digestSHA1.size)) * s.iterations
}

// block gives the block cipher and initial vector that password and parameters lead to.
func (s scheme) block(password Password, m *meter) (cipher.Block, []byte, error) {
	if err := m.spend(s.cost()); err != nil {
		return nil, nil, err
	}
	if s.prf == nil {
		bmp := password.bmp()
		defer clear(bmp)
		key := derive(digestSHA1.new, bmp, s.salt, s.iterations, purposeKey, s.cipher.key)
		defer clear(key)
		block, err := s.cipher.new(key)
		return block, derive(digestSHA1.new, bmp, s.salt, s.iterations, purposeIV, s.cipher.block), err
	}
	// RFC 8018 §6.2 takes the password's octets; OpenSSL and Java give UTF-8.
	key, err := pbkdf2.Key(s.prf.new, string(password.text), s.salt, s.iterations, s.cipher.key)
	if err != nil {
		return nil, nil, err
	}
	defer clear(key)
	block, err := s.cipher.new(key)
	return block, s.iv, err
}

// encrypt pads as RFC 8018 §6.1.1 says and encrypts in CBC.
func (s scheme) encrypt(password Password, plain []byte) ([]byte, error) {
	block, iv, err := s.block(password, &meter{})
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	n := block.BlockSize() - len(plain)%block.BlockSize()
	out := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out, nil
}

// decrypt undoes encrypt but for the padding, which [unpadded] takes off: what a wrong password gives is not told from what was damaged here.
func (s scheme) decrypt(password Password, m *meter, sealed []byte) ([]byte, error) {
	block, iv, err := s.block(password, m)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	out := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, sealed)
	return out, nil
}

// whole says whether sealed can be what encrypt gave.
func (s scheme) whole(sealed []byte) bool { return len(sealed) > 0 && len(sealed)%s.cipher.block == 0 }

// unpadded takes the padding of RFC 8018 §6.1.1 off.
func (s scheme) unpadded(plain []byte) ([]byte, bool) {
	n := int(plain[len(plain)-1])
	if n == 0 || n > s.cipher.block || !bytes.Equal(plain[len(plain)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, false
	}
	return plain[:len(plain)-n], true
}

// add writes the scheme as an AlgorithmIdentifier.
func (s scheme) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if s.prf == nil {
			b.AddASN1ObjectIdentifier(s.cipher.oid)
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // pkcs-12PbeParams
				b.AddASN1OctetString(s.salt)
				b.AddASN1Int64(int64(s.iterations))
			})
			return
		}
		b.AddASN1ObjectIdentifier(oidPBES2)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // PBES2-params, RFC 8018 appendix A.4
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidPBKDF2)
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1OctetString(s.salt)
					b.AddASN1Int64(int64(s.iterations))
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(s.prf.hmac)
						b.AddASN1NULL()
					})
				})
			})
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(s.cipher.oid)
				b.AddASN1OctetString(s.iv)
			})
		})
	})
}
