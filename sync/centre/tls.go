package centre

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/tirkeu/kiosk/sync/centre/ledger"
)

// renewTLS is how long before its end the server's certificate is replaced.
const renewTLS = 30 * 24 * time.Hour

// plainHost keeps a machine's odd name out of the certificate; the authority would refuse it.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$`)

// TLSConfig is the server's: TLS 1.3, a certificate of this root for the hosts (names or addresses; localhost and the
// loopback addresses always), client certificates asked for but judged by the handlers, since CMP needs none.
func (c *Centre) TLSConfig(ctx context.Context, hosts []string) (*tls.Config, error) {
	hosts = append(slices.Clone(hosts), "localhost", "127.0.0.1", "::1")
	if name, err := os.Hostname(); err == nil && plainHost.MatchString(name) {
		hosts = append(hosts, name)
	}
	hosts = unique(hosts)
	cert, err := c.readTLS(ctx, hosts)
	if err != nil {
		if cert, err = c.makeTLS(ctx, hosts); err != nil {
			return nil, fmt.Errorf("making the server's certificate: %w", err)
		}
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequestClientCert, Certificates: []tls.Certificate{*cert}}, nil
}

func unique(all []string) []string {
	var kept []string
	for _, one := range all {
		if one != "" && !slices.Contains(kept, one) {
			kept = append(kept, one)
		}
	}
	return kept
}

// readTLS takes the stored certificate if it still serves.
func (c *Centre) readTLS(ctx context.Context, hosts []string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.state.path(fileTLSCert), c.state.path(fileTLSKey))
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, err
	}
	for _, host := range hosts {
		if err := leaf.VerifyHostname(host); err != nil {
			return nil, err
		}
	}
	if leaf.NotAfter.Sub(c.now()) < renewTLS {
		return nil, fmt.Errorf("the certificate ends soon")
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: c.anchors.X509(), CurrentTime: c.now()}); err != nil {
		return nil, err
	}
	return &pair, c.notRevoked(ctx, leaf)
}

// promiseOwn makes a P-256 key of the centre's own and notes the serial number its certificate will have, before it is signed.
func (c *Centre) promiseOwn(ctx context.Context, template string) (key *ecdsa.PrivateKey, spki []byte, promised ledger.Certificate, serial *big.Int, err error) {
	key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, promised, nil, err
	}
	spki, err = x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, promised, nil, err
	}
	serial, err = c.authority.NewSerial()
	if err != nil {
		return nil, nil, promised, nil, err
	}
	promised = ledger.Certificate{Serial: hex.EncodeToString(serial.Bytes()), Kind: "tls", Template: template, SPKISHA256: hashOf(spki)}
	err = c.db.Do(ctx, func(t *ledger.Tx) error { return t.Promise(promised) })
	return key, spki, promised, serial, err
}

func (c *Centre) makeTLS(ctx context.Context, hosts []string) (*tls.Certificate, error) {
	key, spki, promised, serial, err := c.promiseOwn(ctx, "tls")
	if err != nil {
		return nil, err
	}
	cert, err := c.authority.IssueTLS(hosts, spki, serial)
	if err != nil {
		return nil, err
	}
	err = c.db.Do(ctx, func(t *ledger.Tx) error {
		if err := t.Fulfil(promised.Serial, cert.Raw, cert.NotBefore, cert.NotAfter, c.now()); err != nil {
			return err
		}
		return t.Audit(c.now(), "certificate-issued", "centre", "certificate:"+promised.Serial, "tls")
	})
	if err != nil {
		return nil, err
	}
	return c.storePair(fileTLSKey, fileTLSCert, key, cert)
}

// storePair writes a key and then its certificate with its chain.
func (c *Centre) storePair(keyFile, certFile string, key crypto.Signer, cert *x509.Certificate) (*tls.Certificate, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := c.state.write(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err != nil {
		return nil, err
	}
	chain := [][]byte{cert.Raw, c.authority.Issuing().Raw, c.authority.Root().Raw}
	var text []byte
	for _, one := range chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one})...)
	}
	if err := c.state.write(certFile, text); err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: chain, PrivateKey: key, Leaf: cert}, nil
}
