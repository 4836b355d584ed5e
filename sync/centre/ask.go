package centre

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// ask takes a citizen's certificate request from a device. It belongs to the application that announced its
// transaction; one that nobody announced becomes an application of its own and waits for approval like any other.
func (c *Centre) ask(ctx context.Context, d ledger.Device, r request) (outcome, error) {
	if profile, err := c.profiles.Template(r.profile); err != nil || !profile.Citizen {
		return outcome{}, rejectAs(cmp.BadRequest, "no citizen gets a certificate of the profile %q here", r.profile)
	}
	if err := c.profiles.CheckKey(r.profile, r.spki); err != nil {
		return outcome{}, rejectAs(cmp.BadCertTemplate, "the profile does not take this key: %v", err)
	}
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		if found, err := again(t, d, r); found || err != nil {
			return err
		}
		k, err := t.KeyByTransaction(r.transaction)
		switch {
		case err == nil:
			err = c.askAnnounced(t, d, r, k)
		case errors.Is(err, ledger.ErrNotFound):
			err = c.askUnannounced(t, d, r)
		}
		return err
	})
	if err != nil {
		return outcome{}, err
	}
	return c.poll(ctx, d, r.transaction)
}

// askAnnounced: the application names this transaction, so key, template and person must be the ones it names.
func (c *Centre) askAnnounced(t *ledger.Tx, d ledger.Device, r request, k ledger.Key) error {
	a, err := t.Application(k.Number)
	if err != nil {
		return err
	}
	same, err := sameDevice(t, a.Device, d)
	if err != nil {
		return err
	}
	if !same {
		return rejectAs(cmp.NotAuthorized, "the application is another device's")
	}
	if k.SPKISHA256 != hashOf(r.spki) {
		return rejectAs(cmp.BadCertTemplate, "the key is not the one the application names")
	}
	if k.Template != r.profile {
		return rejectAs(cmp.BadCertTemplate, "the application asks for another profile")
	}
	if iin, named := subjectIIN(r.subject); named && iin != a.IIN {
		return rejectAs(cmp.BadCertTemplate, "the request names another person than the application")
	}
	return c.begin(t, d, r, a, k.Ordinal)
}

func subjectIIN(subject []byte) (string, bool) {
	return pki.SubjectIIN(&x509.Certificate{RawSubject: subject})
}

// begin writes the transaction of a key and moves the application on when every key has one.
func (c *Centre) begin(t *ledger.Tx, d ledger.Device, r request, a ledger.Application, ordinal int) error {
	now := c.now()
	x := ledger.Transaction{ID: r.transaction, Device: d.Prefix, Kind: r.kind, Profile: r.profile, Number: a.Number, Ordinal: ordinal,
		State: ledger.TransactionWaiting, Request: r.message, SPKI: r.spki, CreatedAt: now, UpdatedAt: now}
	switch state := c.stateOf(a); state {
	case ledger.Rejected, ledger.Expired:
		x.State, x.Text = ledger.TransactionRejected, closing(state)
	case ledger.Issued, ledger.Installed:
		cert, err := t.CertificateOfKey(a.Number, ordinal)
		if err != nil {
			return err
		}
		x.State, x.Serial = ledger.TransactionIssued, cert.Serial
	case ledger.Filed, ledger.Waiting, ledger.Confirmed:
	default:
		return fmt.Errorf("application in an unknown state %q", state)
	}
	if err := t.AddTransaction(x); err != nil {
		return err
	}
	if err := t.Audit(now, "certificate-requested", "device:"+d.Prefix, "application:"+a.Number, r.transaction); err != nil {
		return err
	}
	if a.State == ledger.Confirmed {
		return c.promise(t, a.Number)
	}
	if a.State != ledger.Filed {
		return nil
	}
	keys, err := t.Keys(a.Number)
	if err != nil {
		return err
	}
	asked, err := t.TransactionsOf(a.Number)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if _, waits := waiting(asked, k.Ordinal); !waits {
			return nil
		}
	}
	return t.SetState(a.Number, ledger.Filed, ledger.Waiting)
}

// askUnannounced finds the application an earlier request for the same key made, or makes one.
func (c *Centre) askUnannounced(t *ledger.Tx, d ledger.Device, r request) error {
	if err := certifiedOnce(t, hashOf(r.spki)); err != nil {
		return asDuplicate(err)
	}
	keys, err := t.KeysBySPKI(hashOf(r.spki))
	if err != nil {
		return err
	}
	for _, k := range keys {
		a, err := t.Application(k.Number)
		if err != nil {
			return err
		}
		if state := c.stateOf(a); state == ledger.Rejected || state == ledger.Expired {
			continue
		}
		same, err := sameDevice(t, a.Device, d)
		if err != nil {
			return err
		}
		if !same || a.Origin != originCentre || k.Template != r.profile {
			return rejectAs(cmp.BadCertTemplate, "the key stands in another application")
		}
		return c.begin(t, d, r, a, k.Ordinal)
	}
	document, err := c.ownApplication(t, d, r)
	if err != nil {
		return err
	}
	encoded, err := document.Encode()
	if err != nil {
		return rejectAs(cmp.BadCertTemplate, "the request cannot be made an application: %v", err)
	}
	if err := c.addApplication(t, filing{origin: originCentre, device: d, a: document, document: encoded}); err != nil {
		return err
	}
	a, err := t.Application(document.Number)
	if err != nil {
		return err
	}
	return c.begin(t, d, r, a, 1)
}

// asDuplicate says a refusal of a second certificate in CMP's own word (RFC 9810 §5.2.3).
func asDuplicate(err error) error {
	if no := (*Refusal)(nil); errors.As(err, &no) {
		return rejectAs(cmp.DuplicateCertReq, "%s", no.Message)
	}
	return err
}

// ownApplication writes the application that a bare request stands for, under a number of the centre's own.
func (c *Centre) ownApplication(t *ledger.Tx, d ledger.Device, r request) (registry.Application, error) {
	iin, named := subjectIIN(r.subject)
	if !named {
		return registry.Application{}, rejectAs(cmp.BadCertTemplate, "the subject names nobody: serialNumber=IIN and 12 digits is wanted")
	}
	if err := c.checkIIN(iin); err != nil {
		return registry.Application{}, rejectAs(cmp.BadCertTemplate, "the subject's IIN is not valid: %v", err)
	}
	surname, given, patronymic := pki.SubjectName(&x509.Certificate{RawSubject: r.subject})
	if surname == "" {
		surname, given, _ = splitName(given) // a common name alone
	}
	storage := r.storage
	if storage == "" {
		storage = pki.StorageStick
	}
	number, err := ownNumber(t)
	if err != nil {
		return registry.Application{}, err
	}
	return registry.Application{Version: registry.DocumentVersion, Number: number, Kind: registry.KindNew, IIN: iin,
		Name: registry.Name{Surname: surname, Given: given, Patronymic: patronymic, Typed: true}, Email: r.email,
		Region: "none", Locality: "none", Storage: registry.Storage{Kind: registry.StorageKind(storage)},
		Consent: registry.Consent{ID: "none", Version: "0", Language: "kk", SHA256: hashOf(nil)},
		Keys:    []registry.Key{{Ordinal: 1, Template: registry.Template(r.profile), TransactionID: documentID(r.transaction), SPKISHA256: hashOf(r.spki)}},
		Device:  d.Name, CreatedAt: c.now().UTC().Truncate(time.Second)}, nil
}

// documentID is a transaction id as an application writes it, 16 octets; another length (RFC 9810 §5.1.1 recommends 16,
// and allows others) is hashed down.
func documentID(id string) string {
	if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
		return id
	}
	return hashOf([]byte(id))[:32]
}
