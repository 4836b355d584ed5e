//go:build cgo

package engine

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tirkeu/kiosk/storage"
	"github.com/tirkeu/kiosk/sync/centre/centretest"
	"github.com/tirkeu/kiosk/sync/registry"
)

func letterTo(to string) registry.Letter {
	return registry.Letter{To: to, Language: "ru", Subject: "Квитанция", Text: "…", Name: "a.pdf", PDF: []byte("%PDF-1.3")}
}

// post has the kiosk's storage take a letter in.
func (w *world) post(number, to string) {
	w.t.Helper()
	data, err := letterTo(to).Encode()
	w.must(err)
	w.must(w.store.Post(context.Background(), number, data))
}

// mail is what waits for the mail system of the centre.
func (w *world) mail() []string {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.centre.State, "mail", "new", "*"))
	w.must(err)
	var all []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		w.must(err)
		all = append(all, string(text))
	}
	return all
}

// lettersLeft tells whether a letter still waits here.
func (w *world) lettersLeft(number string) bool {
	_, err := w.store.Letter(context.Background(), number, 101)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		w.t.Error(err)
	}
	return err == nil
}

func TestLetter_GoesOnceWhenTheLineIsBackThoughAnAnswerIsLost(t *testing.T) {
	w := newWorld(t)
	w.faults.set(func(*http.Request) fault { return lost })
	e := w.engine(w.store)
	w.run(e)
	p := w.accept(1, centretest.IINAigerim)
	w.post(p.Number, "aigerim@example.kz")
	e.Kick()
	w.until(e, "no line", func() bool { return e.State().Problem == ProblemDown })
	if all := w.mail(); len(all) > 0 || !w.lettersLeft(p.Number) {
		t.Fatalf("without a line: %v", all)
	}
	muted := false
	w.faults.set(func(r *http.Request) fault {
		if !muted && strings.HasSuffix(r.URL.Path, "/letters") {
			muted = true
			return mute
		}
		return none
	})
	w.until(e, "the letter goes", func() bool {
		w.must(e.Hurry(context.Background(), p.Number))
		return !w.lettersLeft(p.Number)
	})
	if all := w.mail(); !muted || len(all) != 1 || !strings.Contains(all[0], "To: <aigerim@example.kz>\r\n") {
		t.Errorf("%d letters: %q", len(all), all)
	}
	if w.status(p.Number) != storage.Waiting {
		t.Errorf("the application is %s", w.status(p.Number))
	}
}

func TestLetter_RefusedForGoodLeavesTheApplicationAsItIs(t *testing.T) {
	w := newWorld(t)
	e := w.engine(w.store)
	p := w.accept(1, centretest.IINAigerim)
	_, err := w.line.File(context.Background(), p.Number, p.Document, nil, nil)
	w.must(err)
	for _, to := range []string{"a@example.kz", "b@example.kz", "c@example.kz"} {
		w.must(w.line.Letter(context.Background(), p.Number, letterTo(to)))
	}
	w.post(p.Number, "d@example.kz") // one too many for the centre
	w.run(e)
	w.until(e, "the letter is given up", func() bool { return !w.lettersLeft(p.Number) })
	if all := w.mail(); len(all) != 3 {
		t.Errorf("%d letters", len(all))
	}
	w.centreTakes(e, p)
}

func TestLetter_IsGivenUpAfterAWeek(t *testing.T) {
	w := newWorld(t)
	p := w.accept(1, centretest.IINAigerim)
	w.post(p.Number, "aigerim@example.kz")
	w.mu.Lock()
	w.now = time.Now().Add(letterLife + time.Hour)
	w.mu.Unlock()
	e := w.engine(w.store)
	for range 4 {
		w.must(w.store.Hasten(context.Background(), p.Number))
		e.Step(context.Background())
	}
	if all := w.mail(); len(all) != 0 || w.lettersLeft(p.Number) {
		t.Errorf("after a week: %d letters sent, left %t", len(all), w.lettersLeft(p.Number))
	}
}
