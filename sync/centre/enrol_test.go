package centre_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/cmp"
)

func deviceKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newcomer is a CMP client with an enrolment secret only.
func newcomer(c *centretest.Centre, reference, secret string) *cmp.Client {
	return &cmp.Client{URL: c.CMP("device"), Protect: cmp.NewMAC([]byte(reference), []byte(secret)),
		HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: c.Roots.X509()}}}}
}

func id(n byte) []byte { return slices.Repeat([]byte{n}, 16) }

func TestEnrolment_SecretIsSpentByTheConfirmation(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		reference, secret := c.AddKiosk("hall")
		client := newcomer(c, reference, secret)
		lost := cmp.NewTransaction(id(1))
		first, err := client.IR(t.Context(), lost, cmp.Template{Key: deviceKey(t)})
		if err != nil {
			t.Fatal(err)
		}
		if len(first.CAPubs) != 1 || !first.CAPubs[0].Equal(c.Root) {
			t.Error("the answer brings no trust anchor")
		}
		// The kiosk lost its key before it confirmed: it begins anew, and what it was given is revoked.
		x := cmp.NewTransaction(id(2))
		second, err := client.IR(t.Context(), x, cmp.Template{Key: deviceKey(t)})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := c.CertificateStatus(t.Context(), first.Certificate.SerialNumber); err != nil || !status.Revoked {
			t.Errorf("the lost certificate: %+v %v", status, err)
		}
		if err := client.Confirm(t.Context(), x, second.Certificate); err != nil {
			t.Fatal(err)
		}
		_, err = client.IR(t.Context(), cmp.NewTransaction(id(3)), cmp.Template{Key: deviceKey(t)})
		if err == nil {
			t.Error("a spent secret enrolled another device")
		}
		kiosks, err := c.Kiosks(t.Context())
		if err != nil || len(kiosks) != 1 || kiosks[0].State != "enrolled" {
			t.Errorf("kiosks: %+v %v", kiosks, err)
		}
	})
}

func TestEnrolment_TheSameBytesGetTheSameAnswer(t *testing.T) {
	c := centretest.Start(t)
	reference, secret := c.AddKiosk("hall")
	client := newcomer(c, reference, secret)
	key := deviceKey(t)
	var sent []byte
	client.Keep = func(_ context.Context, x *cmp.Transaction) error {
		if sent == nil {
			sent = slices.Clone(x.Message)
		}
		return nil
	}
	x := cmp.NewTransaction(id(1))
	first, err := client.IR(t.Context(), x, cmp.Template{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	one, two := post(t, client, sent), post(t, client, sent)
	if !slices.Equal(one, two) {
		t.Error("the same request got two answers")
	}
	c.Restart()
	if !slices.Equal(one, post(t, client, sent)) {
		t.Error("after a restart the same request got another answer")
	}
	if err := client.Confirm(t.Context(), x, first.Certificate); err != nil {
		t.Error(err)
	}
	if !slices.Equal(one, post(t, client, sent)) {
		t.Error("after the confirmation the same request got another answer")
	}
}

func TestEnrolment_SecretIsVoidAfterTenWrongTriesOrADay(t *testing.T) {
	k := &clock{}
	c := centretest.StartWith(t, centretest.Options{Now: k.now})
	reference, secret := c.AddKiosk("hall")
	wrong := newcomer(c, reference, "not the secret")
	for n := range 10 {
		if _, err := wrong.IR(t.Context(), cmp.NewTransaction(id(byte(n))), cmp.Template{Key: deviceKey(t)}); !errors.Is(err, cmp.ErrUnprotected) && err == nil {
			t.Fatalf("a wrong secret: %v", err)
		}
	}
	if _, err := newcomer(c, reference, secret).IR(t.Context(), cmp.NewTransaction(id(20)), cmp.Template{Key: deviceKey(t)}); err == nil {
		t.Error("after ten wrong tries the right secret still enrols")
	}
	reference, secret = c.AddKiosk("porch")
	k.forward(25 * time.Hour)
	if _, err := newcomer(c, reference, secret).IR(t.Context(), cmp.NewTransaction(id(21)), cmp.Template{Key: deviceKey(t)}); err == nil {
		t.Error("after a day the secret still enrols")
	}
}

func TestDevice_RenewsAndRevokesItself(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	x := cmp.NewTransaction(id(1))
	answer, err := d.CMP("device").KUR(t.Context(), x, cmp.Template{Key: deviceKey(t)}, d.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CMP("device").Confirm(t.Context(), x, answer.Certificate); err != nil {
		t.Fatal(err)
	}
	if answer.Certificate.Subject.CommonName != "hall" {
		t.Errorf("the next certificate names %q", answer.Certificate.Subject.CommonName)
	}
	revoke := func(n byte, cert *x509.Certificate) error {
		return d.CMP("device").Revoke(t.Context(), cmp.NewTransaction(id(n)), cmp.Revocation{Issuer: cert.RawIssuer, Serial: cert.SerialNumber, Reason: 4})
	}
	if err := revoke(2, answer.Certificate); err != nil {
		t.Errorf("its next certificate: %v", err)
	}
	if err := revoke(3, answer.Certificate); err == nil {
		t.Error("a revoked certificate was revoked again")
	}
	if err := revoke(4, c.Issuing); err == nil {
		t.Error("a device revoked the issuing CA")
	}
	if err := revoke(5, d.Certificate); err != nil {
		t.Errorf("its own certificate: %v", err)
	}
	gone, err := d.API.GetDeviceWithResponse(t.Context())
	if err != nil || code(gone.Body) != api.ErrorCodeUnauthenticated {
		t.Errorf("afterwards: %v %s", err, gone.Body)
	}
}

func TestDevice_CannotRevokeACitizen(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	open := file(t, d, p)
	c.Approve(p.Number)
	answer, err := d.CMP("rsa-auth").Poll(t.Context(), open[0])
	if err != nil {
		t.Fatal(err)
	}
	err = d.CMP("device").Revoke(t.Context(), cmp.NewTransaction(id(1)), cmp.Revocation{Issuer: answer.Certificate.RawIssuer, Serial: answer.Certificate.SerialNumber, Reason: 1})
	var no *cmp.StatusError
	if !errors.As(err, &no) || !no.Info.Fail.Has(cmp.NotAuthorized) {
		t.Errorf("it was answered by %v", err)
	}
	x := cmp.NewTransaction(id(2))
	if _, err := d.CMP("rsa-auth").KUR(t.Context(), x, cmp.Template{Key: centretest.Key(2)}, d.Certificate); err == nil && x.State != cmp.Rejected {
		t.Errorf("a bare key update for a citizen is %q", x.State)
	}
}

func TestPrefix_IsNotGivenTwiceAfterADatabaseIsRestored(t *testing.T) {
	dir := t.TempDir()
	cfg := centre.Config{DB: "sqlite:" + filepath.Join(dir, "centre.db")}
	if err := centre.Init(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(filepath.Join(dir, "centre.db"))
	if err != nil {
		t.Fatal(err)
	}
	add := func() string {
		t.Helper()
		c, err := centre.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		e, err := c.AddKiosk(t.Context(), "hall", "")
		if err != nil {
			t.Fatal(err)
		}
		return e.Prefix
	}
	first := add()
	for _, name := range []string{"centre.db-wal", "centre.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "centre.db"), backup, 0o600); err != nil {
		t.Fatal(err)
	}
	if second := add(); second == first {
		t.Errorf("prefix %s was given twice", first)
	}
}

func TestInit_OverwritesNothing(t *testing.T) {
	cfg := centre.Config{DB: "sqlite:" + filepath.Join(t.TempDir(), "centre.db")}
	if err := centre.Init(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if err := centre.Init(t.Context(), cfg); err == nil {
		t.Error("a second init went well")
	}
	if _, err := centre.Open(t.Context(), cfg); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// post sends octets as they are.
func post(t *testing.T, client *cmp.Client, message []byte) []byte {
	t.Helper()
	answer, err := client.HTTP.Post(client.URL, cmp.ContentType, bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
