package centre

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

func parseDER(der []byte) (*x509.Certificate, error) { return x509.ParseCertificate(der) }

// profileOf is what is known of a person. Until he sets another, his address is that of his newest certificate, and notices go.
func profileOf(t *ledger.Tx, iin, serial string) (api.Profile, error) {
	p, registered, err := personBehind(t, iin, serial)
	if err != nil {
		return api.Profile{}, err
	}
	out := api.Profile{Person: personOut(p), Registered: registered, Resident: !p.NonResident, Notices: true}
	own, err := t.Profile(iin)
	if err == nil {
		out.Email, out.Notices = own.Email, own.Notices
		return out, nil
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return out, err
	}
	newest, err := t.CertificatesOfIIN(iin, 1)
	if err != nil || len(newest) == 0 {
		return out, err
	}
	cert, err := parseDER(newest[0].DER)
	if err != nil {
		return out, err
	}
	if len(cert.EmailAddresses) > 0 {
		out.Email = cert.EmailAddresses[0]
	}
	return out, nil
}

// setProfile changes what a person may set himself.
func (c *Centre) setProfile(ctx context.Context, s ledger.CitizenSession, in api.ProfileChange) (api.Profile, error) {
	if in.Email != "" {
		if err := pki.CheckEmail(in.Email); err != nil || len(in.Email) > 254 {
			return api.Profile{}, refuse(api.ErrorCodeBadRequest, "the e-mail address is not one")
		}
	}
	if in.Notices && in.Email == "" {
		return api.Profile{}, refuse(api.ErrorCodeBadRequest, "notices need an e-mail address")
	}
	var out api.Profile
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		now := c.now()
		if err := t.PutProfile(ledger.Profile{IIN: s.IIN, Email: in.Email, Notices: in.Notices, UpdatedAt: now}); err != nil {
			return err
		}
		if err := t.Audit(now, "profile-changed", "citizen:"+s.Serial, "device:"+s.Device, ""); err != nil {
			return err
		}
		var err error
		out, err = profileOf(t, s.IIN, s.Serial)
		return err
	})
	return out, err
}
