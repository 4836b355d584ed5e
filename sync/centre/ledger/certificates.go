package ledger

import (
	"fmt"
	"time"
)

// The CAs of the authority, as the ledger names them.
const (
	IssuerRSA  = "rsa"
	IssuerGOST = "gost"
)

// Certificate is a certificate of ours. DER is nil while it is promised but not yet signed. Issuer is IssuerRSA or
// IssuerGOST; Promise takes "" for IssuerRSA.
type Certificate struct {
	Serial, Kind, Template, Device, IIN, Number string
	Issuer                                      string
	Ordinal                                     int
	SPKISHA256                                  string
	NotBefore, NotAfter                         time.Time
	DER                                         []byte
	IssuedAt, RevokedAt                         time.Time
	Reason                                      int // CRLReason, RFC 5280 §5.3.1
}

const certificateColumns = "serial, kind, template, device, iin, number, ordinal, spki_sha256, not_before, not_after, der, issued_at, revoked_at, reason, issuer"

func scanCertificate(s scanner) (Certificate, error) {
	var c Certificate
	var before, after, issued, revoked int64
	err := s.Scan(&c.Serial, &c.Kind, &c.Template, &c.Device, &c.IIN, &c.Number, &c.Ordinal, &c.SPKISHA256, &before, &after, &c.DER, &issued, &revoked, &c.Reason, &c.Issuer)
	c.NotBefore, c.NotAfter, c.IssuedAt, c.RevokedAt = moment(before), moment(after), moment(issued), moment(revoked)
	return c, found(err)
}

// Promise writes a certificate's serial before it is signed (DER nil), or the whole of one signed already.
func (t *Tx) Promise(c Certificate) error {
	if c.Issuer == "" {
		c.Issuer = IssuerRSA
	}
	_, err := t.exec("INSERT INTO certificates (serial, kind, template, device, iin, number, ordinal, spki_sha256, not_before, not_after, der, issued_at, issuer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		c.Serial, c.Kind, c.Template, c.Device, c.IIN, c.Number, c.Ordinal, c.SPKISHA256, millis(c.NotBefore), millis(c.NotAfter), c.DER, millis(c.IssuedAt), c.Issuer)
	if err != nil {
		return fmt.Errorf("promising a certificate: %w", err)
	}
	return nil
}

// Fulfil writes the signed certificate of a promise, once; ErrNotFound when it is there already.
func (t *Tx) Fulfil(serial string, der []byte, notBefore, notAfter, at time.Time) error {
	return t.change("writing a certificate", "UPDATE certificates SET der = ?, not_before = ?, not_after = ?, issued_at = ? WHERE serial = ? AND der IS NULL",
		der, millis(notBefore), millis(notAfter), millis(at), serial)
}

// Certificate finds a certificate by serial number.
func (t *Tx) Certificate(serial string) (Certificate, error) {
	return scanCertificate(t.row("SELECT "+certificateColumns+" FROM certificates WHERE serial = ?", serial))
}

// CertificateOfKey finds the certificate of one key of an application.
func (t *Tx) CertificateOfKey(number string, ordinal int) (Certificate, error) {
	return scanCertificate(t.row("SELECT "+certificateColumns+" FROM certificates WHERE kind = 'citizen' AND number = ? AND ordinal = ?", number, ordinal))
}

// CertificateOfGOSTKey finds the one certificate a GOST key ever has, by the hash of its SubjectPublicKeyInfo.
func (t *Tx) CertificateOfGOSTKey(spkiSHA256 string) (Certificate, error) {
	return scanCertificate(t.row("SELECT "+certificateColumns+" FROM certificates WHERE issuer = '"+IssuerGOST+"' AND spki_sha256 = ?", spkiSHA256))
}

// CertificatesOfIIN lists a citizen's signed certificates, newest first.
func (t *Tx) CertificatesOfIIN(iin string, limit int) ([]Certificate, error) {
	rows, err := t.rows("SELECT "+certificateColumns+" FROM certificates WHERE kind = 'citizen' AND iin = ? AND der IS NOT NULL ORDER BY issued_at DESC, serial LIMIT ?", iin, limit)
	return collect(rows, err, scanCertificate)
}

// CertificatesOfCitizens lists citizens' signed certificates, newest first; iin "" lists everybody's.
func (t *Tx) CertificatesOfCitizens(iin string) ([]Certificate, error) {
	rows, err := t.rows("SELECT "+certificateColumns+" FROM certificates WHERE kind = 'citizen' AND (iin = ? OR ? = '') AND der IS NOT NULL ORDER BY issued_at DESC, serial", iin, iin)
	return collect(rows, err, scanCertificate)
}

// CertificatesOfDevice lists a device's own certificates, newest first.
func (t *Tx) CertificatesOfDevice(prefix string) ([]Certificate, error) {
	rows, err := t.rows("SELECT "+certificateColumns+" FROM certificates WHERE kind = 'device' AND device = ? AND der IS NOT NULL ORDER BY issued_at DESC, serial", prefix)
	return collect(rows, err, scanCertificate)
}

// RevokeCertificate revokes a certificate; ErrNotFound when it is unknown or revoked already.
func (t *Tx) RevokeCertificate(serial string, reason int, at time.Time) error {
	return t.change("revoking a certificate", "UPDATE certificates SET revoked_at = ?, reason = ? WHERE serial = ? AND revoked_at = 0", millis(at), reason, serial)
}

// Revoked lists one CA's revoked certificates that have not run out.
func (t *Tx) Revoked(issuer string, now time.Time) ([]Certificate, error) {
	rows, err := t.rows("SELECT "+certificateColumns+" FROM certificates WHERE issuer = ? AND revoked_at > 0 AND not_after >= ? ORDER BY serial", issuer, millis(now))
	return collect(rows, err, scanCertificate)
}
