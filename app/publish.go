package app

import (
	"bytes"
	"encoding/json"
)

// publish makes the next snapshot when anything changed, and gives it to the watchers. It is called under the lock, at
// the end of everything that may have changed something.
func (k *Kiosk) publish() {
	var s Snapshot
	k.guard(func() { s = k.snapshot() })
	if s.Screen.Name == "" { // the view itself failed: nobody can go on from there
		k.end("its screen could not be drawn")
		k.welcome()
		k.notice = &fault{code: CodeInternal}
		s = k.snapshot()
	}
	body, err := json.Marshal(s)
	if err != nil {
		k.log.Error("snapshot", "cause", err)
		return
	}
	if bytes.Equal(body, k.body) {
		return
	}
	k.body = body
	k.seq++
	if k.at != k.lastAt {
		k.shown, k.lastAt = k.seq, k.at
	}
	s.Seq = k.seq
	k.latest, err = json.Marshal(s)
	if err != nil {
		k.log.Error("snapshot", "cause", err)
		return
	}
	for _, c := range k.watchers {
		select {
		case <-c: // the reader was slow: the older picture goes
		default:
		}
		c <- k.latest
	}
}

// snapshot draws the present state in the chosen language.
func (k *Kiosk) snapshot() Snapshot {
	s := Snapshot{
		Lang: k.lang, Languages: k.cfg.Languages, Prefs: k.prefs, Display: k.glass(),
		Centre: Centre{Name: k.centreName()}, Online: k.link.Online, Pending: k.link.Pending,
		Training: k.cfg.Training && k.cfg.Band == nil, Role: RoleNone,
		Screen: Screen{Name: k.at.name(), Data: k.at.view(k)},
	}
	if k.ses != nil {
		s.Role = k.ses.role
		s.Session = &Session{}
		s.CanExit = k.ses.role != RoleTechnician && !k.steady()
	}
	if _, ok := k.at.(backer); ok {
		s.CanBack = k.job == nil
	}
	if p, ok := k.at.(stepper); ok {
		s.Progress = p.steps(k)
	}
	s.Plug, s.Devices = k.news(), k.deviceCards()
	if k.notice != nil {
		s.Notice = k.notice.words(k)
	}
	if k.dialog != nil {
		s.Dialog = k.dialog.view(k)
		if idle, ok := k.dialog.(*idleDialog); ok && s.Session != nil {
			s.Session.IdleSeconds = &idle.seconds
		}
	}
	return s
}

// glass is the display as the page is to measure by it. Where a band takes some of its height the page counts on so much more millimetres and
// shows all a little smaller: what fits the whole glass then fits what is left of it.
func (k *Kiosk) glass() Display {
	d := k.cfg.Display
	if k.cfg.Band != nil {
		d.DiagonalIn *= float64(d.HeightPx) / float64(d.HeightPx-k.cfg.Band(d))
	}
	return d
}

func (k *Kiosk) centreName() string {
	if k.joined == nil {
		return ""
	}
	return k.joined.Centre[k.lang]
}

// text is a message in the chosen language; params are pairs of name and value.
func (k *Kiosk) text(key string, params ...any) string {
	var m map[string]any
	if len(params) > 0 {
		m = map[string]any{}
		for i := 0; i+1 < len(params); i += 2 {
			m[params[i].(string)] = params[i+1]
		}
	}
	return k.words.Text(string(k.lang), key, m)
}
