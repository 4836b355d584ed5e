package enrol

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"time"

	"github.com/tirkeu/kiosk/sync/cmp"
	"github.com/tirkeu/kiosk/sync/pki"
)

// Options of [Enrol].
type Options struct {
	Centre    string // https://host[:port]
	Reference string // as the centre gave it
	Secret    []byte // at least 128 bits; the octets as the centre gave them
	Now       func() time.Time
	Rand      io.Reader

	Resume *Progress             // an earlier attempt to go on with; nil: a new one
	Keep   func(*Progress) error // writes the attempt down before each message leaves; nil: nothing is written

	// Accept judges the centre once it has proved who it is, before anything is confirmed: an error of it ends the attempt and the secret is not
	// spent. nil: every centre that knows the secret.
	Accept func(root *x509.Certificate, chain []*x509.Certificate) error
}

// RenewOptions of [Renew].
type RenewOptions struct {
	Centre string // https://host[:port]
	Device Device // as it is now
	Now    func() time.Time
	Rand   io.Reader

	Resume *Progress
	Keep   func(*Progress) error
}

// attempt is what Enrol and Renew have in common.
type attempt struct {
	client *cmp.Client
	p      *Progress
	keep   func(*Progress) error
	now    func() time.Time
}

func newAttempt(resume *Progress, keep func(*Progress) error, now func() time.Time, random io.Reader) (*attempt, error) {
	if now == nil {
		now = time.Now
	}
	if random == nil {
		random = rand.Reader
	}
	a := &attempt{p: resume, keep: keep, now: now}
	if a.p == nil {
		var err error
		if a.p, err = begin(random); err != nil {
			return nil, err
		}
	}
	a.client = &cmp.Client{Now: now, Rand: random, Keep: func(context.Context, *cmp.Transaction) error { return a.save() }}
	return a, nil
}

func (a *attempt) save() error {
	if a.keep == nil {
		return nil
	}
	return a.keep(a.p)
}

// Enrol makes a P-256 key and gets the device's first certificate (CMP ir under a MAC, RFC 9483 §4.1.1 and §4.1.5). It returns once the
// centre has noted that the certificate arrived. On an error nothing is spent, unless it came after that note left; then
// going on from what Keep wrote gives the device.
//
// Errors: those of this package.
func Enrol(ctx context.Context, o Options) (Device, error) {
	target, err := address(o.Centre)
	if err != nil {
		return Device{}, fmt.Errorf("enrol the device: %w", err)
	}
	a, err := newAttempt(o.Resume, o.Keep, o.Now, o.Rand)
	if err != nil {
		return Device{}, fmt.Errorf("enrol the device: %w", err)
	}
	key, err := a.p.key()
	if err != nil {
		return Device{}, fmt.Errorf("enrol the device: %w", err)
	}
	met := &strangers{}
	a.client.URL, a.client.Protect, a.client.HTTP = target.String(), cmp.NewMAC([]byte(o.Reference), o.Secret), met.client()
	answer, err := a.client.IR(ctx, a.p.Transaction, cmp.Template{Subject: pkix.Name{CommonName: o.Reference}, Key: key})
	if err != nil {
		return Device{}, explain("enrol the device", err)
	}
	if answer, err = a.wait(ctx, answer); err != nil {
		return Device{}, explain("enrol the device", err)
	}
	if answer.State == cmp.Rejected {
		return Device{}, rejected("enrol the device", answer)
	}
	device, err := check(key, answer, answer.CAPubs, a.now())
	if err != nil {
		return Device{}, fmt.Errorf("enrol the device: %w", err)
	}
	if err := met.verify(device.Root, target.Hostname(), a.now()); err != nil {
		return Device{}, fmt.Errorf("enrol the device: %w", err)
	}
	if o.Accept != nil {
		if err := o.Accept(device.Root, device.Chain); err != nil {
			return Device{}, fmt.Errorf("enrol the device: %w", err)
		}
	}
	a.client.HTTP = friends(device.Root, nil, a.now)
	return a.finish(ctx, "enrol the device", device)
}

// Renew makes a new key and gets a certificate for it in place of the present one, which signs the request (CMP kur, RFC 9483 §4.1.3). The present
// device stays good until it returns.
//
// Errors: those of this package.
func Renew(ctx context.Context, o RenewOptions) (Device, error) {
	target, err := address(o.Centre)
	if err != nil {
		return Device{}, fmt.Errorf("renew the device's certificate: %w", err)
	}
	a, err := newAttempt(o.Resume, o.Keep, o.Now, o.Rand)
	if err != nil {
		return Device{}, fmt.Errorf("renew the device's certificate: %w", err)
	}
	key, err := a.p.key()
	if err != nil {
		return Device{}, fmt.Errorf("renew the device's certificate: %w", err)
	}
	protect, err := cmp.NewSigner(o.Device.Certificate, o.Device.Chain, o.Device.Key)
	if err != nil {
		return Device{}, fmt.Errorf("renew the device's certificate: %w", err)
	}
	a.client.URL, a.client.Protect, a.client.Trust = target.String(), protect, cmp.Trust{Roots: pki.NewPool(o.Device.Root), Intermediates: o.Device.Chain}
	a.client.HTTP = friends(o.Device.Root, []tls.Certificate{o.Device.TLS()}, a.now)
	answer, err := a.client.KUR(ctx, a.p.Transaction, cmp.Template{Key: key}, o.Device.Certificate)
	if err != nil {
		return Device{}, explain("renew the device's certificate", err)
	}
	if answer, err = a.wait(ctx, answer); err != nil {
		return Device{}, explain("renew the device's certificate", err)
	}
	if answer.State == cmp.Rejected {
		return Device{}, rejected("renew the device's certificate", answer)
	}
	answer.Extra = append(answer.Extra, o.Device.Chain...)
	device, err := check(key, answer, []*x509.Certificate{o.Device.Root}, a.now())
	if err != nil {
		return Device{}, fmt.Errorf("renew the device's certificate: %w", err)
	}
	return a.finish(ctx, "renew the device's certificate", device)
}

// finish confirms the certificate.
func (a *attempt) finish(ctx context.Context, doing string, device Device) (Device, error) {
	if err := a.client.Confirm(ctx, a.p.Transaction, device.Certificate); err != nil {
		return Device{}, explain(doing, err)
	}
	return device, nil
}

// pollEvery bounds how often the centre is asked, whatever it says itself.
const pollEvery = time.Second

// wait polls until the centre has decided or ctx ends.
func (a *attempt) wait(ctx context.Context, answer cmp.Answer) (cmp.Answer, error) {
	for answer.State == cmp.Waiting {
		timer := time.NewTimer(max(pollEvery, answer.CheckAfter))
		select {
		case <-ctx.Done():
			timer.Stop()
			return answer, ctx.Err()
		case <-timer.C:
		}
		var err error
		if answer, err = a.client.Poll(ctx, a.p.Transaction); err != nil {
			return answer, err
		}
	}
	return answer, nil
}

func rejected(doing string, a cmp.Answer) error {
	return fmt.Errorf("%s: %w: %w", doing, ErrRefused, &cmp.StatusError{Body: "the answer", Info: a.Status})
}

// TLS gives the device's certificate for mutual TLS.
func (d Device) TLS() tls.Certificate {
	c := tls.Certificate{Certificate: [][]byte{d.Certificate.Raw}, PrivateKey: d.Key, Leaf: d.Certificate}
	for _, between := range d.Chain {
		c.Certificate = append(c.Certificate, between.Raw)
	}
	return c
}
