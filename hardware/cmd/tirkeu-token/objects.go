//go:build cgo

package main

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"math/big"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// find searches for objects. The search is ended in any case: a session has room for one.
func (m *module) find(h pkcs11.SessionHandle, template ...*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	err := m.p.FindObjectsInit(h, template)
	if err != nil {
		return nil, err
	}
	var all []pkcs11.ObjectHandle
	for len(all) < maxObjects {
		var some []pkcs11.ObjectHandle
		some, _, err = m.p.FindObjects(h, 64)
		if err != nil || len(some) == 0 {
			break
		}
		all = append(all, some...)
	}
	final := m.p.FindObjectsFinal(h)
	if err == nil {
		err = final
	}
	return all, err
}

// findID searches for objects of a class under a CKA_ID.
func (m *module) findID(h pkcs11.SessionHandle, class uint, id []byte) ([]pkcs11.ObjectHandle, error) {
	return m.find(h, attr(pkcs11.CKA_CLASS, class), attr(pkcs11.CKA_ID, id))
}

func attr(kind uint, value any) *pkcs11.Attribute { return pkcs11.NewAttribute(kind, value) }

// octets reads one attribute; nil when the object has none or does not tell. Attributes are read one by one, for modules answer a list
// with one unknown attribute in it in different ways.
func (m *module) octets(h pkcs11.SessionHandle, o pkcs11.ObjectHandle, kind uint) []byte {
	list, err := m.p.GetAttributeValue(h, o, []*pkcs11.Attribute{attr(kind, nil)})
	if err != nil || len(list) != 1 {
		return nil
	}
	return list[0].Value
}

func (m *module) truth(h pkcs11.SessionHandle, o pkcs11.ObjectHandle, kind uint) bool {
	v := m.octets(h, o, kind)
	return len(v) == 1 && v[0] != 0
}

// spki reads an RSA public key off a public or private key object; nil for other keys.
func (m *module) spki(h pkcs11.SessionHandle, o pkcs11.ObjectHandle) []byte {
	modulus, exponent := m.octets(h, o, pkcs11.CKA_MODULUS), m.octets(h, o, pkcs11.CKA_PUBLIC_EXPONENT)
	e := new(big.Int).SetBytes(exponent)
	if len(modulus) == 0 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
		return nil
	}
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(e.Int64())})
	if err != nil {
		return nil
	}
	return der
}

// publicKey finds the public half of a private key: in its own attributes, in the public key object, or in a certificate under its id.
func (m *module) publicKey(h pkcs11.SessionHandle, private pkcs11.ObjectHandle, id []byte) []byte {
	if der := m.spki(h, private); der != nil {
		return der
	}
	if len(id) == 0 {
		return nil
	}
	halves, err := m.findID(h, pkcs11.CKO_PUBLIC_KEY, id)
	if err == nil && len(halves) > 0 {
		if der := m.spki(h, halves[0]); der != nil {
			return der
		}
	}
	written, err := m.findID(h, pkcs11.CKO_CERTIFICATE, id)
	if err == nil && len(written) > 0 {
		return spkiOf(m.octets(h, written[0], pkcs11.CKA_VALUE))
	}
	return nil
}

// spkiOf gives the SubjectPublicKeyInfo in a certificate, nil when it is none.
func spkiOf(der []byte) []byte {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return certificate.RawSubjectPublicKeyInfo
}

// publicKeys lists the public keys everybody may see (CKA_PRIVATE false), by the session that watches the token. Others than RSA keys are left out.
func (m *module) publicKeys(t *present, a *wire.Answer) error {
	if !t.open {
		return fault{wire.FaultUninitialized, "the token takes no session"}
	}
	handles, err := m.find(t.watch, attr(pkcs11.CKA_CLASS, uint(pkcs11.CKO_PUBLIC_KEY)))
	if err != nil {
		return err
	}
	for _, o := range handles {
		if der := m.spki(t.watch, o); der != nil {
			a.Keys = append(a.Keys, wire.Key{ID: m.octets(t.watch, o, pkcs11.CKA_ID), SPKI: der})
		}
	}
	return nil
}

// keys lists the private keys.
func (m *module) keys(l *login, a *wire.Answer) error {
	handles, err := m.find(l.handle, attr(pkcs11.CKA_CLASS, uint(pkcs11.CKO_PRIVATE_KEY)))
	if err != nil {
		return err
	}
	written, err := m.certificates(l.handle)
	if err != nil {
		return err
	}
	for _, o := range handles {
		k := m.key(l.handle, o)
		for _, c := range written {
			if bytes.Equal(c.ID, k.ID) && k.SPKI != nil && bytes.Equal(spkiOf(c.DER), k.SPKI) {
				k.HasCertificate = true
			}
		}
		a.Keys = append(a.Keys, k)
	}
	return nil
}

// key reads what the token tells of a private key.
func (m *module) key(h pkcs11.SessionHandle, o pkcs11.ObjectHandle) wire.Key {
	id := m.octets(h, o, pkcs11.CKA_ID)
	return wire.Key{
		ID: id, Label: string(m.octets(h, o, pkcs11.CKA_LABEL)), SPKI: m.publicKey(h, o, id),
		Local:            m.truth(h, o, pkcs11.CKA_LOCAL),
		NeverExtractable: m.truth(h, o, pkcs11.CKA_NEVER_EXTRACTABLE),
		Extractable:      m.truth(h, o, pkcs11.CKA_EXTRACTABLE),
		Sensitive:        m.truth(h, o, pkcs11.CKA_SENSITIVE),
	}
}

// privateKey finds a private key by CKA_ID, once a login. Two keys under one id cannot be told apart: that is an error.
func (m *module) privateKey(l *login, id []byte) (pkcs11.ObjectHandle, error) {
	if o, found := l.private[string(id)]; found {
		return o, nil
	}
	handles, err := m.findID(l.handle, pkcs11.CKO_PRIVATE_KEY, id)
	if err != nil {
		return 0, err
	}
	switch len(handles) {
	case 0:
		return 0, fault{wire.FaultNotFound, "no private key under this id"}
	case 1:
		l.private[string(id)] = handles[0]
		return handles[0], nil
	default:
		return 0, fault{wire.FaultToken, "several private keys under one id"}
	}
}
