package app

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/hardware/token"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// staffBegins asks for the PIN of a staff token. Under the lock.
func (k *Kiosk) staffBegins(r ref) {
	k.begin(RoleStaff)
	k.at = &staffPIN{entry{token: r}}
}

// staffToken is the token supervisor mode rests on.
func (k *Kiosk) staffToken() (ref, bool) {
	if k.ses != nil && k.ses.staff != nil {
		return k.ses.staff.ref, true
	}
	if s, ok := k.at.(*staffPIN); ok {
		return s.token, true
	}
	return ref{}, false
}

// staffPIN asks for the PIN of a staff token.
type staffPIN struct{ entry }

func (*staffPIN) name() string { return "staff.pin" }

func (s *staffPIN) back(k *Kiosk) state {
	k.end("staff left")
	return k.at
}

func (s *staffPIN) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "staff.leave-mode":
		s.back(k)
	case "staff.pin":
		return s.unlock(k, args)
	}
	return nil
}

// unlock opens supervisor mode. The line is asked before the PIN is tried: without it a try would be spent for nothing.
func (s *staffPIN) unlock(k *Kiosk, args []byte) *fault {
	var a PINArgs
	err := decode(args, &a)
	if err != nil {
		return &fault{code: CodeInternal, err: err}
	}
	pin := token.NewPIN(a.PIN)
	a.PIN = ""
	if f := s.refuse(k, pin); f != nil {
		pin.Wipe()
		return f
	}
	r, joined := s.token, k.joined
	if joined == nil {
		pin.Wipe()
		return &fault{code: CodeStaffLine}
	}
	k.start(job{awaits: true}, func(ctx context.Context, ses *session) func() {
		defer pin.Wipe()
		mode, found, err := k.enter(ctx, ses, joined, r, pin)
		return func() {
			if err != nil {
				k.close()
				k.fail(k.pinFault(r, err))
				return
			}
			ses.staff = mode
			k.log.Info("supervisor mode opens", "session", ses.id)
			k.at = &staffQueue{items: found}
		}
	})
	return nil
}

// enter makes the staff session: challenge, one try of the PIN, signature, the centre's word, the queue.
func (k *Kiosk) enter(ctx context.Context, ses *session, joined *Joined, r ref, pin token.PIN) (*staffMode, []Waiting, error) {
	challenge, err := limited(ctx, joined.Line.Challenge)
	if err != nil {
		return nil, nil, is(CodeStaffLine, err)
	}
	open, err := k.login(ctx, ses, r, pin)
	if err != nil {
		return nil, nil, err
	}
	mode, err := k.operatorKey(ctx, open)
	if err != nil {
		return nil, nil, err
	}
	cms, err := k.sign(ctx, open, mode, challenge)
	if err != nil {
		return nil, nil, err
	}
	asking, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	mode.operator, err = joined.Line.OpenStaff(asking, challenge, cms)
	if err != nil {
		return nil, nil, err
	}
	found, err := joined.Line.Search(asking, mode.operator.Session, "")
	if err != nil {
		return nil, nil, err
	}
	return mode, found, nil
}

// limited gives a question to the centre its limit of time.
func limited[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	return ask(ctx)
}

// operatorKey finds the key with the operator's certificate on an open token.
func (k *Kiosk) operatorKey(ctx context.Context, open *opened) (*staffMode, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	certs, err := open.login.Certificates(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := open.login.Keys(ctx)
	if err != nil {
		return nil, err
	}
	withKey := map[string]bool{}
	for _, key := range keys {
		withKey[string(key.ID)] = true
	}
	now := k.cfg.Now()
	late := false
	for _, c := range certs {
		cert, err := x509.ParseCertificate(c.DER)
		if err != nil || !pki.IsOperator(cert) || !withKey[string(c.ID)] {
			continue
		}
		if now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
			late = true
			continue
		}
		return &staffMode{ref: open.ref, keyID: c.ID, cert: cert}, nil
	}
	if late {
		return nil, is(CodeStaffCertificate, errors.New("the operator's certificate is not valid now"))
	}
	return nil, is(CodeNotOperator, errors.New("no operator's certificate with a key on the token"))
}

// sign signs on the staff token.
func (k *Kiosk) sign(ctx context.Context, open *opened, mode *staffMode, content []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenWithin)
	defer cancel()
	signer, err := open.login.Signer(ctx, mode.keyID)
	if err != nil {
		return nil, err
	}
	return pki.SignDetached(content, mode.cert, nil, signer, k.cfg.Now())
}

// leave ends the staff session at the centre, which lets go of its locks too.
func (k *Kiosk) leave(ctx context.Context, mode *staffMode) {
	k.mu.Lock()
	joined := k.joined
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	err := joined.Line.CloseStaff(ctx, mode.operator.Session)
	if err != nil {
		k.log.Info("end staff session", "cause", err)
	}
}

// staffFault ends supervisor mode when the centre has ended the staff session. Under the lock.
func (k *Kiosk) staffFault(err error) {
	if errors.Is(err, ErrSessionOver) {
		k.end("staff session over")
	}
	k.fail(faultOf(err))
}

// staffQueue is the queue of this centre.
type staffQueue struct {
	query string
	items []Waiting
}

func (*staffQueue) name() string { return "staff.queue" }

func (s *staffQueue) view(k *Kiosk) any {
	v := StaffQueueScreen{Operator: k.ses.staff.operator.Name, Query: s.query, Items: []QueueItem{}, Busy: k.job != nil, Link: k.linkCard()}
	for _, w := range s.items {
		v.Items = append(v.Items, QueueItem{
			Number: w.Number, NumberText: registry.FormatNumber(w.Number), Name: w.Name, IIN: maskedIIN(w.IIN),
			CreatedAt: k.moment(w.CreatedAt), Status: string(w.Status), StatusText: k.text("status." + string(w.Status)),
			LockedBy: w.LockedBy, NameDiffers: w.NameDiffers,
		})
	}
	return v
}

func (k *Kiosk) linkCard() Link {
	l := Link{Online: k.link.Online, Pending: k.link.Pending}
	if k.link.Problem != "" {
		l.Problem = k.text("link." + k.link.Problem)
	}
	if !k.link.LastContact.IsZero() {
		l.LastContact = k.moment(k.link.LastContact)
	}
	return l
}

func (s *staffQueue) act(k *Kiosk, action string, args []byte) *fault {
	if k.staffTab(action) {
		return nil
	}
	switch action {
	case "staff.search":
		var a SearchArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		k.search(strings.TrimSpace(a.Query))
	case "staff.open":
		var a NumberArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		number, f := numberOf(a.Number)
		if f != nil {
			return f
		}
		k.openApplication(number)
	}
	return nil
}

// search asks the centre's queue. A number may be typed with blanks. Under the lock.
func (k *Kiosk) search(query string) {
	asked := query
	if number, f := numberOf(query); f == nil {
		asked = number
	}
	id, joined := k.ses.staff.operator.Session, k.joined
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		found, err := limited(ctx, func(ctx context.Context) ([]Waiting, error) { return joined.Line.Search(ctx, id, asked) })
		return func() {
			if err != nil {
				k.staffFault(err)
				return
			}
			k.at = &staffQueue{query: query, items: found}
		}
	})
}

// openApplication opens one application; the centre locks it to this operator. Under the lock.
func (k *Kiosk) openApplication(number string) {
	id, joined := k.ses.staff.operator.Session, k.joined
	query := ""
	if q, ok := k.at.(*staffQueue); ok {
		query = q.query
	}
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		found, err := limited(ctx, func(ctx context.Context) (Opened, error) { return joined.Line.Open(ctx, id, number) })
		var application registry.Application
		if err == nil {
			application, err = registry.ParseApplication(found.Document)
		}
		if err == nil && (application.Number != number || registry.Hash(found.Document) != found.SHA256) {
			err = is(CodeGarbage, errors.New("the centre showed another application"))
		}
		return func() {
			if err != nil {
				k.staffFault(err)
				return
			}
			k.ses.staff.locked = number
			k.at = &staffApplication{application: application, opened: found, query: query}
		}
	})
}

// staffApplication shows one application with all its fields.
type staffApplication struct {
	application registry.Application
	opened      Opened
	query       string // of the queue it came from
}

func (*staffApplication) name() string { return "staff.application" }

func (s *staffApplication) own(k *Kiosk) bool { return s.application.IIN == k.ses.staff.operator.IIN }

func (s *staffApplication) view(k *Kiosk) any {
	a := s.application
	register := fullName(s.opened.RegisterName)
	email := a.Email
	if email == "" {
		email = k.text("label.none")
	}
	name := ref{kind: string(a.Storage.Kind), serial: a.Storage.Serial}
	storage := k.mediumName(name)
	if a.Storage.Serial != "" {
		storage = k.text("label.medium-serial", "Name", storage, "Serial", a.Storage.Serial)
	}
	return StaffApplicationScreen{
		Number: registry.FormatNumber(a.Number),
		Rows: []Row{
			{Label: k.text("label.iin"), Value: spacedIIN(a.IIN)},
			{Label: k.text("label.name"), Value: fullName(a.Name), Differs: s.opened.NameDiffers},
			{Label: k.text("label.email"), Value: email},
			{Label: k.text("label.region"), Value: choice(k.regions(), a.Region)},
			{Label: k.text("label.locality"), Value: choice(k.localities(a.Region), a.Locality)},
			{Label: k.text("label.storage"), Value: storage},
			{Label: k.text("label.keys"), Value: k.setName(string(a.Storage.Kind), appliedTemplates(a))},
			{Label: k.text("label.agreement"), Value: k.text("label.agreement-version", "Version", a.Consent.Version)},
			{Label: k.text("label.created"), Value: k.moment(a.CreatedAt)},
			{Label: k.text("label.device"), Value: a.Device},
			{Label: k.text("label.status"), Value: k.text("status." + string(s.opened.Status))},
		},
		RegisterName: register, NameDiffers: s.opened.NameDiffers, Documents: k.documents(), Reasons: k.reasons(),
		Own: s.own(k), Hash: s.opened.SHA256,
	}
}

func appliedTemplates(a registry.Application) []registry.Template {
	var out []registry.Template
	for _, key := range a.Keys {
		out = append(out, key.Template)
	}
	return out
}

func (s *staffApplication) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "staff.close":
		s.close(k)
		return nil
	case "staff.confirm":
		var a ConfirmArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		if s.own(k) {
			return &fault{code: CodeOwn}
		}
		number := tidy(a.Document.Number)
		if choice(k.documents(), a.Document.Type) == "" || number == "" || len(number) > 40 {
			return &fault{code: CodeDocument}
		}
		s.decide(k, registry.Decision{Verdict: registry.VerdictConfirm, Document: registry.Document{Type: a.Document.Type, Number: number}})
	case "staff.reject":
		var a RejectArgs
		err := decode(args, &a)
		if err != nil {
			return &fault{code: CodeInternal, err: err}
		}
		if s.own(k) {
			return &fault{code: CodeOwn}
		}
		note := tidy(a.Note)
		reason, known := k.directory().Reason(a.Reason)
		if !known || len(note) > 1000 || reason.Note && note == "" {
			return &fault{code: CodeReason}
		}
		s.decide(k, registry.Decision{Verdict: registry.VerdictReject, Reason: a.Reason, Note: note})
	}
	return nil
}

// close lets go of the application and goes back to the queue. Under the lock.
func (s *staffApplication) close(k *Kiosk) {
	id, joined, number := k.ses.staff.operator.Session, k.joined, s.application.Number
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		_, err := limited(ctx, func(ctx context.Context) (bool, error) { return true, joined.Line.Unlock(ctx, id, number) })
		if err != nil {
			k.log.Info("let go of application", "cause", err)
		}
		found, err := limited(ctx, func(ctx context.Context) ([]Waiting, error) { return joined.Line.Search(ctx, id, s.query) })
		return func() {
			k.ses.staff.locked = ""
			k.at = &staffQueue{query: s.query, items: found}
			if err != nil {
				k.staffFault(err)
			}
		}
	})
}

// decide signs a decision on the staff token and sends it. Under the lock.
func (s *staffApplication) decide(k *Kiosk, d registry.Decision) {
	d.Version, d.Number, d.ApplicationSHA256 = registry.DocumentVersion, s.application.Number, s.opened.SHA256
	d.Device, d.At = k.joined.Device, k.cfg.Now().UTC().Truncate(time.Second)
	mode, open, joined := k.ses.staff, k.ses.open, k.joined
	k.start(job{awaits: true, steady: true}, func(ctx context.Context, _ *session) func() {
		err := k.sendDecision(ctx, joined, open, mode, d)
		return func() {
			if err != nil {
				k.staffFault(err)
				return
			}
			k.ses.staff.locked = ""
			k.at = &staffDecided{number: d.Number, verdict: string(d.Verdict), query: s.query}
		}
	})
}

func (k *Kiosk) sendDecision(ctx context.Context, joined *Joined, open *opened, mode *staffMode, d registry.Decision) error {
	document, err := d.Encode()
	if err != nil {
		return err
	}
	cms, err := k.sign(ctx, open, mode, document)
	if err != nil {
		return err
	}
	_, err = limited(ctx, func(ctx context.Context) (registry.Status, error) { return joined.Line.Decide(ctx, document, cms) })
	return err
}

// staffDecided says what was decided.
type staffDecided struct {
	number, verdict string
	query           string
}

func (*staffDecided) name() string { return "staff.decided" }
func (s *staffDecided) view(k *Kiosk) any {
	return StaffDecidedScreen{
		Number: registry.FormatNumber(s.number), Verdict: s.verdict,
		Title: k.text("decided." + s.verdict + ".title"), Text: k.text("decided." + s.verdict + ".text"),
	}
}

func (s *staffDecided) act(k *Kiosk, action string, _ []byte) *fault {
	if action == "staff.back" {
		k.at = &staffQueue{query: ""}
		k.search("")
	}
	return nil
}
