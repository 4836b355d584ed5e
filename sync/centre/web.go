package centre

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// WebRequest is what a citizen asks for on the web: whose keys, on which storage, which set of the directory. Names are needed
// only of who is not in the register.
type WebRequest struct {
	IIN        string `json:"iin"`
	Surname    string `json:"surname"`
	Given      string `json:"given"`
	Patronymic string `json:"patronymic"`
	Email      string `json:"email"`
	Region     string `json:"region"`
	Locality   string `json:"locality"`
	Storage    string `json:"storage"`
	Set        string `json:"set"`
}

// FileFromWeb takes in what was filed on the web, as JSON of WebRequest, and gives its number. It has no keys: they are made at
// a kiosk, where the citizen confirms it with a key he has.
func (c *Centre) FileFromWeb(ctx context.Context, data []byte) (number string, err error) {
	var in WebRequest
	if err := json.Unmarshal(data, &in); err != nil {
		return "", refuse(api.ErrorCodeBadRequest, "reading the file: %v", err)
	}
	if err := c.checkIIN(in.IIN); err != nil {
		return "", refuse(api.ErrorCodeBadRequest, "%v", err)
	}
	if err := pki.CheckEmail(in.Email); err != nil {
		return "", refuse(api.ErrorCodeBadRequest, "%v", err)
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		d, err := c.directoryOf(t)
		if err != nil {
			return err
		}
		if err := offered(d, in); err != nil {
			return err
		}
		if p, err := t.Person(in.IIN); err == nil {
			in.Surname, in.Given, in.Patronymic = p.Surname, p.Given, p.Patronymic
		} else if !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		if in.Surname == "" && in.Given == "" {
			return refuse(api.ErrorCodeBadRequest, "the register has no such person, and the file no name")
		}
		if number, err = ownNumber(t); err != nil {
			return err
		}
		now := c.now()
		if err := t.AddWebApplication(ledger.WebApplication{Number: number, IIN: in.IIN, Surname: in.Surname, Given: in.Given, Patronymic: in.Patronymic,
			Kind: string(registry.KindNew), Email: in.Email, Region: in.Region, Locality: in.Locality, Storage: in.Storage, Set: in.Set,
			FiledAt: now, ExpiresAt: now.AddDate(0, 0, d.ApplicationDays)}); err != nil {
			return err
		}
		return t.Audit(now, "application-filed-on-the-web", actor(ctx), "application:"+number, "")
	})
	if err != nil {
		return "", fmt.Errorf("filing from the web: %w", err)
	}
	return number, nil
}

func offered(d directoryNow, in WebRequest) error {
	if _, known := d.Locality(in.Region, in.Locality); !known {
		return refuse(api.ErrorCodeBadRequest, "the directory has no locality %q in a region %q", in.Locality, in.Region)
	}
	rule, known := d.KindRule(registry.KindNew)
	storage, found := d.Storage(registry.StorageKind(in.Storage))
	if !known || !found {
		return refuse(api.ErrorCodeNotOffered, "the storage %q is not offered", in.Storage)
	}
	storage.Sets = rule.SetsOn(storage)
	if _, has := storage.Set(in.Set); !has {
		return refuse(api.ErrorCodeNotOffered, "the storage %q is not offered with the set %q", in.Storage, in.Set)
	}
	return nil
}

// ownNumber draws a number of the centre's own.
func ownNumber(t *ledger.Tx) (string, error) {
	n, err := t.Next("own-number", 1)
	if err != nil {
		return "", err
	}
	number := registry.NewNumber(fmt.Sprintf("%04d", ownPrefix+(n-1)/registry.MaxCounter), uint64((n-1)%registry.MaxCounter+1))
	if number == "" {
		return "", errors.New("every number of the centre's own has been given")
	}
	return number, nil
}

// mayConfirm: the citizen confirms what he filed on the web, in time, and asks for the keys that he asked for there.
func (c *Centre) mayConfirm(t *ledger.Tx, d directoryNow, f filing, web *ledger.WebApplication) error {
	if web.IIN != f.a.IIN {
		return refuse(api.ErrorCodeOtherPerson, "the application was filed on the web by another person")
	}
	if !c.now().Before(web.ExpiresAt) && !f.by.at.Before(web.ExpiresAt) {
		return refuse(api.ErrorCodeExpired, "the application was not confirmed in time")
	}
	storage, _ := d.Storage(registry.StorageKind(web.Storage))
	set, _ := storage.Set(web.Set)
	var templates []registry.Template
	for _, k := range f.a.Keys {
		templates = append(templates, k.Template)
	}
	if string(f.a.Storage.Kind) != web.Storage || !set.Is(templates) {
		return refuse(api.ErrorCodeNotOffered, "on the web the storage %q with the set %q was asked for", web.Storage, web.Set)
	}
	return nil
}
