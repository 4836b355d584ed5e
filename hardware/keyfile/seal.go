package keyfile

import (
	"bytes"
	"crypto"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// A sealed file, all lengths in octets:
//
//	8   magic "tirkeuSK"
//	1   version 2
//	1   length n of the number
//	n   number of the application, readable: it says which application the file belongs to
//	1   how many keys m (from version 2 on)
//	32m SHA-256 over the SubjectPublicKeyInfo of each, readable (from version 2 on): so that whoever has the stick can prove at
//	    another terminal that the application is his; of public keys nothing is lost by it
//	16  check value of the sealing key
//	24  nonce
//	…   XChaCha20-Poly1305 over the keys; everything before the nonce's end is associated data
//
// Both the encryption key and the check value are drawn from the sealing key by HKDF-SHA-256, so that a foreign key is told apart
// from a damaged file. The sealing key has 256 random bits: publishing a check value of it helps nobody.
const (
	sealMagic   = "tirkeuSK"
	sealVersion = 2
	sealFirst   = 1 // the first version, without the public keys' hashes; still opened
	sealCheck   = 16
	maxSealed   = 64 << 10 // bytes in a sealed file
	maxSealKeys = 8        // keys in a sealed file
	maxNumber   = 64       // bytes in an application's number

	// SealKeySize is the length of a sealing key in bytes.
	SealKeySize = 32
)

// What can be wrong with a sealed file.
var (
	ErrSealNumber  = errors.New("the sealed keys belong to another application")
	ErrSealKey     = errors.New("the sealed keys were sealed with another key")
	ErrSealDamaged = errors.New("the sealed keys are damaged")
	ErrSealVersion = errors.New("the sealed keys are of a later version")
)

// SealedKey is one private key that waits for its certificate.
type SealedKey struct {
	Template string        // of the application: "rsa-auth", "rsa-sign"
	ID       []byte        // key identifier, as CKA_ID would be on a token
	Key      crypto.Signer // *rsa.PrivateKey or *gost.PrivateKey
}

// Seal closes the keys of application number with a fresh random key and returns both. The blob lies on the citizen's stick, the sealing key
// travels with the application: neither is of use without the other. random nil means crypto/rand.
func Seal(keys []SealedKey, number string, random io.Reader) (blob, sealKey []byte, err error) {
	if random == nil {
		random = rand.Reader
	}
	if len(keys) == 0 || len(keys) > maxSealKeys {
		return nil, nil, fmt.Errorf("seal keys: %d keys, 1 to %d are possible", len(keys), maxSealKeys)
	}
	if number == "" || len(number) > maxNumber {
		return nil, nil, errors.New("seal keys: the application has no usable number")
	}
	plain, err := encodeSealed(keys)
	if err != nil {
		return nil, nil, fmt.Errorf("seal keys: %w", err)
	}
	defer clear(plain)
	sealKey = make([]byte, SealKeySize)
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	if _, err := io.ReadFull(random, sealKey); err != nil {
		return nil, nil, fmt.Errorf("seal keys: draw a key: %w", err)
	}
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, nil, fmt.Errorf("seal keys: draw a nonce: %w", err)
	}
	key, check, err := sealingKeys(sealKey)
	if err != nil {
		return nil, nil, fmt.Errorf("seal keys: %w", err)
	}
	defer clear(key)
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, nil, fmt.Errorf("seal keys: %w", err)
	}
	head := append([]byte(sealMagic), sealVersion, byte(len(number)))
	head = append(head, number...)
	head = append(head, byte(len(keys)))
	for _, k := range keys {
		spki, err := marshalPublic(k.Key.Public()) // encodeSealed has seen that there is a key
		if err != nil {
			return nil, nil, fmt.Errorf("seal keys: %w", err)
		}
		hash := sha256.Sum256(spki)
		head = append(head, hash[:]...)
	}
	head = append(head, check...)
	head = append(head, nonce...)
	return aead.Seal(bytes.Clone(head), nonce, plain, head), sealKey, nil
}

// SealedNumber reads from a sealed file which application it belongs to. It is not yet proven: [Unseal] proves it.
func SealedNumber(blob []byte) (string, error) {
	head, err := sealedHead(blob)
	if err != nil {
		return "", fmt.Errorf("read sealed keys: %w", err)
	}
	return head.number, nil
}

// SealedSPKIs reads from a sealed file which public keys belong to the keys in it: SHA-256 over each SubjectPublicKeyInfo. A file of
// the first version names none. It is not yet proven, as with [SealedNumber].
func SealedSPKIs(blob []byte) ([][sha256.Size]byte, error) {
	head, err := sealedHead(blob)
	if err != nil {
		return nil, fmt.Errorf("read sealed keys: %w", err)
	}
	return head.spkis, nil
}

// Unseal opens what [Seal] closed. Errors, in the order in which they are found: [ErrSealDamaged] for what is not a whole sealed file,
// [ErrSealVersion], [ErrSealNumber] when it belongs to another application, [ErrSealKey] when the sealing key is another one,
// [ErrSealDamaged] when a single bit was changed or cut off.
func Unseal(blob, sealKey []byte, number string) ([]SealedKey, error) {
	keys, err := unseal(blob, sealKey, number)
	if err != nil {
		return nil, fmt.Errorf("unseal keys: %w", err)
	}
	return keys, nil
}

func unseal(blob, sealKey []byte, number string) ([]SealedKey, error) {
	head, err := sealedHead(blob)
	if err != nil {
		return nil, err
	}
	if head.number != number {
		return nil, ErrSealNumber
	}
	headLen := head.length
	if len(sealKey) != SealKeySize {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrSealKey, len(sealKey))
	}
	key, check, err := sealingKeys(sealKey)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	nonceAt := headLen - chacha20poly1305.NonceSizeX
	if subtle.ConstantTimeCompare(check, blob[nonceAt-sealCheck:nonceAt]) != 1 {
		return nil, ErrSealKey
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, blob[nonceAt:headLen], blob[headLen:], blob[:headLen])
	if err != nil {
		return nil, ErrSealDamaged
	}
	defer clear(plain)
	return decodeSealed(plain)
}

// readable is what of a sealed file can be read without a key.
type readable struct {
	number string
	spkis  [][sha256.Size]byte
	length int // of all of it, up to the nonce's end
}

func sealedHead(blob []byte) (readable, error) {
	const fixed = len(sealMagic) + 2
	if len(blob) > maxSealed || len(blob) < fixed || string(blob[:len(sealMagic)]) != sealMagic {
		return readable{}, ErrSealDamaged
	}
	version, n := blob[len(sealMagic)], int(blob[len(sealMagic)+1])
	if version < sealFirst || version > sealVersion {
		return readable{}, fmt.Errorf("%w: %d", ErrSealVersion, version)
	}
	if n == 0 || n > maxNumber || len(blob) < fixed+n+1 {
		return readable{}, ErrSealDamaged
	}
	head := readable{number: string(blob[fixed : fixed+n]), length: fixed + n}
	if version > sealFirst {
		m := int(blob[head.length])
		head.length++
		if m == 0 || m > maxSealKeys || len(blob) < head.length+m*sha256.Size {
			return readable{}, ErrSealDamaged
		}
		for range m {
			head.spkis = append(head.spkis, [sha256.Size]byte(blob[head.length:]))
			head.length += sha256.Size
		}
	}
	head.length += sealCheck + chacha20poly1305.NonceSizeX
	if len(blob) < head.length+chacha20poly1305.Overhead {
		return readable{}, ErrSealDamaged
	}
	return head, nil
}

// sealingKeys draws encryption key and check value from the sealing key (RFC 5869).
func sealingKeys(sealKey []byte) (key, check []byte, err error) {
	if key, err = hkdf.Key(sha256.New, sealKey, nil, "tirkeu sealed keys 1: encryption", chacha20poly1305.KeySize); err != nil {
		return nil, nil, err
	}
	check, err = hkdf.Key(sha256.New, sealKey, nil, "tirkeu sealed keys 1: check", sealCheck)
	return key, check, err
}

// encodeSealed writes each key as template, identifier and PKCS#8, each with a length of two octets before it.
func encodeSealed(keys []SealedKey) ([]byte, error) {
	var out []byte
	for _, k := range keys {
		if k.Key == nil {
			return nil, errors.New("a key is missing")
		}
		der, err := marshalPrivate(k.Key)
		if err != nil {
			return nil, err
		}
		for _, field := range [][]byte{[]byte(k.Template), k.ID, der} {
			if len(field) > 8<<10 {
				return nil, errors.New("a key is too long")
			}
			out = binary.BigEndian.AppendUint16(out, uint16(len(field)))
			out = append(out, field...)
		}
		clear(der)
	}
	return out, nil
}

// decodeSealed undoes encodeSealed. The octets are authentic, so whatever does not fit is damage from before the sealing.
func decodeSealed(plain []byte) ([]SealedKey, error) {
	var keys []SealedKey
	for len(plain) > 0 {
		var fields [3][]byte
		for i := range fields {
			if len(plain) < 2 {
				return nil, ErrSealDamaged
			}
			n := int(binary.BigEndian.Uint16(plain))
			if len(plain) < 2+n {
				return nil, ErrSealDamaged
			}
			fields[i], plain = plain[2:2+n], plain[2+n:]
		}
		key, err := parsePrivate(fields[2])
		if err != nil || len(keys) >= maxSealKeys {
			return nil, fmt.Errorf("%w: a key in it cannot be read", ErrSealDamaged)
		}
		keys = append(keys, SealedKey{Template: string(fields[0]), ID: bytes.Clone(fields[1]), Key: key})
	}
	return keys, nil
}
