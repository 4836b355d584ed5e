package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/hardware/gost"
)

const (
	responderKeeps = 7 * 24 * time.Hour
	responderRenew = 24 * time.Hour // a new responder certificate this long before the old one ends
)

var oidOCSPNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5} // RFC 6960 §4.2.2.2.1

// delegate is the key that signs OCSP answers for one issuing CA. It is never written down: a centre that starts anew
// makes another.
type delegate struct {
	mutex sync.Mutex // guards the fields below; held while a new key is made, for RSA some 0.2 s a week
	key   crypto.Signer
	cert  *x509.Certificate
}

// delegate gives a CA's responder key and certificate, and makes new ones when the old end soon.
func (a *Authority) delegate(ca *issuer) (crypto.Signer, *x509.Certificate, error) {
	d := &ca.responder
	d.mutex.Lock()
	defer d.mutex.Unlock()
	now := a.options.Now().UTC().Truncate(time.Second)
	if d.cert != nil && now.Before(d.cert.NotAfter.Add(-responderRenew)) && !now.Before(d.cert.NotBefore) {
		return d.key, d.cert, nil
	}
	key, spki, err := newResponderKey(ca.family)
	if err != nil {
		return nil, nil, fmt.Errorf("make responder key: %w", err)
	}
	cert, err := a.issueResponder(ca, spki, now)
	if err != nil {
		return nil, nil, fmt.Errorf("make responder certificate: %w", err)
	}
	d.key, d.cert = key, cert
	return key, cert, nil
}

// newResponderKey makes a key of a family, with its SubjectPublicKeyInfo.
func newResponderKey(f Family) (crypto.Signer, []byte, error) {
	if f != GOST {
		return newRSA()
	}
	return newGOST()
}

// newGOST makes a GOST key, with its SubjectPublicKeyInfo in the Kazakh dialect.
func newGOST() (crypto.Signer, []byte, error) {
	key, err := gost.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make key: %w", err)
	}
	spki, err := gost.MarshalPublicKey(key.Public().(*gost.PublicKey), gost.Kazakh)
	return key, spki, err
}

func (a *Authority) issueResponder(ca *issuer, spki []byte, now time.Time) (*x509.Certificate, error) {
	template, err := a.frame(ca, nil, tlsYears)
	if err != nil {
		return nil, err
	}
	if end := now.Add(responderKeeps); end.Before(template.NotAfter) {
		template.NotAfter = end
	}
	template.Subject = pkix.Name{Country: []string{"KZ"}, CommonName: sandboxMark + " OCSP RESPONDER"}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	template.OCSPServer, template.CRLDistributionPoints = nil, nil
	template.ExtraExtensions = []pkix.Extension{{Id: oidOCSPNoCheck, Value: []byte{5, 0}}} // NULL
	return a.issue(ca, template, spki)
}
