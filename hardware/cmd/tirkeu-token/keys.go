//go:build cgo

package main

import (
	"bytes"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// generate makes an RSA key pair on the token, both halves under the id asked for.
func (m *module) generate(t *present, l *login, r *wire.Request, a *wire.Answer) error {
	if len(r.KeyID) == 0 {
		return fault{wire.FaultRequest, "no id"}
	}
	err := m.canGenerate(t, r.Bits)
	if err != nil {
		return err
	}
	there, err := m.findID(l.handle, pkcs11.CKO_PRIVATE_KEY, r.KeyID)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		return fault{wire.FaultExists, "a private key has this id"}
	}
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, nil)}
	public, private, err := m.p.GenerateKeyPair(l.handle, mechanism,
		[]*pkcs11.Attribute{
			attr(pkcs11.CKA_TOKEN, true), attr(pkcs11.CKA_PRIVATE, false), attr(pkcs11.CKA_VERIFY, true),
			attr(pkcs11.CKA_MODULUS_BITS, uint(r.Bits)), attr(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}),
			attr(pkcs11.CKA_ID, r.KeyID), attr(pkcs11.CKA_LABEL, r.Label),
		},
		[]*pkcs11.Attribute{
			attr(pkcs11.CKA_TOKEN, true), attr(pkcs11.CKA_PRIVATE, true), attr(pkcs11.CKA_SENSITIVE, true),
			attr(pkcs11.CKA_EXTRACTABLE, false), attr(pkcs11.CKA_SIGN, true),
			attr(pkcs11.CKA_ID, r.KeyID), attr(pkcs11.CKA_LABEL, r.Label),
		})
	if err != nil {
		return err
	}
	for _, half := range []pkcs11.ObjectHandle{public, private} {
		// Some modules give an id of their own, whatever was asked for.
		if !bytes.Equal(m.octets(l.handle, half, pkcs11.CKA_ID), r.KeyID) {
			err = m.p.SetAttributeValue(l.handle, half, []*pkcs11.Attribute{attr(pkcs11.CKA_ID, r.KeyID)})
			if err != nil {
				return err
			}
		}
	}
	k := m.key(l.handle, private)
	if k.SPKI == nil {
		k.SPKI = m.spki(l.handle, public)
	}
	if k.SPKI == nil {
		if !m.alive(t) {
			return fault{wire.FaultRemoved, "pulled after the key was made"}
		}
		return fault{wire.FaultToken, "the new key's public half cannot be read"}
	}
	m.vouch(l.handle, private, &k)
	l.private[string(r.KeyID)] = private
	a.Keys = []wire.Key{k}
	return nil
}

// canGenerate asks the token before it is changed whether it makes such keys.
func (m *module) canGenerate(t *present, bits int) error {
	wanted := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, nil)}
	info, err := m.p.GetMechanismInfo(t.slot, wanted)
	if err != nil {
		return err
	}
	if bits < int(info.MinKeySize) || (info.MaxKeySize > 0 && bits > int(info.MaxKeySize)) {
		return fault{wire.FaultMechanism, "no RSA keys of this length"}
	}
	return nil
}

// sign signs a DigestInfo with CKM_RSA_PKCS (RFC 8017 §8.2.1).
func (m *module) sign(l *login, r *wire.Request, a *wire.Answer) error {
	o, err := m.privateKey(l, r.KeyID)
	if err != nil {
		return err
	}
	err = m.p.SignInit(l.handle, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil)}, o)
	if err != nil {
		return err
	}
	a.Signature, err = m.p.Sign(l.handle, r.Data)
	return err
}

// remove deletes everything under an id: the certificates first, the private key last, so that a removal in between leaves what
// can be deleted again.
func (m *module) remove(l *login, r *wire.Request) error {
	if len(r.KeyID) == 0 {
		return fault{wire.FaultRequest, "no id"}
	}
	delete(l.private, string(r.KeyID))
	some := false
	for _, class := range []uint{pkcs11.CKO_CERTIFICATE, pkcs11.CKO_PUBLIC_KEY, pkcs11.CKO_PRIVATE_KEY} {
		handles, err := m.findID(l.handle, class, r.KeyID)
		if err != nil {
			return err
		}
		for _, o := range handles {
			some = true
			err = m.p.DestroyObject(l.handle, o)
			if err != nil {
				return err
			}
		}
	}
	if !some {
		return fault{wire.FaultNotFound, "nothing under this id"}
	}
	return nil
}
