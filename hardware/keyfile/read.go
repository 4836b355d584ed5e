package keyfile

import (
	"bytes"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Read opens a PKCS#12 file in DER with an RSA key: the files [Write] makes, and what OpenSSL 3 and Java write by themselves.
// At most [MaxSize] bytes are read and [MaxIterations] steps of key derivation spent.
//
// Errors: [ErrPassword] when the password is wrong; [ErrDamaged] when the file is not whole, also when its MAC does not match although
// the password opens one of its parts; [ErrUnsupported] for RC2, for indefinite lengths, for other kinds of key; [ErrTooLarge].
func Read(r io.Reader, password Password) (Entry, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return Entry{}, fmt.Errorf("read key file: %w", err)
	}
	if len(data) > MaxSize {
		return Entry{}, fmt.Errorf("read key file: %w", ErrTooLarge)
	}
	entry, err := decode(data, password)
	if err != nil {
		return Entry{}, fmt.Errorf("read key file: %w", err)
	}
	return entry, nil
}

func decode(data []byte, password Password) (Entry, error) {
	if err := password.usable(); err != nil {
		return Entry{}, err
	}
	f, err := parseFile(data)
	if err != nil {
		return Entry{}, err
	}
	if f.cost() > MaxIterations {
		return Entry{}, fmt.Errorf("%w: it asks for %d steps of key derivation", ErrUnsupported, f.cost())
	}
	if !f.authentic(password) {
		// RFC 7292 §5.1 makes no difference between a wrong password and a changed file. A part that still opens does.
		if f.opensAnyPart(password) {
			return Entry{}, fmt.Errorf("%w: its contents were changed", ErrDamaged)
		}
		return Entry{}, ErrPassword
	}
	return f.open(password)
}

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

// cost is how many steps of key derivation it takes to open what is known of the file: each part needs a key and an initial vector.
func (f *file) cost() int {
	total := f.macRounds
	for _, part := range f.safes {
		total += 2 * part.scheme.iterations
	}
	for _, part := range f.keys {
		total += 2 * part.scheme.iterations
	}
	return total
}

// authentic checks the MAC.
func (f *file) authentic(password Password) bool {
	return hmac.Equal(f.mac, macOf(f.macDigest, password, f.macSalt, f.macRounds, f.content))
}

// opensAnyPart says whether the password decrypts at least one part to something well formed.
func (f *file) opensAnyPart(password Password) bool {
	for _, key := range f.keys {
		if plain, err := key.scheme.decrypt(password, key.data); err == nil && isSequence(plain) {
			return true
		}
	}
	for _, safe := range f.safes {
		if plain, err := safe.scheme.decrypt(password, safe.data); err == nil && isSequence(plain) {
			return true
		}
	}
	return false
}

// isSequence says whether der is exactly one SEQUENCE: chance gives that to fewer than one wrong password in a million,
// after a padding that chance gives to one in 256.
func isSequence(der []byte) bool {
	in := cryptobyte.String(der)
	var inner cryptobyte.String
	return in.ReadASN1(&inner, cbasn1.SEQUENCE) && in.Empty()
}

// open decrypts an authentic file and puts key, certificate and chain together.
func (f *file) open(password Password) (Entry, error) {
	opened := &file{keys: f.keys, plainCerts: f.plainCerts, macRounds: f.cost()}
	for _, safe := range f.safes {
		plain, err := safe.scheme.decrypt(password, safe.data)
		if err != nil {
			return Entry{}, fmt.Errorf("%w: an authentic part does not open", ErrDamaged)
		}
		if err := opened.parseBags(plain); err != nil {
			return Entry{}, err
		}
	}
	if opened.cost() > 2*MaxIterations { // keys may lie inside an encrypted part, and are known only now
		return Entry{}, fmt.Errorf("%w: it asks for %d steps of key derivation", ErrUnsupported, opened.cost())
	}
	if len(opened.keys) != 1 {
		return Entry{}, fmt.Errorf("%w: %d keys in one file", ErrUnsupported, len(opened.keys))
	}
	key, err := openKey(opened.keys[0], password)
	if err != nil {
		return Entry{}, err
	}
	return assemble(key, opened.keys[0].id, opened.plainCerts)
}

func openKey(part sealedPart, password Password) (*rsa.PrivateKey, error) {
	plain, err := part.scheme.decrypt(password, part.data)
	if err != nil {
		return nil, fmt.Errorf("%w: its key does not open", ErrDamaged)
	}
	defer clear(plain)
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: its key is not an RSA key in PKCS#8", ErrUnsupported)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%w: its key is not RSA", ErrUnsupported)
	}
	return key, nil
}

// assemble finds the certificate of the key (by public key, the one proof there is) and orders the rest from issuer to root.
func assemble(key *rsa.PrivateKey, id []byte, bags []bag) (Entry, error) {
	entry := Entry{Key: key}
	var rest []*x509.Certificate
	for _, b := range bags {
		public, ok := b.cert.PublicKey.(*rsa.PublicKey)
		if ok && key.PublicKey.Equal(public) && (entry.Certificate == nil || id != nil && bytes.Equal(b.id, id)) {
			if entry.Certificate != nil {
				rest = append(rest, entry.Certificate)
			}
			entry.Certificate = b.cert
			continue
		}
		rest = append(rest, b.cert)
	}
	if entry.Certificate == nil {
		return Entry{}, fmt.Errorf("%w: it has no certificate for its key", ErrUnsupported)
	}
	for last := entry.Certificate; len(rest) > 0; {
		next := 0 // where no issuer is found the order of the file stands
		for i, cert := range rest {
			if bytes.Equal(cert.RawSubject, last.RawIssuer) {
				next = i
				break
			}
		}
		last = rest[next]
		entry.Chain = append(entry.Chain, last)
		rest = append(rest[:next], rest[next+1:]...)
	}
	return entry, nil
}
