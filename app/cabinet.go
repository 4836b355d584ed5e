package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// cabinet is who has signed in with a key of his own. With the line down it stands on what the key itself proves: then only
// what needs no centre can be done.
type cabinet struct {
	session string // at the centre; empty: without it
	iin     string
	name    registry.Name
	cert    *x509.Certificate // that signed in
	medium  ref               // on which its key lies
	there   bool              // the medium was there when last looked
	factory bool              // the PIN that was typed is the factory's
	checked bool              // the centre knows that the key is not revoked
	seen    []seenKey         // that lie on the media that were opened in this session
	asked   map[string]string // numbers of the revocations applied for in this session, by the certificate's serial number
}

func (c *cabinet) offline() bool { return c.session == "" }

// signIn is the act that opens the cabinet. Under the lock.
func (k *Kiosk) signIn() {
	joined := k.joined
	s := &signing{purpose: toSignIn, what: "sign-in", from: &menu{}, steps: func(_ *Kiosk, at string) *Progress {
		return line(at, "medium", "secret", "key")
	}}
	s.do = func(ctx context.Context, ses *session, with signer) (func(), error) {
		c, err := k.enterCabinet(ctx, joined, with)
		if err != nil {
			return nil, err
		}
		return func() {
			ses.cabinet = c
			k.log.Info("cabinet opens", "session", ses.id, "offline", c.offline())
			k.at = &cabinetHome{}
		}, nil
	}
	s.begin(k)
}

// enterCabinet signs the centre's challenge. Without a line it signs a challenge of our own: then the key proves who stands
// here, and nothing that the centre keeps is shown.
func (k *Kiosk) enterCabinet(ctx context.Context, joined *Joined, with signer) (*cabinet, error) {
	iin, named := pki.SubjectIIN(with.cert)
	if !named {
		return nil, is(CodeKeyUnusable, errors.New("the certificate names nobody"))
	}
	c := &cabinet{iin: iin, cert: with.cert, medium: with.medium, there: true, factory: with.factory, seen: with.beside, asked: map[string]string{}}
	c.name.Surname, c.name.Given, c.name.Patronymic = pki.SubjectName(with.cert)
	citizen, err := k.signInAtCentre(ctx, joined, with)
	switch {
	case err == nil:
		c.session, c.iin, c.name, c.checked = citizen.Session, citizen.IIN, citizen.Name, citizen.Checked
		return c, nil
	case !lineTrouble(err):
		return nil, err
	}
	k.log.Info("cabinet without the centre", "cause", err)
	nonce := make([]byte, 32)
	_, err = io.ReadFull(k.cfg.Rand, nonce)
	if err != nil {
		return nil, fmt.Errorf("choose a challenge: %w", err)
	}
	_, err = with.sign(ctx, nonce) // verified before it is handed out
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (k *Kiosk) signInAtCentre(ctx context.Context, joined *Joined, with signer) (Citizen, error) {
	challenge, err := limited(ctx, joined.Line.Challenge)
	if err != nil {
		return Citizen{}, err
	}
	cms, err := with.sign(ctx, challenge)
	if err != nil {
		return Citizen{}, err
	}
	return limited(ctx, func(ctx context.Context) (Citizen, error) { return joined.Line.SignIn(ctx, challenge, cms) })
}

// signOut ends the session at the centre.
func (k *Kiosk) signOut(ctx context.Context, c *cabinet) {
	k.mu.Lock()
	joined := k.joined
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, lookupWithin)
	defer cancel()
	err := joined.Line.SignOut(ctx, c.session)
	if err != nil {
		k.log.Info("end the cabinet's session", "cause", err)
	}
}

// lineTrouble tells an answer that never came from one that was no.
func lineTrouble(err error) bool {
	for _, trouble := range []error{ErrLineDown, ErrLineSlow, ErrGarbage, ErrCentreExpired, ErrCentreForeign, ErrCentreFailed, context.DeadlineExceeded} {
		if errors.Is(err, trouble) {
			return true
		}
	}
	return false
}

// cabinetFault says what went wrong; a session that the centre has ended ends the cabinet. Under the lock.
func (k *Kiosk) cabinetFault(err error) {
	if errors.Is(err, ErrCabinetOver) && k.ses != nil && k.ses.cabinet != nil {
		k.close()
		k.discard()
		k.ses.cabinet = nil
		*k.ses.draft = draft{}
		k.at = &menu{}
	}
	k.fail(faultOf(err))
}

// cabinetItems are the functions of the cabinet in the order in which they are shown; whole says that one needs the centre.
var cabinetItems = []struct {
	does  string
	whole bool
}{
	{"reissue", true}, {"revoke", false}, {"applications", true}, {"certificates", false}, {"status", false}, {"password", false},
	{"system", true}, {"gost", false}, {"profile", true},
}

// cabinetHome is where a citizen who signed in chooses what to do.
type cabinetHome struct{}

func (*cabinetHome) name() string { return "cabinet.home" }
func (*cabinetHome) resting()     {}
func (*cabinetHome) view(k *Kiosk) any {
	c := k.ses.cabinet
	v := CabinetHomeScreen{
		Name: fullName(c.name), IIN: maskedIIN(c.iin), Offline: c.offline(), Factory: c.factory, Items: []CabinetItem{},
		Key: k.text(titleOf(c.cert)), Until: k.date(c.cert.NotAfter),
	}
	for _, i := range cabinetItems {
		item := CabinetItem{Does: i.does, Usable: true}
		if i.whole && c.offline() {
			item.Usable, item.Why = false, (&fault{code: CodeNeedsLine}).words(k).Title
		}
		v.Items = append(v.Items, item)
	}
	return v
}

func (*cabinetHome) act(k *Kiosk, action string, _ []byte) *fault {
	for _, i := range cabinetItems {
		if i.does == action && i.whole && k.ses.cabinet.offline() {
			return &fault{code: CodeNeedsLine}
		}
	}
	*k.ses.draft = draft{}
	switch action {
	case "reissue":
		k.applyAs(registry.KindReissue, &applyName{})
	case "system":
		k.systems()
	case "gost":
		k.applyAs(registry.KindGOST, &gostInfo{})
	case "status":
		k.at = &statusNumber{}
	case "revoke":
		k.listToRevoke()
	case "certificates":
		k.listCertificates("")
	case "applications":
		k.listApplications()
	case "profile":
		k.showProfile()
	case "password":
		k.at = &passwordMedium{}
	case "cabinet.leave":
		k.end("signed out")
	}
	return nil
}

// lookAtCabinet asks whether somebody is still there when the medium that signed in was taken out: people pull it and walk
// away. While something is being done with another medium it does not ask. Under the lock.
func (k *Kiosk) lookAtCabinet() {
	if k.ses == nil || k.ses.cabinet == nil {
		return
	}
	c := k.ses.cabinet
	there := k.plugIn(c.medium) || c.medium == stickRef && k.letsGo()
	gone := c.there && !there
	c.there = there
	if _, resting := k.at.(interface{ resting() }); !resting || !gone || k.dialog != nil || k.job != nil {
		return
	}
	k.ses.touchedAt = k.cfg.Now().Add(-k.cfg.IdleAfter)
	k.dialog = &idleDialog{seconds: int(k.cfg.IdleWarning.Seconds())}
}
