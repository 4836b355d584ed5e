package keyfile

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/asn1"
	"encoding/hex"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// recipe is a file as others write it. The zero value with keys and certificates gives the authority's dialect: DER outside, BER with indefinite
// lengths inside, the key under 3DES in an open part, then the certificates under RC2-40, SHA-1 and 1024 steps.
type recipe struct {
	keys  []recipeKey
	certs []recipeCert

	password, keyPassword, macPassword string // the last two: as the first
	keyCipher, certCipher              symmetric
	iterations                         int
	noMAC                              bool
	outside, derInside                 bool // BER outside too; DER inside
	pieces                             int  // octets in a piece of the sealed certificates; 0: one piece
	plainKeys, plainCerts              bool
	extra                              []byte // one more SafeBag beside the certificates
	unprotected                        []byte // attributes beside the sealed certificates (RFC 5652 §8)
}

type recipeKey struct {
	pkcs8 []byte
	id    []byte
	name  string
}

type recipeCert struct {
	der  []byte
	id   []byte
	name string
}

// ncaRecipe is an entry as the authority gives it out: without chain.
func ncaRecipe(t testing.TB, entry Entry) recipe {
	t.Helper()
	id, err := KeyID(entry.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	key, err := marshalPrivate(entry.Key)
	if err != nil {
		t.Fatal(err)
	}
	name := hex.EncodeToString(id)
	return recipe{keys: []recipeKey{{key, id, name}}, certs: []recipeCert{{entry.Certificate.Raw, nil, ""}}}
}

// bake writes the file.
func (r recipe) bake(t testing.TB) []byte {
	t.Helper()
	if r.iterations == 0 {
		r.iterations = 1024
	}
	for _, p := range []*string{&r.password, &r.keyPassword, &r.macPassword} {
		if *p == "" {
			*p = testPassword
			if p != &r.password {
				*p = r.password
			}
		}
	}
	if r.keyCipher.name == "" {
		r.keyCipher = cipher3DES
	}
	if r.certCipher.name == "" {
		r.certCipher = cipherNamed("RC2-40")
	}
	keys := node(0x30)
	for _, k := range r.keys {
		keys.add(r.keyBag(t, k))
	}
	certs := node(0x30)
	for _, c := range r.certs {
		certs.add(node(0x30, leafOID(oidCertBag), node(0xa0, node(0x30, leafOID(oidX509Certificate), node(0xa0, leaf(0x04, c.der)))), attributesNode(c.id, c.name)))
	}
	if r.extra != nil {
		certs.add(raw(r.extra))
	}
	var parts []*element
	if len(r.keys) > 0 {
		parts = append(parts, node(0x30, leafOID(oidData), node(0xa0, leaf(0x04, keys.der()))))
	}
	switch {
	case r.plainCerts:
		parts = append(parts, node(0x30, leafOID(oidData), node(0xa0, leaf(0x04, certs.der()))))
	case len(r.certs) > 0 || r.extra != nil:
		id, sealed := r.seal(t, r.certCipher, r.password, certs.der())
		content := leaf(0x80, sealed)
		if r.pieces >= 0 && !r.derInside {
			content = node(0xa0)
			step := r.pieces
			if step == 0 {
				step = len(sealed)
			}
			for rest := sealed; len(rest) > 0; rest = rest[min(step, len(rest)):] {
				content.add(leaf(0x04, rest[:min(step, len(rest))]))
			}
		}
		data := node(0x30, leaf(0x02, []byte{0}), node(0x30, leafOID(oidData), id, content))
		if r.unprotected != nil {
			data.add(raw(r.unprotected))
		}
		parts = append(parts, node(0x30, leafOID(oidEncryptedData), node(0xa0, data)))
	}
	safe := node(0x30, parts...)
	content := safe.ber()
	if r.derInside {
		content = safe.der()
	}
	pfx := node(0x30, leaf(0x02, []byte{3}), node(0x30, leafOID(oidData), node(0xa0, leaf(0x04, content))))
	if !r.noMAC {
		salt := drawn(t, 20)
		sum := macOf(digestSHA1, NewPassword(r.macPassword), salt, r.iterations, content)
		pfx.add(node(0x30, node(0x30, node(0x30, leafOID(digestSHA1.oid), leaf(0x05, nil)), leaf(0x04, sum)), leaf(0x04, salt), leafInt(r.iterations)))
	}
	if r.outside {
		return pfx.ber()
	}
	return pfx.der()
}

func (r recipe) keyBag(t testing.TB, k recipeKey) *element {
	if r.plainKeys {
		return node(0x30, leafOID(oidKeyBag), node(0xa0, raw(k.pkcs8)), attributesNode(k.id, k.name))
	}
	id, sealed := r.seal(t, r.keyCipher, r.keyPassword, k.pkcs8)
	return node(0x30, leafOID(oidShroudedKeyBag), node(0xa0, node(0x30, id, leaf(0x04, sealed))), attributesNode(k.id, k.name))
}

// seal encrypts with a cipher that this package does not write.
func (r recipe) seal(t testing.TB, c symmetric, password string, plain []byte) (id *element, sealed []byte) {
	t.Helper()
	s := scheme{cipher: c, salt: drawn(t, 20), iterations: r.iterations}
	block, iv, err := s.block(NewPassword(password), &meter{})
	if err != nil {
		t.Fatal(err)
	}
	n := c.block - len(plain)%c.block
	sealed = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(sealed, sealed)
	return node(0x30, leafOID(c.oid), node(0x30, leaf(0x04, s.salt), leafInt(s.iterations))), sealed
}

func cipherNamed(name string) symmetric {
	c, ok := find(withSHA1, func(c symmetric) bool { return c.name == name })
	if !ok {
		panic(name)
	}
	return c
}

func drawn(t testing.TB, n int) []byte {
	t.Helper()
	out := make([]byte, n)
	rand.Read(out)
	return out
}

// element is a tree of ASN.1 that can be written in either way.
type element struct {
	tag   byte
	value []byte // of a leaf
	parts []*element
	whole []byte // written already
}

func node(tag byte, parts ...*element) *element { return &element{tag: tag, parts: parts} }
func leaf(tag byte, value []byte) *element      { return &element{tag: tag, value: value} }
func raw(whole []byte) *element                 { return &element{whole: whole} }
func (e *element) add(part *element)            { e.parts = append(e.parts, part) }

func leafOID(oid asn1.ObjectIdentifier) *element {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(oid)
	return raw(b.BytesOrPanic())
}

func leafInt(n int) *element {
	var b cryptobyte.Builder
	b.AddASN1Int64(int64(n))
	return raw(b.BytesOrPanic())
}

func attributesNode(id []byte, name string) *element {
	set := node(0x31)
	if id != nil {
		set.add(node(0x30, leafOID(oidLocalKeyID), node(0x31, leaf(0x04, id))))
	}
	if name != "" {
		text := NewPassword(name).bmp() // which ends with two octets more
		text = text[:len(text)-2]
		set.add(node(0x30, leafOID(oidFriendlyName), node(0x31, leaf(byte(tagBMPString), text))))
	}
	if len(set.parts) == 0 {
		return nil
	}
	return set
}

func (e *element) der() []byte { return e.write(false) }

// ber writes indefinite lengths wherever they are allowed.
func (e *element) ber() []byte { return e.write(true) }

func (e *element) write(indefinite bool) []byte {
	switch {
	case e == nil:
		return nil
	case e.whole != nil:
		return e.whole
	}
	inner := e.value
	for _, part := range e.parts {
		inner = append(inner, part.write(indefinite)...)
	}
	if indefinite && e.tag&byte(0x20) != 0 {
		return append(append([]byte{e.tag, 0x80}, inner...), 0, 0)
	}
	return append(appendHeader(nil, e.tag, len(inner)), inner...)
}

// bagOf is a SafeBag of some kind with a value that means nothing.
func bagOf(kind asn1.ObjectIdentifier, value []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(value) })
	})
	return b.BytesOrPanic()
}
