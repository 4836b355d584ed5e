//go:build cgo

package main

import (
	"errors"
	"slices"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

// refreshEvery says after how many times of --poll C_GetTokenInfo is asked again: on a card that costs milliseconds.
const refreshEvery = 75

// unavailable is CK_UNAVAILABLE_INFORMATION (PKCS#11 v2.40 §3.2).
const unavailable = ^uint(0)

// maxObjects bounds a search; a token holds some dozens.
const maxObjects = 512

// module is the loaded module and the tokens in its slots.
type module struct {
	p       cryptoki
	every   time.Duration // between looks at the slots, while something is to be expected of them
	pace    pace
	present map[uint]*present // by slot
	last    uint64            // number of the latest appearance
	known   uint64            // grows with every change of what poll tells
	told    uint64            // what of that the kiosk has heard
	session uint64            // number of the latest login
	sight   *sight            // what the slots looked like at the latest poll
}

// present is a token from its appearance in a slot until it is pulled.
type present struct {
	slot  uint
	info  wire.Slot
	watch pkcs11.SessionHandle // read-only, open as long as the token stays: it dies with a replug that falls between two polls
	open  bool                 // watch is valid
	read  time.Time            // when info was read
	login *login
}

// login is a session whose user entered the PIN.
type login struct {
	number  uint64
	handle  pkcs11.SessionHandle
	private map[string]pkcs11.ObjectHandle // private keys found since the login, by CKA_ID
}

// poll looks at the slots.
func (m *module) poll(known uint64) *wire.Answer {
	slots, err := m.slots()
	if err != nil {
		return &wire.Answer{Fault: wire.FaultToken, Code: code(err)}
	}
	for slot, t := range m.present {
		if !slices.Contains(slots, slot) || !m.answers(t) || !m.unchanged(t) {
			m.drop(t)
		}
	}
	for _, slot := range slots {
		if m.present[slot] == nil {
			m.appear(slot)
		}
	}
	m.sight.take(slots, m.present)
	if m.known == 0 {
		m.known = 1 // the first answer always tells something
	}
	a := &wire.Answer{Known: m.known}
	if known != m.known {
		for _, t := range m.present {
			a.Slots = append(a.Slots, t.info)
		}
		slices.SortFunc(a.Slots, func(x, y wire.Slot) int { return int(x.Seen) - int(y.Seen) })
	}
	return a
}

// slots lists the slots with a token. The list may grow between the binding's two calls: then it is asked again.
func (m *module) slots() (slots []uint, err error) {
	for range 5 {
		slots, err = m.p.GetSlotList(true)
		if !errors.Is(err, pkcs11.Error(pkcs11.CKR_BUFFER_TOO_SMALL)) {
			break
		}
	}
	return slots, err
}

// appear takes note of a token. One that does not answer yet is looked at again at the next poll.
func (m *module) appear(slot uint) {
	info, err := m.look(slot)
	if err != nil {
		return
	}
	info.RSA, info.GOST = m.makes(slot)
	m.last++
	info.Seen = m.last
	info.ATR = atrOf(info.Reader)
	t := &present{slot: slot, info: info, read: time.Now()}
	m.watch(t)
	m.present[slot] = t
	m.known++
}

// watch opens the session that notices a quick replug; a token that cannot have one is watched by its serial number alone.
func (m *module) watch(t *present) {
	h, err := m.p.OpenSession(t.slot, pkcs11.CKF_SERIAL_SESSION)
	t.watch, t.open = h, err == nil
}

// alive says whether the token is still the one that appeared.
func (m *module) alive(t *present) bool {
	slots, err := m.slots() // some modules look only when they are asked for the slots
	if err == nil && !slices.Contains(slots, t.slot) {
		return false
	}
	return m.answers(t)
}

// answers says whether the session that dies with a token lives still. The slots were asked for before it.
func (m *module) answers(t *present) bool {
	if !t.open {
		return true
	}
	_, err := m.p.GetSessionInfo(t.watch)
	return err == nil
}

// unchanged reads the token's flags now and then; it says no when another token sits in the slot.
func (m *module) unchanged(t *present) bool {
	if t.open && time.Since(t.read) < m.every*refreshEvery {
		return true
	}
	err := m.refresh(t)
	return err == nil
}

var errOther = errors.New("another token")

// refresh reads the token's flags.
func (m *module) refresh(t *present) error {
	info, err := m.look(t.slot)
	if err != nil {
		return err
	}
	t.read = time.Now()
	info.ATR = t.info.ATR
	if info.Serial != t.info.Serial || info.Manufacturer != t.info.Manufacturer || info.Model != t.info.Model {
		return errOther
	}
	info.Seen, info.RSA, info.GOST = t.info.Seen, t.info.RSA, t.info.GOST
	if info != t.info {
		t.info = info
		m.known++
		if !t.open {
			m.watch(t) // it was initialized meanwhile
		}
	}
	return nil
}

// look asks a slot and its token who they are.
func (m *module) look(slot uint) (wire.Slot, error) {
	t, err := m.p.GetTokenInfo(slot)
	if err != nil {
		return wire.Slot{}, err
	}
	s, err := m.p.GetSlotInfo(slot)
	if err != nil {
		return wire.Slot{}, err
	}
	has := func(flag uint) bool { return t.Flags&flag != 0 }
	return wire.Slot{
		Reader: s.SlotDescription, Manufacturer: t.ManufacturerID, Model: t.Model, Serial: t.SerialNumber, Label: t.Label,
		Initialized: has(pkcs11.CKF_TOKEN_INITIALIZED) && has(pkcs11.CKF_USER_PIN_INITIALIZED),
		PINLow:      has(pkcs11.CKF_USER_PIN_COUNT_LOW), PINFinal: has(pkcs11.CKF_USER_PIN_FINAL_TRY), PINLocked: has(pkcs11.CKF_USER_PIN_LOCKED),
		AdminLow: has(pkcs11.CKF_SO_PIN_COUNT_LOW), AdminFinal: has(pkcs11.CKF_SO_PIN_FINAL_TRY), AdminLocked: has(pkcs11.CKF_SO_PIN_LOCKED),
		PINMin: limit(t.MinPinLen), PINMax: limit(t.MaxPinLen),
	}, nil
}

// limit turns "not known" into 0.
func limit(n uint) int {
	if n == unavailable || n > 1<<16 {
		return 0
	}
	return int(n)
}

func (m *module) bySeen(seen uint64) *present {
	for _, t := range m.present {
		if t.info.Seen == seen {
			return t
		}
	}
	return nil
}

// drop forgets a token with all its handles. The next poll finds what is in the slot now as a new appearance.
func (m *module) drop(t *present) {
	if t.login != nil {
		_ = m.p.Logout(t.login.handle)
		_ = m.p.CloseSession(t.login.handle)
		t.login = nil
	}
	if t.open {
		_ = m.p.CloseSession(t.watch)
		t.open = false
	}
	delete(m.present, t.slot)
	m.known++
}

// bye logs out of every token and lets the module go.
func (m *module) bye() {
	for _, t := range m.present {
		if t.login != nil {
			_ = m.p.Logout(t.login.handle)
		}
	}
	if !m.sight.waited() {
		_ = m.p.Finalize()
	}
}
