package app

import (
	"context"
	"crypto/x509"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// followEvery is how often is looked what became of a revocation, besides each time that the line changes.
const followEvery = time.Second

// follow tells a revocation's screen what has become of it, until all is seen or the screen is left.
func (k *Kiosk) follow(ses *session, joined *Joined, s *revokeDone) {
	changed, stop := joined.Engine.Watch()
	defer stop()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var found revocationSeen
	var session string
	k.during(ses, func() {
		found = s.revocationSeen
		if ses.cabinet != nil && s.whole {
			session = ses.cabinet.session
		}
	})
	for {
		found = k.lookAtRevocation(ses.ctx, joined, s.number, session, s.certs, found)
		ended := true
		k.during(ses, func() {
			if k.below() == state(s) {
				s.revocationSeen = found
				ended = s.proved() || s.state(k) == "refused"
			}
		})
		if ended {
			return
		}
		select {
		case <-ses.ctx.Done():
			return
		case <-changed:
		case <-tick.C:
		}
	}
}

// lookAtRevocation looks at the application, and once it is through, whether others are told of it: in the person's own list,
// by OCSP and in the revocation list. What was seen is not asked for again. Outside the lock.
func (k *Kiosk) lookAtRevocation(ctx context.Context, joined *Joined, number, session string, certs []*x509.Certificate, f revocationSeen) revocationSeen {
	reading, cancel := context.WithTimeout(ctx, journalWithin)
	defer cancel()
	record, err := k.cfg.Store.Application(reading, number)
	if err != nil {
		k.log.Info("look at the revocation", "cause", err)
		return f
	}
	f.status, f.refuse = record.Status, record.Reason
	if f.status != registry.StatusRevoked {
		return f
	}
	if !f.list && session != "" {
		list, err := limited(ctx, func(ctx context.Context) ([]OwnCertificate, error) {
			return joined.Line.OwnCertificates(ctx, session, "revoked")
		})
		if err != nil {
			k.log.Info("look for the revocation in the list", "cause", err)
		}
		f.list = err == nil && !slices.ContainsFunc(certs, func(cert *x509.Certificate) bool {
			return !slices.ContainsFunc(list, func(o OwnCertificate) bool { return o.Ref.Serial == serialHex(cert) && o.Standing == "revoked" })
		})
	}
	if f.ocsp && f.crl {
		return f
	}
	f.ocsp, f.crl = true, true
	for _, cert := range certs {
		asking, cancel := context.WithTimeout(ctx, lookupWithin)
		told := joined.Line.Published(asking, cert)
		cancel()
		f.ocsp, f.crl = f.ocsp && told.OCSP == pki.Revoked, f.crl && told.CRL == pki.Revoked
	}
	return f
}
