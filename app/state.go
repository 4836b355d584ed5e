package app

// state is where the session stands: one struct a screen, with what is known there and nothing else. The compiler sees
// to it that each can draw itself and says what it does with a touch.
type state interface {
	// name is the screen's name in the contract with the page.
	name() string
	// view is the screen's data in the chosen language.
	view(k *Kiosk) any
	// act carries out a touch under the lock; slow work goes to Kiosk.start. A touch that does not belong here is no fault.
	act(k *Kiosk, action string, args []byte) *fault
}

// backer is a screen one can step back from.
type backer interface {
	back(k *Kiosk) state
}

// stepper is a screen with a progress line.
type stepper interface {
	steps(k *Kiosk) *Progress
}

// plugger is a screen that cares what is plugged in.
type plugger interface {
	plugged(k *Kiosk)
}

// line draws a progress line: all steps in order, now the present one.
func line(now string, all ...string) *Progress {
	p := &Progress{Steps: make([]Step, len(all))}
	word := "done"
	for i, key := range all {
		if key == now {
			p.Steps[i] = Step{Key: key, State: "now"}
			word = "todo"
			continue
		}
		p.Steps[i] = Step{Key: key, State: word}
	}
	return p
}
