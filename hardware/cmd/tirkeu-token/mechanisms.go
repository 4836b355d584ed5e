//go:build cgo

package main

import "github.com/miekg/pkcs11"

// gost512KeyPairGen is CKM_GOSTR3410_512_KEY_PAIR_GEN in the numbers that makers of GOST tokens share (technical committee 26's additions to
// PKCS#11: NSSCK_VENDOR_PKCS11_RU_TEAM | 5). The standard's own CKM_GOSTR3410_KEY_PAIR_GEN, 0x1200, makes 256-bit keys, which the authority does
// not certify.
const gost512KeyPairGen = 0xd4321005

// makes says of which kinds the token's module claims to make key pairs. A module without a list is taken to make RSA keys, as all do.
func (m *module) makes(slot uint) (rsa, gost bool) {
	list, err := m.p.GetMechanismList(slot)
	if err != nil || len(list) == 0 {
		return true, false
	}
	for _, mechanism := range list {
		rsa = rsa || mechanism.Mechanism == pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN
		gost = gost || mechanism.Mechanism == gost512KeyPairGen
	}
	return rsa, gost
}
