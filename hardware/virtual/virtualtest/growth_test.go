package virtualtest

import "testing"

// What leaks in every round is seen through garbage that comes and goes, and garbage alone is not taken for a leak.
func TestGrowth_TellsALeakFromGarbage(t *testing.T) {
	const rounds = 10000
	for name, leak := range map[string]float64{"none": 0, "a kilobyte in ten rounds": .1} {
		t.Run(name, func(t *testing.T) {
			g, looked := OverRounds(rounds), 0
			for n := range rounds {
				g.Look(n, func() int {
					looked++
					return 4000 + int(leak*float64(n)) + n*7919%300
				})
			}
			_, _, ratio := g.MB()
			if looked != 2*looks || (ratio > 1.05) != (leak > 0) {
				t.Errorf("ratio %.3f after %d looks", ratio, looked)
			}
		})
	}
}

func TestGrowth_SaysNothingAfterTooFewRounds(t *testing.T) {
	g := OverRounds(10)
	for n := range 10 {
		g.Look(n, func() int { return 1 })
	}
	if early, late, ratio := g.MB(); early != 0 || late != 0 || ratio != 0 {
		t.Error(early, late, ratio)
	}
}
