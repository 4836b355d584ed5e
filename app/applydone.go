package app

import (
	"context"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// applyDone shows the number of the accepted application.
type applyDone struct {
	accepted
	medium ref
}

func (*applyDone) name() string             { return "apply.done" }
func (*applyDone) steps(k *Kiosk) *Progress { return applySteps(k, "done") }
func (s *applyDone) view(k *Kiosk) any {
	return ApplyDoneScreen{
		Number: registry.FormatNumber(s.number), QR: encodeQR(s.number), Online: k.link.Online,
		Medium: k.medium(s.medium), TakeOut: k.mayTake(s.medium), Days: k.applicationDays(), Kind: string(registry.KindNew), State: "staff", Receipt: k.receiptWay(),
	}
}

func (s *applyDone) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "finish" {
		k.end("finished")
		return nil
	}
	return k.takeReceipt(s, s.accepted, action)
}

// signedDone is applyDone of an application that the citizen signed: nobody has to confirm it, so it is watched until its
// certificates are here, or the centre has refused it.
type signedDone struct {
	accepted
	medium  ref
	record  Record
	known   bool // record has been read
	looking bool
	lookAt  time.Time // when it is looked at again
}

// signedLook is how often an application that was just signed is looked at.
const signedLook = time.Second

func (*signedDone) name() string             { return "apply.done" }
func (*signedDone) back(*Kiosk) state        { return &cabinetHome{} }
func (*signedDone) steps(k *Kiosk) *Progress { return applySteps(k, "done") }
func (s *signedDone) view(k *Kiosk) any {
	v := ApplyDoneScreen{
		Number: registry.FormatNumber(s.number), QR: encodeQR(s.number), Online: k.link.Online,
		Medium: k.medium(s.medium), TakeOut: k.mayTake(s.medium), Days: k.applicationDays(), Kind: string(s.kind), State: s.state(k),
		Revoke: s.kind == registry.KindReissue && s.issued(), Receipt: k.receiptWay(),
	}
	if v.State == "rejected" {
		v.Why, v.Hint = k.reasonWords(s.record)
		v.Receipt = "" // there is nothing to take along
	}
	return v
}

// state is how far it has come: staff look at it where the centre wants that of its kind.
func (s *signedDone) state(k *Kiosk) string {
	rule, _ := k.directory().KindRule(s.kind)
	switch {
	case s.record.Status.Denied():
		return "rejected"
	case s.issued():
		return "issued"
	case !k.link.Online:
		return "queued"
	case rule.Staff:
		return "staff"
	}
	return "sent"
}

func (s *signedDone) issued() bool {
	return s.known && s.record.Status == registry.StatusIssued && complete(s.record)
}

// plugged looks what has become of it; it is called whenever something may have changed, once a second at least.
func (s *signedDone) plugged(k *Kiosk) {
	now := k.cfg.Now()
	if s.looking || s.issued() || s.record.Status.Final() || now.Before(s.lookAt) {
		return
	}
	s.looking, s.lookAt = true, now.Add(signedLook)
	ses, engine := k.ses, k.joined.Engine
	k.spawn(func() {
		ctx, cancel := context.WithTimeout(ses.ctx, journalWithin)
		defer cancel()
		record, err := k.cfg.Store.Application(ctx, s.number)
		if err == nil && !complete(record) {
			hurried := engine.Hurry(ctx, s.number)
			if hurried != nil {
				k.log.Info("hurry application", "cause", hurried)
			}
		}
		k.during(ses, func() {
			s.looking = false
			if err != nil {
				k.log.Info("look at application", "cause", err)
				return
			}
			s.record, s.known = record, true
		})
	})
}

func (s *signedDone) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "status.install":
		if !s.issued() {
			return &fault{code: CodeNotYet}
		}
		m := &installMedium{record: s.record, medium: s.medium}
		k.at = m
		m.plugged(k)
	case "revoke":
		return (&cabinetHome{}).act(k, "revoke", nil)
	case "finish":
		k.end("finished")
	default:
		return k.takeReceipt(s, s.accepted, action)
	}
	return nil
}
