package centre

import (
	"bytes"
	"context"
	"errors"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// Where an application comes from: a kiosk filed it, or the centre made it of a bare CMP request.
const (
	originDevice = "device"
	originCentre = "centre"
)

// filing is an application on its way in.
type filing struct {
	origin    string
	device    ledger.Device
	a         registry.Application
	document  []byte
	sealKey   []byte  // in the clear; nil where keys lie on a token
	signature []byte  // the citizen's; nil where he signed nothing
	by        *signed // what it was found to be
	about     string  // what an application of its kind is not made twice for
}

// file takes an application in from a device: the same bytes again get the same answer, other bytes wrong_bytes. One that
// the citizen signed is judged now, however long it lay on a kiosk without a line, and lets its certificates out by itself
// unless the directory's rule of its kind says that staff look at it.
func (c *Centre) file(ctx context.Context, d ledger.Device, number string, in api.Filing) (api.Status, error) {
	a, err := c.readApplication(number, in.Document)
	if err != nil {
		return "", err
	}
	f := filing{origin: originDevice, device: d, a: a, document: in.Document}
	if in.SealKey != nil && len(*in.SealKey) > 0 {
		f.sealKey = *in.SealKey
	}
	if in.Signature != nil {
		f.signature = *in.Signature
	}
	had := false
	err = c.db.View(ctx, func(t *ledger.Tx) error { had, err = c.filedBefore(t, f); return err })
	if err == nil && !had && f.signature != nil {
		f.by, err = c.signedApplication(ctx, f)
	}
	if err == nil && !had {
		err = c.db.Do(ctx, func(t *ledger.Tx) error { return c.takeIn(t, f) })
	}
	if code := refusalCode(err); code != "" && f.signature != nil {
		err = errors.Join(err, c.note(ctx, "application-refused", "device:"+d.Prefix, "application:"+number, string(code)))
	}
	if err != nil {
		return "", err
	}
	now, err := c.status(ctx, number)
	return c.wordFor(now), err
}

// filedBefore finds the same bytes from before, and refuses others under the same number.
func (c *Centre) filedBefore(t *ledger.Tx, f filing) (bool, error) {
	old, err := t.Application(f.a.Number)
	if errors.Is(err, ledger.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = c.sameFiling(old, f)
	if refusalCode(err) == api.ErrorCodeWrongBytes {
		// What was filed on the web has one number at every kiosk: who confirms it second learns that it was confirmed.
		if _, web := t.WebApplication(f.a.Number); web == nil {
			return false, refuse(api.ErrorCodeAlreadyFiled, "the application was confirmed elsewhere")
		}
	}
	return true, err
}

func (c *Centre) takeIn(t *ledger.Tx, f filing) error {
	if had, err := c.filedBefore(t, f); had || err != nil {
		return err
	}
	web, err := c.mayNumber(t, f)
	if err != nil {
		return err
	}
	if f.about, err = c.mayFile(t, f, web); err != nil {
		return err
	}
	return c.addApplication(t, f)
}

// readApplication checks what a document says by itself.
func (c *Centre) readApplication(number string, document []byte) (registry.Application, error) {
	a, err := registry.ParseApplication(document)
	if err != nil {
		return a, refuse(api.ErrorCodeBadRequest, "the application cannot be read: %v", err)
	}
	if a.Number != number {
		return a, refuse(api.ErrorCodeBadRequest, "the number is not the document's")
	}
	if err := c.checkIIN(a.IIN); err != nil {
		return a, refuse(api.ErrorCodeBadRequest, "the application's IIN is not valid")
	}
	if a.Kind == registry.KindRevocation {
		return a, nil
	}
	if _, err := c.profiles.Storage(string(a.Storage.Kind)); err != nil {
		return a, refuse(api.ErrorCodeBadRequest, "the key storage is not known here")
	}
	for _, k := range a.Keys {
		if profile, err := c.profiles.Template(string(k.Template)); err != nil || !profile.Citizen {
			return a, refuse(api.ErrorCodeBadRequest, "key %d: no citizen gets this template here", k.Ordinal)
		}
	}
	return a, nil
}

func (c *Centre) sameFiling(old ledger.Application, f filing) error {
	var had []byte
	if old.SealKey != nil {
		var err error
		if had, err = c.sealer.open(old.SealKey, "application:"+old.Number); err != nil {
			return err
		}
	}
	if !bytes.Equal(old.Document, f.document) || !bytes.Equal(had, f.sealKey) || !bytes.Equal(old.Signature, f.signature) {
		return refuse(api.ErrorCodeWrongBytes, "the application was filed with other bytes")
	}
	return nil
}

// mayNumber says whether a device may file under a number: its own prefix, or that of an earlier enrolment of the same
// centre, for what was accepted offline must still go out after the device was enrolled anew; or that of an application
// from the web, which is given then.
func (c *Centre) mayNumber(t *ledger.Tx, f filing) (*ledger.WebApplication, error) {
	prefix := f.a.Number[:4]
	if prefix == f.device.Prefix {
		return nil, nil
	}
	web, err := t.WebApplication(f.a.Number)
	if err == nil {
		return &web, nil
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return nil, err
	}
	other, err := t.Device(prefix)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && other.Centre != f.device.Centre {
		return nil, refuse(api.ErrorCodeBadRequest, "the number's prefix is not this device's")
	}
	return nil, err
}

// addApplication writes an application, its keys, none of which may stand in another living one, and what it names to be
// revoked.
func (c *Centre) addApplication(t *ledger.Tx, f filing) error {
	now, a := c.now(), f.a
	differs := false
	if p, err := t.Person(a.IIN); err == nil {
		differs = !sameName(a.Name, p)
	} else if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	life, err := c.termsOf(t, a, f.origin)
	if err != nil {
		return err
	}
	if err := c.mayCertify(t, a); err != nil {
		return err
	}
	name := fullName(a.Name.Surname, a.Name.Given, a.Name.Patronymic)
	row := ledger.Application{Number: a.Number, Origin: f.origin, Device: f.device.Prefix, Centre: f.device.Centre, Kind: string(a.Kind), IIN: a.IIN, Name: name,
		Document: f.document, SHA256: registry.Hash(f.document), State: ledger.Filed, NameDiffers: differs, Signature: f.signature,
		Storage: string(a.Storage.Kind), About: f.about, CreatedAt: a.CreatedAt, FiledAt: now, ExpiresAt: now.Add(life)}
	if f.sealKey != nil {
		if row.SealKey, err = c.sealer.seal(f.sealKey, "application:"+a.Number); err != nil {
			return err
		}
	}
	if f.by != nil {
		row.Signer, row.SignedAt = f.by.serial, f.by.at
	}
	if err := t.AddApplication(row, name); err != nil {
		return err
	}
	for _, k := range a.Keys {
		if err := certifiedOnce(t, k.SPKISHA256); err != nil {
			return err
		}
		if err := c.freeKey(t, k.SPKISHA256, k.TransactionID); err != nil {
			return err
		}
		if err := t.AddKey(ledger.Key{Number: a.Number, Ordinal: k.Ordinal, Template: string(k.Template), TransactionID: k.TransactionID, SPKISHA256: k.SPKISHA256}); err != nil {
			return err
		}
	}
	if a.Revocation != nil {
		for i, ref := range a.Revocation.Certificates {
			if err := t.AddRevocation(ledger.NamedRevocation{Number: a.Number, Ordinal: i + 1, Serial: ref.Serial}); err != nil {
				return err
			}
		}
	}
	c.metrics.add("tirkeu_applications_filed_total", 1)
	if err := t.Audit(now, "application-filed", "device:"+f.device.Prefix, "application:"+a.Number, row.SHA256); err != nil {
		return err
	}
	return c.letOut(t, f, row)
}

// mayCertify refuses a name or an e-mail address that no certificate could carry: later nobody could mend it.
func (c *Centre) mayCertify(t *ledger.Tx, a registry.Application) error {
	who, err := personOf(t, a)
	if err != nil {
		return err
	}
	for _, k := range a.Keys {
		profile, err := c.profiles.Template(string(k.Template))
		if err != nil {
			return err
		}
		if _, err := pki.RawSubject(profile, who); err != nil {
			return refuse(api.ErrorCodeBadRequest, "no certificate can say this name or e-mail address: %v", err)
		}
	}
	return nil
}

// freeKey refuses a key or a transaction that another application has. A key may come again after a rejection.
func (c *Centre) freeKey(t *ledger.Tx, spki, transaction string) error {
	if _, err := t.KeyByTransaction(transaction); err == nil {
		return refuse(api.ErrorCodeConflict, "the transaction belongs to another key")
	} else if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	if _, err := t.Transaction(transaction); err == nil {
		return refuse(api.ErrorCodeConflict, "the transaction has begun for something else")
	} else if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	others, err := t.KeysBySPKI(spki)
	if err != nil {
		return err
	}
	for _, k := range others {
		a, err := t.Application(k.Number)
		if err != nil {
			return err
		}
		if state := c.stateOf(a); state != ledger.Rejected && state != ledger.Expired {
			return refuse(api.ErrorCodeConflict, "the public key stands in another application")
		}
	}
	return nil
}
