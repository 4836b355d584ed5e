package centre

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/registry"
)

// settingDirectory holds the directory the centre was given last; until then the one of the program serves.
const settingDirectory = "directory"

// settingCentres holds the registration centres, a JSON list of {code, name}.
const settingCentres = "centres"

// directoryNow is the directory in force, read, and as it is sent.
type directoryNow struct {
	*registry.Directory
	text json.RawMessage
}

func (c *Centre) directory(ctx context.Context) (directoryNow, error) {
	var now directoryNow
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		now, err = c.directoryOf(t)
		return err
	})
	return now, err
}

// directoryOf reads the directory, anew only when its bytes are others than last time.
func (c *Centre) directoryOf(t *ledger.Tx) (directoryNow, error) {
	text, err := t.Setting(settingDirectory)
	if errors.Is(err, ledger.ErrNotFound) {
		return defaultDirectory()
	}
	if err != nil {
		return directoryNow{}, err
	}
	if last := c.lastDirectory.Load(); last != nil && bytes.Equal(last.text, text) {
		return *last, nil
	}
	d, err := registry.ParseDirectory(text)
	if err != nil {
		return directoryNow{}, err
	}
	now := directoryNow{Directory: d, text: text}
	c.lastDirectory.Store(&now)
	return now, nil
}

var defaultDirectory = sync.OnceValues(func() (directoryNow, error) {
	d := registry.Default()
	text, err := d.Encode()
	return directoryNow{Directory: d, text: text}, err
})

// ImportDirectory puts another directory in force. A list "centres" of {code, name{kk, ru, en}} in it becomes the list
// of registration centres that kiosks may stand in.
func (c *Centre) ImportDirectory(ctx context.Context, data []byte) (version string, err error) {
	d, err := registry.ParseDirectory(data)
	if err != nil {
		return "", refuse(api.ErrorCodeBadRequest, "%v", err)
	}
	var besides struct {
		Centres []api.Centre `json:"centres"`
	}
	if err := json.Unmarshal(data, &besides); err != nil {
		return "", refuse(api.ErrorCodeBadRequest, "reading the centres: %v", err)
	}
	for i, one := range besides.Centres {
		if one.Code == "" || one.Name.Kk == "" || one.Name.Ru == "" || one.Name.En == "" {
			return "", refuse(api.ErrorCodeBadRequest, "centre %d has no code, or no name in a language", i+1)
		}
	}
	centres, err := json.Marshal(besides.Centres)
	if err != nil {
		return "", err
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		if besides.Centres != nil {
			if err := t.PutSetting(settingCentres, centres); err != nil {
				return err
			}
		}
		if err := t.PutSetting(settingDirectory, data); err != nil {
			return err
		}
		return t.Audit(c.now(), "directory-imported", actor(ctx), "directory:"+d.Version, hashOf(data))
	})
	if err != nil {
		return "", fmt.Errorf("importing the directory: %w", err)
	}
	return d.Version, nil
}

// termsOf is how long an application filed now may wait for staff; it refuses keys that the application's storage may
// not have today for its kind. A kiosk asks for one of the sets of keys. A bare CMP request (origin "centre") has one key only:
// there some set of the storage must have its template.
func (c *Centre) termsOf(t *ledger.Tx, a registry.Application, origin string) (life time.Duration, err error) {
	d, err := c.directoryOf(t)
	if err != nil {
		return 0, err
	}
	life = c.rules.ApplicationLife
	if life <= 0 {
		life = time.Duration(d.ApplicationDays) * 24 * time.Hour
	}
	if a.Kind == registry.KindRevocation {
		return life, nil
	}
	rule, known := d.Storage(a.Storage.Kind)
	if !known {
		return 0, refuse(api.ErrorCodeBadRequest, "the key storage %q is not offered", a.Storage.Kind)
	}
	kind, known := d.KindRule(a.Kind)
	if !known {
		return 0, refuse(api.ErrorCodeNotOffered, "applications of the kind %q are not offered", a.Kind)
	}
	rule.Sets = kind.SetsOn(rule)
	var templates []registry.Template
	for _, k := range a.Keys {
		if !rule.Has(k.Template) {
			return 0, refuse(api.ErrorCodeBadRequest, "key %d: the storage %q is not offered with the template %q", k.Ordinal, a.Storage.Kind, k.Template)
		}
		templates = append(templates, k.Template)
	}
	if _, whole := rule.SetOf(templates); !whole && origin == originDevice {
		return 0, refuse(api.ErrorCodeBadRequest, "keys of the templates %q together are no set that the storage %q is offered with", templates, a.Storage.Kind)
	}
	return life, nil
}
