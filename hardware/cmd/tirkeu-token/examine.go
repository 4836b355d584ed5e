//go:build cgo

package main

import (
	"slices"
	"time"

	"github.com/miekg/pkcs11"

	"github.com/tirkeu/kiosk/hardware/token/wire"
)

const (
	looks      = 15 // of which the median is taken
	mostEvents = 16 // a module that always has one more is not asked for ever
)

// examine asks the module and the token what they can do; nothing on the token is changed.
func (m *module) examine(t *present, a *wire.Answer) error {
	info, err := m.p.GetTokenInfo(t.slot)
	if err != nil {
		return err
	}
	e := &wire.Examined{Flags: uint64(info.Flags), Sessions: limit(info.MaxSessionCount)}
	list, err := m.p.GetMechanismList(t.slot)
	if err != nil {
		return err
	}
	for _, mechanism := range list {
		limits, err := m.p.GetMechanismInfo(t.slot, []*pkcs11.Mechanism{mechanism})
		if err != nil {
			continue // listed and not known: the list is what counts
		}
		e.Mechanisms = append(e.Mechanisms, wire.Mechanism{Type: uint64(mechanism.Mechanism), Min: limit(limits.MinKeySize), Max: limit(limits.MaxKeySize)})
	}
	var took []time.Duration
	for range looks {
		began := time.Now()
		_, err = m.slots()
		if err == nil {
			_, err = m.p.GetTokenInfo(t.slot)
		}
		if err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	e.Look = int64(took[len(took)/2])
	for err = m.sight.event(); err == nil && e.Events < mostEvents; err = m.sight.event() {
		e.Events++
	}
	if err != nil {
		e.EventsCode = code(err)
	}
	a.Examined = e
	return nil
}
