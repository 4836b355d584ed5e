package gost

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
)

// Written by hand after НУЦ's certificates and after OpenSSL's gost engine; the base point is the public half of 1.
const (
	kazakhHeader  = "3081ac 3023 06092a830e030a01010202 3016 060a2a830e030a0101020201 06082a830e030a010303 03818400 048180"
	russianHeader = "3081aa 3021 06082a85030701010102 3015 06092a850307010201020106082a85030701010203 03818400 048180"
	// RFC 9215 §4.2 would have the digest left out.
	bareHeader = "3081a0 3017 06082a85030701010102 300b 06092a8503070102010201 03818400 048180"
	// Two octet strings, one in the other.
	kazakhPrivate = "306c 020100 3023 06092a830e030a01010202 3016 060a2a830e030a0101020201 06082a830e030a010303 0442 0440"
	// One octet string.
	russianPrivate = "3068 020100 3021 06082a85030701010102 3015 06092a850307010201020106082a85030701010203 0440"
)

// basePoint is the public half of the private key 1.
func basePoint() []byte { return append(lowFirst(setA.x), lowFirst(setA.y)...) }

func oneOctets() []byte { return lowFirst(big.NewInt(1)) }

func TestEncoding_IsThatOfTheOthers(t *testing.T) {
	key, err := NewPrivateKey(oneOctets())
	if err != nil {
		t.Fatal(err)
	}
	for dialect, header := range map[Dialect]string{Kazakh: kazakhHeader, Russian: russianHeader} {
		want := append(unhex(t, header), basePoint()...)
		if got, err := MarshalPublicKey(key.public, dialect); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %x instead of %x: %v", dialect, got, want, err)
		}
	}
	for dialect, header := range map[Dialect]string{Kazakh: kazakhPrivate, Russian: russianPrivate} {
		want := append(unhex(t, header), oneOctets()...)
		if got, err := MarshalPrivateKey(key, dialect); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %x instead of %x: %v", dialect, got, want, err)
		}
	}
	if public, dialect, err := ParsePublicKey(append(unhex(t, bareHeader), basePoint()...)); err != nil || dialect != Russian || !public.Equal(key.public) {
		t.Errorf("without a digest: %v", err)
	}
}

// mixed writes a private key with the parts given, in the form of the dialect or of the other one.
func mixed(t *testing.T, version int, key, set, digest asn1.ObjectIdentifier, octets []byte, more ...asn1.RawValue) []byte {
	t.Helper()
	type parameters struct {
		Set    asn1.ObjectIdentifier
		Digest asn1.ObjectIdentifier `asn1:"optional"`
	}
	type algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters parameters
	}
	parts := []any{version, algorithm{key, parameters{set, digest}}, octets}
	for _, m := range more {
		parts = append(parts, m)
	}
	var inside []byte
	for _, part := range parts {
		der, err := asn1.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		inside = append(inside, der...)
	}
	der, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: inside})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestParsePrivateKey_TakesTheFormsThatAreWritten(t *testing.T) {
	one := oneOctets()
	nested := append([]byte{0x04, 0x40}, one...)
	attributes := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: []byte{0x30, 0x00}}
	public := func(b []byte) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: append([]byte{0}, b...)}
	}
	for _, d := range dialects {
		for name, der := range map[string][]byte{
			"one octet string":          mixed(t, 0, d.KeyOID(), d.ParametersOID(), d.DigestOID(), one),
			"two octet strings":         mixed(t, 0, d.KeyOID(), d.ParametersOID(), d.DigestOID(), nested),
			"no digest":                 mixed(t, 0, d.KeyOID(), d.ParametersOID(), nil, one),
			"attributes":                mixed(t, 0, d.KeyOID(), d.ParametersOID(), d.DigestOID(), one, attributes),
			"public key":                mixed(t, 1, d.KeyOID(), d.ParametersOID(), d.DigestOID(), one, public(basePoint())),
			"attributes, wrapped point": mixed(t, 1, d.KeyOID(), d.ParametersOID(), d.DigestOID(), one, attributes, public(append([]byte{4, 0x81, 0x80}, basePoint()...))),
		} {
			key, got, err := ParsePrivateKey(der)
			if err != nil || got != d || !bytes.Equal(key.Bytes(), one) {
				t.Errorf("%v, %s: %v", d, name, err)
			}
		}
		if _, _, err := ParsePrivateKey(mixed(t, 1, d.KeyOID(), d.ParametersOID(), d.DigestOID(), lowFirst(big.NewInt(2)), public(basePoint()))); !errors.Is(err, ErrRange) {
			t.Errorf("%v, another one's public key: %v", d, err)
		}
	}
}

func TestParse_SaysWhatIsWrongWithAKey(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	must := func(der []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	k := Kazakh
	nineteen := asn1.ObjectIdentifier{1, 2, 643, 7, 1, 2, 1, 2, 2} // 512-B
	one := oneOctets()
	for name, c := range map[string]struct {
		der  []byte
		want error
	}{
		"RSA":                          {must(x509.MarshalPKCS8PrivateKey(rsaKey)), ErrKey},
		"EC":                           {must(x509.MarshalPKCS8PrivateKey(ecKey)), ErrKey},
		"256 bits":                     {mixed(t, 0, asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 2, 1}, k.ParametersOID(), nil, one[:32]), ErrKey},
		"34.310-2004":                  {mixed(t, 0, asn1.ObjectIdentifier{1, 2, 398, 3, 10, 1, 1, 1, 1}, k.ParametersOID(), nil, one), ErrKey},
		"512-B":                        {mixed(t, 0, Russian.KeyOID(), nineteen, nil, one), ErrParameters},
		"the other dialect's set":      {mixed(t, 0, k.KeyOID(), Russian.ParametersOID(), nil, one), ErrParameters},
		"a digest of 256":              {mixed(t, 0, k.KeyOID(), k.ParametersOID(), k.Digest256OID(), one), ErrParameters},
		"version 2":                    {mixed(t, 2, k.KeyOID(), k.ParametersOID(), nil, one), ErrEncoding},
		"version −1":                   {mixed(t, -1, k.KeyOID(), k.ParametersOID(), nil, one), ErrEncoding},
		"63 octets":                    {mixed(t, 0, k.KeyOID(), k.ParametersOID(), nil, one[:63]), ErrEncoding},
		"three octet strings":          {mixed(t, 0, k.KeyOID(), k.ParametersOID(), nil, append([]byte{4, 0x42, 4, 0x40}, one...)), ErrEncoding},
		"zero":                         {mixed(t, 0, k.KeyOID(), k.ParametersOID(), nil, make([]byte, 64)), ErrRange},
		"q":                            {mixed(t, 0, k.KeyOID(), k.ParametersOID(), nil, lowFirst(setA.q)), ErrRange},
		"more behind":                  {append(mixed(t, 0, k.KeyOID(), k.ParametersOID(), nil, one), 0), ErrEncoding},
		"nothing":                      {nil, ErrEncoding},
		"a SubjectPublicKeyInfo":       {append(unhex(t, kazakhHeader), basePoint()...), ErrEncoding},
		"indefinite length, so no DER": {[]byte{0x30, 0x80, 0, 0}, ErrEncoding},
	} {
		if key, _, err := ParsePrivateKey(c.der); !errors.Is(err, c.want) || key != nil {
			t.Errorf("private key, %s: %v", name, err)
		}
	}
	good := append(unhex(t, kazakhHeader), basePoint()...)
	off := bytes.Clone(good)
	off[len(off)-1] ^= 1
	unused := bytes.Replace(bytes.Clone(good), []byte{3, 0x81, 0x84, 0}, []byte{3, 0x81, 0x84, 1}, 1)
	for name, c := range map[string]struct {
		der  []byte
		want error
	}{
		"RSA":             {must(x509.MarshalPKIXPublicKey(rsaKey.Public())), ErrKey},
		"EC":              {must(x509.MarshalPKIXPublicKey(ecKey.Public())), ErrKey},
		"off the curve":   {off, ErrRange},
		"unused bits":     {unused, ErrEncoding},
		"cut":             {good[:len(good)-1], ErrEncoding},
		"more behind":     {append(bytes.Clone(good), 0), ErrEncoding},
		"nothing":         {nil, ErrEncoding},
		"512-B":           {bytes.Replace(append(unhex(t, russianHeader), basePoint()...), unhex(t, "8503070102010201"), unhex(t, "8503070102010202"), 1), ErrParameters},
		"512 for testing": {bytes.Replace(append(unhex(t, russianHeader), basePoint()...), unhex(t, "8503070102010201"), unhex(t, "8503070102010200"), 1), ErrParameters},
	} {
		if key, _, err := ParsePublicKey(c.der); !errors.Is(err, c.want) || key != nil {
			t.Errorf("public key, %s: %v", name, err)
		}
	}
}

func TestIdentifiers_CannotBeWrittenInto(t *testing.T) {
	for _, d := range dialects {
		for _, of := range []func() asn1.ObjectIdentifier{d.KeyOID, d.ParametersOID, d.SignatureOID, d.DigestOID, d.Digest256OID} {
			id := of()
			before := id.String()
			id[len(id)-1] = 99
			if of().String() != before {
				t.Errorf("%v: %s became %s", d, before, of())
			}
		}
	}
}
