//go:build cgo

package engine

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

var errCrash = errors.New("the kiosk crashed")

// crashing is a store whose process dies before or after some of its writes: after that nothing works any more.
type crashing struct {
	Store
	dies func() (before, after bool)
	dead bool
}

func (c *crashing) write(f func() error) error {
	if c.dead {
		return errCrash
	}
	before, after := c.dies()
	if before {
		c.dead = true
		return errCrash
	}
	err := f()
	if after {
		c.dead = true
		return errCrash
	}
	return err
}

func (c *crashing) Note(ctx context.Context, id storage.TaskID, state []byte) error {
	return c.write(func() error { return c.Store.Note(ctx, id, state) })
}

func (c *crashing) Done(ctx context.Context, id storage.TaskID, step storage.Step) error {
	return c.write(func() error { return c.Store.Done(ctx, id, step) })
}

func (c *crashing) Keep(ctx context.Context, id storage.TaskID, state []byte, dueAt time.Time, step storage.Step) error {
	return c.write(func() error { return c.Store.Keep(ctx, id, state, dueAt, step) })
}

func (c *crashing) Retry(ctx context.Context, id storage.TaskID, dueAt time.Time, problem string) error {
	return c.write(func() error { return c.Store.Retry(ctx, id, dueAt, problem) })
}

// One kiosk, a real centre, and bad luck from a seed: requests and answers lost, torn and changed, the centre stopped, the
// kiosk dead before or after any write. In the end every application has its own certificates, each issued once.
// TIRKEU_SEED repeats a run.
func TestSimulation_NothingIsLostOrDoubled(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("TIRKEU_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("TIRKEU_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const applications = 8
	w := newWorld(t)
	w.now = time.Now()
	advance := func(d time.Duration) {
		w.mu.Lock()
		w.now = w.now.Add(d)
		w.mu.Unlock()
	}
	bad := 0.5
	w.faults.set(func(*http.Request) fault {
		if random.Float64() < bad {
			return []fault{lost, mute, mute, page, torn, junk}[random.IntN(6)]
		}
		return none
	})
	var papers []centretest.Paper
	keys := 0
	for n := range applications {
		iin := []string{centretest.IINAigerim, centretest.IINBolat}[n%2]
		switch n % 4 {
		case 1:
			papers = append(papers, w.acceptSet(uint64(n+1), iin, "gost"))
		case 3:
			papers = append(papers, w.acceptSet(uint64(n+1), iin, "rsa+gost"))
		default:
			papers = append(papers, w.accept(uint64(n+1), iin))
		}
		keys += len(papers[n].Application.Keys)
	}
	ctx := context.Background()
	crashes, steps, stopped := 0, 0, false
	born := func() (*Engine, *crashing) {
		c := &crashing{Store: w.store, dies: func() (bool, bool) { return random.Float64() < bad/6, random.Float64() < bad/6 }}
		return w.engine(c), c
	}
	e, life := born()
	issued := func() (n int) {
		for _, p := range papers {
			if w.status(p.Number) == storage.Issued {
				n++
			}
		}
		return n
	}
	began := time.Now()
	for ; issued() < applications; steps++ {
		if time.Since(began) > 8*time.Second {
			bad = 0 // the luck turns: now it must get done
		}
		if time.Since(began) > 40*time.Second {
			t.Fatalf("seed %d: %d of %d issued after %d steps: %+v", seed, issued(), applications, steps, e.State())
		}
		if stopped && random.IntN(4) == 0 || stopped && bad == 0 {
			w.centre.Restart()
			stopped = false
		} else if !stopped && bad > 0 && random.IntN(40) == 0 {
			w.centre.Stop()
			stopped = true
		}
		if !stopped {
			for _, p := range papers {
				if w.centre.Status(p.Number) == "waiting" && random.IntN(3) == 0 {
					w.centre.Approve(p.Number)
				}
			}
		}
		advance(e.Step(ctx) + time.Duration(random.IntN(2000))*time.Millisecond)
		if life.dead {
			crashes++
			if random.IntN(3) == 0 {
				w.must(w.store.Close())
				w.open()
			}
			e, life = born()
		}
	}
	w.faults.set(nil)
	for _, p := range papers {
		w.holds(p)
	}
	report, err := w.store.VerifyAudit(ctx)
	if err != nil || !report.Whole() {
		t.Fatalf("seed %d: the audit chain: %+v %v", seed, report, err)
	}
	if got := issuedAtCentre(w); got != keys {
		t.Fatalf("seed %d: the centre issued %d certificates for %d keys", seed, got, keys)
	}
	t.Logf("%d steps, %d crashes, %v", steps, crashes, time.Since(began).Round(time.Millisecond))
}

// issuedAtCentre counts, in the centre's own database, the certificates of citizens.
func issuedAtCentre(w *world) int {
	w.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+strings.TrimPrefix(w.centre.DB, "sqlite:")+"?mode=ro")
	w.must(err)
	defer db.Close()
	var n int
	w.must(db.QueryRow("SELECT COUNT(*) FROM certificates WHERE kind = 'citizen'").Scan(&n))
	return n
}
