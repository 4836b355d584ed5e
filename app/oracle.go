package app

import (
	"time"
)

// The register gives a name for every IIN, so a terminal must not be a place to find out whose numbers are whose. One person
// types his own, perhaps wrongly at first, perhaps his child's: a session may ask about askedFew different ones, then it waits.
// All sessions together may ask about askedAll in askedWithin, those aside that ended in an application; after that no name is
// shown, but typed, as when the line is down. The centre has limits of its own for each terminal, and writes down who was asked about.
const (
	askedFew    = 5
	askedPause  = 5 * time.Minute
	askedAll    = 30
	askedWithin = time.Hour
)

// asking is what of the register was asked in a session.
type asking struct {
	iins   map[string]bool
	paused time.Time // until then nothing more is asked
}

// mayAsk tells whether the register may be asked about an IIN: a fault where the session has to wait, false where the name
// is to be typed. Under the lock.
func (k *Kiosk) mayAsk(iin string) (ask bool, f *fault) {
	a := &k.ses.asking
	now := k.cfg.Now()
	if a.iins[iin] {
		return true, nil
	}
	if len(a.iins) >= askedFew {
		if left := a.paused.Sub(now); left > 0 {
			return false, &fault{code: CodeLookups, params: []any{"Minutes", int((left + time.Minute - 1) / time.Minute)}}
		}
		a.iins = nil
	}
	recent := k.asked[:0]
	for _, at := range k.asked {
		if now.Sub(at) < askedWithin {
			recent = append(recent, at)
		}
	}
	k.asked = recent
	if len(k.asked) >= askedAll {
		k.log.Warn("names are typed: this terminal has asked the register too often")
		return false, nil
	}
	if a.iins == nil {
		a.iins = map[string]bool{}
	}
	a.iins[iin] = true
	a.paused = now.Add(askedPause)
	k.asked = append(k.asked, now)
	return true, nil
}

// askedRightly takes back what of the common limit was used for a person who did apply. Under the lock.
func (k *Kiosk) askedRightly() {
	if n := len(k.asked); n > 0 {
		k.asked = k.asked[:n-1]
	}
}
