//go:build cgo

package engine

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/pki"
)

// The kiosk was enrolled when the centre had no GOST CA, and runs on through the change. It knows the root and the RSA CA,
// and is told nothing: the GOST CA comes with the certificate, and is kept with it.
func TestEngine_FetchesGOSTFromACAThatIsYoungerThanTheKiosk(t *testing.T) {
	w := newWorld(t)
	w.centre.MakeOld()
	e := w.engine(w.store)
	stop := w.run(e)
	w.until(e, "the line is down", func() bool { return e.State().Problem == ProblemDown })
	p := w.acceptSet(1, centretest.IINAigerim, "rsa+gost")
	w.centre.Restart()
	if w.line.Intermediates().Contains(w.centre.GOST) {
		t.Fatal("the kiosk was told of the GOST CA: the test shows nothing")
	}
	w.centreTakes(e, p)
	w.must(w.store.MarkInstalled(context.Background(), p.Number))
	e.Kick()
	w.until(e, "the centre knows that they are installed", func() bool { return w.centre.Status(p.Number) == "installed" })

	// What was kept suffices to show the way to the root, also after a restart.
	stop()
	w.must(w.store.Close())
	w.open()
	w.holds(p)
}

// Every call loses its first answer, and between asking and fetching the kiosk is restarted.
func TestEngine_BringsGOSTThroughLostAnswersAndARestart(t *testing.T) {
	w := newWorld(t)
	failed := map[string]int{}
	w.faults.set(func(r *http.Request) fault {
		at := r.Method + r.URL.Path
		if failed[at]++; strings.Contains(at, "heartbeat") || failed[at]%2 == 0 {
			return none
		}
		return mute
	})
	e := w.engine(w.store)
	stop := w.run(e)
	p := w.acceptSet(1, centretest.IINAigerim, "gost")
	w.until(e, "the centre has the application", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Waiting
	})
	stop()
	w.must(w.store.Close())
	w.open()
	e = w.engine(w.store)
	w.run(e)
	w.centreTakesOn(e, p)
	if got := issuedAtCentre(w); got != 1 {
		t.Errorf("the centre issued %d certificates for one key", got)
	}
}

// centreTakesOn goes on with an application the centre has.
func (w *world) centreTakesOn(e *Engine, p centretest.Paper) {
	w.t.Helper()
	w.centre.Approve(p.Number)
	w.until(e, "certificates are here", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Issued
	})
	w.holds(p)
}

func TestEngine_RefusesAGOSTCertificateThatIsNotWhatWasAskedFor(t *testing.T) {
	w := newWorld(t)
	config := w.config(w.store)
	config.Profiles = otherProfiles(t, `"oid": "1.2.398.3.3.2", "cps"`, `"oid": "1.2.398.3.3.2.99", "cps"`)
	e := New(config)
	w.run(e)
	p := w.acceptSet(1, centretest.IINAigerim, "gost")
	e.Kick()
	w.until(e, "the centre has it", func() bool { return w.status(p.Number) == storage.Waiting })
	w.centre.Approve(p.Number)
	w.until(e, "the application is over", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return w.status(p.Number) == storage.Rejected
	})
	rows, err := w.centre.Certificates(context.Background(), p.IIN)
	w.must(err)
	if len(rows) != 1 || rows[0].Template != pki.TemplateGOST || rows[0].RevokedAt == nil {
		t.Errorf("the refused certificate stands: %+v", rows)
	}
}
