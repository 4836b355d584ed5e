//go:build cgo

package storage

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkAccept measures a whole accepted application beside a bare insert of one row of the same driver, with WAL and
// FULL, on the same disk, the two taking turns. ratio-p50 and ratio-p99 are to stay below 2.5.
func BenchmarkAccept(b *testing.B) {
	ctx := context.Background()
	dir := b.TempDir()
	s, err := Open(filepath.Join(dir, "kiosk.db"), Options{SealKey: testKey(), MaxPending: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	bare, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "bare.db")+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	bare.SetMaxOpenConns(1)
	if _, err := bare.Exec("CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"); err != nil {
		b.Fatal(err)
	}
	insert, err := bare.Prepare("INSERT INTO bare (text) VALUES (?)")
	if err != nil {
		b.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	next := uint64(0)
	accept := func() time.Duration {
		next++
		a := acceptance(fmt.Sprintf("1001%06d0", next), random)
		began := time.Now()
		if err := s.Accept(ctx, a); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	plain := func() time.Duration {
		began := time.Now()
		if _, err := insert.Exec("one row"); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for range 20 {
		accept()
		plain()
	}
	var ours, theirs []time.Duration
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 {
			ours, theirs = append(ours, accept()), append(theirs, plain())
		} else {
			theirs, ours = append(theirs, plain()), append(ours, accept())
		}
	}
	p := func(d []time.Duration, percent int) float64 {
		slices.Sort(d)
		return float64(d[(len(d)-1)*percent/100].Microseconds()) / 1000 // ms
	}
	b.ReportMetric(p(ours, 50), "accept-p50-ms")
	b.ReportMetric(p(ours, 99), "accept-p99-ms")
	b.ReportMetric(p(theirs, 50), "insert-p50-ms")
	b.ReportMetric(p(theirs, 99), "insert-p99-ms")
	b.ReportMetric(p(ours, 50)/p(theirs, 50), "ratio-p50")
	b.ReportMetric(p(ours, 99)/p(theirs, 99), "ratio-p99")
}
