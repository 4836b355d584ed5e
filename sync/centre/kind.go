package centre

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// citizenActor begins the name of a citizen who decided about an application by his own signature; the serial number of his
// certificate follows.
const citizenActor = "citizen:"

// signedApplication judges the citizen's signature over an application. The key must have been valid when it signed; that
// moment must lie within Rules.SignedApart of the application's own time and not longer ago than Rules.SignedWithin, since it is
// the signer's claim. Whether the key is revoked is asked for now, in mayFile.
func (c *Centre) signedApplication(ctx context.Context, f filing) (*signed, error) {
	now := c.now()
	s, err := c.citizenSignature(ctx, f.document, f.signature, toSign, func(claimed time.Time) (time.Time, error) {
		switch {
		case claimed.After(now.Add(c.rules.DecisionAhead)):
			return claimed, refuse(api.ErrorCodeSignatureTime, "the application was signed in the future: check the kiosk's clock")
		case claimed.Sub(f.a.CreatedAt).Abs() > c.rules.SignedApart:
			return claimed, refuse(api.ErrorCodeSignatureTime, "the application was written and signed at different times")
		case now.Sub(claimed) > c.rules.SignedWithin:
			return claimed, refuse(api.ErrorCodeSignatureStale, "the application was signed too long ago")
		}
		return claimed, nil
	})
	if err != nil {
		return nil, err
	}
	if s.iin != f.a.IIN {
		return nil, refuse(api.ErrorCodeOtherPerson, "the application is another person's than the signer")
	}
	return &s, nil
}

// mayFile holds an application against the directory's rule of its kind, and gives what it is about.
func (c *Centre) mayFile(t *ledger.Tx, f filing, web *ledger.WebApplication) (about string, err error) {
	d, err := c.directoryOf(t)
	if err != nil {
		return "", err
	}
	rule, offered := d.KindRule(f.a.Kind)
	if !offered || !slices.Contains(registry.Kinds, f.a.Kind) {
		return "", refuse(api.ErrorCodeNotOffered, "applications of the kind %q are not offered", f.a.Kind)
	}
	if f.by == nil {
		if rule.Signed || web != nil {
			return "", refuse(api.ErrorCodeUnsigned, "an application of this kind is signed by the citizen")
		}
		return "", nil
	}
	if f.a.Kind == registry.KindNew && web == nil {
		return "", refuse(api.ErrorCodeBadRequest, "who holds keys asks for a reissue: only what was filed on the web is confirmed by a signature")
	}
	// Again, inside the transaction that lets the certificates out: it may have been revoked in between.
	if err := f.by.check(t); err != nil {
		return "", err
	}
	if err := c.keyStands(f, rule); err != nil {
		return "", err
	}
	if err := c.secondFactor(t, f, rule); err != nil {
		return "", err
	}
	switch f.a.Kind {
	case registry.KindNew:
		return "", c.mayConfirm(t, d, f, web)
	case registry.KindReissue:
		return f.a.Replaces.Serial, c.mayReissue(t, f, rule)
	case registry.KindRevocation:
		return "", c.mayRevokeBy(t, d, f)
	case registry.KindSystem:
		return f.a.System, c.maySystem(t, f)
	case registry.KindGOST:
		return "", c.noneLike(t, f, ledger.Search{IIN: f.a.IIN, Kind: string(f.a.Kind)})
	}
	return "", refuse(api.ErrorCodeNotOffered, "applications of the kind %q are not offered", f.a.Kind)
}

// keyStands asks whether the signing key is revoked now. A revocation may also be signed by a key that was revoked only after:
// two of them may arrive in the wrong order, and nothing is let out by either.
func (c *Centre) keyStands(f filing, rule registry.KindRule) error {
	if f.a.Kind == registry.KindRevocation && f.by.at.Before(f.by.revokedAt) {
		return nil
	}
	return f.by.stands(rule.Unchecked)
}

// letOut confirms what the citizen signed, unless staff look at it.
func (c *Centre) letOut(t *ledger.Tx, f filing, row ledger.Application) error {
	if f.by == nil {
		return nil
	}
	d, err := c.directoryOf(t)
	if err != nil {
		return err
	}
	if rule, _ := d.KindRule(f.a.Kind); rule.Staff {
		return nil
	}
	now, who := c.now(), citizenActor+f.by.serial
	if err := t.Decide(row.Number, ledger.Filed, ledger.Confirmed, now, who, "", nil, nil); err != nil {
		return err
	}
	return t.Audit(now, "application-confirmed", who, "application:"+row.Number, "")
}

// bySelf says whether the citizen's own signature let an application's certificates out.
func bySelf(a ledger.Application) bool { return strings.HasPrefix(a.DecidedBy, citizenActor) }

// mayReissue: the certificate that is replaced is the person's, was valid when he signed and is not revoked; and what
// replaced it before, if anything, does not stand.
func (c *Centre) mayReissue(t *ledger.Tx, f filing, rule registry.KindRule) error {
	cert, err := c.ownCertificate(t, f.a.IIN, *f.a.Replaces)
	if err != nil {
		return err
	}
	switch {
	case !cert.RevokedAt.IsZero():
		return refuse(api.ErrorCodeKeyRevoked, "the certificate to be replaced is revoked")
	case f.by.at.After(cert.NotAfter):
		return refuse(api.ErrorCodeKeyExpired, "the certificate to be replaced had expired")
	case !rule.Once:
		return nil
	}
	like := ledger.Search{About: f.a.Replaces.Serial, Kind: string(f.a.Kind)}
	if err := c.noneLike(t, f, like); err != nil {
		return err
	}
	before, err := t.Applications(like)
	if err != nil {
		return err
	}
	for _, a := range before {
		if a.State != ledger.Issued && a.State != ledger.Installed {
			continue
		}
		keys, err := t.Keys(a.Number)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if made, err := t.CertificateOfKey(a.Number, k.Ordinal); err != nil {
				return err
			} else if made.RevokedAt.IsZero() {
				return refuse(api.ErrorCodeAlreadyReissued, "the certificate was replaced by application %s, whose keys stand", a.Number)
			}
		}
	}
	return nil
}

// noneLike refuses an application while another one like it is not finished: the same was asked for at two kiosks. One that
// has not got on for Rules.PendingLife keeps nobody out.
func (c *Centre) noneLike(t *ledger.Tx, f filing, like ledger.Search) error {
	others, err := t.Applications(like)
	if err != nil {
		return err
	}
	for _, a := range others {
		switch c.stateOf(a) {
		case ledger.Filed, ledger.Waiting, ledger.Confirmed:
			if c.now().Sub(a.FiledAt) < c.rules.PendingLife {
				return refuse(api.ErrorCodeAlreadyFiled, "application %s asks for the same and is not finished", a.Number)
			}
		case ledger.Issued, ledger.Installed, ledger.Rejected, ledger.Expired:
		}
	}
	return nil
}

// ownCertificate finds a certificate of a person. That there is none and that it is another's are one answer.
func (c *Centre) ownCertificate(t *ledger.Tx, iin string, ref registry.CertificateRef) (ledger.Certificate, error) {
	no := refuse(api.ErrorCodeOtherPerson, "no certificate of this person has that issuer and serial number")
	family, ours := c.authority.Named(ref.Issuer)
	if !ours {
		return ledger.Certificate{}, no
	}
	cert, err := t.Certificate(ref.Serial)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && (cert.Kind != "citizen" || cert.IIN != iin || cert.DER == nil || authority.Family(cert.Issuer) != family) {
		return cert, no
	}
	return cert, err
}

// maySystem: the information system is registered on the person.
func (c *Centre) maySystem(t *ledger.Tx, f filing) error {
	system, err := t.System(f.a.System)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && system.IIN != f.a.IIN {
		return refuse(api.ErrorCodeNoSystem, "no information system of this object identifier is registered on the person")
	}
	if err != nil {
		return err
	}
	return c.noneLike(t, f, ledger.Search{About: f.a.System, Kind: string(f.a.Kind)})
}
