package centre

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/authority"
	"github.com/tirkeu/kiosk/sync/centre/ledger"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Files of the key that protects CMP answers.
const (
	fileCMPKey  = "cmp.key"
	fileCMPCert = "cmp.pem"
)

// oidCMCCA marks a certificate that may speak CMP for a certification authority (RFC 9483 §1.5, RFC 9810 §4.5).
var oidCMCCA = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 27}

// cmpLife is how long a certificate for protecting CMP serves; it is replaced at the start of a process, renewTLS before
// its end.
const cmpLife = 2 * 365 * 24 * time.Hour

// cmpSigner is the key and certificate that protect CMP answers. They are not the issuing CA's own: its key usage is
// for certificates and lists, and clients insist on digitalSignature.
func (c *Centre) cmpSigner(ctx context.Context, issuingKey []byte) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.state.path(fileCMPCert), c.state.path(fileCMPKey))
	if err == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err == nil && c.cmpServes(ctx, pair.Leaf) {
			return &pair, nil
		}
	}
	made, err := c.makeCMPSigner(ctx, issuingKey)
	if err != nil {
		return nil, fmt.Errorf("making the certificate that protects CMP: %w", err)
	}
	return made, nil
}

func (c *Centre) cmpServes(ctx context.Context, cert *x509.Certificate) bool {
	_, err := pki.VerifyChain(cert, c.anchors, nil, c.now())
	return err == nil && cert.NotAfter.Sub(c.now()) > renewTLS && c.notRevoked(ctx, cert) == nil
}

func (c *Centre) makeCMPSigner(ctx context.Context, issuingKey []byte) (*tls.Certificate, error) {
	key, spki, promised, serial, err := c.promiseOwn(ctx, "cmp")
	if err != nil {
		return nil, err
	}
	id, err := pki.KeyID(spki)
	if err != nil {
		return nil, err
	}
	issuing := c.authority.Issuing()
	now := c.now().UTC().Truncate(time.Second)
	template := &x509.Certificate{SerialNumber: serial, SubjectKeyId: id,
		Subject:   pkix.Name{Country: []string{"KZ"}, CommonName: "SANDBOX CMP " + promised.Serial[:8]},
		NotBefore: issuing.NotBefore, NotAfter: now.Add(cmpLife), KeyUsage: x509.KeyUsageDigitalSignature,
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{oidCMCCA}, CRLDistributionPoints: c.urls(authority.IssuingCRLPath),
		OCSPServer: c.urls(authority.OCSPPath), IssuingCertificateURL: c.urls(authority.IssuingCertificatePath)}
	signer, err := parsePEMKey(issuingKey)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuing, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := t.Fulfil(promised.Serial, der, cert.NotBefore, cert.NotAfter, c.now()); err != nil {
			return err
		}
		return t.Audit(c.now(), "certificate-issued", "centre", "certificate:"+promised.Serial, "cmp")
	})
	if err != nil {
		return nil, err
	}
	return c.storePair(fileCMPKey, fileCMPCert, key, cert)
}

func (c *Centre) urls(path string) []string {
	if c.urlBase == "" {
		return nil
	}
	return []string{c.urlBase + path}
}

// parsePEMKey reads a PKCS#8 key; its error tells nothing of the key.
func parsePEMKey(text []byte) (any, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("this is no PKCS#8 key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the key cannot be read")
	}
	return key, nil
}
