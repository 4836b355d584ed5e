//go:build cgo

package main

import (
	"errors"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// unblock enters the administrator's PIN, once, and gives the user a new PIN (PKCS#11 v2.40 §5.5, C_InitPIN). The token's session ends.
//
// A security officer cannot log in while a read-only session is open (§5.6, CKR_SESSION_READ_ONLY_EXISTS), so the one that watches for a replug
// is closed meanwhile; the officer's own session watches in its stead.
func (m *module) unblock(t *present, r *wire.Request, a *wire.Answer) error {
	h, err := m.anew(t)
	if err != nil {
		return err
	}
	if t.open {
		_ = m.p.CloseSession(t.watch)
		t.open = false
	}
	err = m.resetPIN(h, r)
	m.watch(t)
	_, gone := m.p.GetSessionInfo(h)
	_ = m.p.CloseSession(h)
	if gone != nil {
		// Pulled meanwhile, so that what is watched now may be another plug of it.
		m.drop(t)
		if err == nil {
			err = fault{wire.FaultRemoved, "pulled after the PIN was set"}
		}
		return err
	}
	return m.afterPIN(t, a, err)
}

// resetPIN is the one login and what it is for.
func (m *module) resetPIN(h pkcs11.SessionHandle, r *wire.Request) error {
	err := m.p.Login(h, pkcs11.CKU_SO, string(r.PIN))
	if err != nil {
		return asAdmin(err)
	}
	err = m.p.InitPIN(h, string(r.NewPIN))
	_ = m.p.Logout(h)
	// Some cards have no officer, only a PUK. OpenSC takes that for his PIN, lets anybody log in, and the card looks at it here. Of the fresh PIN
	// neither of these values can be said (§5.5).
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)) || errors.Is(err, pkcs11.Error(pkcs11.CKR_PIN_LOCKED)) {
		return asAdmin(err)
	}
	return err
}

// asAdmin says whose PIN was refused.
func asAdmin(err error) error {
	for refusal, word := range map[pkcs11.Error]wire.Fault{
		pkcs11.CKR_PIN_INCORRECT: wire.FaultAdminWrong, pkcs11.CKR_PIN_INVALID: wire.FaultAdminWrong,
		pkcs11.CKR_PIN_LOCKED: wire.FaultAdminLocked, pkcs11.CKR_PIN_LEN_RANGE: wire.FaultAdminLength,
	} {
		if errors.Is(err, refusal) {
			return fault{word, code(err)}
		}
	}
	return err
}
