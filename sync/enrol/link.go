package enrol

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tirkeu/kiosk/sync/cmp"
)

const messageTimeout = 30 * time.Second

// address reads what the technician typed and gives the URL for device certificates.
func address(centre string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(centre))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	if u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" {
		return nil, fmt.Errorf("%w: it should look like https://host:port", ErrAddress)
	}
	return u.JoinPath(cmp.PathPrefix, "device"), nil
}

// strangers is the connection of the first exchange: whoever answers is taken for now, and remembered.
type strangers struct {
	mu   sync.Mutex
	seen [][]*x509.Certificate // what each TLS server presented, its own certificate first
}

func (s *strangers) client() *http.Client {
	return client(&tls.Config{
		MinVersion: tls.VersionTLS13,
		// Authenticity comes from the MAC, and verify looks at the servers once the root is known. No secret is sent meanwhile.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.seen = append(s.seen, state.PeerCertificates)
			return nil
		},
	})
}

// verify checks that every server seen so far leads to the root and is the one that was asked for.
func (s *strangers) verify(root *x509.Certificate, host string, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pool := x509.NewCertPool()
	pool.AddCert(root)
	for _, certs := range s.seen {
		if len(certs) == 0 {
			return fmt.Errorf("%w: it presented none", ErrIdentity)
		}
		between := x509.NewCertPool()
		for _, c := range certs[1:] {
			between.AddCert(c)
		}
		_, err := certs[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: between, DNSName: host, CurrentTime: now})
		if err != nil {
			return fmt.Errorf("%w: %w", classifyServer(err), err)
		}
	}
	return nil
}

// friends is the connection once the root is known.
func friends(root *x509.Certificate, own []tls.Certificate, now func() time.Time) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return client(&tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool, Certificates: own, Time: now})
}

// client gives an HTTP client that goes where it was sent and nowhere else.
func client(config *tls.Config) *http.Client {
	return &http.Client{
		Timeout:       messageTimeout,
		Transport:     &http.Transport{TLSClientConfig: config, TLSHandshakeTimeout: messageTimeout, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
