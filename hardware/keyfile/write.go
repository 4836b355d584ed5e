package keyfile

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// saltSize is the authority's own; Java writes the same.
const saltSize = 20

// Write writes entry as one PKCS#12 file in DER (RFC 7292). The certificate that belongs to the key and the key carry the same friendlyName
// (the key identifier in hex) and localKeyID (its octets), as the authority's files do; the chain carries neither.
// An entry whose certificate is of another key is refused. The password is not held against the rules here: see [CheckPassword].
func Write(w io.Writer, entry Entry, password Password, options Options) error {
	if err := entry.check(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := password.usable(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	der, err := encode(entry, password, options)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if _, err := w.Write(der); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

func encode(entry Entry, password Password, options Options) ([]byte, error) {
	if options.Iterations == 0 {
		options.Iterations = defaultIterations
	}
	if options.Iterations < 1 || options.Iterations > MaxIterations/8 {
		return nil, fmt.Errorf("%d iterations are out of bounds", options.Iterations)
	}
	if options.Rand == nil {
		options.Rand = rand.Reader
	}
	id, err := KeyID(entry.Certificate)
	if err != nil {
		return nil, err
	}
	certs, err := sealCertificates(entry, id, password, options)
	if err != nil {
		return nil, fmt.Errorf("seal the certificates: %w", err)
	}
	key, err := shroudKey(entry, id, password, options)
	if err != nil {
		return nil, fmt.Errorf("shroud the key: %w", err)
	}
	// AuthenticatedSafe (RFC 7292 §4.1): the certificates encrypted, the key in a plain content, itself shrouded.
	var safe cryptobyte.Builder
	safe.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(certs)
		addData(b, key)
	})
	content, err := safe.Bytes()
	if err != nil {
		return nil, err
	}
	return addMAC(content, password, options)
}

// newScheme is a fresh scheme of the wanted kind.
func newScheme(options Options) (scheme, error) {
	s := scheme{cipher: cipher3DES, salt: make([]byte, saltSize), iterations: options.Iterations}
	if _, err := io.ReadFull(options.Rand, s.salt); err != nil {
		return s, fmt.Errorf("draw a salt: %w", err)
	}
	if options.Cipher == AES {
		s.cipher, s.prf, s.iv = cipherAES256, &digestSHA256, make([]byte, cipherAES256.block)
		if _, err := io.ReadFull(options.Rand, s.iv); err != nil {
			return s, fmt.Errorf("draw an initial vector: %w", err)
		}
	}
	return s, nil
}

// sealCertificates is the ContentInfo of type encrypted-data (RFC 5652 §8) that holds certificate and chain.
func sealCertificates(entry Entry, id []byte, password Password, options Options) ([]byte, error) {
	var bags cryptobyte.Builder
	bags.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addCertBag(b, entry.Certificate, id)
		for _, cert := range entry.Chain {
			addCertBag(b, cert, nil)
		}
	})
	plain, err := bags.Bytes()
	if err != nil {
		return nil, err
	}
	s, err := newScheme(options)
	if err != nil {
		return nil, err
	}
	sealed, err := s.encrypt(password, plain)
	if err != nil {
		return nil, err
	}
	var out cryptobyte.Builder
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidEncryptedData)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(0) // version: no unprotected attributes
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidData)
					s.add(b)
					b.AddASN1(implicit(0), func(b *cryptobyte.Builder) { b.AddBytes(sealed) })
				})
			})
		})
	})
	return out.Bytes()
}

// shroudKey is the SafeContents with the one PKCS8ShroudedKeyBag (RFC 7292 §4.2.2).
func shroudKey(entry Entry, id []byte, password Password, options Options) ([]byte, error) {
	plain, err := marshalPrivate(entry.Key)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	s, err := newScheme(options)
	if err != nil {
		return nil, err
	}
	sealed, err := s.encrypt(password, plain)
	if err != nil {
		return nil, err
	}
	var out cryptobyte.Builder
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidShroudedKeyBag)
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // EncryptedPrivateKeyInfo, RFC 5958 §3
					s.add(b)
					b.AddASN1OctetString(sealed)
				})
			})
			addAttributes(b, id)
		})
	})
	return out.Bytes()
}

// addCertBag adds one certificate (RFC 7292 §4.2.3), named by id where it is the key's own.
func addCertBag(b *cryptobyte.Builder, cert *x509.Certificate, id []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidCertBag)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidX509Certificate)
				b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(cert.Raw) })
			})
		})
		if id != nil {
			addAttributes(b, id)
		}
	})
}

// addAttributes adds friendlyName and localKeyID (RFC 2985 §5.5), in the order DER wants them in a SET: the shorter encoding first.
func addAttributes(b *cryptobyte.Builder, id []byte) {
	name, err := bmpString(hex.EncodeToString(id))
	if err != nil {
		b.SetError(err)
		return
	}
	attribute := func(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, tag cbasn1.Tag, value []byte) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(value) })
			})
		})
	}
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		attribute(b, oidLocalKeyID, cbasn1.OCTET_STRING, id)
		attribute(b, oidFriendlyName, tagBMPString, name)
	})
}

// addData adds a ContentInfo of type data.
func addData(b *cryptobyte.Builder, content []byte) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidData)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
	})
}

// addMAC wraps the AuthenticatedSafe into the PFX with its MacData (RFC 7292 §4).
func addMAC(content []byte, password Password, options Options) ([]byte, error) {
	d := digestSHA1
	if options.Cipher == AES {
		d = digestSHA256
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(options.Rand, salt); err != nil {
		return nil, fmt.Errorf("draw a salt: %w", err)
	}
	sum := macOf(d, password, salt, options.Iterations, content)
	var pfx cryptobyte.Builder
	pfx.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		addData(b, content)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(d.oid)
					b.AddASN1NULL()
				})
				b.AddASN1OctetString(sum)
			})
			b.AddASN1OctetString(salt)
			b.AddASN1Int64(int64(options.Iterations))
		})
	})
	return pfx.Bytes()
}
