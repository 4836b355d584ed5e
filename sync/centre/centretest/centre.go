// Package centretest runs a whole centre inside a test: its own SQLite file, its own sandbox authority, TLS and plain
// HTTP on the loopback. Nothing in it is imitated; it is package centre behind real listeners.
package centretest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Centre is a running centre.
type Centre struct {
	URL       string // https://127.0.0.1:PORT
	HTTPURL   string // http://127.0.0.1:PORT, for CRL, OCSP and CA certificates
	DB, State string
	Root      *x509.Certificate
	Issuing   *x509.Certificate // of RSA
	GOST      *x509.Certificate // the GOST issuing CA
	Roots     *pki.Pool

	*centre.Centre
	t             testing.TB
	secure, plain string
	stop          func()
}

// Options change what Start starts; the zero value is the usual.
type Options struct {
	Now   func() time.Time
	Rules centre.Rules // zero is centre.DefaultRules with polling every second
	DB    string       // "" is a new SQLite file
}

// Start starts a centre that lives as long as t.
func Start(t testing.TB) *Centre { return StartWith(t, Options{}) }

// StartWith starts a centre that lives as long as t.
func StartWith(t testing.TB, o Options) *Centre {
	t.Helper()
	dir := t.TempDir()
	c := &Centre{t: t, DB: o.DB, State: filepath.Join(dir, "keys"), secure: "127.0.0.1:0", plain: "127.0.0.1:0"}
	if c.DB == "" {
		c.DB = "sqlite:" + filepath.Join(dir, "centre.db")
	}
	if o.Rules == (centre.Rules{}) {
		o.Rules = centre.DefaultRules()
		o.Rules.CheckAfter = time.Second
	}
	cfg := centre.Config{DB: c.DB, State: c.State, Now: o.Now, Rules: o.Rules}
	c.check(centre.Init(context.Background(), cfg))
	c.start(cfg)
	t.Cleanup(func() { c.stop() })
	return c
}

func (c *Centre) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// start opens the centre and serves it at the addresses it had before.
func (c *Centre) start(cfg centre.Config) {
	c.t.Helper()
	secure, err := net.Listen("tcp", c.secure)
	c.check(err)
	plain, err := net.Listen("tcp", c.plain)
	c.check(err)
	c.secure, c.plain = secure.Addr().String(), plain.Addr().String()
	c.URL, c.HTTPURL = "https://"+c.secure, "http://"+c.plain
	cfg.URLHTTP = c.HTTPURL
	c.Centre, err = centre.Open(context.Background(), cfg)
	c.check(err)
	c.Root, c.Issuing, c.GOST = c.Centre.Root(), c.Centre.Issuing(), c.Centre.IssuingGOST()
	c.Roots = pki.NewPool(c.Root)
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- c.Centre.Serve(ctx, secure, plain, nil, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		cancel()
		c.t.Fatalf("the centre does not serve: %v", err)
	}
	c.stop = func() {
		cancel()
		<-ended
		c.Centre.Close()
		c.stop = func() {}
	}
}

// Stop ends the centre as SIGTERM would; its database and addresses stay for Restart.
func (c *Centre) Stop() { c.stop() }

// Restart starts a stopped centre again at the same addresses.
func (c *Centre) Restart() {
	c.t.Helper()
	c.stop()
	rules := centre.DefaultRules()
	rules.CheckAfter = time.Second
	c.start(centre.Config{DB: c.DB, State: c.State, Rules: rules})
}

// AddKiosk makes a kiosk and gives reference and secret for its enrolment.
func (c *Centre) AddKiosk(name string) (reference, secret string) {
	c.t.Helper()
	e, err := c.Centre.AddKiosk(context.Background(), name, "")
	c.check(err)
	return e.Reference, e.Secret
}

// AddPerson writes a person into the register.
func (c *Centre) AddPerson(iin, surname, given, patronymic string) {
	c.t.Helper()
	data, err := json.Marshal([]map[string]string{{"iin": iin, "surname": surname, "given": given, "patronymic": patronymic}})
	c.check(err)
	_, err = c.ImportPeople(context.Background(), data)
	c.check(err)
}

// AddOperator issues an operator's certificate for a PKCS#10 (DER) and registers it. name is surname, given name and
// patronymic.
func (c *Centre) AddOperator(csr []byte, iin, name string) *x509.Certificate {
	c.t.Helper()
	_, text, err := c.Centre.AddOperator(context.Background(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}), iin, name)
	c.check(err)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	c.check(err)
	return cert
}

// Approve confirms an application, as the command line does.
func (c *Centre) Approve(number string) {
	c.t.Helper()
	c.check(c.Centre.Approve(context.Background(), number))
}

// Reject rejects an application, as the command line does.
func (c *Centre) Reject(number, reason string) {
	c.t.Helper()
	c.check(c.Centre.Reject(context.Background(), number, reason))
}

// Status is the status of an application; "" where there is none of this number.
func (c *Centre) Status(number string) api.Status {
	c.t.Helper()
	all, err := c.Applications(context.Background(), "")
	c.check(err)
	for _, a := range all {
		if a.Number == number {
			return a.Status
		}
	}
	return ""
}

// Device is an enrolled kiosk.
type Device struct {
	Name, Prefix string
	Key          *ecdsa.PrivateKey
	Certificate  *x509.Certificate
	TLS          tls.Certificate
	API          *api.ClientWithResponses
	HTTP         *http.Client // mutual TLS with the device's certificate
	centre       *Centre
}

// Enrol makes a kiosk and enrols it by CMP.
func (c *Centre) Enrol(name string) *Device {
	c.t.Helper()
	reference, secret := c.AddKiosk(name)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	c.check(err)
	d := &Device{Name: name, Prefix: reference[len(reference)-4:], Key: key, centre: c}
	client := &cmp.Client{URL: c.CMP("device"), HTTP: c.client(nil), Protect: cmp.NewMAC([]byte(reference), []byte(secret))}
	x := cmp.NewTransaction(random(16))
	answer, err := client.IR(context.Background(), x, cmp.Template{Key: key})
	c.check(err)
	c.check(client.Confirm(context.Background(), x, answer.Certificate))
	d.use(answer.Certificate)
	return d
}

func (d *Device) use(cert *x509.Certificate) {
	d.Certificate = cert
	d.TLS = tls.Certificate{Certificate: [][]byte{cert.Raw, d.centre.Issuing.Raw}, PrivateKey: d.Key, Leaf: cert}
	d.HTTP = d.centre.client(&d.TLS)
	var err error
	d.API, err = api.NewClientWithResponses(d.centre.URL, api.WithHTTPClient(d.HTTP))
	d.centre.check(err)
}

// CMP is a client protected with the device's certificate, for a profile.
func (d *Device) CMP(profile string) *cmp.Client {
	protect, err := cmp.NewSigner(d.Certificate, []*x509.Certificate{d.centre.Issuing}, d.Key)
	d.centre.check(err)
	return &cmp.Client{URL: d.centre.CMP(profile), HTTP: d.HTTP, Protect: protect, Trust: cmp.Trust{Roots: d.centre.Roots}}
}

// CMP is the address of a CMP profile.
func (c *Centre) CMP(profile string) string { return c.URL + cmp.PathPrefix + profile }

// Client is an HTTP client that trusts this centre only; cert may be nil.
func (c *Centre) client(cert *tls.Certificate) *http.Client {
	config := &tls.Config{RootCAs: c.Roots.X509(), MinVersion: tls.VersionTLS13}
	if cert != nil {
		config.Certificates = []tls.Certificate{*cert}
	}
	transport := &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 16}
	c.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func random(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand does not fail
	}
	return b
}
