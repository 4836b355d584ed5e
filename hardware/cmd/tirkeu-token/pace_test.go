//go:build cgo

package main

import (
	"testing"
	"time"
)

func TestPace_IsQuickWhileSomethingIsExpectedAndSlowAfter(t *testing.T) {
	const unit = 200 * time.Millisecond
	start := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name  string
		told  bool
		after time.Duration
		every time.Duration
		looks bool // it becomes slower after so many
	}{
		{"just plugged", false, 0, unit / hurry, true},
		{"the module is slow", false, hurryFor - 1, unit / hurry, true},
		{"soon after", false, hurryFor, unit, true},
		{"long after", false, livelyFor, unit * calm, false},
		{"just plugged, and changes are told of", true, 0, unit, true},
		{"long after, and changes are told of", true, livelyFor, unit * calmTold, false},
	} {
		var p pace
		p.expect(start, c.told)
		p.stir(start, workingFor) // makes nothing shorter
		now := start.Add(c.after)
		every, looks := p.now(now, unit, c.told)
		if every != c.every || (looks > 0) != c.looks {
			t.Errorf("%s: every %v, %d looks", c.name, every, looks)
		}
		if again, _ := p.now(now.Add(time.Duration(looks)*every), unit, c.told); looks > 0 && again <= every {
			t.Errorf("%s: after %d looks every %v still", c.name, looks, again)
		}
	}
}
