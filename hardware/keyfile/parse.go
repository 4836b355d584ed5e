package keyfile

import (
	"bytes"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// file is a PFX (RFC 7292 §4) taken apart. Its sealed parts are closed until [file.open].
type file struct {
	content               []byte   // octets the MAC is over: the AuthenticatedSafe as it was written
	mac                   *macData // nil: there is none
	parts                 []part
	berOutside, berInside bool // whether the file, and the AuthenticatedSafe in it, were written in BER
}

// macData is MacData.
type macData struct {
	digest     digest
	sum, salt  []byte
	iterations int
}

// part is one ContentInfo of the AuthenticatedSafe.
type part struct {
	seal   *scheme // nil: its bags lie open
	sealed []byte
	bags   []bag
	more   bool // attributes outside the seal (RFC 5652 §8), which nobody writes and nothing here looks into
}

// parseFile reads PFX, AuthenticatedSafe and the bags that lie open.
func parseFile(data []byte) (*file, error) {
	if len(data) == 0 || data[0] != byte(cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("%w: it is not a PKCS#12 file", ErrDamaged)
	}
	der, err := definite(data)
	if err != nil {
		return nil, err
	}
	f := &file{berOutside: !bytes.Equal(der, data)}
	in := cryptobyte.String(der)
	var pfx, content, mac cryptobyte.String
	var version int
	if !in.ReadASN1(&pfx, cbasn1.SEQUENCE) || !pfx.ReadASN1Integer(&version) {
		return nil, fmt.Errorf("%w: it is not a PKCS#12 file", ErrDamaged)
	}
	if version != 3 { // RFC 7292 §4
		return nil, fmt.Errorf("%w: version %d", ErrDamaged, version)
	}
	oid, ok := readContentInfo(&pfx, &content)
	if !ok {
		return nil, fmt.Errorf("%w: its contents", ErrDamaged)
	}
	if !oid.Equal(oidData) { // signed contents (RFC 7292 §3.1, public-key integrity) are written by nobody
		return nil, fmt.Errorf("%w: contents of type %v", ErrUnsupported, oid)
	}
	if !content.ReadASN1Bytes(&f.content, cbasn1.OCTET_STRING) || !content.Empty() {
		return nil, fmt.Errorf("%w: its contents", ErrDamaged)
	}
	if !pfx.Empty() {
		if !pfx.ReadASN1(&mac, cbasn1.SEQUENCE) || !pfx.Empty() {
			return nil, fmt.Errorf("%w: its MAC", ErrDamaged)
		}
		if f.mac, err = readMAC(mac); err != nil {
			return nil, err
		}
	}
	return f, f.readParts()
}

// readContentInfo reads one ContentInfo; content is what its [0] holds.
func readContentInfo(in, content *cryptobyte.String) (asn1.ObjectIdentifier, bool) {
	var info cryptobyte.String
	var oid asn1.ObjectIdentifier
	ok := in.ReadASN1(&info, cbasn1.SEQUENCE) && info.ReadASN1ObjectIdentifier(&oid) && info.ReadASN1(content, explicit(0)) && info.Empty()
	return oid, ok
}

func readMAC(mac cryptobyte.String) (*macData, error) {
	var info cryptobyte.String
	m := &macData{iterations: 1} // DEFAULT 1
	if !mac.ReadASN1(&info, cbasn1.SEQUENCE) {
		return nil, fmt.Errorf("%w: its MAC", ErrDamaged)
	}
	var err error
	if m.digest, err = readDigest(&info); err != nil {
		return nil, err
	}
	if !info.ReadASN1Bytes(&m.sum, cbasn1.OCTET_STRING) || !info.Empty() || !mac.ReadASN1Bytes(&m.salt, cbasn1.OCTET_STRING) ||
		!(mac.Empty() || mac.ReadASN1Integer(&m.iterations)) || !mac.Empty() {
		return nil, fmt.Errorf("%w: its MAC", ErrDamaged)
	}
	return m, bounded(m.salt, m.iterations)
}

// readParts reads the AuthenticatedSafe: sealed parts are kept closed, open ones are read.
func (f *file) readParts() error {
	der, err := definite(f.content)
	if err != nil {
		return err
	}
	f.berInside = !bytes.Equal(der, f.content)
	in := cryptobyte.String(der)
	var safes cryptobyte.String
	if !in.ReadASN1(&safes, cbasn1.SEQUENCE) {
		return fmt.Errorf("%w: its parts", ErrDamaged)
	}
	for !safes.Empty() {
		var content cryptobyte.String
		oid, ok := readContentInfo(&safes, &content)
		if !ok || len(f.parts) >= maxBags {
			return fmt.Errorf("%w: its parts", ErrDamaged)
		}
		var p part
		switch {
		case oid.Equal(oidEncryptedData):
			p, err = readSealedPart(content)
		case oid.Equal(oidData):
			var plain []byte
			if !content.ReadASN1Bytes(&plain, cbasn1.OCTET_STRING) || !content.Empty() {
				return fmt.Errorf("%w: an open part", ErrDamaged)
			}
			p.bags, err = readBags(plain, f.room())
		default: // enveloped contents (RFC 7292 §3.1, public-key privacy) are written by nobody
			err = fmt.Errorf("%w: a part of type %v", ErrUnsupported, oid)
		}
		if err != nil {
			return err
		}
		f.parts = append(f.parts, p)
	}
	return nil
}

// room is how many bags may still come.
func (f *file) room() int {
	room := maxBags
	for _, p := range f.parts {
		room -= len(p.bags)
	}
	return room
}

// readSealedPart reads EncryptedData (RFC 5652 §8).
func readSealedPart(content cryptobyte.String) (part, error) {
	var data, info cryptobyte.String
	var version int
	var oid asn1.ObjectIdentifier
	if !content.ReadASN1(&data, cbasn1.SEQUENCE) || !content.Empty() || !data.ReadASN1Integer(&version) ||
		!data.ReadASN1(&info, cbasn1.SEQUENCE) || !info.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidData) {
		return part{}, fmt.Errorf("%w: a sealed part", ErrDamaged)
	}
	seal, err := readScheme(&info)
	if err != nil {
		return part{}, err
	}
	p := part{seal: &seal}
	if p.sealed, err = readOctets(&info); err != nil || !info.Empty() || !seal.whole(p.sealed) {
		return part{}, fmt.Errorf("%w: a sealed part", ErrDamaged)
	}
	p.more = !data.Empty()
	return p, nil
}

// readOctets reads [0] IMPLICIT OCTET STRING, in one piece or in several (X.690 §8.7): the authority's files have several.
func readOctets(in *cryptobyte.String) ([]byte, error) {
	var whole []byte
	if in.PeekASN1Tag(implicit(0)) && in.ReadASN1Bytes(&whole, implicit(0)) {
		return whole, nil
	}
	var pieces cryptobyte.String
	if !in.ReadASN1(&pieces, explicit(0)) {
		return nil, ErrDamaged
	}
	for !pieces.Empty() {
		var piece []byte
		if !pieces.ReadASN1Bytes(&piece, cbasn1.OCTET_STRING) {
			return nil, ErrDamaged
		}
		whole = append(whole, piece...)
	}
	return whole, nil
}

func explicit(n uint8) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }
func implicit(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific() }
