//go:build cgo

package model

import "github.com/miekg/pkcs11"

// Module is what one process sees of a device. It has the methods of the binding's Ctx that a worker uses, and their promises: one goroutine at a time.
type Module struct {
	device   *Device
	sessions map[pkcs11.SessionHandle]*session
	last     pkcs11.SessionHandle
}

type session struct {
	token *memory
	slot  uint
	plug  uint64
	write bool
	user  *uint // who is logged in, shared by all sessions of the plug; nobody where it points at [nobody]
}

const nobody = ^uint(0)

// Open gives a process its view of the device.
func Open(d *Device) *Module {
	return &Module{device: d, sessions: map[pkcs11.SessionHandle]*session{}}
}

// call passes the device's hooks around one function, whose work is done under the device's lock.
func (m *Module) call(function string, work func() error) error {
	if m.device.Before != nil {
		if err := m.device.Before(function); err != nil {
			return err
		}
	}
	m.device.mu.Lock()
	err := work()
	m.device.mu.Unlock()
	if m.device.After != nil {
		if said := m.device.After(function); said != nil {
			return said
		}
	}
	return err
}

// at finds the token in a slot; the lock is held.
func (m *Module) at(slot uint) (*memory, error) {
	if slot >= slots {
		return nil, pkcs11.Error(pkcs11.CKR_SLOT_ID_INVALID)
	}
	if t := m.device.in(slot); t != nil {
		return t, nil
	}
	return nil, pkcs11.Error(pkcs11.CKR_TOKEN_NOT_PRESENT)
}

// on finds a session that has not died with its plug; the lock is held.
func (m *Module) on(h pkcs11.SessionHandle) (*session, error) {
	s, known := m.sessions[h]
	switch {
	case !known:
		return nil, pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID)
	case s.alive():
		return s, nil
	case m.device.in(s.slot) == nil:
		return nil, pkcs11.Error(pkcs11.CKR_DEVICE_REMOVED)
	default:
		return nil, pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID)
	}
}

func (s *session) alive() bool { return s.token.slot == int(s.slot) && s.token.plug == s.plug }

// GetInfo says what the module is.
func (m *Module) GetInfo() (pkcs11.Info, error) {
	return pkcs11.Info{ManufacturerID: "model", LibraryDescription: "device in memory"}, nil
}

// GetSlotList gives the slots, or those with a token.
func (m *Module) GetSlotList(present bool) (list []uint, err error) {
	err = m.call("C_GetSlotList", func() error {
		for slot := range uint(slots) {
			if !present || m.device.in(slot) != nil {
				list = append(list, slot)
			}
		}
		return nil
	})
	return list, err
}

// GetSlotInfo names a slot.
func (m *Module) GetSlotInfo(slot uint) (pkcs11.SlotInfo, error) {
	if slot >= slots {
		return pkcs11.SlotInfo{}, pkcs11.Error(pkcs11.CKR_SLOT_ID_INVALID)
	}
	return pkcs11.SlotInfo{SlotDescription: "model", ManufacturerID: "model"}, nil
}

// GetTokenInfo says what a token is and how its PINs are.
func (m *Module) GetTokenInfo(slot uint) (info pkcs11.TokenInfo, err error) {
	err = m.call("C_GetTokenInfo", func() error {
		t, err := m.at(slot)
		if err != nil {
			return err
		}
		info = pkcs11.TokenInfo{
			Label: t.Name, ManufacturerID: "KAZTOKEN", Model: "Kaztoken", SerialNumber: t.Name,
			Flags: pkcs11.CKF_TOKEN_INITIALIZED | pkcs11.CKF_USER_PIN_INITIALIZED | pkcs11.CKF_LOGIN_REQUIRED | t.flags(),
		}
		info.MinPinLen, info.MaxPinLen = uint(t.Min), uint(t.Max)
		return nil
	})
	return info, err
}

// GetMechanismList gives none: the model makes no keys.
func (m *Module) GetMechanismList(uint) ([]*pkcs11.Mechanism, error) { return nil, nil }

// OpenSession opens a session on the token in a slot.
func (m *Module) OpenSession(slot, flags uint) (h pkcs11.SessionHandle, err error) {
	err = m.call("C_OpenSession", func() error {
		t, err := m.at(slot)
		if err != nil {
			return err
		}
		s := &session{token: t, slot: slot, plug: t.plug, write: flags&pkcs11.CKF_RW_SESSION != 0}
		for _, other := range m.sessions {
			if other.alive() && other.token == t {
				s.user = other.user
			}
		}
		if s.user == nil {
			user := nobody
			s.user = &user
		}
		if *s.user == pkcs11.CKU_SO && !s.write {
			return pkcs11.Error(pkcs11.CKR_SESSION_READ_WRITE_SO_EXISTS)
		}
		m.last++
		h = m.last
		m.sessions[h] = s
		return nil
	})
	return h, err
}

// CloseSession closes a session; with the last one on a token goes its login.
func (m *Module) CloseSession(h pkcs11.SessionHandle) error {
	return m.call("C_CloseSession", func() error {
		_, err := m.on(h)
		delete(m.sessions, h)
		return err
	})
}

// GetSessionInfo says in which state a session is.
func (m *Module) GetSessionInfo(h pkcs11.SessionHandle) (info pkcs11.SessionInfo, err error) {
	err = m.call("C_GetSessionInfo", func() error {
		s, err := m.on(h)
		if err != nil {
			return err
		}
		info.SlotID = s.slot
		info.State = map[bool]map[uint]uint{
			false: {nobody: pkcs11.CKS_RO_PUBLIC_SESSION, pkcs11.CKU_USER: pkcs11.CKS_RO_USER_FUNCTIONS},
			true: {nobody: pkcs11.CKS_RW_PUBLIC_SESSION, pkcs11.CKU_USER: pkcs11.CKS_RW_USER_FUNCTIONS,
				pkcs11.CKU_SO: pkcs11.CKS_RW_SO_FUNCTIONS},
		}[s.write][*s.user]
		return nil
	})
	return info, err
}

// Finalize forgets every session.
func (m *Module) Finalize() error {
	clear(m.sessions)
	return nil
}
