package cmp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
)

// direct carries messages to a server without a network.
type direct struct{ s *Server }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	der, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	reply := d.s.Handle(r.Context(), "rsa-sign", der)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {ContentType}}, Body: io.NopCloser(bytes.NewReader(reply)), Request: r}, nil
}

// BenchmarkExchange is a p10cr with its answer and a certConf with its answer, both sides, everything verified: five signatures are made
// (the device's two with P-256, the centre's two and the certificate's one with RSA-2048; the PKCS#10 is made before) without HTTP and database.
func BenchmarkExchange(b *testing.B) {
	w := newWorld(b)
	c := w.client(b)
	c.HTTP = &http.Client{Transport: direct{w.server}}
	csr := newCSR(b, newRSA(b))
	for b.Loop() {
		x := NewTransaction(newID(b))
		a, err := c.P10CR(context.Background(), x, csr)
		if err == nil {
			err = c.Confirm(context.Background(), x, a.Certificate)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse reads an answer with a certificate.
func BenchmarkParse(b *testing.B) {
	_, _, replies := flows(b)
	der := replies[0]
	for b.Loop() {
		if _, err := parseMessage(der); err != nil {
			b.Fatal(err)
		}
	}
}
