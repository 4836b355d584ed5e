package app

import (
	"context"
	"errors"

	"github.com/tirkeu/kiosk/hardware/keyfile"
	"github.com/tirkeu/kiosk/hardware/stick"
)

// filesChange lets the citizen give an opened file another password. The one it has is asked for anew, for it was not kept.
type filesChange struct {
	picked
	oddly
	detail *filesDetail
}

func (*filesChange) name() string        { return "files.change" }
func (s *filesChange) back(*Kiosk) state { return s.detail }
func (s *filesChange) view(k *Kiosk) any {
	return FilesChangeScreen{File: s.card(k), Rules: passwordRules()}
}

// passwordRules are the rules of a new password, in the order in which they are shown.
func passwordRules() []PasswordRule {
	rules := []PasswordRule{}
	for _, rule := range keyfile.CheckPassword("") {
		rules = append(rules, PasswordRule{Key: rule.ID})
	}
	return rules
}

func (s *filesChange) act(k *Kiosk, action string, args []byte) *fault {
	if action != "files.new-password" {
		return nil
	}
	var a NewPasswordArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if f := s.refuse(a.Old); f != nil {
		return f
	}
	switch {
	case !keyfile.PasswordOK(a.Password):
		return &fault{code: CodePasswordRules}
	case a.Password != a.Again:
		return &fault{code: CodePasswordDiffers}
	case a.Password == a.Old:
		return &fault{code: CodePasswordSame}
	}
	old, fresh := keyfile.NewPassword(a.Old), keyfile.NewPassword(a.Password)
	a = NewPasswordArgs{}
	k.at = &filesProgress{}
	k.start(job{steady: true}, func(ctx context.Context, ses *session) func() {
		// Once begun it is brought to its end: a session that is closed meanwhile must not leave the question open.
		err := keyfile.ChangePassword(context.WithoutCancel(ctx), k.cfg.Stick, s.file(), old, fresh, keyfile.Options{Rand: k.cfg.Rand})
		old.Wipe()
		fresh.Wipe()
		if err == nil {
			k.log.Info("password of a key file changed", "session", ses.id)
		}
		return func() {
			switch {
			case err == nil:
				k.at = &filesChanged{picked: s.picked}
				k.letGo(stickRef)
			case errors.Is(err, stick.ErrAbsent), errors.Is(err, stick.ErrUnsettled):
				k.toStick(changeFault(err))
			default:
				k.at = &filesChange{picked: s.picked, detail: s.detail}
				k.fail(changeFault(err))
			}
		}
	})
	return nil
}

// changeFault: a stick that fails while a password is changed has sentences of its own, for what people ask then is which
// password the file has.
func changeFault(err error) *fault {
	for _, s := range changeSentences {
		if errors.Is(err, s.err) {
			return &fault{code: s.code, err: s.err}
		}
	}
	return fileFault(err)
}

var changeSentences = []sentence{
	{stick.ErrUnsettled, CodeChangeUnsettled}, // first: whatever else is said, either password may be the one
	{stick.ErrAbsent, CodeChangePulled}, {stick.ErrFull, CodeChangeFull}, {stick.ErrReadOnly, CodeChangeReadOnly},
	{stick.ErrDamaged, CodeChangeDamaged}, {keyfile.ErrUnproven, CodeChangeDamaged}, {keyfile.ErrReplaced, CodeChangeMeanwhile},
	{keyfile.ErrUnsupported, CodeChangeRefused}, {stick.ErrName, CodeChangeRefused},
}

// filesProgress shows that a file is being written. Nothing can be touched, and the session is not wiped.
type filesProgress struct{}

func (*filesProgress) name() string                      { return "files.progress" }
func (*filesProgress) act(*Kiosk, string, []byte) *fault { return nil }
func (*filesProgress) view(k *Kiosk) any {
	return FilesProgressScreen{Medium: k.medium(stickRef), Text: k.text("progress.file")}
}

// filesChanged says that the file has another password.
type filesChanged struct{ picked }

func (*filesChanged) name() string { return "files.changed" }

// plugged: taking the stick out is what is asked for now.
func (*filesChanged) plugged(*Kiosk) {}

func (s *filesChanged) view(k *Kiosk) any {
	return FilesChangedScreen{File: s.card(k), Medium: k.medium(stickRef), TakeOut: k.mayTake(stickRef)}
}

func (s *filesChanged) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "files.again":
		m := &filesMedium{}
		k.at = m
		m.plugged(k)
	case "finish":
		k.end("finished")
	}
	return nil
}
