package centre

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// CertificateRow is a citizen's certificate as the CLI lists it.
type CertificateRow struct {
	Serial    string     `json:"serial"`
	Issuer    string     `json:"issuer"` // rsa or gost: the CA that signed it
	Template  string     `json:"template"`
	Number    string     `json:"number"` // of the application
	IIN       string     `json:"iin"`
	NotBefore time.Time  `json:"not_before"`
	NotAfter  time.Time  `json:"not_after"`
	IssuedAt  time.Time  `json:"issued_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	Reason    int        `json:"reason,omitempty"` // CRLReason, RFC 5280 §5.3.1
}

// Certificates lists citizens' certificates, newest first; iin "" lists everybody's.
func (c *Centre) Certificates(ctx context.Context, iin string) ([]CertificateRow, error) {
	list := []CertificateRow{}
	err := c.db.View(ctx, func(t *ledger.Tx) error {
		rows, err := t.CertificatesOfCitizens(iin)
		for _, row := range rows {
			list = append(list, CertificateRow{Serial: row.Serial, Issuer: row.Issuer, Template: row.Template, Number: row.Number, IIN: row.IIN,
				NotBefore: row.NotBefore, NotAfter: row.NotAfter, IssuedAt: row.IssuedAt, RevokedAt: known(row.RevokedAt), Reason: row.Reason})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing certificates: %w", err)
	}
	return list, nil
}

// revocationReasons are those that make sense for a citizen's certificate, by their names in RFC 5280 §5.3.1. A hold is
// none of them: nothing here could lift it.
var revocationReasons = map[string]int{"unspecified": 0, "keyCompromise": 1, "affiliationChanged": 3, "superseded": 4, "cessationOfOperation": 5, "privilegeWithdrawn": 9}

// RevokeCertificate revokes a citizen's certificate, named by serial number, for a reason of RFC 5280 §5.3.1 by its name;
// "" is unspecified. The list of the CA that signed it, and its OCSP answers, say so at once.
func (c *Centre) RevokeCertificate(ctx context.Context, serial, reason string) error {
	if reason == "" {
		reason = "unspecified"
	}
	why, known := revocationReasons[reason]
	if !known {
		return refuse(api.ErrorCodeBadRequest, "there is no reason %q: RFC 5280 names keyCompromise, superseded, cessationOfOperation and others", reason)
	}
	serial = plainSerial(serial)
	err := c.db.Do(ctx, func(t *ledger.Tx) error {
		cert, err := t.Certificate(serial)
		if errors.Is(err, ledger.ErrNotFound) || err == nil && cert.DER == nil {
			return refuse(api.ErrorCodeNotFound, "no certificate has the serial number %s: see tirkeu-centre certificate list", serial)
		}
		if err != nil {
			return err
		}
		switch {
		case cert.Kind != "citizen":
			return refuse(api.ErrorCodeConflict, "the certificate is of the kind %s, not a citizen's: see tirkeu-centre kiosk revoke and staff revoke", cert.Kind)
		case !cert.RevokedAt.IsZero():
			return refuse(api.ErrorCodeConflict, "the certificate is revoked already")
		}
		if err := t.RevokeCertificate(serial, why, c.now()); err != nil {
			return err
		}
		return t.Audit(c.now(), "certificate-revoked", actor(ctx), "certificate:"+serial, reason)
	})
	if err != nil {
		return fmt.Errorf("revoking a certificate: %w", err)
	}
	c.metrics.add("tirkeu_certificates_revoked_total", 1)
	return nil
}
