package keyfile

import (
	"crypto/rand"
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
// (the key identifier in hex) and localKeyID (its octets), as the authority's files do; the chain carries neither. A GOST key is written as the authority
// writes it. An entry whose certificate is of another key is refused. The password is not held against the rules here: see [CheckPassword].
func Write(w io.Writer, entry Entry, password Password, options Options) error {
	if err := entry.check(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := password.usable(); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	parts, err := partsOf(entry)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer (&file{parts: parts}).wipe()
	der, err := encode(parts, password, options)
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if _, err := w.Write(der); err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	return nil
}

// partsOf lays out a new file: the certificates sealed, then the key in an open part, itself shrouded.
func partsOf(entry Entry) ([]part, error) {
	id, err := KeyID(entry.Certificate)
	if err != nil {
		return nil, err
	}
	named, err := attributesOf(id)
	if err != nil {
		return nil, err
	}
	key, err := marshalPrivate(entry.Key)
	if err != nil {
		return nil, err
	}
	certs := []bag{{kind: oidCertBag, cert: entry.Certificate.Raw, attributes: named}}
	for _, cert := range entry.Chain {
		certs = append(certs, bag{kind: oidCertBag, cert: cert.Raw})
	}
	return []part{{seal: &scheme{}, bags: certs}, {bags: []bag{{kind: oidShroudedKeyBag, key: key, attributes: named}}}}, nil
}

// attributesOf gives friendlyName and localKeyID (RFC 2985 §5.5), in the order DER wants them in a SET: the shorter encoding first.
func attributesOf(id []byte) ([]byte, error) {
	name, err := bmpString(hex.EncodeToString(id))
	if err != nil {
		return nil, err
	}
	var out cryptobyte.Builder
	attribute := func(oid asn1.ObjectIdentifier, tag cbasn1.Tag, value []byte) {
		out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(value) })
			})
		})
	}
	attribute(oidLocalKeyID, cbasn1.OCTET_STRING, id)
	attribute(oidFriendlyName, tagBMPString, name)
	return out.Bytes()
}

// encode writes a PFX of parts: those with a seal are sealed anew, and so is every key, whatever it was sealed with before.
func encode(parts []part, password Password, options Options) ([]byte, error) {
	if options.Iterations == 0 {
		options.Iterations = defaultIterations
	}
	if options.Iterations < 1 || options.Iterations > MaxIterations/8 {
		return nil, fmt.Errorf("%d iterations are out of bounds", options.Iterations)
	}
	if options.Rand == nil {
		options.Rand = rand.Reader
	}
	var infos []byte
	for _, p := range parts {
		bags, err := encodeBags(p.bags, password, options)
		if err != nil {
			return nil, err
		}
		var info []byte
		if p.seal == nil {
			var b cryptobyte.Builder
			addData(&b, bags)
			info, err = b.Bytes()
		} else {
			info, err = seal(bags, password, options)
		}
		if err != nil {
			return nil, err
		}
		infos = append(infos, info...)
	}
	var safe cryptobyte.Builder // AuthenticatedSafe, RFC 7292 §4.1
	safe.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(infos) })
	content, err := safe.Bytes()
	if err != nil {
		return nil, err
	}
	return addMAC(content, password, options)
}

// encodeBags writes SafeContents (RFC 7292 §4.2).
func encodeBags(bags []bag, password Password, options Options) ([]byte, error) {
	var all []byte
	for _, one := range bags {
		kind, value, err := one.encode(password, options)
		if err != nil {
			return nil, err
		}
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(kind)
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(value) })
			if one.attributes != nil {
				b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) { b.AddBytes(one.attributes) })
			}
		})
		der, err := b.Bytes()
		if err != nil {
			return nil, err
		}
		all = append(all, der...)
	}
	var out cryptobyte.Builder
	out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(all) })
	return out.Bytes()
}

// encode gives a bag's value, and the kind under which it is written: a key is always shrouded (RFC 7292 §4.2.2).
func (b *bag) encode(password Password, options Options) (asn1.ObjectIdentifier, []byte, error) {
	var out cryptobyte.Builder
	switch {
	case b.isKey():
		s, err := newScheme(options)
		if err != nil {
			return nil, nil, err
		}
		sealed, err := s.encrypt(password, b.key)
		if err != nil {
			return nil, nil, fmt.Errorf("shroud the key: %w", err)
		}
		out.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { // EncryptedPrivateKeyInfo, RFC 5958 §3
			s.add(b)
			b.AddASN1OctetString(sealed)
		})
		value, err := out.Bytes()
		return oidShroudedKeyBag, value, err
	case b.value == nil && b.cert != nil: // a new certificate, RFC 7292 §4.2.3
		out.AddASN1(cbasn1.SEQUENCE, func(c *cryptobyte.Builder) {
			c.AddASN1ObjectIdentifier(oidX509Certificate)
			c.AddASN1(explicit(0), func(c *cryptobyte.Builder) { c.AddASN1OctetString(b.cert) })
		})
		value, err := out.Bytes()
		return oidCertBag, value, err
	}
	return b.kind, b.value, nil
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

// seal is the ContentInfo of type encrypted-data (RFC 5652 §8) that holds bags.
func seal(bags []byte, password Password, options Options) ([]byte, error) {
	s, err := newScheme(options)
	if err != nil {
		return nil, err
	}
	sealed, err := s.encrypt(password, bags)
	if err != nil {
		return nil, fmt.Errorf("seal the certificates: %w", err)
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
