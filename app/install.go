package app

import (
	"context"
	"errors"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/registry"
)

// installSteps draws the progress line of an installation.
func installSteps(r Record, now string) *Progress {
	secret := "pin"
	if onStick(r) {
		secret = "password"
	}
	return line(now, "number", "status", "medium", secret, "install", "done")
}

// mediumOf is where the keys of an application lie.
func mediumOf(r Record) ref {
	if onStick(r) {
		return stickRef
	}
	m := ref{kind: string(token.Unknown)}
	if len(r.Keys) > 0 {
		m.serial = r.Keys[0].Medium
	}
	a, err := registry.ParseApplication(r.Document)
	if err == nil {
		m.kind = string(a.Storage.Kind)
	}
	return m
}

func onStick(r Record) bool { return len(r.Keys) > 0 && r.Keys[0].Medium == stickRef.serial }

// installMedium waits for the token or stick on which the keys were made.
type installMedium struct {
	record Record
	medium ref
	looked bool // the stick that is in has been looked at
	wrong  bool // the keys are not on it
}

func (*installMedium) name() string             { return "install.medium" }
func (*installMedium) back(*Kiosk) state        { return &statusNumber{} }
func (s *installMedium) steps(*Kiosk) *Progress { return installSteps(s.record, "medium") }
func (s *installMedium) view(k *Kiosk) any {
	v := InstallMediumScreen{
		Number: registry.FormatNumber(s.record.Number), Medium: k.medium(s.medium), Present: k.plugIn(s.medium), Wrong: s.isWrong(k),
	}
	if s.medium == stickRef {
		v.Why = k.stickCard().Why
	}
	return v
}

func (s *installMedium) isWrong(k *Kiosk) bool {
	if s.medium == stickRef {
		return k.stick && s.wrong
	}
	return !k.plugIn(s.medium) && len(k.citizenTokens()) > 0
}

// plugged goes on by itself when the right medium is in.
func (s *installMedium) plugged(k *Kiosk) {
	if s.medium != stickRef {
		t, there := k.find(s.medium)
		if there && unusable(t) == nil {
			k.at = &installPIN{entry: entry{token: s.medium, known: true}, record: s.record}
		}
		return
	}
	if !k.stick {
		s.looked, s.wrong = false, false
		return
	}
	if !s.looked {
		s.looked = true
		s.readStick(k, nil)
	}
}

// readStick looks whether the sealed keys are on the stick that is in.
func (s *installMedium) readStick(k *Kiosk, missing *fault) {
	name := sealedName(s.record.Number)
	k.start(job{awaits: true}, func(context.Context, *session) func() {
		_, err := k.cfg.Stick.Read(name, maxSealed)
		return func() {
			switch {
			case err == nil:
				k.at = &installPassword{record: s.record}
			case errors.Is(err, stick.ErrNotFound):
				s.wrong = true
				if missing != nil {
					k.fail(missing)
				}
			default:
				k.fail(faultOf(err))
			}
		}
	})
}

func (s *installMedium) act(k *Kiosk, action string, _ []byte) *fault {
	if action != "install.go" {
		return nil
	}
	if s.medium == stickRef {
		if !k.stick {
			return &fault{code: CodeStickAbsent}
		}
		s.readStick(k, &fault{code: CodeStickNoKeys})
		return nil
	}
	t, there := k.find(s.medium)
	switch {
	case there && unusable(t) != nil:
		return unusable(t)
	case there:
		s.plugged(k)
		return nil
	case len(k.citizenTokens()) > 0:
		return &fault{code: CodeTokenOther}
	default:
		return &fault{code: CodeTokenAbsent}
	}
}

// installPIN asks for the PIN of the token the keys are on.
type installPIN struct {
	entry
	record Record
}

func (*installPIN) name() string             { return "install.pin" }
func (*installPIN) back(*Kiosk) state        { return &statusNumber{} }
func (s *installPIN) steps(*Kiosk) *Progress { return installSteps(s.record, "pin") }
func (s *installPIN) plugged(k *Kiosk) {
	if !k.plugIn(s.token) {
		k.at = &installMedium{record: s.record, medium: s.token}
		k.absent()
	}
}
func (s *installPIN) act(k *Kiosk, action string, args []byte) *fault {
	if action != "install.pin" {
		return nil
	}
	return k.unlock(&s.entry, args, func(open *opened) { k.install(s.record, &tokenInstall{k: k, login: open.login, record: s.record}) })
}

// installProgress shows that certificates are being written. Nothing can be touched, and the session is not wiped.
type installProgress struct {
	record       Record
	step         string
	index, count int
}

func (*installProgress) name() string                      { return "install.progress" }
func (s *installProgress) steps(*Kiosk) *Progress          { return installSteps(s.record, "install") }
func (*installProgress) act(*Kiosk, string, []byte) *fault { return nil }
func (s *installProgress) view(k *Kiosk) any {
	return InstallProgressScreen{
		Medium: k.medium(mediumOf(s.record)), Step: s.step, Index: s.index, Count: s.count,
		Text: k.text("progress.install."+s.step, "Index", s.index, "Total", s.count),
	}
}

// installer puts the certificates of one application where they belong.
type installer interface {
	// install writes, reads back and compares; tell says how far it is. files are the names on the stick.
	install(ctx context.Context, tell func(index int, step string)) (files []string, err error)
	// tidy takes away what is needed no more once the terminal knows that the certificates are installed.
	tidy()
}

// install begins an installation. Under the lock.
func (k *Kiosk) install(record Record, i installer) {
	count := len(record.Keys)
	k.at = &installProgress{record: record, step: "write", index: 1, count: count}
	k.start(job{steady: true}, func(ctx context.Context, ses *session) func() {
		files, err := i.install(ctx, func(index int, step string) {
			k.during(ses, func() { k.at = &installProgress{record: record, step: step, index: index, count: count} })
		})
		if err == nil {
			err = k.markInstalled(ctx, record.Number)
		}
		if err == nil {
			i.tidy()
		}
		return func() {
			if err != nil {
				k.close()
				k.at = &installMedium{record: record, medium: mediumOf(record), looked: true}
				k.fail(installFault(err))
				return
			}
			k.installed(record, files)
		}
	})
}

func (k *Kiosk) markInstalled(ctx context.Context, number string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalWithin)
	defer cancel()
	k.step(StepMarkInstalled, 0)
	err := k.cfg.Store.MarkInstalled(ctx, number, k.cfg.Now().UTC())
	if err != nil {
		return err
	}
	k.step(StepInstalled, 0)
	k.joined.Engine.Kick()
	return nil
}

// installFault: a medium that went away while certificates were written has sentences of its own.
func installFault(err error) *fault {
	switch {
	case errors.Is(err, token.ErrRemoved), errors.Is(err, token.ErrSessionClosed):
		return &fault{code: CodeTokenPulledWrite, err: err}
	case errors.Is(err, stick.ErrAbsent):
		return &fault{code: CodeStickPulled, err: err}
	}
	return faultOf(err)
}

// installed shows what was installed, after the question about a factory PIN where one was typed. Under the lock.
func (k *Kiosk) installed(record Record, files []string) {
	done := &installDone{record: record, medium: mediumOf(record), files: files}
	if open := k.ses.open; open != nil && open.factory {
		k.at = &installFactory{done: done}
		return
	}
	k.close()
	k.at = done
	k.letGo(done.medium)
}

// installFactory offers to change the PIN the maker gave, which everybody knows.
type installFactory struct{ done *installDone }

func (*installFactory) name() string             { return "install.factory" }
func (s *installFactory) steps(*Kiosk) *Progress { return installSteps(s.done.record, "install") }
func (s *installFactory) pulled(k *Kiosk)        { k.at = s.done }
func (s *installFactory) view(k *Kiosk) any {
	t, _ := k.find(s.done.medium)
	return InstallFactoryScreen{Token: k.card(s.done.medium), Min: t.PINMin, Max: t.PINMax}
}

func (s *installFactory) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "install.keep-pin":
		k.close()
		k.at = s.done
	case "install.change-pin":
		var a ChangePINArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		fresh, again := token.NewPIN(a.New), token.NewPIN(a.Again)
		a = ChangePINArgs{}
		f := s.refuse(k, fresh, again)
		again.Wipe()
		if f != nil {
			fresh.Wipe()
			return f
		}
		s.change(k, fresh)
	}
	return nil
}

func (s *installFactory) refuse(k *Kiosk, fresh, again token.PIN) *fault {
	t, there := k.find(s.done.medium)
	if !there || k.ses.open == nil {
		return &fault{code: CodeTokenAbsent}
	}
	return freshPIN(t, fresh, again)
}

func (s *installFactory) change(k *Kiosk, fresh token.PIN) {
	open := k.ses.open
	t, _ := k.find(s.done.medium)
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, _ *session) func() {
		old := token.NewPIN(t.FactoryPIN) // it is what was typed: open.factory
		err := k.changePIN(ctx, open, s.done.record.Number, old, fresh)
		old.Wipe()
		fresh.Wipe()
		return func() {
			if err != nil {
				k.fail(faultOf(err))
				return
			}
			k.close()
			s.done.pinChanged = true
			k.at = s.done
		}
	})
}

// installDone says that the certificates are installed.
type installDone struct {
	record     Record
	medium     ref
	files      []string
	pinChanged bool
}

func (*installDone) name() string             { return "install.done" }
func (s *installDone) steps(*Kiosk) *Progress { return installSteps(s.record, "done") }
func (s *installDone) view(k *Kiosk) any {
	files := s.files
	if files == nil {
		files = []string{}
	}
	v := InstallDoneScreen{
		Number: registry.FormatNumber(s.record.Number), Medium: k.medium(s.medium), Files: files,
		TakeOut: k.mayTake(s.medium), Certificates: []CertificateCard{}, Account: k.ses.cabinet != nil,
	}
	v.Revoke = v.Account && s.record.Kind == registry.KindReissue
	for _, key := range s.record.Keys {
		v.Certificates = append(v.Certificates, k.certificateCard(key))
	}
	return v
}

func (*installDone) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "finish":
		k.end("finished")
	case "cabinet":
		if k.ses.cabinet != nil {
			k.at = &cabinetHome{}
		}
	case "revoke":
		if k.ses.cabinet != nil {
			return (&cabinetHome{}).act(k, "revoke", nil)
		}
	}
	return nil
}
