package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/engine"
	"github.com/tirkeu/kiosk/sync/registry"
)

// What the centre tells of a person, as sync/engine has it.
type (
	Citizen        = engine.Citizen
	Profile        = engine.Profile
	OwnItem        = engine.OwnItem
	OwnApplication = engine.OwnApplication
	OwnCertificate = engine.OwnCertificate
	System         = engine.System
	OneTimeCode    = engine.Code
	Proof          = engine.Proof
	Adoption       = storage.Adoption
	Person         = engine.Person
	PersonFile     = engine.PersonFile
	DayReport      = engine.DayReport
)

// Cabinet is the personal cabinet at the centre. Everything but SignIn wants the session that SignIn gave, and answers
// ErrCabinetOver once that has ended. Errors are those of the centre, below and in ports.go.
type Cabinet interface {
	SignIn(ctx context.Context, challenge, cms []byte) (Citizen, error)
	SignOut(ctx context.Context, session string) error
	Profile(ctx context.Context, session string) (Profile, error)
	SetProfile(ctx context.Context, session, email string, notices bool) (Profile, error)
	OwnApplications(ctx context.Context, session string, status registry.Status, kind registry.Kind) ([]OwnItem, error)
	OwnApplication(ctx context.Context, session, number string) (OwnApplication, error)
	OwnCertificates(ctx context.Context, session, standing string) ([]OwnCertificate, error)
	OwnSystems(ctx context.Context, session string) ([]System, error)
	AskCode(ctx context.Context, session string, kind registry.Kind, method string) (OneTimeCode, error)
	ResendCode(ctx context.Context, session, id string) (OneTimeCode, error)
	VerifyCode(ctx context.Context, session, id, code string) (signUntil time.Time, err error)
	// TakeUp gives what it takes to install here what another terminal asked for.
	TakeUp(ctx context.Context, number string, proof Proof) (Adoption, error)
	// KeyStatus says which application a public key belongs to (SHA-256 over its SubjectPublicKeyInfo, lower-case hex).
	KeyStatus(ctx context.Context, spkiSHA256 string) (number string, status registry.Status, err error)
}

// StaffDesk is staff's share of the cabinet; staff is the session that OpenStaff gave.
type StaffDesk interface {
	SearchPeople(ctx context.Context, staff, query string) ([]Person, error)
	OpenPerson(ctx context.Context, staff, iin string) (PersonFile, error)
	OrderRevocation(ctx context.Context, order, cms []byte) (serials []string, err error)
	DayReport(ctx context.Context, staff, day string) (DayReport, error)
}

// What the centre may refuse in the cabinet.
var (
	ErrCabinetOver     = errors.New("the cabinet's session is over")
	ErrChallengeOver   = errors.New("the challenge is used or too old")
	ErrBadSignature    = errors.New("the signature does not hold")
	ErrSignatureTime   = errors.New("the signing time cannot be")
	ErrSignatureStale  = errors.New("it was signed too long ago")
	ErrNotSignInKey    = errors.New("not a key for signing in")
	ErrNotSigningKey   = errors.New("not a key for signing")
	ErrKeyExpired      = errors.New("the key has expired")
	ErrKeyNotYet       = errors.New("the key is not valid yet")
	ErrKeyRevoked      = errors.New("the key is revoked")
	ErrKeyForeign      = errors.New("the key is of another authority")
	ErrKeyUnchecked    = errors.New("whether the key is revoked nobody can say")
	ErrOtherPerson     = errors.New("another person's")
	ErrAlreadyFiled    = errors.New("the same was applied for already")
	ErrAlreadyReissued = errors.New("the key was reissued already")
	ErrAlreadyRevoked  = errors.New("the key was revoked already")
	ErrNotOffered      = errors.New("the centre does not offer this")
	ErrNoSystem        = errors.New("no such information system is registered on the person")
	ErrCodeWrong       = errors.New("the one-time code is wrong")
	ErrCodeExpired     = errors.New("the one-time code has run out")
	ErrCodeLocked      = errors.New("too many wrong one-time codes")
	ErrCodeLimit       = errors.New("no more one-time codes for now")
	ErrCodeRequired    = errors.New("a one-time code is needed")
)

// Refusal is a refusal of the centre that says more than a word: how many tries are left, how long to wait.
type Refusal struct {
	Err  error
	Left int           // tries; -1 where the centre does not say
	Wait time.Duration // 0 where the centre does not say
}

func (r *Refusal) Error() string { return fmt.Sprintf("%v (left %d, wait %s)", r.Err, r.Left, r.Wait) }

// Unwrap gives the word.
func (r *Refusal) Unwrap() error { return r.Err }
