package app

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/tirkeu/kiosk/hardware/stick"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// purpose is what a key of the citizen's is asked for.
type purpose string

const (
	toSignIn purpose = "sign-in"
	toSign   purpose = "sign"
	toRead   purpose = "read" // only to see what keys there are
)

// signed is all that is signed with a citizen's key; the words are under "sign.what".
var signed = []string{
	"sign-in", "revocation",
	"new", "reissue", "information-system", "gost",
}

// signing is one act that needs a key of the citizen's. It asks, a screen each, where the key lies, for the PIN or the
// password, and which key it is; then the act is done with it. Signing in goes this way, and so does every application that
// a citizen signs. The PIN or password is asked for each time: a session that stands open signs nothing by itself.
type signing struct {
	purpose purpose
	what    string                              // of what is signed: one of signed; it stands on the last screen
	from    state                               // where "back" leads from the first screen
	steps   func(k *Kiosk, at string) *Progress // progress line; nil: none
	refuse  func(cert *x509.Certificate) *fault // why a key that could do it does not serve this act; nil: each does
	// do is the act, outside the lock. What it gives back runs under it.
	do func(ctx context.Context, ses *session, with signer) (apply func(), err error)
	// read takes the keys that were found, in place of do; it runs under the lock, and nothing is signed.
	read func(k *Kiosk, medium ref, keys []heldKey)
}

// signer is a key that has been unlocked and chosen.
type signer struct {
	medium  ref
	cert    *x509.Certificate
	factory bool      // the PIN that was typed is the factory's
	beside  []seenKey // all that lies on the medium
	sign    func(ctx context.Context, content []byte) (cms []byte, err error)
}

// begin shows the first screen of the act. Under the lock.
func (s *signing) begin(k *Kiosk) {
	k.close()
	k.at = &signMedium{s}
}

func (s *signing) progress(k *Kiosk, at string) *Progress {
	if s.steps == nil {
		return nil
	}
	return s.steps(k, at)
}

// signMedium asks where the key lies; it shows what is plugged in as it comes and goes.
type signMedium struct{ s *signing }

func (*signMedium) name() string               { return "sign.medium" }
func (m *signMedium) back(*Kiosk) state        { return m.s.from }
func (m *signMedium) steps(k *Kiosk) *Progress { return m.s.progress(k, "medium") }
func (m *signMedium) view(k *Kiosk) any {
	v := SignMediumScreen{
		Purpose: string(m.s.purpose), Tokens: k.cards(nil), Stick: k.stickCard(), Kinds: []Medium{},
		CanLost: m.s.purpose == toSignIn,
	}
	for _, storage := range k.directory().Storages {
		v.Kinds = append(v.Kinds, Medium{Kind: string(storage.Kind), Name: k.mediumName(ref{kind: string(storage.Kind)})})
	}
	return v
}

func (m *signMedium) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "sign.lost":
		if m.s.purpose == toSignIn {
			k.at = &lostKeys{from: m}
		}
	case "sign.medium":
		medium, f := k.chosenMedium(args)
		if f != nil {
			return f
		}
		if medium == stickRef {
			m.s.listFiles(k)
			return nil
		}
		k.at = &signSecret{s: m.s, entry: entry{token: medium}}
	}
	return nil
}

// lostKeys says what one does who has no key that works: staff revoke the old ones and confirm an application for new ones.
type lostKeys struct{ from state }

func (*lostKeys) name() string        { return "sign.lost" }
func (l *lostKeys) back(*Kiosk) state { return l.from }
func (*lostKeys) view(*Kiosk) any     { return Empty{} }
func (*lostKeys) act(k *Kiosk, action string, _ []byte) *fault {
	switch action {
	case "apply":
		k.at = &applyIIN{}
	case "finish":
		k.end("finished")
	}
	return nil
}

// listFiles looks what key files the stick holds. Under the lock.
func (s *signing) listFiles(k *Kiosk) {
	k.findFiles(func(list *filesList, err error) {
		switch {
		case errors.Is(err, stick.ErrAbsent):
			k.at = &signMedium{s}
			k.fail(&fault{code: CodeStickAbsent})
		case err != nil:
			k.fail(&fault{code: CodeStickUnread, err: errors.New(typeOf(err))})
		default:
			k.at = &signFile{s: s, list: list}
		}
	})
}

// signFile lets the citizen pick the key file.
type signFile struct {
	s    *signing
	list *filesList
}

func (*signFile) name() string               { return "sign.file" }
func (m *signFile) back(*Kiosk) state        { return &signMedium{m.s} }
func (m *signFile) steps(k *Kiosk) *Progress { return m.s.progress(k, "medium") }
func (m *signFile) plugged(k *Kiosk)         { m.s.stickGone(k) }
func (m *signFile) view(k *Kiosk) any {
	files := m.list.view(k).(FilesListScreen)
	return SignFileScreen{Purpose: string(m.s.purpose), Files: files.Files, More: files.More}
}

func (m *signFile) act(k *Kiosk, action string, args []byte) *fault {
	switch action {
	case "sign.look":
		m.s.listFiles(k)
	case "sign.file":
		file, f := m.list.pick(args)
		if f != nil {
			return f
		}
		k.at = &signSecret{s: m.s, entry: entry{token: stickRef}, file: &file}
	}
	return nil
}

// stickGone goes back to the first question when the stick was taken out. Under the lock.
func (s *signing) stickGone(k *Kiosk) {
	if !k.stick {
		k.close()
		k.at = &signMedium{s}
		k.fail(&fault{code: CodeStickAbsent})
	}
}

// acceptSigned signs an application with the citizen's key and accepts it: it is on disk before anybody is told.
func (k *Kiosk) acceptSigned(ctx context.Context, application registry.Application, acceptance Acceptance, with signer) error {
	document, err := application.Encode()
	if err != nil {
		return err
	}
	cms, err := with.sign(ctx, document)
	if err != nil {
		return err
	}
	acceptance.Kind, acceptance.Document, acceptance.Signature = application.Kind, document, cms
	// From here on it must not be undone by a session that ends in the same moment.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalWithin)
	defer cancel()
	return k.cfg.Store.Accept(ctx, acceptance)
}

// refTo names a certificate as applications do (RFC 5280 §4.1.2.2).
func refTo(cert *x509.Certificate) registry.CertificateRef {
	return registry.CertificateRef{Issuer: cert.RawIssuer, Serial: serialHex(cert)}
}

// roles are what a citizen's certificate may be used for.
func roles(cert *x509.Certificate) pki.Roles { return pki.DefaultProfiles().RolesOf(cert) }
