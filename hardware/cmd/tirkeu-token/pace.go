//go:build cgo

package main

import "time"

// The slots are looked at as often as something is to be expected of them. What stands here is in units of the --poll that the kiosk gives, 200 ms.
const (
	hurry      = 8                // so much more often while something is being plugged or pulled that the module has not shown yet
	calm       = 10               // so much more seldom when nothing has happened for a while, and nobody is at work
	calmTold   = 50               // and so much where the machine or the module tells of changes by itself: looking is only for what it might miss
	hurryFor   = 2 * time.Second  // a device takes about a second from the plug to the module
	livelyFor  = 10 * time.Second // after a change, or a hurry
	workingFor = 2 * time.Second  // after a request of somebody at work
)

// pace says how often to look. Its times are points at which it becomes slower.
type pace struct{ hurried, lively time.Time }

// expect makes the coming looks as frequent as after a plug. Where changes are told of, being told is quicker than looking.
func (p *pace) expect(now time.Time, told bool) {
	if !told {
		p.hurried = now.Add(hurryFor)
	}
	p.stir(now, livelyFor)
}

// stir keeps the looks from becoming seldom.
func (p *pace) stir(now time.Time, long time.Duration) {
	if until := now.Add(long); until.After(p.lively) {
		p.lively = until
	}
}

// now gives the time between two looks, and how many looks it is good for; 0 for as many as one likes.
func (p *pace) now(at time.Time, unit time.Duration, told bool) (every time.Duration, looks int) {
	until := p.lively
	switch {
	case at.Before(p.hurried):
		every, until = unit/hurry, p.hurried
	case at.Before(p.lively):
		every = unit
	case told:
		return unit * calmTold, 0
	default:
		return unit * calm, 0
	}
	return every, int(until.Sub(at)/every) + 1
}
