package app

import (
	"context"
	"crypto/x509"
	"errors"

	"github.com/tirkeu/kiosk/sync/registry"
)

// kindName is what an application of a kind is called, in the centre's words.
func (k *Kiosk) kindName(kind registry.Kind) string {
	rule, _ := k.directory().KindRule(kind)
	return rule.Name.In(string(k.lang))
}

// applyAs begins an application that the citizen signs with a key he has; what is known of him is asked for first. Under the
// lock.
func (k *Kiosk) applyAs(kind registry.Kind, first state) {
	joined, c := k.joined, k.ses.cabinet
	rule, _ := k.directory().KindRule(kind)
	k.start(job{awaits: true}, func(ctx context.Context, _ *session) func() {
		d := draft{kind: kind, iin: c.iin, name: c.name, known: true, from: &cabinetHome{}}
		err := k.ownFacts(ctx, joined.Line, c, &d)
		if err == nil && kind == registry.KindReissue && rule.Once {
			d.replaced, err = replacedBefore(ctx, joined.Line, c.session)
		}
		return func() {
			if err != nil {
				k.cabinetFault(err)
				return
			}
			d.region, d.locality = k.ses.place.region, k.ses.place.locality
			if kind != registry.KindReissue {
				d.first = first
			}
			k.discard() // of a draft that was given up
			*k.ses.draft = d
			k.at = first
		}
	})
}

// ownFacts puts into the draft what the centre knows of the person. Without it the certificate says what it must say.
func (k *Kiosk) ownFacts(ctx context.Context, ask CentreLine, c *cabinet, d *draft) error {
	d.email = ownAddress(c.cert)
	if c.offline() {
		return nil
	}
	profile, err := limited(ctx, func(ctx context.Context) (Profile, error) { return ask.Profile(ctx, c.session) })
	switch {
	case err == nil:
		d.email, d.foreign = profile.Email, !profile.Resident
	case lineTrouble(err) && d.kind != registry.KindReissue:
		k.log.Info("apply without the profile", "cause", err)
	default:
		return err
	}
	if d.email != "" && !emailLike(d.email) {
		d.email = ""
	}
	return nil
}

// ownAddress is the e-mail address in a person's certificate; empty where there is none.
func ownAddress(cert *x509.Certificate) string {
	if len(cert.EmailAddresses) == 0 {
		return ""
	}
	return cert.EmailAddresses[0]
}

// reissuesLooked bounds how many of a person's reissues are looked at, the newest ones.
const reissuesLooked = 12

// replacedBefore finds the signing certificates for which new keys were given that stand: the centre does not give others for
// them. When it would for none, that is the error. What lies at another terminal the centre does not know yet: the last word
// is its.
func replacedBefore(ctx context.Context, ask CentreLine, session string) (map[string]Code, error) {
	items, err := limited(ctx, func(ctx context.Context) ([]OwnItem, error) {
		return ask.OwnApplications(ctx, session, "", registry.KindReissue)
	})
	if err != nil {
		return nil, err
	}
	replaced := map[string]Code{}
	for _, item := range items[:min(len(items), reissuesLooked)] {
		if item.Status != registry.StatusIssued && item.Status != registry.StatusInstalled {
			continue
		}
		a, err := limited(ctx, func(ctx context.Context) (OwnApplication, error) {
			return ask.OwnApplication(ctx, session, item.Number)
		})
		if err != nil {
			return nil, err
		}
		document, err := registry.ParseApplication(a.Document)
		if err != nil || document.Replaces == nil {
			continue
		}
		for _, cert := range a.Certificates {
			if cert.RevokedAt.IsZero() {
				replaced[document.Replaces.Serial] = CodeAlreadyReissued
			}
		}
	}
	if len(replaced) == 0 {
		return replaced, nil
	}
	good, err := limited(ctx, func(ctx context.Context) ([]OwnCertificate, error) { return ask.OwnCertificates(ctx, session, "good") })
	if err != nil {
		return nil, err
	}
	var last Code
	for _, own := range good {
		cert, err := x509.ParseCertificate(own.DER)
		if err != nil || !roles(cert).Sign {
			continue
		}
		code, is := replaced[own.Ref.Serial]
		if !is {
			return replaced, nil
		}
		last = code
	}
	if last != "" {
		return nil, is(last, errors.New("each signing certificate was replaced"))
	}
	return replaced, nil
}
