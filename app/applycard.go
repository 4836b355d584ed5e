package app

// cardPairs is how many key pairs an identity card may hold.
const cardPairs = 2

// applyCardWarning says, before keys are made on an identity card, that they may take the place of what is on it.
type applyCardWarning struct{}

func (*applyCardWarning) name() string             { return "apply.card-warning" }
func (*applyCardWarning) back(*Kiosk) state        { return &applyStorage{} }
func (*applyCardWarning) steps(k *Kiosk) *Progress { return applySteps(k, "storage") }
func (*applyCardWarning) view(k *Kiosk) any {
	return ApplyCardWarningScreen{Card: k.card(k.ses.draft.medium), Pairs: cardPairs}
}

func (*applyCardWarning) plugged(k *Kiosk) {
	if !k.plugIn(k.ses.draft.medium) {
		k.at = &applyStorage{}
		k.absent()
	}
}

func (*applyCardWarning) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "apply.card-accept" {
		k.afterStorage()
	}
	return nil
}
