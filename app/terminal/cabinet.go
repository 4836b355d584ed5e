//go:build cgo

package terminal

import (
	"context"
	"time"

	"github.com/tirkeu/kiosk/app"
	"github.com/tirkeu/kiosk/sync/registry"
)

// The cabinet's calls are the line's, with app's errors.

// SignIn is the line's, with app's errors.
func (l line) SignIn(ctx context.Context, challenge, cms []byte) (app.Citizen, error) {
	v, err := l.Line.SignIn(ctx, challenge, cms)
	return v, said(err)
}

// SignOut is the line's, with app's errors.
func (l line) SignOut(ctx context.Context, session string) error {
	return said(l.Line.SignOut(ctx, session))
}

// Profile is the line's, with app's errors.
func (l line) Profile(ctx context.Context, session string) (app.Profile, error) {
	v, err := l.Line.Profile(ctx, session)
	return v, said(err)
}

// SetProfile is the line's, with app's errors.
func (l line) SetProfile(ctx context.Context, session, email string, notices bool) (app.Profile, error) {
	v, err := l.Line.SetProfile(ctx, session, email, notices)
	return v, said(err)
}

// OwnApplications is the line's, with app's errors.
func (l line) OwnApplications(ctx context.Context, session string, status registry.Status, kind registry.Kind) ([]app.OwnItem, error) {
	v, err := l.Line.OwnApplications(ctx, session, status, kind)
	return v, said(err)
}

// OwnApplication is the line's, with app's errors.
func (l line) OwnApplication(ctx context.Context, session, number string) (app.OwnApplication, error) {
	v, err := l.Line.OwnApplication(ctx, session, number)
	return v, said(err)
}

// OwnCertificates is the line's, with app's errors.
func (l line) OwnCertificates(ctx context.Context, session, standing string) ([]app.OwnCertificate, error) {
	v, err := l.Line.OwnCertificates(ctx, session, standing)
	return v, said(err)
}

// OwnSystems is the line's, with app's errors.
func (l line) OwnSystems(ctx context.Context, session string) ([]app.System, error) {
	v, err := l.Line.OwnSystems(ctx, session)
	return v, said(err)
}

// AskCode is the line's, with app's errors.
func (l line) AskCode(ctx context.Context, session string, kind registry.Kind, method string) (app.OneTimeCode, error) {
	v, err := l.Line.AskCode(ctx, session, kind, method)
	return v, said(err)
}

// ResendCode is the line's, with app's errors.
func (l line) ResendCode(ctx context.Context, session, id string) (app.OneTimeCode, error) {
	v, err := l.Line.ResendCode(ctx, session, id)
	return v, said(err)
}

// VerifyCode is the line's, with app's errors.
func (l line) VerifyCode(ctx context.Context, session, id, code string) (time.Time, error) {
	v, err := l.Line.VerifyCode(ctx, session, id, code)
	return v, said(err)
}

// TakeUp is the line's, with app's errors.
func (l line) TakeUp(ctx context.Context, number string, proof app.Proof) (app.Adoption, error) {
	v, err := l.Line.TakeUp(ctx, number, proof)
	return v, said(err)
}

// KeyStatus is the line's, with app's errors.
func (l line) KeyStatus(ctx context.Context, spkiSHA256 string) (string, registry.Status, error) {
	number, status, err := l.Line.KeyStatus(ctx, spkiSHA256)
	return number, status, said(err)
}

// SearchPeople is the line's, with app's errors.
func (l line) SearchPeople(ctx context.Context, staff, query string) ([]app.Person, error) {
	v, err := l.Line.SearchPeople(ctx, staff, query)
	return v, inSession(err)
}

// OpenPerson is the line's, with app's errors.
func (l line) OpenPerson(ctx context.Context, staff, iin string) (app.PersonFile, error) {
	v, err := l.Line.OpenPerson(ctx, staff, iin)
	return v, inSession(err)
}

// OrderRevocation is the line's, with app's errors.
func (l line) OrderRevocation(ctx context.Context, order, cms []byte) ([]string, error) {
	v, err := l.Line.OrderRevocation(ctx, order, cms)
	return v, said(err)
}

// DayReport is the line's, with app's errors.
func (l line) DayReport(ctx context.Context, staff, day string) (app.DayReport, error) {
	v, err := l.Line.DayReport(ctx, staff, day)
	return v, inSession(err)
}
