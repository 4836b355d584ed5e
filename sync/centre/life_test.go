package centre_test

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
	"github.com/tirkeu/kiosk/sync/registry"
)

// clock is a time that a test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(by time.Duration) { c.ahead.Add(int64(by)) }

func put(t *testing.T, d *centretest.Device, number string, f api.Filing) (api.Status, api.ErrorCode) {
	t.Helper()
	answer, err := d.API.PutApplicationWithResponse(t.Context(), number, f)
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil {
		return "", code(answer.Body)
	}
	return answer.JSON200.Status, ""
}

func TestApplication_TheSameBytesGetTheSameAnswer(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		for range 2 {
			if status, no := put(t, d, p.Number, api.Filing{Document: p.Document}); status != api.StatusWaiting {
				t.Errorf("filed: %q %q", status, no)
			}
		}
		other := p.Application
		other.Email = "a@example.kz"
		document, err := other.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, no := put(t, d, p.Number, api.Filing{Document: document}); no != api.ErrorCodeWrongBytes {
			t.Errorf("other bytes under the same number: %q", no)
		}
		seal := []byte("x")
		if _, no := put(t, d, p.Number, api.Filing{Document: p.Document, SealKey: &seal}); no != api.ErrorCodeWrongBytes {
			t.Errorf("another seal key under the same number: %q", no)
		}
		q := d.NewPaper(centretest.Person(centretest.IINBolat), 2, centretest.Key(0), centretest.Key(2))
		if _, no := put(t, d, q.Number, api.Filing{Document: q.Document}); no != api.ErrorCodeConflict {
			t.Errorf("a key that stands in another application: %q", no)
		}
	})
}

func TestApplication_ADeviceFilesUnderItsOwnPrefix(t *testing.T) {
	c := centretest.Start(t)
	first, second := c.Enrol("hall"), c.Enrol("porch")
	if first.Prefix == second.Prefix {
		t.Fatal("two devices have one prefix")
	}
	p := first.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	// The same centre: what a kiosk accepted before it was enrolled anew still goes out.
	if status, no := put(t, second, p.Number, api.Filing{Document: p.Document}); status != api.StatusWaiting {
		t.Errorf("an earlier enrolment's number: %q %q", status, no)
	}
	stray := p.Application
	stray.Number = registry.NewNumber("4321", 1)
	document, err := stray.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, no := put(t, first, stray.Number, api.Filing{Document: document}); no != api.ErrorCodeBadRequest {
		t.Errorf("a prefix nobody has: %q", no)
	}
}

func TestApplication_ExpiresUndecided(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		k := &clock{}
		o.Now = k.now
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		staff := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
		p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		file(t, d, p)
		k.forward(30*24*time.Hour - time.Hour)
		if got := c.Status(p.Number); got != api.StatusWaiting {
			t.Errorf("before its time it is %q", got)
		}
		k.forward(2 * time.Hour)
		if got := c.Status(p.Number); got != api.StatusExpired {
			t.Errorf("after its time it is %q", got)
		}
		decision, signature := staff.Decide(p, "")
		if _, no := decide(t, d, decision, signature); no != api.ErrorCodeExpired {
			t.Errorf("a decision about it: %q", no)
		}
		if err := c.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		answer, err := d.API.GetTransactionWithResponse(t.Context(), p.Application.Keys[0].TransactionID)
		if err != nil || answer.JSON200 == nil || answer.JSON200.State != api.TransactionStateRejected {
			t.Errorf("its transaction: %v %s", err, answer.Body)
		}
	})
}

func TestIssue_TheRegistersNameWins(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	person(t, c, centretest.IINAigerim)
	staff := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
	typed := pki.Person{IIN: centretest.IINAigerim, Surname: "Абдикаликова", Given: "Айгерим", Email: "a@example.kz"}
	p := d.NewPaper(typed, 1, centretest.Key(0), centretest.Key(1))
	open := file(t, d, p)
	h := session(t, d, staff)
	shown, err := d.API.OpenQueueItemWithResponse(t.Context(), p.Number, &api.OpenQueueItemParams{XStaffSession: h})
	if err != nil || shown.JSON200 == nil || !shown.JSON200.NameDiffers || shown.JSON200.RegisterName.Surname != "Әбдіқалықова" {
		t.Fatalf("staff see %v %s", err, shown.Body)
	}
	decision, signature := staff.Decide(p, "")
	if status, no := decide(t, d, decision, signature); status != api.StatusIssued {
		t.Fatalf("decided: %q %q", status, no)
	}
	answer, err := d.CMP("rsa-auth").Poll(t.Context(), open[0])
	if err != nil || answer.Certificate == nil {
		t.Fatalf("polling: %v", err)
	}
	if surname, _, patronymic := pki.SubjectName(answer.Certificate); surname != "ӘБДІҚАЛЫҚОВА" || patronymic != "СЕРІКҚЫЗЫ" {
		t.Errorf("the certificate names %q, %q", surname, patronymic)
	}
}

func TestIssue_OneCertificateForAKeyHoweverManyAsk(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		open := file(t, d, p)
		c.Approve(p.Number)
		var all sync.WaitGroup
		ders := make([][]byte, 8)
		for i := range ders {
			all.Go(func() {
				x := *open[0]
				answer, err := d.CMP("rsa-auth").Poll(t.Context(), &x)
				if err != nil || answer.State != cmp.Issued {
					t.Errorf("polling: %v %v", answer.State, err)
					return
				}
				ders[i] = answer.Certificate.Raw
			})
		}
		all.Wait()
		for _, der := range ders {
			if !bytes.Equal(der, ders[0]) {
				t.Fatal("two certificates for one key")
			}
		}
		cert, err := x509.ParseCertificate(ders[0])
		if err != nil {
			t.Fatal(err)
		}
		spki, err := x509.MarshalPKIXPublicKey(centretest.Key(0).Public())
		if err != nil {
			t.Fatal(err)
		}
		err = pki.CheckIssued(cert, pki.Expect{SPKI: spki, IIN: p.IIN, Template: "rsa-auth", StorageKind: pki.StorageKaztoken, Now: time.Now()}, c.Roots, pki.NewPool(c.Issuing))
		if err != nil {
			t.Errorf("a kiosk would refuse it: %v", err)
		}
	})
}

func TestIssue_StaffMayBeFasterThanTheRequests(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		staff := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
		p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
		if _, no := put(t, d, p.Number, api.Filing{Document: p.Document}); no != "" {
			t.Fatal(no)
		}
		decision, signature := staff.Decide(p, "")
		if status, no := decide(t, d, decision, signature); status != api.StatusConfirmed {
			t.Fatalf("decided: %q %q", status, no)
		}
		for i, x := range ask(t, d, p) {
			if x.State != cmp.Issued {
				t.Errorf("key %d is %q at once", i+1, x.State)
			}
		}
		if got := c.Status(p.Number); got != api.StatusIssued {
			t.Errorf("the application is %q", got)
		}
	})
}

func TestApplication_RefusesWhatNoCertificateCouldSay(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	odd := p.Application
	odd.Email = "not an address"
	document, err := odd.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, no := put(t, d, p.Number, api.Filing{Document: document}); no != api.ErrorCodeBadRequest {
		t.Errorf("an e-mail address that is none: %q", no)
	}
}

func TestIssue_GoesOnAfterARestart(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	open := file(t, d, p)
	c.Approve(p.Number) // promises; nothing is signed yet
	c.Restart()
	if got := c.Status(p.Number); got != api.StatusIssued {
		t.Errorf("after the restart it is %q", got)
	}
	if answer, err := d.CMP("rsa-sign").Poll(t.Context(), open[1]); err != nil || answer.State != cmp.Issued {
		t.Errorf("polling: %v %v", answer.State, err)
	}
}

func TestRequest_MustBeTheOneTheApplicationNames(t *testing.T) {
	c := centretest.Start(t)
	d, other := c.Enrol("hall"), c.Enrol("porch")
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	if _, no := put(t, d, p.Number, api.Filing{Document: p.Document}); no != "" {
		t.Fatal(no)
	}
	id := centretest.ID(p.Application.Keys[0].TransactionID)
	foreign, err := pki.NewRequest("rsa-auth", centretest.Person(centretest.IINBolat), pki.StorageKaztoken, centretest.Key(0))
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		d       *centretest.Device
		profile string
		csr     []byte
	}{
		"another key":     {d, "rsa-auth", p.CSRs[1]},
		"another profile": {d, "rsa-sign", p.CSRs[0]},
		"another person":  {d, "rsa-auth", foreign},
		"another device":  {other, "rsa-auth", p.CSRs[0]},
	} {
		x := cmp.NewTransaction(id)
		_, err := try.d.CMP(try.profile).P10CR(t.Context(), x, try.csr)
		var no *cmp.StatusError
		if x.State != cmp.Rejected && !errors.As(err, &no) {
			t.Errorf("%s: %q %v", name, x.State, err)
		}
	}
	if answer, err := d.CMP("rsa-auth").P10CR(t.Context(), cmp.NewTransaction(id), p.CSRs[0]); err != nil || answer.State != cmp.Waiting {
		t.Errorf("the right one: %v %v", answer.State, err)
	}
}

func TestRequest_WithoutApplicationBecomesOne(t *testing.T) {
	both(t, func(t *testing.T, o centretest.Options) {
		c := centretest.StartWith(t, o)
		d := c.Enrol("hall")
		csr, err := pki.NewRequest("rsa-sign", centretest.Person(centretest.IINBolat), pki.StorageStick, centretest.Key(0))
		if err != nil {
			t.Fatal(err)
		}
		client := d.CMP("rsa-sign")
		x := cmp.NewTransaction(slices.Repeat([]byte{7}, 16))
		answer, err := client.P10CR(t.Context(), x, csr)
		if err != nil || answer.State != cmp.Waiting {
			t.Fatalf("asking: %v %v", answer.State, err)
		}
		all, err := c.Applications(t.Context(), api.StatusWaiting)
		if err != nil || len(all) != 1 || all[0].Number != "90000000015" || all[0].Origin != "centre" {
			t.Fatalf("applications: %+v %v", all, err)
		}
		// The client lost its state and asks again for the same key: the same application.
		y := cmp.NewTransaction(slices.Repeat([]byte{8}, 16))
		if answer, err = client.P10CR(t.Context(), y, csr); err != nil || answer.State != cmp.Waiting {
			t.Fatalf("asking again: %v %v", answer.State, err)
		}
		c.Approve(all[0].Number)
		first, err := client.Poll(t.Context(), x)
		if err != nil || first.State != cmp.Issued {
			t.Fatalf("polling: %v %v", first.State, err)
		}
		second, err := client.Poll(t.Context(), y)
		if err != nil || !bytes.Equal(first.Certificate.Raw, second.Certificate.Raw) {
			t.Errorf("the second transaction has another certificate (%v)", err)
		}
		if err := client.Confirm(t.Context(), x, first.Certificate); err != nil {
			t.Error(err)
		}
	})
}

func TestRequest_RejectedIsSaid(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	open := file(t, d, p)
	c.Reject(p.Number, "document-invalid")
	if answer, err := d.CMP("rsa-auth").Poll(t.Context(), open[0]); err != nil && answer.State != cmp.Rejected {
		t.Errorf("polling: %v %v", answer.State, err)
	}
	if open[0].State != cmp.Rejected {
		t.Errorf("the transaction is %q", open[0].State)
	}
}

func TestConfirm_ARefusedCertificateIsRevoked(t *testing.T) {
	c := centretest.Start(t)
	d := c.Enrol("hall")
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	open := file(t, d, p)
	c.Approve(p.Number)
	client := d.CMP("rsa-auth")
	answer, err := client.Poll(t.Context(), open[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Refuse(t.Context(), open[0], answer.Certificate, "not what was asked for"); err != nil {
		t.Fatal(err)
	}
	status, err := c.CertificateStatus(t.Context(), answer.Certificate.SerialNumber)
	if err != nil || !status.Revoked {
		t.Errorf("the refused certificate: %+v %v", status, err)
	}
}

func TestConfirm_LapsesAfterItsTime(t *testing.T) {
	k := &clock{}
	c := centretest.StartWith(t, centretest.Options{Now: k.now})
	d := c.Enrol("hall")
	p := d.NewPaper(centretest.Person(centretest.IINAigerim), 1, centretest.Key(0), centretest.Key(1))
	open := file(t, d, p)
	c.Approve(p.Number)
	for i, x := range open {
		answer, err := d.CMP(string(p.Application.Keys[i].Template)).Poll(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		open[i].Certificate = answer.Certificate.Raw
	}
	k.forward(91 * 24 * time.Hour)
	if err := c.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(open[0].Certificate)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := c.CertificateStatus(t.Context(), cert.SerialNumber); err != nil || !status.Revoked {
		t.Errorf("a certificate nobody confirmed: %+v %v", status, err)
	}
	state, err := d.API.GetTransactionWithResponse(t.Context(), hex.EncodeToString(open[0].ID))
	if err != nil || state.JSON200 == nil || state.JSON200.State != api.TransactionStateRefused {
		t.Errorf("its transaction: %v %s", err, state.Body)
	}
}
