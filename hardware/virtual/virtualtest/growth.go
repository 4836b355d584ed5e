package virtualtest

// Growth compares what a process holds after half of a benchmark's rounds, when it has what it needs, with what it holds after all of them. It looks twenty
// times over a twentieth of the rounds and keeps the least: garbage that waits for its collector comes and goes between two looks, what leaks is in each.
type Growth struct {
	rounds      int
	early, late int
}

// OverRounds prepares a comparison over so many rounds; below four hundred there is none.
func OverRounds(rounds int) *Growth { return &Growth{rounds: rounds} }

// looks is the number of looks at each end.
const looks = 20

// due says whether to look before a round, and at which end.
func (g *Growth) due(round int) (early, late bool) {
	span := g.rounds / looks
	if span < looks || round%(span/looks) != 0 {
		return false, false
	}
	half := g.rounds / 2
	return round >= half && round < half+span, round >= g.rounds-span
}

// Look is called before each round; held gives what the process holds now, in kB, when it is time to look.
func (g *Growth) Look(round int, held func() int) {
	early, late := g.due(round)
	switch {
	case early:
		g.early = least(g.early, held())
	case late:
		g.late = least(g.late, held())
	}
}

func least(before, now int) int {
	if before == 0 || now < before {
		return now
	}
	return before
}

// MB gives what was held at both ends, and the ratio; zeros where there were too few rounds.
func (g *Growth) MB() (early, late, ratio float64) {
	if g.early == 0 || g.late == 0 {
		return 0, 0, 0
	}
	return float64(g.early) / 1024, float64(g.late) / 1024, float64(g.late) / float64(g.early)
}
