package keyfile

import (
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// bag is one SafeBag (RFC 7292 §4.2).
type bag struct {
	kind       asn1.ObjectIdentifier
	value      []byte // what its [0] holds, in DER; nil for a key
	attributes []byte // the contents of its set of attributes, nil where it has none
	name       string // friendlyName
	id         []byte // localKeyID
	trusted    bool   // marked by Java as a trusted certificate

	seal   *scheme // of a shrouded key
	sealed []byte
	key    []byte // PKCS#8 of a key, once it is open
	cert   []byte // DER of a certificate
}

// isKey says whether the bag holds a private key.
func (b *bag) isKey() bool { return b.kind.Equal(oidShroudedKeyBag) || b.kind.Equal(oidKeyBag) }

// readBags reads SafeContents (RFC 7292 §4.2), at most room bags. Kinds that are not known are kept as they are.
func readBags(ber []byte, room int) ([]bag, error) {
	der, err := definite(ber)
	if err != nil {
		return nil, err
	}
	in := cryptobyte.String(der)
	var all cryptobyte.String
	if !in.ReadASN1(&all, cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("%w: a list of bags", ErrDamaged)
	}
	var bags []bag
	for !all.Empty() {
		var one, value cryptobyte.String
		var b bag
		if !all.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&b.kind) || !one.ReadASN1(&value, explicit(0)) {
			return nil, fmt.Errorf("%w: a bag", ErrDamaged)
		}
		if len(bags) >= room {
			return nil, fmt.Errorf("%w: it holds more than %d things", ErrUnsupported, maxBags)
		}
		if err := b.readAttributes(one); err != nil {
			return nil, err
		}
		if err := b.readValue(value); err != nil {
			return nil, err
		}
		bags = append(bags, b)
	}
	return bags, nil
}

// readValue reads keys and certificates.
func (b *bag) readValue(value cryptobyte.String) error {
	b.value = value
	switch {
	case b.kind.Equal(oidShroudedKeyBag): // EncryptedPrivateKeyInfo, RFC 5958 §3
		var info cryptobyte.String
		if !value.ReadASN1(&info, cbasn1.SEQUENCE) || !value.Empty() {
			return fmt.Errorf("%w: a key", ErrDamaged)
		}
		seal, err := readScheme(&info)
		if err != nil {
			return err
		}
		if !info.ReadASN1Bytes(&b.sealed, cbasn1.OCTET_STRING) || !info.Empty() || !seal.whole(b.sealed) {
			return fmt.Errorf("%w: a key", ErrDamaged)
		}
		b.value, b.seal = nil, &seal
	case b.kind.Equal(oidKeyBag):
		b.value, b.key = nil, value
	case b.kind.Equal(oidCertBag):
		var one, content cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !value.ReadASN1(&one, cbasn1.SEQUENCE) || !value.Empty() || !one.ReadASN1ObjectIdentifier(&oid) || !one.ReadASN1(&content, explicit(0)) {
			return fmt.Errorf("%w: a certificate", ErrDamaged)
		}
		// Another type of certificate (SDSI) stays a bag that is not looked into.
		if oid.Equal(oidX509Certificate) && (!content.ReadASN1Bytes(&b.cert, cbasn1.OCTET_STRING) || !content.Empty() || !one.Empty()) {
			return fmt.Errorf("%w: a certificate", ErrDamaged)
		}
	}
	return nil
}

// readAttributes reads friendlyName and localKeyID (RFC 2985 §5.5) from what follows a bag's value, and keeps all attributes as they are.
func (b *bag) readAttributes(rest cryptobyte.String) error {
	if rest.Empty() {
		return nil
	}
	var set cryptobyte.String
	if !rest.ReadASN1(&set, cbasn1.SET) || !rest.Empty() {
		return fmt.Errorf("%w: a bag's attributes", ErrDamaged)
	}
	b.attributes = set
	for !set.Empty() {
		var attribute, values, name cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !set.ReadASN1(&attribute, cbasn1.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&oid) || !attribute.ReadASN1(&values, cbasn1.SET) {
			return fmt.Errorf("%w: a bag's attributes", ErrDamaged)
		}
		switch {
		case oid.Equal(oidLocalKeyID) && values.PeekASN1Tag(cbasn1.OCTET_STRING): // of another type it means nothing to anybody, and is kept
			values.ReadASN1Bytes(&b.id, cbasn1.OCTET_STRING)
		case oid.Equal(oidFriendlyName) && values.PeekASN1Tag(tagBMPString):
			values.ReadASN1(&name, tagBMPString)
			b.name = fromBMPString(name)
		case oid.Equal(oidTrustedKeyUsage):
			b.trusted = true
		}
	}
	return nil
}

const tagBMPString = cbasn1.Tag(30)
