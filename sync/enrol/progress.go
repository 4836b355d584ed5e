package enrol

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Device is an enrolled device.
type Device struct {
	Key         *ecdsa.PrivateKey // P-256
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // from the issuer up, without the root
	Root        *x509.Certificate   // the centre's trust anchor
}

// Progress is an attempt under way. It is JSON and holds the private key: keep it sealed and throw it away when the attempt is over.
type Progress struct {
	Key         []byte           `json:"key"` // PKCS #8 DER
	Transaction *cmp.Transaction `json:"transaction"`
}

// begin makes a key and a transaction id.
func begin(rand io.Reader) (*Progress, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return nil, fmt.Errorf("make the device key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make the device key: %w", err)
	}
	id := make([]byte, 16) // RFC 9483 §3.1: 128 bits
	if _, err := io.ReadFull(rand, id); err != nil {
		return nil, fmt.Errorf("make a transaction id: %w", err)
	}
	return &Progress{Key: der, Transaction: cmp.NewTransaction(id)}, nil
}

func (p *Progress) key() (*ecdsa.PrivateKey, error) {
	any, err := x509.ParsePKCS8PrivateKey(p.Key)
	if err != nil {
		return nil, fmt.Errorf("read the device key: %w", err)
	}
	key, ok := any.(*ecdsa.PrivateKey)
	if !ok || p.Transaction == nil {
		return nil, errors.New("read the device key: the attempt is not one of an enrolment")
	}
	return key, nil
}

// check makes a device of an issued certificate: it is for our key, it is valid now, and it leads to one of the roots.
func check(key *ecdsa.PrivateKey, a cmp.Answer, roots []*x509.Certificate, now time.Time) (Device, error) {
	cert := a.Certificate
	if public, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(key.Public()) {
		return Device{}, fmt.Errorf("%w: it is for another key", ErrCertificate)
	}
	// The root counts by being in the verified answer, so its own signature says nothing; that it is a CA, does.
	pool, any := pki.NewPool(), false
	for _, root := range roots {
		if root.BasicConstraintsValid && root.IsCA && bytes.Equal(root.RawSubject, root.RawIssuer) {
			pool.Add(root)
			any = true
		}
	}
	if !any {
		return Device{}, fmt.Errorf("%w: no root came with it", ErrCertificate)
	}
	chain, err := pki.VerifyChain(cert, pool, pki.NewPool(a.Extra...), now)
	if invalid := (x509.CertificateInvalidError{}); errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return Device{}, fmt.Errorf("%w, or the centre's: %w", ErrClock, err)
	}
	if err != nil {
		return Device{}, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return Device{Key: key, Certificate: cert, Chain: chain[1 : len(chain)-1], Root: chain[len(chain)-1]}, nil
}
