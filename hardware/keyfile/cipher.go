package keyfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// scheme is one password-based encryption with its parameters, as an AlgorithmIdentifier tells it.
type scheme struct {
	oid        asn1.ObjectIdentifier // oidSHA1And3DES or oidPBES2
	salt       []byte
	iterations int
	iv         []byte           // PBES2 only
	prf        func() hash.Hash // PBES2 only
}

// block gives the block cipher and initial vector that password and parameters lead to.
func (s scheme) block(password Password) (cipher.Block, []byte, error) {
	if s.oid.Equal(oidSHA1And3DES) {
		bmp := password.bmp()
		defer clear(bmp)
		key := derive(sha1.New, bmp, s.salt, s.iterations, purposeKey, 24)
		iv := derive(sha1.New, bmp, s.salt, s.iterations, purposeIV, des.BlockSize)
		block, err := des.NewTripleDESCipher(key)
		return block, iv, err
	}
	// RFC 8018 §6.2 takes the password's octets; OpenSSL and Java give UTF-8.
	key, err := pbkdf2.Key(s.prf, string(password.text), s.salt, s.iterations, 32)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(key)
	return block, s.iv, err
}

// encrypt pads as RFC 8018 §6.1.1 says and encrypts in CBC.
func (s scheme) encrypt(password Password, plain []byte) ([]byte, error) {
	block, iv, err := s.block(password)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	n := block.BlockSize() - len(plain)%block.BlockSize()
	out := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out, nil
}

// decrypt undoes encrypt. A wrong padding is ErrPassword: that is what it mostly means where no MAC has been checked.
func (s scheme) decrypt(password Password, sealed []byte) ([]byte, error) {
	block, iv, err := s.block(password)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	size := block.BlockSize()
	if len(sealed) == 0 || len(sealed)%size != 0 || len(iv) != size {
		return nil, fmt.Errorf("%w: its encrypted part is not whole", ErrDamaged)
	}
	out := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, sealed)
	n := int(out[len(out)-1])
	if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, ErrPassword
	}
	return out[:len(out)-n], nil
}

// add writes the scheme as an AlgorithmIdentifier.
func (s scheme) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(s.oid)
		if s.oid.Equal(oidSHA1And3DES) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // pkcs-12PbeParams
				b.AddASN1OctetString(s.salt)
				b.AddASN1Int64(int64(s.iterations))
			})
			return
		}
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // PBES2-params, RFC 8018 appendix A.4
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidPBKDF2)
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1OctetString(s.salt)
					b.AddASN1Int64(int64(s.iterations))
					b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(oidHMACSHA256)
						b.AddASN1NULL()
					})
				})
			})
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidAES256CBC)
				b.AddASN1OctetString(s.iv)
			})
		})
	})
}

// readScheme reads an AlgorithmIdentifier of password-based encryption.
func readScheme(in *cryptobyte.String) (scheme, error) {
	var s scheme
	var id, params cryptobyte.String
	if !in.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&s.oid) {
		return s, fmt.Errorf("%w: no cipher is named", ErrDamaged)
	}
	if !s.oid.Equal(oidSHA1And3DES) && !s.oid.Equal(oidPBES2) {
		return s, fmt.Errorf("%w: cipher %v", ErrUnsupported, s.oid)
	}
	if !id.ReadASN1(&params, cbasn1.SEQUENCE) || !id.Empty() {
		return s, fmt.Errorf("%w: its cipher has no parameters", ErrDamaged)
	}
	if s.oid.Equal(oidPBES2) {
		return s, s.readPBES2(params)
	}
	if !params.ReadASN1Bytes(&s.salt, cbasn1.OCTET_STRING) || !params.ReadASN1Integer(&s.iterations) || !params.Empty() {
		return s, fmt.Errorf("%w: its cipher's parameters", ErrDamaged)
	}
	return s, s.bounded()
}

// readPBES2 reads PBES2-params (RFC 8018 appendix A.4): PBKDF2 with HMAC-SHA-1 or -256, AES-256-CBC.
func (s *scheme) readPBES2(params cryptobyte.String) error {
	var kdf, kdfParams, enc cryptobyte.String
	var kdfOID, encOID asn1.ObjectIdentifier
	if !params.ReadASN1(&kdf, cbasn1.SEQUENCE) || !params.ReadASN1(&enc, cbasn1.SEQUENCE) || !params.Empty() ||
		!kdf.ReadASN1ObjectIdentifier(&kdfOID) || !enc.ReadASN1ObjectIdentifier(&encOID) {
		return fmt.Errorf("%w: its cipher's parameters", ErrDamaged)
	}
	if !kdfOID.Equal(oidPBKDF2) || !encOID.Equal(oidAES256CBC) {
		return fmt.Errorf("%w: cipher %v with key derivation %v", ErrUnsupported, encOID, kdfOID)
	}
	if !kdf.ReadASN1(&kdfParams, cbasn1.SEQUENCE) || !enc.ReadASN1Bytes(&s.iv, cbasn1.OCTET_STRING) || len(s.iv) != aes.BlockSize ||
		!kdfParams.ReadASN1Bytes(&s.salt, cbasn1.OCTET_STRING) || !kdfParams.ReadASN1Integer(&s.iterations) {
		return fmt.Errorf("%w: its cipher's parameters", ErrDamaged)
	}
	if kdfParams.PeekASN1Tag(cbasn1.INTEGER) { // keyLength, optional
		var n int
		if !kdfParams.ReadASN1Integer(&n) || n != 32 {
			return fmt.Errorf("%w: its key length", ErrDamaged)
		}
	}
	s.prf = sha1.New // prf DEFAULT algid-hmacWithSHA1
	if !kdfParams.Empty() {
		var prf cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !kdfParams.ReadASN1(&prf, cbasn1.SEQUENCE) || !prf.ReadASN1ObjectIdentifier(&oid) || !nullOrNothing(prf) || !kdfParams.Empty() {
			return fmt.Errorf("%w: its key derivation", ErrDamaged)
		}
		switch {
		case oid.Equal(oidHMACSHA256):
			s.prf = sha256.New
		case !oid.Equal(oidHMACSHA1):
			return fmt.Errorf("%w: key derivation with %v", ErrUnsupported, oid)
		}
	}
	return s.bounded()
}

// bounded refuses parameters nobody writes and that would cost time.
func (s scheme) bounded() error {
	if s.iterations < 1 || s.iterations > MaxIterations || len(s.salt) > 1024 {
		return fmt.Errorf("%w: its key derivation is out of bounds", ErrDamaged)
	}
	return nil
}
