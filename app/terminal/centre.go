//go:build cgo

package terminal

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// line is the engine's line as app wants it: its refusals and problems are app's errors.
type line struct {
	*engine.Line
	lists *pki.CRLSource // keeps the revocation lists it has got
	fresh *pki.CRLSource // asks for them anew
}

// refusals are the centre's words as app knows them.
var refusals = map[api.ErrorCode]error{
	api.ErrorCodeNotFound: app.ErrUnknown, api.ErrorCodeRateLimited: app.ErrRateLimited, api.ErrorCodeNotOperator: app.ErrNotOperator,
	api.ErrorCodeAlreadyDecided: app.ErrDecided, api.ErrorCodeOwnApplication: app.ErrOwn, api.ErrorCodeExpired: app.ErrExpired,
	api.ErrorCodeWrongHash: app.ErrOtherBytes, api.ErrorCodeWrongBytes: app.ErrOtherBytes, api.ErrorCodeLocked: app.ErrLockedByOther,
	api.ErrorCodeSessionOver: app.ErrCabinetOver, api.ErrorCodeChallengeOver: app.ErrChallengeOver, api.ErrorCodeBadSignature: app.ErrBadSignature,
	api.ErrorCodeSignatureTime: app.ErrSignatureTime, api.ErrorCodeSignatureStale: app.ErrSignatureStale, api.ErrorCodeNotSignInKey: app.ErrNotSignInKey,
	api.ErrorCodeNotSigningKey: app.ErrNotSigningKey, api.ErrorCodeKeyExpired: app.ErrKeyExpired, api.ErrorCodeKeyNotYetValid: app.ErrKeyNotYet,
	api.ErrorCodeKeyRevoked: app.ErrKeyRevoked, api.ErrorCodeKeyForeign: app.ErrKeyForeign, api.ErrorCodeKeyUnchecked: app.ErrKeyUnchecked,
	api.ErrorCodeOtherPerson: app.ErrOtherPerson, api.ErrorCodeAlreadyFiled: app.ErrAlreadyFiled, api.ErrorCodeAlreadyReissued: app.ErrAlreadyReissued,
	api.ErrorCodeAlreadyRevoked: app.ErrAlreadyRevoked, api.ErrorCodeNotOffered: app.ErrNotOffered, api.ErrorCodeNoSystem: app.ErrNoSystem,
	api.ErrorCodeCodeWrong: app.ErrCodeWrong, api.ErrorCodeCodeExpired: app.ErrCodeExpired, api.ErrorCodeCodeLocked: app.ErrCodeLocked,
	api.ErrorCodeCodeLimit: app.ErrCodeLimit, api.ErrorCodeCodeRequired: app.ErrCodeRequired,
}

var problems = map[engine.Problem]error{
	engine.ProblemDown: app.ErrLineDown, engine.ProblemSlow: app.ErrLineSlow, engine.ProblemGarbage: app.ErrGarbage, engine.ProblemExpired: app.ErrCentreExpired,
	engine.ProblemForeign: app.ErrCentreForeign, engine.ProblemRefused: app.ErrRefusedDevice, engine.ProblemFailed: app.ErrCentreFailed,
}

// said turns an error of the line into app's; the cause stays wrapped for the log.
func said(err error) error {
	var refusal *api.Error
	var bad *engine.LineError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return fmt.Errorf("%w: %w", problems[bad.Problem], err)
	case errors.As(err, &refusal):
		known := refusals[refusal.Code]
		if known == nil {
			known = app.ErrCentreConflict
		}
		left := -1
		if refusal.Left != nil {
			left = *refusal.Left
		}
		return fmt.Errorf("%w: %w", &app.Refusal{Err: known, Left: left, Wait: refusal.Wait()}, err)
	}
	return err
}

// inSession: within a staff session "unauthenticated" means that the session has ended, not that the device is unknown.
func inSession(err error) error {
	var refusal *api.Error
	if errors.As(err, &refusal) && refusal.Code == api.ErrorCodeUnauthenticated {
		return fmt.Errorf("%w: %w", app.ErrSessionOver, err)
	}
	return said(err)
}

// Time is the line's, with app's errors.
func (l line) Time(ctx context.Context) (time.Time, error) {
	v, err := l.Line.Time(ctx)
	return v, said(err)
}

// Lookup is the line's, with app's errors.
func (l line) Lookup(ctx context.Context, iin string) (registry.Name, error) {
	v, err := l.Line.Lookup(ctx, iin)
	return v, said(err)
}

// Status is the line's, with app's errors.
func (l line) Status(ctx context.Context, number string) (registry.Status, error) {
	v, err := l.Line.Status(ctx, number)
	return v, said(err)
}

// SealKey is the line's, with app's errors.
func (l line) SealKey(ctx context.Context, number string) ([]byte, error) {
	v, err := l.Line.SealKey(ctx, number)
	return v, said(err)
}

// Challenge is the line's, with app's errors.
func (l line) Challenge(ctx context.Context) ([]byte, error) {
	v, err := l.Line.Challenge(ctx)
	return v, said(err)
}

// Decide is the line's, with app's errors.
func (l line) Decide(ctx context.Context, decision, cms []byte) (registry.Status, error) {
	v, err := l.Line.Decide(ctx, decision, cms)
	return v, said(err)
}

// Certificates is the line's, with app's types and errors.
func (l line) Certificates(ctx context.Context, challenge, cms []byte) ([]app.Issued, error) {
	list, err := l.Line.Certificates(ctx, challenge, cms)
	var out []app.Issued
	for _, c := range list {
		out = append(out, app.Issued(c))
	}
	return out, said(err)
}

// Standing asks nobody about a certificate that does not lead to the centre's own root: the addresses it names may be anybody's.
func (l line) Standing(ctx context.Context, cert *x509.Certificate, beside []*x509.Certificate) app.Standing {
	issuer := l.issuer(cert, beside)
	if issuer == nil {
		return app.Standing{}
	}
	answer := pki.Check(ctx, cert, issuer, &pki.OCSPSource{}, l.lists)
	return app.Standing{Ours: true, Revocation: answer.State}
}

// Published asks nobody either about a certificate of another root.
func (l line) Published(ctx context.Context, cert *x509.Certificate) app.Published {
	issuer := l.issuer(cert, nil)
	if issuer == nil {
		return app.Published{}
	}
	return app.Published{OCSP: pki.Check(ctx, cert, issuer, &pki.OCSPSource{}).State, CRL: pki.Check(ctx, cert, issuer, l.fresh).State}
}

// issuer is who issued a certificate that leads to the centre's own root; nil for another.
func (l line) issuer(cert *x509.Certificate, beside []*x509.Certificate) *x509.Certificate {
	at := time.Now()
	switch { // whose it is does not change when it expires
	case at.After(cert.NotAfter):
		at = cert.NotAfter
	case at.Before(cert.NotBefore):
		at = cert.NotBefore
	}
	between := l.Intermediates().Clone()
	between.Add(beside...)
	chain, err := pki.VerifyChain(cert, l.Roots(), between, at)
	if err != nil || len(chain) < 2 {
		return nil
	}
	return chain[1]
}

// OpenStaff is the line's, with app's types and errors.
func (l line) OpenStaff(ctx context.Context, challenge, cms []byte) (app.Operator, error) {
	o, err := l.Line.OpenStaff(ctx, challenge, cms)
	return app.Operator{Session: o.Session, Name: o.Name, IIN: o.IIN}, said(err)
}

// CloseStaff is the line's, with app's errors.
func (l line) CloseStaff(ctx context.Context, session string) error {
	return inSession(l.Line.CloseStaff(ctx, session))
}

// Search is the line's, with app's types and errors.
func (l line) Search(ctx context.Context, session, query string) ([]app.Waiting, error) {
	list, err := l.Line.Search(ctx, session, query)
	var out []app.Waiting
	for _, q := range list {
		out = append(out, app.Waiting(q))
	}
	return out, inSession(err)
}

// Open is the line's, with app's types and errors.
func (l line) Open(ctx context.Context, session, number string) (app.Opened, error) {
	o, err := l.Line.Open(ctx, session, number)
	return app.Opened{Document: o.Document, SHA256: o.SHA256, Status: o.Status, RegisterName: o.RegisterName, NameDiffers: o.NameDiffers}, inSession(err)
}

// Unlock is the line's, with app's errors.
func (l line) Unlock(ctx context.Context, session, number string) error {
	return inSession(l.Line.Unlock(ctx, session, number))
}
