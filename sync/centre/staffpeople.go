package centre

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// peopleListed bounds what one search of people gives: who needs more says more of the name.
const peopleListed = 50

// staff is the operator of a session, within the rate at which one may look at people.
func (c *Centre) staff(ctx context.Context, who caller) (ledger.Operator, error) {
	o, err := c.session(ctx, who.device, who.token)
	if err != nil {
		return o, err
	}
	if wait, ok := c.buckets.take("staff-people:"+o.ID, c.rules.StaffPeople, c.now()); !ok {
		return o, &Refusal{Code: api.ErrorCodeRateLimited, Message: "this operator asks too often", After: wait}
	}
	return o, nil
}

// searchPeople finds people of the register by IIN or part of a name. What was asked stands in the audit log as it was typed.
func (c *Centre) searchPeople(ctx context.Context, who caller, query string) ([]api.Person, error) {
	o, err := c.staff(ctx, who)
	if err != nil {
		return nil, err
	}
	query = strings.Join(strings.Fields(query), " ")
	if utf8.RuneCountInString(query) < 3 || len(query) > 400 {
		return nil, refuse(api.ErrorCodeBadRequest, "a search wants an IIN or at least three letters of a name")
	}
	items := []api.Person{}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		found, err := t.People(query, peopleListed)
		if err != nil {
			return err
		}
		for _, p := range found {
			items = append(items, personOut(p))
		}
		return t.Audit(c.now(), "people-searched", "operator:"+o.ID, "device:"+who.device.Prefix, query)
	})
	return items, err
}

// openPerson is one person with all that is his.
func (c *Centre) openPerson(ctx context.Context, who caller, iin string) (api.PersonFile, error) {
	var out api.PersonFile
	o, err := c.staff(ctx, who)
	if err != nil {
		return out, err
	}
	if err := c.checkIIN(iin); err != nil {
		return out, refuse(api.ErrorCodeBadRequest, "the IIN is not valid")
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		var err error
		if out.Certificates, err = c.ownCertificates(t, iin, nil); err != nil {
			return err
		}
		if out.Applications, err = c.ownApplications(t, iin, nil, nil); err != nil {
			return err
		}
		serial := ""
		if len(out.Certificates) > 0 {
			serial = out.Certificates[0].Serial
		}
		if out.Profile, err = profileOf(t, iin, serial); err != nil {
			return err
		}
		if !out.Profile.Registered && len(out.Applications)+len(out.Certificates) == 0 {
			return refuse(api.ErrorCodeNotFound, "neither the register nor the ledger has such a person")
		}
		return t.Audit(c.now(), "person-opened", "operator:"+o.ID, "iin:"+iin, "device:"+who.device.Prefix)
	})
	return out, err
}

// orderRevocation revokes what an order names that staff signed, for a citizen who can sign nothing any more: signer and role
// are checked as for a decision, and nobody orders about himself. The same bytes again get the same answer.
func (c *Centre) orderRevocation(ctx context.Context, d ledger.Device, document, signature []byte) ([]string, error) {
	said, err := registry.ParseRevocationOrder(document)
	if err != nil {
		return nil, refuse(api.ErrorCodeBadRequest, "the order cannot be read: %v", err)
	}
	if said.At.After(c.now().Add(c.rules.DecisionAhead)) {
		return nil, refuse(api.ErrorCodeBadRequest, "the order was made in the future: check the kiosk's clock")
	}
	cert, err := c.decider(ctx, document, signature, said.At)
	if refusalCode(err) == api.ErrorCodeUnauthenticated { // it is the order that is not signed well, not the device that is unknown
		return nil, refuse(api.ErrorCodeBadSignature, "%v", err)
	}
	if err != nil {
		return nil, err
	}
	o, err := c.operatorOf(ctx, cert)
	if err != nil {
		return nil, errors.Join(err, c.note(ctx, "staff-refused", "device:"+d.Prefix, "revocation-order", ""))
	}
	if o.IIN == said.IIN {
		return nil, refuse(api.ErrorCodeOwnApplication, "nobody orders about certificates of his own")
	}
	var serials []string
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		serials = nil
		for _, ref := range said.Certificates {
			serials = append(serials, ref.Serial)
		}
		by, err := t.OrderBy(hashOf(document))
		if err == nil && by == o.ID {
			return nil
		}
		if err == nil {
			return refuse(api.ErrorCodeAlreadyDecided, "another operator gave this order")
		}
		if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		return c.obey(t, d, o, said, document, signature)
	})
	return serials, err
}

func (c *Centre) obey(t *ledger.Tx, d ledger.Device, o ledger.Operator, said registry.RevocationOrder, document, signature []byte) error {
	directory, err := c.directoryOf(t)
	if err != nil {
		return err
	}
	reason, known := directory.RevocationReason(said.Reason)
	if !known {
		return refuse(api.ErrorCodeNotOffered, "the directory has no reason %q for revocation", said.Reason)
	}
	if _, known := directory.IdentityDocument(said.Document.Type); !known {
		return refuse(api.ErrorCodeBadRequest, "the directory has no identity document %q", said.Document.Type)
	}
	open := 0
	for _, ref := range said.Certificates {
		cert, err := c.ownCertificate(t, said.IIN, ref)
		if err != nil {
			return err
		}
		if !cert.RevokedAt.IsZero() {
			continue
		}
		open++
		if err := c.revokeCitizens(t, cert.Serial, reason.CRLReason, "operator:"+o.ID, "", "order:"+hashOf(document)); err != nil {
			return err
		}
	}
	if open == 0 {
		return refuse(api.ErrorCodeAlreadyRevoked, "the certificates are revoked already")
	}
	now := c.now()
	if err := t.AddOrder(ledger.Order{SHA256: hashOf(document), IIN: said.IIN, Document: document, Signature: signature, Operator: o.ID, Device: d.Prefix, At: now}); err != nil {
		return err
	}
	return t.Audit(now, "revocation-ordered", "operator:"+o.ID, "order:"+hashOf(document), said.Reason)
}
