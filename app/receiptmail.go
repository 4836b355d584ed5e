package app

import (
	"context"
	"fmt"

	"github.com/tirkeu/kiosk/sync/registry"
)

// receiptEmail asks where the receipt shall be sent.
type receiptEmail struct {
	from state
	of   accepted
}

func (*receiptEmail) name() string        { return "receipt.email" }
func (s *receiptEmail) back(*Kiosk) state { return s.from }

// plugged: what the screen below waits for goes on.
func (s *receiptEmail) plugged(k *Kiosk) {
	if below, ok := s.from.(plugger); ok {
		below.plugged(k)
	}
}

func (s *receiptEmail) view(*Kiosk) any {
	return ReceiptEmailScreen{Number: registry.FormatNumber(s.of.number), Email: s.of.email}
}

func (s *receiptEmail) act(k *Kiosk, action string, args []byte) *fault {
	if action != "receipt.send" {
		return nil
	}
	email, f := emailOf(args)
	switch {
	case f != nil:
		return f
	case email == "":
		return &fault{code: CodeEmail}
	}
	s.of.email = email
	k.mailReceipt(&receipt{from: s.from, of: s.of, phase: "mailed", to: email})
	return nil
}

// mailReceipt keeps the receipt for the centre to send; with no line it goes later. Under the lock.
func (k *Kiosk) mailReceipt(s *receipt) {
	paper, engine := k.receiptPaper(s.of), k.joined.Engine
	l := registry.Letter{
		To: s.to, Language: string(k.lang), Subject: k.text("receipt.mail.subject", "Number", registry.FormatNumber(s.of.number)),
		Text: k.text("receipt.mail.text", "Number", registry.FormatNumber(s.of.number), "Centre", k.centreName()), Name: "tirkeu-" + s.of.number + ".pdf",
	}
	k.start(job{awaits: true}, func(ctx context.Context, ses *session) func() {
		// Whether it was kept must not be undone by a session that ends in the same moment.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalWithin)
		defer cancel()
		var err error
		l.PDF, err = paper.PDF()
		if err == nil {
			err = k.cfg.Store.Post(ctx, s.of.number, l)
		}
		if err != nil {
			err = fmt.Errorf("keep a receipt to be sent: %w", err)
			return func() { k.fail(faultOf(err)) }
		}
		engine.Kick()
		k.log.Info("receipt to be sent", "session", ses.id)
		return func() { k.at = s }
	})
}
