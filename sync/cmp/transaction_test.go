package cmp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
)

// tap is a transport that may lose or change what passes.
type tap struct {
	sent  [][]byte
	reply func(n int, der []byte) ([]byte, error) // n counts from 1
	last  []byte
}

func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.sent = append(p.sent, body)
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := http.DefaultTransport.RoundTrip(again)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if p.last, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	der := p.last
	if p.reply != nil {
		if der, err = p.reply(len(p.sent), der); err != nil {
			return nil, err
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(der))
	return resp, nil
}

var errLine = errors.New("the line is cut")

// losing loses the answers of the given numbers.
func losing(numbers ...int) *tap {
	return &tap{reply: func(n int, der []byte) ([]byte, error) {
		for _, lost := range numbers {
			if n == lost {
				return nil, errLine
			}
		}
		return der, nil
	}}
}

func TestClient_SendsTheSameBytesUntilAnAnswerIsVerified(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	c, line := w.client(t), losing(1, 2, 4)
	c.HTTP = &http.Client{Transport: line}
	var kept []byte
	c.Keep = func(_ context.Context, x *Transaction) error { kept = x.Message; return nil }
	x, csr := NewTransaction(newID(t)), newCSR(t, newRSA(t))
	for range 2 {
		if _, err := c.P10CR(ctx, x, csr); !errors.Is(err, errLine) || !Temporary(err) {
			t.Fatal(err)
		}
		if !bytes.Equal(kept, line.sent[0]) {
			t.Fatal("what left is not what was kept")
		}
		x = again(t, x)
	}
	a, err := c.P10CR(ctx, x, csr)
	if err != nil || a.State != Issued {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := c.Confirm(ctx, x, a.Certificate); !errors.Is(err, errLine) {
		t.Fatal(err)
	}
	x = again(t, x)
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	if len(line.sent) != 5 || !bytes.Equal(line.sent[0], line.sent[1]) || !bytes.Equal(line.sent[0], line.sent[2]) || !bytes.Equal(line.sent[3], line.sent[4]) {
		t.Fatal("other bytes were sent")
	}
	if w.authority.requests != 1 {
		t.Fatalf("%d requests were made of one", w.authority.requests)
	}
}

func TestClient_SendsNothingItCouldNotKeep(t *testing.T) {
	w := newWorld(t)
	c, full := w.client(t), errors.New("disk full")
	c.Keep = func(context.Context, *Transaction) error { return full }
	if _, err := c.P10CR(context.Background(), NewTransaction(newID(t)), newCSR(t, newRSA(t))); !errors.Is(err, full) {
		t.Fatal(err)
	}
	if w.authority.requests != 0 {
		t.Fatal("it was sent")
	}
}

func TestServer_GivesTheSameAnswerToTheSameBytes(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.authority.share("kiosk-7", "0123456789abcdef")
	c, line := w.macClient("kiosk-7", "0123456789abcdef"), &tap{}
	c.HTTP = &http.Client{Transport: line}
	x, key := NewTransaction(newID(t)), newEC(t)
	a, err := c.IR(ctx, x, Template{RawSubject: emptyName, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	first := line.last
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
	second := line.last
	// The secret is spent, and still both messages get the answers they had.
	for i, want := range [][]byte{first, second} {
		if got := w.server.Handle(ctx, "device", line.sent[i]); !bytes.Equal(got, want) {
			t.Errorf("message %d has another answer now", i)
		}
	}
}

func TestServer_AnswersAnewWhatItDiedBeforeStoring(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	w.authority.with(func(a *memory) { a.failPut = errors.New("power cut") })
	c, x, csr := w.client(t), NewTransaction(newID(t)), newCSR(t, newRSA(t))
	if _, err := c.P10CR(ctx, x, csr); !Temporary(err) {
		t.Fatalf("%v is no reason to go on", err)
	}
	w.authority.with(func(a *memory) { a.failPut = nil })
	a, err := c.P10CR(ctx, again(t, x), csr)
	if err != nil || a.State != Issued || w.authority.requests != 1 {
		t.Fatalf("%+v, %v, %d requests", a, err, w.authority.requests)
	}
}

func TestClient_PollsForARequestItForgotHavingSent(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	c, line := w.client(t), losing(1)
	c.HTTP = &http.Client{Transport: line}
	id, key := newID(t), newRSA(t)
	if _, err := c.P10CR(ctx, NewTransaction(id), newCSR(t, key)); err == nil {
		t.Fatal("the answer was not lost")
	}
	x := NewTransaction(id)
	a, err := c.P10CR(ctx, x, newCSR(t, key))
	if err != nil || a.State != Waiting {
		t.Fatalf("%+v, %v", a, err)
	}
	if a, err = c.Poll(ctx, x); err != nil || a.State != Issued || w.authority.requests != 1 {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := c.Confirm(ctx, x, a.Certificate); err != nil {
		t.Fatal(err)
	}
}

func TestServer_GivesATransactionToNobodyElse(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	id := newID(t)
	if _, err := w.client(t).P10CR(ctx, NewTransaction(id), newCSR(t, newRSA(t))); err != nil {
		t.Fatal(err)
	}
	w.deviceKey = newEC(t)
	w.device = w.ca.issue(t, nameOf("kiosk 1002"), w.deviceKey.Public(), oidCMCRA)
	c, x := w.client(t), NewTransaction(id)
	a, err := c.P10CR(ctx, x, newCSR(t, newRSA(t)))
	if err != nil || a.State != Waiting {
		t.Fatalf("%+v, %v", a, err)
	}
	_, err = c.Poll(ctx, x)
	var verdict *StatusError
	if !errors.As(err, &verdict) || !verdict.Info.Fail.Has(BadRequest) {
		t.Fatalf("another kiosk's transaction gave %v", err)
	}
}

func TestClient_TellsTheCentreThatACertificateIsNotTaken(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	c, x := w.client(t), NewTransaction(newID(t))
	a, err := c.P10CR(ctx, x, newCSR(t, newRSA(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Refuse(ctx, x, a.Certificate, "another key usage"); err != nil {
		t.Fatal(err)
	}
	if got := w.authority.confirmedWord(x.ID); got != "refused" {
		t.Fatalf("the centre holds it for %q", got)
	}
	if err := c.Confirm(ctx, x, a.Certificate); !errors.Is(err, ErrOrder) {
		t.Fatalf("a refused certificate was confirmed: %v", err)
	}
}
