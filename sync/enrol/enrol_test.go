package enrol

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/cmp"
)

const secret = "0123456789abcdef0123456789abcdef"

// centre is a centre that knows one secret. It implements [cmp.Authority].
type centre struct {
	root, issuer       *x509.Certificate
	rootKey, issuerKey crypto.Signer

	mu         sync.Mutex
	secretErr  error
	requestErr error
	wait       int  // polls until it decides
	spend      bool // certConf arrived
	outcome    cmp.Outcome
	replies    map[[32]byte][]byte
	requests   int
	otherKey   bool // issues for a key of its own
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func issue(t testing.TB, tmpl, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	cert, err := certify(tmpl, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func certify(tmpl, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 150))
	if err != nil {
		return nil, err
	}
	tmpl.SerialNumber = serial
	if tmpl.NotAfter.IsZero() {
		tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Minute), time.Now().AddDate(1, 0, 0)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
}

func newCentre(t testing.TB) *centre {
	t.Helper()
	rootKey, issuerKey := newKey(t), newKey(t)
	c := &centre{rootKey: rootKey, issuerKey: issuerKey, replies: map[[32]byte][]byte{}}
	c.root = issue(t, authority("Root"), authority("Root"), rootKey.Public(), rootKey)
	c.issuer = issue(t, authority("Issuer"), c.root, issuerKey.Public(), rootKey)
	return c
}

// serve starts the centre under TLS with a certificate for the loopback address, changed by change.
func (c *centre) serve(t *testing.T, change func(*x509.Certificate)) string {
	t.Helper()
	signer, err := cmp.NewSigner(c.issuer, nil, c.issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	return c.listen(t, change, &cmp.Server{Authority: c, Signer: signer, CAPubs: []*x509.Certificate{c.root}, NonceKey: make([]byte, 32)})
}

func (c *centre) listen(t *testing.T, change func(*x509.Certificate), handler http.Handler) string {
	t.Helper()
	tmpl := &x509.Certificate{Subject: pkix.Name{CommonName: "centre"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if change != nil {
		change(tmpl)
	}
	key := newKey(t)
	cert := issue(t, tmpl, c.issuer, key.Public(), c.issuerKey)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw, c.issuer.Raw}, PrivateKey: key}}, MinVersion: tls.VersionTLS13, ClientAuth: tls.RequestClientCert}
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func (c *centre) Secret(context.Context, []byte) ([]byte, cmp.Party, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.secretErr == nil && c.spend {
		return nil, cmp.Party{}, cmp.ErrSecretSpent
	}
	return []byte(secret), cmp.Party{Name: "kiosk"}, c.secretErr
}

func (c *centre) BadMAC(context.Context, []byte) error { return nil }

func (c *centre) Signer(_ context.Context, cert *x509.Certificate, _ []*x509.Certificate) (cmp.Party, error) {
	if cert.CheckSignatureFrom(c.issuer) != nil {
		return cmp.Party{}, cmp.Refuse(cmp.SignerNotTrusted, "unknown")
	}
	return cmp.Party{Name: "kiosk"}, nil
}

func (c *centre) Reply(_ context.Context, request [32]byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replies[request], nil
}

func (c *centre) PutReply(_ context.Context, request [32]byte, _, reply []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replies[request] = reply
	return reply, nil
}

func (c *centre) Request(_ context.Context, r *cmp.Request) (cmp.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requestErr != nil {
		return cmp.Outcome{}, c.requestErr
	}
	c.requests++
	key, err := x509.ParsePKIXPublicKey(r.SPKI)
	if err != nil {
		return cmp.Outcome{}, err
	}
	if c.otherKey {
		key = c.rootKey.Public()
	}
	tmpl := &x509.Certificate{Subject: pkix.Name{CommonName: "kiosk 1001"}, KeyUsage: x509.KeyUsageDigitalSignature, UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 28}}}
	cert, err := certify(tmpl, c.issuer, key, c.issuerKey)
	if err != nil {
		return cmp.Outcome{}, err
	}
	c.outcome = cmp.Outcome{State: cmp.Issued, Kind: r.Kind, DER: cert.Raw, Chain: []*x509.Certificate{c.issuer}}
	if c.wait > 0 {
		return cmp.Outcome{State: cmp.Waiting, Kind: r.Kind}, nil
	}
	return c.outcome, nil
}

func (c *centre) Poll(context.Context, cmp.Party, []byte) (cmp.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wait--; c.wait > 0 {
		return cmp.Outcome{State: cmp.Waiting, Kind: c.outcome.Kind}, nil
	}
	return c.outcome, nil
}

func (c *centre) Confirm(_ context.Context, m *cmp.Confirmation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spend = m.Accepted
	c.replies[m.MessageSHA256] = m.Reply
	return nil
}

func (c *centre) Revoke(context.Context, *cmp.RevocationRequest) error { return errors.New("not here") }

func (c *centre) confirmed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spend
}

func options(url string) Options {
	return Options{Centre: url, Reference: "kiosk-7", Secret: []byte(secret)}
}

func TestEnrol_ThenRenew(t *testing.T) {
	c, ctx := newCentre(t), context.Background()
	url := c.serve(t, nil)
	d, err := Enrol(ctx, options(url))
	if err != nil {
		t.Fatal(err)
	}
	if !d.Root.Equal(c.root) || len(d.Chain) != 1 || !d.Chain[0].Equal(c.issuer) || !d.Key.PublicKey.Equal(d.Certificate.PublicKey) || !c.confirmed() {
		t.Fatalf("%+v, confirmed %v", d, c.confirmed())
	}
	n, err := Renew(ctx, RenewOptions{Centre: url, Device: d})
	if err != nil {
		t.Fatal(err)
	}
	if n.Key.Equal(d.Key) || n.Certificate.Equal(d.Certificate) || !n.Root.Equal(c.root) || n.Certificate.Subject.String() != d.Certificate.Subject.String() {
		t.Fatalf("%+v", n)
	}
}

func TestEnrol_SpendsNothingAtACentreThatIsNotAccepted(t *testing.T) {
	c, ctx := newCentre(t), context.Background()
	o := options(c.serve(t, nil))
	unwanted := errors.New("unwanted")
	o.Accept = func(root *x509.Certificate, chain []*x509.Certificate) error {
		if !root.Equal(c.root) || len(chain) != 1 || !chain[0].Equal(c.issuer) {
			t.Errorf("judged were %v and %v", root.Subject, chain)
		}
		return unwanted
	}
	if _, err := Enrol(ctx, o); !errors.Is(err, unwanted) || c.confirmed() {
		t.Fatalf("%v, confirmed %v", err, c.confirmed())
	}
	o.Accept = nil
	if _, err := Enrol(ctx, o); err != nil || !c.confirmed() {
		t.Fatalf("the same secret afterwards: %v", err)
	}
}

func TestEnrol_WaitsWhereTheCentreTakesItsTime(t *testing.T) {
	c := newCentre(t)
	c.wait = 2
	if _, err := Enrol(context.Background(), options(c.serve(t, nil))); err != nil {
		t.Fatal(err)
	}
}

func TestEnrol_SaysWhatIsWrong(t *testing.T) {
	html := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>login")) })
	garbage := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", cmp.ContentType)
		_, _ = w.Write([]byte("garbage"))
	})
	ill := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusBadGateway) })
	plain := httptest.NewServer(html)
	t.Cleanup(plain.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	_ = l.Close()
	cases := []struct {
		name string
		c    func(*centre)
		o    func(*centre, *Options)
		url  func(*centre) string
		want error
	}{
		{name: "wrong secret", o: func(_ *centre, o *Options) { o.Secret = []byte("another") }, want: ErrWrongSecret},
		{name: "unknown reference", c: func(c *centre) { c.secretErr = cmp.ErrSecretUnknown }, want: ErrWrongSecret},
		{name: "spent", c: func(c *centre) { c.spend = true }, want: ErrSpent},
		{name: "void", c: func(c *centre) { c.secretErr = cmp.ErrSecretVoid }, want: ErrVoid},
		{name: "refused", c: func(c *centre) { c.requestErr = cmp.Refuse(cmp.NotAuthorized, "no") }, want: ErrRefused},
		{name: "ill", c: func(c *centre) { c.requestErr = errors.New("database") }, want: ErrUnreachable},
		{name: "ill behind a proxy", url: func(c *centre) string { return c.listen(t, nil, ill) }, want: ErrUnreachable},
		{name: "down", url: func(*centre) string { return "https://" + closed }, want: ErrUnreachable},
		{name: "another site", url: func(c *centre) string { return c.listen(t, nil, html) }, want: ErrGarbage},
		{name: "garbage", url: func(c *centre) string { return c.listen(t, nil, garbage) }, want: ErrGarbage},
		{name: "no TLS there", url: func(*centre) string { return "https://" + plain.Listener.Addr().String() }, want: ErrGarbage},
		{name: "no TLS asked for", url: func(*centre) string { return plain.URL }, want: ErrAddress},
		{name: "no address", url: func(*centre) string { return "the centre" }, want: ErrAddress},
		{name: "another's key", c: func(c *centre) { c.otherKey = true }, want: ErrCertificate},
		{name: "for another host", url: func(c *centre) string {
			return c.serve(t, func(cert *x509.Certificate) { cert.IPAddresses, cert.DNSNames = nil, []string{"elsewhere.kz"} })
		}, want: ErrIdentity},
		{name: "out of date", url: func(c *centre) string {
			return c.serve(t, func(cert *x509.Certificate) {
				cert.NotBefore, cert.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
			})
		}, want: ErrExpired},
		{name: "clock behind", o: func(_ *centre, o *Options) { o.Now = func() time.Time { return time.Now().AddDate(-3, 0, 0) } }, want: ErrClock},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			c := newCentre(t)
			if x.c != nil {
				x.c(c)
			}
			url := ""
			if x.url != nil {
				url = x.url(c)
			} else {
				url = c.serve(t, nil)
			}
			o := options(url)
			if x.o != nil {
				x.o(c, &o)
			}
			before := c.confirmed()
			_, err := Enrol(context.Background(), o)
			if !errors.Is(err, x.want) {
				t.Fatal(err)
			}
			if bytes.Contains([]byte(err.Error()), []byte(secret)) {
				t.Fatal("the error tells the secret")
			}
			for _, other := range []error{ErrWrongSecret, ErrSpent, ErrVoid, ErrAddress, ErrUnreachable, ErrGarbage, ErrIdentity, ErrExpired, ErrClock, ErrRefused, ErrCertificate} {
				if other != x.want && errors.Is(err, other) {
					t.Errorf("it is also %q: %v", other, err)
				}
			}
			if c.confirmed() != before {
				t.Error("the secret was spent")
			}
		})
	}
}

func TestEnrol_FindsOutAManInTheMiddleBeforeTheSecretIsSpent(t *testing.T) {
	c, other := newCentre(t), newCentre(t)
	signer, err := cmp.NewSigner(c.issuer, nil, c.issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	// The man in the middle passes every message on unchanged, under a certificate of his own.
	genuine := &cmp.Server{Authority: c, Signer: signer, CAPubs: []*x509.Certificate{c.root}}
	url := other.listen(t, nil, genuine)
	_, err = Enrol(context.Background(), options(url))
	if !errors.Is(err, ErrIdentity) {
		t.Fatal(err)
	}
	if c.requests != 1 || c.confirmed() {
		t.Fatalf("%d requests, confirmed %v", c.requests, c.confirmed())
	}
	if _, err := Enrol(context.Background(), options(c.serve(t, nil))); err != nil {
		t.Fatalf("the secret is good no more: %v", err)
	}
}

func TestEnrol_GoesOnFromWhatWasKept(t *testing.T) {
	c := newCentre(t)
	signer, err := cmp.NewSigner(c.issuer, nil, c.issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	server := &cmp.Server{Authority: c, Signer: signer, CAPubs: []*x509.Certificate{c.root}}
	n := 0
	url := c.listen(t, nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		if n == 1 || n == 3 { // both answers are lost the first time
			server.ServeHTTP(httptest.NewRecorder(), r)
			http.Error(w, "lost", http.StatusBadGateway)
			return
		}
		server.ServeHTTP(w, r)
	}))
	o := options(url)
	var kept []byte
	o.Keep = func(p *Progress) (err error) { kept, err = json.Marshal(p); return err }
	restart := func() {
		t.Helper()
		o.Resume = &Progress{}
		if err := json.Unmarshal(kept, o.Resume); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Enrol(context.Background(), o); !errors.Is(err, ErrUnreachable) {
		t.Fatal(err)
	}
	restart()
	if _, err := Enrol(context.Background(), o); !errors.Is(err, ErrUnreachable) {
		t.Fatal(err)
	}
	if !c.confirmed() {
		t.Fatal("certConf did not arrive")
	}
	restart()
	d, err := Enrol(context.Background(), o)
	if err != nil {
		t.Fatalf("the device lost its certificate: %v", err)
	}
	if c.requests != 1 || !d.Key.PublicKey.Equal(d.Certificate.PublicKey) {
		t.Fatalf("%d requests", c.requests)
	}
}

func TestRenew_TalksToTheCentreOfItsRootOnly(t *testing.T) {
	c, other := newCentre(t), newCentre(t)
	d, err := Enrol(context.Background(), options(c.serve(t, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Renew(context.Background(), RenewOptions{Centre: other.serve(t, nil), Device: d}); !errors.Is(err, ErrIdentity) {
		t.Fatal(err)
	}
	if other.requests != 0 {
		t.Fatal("the request was told to a stranger")
	}
}
