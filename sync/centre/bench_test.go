package centre_test

import (
	"bufio"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tirkeu/kiosk/sync/api"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/centre/ledger/postgrestest"
	"github.com/tirkeu/kiosk/sync/cmp"
)

// BenchmarkEnrolment measures whole enrolments at the centre: application, two requests, a signed approval, two
// certificates, polls and confirmations, over mutual TLS with kept connections, client and centre on one machine. What a
// citizen's token and a staff token sign is made beforehand; it is counted and not timed.
func BenchmarkEnrolment(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkEnrolment(b, centretest.Options{}) })
	b.Run("postgres", func(b *testing.B) { benchmarkEnrolment(b, centretest.Options{DB: postgrestest.Database(b)}) })
}

func benchmarkEnrolment(b *testing.B, o centretest.Options) {
	c := centretest.StartWith(b, o)
	d := c.Enrol("hall")
	staff := c.Operator(centretest.Person(centretest.IINDana), centretest.Key(2))
	var byHand atomic.Int64 // signatures of tokens and of the device
	type one struct {
		paper               centretest.Paper
		decision, signature []byte
	}
	all := make([]one, b.N)
	for i := range all {
		p := d.NewPaper(centretest.Person(centretest.IINAigerim), uint64(i+1), counted{quickKey(2 * i), &byHand}, counted{quickKey(2*i + 1), &byHand})
		decision, signature := staff.Decide(p, "")
		byHand.Add(1)
		all[i] = one{p, decision, signature}
	}
	atCentre := signaturesOf(b, c)
	var next atomic.Int64
	b.SetParallelism(8) // a hall of kiosks, not one
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := all[next.Add(1)-1]
			if err := enrol(b, d, w.paper, w.decision, w.signature); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	messages := int64(6) * int64(b.N) // of the device: two requests, two polls, two confirmations
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "enrolments/s")
	b.ReportMetric(float64(byHand.Load()+messages+signaturesOf(b, c)-atCentre)/float64(b.N), "signatures/enrolment")
}

// enrol goes the whole way for one paper.
func enrol(b *testing.B, d *centretest.Device, p centretest.Paper, decision, signature []byte) error {
	ctx := b.Context()
	if filed, err := d.API.PutApplicationWithResponse(ctx, p.Number, api.Filing{Document: p.Document}); err != nil || filed.JSON200 == nil {
		return fmt.Errorf("filing: %w %s", err, filed.Body)
	}
	var open []*cmp.Transaction
	for i, k := range p.Application.Keys {
		x := cmp.NewTransaction(centretest.ID(k.TransactionID))
		if _, err := d.CMP(string(k.Template)).P10CR(ctx, x, p.CSRs[i]); err != nil {
			return fmt.Errorf("asking: %w", err)
		}
		open = append(open, x)
	}
	if decided, err := d.API.SubmitDecisionWithResponse(ctx, api.SignedDecision{Decision: decision, Signature: signature}); err != nil || decided.JSON200 == nil {
		return fmt.Errorf("deciding: %w %s", err, decided.Body)
	}
	for i, x := range open {
		client := d.CMP(string(p.Application.Keys[i].Template))
		answer, err := client.Poll(ctx, x)
		if err != nil || answer.State != cmp.Issued {
			return fmt.Errorf("polling: %w, state %q", err, answer.State)
		}
		if err := client.Confirm(ctx, x, answer.Certificate); err != nil {
			return fmt.Errorf("confirming: %w", err)
		}
	}
	return nil
}

// signaturesOf reads out of /metrics how many signatures the centre made: one a CMP answer and one a certificate.
func signaturesOf(b *testing.B, c *centretest.Centre) int64 {
	b.Helper()
	d := c.Enrol("reader")
	answer, err := d.HTTP.Get(c.URL + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	var sum int64
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		line := lines.Text()
		// The device that reads has messages and a certificate of its own: the profiles of citizens only.
		if strings.HasPrefix(line, `tirkeu_cmp_requests_total{profile="rsa-`) || strings.HasPrefix(line, `tirkeu_certificates_issued_total{template="rsa-`) {
			var n int64
			if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' ')+1:], &n); err != nil {
				b.Fatal(err)
			}
			sum += n
		}
	}
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("metrics: %d", answer.StatusCode)
	}
	return sum
}

// counted counts the signatures of a key.
type counted struct {
	crypto.Signer
	n *atomic.Int64
}

func (c counted) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	c.n.Add(1)
	return c.Signer.Sign(random, digest, o)
}

// quickKey makes RSA-2048 keys that differ without searching two primes for each: all pairs out of few. Such keys are
// worth nothing but their speed.
func quickKey(n int) *rsa.PrivateKey {
	for i := 1; ; i++ {
		if n < i {
			return keyOf(prime(i), prime(n))
		}
		n -= i
	}
}

var primes []*big.Int

func prime(n int) *big.Int {
	for len(primes) <= n {
		p, err := rand.Prime(rand.Reader, 1024)
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		if new(big.Int).Mod(p, big.NewInt(65537)).Int64() != 1 {
			primes = append(primes, p)
		}
	}
	return primes[n]
}

func keyOf(p, q *big.Int) *rsa.PrivateKey {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, D: new(big.Int).ModInverse(big.NewInt(65537), phi), Primes: []*big.Int{p, q}}
	k.Precompute()
	return k
}
