package engine

import (
	"context"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Operator is who opened a staff session.
type Operator struct {
	Session, Name, IIN string
	Expires            time.Time
}

// Queued is one application of the centre's queue.
type Queued struct {
	Number, IIN, Name string
	Status            registry.Status
	CreatedAt         time.Time
	LockedBy          string // name of the operator who has it open
	NameDiffers       bool   // the typed name is not the register's
}

// Opened is an application opened by staff, locked to them until LockedUntil.
type Opened struct {
	Document     []byte
	SHA256       string
	Status       registry.Status
	RegisterName registry.Name // empty when the register has none
	NameDiffers  bool
	LockedUntil  time.Time
}

// Issued is a certificate as the centre knows it.
type Issued struct {
	Serial, Template, Number string
	NotBefore, NotAfter      time.Time
	Revoked                  bool
	DER                      []byte
}

// Challenge asks for bytes to sign.
func (l *Line) Challenge(ctx context.Context) ([]byte, error) {
	r, err := l.rest.CreateChallengeWithResponse(ctx)
	if err != nil {
		return nil, explain(ctx, err)
	}
	c, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return c.Challenge, err
}

// OpenStaff opens a staff session by a CMS over a challenge; *api.Error not_operator.
func (l *Line) OpenStaff(ctx context.Context, challenge, cms []byte) (Operator, error) {
	r, err := l.rest.OpenStaffSessionWithResponse(ctx, api.SignedChallenge{Challenge: challenge, Signature: cms})
	if err != nil {
		return Operator{}, explain(ctx, err)
	}
	s, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	return Operator{Session: s.Session, Name: s.Operator.Name, IIN: s.Operator.Iin, Expires: s.Expires}, err
}

// CloseStaff ends a session and frees what it had locked.
func (l *Line) CloseStaff(ctx context.Context, session string) error {
	r, err := l.rest.CloseStaffSessionWithResponse(ctx, &api.CloseStaffSessionParams{XStaffSession: session})
	if err != nil {
		return explain(ctx, err)
	}
	return refusal(ctx, r.HTTPResponse, r.JSONDefault)
}

// Search looks for applications of this centre by number, IIN or part of a name; "" finds all that wait.
func (l *Line) Search(ctx context.Context, session, query string) ([]Queued, error) {
	q := api.QueueQuery{}
	if query != "" {
		q.Query = &query
	}
	r, err := l.rest.SearchQueueWithResponse(ctx, &api.SearchQueueParams{XStaffSession: session}, q)
	if err != nil {
		return nil, explain(ctx, err)
	}
	found, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return nil, err
	}
	items := make([]Queued, 0, len(found.Items))
	for _, i := range found.Items {
		item := Queued{Number: i.Number, IIN: i.Iin, Name: i.Name, Status: registry.Status(i.Status), CreatedAt: i.CreatedAt}
		if i.LockedBy != nil {
			item.LockedBy = *i.LockedBy
		}
		item.NameDiffers = i.NameDiffers != nil && *i.NameDiffers
		items = append(items, item)
	}
	return items, nil
}

// Open opens an application and locks it to the session's operator; *api.Error locked when another has it open. It
// gives garbage when the hash is not that of the document.
func (l *Line) Open(ctx context.Context, session, number string) (Opened, error) {
	r, err := l.rest.OpenQueueItemWithResponse(ctx, number, &api.OpenQueueItemParams{XStaffSession: session})
	if err != nil {
		return Opened{}, explain(ctx, err)
	}
	a, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return Opened{}, err
	}
	if registry.Hash(a.Document) != a.Sha256 {
		return Opened{}, garbage("the hash is not that of the document")
	}
	o := Opened{Document: a.Document, SHA256: a.Sha256, Status: registry.Status(a.Status), NameDiffers: a.NameDiffers, LockedUntil: a.LockedUntil}
	if p := a.RegisterName; p != nil {
		o.RegisterName = registry.Name{Surname: p.Surname, Given: p.Given, Patronymic: p.Patronymic}
	}
	return o, nil
}

// Unlock frees an application that the session has open.
func (l *Line) Unlock(ctx context.Context, session, number string) error {
	r, err := l.rest.ReleaseQueueItemWithResponse(ctx, number, &api.ReleaseQueueItemParams{XStaffSession: session})
	if err != nil {
		return explain(ctx, err)
	}
	return refusal(ctx, r.HTTPResponse, r.JSONDefault)
}

// Decide hands a signed decision in. The same bytes may be handed in again.
func (l *Line) Decide(ctx context.Context, decision, cms []byte) (registry.Status, error) {
	r, err := l.rest.SubmitDecisionWithResponse(ctx, api.SignedDecision{Decision: decision, Signature: cms})
	if err != nil {
		return "", explain(ctx, err)
	}
	return l.status(judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err))
}

// Certificates lists a citizen's own certificates, against his signature over a challenge.
func (l *Line) Certificates(ctx context.Context, challenge, cms []byte) ([]Issued, error) {
	r, err := l.rest.SearchCertificatesWithResponse(ctx, api.SignedChallenge{Challenge: challenge, Signature: cms})
	if err != nil {
		return nil, explain(ctx, err)
	}
	list, err := judge(ctx, r.HTTPResponse, r.JSON200, r.JSONDefault, err)
	if err != nil {
		return nil, err
	}
	items := make([]Issued, 0, len(list.Items))
	for _, i := range list.Items {
		items = append(items, Issued{Serial: i.Serial, Template: i.Template, Number: i.Number, NotBefore: i.NotBefore, NotAfter: i.NotAfter,
			Revoked: i.Status == api.CertificateItemStatusRevoked, DER: i.Certificate})
	}
	return items, nil
}
