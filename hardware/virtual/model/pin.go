//go:build cgo

package model

import "github.com/miekg/pkcs11"

// flags are the PINs' states, in the token's own words.
func (t *memory) flags() uint {
	state := func(bad, tries int, low, final, locked uint) uint {
		switch {
		case bad == 0:
			return 0
		case bad >= tries:
			return locked
		case bad+1 == tries:
			return low | final
		}
		return low
	}
	return state(t.bad, t.Tries, pkcs11.CKF_USER_PIN_COUNT_LOW, pkcs11.CKF_USER_PIN_FINAL_TRY, pkcs11.CKF_USER_PIN_LOCKED) |
		state(t.soBad, t.SOTries, pkcs11.CKF_SO_PIN_COUNT_LOW, pkcs11.CKF_SO_PIN_FINAL_TRY, pkcs11.CKF_SO_PIN_LOCKED)
}

// try compares a PIN. It counts before it looks, so that pulling the token in between gains nothing.
func (t *memory) try(pin, right string, bad *int, tries int) error {
	if *bad >= tries {
		return pkcs11.Error(pkcs11.CKR_PIN_LOCKED)
	}
	t.spent++
	*bad++
	switch {
	case pin == right:
		*bad = 0
		return nil
	case *bad >= tries:
		return pkcs11.Error(pkcs11.CKR_PIN_LOCKED)
	}
	return pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)
}

// Login is C_Login for the user and for the security officer.
func (m *Module) Login(h pkcs11.SessionHandle, user uint, pin string) error {
	return m.call("C_Login", func() error {
		s, err := m.on(h)
		if err != nil {
			return err
		}
		t := s.token
		bad, tries, right := &t.bad, t.Tries, t.PIN
		if user == pkcs11.CKU_SO {
			bad, tries, right = &t.soBad, t.SOTries, t.SOPIN
		}
		switch {
		case *bad >= tries:
			return pkcs11.Error(pkcs11.CKR_PIN_LOCKED)
		case user == pkcs11.CKU_SO && m.reading(t):
			return pkcs11.Error(pkcs11.CKR_SESSION_READ_ONLY_EXISTS)
		case *s.user == user:
			return pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)
		case *s.user != nobody:
			return pkcs11.Error(pkcs11.CKR_USER_ANOTHER_ALREADY_LOGGED_IN)
		}
		if err = t.try(pin, right, bad, tries); err != nil {
			return err
		}
		*s.user = user
		return nil
	})
}

// reading says whether a read-only session is open on a token.
func (m *Module) reading(t *memory) bool {
	for _, s := range m.sessions {
		if s.token == t && s.alive() && !s.write {
			return true
		}
	}
	return false
}

// Logout is C_Logout.
func (m *Module) Logout(h pkcs11.SessionHandle) error {
	return m.call("C_Logout", func() error {
		s, err := m.on(h)
		if err == nil {
			*s.user = nobody
		}
		return err
	})
}

// SetPIN is C_SetPIN by the user, or by nobody in his stead.
func (m *Module) SetPIN(h pkcs11.SessionHandle, old, fresh string) error {
	return m.call("C_SetPIN", func() error {
		s, err := m.on(h)
		switch {
		case err != nil:
			return err
		case !s.token.takes(fresh):
			return pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE)
		case !s.write:
			return pkcs11.Error(pkcs11.CKR_SESSION_READ_ONLY)
		}
		t := s.token
		if err = t.try(old, t.PIN, &t.bad, t.Tries); err == nil {
			t.PIN = fresh
		}
		return err
	})
}

// InitPIN is C_InitPIN: the security officer gives the user a PIN.
func (m *Module) InitPIN(h pkcs11.SessionHandle, fresh string) error {
	return m.call("C_InitPIN", func() error {
		s, err := m.on(h)
		switch {
		case err != nil:
			return err
		case !s.token.takes(fresh):
			return pkcs11.Error(pkcs11.CKR_PIN_LEN_RANGE)
		case *s.user != pkcs11.CKU_SO:
			return pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN)
		}
		s.token.PIN, s.token.bad = fresh, 0
		return nil
	})
}

func (t *memory) takes(pin string) bool { return len(pin) >= t.Min && len(pin) <= t.Max }
