package app

// dialog is a question that stands over the screen; nothing below it can be touched.
type dialog interface {
	view(k *Kiosk) *Dialog
}

// idleDialog warns that the session is about to be wiped.
type idleDialog struct{ seconds int }

func (d *idleDialog) view(*Kiosk) *Dialog {
	n := d.seconds
	return &Dialog{Name: "idle", Data: DialogData{Seconds: &n}}
}

// exitDialog asks before what was entered is thrown away.
type exitDialog struct{}

func (d *exitDialog) view(*Kiosk) *Dialog { return &Dialog{Name: "exit-confirm"} }

// staffDialog asks whether staff shall end a citizen's session.
type staffDialog struct{ token ref }

func (d *staffDialog) view(k *Kiosk) *Dialog {
	card := k.card(d.token)
	return &Dialog{Name: "staff-ends-session", Data: DialogData{Token: &card}}
}

// answer is the answer to a dialog; one that answers no open question does nothing. Under the lock.
func (k *Kiosk) answer(action string) {
	switch d := k.dialog.(type) {
	case *exitDialog:
		switch action {
		case "exit.confirm":
			k.end("exit")
		case "exit.cancel":
			k.dialog = nil
		}
	case *staffDialog:
		switch action {
		case "staff.end":
			k.end("staff")
			k.staffBegins(d.token)
		case "staff.leave":
			k.ignore(d.token)
			k.dialog = nil
		}
	}
}
