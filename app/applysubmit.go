package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/sync/registry"
)

// applySummary shows what will be sent and asks for consent.
type applySummary struct{}

func (*applySummary) name() string             { return "apply.summary" }
func (*applySummary) steps(k *Kiosk) *Progress { return applySteps(k, "summary") }
func (*applySummary) view(k *Kiosk) any {
	d := k.ses.draft
	email := d.email
	if email == "" {
		email = k.text("label.none")
	}
	m := k.medium(d.medium)
	medium := m.Name
	if m.Serial != "" {
		medium = k.text("label.medium-serial", "Name", m.Name, "Serial", m.Serial)
	}
	v := ApplySummaryScreen{Kind: string(d.asks()), Signed: d.signed(), ConsentText: k.text("label.consent")}
	if d.signed() {
		v.ConsentText = k.text("label.consent-signed")
		v.Rows = append(v.Rows, Row{Label: k.text("label.kind"), Value: k.kindName(d.asks())})
	}
	if d.system.OID != "" {
		v.Rows = append(v.Rows, Row{Label: k.text("label.system"), Value: d.system.Name.In(string(k.lang)) + " · " + d.system.OID})
	}
	v.Rows = append(v.Rows,
		Row{Label: k.text("label.iin"), Value: spacedIIN(d.iin)},
		Row{Label: k.text("label.name"), Value: fullName(d.name)},
		Row{Label: k.text("label.email"), Value: email},
		Row{Label: k.text("label.region"), Value: choice(k.regions(), d.region)},
		Row{Label: k.text("label.locality"), Value: choice(k.localities(d.region), d.locality)},
		Row{Label: k.text("label.storage"), Value: medium},
		Row{Label: k.text("label.keys"), Value: k.setName(d.medium.kind, templatesOf(d.keys))},
		Row{Label: k.text("label.agreement"), Value: k.text("label.agreement-version", "Version", d.consent.Version)},
	)
	return v
}

func templatesOf(keys []draftKey) []registry.Template {
	var out []registry.Template
	for _, key := range keys {
		out = append(out, registry.Template(key.template))
	}
	return out
}

func (*applySummary) act(k *Kiosk, action string, args []byte) *fault {
	if action != "apply.submit" {
		return nil
	}
	var a SubmitArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	if !a.Consent {
		return &fault{code: CodeConsent}
	}
	if k.ses.draft.signed() {
		k.signNext()
		return nil
	}
	k.submit()
	return nil
}

// pulled: the keys are on a token that is gone and no application holds them. They are taken off it when it comes back.
func (*applySummary) pulled(k *Kiosk) {
	d := k.ses.draft
	d.number, d.keys, d.sealKey = "", nil, nil
	k.ses.left = nil
	k.at = &applyStorage{}
	k.fail(&fault{code: CodeTokenPulledLater})
}

// written is the draft as the document that is handed in, and what goes beside it.
func (k *Kiosk) written(d draft) (registry.Application, Acceptance) {
	application := registry.Application{
		Version: registry.DocumentVersion, Number: d.number, Kind: d.asks(), IIN: d.iin, Name: d.name, Email: d.email, Region: d.region, Locality: d.locality,
		Storage: registry.Storage{Kind: registry.StorageKind(d.medium.kind), Secure: !d.onStick, Model: d.model},
		Consent: d.consent, Device: k.joined.Device, CreatedAt: k.cfg.Now().UTC().Truncate(time.Second),
		System: d.system.OID, SecondFactor: d.grant.id,
	}
	if !d.onStick {
		application.Storage.Serial = d.medium.serial
	}
	acceptance := Acceptance{Number: d.number, IIN: d.iin, Kind: d.asks(), SealKey: d.sealKey}
	for _, key := range d.keys {
		application.Keys = append(application.Keys, registry.Key{
			Ordinal: key.ordinal, Template: registry.Template(key.template), TransactionID: key.transaction, SPKISHA256: key.spki,
		})
		acceptance.Keys = append(acceptance.Keys, AcceptedKey{
			Ordinal: key.ordinal, Template: key.template, TransactionID: key.transaction, SPKISHA256: key.spki,
			CSR: key.csr, Medium: d.medium.serial, KeyID: key.id,
		})
	}
	return application, acceptance
}

// submit accepts the application: it is on disk, with its outbox rows and its audit row, before the screen changes.
func (k *Kiosk) submit() {
	d := *k.ses.draft
	left := k.ses.left
	application, acceptance := k.written(d)
	engine := k.joined.Engine
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, ses *session) func() {
		// The decision to accept must not be undone by a session that ends in the same moment.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalWithin)
		defer cancel()
		err := k.accept(ctx, application, acceptance)
		if err != nil {
			return func() { k.fail(faultOf(err)) }
		}
		k.accepted(ctx, left)
		engine.Kick()
		k.log.Info("application accepted", "session", ses.id)
		return func() {
			ses.left = nil
			if d.known {
				k.askedRightly()
			}
			k.close()
			*ses.draft = draft{onStick: d.onStick}
			k.at = &applyDone{accepted: accepted{number: d.number, kind: registry.KindNew, staff: true, at: application.CreatedAt, email: d.email}, medium: d.medium}
			k.findPrinter()
			k.letGo(d.medium)
		}
	})
}

func (k *Kiosk) accept(ctx context.Context, application registry.Application, acceptance Acceptance) error {
	document, err := application.Encode()
	if err != nil {
		return fmt.Errorf("encode application: %w", err)
	}
	acceptance.Document = document
	k.step(StepAccept, 0)
	err = k.cfg.Store.Accept(ctx, acceptance)
	if err != nil {
		return fmt.Errorf("accept application: %w", err)
	}
	return nil
}
