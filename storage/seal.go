package storage

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"

	"golang.org/x/crypto/chacha20poly1305"
)

// SealKeySize is the size of Options.SealKey in bytes.
const SealKeySize = 32

// sealVersion stands before each ciphertext: 1 is XChaCha20-Poly1305 with a random nonce.
const sealVersion = 1

// sealer hides personal data. Its keys are derived from the seal key by HKDF-SHA-256 (RFC 5869), one for each use.
type sealer struct {
	aead   cipher.AEAD
	search []byte
	audit  []byte
	rand   io.Reader
}

func newSealer(key []byte, rand io.Reader) (*sealer, error) {
	if len(key) != SealKeySize {
		return nil, fmt.Errorf("the seal key has %d bytes instead of %d", len(key), SealKeySize)
	}
	s := &sealer{rand: rand}
	var seal []byte
	for use, out := range map[string]*[]byte{"seal": &seal, "search": &s.search, "audit": &s.audit} {
		derived, err := hkdf.Key(sha256.New, key, nil, "tirkeu storage 1 "+use, 32)
		if err != nil {
			return nil, fmt.Errorf("deriving the key for %s: %w", use, err)
		}
		*out = derived
	}
	aead, err := chacha20poly1305.NewX(seal)
	if err != nil {
		return nil, err
	}
	s.aead = aead
	return s, nil
}

// place binds a ciphertext to where it stands. Rows are named by what does not change and is unique in the table.
func place(table, column, row string) []byte { return []byte(table + "\x00" + column + "\x00" + row) }

// seal gives nil for nil, so that absent stays NULL.
func (s *sealer) seal(plain []byte, table, column, row string) ([]byte, error) {
	if plain == nil {
		return nil, nil
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, 1+chacha20poly1305.NonceSizeX+len(plain)+chacha20poly1305.Overhead)
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return nil, fmt.Errorf("drawing a nonce: %w", err)
	}
	out := append([]byte{sealVersion}, nonce...)
	return s.aead.Seal(out, nonce, plain, place(table, column, row)), nil
}

// open gives ErrDamaged when the ciphertext is not what seal made for this place.
func (s *sealer) open(sealed []byte, table, column, row string) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	if len(sealed) < 1+chacha20poly1305.NonceSizeX || sealed[0] != sealVersion {
		return nil, fmt.Errorf("%w: %s.%s is not sealed as this program does", ErrDamaged, table, column)
	}
	nonce, text := sealed[1:1+chacha20poly1305.NonceSizeX], sealed[1+chacha20poly1305.NonceSizeX:]
	plain, err := s.aead.Open([]byte{}, nonce, text, place(table, column, row))
	if err != nil {
		return nil, fmt.Errorf("%w: %s.%s cannot be opened", ErrDamaged, table, column)
	}
	return plain, nil
}

// key gives the value to search by: HMAC-SHA-256 of the use and the value.
func (s *sealer) key(use string, value []byte) []byte {
	m := hmac.New(sha256.New, s.search)
	m.Write([]byte(use + "\x00"))
	m.Write(value)
	return m.Sum(nil)
}
