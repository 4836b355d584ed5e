package centre

import (
	"context"
	"slices"
	"strings"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// takeUp gives an enrolled device what it needs to install certificates that another device asked for. What proves that the
// application is the asker's is one of: a public key of it, seen on his medium (its hash stands nowhere but there and in the
// application); a citizen's session; a staff session at the centre of the application.
func (c *Centre) takeUp(ctx context.Context, who caller, in api.TakeUp) (api.TakenUp, error) {
	out := api.TakenUp{Keys: []api.TakenKey{}, Chain: [][]byte{}}
	a, err := c.status(ctx, in.Number)
	if err != nil {
		return out, err
	}
	proof, err := c.proofOf(ctx, who, a, in)
	if err != nil {
		return out, err
	}
	if a.State != ledger.Issued && a.State != ledger.Installed || a.Document == nil {
		return out, refuse(api.ErrorCodeConflict, "the certificates are not issued")
	}
	out.Document, out.Status = a.Document, c.wordFor(a)
	if a.SealKey != nil {
		key, err := c.sealer.open(a.SealKey, "application:"+a.Number)
		if err != nil {
			return out, err
		}
		out.SealKey = &key
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		keys, err := t.Keys(a.Number)
		if err != nil {
			return err
		}
		families := map[string]bool{}
		for _, k := range keys {
			cert, err := t.CertificateOfKey(a.Number, k.Ordinal)
			if err != nil {
				return err
			}
			out.Keys = append(out.Keys, api.TakenKey{Ordinal: k.Ordinal, Template: k.Template, Certificate: cert.DER})
			if families[cert.Issuer] {
				continue
			}
			families[cert.Issuer] = true
			ca, err := c.authority.CA(authority.Family(cert.Issuer))
			if err != nil {
				return err
			}
			out.Chain = append(out.Chain, ca.Raw)
		}
		return t.Audit(c.now(), "installation-taken-up", "device:"+who.device.Prefix, "application:"+a.Number, proof)
	})
	return out, err
}

// proofOf says in a word for the audit log what proves that an application is the asker's.
func (c *Centre) proofOf(ctx context.Context, who caller, a ledger.Application, in api.TakeUp) (string, error) {
	if who.citizen != "" {
		s, err := c.citizen(ctx, who.device, who.citizen)
		if err != nil {
			return "", err
		}
		if a.IIN != "" && s.IIN == a.IIN {
			return citizenActor + s.Serial, nil
		}
	}
	if who.token != "" {
		o, err := c.session(ctx, who.device, who.token)
		if err != nil {
			return "", err
		}
		if a.Centre == who.device.Centre {
			return "operator:" + o.ID, nil
		}
	}
	if in.Keys != nil {
		proved := false
		err := c.db.View(ctx, func(t *ledger.Tx) error {
			keys, err := t.Keys(a.Number)
			proved = slices.ContainsFunc(keys, func(k ledger.Key) bool {
				return slices.ContainsFunc(*in.Keys, func(seen string) bool { return strings.EqualFold(seen, k.SPKISHA256) })
			})
			return err
		})
		if proved || err != nil {
			return "key", err
		}
	}
	return "", refuse(api.ErrorCodeOtherPerson, "nothing proves that the application is the asker's")
}
