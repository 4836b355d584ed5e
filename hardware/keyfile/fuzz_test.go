package keyfile

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

// What FuzzOpen does with the octets it is given, so that a MAC and a seal do not keep it from what lies behind them.
const (
	asFile    = iota // they are the file
	asContent        // they are the AuthenticatedSafe; file and MAC are put around
	asBags           // they are the SafeContents of a sealed part
	asKey            // they are the PKCS#8 of a key
	asCert           // they are a certificate
	asKinds
)

// wrapped makes a file of octets.
func wrapped(t testing.TB, data []byte, as byte) []byte {
	t.Helper()
	r := recipe{iterations: 1}
	switch as % asKinds {
	case asContent:
		return macked(data, 1)
	case asBags:
		id, sealed := r.seal(t, cipherNamed("RC2-40"), testPassword, data)
		return macked(node(0x30, node(0x30, leafOID(oidEncryptedData), node(0xa0, node(0x30, leaf(2, []byte{0}), node(0x30, leafOID(oidData), id, leaf(0x80, sealed)))))).der(), 1)
	case asKey:
		r.keys = []recipeKey{{pkcs8: data, id: []byte{1}, name: "01"}}
		r.certs = []recipeCert{{gostPerson().Certificate.Raw, []byte{1}, ""}}
		return r.bake(t)
	case asCert:
		r = ncaRecipe(t, gostPerson())
		r.iterations = 1
		r.certs = append(r.certs, recipeCert{der: data})
		return r.bake(t)
	}
	return data
}

// FuzzOpen reads whatever it is given. The corpus in testdata was made by recipes of this package.
func FuzzOpen(f *testing.F) {
	for _, entry := range []Entry{gostPerson(), signPerson()} {
		r := ncaRecipe(f, entry)
		r.iterations = 1
		whole := r.bake(f)
		f.Add(whole, byte(asFile))
		r.noMAC, r.outside, r.pieces = true, true, 50
		f.Add(r.bake(f), byte(asFile))
		parts, err := parseFile(whole)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(parts.content, byte(asContent))
		f.Add(r.keys[0].pkcs8, byte(asKey))
		f.Add(r.certs[0].der, byte(asCert))
		f.Add(node(0x30, raw(bagOf(oidCRLBag, []byte{5, 0}))).der(), byte(asBags))
	}
	f.Fuzz(func(t *testing.T, data []byte, as byte) {
		if len(data) > MaxSize/2 {
			return
		}
		file := wrapped(t, data, as)
		if taken, err := parseFile(file); err == nil && taken.cost() > 10_000 {
			return // allowed, but no fuzzing
		}
		m := &meter{}
		opened, err := decode(file, NewPassword(testPassword), m)
		if m.spent > MaxIterations {
			t.Fatalf("%d steps", m.spent)
		}
		if err != nil {
			if !errors.Is(err, ErrPassword) && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) {
				t.Fatalf("no clear answer: %v", err)
			}
			return
		}
		for _, k := range opened.contents().Keys {
			if k.Key != nil && k.Certificate != nil && !Belongs(k.Certificate, k.Key) {
				t.Fatal("a certificate was given to another's key")
			}
			if k.Certificate != nil {
				Describe(k.Certificate)
			}
		}
		if entry, err := Read(bytes.NewReader(file), NewPassword(testPassword)); err == nil && entry.check() != nil {
			t.Fatal("an entry came out that could not be written")
		}
		medium := &memoryMedium{data: file}
		err = ChangePassword(context.Background(), medium, "key.p12", NewPassword(testPassword), NewPassword(newPassword), few)
		if err != nil {
			if !bytes.Equal(medium.data, file) || errors.Is(err, ErrUnproven) {
				t.Fatalf("refused with something half done: %v", err)
			}
			return
		}
		changed, err := decode(medium.data, NewPassword(newPassword), &meter{})
		if err != nil || !changed.holds(opened) {
			t.Fatalf("changed to something else: %v", err)
		}
	})
}
