//go:build cgo

package main

import (
	"errors"
	"strings"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// flagsSince is the first OpenSC whose C_GenerateKeyPair writes the access flags of a key to the card (its change b88c3ffc8); Debian 12 has 0.23.
var flagsSince = pkcs11.Version{Major: 0, Minor: 24}

// keepsNoFlags says whether the module says CKA_LOCAL, CKA_NEVER_EXTRACTABLE and CKA_SENSITIVE are false of every key pair that was made through it.
func (m *module) keepsNoFlags() bool {
	info, err := m.p.GetInfo()
	if err != nil || !strings.HasPrefix(info.ManufacturerID, "OpenSC Project") {
		return false
	}
	v := info.LibraryVersion
	return v.Major == flagsSince.Major && v.Minor < flagsSince.Minor
}

// vouch fills in what such a module leaves out of the key pair it has just made for us. Its C_GenerateKeyPair has one way, which is to let the card
// do it (framework-pkcs15.c of 0.23, pkcs15_gen_keypair): so the key is local. That it cannot leave is not believed but tried: each of its secret
// parts is asked for, and each time the module has to say that it is sensitive. Of other keys nothing is known, and nothing is said.
func (m *module) vouch(h pkcs11.SessionHandle, o pkcs11.ObjectHandle, k *wire.Key) {
	if k.Extractable || !m.keepsNoFlags() {
		return
	}
	for _, part := range []uint{pkcs11.CKA_PRIVATE_EXPONENT, pkcs11.CKA_PRIME_1, pkcs11.CKA_PRIME_2, pkcs11.CKA_EXPONENT_1, pkcs11.CKA_EXPONENT_2, pkcs11.CKA_COEFFICIENT} {
		_, err := m.p.GetAttributeValue(h, o, []*pkcs11.Attribute{attr(part, nil)})
		if !errors.Is(err, pkcs11.Error(pkcs11.CKR_ATTRIBUTE_SENSITIVE)) {
			return
		}
	}
	k.Local, k.NeverExtractable, k.Sensitive = true, true, true
}
