package cmp

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// program finds an outside program; without it the test is skipped, or fails where everything is meant to be installed.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("TIRKEU_TEST_ALL") == "1" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// run runs an outside program for at most three minutes and gives what it said.
func run(t testing.TB, dir, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// openssl is `openssl cmp` as a client of the world's server, in a directory of its own.
type openssl struct {
	t    *testing.T
	w    *world
	dir  string
	path string
}

func newOpenSSL(t *testing.T) *openssl {
	o := &openssl{t: t, path: program(t, "openssl"), w: newWorld(t), dir: t.TempDir()}
	writePEM(t, o.dir, "ca.pem", o.w.ca.cert)
	writePEM(t, o.dir, "device.pem", o.w.device)
	writePEM(t, o.dir, "device.key", o.w.deviceKey)
	writePEM(t, o.dir, "new.key", newRSA(t))
	return o
}

func (o *openssl) cmp(profile, command string, args ...string) (string, error) {
	o.t.Helper()
	all := append([]string{"cmp", "-config", "", "-server", strings.TrimPrefix(o.w.http.URL, "http://"), "-path", PathPrefix[1:] + profile, "-cmd", command, "-verbosity", "7"}, args...)
	return run(o.t, o.dir, o.path, all...)
}

func (o *openssl) must(profile, command string, args ...string) string {
	o.t.Helper()
	out, err := o.cmp(profile, command, args...)
	if err != nil {
		o.t.Fatalf("openssl cmp -cmd %s: %v\n%s", command, err, out)
	}
	return out
}

var (
	byDevice = []string{"-cert", "device.pem", "-key", "device.key", "-trusted", "ca.pem"}
	bySecret = []string{"-ref", "kiosk-7", "-secret", "pass:Secret-123456789", "-recipient", "/C=KZ/CN=Test CA"}
)

func with(base []string, more ...string) []string {
	return append(append([]string{}, base...), more...)
}

func TestServer_EnrolsOpenSSLUnderItsDefaultMAC(t *testing.T) {
	o := newOpenSSL(t)
	o.w.authority.share("kiosk-7", "Secret-123456789")
	o.must("device", "ir", with(bySecret, "-newkey", "new.key", "-subject", "/CN=kiosk-7", "-certout", "out.pem", "-cacertsout", "root.pem")...)
	if !readCert(t, filepath.Join(o.dir, "root.pem")).Equal(o.w.ca.cert) {
		t.Fatal("the anchor is another")
	}
	if out, err := run(t, o.dir, o.path, "verify", "-CAfile", "root.pem", "out.pem"); err != nil {
		t.Fatalf("%s", out)
	}
	if !o.w.authority.isSpent("kiosk-7") {
		t.Fatal("certConf did not spend the secret")
	}
}

func TestServer_EnrolsOpenSSLUnderHMACSHA256(t *testing.T) {
	o := newOpenSSL(t)
	o.w.authority.share("kiosk-7", "Secret-123456789")
	o.must("device", "ir", with(bySecret, "-mac", "hmacWithSHA256", "-digest", "sha256", "-newkey", "new.key", "-subject", "/CN=kiosk-7", "-certout", "out.pem")...)
}

func TestServer_RefusesOpenSSLAWrongSecretAndCountsIt(t *testing.T) {
	o := newOpenSSL(t)
	o.w.authority.share("kiosk-7", "another-secret-00")
	out, err := o.cmp("device", "ir", with(bySecret, "-unprotected_errors", "-newkey", "new.key", "-subject", "/CN=kiosk-7", "-certout", "out.pem")...)
	if err == nil || !strings.Contains(out, "badMessageCheck") {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(o.dir, "out.pem")); err == nil {
		t.Fatal("there is a certificate")
	}
	if bad, requests := o.w.authority.counted("kiosk-7"); bad != 1 || requests != 0 {
		t.Fatalf("%d wrong MACs, %d requests", bad, requests)
	}
}

func TestServer_UpdatesOpenSSLsDeviceAndRevokesIt(t *testing.T) {
	o := newOpenSSL(t)
	o.must("device", "kur", with(byDevice, "-newkey", "new.key", "-certout", "updated.pem")...)
	updated := readCert(t, filepath.Join(o.dir, "updated.pem"))
	if updated.Subject.String() != o.w.device.Subject.String() {
		t.Fatalf("subject %v", updated.Subject)
	}
	o.must("device", "rr", "-cert", "updated.pem", "-key", "new.key", "-trusted", "ca.pem", "-oldcert", "updated.pem", "-revreason", "4")
	if reason, _ := o.w.authority.reason(updated.SerialNumber.String()); reason != 4 {
		t.Fatalf("reason %d", reason)
	}
	out, err := o.cmp("device", "rr", "-cert", "updated.pem", "-key", "new.key", "-trusted", "ca.pem", "-oldcert", "updated.pem", "-revreason", "4")
	if err == nil || !strings.Contains(out, "certRevoked") {
		t.Fatalf("a revoked certificate was heard: %v\n%s", err, out)
	}
}

func TestServer_LetsOpenSSLWaitUntilApproved(t *testing.T) {
	for _, command := range []string{"p10cr", "ir", "cr"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			o := newOpenSSL(t)
			o.w.authority.open(2)
			args := with(byDevice, "-newkey", "new.key", "-subject", "/CN=ТЕСТОВ ТЕСТ/serialNumber=IIN000101500008/C=KZ", "-certout", "out.pem")
			if command == "p10cr" {
				if out, err := run(t, o.dir, o.path, "req", "-new", "-key", "new.key", "-subj", "/CN=TEST", "-out", "new.csr"); err != nil {
					t.Fatalf("%s", out)
				}
				args = with(byDevice, "-csr", "new.csr", "-certout", "out.pem")
			}
			out := o.must("rsa-sign", command, args...)
			if polls := strings.Count(out, "received POLLREP"); polls != 2 {
				t.Errorf("%d pollReps\n%s", polls, out)
			}
			if out, err := run(t, o.dir, o.path, "verify", "-CAfile", "ca.pem", "out.pem"); err != nil {
				t.Fatalf("%s", out)
			}
			o.w.authority.with(func(a *memory) {
				for _, x := range a.tx {
					if x.confirmed != "confirmed" {
						t.Errorf("the transaction is %q", x.confirmed)
					}
				}
			})
		})
	}
}

func TestServer_TellsOpenSSLThatItWasRejected(t *testing.T) {
	o := newOpenSSL(t)
	o.w.authority.with(func(a *memory) { a.fail = Refuse(BadCertTemplate, "no such template") })
	out, err := o.cmp("rsa-sign", "cr", with(byDevice, "-newkey", "new.key", "-subject", "/CN=x", "-certout", "out.pem")...)
	if err == nil || !strings.Contains(out, "badCertTemplate") || !strings.Contains(out, "no such template") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestServer_TakesRAVerifiedFromARegistrationAuthorityOnly(t *testing.T) {
	o := newOpenSSL(t)
	o.must("rsa-sign", "ir", with(byDevice, "-popo", "0", "-newkey", "new.key", "-subject", "/CN=x", "-certout", "out.pem")...)
	o.must("rsa-sign", "cr", "-cert", "out.pem", "-key", "new.key", "-trusted", "ca.pem", "-newkey", "new.key", "-subject", "/CN=x", "-certout", "two.pem")
	out, err := o.cmp("rsa-sign", "cr", "-cert", "out.pem", "-key", "new.key", "-trusted", "ca.pem", "-popo", "0", "-newkey", "new.key", "-subject", "/CN=x", "-certout", "three.pem")
	if err == nil || !strings.Contains(out, "badPOP") {
		t.Fatalf("%v\n%s", err, out)
	}
}

// mock is OpenSSL's CMP server.
type mock struct {
	url  string
	dir  string
	ca   *sandbox
	cert *x509.Certificate // its own
	out  *bytes.Buffer

	start func() // it reads its files when it starts: write them before
}

func startMock(t *testing.T, args ...string) *mock {
	t.Helper()
	path := program(t, "openssl")
	s := &mock{dir: t.TempDir(), ca: newSandbox(t), out: &bytes.Buffer{}}
	key := newRSA(t)
	s.cert = s.ca.issue(t, nameOf("server"), key.Public(), oidCMCCA)
	writePEM(t, s.dir, "ca.pem", s.ca.cert)
	writePEM(t, s.dir, "srv.pem", s.cert)
	writePEM(t, s.dir, "srv.key", key)
	port := freePort(t)
	cmd := exec.Command(path, append([]string{"cmp", "-config", "", "-port", port}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, s.out, s.out
	s.url = "http://127.0.0.1:" + port + "/pkix/"
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("openssl: %s", s.out)
		}
	})
	s.start = func() {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		deadline := time.After(20 * time.Second)
		for {
			conn, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err == nil {
				_ = conn.Close()
				return
			}
			select {
			case <-deadline:
				t.Fatalf("openssl does not listen: %v", err)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return s
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

var bySignature = []string{"-srv_cert", "srv.pem", "-srv_key", "srv.key", "-srv_trusted", "ca.pem", "-rsp_cert", "rsp.pem", "-rsp_extracerts", "ca.pem", "-rsp_capubs", "ca.pem"}

// client gives a kiosk that OpenSSL's server trusts.
func (s *mock) client(t *testing.T) (*Client, *x509.Certificate) {
	t.Helper()
	key := newEC(t)
	cert := s.ca.issue(t, nameOf("kiosk"), key.Public(), oidCMCRA)
	protect, err := NewSigner(cert, nil, key)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{URL: s.url, Protect: protect, Trust: Trust{Roots: s.ca.roots()}, Recipient: s.cert.RawSubject}, cert
}

func TestClient_GetsCertificatesFromOpenSSLByPolling(t *testing.T) {
	for _, kind := range []Kind{KindIR, KindP10CR, KindCR, KindKUR} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := startMock(t, with(bySignature, "-poll_count", "2", "-check_after", "1")...)
			c, own := s.client(t)
			key := newRSA(t)
			rsp := s.ca.issue(t, nameOf("citizen"), key.Public())
			if kind == KindKUR {
				rsp = own // the mock updates only the certificate it gives out
			}
			writePEM(t, s.dir, "rsp.pem", rsp)
			s.start()
			ctx, x := context.Background(), NewTransaction(newID(t))
			var a Answer
			var err error
			template := Template{RawSubject: rsp.RawSubject, Key: key}
			switch kind {
			case KindIR:
				a, err = c.IR(ctx, x, template)
			case KindCR:
				a, err = c.CR(ctx, x, template)
			case KindKUR:
				a, err = c.KUR(ctx, x, template, own)
			default:
				a, err = c.P10CR(ctx, x, newCSR(t, key))
			}
			polls := 0
			for ; err == nil && a.State == Waiting; polls++ {
				x = again(t, x)
				a, err = c.Poll(ctx, x)
			}
			if err != nil || a.State != Issued || !a.Certificate.Equal(rsp) {
				t.Fatalf("%+v, %v", a, err)
			}
			if polls == 0 {
				t.Error("nothing was polled")
			}
			if err := c.Confirm(ctx, x, a.Certificate); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestClient_RevokesAtOpenSSL(t *testing.T) {
	s := startMock(t, bySignature...)
	c, _ := s.client(t)
	rsp := s.ca.issue(t, nameOf("citizen"), newRSA(t).Public())
	writePEM(t, s.dir, "rsp.pem", rsp)
	s.start()
	if err := c.Revoke(context.Background(), NewTransaction(newID(t)), Revocation{Issuer: rsp.RawIssuer, Serial: rsp.SerialNumber, Reason: 1}); err != nil {
		t.Fatal(err)
	}
}

func TestClient_EnrolsAtOpenSSLUnderAMAC(t *testing.T) {
	s := startMock(t, "-srv_ref", "kiosk-7", "-srv_secret", "pass:Secret-123456789", "-rsp_cert", "rsp.pem", "-rsp_capubs", "ca.pem")
	key := newEC(t)
	rsp := s.ca.issue(t, nameOf("kiosk-7"), key.Public())
	writePEM(t, s.dir, "rsp.pem", rsp)
	s.start()
	c := &Client{URL: s.url, Protect: NewMAC([]byte("kiosk-7"), []byte("Secret-123456789"))}
	x := NewTransaction(newID(t))
	a, err := c.IR(context.Background(), x, Template{RawSubject: rsp.RawSubject, Key: key})
	if err != nil || a.State != Issued || len(a.CAPubs) != 1 || !a.CAPubs[0].Equal(s.ca.cert) {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := c.Confirm(context.Background(), x, a.Certificate); err != nil {
		t.Fatal(err)
	}
}

func TestClient_TakesImplicitConfirmationFromOpenSSL(t *testing.T) {
	s := startMock(t, with(bySignature, "-grant_implicitconf")...)
	c, _ := s.client(t)
	c.ImplicitConfirm = true
	key := newRSA(t)
	writePEM(t, s.dir, "rsp.pem", s.ca.issue(t, nameOf("citizen"), key.Public()))
	s.start()
	x := NewTransaction(newID(t))
	a, err := c.P10CR(context.Background(), x, newCSR(t, key))
	if err != nil || !a.Implicit {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := c.Confirm(context.Background(), x, a.Certificate); err != nil || !x.Confirmed || x.Pending() {
		t.Fatalf("%+v, %v", x, err)
	}
}

func TestClient_UnderstandsOpenSSLsRefusals(t *testing.T) {
	cases := []struct {
		name  string
		args  []string
		check func(Answer, error) bool
	}{
		{"a rejection", []string{"-pkistatus", "2", "-failure", "9", "-statusstring", "no"}, func(a Answer, err error) bool {
			return err == nil && a.State == Rejected && a.Status.Fail == BadPOP && len(a.Status.Text) > 0
		}},
		{"an error message", []string{"-send_error", "-failure", "2"}, func(_ Answer, err error) bool {
			verdict := (*StatusError)(nil)
			return errors.As(err, &verdict) && verdict.Info.Fail.Has(BadRequest) && !Temporary(err)
		}},
		{"an unprotected error message", []string{"-send_error", "-send_unprot_err"}, func(_ Answer, err error) bool {
			return errors.Is(err, ErrUnprotected) && Temporary(err)
		}},
		{"an unprotected answer", []string{"-send_unprotected"}, func(_ Answer, err error) bool {
			return errors.Is(err, ErrProtection) && Temporary(err)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startMock(t, with(bySignature, c.args...)...)
			client, _ := s.client(t)
			key := newRSA(t)
			writePEM(t, s.dir, "rsp.pem", s.ca.issue(t, nameOf("citizen"), key.Public()))
			s.start()
			a, err := client.P10CR(context.Background(), NewTransaction(newID(t)), newCSR(t, key))
			if !c.check(a, err) {
				t.Fatalf("%+v, %v", a, err)
			}
		})
	}
}
