package centre

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// Prefixes of application numbers. A device's is never given again; those from 9000 on are the centre's own.
const (
	firstPrefix = 1001
	lastPrefix  = 8999
	ownPrefix   = 9000
)

// Enrolment is what a technician types into a new kiosk, once.
type Enrolment struct {
	Reference string    `json:"reference"`
	Secret    string    `json:"secret"`
	Prefix    string    `json:"prefix"`
	ExpiresAt time.Time `json:"expires_at"`
}

// String hides the secret.
func (e Enrolment) String() string { return "enrolment " + e.Reference }

// GoString hides the secret.
func (e Enrolment) GoString() string { return e.String() }

// Kiosk is a device as the CLI lists it. State is new, void (its secret ran out or was tried too often), enrolled or
// revoked.
type Kiosk struct {
	Prefix     string     `json:"prefix"`
	Name       string     `json:"name"`
	Centre     string     `json:"centre"`
	State      string     `json:"state"`
	EnrolledAt *time.Time `json:"enrolled_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	SeenAt     *time.Time `json:"seen_at,omitempty"`
	Pending    int        `json:"pending"`
	Version    string     `json:"version,omitempty"`
}

// AddKiosk makes a device and the secret it enrols with: 160 bits, void after Rules.EnrolmentLife or Rules.BadMACs
// wrong tries, spent when the device confirms its certificate.
func (c *Centre) AddKiosk(ctx context.Context, name, centre string) (Enrolment, error) {
	// The name becomes the common name of its certificate (RFC 5280 appendix A.1: at most 64 characters).
	if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > 64 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return Enrolment{}, refuse(api.ErrorCodeBadRequest, "a kiosk's name has 1 to 64 characters, none of them a control character")
	}
	if centre == "" {
		centre = DefaultCentre
	}
	if _, err := c.centreNamed(ctx, centre); err != nil {
		return Enrolment{}, err
	}
	raw := make([]byte, 20)
	if _, err := io.ReadFull(c.rand, raw); err != nil {
		return Enrolment{}, fmt.Errorf("making an enrolment secret: %w", err)
	}
	e := Enrolment{Secret: base32.StdEncoding.EncodeToString(raw), ExpiresAt: c.now().Add(c.rules.EnrolmentLife)}
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		highest, err := c.state.highestPrefix()
		if err != nil {
			return fmt.Errorf("reading the highest device prefix: %w", err)
		}
		n, err := t.Next("prefix", max(firstPrefix, highest+1))
		if err != nil {
			return err
		}
		if n > lastPrefix {
			return errors.New("every device prefix has been given")
		}
		// Before the commit: a prefix lost to a crash is better than one given twice after a restore.
		if err := c.state.notePrefix(n); err != nil {
			return fmt.Errorf("noting the device prefix: %w", err)
		}
		e.Prefix = fmt.Sprintf("%04d", n)
		e.Reference = "kiosk-" + e.Prefix
		sealed, err := c.sealer.seal([]byte(e.Secret), "device:"+e.Prefix)
		if err != nil {
			return err
		}
		if err := t.AddDevice(ledger.Device{Prefix: e.Prefix, Name: name, Centre: centre, Reference: e.Reference,
			Secret: sealed, SecretExpiresAt: e.ExpiresAt, CreatedAt: c.now()}); err != nil {
			return err
		}
		return t.Audit(c.now(), "kiosk-added", actor(ctx), "device:"+e.Prefix, name)
	})
	if err != nil {
		return Enrolment{}, fmt.Errorf("adding a kiosk: %w", err)
	}
	return e, nil
}

// Kiosks lists every device ever added.
func (c *Centre) Kiosks(ctx context.Context) ([]Kiosk, error) {
	kiosks := []Kiosk{}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		devices, err := t.Devices()
		for _, d := range devices {
			kiosks = append(kiosks, Kiosk{Prefix: d.Prefix, Name: d.Name, Centre: d.Centre, State: c.deviceState(d),
				EnrolledAt: known(d.EnrolledAt), RevokedAt: known(d.RevokedAt), SeenAt: known(d.SeenAt), Pending: d.Pending, Version: d.Version})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing kiosks: %w", err)
	}
	return kiosks, nil
}

// known is nil for the zero time, so that JSON leaves it out.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (c *Centre) deviceState(d ledger.Device) string {
	switch {
	case !d.RevokedAt.IsZero():
		return "revoked"
	case !d.EnrolledAt.IsZero():
		return "enrolled"
	case c.secretVoid(d):
		return "void"
	}
	return "new"
}

// secretVoid says that a device's enrolment secret is of no use any more.
func (c *Centre) secretVoid(d ledger.Device) bool {
	return d.Secret == nil || !d.RevokedAt.IsZero() || d.BadMACs >= c.rules.BadMACs || !c.now().Before(d.SecretExpiresAt)
}

// RevokeKiosk shuts a device out, named by prefix or by its name where only one bears it, and revokes its certificates
// (cessationOfOperation). Its applications stay.
func (c *Centre) RevokeKiosk(ctx context.Context, name string) error {
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		d, err := findKiosk(t, name)
		if err != nil {
			return err
		}
		return c.revokeDevice(t, d, actor(ctx), 5)
	})
	if err != nil {
		return fmt.Errorf("revoking a kiosk: %w", err)
	}
	return nil
}

func findKiosk(t *ledger.Tx, name string) (ledger.Device, error) {
	devices, err := t.Devices()
	if err != nil {
		return ledger.Device{}, err
	}
	var found []ledger.Device
	for _, d := range devices {
		if d.Prefix == name {
			return d, nil
		}
		if d.Name == name && d.RevokedAt.IsZero() {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return ledger.Device{}, refuse(api.ErrorCodeNotFound, "there is no kiosk %q that is not revoked: see tirkeu-centre kiosk list", name)
	case 1:
		return found[0], nil
	}
	return ledger.Device{}, refuse(api.ErrorCodeConflict, "%d kiosks are named %q: name one by its prefix", len(found), name)
}

func (c *Centre) revokeDevice(t *ledger.Tx, d ledger.Device, who string, reason int) error {
	now := c.now()
	if err := t.RevokeDevice(d.Prefix, now); err != nil {
		if errors.Is(err, ledger.ErrNotFound) {
			return refuse(api.ErrorCodeConflict, "kiosk %s is revoked already", d.Prefix)
		}
		return err
	}
	certificates, err := t.CertificatesOfDevice(d.Prefix)
	if err != nil {
		return err
	}
	for _, one := range certificates {
		if one.RevokedAt.IsZero() {
			if err := t.RevokeCertificate(one.Serial, reason, now); err != nil {
				return err
			}
			c.metrics.add("tirkeu_certificates_revoked_total", 1)
		}
	}
	return t.Audit(now, "kiosk-revoked", who, "device:"+d.Prefix, "")
}
