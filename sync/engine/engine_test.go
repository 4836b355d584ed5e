//go:build cgo

package engine

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
)

func TestEngine_BringsAnApplicationOutAndItsCertificatesBack(t *testing.T) {
	w := newWorld(t)
	e := w.engine(w.store)
	w.run(e)
	p := w.accept(1, centretest.IINAigerim)
	e.Kick()
	w.until(e, "the centre has the application", func() bool { return w.status(p.Number) == storage.Waiting })
	w.until(e, "nothing is pending", func() bool { return e.State().Online && e.State().Pending == 0 })
	w.centre.Approve(p.Number)
	w.must(e.Hurry(context.Background(), p.Number))
	w.until(e, "the certificates are here", func() bool { return w.status(p.Number) == storage.Issued })
	w.holds(p)
	w.must(w.store.MarkInstalled(context.Background(), p.Number))
	e.Kick()
	w.until(e, "the centre knows that they are installed", func() bool { return w.centre.Status(p.Number) == "installed" })
}

func TestEngine_TakesARejectionForOne(t *testing.T) {
	w := newWorld(t)
	e := w.engine(w.store)
	w.run(e)
	p := w.accept(1, centretest.IINAigerim)
	e.Kick()
	w.until(e, "the centre has the application", func() bool { return w.status(p.Number) == storage.Waiting })
	w.centre.Reject(p.Number, "no-document")
	w.must(e.Hurry(context.Background(), p.Number))
	w.until(e, "the kiosk knows", func() bool { return w.status(p.Number) == storage.Rejected })
	if _, some, err := w.store.NextDue(context.Background()); err != nil || some {
		t.Fatalf("tasks are left of a rejected application: %v", err)
	}
}

func TestEngine_LosesAndDoublesNothingWhenTheCentreDiesMidWay(t *testing.T) {
	w := newWorld(t)
	e := w.engine(w.store)
	stop := w.run(e)
	first := w.accept(1, centretest.IINAigerim)
	e.Kick()
	w.until(e, "the centre has the first", func() bool { return w.status(first.Number) == storage.Waiting })
	w.centre.Stop()
	second := w.accept(2, centretest.IINBolat)
	e.Kick()
	w.until(e, "the line is down with one pending", func() bool { return e.State().Problem == ProblemDown && e.State().Pending == 1 })
	// The kiosk is restarted too.
	stop()
	w.must(w.store.Close())
	w.open()
	w.centre.Restart()
	e = w.engine(w.store)
	w.run(e)
	w.until(e, "the centre has the second", func() bool { return w.status(second.Number) == storage.Waiting })
	w.centre.Approve(first.Number)
	w.centre.Approve(second.Number)
	for _, p := range []centretest.Paper{first, second} {
		w.must(e.Hurry(context.Background(), p.Number))
		w.until(e, "certificates are here", func() bool { return w.status(p.Number) == storage.Issued })
		w.holds(p)
	}
}

// Each kind of message loses its first answer; the second must be the same bytes, and the outcome the same.
func TestEngine_SendsTheSameBytesAgainAfterALostAnswer(t *testing.T) {
	w := newWorld(t)
	failed := map[string]bool{}
	w.faults.set(func(r *http.Request) fault {
		at := r.Method + r.URL.Path
		if strings.Contains(at, "heartbeat") || failed[at] {
			return none
		}
		failed[at] = true
		return mute
	})
	e := w.engine(w.store)
	w.run(e)
	p := w.accept(1, centretest.IINAigerim)
	w.centreTakes(e, p)
	for path, bodies := range w.faults.sent {
		if strings.Contains(path, "/applications/") || strings.Contains(path, "rsa-") {
			if len(bodies) < 2 || string(bodies[0]) != string(bodies[1]) {
				t.Errorf("%s: the second sending differs from the first", path)
			}
		}
	}
}

// centreTakes goes the whole way with one application.
func (w *world) centreTakes(e *Engine, p centretest.Paper) {
	w.t.Helper()
	w.until(e, "the centre has the application", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Waiting
	})
	w.centre.Approve(p.Number)
	w.until(e, "certificates are here", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Issued
	})
	w.holds(p)
}
