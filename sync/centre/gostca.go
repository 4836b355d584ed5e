package centre

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// fileGOST holds the GOST issuing CA in PEM, its key and after it its certificate: one file, so that it is there whole
// or not at all.
const fileGOST = "issuing-gost.key"

// settingGOST is the SHA-256 of the certificate of the GOST issuing CA this database belongs to.
const settingGOST = "gost_issuing_sha256"

func joinGOST(m authority.Material) []byte {
	return append(append([]byte(nil), m.GOSTKey...), m.GOSTCertificate...)
}

func splitGOST(file []byte) (key, cert []byte, err error) {
	first, rest := pem.Decode(file)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil || first.Type != "PRIVATE KEY" || second.Type != "CERTIFICATE" {
		return nil, nil, fmt.Errorf("%s holds no key with its certificate after it", fileGOST)
	}
	return pem.EncodeToMemory(first), pem.EncodeToMemory(second), nil
}

// loadGOST reads the GOST issuing CA into stored. An authority that is older than it gets one here, under the root it
// has: kiosks trust the root and need nothing new. Several processes may come here at once; the first one's stays.
func (c *Centre) loadGOST(ctx context.Context, stored *authority.Material, options authority.Options) error {
	file, err := c.state.read(fileGOST)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = c.makeGOST(ctx, *stored, options)
	}
	if err == nil {
		stored.GOSTKey, stored.GOSTCertificate, err = splitGOST(file)
	}
	if err != nil {
		return fmt.Errorf("opening the GOST issuing CA: %w", err)
	}
	return nil
}

func (c *Centre) makeGOST(ctx context.Context, stored authority.Material, options authority.Options) ([]byte, error) {
	noted, err := c.notedGOST(ctx)
	if err != nil {
		return nil, err
	}
	if noted != "" {
		return nil, fmt.Errorf("the one this database belongs to is not at %s: restore %s from the backup of that folder", c.state.dir, fileGOST)
	}
	made, err := authority.CreateGOST(stored, options)
	if err != nil {
		return nil, err
	}
	file := joinGOST(made)
	if err := c.state.writeNew(fileGOST, file); errors.Is(err, fs.ErrExist) {
		return c.state.read(fileGOST)
	} else if err != nil {
		return nil, err
	}
	c.log.Info("GOST issuing CA made")
	return file, nil
}

func (c *Centre) notedGOST(ctx context.Context) (string, error) {
	var noted []byte
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		var err error
		noted, err = t.Setting(settingGOST)
		return err
	})
	if errors.Is(err, ledger.ErrNotFound) {
		return "", nil
	}
	return string(noted), err
}

// noteGOST notes in the database, once, which GOST issuing CA it belongs to, and later holds it to that.
func (c *Centre) noteGOST(ctx context.Context) error {
	cert, err := c.authority.CA(authority.GOST)
	if err != nil {
		return err
	}
	sum := hashOf(cert.Raw)
	if noted, err := c.notedGOST(ctx); err != nil || noted == sum {
		return err
	}
	return c.db.Do(ctx, func(t *ledger.Tx) error {
		noted, err := t.Setting(settingGOST)
		if errors.Is(err, ledger.ErrNotFound) {
			if err := t.PutSetting(settingGOST, []byte(sum)); err != nil {
				return err
			}
			return t.Audit(c.now(), "issuing-ca-made", actor(ctx), "ca:"+sum, ledger.IssuerGOST)
		}
		if err == nil && string(noted) != sum {
			return fmt.Errorf("opening the centre: the database belongs to another GOST issuing CA than %s at %s: restore that file from the backup of its folder", fileGOST, c.state.dir)
		}
		return err
	})
}

// IssuingGOST is the certificate that citizens' GOST certificates are signed with.
func (c *Centre) IssuingGOST() *x509.Certificate {
	cert, err := c.authority.CA(authority.GOST)
	if err != nil {
		return nil // open made it; a Centre is never without
	}
	return cert
}

// issuingOf gives the CA that signed a certificate of the ledger.
func (c *Centre) issuingOf(cert ledger.Certificate) (*x509.Certificate, error) {
	return c.authority.CA(authority.Family(cert.Issuer))
}

// certifiedOnce refuses a GOST key that has a certificate: by НУЦ's rule a certificate's serial number is the identifier of its
// key, and no number is given twice.
func certifiedOnce(t *ledger.Tx, spkiSHA256 string) error {
	had, err := t.CertificateOfGOSTKey(spkiSHA256)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return refuse(api.ErrorCodeConflict, "this GOST key has a certificate already, serial number %s, and a key is certified once: make a new key pair", had.Serial)
}
