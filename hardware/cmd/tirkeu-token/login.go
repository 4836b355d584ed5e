//go:build cgo

package main

import (
	"errors"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// login enters a PIN: one C_Login and never a second one, whatever it returns.
func (m *module) login(t *present, r *wire.Request, a *wire.Answer) error {
	h, err := m.anew(t)
	if err != nil {
		return err
	}
	err = m.p.Login(h, pkcs11.CKU_USER, string(r.PIN))
	if err != nil {
		if errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
			_ = m.p.Logout(h) // the token did not look at the PIN: that is no login
		}
		_ = m.p.CloseSession(h)
		return m.afterPIN(t, a, err)
	}
	m.session++
	t.login = &login{number: m.session, handle: h, private: map[string]pkcs11.ObjectHandle{}}
	a.Session = m.session
	return m.afterPIN(t, a, nil)
}

// anew ends the token's session, if there is one, and opens another: each PIN that is entered begins so.
func (m *module) anew(t *present) (pkcs11.SessionHandle, error) {
	err := m.logout(t)
	if err != nil {
		return 0, err
	}
	return m.open(t)
}

// open opens a session to write on the token that appeared, and on no other plug of the slot: the watching session, still alive after the new one was
// opened, shows that both are on the same. Without that a PIN would go to whatever was plugged in since the last look.
func (m *module) open(t *present) (pkcs11.SessionHandle, error) {
	h, err := m.p.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err == nil && !m.alive(t) {
		_ = m.p.CloseSession(h)
		err = pulled
	}
	return h, err
}

// changePIN has the token change the user's PIN; the session stays.
func (m *module) changePIN(t *present, l *login, r *wire.Request, a *wire.Answer) error {
	err := m.p.SetPIN(l.handle, string(r.PIN), string(r.NewPIN))
	return m.afterPIN(t, a, err)
}

// afterPIN tells the kiosk at once what the token's flags have become, and calls the last wrong try what it is.
func (m *module) afterPIN(t *present, a *wire.Answer, err error) error {
	if m.refresh(t) == nil {
		info := t.info
		a.Slot = &info
	}
	switch said := faultOf(err); {
	case said == wire.FaultPINIncorrect && t.info.PINLocked:
		return fault{wire.FaultPINLocked, code(err)}
	case said == wire.FaultAdminWrong && t.info.AdminLocked:
		return fault{wire.FaultAdminLocked, code(err)}
	}
	return err
}

// logout ends the token's session, if there is one. All object handles die with it.
func (m *module) logout(t *present) error {
	if t.login == nil {
		return nil
	}
	h := t.login.handle
	t.login = nil
	err := m.p.Logout(h)
	if errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN)) {
		err = nil
	}
	closing := m.p.CloseSession(h)
	if err == nil {
		err = closing
	}
	return err
}
