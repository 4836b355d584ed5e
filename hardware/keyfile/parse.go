package keyfile

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// file is a PFX taken apart but not opened.
type file struct {
	content    []byte // octets the MAC is over
	mac        []byte
	macSalt    []byte
	macRounds  int
	macDigest  digest
	safes      []sealedPart // encrypted SafeContents
	keys       []sealedPart // shrouded keys that lie in plain SafeContents
	plainCerts []bag
}

// sealedPart is something encrypted with the password.
type sealedPart struct {
	scheme scheme
	data   []byte
	id     []byte // localKeyID of a shrouded key, nil if it has none
}

// bag is a certificate as it lies in the file.
type bag struct {
	cert *x509.Certificate
	id   []byte
}

// parseFile reads PFX, AuthenticatedSafe and the plain SafeContents.
func parseFile(data []byte) (*file, error) {
	in := cryptobyte.String(data)
	var pfx, content, mac cryptobyte.String
	var version int
	if len(data) > 1 && data[0] == 0x30 && data[1] == 0x80 {
		return nil, fmt.Errorf("%w: indefinite lengths", ErrUnsupported)
	}
	if !in.ReadASN1(&pfx, cbasn1.SEQUENCE) || !in.Empty() || !pfx.ReadASN1Integer(&version) {
		return nil, fmt.Errorf("%w: it is not a PKCS#12 file", ErrDamaged)
	}
	if version != 3 { // RFC 7292 §4
		return nil, fmt.Errorf("%w: version %d", ErrDamaged, version)
	}
	oid, ok := readContentInfo(&pfx, &content)
	if !ok {
		return nil, fmt.Errorf("%w: its contents", ErrDamaged)
	}
	if !oid.Equal(oidData) {
		return nil, fmt.Errorf("%w: contents of type %v", ErrUnsupported, oid)
	}
	f := &file{}
	if !content.ReadASN1Bytes(&f.content, cbasn1.OCTET_STRING) || !content.Empty() {
		return nil, fmt.Errorf("%w: its contents", ErrDamaged)
	}
	if pfx.Empty() {
		return nil, fmt.Errorf("%w: no MAC", ErrUnsupported)
	}
	if !pfx.ReadASN1(&mac, cbasn1.SEQUENCE) || !pfx.Empty() {
		return nil, fmt.Errorf("%w: its MAC", ErrDamaged)
	}
	if err := f.parseMAC(mac); err != nil {
		return nil, err
	}
	return f, f.parseSafes()
}

// readContentInfo reads one ContentInfo; content is what its [0] holds.
func readContentInfo(in, content *cryptobyte.String) (asn1.ObjectIdentifier, bool) {
	var info cryptobyte.String
	var oid asn1.ObjectIdentifier
	ok := in.ReadASN1(&info, cbasn1.SEQUENCE) && info.ReadASN1ObjectIdentifier(&oid) && info.ReadASN1(content, explicit(0)) && info.Empty()
	return oid, ok
}

// parseMAC reads MacData.
func (f *file) parseMAC(mac cryptobyte.String) error {
	var info, id cryptobyte.String
	var oid asn1.ObjectIdentifier
	f.macRounds = 1 // DEFAULT 1
	if !mac.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1(&id, cbasn1.SEQUENCE) || !id.ReadASN1ObjectIdentifier(&oid) ||
		!info.ReadASN1Bytes(&f.mac, cbasn1.OCTET_STRING) || !info.Empty() || !mac.ReadASN1Bytes(&f.macSalt, cbasn1.OCTET_STRING) ||
		!(mac.Empty() || mac.ReadASN1Integer(&f.macRounds)) || !mac.Empty() {
		return fmt.Errorf("%w: its MAC", ErrDamaged)
	}
	if !nullOrNothing(id) {
		return fmt.Errorf("%w: its MAC's digest", ErrDamaged)
	}
	switch {
	case oid.Equal(oidSHA1):
		f.macDigest = digestSHA1
	case oid.Equal(oidSHA256):
		f.macDigest = digestSHA256
	default:
		return fmt.Errorf("%w: MAC with digest %v", ErrUnsupported, oid)
	}
	if f.macRounds < 1 || f.macRounds > MaxIterations || len(f.macSalt) > 1024 {
		return fmt.Errorf("%w: its MAC is out of bounds", ErrDamaged)
	}
	return nil
}

// nullOrNothing says whether a digest's or PRF's parameters are NULL or absent (RFC 5754 §2 has both read alike).
func nullOrNothing(params cryptobyte.String) bool {
	var null cryptobyte.String
	return params.Empty() || params.ReadASN1(&null, cbasn1.NULL) && null.Empty() && params.Empty()
}

// parseSafes reads AuthenticatedSafe: encrypted parts are kept closed, plain ones are read.
func (f *file) parseSafes() error {
	if len(f.content) > 1 && f.content[1] == 0x80 {
		return fmt.Errorf("%w: indefinite lengths", ErrUnsupported)
	}
	in := cryptobyte.String(f.content)
	var safes cryptobyte.String
	if !in.ReadASN1(&safes, cbasn1.SEQUENCE) || !in.Empty() {
		return fmt.Errorf("%w: its parts", ErrDamaged)
	}
	for parts := 0; !safes.Empty(); parts++ {
		var content cryptobyte.String
		oid, ok := readContentInfo(&safes, &content)
		if !ok || parts >= maxBags {
			return fmt.Errorf("%w: its parts", ErrDamaged)
		}
		switch {
		case oid.Equal(oidEncryptedData):
			part, err := readEncrypted(content)
			if err != nil {
				return err
			}
			f.safes = append(f.safes, part)
		case oid.Equal(oidData):
			var plain []byte
			if !content.ReadASN1Bytes(&plain, cbasn1.OCTET_STRING) || !content.Empty() {
				return fmt.Errorf("%w: a plain part", ErrDamaged)
			}
			if err := f.parseBags(plain); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: a part of type %v", ErrUnsupported, oid)
		}
	}
	return nil
}

// readEncrypted reads EncryptedData (RFC 5652 §8).
func readEncrypted(content cryptobyte.String) (sealedPart, error) {
	var data, info cryptobyte.String
	var part sealedPart
	var version int
	var oid asn1.ObjectIdentifier
	if !content.ReadASN1(&data, cbasn1.SEQUENCE) || !content.Empty() || !data.ReadASN1Integer(&version) ||
		!data.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&oid) {
		return part, fmt.Errorf("%w: an encrypted part", ErrDamaged)
	}
	var err error
	if part.scheme, err = readScheme(&info); err != nil {
		return part, err
	}
	if !info.ReadASN1Bytes(&part.data, implicit(0)) || !info.Empty() {
		return part, fmt.Errorf("%w: an encrypted part", ErrDamaged)
	}
	return part, nil
}

// parseBags reads SafeContents (RFC 7292 §4.2) and keeps certificates and shrouded keys; bags of other kinds are passed over.
func (f *file) parseBags(plain []byte) error {
	in := cryptobyte.String(plain)
	var bags cryptobyte.String
	if !in.ReadASN1(&bags, cbasn1.SEQUENCE) || !in.Empty() {
		return fmt.Errorf("%w: a list of bags", ErrDamaged)
	}
	for !bags.Empty() {
		var one, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !bags.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) || !one.ReadASN1(&value, explicit(0)) ||
			len(f.plainCerts)+len(f.keys) >= maxBags {
			return fmt.Errorf("%w: a bag", ErrDamaged)
		}
		id, err := readLocalKeyID(one)
		if err != nil {
			return err
		}
		switch {
		case oid.Equal(oidShroudedKeyBag):
			var info cryptobyte.String
			key := sealedPart{id: id}
			if !value.ReadASN1(&info, cbasn1.SEQUENCE) {
				return fmt.Errorf("%w: a key", ErrDamaged)
			}
			if key.scheme, err = readScheme(&info); err != nil {
				return err
			}
			if !info.ReadASN1Bytes(&key.data, cbasn1.OCTET_STRING) {
				return fmt.Errorf("%w: a key", ErrDamaged)
			}
			f.keys = append(f.keys, key)
		case oid.Equal(oidCertBag):
			cert, err := readCertBag(value)
			if err != nil {
				return err
			}
			f.plainCerts = append(f.plainCerts, bag{cert, id})
		case oid.Equal(oidKeyBag):
			return fmt.Errorf("%w: a key without encryption", ErrUnsupported)
		}
	}
	return nil
}

// readLocalKeyID finds localKeyID among a bag's attributes; nil where there is none.
func readLocalKeyID(one cryptobyte.String) ([]byte, error) {
	if one.Empty() {
		return nil, nil
	}
	var set cryptobyte.String
	if !one.ReadASN1(&set, cbasn1.SET) || !one.Empty() {
		return nil, fmt.Errorf("%w: a bag's attributes", ErrDamaged)
	}
	var id []byte
	for !set.Empty() {
		var attribute, values cryptobyte.String
		var oid asn1.ObjectIdentifier
		if !set.ReadASN1(&attribute, cbasn1.SEQUENCE) || !attribute.ReadASN1ObjectIdentifier(&oid) || !attribute.ReadASN1(&values, cbasn1.SET) {
			return nil, fmt.Errorf("%w: a bag's attributes", ErrDamaged)
		}
		if oid.Equal(oidLocalKeyID) && !values.ReadASN1Bytes(&id, cbasn1.OCTET_STRING) {
			return nil, fmt.Errorf("%w: a bag's key identifier", ErrDamaged)
		}
	}
	return id, nil
}

func readCertBag(value cryptobyte.String) (*x509.Certificate, error) {
	var one, content cryptobyte.String
	var oid asn1.ObjectIdentifier
	var der []byte
	if !value.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) || !one.ReadASN1(&content, explicit(0)) {
		return nil, fmt.Errorf("%w: a certificate", ErrDamaged)
	}
	if !oid.Equal(oidX509Certificate) {
		return nil, fmt.Errorf("%w: a certificate of type %v", ErrUnsupported, oid)
	}
	if !content.ReadASN1Bytes(&der, cbasn1.OCTET_STRING) {
		return nil, fmt.Errorf("%w: a certificate", ErrDamaged)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: a certificate: %v", ErrDamaged, err)
	}
	return cert, nil
}
