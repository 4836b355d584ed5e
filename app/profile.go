package app

import (
	"context"
)

// showProfile asks the centre what is known of the person. Under the lock.
func (k *Kiosk) showProfile() {
	joined, c := k.joined, *k.ses.cabinet
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		p, err := limited(ctx, func(ctx context.Context) (Profile, error) { return joined.Line.Profile(ctx, c.session) })
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			k.at = &profileView{profile: p}
		}
	})
}

// saveProfile has the centre keep another address or another wish for notices. Under the lock.
func (k *Kiosk) saveProfile(email string, notices bool) {
	joined, c := k.joined, *k.ses.cabinet
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		p, err := limited(ctx, func(ctx context.Context) (Profile, error) {
			return joined.Line.SetProfile(ctx, c.session, email, notices)
		})
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			k.at = &profileView{profile: p, saved: true}
		}
	})
}

// profileView shows what is known of the person. The language is changed by "language", as everywhere.
type profileView struct {
	profile Profile
	open    bool // the IIN is shown whole
	saved   bool // something was just saved
}

func (*profileView) name() string      { return "profile.view" }
func (*profileView) resting()          {}
func (*profileView) back(*Kiosk) state { return &cabinetHome{} }

func (s *profileView) view(k *Kiosk) any {
	p := s.profile
	iin := maskedIIN(p.IIN)
	if s.open {
		iin = spacedIIN(p.IIN)
	}
	yes := func(b bool) string {
		if b {
			return k.text("label.yes")
		}
		return k.text("label.no")
	}
	source := k.text("profile.certificate")
	if p.Registered {
		source = k.text("profile.register")
	}
	return ProfileScreen{
		Rows: []Row{
			{Label: k.text("label.name"), Value: fullName(p.Name)}, {Label: k.text("label.iin"), Value: iin},
			{Label: k.text("label.resident"), Value: yes(p.Resident)}, {Label: k.text("label.source"), Value: source},
		},
		Open: s.open, Email: p.Email, Notices: p.Notices, Saved: s.saved,
	}
}

func (s *profileView) act(k *Kiosk, action string, args []byte) *fault {
	s.saved = false
	switch action {
	case "profile.show":
		s.open = !s.open
	case "profile.email":
		k.at = &profileEmail{from: s}
	case "profile.notices":
		var a NoticesArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		if a.On && s.profile.Email == "" {
			return &fault{code: CodeNoticesNoEmail}
		}
		k.saveProfile(s.profile.Email, a.On)
	case "cabinet.leave":
		k.end("signed out")
	}
	return nil
}

// profileEmail asks for another e-mail address; none is fine, and then there are no notices.
type profileEmail struct{ from *profileView }

func (*profileEmail) name() string        { return "profile.email" }
func (s *profileEmail) back(*Kiosk) state { return s.from }
func (s *profileEmail) view(*Kiosk) any   { return ProfileEmailScreen{Email: s.from.profile.Email} }

func (s *profileEmail) act(k *Kiosk, action string, args []byte) *fault {
	if action != "profile.save-email" {
		return nil
	}
	email, f := emailOf(args)
	if f != nil {
		return f
	}
	k.saveProfile(email, s.from.profile.Notices && email != "")
	return nil
}
